"""Where things are: what the app writes, and what it brings along. Only the composition roots ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

from app.core.errors import StoreError, UsageError

APP_NAME = "thinkpane"
_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Paths:
    """Folders of one user or one data folder; nothing is written anywhere else.

    Attributes:
        data: Chats, settings and the user's presets.
        cache: What can be made again.
        logs: Logs and crash reports.
        models: Where downloaded GGUFs go.
        bundled_presets, resources: Read-only, part of the program.
    """

    data: Path
    cache: Path
    logs: Path
    models: Path
    bundled_presets: Path
    resources: Path

    @property
    def chats_db(self) -> Path:
        """The database of chats."""
        return self.data / "chats.db"

    @property
    def settings_file(self) -> Path:
        """The settings as TOML."""
        return self.data / "settings.toml"

    @property
    def user_presets(self) -> Path:
        """The user's presets, one TOML each."""
        return self.data / "presets"

    @property
    def crash_dir(self) -> Path:
        """What a crash leaves behind."""
        return self.logs / "crashes"

    def ensure(self) -> None:
        """Make the folders that are missing, closed to other users.

        Raises:
            StoreError: One of them cannot be made.
        """
        for folder in (self.data, self.cache, self.logs, self.models, self.user_presets, self.crash_dir):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(
                    f"The folder {folder} cannot be made: {error.strerror or error}.",
                    "Check its permissions, or choose another place with --data-dir.",
                ) from error


def paths_for(data_dir: Path | None = None) -> Paths:
    """Everything under `data_dir`, or in the platform's own folders when it is None.

    Raises:
        UsageError: `data_dir` begins with the home of a user who does not exist.
    """
    brought = bundled_root(_PACKAGE)
    if data_dir is None:
        data = platformdirs.user_data_path(APP_NAME, appauthor=False)
        cache = platformdirs.user_cache_path(APP_NAME, appauthor=False)
        logs = platformdirs.user_log_path(APP_NAME, appauthor=False)
    else:
        data = _absolute(data_dir)
        cache, logs = data / "cache", data / "logs"
    return Paths(data, cache, logs, data / "models", brought / "presets", brought / "resources")


def bundled_root(package: Path) -> Path:
    """The folder that holds `presets` and `resources`, for the package's own folder.

    A wheel carries them inside the package; in the source tree and in the frozen app they stand
    beside it. The first is looked for first: beside an installed package others' folders stand.
    """
    inside = package / "_bundled"
    return inside if inside.is_dir() else package.parent


def _absolute(folder: Path) -> Path:
    try:
        return folder.expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(f"There is no home folder for {folder.parts[0]}.", "Give --data-dir a full path.") from error
