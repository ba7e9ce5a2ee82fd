"""A note about something that is not as it seems, beside the thing, with what can be done about it."""

from __future__ import annotations

import html
from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QWidget

from app.ui.icons import ICON_SIZE, IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import LinkButton
from app.ui.widgets.painting import FollowsTheme, draw_box, smooth_painter

_PADDING = 12


class _ActionLink(LinkButton):
    """A link that knows which action it stands for."""

    asked = Signal(str)

    def __init__(self, code: str, label: str, theme: ThemeManager, icons: IconSet, parent: QWidget) -> None:
        super().__init__(label, theme, icons, parent, color="note_text")
        self._code = code
        self.clicked.connect(self._on_clicked)

    def _on_clicked(self) -> None:
        self.asked.emit(self._code)


class Note(FollowsTheme, QFrame):
    """A warning sign, a bold headline, a text, and actions that look like links.

    Signals:
        action: One of the actions was asked for; carries its code.
    """

    action = Signal(str)

    def __init__(
        self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None, *, actions_beside: bool = False
    ) -> None:
        """`actions_beside` puts the actions at the right of the text instead of under it."""
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self._links: dict[str, LinkButton] = {}
        self._label = QLabel()
        self._label.setProperty("role", "note")
        self._label.setTextFormat(Qt.TextFormat.RichText)
        self._label.setWordWrap(True)
        self._link_row = QHBoxLayout()
        self._link_row.setSpacing(12 if actions_beside else 5)
        direction = QBoxLayout.Direction.LeftToRight if actions_beside else QBoxLayout.Direction.TopToBottom
        layout = QBoxLayout(direction, self)
        layout.setContentsMargins(_PADDING + ICON_SIZE + 10, 8, _PADDING, 8)
        layout.setSpacing(12 if actions_beside else 2)
        layout.addWidget(self._label, 1)
        layout.addLayout(self._link_row)
        self._dots = not actions_beside
        self.follow_theme(theme)

    def set_content(
        self, headline: str, text: str, actions: Sequence[tuple[str, str]] = (), emphasis: str = ""
    ) -> None:
        """Plain text throughout; `actions` are pairs of code and label; `emphasis` is a word of `text` in italics."""
        body = html.escape(text)
        if emphasis:
            word = html.escape(emphasis)
            body = body.replace(word, f"<i>{word}</i>", 1)
        self._label.setText(f"<b>{html.escape(headline)}</b> {body}".strip())
        self.setAccessibleName(f"{headline} {text}".strip())
        self._show_links(actions)

    def link(self, code: str) -> LinkButton:
        """The link of one action, say to give it a tooltip."""
        return self._links[code]

    def _show_links(self, actions: Sequence[tuple[str, str]]) -> None:
        if {code: link.text() for code, link in self._links.items()} == dict(actions):
            return
        self._clear_links()
        for code, label in actions:
            if self._links and self._dots:
                self._link_row.addWidget(self._dot())
            link = _ActionLink(code, label, self._theme, self._icons, self)
            link.asked.connect(self.action)
            self._links[code] = link
            self._link_row.addWidget(link)
        self._link_row.addStretch(1)

    def _dot(self) -> QLabel:
        dot = QLabel("·")
        dot.setProperty("role", "note")
        return dot

    def _clear_links(self) -> None:
        self._links.clear()
        while (item := self._link_row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme = self._theme.theme
        draw_box(painter, QRectF(self.rect()), 8, theme.color("note_ground"))
        pixmap = self._icons.pixmap("warning", theme.color("note_text"), ICON_SIZE, self.devicePixelRatioF())
        line_height = self._label.fontMetrics().lineSpacing()
        painter.drawPixmap(_PADDING, self._label.y() + (line_height - ICON_SIZE) // 2 + 1, pixmap)
