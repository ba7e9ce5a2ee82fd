"""A field for a message: grows with its text, sends on Enter, takes plain text only."""

from __future__ import annotations

import math

from PySide6.QtCore import QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QInputMethodEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

MAX_LINES = 8
_RETURN_KEYS = {Qt.Key.Key_Return, Qt.Key.Key_Enter}
_BREAKING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier
_SENDING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier


class MessageEdit(QPlainTextEdit):
    """As high as its text, up to `MAX_LINES`; then it scrolls.

    Signals:
        submitted: Enter was pressed (or Ctrl+Enter, where Enter breaks the line).
        cancelled: Escape was pressed; only emitted when `takes_escape` is set.
        height_changed: It has grown or shrunk.
        focus_changed: The keyboard came or went.
    """

    submitted = Signal()
    cancelled = Signal()
    height_changed = Signal()
    focus_changed = Signal()

    def __init__(self, parent: QWidget | None = None, *, takes_escape: bool = False) -> None:
        super().__init__(parent)
        self._takes_escape = takes_escape
        self._sends_on_enter = True
        self._composing = self._resizing = False
        self._height = 0
        self._adapt_soon = QTimer(self)
        self._adapt_soon.setSingleShot(True)
        self._adapt_soon.setInterval(0)
        self._adapt_soon.timeout.connect(self._adapt)
        self.setProperty("role", "bare")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self._on_document_size_changed)
        self._adapt()

    def set_send_on_enter(self, sends: bool) -> None:
        """Whether Enter sends and Shift+Enter breaks the line, or Enter breaks it and Ctrl+Enter sends."""
        self._sends_on_enter = sends

    def wanted_height(self) -> int:
        """The height of its text in pixels, at most `MAX_LINES` lines."""
        lines = min(self._line_count(), MAX_LINES)
        return math.ceil(lines * self.fontMetrics().lineSpacing()) + 2

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.wanted_height())

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.wanted_height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # While an input method composes, Enter chooses a candidate.
        if event.key() in _RETURN_KEYS and not self._composing:
            self._on_return(event)
        elif event.key() == Qt.Key.Key_Escape and self._takes_escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self._composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def insertFromMimeData(self, source: QMimeData) -> None:
        if source.hasText():
            self.insertPlainText(source.text())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._resizing = True
        super().resizeEvent(event)
        self._resizing = False
        # Qt loses a change of size that happens inside this event.
        self._adapt_soon.start()

    def _on_return(self, event: QKeyEvent) -> None:
        sending = bool(event.modifiers() & _SENDING)
        breaking = bool(event.modifiers() & _BREAKING)
        if sending or (self._sends_on_enter and not breaking):
            self.submitted.emit()
        else:
            self.insertPlainText("\n")
            self.ensureCursorVisible()

    def _line_count(self) -> int:
        return max(1, math.ceil(self.document().size().height()))

    def _on_document_size_changed(self) -> None:
        if not self._resizing:
            self._adapt()

    def _adapt(self) -> None:
        scrolls = self._line_count() > MAX_LINES
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if scrolls else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        height = self.wanted_height()
        if height != self._height:
            self._height = height
            self.setFixedHeight(height)
            self.height_changed.emit()
