"""What a command-line flag does with its value: an action puts it into the draft of a run.

Factories return an action; the others are one themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from app.core import flag_values as read
from app.core.errors import UsageError
from app.core.sampling import PARAMETERS, SAMPLERS, WHOLE_CONTEXT, order_from_names


@dataclass(slots=True)
class Draft:
    """What a command line has said so far, by the names of `SamplingParameters`, `ModelSpec` and `RunArguments`."""

    sampling: dict[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] | None = None
    spec: dict[str, Any] = field(default_factory=dict)
    rope: dict[str, Any] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    mmap: bool = True
    mlock: bool = False

    def part(self, name: Part) -> dict[str, Any]:
        """One of its dictionaries."""
        parts = {"sampling": self.sampling, "spec": self.spec, "rope": self.rope, "run": self.run}
        return parts[name]


Part = Literal["sampling", "spec", "rope", "run"]
Action = Callable[[Draft, str, str], None]
"""Takes the draft, the flag as it was written and its value, which is "" for a flag without one."""

PROMPTS = ("prompt", "prompt_file", "prompt_file_is_binary")
SYSTEM_PROMPTS = ("system_prompt", "system_prompt_file")
CONSTRAINTS = ("grammar", "grammar_file", "json_schema", "json_schema_file")
TEMPLATES = ("chat_template", "chat_template_file")


def put(part: Part, name: str, reader: read.Reader) -> Action:
    """The value in place of the one before."""

    def act(draft: Draft, flag: str, value: str) -> None:
        draft.part(part)[name] = reader(flag, value)

    return act


def append(part: Part, name: str, reader: read.Reader) -> Action:
    """The value after those before."""
    return extend(part, name, lambda flag, value: (reader(flag, value),))


def extend(part: Part, name: str, reader: read.Reader) -> Action:
    """Several values after those before."""

    def act(draft: Draft, flag: str, value: str) -> None:
        values = draft.part(part)
        values[name] = (*values.get(name, ()), *reader(flag, value))

    return act


def put_only(name: str, rivals: tuple[str, ...], reader: read.Reader) -> Action:
    """The value in place of its rivals too: of a prompt and a file with the prompt, the last given counts."""

    def act(draft: Draft, flag: str, value: str) -> None:
        result = reader(flag, value)
        for rival in rivals:
            draft.run.pop(rival, None)
        draft.run[name] = result

    return act


def switch(name: str, state: bool) -> Action:
    """A setting on or off."""

    def act(draft: Draft, _flag: str, _value: str) -> None:
        draft.run[name] = state

    return act


def parameter(name: str) -> Action:
    """A number of a sampler, within its range."""
    meaning = PARAMETERS[name]
    reader: read.Reader = read.whole_number if meaning.integer else read.number

    def act(draft: Draft, flag: str, value: str) -> None:
        number = reader(flag, value)
        if fault := meaning.fault(number):
            raise UsageError(f"{flag}: {fault}")
        if meaning.whole_context and number == WHOLE_CONTEXT:
            draft.notes.append(f"{flag} -1 is the whole context here; llama.cpp itself refuses it today.")
        draft.sampling[name] = number

    return act


def temperature(draft: Draft, flag: str, value: str) -> None:
    """0 for anything below, as in llama.cpp."""
    parameter("temperature")(draft, flag, value)
    draft.sampling["temperature"] = max(0.0, draft.sampling["temperature"])


def top_k(draft: Draft, flag: str, value: str) -> None:
    """0, off, for anything below, as in llama.cpp."""
    draft.sampling["top_k"] = max(0, read.whole_between(-(2**31))(flag, value))


def dry_base(draft: Draft, flag: str, value: str) -> None:
    """llama.cpp passes over a base below 1."""
    if read.number(flag, value) < 1:
        draft.notes.append(f"{flag} {value} is ignored, as llama.cpp does with a base below 1.")
    else:
        parameter("dry_base")(draft, flag, value)


def breaker(draft: Draft, _flag: str, value: str) -> None:
    """The first clears the default ones; "none" clears all."""
    earlier = draft.sampling.get("dry_sequence_breakers", ())
    draft.sampling["dry_sequence_breakers"] = () if value == "none" else (*earlier, value)


def samplers(draft: Draft, flag: str, value: str) -> None:
    """The chain by names."""
    _set_order(draft, flag, [name for name in value.split(";") if name.strip()])


def sampler_letters(draft: Draft, flag: str, value: str) -> None:
    """The chain by letters."""
    by_letter = {kind.letter: kind.name for kind in SAMPLERS.values()}
    _set_order(draft, flag, [by_letter.get(letter, letter) for letter in value])


def _set_order(draft: Draft, flag: str, names: list[str]) -> None:
    draft.order, unknown = order_from_names(names)
    draft.notes += [f"{flag}: there is no sampler {name!r}; it is left out, as llama.cpp does." for name in unknown]
    if len(draft.order) + len(unknown) < len(names):
        draft.notes.append(f"{flag} names a sampler more than once; the first place counts.")


def max_tokens(draft: Draft, flag: str, value: str) -> None:
    """No limit for -1 and -2: llama.cpp shifts the context for the one, here both stop at its end."""
    draft.run["max_tokens"] = max(-1, read.whole_between(-2)(flag, value))


def binary_prompt(draft: Draft, flag: str, value: str) -> None:
    """A file of which the last line end is kept."""
    put_only("prompt_file", PROMPTS, read.path)(draft, flag, value)
    draft.run["prompt_file_is_binary"] = True


def reasoning(draft: Draft, flag: str, value: str) -> None:
    """Thinking by llama.cpp's words."""
    mode = read.on_off_auto(flag, value)
    draft.run["thinking"] = "template" if mode == "auto" else mode


