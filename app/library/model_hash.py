"""The sha256 of a model file, remembered for as long as the file does not change."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

_CHUNK = 1 << 20


class ModelHashes:
    """Hashes of model files, kept in one JSON file.

    A file counts as unchanged while its size and modification time are the same.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def known(self, path: Path) -> str:
        """The hash if it is remembered, else ""."""
        entry = self._read().get(str(path.resolve()), {})
        return str(entry.get("sha256", "")) if entry and entry.get("stamp") == _stamp(path) else ""

    def compute(self, path: Path, cancelled: threading.Event | None = None) -> str:
        """The hash, remembered or read from the whole file; "" when `cancelled` was set meanwhile.

        Raises:
            OSError: The file cannot be read.
        """
        if known := self.known(path):
            return known
        stamp = _stamp(path)
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if cancelled is not None and cancelled.is_set():
                    return ""
                digest.update(chunk)
        self._remember(path, stamp, digest.hexdigest())
        return digest.hexdigest()

    def _remember(self, path: Path, stamp: list[int], sha256: str) -> None:
        entries = self._read()
        entries[str(path.resolve())] = {"stamp": stamp, "sha256": sha256}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text(json.dumps(entries), encoding="utf-8")
        temporary.replace(self._file)

    def _read(self) -> dict[str, dict[str, object]]:
        try:
            entries = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}  # a cache: what cannot be read is computed again
        return entries if isinstance(entries, dict) else {}


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
