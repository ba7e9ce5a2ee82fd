"""The bar above the chat: which model, which preset, and how full the context is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QAction, QPainter, QPainterPath, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QMenu, QSizePolicy, QWidget, QWidgetAction

from app.services.model_session import ModelState
from app.ui.icons import IconSet
from app.ui.model_words import model_name, state_detail
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.gauge import Gauge
from app.ui.widgets.painting import FollowsTheme, smooth_painter
from app.ui.widgets.pill_button import PillButton

HEIGHT = 48
_MARGIN = 18
_GAP = 10
_PROGRESS_HEIGHT = 2
_PILL_RADIUS = 8
_MENU_INDENT = 8
"""Heads of groups stand above the check marks, left of the entries."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be chosen.

    Attributes:
        label: Its name.
        detail: What tells it from others of that name, such as "Q4_K_M · 19.9 GB".
    """

    path: Path
    label: str
    detail: str = ""


class TopBar(FollowsTheme, QWidget):
    """Where it gets narrow, the words of the gauge go first, then the details, then the names are cut.

    Signals:
        model_chosen(Path)
        open_file_requested()
        load_settings_requested()
        unload_requested()
        cancel_load_requested()
    """

    model_chosen = Signal(object)
    open_file_requested = Signal()
    load_settings_requested = Signal()
    unload_requested = Signal()
    cancel_load_requested = Signal()

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._used = self._size = 0
        self.model_pill = ModelPill(theme, icons, self)
        self._preset_pill = PillButton(theme, icons, self)
        self._cancel = IconButton("close", "Cancel loading", theme, icons, self)
        self._gauge = Gauge(theme, self)
        self._menu = ModelMenu(self)
        self.model_pill.set_menu(self._menu)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._connect()
        self.set_model_state(ModelState())
        self.set_preset("", modified=False)
        self.set_context(0, 0)
        self.follow_theme(theme)

    def set_model_state(self, state: ModelState) -> None:
        """Say which model there is, and how far it is loaded."""
        self.model_pill.set_state(state)
        self._menu.set_state(state)
        self._cancel.setVisible(state.phase == "loading")
        self._place()

    def set_models(self, recent: Sequence[ModelEntry], library: Sequence[ModelEntry]) -> None:
        """Which models the menu offers."""
        self._menu.set_models(recent, library)

    def set_preset(self, name: str, modified: bool) -> None:
        """Say which preset is in use, and whether it was changed since it was saved."""
        self._preset_pill.set_content(name or "No preset", modified=modified)
        self._preset_pill.setToolTip("Preset, modified" if modified else "Preset")
        self._place()

    def set_preset_menu(self, menu: QMenu) -> None:
        """Which menu the preset opens; it stays its owner's."""
        self._preset_pill.set_menu(menu)

    def set_context(self, used: int, size: int) -> None:
        """How many tokens of the context are in use; a size of 0 means that there is no context."""
        self._used, self._size = used, size
        self._gauge.setVisible(size > 0)
        self._place()

    def open_model_menu(self) -> None:
        """Offer the models, as a click on the model does."""
        self.model_pill.click()

    def sizeHint(self) -> QSize:
        return QSize(704, HEIGHT + self._theme.fonts.panel.pixelSize() - 13)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, self._theme.theme.color("line"))

    def _connect(self) -> None:
        self._cancel.clicked.connect(self._on_cancel_clicked)
        self._menu.model_chosen.connect(self.model_chosen)
        self._menu.open_file.triggered.connect(self._on_open_file_triggered)
        self._menu.load_settings.triggered.connect(self._on_load_settings_triggered)
        self._menu.unload.triggered.connect(self._on_unload_triggered)

    def _on_look_changed(self, look: object) -> None:
        super()._on_look_changed(look)
        self._place()

    def _place(self) -> None:
        """Lay the parts out by hand: they give way in an order that no layout knows."""
        cancel = 0 if self._cancel.isHidden() else self._cancel.width() + _GAP // 2
        preset = self._preset_pill.sizeHint().width()
        room = self.width() - 2 * _MARGIN - _GAP - cancel
        room -= self._fit_gauge(room - preset - self.model_pill.sizeHint().width())
        model = min(self.model_pill.sizeHint().width(), max(room - preset, self.model_pill.name_width()))
        model = min(model, max(room - self._preset_pill.minimumSizeHint().width(), room // 2))
        left = _MARGIN
        for widget, width in ((self.model_pill, model), (self._cancel, cancel), (self._preset_pill, room - model)):
            left = self._put(widget, left, width)

    def _put(self, widget: QWidget, left: int, room: int) -> int:
        """Place a widget in the middle of the height; the next one's left edge."""
        if widget.isHidden():
            return left
        hint = widget.sizeHint()
        width = min(hint.width(), room)
        widget.setGeometry(left, (self.height() - 1 - hint.height()) // 2, width, hint.height())
        return left + width + (_GAP // 2 if widget is self.model_pill and not self._cancel.isHidden() else _GAP)

    def _fit_gauge(self, room: int) -> int:
        """Place the gauge with as many words as `room` allows; how much it takes, its gap included."""
        if not self._size:
            return 0
        share = self._used / self._size
        whole = f"Context {self._used:,} of {self._size:,}"
        for words in (whole, f"{self._used:,} of {self._size:,}", ""):
            self._gauge.set_level(words, share)
            hint = self._gauge.sizeHint()
            if hint.width() + _GAP <= room:
                break
        self._gauge.setToolTip(whole)
        self._gauge.setAccessibleName(whole)
        left = self.width() - _MARGIN - hint.width()
        self._gauge.setGeometry(left, (self.height() - 1 - hint.height()) // 2, hint.width(), hint.height())
        return hint.width() + _GAP

    def _on_cancel_clicked(self) -> None:
        self.cancel_load_requested.emit()

    def _on_open_file_triggered(self) -> None:
        self.open_file_requested.emit()

    def _on_load_settings_triggered(self) -> None:
        self.load_settings_requested.emit()

    def _on_unload_triggered(self) -> None:
        self.unload_requested.emit()


class ModelPill(PillButton):
    """The model's name, where it runs, and a thin line that grows while it is loaded."""

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(theme, icons, parent, icon="cube", bold=True)
        self._progress: float | None = None

    def set_state(self, state: ModelState) -> None:
        """Show a model, or that there is none."""
        self._progress = state.progress if state.phase == "loading" else None
        if state.requested is None:
            self.set_content("Choose a model")
            self.setToolTip("")
            return
        color = "bad" if state.phase == "failed" else "secondary"
        self.set_content(model_name(state.requested.path), state_detail(state), detail_color=color)
        self.setToolTip(str(state.error) if state.error else state.requested.path.name)

    def name_width(self) -> int:
        """How wide it is with the whole name and no detail."""
        return self._fixed_width() + self._label_width()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._progress is None:
            return
        painter = smooth_painter(self)
        inside = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        outline = QPainterPath()
        outline.addRoundedRect(inside, _PILL_RADIUS - 1, _PILL_RADIUS - 1)
        painter.setClipPath(outline)
        bar = QRectF(
            inside.left(), inside.bottom() - _PROGRESS_HEIGHT, inside.width() * self._progress, _PROGRESS_HEIGHT
        )
        painter.fillRect(bar, self._theme.theme.color("accent"))


class ModelMenu(QMenu):
    """Recent models, those on disk, and what can be done with the one that is there.

    Signals:
        model_chosen(Path)
    """

    model_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._current: Path | None = None
        self._models: list[QAction] = []
        self._entries: tuple[tuple[str, tuple[ModelEntry, ...]], ...] = ()
        self._end = self.addSeparator()
        self.open_file = self.addAction("Open a GGUF...")
        self.load_settings = self.addAction("Load settings...")
        self.unload = self.addAction("Unload")
        self.setToolTipsVisible(True)
        self.triggered.connect(self._on_triggered)

    def set_models(self, recent: Sequence[ModelEntry], library: Sequence[ModelEntry]) -> None:
        """Offer these; a recent one is not offered again below."""
        known = {entry.path for entry in recent}
        others = tuple(entry for entry in library if entry.path not in known)
        self._entries = (("Recent", tuple(recent)), ("On this machine", others))
        self._fill()

    def set_state(self, state: ModelState) -> None:
        """Check the model that is there, and offer what can be done with it."""
        self.load_settings.setEnabled(state.requested is not None)
        self.unload.setEnabled(state.phase == "ready")
        current = state.requested.path if state.requested is not None and state.phase != "failed" else None
        if current != self._current:
            self._current = current
            for action in self._models:
                action.setChecked(action.data() == current)

    def _fill(self) -> None:
        for action in self._models:
            self.removeAction(action)
            action.deleteLater()
        self._models = []
        for head, entries in self._entries:
            if entries:
                self._add(self._head(head))
            for entry in entries:
                self._add(self._choice(entry))
        self._end.setVisible(bool(self._models))

    def _add(self, action: QAction) -> None:
        self.insertAction(self._end, action)
        self._models.append(action)

    def _head(self, text: str) -> QAction:
        label = QLabel(text)
        label.setProperty("role", "group")
        label.setContentsMargins(_MENU_INDENT, 6, 8, 2)
        action = QWidgetAction(self)
        action.setDefaultWidget(label)
        action.setEnabled(False)
        return action

    def _choice(self, entry: ModelEntry) -> QAction:
        # What follows a tab stands at the right, where other menus have shortcuts.
        text = f"{entry.label}\t{entry.detail}" if entry.detail else entry.label
        action = QAction(text.replace("&", "&&"), self)
        action.setData(entry.path)
        action.setToolTip(str(entry.path))
        action.setCheckable(True)
        action.setChecked(entry.path == self._current)
        return action

    def _on_triggered(self, action: QAction) -> None:
        path = action.data()
        if path is not None:
            action.setChecked(path == self._current)  # it is checked when the model is there, not when asked for
            self.model_chosen.emit(path)
