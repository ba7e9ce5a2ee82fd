"""How blocks look in a QTextDocument: sizes, distances, and the formats of blocks and runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from PySide6.QtGui import QFont, QTextBlockFormat, QTextCharFormat, QTextFormat, QTextOption

from app.render.inline import Run
from app.render.markdown import Block, BlockKind
from app.ui.theme import ThemeManager

BLEED = 6
"""Pixels that a text widget reaches beyond the text column at either side: grounds of inline code and
focus rings are drawn there, so that the text itself stands exactly on the column's edges."""

_LIST_INDENT = 24
QUOTE_INDENT = 16
CODE_PADDING = 4
LINE_BREAK = "\u2028"
_MARKER_WIDTH = 20
_LINE_HEIGHT = 1.5

QUOTE_PROPERTY = QTextFormat.Property.UserProperty.value + 1
RULE_PROPERTY = QTextFormat.Property.UserProperty.value + 2
CODE_PROPERTY = QTextFormat.Property.UserProperty.value + 3

_HEADINGS = {1: (1.5, 1.35), 2: (1.3, 1.4), 3: (1.15, 1.45)}
"""Size relative to the text and line height relative to that size; lower levels are as large as the text."""


def gap_between(above: Block | None, below: Block) -> int:
    """The distance between two blocks in pixels, on a grid of four."""
    if above is None:
        return 0
    if BlockKind.RULE in (above.kind, below.kind):
        return 16
    if below.kind is BlockKind.HEADING:
        return 20 if below.level <= 2 else 16
    if above.kind is BlockKind.HEADING:
        return 8
    if BlockKind.CODE in (above.kind, below.kind) or BlockKind.TABLE in (above.kind, below.kind):
        return 12
    in_list = below.depth and above.depth
    return 4 if in_list and below.tight else 8 if in_list else 12


class Formats:
    """The formats of one theme and one text size; made anew when either changes."""

    def __init__(self, theme: ThemeManager) -> None:
        self._theme = theme.theme
        self._fonts = theme.fonts
        self._runs: dict[tuple[Run, int, bool], QTextCharFormat] = {}

    @property
    def line_height(self) -> int:
        """Distance of two lines of text in pixels."""
        return round(self._fonts.text.pixelSize() * _LINE_HEIGHT)

    def indent_of(self, block: Block) -> int:
        """How far a block is set in, in pixels; lists more with larger text, so that their numbers fit."""
        return round(block.depth * _LIST_INDENT * self._fonts.scale) + block.quote * QUOTE_INDENT

    def block_format(self, block: Block, gap: int) -> QTextBlockFormat:
        """Where a block stands. `gap` is the distance to the one above it in the same document."""
        made = QTextBlockFormat()
        made.setTopMargin(gap)
        made.setLeftMargin(self.indent_of(block))
        size, relative = self._text_size(block)
        made.setLineHeight(round(size * relative), QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        if block.marker:
            width = round(_MARKER_WIDTH * self._fonts.scale)
            made.setTextIndent(-width)
            made.setTabPositions([QTextOption.Tab(width, QTextOption.TabType.LeftTab)])
        if block.quote:
            made.setProperty(QUOTE_PROPERTY, block.quote)
        if block.kind is BlockKind.RULE:
            made.setProperty(RULE_PROPERTY, True)
            made.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        if block.level:
            made.setHeadingLevel(block.level)
        return made

    def marker_format(self, block: Block) -> QTextCharFormat:
        """How the bullet or number of a list item looks."""
        made = QTextCharFormat(self.run_format(Run(""), block))
        made.setForeground(self._theme.color("secondary"))
        return made

    def run_format(self, run: Run, block: Block, *, padded: bool = False) -> QTextCharFormat:
        """How a run looks in a block. `padded` widens it at its end, to make room for a code ground."""
        key = (Run("", run.bold, run.italic, run.struck, run.code, run.href), self._block_style(block), padded)
        if key not in self._runs:
            self._runs[key] = self._make_run_format(run, block, padded)
        return self._runs[key]

    def padded_runs(self, block: Block) -> Iterator[tuple[str, QTextCharFormat]]:
        """A block's text in pieces of one format, with room for the grounds of its inline code."""
        for run, following in zip_longest(block.runs, block.runs[1:]):
            text = run.text.replace("\n", LINE_BREAK)
            before_code = following is not None and following.code and not text.endswith(LINE_BREAK)
            if run.code or before_code:
                yield text[:-1], self.run_format(run, block)
                yield text[-1:], self.run_format(run, block, padded=True)
            else:
                yield text, self.run_format(run, block)

    def _block_style(self, block: Block) -> int:
        return block.level or (-1 if block.quote else 0)

    def _text_size(self, block: Block) -> tuple[float, float]:
        scale, relative = _HEADINGS.get(block.level, (1.0, _LINE_HEIGHT))
        return self._fonts.text.pixelSize() * scale, relative

    def _make_run_format(self, run: Run, block: Block, padded: bool) -> QTextCharFormat:
        size, _relative = self._text_size(block)
        font = QFont(self._fonts.code if run.code else self._fonts.text)
        code_scale = self._fonts.code.pixelSize() / self._fonts.text.pixelSize()
        font.setPixelSize(round(size * (code_scale if run.code else 1)))
        if run.bold or block.level:
            font.setWeight(QFont.Weight.DemiBold)
        font.setItalic(run.italic)
        font.setStrikeOut(run.struck)
        if padded:
            font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, CODE_PADDING)
        made = QTextCharFormat()
        made.setFont(font)
        made.setForeground(self._theme.color("secondary" if block.quote and not run.code else "text"))
        if run.code:
            made.setProperty(CODE_PROPERTY, True)
        if run.href:
            made.setAnchor(True)
            made.setAnchorHref(run.href)
            made.setForeground(self._theme.color("accent"))
            made.setFontUnderline(True)
        return made
