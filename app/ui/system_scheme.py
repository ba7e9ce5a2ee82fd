"""Whether the desktop asks for dark windows, and word when it changes its mind."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import SLOT, QObject, Qt, Signal, Slot
from PySide6.QtGui import QStyleHints

_PORTAL = ("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings")
_NAMESPACE = "org.freedesktop.appearance"
_KEY = "color-scheme"
_PORTAL_DARK = 1
"""1 prefers dark, 2 prefers light, 0 has no preference (XDG desktop portal, Settings)."""

_PORTAL_TIMEOUT_MS = 300
"""The window waits this long at most for a portal that does not answer."""


class SystemScheme(QObject):
    """The desktop's wish, from Qt where Qt knows it, else from the desktop portal, else light.

    Signals:
        changed: The wish may be another one now.
    """

    changed = Signal()

    def __init__(self, hints: QStyleHints, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hints = hints
        self._portal = _Portal(self) if _portal_is_worth_asking(hints) else None
        hints.colorSchemeChanged.connect(self._on_hints_changed)
        if self._portal is not None:
            self._portal.changed.connect(self.changed)

    def is_dark(self) -> bool:
        """True when the desktop asks for dark windows."""
        scheme = self._hints.colorScheme()
        if scheme != Qt.ColorScheme.Unknown:
            return scheme == Qt.ColorScheme.Dark
        return self._portal is not None and self._portal.is_dark

    @Slot()
    def _on_hints_changed(self) -> None:
        self.changed.emit()


def _portal_is_worth_asking(hints: QStyleHints) -> bool:
    """Only where Qt does not know and a session bus exists: connecting without one would try to start it."""
    if not sys.platform.startswith("linux") or hints.colorScheme() != Qt.ColorScheme.Unknown:
        return False
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return bool(os.environ.get("DBUS_SESSION_BUS_ADDRESS")) or bool(runtime and (Path(runtime) / "bus").exists())


class _Portal(QObject):
    """The desktop portal's color-scheme."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        # Imported here: it loads a library that most desktops do not need for this.
        from PySide6.QtDBus import QDBus, QDBusConnection, QDBusMessage

        self.is_dark = False
        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            return
        question = QDBusMessage.createMethodCall(*_PORTAL, "Read")
        question.setArguments([_NAMESPACE, _KEY])
        answer = bus.call(question, QDBus.CallMode.Block, _PORTAL_TIMEOUT_MS).arguments()
        self.is_dark = bool(answer) and _plain(answer[0]) == _PORTAL_DARK
        # PySide's own annotation asks for bytes here, and its code refuses them.
        slot = SLOT("_on_setting_changed(QDBusMessage)")
        bus.connect(*_PORTAL, "SettingChanged", self, slot)  # type: ignore[call-overload]

    @Slot("QDBusMessage")
    def _on_setting_changed(self, message: Any) -> None:
        arguments = message.arguments()
        if len(arguments) == 3 and arguments[:2] == [_NAMESPACE, _KEY]:
            self.is_dark = _plain(arguments[2]) == _PORTAL_DARK
            self.changed.emit()


def _plain(value: Any) -> Any:
    """`value` out of the D-Bus variants it is wrapped in; the portal's Read wraps twice."""
    while hasattr(value, "variant"):
        value = value.variant()
    return value
