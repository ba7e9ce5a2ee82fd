"""The app's icons: SVG files drawn in one colour, tinted to the theme when they are used."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

ICON_SIZE = 16
"""Side of the grid that the icons are drawn on, in device-independent pixels."""

_SCALES = (1.0, 1.25, 1.5, 1.75, 2.0, 3.0)
"""Device pixel ratios a QIcon is prepared for: it must hold its pixmaps before it knows its screen."""

_PixmapKey = tuple[str, int, int, float]


class IconSet:
    """Icons by file name, in any colour and at any pixel ratio; each picture is drawn once.

    The files use `currentColor` as their only colour. The app's own picture, `thinkpane.svg`, has
    colours of its own and comes from `app_icon`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sources: dict[str, str] = {}
        self._pixmaps: dict[_PixmapKey, QPixmap] = {}
        self._icons: dict[tuple[str, int, int, int], QIcon] = {}

    def names(self) -> list[str]:
        """Every icon there is, sorted."""
        return sorted(path.stem for path in self._folder.glob("*.svg"))

    def pixmap(self, name: str, color: QColor, size: int = ICON_SIZE, ratio: float = 1.0) -> QPixmap:
        """The icon as a picture `size` device-independent pixels wide on a screen of pixel ratio `ratio`.

        Raises:
            FileNotFoundError: `name` is not an icon of this set.
        """
        key = (name, color.rgba(), size, ratio)
        if key not in self._pixmaps:
            self._pixmaps[key] = _draw(self._source(name), color, size, ratio)
        return self._pixmaps[key]

    def icon(self, name: str, color: QColor, disabled: QColor | None = None, size: int = ICON_SIZE) -> QIcon:
        """The icon for a menu, an action or a native button."""
        key = (name, color.rgba(), disabled.rgba() if disabled else 0, size)
        if key not in self._icons:
            self._icons[key] = self._build(name, color, disabled, size)
        return self._icons[key]

    def app_icon(self) -> QIcon:
        """The picture of the app for windows, task bars and desktop entries."""
        icon = QIcon()
        source = self._source("thinkpane")
        for size in (16, 24, 32, 48, 64, 128, 256):
            icon.addPixmap(_draw(source, QColor(), size, 1.0))
        return icon

    def _build(self, name: str, color: QColor, disabled: QColor | None, size: int) -> QIcon:
        icon = QIcon()
        for ratio in _SCALES:
            icon.addPixmap(self.pixmap(name, color, size, ratio))
            if disabled is not None:
                icon.addPixmap(self.pixmap(name, disabled, size, ratio), QIcon.Mode.Disabled)
        return icon

    def _source(self, name: str) -> str:
        if name not in self._sources:
            self._sources[name] = (self._folder / f"{name}.svg").read_text("utf-8")
        return self._sources[name]


def _draw(source: str, color: QColor, size: int, ratio: float) -> QPixmap:
    side = round(size * ratio)
    pixmap = QPixmap(QSize(side, side))
    pixmap.fill(Qt.GlobalColor.transparent)
    # QtSvg does not resolve currentColor against anything, so the colour is written in.
    tinted = source.replace("currentColor", color.name())
    painter = QPainter(pixmap)
    painter.setOpacity(color.alphaF())
    QSvgRenderer(QByteArray(tinted.encode())).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
