"""What the engine is asked and what it tells: an immutable request in, immutable events out."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

from app.core.errors import AppError
from app.core.model_spec import AppliedSpec, Device, ModelInfo, ModelSpec
from app.core.sampling import SamplerChain
from app.core.thinking import Channel

ThinkingMode = Literal["template", "on", "off"]

_request_ids = itertools.count(1)


class FinishReason(StrEnum):
    """Why an answer ended. Only ERROR is a failure."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"
    REPETITION = "repetition"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message as a chat template sees it; thinking is not sent again."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class PartialAnswer:
    """An answer to be continued: what the model has written so far, exactly.

    `thinking_open` means it was still thinking.
    """

    thinking: str
    answer: str
    thinking_open: bool


@dataclass(frozen=True)
class GenerationRequest:
    """One answer to generate.

    Attributes:
        messages: The active path, oldest first; unused when `raw_prompt` is set.
        raw_prompt: The prompt as it stands, special tokens parsed, no template.
        chain: The ordered samplers and their numbers; its seed may be None.
        max_tokens: Most tokens to generate; -1 up to the end of the context.
        stop: Texts that end the answer; they are not part of it.
        resume: A partial answer to write on from.
        template: A template used instead of the GGUF's own.
        ignore_eos: Never sample a token that ends the text.
        model_sha256: Of the model file, where it is known; the recipe repeats it.
        cancelled: Set from any thread to stop at once. It belongs to the request, so that a stop
            before the engine begins still counts.
    """

    messages: tuple[ChatMessage, ...] = ()
    raw_prompt: str | None = None
    chain: SamplerChain = field(default_factory=SamplerChain)
    max_tokens: int = -1
    thinking: ThinkingMode = "template"
    stop: tuple[str, ...] = ()
    resume: PartialAnswer | None = None
    template: str | None = None
    ignore_eos: bool = False
    model_sha256: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event, compare=False)
    id: int = field(default_factory=lambda: next(_request_ids))


@dataclass(frozen=True, slots=True)
class RunStats:
    """Numbers of one run. Times in seconds; `reused_tokens` came from the KV cache."""

    prompt_tokens: int = 0
    reused_tokens: int = 0
    thinking_tokens: int = 0
    answer_tokens: int = 0
    load_seconds: float = 0.0
    prompt_seconds: float = 0.0
    first_token_seconds: float = 0.0
    thinking_seconds: float = 0.0
    decode_seconds: float = 0.0
    tokens_per_second: float = 0.0
    context_used: int = 0
    context_size: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The numbers by name, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RunRecipe:
    """All that is needed to run the same answer again.

    Attributes:
        model: File name of the GGUF. `model_sha256` is "" where it has not been hashed.
        build: llama.cpp's build, as the binding reports it.
        template_sha256, prompt_sha256: Of the template source and of the rendered prompt.
        order, parameters: The chain as it was applied, windows resolved.
        seed: The seed really used.
    """

    model: str
    model_sha256: str
    build: str
    template_sha256: str
    prompt_sha256: str
    order: tuple[str, ...]
    parameters: Mapping[str, Any]
    seed: int
    context: int
    batch: int
    ubatch: int
    cache_type_k: str
    cache_type_v: str
    reused_tokens: int
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The recipe by name, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PromptProgress:
    """The prompt is being evaluated: `done` of `total` tokens, `reused` of them from the cache."""

    request_id: int
    done: int
    total: int
    reused: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """New text of one channel. `text` is whole UTF-8 and may be empty when a token adds none.

    `token_ids` are the tokens it came from; they are empty when held-back text is released.
    """

    request_id: int
    channel: Channel
    text: str
    token_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ThinkingEnded:
    """The thought is over, the answer begins. `seconds` is how long it took."""

    request_id: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a run that did not fail. Texts are exact: with what was resumed, unstripped."""

    request_id: int
    reason: FinishReason
    thinking: str
    answer: str
    thinking_open: bool
    stats: RunStats
    recipe: RunRecipe


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event of a run that failed. What was said so far has been sent as deltas."""

    request_id: int
    error: AppError


Event = PromptProgress | TextDelta | ThinkingEnded | Finished | Failed


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready for use."""

    info: ModelInfo
    requested: ModelSpec
    applied: AppliedSpec
    build: str
    load_seconds: float


ProgressCallback = Callable[[float], None]


class Engine(Protocol):
    """What runs a model. One thread owns it; only a `cancelled` flag is touched from elsewhere."""

    def devices(self) -> tuple[Device, ...]:
        """Where it can compute, with free memory."""

    def load(self, spec: ModelSpec, progress: ProgressCallback, cancelled: threading.Event) -> LoadedModel | None:
        """Load a model in place of the one before; None when cancelled.

        Raises:
            ModelLoadError: The file or the settings are at fault. No model is loaded then.
        """

    def generate(self, request: GenerationRequest) -> Iterator[Event]:
        """Run one answer. The last event is `Finished`.

        Raises:
            AppError: The input or the environment is at fault.
        """

    def unload(self) -> None:
        """Free the model; nothing happens if there is none."""

    def close(self) -> None:
        """Free everything. The engine cannot be used afterwards."""
