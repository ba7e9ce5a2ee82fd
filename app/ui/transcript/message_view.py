"""What the transcript is told about a message, and the words under an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.conversation import Message, MessageState
from app.core.generation import FinishReason


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message at its place in the shown path.

    Attributes:
        version: Which of its versions this is, from 0.
        versions: How many there are.
        model_name: The model that wrote it, "" if unknown.
    """

    message: Message
    version: int = 0
    versions: int = 1
    model_name: str = ""

    @property
    def is_streaming(self) -> bool:
        """More text may come."""
        return self.message.state is MessageState.STREAMING


def stats_line(message: Message) -> str:
    """The numbers of an answer in one line, "" if nothing is known."""
    return " · ".join(_stats_words(message.stats, message.finish_reason))


def context_share(stats: Mapping[str, Any], tokens: int) -> float:
    """Which part of the context `tokens` take, 0 to 1; 0 where its size is not known."""
    size = int(stats.get("context_size") or 0)
    return tokens / size if size else 0.0


def _stats_words(stats: Mapping[str, Any], reason: str) -> Iterator[str]:
    tokens = int(stats.get("thinking_tokens", 0)) + int(stats.get("answer_tokens", 0))
    if tokens:
        yield count(tokens, "token")
    if stats.get("tokens_per_second"):
        yield f"{stats['tokens_per_second']:,.1f} tokens/s"
    if stats.get("first_token_seconds"):
        yield f"first token {seconds_text(float(stats['first_token_seconds']))}"
    # Any other reason is said in a sentence of its own.
    if reason == FinishReason.STOP:
        yield "stopped by itself"
    seed = (stats.get("recipe") or {}).get("seed")
    if seed is not None:
        yield f"seed {seed}"
    if stats.get("reused_tokens"):
        yield f"{count(int(stats['reused_tokens']), 'token')} reused"


def count(number: int, noun: str) -> str:
    """ "1 token", "2,634 tokens"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def seconds_text(seconds: float) -> str:
    """ "0.4 s", "48 s", "2 min 5 s"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
