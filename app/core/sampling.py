"""What each llama.cpp sampler is, and the ordered chain of them.

Names, letters, defaults and neutral values are llama.cpp's own (common/common.h and
common/sampling.cpp of the pinned release). A neutral value makes its sampler an exact no-op.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

WHOLE_CONTEXT = -1
"""As a last_n value: the window is the whole context, as llama.cpp meant -1 in March 2025."""

DEFAULT_BREAKERS = ("\n", ":", '"', "*")
MAX_SEED = 0xFFFFFFFE
"""0xFFFFFFFF asks llama.cpp for a random seed, so it is no seed of its own."""

MAX_WINDOW = 1 << 24
"""Longest last_n in tokens: more than any context. llama.cpp allocates the window whether it fills it or not."""

_INT32_MAX = 2**31 - 1
_FLOAT32_MAX = 3.4028234663852886e38


@dataclass(frozen=True, slots=True)
class SamplingParameters:
    """Every number of the chain, in llama.cpp's server names. The defaults are neutral.

    A `*_last_n` of `WHOLE_CONTEXT` becomes the context size when the chain is built.
    `logit_bias` pairs a token id with what is added to its logit (-inf bans it).
    `mirostat` 1 or 2 replaces the whole chain, as in llama.cpp.
    `seed` None means a new random seed for each answer.
    """

    repeat_last_n: int = 64
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_penalty_last_n: int = 64
    dry_sequence_breakers: tuple[str, ...] = DEFAULT_BREAKERS
    top_n_sigma: float = -1.0
    top_k: int = 0
    typical_p: float = 1.0
    top_p: float = 1.0
    min_p: float = 0.0
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.10
    temperature: float = 1.0
    dynatemp_range: float = 0.0
    dynatemp_exponent: float = 1.0
    adaptive_target: float = -1.0
    adaptive_decay: float = 0.90
    mirostat: int = 0
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.10
    min_keep: int = 0
    logit_bias: tuple[tuple[int, float], ...] = ()
    grammar: str = ""
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of a sampler: its range for a slider, llama.cpp's default, one line of help.

    `minimum` and `maximum` bound the slider; `hard_minimum` and `hard_maximum` bound what is valid.
    """

    name: str
    minimum: float
    maximum: float
    step: float
    default: float
    help: str
    integer: bool = False
    hard_minimum: float = -math.inf
    hard_maximum: float = math.inf
    whole_context: bool = False

    def fault(self, value: object) -> str:
        """Why `value` cannot be used, as a sentence; empty when it can."""
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            return f"{self.name} must be a number, not {reprlib.repr(value)}."
        if self.whole_context and value == WHOLE_CONTEXT:
            return ""
        if not self.hard_minimum <= value <= self.hard_maximum:
            return f"{self.name} must be {self._range_words()}, not {reprlib.repr(value)}."
        # llama.cpp takes 32-bit numbers; Python's integers have no end, so this comes before any conversion.
        if abs(value) > (_INT32_MAX if self.integer else _FLOAT32_MAX):
            return f"{self.name} cannot be as large as {reprlib.repr(value)}."
        if self.integer and value != int(value):
            return f"{self.name} must be a whole number, not {value!r}."
        return ""

    def _range_words(self) -> str:
        low, high = self.hard_minimum, self.hard_maximum
        if math.isinf(high):
            return f"at least {low:.10g}"
        return f"at most {high:.10g}" if math.isinf(low) else f"between {low:.10g} and {high:.10g}"


@dataclass(frozen=True, slots=True)
class SamplerKind:
    """A stage that can stand in the chain. `letter` is its `--sampler-seq` character."""

    name: str
    letter: str
    help: str
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()

    def is_neutral(self, values: SamplingParameters) -> bool:
        """True when llama.cpp would build an empty sampler from these values."""
        return _NEUTRAL[self.name](values)


_P = Parameter
_LAST_N: dict[str, Any] = {"integer": True, "hard_minimum": 0, "hard_maximum": MAX_WINDOW, "whole_context": True}

