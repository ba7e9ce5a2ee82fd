"""The round button that brings a reader back to the end."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

from app.ui.icons import ICON_SIZE, IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import ThemedButton
from app.ui.widgets.painting import draw_box, draw_focus_ring, smooth_painter

_SIZE = 36


class JumpButton(ThemedButton):
    """Lies over the transcript while the end is out of view."""

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(theme, icons, parent)
        self.setFixedSize(_SIZE, _SIZE)
        self.setToolTip("Jump to the end")
        self.setAccessibleName("Jump to the end")
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme, rect = self._theme.theme, QRectF(self.rect())
        ground = theme.color("hover" if self._hovered else "surface")
        draw_box(painter, rect, _SIZE / 2, ground, theme.color("line"))
        if self.hasFocus():
            draw_focus_ring(painter, rect, _SIZE / 2, theme.color("accent"))
        self._draw_icon(painter, "arrow-down", (_SIZE - ICON_SIZE) // 2, "text")
