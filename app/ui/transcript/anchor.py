"""What the reader looks at, so that it stays in its place when heights above it change."""

from __future__ import annotations

from dataclasses import dataclass

import shiboken6
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

_REACH = 40
"""Pixels below the edge in which the first widget is looked for: more than any gap."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The widget at the upper edge of what is in view, its size, and how much of it is above that edge."""

    widget: QWidget
    offset: int
    width: int
    height: int

    @classmethod
    def at(cls, content: QWidget, top: int) -> Anchor | None:
        """The anchor for a scroll position; None where nothing is near that edge."""
        middle = content.width() // 2
        for step in range(0, _REACH, 4):
            widget = content.childAt(middle, top + step)
            if widget is not None:
                return cls(widget, top - widget.mapTo(content, QPoint(0, 0)).y(), widget.width(), widget.height())
        return None

    def value_for(self, content: QWidget) -> int | None:
        """The scroll position that shows the same place; None if the widget is gone.

        A text that was wrapped anew at another width keeps its share above the edge. One that only
        grew at its end keeps its pixels.
        """
        if not shiboken6.isValid(self.widget) or not content.isAncestorOf(self.widget):
            return None
        top = self.widget.mapTo(content, QPoint(0, 0)).y()
        if self.widget.width() != self.width and self.height and self.offset > 0:
            return top + round(self.offset * self.widget.height() / self.height)
        return top + self.offset
