"""The window: where each pane stands, which of them fit, and what is dropped on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app.item_models.chats import ChatListModel
from app.ui.actions import Actions
from app.ui.chat_sidebar import ChatSidebar
from app.ui.composer import Composer
from app.ui.icons import IconSet
from app.ui.load_panel import LoadPanel
from app.ui.note_bar import NoteBar
from app.ui.sampler_panel import SamplerPanel
from app.ui.status_bar import StatusBar
from app.ui.theme import ThemeManager
from app.ui.top_bar import TopBar
from app.ui.transcript.view import TranscriptView
from app.ui.welcome_page import WelcomePage
from app.ui.widgets.toast import Toast

COLUMN_WIDTH = 704
SIDEBAR_WIDTH = 236
_CENTRE_NEEDS = 520
"""The centre keeps at least this; the sampler panel folds first, then the sidebar."""
_CENTRE_MINIMUM = 360
"""Enough for one pane that the user asked for in a window too narrow for it."""
_MARGIN = 16


class MainWindow(QMainWindow):
    """Lays out the panes and nothing more; `application` connects them.

    Signals:
        file_dropped(Path): A `.gguf` was dropped on the window.
        closing(): The window is about to close; geometry can still be read.
    """

    file_dropped = Signal(object)
    closing = Signal()

    def __init__(self, theme: ThemeManager, icons: IconSet, chats: ChatListModel) -> None:
        super().__init__()
        self.setWindowTitle("Thinkpane")
        self.setWindowIcon(icons.app_icon())
        self.setAcceptDrops(True)
        self.setMinimumSize(560, 420)
        self.resize(1360, 880)
        self.actions_by_key = Actions(self, self.menuBar())
        self.sidebar = ChatSidebar(chats, theme, icons)
        self.top_bar = TopBar(theme, icons)
        self.transcript = TranscriptView(theme, icons)
        self.welcome = WelcomePage(theme, icons)
        self.composer = Composer(theme, icons)
        self.notes = NoteBar(theme, icons)
        self.sampler_panel = SamplerPanel(theme, icons)
        self.status = StatusBar(theme, icons)
        self.load_panel = LoadPanel(theme, icons, self)
        self._pages = QStackedWidget()
        self._wants_sidebar = self._wants_panel = True
        self._insisted = ""
        self._lay_out(theme)
        self.toast = Toast(theme, icons, self._centre)
        self._undo: Callable[[], None] | None = None
        self.toast.undo.connect(self._on_toast_undo)
        self.show_welcome()

    # -- pages -----------------------------------------------------------------------------------

    def show_transcript(self) -> None:
        """Show the messages."""
        self._pages.setCurrentWidget(self.transcript)

    def show_welcome(self) -> None:
        """Show what to do first."""
        self._pages.setCurrentWidget(self.welcome)

    @property
    def shows_transcript(self) -> bool:
        """The messages are shown, not the welcome."""
        return self._pages.currentWidget() is self.transcript

    def offer_undo(self, text: str, undo: Callable[[], None]) -> None:
        """Say what was done, with Undo beside it."""
        self._undo = undo
        self.toast.show_message(text)

    def tell(self, text: str) -> None:
        """Say something in passing."""
        self._undo = None
        self.toast.show_message(text, "")

    def show_load_panel(self) -> None:
        """Open the load settings below the model."""
        self.load_panel.popup_below(self.top_bar.model_pill)

    # -- panes -----------------------------------------------------------------------------------

    def set_panes_wanted(self, *, sidebar: bool, panel: bool) -> None:
        """Which side panes the user wants; a narrow window folds them all the same."""
        self._wants_sidebar, self._wants_panel = sidebar, panel
        self._fold()

    @property
    def panes_wanted(self) -> tuple[bool, bool]:
        """Sidebar, sampler panel."""
        return self._wants_sidebar, self._wants_panel

    def toggle_pane(self, name: str, shown: bool) -> None:
        """Show or hide a side pane by the user's wish; in a narrow window the other gives way."""
        self._insisted = name if shown else ""
        if name == "sidebar":
            self._wants_sidebar = shown
        else:
            self._wants_panel = shown
        self._fold()

    def save_geometry(self) -> bytes:
        """Size and place of the window, for the next start."""
        return bytes(self.saveGeometry().data())

    def restore_geometry(self, data: bytes) -> None:
        """Size and place of an earlier run; nonsense is ignored by Qt."""
        self.restoreGeometry(QByteArray(data))

    # -- Qt --------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _gguf_in(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _gguf_in(event)
        if path is not None:
            event.acceptProposedAction()
            self.file_dropped.emit(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit()
        super().closeEvent(event)

    # -- inside ----------------------------------------------------------------------------------

    def _lay_out(self, theme: ThemeManager) -> None:
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self.transcript)
        self._centre = QWidget()
        column = QVBoxLayout(self._centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top_bar)
        column.addWidget(self._pages, 1)
        column.addWidget(_Column(self.notes))
        column.addWidget(_Column(self.composer))
        column.addSpacing(_MARGIN + 2)
        self.sidebar.setFixedWidth(SIDEBAR_WIDTH)
        self._left_line = _Line(theme)
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for widget in (self.sidebar, self._left_line, self._centre, self.sampler_panel):
            row.addWidget(widget, 1 if widget is self._centre else 0)
        frame = QWidget()
        rows = QVBoxLayout(frame)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(body, 1)
        rows.addWidget(self.status)
        self.setCentralWidget(frame)

    def _fits(self, sidebar: bool, panel: bool, needs: int) -> bool:
        sides = (SIDEBAR_WIDTH if sidebar else 0) + (self.sampler_panel.sizeHint().width() if panel else 0)
        return self.width() - sides >= needs

    def _fitting_panes(self) -> tuple[bool, bool]:
        """Which panes fit: the panel folds first, but what the user has just asked for folds last."""
        sidebar, panel = self._wants_sidebar, self._wants_panel
        if self._fits(sidebar, panel, _CENTRE_NEEDS):
            return sidebar, panel
        if self._insisted == "panel":
            return False, panel and self._fits(False, True, _CENTRE_MINIMUM)
        needs = _CENTRE_MINIMUM if self._insisted == "sidebar" else _CENTRE_NEEDS
        return sidebar and self._fits(True, False, needs), False

    def _fold(self) -> None:
        sidebar, panel = self._fitting_panes()
        self.sidebar.setVisible(sidebar)
        self._left_line.setVisible(sidebar)
        self.sampler_panel.setVisible(panel)
        self.actions_by_key["show_sidebar"].setChecked(sidebar)
        self.actions_by_key["show_samplers"].setChecked(panel)

    def _on_toast_undo(self) -> None:
        if self._undo is not None:
            undo, self._undo = self._undo, None
            undo()


class _Column(QWidget):
    """Keeps one widget as wide as the text column and exactly below it; hidden when the widget is."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self._widget = widget
        self._layout = QHBoxLayout(self)
        self._layout.addWidget(widget)
        self.setMinimumWidth(0)
        widget.installEventFilter(self)
        self._follow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        left = max(_MARGIN, (self.width() - COLUMN_WIDTH) // 2)
        right = max(_MARGIN, self.width() - COLUMN_WIDTH - left)
        self._layout.setContentsMargins(left, 0, right, 8)
        super().resizeEvent(event)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._follow()
        return False

    def _follow(self) -> None:
        self.setVisible(not self._widget.isHidden())


class _Line(QWidget):
    """One pixel between two panes."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedWidth(1)
        theme.changed.connect(self._on_theme_changed)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._theme.theme.color("line"))

    def _on_theme_changed(self, _theme: object) -> None:
        self.update()


def _gguf_in(event: QDropEvent) -> Path | None:
    for url in event.mimeData().urls():
        path = Path(url.toLocalFile())
        if url.isLocalFile() and path.suffix.lower() == ".gguf":
            return path
    return None
