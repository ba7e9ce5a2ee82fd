"""What a llama.cpp command line asks for.

The flags, their values and their defaults are those of llama.cpp's `llama-completion` and
`llama-cli`; `run_flags` lists them. Files that a flag names are read by the caller.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.core.errors import UsageError
from app.core.flag_actions import CONSTRAINTS, Draft
from app.core.flag_values import is_on_off_auto, process_escapes
from app.core.generation import ThinkingMode
from app.core.llama_flags import AS_IT_IS, UNSUPPORTED, VALUE_MAY_BE_MISSING, VALUES_TAKEN, nearest_flag
from app.core.model_spec import ModelSpec, RopeSpec
from app.core.presets import Preset
from app.core.run_flags import FLAGS, OUR_VALUES_TAKEN
from app.core.sampling import PARAMETERS, SAMPLERS, ChainWarning, SamplerChain, order_from_names


@dataclass(frozen=True, slots=True)
class RunArguments:
    """One completion, as a command line asks for it. A text is "" and a file None where nothing was said.

    Attributes:
        model: A path or a name, as written. `hf_repo` and `hf_file` name it on the hub instead.
        spec: How to load it; its path is `model`, unresolved.
        prompt: The prompt with its escapes processed; None when a file has it, or nothing.
        prompt_file: The file with the prompt; `prompt_from` makes the prompt of its text.
        escape: Backslash escapes in prompts mean something.
        conversation: The prompt is a user's message for the chat template; else it goes in as it stands.
        max_tokens: Most tokens to generate; -1 up to the end of the context.
        chain: The samplers, with the grammar if it was written out.
        explicit: What was set by a flag: names of `SamplingParameters`, `ModelSpec`, `RopeSpec` and this class,
            and "chain" for the order.
        chat_template: A template used instead of the model's own.
        reverse_prompts: Texts that end the answer.
        reasoning_budget: Most tokens of a thought; -1 is no limit, 0 ends it at once.
        preset: The slug or name after --preset, or the slug of the preset that `chain` and `spec` started from.
        notes: Sentences about what was understood differently, or not followed.
    """

    spec: ModelSpec
    chain: SamplerChain
    model: str = ""
    hf_repo: str = ""
    hf_file: str = ""
    prompt: str | None = None
    prompt_file: Path | None = None
    prompt_file_is_binary: bool = False
    escape: bool = True
    system_prompt: str = ""
    system_prompt_file: Path | None = None
    conversation: bool = True
    max_tokens: int = -1
    ignore_eos: bool = False
    reverse_prompts: tuple[str, ...] = ()
    grammar_file: Path | None = None
    json_schema: str = ""
    json_schema_file: Path | None = None
    chat_template: str = ""
    chat_template_file: Path | None = None
    thinking: ThinkingMode = "template"
    reasoning_budget: int = -1
    reasoning_budget_message: str = ""
    preset: str = ""
    data_dir: Path | None = None
    trace: bool = False
    json: bool = False
    help: bool = False
    explicit: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def prompt_from(self, text: str) -> str:
        """The prompt that the contents of `prompt_file` are: one line end fewer, escapes processed."""
        if not self.prompt_file_is_binary:
            text = text.removesuffix("\n")
        return process_escapes(text) if self.escape else text

    def warnings(self) -> tuple[ChainWarning, ...]:
        """The chain's warnings, without those about defaults that nobody asked for."""
        return tuple(warning for warning in self.chain.warnings() if self.preset or self._is_asked_for(warning))

    def _is_asked_for(self, warning: ChainWarning) -> bool:
        kind = SAMPLERS.get(warning.sampler)
        return kind is None or any(parameter.name in self.explicit for parameter in kind.parameters)


def parse_llama_flags(argv: Sequence[str], base: Preset | None = None) -> RunArguments:
    """Read a command line, without the program's name.

    Args:
        base: The preset that the flags change; without one they change llama.cpp's own defaults.

    Raises:
        UsageError: A flag is unknown, or its value is missing or wrong.
    """
    draft = Draft()
    used: set[str] = set()
    words = list(argv)
    while words:
        flag, values, words = _next_flag(words)
        _apply(draft, flag, values, used)
    return _finished(draft, base)


