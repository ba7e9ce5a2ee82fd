"""What may stand in a preset file, and a sentence for everything in one that may not.

The file is untrusted: each text and list has a largest size, each number a range.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from app.core.sampling import MAX_SEED, PARAMETERS, SAMPLERS, order_from_names, sampler_named

SCHEMA = 1
"""The newest preset schema this version reads; it is the one it writes."""

WHOLE_CONTEXT_WORD = "context"
"""How a file writes a `*_last_n` that is the whole context."""

_MAX_INT = 2**31 - 1
_MAX_TEXT = 100_000
_MAX_FAULTS = 100

_Short = Annotated[str, Field(max_length=200)]
_TokenId = Annotated[int, Field(ge=0, le=_MAX_INT)]


def _bias(value: float) -> float:
    if not value < float("inf"):
        raise ValueError("a bias is a number, or -inf to ban the token")
    return value


class _Table(BaseModel):
    """A table of the file. Each field's description completes the sentence "... must be"."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SamplingTable(_Table):
    """`[sampling]`: besides these keys, every name in `sampling.PARAMETERS`."""

    model_config = ConfigDict(extra="allow")

    chain: list[_Short] | None = Field(default=None, max_length=64, description="a list of samplers")
    dry_sequence_breakers: list[_Short] | None = Field(default=None, max_length=64, description="a list of short texts")
    # Not strict, because TOML has arrays only and strictness would insist on tuples.
    logit_bias: list[Annotated[tuple[_TokenId, Annotated[float, AfterValidator(_bias)]], Field(strict=False)]] = Field(
        default=[], max_length=10_000, description="a list of [token id, bias]"
    )
    grammar: str = Field(
        default="", max_length=_MAX_TEXT, description=f"a GBNF grammar of at most {_MAX_TEXT} characters"
    )
    seed: int | None = Field(
        default=None, ge=0, le=MAX_SEED, description=f"a whole number from 0 to {MAX_SEED} (none: a random one)"
    )


class ContextTable(_Table):
    """`[context]`: what the model is loaded with."""

    size: int | None = Field(default=None, ge=0, le=_MAX_INT, description="a number of tokens (0: the model's own)")
    gpu_layers: Annotated[int, Field(ge=0, le=_MAX_INT)] | Literal["auto", "all"] = Field(
        default="auto", description='"auto", "all" or a number of layers'
    )
    threads: Annotated[int, Field(ge=1, le=4096)] | Literal["auto"] = Field(
        default="auto", description='"auto" or a number from 1 to 4096'
    )


class ThinkingTable(_Table):
    """`[thinking]`: whether the template is asked for a thought, and how long it may be."""

    mode: Literal["template", "on", "off"] = Field(default="template", description='"template", "on" or "off"')
    budget_tokens: int = Field(default=0, ge=0, le=_MAX_INT, description="a number of tokens (0: no limit)")


class SystemTable(_Table):
    """`[system]`: what is said before the conversation."""

    prompt: str = Field(default="", max_length=_MAX_TEXT, description=f"a text of at most {_MAX_TEXT} characters")


class LimitsTable(_Table):
    """`[limits]`: when an answer ends at the latest."""

    max_tokens: int = Field(default=-1, ge=-1, le=_MAX_INT, description="a number of tokens (-1: no limit)")


class PresetFile(_Table):
    """A whole preset file."""

    schema_version: int = Field(default=SCHEMA, alias="schema", ge=1, description="the number of a schema, such as 1")
    name: str | None = Field(default=None, min_length=1, max_length=100, description="a text of 1 to 100 characters")
    description: str = Field(default="", max_length=1000, description="a text of at most 1000 characters")
    source: str = Field(default="", max_length=4000, description="a text of at most 4000 characters")
    matches: list[_Short] = Field(default=[], max_length=64, description="a list of at most 64 short patterns")
    sampling: SamplingTable = Field(default=SamplingTable(), description="a table")
    context: ContextTable = Field(default=ContextTable(), description="a table")
    thinking: ThinkingTable = Field(default=ThinkingTable(), description="a table")
    system: SystemTable = Field(default=SystemTable(), description="a table")
    limits: LimitsTable = Field(default=LimitsTable(), description="a table")


_TABLES: Mapping[str, type[_Table]] = {
    "sampling": SamplingTable,
    "context": ContextTable,
    "thinking": ThinkingTable,
    "system": SystemTable,
    "limits": LimitsTable,
}
_Path = tuple[str, ...]


