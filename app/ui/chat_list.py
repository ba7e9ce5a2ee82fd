"""The list of chats: how its rows look, how a title is edited in place, what keys and clicks ask for."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QListView, QStyle, QStyledItemDelegate, QWidget
from PySide6.QtWidgets import QStyleOptionViewItem as StyleOption

from app.item_models.chats import ChatListModel, ChatRole
from app.ui.theme import ThemeManager
from app.ui.widgets.painting import draw_box, draw_focus_ring

Index = QModelIndex | QPersistentModelIndex

LIST_MARGIN = 12
"""Kept free at the right of the rows; the scroll bar comes to lie there."""
_PADDING = 10
_PILL_GAP = 2
"""Above and below the ground of a row, so that two of them never touch."""
_RADIUS = 7
_HEADER_DROP = 4
"""A header stands nearer to the rows it heads than to those above."""
_MAX_TITLE = 200
_UNTITLED = "New chat"


class ChatListView(QListView):
    """The open chat is the selected one; the keyboard moves a focus of its own, and Return opens.

    Signals:
        chat_activated(str): A click, or Return on the focused chat.
        renamed(str, str): The id and the title that was written.
        delete_requested(str)
        menu_requested(QPoint): In global coordinates, for the focused chat.
    """

    chat_activated = Signal(str)
    renamed = Signal(str, str)
    delete_requested = Signal(str)
    menu_requested = Signal(QPoint)

    def __init__(self, chats: ChatListModel, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chats = chats
        self._open_chat: str | None = None
        self._delegate = _ChatDelegate(theme, self)
        self.setModel(chats)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Chats")
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(self._on_clicked)
        self._delegate.renamed.connect(self.renamed)
        chats.rowsInserted.connect(self._on_chats_rows_inserted)
        theme.changed.connect(self._on_look_changed)
        theme.fonts_changed.connect(self._on_look_changed)

    def set_open_chat(self, chat_id: str | None) -> None:
        """Select a chat and bring it into sight; None selects nothing."""
        self._open_chat = chat_id
        index = self._chats.index_of(chat_id) if chat_id else QModelIndex()
        self._select(index)
        self.setCurrentIndex(index)
        if index.isValid():
            self.scrollTo(index)

    def focused_chat(self) -> str:
        """The chat the keyboard is on; "" if on none."""
        return self.currentIndex().data(ChatRole.ID) or ""

    def focus_first(self) -> None:
        """Put the keyboard on the first chat, if there is one."""
        if self._chats.rowCount():
            self.setCurrentIndex(self._chats.index(1))  # below its header
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def edit_title(self, chat_id: str) -> None:
        """Open the editor on a chat's title, if the chat is shown."""
        index = self._chats.index_of(chat_id)
        if index.isValid():
            self.scrollTo(index)
            self.setCurrentIndex(index)
            self.edit(index)

    def selectionCommand(self, index: Index, event: QEvent | None = None) -> QItemSelectionModel.SelectionFlag:
        # Only the program selects: what is asked for here may be refused, or take a while.
        return QItemSelectionModel.SelectionFlag.NoUpdate

    def event(self, event: QEvent) -> bool:
        # F2 is a shortcut of the window as well, for the open chat; here it is for the focused one.
        if event.type() == QEvent.Type.ShortcutOverride and cast(QKeyEvent, event).key() == Qt.Key.Key_F2:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        chat_id = self.focused_chat()
        if not chat_id or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chat_activated.emit(chat_id)
        elif event.key() == Qt.Key.Key_F2:
            self.edit_title(chat_id)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_requested.emit(chat_id)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        index = self.indexAt(event.pos()) if by_mouse else self.currentIndex()
        if index.data(ChatRole.ID):
            self.setCurrentIndex(index)
            middle = self.viewport().mapToGlobal(self.visualRect(index).center())
            self.menu_requested.emit(event.globalPos() if by_mouse else middle)

    def _select(self, index: QModelIndex) -> None:
        flag = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(index, flag.ClearAndSelect if index.isValid() else flag.Clear)

    def _on_chats_rows_inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        """The open chat may come into the list, or come back when a search is cleared."""
        for row in range(first, last + 1):
            index = self._chats.index(row)
            if self._open_chat is not None and index.data(ChatRole.ID) == self._open_chat:
                self._select(index)

    def _on_clicked(self, index: QModelIndex) -> None:
        if chat_id := index.data(ChatRole.ID):
            self.chat_activated.emit(chat_id)

    def _on_look_changed(self, _look: object) -> None:
        self.scheduleDelayedItemsLayout()
        self.viewport().update()


class _ChatDelegate(QStyledItemDelegate):
    """Draws headers and titles, and edits a title.

    Signals:
        renamed(str, str): A title that is neither empty nor the old one.
    """

    renamed = Signal(str, str)

    def __init__(self, theme: ThemeManager, view: QListView) -> None:
        super().__init__(view)
        self._view = view
        self._theme = theme

    def sizeHint(self, option: StyleOption, index: Index) -> QSize:
        return QSize(0, QFontMetrics(self._theme.fonts.panel).height() + 20)

    def paint(self, painter: QPainter, option: StyleOption, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.data(ChatRole.ID) is None:
            self._paint_header(painter, option.rect, index.data())
        else:
            self._paint_chat(painter, option, index)
        painter.restore()

    def createEditor(self, parent: QWidget, option: StyleOption, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setMaxLength(_MAX_TITLE)
        editor.setAccessibleName("Title")
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: StyleOption, index: Index) -> None:
        editor.setGeometry(self._pill(option.rect))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        title = " ".join(cast(QLineEdit, editor).text().split())
        if title and title != index.data(Qt.ItemDataRole.EditRole):
            self.renamed.emit(index.data(ChatRole.ID), title)

    def _paint_header(self, painter: QPainter, rect: QRect, text: str) -> None:
        painter.setFont(self._theme.fonts.group)
        painter.setPen(self._theme.theme.color("secondary"))
        place = rect.adjusted(_PADDING, _HEADER_DROP, -_PADDING, _HEADER_DROP)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_chat(self, painter: QPainter, option: StyleOption, index: Index) -> None:
        theme, pill, state = self._theme.theme, self._pill(option.rect), option.state
        if state & QStyle.StateFlag.State_Selected:
            draw_box(painter, QRectF(pill), _RADIUS, theme.color("accent_ground"))
        elif state & QStyle.StateFlag.State_MouseOver:
            draw_box(painter, QRectF(pill), _RADIUS, theme.color("hover"))
        if self._view.hasFocus() and index == self._view.currentIndex():
            draw_focus_ring(painter, QRectF(pill), _RADIUS, theme.color("accent"))
        font, title = self._theme.fonts.panel, index.data()
        place = pill.adjusted(_PADDING, 0, -_PADDING, 0)
        painter.setFont(font)
        painter.setPen(theme.color("text" if title else "secondary"))
        shown = QFontMetrics(font).elidedText(title or _UNTITLED, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)

    def _pill(self, rect: QRect) -> QRect:
        """The ground of a row: as wide with a scroll bar as without."""
        return QRect(
            rect.left(), rect.top() + _PILL_GAP, self._view.width() - LIST_MARGIN, rect.height() - 2 * _PILL_GAP
        )
