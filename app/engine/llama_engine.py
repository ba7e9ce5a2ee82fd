"""The `Engine` on llama.cpp: load, unload, and the generation loop that yields events."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from app.core.chat_template import ChatTemplate, template_sha256
from app.core.errors import AppError, ContextFullError
from app.core.generation import (
    Event,
    Finished,
    FinishReason,
    GenerationRequest,
    LoadedModel,
    ProgressCallback,
    PromptProgress,
    RunRecipe,
    RunStats,
    TextDelta,
    ThinkingEnded,
)
from app.core.model_spec import Device, ModelSpec
from app.core.sampling import MAX_SEED, SamplerChain
from app.core.thinking import Channel, ThinkingMarkers, ThinkingParser, markers_for, opened_by, raw_text
from app.engine import model_loader, native
from app.engine.model_loader import NativeModel
from app.engine.native_samplers import NativeChain
from app.engine.sequences import Cancelled, SequenceCache
from app.engine.template_check import TemplateChecker
from app.engine.text_stream import TextStream
from app.engine.vocabulary import Vocabulary

_SLOW_TOKEN = 0.05
"""Seconds. A model slower than this per token is stopped inside a token, not after it; the abort
callback that does so costs up to 2 ms a token, too much for a fast one."""


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A prompt ready to evaluate, and what is known of the thinking it leads to."""

    text: str
    tokens: list[int]
    markers: tuple[ThinkingMarkers, ...]
    opened: ThinkingMarkers | None
    template_sha256: str
    notes: tuple[str, ...]


class LlamaEngine:
    """Runs one model at a time in this process. All calls must come from one thread."""

    def __init__(self, template_checker: TemplateChecker | None = None) -> None:
        self._checker = template_checker or TemplateChecker()
        self._loaded: LoadedModel | None = None
        self._native: NativeModel | None = None
        self._cache: SequenceCache | None = None
        self._vocabulary: Vocabulary | None = None
        self._template: ChatTemplate | None = None

    def devices(self) -> tuple[Device, ...]:
        """Where llama.cpp can compute, with free memory as of now."""
        return native.devices()

    def load(self, spec: ModelSpec, progress: ProgressCallback, cancelled: threading.Event) -> LoadedModel | None:
        """Load a model in place of the one before; None when cancelled.

        Raises:
            ModelLoadError: The file or the settings are at fault. No model is loaded then.
        """
        self.unload()
        start = time.perf_counter()
        loaded = model_loader.load(spec, progress, cancelled)
        if loaded is None:
            return None
        self._native = loaded
        self._vocabulary = Vocabulary(loaded.model)
        self._cache = SequenceCache(loaded.context)
        self._loaded = LoadedModel(loaded.info, spec, loaded.applied, native.build_name(), time.perf_counter() - start)
        return self._loaded

    def unload(self) -> None:
        """Free the model; nothing happens if there is none."""
        if self._cache is not None:
            self._cache.close()
        if self._native is not None:
            self._native.close()
        self._loaded = self._native = self._cache = self._vocabulary = self._template = None

    def close(self) -> None:
        """Free everything."""
        self.unload()

    def count_tokens(self, text: str) -> int:
        """Length of a text in tokens of the loaded model.

        Raises:
            AppError: No model is loaded.
        """
        return len(self._parts()[2].tokenize(text, add_special=False))

    def generate(self, request: GenerationRequest) -> Iterator[Event]:
        """Run one answer; the last event is `Finished`.

        Raises:
            AppError: No model is loaded, the template fails, the context is full, the grammar is bad.
        """
        asked = time.perf_counter()
        loaded, cache, vocabulary = self._parts()
        prompt = self._prompt(request, loaded, vocabulary)
        _check_room(prompt.tokens, cache.size)
        run = _Run(request, prompt, loaded, cache, vocabulary, asked)
        try:
            yield from run.events()
        finally:
            run.close()

    def _parts(self) -> tuple[LoadedModel, SequenceCache, Vocabulary]:
        if self._loaded is None or self._cache is None or self._vocabulary is None:
            raise AppError("No model is loaded.", "Choose a model first.")
        return self._loaded, self._cache, self._vocabulary

    def _prompt(self, request: GenerationRequest, loaded: LoadedModel, vocabulary: Vocabulary) -> _Prompt:
        if request.raw_prompt is not None:
            text, source = request.raw_prompt, request.template or loaded.info.chat_template
            notes: tuple[str, ...] = ()
            markers = markers_for(source)
            opened = opened_by(text, markers)
        else:
            template = self._chat_template(request, loaded, vocabulary)
            source = template.source
            rendered = template.render(request.messages, request.thinking)
            text, notes, opened = rendered.text, rendered.notes, rendered.opened
            markers = template.markers
        if request.resume is not None:
            resume = request.resume
            text += raw_text(resume.thinking, resume.answer, resume.thinking_open, markers, opened)
        tokens = vocabulary.tokenize(text, add_special=True)
        return _Prompt(text, tokens, markers, opened, template_sha256(source) if source else "", notes)

    def _chat_template(self, request: GenerationRequest, loaded: LoadedModel, vocabulary: Vocabulary) -> ChatTemplate:
        source = request.template if request.template is not None else loaded.info.chat_template
        if self._template is None or self._template.source != source:
            if source:
                self._checker.check(source, vocabulary.bos, vocabulary.eos)
            self._template = ChatTemplate(source, vocabulary.bos, vocabulary.eos)
        return self._template


