"""From a chat to the text a model gets, by the model's own template; and what that text leads to."""

from __future__ import annotations

import contextlib
import hashlib
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import exceptions as jinja
from jinja2.meta import find_undeclared_variables

from app.core.english_time import english_time
from app.core.errors import TemplateError
from app.core.generation import ChatMessage, ThinkingMode
from app.core.template_sandbox import MAX_CHARACTERS, TemplateLimitError, TemplateSandbox
from app.core.thinking_markers import MARKERS, ThinkingMarkers, markers_for, opened_by

MAX_SOURCE = 1024 * 1024
"""Most characters of a template's source; real ones have up to 30,000."""

FALLBACK_TEMPLATE = """\
{%- for message in messages -%}
{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '<|im_start|>assistant\\n' }}
{%- endif -%}
"""
"""ChatML, for models that bring no template: the format most widely understood."""

_NO_TEMPLATE = "The model brings no chat template, so ChatML is used; if answers look odd, choose another template."
_SYSTEM_MERGED = "The chat template has no place for a system message, so it was put before the first message."
_THOUGHT_CLOSED = "The chat template always opens a thought, so it was closed at once to turn thinking off."
_NO_OFF_SWITCH = "The chat template cannot turn thinking off, so the model may think all the same."
_MAX_WORDS = 400
"""Most characters of a template's own words in an error."""
_HINT = "Choose another template for this model, or send a raw prompt."

_Chat = list[dict[str, str]]

_PLACEHOLDER = "placeholder 7f3a9c of a message"
"""Stands for a message to find out where, or whether, a template writes it."""


@dataclass(frozen=True, slots=True)
class _Switch:
    """A variable by which templates turn thinking on and off.

    Attributes:
        word: What a template's source holds if it knows the value `off`.
        on, off: The values; None leaves the variable undefined, where thinking is the default.
    """

    name: str
    word: str
    on: str | int | None
    off: str | int


