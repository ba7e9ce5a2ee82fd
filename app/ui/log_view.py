"""The log, and the report of a mistake of ours: text to read, copy and send on."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication, QShowEvent, QTextCursor
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.services.log_tail import read_log_tail

_MARGIN = 16
_SPACING = 12


class _TextDialog(QDialog):
    """A text in fixed width, a line above it, buttons below it."""

    def __init__(self, title: str, text: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._text = QPlainTextEdit(text)
        self._text.setReadOnly(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        self._rows.setSpacing(_SPACING)
        self._rows.addWidget(self._text, 1)
        self._rows.addLayout(self._buttons)
        copy = QPushButton("Copy")
        copy.clicked.connect(self._on_copy_clicked)
        self._buttons.addWidget(copy)

    def _add_close(self, text: str) -> None:
        close = QPushButton(text)
        close.setDefault(True)
        close.clicked.connect(self._on_close_clicked)
        self._buttons.addStretch(1)
        self._buttons.addWidget(close)
        close.setFocus()

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._copied())

    def _copied(self) -> str:
        return self._text.toPlainText()

    def _on_close_clicked(self) -> None:
        self.accept()


class LogView(_TextDialog):
    """The end of a log file, scrolled to its last line."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__("Log", read_log_tail(path), parent)
        self._folder = path.parent
        self._text.setAccessibleName("Log")
        where = QLabel(str(path))
        where.setProperty("role", "secondary")
        where.setTextFormat(Qt.TextFormat.PlainText)
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        where.setWordWrap(True)
        self._rows.insertWidget(0, where)
        folder = QPushButton("Open folder")
        folder.clicked.connect(self._on_folder_clicked)
        self._buttons.addWidget(folder)
        self._add_close("Close")
        self.resize(860, 560)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._text.moveCursor(QTextCursor.MoveOperation.End)
        self._text.moveCursor(QTextCursor.MoveOperation.StartOfLine)
        bar = self._text.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _on_folder_clicked(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))


class ErrorReportDialog(_TextDialog):
    """Says that the program made a mistake, and gives what is needed to mend it."""

    def __init__(self, message: str, traceback: str, parent: QWidget | None = None) -> None:
        super().__init__("Thinkpane made a mistake", traceback, parent)
        self._message = message
        self._text.setAccessibleName("Details")
        head = QLabel("Thinkpane made a mistake. Your chats are kept, and you can go on.")
        head.setProperty("role", "title")
        head.setWordWrap(True)
        what = QLabel(message)
        what.setProperty("role", "bad")
        what.setTextFormat(Qt.TextFormat.PlainText)
        what.setWordWrap(True)
        self._rows.insertWidget(0, head)
        self._rows.insertWidget(1, what)
        self._add_close("Go on")
        self.resize(680, 420)

    def _copied(self) -> str:
        return f"{self._message}\n\n{super()._copied()}"
