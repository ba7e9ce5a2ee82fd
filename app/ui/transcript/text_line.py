"""A line of secondary words in the transcript: progress, numbers, states."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QWidget


class TextLine(QLabel):
    """Plain words that wrap; selectable with the mouse.

    Signals:
        height_changed: What `fit` would return is another number now.
    """

    height_changed = Signal()

    def __init__(self, role: str = "secondary", parent: QWidget | None = None) -> None:
        """`role` is a label role of the style sheet."""
        super().__init__(parent)
        self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def say(self, text: str) -> None:
        """Show other words."""
        if text != self.text():
            self.setText(text)
            self.height_changed.emit()

    def fit(self, width: int) -> int:
        """The height that the words take in `width` pixels."""
        return self.heightForWidth(width)
