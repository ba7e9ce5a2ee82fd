"""Presets: named settings for a kind of model, and their form in a file.

Reading and writing the file itself is the store's; here a preset becomes a mapping and back.
In a file, what is absent is neutral: nothing comes from llama.cpp's defaults or from another preset.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import Any

from app.core.errors import FaultsError, UsageError
from app.core.generation import ThinkingMode
from app.core.model_spec import ALL_LAYERS, AUTO
from app.core.preset_schema import SCHEMA, WHOLE_CONTEXT_WORD, ContextTable, SamplingTable, read_file
from app.core.sampling import (
    DEFAULT_ORDER,
    PARAMETERS,
    WHOLE_CONTEXT,
    SamplerChain,
    SamplingParameters,
    order_from_names,
)


@dataclass(frozen=True, slots=True)
class Preset:
    """How to run a kind of model.

    Attributes:
        name: What a person picks.
        slug: The stem of its file, which is also its name on a command line; "" before it has one.
        description: One line for a person.
        source: Where the values come from.
        matches: Globs for the models it is offered for, against `general.name` or the file name.
        chain: The ordered samplers and their numbers; a seed of None is a new one for each answer.
        context_size: In tokens; 0 is the model's own, None leaves what is set for the model.
        gpu_layers: A number, `model_spec.AUTO` or `model_spec.ALL_LAYERS`.
        threads: 0 chooses by the number of cores.
        budget_tokens: Most tokens of a thought; 0 is no limit.
        max_tokens: Most tokens of an answer; -1 is no limit.
    """

    name: str
    slug: str = ""
    description: str = ""
    source: str = ""
    matches: tuple[str, ...] = ()
    chain: SamplerChain = field(default_factory=SamplerChain)
    context_size: int | None = None
    gpu_layers: int = AUTO
    threads: int = 0
    thinking: ThinkingMode = "template"
    budget_tokens: int = 0
    system_prompt: str = ""
    max_tokens: int = -1

    def matches_model(self, general_name: str, file_name: str) -> bool:
        """Whether it is meant for a model of this `general.name` or file name. Case does not matter."""
        return self.specificity(general_name, file_name) > 0

    def specificity(self, general_name: str, file_name: str) -> int:
        """Length of the longest pattern that fits the model; 0 when none does."""
        names = _spellings(general_name) | _spellings(file_name)
        fitting = (p for p in self.matches if any(fnmatchcase(name, p.casefold()) for name in names))
        return max(map(len, fitting), default=0)


_DESCRIBING_FIELDS = ("name", "slug", "description", "source", "matches")


def is_modified(saved: Preset, current: Preset) -> bool:
    """Whether `current` would run a model differently; names and descriptions do not count."""
    describing = {name: getattr(saved, name) for name in _DESCRIBING_FIELDS}
    return replace(current, **describing) != saved


def matching(presets: Iterable[Preset], general_name: str, file_name: str) -> tuple[Preset, ...]:
    """The presets meant for a model, the one with the most specific pattern first."""
    ranked = [(preset.specificity(general_name, file_name), preset) for preset in presets]
    ranked.sort(key=lambda entry: -entry[0])
    return tuple(preset for length, preset in ranked if length)


def best_match(presets: Iterable[Preset], general_name: str, file_name: str) -> Preset | None:
    """The preset to offer first for a model; None when none is meant for it."""
    return next(iter(matching(presets, general_name, file_name)), None)


def find_preset(presets: Sequence[Preset], wanted: str) -> Preset:
    """The preset of this slug or, in any case, this name.

    Raises:
        UsageError: There is none; the hint names the nearest.
    """
    key = wanted.strip().casefold()
    for preset in presets:
        if key in (preset.slug.casefold(), preset.name.casefold()):
            return preset
    names = {text.casefold(): preset.slug for preset in presets for text in (preset.slug, preset.name)}
    near = difflib.get_close_matches(key[:100], names, 1)
    hint = f"Did you mean {names[near[0]]}?" if near else f"There are {', '.join(preset.slug for preset in presets)}."
    raise UsageError(f'There is no preset "{wanted}".', hint)


# A file of one of these names cannot be opened on Windows, whatever follows after a point.
_DEVICE_NAME = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9])(\..*)?")


def slug_from(name: str) -> str:
    """A file stem for a preset's name: lower-case ASCII letters, digits and hyphens, 60 at most."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9.]+", "-", plain).strip("-.")[:60].rstrip("-.") or "preset"
    return f"preset-{slug}" if _DEVICE_NAME.fullmatch(slug) else slug


