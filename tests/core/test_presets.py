"""Presets as mappings, which one is for which model, and the built-in ones against their sources."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from helpers.presets import BUNDLED, built_in, presets
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import FaultsError, UsageError
from app.core.model_spec import ALL_LAYERS, AUTO
from app.core.presets import (
    Preset,
    best_match,
    find_preset,
    is_modified,
    matching,
    preset_from_mapping,
    preset_to_mapping,
    slug_from,
)
from app.core.sampling import DEFAULT_ORDER, SEED_ORDER, WHOLE_CONTEXT, SamplerChain, SamplingParameters


def faults_of(mapping: Mapping[str, Any]) -> tuple[str, ...]:
    with pytest.raises(FaultsError) as caught:
        preset_from_mapping(mapping, "mine")
    return caught.value.faults


def test_what_is_absent_is_neutral() -> None:
    preset = preset_from_mapping({}, "mine")
    assert preset == Preset("mine", "mine")
    assert preset.chain.parameters == SamplingParameters()
    assert preset.chain.active() == ()
    # A value of its own takes nothing from llama.cpp's defaults along.
    only = preset_from_mapping({"sampling": {"temperature": 0.6}}, "mine")
    assert only.chain == SamplerChain(DEFAULT_ORDER, SamplingParameters(temperature=0.6))
    assert only.chain.active() == ("temperature",)


def test_a_whole_file_becomes_a_preset() -> None:
    preset = preset_from_mapping(
        {
            "schema": 1,
            "name": "All of it",
            "description": "d",
            "source": "s",
            "matches": ["Q*"],
            "sampling": {
                "chain": ["Top-K", "temp", "dry"],
                "top_k": 40.0,
                "temperature": 1,
                "dry_penalty_last_n": "context",
                "repeat_last_n": -1,
                "dry_sequence_breakers": ["\n"],
                "logit_bias": [[5, 1], [6, -math.inf]],
                "grammar": 'root ::= "a"',
                "seed": 0,
                "mirostat": 2,
            },
            "context": {"size": 0, "gpu_layers": "all", "threads": 4},
            "thinking": {"mode": "on", "budget_tokens": 100},
            "system": {"prompt": "Be brief."},
            "limits": {"max_tokens": 10},
        },
        "all-of-it",
    )
    values = SamplingParameters(
        top_k=40,
        temperature=1.0,
        dry_penalty_last_n=WHOLE_CONTEXT,
        repeat_last_n=WHOLE_CONTEXT,
        dry_sequence_breakers=("\n",),
        logit_bias=((5, 1.0), (6, -math.inf)),
        grammar='root ::= "a"',
        seed=0,
        mirostat=2,
    )
    assert preset == Preset(
        "All of it", "all-of-it", "d", "s", ("Q*",), SamplerChain(("top_k", "temperature", "dry"), values),
        0, ALL_LAYERS, 4, "on", 100, "Be brief.", 10,
    )  # fmt: skip
    assert isinstance(preset.chain.parameters.top_k, int)
    assert isinstance(preset.chain.parameters.temperature, float)


@given(presets())
def test_a_preset_comes_back_from_its_mapping(preset: Preset) -> None:
    assert preset_from_mapping(preset_to_mapping(preset), preset.slug) == preset


@given(presets())
def test_a_mapping_holds_nothing_neutral(preset: Preset) -> None:
    mapping = preset_to_mapping(preset)
    neutral = SamplingParameters()
    assert set(mapping["sampling"]) == {"chain"} | {
        name
        for name in SamplingParameters.__slots__
        if getattr(preset.chain.parameters, name) != getattr(neutral, name)
    }
    assert all(mapping.get(table, True) for table in ("sampling", "context", "thinking", "system", "limits"))
    assert list(mapping) == [key for key in ORDER_OF_KEYS if key in mapping]


ORDER_OF_KEYS = (
    "schema", "name", "description", "source", "matches", "sampling", "context", "thinking", "system", "limits",
)  # fmt: skip


def test_every_fault_is_reported_at_once_in_the_order_of_the_file() -> None:
    assert faults_of(
        {
            "schema": 1,
            "nmae": "x",
            "sampling": {
                "chain": ["top_k", "temprature", "nonsense", "top-k"],
                "top_k": "many",
                "min_p": 2,
                "temprature": 0.6,
                "dry": 1,
                "seed": -1,
                "logit_bias": [["5", 1]],
                "repeat_last_n": 10**400,
                "dry_penalty_last_n": "all",
            },
            "context": {"size": "big", "gpu_layers": "lots", "threads": 0, "temperature": 1},
            "thinking": 5,
            "limits": {"max_tokens": True},
            "top_p": 0.9,
        }
    ) == (
        "There is no 'nmae' outside the tables; did you mean name?",
        "chain: there is no sampler 'temprature' nor 'nonsense'; did you mean temperature? "
        "chain: a sampler stands in it once at most, not 'top_k' again.",
        "top_k must be a number, not 'many'.",
        "min_p must be between 0 and 1, not 2.",
        "There is no 'temprature' in [sampling]; did you mean temperature?",
        "There is no 'dry' in [sampling]; the parameters of dry are "
        "dry_multiplier, dry_base, dry_allowed_length, dry_penalty_last_n.",
        "[sampling] seed must be a whole number from 0 to 4294967294 (none: a random one), not -1.",
        "[sampling] logit_bias must be a list of [token id, bias], not [['5', 1]].",
        "repeat_last_n must be between 0 and 16777216, not 100000000000000000...0000000000000000000.",
        "dry_penalty_last_n must be a number, not 'all'.",
        "[context] size must be a number of tokens (0: the model's own), not 'big'.",
        '[context] gpu_layers must be "auto", "all" or a number of layers, not \'lots\'.',
        '[context] threads must be "auto" or a number from 1 to 4096, not 0.',
        "There is no 'temperature' in [context]; it belongs in [sampling].",
        "thinking must be a table, not 5.",
        "[limits] max_tokens must be a number of tokens (-1: no limit), not True.",
        "There is no 'top_p' outside the tables; it belongs in [sampling].",
    )


@pytest.mark.parametrize(
    ("mapping", "fault"),
    [
        ({"schema": "1"}, "schema must be the number of a schema"),
        ({"schema": 0}, "schema must be the number of a schema"),
        ({"name": ""}, "name must be a text of 1 to 100 characters"),
        ({"name": "n" * 101}, "name must be a text of 1 to 100 characters"),
        ({"description": 5}, "description must be a text"),
        ({"source": "s" * 4001}, "source must be a text of at most 4000 characters"),
        ({"matches": "QwQ*"}, "matches must be a list"),
        ({"matches": ["a" * 201]}, "matches must be a list of at most 64 short patterns"),
        ({"matches": ["a"] * 65}, "matches must be a list of at most 64 short patterns"),
        ({"sampling": []}, "sampling must be a table"),
        ({"sampling": {"chain": "top_k"}}, "[sampling] chain must be a list of samplers"),
        ({"sampling": {"chain": [1]}}, "[sampling] chain must be a list of samplers"),
        ({"sampling": {"logit_bias": [[5, math.nan]]}}, "[sampling] logit_bias must be"),
        ({"sampling": {"logit_bias": [[5, math.inf]]}}, "[sampling] logit_bias must be"),
        ({"sampling": {"logit_bias": [[-5, 1.0]]}}, "[sampling] logit_bias must be"),
        ({"sampling": {"grammar": "g" * 100_001}}, "[sampling] grammar must be"),
        ({"sampling": {"dry_sequence_breakers": [1]}}, "[sampling] dry_sequence_breakers must be"),
        ({"system": {"prompt": "p" * 100_001}}, "[system] prompt must be a text of at most 100000 characters"),
        ({"thinking": {"mode": "maybe"}}, '[thinking] mode must be "template", "on" or "off"'),
        ({"thinking": {"budget_tokens": -1}}, "[thinking] budget_tokens must be"),
        ({"q" * 100_000: 1}, "There is no 'qqqqqqqqqqqq...qqqqqqqqqqqqq' outside the tables"),
    ],
)
def test_a_wrong_value_gets_a_sentence_of_readable_length(mapping: dict[str, Any], fault: str) -> None:
    (sentence,) = faults_of(mapping)
    assert sentence.startswith(fault)
    assert len(sentence) < 300


def test_a_file_of_faults_alone_is_judged_in_no_time() -> None:
    faults = faults_of(
        {f"key{number}": number for number in range(20_000)} | {"sampling": {"a" * n: n for n in range(500)}}
    )
    assert 100 <= len(faults) <= 200


def test_a_newer_schema_is_said_to_be_one() -> None:
    assert faults_of({"schema": 2, "future": {}}) == ("It is written in schema 2; this version reads schema 1.",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(
    [*ORDER_OF_KEYS, "chain", "top_k", "seed", "logit_bias", "size", "gpu_layers", "mode", "prompt", "max_tokens"]
)


@given(st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=4), max_size=5))
def test_any_mapping_is_a_preset_or_a_list_of_faults(mapping: dict[str, Any]) -> None:
    try:
        preset = preset_from_mapping(mapping, "mine")
    except FaultsError as error:
        faults = error.faults or ("none is named",)
    else:
        faults = ()
        assert preset_from_mapping(preset_to_mapping(preset), "mine") == preset
    assert all(fault.endswith(".") for fault in faults)


def preset(name: str, *matches: str) -> Preset:
    return Preset(name, slug_from(name), matches=matches)


@pytest.mark.parametrize(
    ("general_name", "file_name", "pattern", "fits"),
    [
        ("QwQ-32B", "", "QwQ-32B*", True),
        ("QwQ 32B", "", "QwQ-32B*", True),
        ("", "qwq-32b-q4_k_m.gguf", "QwQ-32B*", True),
        ("", "QwQ_32B.gguf", "qwq-32b", True),
        ("Smollm2 135M 8k", "x.gguf", "SmolLM2*", True),
        ("Qwen2.5", "", "QwQ*", False),
        ("", "", "*", False),
        ("a[b]", "", "a[[]b]", True),
        ("QwQ", "", "", False),
    ],
)
def test_a_pattern_fits_a_name_however_it_is_written(
    general_name: str, file_name: str, pattern: str, fits: bool
) -> None:
    assert preset("p", pattern).matches_model(general_name, file_name) is fits


def test_the_most_specific_pattern_is_offered_first() -> None:
    wide, narrow, none, long = preset("w", "Q*"), preset("n", "QwQ-32B*"), preset("x"), preset("l", "*", "Q*2B*Q4*")
    everything = [wide, none, narrow, long]
    assert matching(everything, "QwQ-32B", "qwq-32b-q4_k_m.gguf") == (narrow, long, wide)
    assert best_match(everything, "Quark", "") == wide
    assert best_match([none], "Quark", "") is None


def test_a_preset_is_found_by_slug_or_name() -> None:
    everything = [preset("QwQ-32B, official"), preset("Greedy")]
    assert find_preset(everything, "GREEDY") is everything[1]
    assert find_preset(everything, "qwq-32b-official") is everything[0]
    assert find_preset(everything, " QwQ-32B, official ") is everything[0]
    with pytest.raises(UsageError, match='There is no preset "greddy"') as caught:
        find_preset(everything, "greddy")
    assert caught.value.hint == "Did you mean greedy?"
    with pytest.raises(UsageError, match="There are qwq-32b-official, greedy"):
        find_preset(everything, "mistral")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("QwQ-32B, Unsloth's fixes", "qwq-32b-unsloth-s-fixes"),
        ("Repeat 1.5", "repeat-1.5"),
        ("  Öl & Éclair  ", "ol-eclair"),
        ("思考", "preset"),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "preset-con"),
        ("com7.5", "preset-com7.5"),
        ("Console", "console"),
        ("x" * 100, "x" * 60),
        ("...", "preset"),
    ],
)
def test_a_slug_is_a_safe_file_name(name: str, slug: str) -> None:
    assert slug_from(name) == slug


def test_only_what_runs_differently_is_a_modification() -> None:
    saved = built_in("qwq-32b-unsloth")
    assert not is_modified(saved, saved)
    assert not is_modified(saved, replace(saved, name="Other", slug="other", description="", source="", matches=()))
    assert is_modified(saved, replace(saved, chain=saved.chain.with_values(top_k=41)))
    assert is_modified(saved, replace(saved, chain=saved.chain.moved(0, 1)))
    assert is_modified(saved, replace(saved, thinking="on"))


SEED = 'Unsloth, "Run & Finetune QwQ-32B with Bug Fixes", 7 March 2025: '
COMMAND = SEED + "its command"
MARCH = "llama.cpp of March 2025, common/common.h"
TODAY = "llama.cpp of today, common/common.h"
R1 = "deepseek-ai/DeepSeek-R1, README, usage recommendations"
QWEN3 = "Qwen/Qwen3-8B, README, best practices"
SMOL = "HuggingFaceTB/SmolLM2-135M-Instruct, README, example"
XTC = "ggml-org/llama.cpp 37e02e3, README on XTC"
OURS = "our choice"

MARCH_ORDER = ("penalties", "dry", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature")

_COMMAND = {
    "top_k": (40, COMMAND),
    "top_p": (0.95, COMMAND),
    "temperature": (0.6, COMMAND),
    "dry_multiplier": (0.5, COMMAND),
    "dry_penalty_last_n": (WHOLE_CONTEXT, MARCH),
    "seed": (3407, COMMAND),
    "context_size": (16384, COMMAND),
}
_NO_FIX = {
    **_COMMAND,
    "order": (MARCH_ORDER, MARCH),
    "min_p": (0.1, COMMAND + " without --samplers"),
    "repeat_last_n": (64, MARCH),
    "repeat_penalty": (1.1, COMMAND),
}

# Every value of every built-in preset that is not neutral, or that its source names, and where it comes from.
BUILT_IN: dict[str, dict[str, tuple[Any, str]]] = {
    "qwq-32b-official": {
        "order": (("top_k", "top_p", "min_p", "temperature"), TODAY),
        "temperature": (0.6, SEED + "Temperature of 0.6"),
        "top_k": (40, SEED + "Top_K of 40 (or 20 to 40)"),
        "min_p": (0.0, SEED + "Min_P of 0.0"),
        "top_p": (0.95, SEED + "Top_P of 0.95"),
        "repeat_penalty": (1.0, SEED + "Repetition Penalty of 1.0"),
        "context_size": (16384, COMMAND),
        "seed": (None, OURS),
    },
    "qwq-32b-unsloth": {
        **_COMMAND,
        "order": (SEED_ORDER, SEED + '--samplers "top_k;top_p;min_p;temperature;dry;typ_p;xtc"'),
        "min_p": (0.0, COMMAND),
        "repeat_penalty": (1.1, COMMAND),
        "typical_p": (1.0, MARCH),
        "xtc_probability": (0.0, MARCH),
        "dry_base": (1.75, MARCH),
        "dry_allowed_length": (2, MARCH),
    },
    "qwq-32b-no-fix": _NO_FIX,
    "qwq-32b-repeat-1.5": {**_NO_FIX, "repeat_penalty": (1.5, SEED + "--repeat-penalty 1.5, it gets even worse")},
    "llama-cpp-default": {
        "order": (DEFAULT_ORDER, TODAY),
        "top_k": (40, TODAY),
        "top_p": (0.95, TODAY),
        "min_p": (0.05, TODAY),
        "temperature": (0.8, TODAY),
    },
    "deepseek-r1": {
        "order": (("top_p", "temperature"), TODAY),
        "temperature": (0.6, R1),
        "top_p": (0.95, R1),
        "system_prompt": ("", R1),
        "context_size": (16384, OURS),
    },
    "qwen3-thinking": {
        "order": (("top_k", "top_p", "min_p", "temperature"), TODAY),
        "temperature": (0.6, QWEN3),
        "top_p": (0.95, QWEN3),
        "top_k": (20, QWEN3),
        "min_p": (0.0, QWEN3),
        "thinking": ("on", QWEN3),
        "context_size": (16384, OURS),
    },
    "qwen3-no-thinking": {
        "order": (("top_k", "top_p", "min_p", "temperature"), TODAY),
        "temperature": (0.7, QWEN3),
        "top_p": (0.8, QWEN3),
        "top_k": (20, QWEN3),
        "min_p": (0.0, QWEN3),
        "thinking": ("off", QWEN3),
    },
    "greedy": {
        "order": (("temperature",), OURS),
        "temperature": (0.0, "src/llama-sampler.cpp: a temperature of 0 keeps the best token only"),
    },
    "creative-xtc": {
        "order": (("min_p", "xtc"), XTC),
        "min_p": (0.02, XTC),
        "xtc_probability": (0.5, XTC),
        "xtc_threshold": (0.1, XTC),
        "temperature": (1.0, XTC),
    },
    "smollm2": {
        "order": (("temperature", "top_p"), "transformers: the temperature comes first"),
        "temperature": (0.2, SMOL),
        "top_p": (0.9, SMOL),
    },
}  # fmt: skip


def test_every_built_in_preset_is_in_the_table() -> None:
    assert {path.stem for path in BUNDLED.iterdir()} == set(BUILT_IN)


@pytest.mark.parametrize("slug", BUILT_IN)
def test_a_built_in_preset_holds_what_its_source_says_and_nothing_else(slug: str) -> None:
    values = {name: value for name, (value, _) in BUILT_IN[slug].items()}
    order = values.pop("order")
    own = {name: values.pop(name) for name in ("context_size", "thinking", "system_prompt") if name in values}
    found = built_in(slug)
    expected = Preset(
        found.name, slug, found.description, found.source, found.matches,
        SamplerChain(order, SamplingParameters(**values)), **own,
    )  # fmt: skip
    assert found == expected
    assert found.gpu_layers == AUTO


@pytest.mark.parametrize("slug", BUILT_IN)
def test_a_built_in_preset_says_what_it_is_for_and_whence_it_comes(slug: str) -> None:
    found = built_in(slug)
    assert 10 < len(found.description) < 120
    assert len(found.source) > 30
    assert "\n" not in found.description + found.source
    assert found.name != slug


def test_llama_cpps_defaults_are_its_own() -> None:
    assert built_in("llama-cpp-default").chain == SamplerChain.llama_cpp_default()


@pytest.mark.parametrize("slug", ["qwq-32b-unsloth", "qwq-32b-no-fix", "qwq-32b-repeat-1.5"])
def test_dry_looks_back_over_the_whole_context_as_it_did_for_the_article(slug: str) -> None:
    found = built_in(slug)
    assert "dry" in found.chain.active()
    assert found.chain.parameters.dry_penalty_last_n == WHOLE_CONTEXT
    assert found.context_size is not None
    assert found.chain.resolved(found.context_size).parameters.dry_penalty_last_n == 16384


def test_the_penalty_of_the_fixed_preset_is_called_out_and_that_of_the_others_acts() -> None:
    assert [str(warning) for warning in built_in("qwq-32b-unsloth").chain.warnings()] == [
        "repeat_penalty 1.1 has no effect: penalties is not in the chain"
    ]
    for slug in set(BUILT_IN) - {"qwq-32b-unsloth"}:
        assert built_in(slug).chain.warnings() == ()
    assert "penalties" in built_in("qwq-32b-no-fix").chain.active()


@pytest.mark.parametrize(
    ("model", "slugs"),
    [
        ("QwQ 32B", ["qwq-32b-unsloth", "qwq-32b-official"]),
        ("Qwen_QwQ-32B-Q4_K_M.gguf", ["qwq-32b-unsloth"]),
        ("Qwen3 8B", ["qwen3-thinking", "qwen3-no-thinking"]),
        ("Qwen3 30B A3B Instruct 2507", ["qwen3-no-thinking", "qwen3-thinking"]),
        ("Qwen3-4B-Thinking-2507", ["qwen3-thinking", "qwen3-no-thinking"]),
        ("DeepSeek R1 Distill Qwen 7B", ["deepseek-r1"]),
        ("DeepSeek-R1-0528-Qwen3-8B", ["deepseek-r1"]),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", ["smollm2"]),
        ("Llama 3.1 8B", []),
    ],
)
def test_each_model_is_offered_its_presets(model: str, slugs: list[str]) -> None:
    assert [found.slug for found in matching(map(built_in, BUILT_IN), model, "")] == slugs
