"""The model of this window: none, loading, ready or failed; requested beside applied."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot

from app.core.errors import AppError
from app.core.generation import LoadedModel
from app.core.model_spec import Device, ModelSpec
from app.services.engine_worker import EngineThread, LoadCommand

Phase = Literal["none", "loading", "ready", "failed"]
_PROGRESS_INTERVAL = 0.05  # seconds; a model has hundreds of tensors


@dataclass(frozen=True, slots=True)
class ModelState:
    """What the window shows of the model.

    Attributes:
        requested: The spec being loaded, or loaded, or that failed; None with no model.
        loaded: Set when `phase` is "ready".
        progress: 0.0 to 1.0 while loading.
        error: Set when `phase` is "failed".
    """

    phase: Phase = "none"
    requested: ModelSpec | None = None
    loaded: LoadedModel | None = None
    progress: float = 0.0
    error: AppError | None = None
    devices: tuple[Device, ...] = ()


class ModelSession(QObject):
    """Loads, cancels, unloads; one model at a time.

    Signals:
        state_changed(ModelState)
    """

    state_changed = Signal(object)

    def __init__(self, engine: EngineThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._state = ModelState()
        self._command: LoadCommand | None = None
        self._last_progress = 0.0
        engine.load_progressed.connect(self._on_engine_load_progressed)
        engine.load_finished.connect(self._on_engine_load_finished)
        engine.load_failed.connect(self._on_engine_load_failed)
        engine.unloaded.connect(self._on_engine_unloaded)
        engine.devices_found.connect(self._on_engine_devices_found)

    @property
    def state(self) -> ModelState:
        """What is there now."""
        return self._state

    def load(self, spec: ModelSpec) -> None:
        """Load a model in place of the one there is; a load under way is cancelled."""
        self.cancel()
        self._command = self._engine.load(spec)
        self._set(ModelState("loading", spec, devices=self._state.devices))

    def cancel(self) -> None:
        """Stop a load that is under way; nothing happens if there is none."""
        if self._command is not None:
            self._command.cancelled.set()

    def unload(self) -> None:
        """Free the model."""
        self.cancel()
        self._engine.unload()

    def refresh_devices(self) -> None:
        """Ask for the devices' free memory as of now."""
        self._engine.find_devices()

    @Slot(float)
    def _on_engine_load_progressed(self, share: float) -> None:
        now = time.monotonic()
        if self._state.phase == "loading" and (now - self._last_progress >= _PROGRESS_INTERVAL or share >= 1.0):
            self._last_progress = now
            self._set(replace(self._state, progress=share))

    @Slot(object, object)
    def _on_engine_load_finished(self, command: LoadCommand, loaded: LoadedModel | None) -> None:
        if command is not self._command:
            return  # a later load is under way
        self._command = None
        if loaded is None:
            self._set(ModelState(devices=self._state.devices))
        else:
            self._set(ModelState("ready", command.spec, loaded, 1.0, devices=self._state.devices))

    @Slot(object, object)
    def _on_engine_load_failed(self, command: LoadCommand, error: AppError) -> None:
        if command is not self._command:
            return
        self._command = None
        self._set(ModelState("failed", command.spec, error=error, devices=self._state.devices))

    @Slot()
    def _on_engine_unloaded(self) -> None:
        if self._command is None:
            self._set(ModelState(devices=self._state.devices))

    @Slot(object)
    def _on_engine_devices_found(self, devices: tuple[Device, ...]) -> None:
        self._set(replace(self._state, devices=devices))

    def _set(self, state: ModelState) -> None:
        if state != self._state:
            self._state = state
            self.state_changed.emit(state)
