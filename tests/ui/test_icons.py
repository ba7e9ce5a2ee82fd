from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage

from app.ui.icons import IconSet

ROOT = Path(__file__).parents[2]
ICONS = ROOT / "resources" / "icons"
NAMES = sorted(path.stem for path in ICONS.glob("*.svg"))
DRAWN = [name for name in NAMES if name != "thinkpane"]

EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f]")


def colours(image: QImage) -> set[str]:
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return {pixel.name() for pixel in pixels if pixel.alpha() == 255}


@pytest.mark.parametrize("name", DRAWN)
def test_icons_share_grid_weight_and_colour(name: str) -> None:
    source = (ICONS / f"{name}.svg").read_text("utf-8")
    assert 'viewBox="0 0 16 16"' in source
    assert 'stroke-width="1.4"' in source
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', source)) <= {"none", "currentColor"}


@pytest.mark.parametrize("name", DRAWN)
def test_icons_show_in_the_colour_asked_for_inside_their_frame(icons: IconSet, name: str) -> None:
    image = icons.pixmap(name, QColor("#3B5BDB"), size=32).toImage()
    assert colours(image) == {"#3b5bdb"}
    border = {image.pixelColor(x, y).alpha() for x in range(32) for y in (0, 31)}
    border |= {image.pixelColor(x, y).alpha() for x in (0, 31) for y in range(32)}
    assert border == {0}


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_a_pixmap_is_as_sharp_as_its_screen(icons: IconSet, ratio: float) -> None:
    pixmap = icons.pixmap("cube", QColor("black"), ratio=ratio)
    assert pixmap.width() == round(16 * ratio)
    assert pixmap.devicePixelRatio() == ratio


def test_an_icon_has_a_disabled_colour(icons: IconSet) -> None:
    icon = icons.icon("trash", QColor("#112233"), QColor("#AABBCC"))
    assert colours(icon.pixmap(QSize(32, 32)).toImage()) == {"#112233"}
    disabled = icon.pixmap(QSize(32, 32), QIcon.Mode.Disabled).toImage()
    assert colours(disabled) == {"#aabbcc"}


def test_a_picture_is_drawn_once(icons: IconSet) -> None:
    again = [icons.pixmap("copy", QColor("red")).cacheKey() for _ in range(2)]
    assert again[0] == again[1] != icons.pixmap("copy", QColor("blue")).cacheKey()


def test_the_app_icon_comes_in_every_common_size(icons: IconSet) -> None:
    sizes = {size.width() for size in icons.app_icon().availableSizes()}
    assert {16, 32, 48, 256} <= sizes


def test_an_unknown_icon_is_a_bug(icons: IconSet) -> None:
    with pytest.raises(FileNotFoundError):
        icons.pixmap("no-such-icon", QColor("black"))


@pytest.mark.parametrize("room", ["ui", "item_models"])
def test_no_emoji_stands_for_an_icon(room: str) -> None:
    sources = [*(ROOT / "app" / room).rglob("*.py"), *ICONS.glob("*.svg")]
    assert [path.name for path in sources if EMOJI.search(path.read_text("utf-8"))] == []
