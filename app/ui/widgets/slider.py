"""A horizontal slider: a thin groove, the part up to the handle filled, a round handle."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from app.ui.theme import ThemeManager
from app.ui.widgets.painting import FollowsTheme, draw_box, smooth_painter

_HANDLE = 14
_GROOVE = 4
_HEIGHT = 18


class Slider(FollowsTheme, QSlider):
    """A press anywhere puts the handle there; the wheel acts only on a slider that has the focus.

    Signals:
        reset_requested: The handle was double-clicked.
    """

    reset_requested = Signal()

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self._dimmed = False
        self._origin: int | None = None
        self._grip_offset = 0.0
        self._held_by_handle = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.follow_theme(theme)

    def set_dimmed(self, dimmed: bool) -> None:
        """Step back, because what it sets does nothing."""
        self._dimmed = dimmed
        self.update()

    def set_origin(self, position: int) -> None:
        """Fill the groove from here to the handle, for a range with its rest in the middle."""
        self._origin = position
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, _HEIGHT)

    def handle_rect(self) -> QRectF:
        """Where the handle is, in the slider's own coordinates."""
        left = self._centre_of(self.sliderPosition()) - _HANDLE / 2
        return QRectF(left, (self.height() - _HANDLE) / 2, _HANDLE, _HANDLE)

    def _centre_of(self, position: int) -> float:
        steps = max(1, self.maximum() - self.minimum())
        return _HANDLE / 2 + (self.width() - _HANDLE) * (position - self.minimum()) / steps

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        handle = self.handle_rect()
        self._held_by_handle = handle.contains(event.position())
        self._grip_offset = event.position().x() - handle.center().x() if self._held_by_handle else 0.0
        self.setSliderDown(True)
        self._follow_pointer(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._follow_pointer(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        # On the groove, the first press has already brought the handle here.
        if event.button() == Qt.MouseButton.LeftButton and self._held_by_handle:
            self.reset_requested.emit()
        else:
            self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Alt and Ctrl with an arrow move the card that the slider is in.
        if event.modifiers() & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _follow_pointer(self, event: QMouseEvent) -> None:
        travel = max(1, self.width() - _HANDLE)
        share = (event.position().x() - self._grip_offset - _HANDLE / 2) / travel
        self.setSliderPosition(self.minimum() + round(share * (self.maximum() - self.minimum())))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme, handle = self._theme.theme, self.handle_rect()
        groove = QRectF(2, (self.height() - _GROOVE) / 2, self.width() - 4, _GROOVE)
        draw_box(painter, groove, _GROOVE / 2, theme.color("line"))
        start = groove.left() if self._origin is None else self._centre_of(self._origin)
        groove.setLeft(min(start, handle.center().x()))
        groove.setRight(max(start, handle.center().x()))
        draw_box(painter, groove, _GROOVE / 2, theme.color(self._strong_color()))
        self._draw_handle(painter, handle)

    def _draw_handle(self, painter: QPainter, handle: QRectF) -> None:
        theme = self._theme.theme
        color = theme.color(self._strong_color())
        if self.hasFocus():
            halo = theme.color("accent")
            halo.setAlphaF(0.25)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(halo)
            painter.drawEllipse(handle.adjusted(-2, -2, 2, 2))
        painter.setPen(QPen(color, 2))
        painter.setBrush(color if self.isSliderDown() else theme.color("surface"))
        painter.drawEllipse(handle.adjusted(1, 1, -1, -1))

    def _strong_color(self) -> str:
        return "faint" if self._dimmed or not self.isEnabled() else "accent"
