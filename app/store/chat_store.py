"""Chats on disk: what is said is stored when it is said, and nothing is overwritten but a draft."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.conversation import Conversation, Message, MessageState, Role
from app.core.errors import StoreError
from app.store.database import Database

TRASH_SECONDS = 30 * 24 * 3600.0
"""How long a deleted chat can be brought back."""

_CHAT_COLUMNS = "id, title, leaf_id, model_path, preset_name, draft, raw_prompt, created, updated"

_ADD_MESSAGE = """
    INSERT INTO messages (chat_id, id, parent_id, role, created, answer, thinking, thinking_open,
                          thinking_seconds, state, finish_reason, error, stats)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_MESSAGE = """
    UPDATE messages SET answer = ?, thinking = ?, thinking_open = ?, thinking_seconds = ?,
                        state = ?, finish_reason = ?, error = ?, stats = ?
    WHERE id = ?
"""
_LOAD_MESSAGES = """
    SELECT id, parent_id, role, created, answer, thinking, thinking_open,
           thinking_seconds, state, finish_reason, error, stats
    FROM messages WHERE chat_id = ? ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class ChatSummary:
    """A chat as a list shows it. Times are Unix times in seconds."""

    id: str
    title: str
    created: float
    updated: float


class ChatStore:
    """The chats of one database.

    Every method raises StoreError where the disk or the file is at fault, and so do those that
    name a chat or a message which is not stored.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def list_chats(self) -> tuple[ChatSummary, ...]:
        """All chats that are not in the trash, the one last changed first."""
        rows = self._database.rows(
            "SELECT id, title, created, updated FROM chats WHERE deleted_at IS NULL ORDER BY updated DESC, id"
        )
        return tuple(ChatSummary(*row) for row in rows)

    def load_chat(self, chat_id: str) -> Conversation:
        """A chat with all its messages; one in the trash too."""
        rows = self._database.rows(f"SELECT {_CHAT_COLUMNS} FROM chats WHERE id = ?", (chat_id,))
        if not rows:
            raise _chat_is_gone()
        try:
            messages = [_message(row) for row in self._database.rows(_LOAD_MESSAGES, (chat_id,))]
        except ValueError as error:
            raise StoreError(f"A message of this chat cannot be read: {error}.") from error
        return _conversation(rows[0], messages)

    def save_chat(self, conversation: Conversation, new_messages: Iterable[Message] = ()) -> None:
        """Store everything of a chat but its messages, and add `new_messages`; or do nothing.

        Parents come before their children. A chat in the trash stays there.
        """
        with self._database.transaction():
            self._put_chat(conversation)
            self._put_messages(conversation.id, new_messages)

    def add_messages(self, chat_id: str, messages: Sequence[Message], leaf_id: str | None) -> None:
        """Add messages, parents before children, and move the chat's leaf and time; or do nothing."""
        newest = max((message.created for message in messages), default=0.0)
        with self._database.transaction():
            self._change_chat(chat_id, "leaf_id = ?, updated = max(updated, ?)", leaf_id, newest)
            self._put_messages(chat_id, messages)

    def update_message(self, message: Message) -> None:
        """Store what a message says now. Its place in the tree, role and time of creation stay."""
        if not self._database.change(_UPDATE_MESSAGE, (*_contents(message), message.id)):
            raise StoreError("This message is no longer stored.")

    def rename(self, chat_id: str, title: str) -> None:
        """Give a chat another title; its place in the list stays."""
        self._change_chat(chat_id, "title = ?", title)

    def set_draft(self, chat_id: str, draft: str) -> None:
        """Keep what stands unsent in a chat's composer."""
        self._change_chat(chat_id, "draft = ?", draft)

    def set_leaf(self, chat_id: str, leaf_id: str | None) -> None:
        """Keep which path of a chat is the active one."""
        self._change_chat(chat_id, "leaf_id = ?", leaf_id)

    def set_model_and_preset(self, chat_id: str, model_path: str, preset_name: str) -> None:
        """Keep what a chat was last used with."""
        self._change_chat(chat_id, "model_path = ?, preset_name = ?", model_path, preset_name)

    def set_raw_prompt(self, chat_id: str, raw_prompt: bool) -> None:
        """Keep whether a chat's text goes to the model without a template."""
        self._change_chat(chat_id, "raw_prompt = ?", raw_prompt)

    def delete(self, chat_id: str) -> None:
        """Move a chat to the trash."""
        self._change_chat(chat_id, "deleted_at = ?", time.time())

    def restore(self, chat_id: str) -> None:
        """Bring a chat back from the trash, to where it was in the list."""
        self._change_chat(chat_id, "deleted_at = ?", None)

    def purge_trash(self, older_than: float = TRASH_SECONDS) -> int:
        """Erase the chats deleted more than `older_than` seconds ago; returns how many."""
        return self._database.change("DELETE FROM chats WHERE deleted_at <= ?", (time.time() - older_than,))

    def recover_interrupted(self) -> int:
        """Mark what was streaming when the app died as interrupted; returns how many messages.

        To be called once at start-up, before anything streams.
        """
        return self._database.change(
            "UPDATE messages SET state = ?, finish_reason = '' WHERE state = 'streaming'", (MessageState.INTERRUPTED,)
        )

    def _put_chat(self, chat: Conversation) -> None:
        self._database.change(
            f"""
            INSERT INTO chats ({_CHAT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET
                title = excluded.title, leaf_id = excluded.leaf_id, model_path = excluded.model_path,
                preset_name = excluded.preset_name, draft = excluded.draft, raw_prompt = excluded.raw_prompt,
                created = excluded.created, updated = excluded.updated
            """,
            (
                chat.id,
                chat.title,
                chat.leaf_id,
                chat.model_path,
                chat.preset_name,
                chat.draft,
                chat.raw_prompt,
                chat.created,
                chat.updated,
            ),
        )

    def _put_messages(self, chat_id: str, messages: Iterable[Message]) -> None:
        self._database.change_many(
            _ADD_MESSAGE,
            ((chat_id, m.id, m.parent_id, m.role, m.created, *_contents(m)) for m in messages),
        )

    def _change_chat(self, chat_id: str, assignments: str, *values: object) -> None:
        if not self._database.change(f"UPDATE chats SET {assignments} WHERE id = ?", (*values, chat_id)):
            raise _chat_is_gone()


