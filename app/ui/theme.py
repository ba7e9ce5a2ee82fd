"""The look of the window: named colours from a file, and the one object that applies them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Literal, get_args

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from app.core.errors import FaultsError
from app.ui.fonts import Fonts, fonts
from app.ui.system_scheme import SystemScheme

ThemeChoice = Literal["system", "light", "dark"]

COLOR_NAMES = frozenset(
    {
        "window", "side", "surface", "surface_dim", "line", "line_dim", "text", "secondary", "faint", "accent",
        "accent_hover", "accent_ground", "on_accent", "hover", "pressed", "selection", "user_ground",
        "thought_ground", "thought_bar", "thought_text", "code_ground", "note_text", "note_ground", "bad", "good",
        "syntax_keyword", "syntax_string", "syntax_number", "syntax_comment", "syntax_name", "syntax_function",
        "syntax_type", "syntax_operator", "syntax_meta", "syntax_error",
    }
)  # fmt: skip
"""Every theme file names exactly these; what each is for is said in the files."""

_HEX = re.compile(r"#[0-9A-Fa-f]{6}")
_DARK_BELOW = 0.5
"""HSL lightness of the window ground under which a theme counts as dark."""

_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


@dataclass(frozen=True)
class Theme:
    """A set of named colours.

    Attributes:
        name: The stem of the file it came from.
        is_dark: Whether its window ground is dark.
        colors: `#RRGGBB` by name, see `COLOR_NAMES`.
    """

    name: str
    is_dark: bool
    colors: Mapping[str, str]

    def hex(self, name: str) -> str:
        """The colour as `#RRGGBB`, for a style sheet or HTML."""
        return self.colors[name]

    def color(self, name: str) -> QColor:
        """The colour to paint with."""
        return QColor(self.colors[name])


def load_theme(path: Path) -> Theme:
    """The theme in `path`, a flat TOML table of `name = "#RRGGBB"`.

    Raises:
        FaultsError: The file cannot be read, lacks a colour, or holds something that is none.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FaultsError(f"The theme {path.name} cannot be read.", [str(error)]) from error
    faults = [f"{name} is missing." for name in sorted(COLOR_NAMES - table.keys())]
    faults += [f"{name} is not a colour of a theme." for name in sorted(table.keys() - COLOR_NAMES)]
    faults += [f"{name} must be #RRGGBB, not {value!r}." for name, value in table.items() if not _is_hex(value)]
    if faults:
        raise FaultsError(f"The theme {path.name} has faults.", faults)
    return Theme(path.stem, QColor(table["window"]).lightnessF() < _DARK_BELOW, table)


def _is_hex(value: object) -> bool:
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


class ThemeManager(QObject):
    """Applies a theme and the text size to the whole application, and tells who paints for themselves.

    Standard widgets follow by palette and style sheet; a label chooses its look by the dynamic property
    `role`, a push button by `kind` (see `style.qss`). Widgets that paint themselves take colours from
    `theme` and fonts from `fonts` in their paint event, and update when told.

    Signals:
        changed: Another theme applies; carries the `Theme`.
        fonts_changed: Another text size applies; carries the `Fonts`.
    """

    changed = Signal(object)
    fonts_changed = Signal(object)

    def __init__(self, app: QApplication, folder: Path, parent: QObject | None = None) -> None:
        """`folder` holds style.qss, and for each theme its colours and the marks of its check boxes and menus."""
        super().__init__(parent)
        self._app = app
        self._folder = folder
        self._themes = {name: load_theme(folder / f"{name}.toml") for name in ("light", "dark")}
        self._style = Template((folder / "style.qss").read_text("utf-8"))
        self._hints = QGuiApplication.styleHints()
        self._scheme = SystemScheme(self._hints, self)
        self._choice: ThemeChoice = "system"
        self._fonts = fonts()
        self._theme = self._wanted()
        app.setStyle(QStyleFactory.create("Fusion"))
        self._apply()
        self._scheme.changed.connect(self._on_scheme_changed)

    @property
    def theme(self) -> Theme:
        """The theme that applies."""
        return self._theme

    @property
    def fonts(self) -> Fonts:
        """The fonts that apply."""
        return self._fonts

    @property
    def choice(self) -> ThemeChoice:
        """What the reader chose."""
        return self._choice

    def set_choice(self, choice: ThemeChoice) -> None:
        """Follow the desktop, or stay light or dark.

        Raises:
            ValueError: `choice` is none of the three.
        """
        if choice not in get_args(ThemeChoice):
            raise ValueError(f"not a theme choice: {choice}")
        self._choice = choice
        # Window frames and native dialogs follow this where the platform can.
        self._hints.setColorScheme(_SCHEMES[choice])
        self._follow()

    def set_text_scale(self, scale: float) -> None:
        """Make all text `scale` times its normal size, within the limits of `fonts.fonts`."""
        wanted = fonts(scale)
        if wanted.scale == self._fonts.scale:
            return
        self._fonts = wanted
        self._apply()
        self.fonts_changed.emit(wanted)

    @Slot()
    def _on_scheme_changed(self) -> None:
        self._follow()

    def _follow(self) -> None:
        wanted = self._wanted()
        if wanted is self._theme:
            return
        self._theme = wanted
        self._apply()
        self.changed.emit(wanted)

    def _wanted(self) -> Theme:
        dark = self._scheme.is_dark() if self._choice == "system" else self._choice == "dark"
        return self._themes["dark" if dark else "light"]

    def _apply(self) -> None:
        self._app.setFont(self._fonts.panel)
        self._app.setPalette(palette(self._theme))
        # A style sheet takes pictures from files only and does not tint them, so each theme has its own.
        marks = (self._folder / self._theme.name).as_posix()
        names = {**self._theme.colors, **_sizes(self._fonts), "marks": marks}
        self._app.setStyleSheet(self._style.substitute(names))


def palette(theme: Theme) -> QPalette:
    """What Fusion draws with."""
    role = QPalette.ColorRole
    names = {
        role.Window: "window", role.WindowText: "text", role.Base: "surface", role.AlternateBase: "side",
        role.Text: "text", role.PlaceholderText: "secondary", role.Button: "surface", role.ButtonText: "text",
        role.BrightText: "on_accent", role.ToolTipBase: "surface", role.ToolTipText: "text",
        role.Highlight: "accent", role.HighlightedText: "on_accent", role.Accent: "accent",
        role.Link: "accent", role.LinkVisited: "accent",
        role.Light: "surface", role.Midlight: "hover", role.Mid: "line", role.Dark: "faint", role.Shadow: "line",
    }  # fmt: skip
    made = QPalette()
    for color_role, name in names.items():
        made.setColor(color_role, theme.color(name))
    for color_role in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, color_role, theme.color("faint"))
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, theme.color("line"))
    made.setColor(QPalette.ColorGroup.Disabled, role.Accent, theme.color("faint"))
    return made


def _sizes(made: Fonts) -> dict[str, str]:
    """The names that the style sheet has for font sizes."""
    sizes = {"text": made.text, "panel": made.panel, "secondary": made.secondary, "group": made.group}
    return {f"{name}_size": f"{font.pixelSize()}px" for name, font in sizes.items()}
