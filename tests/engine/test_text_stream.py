"""From token bytes to text: UTF-8, stop texts, channels, token ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.thinking import MARKERS, Channel, ThinkingParser
from app.engine.text_stream import StopTexts, TextStream


def stream(stop: tuple[str, ...] = ()) -> TextStream:
    return TextStream(1, ThinkingParser(MARKERS), stop)


def run(pieces: list[bytes], stop: tuple[str, ...] = ()) -> tuple[str, list[int], TextStream]:
    text_stream = stream(stop)
    deltas = [delta for token, piece in enumerate(pieces) for delta in text_stream.push(token, piece)]
    deltas += text_stream.finish()
    return "".join(delta.text for delta in deltas), [i for delta in deltas for i in delta.token_ids], text_stream


@given(st.text(), st.data())
def test_any_cut_of_utf8_gives_the_whole_text_and_every_token(text, data):
    raw = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)))))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    got, ids, _ = run(pieces)
    thinks = got != text  # a text may happen to begin with a marker
    assert got == text or thinks
    assert ids == list(range(len(pieces)))


def test_a_character_split_over_tokens_is_told_once_and_whole():
    text_stream = stream()
    deltas = [text_stream.push(token, bytes([byte])) for token, byte in enumerate("🙂".encode())]
    assert [len(delta) for delta in deltas] == [0, 0, 0, 1]
    assert deltas[3][0].text == "🙂"
    assert deltas[3][0].token_ids == (0, 1, 2, 3)


def test_broken_utf8_is_shown_as_replacement_and_nothing_else_is_lost():
    got, ids, _ = run([b"a", b"\xff", b"b", b"\xe2\x82"])
    assert got == "a�b�"
    assert ids == [0, 1, 2, 3]


@given(
    st.text("abX", max_size=40),
    st.lists(st.text("abX", min_size=1, max_size=4), min_size=1, max_size=3),
    st.data(),
)
def test_a_stop_text_cuts_where_it_begins_however_the_text_arrives(text, stops, data):
    places = [place for place in (text.find(stop) for stop in stops) if place >= 0]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    pieces = [text[a:b].encode() for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    text_stream = stream(tuple(stops))
    got = ""
    for token, piece in enumerate(pieces):
        got += "".join(delta.text for delta in text_stream.push(token, piece))
        if text_stream.stopped:
            break
    got += "".join(delta.text for delta in text_stream.finish())
    assert text_stream.stopped == bool(places)
    if places:
        assert text.startswith(got)
        assert not any(stop in got for stop in stops)
    else:
        assert got == text


def test_text_that_may_become_a_stop_text_is_held_back_and_released():
    stops = StopTexts(("</s>",))
    assert stops.push("a</", 1) == []
    assert stops.push("b>", 2) == [("a</", 1), ("b>", 2)]


@pytest.mark.parametrize("opened", [False, True])
def test_tokens_are_counted_where_they_belong(opened):
    parser = ThinkingParser(MARKERS, MARKERS[0] if opened else None)
    text_stream = TextStream(1, parser)
    pieces = ["hm", "</think>", "yes", "!"] if opened else ["<think>", "hm", "</think>", "yes", "!"]
    for token, piece in enumerate(pieces):
        text_stream.push(token, piece.encode())
    text_stream.finish()
    assert text_stream.text(Channel.THINKING) == "hm"
    assert text_stream.text(Channel.ANSWER) == "yes!"
    assert text_stream.answer_tokens + text_stream.thinking_tokens == len(pieces)
    assert text_stream.answer_tokens in (2, 3)
