"""The presets there are, the one in use, and what was changed in it since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.core.errors import AppError, FaultsError
from app.core.generation import ThinkingMode
from app.core.presets import Preset, best_match, is_modified
from app.core.sampling import SamplerChain
from app.store.preset_store import PresetStore

DEFAULT_SLUG = "llama-cpp-default"


class PresetSession(QObject):
    """One preset is in use; edits change a copy of it until they are saved or reverted.

    Signals:
        changed(Preset): The values in use: another preset, or an edit.
        presets_changed(): The list of presets has changed.
        failed(AppError): A file could not be read or written.
    """

    changed = Signal(object)
    presets_changed = Signal()
    failed = Signal(object)

    def __init__(self, store: PresetStore, slug: str = "", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._presets: tuple[Preset, ...] = ()
        self._faults: tuple[tuple[Path, FaultsError], ...] = ()
        self._reload()
        self._saved = self._by_slug(slug) or self._by_slug(DEFAULT_SLUG) or Preset("llama.cpp's default")
        self._current = self._saved

    @property
    def presets(self) -> tuple[Preset, ...]:
        """All presets, built-in ones first."""
        return self._presets

    @property
    def faults(self) -> tuple[tuple[Path, FaultsError], ...]:
        """Preset files that cannot be used, and why."""
        return self._faults

    @property
    def saved(self) -> Preset:
        """The preset in use, as it is stored."""
        return self._saved

    @property
    def current(self) -> Preset:
        """The values in use."""
        return self._current

    @property
    def is_modified(self) -> bool:
        """Something was changed and not saved."""
        return is_modified(self._saved, self._current)

    @property
    def is_built_in(self) -> bool:
        """The preset in use came with the app, so it can only be saved as another."""
        return self._store.is_built_in(self._saved.slug)

    def select(self, slug: str) -> None:
        """Use another preset; edits of the one before are dropped."""
        preset = self._by_slug(slug)
        if preset is not None:
            self._use(preset)

    def offer_for(self, general_name: str, file_name: str) -> Preset | None:
        """The preset meant for a model, if it is another than the one in use."""
        match = best_match(self._presets, general_name, file_name)
        return match if match is not None and match.slug != self._saved.slug else None

    def set_chain(self, chain: SamplerChain) -> None:
        """Edit the samplers."""
        self._edit(replace(self._current, chain=chain))

    def set_thinking(self, mode: ThinkingMode) -> None:
        """Edit whether the model is asked to think."""
        self._edit(replace(self._current, thinking=mode))

    def set_system_prompt(self, text: str) -> None:
        """Edit the system prompt."""
        self._edit(replace(self._current, system_prompt=text))

    def set_max_tokens(self, count: int) -> None:
        """Edit the limit of an answer; -1 is none."""
        self._edit(replace(self._current, max_tokens=count))

    def revert(self) -> None:
        """Drop the edits."""
        self._edit(self._saved)

    def save(self) -> None:
        """Store the edits under the same name; a built-in preset refuses."""
        self._keep(self._current)

    def save_as(self, name: str) -> None:
        """Store the values in use as another preset of the user's."""
        own = replace(self._current, name=name.strip(), slug="", source="Saved by you.", matches=())
        self._keep(own)

    def delete(self) -> None:
        """Remove the user's preset in use."""
        try:
            self._store.delete(self._saved.slug)
        except AppError as error:
            self.failed.emit(error)
            return
        self._reload()
        self.presets_changed.emit()
        self._use(self._by_slug(DEFAULT_SLUG) or self._presets[0])

    def import_file(self, path: Path) -> None:
        """Take a preset file into the user's presets and use it."""
        try:
            preset = self._store.import_file(path)
        except AppError as error:
            self.failed.emit(error)
            return
        self._reload()
        self.presets_changed.emit()
        self._use(preset)

    def export_file(self, path: Path) -> None:
        """Write the values in use to a file."""
        try:
            self._store.export_file(self._current, path)
        except AppError as error:
            self.failed.emit(error)

    def _keep(self, preset: Preset) -> None:
        try:
            stored = self._store.save(preset)
        except AppError as error:
            self.failed.emit(error)
            return
        self._reload()
        self.presets_changed.emit()
        self._use(stored)

    def _use(self, preset: Preset) -> None:
        self._saved = preset
        self._current = preset
        self.changed.emit(preset)

    def _edit(self, preset: Preset) -> None:
        if preset != self._current:
            self._current = preset
            self.changed.emit(preset)

    def _reload(self) -> None:
        self._presets, self._faults = self._store.list()

    def _by_slug(self, slug: str) -> Preset | None:
        return next((preset for preset in self._presets if preset.slug == slug), None)
