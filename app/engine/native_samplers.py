"""A `SamplerChain` as llama.cpp's own samplers, built as llama.cpp's tools build theirs.

The order of construction, the second draw when a grammar rejects a token, and feeding the prompt to
the samplers follow common/sampling.cpp, so that the same seed gives the same tokens.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
from collections.abc import Callable, Iterator, Sequence

import llama_cpp.llama_cpp as binding
import numpy as np
import numpy.typing as npt

from app.core.errors import AppError
from app.core.sampling import SamplerChain, SamplingParameters
from app.engine import native
from app.engine.vocabulary import Vocabulary

_MIROSTAT_M = 100  # tokens used to estimate s_hat, as in common/sampling.cpp
_CANDIDATE = np.dtype([("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])


class NativeChain:
    """A built chain. Free it with `close` before its model.

    The samplers keep state: the tokens accepted so far and their random numbers.
    """

    def __init__(
        self,
        chain: SamplerChain,
        vocabulary: Vocabulary,
        *,
        seed: int,
        context_size: int,
        banned: Sequence[int] = (),
    ) -> None:
        """Build the samplers.

        Args:
            chain: Order and numbers; `WHOLE_CONTEXT` windows become `context_size`.
            seed: Seeds every sampler that draws.
            banned: Tokens that must never be chosen.

        Raises:
            AppError: The grammar cannot be read.
        """
        self._vocabulary = vocabulary
        self._chain = binding.llama_sampler_chain_init(binding.llama_sampler_chain_default_params())
        self._grammar: object = None
        try:
            self._grammar = _grammar(chain.parameters.grammar, vocabulary)
            for sampler in _build(chain.resolved(context_size), vocabulary, seed, banned):
                binding.llama_sampler_chain_add(self._chain, _checked(sampler))
        except Exception:
            self.close()
            raise

    def feed_prompt(self, tokens: Sequence[int]) -> None:
        """Let penalties and DRY see the prompt, as llama.cpp's tools do."""
        accept, chain = binding.llama_sampler_accept, self._chain
        for token in tokens:
            accept(chain, token)

    def sample(self, context: object) -> int:
        """Choose the next token from the last logits of `context` and accept it."""
        if not self._grammar:
            return int(binding.llama_sampler_sample(self._chain, context, -1))
        token = self._sample_with_grammar(context)
        binding.llama_sampler_accept(self._grammar, token)
        binding.llama_sampler_accept(self._chain, token)
        return token

    def names(self) -> list[str]:
        """llama.cpp's names of the built samplers; a leading `?` marks one that does nothing."""
        count = binding.llama_sampler_chain_n(self._chain)
        stages = (binding.llama_sampler_chain_get(self._chain, index) for index in range(count))
        return [binding.llama_sampler_name(stage).decode() for stage in stages]

    def close(self) -> None:
        """Free the samplers; nothing happens the second time."""
        for sampler in (self._chain, self._grammar):
            if sampler:
                binding.llama_sampler_free(sampler)
        self._chain = self._grammar = None

    def _sample_with_grammar(self, context: object) -> int:
        logits = np.ctypeslib.as_array(binding.llama_get_logits_ith(context, -1), (self._vocabulary.size,))
        with _candidates(logits) as array:
            binding.llama_sampler_apply(self._chain, ctypes.byref(array))
            token = int(array.data[array.selected].id)
        if self._grammar_allows(token):
            return token
        with _candidates(logits) as array:
            binding.llama_sampler_apply(self._grammar, ctypes.byref(array))
            binding.llama_sampler_apply(self._chain, ctypes.byref(array))
            return int(array.data[array.selected].id)

    def _grammar_allows(self, token: int) -> bool:
        single = binding.llama_token_data(token, 1.0, 0.0)
        array = binding.llama_token_data_array(ctypes.pointer(single), 1, -1, False)
        binding.llama_sampler_apply(self._grammar, ctypes.byref(array))
        return not math.isinf(array.data[0].logit)


@contextlib.contextmanager
def _candidates(logits: npt.NDArray[np.float32]) -> Iterator[ctypes.Structure]:
    """All tokens with their logits, as the array llama.cpp's samplers work on."""
    rows = np.empty(len(logits), dtype=_CANDIDATE)
    rows["id"] = np.arange(len(logits), dtype=np.int32)
    rows["logit"] = logits
    rows["p"] = 0.0
    data = rows.ctypes.data_as(binding.llama_token_data_p)
    yield binding.llama_token_data_array(data, len(rows), -1, False)