def read_file(mapping: Mapping[str, Any]) -> tuple[PresetFile | None, list[str]]:
    """The file, or None and a sentence for each fault, in the order of the file."""
    found: dict[_Path, str] = {}
    file: PresetFile | None = None
    try:
        file = PresetFile.model_validate(dict(mapping))
    except ValidationError as error:
        for entry in islice(error.errors(include_url=False, include_context=False), _MAX_FAULTS):
            path = _path_in_file(entry["loc"])
            found.setdefault(path, _sentence(path, entry["type"], _value_at(mapping, path)))
    sampling = mapping.get("sampling")
    if isinstance(sampling, Mapping):
        for key, sentence in islice(_sampling_faults(sampling), _MAX_FAULTS):
            found.setdefault(("sampling", key), sentence)
    if not found:
        return file, []
    return None, [found[path] for path in sorted(found, key=lambda path: _place(mapping, path))]


def keys_of(table: str = "") -> list[str]:
    """The keys that may stand in a table; those of the file itself for ""."""
    model = _TABLES.get(table, PresetFile)
    keys = [entry.alias or name for name, entry in model.model_fields.items()]
    return [*keys, *PARAMETERS] if table == "sampling" else keys


def _path_in_file(location: tuple[int | str, ...]) -> _Path:
    # What follows the key is an index into a list, or the branch of a union that pydantic tried.
    depth = 2 if location[0] in _TABLES else 1
    return tuple(str(part) for part in location[:depth])


def _value_at(mapping: Mapping[str, Any], path: _Path) -> Any:
    value: Any = mapping
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _place(mapping: Mapping[str, Any], path: _Path) -> tuple[int, ...]:
    place = []
    here: Any = mapping
    for part in path:
        keys = [str(key) for key in here] if isinstance(here, Mapping) else []
        place.append(keys.index(part) if part in keys else len(keys))
        here = here.get(part) if isinstance(here, Mapping) else None
    return tuple(place)


def _sentence(path: _Path, kind: str, value: Any) -> str:
    table, key = (path[0], path[1]) if len(path) == 2 else ("", path[0])
    if kind == "extra_forbidden":
        return _unknown_key(table, key)
    field = "schema_version" if key == "schema" and not table else key
    wanted = _TABLES.get(table, PresetFile).model_fields[field].description
    return f"{_named(table, key)} must be {wanted}, not {reprlib.repr(value)}."


def _named(table: str, key: str) -> str:
    return f"[{table}] {key}" if table else key


def _unknown_key(table: str, key: str) -> str:
    where = f"in [{table}]" if table else "outside the tables"
    homes = [f"[{name}]" for name in _TABLES if name != table and key in keys_of(name)]
    near = difflib.get_close_matches(key[:100], keys_of(table), 1)
    if homes:
        advice = f"it belongs in {homes[0]}."
    elif near:
        advice = f"did you mean {near[0]}?"
    else:
        advice = f"there can be {', '.join(keys_of(table))}."
    return f"There is no {reprlib.repr(key)} {where}; {advice}"


def _sampling_faults(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if key == "chain":
            sentence = _chain_fault(value)
        elif key in SamplingTable.model_fields:
            continue
        elif key not in PARAMETERS:
            sentence = _unknown_sampling_key(str(key))
        elif PARAMETERS[key].whole_context and value == WHOLE_CONTEXT_WORD:
            continue
        else:
            sentence = PARAMETERS[key].fault(value)
        if sentence:
            yield key, sentence


def _unknown_sampling_key(key: str) -> str:
    kind = sampler_named(key)
    if kind is None or not kind.parameters:
        return _unknown_key("sampling", key)
    names = ", ".join(parameter.name for parameter in kind.parameters)
    return f"There is no {reprlib.repr(key)} in [sampling]; the parameters of {kind.name} are {names}."


def _chain_fault(names: Any) -> str:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return ""  # The model says so already.
    sentences = []
    _, unknown = order_from_names(names)
    if unknown:
        spellings = {spelling: kind.name for kind in SAMPLERS.values() for spelling in (kind.name, *kind.aliases)}
        near = difflib.get_close_matches(unknown[0][:100], spellings, 1)
        advice = f"did you mean {spellings[near[0]]}?" if near else f"there are {', '.join(SAMPLERS)}."
        sentences.append(f"chain: there is no sampler {_listed(unknown)}; {advice}")
    kinds = [kind.name for name in names if (kind := sampler_named(name))]
    twice = [name for name in dict.fromkeys(kinds) if kinds.count(name) > 1]
    if twice:
        sentences.append(f"chain: a sampler stands in it once at most, not {_listed(twice)} again.")
    return " ".join(sentences)


def _listed(names: list[str]) -> str:
    return " nor ".join(reprlib.repr(name) for name in names[:8])