def _chat_is_gone() -> StoreError:
    return StoreError("This chat is no longer stored.", "Start a new one, or copy what you need from the window.")


def _contents(message: Message) -> tuple[object, ...]:
    """What may change in a message, in the order of the statements."""
    return (
        message.answer,
        message.thinking,
        message.thinking_open,
        message.thinking_seconds,
        message.state,
        message.finish_reason,
        message.error,
        json.dumps(dict(message.stats)),
    )


def _message(row: tuple[Any, ...]) -> Message:
    message_id, parent_id, role, created, answer, thinking, is_open, seconds, state, reason, error, stats = row
    return Message(
        id=message_id,
        parent_id=parent_id,
        role=Role(role),
        answer=answer,
        thinking=thinking,
        thinking_open=bool(is_open),
        thinking_seconds=seconds,
        state=MessageState(state),
        finish_reason=reason,
        error=error,
        stats=json.loads(stats),
        created=created,
    )


def _conversation(row: tuple[Any, ...], messages: Sequence[Message]) -> Conversation:
    chat_id, title, leaf_id, model_path, preset_name, draft, raw_prompt, created, updated = row
    by_id = {message.id: message for message in messages}
    if leaf_id not in by_id:
        # The chat was stored, and the app died before the message was.
        leaf_id = messages[-1].id if messages else None
    return Conversation(
        id=chat_id,
        title=title,
        messages=by_id,
        leaf_id=leaf_id,
        model_path=model_path,
        preset_name=preset_name,
        draft=draft,
        raw_prompt=bool(raw_prompt),
        created=created,
        updated=updated,
    )