def _checked(sampler: object) -> object:
    if not sampler:  # a NULL in the chain would be dereferenced by llama.cpp
        raise AppError("llama.cpp could not build one of the samplers.", "Reset the sampler chain.")
    return sampler


def _grammar(source: str, vocabulary: Vocabulary) -> object:
    if not source:
        return None
    if "\0" in source:
        raise AppError("The grammar holds a NUL character.", "Check the GBNF text.")
    grammar = binding.llama_sampler_init_grammar(vocabulary.pointer, source.encode(), b"root")
    if not grammar:
        raise AppError("llama.cpp cannot read the grammar.", "It must be GBNF with a rule named root.")
    return grammar


def _build(chain: SamplerChain, vocabulary: Vocabulary, seed: int, banned: Sequence[int]) -> Iterator[object]:
    values = chain.parameters
    biases = [*values.logit_bias, *((token, -math.inf) for token in banned)]
    biases += [(token, -math.inf) for token in _suppressed(vocabulary)]
    if biases:
        rows = (binding.llama_logit_bias * len(biases))(*biases)
        yield binding.llama_sampler_init_logit_bias(vocabulary.size, len(biases), rows)
    if values.mirostat:
        yield from _mirostat(values, vocabulary, seed)
        return
    for name in chain.order:
        if name != "adaptive_p":  # it chooses the token, so it can only stand last
            yield _STAGES[name](values, vocabulary, seed)
    if "adaptive_p" in chain.order:
        yield binding.llama_sampler_init_adaptive_p(values.adaptive_target, values.adaptive_decay, seed)
    else:
        yield binding.llama_sampler_init_dist(seed)


def _mirostat(values: SamplingParameters, vocabulary: Vocabulary, seed: int) -> Iterator[object]:
    yield binding.llama_sampler_init_temp(values.temperature)
    if values.mirostat == 1:
        yield binding.llama_sampler_init_mirostat(
            vocabulary.size, seed, values.mirostat_tau, values.mirostat_eta, _MIROSTAT_M
        )
    else:
        yield binding.llama_sampler_init_mirostat_v2(seed, values.mirostat_tau, values.mirostat_eta)


def _suppressed(vocabulary: Vocabulary) -> list[int]:
    """Tokens the GGUF itself forbids (tokenizer.ggml.suppress_tokens)."""
    count = ctypes.c_int32()
    get = native.undeclared(
        "llama_vocab_get_suppress_tokens", ctypes.POINTER(ctypes.c_int32), ctypes.c_void_p, ctypes.c_void_p
    )
    tokens = get(vocabulary.pointer, ctypes.byref(count))
    return [int(tokens[index]) for index in range(count.value)]


def _dry(values: SamplingParameters, vocabulary: Vocabulary, _seed: int) -> object:
    breakers = [text.encode() for text in values.dry_sequence_breakers]
    return binding.llama_sampler_init_dry(
        vocabulary.pointer,
        values.dry_multiplier,
        values.dry_base,
        values.dry_allowed_length,
        values.dry_penalty_last_n,
        (ctypes.c_char_p * len(breakers))(*breakers),
        len(breakers),
    )


def _penalties(values: SamplingParameters, vocabulary: Vocabulary, _seed: int) -> object:
    return binding.llama_sampler_init_penalties(
        vocabulary.size,
        values.repeat_last_n,
        values.repeat_penalty,
        values.frequency_penalty,
        values.presence_penalty,
    )


_Stage = Callable[[SamplingParameters, Vocabulary, int], object]
_STAGES: dict[str, _Stage] = {
    "penalties": _penalties,
    "dry": _dry,
    "top_n_sigma": lambda v, _, __: binding.llama_sampler_init_top_n_sigma(v.top_n_sigma),
    "top_k": lambda v, _, __: binding.llama_sampler_init_top_k(v.top_k),
    "typ_p": lambda v, _, __: binding.llama_sampler_init_typical(v.typical_p, v.min_keep),
    "top_p": lambda v, _, __: binding.llama_sampler_init_top_p(v.top_p, v.min_keep),
    "min_p": lambda v, _, __: binding.llama_sampler_init_min_p(v.min_p, v.min_keep),
    "xtc": lambda v, _, seed: binding.llama_sampler_init_xtc(v.xtc_probability, v.xtc_threshold, v.min_keep, seed),
    "temperature": lambda v, _, __: binding.llama_sampler_init_temp_ext(
        v.temperature, v.dynatemp_range, v.dynatemp_exponent
    ),
    "infill": lambda _, vocabulary, __: binding.llama_sampler_init_infill(vocabulary.pointer),
}
