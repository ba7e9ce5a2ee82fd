"""A card that lies over its window for a while, below the thing it belongs to."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QScrollBar, QVBoxLayout, QWidget

from app.ui.theme import ThemeManager
from app.ui.widgets.card import Card
from app.ui.widgets.painting import FollowsTheme

_GAP = 6
_MARGIN = 12


class Popover(QWidget):
    """Covers `parent` unseen while it is open, so that a press beside the card closes it and does nothing else.

    It is part of its window, not a window of its own: it needs nothing of the window system, and it
    stays while another program is in front. Tab stays within the card; Escape closes it. Where the
    window is too low for the card, the middle of the card scrolls.

    Signals:
        opened: It is about to be shown.
    """

    opened = Signal()

    def __init__(
        self, theme: ThemeManager, parent: QWidget, *, width: int, head: QWidget, middle: QWidget, foot: QWidget
    ) -> None:
        """The parts lie one below the other; `width` is that of the card at a text scale of 1, in pixels."""
        super().__init__(parent)
        self._theme = theme
        self._width = width
        self._parts = (head, middle, foot)
        self._anchor: QWidget | None = None
        self._focus_before: QWidget | None = None
        self._card = Card(theme, self)
        self._lay_out()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for watched in (parent, *self._parts):
            watched.installEventFilter(self)
        self.hide()

    def popup_below(self, anchor: QWidget) -> None:
        """Open below a widget of the same window; close if it is open."""
        if self.isVisible():
            self.dismiss()
            return
        self._anchor = anchor
        self._focus_before = self.window().focusWidget()
        self.opened.emit()
        self.show()
        self._place()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def dismiss(self) -> None:
        """Close, and give the keyboard back to where it was."""
        self.hide()
        if self._focus_before is not None and self._focus_before.isVisible():
            self._focus_before.setFocus(Qt.FocusReason.PopupFocusReason)
        self._focus_before = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        resized = kind == QEvent.Type.Resize and watched is self.parent()
        if self.isVisible() and (resized or (kind == QEvent.Type.LayoutRequest and watched in self._parts)):
            self._place()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        # Escape is a shortcut of the window as well; while this is open, it closes this.
        if event.type() == QEvent.Type.ShortcutOverride and _is_escape(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_escape(event):
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._card.geometry().contains(event.position().toPoint()):
            self.dismiss()

    def focusNextPrevChild(self, forward: bool) -> bool:
        widget = start = self.focusWidget() or self
        while True:
            widget = widget.nextInFocusChain() if forward else widget.previousInFocusChain()
            if widget is start or widget is None:
                return True
            if self.isAncestorOf(widget) and _takes_tab(widget):
                reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
                widget.setFocus(reason)
                return True

    def _lay_out(self) -> None:
        head, middle, foot = self._parts
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(middle)
        # A scroll area paints grounds of its own; the card's is to be seen.
        middle.setAutoFillBackground(False)
        scroll.viewport().setAutoFillBackground(False)
        rows = QVBoxLayout(self._card)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(head)
        rows.addWidget(scroll, 1)
        rows.addWidget(_CutLine(self._theme, scroll.verticalScrollBar()))
        rows.addWidget(foot)

    def _place(self) -> None:
        parent, anchor = self.parentWidget(), self._anchor
        assert anchor is not None
        self.setGeometry(parent.rect())
        corner = anchor.mapTo(parent, QPoint(0, anchor.height() + _GAP))
        width = min(round(self._width * max(1.0, self._theme.fonts.scale)), parent.width() - 2 * _MARGIN)
        height = min(1 + sum(_height(part, width) for part in self._parts), parent.height() - corner.y() - _MARGIN)
        left = max(_MARGIN, min(corner.x(), parent.width() - width - _MARGIN))
        self._card.setGeometry(left, corner.y(), width, height)


class _CutLine(FollowsTheme, QWidget):
    """A line where what scrolls is cut; there is none while all of it is in sight."""

    def __init__(self, theme: ThemeManager, bar: QScrollBar) -> None:
        super().__init__()
        self._theme = theme
        self._bar = bar
        self.setFixedHeight(1)
        bar.rangeChanged.connect(self._on_bar_range_changed)
        self.follow_theme(theme)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._bar.maximum() > 0:
            QPainter(self).fillRect(self.rect().adjusted(1, 0, -1, 0), self._theme.theme.color("line"))

    def _on_bar_range_changed(self) -> None:
        self.update()


def _height(part: QWidget, width: int) -> int:
    return part.heightForWidth(width) if part.hasHeightForWidth() else part.sizeHint().height()


def _is_escape(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape


def _takes_tab(widget: QWidget) -> bool:
    by_tab = widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus
    return by_tab and widget.isVisible() and widget.isEnabled() and widget.focusProxy() is None
