"""What `app run` prints: text for people, or one JSON object a line for programs."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any, Protocol

from app.core.errors import AppError
from app.core.generation import Event, Finished, LoadedModel, PromptProgress, TextDelta, ThinkingEnded
from app.core.thinking import Channel


class Output(Protocol):
    """Where the events of a run go."""

    def load_progress(self, share: float) -> None:
        """The model is being loaded."""

    def loaded(self, model: LoadedModel) -> None:
        """The model is there."""

    def note(self, text: str) -> None:
        """Something was understood differently, or has no effect."""

    def event(self, event: Event) -> None:
        """An event of the engine."""

    def failed(self, error: AppError) -> None:
        """The run failed; the error itself is told by the caller."""


class TextOutput:
    """The answer on stdout; the thought, notes and numbers on stderr, so that a pipe gets the answer alone."""

    def __init__(self) -> None:
        self._dim = ("\x1b[2m", "\x1b[0m") if sys.stderr.isatty() else ("", "")
        self._thinking = self._answering = False

    def load_progress(self, share: float) -> None:
        """Nothing: a bar would end up in log files."""

    def loaded(self, model: LoadedModel) -> None:
        """Name the model and where it runs."""
        applied = model.applied
        where = f"{applied.gpu_layers} of {applied.layers} layers on the GPU" if applied.gpu_layers else "on the CPU"
        self._say(
            f"{model.info.description}, {where}, context {applied.context:,}, loaded in {model.load_seconds:.1f} s"
        )

    def note(self, text: str) -> None:
        """A line on stderr."""
        self._say(f"Note: {text}")

    def event(self, event: Event) -> None:
        """Text as it comes."""
        match event:
            case TextDelta(channel=Channel.THINKING, text=text):
                if not self._thinking:
                    self._thinking = True
                    self._say("Thinking...")
                sys.stderr.write(f"{self._dim[0]}{text}{self._dim[1]}")
                sys.stderr.flush()
            case TextDelta(text=text):
                # The blank lines between a thought and its answer are on stderr already.
                text = text if self._answering else text.lstrip()
                self._answering = self._answering or bool(text)
                sys.stdout.write(text)
                sys.stdout.flush()
            case ThinkingEnded(seconds=seconds):
                self._say(f"\nThought for {seconds:.1f} s")
            case Finished():
                self._finish(event)

    def failed(self, error: AppError) -> None:
        """End the line, so that the error stands on its own."""
        sys.stdout.write("\n")

    def _finish(self, event: Finished) -> None:
        sys.stdout.write("\n")
        sys.stdout.flush()
        stats = event.stats
        count = stats.thinking_tokens + stats.answer_tokens
        open_thought = ", inside the thought" if event.thinking_open else ""
        self._say(
            f"{count:,} tokens, {stats.tokens_per_second:.1f} tokens/s, first after {stats.first_token_seconds:.2f} s, "
            f"prompt {stats.prompt_tokens:,} ({stats.reused_tokens:,} reused), seed {event.recipe.seed}, "
            f"ended by {event.reason}{open_thought}"
        )

    def _say(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


class JsonOutput:
    """One object a line, in the order of the events."""

    def load_progress(self, share: float) -> None:
        """Nothing: `loaded` says all."""

    def loaded(self, model: LoadedModel) -> None:
        """The event `loaded`."""
        self._write(
            event="loaded",
            model=str(model.info.path),
            build=model.build,
            requested=_plain(model.requested),
            applied=_plain(model.applied),
        )

    def note(self, text: str) -> None:
        """The event `note`."""
        self._write(event="note", text=text)

    def event(self, event: Event) -> None:
        """The events `prompt`, `token` and `finished`."""
        match event:
            case PromptProgress():
                self._write(event="prompt", done=event.done, total=event.total, reused=event.reused)
            case TextDelta():
                ids = event.token_ids
                which: dict[str, Any] = {"id": ids[0]} if len(ids) == 1 else {"ids": list(ids)}
                self._write(event="token", **which, text=event.text, channel=str(event.channel))
            case Finished():
                self._write(
                    event="finished",
                    reason=str(event.reason),
                    thinking=event.thinking.strip(),
                    answer=event.answer.strip(),
                    recipe=event.recipe.as_dict(),
                    stats=event.stats.as_dict(),
                )

    def failed(self, error: AppError) -> None:
        """The event `finished` of a run that failed."""
        self._write(event="finished", reason="error", message=error.message, hint=error.hint)

    def _write(self, **record: Any) -> None:
        sys.stdout.write(json.dumps(record, ensure_ascii=False, allow_nan=False, default=str) + "\n")
        sys.stdout.flush()


def _plain(value: Any) -> Any:
    """A frozen dataclass as JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
