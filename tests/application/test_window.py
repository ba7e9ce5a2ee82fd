"""What a person does in the window, on the real engine, through the real widgets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers import tiny_models
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication

from app.core.conversation import MessageState
from app.store.chat_store import ChatStore
from app.store.database import Database


def wait_ready(qtbot, application) -> None:
    qtbot.waitUntil(lambda: application.models.state.phase == "ready", timeout=20_000)


def write(qtbot, application, text: str):
    """Type in the composer; returns the field that has the keyboard."""
    application.window.composer.focus_editor()
    editor = application.window.focusWidget()
    qtbot.keyClicks(editor, text)
    return editor


def type_and_send(qtbot, application, text: str) -> None:
    editor = write(qtbot, application, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)


def ask(qtbot, application, text: str = "Hello"):
    with qtbot.waitSignal(application.chats.answer_finished, timeout=30_000) as caught:
        type_and_send(qtbot, application, text)
    return caught.args[1]


@pytest.mark.parametrize("fixture", ["reasoning_gguf", "reasoning_gguf_unopened"])
def test_thinking_lands_in_its_pane_and_the_answer_below(qtbot, start, request, fixture):
    application = start(model=str(request.getfixturevalue(fixture)), preset="greedy")
    wait_ready(qtbot, application)
    message = ask(qtbot, application)
    shown = application.window.transcript.shown_text()
    assert shown["thinking"].strip() == tiny_models.THOUGHT.strip()
    assert "Here is a short answer" in shown["answer"]
    assert "def greet(name)" in shown["answer"]
    assert "think>" not in shown["thinking"] + shown["answer"]
    assert "stopped by itself" in shown["status"]
    pane = application.window.transcript.row(message.id).thinking_pane
    assert pane.is_folded
    assert pane.title.startswith("Thought for")


def test_stop_in_the_thought_by_escape_keeps_it_and_says_so(qtbot, start, endless_gguf):
    application = start(model=str(endless_gguf), preset="greedy")
    wait_ready(qtbot, application)
    with qtbot.waitSignal(application.chats.text_received, timeout=20_000):
        type_and_send(qtbot, application, "Hello")
    with qtbot.waitSignal(application.chats.answer_finished, timeout=2_000) as caught:
        qtbot.keyClick(application.window, Qt.Key.Key_Escape)
    message = caught.args[1]
    assert message.state is MessageState.CANCELLED
    assert message.thinking_open
    shown = application.window.transcript.shown_text()
    assert shown["thinking"].strip() == message.thinking.strip()
    assert "Stopped" in shown["status"]


def test_stop_while_a_message_waits_for_the_model_stops_both_and_is_no_error(qtbot, start, smollm2_gguf):
    application = start(model=str(smollm2_gguf))
    assert application.models.state.phase == "loading"
    with qtbot.waitSignal(application.chats.answer_finished, timeout=20_000) as caught:
        type_and_send(qtbot, application, "Hello")
        qtbot.keyClick(application.window, Qt.Key.Key_Escape)
    assert caught.args[1].state is MessageState.CANCELLED
    assert caught.args[1].error == ""


def test_the_preset_menu_changes_the_chain_and_marks_edits(qtbot, start, reasoning_gguf):
    application = start(model=str(reasoning_gguf))
    window = application.window
    action = next(a for a in window.actions_by_key.presets_menu.actions() if a.data() == "qwq-32b-unsloth")
    action.trigger()
    chain = window.sampler_panel.chain
    assert chain.order == ("top_k", "top_p", "min_p", "temperature", "dry", "typ_p", "xtc")
    (warning,) = chain.warnings()
    assert str(warning) == "repeat_penalty 1.1 has no effect: penalties is not in the chain"
    window.sampler_panel.note("penalties").link("add").click()
    assert "penalties" in application.presets.current.chain.order
    assert application.presets.is_modified
    window.actions_by_key["revert_preset"].trigger()
    assert not application.presets.is_modified


def test_a_preset_is_offered_when_its_model_loads(qtbot, start, tmp_path):
    path = tiny_models.reasoning_model(tmp_path / "QwQ-32B-tiny.gguf")
    application = start(model=str(path), preset="greedy")
    wait_ready(qtbot, application)
    notes = application.window.notes
    assert any(notice.key == "preset" for notice in notes.notices)
    notes.link("use").click()
    assert application.presets.saved.slug.startswith("qwq-32b")


def test_everything_is_there_after_a_restart(qtbot, start, reasoning_gguf):
    first = start(model=str(reasoning_gguf), preset="qwq-32b-official")
    wait_ready(qtbot, first)
    ask(qtbot, first, "What is this?")
    write(qtbot, first, "a draft")
    chat_id = first.chats.conversation.id
    first.close()
    second = start()
    wait_ready(qtbot, second)  # the model last used
    assert second.models.state.requested.path == reasoning_gguf
    assert second.presets.saved.slug == "qwq-32b-official"
    second.chats.open_chat(chat_id)
    assert "Here is a short answer" in second.window.transcript.shown_text()["answer"]
    assert second.window.composer.text() == "a draft"


def test_an_answer_cut_by_a_crash_is_marked_and_continued(qtbot, start, reasoning_gguf, tmp_path):
    first = start(model=str(reasoning_gguf), preset="greedy")
    wait_ready(qtbot, first)
    message = ask(qtbot, first)
    chat_id = first.chats.conversation.id
    first.close()
    # What the disk holds when the app dies in the middle of the thought.
    database = Database(tmp_path / "data" / "chats.db")
    half = "".join(tiny_models.THOUGHT_PIECES[:6])
    database.change(
        "UPDATE messages SET state = 'streaming', answer = '', thinking = ?, thinking_open = 1 WHERE id = ?",
        (half, message.id),
    )
    database.close()
    second = start(crashed=True, preset="greedy")
    wait_ready(qtbot, second)
    assert any(notice.key == "crash" for notice in second.window.notes.notices)
    second.chats.open_chat(chat_id)
    shown = second.window.transcript.shown_text()
    assert shown["thinking"].strip() == half.strip()
    assert "nterrupted" in shown["status"]
    with qtbot.waitSignal(second.chats.answer_finished, timeout=20_000):
        second.window.actions_by_key["continue"].trigger()
    assert second.window.transcript.shown_text()["thinking"].strip() == tiny_models.THOUGHT.strip()
    assert "def greet" in second.window.transcript.shown_text()["answer"]


def test_without_a_model_the_welcome_says_what_to_do_and_a_message_is_not_lost(qtbot, start):
    application = start()
    window = application.window
    assert not window.shows_transcript
    type_and_send(qtbot, application, "Is anybody there?")
    assert window.composer.text() == "Is anybody there?"
    assert any("No model" in notice.headline for notice in window.notes.notices)


def test_a_missing_model_is_a_sentence_beside_the_composer(qtbot, start, tmp_path):
    application = start(model=str(tmp_path / "gone.gguf"))
    qtbot.waitUntil(lambda: application.models.state.phase == "failed", timeout=10_000)
    assert any("There is no model file" in notice.headline for notice in application.window.notes.notices)


def test_a_gguf_dropped_on_the_window_is_loaded(qtbot, start, reasoning_gguf):
    application = start()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(reasoning_gguf))])
    event = QDropEvent(
        QPointF(300, 300),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    application.window.dropEvent(event)
    wait_ready(qtbot, application)


def test_reload_applies_changed_settings_and_shows_both(qtbot, start, reasoning_gguf):
    application = start(model=str(reasoning_gguf))
    wait_ready(qtbot, application)
    requested = application.models.state.requested
    application.window.load_panel.load_requested.emit(replace(requested, context=1000))
    qtbot.waitUntil(
        lambda: application.models.state.phase == "ready" and application.models.state.requested.context == 1000,
        timeout=20_000,
    )
    assert application.models.state.loaded.applied.context == 1024
    assert application.state.settings.load_settings[str(reasoning_gguf)].context == 1000


def test_edits_of_the_preset_survive_a_look_at_another_chat(qtbot, start, reasoning_gguf):
    application = start(model=str(reasoning_gguf), preset="greedy")
    wait_ready(qtbot, application)
    ask(qtbot, application, "One")
    chat_id = application.chats.conversation.id
    application.presets.set_chain(application.presets.current.chain.with_values(top_k=7))
    application.chats.new_chat()
    application.chats.open_chat(chat_id)
    assert application.presets.current.chain.parameters.top_k == 7


def test_a_message_that_waits_for_its_model_says_so_only_until_it_is_there(qtbot, start, smollm2_gguf):
    application = start(model=str(smollm2_gguf), preset="greedy")
    wait_ready(qtbot, application)
    application.presets.set_max_tokens(8)
    seen: list[tuple[str, str]] = []

    def look(state) -> None:
        seen.append((state.phase, application.window.transcript.shown_text()["status"]))

    application.model_wiring.load(smollm2_gguf)
    application.models.state_changed.connect(look)
    with qtbot.waitSignal(application.chats.answer_finished, timeout=30_000):
        application.window.composer.set_text("Hello")
        application.window.composer.submit()
        assert "Waiting for the model" in application.window.transcript.shown_text()["status"]
    ready = [status for phase, status in seen if phase == "ready"]
    assert ready
    assert not any("Waiting" in status for status in ready)


def test_delete_and_undo(qtbot, start, reasoning_gguf):
    application = start(model=str(reasoning_gguf), preset="greedy")
    wait_ready(qtbot, application)
    ask(qtbot, application, "Keep me")
    chat_id = application.chats.conversation.id
    application.window.actions_by_key["delete_chat"].trigger()
    assert application.chats.conversation.id != chat_id
    application.window.toast.undo.emit()
    assert application.chats.conversation.id == chat_id


def test_copy_puts_the_answer_without_its_thought_on_the_clipboard(qtbot, start, reasoning_gguf):
    application = start(model=str(reasoning_gguf), preset="greedy")
    wait_ready(qtbot, application)
    ask(qtbot, application)
    application.window.actions_by_key["copy_answer"].trigger()
    assert QGuiApplication.clipboard().text() == tiny_models.ANSWER.strip()
    application.window.actions_by_key["copy_thought"].trigger()
    assert QGuiApplication.clipboard().text() == tiny_models.THOUGHT.strip()


def test_the_second_turn_evaluates_only_what_is_new(qtbot, start, smollm2_gguf):
    application = start(model=str(smollm2_gguf), preset="greedy")
    wait_ready(qtbot, application)
    application.presets.set_max_tokens(16)
    first = ask(qtbot, application, "Hello there")
    second = ask(qtbot, application, "Go on")
    new = second.stats["prompt_tokens"] - second.stats["reused_tokens"]
    assert second.stats["reused_tokens"] >= first.stats["prompt_tokens"]
    assert new < 25
    assert f"{second.stats['reused_tokens']} tokens reused" in application.window.transcript.shown_text()["status"]


@pytest.mark.parametrize(("width", "sidebar", "panel"), [(1360, True, True), (900, True, False), (700, False, False)])
def test_panes_fold_when_the_window_is_narrow(qtbot, start, width, sidebar, panel):
    application = start(size=(width, 600))
    window = application.window
    assert window.width() == width
    assert window.sidebar.isVisible() == sidebar
    assert window.sampler_panel.isVisible() == panel
    window.actions_by_key["show_samplers"].trigger()
    assert window.sampler_panel.isVisible() != panel


def test_the_database_holds_what_was_said_word_for_word(qtbot, start, unicode_gguf, tmp_path):
    application = start(model=str(unicode_gguf), preset="greedy")
    wait_ready(qtbot, application)
    application.window.composer.set_text("日本語 🙂")  # QTest types Latin letters only
    ask(qtbot, application, "")
    chat_id = application.chats.conversation.id
    application.close()
    database = Database(tmp_path / "data" / "chats.db")
    question, reply = ChatStore(database).load_chat(chat_id).path()
    database.close()
    assert question.answer == "日本語 🙂"
    assert reply.answer.strip() == tiny_models.UNICODE_ANSWER.strip()
    assert Path(application.chats.conversation.model_path) == unicode_gguf
