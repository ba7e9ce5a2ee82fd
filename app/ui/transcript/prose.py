"""Paragraphs, headings, lists and quotes of an answer as one selectable text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QTextBlockFormat, QTextCursor
from PySide6.QtWidgets import QWidget

from app.render.markdown import Block
from app.ui.transcript.block_format import LINE_BREAK, gap_between
from app.ui.transcript.grounds import draw_grounds
from app.ui.transcript.look import Look
from app.ui.transcript.text_piece import TextPiece


class Prose(TextPiece):
    """Some blocks as text. Each block is one QTextBlock, so that a change touches only what follows it."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look.theme, parent)
        self._look = look
        self._blocks: list[Block] = []
        self.setAccessibleName("Answer")

    @property
    def blocks(self) -> Sequence[Block]:
        """What it shows."""
        return self._blocks

    def set_blocks(self, blocks: Sequence[Block]) -> None:
        """Show `blocks`; those that begin like the ones shown stay untouched."""
        first = 0
        for old, new in zip(self._blocks, blocks, strict=False):
            if old != new:
                break
            first += 1
        if first == len(blocks) == len(self._blocks):
            return
        is_last = len(blocks) == len(self._blocks) == first + 1
        added = _added_text(self._blocks[first], blocks[first]) if is_last else ""
        with self.editing() as cursor:
            if added:
                self._extend(cursor, blocks[first], added)
            else:
                self._rewrite(cursor, blocks, first)
        self._blocks = list(blocks)

    def restyle(self) -> None:
        """Take the fonts and colours of the look."""
        blocks, self._blocks = self._blocks, []
        self.document().clear()
        self._set_up_document()
        self.set_blocks(blocks)

    def _draw_grounds(self, painter: QPainter, exposed: QRect) -> None:
        draw_grounds(painter, self.document(), exposed, self._theme.theme)

    def _extend(self, cursor: QTextCursor, block: Block, added: str) -> None:
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(added.replace("\n", LINE_BREAK), self._look.formats.run_format(block.runs[-1], block))

    def _rewrite(self, cursor: QTextCursor, blocks: Sequence[Block], first: int) -> None:
        self._remove_from(cursor, blocks, first)
        for index in range(first, len(blocks)):
            if index:
                cursor.insertBlock(self._block_format(blocks, index))
            else:
                cursor.setBlockFormat(self._block_format(blocks, index))
            self._write(cursor, blocks[index])

    def _remove_from(self, cursor: QTextCursor, blocks: Sequence[Block], first: int) -> None:
        """Remove the blocks from `first` on and stand where they began."""
        if first:
            above = self.document().findBlockByNumber(first - 1)
            cursor.setPosition(above.position() + above.length() - 1)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        if first:
            # Where the block above is empty, as a rule is, Qt lets it take the format of what was removed.
            cursor.setBlockFormat(self._block_format(blocks, first - 1))

    def _block_format(self, blocks: Sequence[Block], index: int) -> QTextBlockFormat:
        above = blocks[index - 1] if index else None
        return self._look.formats.block_format(blocks[index], gap_between(above, blocks[index]))

    def _write(self, cursor: QTextCursor, block: Block) -> None:
        if block.marker:
            cursor.insertText(f"{block.marker}\t", self._look.formats.marker_format(block))
        for text, char_format in self._look.formats.padded_runs(block):
            cursor.insertText(text, char_format)


def _added_text(old: Block, new: Block) -> str:
    """What was added to the last run of a block; "" if the block changed in any other way."""
    if not old.runs or replace(old, runs=new.runs) != new or old.runs[:-1] != new.runs[:-1]:
        return ""
    before, after = old.runs[-1], new.runs[len(old.runs) - 1 :]
    if len(after) != 1 or after[0].code or not after[0].styled_like(before):
        return ""
    return after[0].text.removeprefix(before.text) if after[0].text.startswith(before.text) else ""
