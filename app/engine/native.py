"""llama.cpp's process-wide parts: its log, its backends, its devices, the text of an abort.

llama.cpp keeps one logger and one backend registry for the whole process, so this module does too:
`initialise` runs once, however many engines there are.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import llama_cpp
import llama_cpp.llama_cpp as binding
import psutil

from app.core.model_spec import Device

PINNED_VERSION = "0.3.36"
log = logging.getLogger("llama.cpp")

_CONTINUED = 5  # GGML_LOG_LEVEL_CONT: a fragment of the line before it
_DEBUG = 1
"""GGML_LOG_LEVEL_DEBUG of ggml.h: a line for each node of each graph. (The binding's own table is an older one.)"""
_DEVICE_KINDS = {0: "cpu", 1: "gpu", 2: "igpu", 3: "accel"}


class LogRelay:
    """Joins llama.cpp's fragments to lines, passes them to `logging`, and keeps those of a `capture`."""

    def __init__(self) -> None:
        self._skipping = False
        self._pending = ""
        self._captured: list[list[str]] = []
        # ctypes needs this reference for as long as llama.cpp may log.
        self.callback = binding.llama_log_callback(self._receive)

    def _receive(self, level: int, text: bytes | None, _data: object) -> None:
        if level != _CONTINUED:
            self._skipping = level == _DEBUG
        if self._skipping:
            return
        self._pending += (text or b"").decode("utf-8", "replace")
        *lines, self._pending = self._pending.split("\n")
        for line in lines:
            self._emit(line)

    def _emit(self, line: str) -> None:
        if not line.strip(" ."):
            return
        for lines in self._captured:
            lines.append(line)
        # llama.cpp's errors are told to the user by the caller; in the log they are context, not alarms.
        log.info(line)

    @contextlib.contextmanager
    def capture(self) -> Iterator[list[str]]:
        """Collect the lines logged inside the `with` block."""
        lines: list[str] = []
        self._captured.append(lines)
        try:
            yield lines
        finally:
            self._captured.remove(lines)


@functools.cache
def initialise() -> LogRelay:
    """Set llama.cpp up for this process and return its log.

    Raises:
        RuntimeError: The binding is not the release this engine was written for.
    """
    if llama_cpp.__version__ != PINNED_VERSION:
        raise RuntimeError(f"llama-cpp-python {PINNED_VERSION} is needed, {llama_cpp.__version__} is installed.")
    # Without it ggml forks a debugger for a backtrace when it aborts, which takes seconds.
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    relay = LogRelay()
    binding.llama_log_set(relay.callback, ctypes.c_void_p(0))
    binding.llama_backend_init()
    return relay


@functools.cache
def build_name() -> str:
    """The build, for recipes: the binding's release and what ggml was compiled with."""
    return f"llama-cpp-python {llama_cpp.__version__}"


@functools.cache
def system_info() -> str:
    """The instruction sets and backends llama.cpp was compiled with."""
    return str(binding.llama_print_system_info().decode()).strip(" |")


def devices() -> tuple[Device, ...]:
    """All devices ggml knows, with their memory as of now."""
    initialise()
    count = undeclared("ggml_backend_dev_count", ctypes.c_size_t)()
    get = undeclared("ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
    return tuple(_describe(get(index)) for index in range(count))


def device_pointers(names: tuple[str, ...]) -> ctypes.Array[ctypes.c_void_p]:
    """The NULL-terminated array llama.cpp wants for a choice of devices.

    Raises:
        KeyError: There is no device of one of the names.
    """
    by_name = undeclared("ggml_backend_dev_by_name", ctypes.c_void_p, ctypes.c_char_p)
    pointers: list[int] = []
    for name in names:
        pointer = by_name(name.encode())
        if not pointer:
            raise KeyError(name)
        pointers.append(pointer)
    return (ctypes.c_void_p * (len(pointers) + 1))(*pointers, None)


def _describe(device: int) -> Device:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    undeclared("ggml_backend_dev_memory", None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
        device, ctypes.byref(free), ctypes.byref(total)
    )
    name = undeclared("ggml_backend_dev_name", ctypes.c_char_p, ctypes.c_void_p)(device)
    description = undeclared("ggml_backend_dev_description", ctypes.c_char_p, ctypes.c_void_p)(device)
    number = undeclared("ggml_backend_dev_type", ctypes.c_int, ctypes.c_void_p)(device)
    kind = _DEVICE_KINDS.get(number, "accel")
    # ggml calls all of the system's memory free.
    available = psutil.virtual_memory().available if kind == "cpu" else free.value
    return Device(name.decode(), description.decode(), kind, min(available, total.value), total.value)


def undeclared(name: str, result: object, *arguments: object) -> Callable[..., Any]:
    """A llama.cpp or ggml function the binding does not declare; it resolves through libllama's own handle.

    Loading libggml by name instead would give a second copy with its own globals.
    """
    function = binding._lib[name]
    function.restype = result
    function.argtypes = list(arguments)
    return function  # type: ignore[no-any-return]
