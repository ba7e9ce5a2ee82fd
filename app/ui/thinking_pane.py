"""What a model thinks before it answers: an aside, folded to its last lines while it streams."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QEvent, QRect, QRectF, Qt, QTimer, QVariantAnimation, Signal
from PySide6.QtGui import QEnterEvent, QFontMetrics, QPainterPath, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QStyle, QWidget

from app.ui.icons import IconSet
from app.ui.theme import ThemeManager
from app.ui.thinking_head import ThinkingHead
from app.ui.thinking_tail import ThinkingTail
from app.ui.transcript.block_format import BLEED
from app.ui.transcript.copy_button import CopyButton
from app.ui.transcript.message_view import count, seconds_text
from app.ui.transcript.plain_text import PlainText
from app.ui.widgets.painting import smooth_painter

_BAR = 3
_RADIUS = 8
_HEAD_PADDING = 20
_PADDING = 17
_BOTTOM = 8
_FOLD_MS = 150
_LONGEST_FOLD = 1_200
"""Pixels; a fold of more than a screen would be a flicker, not a movement."""


class ThinkingPane(QWidget):
    """A thought. Folded it shows its head, and while it streams its last lines; open it shows everything.

    It folds by itself when the answer begins, unless the reader has opened or folded it.

    Signals:
        copy_requested: The thought is wanted on the clipboard.
        caret_moved(QWidget, QRect): The keyboard moved the caret; where, in that widget.
        height_changed: What `fit` would return is another number now.
    """

    copy_requested = Signal()
    caret_moved = Signal(QWidget, QRect)
    height_changed = Signal()

    def __init__(self, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._chunks: list[str] = []
        self._streaming = self._folded = True
        self._touched = self._unfinished = False
        self._seconds = self._share = 0.0
        self._tokens = 0
        self._width = -1
        self._head = ThinkingHead(theme, icons, self)
        self._copy = CopyButton("Copy the thought", theme, icons, self)
        self._tail = ThinkingTail(theme, self)
        self._whole: PlainText | None = None
        self._clock = QElapsedTimer()
        self._ticks = QTimer(self)
        self._ticks.setInterval(1000)
        self._fold = QVariantAnimation(self)
        self._fold.setDuration(_FOLD_MS)
        self._connect()
        self._copy.set_revealed(False)
        self.resume()

    # -- what it shows ---------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The whole thought."""
        if len(self._chunks) > 1:
            self._chunks = ["".join(self._chunks)]
        return self._chunks[0] if self._chunks else ""

    @property
    def is_streaming(self) -> bool:
        """The thought goes on."""
        return self._streaming

    @property
    def is_folded(self) -> bool:
        """Only its head, or its last lines, can be seen."""
        return self._folded

    @property
    def is_moving(self) -> bool:
        """It is being folded or opened just now."""
        return self._fold.state() is QVariantAnimation.State.Running

    @property
    def title(self) -> str:
        """The bold words of its head."""
        return self._head.title

    @property
    def detail(self) -> str:
        """The words after the title."""
        return self._head.detail

    def set_text(self, text: str) -> None:
        """Show `text`; what it begins with is kept if shown already."""
        if text.rstrip() == self.text.rstrip():
            return
        if text.startswith(self.text):
            self.append(text[len(self.text) :])
            return
        self._chunks = [text]
        self._tail.clear()
        self._tail.append(text.lstrip())
        if self._whole is not None:
            self._whole.set_text(text.strip())
        self._changed()

    def append(self, text: str, tokens: int = 0) -> None:
        """The thought goes on; costs as much as is added, folded only what the last lines cost."""
        is_first = not self._chunks
        self._chunks.append(text)
        self._tokens += tokens
        shown = text.lstrip() if is_first else text
        if self._whole is not None:
            self._whole.append_text(shown)
        self._tail.append(shown)
        if tokens:
            self._show_head()
        if self._shows_tail():
            self._changed()

    def resume(self) -> None:
        """The thought streams, from now on or again."""
        self._streaming, self._unfinished = True, False
        self._clock.start()
        self._ticks.start()
        self._show_head()
        self._changed()

    def finish(self, seconds: float, tokens: int = 0, share: float = 0.0, *, unfinished: bool = False) -> None:
        """The thought is over.

        `seconds` is how long it took, `tokens` its length and `share` which part of the context that is;
        0 where it is not known. `unfinished` says that something else than the model ended it.
        """
        self._ticks.stop()
        self._streaming, self._unfinished = False, unfinished
        self._seconds, self._tokens, self._share = seconds, tokens or self._tokens, share
        self.fold_unless_touched()
        self._show_head()
        self._changed()

    def fold_unless_touched(self) -> None:
        """Fold, but leave a pane alone that the reader has opened."""
        if not self._touched and not self._folded:
            self.set_folded(True)

    def set_folded(self, folded: bool) -> None:
        """Fold or open."""
        if folded == self._folded:
            return
        before = self._body_height()
        self._folded = folded
        if not folded and self._whole is None:
            self._build_whole()
        self._show_parts()
        self._show_head()
        self._animate(before, self._body_height())

    def restyle(self) -> None:
        """Take the fonts and colours of the theme."""
        if self._whole is not None:
            self._whole.restyle()
        self._tail.restyle()
        self._place()
        self.update()

    def fit(self, width: int) -> int:
        """Lay out for `width` pixels and return the height that takes."""
        self._width = width
        if self.is_moving:
            return self._head_height() + int(self._fold.currentValue())
        return self._head_height() + self._body_height()

    # -- Qt --------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._copy.set_revealed(True)

    def leaveEvent(self, event: QEvent) -> None:
        self._copy.set_revealed(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme = self._theme.theme
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
        # Only the corners away from the bar are round.
        shape.addRect(QRectF(0, 0, self.width() / 2, self.height()))
        shape.setFillRule(Qt.FillRule.WindingFill)
        painter.fillPath(shape, theme.color("thought_ground"))
        painter.fillRect(QRectF(0, 0, _BAR, self.height()), theme.color("thought_bar"))

    # -- inside ----------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._head.clicked.connect(self._on_head_clicked)
        self._copy.clicked.connect(self._on_copy_clicked)
        self._ticks.timeout.connect(self._show_head)
        self._fold.valueChanged.connect(self._on_fold_value_changed)
        self._fold.finished.connect(self._on_fold_finished)

    def _shows_tail(self) -> bool:
        return self._folded and self._streaming and not self._tail.is_empty

    def _show_parts(self) -> None:
        self._tail.setVisible(self._shows_tail())
        if self._whole is not None:
            self._whole.setVisible(not self._folded)

    def _body_height(self) -> int:
        if not self._folded and self._whole is not None and self._width > 0:
            return self._whole.fit(self._width - 2 * (_PADDING - BLEED)) + _BOTTOM
        return self._tail.height_for_lines() + _BOTTOM if self._shows_tail() else 0

    def _changed(self) -> None:
        self._show_parts()
        self._place()
        self.height_changed.emit()

    def _head_height(self) -> int:
        return QFontMetrics(self._theme.fonts.panel).height() + _HEAD_PADDING

    def _place(self) -> None:
        width, head = self.width(), self._head_height()
        self._head.setGeometry(_BAR, 0, width - _BAR, head)
        size = self._copy.sizeHint()
        self._copy.setGeometry(width - size.width() - 8, (head - size.height()) // 2, size.width(), size.height())
        self._head.set_right_room(size.width() + 12)
        self._tail.setGeometry(_PADDING, head, width - 2 * _PADDING, self._tail.height_for_lines())
        if self._whole is not None and self._width > 0:
            wide = self._width - 2 * (_PADDING - BLEED)
            self._whole.setGeometry(_PADDING - BLEED, head, wide, self._whole.fit(wide))

    def _build_whole(self) -> None:
        self._whole = PlainText(self._theme, "thought_text", self, small=True)
        self._whole.setAccessibleName("Thought")
        self._whole.set_text(self.text.lstrip() if self._streaming else self.text.strip())
        self._whole.height_changed.connect(self._changed)
        self._whole.caret_moved.connect(self.caret_moved)

    def _show_head(self) -> None:
        words: list[str] = []
        if self._streaming:
            title = "Thinking..."
            words.append(f"{self._clock.elapsed() // 1000} s")
        elif self._unfinished:
            title = "Thought, unfinished"
            words.append(seconds_text(self._seconds) if self._seconds else "")
        else:
            title = f"Thought for {seconds_text(self._seconds)}" if self._seconds else "Thought"
        words.append(count(self._tokens, "token") if self._tokens else "")
        words.append(f"{self._share:.0%}".replace("%", " % of the context") if self._share >= 0.005 else "")
        self._head.show_words(title, " · ".join(word for word in words if word), folded=self._folded)

    def _animate(self, before: int, after: int) -> None:
        can_move = self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration, None, self) > 0
        if can_move and self.isVisible() and max(before, after) <= _LONGEST_FOLD:
            self._fold.setStartValue(before)
            self._fold.setEndValue(after)
            self._fold.start()
        else:
            self._changed()

    def _on_head_clicked(self) -> None:
        self._touched = True
        self.set_folded(not self._folded)

    def _on_copy_clicked(self) -> None:
        self.copy_requested.emit()
        self._copy.say_copied()

    def _on_fold_value_changed(self, _value: object) -> None:
        self.height_changed.emit()

    def _on_fold_finished(self) -> None:
        self._changed()
