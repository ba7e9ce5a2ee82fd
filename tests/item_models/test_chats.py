"""The list of chats: groups of days, small changes told as small changes, thousands of chats."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.item_models.chats import ChatListModel, ChatRole
from app.store.chat_store import ChatSummary

NOON = datetime(2025, 3, 12, 12, 0)


def chat(name: str, days_ago: float = 0.0) -> ChatSummary:
    updated = (NOON - timedelta(days=days_ago)).timestamp()
    return ChatSummary(id=name, title=f"Chat {name}", updated=updated, created=updated)


@pytest.fixture
def model(qtbot: QtBot) -> Iterator[ChatListModel]:
    made = ChatListModel(clock=NOON.timestamp)
    tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal)
    yield made
    del tester


def texts(model: ChatListModel) -> list[str]:
    return [model.index(row).data() for row in range(model.rowCount())]


def ids(model: ChatListModel) -> list[str]:
    return [model.index(row).data(ChatRole.ID) for row in range(model.rowCount()) if model.index(row).data(ChatRole.ID)]


@pytest.mark.parametrize(
    ("days_ago", "group"),
    [
        (-0.2, "Today"),
        (0.0, "Today"),
        (0.5, "Today"),
        (0.51, "Yesterday"),
        (1.5, "Yesterday"),
        (1.51, "Last 7 days"),
        (7.5, "Last 7 days"),
        (7.51, "Last 30 days"),
        (30.5, "Last 30 days"),
        (30.51, "Older"),
        (4000.0, "Older"),
    ],
)
def test_a_chat_belongs_to_the_group_of_its_local_day(model: ChatListModel, days_ago: float, group: str) -> None:
    model.set_chats([chat("a", days_ago)])
    assert texts(model) == [group, "Chat a"]
    assert model.index_of("a").data(ChatRole.GROUP) == group


def test_newest_first_under_headers_that_cannot_be_chosen(model: ChatListModel) -> None:
    model.set_chats([chat("old", 90), chat("b", 0.1), chat("y", 1), chat("a", 0)])
    assert texts(model) == ["Today", "Chat a", "Chat b", "Yesterday", "Chat y", "Older", "Chat old"]
    assert model.flags(model.index(0)) == Qt.ItemFlag.NoItemFlags
    assert model.flags(model.index(1)) & Qt.ItemFlag.ItemIsSelectable
    assert model.index(0).data(ChatRole.ID) is None
    assert model.index(1).data(ChatRole.UPDATED) == NOON.timestamp()


def test_a_chat_that_moves_to_the_top_stays_selected(model: ChatListModel) -> None:
    model.set_chats([chat("a", 0.1), chat("b", 0.2), chat("c", 3)])
    selection = QItemSelectionModel(model)
    selection.select(model.index_of("c"), QItemSelectionModel.SelectionFlag.ClearAndSelect)
    model.set_chats([chat("a", 0.1), chat("b", 0.2), chat("c", 0)])
    assert texts(model) == ["Today", "Chat c", "Chat a", "Chat b"]
    assert [index.data(ChatRole.ID) for index in selection.selectedIndexes()] == ["c"]


def test_a_new_title_changes_one_row_and_nothing_else(model: ChatListModel, qtbot: QtBot) -> None:
    model.set_chats([chat("a"), chat("b", 1)])
    renamed = ChatSummary(id="b", title="Renamed", updated=chat("b", 1).updated, created=0.0)
    with qtbot.assertNotEmitted(model.layoutChanged), qtbot.waitSignal(model.dataChanged) as changed:
        model.set_chats([chat("a"), renamed])
    assert [index.row() for index in changed.args[:2]] == [3, 3]
    assert texts(model)[3] == "Renamed"


def test_deleting_the_last_chat_of_a_day_takes_its_header_along(model: ChatListModel) -> None:
    model.set_chats([chat("a"), chat("b", 1)])
    model.set_chats([chat("a")])
    assert texts(model) == ["Today", "Chat a"]
    model.set_chats([])
    assert model.rowCount() == 0


def test_a_new_day_regroups(qtbot: QtBot) -> None:
    now = NOON
    model = ChatListModel(clock=lambda: now.timestamp())
    model.set_chats([chat("a")])
    now = NOON + timedelta(days=1)
    model.regroup()
    assert texts(model) == ["Yesterday", "Chat a"]


def test_filter_wants_every_word_in_any_case(model: ChatListModel) -> None:
    titles = ["Flappy Bird in pygame", "Train timetable", "A bird's eye view"]
    model.set_chats([ChatSummary(id=str(n), title=title, updated=0.0, created=0.0) for n, title in enumerate(titles)])
    model.set_filter("  BIRD ")
    assert ids(model) == ["0", "2"]
    model.set_filter("bird py")
    assert ids(model) == ["0"]
    model.set_filter("nothing like it")
    assert model.rowCount() == 0
    assert model.chat_count == 3
    model.set_filter("")
    assert len(ids(model)) == 3


shown = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 40)), unique_by=lambda pair: pair[0])


@given(before=shown, after=shown)
def test_any_change_leads_to_the_new_list_and_held_indexes_follow(
    before: Sequence[tuple[str, int]], after: Sequence[tuple[str, int]]
) -> None:
    model = ChatListModel(clock=NOON.timestamp)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.set_chats([chat(name, days) for name, days in before])
    held = {name: QPersistentModelIndex(model.index_of(name)) for name, _days in before}
    model.set_chats([chat(name, days) for name, days in after])

    fresh = ChatListModel(clock=NOON.timestamp)
    fresh.set_chats([chat(name, days) for name, days in after])
    assert texts(model) == texts(fresh)
    remaining = {name for name, _days in after}
    for name, index in held.items():
        assert index.isValid() == (name in remaining)
        assert not index.isValid() or index.data(ChatRole.ID) == name


def test_ten_thousand_chats_are_quick(qtbot: QtBot) -> None:
    model = ChatListModel(clock=NOON.timestamp)
    chats = [chat(str(number), number / 100) for number in range(10_000)]
    seconds = [_seconds(model.set_chats, chats)]
    seconds.append(_seconds(model.set_chats, [*chats[1:], chat("0", -0.1)]))
    seconds.append(_seconds(model.set_filter, "7"))  # in about 2,000 places
    seconds.append(_seconds(model.set_filter, ""))
    assert len(ids(model)) == 10_000
    # About 0.05 s each; the limit leaves room for a busy machine and still catches anything quadratic.
    assert max(seconds) < 0.5


def _seconds(change: object, *arguments: object) -> float:
    begin = time.perf_counter()
    change(*arguments)  # type: ignore[operator]
    return time.perf_counter() - begin


def test_a_flat_list_has_no_children(model: ChatListModel) -> None:
    model.set_chats([chat("a")])
    assert model.rowCount(model.index(1)) == 0
    assert model.data(QModelIndex()) is None
