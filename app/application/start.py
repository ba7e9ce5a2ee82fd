"""From a command line to a running window, and back."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence

from PySide6.QtCore import QLockFile
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from app import __version__
from app.application.build import Application
from app.application.options import WindowOptions, parse_window_options
from app.core.errors import AppError
from app.crash_recovery import CrashRecovery
from app.logs import close_log, open_log
from app.paths import Paths, paths_for

log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Open the window and stay until it is closed; returns the exit status."""
    options = parse_window_options(arguments)
    try:
        paths = paths_for(options.data_dir)
        paths.ensure()
        lock = _lock(paths)
    except AppError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    open_log(paths.logs)
    log.info("Thinkpane %s starts, data in %s", __version__, paths.data)
    recovery = CrashRecovery(paths.crash_dir)
    crash = recovery.start()
    try:
        return _run(options, paths, crashed=crash is not None)
    except AppError as error:
        log.error("Cannot start: %s", error)
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    finally:
        recovery.finish()
        lock.unlock()
        close_log()


def _lock(paths: Paths) -> QLockFile:
    """Two windows on the same chats would overwrite each other's drafts.

    Raises:
        AppError: Another window has this data folder.
    """
    lock = QLockFile(str(paths.data / "window.lock"))
    lock.setStaleLockTime(0)  # a lock is stale when its process is gone, however old it is
    if not lock.tryLock(0):
        raise AppError(
            "Thinkpane is already running with this data folder.",
            "Use its window, or start with another folder: --data-dir DIR.",
        )
    return lock


def _run(options: WindowOptions, paths: Paths, *, crashed: bool) -> int:
    if sys.platform.startswith("linux") and not _has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        print("There is no display: the window is drawn off screen.", file=sys.stderr)  # noqa: T201
    qt_app = QApplication([sys.argv[0]])
    qt_app.setApplicationName("thinkpane")
    qt_app.setApplicationDisplayName("Thinkpane")
    qt_app.setApplicationVersion(__version__)
    qt_app.setDesktopFileName("thinkpane")
    loop = QEventLoop(qt_app)
    asyncio.set_event_loop(loop)
    with loop:
        application = Application(qt_app, options, paths, crashed=crashed)
        return loop.run_until_complete(application.run())


def _has_display() -> bool:
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    return bool(chosen or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
