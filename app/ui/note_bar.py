"""The note above the composer: one thing at a time that the user may want to act on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtWidgets import QWidget

from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.widgets.note import Note

DISMISS = "dismiss"


@dataclass(frozen=True)
class Notice:
    """What a note says, and what its links do.

    Attributes:
        key: A later notice of the same key takes its place.
        actions: (code, label) of each link; "Dismiss" is added to them.
        handlers: What each code does; the note goes away with any of them.
    """

    key: str
    headline: str
    text: str = ""
    actions: Sequence[tuple[str, str]] = ()
    handlers: Mapping[str, Callable[[], None]] = field(default_factory=dict)


class NoteBar(Note):
    """Shows the newest of its notices; the others wait below it."""

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(theme, icons, parent, actions_beside=True)
        self._notices: dict[str, Notice] = {}
        self.action.connect(self._on_action)
        self.hide()

    @property
    def notices(self) -> tuple[Notice, ...]:
        """All that wait, the shown one last."""
        return tuple(self._notices.values())

    def put(self, notice: Notice) -> None:
        """Show a notice, in place of an earlier one of its key."""
        self._notices.pop(notice.key, None)
        self._notices[notice.key] = notice
        self._refresh()

    def drop(self, key: str) -> None:
        """Take a notice away; nothing happens if it is not there."""
        if self._notices.pop(key, None) is not None:
            self._refresh()

    def _refresh(self) -> None:
        if not self._notices:
            self.hide()
            return
        notice = self.notices[-1]
        self.set_content(notice.headline, notice.text, [*notice.actions, (DISMISS, "Dismiss")])
        self.show()

    def _on_action(self, code: str) -> None:
        notice = self.notices[-1]
        self.drop(notice.key)
        if code in notice.handlers:
            notice.handlers[code]()
