"""The transcript: the messages of a chat in one column that follows the end while it streams.

`TranscriptView` is the interface the window knows; how it shows what it is told is its own matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from app.core.conversation import Role
from app.render.markdown import warm_up
from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.transcript.anchor import Anchor
from app.ui.transcript.assistant_row import AssistantRow
from app.ui.transcript.block_format import BLEED
from app.ui.transcript.column import Column
from app.ui.transcript.jump_button import JumpButton
from app.ui.transcript.link_dialog import LinkDialog
from app.ui.transcript.look import Look
from app.ui.transcript.message_slot import MessageSlot, Row
from app.ui.transcript.message_view import MessageView
from app.ui.transcript.user_row import UserRow

__all__ = ["COLUMN_WIDTH", "MessageView", "TranscriptView"]

COLUMN_WIDTH = 704
MARGIN = 16
"""Least distance of the column to the edges of the window, in pixels."""
_TOP = 22
_BOTTOM = 24
_GAP = 18
_GAP_AFTER_ACTIONS = 8
"""Below an answer, whose actions keep their room, stands less."""
_REATTACH = 32
"""Pixels from the end within which a reader who scrolls down is taken to want to follow again."""
_BUTTON_FROM = 80
_CHEAP_MS = 8.0
_REST = 3
"""A flush that took longer than `_CHEAP_MS` is followed by a rest of so many times that, so that a text
that is dear to lay out slows its own picture and not the window."""

_WARM_UP_MS = 400
"""After the window is there and before a person has typed anything."""


class TranscriptView(QScrollArea):
    """Shows messages, tells what the reader wants done with them.

    Signals:
        copy_requested(str, str): Message id; "answer" or "thinking".
        regenerate_requested(str), continue_requested(str), retry_requested(str): Message id.
        edit_requested(str, str): Message id and the new text.
        version_requested(str, int): Message id; -1 for the version before, 1 for the one after.
        link_activated(str): The reader has seen an address and wants it opened.
    """

    copy_requested = Signal(str, str)
    regenerate_requested = Signal(str)
    continue_requested = Signal(str)
    retry_requested = Signal(str)
    edit_requested = Signal(str, str)
    version_requested = Signal(str, int)
    link_activated = Signal(str)

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = Look(theme, icons)
        self._slots: dict[str, MessageSlot] = {}
        self._pending: list[tuple[str, str, str, int]] = []
        self._following = True
        self._adjusting = False
        self._last_value = 0
        self._anchor: Anchor | None = None
        self._content = QWidget()
        self._column = Column(self._content)
        self._jump = JumpButton(theme, icons, self)
        self._rest = _single_shot(self, 0)
        self._warm_up = _single_shot(self, _WARM_UP_MS)
        self._set_up_area()
        self._connect(theme)

    # -- messages --------------------------------------------------------------------------------

    def set_messages(self, views: Sequence[MessageView]) -> None:
        """Show a path of messages. Those that are shown already keep their place and their state."""
        self._flush()
        known = set(self._slots)
        shown_before = any(view.message.id in known for view in views)
        new_answer = bool(views) and views[-1].message.id not in known and views[-1].is_streaming
        if not shown_before or new_answer:
            self._following = True
        with self._column.one_layout():
            self._remove_others({view.message.id for view in views})
            for index, view in enumerate(views):
                self._put(index, view)
        self._tell_rows()
        self._settle()

    def update_message(self, view: MessageView) -> None:
        """A message of the path has a new state."""
        self._flush()
        slot = self._slots.get(view.message.id)
        if slot is not None:
            slot.show_view(view)
            self._tell_rows()

    def append_thinking(self, message_id: str, text: str, tokens: int = 0) -> None:
        """The thought of a message goes on; `tokens` is how many came, 0 if nobody counts."""
        self._receive(message_id, text, "", tokens)

    def append_answer(self, message_id: str, text: str) -> None:
        """The answer of a message goes on."""
        self._receive(message_id, "", text, 0)

    def end_thinking(self, message_id: str, seconds: float, tokens: int) -> None:
        """The thought of a message is over."""
        self._flush()
        row = self._assistant_row(message_id)
        if row is not None:
            row.end_thinking(seconds, tokens)

    def set_progress(self, message_id: str, text: str) -> None:
        """What happens before the first token of a message; "" for nothing to say."""
        row = self._assistant_row(message_id)
        if row is not None:
            row.set_progress(text)

    def begin_edit(self, message_id: str) -> None:
        """Open the field in which a person's message is edited."""
        slot = self._slots.get(message_id)
        row = slot.realise() if slot is not None else None
        if isinstance(row, UserRow):
            row.begin_edit()
            self.ensureWidgetVisible(row, 0, MARGIN)

    def shown_text(self) -> dict[str, str]:
        """What the widgets of the last answer show: `thinking`, `answer` and `status`."""
        self._flush()
        for slot in reversed(self._ordered_slots()):
            row = slot.realise()
            if isinstance(row, AssistantRow):
                return row.shown_text()
        return {"thinking": "", "answer": "", "status": ""}

    def row(self, message_id: str) -> Row:
        """The widgets of a message, made if need be."""
        return self._slots[message_id].realise()

    # -- the end ---------------------------------------------------------------------------------

    @property
    def is_following(self) -> bool:
        """The end stays in view while text comes."""
        return self._following

    def jump_to_end(self) -> None:
        """Show the end, and follow it from now on."""
        self._following = True
        self._settle()

    # -- Qt --------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Qt moves the scroll bar here to what fits; that is no wish of the reader's.
        self._adjusting = True
        super().resizeEvent(event)
        self._adjusting = False
        self._settle()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._settle()
        self._warm_up.start()

    def wheelEvent(self, event: QWheelEvent) -> None:
        # At the very end a turn upwards must let go even if the text that comes keeps the end in place.
        if event.angleDelta().y() > 0 and self.verticalScrollBar().maximum() > 0:
            self._following = False
        super().wheelEvent(event)

    # -- inside ----------------------------------------------------------------------------------

    def _set_up_area(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Messages")
        self.setWidget(self._content)
        self.viewport().setAutoFillBackground(False)
        self._content.setAutoFillBackground(False)
        self.verticalScrollBar().setSingleStep(40)

    def _connect(self, theme: ThemeManager) -> None:
        theme.changed.connect(self._on_look_changed)
        theme.fonts_changed.connect(self._on_look_changed)
        self._column.height_changed.connect(self._settle)
        self._jump.clicked.connect(self.jump_to_end)
        self._rest.timeout.connect(self._flush)
        self._warm_up.timeout.connect(warm_up)
        self.verticalScrollBar().valueChanged.connect(self._on_scroll_bar_value_changed)

    def _ordered_slots(self) -> list[MessageSlot]:
        return [slot for slot in self._column.widgets() if isinstance(slot, MessageSlot)]

    def _put(self, index: int, view: MessageView) -> None:
        slot = self._slots.get(view.message.id)
        if slot is None:
            slot = MessageSlot(view, self._look, self._connect_row)
            self._slots[view.message.id] = slot
            self._column.insert(index, slot)
        else:
            self._column.move_to(slot, index)
            slot.show_view(view)
        self._column.set_place(index, _GAP_AFTER_ACTIONS if view.message.role is Role.USER else _GAP, 0)

    def _remove_others(self, kept: set[str]) -> None:
        for message_id in set(self._slots) - kept:
            slot = self._slots.pop(message_id)
            self._column.discard(self._column.widgets().index(slot))

    def _connect_row(self, row: Row) -> None:
        row.copy_requested.connect(self.copy_requested)
        row.version_requested.connect(self.version_requested)
        row.caret_moved.connect(self._on_row_caret_moved)
        if isinstance(row, UserRow):
            row.edit_requested.connect(self.edit_requested)
            return
        row.regenerate_requested.connect(self.regenerate_requested)
        row.continue_requested.connect(self.continue_requested)
        row.retry_requested.connect(self.retry_requested)
        row.link_clicked.connect(self._on_row_link_clicked)

    def _tell_rows(self) -> None:
        slots = self._ordered_slots()
        busy = any(slot.view.is_streaming for slot in slots)
        for slot in slots:
            slot.set_busy(busy)
            slot.set_last(slot is slots[-1])

    def _assistant_row(self, message_id: str) -> AssistantRow | None:
        slot = self._slots.get(message_id)
        row = slot.realise() if slot is not None else None
        return row if isinstance(row, AssistantRow) else None

    # Text that comes.

    def _receive(self, message_id: str, thinking: str, answer: str, tokens: int) -> None:
        if message_id in self._slots:
            self._pending.append((message_id, thinking, answer, tokens))
            if not self._rest.isActive():
                self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        begin = perf_counter()
        pending, self._pending = self._pending, []
        for message_id in dict.fromkeys(entry[0] for entry in pending):
            self._show_text(message_id, [entry for entry in pending if entry[0] == message_id])
        spent = (perf_counter() - begin) * 1000
        if spent > _CHEAP_MS:
            self._rest.start(round(_REST * spent))

    def _show_text(self, message_id: str, entries: list[tuple[str, str, str, int]]) -> None:
        row = self._assistant_row(message_id)
        if row is None:
            return
        thinking = "".join(entry[1] for entry in entries)
        answer = "".join(entry[2] for entry in entries)
        if thinking:
            row.append_thinking(thinking, sum(entry[3] for entry in entries))
        if answer:
            row.append_answer(answer)

    # Layout and scrolling. Every change of a height or of the window ends in `_settle`.

    def _settle(self) -> None:
        """Lay out, keep in place what the reader looks at, and make the rows that came into view."""
        if self._adjusting:
            return
        self._adjusting = True
        try:
            self._lay_out()
            while self._realise_visible():
                self._lay_out()
        finally:
            self._adjusting = False
        self._remember_place()
        self._place_button()

    def _lay_out(self) -> None:
        # Measured without the scroll bar, so that the column stays where it is when the bar appears.
        column = max(1, min(COLUMN_WIDTH, self.width() - 2 * MARGIN))
        left = (self.width() - column) // 2 - BLEED
        height = self._column.fit(column + 2 * BLEED)
        self._column.setGeometry(left, _TOP, column + 2 * BLEED, height)
        total = max(_TOP + height + _BOTTOM, self.viewport().height())
        self._content.resize(self.viewport().width(), total)
        bar = self.verticalScrollBar()
        bar.setRange(0, total - self.viewport().height())
        if self._following:
            bar.setValue(bar.maximum())
        elif self._anchor is not None and (value := self._anchor.value_for(self._content)) is not None:
            bar.setValue(value)

    def _realise_visible(self) -> bool:
        """Make the rows within a screen of what is in view; True if one was made."""
        if not self.isVisible():
            return False
        height = self.viewport().height()
        top = self.verticalScrollBar().value() - _TOP
        made = False
        for slot in self._ordered_slots():
            place = slot.geometry()
            if slot.row is None and place.bottom() > top - height and place.top() < top + 2 * height:
                slot.realise()
                made = True
        return made

    def _remember_place(self) -> None:
        self._last_value = self.verticalScrollBar().value()
        self._anchor = None if self._following else Anchor.at(self._content, self._last_value)

    def _place_button(self) -> None:
        bar = self.verticalScrollBar()
        self._jump.setVisible(not self._following and bar.maximum() - bar.value() > _BUTTON_FROM)
        size = self._jump.width()
        self._jump.move((self.width() - size) // 2, self.height() - size - 12)

    def _on_scroll_bar_value_changed(self, value: int) -> None:
        if self._adjusting:
            return
        if value < self._last_value:
            self._following = False
        elif self.verticalScrollBar().maximum() - value <= _REATTACH:
            self._following = True
        self._remember_place()
        self._settle()

    def _on_look_changed(self, _look: object) -> None:
        self._look.refresh()
        with self._column.one_layout():
            for slot in self._ordered_slots():
                slot.restyle()
        self._settle()

    def _on_row_caret_moved(self, widget: QWidget, rect: QRect) -> None:
        place = widget.mapTo(self._content, rect.center())
        self.ensureVisible(place.x(), place.y(), 0, 40)

    def _on_row_link_clicked(self, address: str) -> None:
        dialog = LinkDialog(address, self._look, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.confirmed.connect(self.link_activated)
        dialog.open()


def _single_shot(parent: QWidget, milliseconds: int) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    return timer
