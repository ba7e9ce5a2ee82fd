"""What the KV cache holds, and how a new prompt reuses it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import llama_cpp.llama_cpp as binding

from app.core.errors import AppError, ContextFullError

_ABORTED = 2  # llama_decode: the abort callback said stop; finished parts stay in the cache
_NO_SLOT = 1
_SEQUENCE = 0


class Cancelled(Exception):
    """Evaluation was stopped by its flag. Never leaves the engine."""


class SequenceCache:
    """One sequence in a context's KV cache and the tokens it stands for.

    `tokens` is always what the cache really holds, also after a stop or a failure.
    """

    def __init__(self, context: object) -> None:
        self.context = context
        self._memory = binding.llama_get_memory(context)
        self._window = int(binding.llama_model_n_swa(binding.llama_get_model(context)))
        self._chunk = int(binding.llama_n_ubatch(context))
        self._batch = binding.llama_batch_init(self._chunk, 0, 1)
        self._cancelled: threading.Event | None = None
        # ctypes needs these references for as long as the context may call back.
        self._abort = binding.ggml_abort_callback(self._should_abort)
        self._no_abort = binding.ggml_abort_callback()
        self.size = int(binding.llama_n_ctx(context))
        self.tokens: list[int] = []

    def reuse(self, prompt: Sequence[int]) -> int:
        """Keep the longest common prefix with `prompt` in the cache; returns its length in tokens.

        The last prompt token is always left to evaluate, since its logits are needed. Memories that
        cannot be cut (recurrent models, sliding windows that moved on) are cleared instead.
        """
        keep = min(_common_prefix(self.tokens, prompt), len(prompt) - 1)
        if keep == len(self.tokens):
            return keep
        if not self._reaches_back_to(keep) or not binding.llama_memory_seq_rm(self._memory, _SEQUENCE, keep, -1):
            self.clear()
            return 0
        del self.tokens[keep:]
        return keep

    def evaluate(self, tokens: Sequence[int], cancelled: threading.Event) -> Iterator[int]:
        """Evaluate prompt tokens in chunks; yields how many are done after each.

        Raises:
            Cancelled: `cancelled` was set; the cache keeps what was finished.
            AppError: llama.cpp refused.
        """
        self._cancelled = cancelled
        binding.llama_set_abort_callback(self.context, self._abort, None)
        try:
            for start in range(0, len(tokens), self._chunk):
                if cancelled.is_set():
                    raise Cancelled
                chunk = tokens[start : start + self._chunk]
                self._decode(chunk, wants_logits=start + len(chunk) == len(tokens))
                yield start + len(chunk)
        finally:
            self._cancelled = None
            binding.llama_set_abort_callback(self.context, self._no_abort, None)

    def append(self, token: int) -> None:
        """Evaluate one generated token, so that the next can be sampled."""
        self._decode((token,), wants_logits=True)

    def append_interruptibly(self, token: int, cancelled: threading.Event) -> None:
        """Like `append`, but `cancelled` ends the evaluation itself: for models of seconds a token.

        Raises:
            Cancelled: It was set.
        """
        for _done in self.evaluate((token,), cancelled):
            pass

    def clear(self) -> None:
        """Forget everything."""
        binding.llama_memory_clear(self._memory, True)
        self.tokens = []

    def close(self) -> None:
        """Free the batch. The context must still live."""
        binding.llama_batch_free(self._batch)

    def _should_abort(self, _data: object) -> bool:
        return self._cancelled is not None and self._cancelled.is_set()

    def _reaches_back_to(self, keep: int) -> bool:
        """Whether a sliding-window cache still holds what position `keep` looks at."""
        if self._window <= 0:
            return True
        oldest = int(binding.llama_memory_seq_pos_min(self._memory, _SEQUENCE))
        return oldest <= max(0, keep - self._window)

    def _decode(self, tokens: Sequence[int], *, wants_logits: bool) -> None:
        position = len(self.tokens)
        batch = self._batch
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = position + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = _SEQUENCE
            batch.logits[index] = False
        batch.logits[len(tokens) - 1] = wants_logits
        result = binding.llama_decode(self.context, batch)
        if result == 0:
            self.tokens.extend(tokens)
            return
        self._drop_from(position)
        raise _decode_fault(result)

    def _drop_from(self, position: int) -> None:
        if not binding.llama_memory_seq_rm(self._memory, _SEQUENCE, position, -1):
            self.clear()


def _common_prefix(held: Sequence[int], prompt: Sequence[int]) -> int:
    for index, (one, other) in enumerate(zip(held, prompt, strict=False)):
        if one != other:
            return index
    return min(len(held), len(prompt))


def _decode_fault(result: int) -> Exception:
    if result == _ABORTED:
        return Cancelled()
    if result == _NO_SLOT:
        return ContextFullError("The context is full.", "Start a new chat, or load the model with a larger context.")
    return AppError(
        f"llama.cpp could not evaluate the prompt (code {result}).",
        "Reload the model; if it happens again, choose a smaller context or fewer layers on the GPU.",
    )
