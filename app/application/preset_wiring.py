"""Connects the presets with their menu, the sampler panel, the top bar and the composer."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from app.application.state import UserState
from app.core.errors import AppError, FaultsError
from app.core.presets import Preset
from app.core.sampling import SamplerChain
from app.services.preset_session import DEFAULT_SLUG, PresetSession
from app.ui.main_window import MainWindow
from app.ui.note_bar import Notice
from app.ui.system_prompt_dialog import SystemPromptDialog

_FILTER = "Presets (*.toml)"


class PresetWiring:
    """What the user does to presets, and what presets do to the window."""

    def __init__(self, window: MainWindow, presets: PresetSession, state: UserState) -> None:
        self._window = window
        self._presets = presets
        self._state = state
        actions = window.actions_by_key
        actions.preset_chosen.connect(presets.select)
        actions["save_preset"].triggered.connect(self._on_save_triggered)
        actions["save_preset_as"].triggered.connect(self._on_save_as_triggered)
        actions["revert_preset"].triggered.connect(presets.revert)
        actions["reset_preset"].triggered.connect(self._on_reset_triggered)
        actions["delete_preset"].triggered.connect(presets.delete)
        actions["import_preset"].triggered.connect(self._on_import_triggered)
        actions["export_preset"].triggered.connect(self._on_export_triggered)
        actions["system_prompt"].triggered.connect(self._on_system_prompt_triggered)
        window.top_bar.set_preset_menu(actions.presets_menu)
        window.sampler_panel.chain_edited.connect(self._on_sampler_panel_chain_edited)
        window.composer.thinking_mode_changed.connect(presets.set_thinking)
        presets.changed.connect(self._on_presets_changed)
        presets.presets_changed.connect(self._show_menu)
        presets.failed.connect(self._on_presets_failed)
        self._tell_of_faults()
        self._on_presets_changed(presets.current)

    def _on_presets_changed(self, preset: Preset) -> None:
        saved, modified = self._presets.saved, self._presets.is_modified
        self._window.sampler_panel.set_chain(preset.chain, saved.chain)
        self._window.top_bar.set_preset(preset.name, modified)
        self._window.composer.set_thinking_mode(preset.thinking)
        self._state.change(preset_name=saved.slug)
        self._show_menu()

    def _show_menu(self) -> None:
        presets, actions = self._presets, self._window.actions_by_key
        actions.set_presets(presets.presets, presets.saved.slug, modified=presets.is_modified)
        actions["save_preset"].setEnabled(presets.is_modified and not presets.is_built_in)
        actions["revert_preset"].setEnabled(presets.is_modified)
        actions["delete_preset"].setEnabled(not presets.is_built_in)

    def _on_sampler_panel_chain_edited(self, chain: SamplerChain) -> None:
        self._presets.set_chain(chain)

    def _on_save_triggered(self) -> None:
        self._presets.save()
        self._window.tell(f"Saved {self._presets.saved.name}.")

    def _on_save_as_triggered(self) -> None:
        suggested = self._presets.current.name + (" (mine)" if self._presets.is_built_in else "")
        name, accepted = QInputDialog.getText(self._window, "Save preset as", "Name of the preset", text=suggested)
        if accepted and name.strip():
            self._presets.save_as(name)

    def _on_reset_triggered(self) -> None:
        default = next(preset for preset in self._presets.presets if preset.slug == DEFAULT_SLUG)
        self._presets.set_chain(default.chain)

    def _on_import_triggered(self) -> None:
        name, _filter = QFileDialog.getOpenFileName(self._window, "Import a preset", "", _FILTER)
        if name:
            self._presets.import_file(Path(name))

    def _on_export_triggered(self) -> None:
        suggested = f"{self._presets.saved.slug or 'preset'}.toml"
        name, _filter = QFileDialog.getSaveFileName(self._window, "Export the preset", suggested, _FILTER)
        if name:
            self._presets.export_file(Path(name))

    def _on_system_prompt_triggered(self) -> None:
        dialog = SystemPromptDialog(self._presets.current, self._window)
        if dialog.exec():
            self._presets.set_system_prompt(dialog.prompt())
            self._presets.set_max_tokens(dialog.max_tokens())

    def _on_presets_failed(self, error: AppError) -> None:
        QMessageBox.warning(self._window, "Presets", str(error))

    def _tell_of_faults(self) -> None:
        for path, fault in self._presets.faults:
            self._window.notes.put(Notice(f"preset-{path.name}", f"{path.name} is not used.", _fault_text(fault)))


def _fault_text(fault: FaultsError) -> str:
    return " ".join(fault.faults[:3]) or fault.message
