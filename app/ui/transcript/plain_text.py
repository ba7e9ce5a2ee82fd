"""Plain text as a piece of the transcript: what a person wrote, or what a model thought."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QFont, QTextBlock, QTextBlockFormat, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QWidget

from app.ui.theme import ThemeManager
from app.ui.transcript.text_piece import TextPiece

BLOCK_CHARACTERS = 2_000
"""A line of text longer than this is cut: editing one QTextBlock costs as much as it is long."""

_CONTINUED = QTextFormat.Property.UserProperty.value + 4
_LINE_HEIGHT = 1.5


class PlainText(TextPiece):
    """Text as it stands, selectable. Adding to it costs as much as is added."""

    def __init__(self, theme: ThemeManager, color: str, parent: QWidget | None = None, *, small: bool = False) -> None:
        """`color` is the name of a colour of the theme; `small` takes the font of panels."""
        super().__init__(theme, parent)
        self._color = color
        self._small = small
        self._text = ""
        self._line_length = 0
        self.restyle()

    @property
    def text(self) -> str:
        """What it shows."""
        return self._text

    def set_text(self, text: str) -> None:
        """Show `text` in place of what is shown."""
        if text != self._text:
            self._text = ""
            self._start_empty()
            self.append_text(text)

    def append_text(self, text: str) -> None:
        """Add text at the end."""
        self._text += text
        with self.editing() as cursor:
            cursor.movePosition(QTextCursor.MoveOperation.End)
            for index, line in enumerate(text.split("\n")):
                if index:
                    cursor.insertBlock(self._block_format(continued=False), self._char_format())
                    self._line_length = 0
                self._insert_line(cursor, line)

    def restyle(self) -> None:
        """Take the fonts and colours of the theme."""
        text, self._text = self._text, ""
        self._start_empty()
        self.append_text(text)

    def selected_text(self) -> str:
        caret = self.textCursor()
        start, end = caret.selectionStart(), caret.selectionEnd()
        return "".join(_selected_parts(self.document().findBlock(start), start, end))

    def _start_empty(self) -> None:
        self._line_length = 0
        self.document().clear()
        self._set_up_document()
        cursor = QTextCursor(self.document())
        cursor.setBlockFormat(self._block_format(continued=False))
        cursor.setBlockCharFormat(self._char_format())

    def _insert_line(self, cursor: QTextCursor, line: str) -> None:
        while self._line_length + len(line) > BLOCK_CHARACTERS:
            room = BLOCK_CHARACTERS - self._line_length
            cut = line.rfind(" ", 0, room) + 1 or room
            cursor.insertText(line[:cut], self._char_format())
            cursor.insertBlock(self._block_format(continued=True), self._char_format())
            line, self._line_length = line[cut:], 0
        cursor.insertText(line, self._char_format())
        self._line_length += len(line)

    def _block_format(self, *, continued: bool) -> QTextBlockFormat:
        made = QTextBlockFormat()
        height = round(self._font().pixelSize() * _LINE_HEIGHT)
        made.setLineHeight(height, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        if continued:
            made.setProperty(_CONTINUED, True)
        return made

    def _char_format(self) -> QTextCharFormat:
        made = QTextCharFormat()
        made.setFont(self._font())
        made.setForeground(self._theme.theme.color(self._color))
        return made

    def _font(self) -> QFont:
        return self._theme.fonts.panel if self._small else self._theme.fonts.text


def _selected_parts(block: QTextBlock, start: int, end: int) -> Iterator[str]:
    """The selected text block by block; what was cut only to be shown comes out whole."""
    first = True
    while block.isValid() and block.position() <= end:
        if not first and not block.blockFormat().hasProperty(_CONTINUED):
            yield "\n"
        text = block.text().encode("utf-16-le")
        left = max(start - block.position(), 0) * 2
        yield text[left : max(end - block.position(), 0) * 2].decode("utf-16-le", "replace")
        block, first = block.next(), False