def _next_flag(words: list[str]) -> tuple[str, list[str], list[str]]:
    """The flag that comes first, its values and what is left."""
    flag, attached = _split(words[0])
    if attached is not None:
        return flag, [attached], words[1:]
    rest = words[1:]
    if flag in VALUE_MAY_BE_MISSING and not (rest and is_on_off_auto(rest[0])):
        return flag, ["on"], rest
    # Until 2026 the scale was a value of its own.
    if flag == "--lora-scaled" and len(rest) > 1 and re.fullmatch(r"[0-9.]+", rest[1]):
        return flag, [f"{rest[0]}:{rest[1]}"], rest[2:]
    count = _values_taken(flag)
    if len(rest) < count:
        raise UsageError(f"{flag} needs {'a value' if count == 1 else f'{count} values'}.")
    return flag, rest[:count], rest[count:]


def _split(word: str) -> tuple[str, str | None]:
    """A word into its flag and what is attached to it by "=". llama.cpp takes _ for - after two hyphens."""
    if not word.startswith("-") or word == "-":
        hint = "A text of several words stands in quotes, after its flag."
        raise UsageError(f"{reprlib.repr(word)} stands where a flag is expected.", hint)
    if not word.startswith("--"):
        return word, None
    name, equals, attached = word.partition("=")
    flag = name.replace("_", "-")
    if equals and _values_taken(flag) != 1:
        raise UsageError(f"{flag} takes no value after =.")
    return flag, attached if equals else None


def _values_taken(flag: str) -> int:
    count = OUR_VALUES_TAKEN.get(flag, VALUES_TAKEN.get(flag))
    if count is None:
        near = nearest_flag(flag, [*FLAGS, *VALUES_TAKEN])
        raise UsageError(f"There is no flag {flag[:100]}.", f"Did you mean {near}?" if near else "")
    return count


def _apply(draft: Draft, flag: str, values: Sequence[str], used: set[str]) -> None:
    known = FLAGS.get(flag)
    if known is None:
        draft.notes += _note_on_ignored(flag)
        return
    if not known.repeats and used.intersection(known.names):
        draft.notes.append(f"{flag} is given more than once; the last one counts.")
    used.add(flag)
    known.action(draft, flag, values[0] if values else "")


def _note_on_ignored(flag: str) -> list[str]:
    if flag in AS_IT_IS:
        return []
    reason = "is not supported here" if flag in UNSUPPORTED else "has no meaning here"
    return [f"{flag} {reason} and is ignored."]


def _finished(draft: Draft, base: Preset | None) -> RunArguments:
    run = {**_from_preset(base), **draft.run}
    if base is not None:
        run["preset"] = base.slug or base.name
    if "system_prompt_file" in draft.run:
        run["system_prompt"] = ""
    sampling = dict(draft.sampling)
    if (grammar := run.pop("grammar", None)) is not None:
        sampling["grammar"] = grammar
    elif any(name in run for name in CONSTRAINTS):
        sampling["grammar"] = ""
    if run.get("escape", True):
        _process_escapes(run, sampling)
    chain = base.chain if base else SamplerChain.llama_cpp_default()
    chain = chain if draft.order is None else replace(chain, order=draft.order)
    explicit = {*draft.sampling, *draft.spec, *draft.rope, *draft.run, *(["chain"] if draft.order is not None else [])}
    return RunArguments(
        spec=_spec(draft, base, run.get("model", "")),
        chain=chain.with_values(**sampling),
        explicit=frozenset(explicit),
        notes=tuple(dict.fromkeys(draft.notes)),
        **run,
    )


def _from_preset(base: Preset | None) -> dict[str, Any]:
    if base is None:
        return {}
    return {
        "thinking": base.thinking,
        "reasoning_budget": base.budget_tokens or -1,
        "system_prompt": base.system_prompt,
        "max_tokens": base.max_tokens,
    }


