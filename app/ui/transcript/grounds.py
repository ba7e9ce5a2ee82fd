"""What lies behind the text of an answer: grounds of inline code, bars of quotes, rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter, QTextBlock, QTextDocument, QTextLine

from app.ui.theme import Theme
from app.ui.transcript.block_format import (
    BLEED,
    CODE_PADDING,
    CODE_PROPERTY,
    QUOTE_INDENT,
    QUOTE_PROPERTY,
    RULE_PROPERTY,
)
from app.ui.widgets.painting import draw_box


def draw_grounds(painter: QPainter, document: QTextDocument, exposed: QRect, theme: Theme) -> None:
    """Draw them for the blocks that touch `exposed`, in the document's coordinates."""
    layout = document.documentLayout()
    block = document.begin()
    while block.isValid():
        # Its corner is right even in the cell of a table; its height forgets that lines of fixed height
        # are set lower.
        place = layout.blockBoundingRect(block)
        place.setHeight(block.layout().lineCount() * block.blockFormat().lineHeight())
        if place.bottom() >= exposed.top() and place.top() <= exposed.bottom():
            _draw_block_grounds(painter, block, place, theme)
        block = block.next()


def _draw_block_grounds(painter: QPainter, block: QTextBlock, place: QRectF, theme: Theme) -> None:
    form = block.blockFormat()
    if form.hasProperty(QUOTE_PROPERTY):
        _draw_quote_bars(painter, block, place, theme)
    if form.hasProperty(RULE_PROPERTY):
        width = block.document().textWidth() - place.left() - BLEED
        painter.fillRect(QRectF(place.left(), place.top(), width, 1), theme.color("line"))
    for rect in _code_rects(block):
        ground, line = theme.color("code_ground"), theme.color("line")
        draw_box(painter, rect.translated(place.topLeft()), 4, ground, line)


def _draw_quote_bars(painter: QPainter, block: QTextBlock, place: QRectF, theme: Theme) -> None:
    form, above = block.blockFormat(), block.previous().blockFormat()
    goes_on = above.hasProperty(QUOTE_PROPERTY)
    top = place.top() - (form.topMargin() if goes_on else 0)
    for level in range(int(form.property(QUOTE_PROPERTY))):
        painter.fillRect(QRectF(BLEED + level * QUOTE_INDENT, top, 3, place.bottom() - top), theme.color("line"))


def _code_rects(block: QTextBlock) -> Iterator[QRectF]:
    """Where the runs of inline code lie, line by line, relative to the block."""
    for start, end in _code_spans(block):
        position = start
        while position < end:
            line = block.layout().lineForTextPosition(position)
            if not line.isValid():
                break
            stop = min(end, line.textStart() + line.textLength())
            yield _span_rect(line, position, stop)
            position = max(stop, position + 1)


def _code_spans(block: QTextBlock) -> Iterator[tuple[int, int]]:
    """First position and position after the last of each run of inline code."""
    start = end = -1
    for fragment in _fragments(block):
        if fragment[2]:
            start = fragment[0] if fragment[0] != end else start
            end = fragment[1]
        elif start >= 0:
            yield start, end
            start = end = -1
    if start >= 0:
        yield start, end


def _fragments(block: QTextBlock) -> Iterator[tuple[int, int, bool]]:
    iterator = block.begin()
    while not iterator.atEnd():
        fragment = iterator.fragment()
        start = fragment.position() - block.position()
        yield start, start + fragment.length(), fragment.charFormat().hasProperty(CODE_PROPERTY)
        iterator += 1


def _span_rect(line: QTextLine, start: int, stop: int) -> QRectF:
    left, right = _x(line, start), _x(line, stop)
    rect = QRectF(min(left, right), line.y(), abs(right - left), line.height())
    return rect.adjusted(-CODE_PADDING, 0, 0, 1)


def _x(line: QTextLine, position: int) -> float:
    # PySide's stubs hide that the position which was really used comes beside the place.
    place: Any = line.cursorToX(position)
    return float(place[0])