# Templates raise on values they do not know, so each is passed only where its own word is found.
_SWITCHES = (
    _Switch("thinking", "thinking", True, False),  # DeepSeek V3.1 to V4, Kimi K3, Granite 3.3
    _Switch("thinking_mode", "disabled", "enabled", "disabled"),  # MiniMax M3
    _Switch("thinking_budget", "thinking_budget", -1, 0),  # Seed-OSS, in tokens
    _Switch("reasoning_effort", "'no_think'", "high", "no_think"),  # Tencent Hy3
    _Switch("reasoning_effort", '"none"', None, "none"),  # Cohere
    _Switch("reasoning_effort", '"minimal"', None, "minimal"),  # Solar Open
)


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A chat as its model gets it.

    Attributes:
        generation_start: Where in `text` the part begins that opens the answer.
        opened: The format of the thought that `text` ends in; None if it ends in none.
        notes: One sentence each on what was done to the chat to make it fit.
    """

    text: str
    generation_start: int
    opened: ThinkingMarkers | None
    notes: tuple[str, ...]


class ChatTemplate:
    """A compiled template. Rendering stays within memory limits, but may take forever.

    Attributes:
        source: As it was given; "" stands for `FALLBACK_TEMPLATE`.
        markers: The thinking formats its model may write.
    """

    def __init__(self, source: str, bos_token: str, eos_token: str) -> None:
        """Compile a template.

        Raises:
            TemplateError: It is no valid template.
        """
        self.source = source
        self._written = source or FALLBACK_TEMPLATE
        self.markers = markers_for(self._written)
        self._tokens = {"bos_token": bos_token, "eos_token": eos_token}
        if len(self._written) > MAX_SOURCE:
            raise TemplateError("The chat template is far too long to be one.", _HINT)
        try:
            sandbox = TemplateSandbox()
            parsed = sandbox.parse(self._written)
            asked_for = find_undeclared_variables(parsed)
            self._template = sandbox.from_string(parsed)
        except Exception as error:  # the parser and Python's compiler fail in many ways on odd input
            raise _described(error, "cannot be read") from error
        self._switches = [entry for entry in _SWITCHES if entry.name in asked_for and entry.word in self._written]
        thinks = any(entry.is_spoken_by(self._written) for entry in MARKERS)
        self._thinks_always = thinks and not self._switches and "enable_thinking" not in asked_for

    def render(
        self,
        messages: Sequence[ChatMessage],
        thinking: ThinkingMode = "template",
        add_generation_prompt: bool = True,
        now: datetime | None = None,
    ) -> RenderedPrompt:
        """Write a chat as one text.

        Args:
            messages: Oldest first; a system message, if any, comes first.
            thinking: "template" leaves every switch at the template's own default, but for
                `enable_thinking`, which is always passed, as llama.cpp does: many templates take
                thinking for turned off where it is undefined. "on" and "off" set all switches known;
                where none turns thinking off, an opened thought is closed.
            add_generation_prompt: End the text where the answer begins.
            now: The time that templates write into prompts; None is the present.

        Raises:
            TemplateError: The template refuses the chat, fails, or exceeds its limits.
        """
        variables = self._variables(thinking, now or datetime.now()) | {"add_generation_prompt": add_generation_prompt}
        asked = [{"role": message.role, "content": message.content} for message in messages]
        chat, text = self._with_system(asked, variables)
        notes = [note for note, true in ((_NO_TEMPLATE, not self.source), (_SYSTEM_MERGED, chat is not asked)) if true]
        if not add_generation_prompt:
            return RenderedPrompt(text, len(text), None, tuple(notes))
        start = self._generation_start(chat, variables, text)
        opened = opened_by(text, self.markers, start)
        if thinking == "off" and opened:
            text, opened = _closed(text, opened), None
            notes.append(_THOUGHT_CLOSED)
        elif thinking == "off" and self._thinks_always:
            notes.append(_NO_OFF_SWITCH)
        return RenderedPrompt(text, start, opened, tuple(notes))

    def _variables(self, thinking: ThinkingMode, now: datetime) -> dict[str, Any]:
        """What a template may ask for, but the messages. Tools stay undefined: None would count as some."""
        switches = {switch.name: switch.on if thinking == "on" else switch.off for switch in self._switches}
        if thinking == "template":
            switches = {}
        return {
            **self._tokens,
            **{name: value for name, value in switches.items() if value is not None},
            "enable_thinking": thinking != "off",
            "add_generation_prompt": True,
            "date_string": english_time(now, "%d %b %Y"),
            "datetime": english_time(now, "%b %d %Y"),
            "strftime_now": lambda pattern: english_time(now, pattern),
            "raise_exception": _refuse,
        }

    def _write(self, chat: _Chat, variables: dict[str, Any]) -> str:
        written: list[str] = []
        length = 0
        try:
            for part in self._template.generate(variables, messages=chat):
                written.append(part)
                length += len(part)
                if length > MAX_CHARACTERS:
                    raise TemplateLimitError("it writes far too much")
        except Exception as error:  # whatever untrusted code raises is its own fault
            raise _described(error, "failed") from error
        return "".join(written)

    def _with_system(self, chat: _Chat, variables: dict[str, Any]) -> tuple[_Chat, str]:
        """The text, and the chat it was made of: the given one, or one without a system message."""
        if not chat or chat[0]["role"] != "system":
            return chat, self._write(chat, variables)
        merged = _merged_system(chat)
        try:
            text = self._write(chat, variables)
        except TemplateError:
            with contextlib.suppress(TemplateError):
                return merged, self._write(merged, variables)
            raise
        if self._tells(chat, 0, variables, text):
            return chat, text
        return merged, self._write(merged, variables)

    def _tells(self, chat: _Chat, index: int, variables: dict[str, Any], text: str) -> bool:
        """True if a message is found in the text, even where the template changed its words."""
        if chat[index]["content"].strip() in text:
            return True
        return _PLACEHOLDER in self._write(_replaced(chat, index, _PLACEHOLDER), variables)

    def _generation_start(self, chat: _Chat, variables: dict[str, Any], text: str) -> int:
        """Where the text begins to differ from one without a generation prompt.

        Some templates write that prompt unasked; there it is all that follows the last message.
        """
        start = len(text)
        with contextlib.suppress(TemplateError):
            without = self._write(chat, variables | {"add_generation_prompt": False})
            start = len(without) if text.startswith(without) else _common_length(text, without)
        if start < len(text) or not chat:
            return start
        with contextlib.suppress(TemplateError):
            other = self._write(_replaced(chat, -1, _PLACEHOLDER), variables)
            _before, found, after = other.rpartition(_PLACEHOLDER)
            if found and text.endswith(after):
                start -= len(after)
        return start


def template_sha256(source: str) -> str:
    """What a template is known by, in hexadecimal."""
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()


def _refuse(message: object) -> None:
    raise _RefusedError(str(message))


class _RefusedError(jinja.TemplateRuntimeError):
    """A template's own `raise_exception`."""


def _described(error: Exception, what: str) -> TemplateError:
    """Any failure of a template as a sentence, with the line where it is known."""
    words = (error.message if isinstance(error, jinja.TemplateError) else str(error)) or type(error).__name__
    words = " ".join(words[:_MAX_WORDS].split()).rstrip(".")
    if isinstance(error, _RefusedError):
        return TemplateError(f"The chat template refuses this chat: {words}.", _HINT)
    if isinstance(error, TemplateLimitError):
        return TemplateError(f"The chat template was stopped: {words}.", _HINT)
    line = error.lineno if isinstance(error, jinja.TemplateSyntaxError) else _template_line(error)
    place = f" (line {line})" if line else ""
    return TemplateError(f"The chat template {what}{place}: {words}.", _HINT)


def _template_line(error: Exception) -> int | None:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
    return lines[-1] if lines else None


def _merged_system(chat: _Chat) -> _Chat:
    """The chat with its system message put before the next one, as llama.cpp does."""
    system, *rest = chat
    if not rest or rest[0]["role"] != "user":
        return [{**system, "role": "user"}, *rest]
    return [{**rest[0], "content": f"{system['content']}\n{rest[0]['content']}"}, *rest[1:]]


def _replaced(chat: _Chat, index: int, content: str) -> _Chat:
    copy = list(chat)
    copy[index] = {**copy[index], "content": content}
    return copy


def _common_length(text: str, other: str) -> int:
    pairs = enumerate(zip(text, other, strict=False))
    return next((place for place, (here, there) in pairs if here != there), min(len(text), len(other)))


def _closed(text: str, opened: ThinkingMarkers) -> str:
    """A prompt whose open thought is ended before it began; in lines of its own where its start is."""
    end = opened.ends[0] + ("\n\n" if text.endswith("\n") else "")
    return text + end + opened.answer_start
