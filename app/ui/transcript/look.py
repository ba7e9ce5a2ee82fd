"""What everything in the transcript is drawn with."""

from __future__ import annotations

from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.transcript.block_format import Formats


class Look:
    """The theme, the icons, and the text formats made from the theme; shared by all rows.

    Attributes:
        formats: Those of the theme and the text size that apply; `refresh` makes them anew.
    """

    def __init__(self, theme: ThemeManager, icons: IconSet) -> None:
        self.theme = theme
        self.icons = icons
        self.formats = Formats(theme)

    def refresh(self) -> None:
        """The theme or the text size has changed."""
        self.formats = Formats(self.theme)
