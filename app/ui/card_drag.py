"""What is seen while the pointer carries a card to another place in its list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.theme import ThemeManager
from app.ui.widgets.painting import draw_box, smooth_painter

_RADIUS = 8


class CardDrag:
    """A card on its way: its picture under the pointer, and a hole among the others where it would go.

    Only the layout is reordered while the card is carried; what it stands for changes when it is put down.

    Attributes:
        card: The card that is carried.
        start: Where it was.
        row: Where it is when it is put down now.
    """

    def __init__(
        self, area: QWidget, layout: QVBoxLayout, cards: Sequence[QWidget], row: int, grip_y: int, theme: ThemeManager
    ) -> None:
        """`layout` of `area` holds `cards` from top to bottom; the pointer holds the one in `row` at `grip_y`."""
        self._layout = layout
        self._cards = list(cards)
        self.card = self._cards[row]
        self.start = self.row = row
        self._grip_y = grip_y
        self._hole = _Hole(area, theme)
        self._picture = _Picture(area, self.card.grab(), theme)
        self._picture.move(self.card.pos())
        self._show_hole()
        for widget in (self._hole, self._picture):
            widget.show()
            widget.raise_()

    def move_to(self, y: int) -> None:
        """The pointer is at `y` in the widget of the layout."""
        height = self.card.height()
        top = min(max(y - self._grip_y, -height // 2), self._layout.geometry().bottom() - height // 2)
        self._picture.move(self.card.x(), top)
        # A neighbour gives way when its middle is passed; it then lies a card's height off, so nothing flickers.
        while self.row + 1 < len(self._cards) and top + height > self._middle(self.row + 1):
            self._swap(self.row + 1)
        while self.row > 0 and top < self._middle(self.row - 1):
            self._swap(self.row - 1)

    def end(self) -> None:
        """Take the picture and the hole away."""
        for widget in (self._hole, self._picture):
            widget.hide()
            widget.deleteLater()

    def _middle(self, row: int) -> int:
        return self._cards[row].geometry().center().y()

    def _swap(self, row: int) -> None:
        self._cards.insert(row, self._cards.pop(self.row))
        self._layout.insertWidget(row, self.card)
        self._layout.activate()
        self.row = row
        self._show_hole()

    def _show_hole(self) -> None:
        self._hole.setGeometry(self.card.geometry())


class _Overlay(QWidget):
    """Lies over the cards and lets the pointer through."""

    def __init__(self, area: QWidget, theme: ThemeManager) -> None:
        super().__init__(area)
        self._theme = theme.theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)


class _Hole(_Overlay):
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        painter.fillRect(self.rect(), self._theme.color("side"))
        rect = QRectF(self.rect())
        draw_box(painter, rect, _RADIUS, self._theme.color("accent_ground"))
        painter.setPen(QPen(self._theme.color("accent"), 1, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)


class _Picture(_Overlay):
    def __init__(self, area: QWidget, picture: QPixmap, theme: ThemeManager) -> None:
        super().__init__(area, theme)
        self._pixmap = picture
        self.resize(picture.deviceIndependentSize().toSize())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        painter.drawPixmap(0, 0, self._pixmap)
        painter.setPen(QPen(self._theme.color("accent"), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), _RADIUS, _RADIUS)
