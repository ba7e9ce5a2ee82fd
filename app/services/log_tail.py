"""The end of the app's log."""

from __future__ import annotations

from pathlib import Path

TAIL_BYTES = 256 * 1024


def read_log_tail(path: Path, limit: int = TAIL_BYTES) -> str:
    """The last whole lines of a log, at most `limit` bytes of them; a sentence where it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - limit))
            data = file.read(limit)
    except FileNotFoundError:
        return "Nothing has been logged yet."
    except OSError as error:
        return f"The log cannot be read: {error.strerror or error}."
    if size > limit:
        data = data[data.find(b"\n") + 1 :]
    return data.decode("utf-8", "replace")
