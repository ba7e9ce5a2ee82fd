"""The engine's thread, and the only way between it and the window.

Commands go in as queued signals, frozen events come out in batches: the first at once, then at most
one batch each `BATCH_MILLISECONDS`, so that a model of thousands of tokens a second cannot flood the
window and a slow one is never held back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from app.core.errors import AppError
from app.core.generation import Engine, Event, Failed, GenerationRequest
from app.core.model_spec import ModelSpec

BATCH_MILLISECONDS = 33
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadCommand:
    """A model to load; `cancelled` may be set from any thread, also before the load begins."""

    spec: ModelSpec
    cancelled: threading.Event = field(default_factory=threading.Event, compare=False)


class EventQueue(QObject):
    """Carries events from the engine thread to the GUI thread; lives on the latter.

    Signals:
        batch_ready(tuple): Events in order, never empty.
    """

    batch_ready = Signal(object)
    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._events: deque[Event] = deque()
        self._is_awake = False
        self._last_batch = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._drain)
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def put(self, event: Event) -> None:
        """Add an event; called on the engine thread."""
        self._events.append(event)
        if not self._is_awake:
            self._is_awake = True
            self._woken.emit()

    @Slot()
    def _on_woken(self) -> None:
        since = (time.monotonic() - self._last_batch) * 1000
        if since >= BATCH_MILLISECONDS:
            self._drain()
        elif not self._timer.isActive():
            self._timer.start(int(BATCH_MILLISECONDS - since) + 1)

    @Slot()
    def _drain(self) -> None:
        # Cleared before the queue is read: an event put meanwhile wakes us again, none is forgotten.
        self._is_awake = False
        self._last_batch = time.monotonic()
        batch = []
        while self._events:
            batch.append(self._events.popleft())
        if batch:
            self.batch_ready.emit(tuple(batch))


class EngineWorker(QObject):
    """Runs the engine; lives on the engine thread.

    Signals:
        load_progressed(float): 0.0 to 1.0.
        load_finished(LoadCommand, LoadedModel | None): None when it was cancelled.
        load_failed(LoadCommand, AppError)
        unloaded()
        devices_found(tuple[Device, ...])
        crashed(Exception): A bug of ours, already logged.
    """

    load_progressed = Signal(float)
    load_finished = Signal(object, object)
    load_failed = Signal(object, object)
    unloaded = Signal()
    devices_found = Signal(object)
    crashed = Signal(object)

    def __init__(self, engine: Engine, queue: EventQueue) -> None:
        super().__init__()
        self._engine = engine
        self._queue = queue

    @Slot(object)
    def load(self, command: LoadCommand) -> None:
        """Load a model."""
        try:
            loaded = self._engine.load(command.spec, self.load_progressed.emit, command.cancelled)
        except AppError as error:
            self.load_failed.emit(command, error)
        except Exception as error:
            self.load_failed.emit(command, self._bug(error))
        else:
            self.load_finished.emit(command, loaded)
        self.devices_found.emit(self._engine.devices())

    @Slot(object)
    def run(self, request: GenerationRequest) -> None:
        """Run one answer; its events go through the queue."""
        try:
            for event in self._engine.generate(request):
                self._queue.put(event)
        except AppError as error:
            self._queue.put(Failed(request.id, error))
        except Exception as error:
            self._queue.put(Failed(request.id, self._bug(error)))

    @Slot()
    def unload(self) -> None:
        """Free the model."""
        self._engine.unload()
        self.unloaded.emit()
        self.devices_found.emit(self._engine.devices())

    @Slot()
    def find_devices(self) -> None:
        """Look at the devices and their free memory."""
        self.devices_found.emit(self._engine.devices())

    @Slot()
    def close(self) -> None:
        """Free everything, as the last call on the engine thread."""
        self._engine.close()

    def _bug(self, error: Exception) -> AppError:
        log.exception("The engine failed in a way it should not")
        self.crashed.emit(error)
        return AppError(f"Thinkpane made a mistake: {error}", "The log has the details (Help, Open log).")


class EngineThread(QObject):
    """Owns the engine thread; what the rest of the window talks to.

    Signals: those of `EngineWorker`, and `batch_ready(tuple[Event, ...])`.
    """

    load_progressed = Signal(float)
    load_finished = Signal(object, object)
    load_failed = Signal(object, object)
    unloaded = Signal()
    devices_found = Signal(object)
    crashed = Signal(object)
    batch_ready = Signal(object)
    _load_requested = Signal(object)
    _run_requested = Signal(object)
    _unload_requested = Signal()
    _devices_requested = Signal()
    _close_requested = Signal()

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = EventQueue(self)
        self._worker = EngineWorker(engine, self._queue)
        self._thread = QThread(self)
        self._thread.setObjectName("engine")
        self._worker.moveToThread(self._thread)
        self._connect()
        self._thread.start()

    def load(self, spec: ModelSpec) -> LoadCommand:
        """Ask for a model; set the returned command's flag to cancel."""
        command = LoadCommand(spec)
        self._load_requested.emit(command)
        return command

    def run(self, request: GenerationRequest) -> None:
        """Ask for an answer; it waits behind a load that is under way."""
        self._run_requested.emit(request)

    def unload(self) -> None:
        """Ask for the model to be freed."""
        self._unload_requested.emit()

    def find_devices(self) -> None:
        """Ask for the devices; the answer is `devices_found`."""
        self._devices_requested.emit()

    def close(self) -> None:
        """Free the engine on its own thread and end it. Cancel what runs before this."""
        if not self._thread.isRunning():
            return
        self._close_requested.emit()
        self._thread.quit()  # queued behind close, so that the engine is freed on its own thread
        self._thread.wait()

    def _connect(self) -> None:
        worker = self._worker
        self._load_requested.connect(worker.load)
        self._run_requested.connect(worker.run)
        self._unload_requested.connect(worker.unload)
        self._devices_requested.connect(worker.find_devices)
        self._close_requested.connect(worker.close)
        for name in ("load_progressed", "load_finished", "load_failed", "unloaded", "devices_found", "crashed"):
            getattr(worker, name).connect(getattr(self, name))
        self._queue.batch_ready.connect(self.batch_ready)
