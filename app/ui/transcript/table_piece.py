"""A table of an answer, with thin lines between its rows. A wide one scrolls sideways."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import (
    QPainter,
    QTextBlockFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextTable,
    QTextTableCell,
    QTextTableCellFormat,
    QTextTableFormat,
    QWheelEvent,
)
from PySide6.QtWidgets import QTextBrowser, QWidget

from app.render.inline import Run, Runs
from app.render.markdown import Block, BlockKind, Table
from app.ui.transcript.grounds import draw_grounds
from app.ui.transcript.look import Look
from app.ui.transcript.text_piece import TextPiece

_NARROWEST_COLUMN = 72
_ALIGNMENTS = {"right": Qt.AlignmentFlag.AlignRight, "center": Qt.AlignmentFlag.AlignHCenter}


class TablePiece(TextPiece):
    """One table. New rows are added to it as they stream in."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look.theme, parent)
        self._look = look
        self._shown: Table | None = None
        self._table: QTextTable | None = None
        self.setAccessibleName("Table")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)

    def set_table(self, table: Table) -> None:
        """Show `table`; rows that stay the same stay untouched."""
        shown, self._shown = self._shown, table
        goes_on = shown is not None and _goes_on(shown, table)
        if not goes_on:
            self.document().clear()
            self._set_up_document()
            self._wrap_at(self._fitted_width)
        with self.editing() as cursor:
            if shown is not None and self._table is not None and goes_on:
                kept = _equal_rows(shown, table)
                self._table.appendRows(len(table.rows) - len(shown.rows))
            else:
                kept = 0
                self._build(cursor, table)
            self._write_rows(table, kept)

    def restyle(self) -> None:
        """Take the fonts and colours of the look."""
        table, self._shown = self._shown, None
        if table is not None:
            self.set_table(table)

    def wheelEvent(self, event: QWheelEvent) -> None:
        sideways = event.angleDelta().x() or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if sideways and self.horizontalScrollBar().maximum():
            QTextBrowser.wheelEvent(self, event)
        else:
            event.ignore()

    def _draw_grounds(self, painter: QPainter, exposed: QRect) -> None:
        draw_grounds(painter, self.document(), exposed, self._theme.theme)

    def _wrap_at(self, width: int) -> None:
        columns = len(self._shown.header) if self._shown is not None else 0
        super()._wrap_at(max(width, columns * _NARROWEST_COLUMN))

    def _text_height(self) -> int:
        too_wide = self.document().size().width() > self._fitted_width
        return super()._text_height() + (self.horizontalScrollBar().sizeHint().height() if too_wide else 0)

    def _build(self, cursor: QTextCursor, table: Table) -> None:
        form = QTextTableFormat()
        form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
        form.setBorder(0)
        form.setCellSpacing(0)
        form.setHeaderRowCount(1)
        self._table = cursor.insertTable(1 + len(table.rows), len(table.header), form)
        # The block that Qt keeps behind a table shall take no room.
        thin = QTextBlockFormat()
        thin.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        end = QTextCursor(self.document())
        end.movePosition(QTextCursor.MoveOperation.End)
        end.setBlockFormat(thin)
        self._write_row(0, [_bold(cell) for cell in table.header], table.alignments)

    def _write_rows(self, table: Table, kept: int) -> None:
        for index in range(kept, len(table.rows)):
            self._write_row(index + 1, table.rows[index], table.alignments)

    def _write_row(self, row: int, cells: Sequence[Runs], alignments: Sequence[str]) -> None:
        assert self._table is not None
        for column, runs in enumerate(cells):
            cell = self._table.cellAt(row, column)
            cell.setFormat(self._cell_format(is_head=row == 0, is_first=column == 0))
            self._write_cell(cell, runs, alignments[column])

    def _write_cell(self, cell: QTextTableCell, runs: Runs, alignment: str) -> None:
        block = Block(BlockKind.PARAGRAPH, runs)
        cursor = cell.firstCursorPosition()
        cursor.setPosition(cell.lastCursorPosition().position(), QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        form = self._look.formats.block_format(block, 0)
        form.setAlignment(_ALIGNMENTS.get(alignment, Qt.AlignmentFlag.AlignLeft))
        cursor.setBlockFormat(form)
        for text, char_format in self._look.formats.padded_runs(block):
            cursor.insertText(text, char_format)

    def _cell_format(self, *, is_head: bool, is_first: bool) -> QTextTableCellFormat:
        form = QTextTableCellFormat()
        form.setTopPadding(5)
        form.setBottomPadding(5)
        form.setLeftPadding(0 if is_first else 12)
        form.setRightPadding(12)
        form.setBottomBorder(1)
        form.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        form.setBottomBorderBrush(self._theme.theme.color("faint" if is_head else "line"))
        return form


def _goes_on(old: Table, new: Table) -> bool:
    """True if `new` has the head of `old` and at least as many rows."""
    return old.header == new.header and old.alignments == new.alignments and len(new.rows) >= len(old.rows)


def _equal_rows(old: Table, new: Table) -> int:
    pairs = zip(old.rows, new.rows, strict=False)
    return next((index for index, (before, after) in enumerate(pairs) if before != after), len(old.rows))


def _bold(runs: Runs) -> Runs:
    return tuple(Run(run.text, True, run.italic, run.struck, run.code, run.href) for run in runs)
