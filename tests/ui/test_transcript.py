"""The transcript as the window knows it: messages, streaming text, scrolling, and what a reader asks for."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.core.conversation import Message, MessageState, Role
from app.ui.icons import IconSet
from app.ui.message_edit import MessageEdit
from app.ui.theme import ThemeManager
from app.ui.transcript.assistant_row import AssistantRow
from app.ui.transcript.jump_button import JumpButton
from app.ui.transcript.link_dialog import LinkDialog
from app.ui.transcript.plain_text import PlainText
from app.ui.transcript.prose import Prose
from app.ui.transcript.user_row import UserRow
from app.ui.transcript.view import COLUMN_WIDTH, MessageView, TranscriptView
from app.ui.widgets.buttons import IconButton

LEFT = Qt.MouseButton.LeftButton
STATS = {
    "thinking_tokens": 1912,
    "answer_tokens": 722,
    "tokens_per_second": 38.21,
    "first_token_seconds": 0.41,
    "reused_tokens": 412,
    "context_size": 16384,
    "recipe": {"seed": 3407},
}
PARAGRAPHS = "\n\n".join(f"Paragraph {number}, long enough to be wrapped. " * 4 for number in range(30))


def question(text: str = "Why?", message_id: str = "q", **values: object) -> MessageView:
    return MessageView(Message(message_id, None, Role.USER, text), **values)


def answer(text: str = "", message_id: str = "a", version: int = 0, versions: int = 1, **values: object) -> MessageView:
    return MessageView(Message(message_id, "q", Role.ASSISTANT, text, **values), version, versions)


def streaming(message_id: str = "a", **values: object) -> MessageView:
    return answer(message_id=message_id, state=MessageState.STREAMING, **values)


@pytest.fixture
def view(qtbot: QtBot, theme: ThemeManager, icons: IconSet) -> TranscriptView:
    made = TranscriptView(theme, icons)
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


def row(view: TranscriptView, message_id: str = "a") -> AssistantRow:
    found = view.row(message_id)
    assert isinstance(found, AssistantRow)
    return found


def user_row(view: TranscriptView) -> UserRow:
    found = view.row("q")
    assert isinstance(found, UserRow)
    return found


def button(parent: QWidget, name: str) -> QWidget:
    return next(w for w in parent.findChildren(QWidget) if w.accessibleName() == name)


def labelled(parent: QWidget, text: str) -> QPushButton:
    return next(b for b in parent.findChildren(QPushButton) if b.text() == text)


def wheel(view: TranscriptView, steps: int) -> None:
    """Turn the wheel over the middle of what is in view; upwards is positive."""
    QTest.wheelEvent(view.windowHandle(), QPointF(view.rect().center()), QPoint(0, 120 * steps))


def at_end(view: TranscriptView) -> bool:
    bar = view.verticalScrollBar()
    return bar.value() == bar.maximum()


# -- what is shown


def test_a_question_stands_at_the_right_and_an_answer_at_the_left(view: TranscriptView) -> None:
    view.set_messages([question(), answer("Because.")])
    left = (view.width() - COLUMN_WIDTH) // 2
    text = user_row(view).findChild(PlainText)
    assert text.document().toPlainText() == "Why?"
    assert text.mapTo(view, text.rect().topRight()).x() > view.width() - left - 40
    prose = row(view).findChild(Prose)
    cursor = prose.cursorRect()
    assert prose.mapTo(view, cursor.topLeft()).x() == pytest.approx(left, abs=1)


def test_the_column_is_as_wide_as_it_may_be_and_no_wider(view: TranscriptView) -> None:
    view.set_messages([question(), answer(PARAGRAPHS)])
    for width in (1400, 800, 500):
        view.resize(width, 600)
        prose = row(view).findChild(Prose)
        assert prose.width() - 12 == min(COLUMN_WIDTH, width - 32)
        middle = prose.mapTo(view, prose.rect().center()).x()
        assert middle == pytest.approx(width / 2, abs=1)


def test_a_bubble_is_as_wide_as_its_text_up_to_a_share_of_the_column(view: TranscriptView) -> None:
    view.set_messages([question("Hi")])
    narrow = user_row(view).findChild(PlainText).width()
    view.set_messages([question("Hi, and a great deal more than fits on one line of a bubble. " * 4, "q")])
    wide = user_row(view).findChild(PlainText).width()
    assert narrow < 60
    assert 480 < wide < COLUMN_WIDTH * 0.78


def test_a_question_is_plain_text(view: TranscriptView) -> None:
    view.set_messages([question("<b>not bold</b> *nor this*\nsecond line")])
    assert user_row(view).findChild(PlainText).document().toPlainText() == "<b>not bold</b> *nor this*\nsecond line"


def test_the_numbers_stand_under_an_answer(view: TranscriptView) -> None:
    view.set_messages([question(), answer("x", stats=STATS, finish_reason="stop")])
    assert row(view).stats.text() == (
        "2,634 tokens · 38.2 tokens/s · first token 0.4 s · stopped by itself · seed 3407 · 412 tokens reused"
    )


def test_an_answer_without_numbers_has_no_line_for_them(view: TranscriptView) -> None:
    view.set_messages([question(), answer("x", finish_reason="stop")])
    assert row(view).stats.text() == "stopped by itself"
    view.set_messages([question(), answer("x")])
    assert row(view).stats.isHidden()


@pytest.mark.parametrize(
    ("values", "sentence", "action"),
    [
        ({"state": MessageState.INTERRUPTED}, "Interrupted: the app closed before this answer ended.", "Continue"),
        ({"state": MessageState.CANCELLED, "finish_reason": "cancelled"}, "Stopped.", "Continue"),
        ({"finish_reason": "length"}, "Stopped at the token limit.", "Continue"),
        ({"finish_reason": "repetition"}, "Stopped because it repeated itself.", "Continue"),
        ({"state": MessageState.FAILED, "error": "The context is full."}, "The context is full.", "Retry"),
    ],
)
def test_an_answer_that_did_not_end_says_so_and_offers_what_helps(
    qtbot: QtBot, view: TranscriptView, values: dict[str, object], sentence: str, action: str
) -> None:
    view.set_messages([question(), answer("Half", **values)])
    note = row(view).note
    assert note is not None
    assert sentence in [label.text() for label in note.findChildren(QLabel)]
    signal = view.retry_requested if action == "Retry" else view.continue_requested
    assert note.link.text() == action
    with qtbot.waitSignal(signal) as asked:
        QTest.mouseClick(note.link, LEFT)
    assert asked.args == ["a"]
    assert view.shown_text()["status"] == sentence


def test_an_error_is_shown_as_it_stands(view: TranscriptView) -> None:
    error = "<img src='https://evil.example/x.png'> is no template."
    view.set_messages([question(), answer("", state=MessageState.FAILED, error=error)])
    label = row(view).note.findChild(QLabel)
    assert label.text() == error
    assert label.textFormat() is Qt.TextFormat.PlainText


def test_an_unfinished_thought_is_marked(view: TranscriptView) -> None:
    view.set_messages(
        [question(), answer("", thinking="Hm", thinking_open=True, thinking_seconds=3.0, state=MessageState.CANCELLED)]
    )
    assert row(view).thinking_pane.title == "Thought, unfinished"


# -- streaming


def test_an_exchange_from_its_first_word_to_its_last(view: TranscriptView) -> None:
    view.set_messages([question(), streaming()])
    view.set_progress("a", "Reading the prompt: 512 of 2,000 tokens")
    assert "Reading the prompt: 512 of 2,000 tokens" in [w.text() for w in row(view).findChildren(QLabel)]
    for piece in ("\n", "Let me ", "see. "):
        view.append_thinking("a", piece, 1)
    pane = row(view).thinking_pane
    assert pane.is_streaming
    assert pane.text == "\nLet me see. "
    view.end_thinking("a", 48.0, 1912)
    assert pane.title == "Thought for 48 s"
    for piece in ("\n\n", "It is *so*", ".\n\n```py\nx = 1\n", "```\n"):
        view.append_answer("a", piece)
    view.update_message(
        answer("\n\nIt is *so*.\n\n```py\nx = 1\n```\n", thinking="\nLet me see. ", thinking_seconds=48.0, stats=STATS,
               finish_reason="stop")
    )  # fmt: skip
    shown = view.shown_text()
    assert shown["thinking"] == "Let me see."
    assert shown["answer"] == "It is so.\n\nx = 1"
    assert "2,634 tokens" in shown["status"]
    assert pane.detail == "1,912 tokens · 12 % of the context"


def test_ending_an_answer_makes_no_widget_anew(view: TranscriptView) -> None:
    text = "# A\n\nb\n\n```py\nx\n```\n\nc\n"
    view.set_messages([question(), streaming()])
    view.append_answer("a", text)
    before = row(view).answer.widgets()
    view.update_message(answer(text, finish_reason="stop"))
    assert row(view).answer.widgets() == before


def test_an_answer_goes_on_where_it_was_continued(view: TranscriptView) -> None:
    view.set_messages([question(), answer("Half an", state=MessageState.CANCELLED, finish_reason="cancelled")])
    view.update_message(answer("Half an", state=MessageState.STREAMING))
    view.append_answer("a", " answer")
    assert row(view).note is None
    assert view.shown_text()["answer"] == "Half an answer"


def test_text_for_a_message_that_is_not_shown_is_ignored(view: TranscriptView) -> None:
    view.set_messages([question()])
    view.append_answer("elsewhere", "x")
    view.end_thinking("elsewhere", 1.0, 2)
    view.update_message(answer("x", "elsewhere"))


def test_nothing_can_be_asked_anew_while_an_answer_runs(view: TranscriptView) -> None:
    first = answer("x", "a0", finish_reason="length")
    view.set_messages([question(), first, question("and?", "q2"), streaming()])
    assert button(row(view, "a0"), "Regenerate answer").isHidden()
    assert row(view, "a0").note.link.isHidden()
    assert button(user_row(view), "Edit message").isHidden()
    view.update_message(answer("y"))
    assert not button(row(view, "a0"), "Regenerate answer").isHidden()
    assert not row(view, "a0").note.link.isHidden()
    assert not button(user_row(view), "Edit message").isHidden()


def test_dear_text_is_shown_less_often_and_none_is_lost(
    qtbot: QtBot, view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ui.transcript.view._CHEAP_MS", 0.0)
    view.set_messages([question(), streaming()])
    for number in range(200):
        view.append_answer("a", f"{number} ")
    assert row(view).answer.text != "".join(f"{number} " for number in range(200))
    qtbot.waitUntil(lambda: row(view).answer.text.endswith("199 "), timeout=2000)
    assert row(view).answer.text == "".join(f"{number} " for number in range(200))


@pytest.mark.parametrize(
    "unit",
    [
        "A sentence with `code` and **bold** words in it, until the line is long enough to be wrapped.\n\n",
        "- an item with **bold** text and `code`\n",
        "```py\n" + "x = compute(1, 2)  # comment\n" * 20 + "```\n\nText.\n\n",
    ],
)
def test_the_last_words_of_a_long_answer_cost_what_the_first_cost(view: TranscriptView, unit: str) -> None:
    """At 20 KB a flush stays below 8 ms of this thread's time."""
    text = unit * (20_000 // len(unit))
    view.set_messages([question(), streaming()])
    view.append_answer("a", text)
    QApplication.processEvents()
    costs = []
    for start in range(0, 60 * 27, 27):
        begin = time.thread_time()
        view.append_answer("a", text[start : start + 27])
        QApplication.processEvents()
        costs.append((time.thread_time() - begin) * 1000)
    assert sorted(costs)[len(costs) // 2] < 8


# -- scrolling


def fill(view: TranscriptView) -> None:
    view.set_messages([question(), streaming()])
    view.append_answer("a", PARAGRAPHS)
    QApplication.processEvents()


def test_a_chat_opens_at_its_end(view: TranscriptView) -> None:
    view.set_messages([question(), answer(PARAGRAPHS, finish_reason="stop")])
    assert view.verticalScrollBar().maximum() > 500
    assert at_end(view)


def test_the_end_stays_in_view_while_text_comes(view: TranscriptView) -> None:
    fill(view)
    for _ in range(20):
        view.append_answer("a", "\n\nAnother paragraph.")
        assert at_end(view)


def test_the_first_turn_upwards_lets_go_and_nothing_jumps(view: TranscriptView) -> None:
    fill(view)
    wheel(view, 1)
    assert not view.is_following
    place = view.verticalScrollBar().value()
    assert not at_end(view)
    for _ in range(20):
        view.append_answer("a", "\n\nAnother paragraph.")
        assert view.verticalScrollBar().value() == place


def test_near_the_end_it_follows_again(view: TranscriptView) -> None:
    fill(view)
    wheel(view, 1)
    wheel(view, -3)
    assert view.is_following
    view.append_answer("a", "\n\nAnother paragraph.")
    assert at_end(view)


def test_a_button_leads_back_to_the_end(qtbot: QtBot, view: TranscriptView) -> None:
    fill(view)
    jump = view.findChild(JumpButton)
    assert jump.isHidden()
    wheel(view, 5)
    assert jump.isVisible()
    QTest.mouseClick(jump, LEFT)
    assert at_end(view)
    assert jump.isHidden()


def test_making_the_window_higher_does_not_let_go(view: TranscriptView) -> None:
    fill(view)
    for height in (700, 400, 650):
        view.resize(800, height)
        assert view.is_following
        assert at_end(view)


def test_a_reader_keeps_the_place_when_the_width_changes(view: TranscriptView) -> None:
    fill(view)
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)
    before = first_line(view)
    for width in (700, 500, 900, 800):
        view.resize(width, 600)
        QApplication.processEvents()
    number = abs(int(first_line(view).split()[1].strip(",")) - int(before.split()[1].strip(",")))
    assert number <= 1


def first_line(view: TranscriptView) -> str:
    """The paragraph at the upper edge."""
    content = view.widget()
    for step in range(0, 60, 4):
        found = content.childAt(QPoint(content.width() // 2, view.verticalScrollBar().value() + step))
        prose = found.parentWidget() if found is not None else None
        if isinstance(prose, Prose):
            place = prose.viewport().mapFrom(
                content, QPoint(content.width() // 2, view.verticalScrollBar().value() + step)
            )
            return prose.cursorForPosition(place).block().text()
    raise AssertionError("no text at the upper edge")


def test_heights_above_the_reader_change_without_moving_the_text(view: TranscriptView) -> None:
    views = []
    for number in range(30):
        views += [question(f"Question {number}", f"q{number}"), answer(PARAGRAPHS, f"a{number}", finish_reason="stop")]
    view.set_messages(views)
    moved = 0
    for _ in range(60):
        marker, before = visible_text(view)
        value = view.verticalScrollBar().value()
        view.verticalScrollBar().setValue(value - 40)
        after = marker.mapTo(view, QPoint(0, 0)).y()
        moved = max(moved, abs(after - before - 40))
    assert moved <= 1


def visible_text(view: TranscriptView) -> tuple[QWidget, int]:
    content = view.widget()
    top = view.verticalScrollBar().value()
    for step in range(100, 500, 10):
        found = content.childAt(QPoint(content.width() // 2, top + step))
        if found is not None:
            return found, found.mapTo(view, QPoint(0, 0)).y()
    raise AssertionError("nothing in view")


def test_a_new_answer_is_followed_even_after_scrolling_up(view: TranscriptView) -> None:
    fill(view)
    wheel(view, 3)
    view.update_message(answer(PARAGRAPHS))
    view.set_messages([question(), answer(PARAGRAPHS), question("More?", "q2"), streaming("a2")])
    assert view.is_following
    assert at_end(view)


def test_another_version_keeps_the_place(view: TranscriptView) -> None:
    chat = [question(), answer(PARAGRAPHS, "a1"), question("x", "q2"), answer(PARAGRAPHS, "a2", 0, 2)]
    view.set_messages(chat)
    view.verticalScrollBar().setValue(300)
    marker, before = visible_text(view)
    view.set_messages([*chat[:3], answer(PARAGRAPHS, "a3", 1, 2)])
    assert marker.mapTo(view, QPoint(0, 0)).y() == before
    assert not view.is_following


def test_a_long_chat_makes_only_the_rows_in_view(view: TranscriptView) -> None:
    views = []
    for number in range(250):
        views += [question(f"Question {number}", f"q{number}"), answer(PARAGRAPHS, f"a{number}", finish_reason="stop")]
    begin = time.thread_time()
    view.set_messages(views)
    QApplication.processEvents()
    assert time.thread_time() - begin < 1.0
    assert 0 < len(view.findChildren(AssistantRow)) < 10


# -- what a reader asks for


def test_copy_regenerate_and_continue_name_the_message(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question(), answer("x", thinking="Hm", finish_reason="length", stats=STATS)])
    for name, signal, arguments in (
        ("Copy answer", view.copy_requested, ["a", "answer"]),
        ("Copy thought", view.copy_requested, ["a", "thinking"]),
        ("Regenerate answer", view.regenerate_requested, ["a"]),
        ("Continue answer", view.continue_requested, ["a"]),
    ):
        with qtbot.waitSignal(signal) as asked:
            QTest.mouseClick(button(row(view), name), LEFT)
        assert asked.args == arguments


def test_only_what_can_be_done_is_offered(view: TranscriptView) -> None:
    view.set_messages([question(), answer("x", finish_reason="stop")])
    assert button(row(view), "Copy thought").isHidden()
    assert button(row(view), "Continue answer").isHidden()
    assert not button(row(view), "Copy answer").isHidden()


def test_versions_are_walked_with_arrows(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question(), answer("x", version=1, versions=3)])
    assert "2 of 3" in [label.text() for label in row(view).findChildren(QLabel)]
    for name, step in (("Previous version", -1), ("Next version", 1)):
        with qtbot.waitSignal(view.version_requested) as asked:
            QTest.mouseClick(button(row(view), name), LEFT)
        assert asked.args == ["a", step]
    view.set_messages([question(), answer("x", version=2, versions=3)])
    assert not button(row(view), "Next version").isEnabled()
    view.set_messages([question(), answer("x")])
    assert not button(row(view), "Next version").isVisible()


def test_actions_show_under_the_pointer_and_with_the_keyboard(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question(), answer("x", "a0"), question("y", "q2"), answer("z")])
    actions = row(view, "a0").actions_row
    assert row(view).actions_row.is_revealed, "those of the last answer can always be seen"
    QTest.mouseMove(row(view, "a0"), QPoint(5, 5))
    QTest.mouseMove(view, QPoint(400, 590))
    qtbot.waitUntil(lambda: not actions.is_revealed)
    height = row(view, "a0").height()
    QTest.mouseMove(row(view, "a0"), QPoint(50, 5))
    qtbot.waitUntil(lambda: actions.is_revealed)
    assert row(view, "a0").height() == height
    QTest.mouseMove(view, QPoint(400, 590))
    qtbot.waitUntil(lambda: not actions.is_revealed)
    actions.button("copy").setFocus(Qt.FocusReason.TabFocusReason)
    assert actions.is_revealed
    QTest.keyClick(actions.button("copy"), Qt.Key.Key_Tab)
    assert actions.is_revealed


def test_every_button_has_a_name_and_a_tooltip(view: TranscriptView) -> None:
    view.set_messages([question(), answer("```\nx\n```", thinking="Hm", finish_reason="length", versions=2)])
    for found in view.findChildren(IconButton):
        assert found.accessibleName()
        assert found.toolTip()


def test_a_question_is_edited_in_its_place(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("Why?"), answer("x")])
    QTest.mouseClick(button(user_row(view), "Edit message"), LEFT)
    field = user_row(view).findChild(MessageEdit)
    qtbot.waitUntil(field.hasFocus)
    assert field.toPlainText() == "Why?"
    QTest.keyClicks(field, " And how?")
    with qtbot.waitSignal(view.edit_requested) as asked:
        QTest.mouseClick(labelled(user_row(view), "Save && send"), LEFT)
    assert asked.args == ["q", "Why? And how?"]
    assert not user_row(view).is_editing


def test_an_edit_is_sent_with_enter_and_left_with_escape(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("Why?"), answer("x")])
    view.begin_edit("q")
    field = user_row(view).findChild(MessageEdit)
    QTest.keyClicks(field, "!")
    with qtbot.assertNotEmitted(view.edit_requested):
        QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not user_row(view).is_editing
    view.begin_edit("q")
    field = next(f for f in user_row(view).findChildren(MessageEdit) if f.isVisible())
    assert field.toPlainText() == "Why?"
    with qtbot.waitSignal(view.edit_requested) as asked:
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert asked.args == ["q", "Why?"]


def test_an_edit_field_grows_and_pushes_the_answer_down(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("Why?"), answer("x")])
    view.begin_edit("q")
    field = user_row(view).findChild(MessageEdit)
    before = row(view).mapTo(view, QPoint(0, 0)).y()
    for _ in range(3):
        QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: row(view).mapTo(view, QPoint(0, 0)).y() >= before + 3 * 14)
    field.clear()
    assert not labelled(user_row(view), "Save && send").isEnabled()