SAMPLERS: Mapping[str, SamplerKind] = {
    kind.name: kind
    for kind in (
        SamplerKind(
            "penalties",
            "e",
            "Makes tokens that already occurred less likely.",
            (
                _P("repeat_penalty", 1.0, 2.0, 0.01, 1.0, "Divides the logits of repeated tokens. 1 is off; "
                   "more than 1.1 breaks code.", hard_minimum=0.01),
                _P("repeat_last_n", 0, 2048, 16, 64, "How many of the last tokens count as repeated. 0 is off.",
                   **_LAST_N),
                _P("presence_penalty", -2.0, 2.0, 0.05, 0.0, "Subtracted from each token that occurred. 0 is off."),
                _P("frequency_penalty", -2.0, 2.0, 0.05, 0.0, "Subtracted once for each occurrence. 0 is off."),
            ),
        ),
        SamplerKind(
            "dry",
            "d",
            "Penalises a token that would continue a sequence seen before.",
            (
                _P("dry_multiplier", 0.0, 3.0, 0.05, 0.0, "Strength of the penalty. 0 is off.", hard_minimum=0),
                _P("dry_base", 1.0, 4.0, 0.05, 1.75, "Growth of the penalty with each repeated token; below 1 is off.",
                   hard_minimum=0),
                _P("dry_allowed_length", 0, 20, 1, 2, "A repeat of up to this many tokens is free.",
                   integer=True, hard_minimum=0),
                _P("dry_penalty_last_n", 0, 16384, 64, 64, "How far back repeats are looked for, in tokens. 0 is off.",
                   **_LAST_N),
            ),
        ),
        SamplerKind(
            "top_n_sigma",
            "s",
            "Keeps tokens within n standard deviations of the best logit.",
            (_P("top_n_sigma", -1.0, 5.0, 0.1, -1.0, "Width in standard deviations. 0 or less is off."),),
        ),
        SamplerKind(
            "top_k",
            "k",
            "Keeps the k most likely tokens.",
            (_P("top_k", 0, 200, 1, 40, "How many tokens to keep. 0 is off.", integer=True, hard_minimum=-1),),
        ),
        SamplerKind(
            "typ_p",
            "y",
            "Keeps tokens whose surprise is close to the expected one.",
            (_P("typical_p", 0.0, 1.0, 0.01, 1.0, "Share of the probability to keep. 1 is off.", hard_minimum=0),),
            ("typ", "typical", "typical_p"),
        ),
        SamplerKind(
            "top_p",
            "p",
            "Keeps the most likely tokens that together reach p.",
            (_P("top_p", 0.0, 1.0, 0.01, 0.95, "Share of the probability to keep. 1 is off.", hard_minimum=0),),
            ("nucleus",),
        ),
        SamplerKind(
            "min_p",
            "m",
            "Keeps tokens at least p times as likely as the best one.",
            (_P("min_p", 0.0, 1.0, 0.01, 0.05, "Smallest share of the best token's probability. 0 is off.",
                hard_minimum=0, hard_maximum=1),),
        ),
        SamplerKind(
            "xtc",
            "x",
            "Now and then removes all but the least likely of the likely tokens.",
            (
                _P("xtc_probability", 0.0, 1.0, 0.01, 0.0, "How often it acts. 0 is off.",
                   hard_minimum=0, hard_maximum=1),
                _P("xtc_threshold", 0.0, 0.5, 0.01, 0.10, "What counts as likely; more than 0.5 is off.",
                   hard_minimum=0),
            ),
        ),
        SamplerKind(
            "temperature",
            "t",
            "Flattens or sharpens the distribution.",
            (
                _P("temperature", 0.0, 2.0, 0.05, 0.8, "Below 1 sharpens, above 1 flattens, 0 takes the best token."),
                _P("dynatemp_range", 0.0, 2.0, 0.05, 0.0, "Temperature moves this much with the entropy. 0 is off.",
                   hard_minimum=0),
                _P("dynatemp_exponent", 0.1, 4.0, 0.1, 1.0, "How entropy maps to temperature."),
            ),
            ("temp",),
        ),
        SamplerKind("infill", "i", "For fill-in-the-middle models: merges and ends early."),
        SamplerKind(
            "adaptive_p",
            "a",
            "Aims at tokens near a target probability, over time.",
            (
                _P("adaptive_target", -1.0, 1.0, 0.01, -1.0, "The probability to aim at. Below 0 is off.",
                   hard_minimum=-1, hard_maximum=1),
                _P("adaptive_decay", 0.0, 0.99, 0.01, 0.90, "How slowly it adapts.",
                   hard_minimum=0, hard_maximum=0.99),
            ),
        ),
    )
}  # fmt: skip

