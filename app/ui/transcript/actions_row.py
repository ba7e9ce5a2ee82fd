"""The buttons under a message, shown while the pointer or the keyboard is there; their room stays."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QGraphicsOpacityEffect, QHBoxLayout, QLabel, QWidget

from app.ui.transcript.look import Look
from app.ui.widgets.buttons import IconButton

_FOCUS_EVENTS = {QEvent.Type.FocusIn, QEvent.Type.FocusOut}


class ActionsRow(QWidget):
    """A row of icon buttons and the arrows between versions.

    Signals:
        triggered(str): The action with this code was asked for.
        version_requested(int): -1 for the version before, 1 for the one after.
        height_changed: Never; a row keeps its height.
    """

    triggered = Signal(str)
    version_requested = Signal(int)
    height_changed = Signal()

    HEIGHT = 28

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._buttons: dict[str, IconButton] = {}
        self._revealed = self._focused = False
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._build_versions()
        self._layout.addStretch(1)
        self._effect = QGraphicsOpacityEffect(self)
        self._effect.setOpacity(0.0)
        self.setGraphicsEffect(self._effect)

    def add(self, code: str, icon: str, tooltip: str) -> None:
        """Add a button before the arrows."""
        button = IconButton(icon, tooltip, self._look.theme, self._look.icons, self)
        button.setProperty("code", code)
        button.clicked.connect(self._on_button_clicked)
        button.installEventFilter(self)
        self._layout.insertWidget(len(self._buttons), button)
        self._buttons[code] = button

    def button(self, code: str) -> IconButton:
        """The button of an action."""
        return self._buttons[code]

    def set_available(self, code: str, available: bool) -> None:
        """Show an action only where it can be done."""
        self._buttons[code].setVisible(available)

    def set_versions(self, version: int, versions: int) -> None:
        """Show "2 of 3" with arrows where there are several."""
        self._versions.setVisible(versions > 1)
        self._label.setText(f"{version + 1} of {versions}")
        self._previous.setEnabled(version > 0)
        self._next.setEnabled(version + 1 < versions)

    def set_revealed(self, revealed: bool) -> None:
        """Show the row, as while the pointer is on the message."""
        self._revealed = revealed
        self._apply()

    @property
    def is_revealed(self) -> bool:
        """The row can be seen."""
        return self._effect.opacity() > 0

    def fit(self, width: int) -> int:
        """The height of the row."""
        return self.HEIGHT

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _FOCUS_EVENTS:
            self._focused = event.type() == QEvent.Type.FocusIn
            self._apply()
        return False

    def _build_versions(self) -> None:
        look = self._look
        self._versions = QWidget(self)
        self._previous = IconButton("chevron-left", "Previous version", look.theme, look.icons, size=22)
        self._next = IconButton("chevron-right", "Next version", look.theme, look.icons, size=22)
        self._label = QLabel()
        self._label.setProperty("role", "secondary")
        row = QHBoxLayout(self._versions)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(0)
        for widget in (self._previous, self._label, self._next):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        self._previous.clicked.connect(self._on_previous_clicked)
        self._next.clicked.connect(self._on_next_clicked)
        self._previous.installEventFilter(self)
        self._next.installEventFilter(self)
        self._versions.hide()
        self._layout.addWidget(self._versions)

    def _apply(self) -> None:
        self._effect.setOpacity(1.0 if self._revealed or self._focused else 0.0)

    def _on_button_clicked(self) -> None:
        self.triggered.emit(self.sender().property("code"))

    def _on_previous_clicked(self) -> None:
        self.version_requested.emit(-1)

    def _on_next_clicked(self) -> None:
        self.version_requested.emit(1)
