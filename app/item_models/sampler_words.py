"""What each sampler does with its present numbers, in a few words for its card."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.core.sampling import SAMPLERS, WHOLE_CONTEXT, SamplerKind, SamplingParameters

NEUTRAL = "neutral, does nothing"


def effect(kind: SamplerKind, values: SamplingParameters) -> str:
    """One line: "keeps at most 40 tokens", "neutral, does nothing", "replaced by mirostat 2"."""
    if is_replaced(kind, values):
        return f"replaced by mirostat {values.mirostat}"
    if kind.is_neutral(values):
        return NEUTRAL
    return _EFFECTS[kind.name](values)


def is_replaced(kind: SamplerKind, values: SamplingParameters) -> bool:
    """True when Mirostat takes the place of this sampler: of all but temperature."""
    return values.mirostat != 0 and kind.name != "temperature"


def is_idle(kind: SamplerKind, values: SamplingParameters) -> bool:
    """True when the sampler changes nothing, for whichever reason."""
    return is_replaced(kind, values) or kind.is_neutral(values)


def window_words(tokens: int) -> str:
    """A last_n value: "last 64 tokens" or "whole context"."""
    return "whole context" if tokens == WHOLE_CONTEXT else f"last {_count(tokens, 'token')}"


def why_not_in_chain(sampler: str) -> str:
    """Why a number set for a sampler outside the chain does nothing."""
    names = [parameter.name for parameter in SAMPLERS[sampler].parameters]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return (
        f"Only the samplers in the chain are applied. {listed} {'belong' if len(names) > 1 else 'belongs'} to "
        f"{sampler}: the value is kept, but nothing reads it until {sampler} is added."
    )


def why_mirostat(version: int) -> str:
    """Why the chain does nothing while Mirostat is on."""
    return (
        f"Mirostat {version} chooses each token itself, by steering the surprise of the text. llama.cpp then "
        "builds temperature and Mirostat and leaves the chain out."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _percent(share: float) -> str:
    return f"{share * 100:.4g} %"


def _penalties(v: SamplingParameters) -> str:
    likely = "more" if v.repeat_penalty < 1 or min(v.presence_penalty, v.frequency_penalty) < 0 else "less"
    mixed = likely == "more" and (v.repeat_penalty > 1 or max(v.presence_penalty, v.frequency_penalty) > 0)
    change = "changes repeats" if mixed else f"makes repeats {likely} likely"
    return f"{change} · {window_words(v.repeat_last_n)}"


def _dry(v: SamplingParameters) -> str:
    return f"penalises repeats over {v.dry_allowed_length:,} · {window_words(v.dry_penalty_last_n)}"


def _xtc(v: SamplingParameters) -> str:
    return f"acts on {_percent(v.xtc_probability)} of tokens · above {_percent(v.xtc_threshold)}"


def _temperature(v: SamplingParameters) -> str:
    if v.dynatemp_range > 0:
        low, high = max(0.0, v.temperature - v.dynatemp_range), v.temperature + v.dynatemp_range
        return f"moves between {low:.4g} and {high:.4g} with the entropy"
    if v.temperature <= 0:
        return "always takes the best token"
    return "sharpens the distribution" if v.temperature < 1 else "flattens the distribution"


_EFFECTS: Mapping[str, Callable[[SamplingParameters], str]] = {
    "penalties": _penalties,
    "dry": _dry,
    "top_n_sigma": lambda v: f"keeps logits within {v.top_n_sigma:g} deviations of the best",
    "top_k": lambda v: f"keeps at most {_count(v.top_k, 'token')}",
    "typ_p": lambda v: f"keeps the most typical {_percent(v.typical_p)}",
    "top_p": lambda v: f"keeps the likeliest {_percent(v.top_p)}",
    "min_p": lambda v: f"drops what is under {_percent(v.min_p)} of the best",
    "xtc": _xtc,
    "temperature": _temperature,
    "infill": lambda _: "merges and ends early, for fill-in-the-middle",
    "adaptive_p": lambda v: f"aims at tokens of {_percent(v.adaptive_target)}",
}
