"""Small questions about text that is still arriving."""

from __future__ import annotations

from collections.abc import Iterable


def may_become(text: str, whole: Iterable[str]) -> bool:
    """True if more text can still make one of `whole` out of `text`."""
    return any(len(text) < len(wanted) and wanted.startswith(text) for wanted in whole)


def open_length(text: str, whole: Iterable[str]) -> int:
    """Length of the longest end of `text` that is the beginning, but not all, of one of `whole`."""
    longest = 0
    for wanted in whole:
        for length in range(min(len(text), len(wanted) - 1), longest, -1):
            if text.endswith(wanted[:length]):
                longest = length
                break
    return longest


class LinePosition:
    """Where in its lines a text stands: at the start of one or not, inside a fence of ``` or not."""

    _ENOUGH = 80
    """Characters of a line that are kept: a fence is never longer."""

    def __init__(self) -> None:
        self._line = ""
        self._fenced = False

    @property
    def at_start(self) -> bool:
        """The next character is the first of a line that is not code."""
        return not self._line and not self._fenced

    def pass_over(self, text: str) -> None:
        """Go on by a text."""
        *ended, last = text.split("\n")
        for rest in ended:
            self._end_line(self._line + rest)
        self._line = (self._line + last)[: self._ENOUGH]

    def _end_line(self, line: str) -> None:
        line, self._line = line[: self._ENOUGH].strip(), ""
        if not self._fenced:
            self._fenced = line.startswith("```")
        elif line.startswith("```"):
            # A fence with a language behind it opens; it never closes.
            self._fenced = bool(line.strip("`"))
