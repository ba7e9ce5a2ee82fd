"""The left pane: new chat, search, the chats by day, and the way to the models at its foot."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.item_models.chats import ChatListModel
from app.ui.chat_list import LIST_MARGIN, ChatListView
from app.ui.icons import ICON_SIZE, IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import ThemedButton
from app.ui.widgets.painting import draw_box, draw_focus_ring, smooth_painter
from app.ui.widgets.row_button import RowButton

_ICON_GAP = 8


class ChatSidebar(QWidget):
    """Shows the chats of a `ChatListModel`, and says what the user wants done with them.

    Which chat is open is told to it by `set_current`; a click alone changes nothing.

    Signals:
        new_chat_requested()
        chat_activated(str): The id of the chat to open.
        rename_requested(str, str): The id and the new title, which is not empty.
        delete_requested(str): The id.
        models_requested()
    """

    new_chat_requested = Signal()
    chat_activated = Signal(str)
    rename_requested = Signal(str, str)
    delete_requested = Signal(str)
    models_requested = Signal()

    def __init__(
        self, chats: ChatListModel, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._chats = chats
        self._theme = theme
        self._new_chat = NewChatButton(theme, icons)
        self._search = SearchField("Search chats", theme, icons)
        self._list = ChatListView(chats, theme)
        self._empty = QLabel()
        self._models = RowButton("cube", "Models", theme, icons)
        self._menu = self._build_menu()
        self._lay_out()
        self._connect()
        self._show_emptiness()

    def set_current(self, chat_id: str | None) -> None:
        """Mark the chat that is open; None when it is a new one that is not in the list."""
        self._list.set_open_chat(chat_id)

    def set_models_summary(self, text: str) -> None:
        """What stands beside "Models", such as "4 · 31 GB"."""
        self._models.set_detail(text)

    def begin_rename(self, chat_id: str) -> None:
        """Let the user write another title in place; a search that hides the chat is cleared."""
        if not self._chats.index_of(chat_id).isValid():
            self._search.clear()
        self._list.edit_title(chat_id)

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._theme.theme.color("side"))

    def showEvent(self, event: QShowEvent) -> None:
        self._chats.regroup()
        super().showEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        # A window that is looked at again may be looked at on another day.
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._chats.regroup()
        super().changeEvent(event)

    def _build_menu(self) -> QMenu:
        menu = QMenu(self)
        rename = QAction("Rename", menu)
        rename.setShortcut(QKeySequence(Qt.Key.Key_F2))
        rename.triggered.connect(self._on_rename_triggered)
        delete = QAction("Delete", menu)
        delete.setShortcut(QKeySequence(Qt.Key.Key_Delete))
        delete.triggered.connect(self._on_delete_triggered)
        for action in (rename, delete):
            # The keys are the list's own: they must do nothing while the focus is elsewhere.
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            menu.addAction(action)
        return menu

    def _lay_out(self) -> None:
        self._empty.setProperty("role", "secondary")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._empty.setContentsMargins(8, 24, 8, 0)
        self._empty.setWordWrap(True)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._list)
        self._pages.addWidget(self._empty)
        # The list reaches the edge, so that its scroll bar lies beside the rows and never moves them.
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LIST_MARGIN, LIST_MARGIN, 0, 10)
        layout.setSpacing(0)
        above, below = QVBoxLayout(), QVBoxLayout()
        for part in (above, below):
            part.setContentsMargins(0, 0, LIST_MARGIN, 2)
        above.setSpacing(10)
        above.addWidget(self._new_chat)
        above.addWidget(self._search)
        below.addWidget(self._models)
        layout.addLayout(above)
        layout.addWidget(self._pages, 1)
        layout.addLayout(below)

    def _connect(self) -> None:
        self._new_chat.clicked.connect(self._on_new_chat_clicked)
        self._search.textChanged.connect(self._chats.set_filter)
        self._search.left_downwards.connect(self._list.focus_first)
        self._list.chat_activated.connect(self.chat_activated)
        self._list.renamed.connect(self.rename_requested)
        self._list.delete_requested.connect(self.delete_requested)
        self._list.menu_requested.connect(self._on_list_menu_requested)
        self._models.clicked.connect(self._on_models_clicked)
        for changed in (self._chats.rowsInserted, self._chats.rowsRemoved):
            changed.connect(self._show_emptiness)

    def _show_emptiness(self) -> None:
        """Say what to expect where there is no chat to show."""
        is_searched = self._chats.chat_count > 0
        self._empty.setText("No title has these words." if is_searched else "No chats yet")
        self._pages.setCurrentWidget(self._list if self._chats.rowCount() else self._empty)

    def _on_new_chat_clicked(self) -> None:
        self.new_chat_requested.emit()

    def _on_models_clicked(self) -> None:
        self.models_requested.emit()

    def _on_list_menu_requested(self, place: QPoint) -> None:
        self._menu.popup(place)

    def _on_rename_triggered(self) -> None:
        self._list.edit_title(self._list.focused_chat())

    def _on_delete_triggered(self) -> None:
        self.delete_requested.emit(self._list.focused_chat())


class NewChatButton(ThemedButton):
    """A wide button with a plus sign in front of its words."""

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(theme, icons, parent)
        self.setText("New chat")
        self.setAccessibleName("New chat")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(0, _field_height(self._theme))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme, font, rect = self._theme.theme, self._theme.fonts.panel, QRectF(self.rect())
        ground = "pressed" if self.isDown() else "hover" if self._hovered else "surface"
        draw_box(painter, rect, 8, theme.color(ground), theme.color("line"))
        if self.hasFocus():
            draw_focus_ring(painter, rect, 8, theme.color("accent"))
        width = QFontMetrics(font).horizontalAdvance(self.text())
        left = (self.width() - ICON_SIZE - _ICON_GAP - width) // 2
        self._draw_icon(painter, "plus", left, "text")
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        place = self.rect().adjusted(left + ICON_SIZE + _ICON_GAP, 0, 0, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, self.text())


class SearchField(QLineEdit):
    """A field that searches while one types. Escape empties it.

    Signals:
        left_downwards(): Down was pressed: the keyboard goes on to what was found.
    """

    left_downwards = Signal()

    def __init__(self, placeholder: str, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        color = theme.theme.color("secondary")
        self._glass = self.addAction(icons.icon("search", color), self.ActionPosition.LeadingPosition)
        self._clear = self.addAction(icons.icon("close", color), self.ActionPosition.TrailingPosition)
        self._clear.setToolTip("Clear the search")
        self._clear.setVisible(False)
        self._clear.triggered.connect(self.clear)
        self.textChanged.connect(self._on_text_changed)
        theme.changed.connect(self._on_theme_changed)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), _field_height(self._theme))

    def event(self, event: QEvent) -> bool:
        # Escape would stop an answer otherwise: it is a shortcut of the window.
        if event.type() == QEvent.Type.ShortcutOverride and self._empties(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._empties(event):
            self.clear()
        elif event.key() == Qt.Key.Key_Down:
            self.left_downwards.emit()
        else:
            super().keyPressEvent(event)

    def _empties(self, event: QEvent) -> bool:
        return isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and bool(self.text())

    def _on_text_changed(self, text: str) -> None:
        self._clear.setVisible(bool(text))

    def _on_theme_changed(self, _theme: object) -> None:
        color = self._theme.theme.color("secondary")
        self._glass.setIcon(self._icons.icon("search", color))
        self._clear.setIcon(self._icons.icon("close", color))


def _field_height(theme: ThemeManager) -> int:
    return QFontMetrics(theme.fonts.panel).height() + 18