def preset_from_mapping(mapping: Mapping[str, Any], slug: str) -> Preset:
    """The preset that a file's tables describe. `slug` is the file's stem.

    Raises:
        FaultsError: With every fault of the file.
    """
    schema = mapping.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        text = f"It is written in schema {schema}; this version reads schema {SCHEMA}."
        raise FaultsError(f'The preset "{slug}" comes from a newer version.', [text], "Update the app to use it.")
    file, faults = read_file(mapping)
    if file is None:
        raise FaultsError(f'The preset "{slug}" cannot be used.', faults, "Mend its file and try again.")
    return Preset(
        name=file.name or slug,
        slug=slug,
        description=file.description,
        source=file.source,
        matches=tuple(file.matches),
        chain=_chain(file.sampling),
        context_size=file.context.size,
        gpu_layers=_gpu_layers(file.context),
        threads=0 if file.context.threads == "auto" else file.context.threads,
        thinking=file.thinking.mode,
        budget_tokens=file.thinking.budget_tokens,
        system_prompt=file.system.prompt,
        max_tokens=file.limits.max_tokens,
    )


def preset_to_mapping(preset: Preset) -> dict[str, Any]:
    """The tables of the preset's file: its chain and whatever is not neutral, always in the same order."""
    head = {"schema": SCHEMA, "name": preset.name}
    head |= _without({"description": preset.description, "source": preset.source, "matches": list(preset.matches)})
    gpu_layers = "all" if preset.gpu_layers == ALL_LAYERS else preset.gpu_layers
    tables = {
        "sampling": _sampling_table(preset.chain),
        "context": {
            **({} if preset.context_size is None else {"size": preset.context_size}),
            **({} if preset.gpu_layers == AUTO else {"gpu_layers": gpu_layers}),
            **_without({"threads": preset.threads}),
        },
        "thinking": {
            **({} if preset.thinking == "template" else {"mode": preset.thinking}),
            **_without({"budget_tokens": preset.budget_tokens}),
        },
        "system": _without({"prompt": preset.system_prompt}),
        "limits": {} if preset.max_tokens == -1 else {"max_tokens": preset.max_tokens},
    }
    return head | _without(tables)


def _without(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are neither 0 nor empty."""
    return {key: value for key, value in values.items() if value}


def _spellings(name: str) -> set[str]:
    """A model's name as people write it: `general.name` has spaces where file names have hyphens."""
    plain = name.casefold().removesuffix(".gguf")
    return {plain, plain.replace(" ", "-").replace("_", "-")} - {""}


def _gpu_layers(table: ContextTable) -> int:
    if isinstance(table.gpu_layers, int):
        return table.gpu_layers
    return AUTO if table.gpu_layers == "auto" else ALL_LAYERS


def _chain(table: SamplingTable) -> SamplerChain:
    order = DEFAULT_ORDER if table.chain is None else order_from_names(table.chain)[0]
    values: dict[str, Any] = {name: _number(name, value) for name, value in (table.model_extra or {}).items()}
    if table.dry_sequence_breakers is not None:
        values["dry_sequence_breakers"] = tuple(table.dry_sequence_breakers)
    values |= {"logit_bias": tuple(table.logit_bias), "grammar": table.grammar, "seed": table.seed}
    return SamplerChain(order, SamplingParameters(**values))


def _number(name: str, value: Any) -> int | float:
    if value == WHOLE_CONTEXT_WORD:
        return WHOLE_CONTEXT
    return int(value) if PARAMETERS[name].integer else float(value)


def _sampling_table(chain: SamplerChain) -> dict[str, Any]:
    table: dict[str, Any] = {"chain": list(chain.order)}
    neutral = SamplingParameters()
    for entry in fields(SamplingParameters):
        value = getattr(chain.parameters, entry.name)
        if value != getattr(neutral, entry.name):
            table[entry.name] = _as_written(entry.name, value)
    return table


def _as_written(name: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return [list(item) if isinstance(item, tuple) else item for item in value]
    is_window = name in PARAMETERS and PARAMETERS[name].whole_context
    return WHOLE_CONTEXT_WORD if is_window and value == WHOLE_CONTEXT else value
