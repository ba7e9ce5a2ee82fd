"""What is the matter with an answer that did not end by itself, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.core.conversation import Message, MessageState
from app.core.generation import FinishReason
from app.ui.icons import ICON_SIZE
from app.ui.transcript.look import Look
from app.ui.widgets.buttons import LinkButton
from app.ui.widgets.painting import draw_box, smooth_painter

_PADDING = 12
_BAD_GROUND = 0.09
"""How much of the colour of a failure its box is tinted with."""


Tone = Literal["quiet", "note", "bad"]
_COLORS: dict[Tone, str] = {"quiet": "secondary", "note": "note_text", "bad": "bad"}
_LINK_COLORS: dict[Tone, str] = {"quiet": "accent", "note": "note_text", "bad": "bad"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A sentence about an answer.

    Attributes:
        action: "continue", "retry" or "".
        tone: "quiet" for what the reader or a limit did, "note" for a surprise, "bad" for a failure.
    """

    text: str
    action: str = ""
    tone: Tone = "quiet"


def trouble_with(message: Message) -> Trouble | None:
    """What to say under an answer; None while it streams or when it ended as it should."""
    if message.state is MessageState.FAILED or message.error:
        return Trouble(message.error or "This answer failed.", "retry", "bad")
    if message.state is MessageState.INTERRUPTED:
        return Trouble("Interrupted: the app closed before this answer ended.", "continue", "note")
    if message.state is MessageState.STREAMING:
        return None
    if message.state is MessageState.CANCELLED or message.finish_reason == FinishReason.CANCELLED:
        return Trouble("Stopped.", "continue")
    if message.finish_reason == FinishReason.LENGTH:
        return Trouble("Stopped at the token limit.", "continue")
    if message.finish_reason == FinishReason.REPETITION:
        return Trouble("Stopped because it repeated itself.", "continue", "note")
    return None


class StateNote(QWidget):
    """The sentence, in a tinted box unless it is a quiet one, with its action as a link.

    Signals:
        asked(str): "continue" or "retry".
        height_changed: What `fit` would return is another number now.
    """

    asked = Signal(str)
    height_changed = Signal()

    def __init__(self, trouble: Trouble, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._trouble = trouble
        self._label = QLabel(trouble.text)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        boxed = trouble.tone != "quiet"
        self._label.setWordWrap(boxed)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        word = "Retry" if trouble.action == "retry" else "Continue"
        self._link = LinkButton(word, look.theme, look.icons, color=_LINK_COLORS[trouble.tone])
        self._link.clicked.connect(self._on_link_clicked)
        layout = self._layout = QHBoxLayout(self)
        layout.setContentsMargins(
            _PADDING + ICON_SIZE + 10 if boxed else 0, 8 if boxed else 0, _PADDING, 8 if boxed else 0
        )
        layout.setSpacing(12)
        layout.addWidget(self._label, 1 if boxed else 0)
        layout.addWidget(self._link)
        if not boxed:
            layout.addStretch(1)
        self.setAccessibleName(trouble.text)
        self.restyle()

    @property
    def trouble(self) -> Trouble:
        """What it shows."""
        return self._trouble

    @property
    def link(self) -> LinkButton:
        """The action."""
        return self._link

    def set_can_act(self, can_act: bool) -> None:
        """Offer the action only where it can be done."""
        self._link.setVisible(bool(self._trouble.action) and can_act)

    def restyle(self) -> None:
        """Take the fonts and colours of the look."""
        palette = self._label.palette()
        palette.setColor(QPalette.ColorRole.WindowText, self._color())
        self._label.setPalette(palette)
        self._label.setFont(self._look.theme.fonts.panel)
        self.update()

    def fit(self, width: int) -> int:
        """The height that the sentence takes in `width` pixels."""
        layout = self._layout
        return layout.heightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._trouble.tone == "quiet":
            return
        painter = smooth_painter(self)
        draw_box(painter, QRectF(self.rect()), 8, self._ground())
        pixmap = self._look.icons.pixmap("warning", self._color(), ICON_SIZE, self.devicePixelRatioF())
        line_height = self._label.fontMetrics().lineSpacing()
        painter.drawPixmap(_PADDING, self._label.y() + (line_height - ICON_SIZE) // 2 + 1, pixmap)

    def _color(self) -> QColor:
        return self._look.theme.theme.color(_COLORS[self._trouble.tone])

    def _ground(self) -> QColor:
        if self._trouble.tone == "note":
            return self._look.theme.theme.color("note_ground")
        ground = self._color()
        ground.setAlphaF(_BAD_GROUND)
        return ground

    def _on_link_clicked(self) -> None:
        self.asked.emit(self._trouble.action)
