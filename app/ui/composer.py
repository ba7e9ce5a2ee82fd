"""Where a message is written."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QFontMetrics, QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from app.core.generation import ThinkingMode
from app.ui.icons import IconSet
from app.ui.message_edit import MessageEdit
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import IconButton, ThemedButton
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.painting import draw_box, draw_focus_ring, smooth_painter

_RADIUS = 14
_PLACEHOLDER = "Ask anything"
_RAW_PLACEHOLDER = "Raw prompt, sent as it stands, no template"
_THINKING = {"template": "as the template says", "on": "on", "off": "off"}


class Composer(QWidget):
    """A field that grows, with the send button, the thinking menu and the raw-prompt switch below it.

    Signals:
        submitted(str): A message is to be sent; the field is empty by then.
        stop_requested: The answer that runs is to be stopped.
        draft_changed(str): The reader has changed the text.
        raw_prompt_toggled(bool): The reader wants the text sent without a template, or with one again.
        thinking_mode_changed(str): "template", "on" or "off" was chosen.
    """

    submitted = Signal(str)
    stop_requested = Signal()
    draft_changed = Signal(str)
    raw_prompt_toggled = Signal(bool)
    thinking_mode_changed = Signal(str)

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._busy = False
        self._setting = False
        self._edit = MessageEdit()
        self._edit.setAccessibleName("Message")
        self._thinking = _ThinkingPill(theme, icons, self)
        self._raw = IconButton("terminal", "Raw prompt: no template", theme, icons)
        self._raw.setCheckable(True)
        self._hint = ElidedLabel(role="secondary")
        self._send = IconButton("arrow-up", "Send", theme, icons, width=34, primary=True)
        self._lay_out()
        self._connect()
        self.set_raw_prompt(False)
        self._show_state()
        self.setFocusProxy(self._edit)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    # -- what is in it ---------------------------------------------------------------------------

    def text(self) -> str:
        """What stands in the field."""
        return self._edit.toPlainText()

    def set_text(self, text: str) -> None:
        """Put a text into the field; `draft_changed` is not emitted."""
        if text == self.text():
            return
        self._setting = True
        self._edit.setPlainText(text)
        self._edit.moveCursor(self._edit.textCursor().MoveOperation.End)
        self._setting = False
        self._show_state()

    def focus_editor(self) -> None:
        """Put the keyboard into the field."""
        self._edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def submit(self) -> None:
        """Send what stands in the field; nothing happens while it is blank or an answer runs."""
        text = self.text()
        if self._busy or not text.strip():
            return
        self.set_text("")
        self.submitted.emit(text)

    # -- what it is told -------------------------------------------------------------------------

    def set_busy(self, busy: bool) -> None:
        """While an answer runs the send button stops it."""
        self._busy = busy
        self._show_state()

    def set_hint(self, text: str) -> None:
        """A few words beside the send button, such as what is waited for."""
        self._hint.setText(text)

    def set_raw_prompt(self, raw: bool) -> None:
        """Show whether the text goes to the model as it stands."""
        self._raw.setChecked(raw)
        self._edit.setPlaceholderText(_RAW_PLACEHOLDER if raw else _PLACEHOLDER)
        self._thinking.setEnabled(not raw)

    def set_thinking_mode(self, mode: ThinkingMode) -> None:
        """Show which thinking mode applies."""
        self._thinking.set_mode(mode)

    def set_send_on_enter(self, sends: bool) -> None:
        """Whether Enter sends, or Ctrl+Enter does."""
        self._edit.set_send_on_enter(sends)

    # -- Qt --------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.focus_editor()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        line = "faint" if self._edit.hasFocus() else "line"
        draw_box(smooth_painter(self), QRectF(self.rect()), _RADIUS, theme.color("surface"), theme.color(line))

    # -- inside ----------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._thinking)
        row.addWidget(self._raw)
        row.addWidget(self._hint, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._send)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignRight)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(15, 14, 15, 12)
        layout.setSpacing(12)
        layout.addWidget(self._edit)
        layout.addLayout(row)
        stations = (self._edit, self._thinking, self._raw, self._send)
        for before, after in pairwise(stations):
            self.setTabOrder(before, after)

    def _connect(self) -> None:
        self._edit.submitted.connect(self.submit)
        self._edit.textChanged.connect(self._on_edit_text_changed)
        self._edit.focus_changed.connect(self.update)
        self._send.clicked.connect(self._on_send_clicked)
        self._raw.clicked.connect(self._on_raw_clicked)
        self._thinking.mode_chosen.connect(self.thinking_mode_changed)
        self._theme.changed.connect(self._on_theme_changed)

    def _show_state(self) -> None:
        if self._busy:
            self._send.set_meaning("stop", "Stop")
        else:
            self._send.set_meaning("arrow-up", "Send")
        self._send.setEnabled(self._busy or bool(self.text().strip()))

    def _on_edit_text_changed(self) -> None:
        if not self._setting:
            self._show_state()
            self.draft_changed.emit(self.text())

    def _on_send_clicked(self) -> None:
        if self._busy:
            self.stop_requested.emit()
        else:
            self.submit()

    def _on_raw_clicked(self) -> None:
        self.set_raw_prompt(self._raw.isChecked())
        self.raw_prompt_toggled.emit(self._raw.isChecked())

    def _on_theme_changed(self, _theme: object) -> None:
        self.update()


class _ThinkingPill(ThemedButton):
    """ "Thinking: as the template says", with the other choices in a menu.

    Signals:
        mode_chosen(str): Another mode was chosen.
    """

    mode_chosen = Signal(str)

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(theme, icons, parent)
        self._mode: ThinkingMode = "template"
        self._menu = QMenu(self)
        self._group = QActionGroup(self)
        self._actions: dict[str, QAction] = {}
        for mode in get_args(ThinkingMode):
            action = self._menu.addAction(f"Thinking {_THINKING[mode]}")
            action.setCheckable(True)
            action.setData(mode)
            self._group.addAction(action)
            self._actions[mode] = action
        self._group.triggered.connect(self._on_group_triggered)
        self.clicked.connect(self._on_clicked)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.set_mode("template")

    @property
    def menu(self) -> QMenu:
        """The choices."""
        return self._menu

    def set_mode(self, mode: ThinkingMode) -> None:
        """Show which mode applies."""
        self._mode = mode
        self._actions[mode].setChecked(True)
        self.setText(f"Thinking: {_THINKING[mode]}")
        self.setAccessibleName(self.text())
        self.setToolTip("Whether the model is asked to think first, where its template can say so")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self._theme.fonts.secondary)
        return QSize(metrics.horizontalAdvance(self.text()) + 44, metrics.height() + 11)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme, rect = self._theme.theme, QRectF(self.rect())
        ground = "pressed" if self.isDown() else "hover" if self._hovered and self.isEnabled() else "surface"
        draw_box(painter, rect, 8, theme.color(ground), theme.color("line"))
        if self.hasFocus():
            draw_focus_ring(painter, rect, 8, theme.color("accent"))
        color = "secondary" if self.isEnabled() else "faint"
        self._draw_icon(painter, "bulb", 10, color)
        painter.setFont(self._theme.fonts.secondary)
        painter.setPen(theme.color(color))
        area = self.rect().adjusted(33, 0, -8, 0)
        shown = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width() + 1)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, shown)

    def _on_clicked(self) -> None:
        height = self._menu.sizeHint().height()
        self._menu.popup(self.mapToGlobal(QPoint(0, -height - 4)))

    def _on_group_triggered(self, action: QAction) -> None:
        if action.data() != self._mode:
            self.set_mode(action.data())
            self.mode_chosen.emit(action.data())
