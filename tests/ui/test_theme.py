from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QFontInfo, QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.errors import FaultsError
from app.ui.fonts import MAX_TEXT_SCALE, MIN_TEXT_SCALE, fonts
from app.ui.theme import COLOR_NAMES, Theme, ThemeManager, load_theme

THEMES = Path(__file__).parents[2] / "resources" / "themes"
READABLE = 4.5
"""The contrast WCAG 2 asks of text at level AA."""

GROUNDS = ("window", "side", "surface", "surface_dim", "hover")
SYNTAX = sorted(name for name in COLOR_NAMES if name.startswith("syntax_"))
TEXT_ON_GROUND = [
    *[("text", ground) for ground in (*GROUNDS, "pressed", "accent_ground", "user_ground", "selection", "code_ground")],
    *[("secondary", ground) for ground in (*GROUNDS, "accent_ground", "user_ground", "thought_ground", "code_ground")],
    *[(name, ground) for name in ("accent", "bad", "good") for ground in GROUNDS],
    *[("thought_text", ground) for ground in ("thought_ground", "selection")],
    *[("note_text", ground) for ground in ("note_ground", "window", "side", "surface")],
    *[("on_accent", ground) for ground in ("accent", "accent_hover")],
    *[(name, "code_ground") for name in SYNTAX],
]


@pytest.fixture(params=["light", "dark"])
def loaded(request: pytest.FixtureRequest) -> Theme:
    return load_theme(THEMES / f"{request.param}.toml")


def luminance(hex_color: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    channels = [int(hex_color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_formula_gives_wcag_extremes() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_is_readable_on_its_ground(loaded: Theme, text: str, ground: str) -> None:
    assert contrast(loaded.hex(text), loaded.hex(ground)) >= READABLE


def test_focus_ring_and_thought_bar_can_be_seen(loaded: Theme) -> None:
    for ground in GROUNDS:
        assert contrast(loaded.hex("accent"), loaded.hex(ground)) >= 3
    assert contrast(loaded.hex("thought_bar"), loaded.hex("thought_ground")) >= 3


def test_themes_differ_in_every_colour_but_none_in_names() -> None:
    light, dark = (load_theme(THEMES / f"{name}.toml") for name in ("light", "dark"))
    assert light.colors.keys() == dark.colors.keys() == COLOR_NAMES
    assert [name for name in COLOR_NAMES if light.hex(name) == dark.hex(name)] == []
    assert not light.is_dark
    assert dark.is_dark


@pytest.mark.parametrize(
    ("mark", "color"),
    [("check", "on_accent"), ("menu-check", "text"), ("chevron", "secondary"), ("submenu", "secondary")],
)
def test_marks_have_the_colours_of_their_theme(loaded: Theme, mark: str, color: str) -> None:
    source = (THEMES / loaded.name / f"{mark}.svg").read_text("utf-8")
    assert set(re.findall(r"#[0-9A-Fa-f]{6}", source)) == {loaded.hex(color)}


def test_every_mark_the_style_sheet_names_is_there(loaded: Theme) -> None:
    named = set(re.findall(r"\$marks/([\w-]+\.svg)", (THEMES / "style.qss").read_text("utf-8")))
    assert named == {path.name for path in (THEMES / loaded.name).iterdir()}


def test_a_theme_reports_every_fault_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    lines = [f'{name} = "#102030"' for name in sorted(COLOR_NAMES - {"accent", "line"})]
    path.write_text("\n".join([*lines, 'line = "grey"', 'sky = "#0000FF"']))
    with pytest.raises(FaultsError) as caught:
        load_theme(path)
    assert caught.value.faults == (
        "accent is missing.",
        "sky is not a colour of a theme.",
        "line must be #RRGGBB, not 'grey'.",
    )


@pytest.mark.parametrize("text", ["not = [toml", "\x00"])
def test_an_unreadable_theme_is_an_error_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(FaultsError, match=r"broken\.toml"):
        load_theme(path)


def test_choice_changes_palette_style_and_tells_once(qapp: QApplication, theme: ThemeManager) -> None:
    told: list[Theme] = []
    theme.changed.connect(told.append)
    theme.set_choice("dark")
    theme.set_choice("dark")
    assert [made.name for made in told] == ["dark"]
    assert qapp.palette().color(QPalette.ColorRole.Window) == theme.theme.color("window")
    assert theme.theme.hex("line") in qapp.styleSheet()
    assert theme.choice == "dark"
    theme.set_choice("light")
    assert [made.name for made in told] == ["dark", "light"]


def test_an_unknown_choice_is_refused(theme: ThemeManager) -> None:
    with pytest.raises(ValueError, match="sepia"):
        theme.set_choice("sepia")  # type: ignore[arg-type]
    assert theme.choice == "light"


def test_standard_widgets_take_the_colours(qtbot, theme: ThemeManager) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    button, label = QPushButton("Save"), QLabel("2 of 3")
    button.setProperty("kind", "primary")
    label.setProperty("role", "secondary")
    layout.addWidget(button)
    layout.addWidget(label)
    window.show()
    for choice in ("light", "dark"):
        theme.set_choice(choice)
        picture = button.grab().toImage()
        assert picture.pixelColor(picture.width() // 2, 4) == theme.theme.color("accent")
        assert label.palette().color(QPalette.ColorRole.WindowText) == theme.theme.color("secondary")


def test_text_scale_reaches_every_font_and_the_style_sheet(qtbot, theme: ThemeManager) -> None:
    label = QLabel("Yesterday")
    qtbot.addWidget(label)
    label.setProperty("role", "group")
    label.show()
    with qtbot.waitSignal(theme.fonts_changed):
        theme.set_text_scale(1.5)
    assert theme.fonts.text.pixelSize() == 21
    assert theme.fonts.code.pixelSize() == round(13 * 1.5)
    assert label.font().pixelSize() == round(11 * 1.5)
    with qtbot.assertNotEmitted(theme.fonts_changed):
        theme.set_text_scale(1.5)


@pytest.mark.parametrize(("asked", "given"), [(0.0, MIN_TEXT_SCALE), (99.0, MAX_TEXT_SCALE), (1.1, 1.1)])
def test_text_scale_stays_within_reason(qapp: QApplication, asked: float, given: float) -> None:
    assert fonts(asked).scale == given


def test_fonts_are_real_families_and_code_is_fixed_width(qapp: QApplication) -> None:
    made = fonts()
    for font in (made.text, made.panel, made.secondary, made.group, made.code):
        assert QFontInfo(font).family() == font.families()[0]
    metrics = QFontMetrics(made.code)
    assert metrics.horizontalAdvance("iiii") == metrics.horizontalAdvance("MMMM")
    assert made.group.bold()
