"""The thought: folded to its last lines while it streams, folded away when the answer begins."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QProxyStyle, QStyle, QWidget
from pytestqt.qtbot import QtBot

from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.thinking_head import ThinkingHead
from app.ui.thinking_pane import ThinkingPane
from app.ui.thinking_tail import ThinkingTail
from app.ui.transcript.copy_button import CopyButton
from app.ui.transcript.plain_text import BLOCK_CHARACTERS, PlainText

LEFT = Qt.MouseButton.LeftButton
WIDTH = 600
SENTENCE = "The gap between pipes should stay playable, so at least 150 pixels. "


class Frame(QWidget):
    """Gives the pane the height it asks for, as a column does."""

    def __init__(self, pane: ThinkingPane) -> None:
        super().__init__()
        self.pane = pane
        pane.setParent(self)
        pane.height_changed.connect(self.lay_out)
        self.resize(WIDTH, 500)
        self.lay_out()

    def lay_out(self) -> None:
        self.pane.setGeometry(0, 0, WIDTH, self.pane.fit(WIDTH))


@pytest.fixture
def frame(qtbot: QtBot, theme: ThemeManager, icons: IconSet) -> Frame:
    made = Frame(ThinkingPane(theme, icons))
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


@pytest.fixture
def pane(frame: Frame) -> ThinkingPane:
    return frame.pane


def head(pane: ThinkingPane) -> ThinkingHead:
    return pane.findChild(ThinkingHead)


def tail(pane: ThinkingPane) -> ThinkingTail:
    return pane.findChild(ThinkingTail)


def click(pane: ThinkingPane) -> None:
    QTest.mouseClick(head(pane), LEFT, pos=QPoint(60, 18))


def settled(qtbot: QtBot, pane: ThinkingPane) -> None:
    """The fold has come to its end."""
    qtbot.waitUntil(lambda: pane.height() == pane.fit(WIDTH) and not pane.is_moving, timeout=2000)


def test_before_the_first_word_only_the_head_is_there(pane: ThinkingPane) -> None:
    assert pane.height() == head(pane).height()
    assert (pane.title, pane.detail) == ("Thinking...", "0 s")


def test_folded_it_shows_the_last_three_lines(pane: ThinkingPane) -> None:
    for number in range(40):
        pane.append(f"Step {number} is done. " + SENTENCE, 20)
    assert pane.is_folded
    assert pane.height() > head(pane).height() + 50
    lines = tail(pane).visible_lines()
    assert len(lines) == 3
    assert " ".join("".join(lines).split()).endswith("at least 150 pixels.")
    assert "Step 39" in "".join(lines)
    assert "800 tokens" in pane.detail


def test_the_tail_does_not_change_its_height_while_text_comes(pane: ThinkingPane) -> None:
    pane.append("One ")
    height = pane.height()
    for _ in range(20):
        pane.append(SENTENCE)
        assert pane.height() == height


def test_lines_that_are_full_are_not_wrapped_anew(pane: ThinkingPane) -> None:
    seen: list[str] = []
    for word in (SENTENCE * 60).split():
        pane.append(f"{word} ")
        for line in tail(pane).visible_lines()[:-1]:
            if line not in seen[-2:]:
                seen.append(line)
    assert len(seen) > 30
    assert "".join(seen) == (SENTENCE * 60)[: sum(map(len, seen))]


def test_the_top_line_fades(pane: ThinkingPane) -> None:
    pane.append("M" * 400)
    image = tail(pane).grab().toImage()
    third = image.height() // 3
    assert _darkest(image, 0, third // 2) > _darkest(image, 2 * third, image.height()) + 40


def _darkest(image: QImage, top: int, bottom: int) -> int:
    return min(image.pixelColor(x, y).lightness() for y in range(top, bottom) for x in range(0, image.width(), 2))


def test_a_click_opens_the_whole_thought(qtbot: QtBot, pane: ThinkingPane) -> None:
    pane.append("\n\nFirst.\n" + SENTENCE * 20)
    click(pane)
    settled(qtbot, pane)
    whole = pane.findChild(PlainText)
    assert whole.isVisible()
    assert whole.text.startswith("First.\n")
    assert not tail(pane).isVisible()
    assert pane.height() > head(pane).height() + 100


def test_an_open_thought_goes_on(qtbot: QtBot, pane: ThinkingPane) -> None:
    pane.append("First. ")
    click(pane)
    settled(qtbot, pane)
    before = pane.height()
    pane.append("Second.\n" * 12)
    assert pane.findChild(PlainText).text == "First. " + "Second.\n" * 12
    assert pane.height() > before


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_the_head_is_a_button_for_the_keyboard(qtbot: QtBot, pane: ThinkingPane, key: Qt.Key) -> None:
    pane.append(SENTENCE)
    head(pane).setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(head(pane), key)
    assert not pane.is_folded
    QTest.keyClick(head(pane), key)
    assert pane.is_folded
    settled(qtbot, pane)


def test_the_head_tells_a_screen_reader_what_it_is(pane: ThinkingPane) -> None:
    pane.finish(48, 1912, 0.38)
    assert head(pane).accessibleName() == "Thought for 48 s, 1,912 tokens · 38 % of the context, folded"


@pytest.mark.parametrize(
    ("seconds", "tokens", "share", "unfinished", "title", "detail"),
    [
        (48, 1912, 0.38, False, "Thought for 48 s", "1,912 tokens · 38 % of the context"),
        (0.42, 1, 0.0, False, "Thought for 0.4 s", "1 token"),
        (125, 0, 0.0, False, "Thought for 2 min 5 s", ""),
        (0, 0, 0.0, False, "Thought", ""),
        (12, 30, 0.001, True, "Thought, unfinished", "12 s · 30 tokens"),
    ],
)
def test_the_head_of_a_finished_thought(
    pane: ThinkingPane, seconds: float, tokens: int, share: float, unfinished: bool, title: str, detail: str
) -> None:
    pane.finish(seconds, tokens, share, unfinished=unfinished)
    assert (pane.title, pane.detail) == (title, detail)


def test_it_folds_away_when_the_answer_begins(qtbot: QtBot, pane: ThinkingPane) -> None:
    pane.append(SENTENCE * 20)
    pane.finish(3, 100)
    settled(qtbot, pane)
    assert pane.height() == head(pane).height()


def test_it_stays_as_the_reader_left_it(qtbot: QtBot, pane: ThinkingPane) -> None:
    pane.append(SENTENCE * 20)
    click(pane)
    pane.finish(3, 100)
    settled(qtbot, pane)
    assert not pane.is_folded
    assert pane.findChild(PlainText).isVisible()


def test_the_seconds_count_while_it_thinks(qtbot: QtBot, pane: ThinkingPane) -> None:
    qtbot.waitUntil(lambda: pane.detail == "1 s", timeout=3000)
    pane.finish(1.2)
    assert pane.detail == ""


def test_the_copy_button_appears_under_the_pointer(qtbot: QtBot, pane: ThinkingPane) -> None:
    button = pane.findChild(CopyButton)
    for place in (QPoint(100, 10), QPoint(300, 450)):
        QTest.mouseMove(pane.parentWidget(), place)
    qtbot.waitUntil(lambda: not button.is_shown, timeout=1000)
    QTest.mouseMove(pane, QPoint(100, 10))
    qtbot.waitUntil(lambda: button.is_shown, timeout=1000)
    with qtbot.waitSignal(pane.copy_requested):
        QTest.mouseClick(button, LEFT)
    assert button.says_copied


def test_the_copy_button_can_be_reached_with_tab(qtbot: QtBot, pane: ThinkingPane) -> None:
    button = pane.findChild(CopyButton)
    head(pane).setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(head(pane), Qt.Key.Key_Tab)
    assert button.hasFocus()
    assert button.is_shown
    with qtbot.waitSignal(pane.copy_requested):
        QTest.keyClick(button, Qt.Key.Key_Space)


def test_a_fold_moves_only_where_the_system_moves(qtbot: QtBot, theme: ThemeManager, icons: IconSet) -> None:
    class Still(QProxyStyle):
        def styleHint(self, hint: QStyle.StyleHint, *arguments: object) -> int:
            if hint == QStyle.StyleHint.SH_Widget_Animation_Duration:
                return 0
            return super().styleHint(hint, *arguments)

    style = Still("Fusion")
    pane = ThinkingPane(theme, icons)
    frame = Frame(pane)
    qtbot.addWidget(frame)
    pane.setStyle(style)
    frame.show()
    pane.append(SENTENCE * 20)
    click(pane)
    assert not pane.is_moving
    assert pane.height() == pane.fit(WIDTH) > head(pane).height() + 100


def test_a_long_thought_costs_what_is_added(pane: ThinkingPane) -> None:
    """30,000 tokens, folded: the last hundred pieces cost no more than the first."""

    def spent(count: int) -> float:
        begin = time.thread_time()
        for _ in range(count):
            pane.append(SENTENCE, 15)
            QApplication.processEvents()
        return time.thread_time() - begin

    spent(20)
    first = spent(100)
    pane.append(SENTENCE * 1_700, 25_000)
    assert spent(100) < 3 * first + 0.02


def test_a_long_line_is_cut_to_be_shown_and_whole_when_copied(qtbot: QtBot, theme: ThemeManager) -> None:
    text = PlainText(theme, "text")
    qtbot.addWidget(text)
    line = ("word 😀 " * BLOCK_CHARACTERS) + "end\nnext"
    for start in range(0, len(line), 777):
        text.append_text(line[start : start + 777])
    assert text.document().blockCount() > 5
    text.selectAll()
    assert text.selected_text() == line
    text.copy()
    assert QApplication.clipboard().text() == line


def test_a_stored_thought_is_folded_and_whole(qtbot: QtBot, pane: ThinkingPane) -> None:
    pane.set_text("\nOne.\nTwo.\n")
    pane.finish(2, 8)
    assert pane.is_folded
    pane.set_folded(False)
    settled(qtbot, pane)
    assert pane.findChild(PlainText).text == "One.\nTwo."
