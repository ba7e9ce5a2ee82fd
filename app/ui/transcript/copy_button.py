"""The word Copy, which says for a moment that it has done so."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetrics, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import ThemedButton
from app.ui.widgets.painting import draw_box, draw_focus_ring, smooth_painter

_COPIED_MS = 1500
_ICON = 14
_PADDING = 6


class CopyButton(ThemedButton):
    """Says "Copy"; after `say_copied` a check and "Copied", in the same room.

    It can be concealed until the pointer is near; the keyboard finds it all the same.
    """

    def __init__(self, meaning: str, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        """`meaning` is its tooltip and what a screen reader says: "Copy the code"."""
        super().__init__(theme, icons, parent)
        self.setToolTip(meaning)
        self.setAccessibleName(meaning)
        self._revealed = True
        self._copied = QTimer(self)
        self._copied.setSingleShot(True)
        self._copied.setInterval(_COPIED_MS)
        self._copied.timeout.connect(self.update)

    @property
    def says_copied(self) -> bool:
        """It shows the check."""
        return self._copied.isActive()

    @property
    def is_shown(self) -> bool:
        """It can be seen."""
        return self._revealed or self.hasFocus() or self.says_copied

    def set_revealed(self, revealed: bool) -> None:
        """Show it, or conceal it but for the keyboard."""
        self._revealed = revealed
        self.update()

    def say_copied(self) -> None:
        """Show for a moment that the text is on the clipboard."""
        self._copied.start()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self._theme.fonts.secondary)
        return QSize(metrics.horizontalAdvance("Copied") + _ICON + 4 + 2 * _PADDING, metrics.height() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.is_shown:
            return
        painter = smooth_painter(self)
        theme, rect = self._theme.theme, QRectF(self.rect())
        if self._hovered:
            draw_box(painter, rect, 6, theme.color("hover"))
        if self.hasFocus():
            draw_focus_ring(painter, rect, 6, theme.color("accent"))
        word = "Copied" if self.says_copied else "Copy"
        painter.setFont(self._theme.fonts.secondary)
        painter.setPen(theme.color("text" if self.is_lit() else "secondary"))
        area = self.rect().adjusted(_PADDING, 0, -_PADDING, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, word)
        width = painter.fontMetrics().horizontalAdvance(word)
        icon, color = ("check", "good") if self.says_copied else ("copy", "text" if self.is_lit() else "secondary")
        self._draw_icon(painter, icon, self.width() - _PADDING - width - _ICON - 4, color, _ICON)
