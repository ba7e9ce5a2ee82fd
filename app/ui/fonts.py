"""Which fonts the window is set in: the system's own, at a few sizes that scale together."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QLocale
from PySide6.QtGui import QFont, QFontDatabase, QFontInfo

MIN_TEXT_SCALE = 0.7
MAX_TEXT_SCALE = 2.5

_NO_CHOICE = {
    "",
    "sans",
    "sans serif",
    "sans-serif",
    "ms shell dlg 2",
    "helvetica",
    "dejavu sans",
    "bitstream vera sans",
}
"""What Qt answers where no desktop has chosen an interface font: fontconfig's names, not somebody's wish."""

_PREFERRED = (
    "Inter", "Noto Sans", "Cantarell", "Adwaita Sans", "Ubuntu Sans", "Ubuntu", "Open Sans", "Source Sans 3", "Roboto",
)  # fmt: skip
"""Interface fonts of Linux desktops, tried in this order where no desktop has chosen one."""

_CJK = {
    QLocale.Language.Japanese: "Noto Sans CJK JP",
    QLocale.Language.Korean: "Noto Sans CJK KR",
    QLocale.Language.Chinese: "Noto Sans CJK SC",
}
_EMOJI = "Noto Color Emoji"


@dataclass(frozen=True, slots=True)
class Fonts:
    """The fonts of the window, by what they are for.

    Attributes:
        text: The transcript and the composer, 14 px at scale 1.
        panel: Panels, menus and controls, 13 px.
        secondary: Secondary lines, 12 px.
        group: Heads of groups, 11 px bold.
        code: Code and numbers, 13 px, fixed width.
        scale: What the reader chose, 1 is normal.
    """

    text: QFont
    panel: QFont
    secondary: QFont
    group: QFont
    code: QFont
    scale: float = 1.0


def fonts(scale: float = 1.0) -> Fonts:
    """The system's fonts at `scale`, which is kept between `MIN_TEXT_SCALE` and `MAX_TEXT_SCALE`."""
    scale = min(max(scale, MIN_TEXT_SCALE), MAX_TEXT_SCALE)
    interface = interface_families(QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont))
    fixed = [_real_family(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)), *_last_resorts()]
    return Fonts(
        text=_font(interface, 14 * scale),
        panel=_font(interface, 13 * scale),
        secondary=_font(interface, 12 * scale),
        group=_font(interface, 11 * scale, bold=True),
        code=_font(fixed, 13 * scale),
        scale=scale,
    )


def interface_families(general: QFont) -> list[str]:
    """`general`, what Qt reports for the interface, made fit: a good family first, then CJK and emoji."""
    families = [_real_family(general)]
    if general.family().lower() in _NO_CHOICE:
        families = [family for family in _PREFERRED if QFontDatabase.hasFamily(family)][:1] or families
    return families + _last_resorts()


def _last_resorts() -> list[str]:
    """Who draws what the chosen family lacks; named, since the system's own pick may be a black emoji."""
    cjk = _CJK.get(QLocale.system().language(), "Noto Sans CJK SC")
    return [family for family in (cjk, _EMOJI) if QFontDatabase.hasFamily(family)]


def _real_family(font: QFont) -> str:
    """The family behind an alias like "monospace", which Qt does not resolve within a list of families."""
    family = font.family()
    hidden = family.startswith(".")  # macOS names its interface font so and does not list it
    return family if hidden or QFontDatabase.hasFamily(family) else QFontInfo(font).family()


def _font(families: list[str], pixels: float, bold: bool = False) -> QFont:
    font = QFont(families)
    font.setPixelSize(round(pixels))
    font.setBold(bold)
    return font
