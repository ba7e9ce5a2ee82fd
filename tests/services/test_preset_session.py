"""The preset in use, its edits, and what becomes of them; on real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.services.preset_session import DEFAULT_SLUG, PresetSession
from app.store.preset_store import PresetStore

BUNDLED = Path(__file__).resolve().parents[2] / "presets"


@pytest.fixture
def session(qapp, tmp_path):
    return PresetSession(PresetStore(BUNDLED, tmp_path / "presets"))


def edit(session: PresetSession) -> None:
    session.set_chain(session.current.chain.with_values(top_k=7))


def test_an_edit_is_marked_and_reverted(qtbot, session):
    assert session.saved.slug == DEFAULT_SLUG
    with qtbot.waitSignal(session.changed):
        edit(session)
    assert session.is_modified
    session.revert()
    assert not session.is_modified


def test_a_built_in_preset_is_not_overwritten_but_saved_as_ones_own(qtbot, session, tmp_path):
    edit(session)
    with qtbot.waitSignal(session.failed):
        session.save()
    session.save_as("My chain")
    assert (session.saved.name, session.is_built_in, session.is_modified) == ("My chain", False, False)
    session.set_thinking("off")
    session.save()
    again = PresetSession(PresetStore(BUNDLED, tmp_path / "presets"), session.saved.slug)
    assert again.current.chain.parameters.top_k == 7
    assert again.current.thinking == "off"
    again.delete()
    assert again.saved.slug == DEFAULT_SLUG
    assert all(preset.name != "My chain" for preset in again.presets)


def test_export_and_import_give_the_same_values(session, tmp_path):
    session.select("qwq-32b-unsloth")
    edit(session)
    session.export_file(tmp_path / "mine.toml")
    before = session.current.chain
    session.select("greedy")
    session.import_file(tmp_path / "mine.toml")
    assert session.current.chain == before
    assert not session.is_built_in


def test_a_file_that_is_no_preset_is_told_and_nothing_changes(qtbot, session, tmp_path):
    (tmp_path / "bad.toml").write_text('schema = 1\n[sampling]\ntop_q = 3\ntemperature = "hot"\n')
    with qtbot.waitSignal(session.failed) as caught:
        session.import_file(tmp_path / "bad.toml")
    assert len(caught.args[0].faults) == 2
    assert session.saved.slug == DEFAULT_SLUG


def test_only_another_preset_is_offered_for_a_model(session):
    assert session.offer_for("QwQ 32B", "QwQ-32B-Q4_K_M.gguf").slug == "qwq-32b-unsloth"
    session.select("qwq-32b-unsloth")
    assert session.offer_for("QwQ 32B", "QwQ-32B-Q4_K_M.gguf") is None
    assert session.offer_for("Unheard of", "unheard-of.gguf") is None
