"""A preset as a llama.cpp command, to paste into a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from app.core.command_line import RECOMMENDED
from app.core.flag_values import with_escapes
from app.core.model_spec import ALL_LAYERS, AUTO
from app.core.presets import Preset
from app.core.sampling import (
    DEFAULT_BREAKERS,
    PARAMETERS,
    SAMPLERS,
    SamplerChain,
    SamplingParameters,
)

DEFAULT_CONTEXT = 4096
"""Context size in tokens where neither the preset nor the caller says one."""

_FLAGS: Final = {
    "typical_p": "--typical",
    "top_n_sigma": "--top-nsigma",
    "temperature": "--temp",
    "dynatemp_exponent": "--dynatemp-exp",
    "mirostat_eta": "--mirostat-lr",
    "mirostat_tau": "--mirostat-ent",
    "min_keep": "",
}
"""Where llama.cpp's flag is not the parameter's name with hyphens; min_keep has none."""

_SWITCHES: Final = frozenset(("repeat_penalty", "xtc_probability", "mirostat"))
"""Off by default, so that a model file may switch them on."""


def command_line_for(preset: Preset, model: str, context_size: int | None = None) -> str:
    """The command that runs `model` with llama.cpp as the preset does, for a POSIX shell, a flag a line.

    What does not matter is left out: llama.cpp's defaults, but for those that a model file can overrule, and what is
    neutral and not in the chain.

    Args:
        context_size: In tokens, if it is known. A window over the whole context is written as a number,
            since llama.cpp has no word for it any more.
    """
    context = context_size or preset.context_size or DEFAULT_CONTEXT
    flags = [
        ("--model", model),
        ("--ctx-size", str(context)),
        *_loading(preset),
        *_sampling(preset.chain.resolved(context)),
        *_limits(preset),
    ]
    return " \\\n    ".join(["llama-cli", *map(shlex.join, flags)])


def _loading(preset: Preset) -> Iterator[tuple[str, str]]:
    if preset.gpu_layers != AUTO:
        yield "--n-gpu-layers", "all" if preset.gpu_layers == ALL_LAYERS else str(preset.gpu_layers)
    if preset.threads:
        yield "--threads", str(preset.threads)


def _sampling(chain: SamplerChain) -> Iterator[tuple[str, str]]:
    values = chain.parameters
    yield "--samplers", ";".join(chain.order)
    for name in filter(lambda name: _matters(chain, name), PARAMETERS):
        if flag := _FLAGS.get(name, f"--{name.replace('_', '-')}"):
            yield flag, str(getattr(values, name))
    if "dry" in chain.order and values.dry_sequence_breakers != DEFAULT_BREAKERS:
        for breaker in values.dry_sequence_breakers or ("none",):
            yield "--dry-sequence-breaker", _breaker(breaker, is_one=bool(values.dry_sequence_breakers))
    for token, bias in values.logit_bias:
        yield "--logit-bias", f"{token}{bias:+}"
    if values.grammar:
        yield "--grammar", values.grammar
    if values.seed is not None:
        yield "--seed", str(values.seed)


def _matters(chain: SamplerChain, name: str) -> bool:
    value = getattr(chain.parameters, name)
    stage = next((kind.name for kind in SAMPLERS.values() if PARAMETERS[name] in kind.parameters), "")
    # Mirostat works on the temperature, whatever the chain.
    mirostat_needs_it = bool(chain.parameters.mirostat) and stage in ("", "temperature")
    if stage and stage not in chain.order and not mirostat_needs_it:
        return bool(value != getattr(SamplingParameters(), name))
    is_at_work = stage in chain.active() or mirostat_needs_it or name in _SWITCHES
    return (is_at_work and name in RECOMMENDED.values()) or bool(value != PARAMETERS[name].default)


def _breaker(text: str, is_one: bool) -> str:
    # The word alone clears the list, so a breaker that is this word is written differently.
    return "\\x6eone" if is_one and text == "none" else with_escapes(text)


def _limits(preset: Preset) -> Iterator[tuple[str, str]]:
    if preset.thinking != "template":
        yield "--reasoning", preset.thinking
    if preset.budget_tokens:
        yield "--reasoning-budget", str(preset.budget_tokens)
    if preset.system_prompt:
        yield "--system-prompt", preset.system_prompt
    if preset.max_tokens != -1:
        yield "--n-predict", str(preset.max_tokens)
