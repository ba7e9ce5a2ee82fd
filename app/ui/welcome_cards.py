"""The cards of the welcome page."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.core.errors import AppError
from app.ui.icons import IconSet
from app.ui.quantities import file_size_text
from app.ui.theme import ThemeManager
from app.ui.widgets.buttons import ActionButton, ThemedButton
from app.ui.widgets.card import Card
from app.ui.widgets.painting import draw_box, draw_focus_ring, smooth_painter

_PADDING = 16
_RADIUS = 8
_PROMPT_WIDTH = 300
_PROMPT_PADDING = 12
_WRAPPED = Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
_UNBOUNDED = 10_000
_PROGRESS_STEPS = 1000
_SPEED_AFTER = 1.0
"""Seconds of a download before its speed means something."""


class StarterCard(Card):
    """The starter model: what it is, a button, and the progress or the fault in the button's place."""

    def __init__(self, theme: ThemeManager, icons: IconSet, clock: Callable[[], float]) -> None:
        super().__init__(theme)
        self._clock = clock
        self._begin: float | None = None
        self.get_button = ActionButton("Get the starter model", theme, icons, icon="download", kind="primary")
        self.cancel_button = ActionButton("Cancel", theme, icons, kind="compact")
        self._progress = QProgressBar()
        self._progress.setAccessibleName("Download of the starter model")
        self._progress_text = _text("", "secondary")
        self._error = _text("", "bad")
        self._error.hide()
        self._action = QStackedWidget()
        self._action.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._action.addWidget(_left(self.get_button))
        self._action.addWidget(self._progress_row())
        rows = _card_rows(self)
        rows.addWidget(_text("The starter model", "title"))
        rows.addWidget(
            _text("SmolLM2-135M, 98 MB. Real but small: quick on any machine, and often wrong.", "secondary")
        )
        rows.addStretch(1)
        rows.addWidget(self._error)
        rows.addWidget(self._action)

    def show_idle(self) -> None:
        """Offer the model."""
        self._begin = None
        self._error.hide()
        self._action.setCurrentIndex(0)

    def show_progress(self, done: int, total: int) -> None:
        """How far the download is, in bytes."""
        if self._begin is None:
            self._begin = self._clock()
        self._error.hide()
        self._action.setCurrentIndex(1)
        self._progress.setRange(0, _PROGRESS_STEPS if total else 0)
        self._progress.setValue(done * _PROGRESS_STEPS // total if total else 0)
        self._progress_text.setText(self._words(done, total))

    def show_error(self, error: AppError | None) -> None:
        """Say why it did not work, and offer the model again; None only takes the words back."""
        if error is None:
            self._error.hide()
            return
        self.show_idle()
        self._error.setText(str(error))
        self._error.show()

    def _words(self, done: int, total: int) -> str:
        if not done:
            return "Asking for it..."
        if done >= total:
            return "Unpacking..."
        words = f"{done // 1_000_000} of {file_size_text(total)}"
        elapsed = self._clock() - (self._begin or 0.0)
        if elapsed < _SPEED_AFTER:
            return words
        speed = done / elapsed
        return f"{words} · {speed / 1e6:.1f} MB/s · {_seconds_text((total - done) / speed)} left"

    def _progress_row(self) -> QWidget:
        row = QWidget()
        words = QVBoxLayout()
        words.setSpacing(5)
        words.addWidget(self._progress)
        words.addWidget(self._progress_text)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(12)
        layout.addLayout(words, 1)
        layout.addWidget(self.cancel_button, 0, Qt.AlignmentFlag.AlignVCenter)
        return row


class OpenCard(Card):
    """A file that the user has already."""

    def __init__(self, theme: ThemeManager, icons: IconSet) -> None:
        super().__init__(theme)
        self.open_button = ActionButton("Open a GGUF file...", theme, icons, icon="folder")
        rows = _card_rows(self)
        rows.addWidget(_text("A file of yours", "title"))
        rows.addWidget(_text("Any GGUF that is on this machine already. It stays where it is.", "secondary"))
        rows.addStretch(1)
        rows.addWidget(_left(self.open_button))


class PromptCard(ThemedButton):
    """An example: what kind it is, and its words.

    Signals:
        chosen(str): The whole text.
    """

    chosen = Signal(str)

    def __init__(
        self, title: str, prompt: str, theme: ThemeManager, icons: IconSet, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, icons, parent)
        self._title = title
        self._prompt = prompt
        self.setText(title)
        self.setAccessibleName(f"{title}: {prompt}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.clicked.connect(self._on_clicked)

    def sizeHint(self) -> QSize:
        return QSize(_PROMPT_WIDTH, self.heightForWidth(_PROMPT_WIDTH))

    def minimumSizeHint(self) -> QSize:
        return QSize(_PROMPT_WIDTH // 2, self._title_height() + 2 * _PROMPT_PADDING)

    def heightForWidth(self, width: int) -> int:
        room = QRect(0, 0, width - 2 * _PADDING, _UNBOUNDED)
        words = QFontMetrics(self._theme.fonts.secondary).boundingRect(room, _WRAPPED, self._prompt)
        return 2 * _PROMPT_PADDING + self._title_height() + words.height()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth_painter(self)
        theme, rect = self._theme.theme, QRectF(self.rect())
        ground = "pressed" if self.isDown() else "hover" if self._hovered else "surface"
        draw_box(painter, rect, _RADIUS, theme.color(ground), theme.color("line"))
        if self.hasFocus():
            draw_focus_ring(painter, rect, _RADIUS, theme.color("accent"))
        inside = self.rect().adjusted(_PADDING, _PROMPT_PADDING, -_PADDING, 0)
        painter.setFont(self._title_font())
        painter.setPen(theme.color("text"))
        painter.drawText(inside, Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextSingleLine, self._title)
        painter.setFont(self._theme.fonts.secondary)
        painter.setPen(theme.color("secondary"))
        painter.drawText(inside.adjusted(0, self._title_height(), 0, 0), _WRAPPED, self._prompt)

    def _title_font(self) -> QFont:
        font = QFont(self._theme.fonts.panel)
        font.setBold(True)
        return font

    def _title_height(self) -> int:
        return QFontMetrics(self._title_font()).lineSpacing() + 4

    def _on_clicked(self) -> None:
        self.chosen.emit(self._prompt)


def _card_rows(card: Card) -> QVBoxLayout:
    rows = QVBoxLayout(card)
    rows.setContentsMargins(_PADDING, 14, _PADDING, _PADDING)
    rows.setSpacing(6)
    return rows


def _text(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def _left(widget: QWidget) -> QWidget:
    """A widget of its own size at the left of its row."""
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 8, 0, 0)
    layout.addWidget(widget)
    layout.addStretch(1)
    return row


def _seconds_text(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
