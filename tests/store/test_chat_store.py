"""Chats come back as they were, in order, and from the trash."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.conversations import TEXTS, conversations, messages
from hypothesis import given
from hypothesis import strategies as st

from app.core.conversation import Conversation, Message, MessageState, Role
from app.core.errors import StoreError
from app.store.chat_store import ChatStore
from app.store.database import IN_MEMORY, Database


@pytest.fixture
def database() -> Iterator[Database]:
    with closing(Database(IN_MEMORY)) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> ChatStore:
    return ChatStore(database)


def turn(number: int, parent: str | None = None) -> tuple[Message, Message]:
    """A question and the answer that begins to stream."""
    question = Message(f"q{number}", parent, Role.USER, f"question {number}", created=100.0 + number)
    answer = Message(f"a{number}", question.id, Role.ASSISTANT, state=MessageState.STREAMING, created=100.0 + number)
    return question, answer


@pytest.fixture
def chat(store: ChatStore) -> Conversation:
    """A stored chat of one turn, streaming."""
    question, answer = turn(1)
    conversation = Conversation(
        "chat", "Title", {"q1": question, "a1": answer}, leaf_id="a1", created=100.0, updated=101.0
    )
    store.save_chat(conversation, conversation.messages.values())
    return conversation


@given(conversations())
def test_a_chat_comes_back_as_it_was(conversation: Conversation) -> None:
    with closing(Database(IN_MEMORY)) as database:
        store = ChatStore(database)
        store.save_chat(conversation, conversation.messages.values())
        loaded = store.load_chat(conversation.id)
    assert loaded == conversation
    assert list(loaded.messages) == list(conversation.messages)
    assert loaded.path() == conversation.path()


@given(conversations(), st.data())
def test_an_update_changes_what_a_message_says_and_nothing_else(
    conversation: Conversation, data: st.DataObject
) -> None:
    if not conversation.messages:
        return
    old = data.draw(st.sampled_from(list(conversation.messages.values())))
    new = replace(data.draw(messages(old.id, old.parent_id)), role=old.role, created=old.created)
    with closing(Database(IN_MEMORY)) as database:
        store = ChatStore(database)
        store.save_chat(conversation, conversation.messages.values())
        store.update_message(new)
        loaded = store.load_chat(conversation.id)
    assert loaded.messages == {**conversation.messages, new.id: new}
    assert list(loaded.messages) == list(conversation.messages)


def test_chats_outlive_the_database_connection(tmp_path: Path) -> None:
    question, answer = turn(1)
    with closing(Database(tmp_path / "chats.db")) as database:
        ChatStore(database).save_chat(Conversation("chat", leaf_id="a1"), [question, answer])
    with closing(Database(tmp_path / "chats.db")) as database:
        assert ChatStore(database).load_chat("chat").path() == (question, answer)


def test_added_messages_move_the_leaf_and_the_time(store: ChatStore, chat: Conversation) -> None:
    question, answer = turn(2, "a1")
    store.add_messages("chat", [question, answer], "a2")
    loaded = store.load_chat("chat")
    assert list(loaded.messages) == ["q1", "a1", "q2", "a2"]
    assert loaded.leaf_id == "a2"
    assert loaded.updated == 102.0


def test_the_time_of_a_chat_never_goes_back(store: ChatStore, chat: Conversation) -> None:
    store.add_messages("chat", [Message("old", "a1", Role.USER, created=5.0)], "old")
    assert store.load_chat("chat").updated == chat.updated


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Message("q2", "a1", Role.USER), Message("a2", "nowhere", Role.ASSISTANT)),
        (Message("q2", "a1", Role.USER), Message("a1", "q2", Role.ASSISTANT)),
        (Message("q2", "a1", Role.USER), Message("a2", "a2", Role.ASSISTANT)),
        (Message("a2", "q2", Role.ASSISTANT), Message("q2", "a1", Role.USER)),
        (Message("q2", "a1", Role.USER), Message("a2", "elsewhere", Role.ASSISTANT)),
    ],
    ids=["no parent", "known id", "own parent", "child first", "parent in another chat"],
)
def test_messages_that_form_no_tree_are_refused_together(
    store: ChatStore, chat: Conversation, first: Message, second: Message
) -> None:
    store.save_chat(Conversation("other"), [Message("elsewhere", None, Role.USER)])
    with pytest.raises(Exception, match="constraint failed"):
        store.add_messages("chat", [first, second], "a2")
    assert store.load_chat("chat") == chat


def test_saving_a_chat_again_changes_its_own_fields_only(store: ChatStore, chat: Conversation) -> None:
    changed = replace(chat, title="New", draft="half a thought", raw_prompt=True, model_path="/m.gguf", updated=200.0)
    store.save_chat(changed)
    assert store.load_chat("chat") == changed


def test_a_leaf_that_was_never_stored_falls_back_to_the_newest_message(store: ChatStore, chat: Conversation) -> None:
    store.save_chat(replace(chat, leaf_id="not stored"))
    assert store.load_chat("chat").leaf_id == "a1"
    store.save_chat(Conversation("empty", leaf_id="not stored"))
    assert store.load_chat("empty").leaf_id is None


def test_single_fields_are_kept(store: ChatStore, chat: Conversation) -> None:
    store.rename("chat", "Another")
    store.set_draft("chat", "unsent")
    store.set_leaf("chat", "q1")
    store.set_model_and_preset("chat", "/models/m.gguf", "greedy")
    store.set_raw_prompt("chat", True)
    assert store.load_chat("chat") == replace(
        chat,
        title="Another",
        draft="unsent",
        leaf_id="q1",
        model_path="/models/m.gguf",
        preset_name="greedy",
        raw_prompt=True,
    )


@given(TEXTS | st.text(st.characters(categories=["Cs", "L"]), max_size=20))
def test_any_text_can_be_kept(text: str) -> None:
    question = Message("q", None, Role.USER, text, thinking=text, error=text, stats={text: [text]})
    with closing(Database(IN_MEMORY)) as database:
        store = ChatStore(database)
        store.save_chat(Conversation("chat", title=text, draft=text, leaf_id="q"), [question])
        loaded = store.load_chat("chat")
    assert loaded.messages["q"].stats == {text: [text]}
    assert len({loaded.title, loaded.draft, loaded.path()[0].answer, loaded.path()[0].thinking}) == 1
    if text.isprintable():
        assert loaded.title == text


# -- the list and the trash ------------------------------------------------------------------------


def titles(store: ChatStore) -> list[str]:
    return [summary.title for summary in store.list_chats()]


@pytest.fixture
def three(store: ChatStore) -> ChatStore:
    for number in (2, 3, 1):
        store.save_chat(Conversation(f"c{number}", f"chat {number}", created=1.0, updated=float(number)))
    return store


def test_chats_are_listed_newest_first(three: ChatStore) -> None:
    assert titles(three) == ["chat 3", "chat 2", "chat 1"]
    first = three.list_chats()[0]
    assert (first.id, first.created, first.updated) == ("c3", 1.0, 3.0)


def test_a_new_message_brings_a_chat_to_the_top(three: ChatStore) -> None:
    three.add_messages("c1", [Message("m", None, Role.USER, created=9.0)], "m")
    assert titles(three) == ["chat 1", "chat 3", "chat 2"]


def test_renaming_and_drafts_keep_the_order(three: ChatStore) -> None:
    three.rename("c1", "renamed")
    three.set_draft("c2", "unsent")
    assert titles(three) == ["chat 3", "chat 2", "renamed"]


def test_a_deleted_chat_can_be_brought_back_whole(store: ChatStore, chat: Conversation) -> None:
    store.delete("chat")
    assert titles(store) == []
    store.restore("chat")
    assert titles(store) == ["Title"]
    assert store.load_chat("chat") == chat


def test_saving_a_chat_does_not_take_it_out_of_the_trash(store: ChatStore, chat: Conversation) -> None:
    store.delete("chat")
    store.save_chat(chat)
    store.update_message(chat.messages["a1"])
    assert titles(store) == []


def test_the_trash_is_emptied_by_age(three: ChatStore, database: Database) -> None:
    three.delete("c1")
    three.delete("c2")
    database.change("UPDATE chats SET deleted_at = ? WHERE id = 'c1'", (time.time() - 100,))
    assert three.purge_trash(older_than=50) == 1
    with pytest.raises(StoreError):
        three.restore("c1")
    three.restore("c2")
    assert titles(three) == ["chat 3", "chat 2"]


def test_a_purged_chat_takes_its_messages_along_however_long_it_is(store: ChatStore, database: Database) -> None:
    chain = [Message(str(n), str(n - 1) if n else None, Role.USER) for n in range(3000)]
    store.save_chat(Conversation("chat", leaf_id="2999"), chain)
    store.delete("chat")
    assert store.purge_trash(older_than=0) == 1
    assert database.rows("SELECT count(*) FROM messages") == [(0,)]


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.load_chat("gone"),
        lambda store: store.rename("gone", "x"),
        lambda store: store.set_draft("gone", "x"),
        lambda store: store.delete("gone"),
        lambda store: store.restore("gone"),
        lambda store: store.add_messages("gone", [Message("m", None, Role.USER)], "m"),
        lambda store: store.update_message(Message("m", None, Role.USER)),
    ],
)
def test_what_is_not_stored_is_a_sentence(store: ChatStore, act) -> None:
    with pytest.raises(StoreError, match="no longer stored"):
        act(store)


@pytest.mark.parametrize("column", ["role", "state", "stats"])
def test_a_value_that_means_nothing_is_a_sentence(
    store: ChatStore, database: Database, chat: Conversation, column: str
) -> None:
    database.change(f"UPDATE messages SET {column} = 'nonsense'")
    with pytest.raises(StoreError, match="A message of this chat cannot be read"):
        store.load_chat("chat")


def test_a_draft_that_cannot_be_written_leaves_the_one_before(
    store: ChatStore, database: Database, chat: Conversation
) -> None:
    store.update_message(replace(chat.messages["a1"], thinking="so far"))
    (pages,) = database.rows("PRAGMA page_count")[0]
    database.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="disk is full"):
        store.update_message(replace(chat.messages["a1"], thinking="x" * 1_000_000))
    assert store.load_chat("chat").messages["a1"].thinking == "so far"


# -- after a crash ---------------------------------------------------------------------------------


def test_what_was_streaming_is_interrupted_with_its_text(store: ChatStore, chat: Conversation) -> None:
    draft = replace(chat.messages["a1"], thinking="I was thinking", thinking_open=True)
    store.update_message(draft)
    assert store.recover_interrupted() == 1
    recovered = store.load_chat("chat").messages["a1"]
    assert recovered == replace(draft, state=MessageState.INTERRUPTED)
    assert recovered.is_resumable
    assert store.recover_interrupted() == 0


def test_recovery_touches_nothing_else(store: ChatStore) -> None:
    others = [state for state in MessageState if state is not MessageState.STREAMING]
    kept = [Message(state, None, Role.ASSISTANT, state=state, finish_reason="stop") for state in others]
    store.save_chat(Conversation("chat"), kept)
    assert store.recover_interrupted() == 0
    assert list(store.load_chat("chat").messages.values()) == kept
