"""Our generation loop against llama.cpp's own `llama-completion`, token for token.

The flags are written as one types them and the chains as the app holds them, so that a wrong
translation of either shows. Both start with an empty KV cache and evaluate in the same steps,
since other steps change the logits.
"""

from __future__ import annotations

import contextlib
import functools
import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers.reference import reference_tool
from helpers.reference_run import BATCH, CONTEXT, THREADS, UBATCH, ReferenceRun, completion_tokens
from helpers.requirements import unavailable

from app.core.generation import Finished, FinishReason, GenerationRequest, TextDelta
from app.core.model_spec import ModelSpec
from app.core.sampling import WHOLE_CONTEXT, SamplerChain
from app.engine.llama_engine import LlamaEngine

pytestmark = [pytest.mark.parity, pytest.mark.starter]

COUNT = 96
QUESTION = (
    "<|im_start|>user\nWrite a story about a lighthouse keeper who finds a letter, then list five things "
    "the letter says about the sea, the storm, the lamp and the stairs.<|im_end|>\n<|im_start|>assistant\n"
)
REPETITIVE = (
    "The sea is deep and the sea is blue. The sea is deep and the sea is cold. The sea is deep and the sea is "
    "wide.\nThe hill is high and the hill is green. The hill is high and the hill is bare.\nThe sea is deep"
)
LONG_PROMPT = "\n".join(f"Day {day}: the keeper lit the lamp {day * 7 % 24} times." for day in range(1, 12))
LIST_OF_WORDS = 'root ::= "1. " word ("\\n" [2-9] ". " word)+\nword ::= [a-z]+ (" " [a-z]+)*\n'
SEED_ORDER = ("top_k", "top_p", "min_p", "temperature", "dry", "typ_p", "xtc")
THE, COMMA = 260, 28  # SmolLM2's tokens of " the" and ","


@dataclass(frozen=True)
class Case:
    """The same sampling said twice: in llama.cpp's flags and as our chain."""

    name: str
    flags: str
    chain: SamplerChain
    prompt: str = QUESTION
    grammar: str = ""
    ubatch: int = UBATCH
    ignore_eos: bool = False
    full_length: bool = True

    def arguments(self) -> tuple[str, ...]:
        grammar = ("--grammar", self.grammar) if self.grammar else ()
        return (*self.flags.split(), *grammar, *(("--ignore-eos",) if self.ignore_eos else ()))


def default(seed: int = 1, **changed: Any) -> SamplerChain:
    return SamplerChain.llama_cpp_default().with_values(seed=seed, **changed)


def ordered(*order: str, **changed: Any) -> SamplerChain:
    return SamplerChain(order, default(**changed).parameters)


