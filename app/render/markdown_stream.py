"""Markdown that arrives in pieces: what is settled stays, only the tail is parsed again.

A top-level element, or an item of a top-level list, is settled once the next one begins on a complete
line (a table: on two): text that comes later can then no longer change it (an incomplete line can:
`foo\\n#` becomes `foo\\n#bar`). At every moment the blocks equal those of one parse of all the text so
far (a carriage return at its end is held back).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.render.markdown import Block, Unit, block_units, normalised, parse_tokens


class StreamingMarkdown:
    """A document under way. `feed` costs as much as its last element is long, an open code fence nothing."""

    def __init__(self) -> None:
        self._source: list[str] = []
        self._blocks: list[Block] = []
        self._settled = 0
        self._tail = ""
        self._before = ""
        self._number: int | None = None
        self._held = ""
        self._fence: _OpenFence | None = None
        self._settled_links: dict[str, Any] = {}
        self._links_used: dict[str, str] = {}

    @property
    def blocks(self) -> Sequence[Block]:
        """The document so far; not to be changed."""
        return self._blocks

    def feed(self, text: str) -> tuple[int, Sequence[Block]]:
        """Add text. Returns the index of the first block that is new or changed, and all blocks."""
        text = self._held + text
        # The second half of a split "\r\n" may still come.
        self._held = "\r" if text.endswith("\r") else ""
        return self._advance(normalised(text.removesuffix("\r")))

    def finish(self) -> tuple[int, Sequence[Block]]:
        """The text is complete. Returns what `feed` does."""
        held, self._held = self._held, ""
        return self._advance(normalised(held))

    def _advance(self, text: str) -> tuple[int, Sequence[Block]]:
        before, start = self._blocks.copy(), self._settled
        self._source.append(text)
        if self._fence is not None:
            text = self._feed_fence(self._fence, text)
        if self._fence is None:
            self._tail += text
            start = min(start, self._parse_tail())
        return _first_difference(before, self._blocks, start), self._blocks

    def _feed_fence(self, fence: _OpenFence, text: str) -> str:
        """Put text into the open fence; what follows its end is returned."""
        rest = fence.feed(text)
        self._blocks[-1] = fence.block()
        if rest is None:
            return ""
        self._fence = None
        self._tail, self._before, self._number = "", fence.markup, None
        self._settled = len(self._blocks)
        return rest

    def _parse_tail(self) -> int:
        """Replace the blocks behind the settled ones; returns the first index that may have changed."""
        environment = {"references": dict(self._settled_links)}
        tokens = parse_tokens(self._tail, environment)
        links = {label: link["href"] for label, link in environment["references"].items()}
        if links != self._links_used and self._settled:
            return self._start_over(links)
        self._links_used = links
        units = block_units(self._tail, tokens, self._before, self._number)
        first = self._settled
        self._blocks[first:] = [block for unit in units for block in unit.blocks]
        self._settle(units)
        return first

    def _start_over(self, links: dict[str, str]) -> int:
        """A link definition came or changed: it holds for all the text before it too."""
        self._tail = "".join(self._source)
        self._settled = 0
        self._before, self._number = "", None
        self._settled_links = {}
        self._links_used = links
        return self._parse_tail()

    def _settle(self, units: list[Unit]) -> None:
        lines = self._tail.split("\n")
        count = _settled_units(units, len(lines) - 1)
        if count:
            self._settled += sum(len(unit.blocks) for unit in units[:count])
            self._number = units[count].number
            boundary = _boundary(lines, units[count - 1].end, units[count].start)
            self._keep_links("\n".join(lines[:boundary]))
            self._tail, self._before = "\n".join(lines[boundary:]), lines[boundary - 1]
        if len(units) == count + 1 and units[-1].fence and not self._blocks[-1].closed:
            self._fence = _OpenFence.of(self._tail, units[-1].fence, self._blocks[-1])

    def _keep_links(self, settled_source: str) -> None:
        if "]:" in settled_source:
            parse_tokens(settled_source, {"references": self._settled_links})


def _settled_units(units: list[Unit], complete_lines: int) -> int:
    """How many units are followed by one that begins on complete lines."""
    count = len(units) - 1
    while count > 0 and units[count].decided_by >= complete_lines:
        count -= 1
    return max(count, 0)


def _boundary(lines: list[str], end: int, start: int) -> int:
    """Where the tail begins: what lies between two units, blank lines or definitions, stays with the later one."""
    line = min(end, start)
    while line and not lines[line - 1].strip():
        line -= 1
    return line


def _first_difference(before: Sequence[Block], after: Sequence[Block], start: int) -> int:
    """The first index from `start` on where two documents differ."""
    shared = min(len(before), len(after))
    return next((index for index in range(start, shared) if before[index] != after[index]), max(start, shared))


@dataclass
class _OpenFence:
    """A code fence at the top level whose end has not come: its lines need no parser."""

    markup: str
    start: Block
    closing: re.Pattern[str]
    complete: str
    partial: str = ""
    closed: bool = False

    @classmethod
    def of(cls, tail: str, markup: str, block: Block) -> _OpenFence | None:
        """Take over from the parser; None where it knows better (an indented fence, an unfinished first line)."""
        opening, newline, content = tail.lstrip("\n").partition("\n")
        if not newline or not opening.startswith(markup):
            return None
        closing = re.compile(rf" {{0,3}}{re.escape(markup)}{re.escape(markup[0])}*[ \t]*")
        complete, newline, partial = content.rpartition("\n")
        return cls(markup, block, closing, complete + newline, partial)

    def feed(self, text: str) -> str | None:
        """Add text; None while the fence is open, else what follows its closing line."""
        *lines, self.partial = (self.partial + text).split("\n")
        for index, line in enumerate(lines):
            if self.closing.fullmatch(line):
                rest = "\n".join([*lines[index + 1 :], self.partial])
                self.complete += "".join(f"{kept}\n" for kept in lines[:index])
                self.partial, self.closed = "", True
                return rest
        self.complete += "".join(f"{line}\n" for line in lines)
        return None

    def block(self) -> Block:
        """The code so far. A last line that would end the fence is not code, though it may become so;
        nor is one of blanks alone, which the parser does not see before its newline.
        """
        ends = self.closed or self.closing.fullmatch(self.partial) is not None
        code = self.complete if ends or not self.partial.strip(" \t") else self.complete + self.partial
        return replace(self.start, code=code.removesuffix("\n"), closed=ends)
