"""Buttons: an icon alone, a link, and a native push button whose icon follows the theme."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QPushButton, QWidget

from app.ui.icons import ICON_SIZE, IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.painting import FollowsTheme, draw_box, draw_focus_ring, smooth_painter

ButtonKind = Literal["plain", "primary", "danger", "quiet", "compact"]

_ICON_COLORS = {"primary": "on_accent", "danger": "bad"}


class ThemedButton(FollowsTheme, QAbstractButton):
    """A button that paints itself. It takes the focus from Tab only, so a click never steals it from a field."""

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self._hovered = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.follow_theme(theme)

    def is_lit(self) -> bool:
        """True while the pointer or the keyboard is on it."""
        return self.isEnabled() and (self._hovered or self.hasFocus())

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hovered = True
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = False
        self.update()
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def _draw_icon(self, painter: QPainter, name: str, left: int, color: str, size: int = ICON_SIZE) -> None:
        pixmap = self._icons.pixmap(name, self._theme.theme.color(color), size, self.devicePixelRatioF())
        painter.drawPixmap(left, (self.height() - size) // 2, pixmap)


class IconButton(ThemedButton):
    """An icon that acts: tooltip and accessible name say what, a ground appears under the pointer."""

    def __init__(
        self,
        icon: str,
        tooltip: str,
        theme: ThemeManager,
        icons: IconSet,
        parent: QWidget | None = None,
        *,
        size: int = 28,
        width: int | None = None,
        primary: bool = False,
        color: str = "secondary",
    ) -> None:
        """`size` is the height and, unless `width` says otherwise, the width, in pixels.

        `primary` makes it the one thing to act on; `color` names the icon's colour at rest.
        """
        super().__init__(theme, icons, parent)
        self._icon = icon
        self._primary = primary
        self._color = color
        self._revealed = True
        self._size = QSize(width or size, size)
        self.setFixedSize(self._size)
        self.set_meaning(icon, tooltip)

    def set_meaning(self, icon: str, tooltip: str) -> None:
        """Show another icon with another tooltip, as send becomes stop."""
        self._icon = icon
        self.setToolTip(tooltip)
        self.setAccessibleName(tooltip)
        self.update()

    def set_revealed(self, revealed: bool) -> None:
        """Unrevealed, it keeps its place but is painted only while the pointer or the keyboard is on it."""
        self._revealed = revealed
        self.update()

    @property
    def icon_name(self) -> str:
        """Which icon it shows."""
        return self._icon

    def sizeHint(self) -> QSize:
        return self._size

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._revealed and not self.is_lit():
            return
        painter = smooth_painter(self)
        theme, rect = self._theme.theme, QRectF(self.rect())
        radius = min(9.0, self.height() / 4)
        ground = self._ground()
        if ground:
            draw_box(painter, rect, radius, theme.color(ground))
        if self.hasFocus():
            draw_focus_ring(painter, rect, radius, theme.color("text" if self._primary else "accent"))
        side = min(ICON_SIZE, self.height() - 4)
        self._draw_icon(painter, self._icon, (self.width() - side) // 2, self._icon_color(), side)

    def _ground(self) -> str:
        if self._primary:
            return "line" if not self.isEnabled() else "accent_hover" if self.isDown() or self._hovered else "accent"
        if not self.isEnabled():
            return ""
        if self.isDown():
            return "pressed"
        if self.isChecked():
            return "accent_ground"
        return "hover" if self._hovered else ""

    def _icon_color(self) -> str:
        if not self.isEnabled():
            return "secondary" if self._primary else "faint"
        if self._primary:
            return "on_accent"
        if self.isChecked():
            return "accent"
        return "text" if self.is_lit() else self._color


class LinkButton(ThemedButton):
    """A word that acts, underlined like a link."""

    def __init__(
        self, text: str, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None, *, color: str = "accent"
    ) -> None:
        super().__init__(theme, icons, parent)
        self._color = color
        self.setText(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self._theme.fonts.panel)
        return QSize(metrics.horizontalAdvance(self.text()), metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme = self._theme.theme
        font = QFont(self._theme.fonts.panel)
        font.setUnderline(not self._hovered)
        painter.setFont(font)
        painter.setPen(theme.color(self._color if self.isEnabled() else "faint"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        if self.hasFocus():
            draw_focus_ring(painter, QRectF(self.rect()).adjusted(-1, 0, 1, 0), 3, theme.color(self._color))


class ActionButton(QPushButton):
    """A native push button of one of the style sheet's kinds; its icon follows the theme."""

    def __init__(
        self,
        text: str,
        theme: ThemeManager,
        icons: IconSet,
        parent: QWidget | None = None,
        *,
        icon: str = "",
        kind: ButtonKind = "plain",
    ) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self._icons = icons
        self._icon = icon
        self._kind = kind
        self.setProperty("kind", kind)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _on_theme_changed(self, _theme: object = None) -> None:
        if self._icon:
            theme = self._theme.theme
            color = theme.color(_ICON_COLORS.get(self._kind, "text"))
            self.setIcon(self._icons.icon(self._icon, color, theme.color("faint")))
