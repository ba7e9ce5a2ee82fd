from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.core.sampling import DEFAULT_ORDER, MAX_SEED, SAMPLERS, SEED_ORDER, SamplerChain
from app.item_models.sampler_chain import MIME_TYPE, ChainRole, SamplerChainModel, usual_row

ROOT = QModelIndex()
ORDER = ("top_k", "top_p", "min_p", "temperature")


def make_model(
    order: tuple[str, ...] = ORDER,
) -> tuple[SamplerChainModel, QAbstractItemModelTester, list[SamplerChain]]:
    """A model, the tester that watches every signal of it, and the chains it told about."""
    model = SamplerChainModel()
    model.set_chain(SamplerChain(order))
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    told: list[SamplerChain] = []
    model.chain_changed.connect(told.append)
    return model, tester, told


def names(model: SamplerChainModel) -> list[str]:
    return [model.index(row).data() for row in range(model.rowCount())]


def test_rows_answer_for_their_stage(qapp) -> None:
    model, _tester, _told = make_model(SEED_ORDER)
    model.set_chain(SamplerChain(SEED_ORDER).with_values(top_k=40))
    top_k, min_p = model.index(0), model.index(2)
    assert names(model) == list(SEED_ORDER)
    assert top_k.data(ChainRole.NAME) == "top_k"
    assert top_k.data(ChainRole.HELP) == SAMPLERS["top_k"].help
    assert top_k.data(ChainRole.VALUES) == {"top_k": 40}
    assert top_k.data(ChainRole.EFFECT) == "keeps at most 40 tokens"
    assert (top_k.data(ChainRole.IS_NEUTRAL), min_p.data(ChainRole.IS_NEUTRAL)) == (False, True)
    assert top_k.data(Qt.ItemDataRole.DecorationRole) is None
    assert model.roleNames()[ChainRole.IS_IDLE] == b"is_idle"


def test_mirostat_makes_stages_idle_that_are_not_neutral(qapp) -> None:
    model, _tester, _told = make_model()
    model.set_chain(SamplerChain(ORDER).with_values(top_k=40, temperature=0.5, mirostat=2))
    assert [model.index(row).data(ChainRole.IS_IDLE) for row in (0, 3)] == [True, False]
    assert model.index(0).data(ChainRole.IS_NEUTRAL) is False


@given(st.integers(-1, 4), st.integers(-1, 4))
def test_move_puts_a_stage_at_the_index_it_has_afterwards(source: int, target: int) -> None:
    model, _tester, told = make_model()
    expected = list(ORDER)
    possible = source in range(4) and target in range(4) and source != target
    if possible:
        expected.insert(target, expected.pop(source))
    assert model.move(source, target) is possible
    assert names(model) == expected
    assert [chain.order for chain in told] == ([tuple(expected)] if possible else [])


@given(st.integers(-1, 9), st.integers(0, 4), st.integers(-1, 10))
def test_qt_moves_blocks_of_rows_like_a_list(row: int, count: int, destination: int) -> None:
    model, _tester, _told = make_model(DEFAULT_ORDER)
    before = list(DEFAULT_ORDER)
    moved = model.moveRows(ROOT, row, count, ROOT, destination)
    if not moved:
        assert names(model) == before
        return
    block = before[row : row + count]
    rest = before[:row] + before[row + count :]
    at = destination if destination < row else destination - count
    assert names(model) == rest[:at] + block + rest[at:]


def test_moved_rows_keep_their_persistent_index(qapp) -> None:
    from PySide6.QtCore import QPersistentModelIndex

    model, _tester, _told = make_model()
    watched = QPersistentModelIndex(model.index(0))
    model.move(0, 2)
    assert watched.row() == 2
    assert watched.data() == "top_k"


@pytest.mark.parametrize(
    ("source", "before", "expected"),
    [
        (0, 2, ["top_p", "top_k", "min_p", "temperature"]),
        (3, 0, ["temperature", "top_k", "top_p", "min_p"]),
        (0, -1, ["top_p", "min_p", "temperature", "top_k"]),
        (0, 4, ["top_p", "min_p", "temperature", "top_k"]),
    ],
)
def test_a_drop_moves_the_dragged_stage(qapp, source: int, before: int, expected: list[str]) -> None:
    model, _tester, told = make_model()
    data = model.mimeData([model.index(source)])
    assert data.formats() == model.mimeTypes()
    assert model.dropMimeData(data, Qt.DropAction.MoveAction, before, 0, ROOT)
    assert names(model) == expected
    assert len(told) == 1