OTHER_PARAMETERS: Mapping[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        _P("mirostat", 0, 2, 1, 0, "1 or 2 replaces the whole chain by Mirostat.",
           integer=True, hard_minimum=0, hard_maximum=2),
        _P("mirostat_tau", 0.0, 10.0, 0.1, 5.0, "The surprise Mirostat aims at.", hard_minimum=0),
        _P("mirostat_eta", 0.0, 1.0, 0.01, 0.10, "How fast Mirostat learns.", hard_minimum=0),
        _P("min_keep", 0, 100, 1, 0, "At least this many tokens survive each stage.", integer=True, hard_minimum=0),
    )
}  # fmt: skip

PARAMETERS: Mapping[str, Parameter] = {
    **{parameter.name: parameter for kind in SAMPLERS.values() for parameter in kind.parameters},
    **OTHER_PARAMETERS,
}

_NEUTRAL: Mapping[str, Callable[[SamplingParameters], bool]] = {
    "penalties": lambda v: (
        v.repeat_last_n == 0 or (v.repeat_penalty == 1 and v.presence_penalty == 0 and v.frequency_penalty == 0)
    ),
    "dry": lambda v: v.dry_multiplier == 0 or v.dry_base < 1 or v.dry_penalty_last_n == 0,
    "top_n_sigma": lambda v: v.top_n_sigma <= 0,
    "top_k": lambda v: v.top_k <= 0,
    "typ_p": lambda v: v.typical_p >= 1,
    "top_p": lambda v: v.top_p >= 1,
    "min_p": lambda v: v.min_p <= 0,
    "xtc": lambda v: v.xtc_probability <= 0 or v.xtc_threshold > 0.5,
    "temperature": lambda v: v.temperature == 1 and v.dynatemp_range <= 0,
    "infill": lambda _: False,
    "adaptive_p": lambda v: v.adaptive_target < 0,
}

DEFAULT_ORDER = (
    "penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature",
)  # fmt: skip
"""llama.cpp's chain of today (common/common.h)."""

SEED_ORDER = ("top_k", "top_p", "min_p", "temperature", "dry", "typ_p", "xtc")
"""Unsloth's chain for QwQ-32B: no penalties, dry after the truncating samplers."""


def sampler_named(name: str) -> SamplerKind | None:
    """The sampler that llama.cpp, today's or that of March 2025, would take for `name`; None if there is none.

    Any case, `-` for `_` or neither, and its aliases.
    """
    wanted = name.strip().lower().replace("-", "_")
    for kind in SAMPLERS.values():
        if wanted in (kind.name, kind.name.replace("_", ""), *kind.aliases):
            return kind
    return None


WarningCode = Literal["not_in_chain", "mirostat_replaces"]


@dataclass(frozen=True, slots=True)
class ChainWarning:
    """Something set that does nothing, or does less than it seems.

    Attributes:
        code: For programs.
        sampler: The stage concerned.
        headline: "repeat_penalty 1.1 has no effect".
        text: Why, as a sentence.
    """

    code: WarningCode
    sampler: str
    headline: str
    text: str

    def __str__(self) -> str:
        return f"{self.headline}: {self.text}"


