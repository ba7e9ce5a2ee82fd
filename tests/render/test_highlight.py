"""Colours for code: nothing of the text is lost, and lines in a row give what the whole gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.render.highlight import (
    LONGEST_LINE,
    WHOLE_LIMIT,
    Line,
    StreamingHighlighter,
    highlight,
    highlighted_lines,
    is_worth_lexing,
)

LANGUAGES = [
    "python",
    "js",
    "bash",
    "html",
    "json",
    "yaml",
    "c",
    "rust",
    "ruby",
    "diff",
    "console",
    "text",
    "",
    "nonesuch",
]
PYTHON = '''import os

@wraps
def run(self, x: int) -> str:
    """Says
    what it does."""
    return f"{x:>3}" + 'y' * 12  # why
'''


def text_of(lines: list[Line]) -> str:
    return "\n".join("".join(run.text for run in line) for line in lines)


def colours(line: Line) -> dict[str, str]:
    return {run.text.strip(): run.colour for run in line}


def streamed(code: str, language: str) -> list[Line]:
    highlighter = StreamingHighlighter(language)
    return [highlighter.feed(line) for line in code.split("\n")]


@settings(deadline=None, max_examples=150)
@given(st.text(alphabet="ab =\"'#/*{}<>$\n\t12:-`😀é", max_size=120), st.sampled_from(LANGUAGES))
def test_no_character_is_lost(code: str, language: str) -> None:
    assert text_of(list(highlighted_lines(code, language))) == code
    assert text_of(streamed(code, language)) == code


def test_python_is_coloured_by_meaning() -> None:
    lines = highlight(PYTHON, "python")
    assert colours(lines[0])["import"] == "syntax_keyword"
    assert colours(lines[2])["@wraps"] == "syntax_function"
    assert colours(lines[3])["run"] == "syntax_function"
    assert colours(lines[4])['"""Says'] == "syntax_string"
    assert colours(lines[6])["return"] == "syntax_keyword"
    assert colours(lines[6])["# why"] == "syntax_comment"
    assert "syntax_number" in colours(lines[6]).values()


def test_a_string_over_lines_is_remembered_while_code_streams() -> None:
    assert streamed(PYTHON, "python") == list(highlight(PYTHON, "python"))


@pytest.mark.parametrize("language", ["Python", "PYTHON", "py", "python3"])
def test_a_language_is_known_by_its_aliases_in_any_case(language: str) -> None:
    assert highlight("def f(): pass", language)[0][0] == ("def ", "syntax_keyword")


@pytest.mark.parametrize("language", ["", "nonesuch", "../../etc", "python;rm"])
def test_an_unknown_language_stays_plain(language: str) -> None:
    assert highlight("def f(): pass", language) == ((("def f(): pass", ""),),)


@pytest.mark.parametrize("code", ["x" * (LONGEST_LINE + 1), "x = 1\n" * WHOLE_LIMIT])
def test_data_is_not_lexed(code: str) -> None:
    assert not is_worth_lexing(code)
    assert {run.colour for line in highlighted_lines(code, "python") for run in line} == {""}


def test_a_long_line_stays_plain_while_code_streams() -> None:
    line = "x = 'a' " * LONGEST_LINE
    assert StreamingHighlighter("python").feed(line) == ((line, ""),)
