"""The settings file."""

from __future__ import annotations

from pathlib import Path

from app.core.errors import StoreError
from app.core.settings import Settings, settings_from_mapping, settings_to_mapping
from app.store.toml_store import read_toml, replace_file, write_toml


class SettingsStore:
    """Reads and writes the settings of one data folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._has_faults = False

    def load(self) -> tuple[Settings, list[str]]:
        """The settings, and a sentence for each thing in the file that could not be used.

        Never raises: a file that is missing or cannot be read at all gives the defaults.
        """
        settings, faults = self._read()
        self._has_faults = bool(faults)
        return settings, faults

    def save(self, settings: Settings) -> None:
        """Write the settings. A file that had faults is kept beside it as `.bak`.

        Raises:
            StoreError: The file could not be written; the one before is untouched.
        """
        if self._has_faults:
            self._keep_copy()
            self._has_faults = False
        write_toml(self._path, settings_to_mapping(settings))

    def _read(self) -> tuple[Settings, list[str]]:
        if not self._path.exists():
            return Settings(), []
        try:
            return settings_from_mapping(read_toml(self._path))
        except StoreError as error:
            return Settings(), [f"{error} The default settings are used."]

    def _keep_copy(self) -> None:
        copy = self._path.with_name(f"{self._path.name}.bak")
        try:
            data = self._path.read_bytes()
        except OSError as error:
            raise StoreError(f"{self._path} could not be kept as {copy.name}: {error.strerror or error}.") from error
        replace_file(copy, data)
