"""A flat row that acts: an icon, what it leads to, and a detail at the right."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.icons import ICON_SIZE, IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import ThemedButton
from app.ui.widgets.painting import draw_box, draw_focus_ring, smooth_painter

_PADDING = 10
_GAP = 7
_RADIUS = 7


class RowButton(ThemedButton):
    """As wide as its place; the detail is left out where it has no room."""

    def __init__(
        self, icon: str, label: str, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, icons, parent)
        self._icon = icon
        self._label = label
        self._detail = ""
        self.setText(label)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_detail("")

    def set_detail(self, detail: str) -> None:
        """Show `detail` at the right."""
        self._detail = detail
        self.setAccessibleName(f"{self._label}, {detail}" if detail else self._label)
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self._theme.fonts.panel)
        width = 2 * _PADDING + ICON_SIZE + _GAP + metrics.horizontalAdvance(self._label)
        return QSize(width, metrics.height() + 16)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme, fonts = self._theme.theme, self._theme.fonts
        if self._hovered or self.isDown():
            draw_box(painter, QRectF(self.rect()), _RADIUS, theme.color("pressed" if self.isDown() else "hover"))
        if self.hasFocus():
            draw_focus_ring(painter, QRectF(self.rect()), _RADIUS, theme.color("accent"))
        self._draw_icon(painter, self._icon, _PADDING, "text")
        painter.setFont(fonts.panel)
        painter.setPen(theme.color("text"))
        left = _PADDING + ICON_SIZE + _GAP
        label_width = QFontMetrics(fonts.panel).horizontalAdvance(self._label)
        painter.drawText(left, 0, label_width + 1, self.height(), Qt.AlignmentFlag.AlignVCenter, self._label)
        room = self.width() - left - label_width - _GAP - _PADDING
        if QFontMetrics(fonts.secondary).horizontalAdvance(self._detail) <= room:
            painter.setFont(fonts.secondary)
            painter.setPen(theme.color("secondary"))
            align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(self.width() - _PADDING - room, 0, room, self.height(), align, self._detail)
