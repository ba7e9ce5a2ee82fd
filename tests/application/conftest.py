"""The whole window, built as the app builds it, in the test's own process."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from qasync import QEventLoop

from app.application.build import Application
from app.application.options import WindowOptions
from app.paths import paths_for
from app.ui.main_window import MainWindow

Start = Callable[..., Application]


@pytest.fixture
def start(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Start]:
    """Starts the app as `start(model=..., preset=...)`; everything it keeps is in `tmp_path / "data"`."""
    hooks = sys.excepthook, threading.excepthook
    loop = QEventLoop(qapp, set_running_loop=True)
    running: list[Application] = []

    def begin(*, crashed: bool = False, **options: object) -> Application:
        paths = paths_for(tmp_path / "data")
        paths.ensure()
        values = {"size": (1360, 880), "theme": "light", **options}
        application = Application(qapp, WindowOptions(**values), paths, crashed=crashed)
        application.window.show()
        application.window.activateWindow()  # shortcuts work in the active window only
        qtbot.waitUntil(application.window.isActiveWindow, timeout=10_000)
        application.window.composer.focus_editor()
        running.append(application)
        return application

    yield begin
    for application in running:
        application.close()
    # Windows that stay would be styled again with every theme of every later test.
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert not [widget for widget in qapp.topLevelWidgets() if isinstance(widget, MainWindow)]
    loop.close()
    asyncio.events._set_running_loop(None)
    sys.excepthook, threading.excepthook = hooks
