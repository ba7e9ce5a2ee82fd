"""The buttons of the top bar: what is chosen, a detail about it, and a chevron to choose another."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from app.ui.icons import ICON_SIZE, IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import ThemedButton
from app.ui.widgets.painting import draw_box, draw_focus_ring, smooth_painter

_PADDING = 12
_GAP = 7
_DOT = 4
_MIN_TEXT = 56


class PillButton(ThemedButton):
    """A rounded button with an icon, a label, a secondary label, a dot when modified, and a chevron.

    With a menu set, a click opens it below the button.
    """

    def __init__(
        self,
        theme: ThemeManager,
        icons: IconSet,
        parent: QWidget | None = None,
        *,
        icon: str = "",
        bold: bool = False,
    ) -> None:
        super().__init__(theme, icons, parent)
        self._icon = icon
        self._bold = bold
        self._label = ""
        self._detail = ""
        self._detail_color = "secondary"
        self._modified = False
        self._menu: QMenu | None = None
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._on_clicked)

    def set_content(
        self, label: str, detail: str = "", modified: bool = False, *, detail_color: str = "secondary"
    ) -> None:
        """Show `label`, `detail` beside it in smaller text, and a dot when what is chosen was modified."""
        self.setText(label.replace("&", "&&"))
        self._label, self._detail, self._modified = label, detail, modified
        self._detail_color = detail_color
        words = [label, detail, "modified" if modified else ""]
        self.setAccessibleName(", ".join(word for word in words if word))
        self.updateGeometry()
        self.update()

    def set_menu(self, menu: QMenu) -> None:
        """Open `menu` on a click; it stays its owner's."""
        self._menu = menu

    def sizeHint(self) -> QSize:
        width = self._fixed_width() + self._label_width() + self._detail_width()
        return QSize(width, QFontMetrics(self._theme.fonts.panel).height() + 14)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self._fixed_width() + _MIN_TEXT, self.sizeHint().width()), self.sizeHint().height())

    def _on_clicked(self) -> None:
        if self._menu is not None:
            self._menu.popup(self.mapToGlobal(QPoint(0, self.height() + 4)))

    def _label_font(self) -> QFont:
        font = QFont(self._theme.fonts.panel)
        font.setBold(self._bold)
        return font

    def _label_width(self) -> int:
        return _width(self._label_font(), self._label)

    def _detail_width(self) -> int:
        if not self._detail:
            return 0
        return _GAP + _width(self._theme.fonts.secondary, self._detail)

    def _fixed_width(self) -> int:
        """What is left when both texts are taken away."""
        width = 2 * _PADDING + _GAP + ICON_SIZE
        width += ICON_SIZE + _GAP if self._icon else 0
        return width + (_DOT + _GAP if self._modified else 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme, rect = self._theme.theme, QRectF(self.rect())
        ground = "pressed" if self.isDown() else "hover" if self._hovered and self.isEnabled() else "surface"
        draw_box(painter, rect, 8, theme.color(ground), theme.color("line"))
        if self.hasFocus():
            draw_focus_ring(painter, rect, 8, theme.color("accent"))
        self._draw_content(painter)

    def _draw_content(self, painter: QPainter) -> None:
        color = "text" if self.isEnabled() else "faint"
        left = _PADDING
        if self._icon:
            self._draw_icon(painter, self._icon, left, color)
            left += ICON_SIZE + _GAP
        room = self.width() - self._fixed_width()
        label_room = min(self._label_width(), room)
        left = self._draw_text(painter, self._label, self._label_font(), color, left, label_room)
        if self._detail and room - label_room > _GAP:
            detail_color = self._detail_color if self.isEnabled() else "faint"
            width = min(self._detail_width(), room - label_room) - _GAP
            left = self._draw_text(painter, self._detail, self._theme.fonts.secondary, detail_color, left + _GAP, width)
        if self._modified:
            self._draw_dot(painter, left + _GAP)
        self._draw_icon(painter, "chevron-down", self.width() - _PADDING - ICON_SIZE, color)

    def _draw_text(self, painter: QPainter, text: str, font: QFont, color: str, left: int, width: int) -> int:
        painter.setFont(font)
        painter.setPen(self._theme.theme.color(color))
        shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
        painter.drawText(left, 0, width + 1, self.height(), Qt.AlignmentFlag.AlignVCenter, shown)
        return left + width

    def _draw_dot(self, painter: QPainter, left: int) -> None:
        painter.setBrush(self._theme.theme.color("accent"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QRectF(left, (self.height() - _DOT) / 2, _DOT, _DOT))


def _width(font: QFont, text: str) -> int:
    """Room that holds `text` uncut: one more than the measure, which is rounded where cutting is exact."""
    return QFontMetrics(font).horizontalAdvance(text) + 1
