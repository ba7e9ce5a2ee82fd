"""Asks before an address from a model's text is opened."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from app.ui.transcript.look import Look
from app.ui.widgets.buttons import ActionButton

_WIDTH = 460


class LinkDialog(QDialog):
    """Shows the true address, whatever the link's words said.

    Signals:
        confirmed(str): The address may be opened.
    """

    confirmed = Signal(str)

    def __init__(self, address: str, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._address = address
        self.setWindowTitle("Open this address?")
        self.setMinimumWidth(_WIDTH)
        question = QLabel("The model wrote a link. It leads here:")
        shown = QPlainTextEdit(address)
        shown.setReadOnly(True)
        shown.setAccessibleName("Address")
        shown.setFixedHeight(4 * shown.fontMetrics().lineSpacing() + 20)
        shown.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(question)
        layout.addWidget(shown)
        layout.addLayout(self._buttons(look))
        self.cancel_button.setFocus()

    @property
    def address(self) -> str:
        """Where the link leads."""
        return self._address

    def _buttons(self, look: Look) -> QHBoxLayout:
        self.copy_button = ActionButton("Copy address", look.theme, look.icons, icon="copy")
        self.cancel_button = ActionButton("Cancel", look.theme, look.icons)
        self.open_button = ActionButton("Open in browser", look.theme, look.icons, kind="primary")
        self.copy_button.clicked.connect(self._on_copy_clicked)
        self.cancel_button.clicked.connect(self.reject)
        self.open_button.clicked.connect(self._on_open_clicked)
        # Enter must not open what a model wrote.
        self.cancel_button.setDefault(True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.copy_button)
        row.addStretch(1)
        row.addWidget(self.cancel_button)
        row.addWidget(self.open_button)
        return row

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._address)

    def _on_open_clicked(self) -> None:
        self.accept()
        self.confirmed.emit(self._address)
