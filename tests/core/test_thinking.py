"""The parser on real formats, on every way of cutting its input, and there and back again."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.thinking import MARKERS, THINK, Channel, ThinkingMarkers, ThinkingParser, raw_text

END_ID = 7
IDS = {END_ID: "</think>"}


def marked(start: str) -> ThinkingMarkers:
    return next(entry for entry in MARKERS if entry.start.strip() == start)


GRANITE = next(entry for entry in MARKERS if entry.answer_start == "<response>")
TOOLS = next(entry for entry in MARKERS if "<tool_call>" in entry.interrupts)
GPT_OSS = marked("<|channel|>analysis<|message|>")
GEMMA = marked("<|channel>thought")
MUSE = marked("to=self<|message|>")
SOLAR = marked("<|think|>")
KIMI = marked("<|open|>think<|sep|>")
COHERE = marked("<|START_THINKING|>")
APRIEL = marked("Here are my reasoning steps:")

Feed = tuple[str, int | None]


def split(parser: ThinkingParser, feeds: Iterable[Feed]) -> tuple[str, str, bool]:
    """(thinking, answer, whether the thought is still open)."""
    pieces = [piece for text, token in feeds for piece in parser.feed(text, token)]
    pieces += parser.finish()
    assert all(piece.text for piece in pieces)
    texts = {channel: "".join(p.text for p in pieces if p.channel is channel) for channel in Channel}
    return texts[Channel.THINKING], texts[Channel.ANSWER], parser.is_thinking


def whole(
    markers: Sequence[ThinkingMarkers], text: str, opened: ThinkingMarkers | None = None
) -> tuple[str, str, bool]:
    return split(ThinkingParser(markers, opened), [(text, None)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>why</think>because", ("why", "because", False)),
        ("\n <think>\nwhy\n</think>\n\nbecause", ("\nwhy\n", "\n\nbecause", False)),
        ("because", ("", "because", False)),
        ("  because", ("", "  because", False)),
        ("", ("", "", False)),
        (" \n", ("", " \n", False)),
        ("<think>why", ("why", "", True)),
        ("<think>why</thi", ("why</thi", "", True)),
        ("<thi", ("", "<thi", False)),
        ("<thin air", ("", "<thin air", False)),
        ("The <think> tag</think>!", ("", "The <think> tag</think>!", False)),
        ("</think>because", ("", "</think>because", False)),
        ("<think></think>because", ("", "because", False)),
        ("<think>a<think>b</think>c", ("a<think>b", "c", False)),
        ("<think>a</think>b</think>c", ("a", "b</think>c", False)),
        ("<think>a</think><think>b</think>c", ("a", "<think>b</think>c", False)),
        ("<think>a<</think>b", ("a<", "b", False)),
    ],
)
def test_a_thought_the_model_opens_itself(text: str, expected: tuple[str, str, bool]):
    assert whole([THINK], text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("why</think>because", ("why", "because", False)),
        ("\nwhy\n</think>\nbecause", ("\nwhy\n", "\nbecause", False)),
        ("<think>\nwhy</think>because", ("\nwhy", "because", False)),
        ("\n<think>why</think>because", ("why", "because", False)),
        ("<think><think>why</think>because", ("why", "because", False)),
        ("why <think> again</think>because", ("why <think> again", "because", False)),
        ("</think>because", ("", "because", False)),
        ("why", ("why", "", True)),
        ("", ("", "", True)),
        ("<thi", ("<thi", "", True)),
    ],
)
def test_a_thought_the_prompt_opens(text: str, expected: tuple[str, str, bool]):
    assert whole([THINK], text, THINK) == expected


@pytest.mark.parametrize(
    ("markers", "text", "expected"),
    [
        (
            GPT_OSS,
            "<|channel|>analysis<|message|>why<|end|><|start|>assistant<|channel|>final<|message|>because",
            ("why", "because", False),
        ),
        (GPT_OSS, "<|channel|>final<|message|>because", ("", "because", False)),
        (
            GPT_OSS,
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>analysis<|message|>b<|end|>"
            "<|start|>assistant<|channel|>final<|message|>c",
            ("ab", "c", False),
        ),
        (MUSE, " to=self<|message|>why<|eom|><|start|>assistant to=user<|message|>because", ("why", "because", False)),
        (MUSE, " to=user<|message|>because", ("", "because", False)),
        (SOLAR, "<|think|>why<|end|><|begin|>assistant<|content|>because", ("why", "because", False)),
        (GEMMA, "<|channel>thought\nwhy\n<channel|>because", ("\nwhy\n", "because", False)),
        (GRANITE, "<think>why</think>\n<response>because</response>\n", ("why", "because", False)),
        (GRANITE, "<think>why</think>\nbecause </response> of", ("why", "\nbecause </response> of", False)),
        (GRANITE, "because</response>", ("", "because</response>", False)),
        (
            COHERE,
            "<|START_THINKING|>why<|END_THINKING|><|START_RESPONSE|>because<|END_RESPONSE|>",
            ("why", "because", False),
        ),
        (COHERE, "<|START_THINKING|>why<|START_RESPONSE|>because", ("why", "because", False)),
        (TOOLS, "<think>why<tool_call>{}</tool_call>", ("why", "<tool_call>{}</tool_call>", False)),
        (
            APRIEL,
            "Here are my reasoning steps:\nwhy\n[BEGIN FINAL RESPONSE]\nbecause\n[END FINAL RESPONSE]\n",
            ("\nwhy\n", "\nbecause\n", False),
        ),
        (marked("<seed:think>"), "<seed:think>why</seed:think>because", ("why", "because", False)),
        (marked("<mm:think>"), "<mm:think>why</mm:think>because", ("why", "because", False)),
        (marked("<think:opensource>"), "<think:opensource>why</think:opensource>because", ("why", "because", False)),
        (marked("[THINK]"), "[THINK]why[/THINK]because", ("why", "because", False)),
        (marked("<|inner_prefix|>"), "<|inner_prefix|>why<|inner_suffix|>because", ("why", "because", False)),
    ],
)
def test_every_format_is_told_apart(markers: ThinkingMarkers, text: str, expected: tuple[str, str, bool]):
    assert whole([markers], text) == expected
    if markers not in (GRANITE, TOOLS):  # these begin as plain <think> does
        assert whole(MARKERS, text) == expected


def test_kimi_k3_begins_inside_the_thought_or_inside_the_answer():
    rest = "because<|close|>response<|sep|><|close|>message<|sep|>"
    thought = "why<|close|>think<|sep|><|open|>response<|sep|>"
    assert whole([KIMI], thought + rest, KIMI) == ("why", "because", False)
    assert whole([KIMI], rest) == ("", "because", False)


def test_an_answer_is_unwrapped_behind_a_thought_the_prompt_opened():
    assert whole([GRANITE], "why</think>because</response>", GRANITE) == ("why", "because", False)


def test_a_second_thought_begins_on_a_line_of_its_own():
    again = "<|start|>assistant<|channel|>analysis<|message|>"
    feeds: list[Feed] = [("```\nwhy", None), ("<|end|>", END_ID), (f"{again}<|end|>", None), ("because", None)]
    parser = ThinkingParser([GPT_OSS], GPT_OSS, {END_ID: "<|end|>"})
    assert split(parser, feeds) == ("```\nwhy", "because", False)


def test_plain_text_streams_without_delay():
    parser = ThinkingParser([THINK, GRANITE])
    assert [p.text for p in parser.feed("I")] == ["I"]
    assert [p.text for p in parser.feed(" am <")] == [" am <"]
    parser = ThinkingParser([THINK], THINK)
    assert [p.text for p in parser.feed("W")] == ["W"]
    assert [p.text for p in parser.feed("hy <")] == ["hy "]
    assert [p.text for p in parser.feed("b")] == ["<b"]
    parser = ThinkingParser([THINK], THINK, IDS)
    parser.feed("why")
    # In mid-line only the token ends the thought, so nothing is waited for.
    assert [p.text for p in parser.feed("</thi")] == ["</thi"]


def test_channel_follows_the_text():
    parser = ThinkingParser([THINK])
    assert parser.channel is Channel.ANSWER
    parser.feed("<think>")
    assert parser.channel is Channel.THINKING
    parser.feed("why</think>")
    assert parser.channel is Channel.ANSWER


def test_the_token_of_an_end_marker_ends_the_thought_wherever_it_stands():
    feeds: list[Feed] = [("a quoted `</think>` and ```\n</think>\n", None), ("</think>", END_ID), ("because", None)]
    assert split(ThinkingParser([THINK], THINK, IDS), feeds) == (
        "a quoted `</think>` and ```\n",
        "\n</think>because",
        False,
    )


@pytest.mark.parametrize(
    ("thought", "ends"),
    [
        ("say `</think>` then", False),
        ("so </think> then", False),
        ("```\n</think>\n", False),
        ("```html\n</think>\n``` html\n</think>\n", False),
        ("  ```\n</think>\n", False),
        ("</think>", True),
        ("why\n</think>", True),
        ("```\ncode\n```\n</think>", True),
    ],
)
def test_a_spelled_end_marker_counts_at_the_start_of_a_line_outside_code(thought: str, ends: bool):
    _thinking, _answer, still_open = split(ThinkingParser([THINK], THINK, IDS), [(thought, None)])
    assert still_open is not ends


def test_an_end_token_without_text_ends_the_thought_too():
    feeds: list[Feed] = [("why </th", None), ("", END_ID), ("because", None)]
    assert split(ThinkingParser([THINK], THINK, IDS), feeds) == ("why </th", "because", False)


def test_an_end_token_outside_a_thought_is_text():
    assert split(ThinkingParser([THINK], None, IDS), [("</think>", END_ID), ("a", None)]) == ("", "</think>a", False)


def test_a_resumed_thought_knows_its_line_and_its_fence():
    assert split(ThinkingParser([THINK], THINK, IDS, so_far="why "), [("</think>", None)]) == ("</think>", "", True)
    fenced = ThinkingParser([THINK], THINK, IDS, so_far="```\n")
    assert split(fenced, [("</think>\n```\n</think>a", None)]) == ("</think>\n```\n", "a", False)
    assert split(ThinkingParser([THINK], THINK, so_far="why"), [("<think></think>a", None)]) == ("<think>", "a", False)


def test_an_end_marker_may_lie_across_the_place_of_resumption():
    assert split(ThinkingParser([THINK], THINK, so_far="why</thi"), [("nk>because", None)]) == ("", "because", False)
    assert split(ThinkingParser([THINK], THINK, so_far="why</thi"), [("ng>", None)]) == ("ng>", "", True)


def test_a_resumed_answer_is_answer_to_its_end():
    assert split(ThinkingParser([THINK], answering=True, so_far="It"), [("<think>x", None)]) == ("", "<think>x", False)
    lead = "<|start|>assistant<|channel|>final<|message|>"
    assert split(ThinkingParser([GPT_OSS], answering=True), [(f"{lead}a", None)]) == ("", "a", False)


FRAGMENTS = ["a", " ", "\n", "<", "```", "```\n", "</", "<think>", "</think>", "</thi", "|>", "<|", "\n</think>", "é"]


def fragments(markers: ThinkingMarkers) -> st.SearchStrategy[str]:
    texts = [*markers.texts, *(text[: len(text) // 2] for text in markers.texts)]
    return st.lists(st.sampled_from([*FRAGMENTS, *texts]), max_size=12).map("".join)


@st.composite
def outputs(draw: st.DrawFn) -> tuple[ThinkingMarkers, ThinkingMarkers | None, str]:
    markers = draw(st.sampled_from(MARKERS))
    begin = draw(st.sampled_from(["", markers.start, markers.bare_start]))
    return markers, draw(st.sampled_from([None, markers])), begin + draw(fragments(markers))


def cut(text: str, places: Iterable[int]) -> list[Feed]:
    edges = [0, *sorted({place % (len(text) + 1) for place in places}), len(text)]
    return [(text[a:b], None) for a, b in itertools.pairwise(edges)]


@given(outputs(), st.lists(st.integers(min_value=0, max_value=400), max_size=12))
def test_cutting_the_text_changes_nothing(
    output: tuple[ThinkingMarkers, ThinkingMarkers | None, str], places: list[int]
):
    markers, opened, text = output
    expected = whole([markers], text, opened)
    assert split(ThinkingParser([markers], opened), cut(text, places)) == expected
    assert split(ThinkingParser([markers], opened), [(letter, None) for letter in text]) == expected


@given(
    st.lists(st.one_of(st.just(None), st.sampled_from(FRAGMENTS)), max_size=14),
    st.lists(st.integers(min_value=0, max_value=200), max_size=12),
    st.booleans(),
    st.booleans(),
)
def test_cutting_the_text_between_end_tokens_changes_nothing(
    parts: list[str | None], places: list[int], is_opened: bool, is_shown: bool
):
    """None stands for the end token; the text between two of them is cut at will."""
    runs: list[list[Feed]] = [[]]
    for part in parts:
        if part is None:
            runs += [[("</think>" if is_shown else "", END_ID)], []]
        else:
            runs[-1].append((part, None))
    texts = [run if run and run[0][1] else [("".join(text for text, _ in run), None)] for run in runs]
    pieces = [run if run[0][1] else cut(run[0][0], places) for run in texts]
    opened = THINK if is_opened else None

    def parse(feeds: list[list[Feed]]) -> tuple[str, str, bool]:
        return split(ThinkingParser([THINK], opened, IDS), [feed for run in feeds for feed in run])

    assert parse(pieces) == parse(texts) == parse(runs)


@given(outputs())
def test_no_text_but_markers_and_their_space_is_lost(output: tuple[ThinkingMarkers, ThinkingMarkers | None, str]):
    markers, opened, text = output
    thinking, answer, _open = whole([markers], text, opened)
    for piece in (thinking, answer):
        assert piece in text or markers.again  # two thoughts in a row become one text
    assert len(thinking) + len(answer) <= len(text)


@given(outputs())
def test_what_is_sent_again_is_read_as_the_same(output: tuple[ThinkingMarkers, ThinkingMarkers | None, str]):
    markers, opened, text = output
    thinking, answer, still_open = whole([markers], text, opened)
    again = raw_text(thinking, answer, still_open, [markers], opened)
    if thinking or answer or still_open:
        assert whole([markers], again, opened) == (thinking, answer, still_open)
    else:
        assert again == ""


@given(st.text(alphabet="ab <>`\n/think", max_size=40), st.text(max_size=40), st.booleans(), st.booleans())
def test_any_thought_and_answer_survive_being_sent_again(thinking: str, answer: str, still_open: bool, is_opened: bool):
    opened = THINK if is_opened else None
    if "</think>" in thinking or thinking.lstrip().startswith("<think>"):
        return
    answer = "" if still_open else answer
    again = raw_text(thinking, answer, still_open, [THINK], opened)
    if thinking or answer or still_open:
        assert whole([THINK], again, opened) == (thinking, answer, still_open)