def template(draft: Draft, flag: str, value: str) -> None:
    """A template written out; llama.cpp's built-in ones have names only."""
    if "{" in value:
        put_only("chat_template", TEMPLATES, read.text)(draft, flag, value)
    else:
        draft.notes.append(f"{flag} {value!r}: only a template written out is used here, not one of llama.cpp's own.")


def template_arguments(draft: Draft, flag: str, value: str) -> None:
    """Of the values for a template, whether to think."""
    arguments = read.json_object(flag, value)
    thinking = arguments.pop("enable_thinking", None)
    if isinstance(thinking, bool):
        draft.run["thinking"] = "on" if thinking else "off"
    draft.notes += [f"{flag}: {name} is not supported here and is ignored." for name in arguments]


def rope_freq_scale(draft: Draft, flag: str, value: str) -> None:
    """The inverse of --rope-scale."""
    draft.rope["scale"] = 1 / read.positive_number(flag, value)


def load_mode(draft: Draft, flag: str, value: str) -> None:
    """How the file comes into memory."""
    mode = read.one_of(("auto", "none", "mmap", "mlock", "mmap+mlock", "dio"))(flag, value)
    draft.spec["load_mode"] = {"mmap+mlock": "mmap_mlock", "dio": "direct_io"}.get(mode, mode)


_MODES: Final = {
    (True, False): "mmap",
    (False, False): "none",
    (True, True): "mmap_mlock",
    (False, True): "mlock",
}


def memory(mmap: bool | None = None, mlock: bool | None = None) -> Action:
    """The switches from before --load-mode; mapping was on and locking off."""

    def act(draft: Draft, _flag: str, _value: str) -> None:
        draft.mmap = draft.mmap if mmap is None else mmap
        draft.mlock = draft.mlock if mlock is None else mlock
        draft.spec["load_mode"] = _MODES[draft.mmap, draft.mlock]

    return act


def direct_io(draft: Draft, _flag: str, _value: str) -> None:
    """The switch from before --load-mode dio."""
    draft.spec["load_mode"] = "direct_io"
