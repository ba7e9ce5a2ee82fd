"""A card with source code: its language, Copy, colours, and sideways scrolling."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QGuiApplication,
    QPaintEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextLayout,
    QWheelEvent,
)
from PySide6.QtWidgets import QTextBrowser, QWidget

from app.render.highlight import Line, StreamingHighlighter, highlight, highlighted_lines, is_worth_lexing
from app.render.markdown import Block
from app.ui.transcript.copy_button import CopyButton
from app.ui.transcript.look import Look
from app.ui.transcript.text_piece import TextPiece
from app.ui.widgets.painting import draw_box, smooth_painter

_HEADER_PADDING = 13
_PADDING = 14
_TOP_PADDING = 9
_LINE_HEIGHT = 1.54
_SLICE_SECONDS = 0.002
"""Code is coloured while nothing else happens, so much at a time."""
_AT_ONCE = 600
"""Characters that are coloured without waiting: less than 2 ms."""


class CodeText(TextPiece):
    """The code itself: fixed width, never wrapped."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look.theme, parent)
        self._look = look
        self._code = ""
        self._colours: list[Line] = []
        self.setLineWrapMode(QTextBrowser.LineWrapMode.NoWrap)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setAccessibleName("Code")
        self.restyle()

    @property
    def code(self) -> str:
        """What it shows."""
        return self._code

    def set_code(self, code: str) -> None:
        """Show `code`; what was shown already and only goes on stays untouched."""
        with self.editing() as cursor:
            if not code.startswith(self._code):
                cursor.select(QTextCursor.SelectionType.Document)
                cursor.removeSelectedText()
                self._colours.clear()
                self._code = ""
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(code[len(self._code) :], self._plain)
        self._code = code

    def colour_line(self, number: int, line: Line) -> None:
        """Colour the line `number`, from 0; those before it have been coloured."""
        if number == len(self._colours):
            self._colours.append(line)
        elif self._colours[number] == line:
            return
        self._colours[number] = line
        self._apply(number, line)

    def restyle(self) -> None:
        """Take the fonts and colours of the look."""
        code, colours = self._code, self._colours
        self._code, self._colours = "", []
        fonts = self._look.theme.fonts
        self._plain = QTextCharFormat()
        self._plain.setFont(fonts.code)
        self.document().clear()
        self._set_up_document()
        self._set_margins()
        pitch = QTextBlockFormat()
        height = round(fonts.code.pixelSize() * _LINE_HEIGHT)
        pitch.setLineHeight(height, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        cursor = QTextCursor(self.document())
        cursor.setBlockFormat(pitch)
        cursor.setBlockCharFormat(self._plain)
        self.set_code(code)
        for number, line in enumerate(colours):
            self.colour_line(number, line)

    def wheelEvent(self, event: QWheelEvent) -> None:
        sideways = event.angleDelta().x() or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if sideways and self.horizontalScrollBar().maximum():
            QTextBrowser.wheelEvent(self, event)
        else:
            event.ignore()

    def _wrap_at(self, width: int) -> None:
        """Code keeps its lines."""

    def _text_height(self) -> int:
        too_wide = self.document().size().width() > self._fitted_width
        return super()._text_height() + (self.horizontalScrollBar().sizeHint().height() if too_wide else 0)

    def _set_margins(self) -> None:
        frame = self.document().rootFrame().frameFormat()
        frame.setLeftMargin(_PADDING)
        frame.setRightMargin(_PADDING)
        frame.setTopMargin(_TOP_PADDING)
        frame.setBottomMargin(_TOP_PADDING)
        self.document().rootFrame().setFrameFormat(frame)

    def _apply(self, number: int, line: Line) -> None:
        block = self.document().findBlockByNumber(number)
        ranges: list[QTextLayout.FormatRange] = []
        start = 0
        for text, colour in line:
            length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
            if colour:
                ranges.append(_range(start, length, self._look.theme.theme.color(colour)))
            start += length
        block.layout().setFormats(ranges)
        self.document().markContentsDirty(block.position(), block.length())


def _range(start: int, length: int, colour: QColor) -> QTextLayout.FormatRange:
    made = QTextLayout.FormatRange()
    made.start = start
    made.length = length
    made.format.setForeground(colour)
    return made


class CodeCard(QWidget):
    """Header and code. While the fence is open new lines are coloured one by one, afterwards all of them anew.

    Signals:
        height_changed: What `fit` would return is another number now.
    """

    height_changed = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._block: Block | None = None
        self._streaming: StreamingHighlighter | None = None
        self._streamed_lines = 0
        self._lines: Iterator[tuple[int, Line]] = iter(())
        self.text = CodeText(look, self)
        self.text.height_changed.connect(self._on_text_height_changed)
        self.copy_button = CopyButton("Copy the code", look.theme, look.icons, self)
        self.copy_button.clicked.connect(self._on_copy_clicked)
        self._idle = QTimer(self)
        self._idle.setInterval(0)
        self._idle.timeout.connect(self._on_idle_timeout)
        self.setTabOrder(self.copy_button, self.text)

    def set_block(self, block: Block, *, growing: bool) -> None:
        """Show a code block. `growing` says that more of it may come."""
        before, self._block = self._block, block
        goes_on = before is not None and before.language == block.language and block.code.startswith(before.code)
        self.text.set_code(block.code)
        if growing:
            self._colour_new_lines(block, goes_on)
        elif self._streaming is not None or not goes_on or before != block:
            self._colour_all(block)
        self.text.setAccessibleName(f"Code, {block.language}" if block.language else "Code")
        self.update()

    def fit(self, width: int) -> int:
        """Lay out for `width` pixels and return the height that takes."""
        return self._header_height() + 2 + self.text.fit(width - 2)

    def restyle(self) -> None:
        """Take the fonts and colours of the look."""
        self.text.restyle()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        header = self._header_height()
        self.text.setGeometry(QRect(1, header + 1, self.width() - 2, self.height() - header - 2))
        button = QRect(QPoint(0, 0), self.copy_button.sizeHint())
        button.moveTopRight(QPoint(self.width() - 8, (header - button.height()) // 2))
        self.copy_button.setGeometry(button)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme = self._look.theme.theme
        draw_box(painter, QRectF(self.rect()), 10, theme.color("code_ground"), theme.color("line"))
        header = self._header_height()
        painter.fillRect(QRectF(1, header, self.width() - 2, 1), theme.color("line"))
        painter.setFont(self._look.theme.fonts.secondary)
        painter.setPen(theme.color("secondary"))
        area = QRect(_PADDING + 1, 1, self.copy_button.x() - _PADDING - 8, header)
        language = (self._block.language if self._block else "") or "text"
        label = painter.fontMetrics().elidedText(language, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, label)

    def _header_height(self) -> int:
        return QFontMetrics(self._look.theme.fonts.secondary).height() + _HEADER_PADDING

    def _colour_new_lines(self, block: Block, goes_on: bool) -> None:
        """Colour the lines that are complete; the last one still grows."""
        self._idle.stop()
        if self._streaming is None or not goes_on:
            self._streaming = StreamingHighlighter(block.language)
            self._streamed_lines = 0
        for line in block.code.split("\n")[self._streamed_lines : -1]:
            self.text.colour_line(self._streamed_lines, self._streaming.feed(line))
            self._streamed_lines += 1

    def _colour_all(self, block: Block) -> None:
        has_colours, self._streaming = self._streaming is not None, None
        if has_colours and not is_worth_lexing(block.code):
            return
        if len(block.code) <= _AT_ONCE:
            self._idle.stop()
            for number, line in enumerate(highlight(block.code, block.language)):
                self.text.colour_line(number, line)
        else:
            self._lines = enumerate(highlighted_lines(block.code, block.language))
            self._idle.start()

    def _on_idle_timeout(self) -> None:
        end = perf_counter() + _SLICE_SECONDS
        for number, line in self._lines:
            self.text.colour_line(number, line)
            if perf_counter() > end:
                return
        self._idle.stop()

    def _on_text_height_changed(self) -> None:
        self.height_changed.emit()

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self.text.code)
        self.copy_button.say_copied()