CASES = (
    Case("greedy", "--seed 1 --temp 0", default(temperature=0)),
    Case("greedy-over-several-ubatches", "--seed 1 --temp 0", default(temperature=0), LONG_PROMPT, ubatch=64),
    Case("default-ends-by-itself", "--seed 1", default(), full_length=False),
    Case("default-ignore-eos", "--seed 1", default(), ignore_eos=True),
    Case("default-seed-2", "--seed 2", default(seed=2)),
    Case("default-seed-0", "--seed 0", default(seed=0)),
    Case("default-largest-seed", "--seed 4294967294", default(seed=4294967294)),
    Case(
        "qwq-unsloth-samplers",
        "--seed 3407 --temp 0.6 --repeat-penalty 1.5 --repeat-penalty 1.1 --dry-multiplier 0.5 --min-p 0.0 "
        f"--top-k 40 --top-p 0.95 --samplers {';'.join(SEED_ORDER)} --dry-penalty-last-n {CONTEXT}",
        ordered(
            *SEED_ORDER,
            seed=3407,
            temperature=0.6,
            repeat_penalty=1.1,
            dry_multiplier=0.5,
            dry_penalty_last_n=WHOLE_CONTEXT,
            min_p=0.0,
            top_k=40,
            top_p=0.95,
        ),
        REPETITIVE,
    ),
    Case(
        "qwq-unsloth-no-samplers",
        "--seed 3407 --temp 0.6 --repeat-penalty 1.1 --dry-multiplier 0.5 --min-p 0.1 --top-k 40 --top-p 0.95",
        default(seed=3407, temperature=0.6, repeat_penalty=1.1, dry_multiplier=0.5, min_p=0.1, top_k=40, top_p=0.95),
    ),
    Case(
        "xtc",
        "--seed 11 --xtc-probability 0.5 --xtc-threshold 0.1",
        default(seed=11, xtc_probability=0.5, xtc_threshold=0.1),
    ),
    Case("typ-p", "--seed 12 --typical-p 0.6 --top-k 0", default(seed=12, typical_p=0.6, top_k=0)),
    Case(
        "top-n-sigma",
        "--seed 13 --top-n-sigma 1.0 --temp 1.5 --top-k 0",
        default(seed=13, top_n_sigma=1.0, temperature=1.5, top_k=0),
    ),
    Case("min-p-hot", "--seed 14 --temp 1.5 --min-p 0.1", default(seed=14, temperature=1.5, min_p=0.1)),
    Case(
        "everything-neutral",
        "--seed 15 --top-k 0 --top-p 1 --min-p 0 --temp 1",
        default(seed=15, top_k=0, top_p=1.0, min_p=0.0, temperature=1.0),
    ),
    Case("mirostat-1", "--seed 16 --mirostat 1", default(seed=16, mirostat=1)),
    Case(
        "mirostat-2",
        "--seed 17 --mirostat 2 --mirostat-ent 3.5 --mirostat-lr 0.2",
        default(seed=17, mirostat=2, mirostat_tau=3.5, mirostat_eta=0.2),
    ),
    Case(
        "dynatemp",
        "--seed 18 --temp 1.0 --dynatemp-range 0.7 --dynatemp-exp 1.3",
        default(seed=18, temperature=1.0, dynatemp_range=0.7, dynatemp_exponent=1.3),
    ),
    Case(
        "penalties-wide-window",
        "--seed 21 --repeat-penalty 1.3 --frequency-penalty 0.2 --presence-penalty 0.4 --repeat-last-n 128",
        default(seed=21, repeat_penalty=1.3, frequency_penalty=0.2, presence_penalty=0.4, repeat_last_n=128),
        REPETITIVE,
    ),
    Case(
        "dry-wide-window",
        "--seed 20 --temp 0.4 --dry-multiplier 0.8 --dry-base 1.6 --dry-allowed-length 3 --dry-penalty-last-n 1024",
        default(
            seed=20,
            temperature=0.4,
            dry_multiplier=0.8,
            dry_base=1.6,
            dry_allowed_length=3,
            dry_penalty_last_n=1024,
        ),
        REPETITIVE,
    ),
    Case(
        "dry-own-breakers",
        "--seed 21 --temp 0.4 --dry-multiplier 0.8 --dry-sequence-breaker . --dry-sequence-breaker blue",
        default(seed=21, temperature=0.4, dry_multiplier=0.8, dry_sequence_breakers=(".", "blue")),
        REPETITIVE,
    ),
    Case(
        "adaptive-p",
        "--seed 22 --samplers min_p;adaptive_p --min-p 0.02 --adaptive-target 0.4 --adaptive-decay 0.8",
        ordered("min_p", "adaptive_p", seed=22, min_p=0.02, adaptive_target=0.4, adaptive_decay=0.8),
    ),
    Case(
        "logit-bias",
        f"--seed 23 --logit-bias {THE}-inf --logit-bias {COMMA}+3.5",
        default(seed=23, logit_bias=((THE, -math.inf), (COMMA, 3.5))),
    ),
    Case(
        "temperature-first-order",
        "--seed 24 --samplers temperature;top_p;top_k --temp 1.4 --top-p 0.7 --top-k 20",
        ordered("temperature", "top_p", "top_k", seed=24, temperature=1.4, top_p=0.7, top_k=20),
    ),
    Case(
        "grammar",
        "--seed 25 --temp 1.0",
        default(seed=25, temperature=1.0, grammar=LIST_OF_WORDS),
        grammar=LIST_OF_WORDS,
        full_length=False,
    ),
)


@functools.cache
def reference(tool: Path, model: Path, case: Case) -> ReferenceRun:
    return completion_tokens(tool, model, case.prompt, case.arguments(), COUNT, case.ubatch)


@pytest.fixture(scope="module")
def tool() -> Path:
    path = reference_tool("llama-completion")
    return path or unavailable("llama-completion", "python3 dev.py reference builds it.")


@contextlib.contextmanager
def freshly_loaded(model: Path, ubatch: int) -> Iterator[LlamaEngine]:
    """An engine with an empty KV cache: a prefix reused from another case would change the logits."""
    engine = LlamaEngine()
    spec = ModelSpec(model, gpu_layers=0, context=CONTEXT, threads=THREADS, batch=BATCH, ubatch=ubatch)
    engine.load(spec, lambda _share: None, threading.Event())
    try:
        yield engine
    finally:
        engine.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_token_is_the_one_llama_completion_chooses(case: Case, tool: Path, smollm2_gguf: Path) -> None:
    expected = reference(tool, smollm2_gguf, case)
    with freshly_loaded(smollm2_gguf, case.ubatch) as engine:
        events = list(engine.generate(request(case)))
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.stats.prompt_tokens == len(expected.prompt)
    assert finished.stats.reused_tokens == 0
    generated = [token for event in events if isinstance(event, TextDelta) for token in event.token_ids]
    assert generated == list(expected.generated)
    ended_by_itself = len(expected.generated) < COUNT
    assert finished.reason == (FinishReason.STOP if ended_by_itself else FinishReason.LENGTH)


def test_the_cases_are_long_and_all_differ(tool: Path, smollm2_gguf: Path) -> None:
    """A case that samples like another, or ends at once, would prove nothing."""
    runs = {case: reference(tool, smollm2_gguf, case) for case in CASES}
    assert [case.name for case, run in runs.items() if case.full_length and len(run.generated) < 64] == []
    assert len({(case.prompt, run.generated) for case, run in runs.items()}) == len(CASES)


def request(case: Case) -> GenerationRequest:
    return GenerationRequest(raw_prompt=case.prompt, chain=case.chain, max_tokens=COUNT, ignore_eos=case.ignore_eos)
