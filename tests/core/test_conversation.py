"""The tree of a chat: paths, versions, titles."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.conversations import conversations
from hypothesis import given
from hypothesis import strategies as st

from app.core.conversation import Conversation, Message, MessageState, Role, new_id, title_from


def chat(*links: tuple[str, str | None, Role]) -> Conversation:
    """A chat built one message after the other, the last one its leaf."""
    conversation = Conversation("chat")
    for message_id, parent_id, role in links:
        conversation = conversation.with_message(Message(message_id, parent_id, role, answer=message_id))
    return conversation


@pytest.fixture
def edited() -> Conversation:
    """Two questions at the start, the first answered twice, its second answer followed by a turn."""
    return chat(
        ("q1", None, Role.USER),
        ("a1", "q1", Role.ASSISTANT),
        ("a2", "q1", Role.ASSISTANT),
        ("q2", "a2", Role.USER),
        ("a3", "q2", Role.ASSISTANT),
        ("q1-edited", None, Role.USER),
    )


def ids(messages: tuple[Message, ...]) -> list[str]:
    return [message.id for message in messages]


def test_an_empty_chat_has_an_empty_path() -> None:
    assert Conversation("chat").path() == ()


def test_a_new_message_becomes_the_leaf(edited: Conversation) -> None:
    assert ids(edited.path()) == ["q1-edited"]


def test_a_version_is_followed_to_its_newest_end(edited: Conversation) -> None:
    assert ids(edited.with_version("q1").path()) == ["q1", "a2", "q2", "a3"]
    assert ids(edited.with_version("a1").path()) == ["q1", "a1"]


def test_siblings_are_the_versions_of_one_place_oldest_first(edited: Conversation) -> None:
    assert ids(edited.siblings("q1")) == ["q1", "q1-edited"]
    assert ids(edited.siblings("a2")) == ["a1", "a2"]
    assert ids(edited.siblings("q2")) == ["q2"]


def test_a_message_of_another_role_is_no_version() -> None:
    both = chat(("system", None, Role.SYSTEM), ("q", None, Role.USER))
    assert ids(both.siblings("q")) == ["q"]


def test_replacing_a_message_keeps_its_place_and_the_leaf(edited: Conversation) -> None:
    changed = edited.with_message(replace(edited.messages["a1"], answer="more"))
    assert list(changed.messages) == list(edited.messages)
    assert changed.leaf_id == edited.leaf_id
    assert changed.messages["a1"].answer == "more"
    assert edited.messages["a1"].answer == "a1"


def test_replacing_an_older_version_does_not_make_it_the_newest(edited: Conversation) -> None:
    changed = edited.with_message(replace(edited.messages["a1"], answer="more"))
    assert changed.latest_leaf("q1") == "a3"


def test_a_long_chat_needs_no_recursion() -> None:
    links = [(str(n), str(n - 1) if n else None, Role.USER) for n in range(3000)]
    tree = {message_id: Message(message_id, parent, role) for message_id, parent, role in links}
    long = Conversation("chat", messages=tree, leaf_id="2999")
    assert len(long.path()) == 3000
    assert long.latest_leaf("0") == "2999"


@given(conversations(), st.data())
def test_every_version_can_be_reached(conversation: Conversation, data: st.DataObject) -> None:
    if not conversation.messages:
        return
    wanted = data.draw(st.sampled_from(list(conversation.messages)))
    shown = conversation.with_version(wanted)
    path = shown.path()
    assert wanted in ids(path)
    assert [message.parent_id for message in path] == [None, *ids(path)[:-1]]
    assert shown.messages == conversation.messages
    assert conversation.messages[wanted] in conversation.siblings(wanted)
    assert all(message.parent_id != shown.leaf_id for message in shown.messages.values())


@pytest.mark.parametrize(
    ("role", "state", "finish_reason", "resumable"),
    [
        (Role.ASSISTANT, MessageState.COMPLETE, "stop", False),
        (Role.ASSISTANT, MessageState.COMPLETE, "length", True),
        (Role.ASSISTANT, MessageState.COMPLETE, "repetition", True),
        (Role.ASSISTANT, MessageState.CANCELLED, "cancelled", True),
        (Role.ASSISTANT, MessageState.FAILED, "error", True),
        (Role.ASSISTANT, MessageState.INTERRUPTED, "", True),
        (Role.ASSISTANT, MessageState.STREAMING, "", False),
        (Role.USER, MessageState.COMPLETE, "", False),
    ],
)
def test_what_ended_early_can_be_continued(
    role: Role, state: MessageState, finish_reason: str, resumable: bool
) -> None:
    assert Message("m", None, role, state=state, finish_reason=finish_reason).is_resumable is resumable


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("Hello", "Hello"),
        ("\n\n  Hello   there \nsecond line", "Hello there"),
        ("x" * 48, "x" * 48),
        ("x" * 49, "x" * 48 + "..."),
        ("a" * 20 + " " + "b" * 27 + " c", "a" * 20 + " " + "b" * 27 + "..."),
        ("a" * 20 + " " + "b" * 28, "a" * 20 + "..."),
        (
            "Write a poem about the sea, the sky and the wind in the trees",
            "Write a poem about the sea, the sky and the wind...",
        ),
        ("one two three four five six seven eight nine, ten eleven", "one two three four five six seven eight nine..."),
    ],
)
def test_a_title_is_the_first_line_cut_at_a_word(text: str, title: str) -> None:
    assert title_from(text) == title


@given(st.text())
def test_a_title_is_one_short_line(text: str) -> None:
    title = title_from(text)
    assert len(title) <= 48 + len("...")
    assert len(title.splitlines()) <= 1
    assert bool(title) is bool(text.strip())


def test_ids_are_distinct() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