def _check_room(tokens: Sequence[int], size: int) -> None:
    if not tokens:
        raise AppError("There is nothing to send: the prompt is empty.", "Type a message.")
    if len(tokens) >= size:
        raise ContextFullError(
            f"The conversation takes {len(tokens):,} tokens, but the context holds {size:,}.",
            "Start a new chat, shorten the message, or reload the model with a larger context.",
        )


class _Run:
    """One answer: its samplers, its text, its clock."""

    def __init__(
        self,
        request: GenerationRequest,
        prompt: _Prompt,
        loaded: LoadedModel,
        cache: SequenceCache,
        vocabulary: Vocabulary,
        asked: float,
    ) -> None:
        self._asked = asked
        self._request = request
        self._prompt = prompt
        self._loaded = loaded
        self._cache = cache
        self._vocabulary = vocabulary
        chain = request.chain
        self._seed = random.randint(0, MAX_SEED) if chain.parameters.seed is None else chain.parameters.seed
        self._chain = chain.resolved(cache.size)
        self._samplers = NativeChain(
            self._chain,
            vocabulary,
            seed=self._seed,
            context_size=cache.size,
            banned=vocabulary.end_tokens() if request.ignore_eos else (),
        )
        self._stream = self._text_stream()
        self._started = time.perf_counter()
        self._prompt_seconds = self._first_token_seconds = self._thinking_seconds = 0.0
        self._thinks = False
        self._thought_began = 0.0
        self._generated = 0
        self._reused = 0

    def close(self) -> None:
        """Free the samplers."""
        self._samplers.close()

    def events(self) -> Iterator[Event]:
        """The whole run."""
        try:
            yield from self._evaluate_prompt()
        except Cancelled:
            yield self._finished(FinishReason.CANCELLED)
            return
        self._prompt_seconds = time.perf_counter() - self._started
        self._samplers.feed_prompt(self._prompt.tokens)
        reason = yield from self._generate()
        yield from self._thinking_changes(self._stream.finish())
        yield self._finished(reason)

    def _evaluate_prompt(self) -> Iterator[Event]:
        tokens = self._prompt.tokens
        if self._request.cancelled.is_set():
            raise Cancelled
        self._reused = self._cache.reuse(tokens)
        yield self._progress(self._reused)
        for done in self._cache.evaluate(tokens[self._reused :], self._request.cancelled):
            yield self._progress(self._reused + done)

    def _progress(self, done: int) -> PromptProgress:
        return PromptProgress(self._request.id, done, len(self._prompt.tokens), self._reused)

    def _generate(self) -> Generator[Event, None, FinishReason]:
        """Sample, tell, evaluate, until something ends it; returns the reason."""
        limit = self._request.max_tokens
        slow = False
        while True:
            if self._request.cancelled.is_set():
                return FinishReason.CANCELLED
            if 0 <= limit <= self._generated:
                return FinishReason.LENGTH
            token = self._samplers.sample(self._loaded_context)
            if self._vocabulary.is_end(token):
                return FinishReason.STOP
            self._generated += 1
            if self._generated == 1:
                self._first_token_seconds = time.perf_counter() - self._asked
            yield from self._thinking_changes(self._stream.push(token, self._vocabulary.piece(token)))
            if self._stream.stopped:
                return FinishReason.STOP
            if len(self._cache.tokens) >= self._cache.size:
                return FinishReason.LENGTH
            begun = time.perf_counter()
            try:
                if slow:
                    self._cache.append_interruptibly(token, self._request.cancelled)
                else:
                    self._cache.append(token)
            except Cancelled:
                return FinishReason.CANCELLED
            slow = time.perf_counter() - begun > _SLOW_TOKEN

    @property
    def _loaded_context(self) -> object:
        return self._cache.context

    def _thinking_changes(self, deltas: Sequence[TextDelta]) -> Iterator[Event]:
        """The deltas, with `ThinkingEnded` before the first of the answer."""
        for delta in deltas:
            if delta.channel is Channel.ANSWER and self._thinks and delta.text:
                self._thinks = False
                self._thinking_seconds = time.perf_counter() - self._thought_began
                yield ThinkingEnded(self._request.id, self._thinking_seconds)
            elif delta.channel is Channel.THINKING and not self._thinks:
                self._thinks = True
                self._thought_began = time.perf_counter()
            yield delta

    def _text_stream(self) -> TextStream:
        markers = self._prompt.markers
        closers = [closer for entry in markers for closer in entry.closers]
        end_ids = {token: closer for closer in closers if (token := self._vocabulary.single_token(closer)) is not None}
        self._vocabulary.shown_specials = frozenset(
            token for entry in markers for text in entry.texts for token in self._vocabulary.special_tokens_in(text)
        )
        return TextStream(self._request.id, self._parser(end_ids), self._request.stop)

    def _parser(self, end_ids: dict[int, str]) -> ThinkingParser:
        markers, opened, resume = self._prompt.markers, self._prompt.opened, self._request.resume
        if resume is None or not (resume.thinking or resume.answer or resume.thinking_open):
            return ThinkingParser(markers, opened, end_ids)
        if resume.thinking_open:
            return ThinkingParser(markers, opened or markers[0], end_ids, so_far=resume.thinking)
        return ThinkingParser(markers, opened, end_ids, answering=True, so_far=resume.answer)

    def _finished(self, reason: FinishReason) -> Finished:
        resume = self._request.resume
        thinking, answer = self._stream.text(Channel.THINKING), self._stream.text(Channel.ANSWER)
        thinking_open = self._stream.is_thinking
        if self._thinks:
            self._thinking_seconds = time.perf_counter() - self._thought_began
        if resume is not None:
            thinking, answer = resume.thinking + thinking, resume.answer + answer
        return Finished(self._request.id, reason, thinking, answer, thinking_open, self._stats(), self._recipe())

    def _stats(self) -> RunStats:
        decode = max(time.perf_counter() - self._started - self._prompt_seconds, 0.0) if self._generated else 0.0
        return RunStats(
            prompt_tokens=len(self._prompt.tokens),
            reused_tokens=self._reused,
            thinking_tokens=self._stream.thinking_tokens,
            answer_tokens=self._stream.answer_tokens,
            load_seconds=self._loaded.load_seconds,
            prompt_seconds=self._prompt_seconds,
            first_token_seconds=self._first_token_seconds,
            thinking_seconds=self._thinking_seconds,
            decode_seconds=decode,
            tokens_per_second=self._generated / decode if decode else 0.0,
            context_used=len(self._cache.tokens),
            context_size=self._cache.size,
        )

    def _recipe(self) -> RunRecipe:
        applied = self._loaded.applied
        return RunRecipe(
            model=self._loaded.info.path.name,
            model_sha256=self._request.model_sha256,
            build=self._loaded.build,
            template_sha256=self._prompt.template_sha256,
            prompt_sha256=hashlib.sha256(self._prompt.text.encode("utf-8", "replace")).hexdigest(),
            order=self._chain.order,
            parameters=_parameters(self._chain),
            seed=self._seed,
            context=applied.context,
            batch=applied.batch,
            ubatch=applied.ubatch,
            cache_type_k=applied.cache_type_k,
            cache_type_v=applied.cache_type_v,
            reused_tokens=self._reused,
            notes=self._prompt.notes,
        )


def _parameters(chain: SamplerChain) -> dict[str, object]:
    values = dataclasses.asdict(chain.parameters)
    del values["seed"]  # the recipe names the one that was used
    return values
