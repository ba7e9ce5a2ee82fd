"""A piece of read-only text in the transcript: native selection, links, and a height of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QMimeData, QRect, QRectF, Qt, QUrl, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from app.ui.theme import ThemeManager
from app.ui.transcript.block_format import BLEED
from app.ui.widgets.painting import draw_focus_ring

_SCROLL_KEYS = {Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Space}
_TAB_REASONS = {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason}


class TextPiece(QTextBrowser):
    """Text that never scrolls by itself upwards or downwards: its owner makes it as high as `fit` says.

    Signals:
        height_changed: What `fit` would return is another number now.
        link_clicked(str): A link was clicked or chosen with the keyboard; nothing has been opened.
        caret_moved(QWidget, QRect): The keyboard moved the caret; this widget, and where in it.
    """

    height_changed = Signal()
    link_clicked = Signal(str)
    caret_moved = Signal(QWidget, QRect)

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fitted_width = -1
        self._fitted_height = 0
        self._ringed = False
        self._set_up_browser()
        self._set_up_document()
        self.anchorClicked.connect(self._on_anchor_clicked)

    def fit(self, width: int) -> int:
        """Lay out for `width` pixels and return the height that takes."""
        if width != self._fitted_width:
            self._fitted_width = width
            self._wrap_at(width)
            self._fitted_height = self._text_height()
        return self._fitted_height

    def ideal_width(self) -> int:
        """The width in pixels at which no line of it would be wrapped; it must be fitted again afterwards."""
        self._fitted_width = -1
        self.document().setTextWidth(-1)
        return math.ceil(self.document().idealWidth()) + 1

    @contextmanager
    def editing(self) -> Iterator[QTextCursor]:
        """Edit the document with the cursor given, then tell the new height.

        The reader's selection stays as it is; left alone it would grow with text that is added behind it.
        """
        caret = self.textCursor()
        anchor, position = caret.anchor(), caret.position()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        yield cursor
        cursor.endEditBlock()
        caret = self.textCursor()
        if (caret.anchor(), caret.position()) != (anchor, position):
            last = self.document().characterCount() - 1
            caret.setPosition(min(anchor, last))
            caret.setPosition(min(position, last), QTextCursor.MoveMode.KeepAnchor)
            self.setTextCursor(caret)
        self._content_changed()

    def _content_changed(self) -> None:
        if self._fitted_width < 0:
            return
        height = self._text_height()
        if height != self._fitted_height:
            self._fitted_height = height
            self.height_changed.emit()

    def _wrap_at(self, width: int) -> None:
        self.setLineWrapColumnOrWidth(width)

    def _text_height(self) -> int:
        return math.ceil(self.document().size().height())

    def _set_up_browser(self) -> None:
        self.setProperty("role", "bare")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setLineWrapMode(QTextBrowser.LineWrapMode.FixedPixelWidth)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )

    def _set_up_document(self) -> None:
        document = self.document()
        document.setUndoRedoEnabled(False)
        document.setDocumentMargin(0)
        frame = document.rootFrame().frameFormat()
        frame.setLeftMargin(BLEED)
        frame.setRightMargin(BLEED)
        document.rootFrame().setFrameFormat(frame)

    def _on_anchor_clicked(self, url: QUrl) -> None:
        self.link_clicked.emit(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))

    # Copying: text only, for the colours of this theme mean nothing elsewhere.

    def createMimeDataFromSelection(self) -> QMimeData:
        data = QMimeData()
        data.setText(self.selected_text())
        return data

    def selected_text(self) -> str:
        """What is selected, as it is copied."""
        return self.textCursor().selection().toPlainText().replace("\t", " ")

    # The keys and wheel turns that scroll belong to the transcript.

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        selecting = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in _SCROLL_KEYS and not selecting:
            event.ignore()
            return
        before = self.textCursor().position()
        super().keyPressEvent(event)
        if self.textCursor().position() != before:
            self.caret_moved.emit(self, self.cursorRect())

    # A ring shows where the keyboard is; a click needs none.

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._ringed = event.reason() in _TAB_REASONS
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._ringed = False
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # A QPainter can only be told where the text has scrolled to, not asked.
        painter.translate(-self.horizontalScrollBar().value(), 0)
        self._draw_grounds(painter, event.rect())
        painter.end()
        super().paintEvent(event)
        if self._ringed:
            ring = QPainter(self.viewport())
            ring.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_focus_ring(ring, QRectF(self.viewport().rect()), 6, self._theme.theme.color("accent"))

    def _draw_grounds(self, painter: QPainter, exposed: QRect) -> None:
        """Draw what lies behind the text; nothing, unless a kind of text has something."""
