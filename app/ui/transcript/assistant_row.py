"""What a model wrote: its thought, its answer, how it ended, its numbers, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QWidget

from app.ui.thinking_pane import ThinkingPane
from app.ui.transcript.actions_row import ActionsRow
from app.ui.transcript.answer import Answer
from app.ui.transcript.block_format import BLEED
from app.ui.transcript.column import Column
from app.ui.transcript.look import Look
from app.ui.transcript.message_view import MessageView, context_share, stats_line
from app.ui.transcript.state_note import StateNote, trouble_with
from app.ui.transcript.text_line import TextLine

_GAP = 12
_WAITING = "..."


class AssistantRow(Column):
    """One answer from top to bottom.

    Signals:
        copy_requested(str, str): Message id; "answer" or "thinking".
        regenerate_requested(str), continue_requested(str), retry_requested(str): Message id.
        version_requested(str, int): Message id, -1 or 1.
        link_clicked(str): A link was chosen; nothing has been opened.
        caret_moved(QWidget, QRect): The keyboard moved a caret; where, in that widget.
    """

    copy_requested = Signal(str, str)
    regenerate_requested = Signal(str)
    continue_requested = Signal(str)
    retry_requested = Signal(str)
    version_requested = Signal(str, int)
    link_clicked = Signal(str)
    caret_moved = Signal(QWidget, QRect)

    def __init__(self, view: MessageView, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._view = view
        self._busy = self._is_last = False
        self._pane: ThinkingPane | None = None
        self._note: StateNote | None = None
        self._progress = TextLine()
        self._answer = Answer(look)
        self._stats = TextLine()
        self._actions = ActionsRow(look)
        self._add_actions()
        self._lay_out_once()
        self._connect()
        self.show_view(view)

    # -- what it shows ---------------------------------------------------------------------------

    def show_view(self, view: MessageView) -> None:
        """Show another state of the message; text that is shown already stays."""
        self._view = view
        message = view.message
        with self.one_layout():
            self._show_thought(view)
            self._answer.set_text(_shown(message.answer, view.is_streaming), growing=view.is_streaming)
            self._show_note()
            self._progress.say("")
            self._show_end()

    def append_thinking(self, text: str, tokens: int = 0) -> None:
        """The thought goes on."""
        with self.one_layout():
            self._progress.say("")
            pane = self._need_pane()
            pane.append(text, tokens)
            self._show_flow()

    def append_answer(self, text: str) -> None:
        """The answer goes on. It begins with its first character that is not blank."""
        text = text if self._answer.text else text.lstrip()
        if not text:
            return
        with self.one_layout():
            self._progress.say("")
            if self._pane is not None:
                self._pane.fold_unless_touched()
            self._answer.append_text(text)
            self._show_flow()

    def end_thinking(self, seconds: float, tokens: int) -> None:
        """The thought is over."""
        if self._pane is not None:
            self._pane.finish(seconds, tokens, context_share(self._view.message.stats, tokens))

    def set_progress(self, text: str) -> None:
        """What happens before the first token; "" for nothing to say."""
        with self.one_layout():
            self._progress.say(text)
            self._show_flow()

    def set_busy(self, busy: bool) -> None:
        """While an answer runs nothing can be asked anew."""
        self._busy = busy
        self._show_end()

    def restyle(self) -> None:
        """Take the fonts and colours of the look."""
        with self.one_layout():
            self._answer.restyle()
            for part in (self._pane, self._note):
                if part is not None:
                    part.restyle()

    def shown_text(self) -> dict[str, str]:
        """What its widgets show, as plain text."""
        sentence = self._note.trouble.text if self._note is not None else ""
        status = " ".join(filter(None, (sentence, self._progress.text(), self._stats.text())))
        thought = self._pane.text.strip() if self._pane is not None else ""
        return {"thinking": thought, "answer": self._answer.shown_text(), "status": status}

    @property
    def thinking_pane(self) -> ThinkingPane | None:
        """The thought, if there is one."""
        return self._pane

    @property
    def answer(self) -> Answer:
        """The answer's text."""
        return self._answer

    @property
    def actions_row(self) -> ActionsRow:
        """The buttons under the answer."""
        return self._actions

    @property
    def note(self) -> StateNote | None:
        """How the answer ended, if it did not end by itself."""
        return self._note

    @property
    def stats(self) -> TextLine:
        """The numbers under the answer."""
        return self._stats

    # -- Qt --------------------------------------------------------------------------------------

    def enterEvent(self, event: QEnterEvent) -> None:
        self._actions.set_revealed(True)

    def leaveEvent(self, event: QEvent) -> None:
        self._actions.set_revealed(self._is_last)

    def set_last(self, is_last: bool) -> None:
        """The actions of the last answer can always be seen."""
        self._is_last = is_last
        self._actions.set_revealed(is_last or self.underMouse())

    # -- inside ----------------------------------------------------------------------------------

    def _add_actions(self) -> None:
        self._actions.add("copy", "copy", "Copy answer")
        self._actions.add("copy_thought", "bulb", "Copy thought")
        self._actions.add("regenerate", "refresh", "Regenerate answer")
        self._actions.add("continue", "play", "Continue answer")

    def _lay_out_once(self) -> None:
        self.append(self._progress, inset=BLEED)
        self.append(self._answer, gap=_GAP)
        self.append(self._stats, gap=_GAP, inset=BLEED)
        self.append(self._actions, gap=4)

    def _connect(self) -> None:
        self._answer.link_clicked.connect(self.link_clicked)
        self._answer.caret_moved.connect(self.caret_moved)
        self._actions.triggered.connect(self._on_actions_triggered)
        self._actions.version_requested.connect(self._on_actions_version_requested)

    def _need_pane(self) -> ThinkingPane:
        if self._pane is None:
            self._pane = ThinkingPane(self._look.theme, self._look.icons)
            self._pane.copy_requested.connect(self._on_pane_copy_requested)
            self._pane.caret_moved.connect(self.caret_moved)
            self.insert(0, self._pane, inset=BLEED)
        return self._pane

    def _show_thought(self, view: MessageView) -> None:
        message = view.message
        if not message.thinking.strip():
            if self._pane is not None:
                self._pane = None
                self.discard(0)
            return
        pane = self._need_pane()
        tokens = int(message.stats.get("thinking_tokens", 0))
        pane.set_text(message.thinking)
        if view.is_streaming and not message.answer.strip():
            pane.resume()
            return
        pane.finish(
            message.thinking_seconds,
            tokens,
            context_share(message.stats, tokens),
            unfinished=message.thinking_open and not view.is_streaming,
        )

    def _show_note(self) -> None:
        trouble = trouble_with(self._view.message)
        if self._note is not None and self._note.trouble != trouble:
            self.discard(self.widgets().index(self._note))
            self._note = None
        if trouble is not None and self._note is None:
            self._note = StateNote(trouble, self._look)
            self._note.asked.connect(self._on_note_asked)
            self.insert(self.widgets().index(self._answer) + 1, self._note, gap=_GAP, inset=BLEED)

    def _show_flow(self) -> None:
        """What changes while text comes: a sign that more will come stands where the numbers will be."""
        self.set_shown(self._answer, bool(self._answer.text))
        self.set_shown(self._progress, bool(self._progress.text()))
        if self._view.is_streaming:
            thinks = self._pane is not None and self._pane.is_streaming
            self._stats.say("" if thinks or self._progress.text() else _WAITING)
        else:
            self._stats.say(stats_line(self._view.message))
        self.set_shown(self._stats, bool(self._stats.text()))

    def _show_end(self) -> None:
        """Numbers and actions; while the answer runs the actions keep their room but cannot be used."""
        view = self._view
        message, at_rest = view.message, not view.is_streaming
        with self.one_layout():
            self._show_flow()
            self._actions.set_available("copy", at_rest and bool(message.answer.strip()))
            self._actions.set_available("copy_thought", at_rest and bool(message.thinking.strip()))
            self._actions.set_available("regenerate", at_rest and not self._busy)
            self._actions.set_available("continue", at_rest and message.is_resumable and not self._busy)
            self._actions.set_versions(view.version, view.versions if at_rest else 1)
            if self._note is not None:
                self._note.set_can_act(not self._busy)

    def _on_actions_triggered(self, code: str) -> None:
        message_id = self._view.message.id
        match code:
            case "copy":
                self.copy_requested.emit(message_id, "answer")
            case "copy_thought":
                self.copy_requested.emit(message_id, "thinking")
            case "regenerate":
                self.regenerate_requested.emit(message_id)
            case "continue":
                self.continue_requested.emit(message_id)

    def _on_actions_version_requested(self, step: int) -> None:
        self.version_requested.emit(self._view.message.id, step)

    def _on_pane_copy_requested(self) -> None:
        self.copy_requested.emit(self._view.message.id, "thinking")

    def _on_note_asked(self, action: str) -> None:
        signal = self.retry_requested if action == "retry" else self.continue_requested
        signal.emit(self._view.message.id)


def _shown(answer: str, streaming: bool) -> str:
    """An answer without the blanks around it; while it streams its end is not known."""
    return answer.lstrip() if streaming else answer.strip()
