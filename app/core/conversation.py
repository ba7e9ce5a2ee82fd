"""A chat: a tree of messages with one active path. Nothing in it is ever overwritten.

Editing a message or asking again adds a sibling; the old version stays reachable.
Thinking and answer are separate fields of a message, kept exactly as the model wrote them;
strip them where they are shown, copied or sent again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """Who speaks; the names are those of chat templates."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class MessageState(StrEnum):
    """Where a message stands.

    STREAMING is what the disk says while an answer runs: found at start-up, it means the app died
    in the middle, and it becomes INTERRUPTED.
    """

    COMPLETE = "complete"
    STREAMING = "streaming"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    FAILED = "failed"


def new_id() -> str:
    """A fresh identifier for a chat or a message."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Message:
    """One version of one turn.

    Attributes:
        parent_id: The message before it; None for a first message.
        thinking: The model's reasoning, without its markers.
        answer: What a person reads; for a user's message the text itself.
        thinking_open: The thought has not ended: a stop, a limit or a crash came first.
        thinking_seconds: How long the thought took, in seconds.
        finish_reason: A `FinishReason` value, "" while it streams.
        error: The sentence shown beside a failed answer.
        stats: Numbers of the run (`RunStats`) and its recipe, as JSON values.
        created: Unix time in seconds.
    """

    id: str
    parent_id: str | None
    role: Role
    answer: str = ""
    thinking: str = ""
    thinking_open: bool = False
    thinking_seconds: float = 0.0
    state: MessageState = MessageState.COMPLETE
    finish_reason: str = ""
    error: str = ""
    stats: Mapping[str, Any] = field(default_factory=dict)
    created: float = field(default_factory=time.time)

    @property
    def is_resumable(self) -> bool:
        """True when the model could write on from where this answer ended."""
        if self.role is not Role.ASSISTANT or self.state is MessageState.STREAMING:
            return False
        stopped_early = self.finish_reason in ("length", "cancelled", "repetition", "error")
        return self.state is not MessageState.COMPLETE or stopped_early


@dataclass(frozen=True, slots=True)
class Conversation:
    """A chat and its messages.

    Attributes:
        messages: All versions by id, in order of creation.
        leaf_id: The end of the active path; None for an empty chat.
        model_path: The GGUF last used; "" if none yet.
        preset_name: The preset last used.
        draft: What stands in the composer, unsent.
        raw_prompt: The composer's text goes to the model as it stands, without a template.
    """

    id: str
    title: str = ""
    messages: Mapping[str, Message] = field(default_factory=dict)
    leaf_id: str | None = None
    model_path: str = ""
    preset_name: str = ""
    draft: str = ""
    raw_prompt: bool = False
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)

    def path(self) -> tuple[Message, ...]:
        """The active path, first message first."""
        return tuple(reversed(list(self.ancestry(self.leaf_id))))

    def ancestry(self, message_id: str | None) -> Iterator[Message]:
        """A message and everything before it, last first."""
        while message_id is not None:
            message = self.messages[message_id]
            yield message
            message_id = message.parent_id

    def siblings(self, message_id: str) -> tuple[Message, ...]:
        """All versions at one place of the tree, oldest first, `message_id` among them."""
        parent = self.messages[message_id].parent_id
        role = self.messages[message_id].role
        return tuple(m for m in self.messages.values() if m.parent_id == parent and m.role is role)

    def latest_leaf(self, message_id: str) -> str:
        """The end of the path below `message_id` that follows the newest child each time."""
        newest_child = {message.parent_id: message.id for message in self.messages.values()}
        while (child := newest_child.get(message_id)) is not None:
            message_id = child
        return message_id

    def with_message(self, message: Message) -> Conversation:
        """The chat with a message added at, or replaced in, its place; a new one becomes the leaf."""
        is_new = message.id not in self.messages
        return replace(
            self,
            messages={**self.messages, message.id: message},
            leaf_id=message.id if is_new else self.leaf_id,
            updated=time.time(),
        )

    def with_version(self, message_id: str) -> Conversation:
        """The chat with its active path leading through `message_id`."""
        return replace(self, leaf_id=self.latest_leaf(message_id))


def title_from(text: str, limit: int = 48) -> str:
    """A chat's title from its first message: the first line with text, cut at a word to `limit` characters."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    line = " ".join(line.split())
    if len(line) <= limit:
        return line
    # One character more, so that a word which just fits is kept.
    cut = line[: limit + 1].rsplit(" ", 1)[0][:limit]
    return cut.rstrip(" ,;:.") + "..."
