"""The place of a message in the transcript: an estimate until it comes near, then the real row."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from app.core.conversation import Role
from app.ui.transcript.assistant_row import AssistantRow
from app.ui.transcript.look import Look
from app.ui.transcript.message_view import MessageView
from app.ui.transcript.user_row import UserRow

Row = UserRow | AssistantRow

_CHARACTER_WIDTH = 0.5
"""Of a character, relative to the font's height: what Latin text comes to."""
_FIXED_HEIGHT = 90


class MessageSlot(QWidget):
    """Holds a message. Making its widgets costs some milliseconds, so that is left until it is in view.

    Signals:
        height_changed: What `fit` would return is another number now.
    """

    height_changed = Signal()

    def __init__(
        self, view: MessageView, look: Look, connect: Callable[[Row], None], parent: QWidget | None = None
    ) -> None:
        """`connect` is given the row once it is made."""
        super().__init__(parent)
        self._look = look
        self._connect = connect
        self._row: Row | None = None
        self._busy = self._is_last = False
        self.view = view

    @property
    def row(self) -> Row | None:
        """The widgets, once they are there."""
        return self._row

    def realise(self) -> Row:
        """Make the widgets, if they are not there yet."""
        if self._row is None:
            kind = AssistantRow if self.view.message.role is Role.ASSISTANT else UserRow
            self._row = kind(self.view, self._look, self)
            self._connect(self._row)
            self._row.set_busy(self._busy)
            self._tell_last()
            self._row.height_changed.connect(self.height_changed)
            self._row.show()
            self.height_changed.emit()
        return self._row

    def show_view(self, view: MessageView) -> None:
        """Show another state of the message."""
        if view == self.view:
            return
        self.view = view
        if self._row is not None:
            self._row.show_view(view)

    def set_busy(self, busy: bool) -> None:
        """While an answer runs nothing can be asked anew."""
        if busy != self._busy:
            self._busy = busy
            if self._row is not None:
                self._row.set_busy(busy)

    def set_last(self, is_last: bool) -> None:
        """It is the last message."""
        self._is_last = is_last
        self._tell_last()

    def restyle(self) -> None:
        """Take the fonts and colours of the look."""
        if self._row is not None:
            self._row.restyle()

    def fit(self, width: int) -> int:
        """The height in pixels for a width; an estimate before `realise`."""
        return self._row.fit(width) if self._row is not None else self._estimate(width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _place(self) -> None:
        if self._row is not None:
            self._row.setGeometry(self.rect())

    def _tell_last(self) -> None:
        if isinstance(self._row, AssistantRow):
            self._row.set_last(self._is_last)

    def _estimate(self, width: int) -> int:
        text = self.view.message.answer
        size = self._look.theme.fonts.text.pixelSize()
        per_line = max(1, width / (size * _CHARACTER_WIDTH))
        lines = len(text) / per_line + 0.75 * text.count("\n") + 1
        return round(lines * self._look.formats.line_height) + _FIXED_HEIGHT
