"""The app's log: one rotating file, llama.cpp's own lines in it too."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

_BYTES = 2_000_000
_KEPT = 3


def open_log(folder: Path) -> Path:
    """Send everything of level INFO and up to `folder/thinkpane.log`; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "thinkpane.log"
    handler = logging.handlers.RotatingFileHandler(file, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return file


def close_log() -> None:
    """Flush and detach the file, so that a later run (or a test) starts afresh."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, logging.handlers.RotatingFileHandler):
            root.removeHandler(handler)
            handler.close()
