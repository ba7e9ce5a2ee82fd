"""The chats as a flat Qt list: newest first, a header row before each group of days."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.store.chat_store import ChatSummary

Index = QModelIndex | QPersistentModelIndex

GROUPS = (("Today", 0), ("Yesterday", 1), ("Last 7 days", 7), ("Last 30 days", 30))
"""Each group's name, and how many days before today it begins; what is older is `OLDER`."""
OLDER = "Older"


class ChatRole(IntEnum):
    """What a row says beside its `DisplayRole`, which is the title or the group's name."""

    ID = Qt.ItemDataRole.UserRole
    """The chat's id; None for a header."""
    GROUP = Qt.ItemDataRole.UserRole + 1
    """The name of the group that the row belongs to."""
    UPDATED = Qt.ItemDataRole.UserRole + 2
    """Unix time of the last change in seconds; None for a header."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A header when `chat` is None."""

    group: str
    chat: ChatSummary | None = None

    @property
    def key(self) -> str:
        """What makes it the same row after a change."""
        return f"group:{self.group}" if self.chat is None else self.chat.id


class ChatListModel(QAbstractListModel):
    """Chats by day. It never resets: changes are told row by row, so that a view keeps its place and selection.

    A filter over 10,000 chats that takes 3,000 pieces of change costs a view no more than starting afresh.
    """

    def __init__(self, clock: Callable[[], float] = time.time, parent: QObject | None = None) -> None:
        """`clock` gives Unix time in seconds; days are those of the local time zone."""
        super().__init__(parent)
        self._clock = clock
        self._chats: tuple[ChatSummary, ...] = ()
        self._words: tuple[str, ...] = ()
        self._rows: list[_Row] = []

    def set_chats(self, chats: Iterable[ChatSummary]) -> None:
        """Show these chats, in any order."""
        self._chats = tuple(sorted(chats, key=lambda chat: chat.updated, reverse=True))
        self.regroup()

    def set_filter(self, text: str) -> None:
        """Show only chats whose title holds every word of `text`, upper or lower case; "" shows all."""
        words = tuple(text.casefold().split())
        if words != self._words:
            self._words = words
            self.regroup()

    def regroup(self) -> None:
        """Sort the chats into their days again: to be called when a new day may have begun."""
        shown = (chat for chat in self._chats if self._matches(chat))
        self._become(list(_grouped(shown, self._clock())))

    @property
    def chat_count(self) -> int:
        """How many chats there are, hidden ones included."""
        return len(self._chats)

    def index_of(self, chat_id: str) -> QModelIndex:
        """Where a chat is; an invalid index if it is not shown."""
        for number, row in enumerate(self._rows):
            if row.chat is not None and row.chat.id == chat_id:
                return self.index(number)
        return QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Chats shown and headers."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Title or group name, and the roles of `ChatRole`."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        chat = row.chat
        if role == ChatRole.GROUP:
            return row.group
        if chat is None:
            return row.group if role == Qt.ItemDataRole.DisplayRole else None
        values = {
            Qt.ItemDataRole.DisplayRole: chat.title,
            Qt.ItemDataRole.EditRole: chat.title,
            Qt.ItemDataRole.ToolTipRole: chat.title,
            ChatRole.ID: chat.id,
            ChatRole.UPDATED: chat.updated,
        }
        return values.get(role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """A header can be neither chosen nor edited."""
        if not index.isValid() or self._rows[index.row()].chat is None:
            return Qt.ItemFlag.NoItemFlags
        flag = Qt.ItemFlag
        return flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsEditable | flag.ItemNeverHasChildren

    def _matches(self, chat: ChatSummary) -> bool:
        title = chat.title.casefold()
        return all(word in title for word in self._words)

    def _become(self, rows: list[_Row]) -> None:
        """Turn the rows into `rows`: drop what went, put the rest in order, add what came, tell what changed."""
        wanted = {row.key for row in rows}
        for first, last in reversed(_ranges(row.key not in wanted for row in self._rows)):
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._rows[first : last + 1]
            self.endRemoveRows()
        present = {row.key for row in self._rows}
        self._reorder([row.key for row in rows if row.key in present])
        for first, last in _ranges(row.key not in present for row in rows):
            self.beginInsertRows(QModelIndex(), first, last)
            self._rows[first:first] = rows[first : last + 1]
            self.endInsertRows()
        changed = _ranges(old != new for old, new in zip(self._rows, rows, strict=True))
        self._rows = rows
        for first, last in changed:
            self.dataChanged.emit(self.index(first), self.index(last))

    def _reorder(self, keys: Sequence[str]) -> None:
        """Bring the same rows into the order of `keys`; indexes that a view holds move along."""
        if keys == [row.key for row in self._rows]:
            return
        self.layoutAboutToBeChanged.emit()
        place = {key: number for number, key in enumerate(keys)}
        held = self.persistentIndexList()
        moved = [self.index(place[self._rows[index.row()].key]) for index in held]
        self._rows.sort(key=lambda row: place[row.key])
        self.changePersistentIndexList(held, moved)
        self.layoutChanged.emit()


def _grouped(chats: Iterable[ChatSummary], now: float) -> Iterator[_Row]:
    """Headers and chats in order; `chats` come newest first."""
    begins = _group_begins(now)
    shown = ""
    for chat in chats:
        group = next((name for name, begin in begins if chat.updated >= begin), OLDER)
        if group != shown:
            yield _Row(group)
            shown = group
        yield _Row(group, chat)


def _group_begins(now: float) -> list[tuple[str, float]]:
    """Each group of `GROUPS` with the local midnight at which it begins, in Unix time."""
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    # Days are taken off the naive local time: a day with a clock change has 23 or 25 hours.
    return [(name, (midnight - timedelta(days=days)).timestamp()) for name, days in GROUPS]


def _ranges(marks: Iterable[bool]) -> list[tuple[int, int]]:
    """First and last position of each unbroken run of marks, in order."""
    ranges: list[tuple[int, int]] = []
    for number, is_marked in enumerate(marks):
        if not is_marked:
            continue
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges
