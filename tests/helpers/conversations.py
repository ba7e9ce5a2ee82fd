"""Arbitrary chats for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from app.core.conversation import Conversation, Message, MessageState, Role

TIMES = st.floats(min_value=0, max_value=4e9)
TEXTS = st.text(max_size=60)
"""Without lone surrogates, with NULs."""

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def messages(draw: st.DrawFn, message_id: str, parent_id: str | None) -> Message:
    """One message with anything in its fields."""
    return Message(
        id=message_id,
        parent_id=parent_id,
        role=draw(st.sampled_from(Role)),
        answer=draw(TEXTS),
        thinking=draw(TEXTS),
        thinking_open=draw(st.booleans()),
        thinking_seconds=draw(st.floats(min_value=0, max_value=1e6)),
        state=draw(st.sampled_from(MessageState)),
        finish_reason=draw(st.sampled_from(["", "stop", "length", "cancelled", "repetition", "error"])),
        error=draw(TEXTS),
        stats=draw(st.dictionaries(TEXTS, _JSON, max_size=3)),
        created=draw(TIMES),
    )


@st.composite
def conversations(draw: st.DrawFn, max_messages: int = 12) -> Conversation:
    """A chat whose messages form any tree, or several beside one another; any of them is the leaf."""
    tree: dict[str, Message] = {}
    for number in range(draw(st.integers(0, max_messages))):
        parent = draw(st.sampled_from([None, *tree]))
        tree[f"m{number}"] = draw(messages(f"m{number}", parent))
    return Conversation(
        id="chat",
        title=draw(TEXTS),
        messages=tree,
        leaf_id=draw(st.sampled_from(list(tree))) if tree else None,
        model_path=draw(TEXTS),
        preset_name=draw(TEXTS),
        draft=draw(TEXTS),
        raw_prompt=draw(st.booleans()),
        created=draw(TIMES),
        updated=draw(TIMES),
    )
