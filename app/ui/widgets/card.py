"""A rounded surface with a one-pixel line that holds what belongs together."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPaintEvent
from PySide6.QtWidgets import QFrame, QWidget

from app.ui.theme import ThemeManager
from app.ui.widgets.painting import FollowsTheme, draw_box, draw_focus_ring, smooth_painter

_RADIUS = 8


class Card(FollowsTheme, QFrame):
    """The surface. Dimmed, it steps back; focused, it wears the focus ring."""

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._dimmed = False
        self.follow_theme(theme)

    @property
    def dimmed(self) -> bool:
        """Whether it steps back."""
        return self._dimmed

    def set_dimmed(self, dimmed: bool) -> None:
        """Step back, because what it holds does nothing."""
        self._dimmed = dimmed
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme, rect = self._theme.theme, QRectF(self.rect())
        suffix = "_dim" if self._dimmed else ""
        draw_box(painter, rect, _RADIUS, theme.color(f"surface{suffix}"), theme.color(f"line{suffix}"))
        if self.hasFocus() and self.focusPolicy() != Qt.FocusPolicy.NoFocus:
            draw_focus_ring(painter, rect, _RADIUS, theme.color("accent"))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()
