"""Where a message is written: what Enter does, what grows, what each button asks for."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QAction, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.composer import Composer
from app.ui.icons import IconSet
from app.ui.message_edit import MAX_LINES, MessageEdit
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import IconButton

LEFT = Qt.MouseButton.LeftButton


class Window(QWidget):
    """A window with the composer at its foot, as in the app."""

    def __init__(self, composer: Composer) -> None:
        super().__init__()
        self.composer = composer
        self.resize(600, 500)
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        layout.addWidget(composer)


@pytest.fixture
def window(qtbot: QtBot, theme: ThemeManager, icons: IconSet) -> Window:
    made = Window(Composer(theme, icons))
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


@pytest.fixture
def composer(window: Window) -> Composer:
    window.composer.focus_editor()
    return window.composer


def edit(composer: Composer) -> MessageEdit:
    return composer.findChild(MessageEdit)


def button(composer: Composer, *names: str) -> IconButton:
    return next(b for b in composer.findChildren(IconButton) if b.accessibleName().startswith(names))


def send_button(composer: Composer) -> IconButton:
    return button(composer, "Send", "Stop")


def test_typing_and_enter_send_the_text(qtbot: QtBot, composer: Composer) -> None:
    QTest.keyClicks(edit(composer), "Hello there")
    with qtbot.waitSignal(composer.submitted) as sent:
        QTest.keyClick(edit(composer), Qt.Key.Key_Return)
    assert sent.args == ["Hello there"]
    assert composer.text() == ""


def test_shift_enter_breaks_the_line(qtbot: QtBot, composer: Composer) -> None:
    QTest.keyClicks(edit(composer), "one")
    with qtbot.assertNotEmitted(composer.submitted):
        QTest.keyClick(edit(composer), Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(edit(composer), "two")
    assert composer.text() == "one\ntwo"


def test_enter_breaks_and_ctrl_enter_sends_where_that_was_chosen(qtbot: QtBot, composer: Composer) -> None:
    composer.set_send_on_enter(False)
    QTest.keyClicks(edit(composer), "one")
    with qtbot.assertNotEmitted(composer.submitted):
        QTest.keyClick(edit(composer), Qt.Key.Key_Return)
    with qtbot.waitSignal(composer.submitted) as sent:
        QTest.keyClick(edit(composer), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert sent.args == ["one\n"]


@pytest.mark.parametrize("text", ["", "  \n "])
def test_a_blank_text_is_not_sent(qtbot: QtBot, composer: Composer, text: str) -> None:
    composer.set_text(text)
    assert not send_button(composer).isEnabled()
    with qtbot.assertNotEmitted(composer.submitted):
        QTest.keyClick(edit(composer), Qt.Key.Key_Return)
    assert composer.text() == text


def test_the_send_button_sends(qtbot: QtBot, composer: Composer) -> None:
    QTest.keyClicks(edit(composer), "x")
    with qtbot.waitSignal(composer.submitted) as sent:
        QTest.mouseClick(send_button(composer), LEFT)
    assert sent.args == ["x"]
    assert edit(composer).hasFocus()


def test_while_an_answer_runs_the_button_stops_it(qtbot: QtBot, composer: Composer) -> None:
    composer.set_busy(True)
    assert send_button(composer).icon_name == "stop"
    assert send_button(composer).accessibleName() == "Stop"
    with qtbot.waitSignal(composer.stop_requested), qtbot.assertNotEmitted(composer.submitted):
        QTest.mouseClick(send_button(composer), LEFT)
    composer.set_busy(False)
    assert send_button(composer).icon_name == "arrow-up"


def test_what_is_typed_while_an_answer_runs_stays(qtbot: QtBot, composer: Composer) -> None:
    composer.set_busy(True)
    QTest.keyClicks(edit(composer), "next")
    with qtbot.assertNotEmitted(composer.submitted):
        QTest.keyClick(edit(composer), Qt.Key.Key_Return)
    assert composer.text() == "next"


def test_enter_in_an_input_method_chooses_and_does_not_send(qtbot: QtBot, composer: Composer) -> None:
    QApplication.sendEvent(edit(composer), QInputMethodEvent("にほ", []))
    with qtbot.assertNotEmitted(composer.submitted):
        QTest.keyClick(edit(composer), Qt.Key.Key_Return)
    committed = QInputMethodEvent("", [])
    committed.setCommitString("日本")
    QApplication.sendEvent(edit(composer), committed)
    with qtbot.waitSignal(composer.submitted) as sent:
        QTest.keyClick(edit(composer), Qt.Key.Key_Return)
    assert "日本" in sent.args[0]


def test_typing_changes_the_draft_and_setting_does_not(qtbot: QtBot, composer: Composer) -> None:
    with qtbot.assertNotEmitted(composer.draft_changed):
        composer.set_text("from another chat")
    with qtbot.waitSignal(composer.draft_changed) as changed:
        QTest.keyClicks(edit(composer), "!")
    assert changed.args == ["from another chat!"]


def test_a_slot_may_put_the_text_back(qtbot: QtBot, composer: Composer) -> None:
    composer.submitted.connect(composer.set_text)
    QTest.keyClicks(edit(composer), "keep me")
    QTest.keyClick(edit(composer), Qt.Key.Key_Return)
    assert composer.text() == "keep me"
    assert send_button(composer).isEnabled()


def test_it_grows_with_its_text_and_then_scrolls(qtbot: QtBot, composer: Composer) -> None:
    empty = composer.height()
    line = edit(composer).fontMetrics().lineSpacing()
    for breaks in range(1, MAX_LINES + 4):
        QTest.keyClick(edit(composer), Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        added = min(breaks, MAX_LINES - 1) * line
        qtbot.waitUntil(lambda added=added: abs(composer.height() - empty - added) <= 2, timeout=1000)
    assert edit(composer).verticalScrollBar().maximum() > 0
    composer.set_text("")
    qtbot.waitUntil(lambda: composer.height() == empty)


def test_a_long_paragraph_grows_it_too(qtbot: QtBot, composer: Composer) -> None:
    empty = composer.height()
    composer.set_text("word " * 60)
    qtbot.waitUntil(lambda: composer.height() > empty + 20)
    composer.window().resize(1200, 500)
    narrow = composer.height()
    qtbot.waitUntil(lambda: composer.height() < narrow)


def test_rich_text_is_pasted_plain(composer: Composer) -> None:
    data = QMimeData()
    data.setHtml("<b>bold</b><img src='https://evil.example/x.png'>")
    data.setText("bold")
    QApplication.clipboard().setMimeData(data)
    edit(composer).paste()
    assert composer.text() == "bold"


def test_only_html_on_the_clipboard_pastes_nothing_that_loads(composer: Composer) -> None:
    data = QMimeData()
    data.setData("text/html", b"<img src='https://evil.example/x.png'>")
    QApplication.clipboard().setMimeData(data)
    edit(composer).paste()
    assert "img" not in composer.text()


def test_the_raw_prompt_switch_says_what_it_does(qtbot: QtBot, composer: Composer) -> None:
    assert edit(composer).placeholderText() == "Ask anything"
    raw = button(composer, "Raw prompt")
    with qtbot.waitSignal(composer.raw_prompt_toggled) as toggled:
        QTest.mouseClick(raw, LEFT)
    assert toggled.args == [True]
    assert edit(composer).placeholderText() == "Raw prompt, sent as it stands, no template"
    with qtbot.assertNotEmitted(composer.raw_prompt_toggled):
        composer.set_raw_prompt(False)
    assert edit(composer).placeholderText() == "Ask anything"
    assert not raw.isChecked()


def thinking_menu(composer: Composer) -> QMenu:
    return composer.findChild(QMenu)


def thinking_action(composer: Composer, mode: str) -> QAction:
    return next(action for action in thinking_menu(composer).actions() if action.data() == mode)


def test_the_thinking_menu_offers_three_modes(qtbot: QtBot, composer: Composer) -> None:
    menu = thinking_menu(composer)
    pill = menu.parentWidget()
    assert pill.accessibleName() == "Thinking: as the template says"
    QTest.mouseClick(pill, LEFT)
    qtbot.waitUntil(menu.isVisible)
    with qtbot.waitSignal(composer.thinking_mode_changed) as changed:
        QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(thinking_action(composer, "off")).center())
    assert changed.args == ["off"]
    assert pill.accessibleName() == "Thinking: off"


def test_setting_the_thinking_mode_asks_for_nothing(qtbot: QtBot, composer: Composer) -> None:
    with qtbot.assertNotEmitted(composer.thinking_mode_changed):
        composer.set_thinking_mode("on")
    assert thinking_action(composer, "on").isChecked()
    with qtbot.assertNotEmitted(composer.thinking_mode_changed):
        thinking_action(composer, "on").trigger()


def test_a_hint_stands_beside_the_button(qtbot: QtBot, composer: Composer) -> None:
    composer.set_hint("Waiting for the model to load")
    assert composer.findChild(QLabel).text() == "Waiting for the model to load"


def test_everything_is_reached_with_tab(composer: Composer) -> None:
    composer.set_text("x")
    reached = []
    for _ in range(4):
        reached.append(QApplication.focusWidget().accessibleName())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert reached == ["Message", "Thinking: as the template says", "Raw prompt: no template", "Send"]


def test_a_click_beside_the_text_puts_the_caret_into_it(composer: Composer) -> None:
    send_button(composer).setFocus()
    QTest.mouseClick(composer, LEFT, pos=QPoint(composer.width() // 2, 5))
    assert edit(composer).hasFocus()


def test_it_follows_the_theme(composer: Composer, theme: ThemeManager) -> None:
    middle = composer.rect().center()
    theme.set_choice("dark")
    assert composer.grab().toImage().pixelColor(middle) == theme.theme.color("surface")
