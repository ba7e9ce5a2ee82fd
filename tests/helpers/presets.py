"""Arbitrary chains and presets for property tests, and the built-in ones."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from app.core.model_spec import ALL_LAYERS, AUTO
from app.core.presets import Preset, preset_from_mapping
from app.core.sampling import MAX_SEED, PARAMETERS, SAMPLERS, WHOLE_CONTEXT, Parameter, SamplerChain, SamplingParameters

BUNDLED = Path(__file__).parents[2] / "presets"

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
"""What can stand on a command line: no NUL, no lone surrogates."""

ORDERS = st.lists(st.sampled_from(sorted(SAMPLERS)), unique=True).map(tuple)


def built_in(slug: str) -> Preset:
    """A preset that comes with the app, read from its file."""
    return preset_from_mapping(tomllib.loads((BUNDLED / f"{slug}.toml").read_text("utf-8")), slug)


def values_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Any value that the parameter takes."""
    low, high = parameter.hard_minimum, parameter.hard_maximum
    if parameter.integer:
        numbers: st.SearchStrategy[Any] = st.integers(
            -(2**31) + 1 if math.isinf(low) else int(low), 2**31 - 1 if math.isinf(high) else int(high)
        )
        return numbers | st.just(WHOLE_CONTEXT) if parameter.whole_context else numbers
    return st.floats(
        -1e30 if math.isinf(low) else low, 1e30 if math.isinf(high) else high, allow_nan=False, allow_subnormal=False
    )


BIASES = st.lists(
    st.tuples(st.integers(0, 2**31 - 1), st.floats(-100, 100, allow_subnormal=False) | st.just(-math.inf)), max_size=3
).map(tuple)


@st.composite
def chains(draw: st.DrawFn) -> SamplerChain:
    """Any chain that a preset file can hold."""
    names = draw(st.lists(st.sampled_from(sorted(PARAMETERS)), unique=True))
    values = {name: draw(values_of(PARAMETERS[name])) for name in names}
    parameters = SamplingParameters(
        **values,
        dry_sequence_breakers=tuple(draw(st.lists(TEXTS.filter(bool), max_size=3))),
        logit_bias=draw(BIASES),
        grammar=draw(TEXTS),
        seed=draw(st.none() | st.integers(0, MAX_SEED)),
    )
    return SamplerChain(draw(ORDERS), parameters)


@st.composite
def presets(draw: st.DrawFn) -> Preset:
    """Any preset that a file can hold."""
    return Preset(
        name=draw(TEXTS.filter(str.strip)),
        slug="mine",
        description=draw(TEXTS),
        source=draw(TEXTS),
        matches=tuple(draw(st.lists(TEXTS, max_size=3))),
        chain=draw(chains()),
        context_size=draw(st.none() | st.integers(0, 2**31 - 1)),
        gpu_layers=draw(st.sampled_from((AUTO, ALL_LAYERS)) | st.integers(0, 200)),
        threads=draw(st.integers(0, 4096)),
        thinking=draw(st.sampled_from(("template", "on", "off"))),
        budget_tokens=draw(st.integers(0, 100_000)),
        system_prompt=draw(TEXTS),
        max_tokens=draw(st.integers(-1, 100_000)),
    )
