"""One stage of the sampler chain: what it is, what it does, and its numbers."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.core.sampling import SamplerKind, SamplingParameters
from app.item_models.sampler_words import effect, is_idle
from app.ui.icons import ICON_SIZE, IconSet
from app.ui.parameter_editor import ParameterEditor, ParameterRow
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.card import Card
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.painting import FollowsTheme, set_style_property, smooth_painter

_EXPANDER = 16
"""No higher than a line of text, so that cards with and without it are equally high."""

_MOVE_KEYS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_MOVE_MODIFIERS = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier


class SamplerCard(Card):
    """Grip, name, main number, slider and effect; further numbers fold out below.

    The keyboard: Alt or Ctrl with Up or Down moves the stage, Delete removes it, Up and Down go to
    the neighbour, Return folds the further numbers out.

    Signals:
        edited: Another value; carries llama.cpp's name of the parameter and the value.
        remove_requested: Take this stage out; carries the sampler's name.
        move_requested: Move by so many places; carries the name and -1 or 1.
        focus_requested: Go to the card so many places further; carries the name and -1 or 1.
        drag_started: The pointer picks the card up; carries the name and the pointer's global position.
        drag_moved: The pointer carries it on; the pointer's global position.
        drag_ended: True: put it down here. False: leave it where it was.
    """

    edited = Signal(str, float)
    remove_requested = Signal(str)
    move_requested = Signal(str, int)
    focus_requested = Signal(str, int)
    drag_started = Signal(str, QPoint)
    drag_moved = Signal(QPoint)
    drag_ended = Signal(bool)

    def __init__(self, kind: SamplerKind, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.kind = kind
        self._icons = icons
        self._press: QPoint | None = None
        self._dragging = False
        self._editors: list[ParameterEditor] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(11, 8, 11, 8)
        self._layout.setSpacing(2)
        self._build()
        self.setToolTip(kind.help)

    def show_values(self, values: SamplingParameters, preset: SamplingParameters) -> None:
        """Show the stage's numbers; `preset` is what reset goes back to."""
        for editor in self._editors:
            name = editor.parameter.name
            editor.show_value(getattr(values, name), getattr(preset, name))
        self._effect.setText(effect(self.kind, values))
        self._show_dimmed(is_idle(self.kind, values))

    def set_place(self, number: int, count: int) -> None:
        """Tell a screen reader that this is stage `number` of `count`."""
        self.setAccessibleName(f"{self.kind.name}, stage {number} of {count}")
        self.setAccessibleDescription(f"{self._effect.text()}. {self.kind.help}")

    @property
    def expanded(self) -> bool:
        """Whether the further numbers are shown."""
        return self._further is not None and not self._further.isHidden()

    def set_expanded(self, expanded: bool) -> None:
        """Show or fold the further numbers, if there are any."""
        if self._further is None:
            return
        self._further.setVisible(expanded)
        names = ", ".join(parameter.name for parameter in self.kind.parameters[1:])
        self._expander.set_meaning(
            "chevron-up" if expanded else "chevron-down", f"{'Fold' if expanded else 'Show'} {names}"
        )

    def editor(self, name: str) -> ParameterEditor:
        """The controls of one parameter of this sampler."""
        return next(editor for editor in self._editors if editor.parameter.name == name)

    def tab_stops(self) -> list[QWidget]:
        """The controls in the order of reading."""
        stops: list[QWidget] = [self._remove]
        for editor in self._editors[:1]:
            stops += editor.tab_stops()
        stops.append(self._expander)
        for editor in self._editors[1:]:
            stops += editor.tab_stops()
        return stops

    def _build(self) -> None:
        self._layout.addLayout(self._build_head())
        if self._editors:
            self._layout.addWidget(self._editors[0].slider)
        self._layout.addLayout(self._build_foot())
        self._further = self._build_further()
        if self._further is not None:
            self._layout.addWidget(self._further)
        self.set_expanded(False)
        self._build_actions()

    def _build_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(_Grip(self._theme, self._icons, self))
        self._name = ElidedLabel(self.kind.name, role="strong")
        row.addWidget(self._name)
        self._main_name = ElidedLabel(role="secondary")
        row.addWidget(self._main_name, 1)
        self._remove = IconButton("close", f"Remove {self.kind.name}", self._theme, self._icons, self, size=20)
        self._remove.clicked.connect(self._on_remove_clicked)
        self._remove.set_revealed(False)
        row.addWidget(self._remove)
        if self.kind.parameters:
            main = self._make_editor(ParameterEditor(self.kind.parameters[0], self._theme, self._icons, self))
            if main.parameter.name != self.kind.name:
                self._main_name.setText(main.parameter.name)
            row.addWidget(main.reset)
            row.addWidget(main.box)
        return row

    def _build_foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self._effect = ElidedLabel(role="secondary")
        row.addWidget(self._effect, 1)
        self._expander = IconButton("chevron-down", "", self._theme, self._icons, self, size=_EXPANDER, width=22)
        self._expander.clicked.connect(self._on_expander_clicked)
        self._expander.setVisible(len(self.kind.parameters) > 1)
        row.addWidget(self._expander)
        return row

    def _build_further(self) -> QWidget | None:
        if len(self.kind.parameters) < 2:
            return None
        further = QWidget(self)
        layout = QVBoxLayout(further)
        layout.setContentsMargins(0, 6, 0, 2)
        layout.setSpacing(8)
        for parameter in self.kind.parameters[1:]:
            row = ParameterRow(parameter, self._theme, self._icons, further)
            self._make_editor(row.editor)
            layout.addWidget(row)
        return further

    def _make_editor(self, editor: ParameterEditor) -> ParameterEditor:
        editor.edited.connect(self.edited)
        self._editors.append(editor)
        return editor

    def _build_actions(self) -> None:
        self._add_action("Move up\tAlt+Up", self._on_move_up_triggered)
        self._add_action("Move down\tAlt+Down", self._on_move_down_triggered)
        self._add_action("Remove from the chain\tDel", self._on_remove_clicked)
        if self._editors:
            separator = QAction(self)
            separator.setSeparator(True)
            self.addAction(separator)
            self.addActions(self._editors[0].actions)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _add_action(self, text: str, slot: object) -> None:
        action = QAction(text, self)
        action.triggered.connect(slot)
        self.addAction(action)

    def _show_dimmed(self, dimmed: bool) -> None:
        self.set_dimmed(dimmed)
        set_style_property(self._name, "dimmed", dimmed)
        for editor in self._editors:
            editor.set_dimmed(dimmed)

    # -- keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape and self._dragging:
            self._end_drag(False)
        elif key in _MOVE_KEYS and event.modifiers() & _MOVE_MODIFIERS:
            self.move_requested.emit(self.kind.name, _MOVE_KEYS[key])
        elif not self.hasFocus():
            super().keyPressEvent(event)
        elif key in _MOVE_KEYS:
            self.focus_requested.emit(self.kind.name, _MOVE_KEYS[key])
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_requested.emit(self.kind.name)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.set_expanded(not self.expanded)
        else:
            super().keyPressEvent(event)

    # -- pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = event.globalPosition().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position = event.globalPosition().toPoint()
        if self._press is None:
            return
        if not self._dragging and (position - self._press).manhattanLength() >= QApplication.startDragDistance():
            self._dragging = True
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.drag_started.emit(self.kind.name, self._press)
        if self._dragging:
            self.drag_moved.emit(position)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = None
            if self._dragging:
                self._end_drag(True)

    def _end_drag(self, dropped: bool) -> None:
        self._dragging = False
        self._press = None
        self.unsetCursor()
        self.drag_ended.emit(dropped)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._remove.set_revealed(True)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._remove.set_revealed(self.hasFocus())
        super().leaveEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._remove.set_revealed(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._remove.set_revealed(self.underMouse())

    # -- slots

    def _on_remove_clicked(self) -> None:
        self.remove_requested.emit(self.kind.name)

    def _on_expander_clicked(self) -> None:
        self.set_expanded(not self.expanded)

    def _on_move_up_triggered(self) -> None:
        self.move_requested.emit(self.kind.name, -1)

    def _on_move_down_triggered(self) -> None:
        self.move_requested.emit(self.kind.name, 1)


class _Grip(FollowsTheme, QWidget):
    """Six dots that say: this can be dragged. The card itself takes the pointer's events."""

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self.setFixedSize(ICON_SIZE + 4, ICON_SIZE + 4)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip("Drag to reorder, or Alt with Up and Down")
        self.follow_theme(theme)

    def paintEvent(self, event: QPaintEvent) -> None:
        color = self._theme.theme.color("faint")
        smooth_painter(self).drawPixmap(2, 2, self._icons.pixmap("grip", color, ratio=self.devicePixelRatioF()))
