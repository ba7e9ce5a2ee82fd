"""Samplers, their parameters and the chain, against llama.cpp's own numbers."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pytest
from helpers.presets import ORDERS, chains
from hypothesis import given
from hypothesis import strategies as st

from app.core.sampling import (
    DEFAULT_ORDER,
    MAX_WINDOW,
    PARAMETERS,
    SAMPLERS,
    SEED_ORDER,
    WHOLE_CONTEXT,
    SamplerChain,
    SamplingParameters,
    default_values,
    order_from_names,
    parameter_faults,
    parameter_names,
    sampler_named,
)

# common/common.h, struct common_params_sampling, of the pinned release.
LLAMA_CPP_DEFAULTS = {
    "min_keep": 0,
    "top_k": 40,
    "top_p": 0.95,
    "min_p": 0.05,
    "xtc_probability": 0.0,
    "xtc_threshold": 0.10,
    "typical_p": 1.0,
    "temperature": 0.8,
    "dynatemp_range": 0.0,
    "dynatemp_exponent": 1.0,
    "repeat_last_n": 64,
    "repeat_penalty": 1.0,
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
    "dry_multiplier": 0.0,
    "dry_base": 1.75,
    "dry_allowed_length": 2,
    "dry_penalty_last_n": 64,
    "adaptive_target": -1.0,
    "adaptive_decay": 0.90,
    "mirostat": 0,
    "top_n_sigma": -1.0,
    "mirostat_tau": 5.0,
    "mirostat_eta": 0.10,
}


def test_defaults_are_llama_cpps() -> None:
    assert default_values() == LLAMA_CPP_DEFAULTS
    chain = SamplerChain.llama_cpp_default()
    assert chain.order == (
        "penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature",
    )  # fmt: skip
    assert chain.parameters.dry_sequence_breakers == ("\n", ":", '"', "*")
    assert chain.active() == ("top_k", "top_p", "min_p", "temperature")


def test_without_values_every_stage_is_neutral() -> None:
    assert SamplerChain(tuple(name for name in SAMPLERS if name != "infill")).active() == ()


def test_every_parameter_is_a_field_of_its_kind() -> None:
    neutral = SamplingParameters()
    for parameter in PARAMETERS.values():
        assert isinstance(getattr(neutral, parameter.name), int if parameter.integer else float), parameter.name
        assert parameter.minimum <= parameter.default <= parameter.maximum, parameter.name
        assert not parameter.fault(parameter.default)
        assert not parameter.fault(parameter.minimum)
        assert not parameter.fault(parameter.maximum)
    assert parameter_names() == {entry.name for entry in fields(SamplingParameters)}


# What makes each stage act, from the constructors in src/llama-sampler.cpp; one step short of it stays neutral.
ACTING = [
    ("penalties", {"repeat_penalty": 1.1}, {"repeat_penalty": 1.1, "repeat_last_n": 0}),
    ("penalties", {"presence_penalty": -0.1}, {"presence_penalty": 0.0}),
    ("penalties", {"frequency_penalty": 0.1, "repeat_last_n": WHOLE_CONTEXT}, {"frequency_penalty": 0.0}),
    ("dry", {"dry_multiplier": 0.5}, {"dry_multiplier": 0.5, "dry_base": 0.99}),
    ("dry", {"dry_multiplier": 0.5, "dry_base": 1.0}, {"dry_multiplier": 0.5, "dry_penalty_last_n": 0}),
    ("top_n_sigma", {"top_n_sigma": 0.1}, {"top_n_sigma": 0.0}),
    ("top_k", {"top_k": 1}, {"top_k": -1}),
    ("typ_p", {"typical_p": 0.99}, {"typical_p": 1.0}),
    ("top_p", {"top_p": 0.0}, {"top_p": 1.0}),
    ("min_p", {"min_p": 0.01}, {"min_p": 0.0}),
    ("xtc", {"xtc_probability": 0.1, "xtc_threshold": 0.5}, {"xtc_probability": 0.1, "xtc_threshold": 0.51}),
    ("temperature", {"temperature": 0.0}, {"temperature": 1.0}),
    ("temperature", {"dynatemp_range": 0.5}, {"dynatemp_range": 0.0}),
    ("adaptive_p", {"adaptive_target": 0.0}, {"adaptive_target": -0.1}),
]


@pytest.mark.parametrize(("stage", "acting", "neutral"), ACTING)
def test_a_stage_acts_when_llama_cpp_builds_it(stage: str, acting: dict[str, Any], neutral: dict[str, Any]) -> None:
    assert SamplerChain((stage,)).with_values(**acting).active() == (stage,)
    assert SamplerChain((stage,)).with_values(**neutral).active() == ()


def test_the_seeds_chain_warns_of_its_penalty() -> None:
    chain = SamplerChain(SEED_ORDER).with_values(repeat_penalty=1.1)
    assert [str(warning) for warning in chain.warnings()] == [
        "repeat_penalty 1.1 has no effect: penalties is not in the chain"
    ]
    assert SamplerChain(DEFAULT_ORDER).with_values(repeat_penalty=1.1).warnings() == ()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            {"repeat_penalty": 1.1, "presence_penalty": 0.5},
            "repeat_penalty 1.1 and presence_penalty 0.5 have no effect",
        ),
        ({"dry_multiplier": 0.5}, "dry_multiplier 0.5 has no effect"),
        ({"temperature": 0.6}, "temperature 0.6 has no effect"),
        ({"dynatemp_range": 0.6}, "dynatemp_range 0.6 has no effect"),
        ({"xtc_probability": 0.5}, "xtc_probability 0.5 has no effect"),
        ({"top_k": 40}, "top_k 40 has no effect"),
        ({"mirostat": 2}, "The chain has no effect"),
    ],
)
def test_what_is_set_and_not_in_the_chain_is_called_out(values: dict[str, Any], text: str) -> None:
    (warning,) = SamplerChain(()).with_values(**values).warnings()
    assert warning.headline == text


@given(chains())
def test_each_warning_is_about_a_stage_outside_the_chain(chain: SamplerChain) -> None:
    for warning in chain.warnings():
        assert warning.code == "mirostat_replaces" or warning.sampler not in chain.order
        assert chain.parameters.mirostat or warning.sampler in chain.added(warning.sampler).active()


@pytest.mark.parametrize(
    ("names", "sampler"),
    [
        # common_sampler_types_from_names, and what the command line of March 2025 took besides.
        (["penalties"], "penalties"),
        (["dry", "DRY"], "dry"),
        (["top_n_sigma", "top-n-sigma", "topnsigma"], "top_n_sigma"),
        (["top_k", "top-k", "topk", "Top_K", " top_k"], "top_k"),
        (["typ_p", "typ-p", "typp", "typ", "typical", "typical-p"], "typ_p"),
        (["top_p", "top-p", "topp", "nucleus"], "top_p"),
        (["min_p", "min-p", "minp"], "min_p"),
        (["xtc"], "xtc"),
        (["temperature", "temp"], "temperature"),
        (["infill"], "infill"),
        (["adaptive_p", "adaptive-p", "adaptivep"], "adaptive_p"),
    ],
)
def test_samplers_are_found_by_every_name_of_llama_cpps(names: list[str], sampler: str) -> None:
    for name in names:
        kind = sampler_named(name)
        assert kind is not None
        assert kind.name == sampler


@pytest.mark.parametrize("name", ["", "top", "temperatures", "tfs_z", "top k", "_"])
def test_other_names_are_no_sampler(name: str) -> None:
    assert sampler_named(name) is None


def test_letters_are_llama_cpps() -> None:
    letters = {kind.letter: kind.name for kind in SAMPLERS.values()}
    assert letters == {
        "e": "penalties", "d": "dry", "s": "top_n_sigma", "k": "top_k", "y": "typ_p", "p": "top_p", "m": "min_p",
        "x": "xtc", "t": "temperature", "i": "infill", "a": "adaptive_p",
    }  # fmt: skip


def test_an_order_leaves_out_repeats_and_reports_unknown_names() -> None:
    assert order_from_names(["top-k", "mirostat", "TOP_K", "temp"]) == (("top_k", "temperature"), ["mirostat"])


@pytest.mark.parametrize("order", [("top_k", "top_k"), ("topk",), ("",)])
def test_a_chain_holds_distinct_samplers_only(order: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="not a chain of distinct samplers"):
        SamplerChain(order)


@given(ORDERS, st.data())
def test_moving_keeps_all_and_lands_where_asked(order: tuple[str, ...], data: st.DataObject) -> None:
    if not order:
        return
    places = st.integers(0, len(order) - 1)
    source, target = data.draw(places), data.draw(places)
    moved = SamplerChain(order).moved(source, target).order
    assert sorted(moved) == sorted(order)
    assert moved[target] == order[source]
    assert [name for name in moved if name != order[source]] == [name for name in order if name != order[source]]


@given(ORDERS, st.sampled_from(sorted(SAMPLERS)), st.integers(0, 12))
def test_adding_then_removing_gives_the_chain_back(order: tuple[str, ...], name: str, index: int) -> None:
    chain = SamplerChain(order).with_values(top_k=7)
    if name in order:
        assert chain.added(name, index) is chain
    else:
        added = chain.added(name, index)
        assert added.order.index(name) == min(index, len(order))
        assert added.removed(name) == chain
    assert chain.added(name).order[-1] == name or name in order


def test_whole_context_becomes_the_context_size() -> None:
    chain = SamplerChain().with_values(dry_penalty_last_n=WHOLE_CONTEXT, repeat_last_n=64)
    assert chain.resolved(16384).parameters.dry_penalty_last_n == 16384
    assert chain.resolved(16384).parameters.repeat_last_n == 64
    assert chain.resolved(2**31 - 1).parameters.dry_penalty_last_n == MAX_WINDOW
    assert SamplerChain().resolved(16384) == SamplerChain()


FAULTS = [
    ("top_k", "40", "top_k must be a number, not '40'."),
    ("top_k", True, "top_k must be a number, not True."),
    ("top_k", None, "top_k must be a number, not None."),
    ("top_k", 1.5, "top_k must be a whole number, not 1.5."),
    ("top_k", -2, "top_k must be at least -1, not -2."),
    ("top_k", 2**31, "top_k cannot be as large as 2147483648."),
    ("min_p", 1.5, "min_p must be between 0 and 1, not 1.5."),
    ("min_p", math.nan, "min_p must be a number, not nan."),
    ("temperature", math.inf, "temperature cannot be as large as inf."),
    ("temperature", 1e39, "temperature cannot be as large as 1e+39."),
    ("temperature", -(10**400), "temperature cannot be as large as -10000000000000000...0000000000000000000."),
    ("repeat_penalty", 0, "repeat_penalty must be at least 0.01, not 0."),
    ("repeat_last_n", -2, f"repeat_last_n must be between 0 and {MAX_WINDOW}, not -2."),
    ("dry_penalty_last_n", MAX_WINDOW + 1, f"dry_penalty_last_n must be between 0 and {MAX_WINDOW}, not 16777217."),
    ("mirostat", 3, "mirostat must be between 0 and 2, not 3."),
]


@pytest.mark.parametrize(("name", "value", "fault"), FAULTS)
def test_a_value_out_of_its_range_gets_a_sentence(name: str, value: object, fault: str) -> None:
    assert PARAMETERS[name].fault(value) == fault


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repeat_last_n", WHOLE_CONTEXT),
        ("dry_penalty_last_n", -1.0),
        ("dry_penalty_last_n", 0),
        ("top_k", 40.0),
        ("top_k", -1),
        ("temperature", -1),
        ("temperature", 2),
        ("xtc_threshold", 1.0),
    ],
)
def test_values_llama_cpp_takes_are_no_fault(name: str, value: object) -> None:
    assert PARAMETERS[name].fault(value) == ""


ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers()))


@given(st.dictionaries(st.sampled_from(sorted(PARAMETERS)) | st.text(max_size=5), ANYTHING))
def test_any_values_are_judged_without_an_exception(values: dict[str, object]) -> None:
    faults = parameter_faults(values)
    assert all(fault.endswith(".") for fault in faults)
    fit = {name: value for name, value in values.items() if name in PARAMETERS and not PARAMETERS[name].fault(value)}
    assert len(faults) + len(fit) == sum(name in PARAMETERS for name in values)
