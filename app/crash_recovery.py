"""What stays of a run that died: a faulthandler file, a marker, and a hook for our own bugs.

The marker is written at start and removed at a clean end. Found at the next start, with its process
gone, it means that the app died; the window then says so, once, and where the log is.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TextIO

import psutil

log = logging.getLogger(__name__)
BugReporter = Callable[[type[BaseException], BaseException, TracebackType | None], None]


@dataclass(frozen=True, slots=True)
class CrashReport:
    """A run that ended without saying so. `native_trace` is faulthandler's text, "" if there is none."""

    native_trace: str


class CrashRecovery:
    """Watches over one run of the window."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._marker = folder / f"running-{os.getpid()}"
        self._trace_file: TextIO | None = None

    def start(self) -> CrashReport | None:
        """Begin to watch; tells of an earlier run that died, if there is one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        report = self._collect()
        self._marker.touch()
        self._trace_file = self._trace_path(os.getpid()).open("w", encoding="utf-8")
        faulthandler.enable(self._trace_file, all_threads=True)
        return report

    def finish(self) -> None:
        """The run ends cleanly: nothing is left behind."""
        faulthandler.disable()
        if self._trace_file is not None:
            self._trace_file.close()
            self._trace_file = None
        self._trace_path(os.getpid()).unlink(missing_ok=True)
        self._marker.unlink(missing_ok=True)

    def _collect(self) -> CrashReport | None:
        traces = []
        for marker in self._folder.glob("running-*"):
            pid = int(suffix) if (suffix := marker.name.removeprefix("running-")).isdigit() else 0
            if pid and pid != os.getpid() and psutil.pid_exists(pid):
                continue
            trace = self._trace_path(pid)
            traces.append(trace.read_text("utf-8", "replace") if trace.exists() else "")
            trace.unlink(missing_ok=True)
            marker.unlink(missing_ok=True)
        return CrashReport("\n".join(filter(None, traces))) if traces else None

    def _trace_path(self, pid: int) -> Path:
        return self._folder / f"native-{pid}.txt"


def install_hooks(report: BugReporter) -> None:
    """Log exceptions that nobody caught, then hand them to `report` (which must not raise)."""

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.critical("Unhandled exception", exc_info=(kind, error, trace))
        report(kind, error, trace)

    def on_thread_exception(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            on_exception(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    sys.excepthook = on_exception
    threading.excepthook = on_thread_exception
