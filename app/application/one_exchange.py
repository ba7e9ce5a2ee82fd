"""`--prompt ... --screenshot ... --dump-text ... --quit`: one exchange in the real window, by itself.

It goes through the same signals as a person's: the text is put in the composer and submitted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer

from app.application.options import WindowOptions
from app.core.conversation import Conversation, Message, MessageState
from app.core.errors import AppError
from app.core.generation import FinishReason
from app.services.model_session import ModelState

if TYPE_CHECKING:
    from app.application.build import Application

_SETTLE_MILLISECONDS = 250
"""The picture is taken after the last layout and the fold of the thought."""


class OneExchange:
    """Sends the prompt once the model is ready, and leaves with a status that tells how it went."""

    def __init__(self, application: Application, options: WindowOptions) -> None:
        self._application = application
        self._options = options
        self._sent = False
        application.models.state_changed.connect(self._on_models_state_changed)
        application.chats.text_received.connect(self._on_text_received)
        application.chats.answer_finished.connect(self._on_answer_finished)

    def _on_models_state_changed(self, state: ModelState) -> None:
        if state.phase == "failed" and state.error is not None:
            self._say({"event": "failed", "message": state.error.message, "hint": state.error.hint}, str(state.error))
            self._settle(1)
        elif state.phase == "ready" and not self._sent:
            self._sent = True
            self._begin()

    def _begin(self) -> None:
        if not self._options.prompt:
            self._settle(0)
            return
        self._application.chats.new_chat()
        composer = self._application.window.composer
        composer.set_text(self._options.prompt)
        composer.submit()

    def _on_text_received(self, _message_id: str, thinking: str, answer: str, _tokens: int) -> None:
        for channel, text in (("thinking", thinking), ("answer", answer)):
            if text and self._options.json:
                self._write({"event": "text", "channel": channel, "text": text})
            elif text:
                sys.stdout.write(text)
                sys.stdout.flush()

    def _on_answer_finished(self, _conversation: Conversation, message: Message) -> None:
        ended = message.state is MessageState.COMPLETE and message.finish_reason != FinishReason.ERROR
        record = {"event": "finished", "reason": message.finish_reason, "error": message.error}
        self._say(record, f"\n{message.error}" if message.error else "\n")
        self._settle(0 if ended else 1)

    def _say(self, record: dict[str, Any], text: str) -> None:
        if self._options.json:
            self._write(record)
        else:
            sys.stdout.write(text + ("" if text.endswith("\n") else "\n"))
            sys.stdout.flush()

    def _write(self, record: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def _settle(self, status: int) -> None:
        self._status = status
        QTimer.singleShot(_SETTLE_MILLISECONDS, self._application.window, self._leave)

    def _leave(self) -> None:
        try:
            self._keep_picture()
            self._keep_text()
        except AppError as error:
            sys.stderr.write(f"{error}\n")
            self._status = 1
        if self._options.quit:
            self._application.quit(self._status)

    def _keep_picture(self) -> None:
        path = self._options.screenshot
        if path is not None and not self._application.window.grab().save(str(path)):
            raise AppError(f"The picture cannot be saved as {path}.", "Check the folder, and use .png.")

    def _keep_text(self) -> None:
        path = self._options.dump_text
        if path is None:
            return
        record = shown_text(self._application)
        try:
            Path(path).write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise AppError(f"The text cannot be saved as {path}: {error.strerror}.") from error


def shown_text(application: Application) -> dict[str, Any]:
    """What the window shows of the last answer, read back from its widgets."""
    window = application.window
    shown = window.transcript.shown_text()
    warnings = [*map(str, window.sampler_panel.chain.warnings()), *(notice.headline for notice in window.notes.notices)]
    return {**shown, "warnings": warnings}
