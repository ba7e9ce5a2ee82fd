"""A preset as a command, and the command as the preset again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.presets import BUNDLED, built_in, presets
from hypothesis import given

from app.core.command_line import apply_recommended, parse_llama_flags, preset_from_arguments
from app.core.command_text import command_line_for
from app.core.presets import Preset
from app.core.sampling import OTHER_PARAMETERS, SAMPLERS, SamplerChain, SamplingParameters
from app.core.shell_line import split_shell_line


def test_the_command_of_the_articles_preset_reads_like_the_articles() -> None:
    assert command_line_for(built_in("qwq-32b-unsloth"), "QwQ 32B.gguf") == " \\\n    ".join(
        [
            "llama-cli",
            "--model 'QwQ 32B.gguf'",
            "--ctx-size 16384",
            "--samplers 'top_k;top_p;min_p;temperature;dry;typ_p;xtc'",
            "--repeat-penalty 1.1",
            "--dry-multiplier 0.5",
            "--dry-penalty-last-n 16384",
            "--top-k 40",
            "--top-p 0.95",
            "--min-p 0.0",
            "--xtc-probability 0.0",
            "--temp 0.6",
            "--mirostat 0",
            "--seed 3407",
        ]
    )


def test_everything_a_preset_says_is_in_the_command() -> None:
    preset = Preset(
        "All",
        chain=SamplerChain(
            ("dry", "temperature"),
            SamplingParameters(
                dry_multiplier=0.5,
                dry_sequence_breakers=("\n", "none"),
                logit_bias=((5, -float("inf")), (6, 1.5)),
                grammar='root ::= "a"',
                mirostat=2,
                min_keep=3,
            ),
        ),
        gpu_layers=-1,
        threads=4,
        thinking="off",
        budget_tokens=100,
        system_prompt="It's you.",
        max_tokens=50,
    )
    assert split_shell_line(command_line_for(preset, "m.gguf", 8192)) == [
        "--model", "m.gguf", "--ctx-size", "8192", "--n-gpu-layers", "all", "--threads", "4",
        "--samplers", "dry;temperature", "--dry-multiplier", "0.5", "--temp", "1.0", "--mirostat", "2",
        "--mirostat-ent", "5.0", "--mirostat-lr", "0.1",
        "--dry-sequence-breaker", "\\n", "--dry-sequence-breaker", "\\x6eone",
        "--logit-bias", "5-inf", "--logit-bias", "6+1.5", "--grammar", 'root ::= "a"',
        "--reasoning", "off", "--reasoning-budget", "100", "--system-prompt", "It's you.", "--n-predict", "50",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("preset_size", "given_size", "window"),
    [(None, None, "4096"), (16384, None, "16384"), (16384, 512, "512"), (0, 99, "99")],
)
def test_a_window_over_the_whole_context_is_written_as_its_size(
    preset_size: int | None, given_size: int | None, window: str
) -> None:
    preset = replace(built_in("qwq-32b-no-fix"), context_size=preset_size)
    words = split_shell_line(command_line_for(preset, "m.gguf", given_size))
    assert words[words.index("--ctx-size") + 1] == words[words.index("--dry-penalty-last-n") + 1] == window


def in_effect(preset: Preset) -> Preset:
    """The preset with everything that changes nothing, or that llama.cpp has no flag for, made alike."""
    chain = preset.chain.resolved(preset.context_size or 4096)
    defaults, neutral = SamplerChain.llama_cpp_default().parameters, SamplingParameters()
    values = {"min_keep": 0}
    for kind in SAMPLERS.values():
        for parameter in kind.parameters if kind.name not in chain.order else ():
            if getattr(chain.parameters, parameter.name) in (
                getattr(neutral, parameter.name), getattr(defaults, parameter.name)
            ):  # fmt: skip
                values[parameter.name] = getattr(neutral, parameter.name)
    if "dry" not in chain.order:
        values["dry_sequence_breakers"] = ()
    values |= {"temperature": max(0.0, chain.parameters.temperature), "top_k": max(0, chain.parameters.top_k)} | values
    if chain.parameters.dry_base < 1:
        values["dry_base"] = defaults.dry_base
    return Preset("x", chain=chain.with_values(**values), context_size=preset.context_size or 4096, **_rest(preset))


def _rest(preset: Preset) -> dict[str, object]:
    names = ("gpu_layers", "threads", "thinking", "budget_tokens", "system_prompt", "max_tokens")
    return {name: getattr(preset, name) for name in names}


@given(presets())
def test_a_command_means_what_the_preset_means(preset: Preset) -> None:
    run = parse_llama_flags(split_shell_line(command_line_for(preset, "m.gguf")))
    assert run.notes == () or all("more than once" not in note for note in run.notes)
    assert run.model == "m.gguf"
    assert in_effect(preset_from_arguments(run, "x")) == in_effect(preset)


@pytest.mark.parametrize("slug", [path.stem for path in BUNDLED.glob("*.toml")])
def test_a_built_in_presets_command_stands_against_a_models_own_recommendation(slug: str) -> None:
    preset = built_in(slug)
    run = parse_llama_flags(split_shell_line(command_line_for(preset, "m.gguf")))
    assert run.notes == ()
    assert in_effect(preset_from_arguments(run, "x")) == in_effect(preset)
    recommended = {"sequence": "min_p", "temp": "0.9", "top_k": "99", "top_p": "0.1", "min_p": "0.9"}
    after = apply_recommended(run, recommended).chain
    assert after.order == run.chain.order
    for stage in run.chain.active():
        for parameter in SAMPLERS[stage].parameters:
            assert getattr(after.parameters, parameter.name) == getattr(run.chain.parameters, parameter.name)


def test_mirostat_has_its_temperature_though_the_chain_has_none() -> None:
    preset = Preset("x", chain=SamplerChain(("top_k",), SamplingParameters(mirostat=1)))
    run = parse_llama_flags(split_shell_line(command_line_for(preset, "m.gguf")))
    assert run.chain.parameters.temperature == 1.0


def test_the_helper_knows_all_parameters_without_a_stage() -> None:
    assert set(OTHER_PARAMETERS) == {"mirostat", "mirostat_tau", "mirostat_eta", "min_keep"}