@dataclass(frozen=True, slots=True)
class SamplerChain:
    """An ordered, immutable list of samplers and the numbers they take.

    A sampler stands in the chain at most once, as in llama.cpp's own tools' output.
    """

    order: tuple[str, ...] = DEFAULT_ORDER
    parameters: SamplingParameters = field(default_factory=SamplingParameters)

    def __post_init__(self) -> None:
        unknown = [name for name in self.order if name not in SAMPLERS]
        if unknown or len(set(self.order)) != len(self.order):
            raise ValueError(f"not a chain of distinct samplers: {self.order}")

    @classmethod
    def llama_cpp_default(cls) -> SamplerChain:
        """Today's default of llama.cpp: its order and its default values."""
        return cls(DEFAULT_ORDER, SamplingParameters(**default_values()))

    def with_values(self, **values: Any) -> SamplerChain:
        """The chain with some parameters changed."""
        return replace(self, parameters=replace(self.parameters, **values))

    def moved(self, source: int, target: int) -> SamplerChain:
        """The stage at `source` taken out and put where index `target` is afterwards."""
        order = list(self.order)
        order.insert(target, order.pop(source))
        return replace(self, order=tuple(order))

    def added(self, name: str, index: int | None = None) -> SamplerChain:
        """`name` put in at `index`, by default at the end; unchanged if it is already in."""
        if name in self.order:
            return self
        at = len(self.order) if index is None else index
        return replace(self, order=(*self.order[:at], name, *self.order[at:]))

    def removed(self, name: str) -> SamplerChain:
        """The chain without `name`; its parameters are kept."""
        return replace(self, order=tuple(stage for stage in self.order if stage != name))

    def active(self) -> tuple[str, ...]:
        """The stages that do something, in order."""
        return tuple(name for name in self.order if not SAMPLERS[name].is_neutral(self.parameters))

    def resolved(self, context_size: int) -> SamplerChain:
        """`WHOLE_CONTEXT` windows replaced by the context size, in tokens, or by `MAX_WINDOW` if that is less."""
        windows = {
            name: min(context_size, MAX_WINDOW)
            for name in ("repeat_last_n", "dry_penalty_last_n")
            if getattr(self.parameters, name) == WHOLE_CONTEXT
        }
        return self.with_values(**windows) if windows else self

    def warnings(self) -> tuple[ChainWarning, ...]:
        """What is set here and has no effect."""
        if self.parameters.mirostat:
            return (_mirostat_warning(self.parameters.mirostat),)
        missing = (kind for kind in SAMPLERS.values() if kind.name not in self.order)
        return tuple(
            _not_in_chain_warning(kind, self.parameters)
            for kind in missing
            if kind.parameters and not kind.is_neutral(self.parameters)
        )


def _mirostat_warning(version: int) -> ChainWarning:
    return ChainWarning(
        "mirostat_replaces",
        "mirostat",
        "The chain has no effect",
        f"mirostat {version} replaces every sampler but temperature.",
    )


_LEADING_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "penalties": ("repeat_penalty", "presence_penalty", "frequency_penalty"),
    "xtc": ("xtc_probability",),
    "dry": ("dry_multiplier",),
    "temperature": ("temperature", "dynatemp_range"),
}


def _not_in_chain_warning(kind: SamplerKind, values: SamplingParameters) -> ChainWarning:
    neutral = SamplingParameters()
    names = _LEADING_PARAMETERS.get(kind.name, (kind.parameters[0].name,))
    changed = [name for name in names if getattr(values, name) != getattr(neutral, name)] or [names[0]]
    what = " and ".join(f"{name} {getattr(values, name):g}" for name in changed)
    verb = "has" if len(changed) == 1 else "have"
    return ChainWarning("not_in_chain", kind.name, f"{what} {verb} no effect", f"{kind.name} is not in the chain")


def default_values() -> dict[str, Any]:
    """llama.cpp's default of every parameter, by name."""
    values: dict[str, Any] = {}
    for parameter in PARAMETERS.values():
        values[parameter.name] = int(parameter.default) if parameter.integer else float(parameter.default)
    return values


def parameter_faults(values: Mapping[str, object]) -> list[str]:
    """One sentence for each value that cannot be used."""
    return [fault for name, value in values.items() if name in PARAMETERS and (fault := PARAMETERS[name].fault(value))]


def parameter_names() -> frozenset[str]:
    """The names of all fields of `SamplingParameters`."""
    return frozenset(entry.name for entry in fields(SamplingParameters))


def order_from_names(names: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """Names as written by a person -> (order without repeats, names that are no samplers)."""
    order: list[str] = []
    unknown: list[str] = []
    for name in names:
        kind = sampler_named(name)
        if kind is None:
            unknown.append(name)
        elif kind.name not in order:
            order.append(kind.name)
    return tuple(order), unknown
