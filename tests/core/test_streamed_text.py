from __future__ import annotations

import pytest

from app.core.streamed_text import LinePosition, may_become, open_length


def test_may_become():
    assert may_become("<th", ["<think>"])
    assert may_become("", ["<think>"])
    assert not may_become("<think>", ["<think>"])
    assert not may_become("<to", ["<think>"])


@pytest.mark.parametrize(
    ("text", "length"), [("abc<", 1), ("abc</th", 4), ("abc</think>", 0), ("abc<<", 1), ("", 0), ("</thx", 0)]
)
def test_open_length(text: str, length: int):
    assert open_length(text, ["</think>", "<end>"]) == length


@pytest.mark.parametrize(
    ("text", "at_start"),
    [
        ("", True),
        ("a", False),
        ("a\n", True),
        ("```\n", False),
        ("```py\ncode\n", False),
        ("```py\ncode\n```\n", True),
        ("```py\n```py\n", False),
        ("   ````  \n", False),
        ("x" * 500 + "\n", True),
        ("not ```\n", True),
    ],
)
def test_line_position(text: str, at_start: bool):
    whole, letters = LinePosition(), LinePosition()
    whole.pass_over(text)
    for letter in text:
        letters.pass_over(letter)
    assert whole.at_start is letters.at_start is at_start
