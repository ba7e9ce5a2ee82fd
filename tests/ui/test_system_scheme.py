from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PORTAL = """
import sys
from PySide6.QtCore import ClassInfo, QCoreApplication, QObject, Slot
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusVariant

PATH, NAME = "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings"

@ClassInfo({"D-Bus Interface": NAME})
class Portal(QObject):
    @Slot(str, str, result=QDBusVariant)
    def Read(self, namespace, key):
        return QDBusVariant(1 if key == "color-scheme" else 0)

    @Slot()
    def BecomeLight(self):
        told = QDBusMessage.createSignal(PATH, NAME, "SettingChanged")
        told.setArguments(["org.freedesktop.appearance", "color-scheme", QDBusVariant(2)])
        QDBusConnection.sessionBus().send(told)

app = QCoreApplication([])
portal = Portal()
bus = QDBusConnection.sessionBus()
options = QDBusConnection.RegisterOption.ExportAllSlots
assert bus.registerObject(PATH, portal, options) and bus.registerService("org.freedesktop.portal.Desktop")
print("ready", flush=True)
app.exec()
"""

CLIENT = """
import subprocess, sys
from PySide6.QtCore import QTimer
from PySide6.QtDBus import QDBus, QDBusConnection, QDBusMessage
from PySide6.QtGui import QGuiApplication
from app.ui.system_scheme import SystemScheme

portal = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
try:
    assert portal.stdout.readline() == "ready\\n"
    app = QGuiApplication([])
    scheme = SystemScheme(app.styleHints())
    print("dark" if scheme.is_dark() else "light")
    scheme.changed.connect(app.quit)
    QTimer.singleShot(5000, app.quit)
    flip = QDBusMessage.createMethodCall(
        "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings",
        "BecomeLight",
    )
    QDBusConnection.sessionBus().call(flip, QDBus.CallMode.NoBlock)
    app.exec()
    print("dark" if scheme.is_dark() else "light")
finally:
    portal.kill()
    portal.communicate()
"""


def run(command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment |= {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)} | variables
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.skipif(shutil.which("dbus-run-session") is None, reason="needs a D-Bus daemon to start")
def test_the_desktop_portal_is_asked_and_followed() -> None:
    done = run(["dbus-run-session", "--", sys.executable, "-c", CLIENT, PORTAL])
    assert done.stdout.split() == ["dark", "light"], done.stderr


@pytest.mark.parametrize("address", ["", "unix:path=/nonexistent/bus"])
def test_without_a_bus_it_is_light_and_quiet(address: str) -> None:
    code = (
        "from PySide6.QtGui import QGuiApplication\n"
        "from app.ui.system_scheme import SystemScheme\n"
        "app = QGuiApplication([])\n"
        "print('dark' if SystemScheme(app.styleHints()).is_dark() else 'light')\n"
    )
    done = run([sys.executable, "-c", code], DBUS_SESSION_BUS_ADDRESS=address, XDG_RUNTIME_DIR="/nonexistent")
    assert (done.stdout.strip(), done.stderr) == ("light", "")
