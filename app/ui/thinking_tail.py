"""The last lines of a thought that streams, fading out at the top."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QWidget

from app.ui.theme import ThemeManager

_LINES = 3
_KEPT_LINES = 12
"""Lines that are laid out before the oldest are dropped: a cut at the start of a line moves no word."""
_LONGEST = 4_000
"""Characters that are looked at when a long text comes at once."""
_LINE_HEIGHT = 1.5


class ThinkingTail(QWidget):
    """Shows the end of what is appended. Its cost does not depend on how long the whole is."""

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = ""
        self._lines: list[str] = []
        self._laid_out = ("", -1)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    @property
    def is_empty(self) -> bool:
        """Nothing has come yet."""
        return not self._text.strip()

    def append(self, text: str) -> None:
        """Add text at the end."""
        self._text = (self._text + text)[-_LONGEST:]
        self.update()

    def clear(self) -> None:
        """Forget everything."""
        self._text = ""
        self.update()

    def restyle(self) -> None:
        """Take the fonts and colours of the theme."""
        self._laid_out = ("", -1)
        self.update()

    def visible_lines(self) -> list[str]:
        """The lines that can be seen, at most three."""
        self._lay_out()
        return self._lines[-_LINES:]

    def height_for_lines(self) -> int:
        """The height of three lines; it does not change while text comes."""
        return _LINES * self._pitch()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._theme.theme
        lines = self.visible_lines()
        painter.setFont(self._theme.fonts.panel)
        painter.setPen(theme.color("thought_text"))
        for index, line in enumerate(lines):
            place = QRectF(0, index * self._pitch(), self.width(), self._pitch())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, line)
        if len(lines) == _LINES:
            self._fade(painter)

    def _pitch(self) -> int:
        return round(self._theme.fonts.panel.pixelSize() * _LINE_HEIGHT)

    def _fade(self, painter: QPainter) -> None:
        clear = self._theme.theme.color("thought_ground")
        veil = QLinearGradient(QPointF(0, 0), QPointF(0, 1.6 * self._pitch()))
        veil.setColorAt(0, clear)
        clear.setAlpha(0)
        veil.setColorAt(1, clear)
        painter.fillRect(self.rect(), veil)

    def _lay_out(self) -> None:
        if self._laid_out == (self._text, self.width()):
            return
        starts = self._wrap()
        if len(starts) > _KEPT_LINES:
            self._text = self._text[starts[len(starts) - _KEPT_LINES // 2] :]
        self._laid_out = (self._text, self.width())

    def _wrap(self) -> list[int]:
        """Break the text into lines; returns where in the text each begins."""
        starts: list[int] = []
        self._lines = []
        position = 0
        for paragraph in self._text.split("\n"):
            if paragraph.strip():
                for start, length in self._wrap_paragraph(paragraph):
                    starts.append(position + start)
                    self._lines.append(paragraph[start : start + length])
            position += len(paragraph) + 1
        return starts

    def _wrap_paragraph(self, paragraph: str) -> list[tuple[int, int]]:
        layout = QTextLayout(paragraph, self._theme.fonts.panel)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.beginLayout()
        spans: list[tuple[int, int]] = []
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(1, self.width()))
            spans.append((line.textStart(), line.textLength()))
        layout.endLayout()
        if len(paragraph) == len(paragraph.encode("utf-16-le")) // 2:
            return spans
        return [_code_points(paragraph, start, length) for start, length in spans]


def _code_points(text: str, start: int, length: int) -> tuple[int, int]:
    """A span in UTF-16 units as one in code points."""
    units = text.encode("utf-16-le")
    first = len(units[: 2 * start].decode("utf-16-le", "replace"))
    return first, len(units[2 * start : 2 * (start + length)].decode("utf-16-le", "replace"))