# -- links


def click_link(view: TranscriptView) -> LinkDialog:
    prose = row(view).findChild(Prose)
    caret = prose.textCursor()
    caret.setPosition(2)
    place = prose.cursorRect(caret).center() + QPoint(2, 0)
    QTest.mouseClick(prose.viewport(), LEFT, pos=place)
    return view.findChild(LinkDialog)


def test_a_link_asks_and_shows_the_true_address(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question(), answer("[https://bank.example](https://evil.example/steal?x=1)")])
    with qtbot.assertNotEmitted(view.link_activated):
        dialog = click_link(view)
    qtbot.waitUntil(dialog.isVisible)
    assert dialog.findChild(QPlainTextEdit).toPlainText() == "https://evil.example/steal?x=1"
    with qtbot.waitSignal(view.link_activated) as opened:
        QTest.mouseClick(dialog.open_button, LEFT)
    assert opened.args == ["https://evil.example/steal?x=1"]


def test_enter_and_escape_do_not_open_a_link(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question(), answer("[here](https://a.example)")])
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        dialog = click_link(view)
        qtbot.waitUntil(dialog.isVisible)
        with qtbot.assertNotEmitted(view.link_activated):
            QTest.keyClick(dialog, key)
        qtbot.waitUntil(lambda: view.findChild(LinkDialog) is None)


