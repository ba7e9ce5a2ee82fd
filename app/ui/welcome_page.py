"""What stands in the middle before there is anything to read: the first model, or a first message."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import AppError
from app.services.model_session import ModelState
from app.ui.icons import IconSet
from app.ui.model_words import model_name
from app.ui.theme import ThemeManager
from app.ui.welcome_cards import OpenCard, PromptCard, StarterCard
from app.ui.widgets.buttons import LinkButton
from app.ui.widgets.card import Card

COLUMN_WIDTH = 704
_MARGIN = 24

EXAMPLES = (
    (
        "Think it through",
        "A bat and a ball cost 1.10 together. The bat costs 1.00 more than the ball. How much is the ball?",
    ),
    ("Explain", "Explain the difference between top_p and min_p sampling with a small example."),
    ("Write code", "Write a Python function that finds the longest word in a text file."),
    ("Rewrite", "Make this friendlier: Your request was rejected because the form is incomplete."),
)
"""What the cards are called, and what they write into the composer."""


class WelcomePage(QScrollArea):
    """Without a model it offers ways to get one; with one it greets and suggests.

    Signals:
        starter_requested()
        cancel_starter_requested()
        open_file_requested()
        models_folder_requested()
        prompt_chosen(str): A text for the composer.
    """

    starter_requested = Signal()
    cancel_starter_requested = Signal()
    open_file_requested = Signal()
    models_folder_requested = Signal()
    prompt_chosen = Signal(str)

    def __init__(
        self,
        theme: ThemeManager,
        icons: IconSet,
        parent: QWidget | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds, by which the speed of the download is told."""
        super().__init__(parent)
        self._start = _StartPage(theme, icons, clock)
        self._greeting = _GreetingPage(theme, icons)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._start)
        self._pages.addWidget(self._greeting)
        self.setWidget(self._pages)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._pages.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self._connect()
        theme.fonts_changed.connect(self._fit)

    def set_model_state(self, state: ModelState) -> None:
        """Greet once a model is there or on its way."""
        if state.requested is None or state.phase in ("none", "failed"):
            self._pages.setCurrentWidget(self._start)
            return
        self._start.starter.show_idle()
        self._greeting.set_model(model_name(state.requested.path), is_loading=state.phase == "loading")
        self._pages.setCurrentWidget(self._greeting)

    def set_starter_progress(self, done: int, total: int) -> None:
        """Bytes of the starter model so far and in all; a total of 0 means that it has only been asked for."""
        self._start.starter.show_progress(done, total)

    def set_starter_error(self, error: AppError | None) -> None:
        """Say beside the starter model why it could not be had; None takes it back."""
        self._start.starter.show_error(error)

    def set_starter_idle(self) -> None:
        """Offer the starter model again, as after a cancelled download."""
        self._start.starter.show_idle()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def _connect(self) -> None:
        start = self._start
        start.starter.get_button.clicked.connect(self._on_get_clicked)
        start.starter.cancel_button.clicked.connect(self._on_cancel_clicked)
        start.open.open_button.clicked.connect(self._on_open_clicked)
        start.folder_link.clicked.connect(self._on_folder_clicked)
        for card in self._greeting.cards:
            card.chosen.connect(self.prompt_chosen)

    def _fit(self, _fonts: object = None) -> None:
        self._start.fit(self.viewport().width())

    def _on_get_clicked(self) -> None:
        self.starter_requested.emit()

    def _on_cancel_clicked(self) -> None:
        self.cancel_starter_requested.emit()

    def _on_open_clicked(self) -> None:
        self.open_file_requested.emit()

    def _on_folder_clicked(self) -> None:
        self.models_folder_requested.emit()


class _Page(QWidget):
    """A column in the middle, headed by a sentence and a quieter one."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._title = QLabel()
        self._subtitle = QLabel()
        self._subtitle.setProperty("role", "secondary")
        for label in (self._title, self._subtitle):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        column = QWidget()
        column.setMaximumWidth(COLUMN_WIDTH)
        self.rows = QVBoxLayout(column)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(0)
        self.rows.addStretch(2)
        self.rows.addWidget(self._title)
        self.rows.addSpacing(6)
        self.rows.addWidget(self._subtitle)
        self.rows.addSpacing(22)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(_MARGIN, 16, _MARGIN, 16)
        outer.addStretch(1)
        outer.addWidget(column, 1000)
        outer.addStretch(1)
        theme.fonts_changed.connect(self._on_fonts_changed)
        self._on_fonts_changed()

    def set_words(self, title: str, subtitle: str) -> None:
        self._title.setText(title)
        self._subtitle.setText(subtitle)

    def _on_fonts_changed(self, _fonts: object = None) -> None:
        # Half as large again as the transcript: the one place where there is room for it.
        self._title.setStyleSheet(f"font-size: {round(self._theme.fonts.text.pixelSize() * 1.5)}px; font-weight: 600;")


class _StartPage(_Page):
    """There is no model: how to get one."""

    def __init__(self, theme: ThemeManager, icons: IconSet, clock: Callable[[], float]) -> None:
        super().__init__(theme)
        self.set_words("Which model would you like to talk to?", "A model is a file. It runs on this machine alone.")
        self.starter = StarterCard(theme, icons, clock)
        self.open = OpenCard(theme, icons)
        self.folder_link = LinkButton("Open the models folder", theme, icons)
        hint = QLabel("You can also drop a .gguf on this window.")
        hint.setProperty("role", "secondary")
        self._cards = _side_by_side(self.starter, self.open, spacing=12)
        self._foot = _side_by_side(hint, self.folder_link, spacing=10)
        self.rows.addLayout(self._cards)
        self.rows.addSpacing(18)
        self.rows.addLayout(_centred(self._foot))
        self.rows.addStretch(3)

    def fit(self, width: int) -> None:
        """Lay the cards, and the words below them, under each other where they do not fit beside each other."""
        room = width - 2 * _MARGIN
        for layout in (self._cards, self._foot):
            widgets = [layout.itemAt(number).widget() for number in range(layout.count())]
            needed = sum(widget.minimumSizeHint().width() for widget in widgets) + layout.spacing()
            direction = QBoxLayout.Direction
            layout.setDirection(direction.LeftToRight if needed <= room else direction.TopToBottom)


class _GreetingPage(_Page):
    """There is a model: what one might ask it."""

    def __init__(self, theme: ThemeManager, icons: IconSet) -> None:
        super().__init__(theme)
        self.cards = [PromptCard(title, prompt, theme, icons) for title, prompt in EXAMPLES]
        grid = QGridLayout()
        grid.setSpacing(10)
        for number, card in enumerate(self.cards):
            grid.addWidget(card, number // 2, number % 2)
        self.rows.addLayout(grid)
        self.rows.addStretch(3)

    def set_model(self, name: str, *, is_loading: bool) -> None:
        if is_loading:
            self.set_words("What is on your mind?", f"{name} is loading. It answers what you send as soon as it can.")
        else:
            self.set_words("What is on your mind?", f"{name} runs on this machine. Nothing you write leaves it.")


def _side_by_side(*widgets: QWidget, spacing: int) -> QBoxLayout:
    layout = QBoxLayout(QBoxLayout.Direction.LeftToRight)
    layout.setSpacing(spacing)
    for widget in widgets:
        layout.addWidget(widget, 1 if isinstance(widget, Card) else 0)
    return layout


def _centred(layout: QBoxLayout) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addStretch(1)
    row.addLayout(layout)
    row.addStretch(1)
    return row
