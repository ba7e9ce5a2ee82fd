"""The line at the foot of the window: what computes, how much memory is taken, what just happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.core.model_spec import Device
from app.services.model_session import ModelState
from app.ui.icons import IconSet
from app.ui.model_words import device_memory_taken
from app.ui.theme import ThemeManager
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.painting import FollowsTheme

HEIGHT = 26
_MARGIN = 14
_GAP = 18


class StatusBar(FollowsTheme, QWidget):
    """Words only; nothing here can be pressed. Where it gets narrow, the names are cut, not the numbers."""

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._build = ""
        self._devices: tuple[Device, ...] = ()
        self._engine = ElidedLabel(role="secondary")
        self._memory = ElidedLabel(role="secondary")
        self._message = ElidedLabel(role="secondary")
        self._speed = ElidedLabel(role="secondary")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for whole in (self._memory, self._speed):
            whole.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(_MARGIN, 1, _MARGIN, 0)
        row.setSpacing(_GAP)
        row.addWidget(self._engine)
        row.addWidget(self._memory)
        row.addStretch(1)
        row.addWidget(self._message)
        row.addWidget(self._speed)
        self.follow_theme(theme)

    def set_build(self, build: str) -> None:
        """Which llama.cpp it is, as the engine names it."""
        self._build = build
        self._show_engine()

    def set_model_state(self, state: ModelState) -> None:
        """Where the model computes, and how much of that memory is taken by everything that runs."""
        on_gpu = state.loaded is not None and state.loaded.applied.gpu_layers > 0
        self._devices = tuple(device for device in state.devices if (device.kind != "cpu") == on_gpu)
        self._show_engine()

    def set_speed(self, stats: Mapping[str, Any]) -> None:
        """How fast the last answer came: `RunStats` by name; nothing is said where it holds no speed."""
        speed = float(stats.get("tokens_per_second", 0.0))
        self._speed.setText(f"{speed:,.1f} tokens/s" if speed > 0 else "")

    def set_message(self, text: str) -> None:
        """Say something in passing; "" takes it back."""
        self._message.setText(text)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), HEIGHT + self._theme.fonts.secondary.pixelSize() - 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme.theme
        painter.fillRect(self.rect(), theme.color("side"))
        painter.fillRect(0, 0, self.width(), 1, theme.color("line"))

    def _show_engine(self) -> None:
        words = [self._build, ", ".join(_names(self._devices))]
        self._engine.setText(" · ".join(word for word in words if word))
        taken = device_memory_taken(self._devices)
        self._memory.setText(f"{taken} in use" if taken else "")


def _names(devices: Sequence[Device]) -> list[str]:
    """The CPU is just that; of a GPU one wants to know which."""
    return [device.name if device.kind == "cpu" else f"{device.name} {device.description}" for device in devices]
