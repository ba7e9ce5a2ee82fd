"""What a person wrote: a bubble at the right, which can be edited in its place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, Signal
from PySide6.QtGui import QEnterEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.ui.message_edit import MessageEdit
from app.ui.transcript.actions_row import ActionsRow
from app.ui.transcript.block_format import BLEED
from app.ui.transcript.look import Look
from app.ui.transcript.message_view import MessageView
from app.ui.transcript.plain_text import PlainText
from app.ui.widgets.buttons import ActionButton
from app.ui.widgets.painting import draw_box, smooth_painter

_RADIUS = 14
_WIDEST = 0.77
"""Share of the column that a bubble takes at most."""
_PAD_X = 16
_PAD_Y = 10
_ACTIONS_WIDTH = 152
_LONG_TEXT = 4_000
"""Characters from which on a bubble is simply as wide as it may be: measuring lays the text out once more."""


class UserRow(QWidget):
    """The bubble, with its actions in the free room at its left.

    Signals:
        copy_requested(str, str): Message id, "answer".
        edit_requested(str, str): Message id and the new text.
        version_requested(str, int): Message id, -1 or 1.
        height_changed: What `fit` would return is another number now.
    """

    copy_requested = Signal(str, str)
    edit_requested = Signal(str, str)
    version_requested = Signal(str, int)
    caret_moved = Signal(QWidget, QRect)
    height_changed = Signal()

    def __init__(self, view: MessageView, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._view = view
        self._text = PlainText(look.theme, "text", self)
        self._editor: _Editor | None = None
        self._fitted = (-1, 0)
        self._bubble_width = 0
        self._actions = ActionsRow(look, self)
        self._actions.add("copy", "copy", "Copy message")
        self._actions.add("edit", "pencil", "Edit message")
        self._text.setAccessibleName("Your message")
        self._text.caret_moved.connect(self.caret_moved)
        self._actions.triggered.connect(self._on_actions_triggered)
        self._actions.version_requested.connect(self._on_actions_version_requested)
        self.show_view(view)

    def show_view(self, view: MessageView) -> None:
        """Show another state of the message."""
        self._view = view
        self._text.set_text(view.message.answer.strip())
        self._actions.set_versions(view.version, view.versions)
        self._forget_fit()

    def set_busy(self, busy: bool) -> None:
        """While an answer runs nothing can be asked anew."""
        self._actions.set_available("edit", not busy)

    def fit(self, width: int) -> int:
        """Lay out for `width` pixels and return the height that takes."""
        if self._editor is not None:
            return self._editor.wanted_height()
        if self._fitted[0] != width:
            self._bubble_width = self._wanted_width(width)
            height = self._text.fit(self._bubble_width - 2 * (_PAD_X - BLEED)) + 2 * _PAD_Y
            self._fitted = (width, height)
            self._place()
        return self._fitted[1]

    def restyle(self) -> None:
        """Take the fonts and colours of the look."""
        self._text.restyle()
        self._forget_fit()
        self.update()

    def begin_edit(self) -> None:
        """Turn the bubble into a field with the message's text."""
        if self._editor is not None:
            return
        self._editor = _Editor(self._view.message.answer.strip(), self._look, self)
        self._editor.saved.connect(self._on_editor_saved)
        self._editor.cancelled.connect(self._end_edit)
        self._editor.height_changed.connect(self.height_changed)
        self._text.hide()
        self._actions.hide()
        self._editor.show()
        self.height_changed.emit()
        self._place()
        self._editor.focus()

    @property
    def is_editing(self) -> bool:
        """The field is open."""
        return self._editor is not None

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._actions.set_revealed(True)

    def leaveEvent(self, event: QEvent) -> None:
        self._actions.set_revealed(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._editor is None:
            draw_box(smooth_painter(self), QRectF(self._bubble()), _RADIUS, self._look.theme.theme.color("user_ground"))

    def _wanted_width(self, width: int) -> int:
        column = width - 2 * BLEED
        widest = min(int(column * _WIDEST), column - _ACTIONS_WIDTH if self._view.versions > 1 else column)
        if len(self._text.text) > _LONG_TEXT:
            return widest
        return min(self._text.ideal_width() + 2 * (_PAD_X - BLEED), widest)

    def _forget_fit(self) -> None:
        self._fitted = (-1, 0)
        self.height_changed.emit()

    def _bubble(self) -> QRect:
        return QRect(self.width() - BLEED - self._bubble_width, 0, self._bubble_width, self.height())

    def _place(self) -> None:
        if self._editor is not None:
            self._editor.setGeometry(BLEED, 0, self.width() - 2 * BLEED, self.height())
            return
        bubble = self._bubble()
        self._text.setGeometry(bubble.adjusted(_PAD_X - BLEED, _PAD_Y, BLEED - _PAD_X, -_PAD_Y))
        size = self._actions.sizeHint()
        left = max(0, bubble.left() - size.width() - 4)
        self._actions.setGeometry(left, self.height() - size.height() - 4, size.width(), size.height())

    def _end_edit(self) -> None:
        if self._editor is not None:
            self._editor.hide()
            self._editor.deleteLater()
            self._editor = None
        self._text.show()
        self._actions.show()
        self.height_changed.emit()
        self._place()
        self.update()

    def _on_editor_saved(self, text: str) -> None:
        self._end_edit()
        self.edit_requested.emit(self._view.message.id, text)

    def _on_actions_triggered(self, code: str) -> None:
        if code == "edit":
            self.begin_edit()
        else:
            self.copy_requested.emit(self._view.message.id, "answer")

    def _on_actions_version_requested(self, step: int) -> None:
        self.version_requested.emit(self._view.message.id, step)


class _Editor(QWidget):
    """The field that takes the bubble's place.

    Signals:
        saved(str): The new text, to be sent.
        cancelled: The old text stays.
    """

    saved = Signal(str)
    cancelled = Signal()
    height_changed = Signal()

    def __init__(self, text: str, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._edit = MessageEdit(takes_escape=True)
        self._edit.setAccessibleName("Edit message")
        self._edit.setPlainText(text)
        self._save = ActionButton("Save && send", look.theme, look.icons, kind="primary")
        cancel = ActionButton("Cancel", look.theme, look.icons)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self._save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_PAD_X, 12, 12, 12)
        layout.setSpacing(12)
        layout.addWidget(self._edit)
        layout.addLayout(buttons)
        self._edit.height_changed.connect(self.height_changed)
        self._edit.textChanged.connect(self._on_edit_text_changed)
        self._edit.submitted.connect(self._on_submitted)
        self._edit.cancelled.connect(self.cancelled)
        self._save.clicked.connect(self._on_submitted)
        cancel.clicked.connect(self.cancelled)

    def focus(self) -> None:
        """Put the caret behind the text."""
        self._edit.setFocus()
        self._edit.moveCursor(self._edit.textCursor().MoveOperation.End)

    def wanted_height(self) -> int:
        """What it needs with its text as it is."""
        return self._edit.wanted_height() + self._save.sizeHint().height() + 36

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._look.theme.theme
        draw_box(smooth_painter(self), QRectF(self.rect()), _RADIUS, theme.color("surface"), theme.color("accent"))

    def _on_edit_text_changed(self) -> None:
        self._save.setEnabled(bool(self._edit.toPlainText().strip()))

    def _on_submitted(self) -> None:
        if self._edit.toPlainText().strip():
            self.saved.emit(self._edit.toPlainText())
