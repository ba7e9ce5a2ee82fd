"""The presets that came with the app and the user's own, one TOML file each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.core.errors import FaultsError, StoreError
from app.core.presets import Preset, preset_from_mapping, preset_to_mapping, slug_from
from app.store.toml_store import read_toml, write_toml

SUFFIX = ".toml"
MAX_PRESETS = 1000
"""Of the user's folder, so that a folder full of other files does not stop the app."""

Fault = tuple[Path, FaultsError]


class PresetStore:
    """Presets on disk. A built-in one is never written; the user's are told apart from it by slug and name."""

    def __init__(self, bundled: Path, user: Path) -> None:
        self._bundled = bundled
        self._user = user

    def list(self) -> tuple[tuple[Preset, ...], tuple[Fault, ...]]:
        """All presets, built-in ones first, then by name; and each file that is none, with its faults."""
        presets: dict[str, Preset] = {}
        faults: list[Fault] = []
        for path in [*_files(self._bundled), *_files(self._user)]:
            try:
                if path.stem.casefold() in presets:
                    raise FaultsError(f"{path.name} is called like another preset.", [], "Rename the file.")
                presets[path.stem.casefold()] = _read(path)
            except FaultsError as error:
                faults.append((path, error))
        return tuple(sorted(presets.values(), key=self._place)), tuple(faults)

    def is_built_in(self, slug: str) -> bool:
        """Whether the preset came with the app."""
        return slug.casefold() in self._built_in_slugs()

    def save(self, preset: Preset) -> Preset:
        """Keep a preset of the user's, in place of the one of the same name; the result has its slug.

        Raises:
            StoreError: The name is a built-in preset's or says nothing, or the file cannot be written.
        """
        name = preset.name.strip()
        if not name:
            raise StoreError("A preset needs a name.")
        if name.casefold() in {built_in.name.casefold() for _, built_in in _readable(self._bundled)}:
            raise StoreError(f'"{name}" is a built-in preset, which cannot be changed.', "Save it under another name.")
        path = self._path_for(name)
        named = replace(preset, name=name, slug=path.stem)
        self._write(named, path)
        return named

    def delete(self, slug: str) -> None:
        """Remove a preset of the user's.

        Raises:
            StoreError: It is built in, is not there, or its file cannot be removed.
        """
        if self.is_built_in(slug):
            raise StoreError("A built-in preset cannot be deleted.")
        path = next((path for path in _files(self._user) if path.stem == slug), None)
        if path is None:
            raise StoreError(f'There is no preset "{slug}" to delete.')
        try:
            path.unlink()
        except OSError as error:
            raise StoreError(f"{path} could not be deleted: {error.strerror or error}.") from error

    def import_file(self, path: Path) -> Preset:
        """Take a copy of a preset file into the user's presets, under a name that is free.

        Raises:
            FaultsError: The file holds no preset; all its faults are named.
            StoreError: The copy cannot be written.
        """
        preset = _read(path)
        taken = {other.name.casefold() for other in self.list()[0]}
        name, number = preset.name, 2
        while name.casefold() in taken:
            name, number = f"{preset.name[:90]} ({number})", number + 1
        return self.save(replace(preset, name=name))

    def export_file(self, preset: Preset, path: Path) -> None:
        """Write a preset to a file of the user's choice.

        Raises:
            StoreError: It cannot be written.
        """
        self._write(preset, path)

    def _write(self, preset: Preset, path: Path) -> None:
        mapping = preset_to_mapping(preset)
        try:
            # What cannot be read again must not be written.
            preset_from_mapping(mapping, preset.slug)
        except FaultsError as error:
            raise StoreError(f'The preset "{preset.name}" cannot be saved: {" ".join(error.faults)}') from error
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path.parent} could not be made: {error.strerror or error}.") from error
        write_toml(path, mapping)

    def _path_for(self, name: str) -> Path:
        """The file of the user's preset of this name, or a free one for it."""
        for path, preset in _readable(self._user):
            if preset.name.casefold() == name.casefold():
                return path
        taken = {path.stem.casefold() for path in _files(self._user)} | self._built_in_slugs()
        slug, number = slug_from(name), 2
        while slug in taken:
            slug, number = f"{slug_from(name)}-{number}", number + 1
        return self._user / f"{slug}{SUFFIX}"

    def _built_in_slugs(self) -> set[str]:
        return {path.stem.casefold() for path in _files(self._bundled)}

    def _place(self, preset: Preset) -> tuple[bool, str]:
        return not self.is_built_in(preset.slug), preset.name.casefold()


def _files(folder: Path) -> tuple[Path, ...]:
    """The preset files of a folder by name; none if there is no such folder."""
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))
    except OSError:
        return ()
    return tuple(found[:MAX_PRESETS])


def _readable(folder: Path) -> Iterator[tuple[Path, Preset]]:
    for path in _files(folder):
        with contextlib.suppress(FaultsError):
            yield path, _read(path)


def _read(path: Path) -> Preset:
    try:
        mapping = read_toml(path)
    except StoreError as error:
        raise FaultsError(f"{path.name} is no preset.", [error.message], error.hint) from error
    return preset_from_mapping(mapping, path.stem)