@pytest.mark.parametrize("payload", [b"", b"x", b"-1", b"4", b"99999999999999999999", b"\xff"])
def test_a_strange_drop_changes_nothing(qapp, payload: bytes) -> None:
    model, _tester, told = make_model()
    data = QMimeData()
    data.setData(MIME_TYPE, payload)
    assert not model.dropMimeData(data, Qt.DropAction.MoveAction, 0, 0, ROOT)
    assert not model.dropMimeData(QMimeData(), Qt.DropAction.MoveAction, 0, 0, ROOT)
    copied = model.mimeData([model.index(0)])
    assert not model.dropMimeData(copied, Qt.DropAction.CopyAction, 2, 0, ROOT)
    assert not model.dropMimeData(copied, Qt.DropAction.MoveAction, -1, -1, model.index(1))
    assert told == []


def test_stages_can_be_dragged_and_dropped_between_but_not_on(qapp) -> None:
    model, _tester, _told = make_model()
    on_stage, between = model.flags(model.index(0)), model.flags(ROOT)
    assert on_stage & Qt.ItemFlag.ItemIsDragEnabled
    assert not on_stage & Qt.ItemFlag.ItemIsDropEnabled
    assert between & Qt.ItemFlag.ItemIsDropEnabled
    assert model.supportedDropActions() == Qt.DropAction.MoveAction


def test_add_and_remove(qapp) -> None:
    model, _tester, told = make_model()
    assert model.add("penalties")
    assert names(model)[0] == "penalties"
    assert model.add("infill", 2)
    assert names(model)[2] == "infill"
    assert not model.add("infill")
    assert not model.add("nonsense")
    assert model.remove("top_k")
    assert not model.remove("top_k")
    assert [chain.order for chain in told][-1] == ("penalties", "infill", "top_p", "min_p", "temperature")


def test_a_removed_stage_keeps_its_numbers(qapp) -> None:
    model, _tester, _told = make_model()
    model.set_value("top_k", 7)
    model.remove("top_k")
    model.add("top_k")
    assert model.chain.parameters.top_k == 7


@pytest.mark.parametrize(
    ("name", "order", "row"),
    [
        ("penalties", SEED_ORDER, 0),
        ("top_n_sigma", SEED_ORDER, 0),
        ("xtc", ("top_k", "temperature"), 1),
        ("temperature", ("top_k", "dry"), 2),
        ("adaptive_p", ("top_k",), 1),
        ("top_k", (), 0),
    ],
)
def test_a_new_stage_goes_where_llama_cpp_has_it(name: str, order: tuple[str, ...], row: int) -> None:
    assert usual_row(name, order) == row


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("temperature", 0.5, 0.5),
        ("top_k", 12.0, 12),
        ("repeat_last_n", -1, -1),
        ("seed", None, None),
        ("seed", float(MAX_SEED), MAX_SEED),
        ("mirostat", 2, 2),
    ],
)
def test_a_valid_value_is_taken_and_told_once(qapp, name: str, value: float | None, kept: float | None) -> None:
    model, _tester, told = make_model()
    model.set_chain(SamplerChain(ORDER).with_values(seed=1))
    assert model.set_value(name, value)
    assert model.set_value(name, value)
    stored = getattr(model.chain.parameters, name)
    assert stored == kept
    assert type(stored) is type(kept)
    assert told == [model.chain]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("top_k", 1.5), ("min_p", 2.0), ("temperature", float("nan")), ("temperature", None), ("seed", -2),
        ("seed", MAX_SEED + 1), ("seed", 0.5), ("mirostat", 3), ("grammar", 1.0), ("nonsense", 1.0),
    ],
)  # fmt: skip
def test_a_value_that_is_not_valid_is_refused(qapp, name: str, value: float | None) -> None:
    model, _tester, told = make_model()
    before = model.chain
    assert not model.set_value(name, value)
    assert model.chain is before
    assert told == []


def test_values_change_without_a_reset_so_that_views_keep_their_place(qtbot) -> None:
    model, _tester, _told = make_model()
    with qtbot.waitSignal(model.dataChanged), qtbot.assertNotEmitted(model.modelReset):
        model.set_chain(SamplerChain(ORDER).with_values(top_k=3))
    with qtbot.waitSignal(model.modelReset):
        model.set_chain(SamplerChain(SEED_ORDER))


def test_set_chain_tells_nobody_that_the_reader_changed_it(qtbot) -> None:
    model, _tester, told = make_model()
    model.set_chain(SamplerChain(SEED_ORDER).with_values(top_k=3))
    model.set_chain(SamplerChain(()))
    assert model.rowCount() == 0
    assert told == []
