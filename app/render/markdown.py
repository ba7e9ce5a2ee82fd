"""Markdown into plain leaves: CommonMark with tables, strikethrough and bare addresses.

Model output is untrusted: raw HTML shows as text and nothing is ever fetched.
A document is flat: a list or a quote is not a node but a property of the blocks inside it, so that
a long list falls into many small blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from app.render.inline import Runs, inline_runs

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

BULLET = "•"


class BlockKind(StrEnum):
    """What a block is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    CODE = "code"
    TABLE = "table"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Table:
    """A table's cells. Every row has as many cells as the header.

    `alignments` holds "left", "right", "center" or "" for each column.
    """

    header: tuple[Runs, ...]
    rows: tuple[tuple[Runs, ...], ...]
    alignments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One leaf of a document.

    Attributes:
        level: 1 to 6 for a heading, else 0.
        depth: How many lists it stands in.
        marker: "•" or "3." on the first block of a list item, else "".
        quote: How many block quotes it stands in.
        tight: No blank line stands before it, so it belongs close to the block above.
        language: First word of a code fence's info string, as written.
        code: The code, without the fence and without its last newline.
        closed: False for a code fence whose end has not been seen.
    """

    kind: BlockKind
    runs: Runs = ()
    level: int = 0
    depth: int = 0
    marker: str = ""
    quote: int = 0
    tight: bool = False
    language: str = ""
    code: str = ""
    closed: bool = True
    table: Table | None = None


def split_blocks(text: str) -> list[Block]:
    """A whole document as blocks."""
    source = normalised(text)
    return [block for unit in block_units(source, parse_tokens(source, {})) for block in unit.blocks]


def normalised(text: str) -> str:
    """Line ends as newlines and no NUL, as CommonMark asks."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def warm_up() -> None:
    """Load the parser, which takes about 60 ms, before the first answer needs it."""
    split_blocks("- **a** `b`\n\n|c|\n|-|\n|d|")


def parse_tokens(source: str, environment: dict[str, Any]) -> list[Token]:
    """markdown-it's tokens of normalised text; link definitions are read from and left in `environment`."""
    return _parser().parse(source, environment)


@cache
def _parser() -> MarkdownIt:
    # Imported late: 60 ms that the window need not wait for.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": True})
    parser.enable(["table", "strikethrough", "linkify"])
    # Whether an address is offered is decided below, where a refused one can still be shown.
    parser.validateLink = _accept_address  # type: ignore[method-assign, assignment]
    if parser.linkify is not None:
        # Bare names stay text: with fuzzy links "main.py" would become an address in Paraguay.
        parser.linkify.set({"fuzzy_link": False})
        for schema in ("ftp:", "//"):
            parser.linkify.add(schema, None)
    return parser


