"""An answer: prose, code cards and tables, in the order of its blocks."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, Signal
from PySide6.QtWidgets import QWidget

from app.render.markdown import Block, BlockKind
from app.render.markdown_stream import StreamingMarkdown
from app.ui.transcript.block_format import BLEED, gap_between
from app.ui.transcript.code_card import CodeCard
from app.ui.transcript.column import Column
from app.ui.transcript.look import Look
from app.ui.transcript.prose import Prose
from app.ui.transcript.table_piece import TablePiece
from app.ui.transcript.text_piece import TextPiece

_PIECE_CHARACTERS = 2_000
_PIECE_BLOCKS = 24
"""A text widget holds no more than this before the next begins: laying one out again stays cheap."""


class Answer(Column):
    """Markdown text as widgets. Added text touches the last of them, or what follows it.

    Signals:
        link_clicked(str): A link was chosen; nothing has been opened.
        caret_moved(QWidget, QRect): The keyboard moved a caret; where, in that widget.
    """

    link_clicked = Signal(str)
    caret_moved = Signal(QWidget, QRect)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._text = ""
        self._markdown = StreamingMarkdown()
        self._growing = False
        self._starts: list[int] = []

    @property
    def text(self) -> str:
        """The Markdown it shows."""
        return self._text

    def set_text(self, text: str, *, growing: bool) -> None:
        """Show `text`, which may go on if `growing`; what it begins with is kept if shown already."""
        if not growing and self._text.rstrip() == text:
            text = self._text
        if not text.startswith(self._text):
            self._text = ""
            self._markdown = StreamingMarkdown()
        self.append_text(text[len(self._text) :])
        if not growing:
            self._show(*self._markdown.finish(), growing=False)

    def append_text(self, text: str) -> None:
        """Add text at the end."""
        self._text += text
        self._show(*self._markdown.feed(text), growing=True)

    def restyle(self) -> None:
        """Take the fonts and colours of the look."""
        with self.one_layout():
            for piece in self.widgets():
                assert isinstance(piece, Prose | CodeCard | TablePiece)
                piece.restyle()
            self._show(0, self._markdown.blocks, growing=self._growing)

    def shown_text(self) -> str:
        """What the widgets show, as plain text."""
        return "\n\n".join(
            piece.text.code if isinstance(piece, CodeCard) else piece.document().toPlainText().rstrip("\n")
            for piece in self.widgets()
            if isinstance(piece, CodeCard | TextPiece)
        )

    def _show(self, first: int, blocks: Sequence[Block], *, growing: bool) -> None:
        self._growing = growing
        with self.one_layout():
            index = self._piece_with(first)
            start = self._starts[index] if index < len(self._starts) else 0
            for stop in _piece_ends(blocks, start):
                self._show_piece(index, blocks, start, stop, growing)
                start = stop
                index += 1
            while len(self) > index:
                self.discard(len(self) - 1)
                self._starts.pop()

    def _piece_with(self, block: int) -> int:
        """The piece from which on pieces are made again when `block` has changed: the one it would continue."""
        index = len(self._starts)
        while index and self._starts[index - 1] >= block:
            index -= 1
        return max(index - 1, 0)

    def _show_piece(self, index: int, blocks: Sequence[Block], start: int, stop: int, growing: bool) -> None:
        block = blocks[start]
        kind = _PIECES.get(block.kind, Prose)
        while index < len(self) and type(self.widgets()[index]) is not kind:
            self.discard(len(self) - 1)
            self._starts.pop()
        if index == len(self):
            self._append_piece(kind)
            self._starts.append(start)
        self._starts[index] = start
        gap = gap_between(blocks[start - 1] if start else None, block)
        self.set_place(index, gap, 0 if kind is Prose else self._look.formats.indent_of(block))
        piece = self.widgets()[index]
        if isinstance(piece, CodeCard):
            piece.set_block(block, growing=growing and stop == len(blocks) and not block.closed)
        elif isinstance(piece, TablePiece) and block.table is not None:
            piece.set_table(block.table)
        elif isinstance(piece, Prose):
            piece.set_blocks(blocks[start:stop])

    def _append_piece(self, kind: type[Prose | CodeCard | TablePiece]) -> None:
        piece = kind(self._look)
        text = piece.text if isinstance(piece, CodeCard) else piece
        text.link_clicked.connect(self.link_clicked)
        text.caret_moved.connect(self.caret_moved)
        self.append(piece, inset=BLEED if kind is CodeCard else 0)


_PIECES: dict[BlockKind, type[CodeCard | TablePiece]] = {BlockKind.CODE: CodeCard, BlockKind.TABLE: TablePiece}


def _piece_ends(blocks: Sequence[Block], start: int) -> list[int]:
    """Where each piece ends: prose is gathered up to a limit, everything else stands alone."""
    ends: list[int] = []
    characters = 0
    for index in range(start, len(blocks)):
        alone = blocks[index].kind in _PIECES
        full = characters >= _PIECE_CHARACTERS or index - start >= _PIECE_BLOCKS
        if index > start and (alone or full or blocks[index - 1].kind in _PIECES):
            ends.append(index)
            start, characters = index, 0
        characters += sum(len(run.text) for run in blocks[index].runs)
    if start < len(blocks):
        ends.append(len(blocks))
    return ends
