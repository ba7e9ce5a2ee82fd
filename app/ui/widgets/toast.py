"""A bar that says what was just done and offers to undo it, at the foot of a window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import IconButton, LinkButton
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.painting import FollowsTheme, draw_box, smooth_painter

SHOWN_MS = 8000
"""Long enough to read a sentence and reach for it."""

_MARGIN = 16
_MAX_WIDTH = 480


class Toast(FollowsTheme, QFrame):
    """Lies over `parent`, centred above its lower edge. It stays while the pointer or the focus is on it.

    Signals:
        undo: Undo was asked for; `expired` does not follow.
        expired: It went, or was replaced by the next, without being undone.
    """

    undo = Signal()
    expired = Signal()

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget) -> None:
        super().__init__(parent)
        self._host = parent
        self._theme = theme
        self._text = ElidedLabel()
        self._undo = LinkButton("Undo", theme, icons, self)
        close = IconButton("close", "Dismiss", theme, icons, self, size=22)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 7, 8, 7)
        layout.setSpacing(8)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._undo)
        layout.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN_MS)
        self._timer.timeout.connect(self._on_timer_timeout)
        self._undo.clicked.connect(self._on_undo_clicked)
        close.clicked.connect(self._on_close_clicked)
        parent.installEventFilter(self)
        self.follow_theme(theme)
        self.hide()

    def show_message(self, text: str, undo: str = "Undo") -> None:
        """Say `text`; `undo` is the label of the link, empty for a message with nothing to undo."""
        if self.isVisible():
            self.expired.emit()
        self._text.setText(text)
        self._undo.setText(undo)
        self._undo.setVisible(bool(undo))
        self.show()
        self.raise_()
        self._place()
        self._timer.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._host:
            self._place()
        return super().eventFilter(watched, event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        if self.isVisible():
            self._timer.start()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        draw_box(smooth_painter(self), QRectF(self.rect()), 9, theme.color("surface"), theme.color("line"))

    def _place(self) -> None:
        host, height = self._host.rect(), self.sizeHint().height()
        width = min(self.sizeHint().width(), _MAX_WIDTH, host.width() - 2 * _MARGIN)
        self.setGeometry((host.width() - width) // 2, host.height() - height - _MARGIN, width, height)

    def _on_timer_timeout(self) -> None:
        if self.isAncestorOf(self.window().focusWidget() or self.window()):
            self._timer.start()
        else:
            self._leave()

    def _on_close_clicked(self) -> None:
        self._leave()

    def _on_undo_clicked(self) -> None:
        self._timer.stop()
        self.hide()
        self.undo.emit()

    def _leave(self) -> None:
        self._timer.stop()
        self.hide()
        self.expired.emit()
