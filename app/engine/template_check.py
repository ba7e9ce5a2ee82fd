"""Tries a chat template that was never used before in a process that may hang, swell or die.

Rendering in this process cannot be interrupted, so a template that never ends would take the engine's
thread with it. The child imports this module again: nothing heavy may be imported here.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import multiprocessing
import time
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path

from app.core.chat_template import ChatTemplate, template_sha256
from app.core.errors import TemplateError
from app.core.generation import ChatMessage

try:
    import resource
except ModuleNotFoundError:  # Windows: there only the clock limits a trial
    resource = None  # type: ignore[assignment]

SECONDS = 2.0
"""How long a template may take for the sample chat. Real ones take less than a tenth of a second."""
MEMORY_BYTES = 512 * 1024 * 1024
"""Address space of the child. Python and Jinja take 30 MB of it."""
START_SECONDS = 60.0
"""How long a child may take to start, on a slow disk or behind a virus scanner."""

SAMPLE = (
    ChatMessage("system", "You are a helpful assistant."),
    ChatMessage("user", "What is two and two?"),
    ChatMessage("assistant", "Four."),
    ChatMessage("user", "And three more?"),
)

_FORMAT = 1
"""Of the file of templates that passed; to be raised when they must be tried again."""
_READY, _PASSED, _OBJECTS, _UNREADABLE, _NO_MEMORY = "ready", "passed", "objects", "unreadable", "no memory"
_HINT = "Choose another template for this model, or send a raw prompt."

_log = logging.getLogger(__name__)


class TemplateChecker:
    """Lets a template pass once it has been seen to stay within its limits, and remembers that.

    Only what could harm the app is turned away: a template that never ends, needs too much memory or
    kills its process; and one that cannot be compiled. One that refuses the sample chat, or breaks off,
    passes: it may well accept the chat at hand, and if not, rendering that says so.
    """

    def __init__(
        self, remembered: Path | None = None, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        """Set the limits of a trial.

        Args:
            remembered: A JSON file of the templates that passed; None remembers them for this run alone.
            seconds: From when the child has started.
            memory_bytes: Address space of the child, where the system can limit it.
        """
        self._file = remembered
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._passed = _read(remembered) if remembered else set()

    def check(self, source: str, bos_token: str, eos_token: str) -> str:
        """Try a template, unless it has passed before.

        Where no child can be started the template passes untried: the limits of rendering still hold.

        Returns:
            What the template objected to in the sample chat; "" if nothing, or if it was not tried.

        Raises:
            TemplateError: The template must not be used.
        """
        digest = template_sha256(source)
        if digest in self._passed:
            return ""
        try:
            kind, words = self._try(source, bos_token, eos_token)
        except _NotTriedError as error:
            _log.warning("A chat template could not be tried in a process of its own: %s", error)
            return ""
        if kind == _UNREADABLE:
            raise TemplateError(words, _HINT)
        if kind == _NO_MEMORY:
            raise TemplateError("The chat template needs far too much memory.", _HINT)
        self._passed.add(digest)
        if self._file:
            _write(self._file, self._passed)
        return words

    def _try(self, source: str, bos_token: str, eos_token: str) -> tuple[str, str]:
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        limits = (self._seconds, self._memory_bytes)
        child = context.Process(target=_trial, args=(sender, source, bos_token, eos_token, limits), daemon=True)
        try:
            child.start()
        except OSError as error:
            raise _NotTriedError(str(error)) from error
        finally:
            sender.close()
        try:
            return self._outcome(receiver)
        finally:
            child.kill()
            child.join()
            child.close()
            receiver.close()

    def _outcome(self, receiver: Connection) -> tuple[str, str]:
        if _received(receiver, START_SECONDS) is None:
            raise _NotTriedError("it did not start")
        start = time.monotonic()
        outcome = _received(receiver, self._seconds)
        if outcome is not None:
            return outcome
        if time.monotonic() - start < self._seconds:
            raise TemplateError("The chat template crashed the process it was tried in.", _HINT)
        raise TemplateError(f"The chat template takes longer than {self._seconds:g} seconds.", _HINT)


class _NotTriedError(Exception):
    """No child could be started: that is not the template's fault."""


def _received(receiver: Connection, seconds: float) -> tuple[str, str] | None:
    """What a child says; None if it says nothing in time, or is gone."""
    try:
        if not receiver.poll(seconds):
            return None
        kind, words = json.loads(receiver.recv_bytes())
    except (EOFError, OSError):
        return None
    return str(kind), str(words)


def _trial(sender: Connection, source: str, bos_token: str, eos_token: str, limits: tuple[float, int]) -> None:
    """Runs in the child: compile, render the sample, tell."""
    _limit(*limits)
    _tell(sender, _READY)
    try:
        template = ChatTemplate(source, bos_token, eos_token)
    except TemplateError as error:
        _tell(sender, _NO_MEMORY if _is_about_memory(error) else _UNREADABLE, error.message)
        return
    try:
        template.render(SAMPLE)
    except TemplateError as error:
        _tell(sender, _NO_MEMORY if _is_about_memory(error) else _OBJECTS, error.message)
        return
    _tell(sender, _PASSED)


def _tell(sender: Connection, kind: str, words: str = "") -> None:
    # JSON and not a pickle: what a child sends is not trusted.
    sender.send_bytes(json.dumps([kind, words]).encode())


def _is_about_memory(error: TemplateError) -> bool:
    return isinstance(error.__cause__, MemoryError)


def _limit(seconds: float, memory_bytes: int) -> None:
    """Limits that hold even if the parent dies first. Some systems refuse them."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_seconds = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    for kind, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))


def _read(file: Path) -> set[str]:
    """The templates that passed; none if the file is missing or damaged, as it can be made again."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return set(map(str, content["passed"])) if content["format"] == _FORMAT else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _write(file: Path, passed: Iterable[str]) -> None:
    """Keep the templates that passed; where that fails they are tried once more."""
    partial = file.with_name(f"{file.name}.part")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"format": _FORMAT, "passed": sorted(passed)}), encoding="utf-8")
        partial.replace(file)
