"""A column of widgets that know their height for a width.

Qt's own box layouts ask every child again whenever one of them changes, which a long transcript cannot
afford: here a child says when its height has changed, and everything else keeps its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, cast

from PySide6.QtCore import QRect, Signal, SignalInstance
from PySide6.QtWidgets import QWidget


class Fitting(Protocol):
    """What a column asks of the widgets in it."""

    height_changed: SignalInstance

    def fit(self, width: int) -> int:
        """Lay out for `width` pixels and return the height that takes. Cheap when nothing has changed."""


class Column(QWidget):
    """Widgets from top to bottom, as wide as the column less indent and inset. Hidden ones take no room.

    Signals:
        height_changed: What `fit` would return is another number now.
    """

    height_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: list[_Entry] = []
        self._fitted_width = -1
        self._fitted_height = 0
        self._holders = 0

    def insert(self, index: int, widget: QWidget, gap: int = 0, indent: int = 0, inset: int = 0) -> None:
        """Put a `Fitting` widget in, `gap` pixels below the one above it.

        `indent` is cut off at its left, `inset` at both sides.
        """
        widget.setParent(self)
        self._entries.insert(index, _Entry(widget, gap, indent, inset))
        cast(Fitting, widget).height_changed.connect(self._on_child_height_changed)
        widget.show()
        self._changed()

    def append(self, widget: QWidget, gap: int = 0, indent: int = 0, inset: int = 0) -> None:
        """Put a `Fitting` widget at the end."""
        self.insert(len(self._entries), widget, gap, indent, inset)

    def set_place(self, index: int, gap: int, indent: int) -> None:
        """Change the distance to the widget above and the indent."""
        entry = self._entries[index]
        if (entry.gap, entry.indent) != (gap, indent):
            entry.gap, entry.indent = gap, indent
            self._changed()

    def discard(self, index: int) -> None:
        """Take a widget out and destroy it."""
        widget = self._entries.pop(index).widget
        cast(Fitting, widget).height_changed.disconnect(self._on_child_height_changed)
        widget.hide()
        widget.deleteLater()
        self._changed()

    def move_to(self, widget: QWidget, index: int) -> None:
        """Put a widget that is in the column at another place of it."""
        current = self.widgets().index(widget)
        if current != index:
            self._entries.insert(index, self._entries.pop(current))
            self._changed()

    def set_shown(self, widget: QWidget, shown: bool) -> None:
        """Show or hide a widget of the column."""
        if widget.isHidden() == shown:
            widget.setVisible(shown)
            self._changed()

    def widgets(self) -> list[QWidget]:
        """The widgets from top to bottom."""
        return [entry.widget for entry in self._entries]

    def __len__(self) -> int:
        return len(self._entries)

    @contextmanager
    def one_layout(self) -> Iterator[None]:
        """Lay out once at the end of a block that changes several things."""
        self._holders += 1
        try:
            yield
        finally:
            self._holders -= 1
            self._changed()

    def fit(self, width: int) -> int:
        """Lay out for `width` pixels and return the height that takes."""
        if width != self._fitted_width:
            self._fitted_width = width
            self._lay_out()
        return self._fitted_height

    def _on_child_height_changed(self) -> None:
        self._changed()

    def _changed(self) -> None:
        if self._holders or self._fitted_width < 0:
            return
        before = self._fitted_height
        self._lay_out()
        if self._fitted_height != before:
            self.height_changed.emit()

    def _lay_out(self) -> None:
        top = 0
        for entry in self._entries:
            if entry.widget.isHidden():
                continue
            top += entry.gap if top else 0
            width = self._fitted_width - entry.indent - 2 * entry.inset
            height = cast(Fitting, entry.widget).fit(width)
            place = QRect(entry.indent + entry.inset, top, width, height)
            if entry.place != place:
                entry.place = place
                entry.widget.setGeometry(place)
            top += height
        self._fitted_height = top


@dataclass(slots=True)
class _Entry:
    widget: QWidget
    gap: int
    indent: int
    inset: int
    place: QRect = field(default_factory=QRect)