def test_a_refused_address_is_no_link(view: TranscriptView) -> None:
    view.set_messages([question(), answer("[here](javascript:alert(1))")])
    prose = row(view).findChild(Prose)
    assert prose.document().toPlainText() == "here (javascript:alert(1))"
    assert "href" not in prose.document().toHtml()


# -- theme


def test_everything_follows_the_theme_and_the_text_size(view: TranscriptView, theme: ThemeManager) -> None:
    text = "Text with `code`\n\n```py\nimport x\n```\n\n|a|\n|-|\n|b|"
    view.set_messages([question(), answer(text, thinking="Hm", finish_reason="length")])
    height = row(view).height()
    theme.set_choice("dark")
    QApplication.processEvents()
    shown = view.grab().toImage()
    colors = {shown.pixelColor(x, y).name() for x in range(0, shown.width(), 2) for y in range(0, shown.height(), 2)}
    for name in ("user_ground", "thought_ground", "thought_bar", "code_ground"):
        assert theme.theme.color(name).name() in colors
    light = [theme.theme.color("text").name(), "#20201e"]
    assert light[1] not in colors
    theme.set_text_scale(1.5)
    QApplication.processEvents()
    assert row(view).height() > height * 1.1
    theme.set_text_scale(1.0)
    QApplication.processEvents()
    assert row(view).height() == height