def _accept_address(_address: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a document that can be parsed by itself: a top-level element, or an item of a top-level list.

    Attributes:
        start, end: Its lines, from 0; `end` is the line after its last one.
        decided_by: The line that makes it begin where it does: its first; a table's second, the delimiter row.
        number: The item's number if the list began before it, else None.
        fence: The fence's characters if it is a code fence, else "".
    """

    start: int
    end: int
    decided_by: int
    number: int | None
    fence: str
    blocks: list[Block]


def block_units(source: str, tokens: Sequence[Token], before: str = "", number: int | None = None) -> list[Unit]:
    """The units of some normalised source and its tokens, in order.

    Where the source is the rest of a document, `before` is the line in front of it, and `number` that of
    its first list item if it begins in the middle of a list.
    """
    lines = [*source.split("\n"), before]
    units: list[Unit] = []
    begin = 0
    for index, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            units += _Flattener(lines, None if units else number).units(tokens[begin : index + 1])
            begin = index + 1
    return units


class _Flattener:
    """Turns the tokens of one top-level element into units of blocks."""

    def __init__(self, lines: Sequence[str], number: int | None) -> None:
        self._lines = lines
        self._number = number
        self._units: list[Unit] = []
        self._blocks: list[Block] = []
        self._lists: list[_List] = []
        self._quote = 0
        self._marker = ""

    def units(self, tokens: Sequence[Token]) -> list[Unit]:
        first = tokens[0]
        if first.type not in ("bullet_list_open", "ordered_list_open"):
            decided_by = 1 if first.type == "table_open" else 0
            self._begin_unit(first, None, decided_by, first.markup if first.type == "fence" else "")
        for index, token in enumerate(tokens):
            self._take(token, tokens, index)
        return self._units

    def _begin_unit(self, token: Token, number: int | None, decided_by: int = 0, fence: str = "") -> None:
        start, end = token.map or (0, 0)
        self._blocks = []
        self._units.append(Unit(start, end, start + decided_by, number, fence, self._blocks))

    def _take(self, token: Token, tokens: Sequence[Token], index: int) -> None:
        if token.type in ("paragraph_open", "heading_open"):
            self._add_text(token, tokens[index + 1])
        elif token.type in ("fence", "code_block"):
            self._add(_code_block(token), token)
        elif token.type == "hr":
            self._add(Block(BlockKind.RULE), token)
        elif token.type == "table_open":
            self._add(Block(BlockKind.TABLE, table=_table(tokens[index:])), token)
        else:
            self._enter_or_leave(token)

    def _enter_or_leave(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._begin_list(_List(), token)
            case "ordered_list_open":
                start = token.attrGet("start")
                self._begin_list(_List(1 if start is None else int(start), token.markup), token)
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._begin_item(token)
            case "list_item_close":
                self._put_marker_alone(token)
            case "blockquote_open":
                self._quote += 1
            case "blockquote_close":
                self._quote -= 1

    def _begin_list(self, new: _List, token: Token) -> None:
        if token.level == 0 and self._number is not None:
            new.number, new.items = self._number, 1
        self._put_marker_alone(token)
        self._lists.append(new)

    def _begin_item(self, token: Token) -> None:
        current = self._lists[-1]
        if token.level == 1 and len(self._lists) == 1 and not self._quote:
            self._begin_unit(token, current.number if current.items else None)
        self._marker = current.next_marker()

    def _put_marker_alone(self, token: Token) -> None:
        """An item without text of its own still shows its marker."""
        if self._marker:
            self._add(Block(BlockKind.PARAGRAPH), token)

    def _add_text(self, opening: Token, inline: Token) -> None:
        runs = inline_runs(inline.children or ())
        if opening.type == "heading_open":
            self._add(Block(BlockKind.HEADING, runs, level=int(opening.tag[1:])), opening)
        else:
            self._add(Block(BlockKind.PARAGRAPH, runs), opening)

    def _add(self, block: Block, token: Token) -> None:
        if self._marker and block.kind in (BlockKind.CODE, BlockKind.TABLE, BlockKind.RULE):
            self._put_marker_alone(token)
        # The line before the first one stands at the end of the list, where index -1 finds it.
        tight = token.map is not None and bool(self._lines[token.map[0] - 1].strip())
        self._blocks.append(replace(block, depth=len(self._lists), marker=self._marker, quote=self._quote, tight=tight))
        self._marker = ""


@dataclass(slots=True)
class _List:
    """A list under way: `number` is that of the next item, None without numbers."""

    number: int | None = None
    delimiter: str = ""
    items: int = 0

    def next_marker(self) -> str:
        self.items += 1
        if self.number is None:
            return BULLET
        self.number += 1
        return f"{self.number - 1}{self.delimiter}"


def _code_block(token: Token) -> Block:
    language = (token.info.split() or [""])[0]
    content = token.content
    lines = content.count("\n") + (not content.endswith("\n") and content != "")
    start, end = token.map or (0, 0)
    closed = token.type != "fence" or end - start == lines + 2
    return Block(BlockKind.CODE, language=language, code=content.removesuffix("\n"), closed=closed)


def _table(tokens: Sequence[Token]) -> Table:
    rows: list[list[Runs]] = []
    alignments: list[str] = []
    for index, token in enumerate(tokens):
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            rows[-1].append(inline_runs(tokens[index + 1].children or ()))
            if token.type == "th_open":
                alignments.append(str(token.attrGet("style") or "").removeprefix("text-align:"))
    header, *body = (tuple(row) for row in rows)
    return Table(header, tuple(body), tuple(alignments))
