"""How much of something limited is used: words and a thin bar."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import ThemeManager
from app.ui.widgets.painting import FollowsTheme, draw_box, smooth_painter

_BAR_WIDTH = 84
_BAR_HEIGHT = 6
_GAP = 10
_NEARLY_FULL = 0.9


class Gauge(FollowsTheme, QWidget):
    """Words at the left, the bar at the right; the bar changes colour when little is left."""

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = ""
        self._share = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.follow_theme(theme)

    def set_level(self, text: str, share: float) -> None:
        """Show `text`, and `share` (0 to 1, kept in that range) of the bar filled."""
        self._text = text
        self._share = min(max(share, 0.0), 1.0)
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self._theme.fonts.secondary)
        # One more than the measure, which is rounded: cutting the text to fit goes by the exact width.
        return QSize(metrics.horizontalAdvance(self._text) + 1 + _GAP + _BAR_WIDTH, metrics.height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(_BAR_WIDTH, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme = self._theme.theme
        painter.setFont(self._theme.fonts.secondary)
        painter.setPen(theme.color("secondary"))
        room = self.width() - _BAR_WIDTH - _GAP
        shown = QFontMetrics(painter.font()).elidedText(self._text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(0, 0, room, self.height(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, shown)
        bar = QRectF(self.width() - _BAR_WIDTH, (self.height() - _BAR_HEIGHT) / 2, _BAR_WIDTH, _BAR_HEIGHT)
        draw_box(painter, bar, _BAR_HEIGHT / 2, theme.color("line"))
        if self._share > 0:
            bar.setWidth(max(_BAR_HEIGHT, _BAR_WIDTH * self._share))
            color = "note_text" if self._share >= _NEARLY_FULL else "accent"
            draw_box(painter, bar, _BAR_HEIGHT / 2, theme.color(color))
