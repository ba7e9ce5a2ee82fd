"""An answer as widgets: what streams in piece by piece looks like what is shown at once."""

from __future__ import annotations

import random

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QTextCursor, QTextTable
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.transcript.answer import Answer
from app.ui.transcript.block_format import BLEED, CODE_PADDING
from app.ui.transcript.code_card import CodeCard
from app.ui.transcript.look import Look
from app.ui.transcript.prose import Prose
from app.ui.transcript.table_piece import TablePiece

LEFT = Qt.MouseButton.LeftButton
WIDTH = 600
RICH = """# Title

Text with `code`, **bold** and a [link](https://a.b), `code` again.
Second line.

1. one
   - nested **bold**
   - nested

     more
2. two

   ```py
   x = 1
   ```

> quote
> goes on

| a | `b` |
|:--|--:|
| 1 | **2** |
| 3 | 4 |

---

```python
def f(x):
    return x  # why
```

Last words 😀, 中文, and the end."""


class Frame(QWidget):
    """Gives the answer the height it asks for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer
        answer.setParent(self)
        answer.height_changed.connect(self.lay_out)
        self.resize(WIDTH, 900)
        self.lay_out()

    def lay_out(self) -> None:
        self.answer.setGeometry(0, 0, WIDTH, self.answer.fit(WIDTH))


@pytest.fixture
def look(theme: ThemeManager, icons: IconSet) -> Look:
    return Look(theme, icons)


def make(qtbot: QtBot, look: Look) -> Frame:
    frame = Frame(Answer(look))
    qtbot.addWidget(frame)
    frame.show()
    frame.activateWindow()
    qtbot.waitUntil(frame.isActiveWindow)
    return frame


@pytest.fixture
def frame(qtbot: QtBot, look: Look) -> Frame:
    return make(qtbot, look)


@pytest.fixture
def answer(frame: Frame) -> Answer:
    return frame.answer


def kinds(answer: Answer) -> list[str]:
    return [type(piece).__name__ for piece in answer.widgets()]


def picture(answer: Answer) -> list[tuple[str, str, int, int]]:
    """What each piece shows, and where."""
    shown = []
    for piece in answer.widgets():
        document = (piece.text if isinstance(piece, CodeCard) else piece).document()
        shown.append((type(piece).__name__, document.toHtml(), piece.y(), piece.height()))
    return shown


def test_blocks_become_prose_cards_and_tables(answer: Answer) -> None:
    answer.set_text(RICH, growing=False)
    assert kinds(answer) == ["Prose", "CodeCard", "Prose", "TablePiece", "Prose", "CodeCard", "Prose"]


@pytest.mark.parametrize("seed", range(12))
def test_pieces_of_text_give_what_the_whole_gives(qtbot: QtBot, look: Look, seed: int) -> None:
    whole, streamed = make(qtbot, look), make(qtbot, look)
    whole.answer.set_text(RICH, growing=False)
    rng, start = random.Random(seed), 0
    while start < len(RICH):
        size = rng.randint(1, 14)
        streamed.answer.append_text(RICH[start : start + size])
        start += size
    streamed.answer.set_text(RICH, growing=False)
    assert picture(streamed.answer) == picture(whole.answer)


def test_every_piece_is_as_high_as_its_text(answer: Answer) -> None:
    answer.set_text(RICH, growing=False)
    bottoms = [0]
    for piece in answer.widgets():
        assert piece.y() >= bottoms[-1]
        text = piece.text if isinstance(piece, CodeCard) else piece
        assert text.verticalScrollBar().maximum() == 0
        bottoms.append(piece.y() + piece.height())
    assert answer.height() == bottoms[-1]


def test_long_prose_falls_into_several_texts(answer: Answer) -> None:
    answer.set_text("\n\n".join(f"Paragraph {n}. " * 20 for n in range(40)), growing=False)
    assert len(answer.widgets()) > 4
    assert all(piece.document().characterCount() < 3_000 for piece in answer.widgets())


def test_added_text_leaves_the_pieces_before_it_alone(answer: Answer) -> None:
    answer.append_text(RICH)
    before = answer.widgets()
    htmls = picture(answer)
    answer.append_text("\n\nAnd a new paragraph.\n\n```\ncode\n```\n\nEnd.")
    assert answer.widgets()[: len(before)] == before
    assert picture(answer)[: len(before) - 1] == htmls[:-1]


def test_the_selection_does_not_grow_with_the_text(answer: Answer) -> None:
    answer.append_text("First words")
    prose = answer.findChild(Prose)
    prose.selectAll()
    answer.append_text(" and more.\n\nAnother paragraph.")
    assert prose.selected_text() == "First words"


def test_copying_gives_text_without_colours(answer: Answer) -> None:
    answer.set_text("1. **one** `x`\n2. two", growing=False)
    prose = answer.findChild(Prose)
    prose.setFocus()
    QTest.keyClick(prose, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(prose, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    data: QMimeData = QApplication.clipboard().mimeData()
    assert data.text() == "1. one x\n2. two"
    assert not data.hasHtml()


def test_text_is_selected_with_the_keyboard(answer: Answer) -> None:
    answer.set_text("Some words here", growing=False)
    prose = answer.findChild(Prose)
    prose.setFocus()
    for _ in range(4):
        QTest.keyClick(prose, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert prose.selected_text() == "Some"


def test_text_cannot_be_changed(answer: Answer) -> None:
    answer.set_text(RICH, growing=False)
    before = answer.shown_text()
    for piece in answer.widgets():
        text = piece.text if isinstance(piece, CodeCard) else piece
        text.setFocus()
        QTest.keyClicks(text, "x")
        QTest.keyClick(text, Qt.Key.Key_Delete)
    assert answer.shown_text() == before


def test_a_link_of_a_streamed_text_can_be_clicked(qtbot: QtBot, answer: Answer) -> None:
    for character in "see [here](https://a.b/c?d=1) ":
        answer.append_text(character)
    prose = answer.findChild(Prose)
    caret = prose.textCursor()
    caret.setPosition(6)
    with qtbot.waitSignal(answer.link_clicked) as clicked:
        QTest.mouseClick(prose.viewport(), LEFT, pos=prose.cursorRect(caret).center())
    assert clicked.args == ["https://a.b/c?d=1"]


def test_inline_code_stands_on_its_own_ground(answer: Answer, theme: ThemeManager) -> None:
    answer.set_text("a `code` b", growing=False)
    prose = answer.findChild(Prose)
    image = prose.grab().toImage()
    ground = theme.theme.color("code_ground").name()
    columns = [x for x in range(image.width()) if QColor(image.pixel(x, image.height() // 2)).name() == ground]
    caret = QTextCursor(prose.document())
    edges = []
    for position in (2, 6):
        caret.setPosition(position)
        edges.append(prose.cursorRect(caret).x())
    # Room at its left too, and at its right that which belongs to its last character.
    assert columns[0] == pytest.approx(edges[0] - CODE_PADDING, abs=2)
    assert columns[-1] == pytest.approx(edges[1], abs=2)


def test_the_text_stands_exactly_on_the_column(answer: Answer) -> None:
    answer.set_text("plain\n\n```\ncode\n```", growing=False)
    prose, card = answer.widgets()
    assert prose.x() + prose.cursorRect().x() == pytest.approx(BLEED, abs=1)
    assert (card.x(), card.x() + card.width()) == (BLEED, WIDTH - BLEED)


def test_a_ring_shows_where_the_keyboard_is_and_a_click_needs_none(answer: Answer, theme: ThemeManager) -> None:
    answer.set_text("Some words here", growing=False)
    prose = answer.findChild(Prose)
    accent = theme.theme.color("accent").name()
    QTest.mouseClick(prose.viewport(), LEFT, pos=QPoint(30, 10))
    assert accent not in edge_colours(prose)
    prose.clearFocus()
    prose.setFocus(Qt.FocusReason.TabFocusReason)
    assert accent in edge_colours(prose)


def edge_colours(prose: Prose) -> set[str]:
    image = prose.grab().toImage()
    return {QColor(image.pixel(x, y)).name() for x in range(0, image.width(), 7) for y in (0, 1)}


# -- tables


def test_a_table_grows_row_by_row(answer: Answer) -> None:
    answer.append_text("|a|b|\n|-|-|\n")
    piece = answer.findChild(TablePiece)
    heights = []
    for number in range(5):
        answer.append_text(f"|{number}|x|\n")
        heights.append(piece.height())
    assert answer.findChild(TablePiece) is piece
    assert heights == sorted(set(heights))
    table = piece.document().rootFrame().childFrames()[0]
    assert isinstance(table, QTextTable)
    assert (table.rows(), table.columns()) == (6, 2)
    assert table.cellAt(5, 0).firstCursorPosition().block().text() == "4"


def test_a_wide_table_scrolls_sideways(answer: Answer) -> None:
    columns = 14
    answer.set_text("|" + "head|" * columns + "\n|" + "-|" * columns + "\n|" + "cell|" * columns, growing=False)
    piece = answer.findChild(TablePiece)
    assert piece.horizontalScrollBar().maximum() > 0
    assert piece.width() <= WIDTH


# -- code


def card(answer: Answer) -> CodeCard:
    return answer.findChild(CodeCard)


def colours(shown: CodeCard, line: int) -> set[str]:
    layout = shown.text.document().findBlockByNumber(line).layout()
    return {form.format.foreground().color().name() for form in layout.formats()}


def test_code_is_coloured_while_it_streams(answer: Answer, theme: ThemeManager) -> None:
    answer.append_text("```python\nimport os\nx = 'text")
    keyword = theme.theme.color("syntax_keyword").name()
    assert keyword in colours(card(answer), 0)
    assert colours(card(answer), 1) == set(), "the line that still grows is plain"
    answer.append_text("'\ny")
    assert theme.theme.color("syntax_string").name() in colours(card(answer), 1)


def test_long_code_is_coloured_anew_when_it_ends(qtbot: QtBot, answer: Answer, theme: ThemeManager) -> None:
    code = "/* a comment\nover lines */\n" + "int x = 1; // one\n" * 80
    answer.append_text(f"```c\n{code}")
    comment = theme.theme.color("syntax_comment").name()
    assert comment not in colours(card(answer), 1)
    answer.append_text("```\n")
    qtbot.waitUntil(lambda: comment in colours(card(answer), 1), timeout=3000)
    qtbot.waitUntil(lambda: comment in colours(card(answer), 80), timeout=3000)


def test_colours_change_with_the_theme(answer: Answer, look: Look, theme: ThemeManager) -> None:
    answer.set_text("```python\nimport os\n```", growing=False)
    light = colours(card(answer), 0)
    theme.set_choice("dark")
    look.refresh()
    answer.restyle()
    assert colours(card(answer), 0) == {theme.theme.color("syntax_keyword").name()} != light


def test_emoji_do_not_shift_colours(answer: Answer, theme: ThemeManager) -> None:
    answer.set_text("```python\n'😀😀' and 1\n```", growing=False)
    formats = card(answer).text.document().begin().layout().formats()
    keyword = next(f for f in formats if f.format.foreground().color() == theme.theme.color("syntax_keyword"))
    assert (keyword.start, keyword.length) == (7, 4)


def test_the_copy_button_takes_the_code_and_says_so(answer: Answer) -> None:
    answer.set_text("```python\n  x = 1\n\ty\n```", growing=False)
    QTest.mouseClick(card(answer).copy_button, LEFT)
    assert QApplication.clipboard().text() == "  x = 1\n\ty"
    assert card(answer).copy_button.says_copied


def test_long_lines_scroll_sideways_and_the_wheel_goes_on(answer: Answer) -> None:
    answer.set_text("```\n" + "x" * 300 + "\n```", growing=False)
    text = card(answer).text
    assert text.horizontalScrollBar().maximum() > 0
    place = QPointF(text.mapTo(answer.window(), text.rect().center()))
    QTest.wheelEvent(answer.window().windowHandle(), place, QPoint(0, -120))
    assert text.horizontalScrollBar().value() == 0
    QTest.wheelEvent(answer.window().windowHandle(), place, QPoint(-120, 0))
    assert text.horizontalScrollBar().value() > 0


def test_code_keeps_its_lines_and_its_height(answer: Answer) -> None:
    answer.set_text("```\n" + "line\n" * 30 + "```", growing=False)
    text = card(answer).text
    assert text.document().blockCount() == 30
    assert text.height() >= text.document().size().height()
    assert text.verticalScrollBar().maximum() == 0


def test_another_language_streams_in_its_own_colours(answer: Answer, theme: ThemeManager) -> None:
    answer.append_text("```py")
    answer.append_text("thon\ndef f(): pass\nx")
    assert theme.theme.color("syntax_function").name() in colours(card(answer), 0)
