"""Markdown in pieces gives at every moment what one parse of the whole gives."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.render.markdown import Block, BlockKind, split_blocks
from app.render.markdown_stream import StreamingMarkdown

LINES = [
    "text", "- item", "  - nested", "1. one", "3. three", "2) other", "> quote", "> - in quote", "```py", "```", "~~~",
    "````", "    indented", "# head", "===", "---", "| a | b |", "|--|:-:|", "| 1 | 2 |", "[foo]: /url",
    "[foo]: http://x.y", "[foo]", "> [foo]: http://q.q", "[bar]: <b> 'title", "over lines'", "**bold", "bold**",
    "`code", "code`", "<div>", "![a](b)", "[l](http://a.b)", "* * *", "   three", "\ttab", "-", "1.", "  ```", "&amp;",
    "\\*", "http://x.y/z", "a  ", "> lazy", "- ```js", "- a\n\n  b", "- > q",
]  # fmt: skip
ENDS = ["\n", "\n", "\n", "\n\n", "\n  \n", "\r\n", " ", ""]

documents = st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(ENDS)), min_size=1, max_size=14).map(
    lambda parts: "".join(line + end for line, end in parts)
)
cuts = st.lists(st.integers(min_value=1, max_value=12), min_size=1, max_size=20)


def pieces(text: str, sizes: list[int]) -> list[str]:
    ends = list(accumulate(sizes * (len(text) // sum(sizes) + 1)))
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False) if start < len(text)]


@settings(max_examples=400, deadline=None)
@given(documents, cuts)
def test_pieces_give_what_the_whole_gives(document: str, sizes: list[int]) -> None:
    stream = StreamingMarkdown()
    shown: list[Block] = []
    fed = ""
    for piece in pieces(document, sizes):
        fed += piece
        first, blocks = stream.feed(piece)
        assert list(blocks[:first]) == shown[:first], "a block before the first change has changed"
        shown = list(blocks)
        if not fed.endswith("\r"):
            assert shown == split_blocks(fed)
    assert list(stream.finish()[1]) == split_blocks(document)


def test_settled_blocks_are_never_made_again() -> None:
    stream = StreamingMarkdown()
    stream.feed("# Title\n\nfirst\n\n- a\n- b\n- c\n")
    before = list(stream.blocks)
    for character in "- d with *some* more\n\nand a paragraph that goes on":
        stream.feed(character)
    assert all(old is new for old, new in zip(before[:4], stream.blocks, strict=False))


def test_an_open_fence_grows_without_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = StreamingMarkdown()
    stream.feed("text\n\n```python\n")

    def refuse(*_arguments: object) -> None:
        raise AssertionError("the parser was asked about a line of code")

    monkeypatch.setattr("app.render.markdown_stream.parse_tokens", refuse)
    for piece in ("x = 1\n# not a head", "ing\n- no item\n", "  ``", "`` no end\n"):
        stream.feed(piece)
    assert stream.blocks[1].code == "x = 1\n# not a heading\n- no item\n  ```` no end"


@pytest.mark.parametrize("rest", ["\n", "\nafter", " \t\n\n- item"])
def test_text_after_a_fence_is_read_again(rest: str) -> None:
    stream = StreamingMarkdown()
    for piece in ("```\na\n``", "`", rest):
        stream.feed(piece)
    assert list(stream.blocks) == split_blocks("```\na\n```" + rest)


def test_what_looks_like_the_end_of_a_fence_may_still_be_code() -> None:
    stream = StreamingMarkdown()
    stream.feed("```\na\n```")
    assert (stream.blocks[0].code, stream.blocks[0].closed) == ("a", True)
    stream.feed("x\n")
    assert (stream.blocks[0].code, stream.blocks[0].closed) == ("a\n```x", False)


def test_a_definition_that_comes_late_links_the_text_before_it() -> None:
    stream = StreamingMarkdown()
    stream.feed("See [here].\n\nMore.\n\n")
    assert stream.blocks[0].runs[0].href == ""
    first, blocks = stream.feed("[here]: https://a.b\n")
    assert first == 0
    assert blocks[0].runs[1].href == "https://a.b"


def test_a_list_keeps_counting_over_settled_items() -> None:
    stream = StreamingMarkdown()
    for number in range(30):
        stream.feed(f"1. item {number}\n")
    assert [block.marker for block in stream.blocks] == [f"{number + 1}." for number in range(30)]


def test_nothing_new_changes_nothing() -> None:
    stream = StreamingMarkdown()
    stream.feed("a\n\nb")
    assert stream.feed("") == (2, stream.blocks)
    assert stream.finish()[0] == 2
    assert stream.blocks[1].kind is BlockKind.PARAGRAPH
