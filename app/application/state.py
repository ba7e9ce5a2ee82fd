"""The settings in memory and on disk."""

from __future__ import annotations

import logging
from typing import Any

from app.core.errors import StoreError
from app.core.settings import Settings
from app.store.settings_store import SettingsStore

log = logging.getLogger(__name__)


class UserState:
    """Holds the settings; every change is written at once.

    Attributes:
        faults: Sentences about what could not be used in the file; the defaults stand in.
    """

    def __init__(self, store: SettingsStore) -> None:
        self._store = store
        self.settings, self.faults = store.load()

    def change(self, **values: Any) -> None:
        """Change some settings and write them."""
        self.replace(self.settings.changed(**values))

    def replace(self, settings: Settings) -> None:
        """Write other settings; when the disk refuses they hold for this run."""
        if settings == self.settings:
            return
        self.settings = settings
        try:
            self._store.save(settings)
        except StoreError as error:
            log.error("The settings could not be written: %s", error)
