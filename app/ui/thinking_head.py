"""The head line of a thought: a button that folds and opens it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.ui.icons import ICON_SIZE, IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import ThemedButton
from app.ui.widgets.painting import draw_focus_ring, smooth_painter

_LEFT = 14
_GAP = 8


class ThinkingHead(ThemedButton):
    """Chevron, title, detail. Space and Enter press it."""

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(theme, icons, parent)
        self.title = ""
        self.detail = ""
        self._folded = True
        self._right_room = 0
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_words(self, title: str, detail: str, *, folded: bool) -> None:
        """Show other words, and whether the thought is folded."""
        if (title, detail, folded) == (self.title, self.detail, self._folded):
            return
        self.title, self.detail, self._folded = title, detail, folded
        words = [title, detail, "folded" if folded else "open"]
        self.setAccessibleName(", ".join(word for word in words if word))
        self.setToolTip("Show the thought" if folded else "Fold the thought")
        self.update()

    def set_right_room(self, pixels: int) -> None:
        """Leave so much free at the right for what lies over it."""
        self._right_room = pixels

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        chevron = "chevron-right" if self._folded else "chevron-down"
        self._draw_icon(painter, chevron, _LEFT, "thought_text")
        self._draw_words(painter, _LEFT + ICON_SIZE + _GAP)
        if self.hasFocus():
            draw_focus_ring(painter, QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, self._theme.theme.color("accent"))

    def _draw_words(self, painter: QPainter, left: int) -> None:
        bold = QFont(self._theme.fonts.panel)
        bold.setWeight(QFont.Weight.DemiBold)
        right = self.width() - self._right_room
        left = self._draw(painter, self.title, bold, "thought_text", left, right)
        self._draw(painter, self.detail, self._theme.fonts.panel, "secondary", left + _GAP, right)

    def _draw(self, painter: QPainter, text: str, font: QFont, color: str, left: int, right: int) -> int:
        metrics = QFontMetrics(font)
        room = max(0, right - left)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.setFont(font)
        painter.setPen(self._theme.theme.color(color))
        painter.drawText(QRect(left, 0, room + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, shown)
        return left + metrics.horizontalAdvance(shown)
