"""Builds every object of the window and connects what lies in different layers."""

from __future__ import annotations

import asyncio
import gc
import logging

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.application.chat_wiring import ChatWiring
from app.application.model_wiring import ModelWiring
from app.application.one_exchange import OneExchange
from app.application.options import WindowOptions
from app.application.preset_wiring import PresetWiring
from app.application.shell_wiring import ShellWiring
from app.application.state import UserState
from app.core.presets import find_preset
from app.engine.llama_engine import LlamaEngine
from app.engine.template_check import TemplateChecker
from app.item_models.chats import ChatListModel
from app.library.model_hash import ModelHashes
from app.paths import Paths
from app.services.chat_session import ChatSession
from app.services.engine_worker import EngineThread
from app.services.model_session import ModelSession
from app.services.preset_session import PresetSession
from app.store.chat_store import ChatStore
from app.store.database import Database
from app.store.preset_store import PresetStore
from app.store.settings_store import SettingsStore
from app.ui.icons import IconSet
from app.ui.main_window import MainWindow
from app.ui.theme import ThemeManager

log = logging.getLogger(__name__)
_COLLECT_MILLISECONDS = 1000


class Application:
    """One window and everything behind it, from the database to the engine thread."""

    def __init__(self, qt_app: QApplication, options: WindowOptions, paths: Paths, *, crashed: bool) -> None:
        self._closed = asyncio.Event()
        self.exit_status = 0
        self._is_let_go = False
        icons = IconSet(paths.resources / "icons")
        self.theme = ThemeManager(qt_app, paths.resources / "themes")
        self.state = UserState(SettingsStore(paths.settings_file))
        self._database = Database(paths.chats_db)
        store = ChatStore(self._database)
        interrupted = store.recover_interrupted()
        store.purge_trash()
        self._engine = EngineThread(LlamaEngine(TemplateChecker(paths.cache / "checked-templates.json")))
        self.models = ModelSession(self._engine)
        self.chats = ChatSession(self._engine, store)
        self.presets = PresetSession(
            PresetStore(paths.bundled_presets, paths.user_presets), self.state.settings.preset_name
        )
        if options.preset:
            self.presets.select(find_preset(self.presets.presets, options.preset).slug)
        chat_list = ChatListModel()
        self.window = MainWindow(self.theme, icons, chat_list)
        hashes = ModelHashes(paths.cache / "model-hashes.json")
        self._shell = ShellWiring(self.window, self.theme, self.state, paths, options)
        self._preset_wiring = PresetWiring(self.window, self.presets, self.state)
        self.model_wiring = ModelWiring(self.window, self.models, self.presets, self.chats, self.state, paths, hashes)
        self.chat_wiring = ChatWiring(
            self.window, self.chats, self.presets, self.models, self.state, store, chat_list, hashes
        )
        self._exchange = OneExchange(self, options) if options.prompt or options.quit else None
        self.window.closing.connect(self._on_window_closing)
        self._start_collector()
        self._shell.tell_of_the_past(crashed=crashed, interrupted=interrupted)
        self.model_wiring.start(options)

    async def run(self) -> int:
        """Show the window and wait until it is closed; returns the exit status."""
        self.window.show()
        self.window.composer.focus_editor()
        await self._closed.wait()
        self.close()
        return self.exit_status

    def close(self) -> None:
        """Let go of everything: the engine first, since its events reach into all else; the window last."""
        if self._is_let_go:
            return
        self._is_let_go = True
        self.window.close()
        self._collector.stop()
        self.chat_wiring.flush()
        self.chats.close()
        self.models.cancel()
        self.model_wiring.close()
        self._engine.close()
        self._database.close()
        self.window.deleteLater()
        gc.enable()

    def quit(self, status: int = 0) -> None:
        """Close the window; the process ends with `status`."""
        self.exit_status = status
        self.window.close()

    def _on_window_closing(self) -> None:
        self._shell.keep_window()
        self._closed.set()

    def _start_collector(self) -> None:
        """Collect garbage on this thread only: on the engine's it could destroy a widget."""
        gc.disable()
        self._collector = QTimer(self.window)
        self._collector.timeout.connect(_collect)
        self._collector.start(_COLLECT_MILLISECONDS)


def _collect() -> None:
    """What the interpreter would have done by itself, youngest generation first."""
    counts, limits = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if limits[generation] and counts[generation] > limits[generation]:
            gc.collect(generation)
            return