def _process_escapes(run: dict[str, Any], sampling: dict[str, Any]) -> None:
    """Where llama.cpp does: not in the system prompt nor in a grammar."""
    if run.get("prompt") is not None:
        run["prompt"] = process_escapes(run["prompt"])
    for values, name in ((run, "reverse_prompts"), (sampling, "dry_sequence_breakers")):
        if name in values:
            values[name] = tuple(process_escapes(text) for text in values[name])


def _spec(draft: Draft, base: Preset | None, model: str) -> ModelSpec:
    values = dict(draft.spec)
    if values.get("devices") == ("none",):
        values |= {"devices": (), "gpu_layers": 0}
    if base is not None:
        start = ModelSpec(Path(model), gpu_layers=base.gpu_layers, threads=base.threads)
        start = start if base.context_size is None else replace(start, context=base.context_size)
    else:
        start = ModelSpec(Path(model))
    return replace(start, rope=RopeSpec(**draft.rope), **values)


RECOMMENDED: Final[Mapping[str, str]] = {
    "top_k": "top_k",
    "top_p": "top_p",
    "min_p": "min_p",
    "xtc_probability": "xtc_probability",
    "xtc_threshold": "xtc_threshold",
    "temp": "temperature",
    "penalty_last_n": "repeat_last_n",
    "penalty_repeat": "repeat_penalty",
    "mirostat": "mirostat",
    "mirostat_tau": "mirostat_tau",
    "mirostat_eta": "mirostat_eta",
}
"""The short keys of a GGUF's `general.sampling.*` and our parameters. `sequence` is the order."""

_LEADING_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_LEADING_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,18})")


def apply_recommended(arguments: RunArguments, recommended: Mapping[str, str]) -> RunArguments:
    """The run with the model's own `general.sampling.*` where no flag was given, as llama.cpp applies them.

    A preset leaves no room for them. A value that cannot be used is passed over with a note.

    Args:
        recommended: The model's values by their short key, such as "temp".
    """
    if arguments.preset:
        return arguments
    values: dict[str, Any] = {}
    faults = []
    for key, name in RECOMMENDED.items():
        value = _leading_number(name, recommended.get(key, ""))
        if name in arguments.explicit or value is None:
            continue
        if fault := PARAMETERS[name].fault(value):
            faults.append(f"The model recommends a value that cannot be used: {fault}")
        else:
            values[name] = value
    chain = arguments.chain.with_values(**values)
    order, _ = order_from_names(recommended.get("sequence", "").split(";"))
    if order and "chain" not in arguments.explicit:
        values["chain"] = order
        chain = replace(chain, order=order)
    note = [f"The model's own recommendation is used for {', '.join(values)}."] if values else []
    return replace(arguments, chain=chain, notes=(*arguments.notes, *note, *faults))


def _leading_number(name: str, text: str) -> float | int | None:
    """The number a text begins with, as C reads it; None if there is none."""
    parameter = PARAMETERS[name]
    match = (_LEADING_WHOLE if parameter.integer else _LEADING_NUMBER).match(text)
    if match is None:
        return None
    value = int(match[1]) if parameter.integer else float(match[1])
    # Below 0 a window is off in llama.cpp; only a person's own -1 means the whole context.
    return max(0, value) if parameter.whole_context else value


def preset_from_arguments(arguments: RunArguments, name: str) -> Preset:
    """A preset that runs a model as the command line does; prompt, files and loading details are not part of it."""
    budget = arguments.reasoning_budget
    return Preset(
        name,
        source="A llama.cpp command line.",
        chain=arguments.chain,
        context_size=arguments.spec.context if "context" in arguments.explicit else None,
        gpu_layers=arguments.spec.gpu_layers,
        threads=arguments.spec.threads,
        thinking="off" if budget == 0 else arguments.thinking,
        budget_tokens=max(0, budget),
        system_prompt=arguments.system_prompt,
        max_tokens=arguments.max_tokens,
    )
