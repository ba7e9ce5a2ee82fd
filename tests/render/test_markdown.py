"""Markdown as blocks: kinds, nesting, styles, and what a model must not be able to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.render.inline import Run, is_safe_address, plain_text
from app.render.markdown import Block, BlockKind, split_blocks


def only(text: str) -> Block:
    (block,) = split_blocks(text)
    return block


def outline(text: str) -> list[tuple[str, int, str, str]]:
    """Kind, depth, marker and text of each block."""
    return [(block.kind.value, block.depth, block.marker, plain_text(block.runs)) for block in split_blocks(text)]


@pytest.mark.parametrize(
    ("source", "runs"),
    [
        ("plain", [Run("plain")]),
        ("a *b* c", [Run("a "), Run("b", italic=True), Run(" c")]),
        ("**b *both***", [Run("b ", bold=True), Run("both", bold=True, italic=True)]),
        ("**a __b__ c**", [Run("a b c", bold=True)]),
        ("~~old~~", [Run("old", struck=True)]),
        ("`x * y`", [Run("x * y", code=True)]),
        ("**`c`**", [Run("c", bold=True, code=True)]),
        ("two\nlines", [Run("two\nlines")]),
        ("two  \nlines", [Run("two\nlines")]),
        ("&lt;b&gt; &amp; \\*", [Run("<b> & *")]),
        ("[t](https://a.b/c)", [Run("t", href="https://a.b/c")]),
        ("[*t*](https://a.b)", [Run("t", italic=True, href="https://a.b")]),
        ("see https://a.b/c.", [Run("see "), Run("https://a.b/c", href="https://a.b/c"), Run(".")]),
        ("me@a.org", [Run("me@a.org", href="mailto:me@a.org")]),
        ("<https://a.b>", [Run("https://a.b", href="https://a.b")]),
    ],
)
def test_text_becomes_runs_of_one_style(source: str, runs: list[Run]) -> None:
    assert list(only(source).runs) == runs


@pytest.mark.parametrize("word", ["main.py", "README.md", "example.com", "www.example.com", "self.shape"])
def test_a_bare_name_is_no_link(word: str) -> None:
    assert only(word).runs == (Run(word),)


def test_lists_are_blocks_with_depth_and_marker() -> None:
    source = "3. three\n   - a\n   - b\n\n     more\n4. four\n- - x"
    assert outline(source) == [
        ("paragraph", 1, "3.", "three"),
        ("paragraph", 2, "•", "a"),
        ("paragraph", 2, "•", "b"),
        ("paragraph", 2, "", "more"),
        ("paragraph", 1, "4.", "four"),
        ("paragraph", 1, "•", ""),
        ("paragraph", 2, "•", "x"),
    ]


def test_a_list_counts_for_itself_and_may_begin_at_nought() -> None:
    assert [entry[2] for entry in outline("0) a\n0) b\n7) c")] == ["0)", "1)", "2)"]


def test_an_item_that_begins_with_code_keeps_its_marker() -> None:
    assert outline("- ```py\n  x\n  ```\n-") == [
        ("paragraph", 1, "•", ""),
        ("code", 1, "", ""),
        ("paragraph", 1, "•", ""),
    ]


def test_quotes_nest_and_hold_lists() -> None:
    blocks = split_blocks("> a\n> > b\n> - c")
    assert [(block.quote, block.depth) for block in blocks] == [(1, 0), (2, 0), (1, 1)]


@pytest.mark.parametrize("level", range(1, 7))
def test_headings_have_their_level(level: int) -> None:
    block = only("#" * level + " Title")
    assert (block.kind, block.level, block.runs) == (BlockKind.HEADING, level, (Run("Title"),))


@pytest.mark.parametrize(
    ("source", "language", "code", "closed"),
    [
        ("```python\nx = 1\n```", "python", "x = 1", True),
        ("```python title=x\nx = 1\n```", "python", "x = 1", True),
        ("~~~\na\n\nb\n~~~~", "", "a\n\nb", True),
        ("````\n```\n````", "", "```", True),
        ("```\nnot yet", "", "not yet", False),
        ("```\nnot yet\n", "", "not yet", False),
        ("```js", "js", "", False),
        ("```\n```", "", "", True),
        ("    indented\n      more", "", "indented\n  more", True),
    ],
)
def test_code_is_kept_as_it_stands(source: str, language: str, code: str, closed: bool) -> None:
    block = only(source)
    assert (block.kind, block.language, block.code, block.closed) == (BlockKind.CODE, language, code, closed)


def test_a_table_has_cells_and_alignments() -> None:
    table = only("| a | `b` | c |\n|:--|--:|:-:|\n| 1 | **2** |\n").table
    assert table is not None
    assert table.header == ((Run("a"),), (Run("b", code=True),), (Run("c"),))
    assert table.rows == (((Run("1"),), (Run("2", bold=True),), ()),)
    assert table.alignments == ("left", "right", "center")


def test_tight_says_whether_a_blank_line_stands_before() -> None:
    assert [block.tight for block in split_blocks("# a\nb\n\n- c\n- d\n\n- e")] == [False, True, False, True, False]


def test_raw_html_shows_as_text() -> None:
    source = '<img src="https://evil.example/x.png" onerror="alert(1)">'
    assert plain_text(only(f"a {source}").runs) == f"a {source}"
    assert plain_text(only(f"<script>\nalert(1)\n</script>\n{source}").runs).startswith("<script>\nalert(1)")


def test_an_image_is_its_description_and_its_address() -> None:
    assert only("![a *cat*](https://a.b/c.png)").runs == (
        Run("a cat ("),
        Run("https://a.b/c.png", href="https://a.b/c.png"),
        Run(")"),
    )
    assert only("![](file:///etc/passwd)").runs == (Run("(file:///etc/passwd)"),)


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "file:///etc/passwd", "data:text/html,x", "ftp://a.b", "//a.b/c",
     "docs/index.md", "#top", "vbscript:x", "smb://a/b", "https:", "https:///x", "mailto:", "ms-settings:x", ""],
)  # fmt: skip
def test_an_odd_address_is_shown_and_never_offered(address: str) -> None:
    assert not is_safe_address(address)
    runs = only(f"[click](<{address}>)").runs
    assert not any(run.href for run in runs)
    assert plain_text(runs) == (f"click ({address})" if address else "click")


def test_words_of_a_link_cannot_replace_its_address() -> None:
    assert only("[https://bank.example](https://evil.example)").runs == (
        Run("https://bank.example", href="https://evil.example"),
    )


def test_line_ends_and_nul_are_made_harmless() -> None:
    assert only("a\r\nb\rc\0d").runs == (Run("a\nb\nc\ufffdd"),)


@given(st.text(alphabet="ab \n*_`~[]()<>!#-+.1>|:\\&\t\0\r", max_size=200))
def test_any_text_parses_and_offers_no_unsafe_address(text: str) -> None:
    for block in split_blocks(text):
        assert all(is_safe_address(run.href) for run in block.runs if run.href)
