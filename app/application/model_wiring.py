"""Connects the model with the top bar, the load settings, the welcome page and the files on disk."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from app.application.options import WindowOptions
from app.application.state import UserState
from app.core.errors import AppError
from app.core.model_spec import AUTO, ModelSpec
from app.core.presets import Preset
from app.core.settings import LoadSettings
from app.library.model_hash import ModelHashes
from app.library.model_index import ModelFile, find_models, named_model
from app.library.starter import fetch_starter
from app.paths import Paths
from app.services.chat_session import ChatSession
from app.services.model_session import ModelSession, ModelState
from app.services.preset_session import PresetSession
from app.ui.main_window import MainWindow
from app.ui.note_bar import Notice
from app.ui.quantities import file_size_text
from app.ui.top_bar import ModelEntry

log = logging.getLogger(__name__)


class ModelWiring:
    """What the user does to models, and what the model does to the window."""

    def __init__(
        self,
        window: MainWindow,
        models: ModelSession,
        presets: PresetSession,
        chats: ChatSession,
        state: UserState,
        paths: Paths,
        hashes: ModelHashes,
    ) -> None:
        self._window = window
        self._models = models
        self._presets = presets
        self._chats = chats
        self._state = state
        self._paths = paths
        self._hashes = hashes
        self._tasks: set[asyncio.Task[None]] = set()
        self._starter_cancelled = threading.Event()
        self._closing = threading.Event()
        self._library: tuple[ModelFile, ...] = ()
        self._offered_for: Path | None = None
        self._preset_slug = presets.saved.slug
        self._connect()
        self._show_library()
        self._on_models_state_changed(models.state)

    @property
    def library(self) -> tuple[ModelFile, ...]:
        """The models on disk."""
        return self._library

    def start(self, options: WindowOptions) -> None:
        """Load what the command line says, else the model last used, else the only one there is.

        Raises:
            AppError: The command line names a model that is not there.
        """
        wanted = options.model or (str(options.files[0]) if options.files else "")
        if wanted:
            self.load(named_model(wanted, self._library))
            return
        last = self._state.settings.model_path
        if last is not None and last.is_file():
            self.load(last)
        elif self._library:
            self.load(self._library[0].path)
        else:
            self._models.refresh_devices()

    def load(self, path: Path) -> None:
        """Load a model with the settings it had last, or those of the preset."""
        self._models.load(self._spec_for(path))

    def close(self) -> None:
        """Let go of what still runs in the background."""
        self._starter_cancelled.set()
        self._closing.set()
        for task in self._tasks:
            task.cancel()

    def _connect(self) -> None:
        window, actions = self._window, self._window.actions_by_key
        window.top_bar.model_chosen.connect(self.load)
        window.top_bar.open_file_requested.connect(self._on_open_requested)
        window.top_bar.load_settings_requested.connect(window.show_load_panel)
        window.top_bar.unload_requested.connect(self._models.unload)
        window.top_bar.cancel_load_requested.connect(self._models.cancel)
        window.load_panel.opened.connect(self._models.refresh_devices)
        window.load_panel.load_requested.connect(self._models.load)
        window.load_panel.unload_requested.connect(self._models.unload)
        window.sidebar.models_requested.connect(window.top_bar.open_model_menu)
        window.welcome.starter_requested.connect(self._on_starter_requested)
        window.welcome.cancel_starter_requested.connect(self._starter_cancelled_set)
        window.welcome.open_file_requested.connect(self._on_open_requested)
        window.welcome.models_folder_requested.connect(self._on_models_folder_requested)
        window.file_dropped.connect(self.load)
        actions["open_model"].triggered.connect(self._on_open_requested)
        actions["load_settings"].triggered.connect(window.show_load_panel)
        actions["reload_model"].triggered.connect(self._on_reload_triggered)
        actions["unload_model"].triggered.connect(self._models.unload)
        actions["models_folder"].triggered.connect(self._on_models_folder_requested)
        self._models.state_changed.connect(self._on_models_state_changed)
        self._presets.changed.connect(self._on_presets_changed)
        self._chats.conversation_changed.connect(self._on_conversation_changed)

    def _spec_for(self, path: Path) -> ModelSpec:
        remembered = self._state.settings.load_settings.get(str(path))
        spec = ModelSpec(path)
        if remembered is None:
            return _with_preset(spec, self._presets.saved)
        return replace(spec, **remembered.model_dump())

    def _on_models_state_changed(self, state: ModelState) -> None:
        window = self._window
        window.top_bar.set_model_state(state)
        window.load_panel.set_state(state)
        window.status.set_model_state(state)
        window.welcome.set_model_state(state)
        is_there = state.phase == "ready"
        for key in ("reload_model", "unload_model"):
            window.actions_by_key[key].setEnabled(is_there)
        if state.phase == "failed" and state.error is not None:
            path = state.requested.path if state.requested else None
            window.notes.put(_failure_notice(state.error, path, window.show_load_panel, self._on_open_requested))
        elif state.phase != "none":
            window.notes.drop("model")
        if state.phase == "ready" and state.loaded is not None and state.requested is not None:
            self._on_ready(state)

    def _on_ready(self, state: ModelState) -> None:
        assert state.loaded is not None
        assert state.requested is not None
        path = state.requested.path
        self._remember(state.requested)
        if self._offered_for != path:
            self._offered_for = path
            self._show_library()
            self._offer_preset(state.loaded.info.name, path)
            self._start(self._hash(path))
        self._window.notes.drop("other-model")

    def _remember(self, spec: ModelSpec) -> None:
        settings = LoadSettings(
            gpu_layers=spec.gpu_layers,
            context=spec.context,
            threads=spec.threads,
            cache_type_k=spec.cache_type_k,
            cache_type_v=spec.cache_type_v,
            flash_attention=spec.flash_attention,
        )
        self._state.replace(self._state.settings.with_model(spec.path, settings))

    def _offer_preset(self, general_name: str, path: Path) -> None:
        offer = self._presets.offer_for(general_name, path.name)
        if offer is None:
            self._window.notes.drop("preset")
            return

        def use() -> None:
            self._presets.select(offer.slug)

        text = f'"{offer.name}" is meant for this model.'
        self._window.notes.put(Notice("preset", "There is a preset.", text, [("use", "Use it")], {"use": use}))

    def _on_presets_changed(self, _preset: Preset) -> None:
        saved = self._presets.saved
        if saved.slug == self._preset_slug:
            return
        self._preset_slug = saved.slug
        self._window.notes.drop("preset")
        requested = self._models.state.requested
        if requested is not None:
            self._window.load_panel.set_spec(_with_preset(requested, saved))

    def _on_conversation_changed(self, conversation: Any) -> None:
        """A chat remembers its model: offer it when another one is loaded."""
        self._window.notes.drop("other-model")
        requested = self._models.state.requested
        path = Path(conversation.model_path) if conversation.model_path else None
        if path is None or not path.is_file() or (requested is not None and requested.path == path):
            return
        if requested is None:
            self.load(path)
            return

        def use() -> None:
            self.load(path)

        text = f"This chat used {path.stem}."
        self._window.notes.put(
            Notice("other-model", "Another model is loaded.", text, [("use", "Load it")], {"use": use})
        )

    # -- files -----------------------------------------------------------------------------------

    def _show_library(self) -> None:
        folders = (self._paths.models, *self._state.settings.model_folders)
        self._library = find_models(folders)
        entries = [_entry(model) for model in self._library]
        recent = [path for path in self._state.settings.recent_models if path.is_file()]
        self._window.top_bar.set_models([_recent_entry(path) for path in recent], entries)
        total = sum(model.bytes for model in self._library)
        summary = f"{len(self._library)} · {file_size_text(total)}" if self._library else "none yet"
        self._window.sidebar.set_models_summary(summary)

    def _on_open_requested(self) -> None:
        last = self._state.settings.model_path
        folder = last.parent if last is not None else self._paths.models
        name, _filter = QFileDialog.getOpenFileName(self._window, "Open a GGUF", str(folder), "Models (*.gguf)")
        if name:
            self.load(Path(name))

    def _on_reload_triggered(self) -> None:
        requested = self._models.state.requested
        if requested is not None:
            self._models.load(requested)

    def _on_models_folder_requested(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._paths.models)))

    # -- in the background -----------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hash(self, path: Path) -> None:
        """The file's sha256, for the recipes of answers."""
        try:
            await asyncio.to_thread(self._hashes.compute, path, self._closing)
        except OSError as error:
            log.warning("%s could not be hashed: %s", path, error)

    def _starter_cancelled_set(self) -> None:
        self._starter_cancelled.set()

    def _on_starter_requested(self) -> None:
        self._starter_cancelled.clear()
        self._window.welcome.set_starter_error(None)
        self._window.welcome.set_starter_progress(0, 0)
        self._start(self._fetch_starter())

    async def _fetch_starter(self) -> None:
        loop = asyncio.get_running_loop()
        welcome = self._window.welcome

        def progress(done: int, total: int) -> None:
            loop.call_soon_threadsafe(welcome.set_starter_progress, done, total)

        try:
            path = await asyncio.to_thread(fetch_starter, self._paths.models, progress, self._starter_cancelled)
        except AppError as error:
            welcome.set_starter_error(error)
            return
        if path is None:
            welcome.set_starter_idle()
            return
        self._show_library()
        self.load(path)


def _with_preset(spec: ModelSpec, preset: Preset) -> ModelSpec:
    """The spec with what a preset asks of the load; what it does not name stays."""
    return replace(
        spec,
        context=spec.context if preset.context_size is None else preset.context_size,
        gpu_layers=spec.gpu_layers if preset.gpu_layers == AUTO else preset.gpu_layers,
        threads=preset.threads or spec.threads,
    )


def _entry(model: ModelFile) -> ModelEntry:
    detail = " · ".join(filter(None, (model.quantisation, file_size_text(model.bytes))))
    return ModelEntry(model.path, model.name, detail)


def _recent_entry(path: Path) -> ModelEntry:
    return _entry(ModelFile(path, path.stat().st_size))


def _failure_notice(error: AppError, path: Path | None, settings: Any, open_file: Any) -> Notice:
    actions = [("settings", "Load settings"), ("open", "Open another")] if path else [("open", "Open a GGUF")]
    return Notice("model", error.message, error.hint, actions, {"settings": settings, "open": open_file})
