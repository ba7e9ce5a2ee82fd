"""What the widgets that paint themselves share."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.ui.theme import ThemeManager


class FollowsTheme:
    """Mixed into a widget that paints itself: it repaints and re-measures with the theme and the text size."""

    def follow_theme(self, theme: ThemeManager) -> None:
        """Call once, from the widget's constructor."""
        theme.changed.connect(self._on_look_changed)
        theme.fonts_changed.connect(self._on_look_changed)

    def _on_look_changed(self, _look: object) -> None:
        assert isinstance(self, QWidget)
        self.updateGeometry()
        self.update()


def smooth_painter(widget: QWidget) -> QPainter:
    """A painter on `widget` with round edges."""
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    return painter


def draw_box(painter: QPainter, rect: QRectF, radius: float, ground: QColor, line: QColor | None = None) -> None:
    """A rounded box; its one-pixel line lies inside `rect`."""
    painter.setBrush(ground)
    painter.setPen(QPen(line, 1) if line is not None else Qt.PenStyle.NoPen)
    inset = 0.5 if line is not None else 0.0
    painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), radius, radius)


def draw_focus_ring(painter: QPainter, rect: QRectF, radius: float, color: QColor) -> None:
    """The two-pixel ring that says where the keyboard is."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, 2))
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)


def set_style_property(widget: QWidget, name: str, value: object) -> None:
    """Set a dynamic property that the style sheet asks about, and have the widget styled anew."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
