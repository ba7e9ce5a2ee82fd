"""The chat in the window: what was asked, the answer as it streams, and that none of it is lost.

A user's message and the empty answer to it are stored in one transaction before anything runs. While
an answer streams its text is stored once a second, marked `STREAMING`: found at the next start, it is
shown as interrupted, with Continue.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.core.conversation import Conversation, Message, MessageState, Role, new_id, title_from
from app.core.errors import AppError, StoreError
from app.core.generation import (
    ChatMessage,
    Event,
    Failed,
    Finished,
    FinishReason,
    GenerationRequest,
    PartialAnswer,
    PromptProgress,
    TextDelta,
    ThinkingEnded,
    ThinkingMode,
)
from app.core.sampling import SamplerChain
from app.core.thinking import Channel
from app.services.engine_worker import EngineThread
from app.store.chat_store import ChatStore

SAVE_MILLISECONDS = 1000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """How the next answer is made: what the preset and the panels say at the moment it is asked for."""

    chain: SamplerChain = field(default_factory=SamplerChain)
    thinking: ThinkingMode = "template"
    max_tokens: int = -1
    system_prompt: str = ""
    model_path: str = ""
    preset_name: str = ""
    model_sha256: str = ""


@dataclass
class _Run:
    """The answer being made. Pieces are joined when they are stored, not with every token."""

    request: GenerationRequest
    conversation: Conversation
    message: Message
    thinking: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    thinking_tokens: int = 0
    unsaved: bool = False

    def current_message(self) -> Message:
        """The message with all text so far."""
        if self.thinking or self.answer:
            thinking, answer = "".join(self.thinking), "".join(self.answer)
            self.message = replace(
                self.message, thinking=self.message.thinking + thinking, answer=self.message.answer + answer
            )
            self.thinking.clear()
            self.answer.clear()
        return self.message


class ChatSession(QObject):
    """One chat is shown; one answer runs at a time, perhaps in another chat.

    Signals:
        conversation_changed(Conversation): Another chat, or another path through this one.
        message_changed(Message): A message of the shown chat has a new state.
        text_received(str, str, str, int): Message id, new thinking, new answer, tokens of the thinking.
        progressed(str, PromptProgress): Message id; the prompt is being read.
        thinking_ended(str, float, int): Message id, seconds, tokens.
        busy_changed(bool): Whether an answer runs, in whichever chat.
        answer_finished(Conversation, Message): Also for chats that are not shown.
        chats_changed(): The list of chats has changed.
        failed(AppError): Something outside a message went wrong, such as a full disk.
    """

    conversation_changed = Signal(object)
    message_changed = Signal(object)
    text_received = Signal(str, str, str, int)
    progressed = Signal(str, object)
    thinking_ended = Signal(str, float, int)
    busy_changed = Signal(bool)
    answer_finished = Signal(object, object)
    chats_changed = Signal()
    failed = Signal(object)

    def __init__(self, engine: EngineThread, store: ChatStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._store = store
        self._conversation = self._unsent_chat() or Conversation(new_id())
        self._run: _Run | None = None
        self._save_timer = QTimer(self)
        self._save_timer.setInterval(SAVE_MILLISECONDS)
        self._save_timer.timeout.connect(self._save_running)
        engine.batch_ready.connect(self._on_engine_batch_ready)

    # -- what is there ---------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation:
        """The shown chat, with the text that has streamed so far."""
        run = self._run
        if run is not None and run.conversation.id == self._conversation.id:
            self._conversation = self._conversation.with_message(run.current_message())
        return self._conversation

    @property
    def is_busy(self) -> bool:
        """An answer runs, in whichever chat."""
        return self._run is not None

    @property
    def running_chat(self) -> Conversation | None:
        """The chat whose answer runs."""
        return self._run.conversation if self._run is not None else None

    # -- chats -----------------------------------------------------------------------------------

    def new_chat(self) -> None:
        """Show an empty chat, with the first message that was begun and not sent, if there is one."""
        if not self._conversation.messages:
            self._show(self._conversation)
            return
        self._show(self._unsent_chat() or Conversation(new_id()))

    def open_chat(self, chat_id: str) -> None:
        """Show a stored chat."""
        if self._run is not None and self._run.conversation.id == chat_id:
            self._show(self._run.conversation.with_message(self._run.current_message()))
            return
        try:
            self._show(self._store.load_chat(chat_id))
        except AppError as error:
            self.failed.emit(error)

    def rename_chat(self, chat_id: str, title: str) -> None:
        """Give a chat another title; an empty one is ignored."""
        title = " ".join(title.split())
        if not title or not self._stored(self._store.rename, chat_id, title):
            return
        if chat_id == self._conversation.id:
            self._conversation = replace(self._conversation, title=title)
        if self._run is not None and self._run.conversation.id == chat_id:
            self._run.conversation = replace(self._run.conversation, title=title)
        self.chats_changed.emit()

    def delete_chat(self, chat_id: str) -> None:
        """Move a chat to the trash; `restore_chat` brings it back."""
        if self._run is not None and self._run.conversation.id == chat_id:
            self.stop()
        if self._stored(self._store.delete, chat_id):
            self.chats_changed.emit()
            if chat_id == self._conversation.id:
                self.new_chat()

    def restore_chat(self, chat_id: str) -> None:
        """Bring a deleted chat back and show it."""
        if self._stored(self._store.restore, chat_id):
            self.chats_changed.emit()
            self.open_chat(chat_id)

    def keep_draft(self, text: str) -> None:
        """Keep what stands in the composer with the chat."""
        if text == self._conversation.draft:
            return
        self._conversation = replace(self._conversation, draft=text)
        if self._conversation.messages:
            self._stored(self._store.set_draft, self._conversation.id, text)
        else:
            # Without a title until it has a message, and so in no list.
            self._stored(self._store.save_chat, self._conversation)

    def set_raw_prompt(self, raw: bool) -> None:
        """Send the composer's text as it stands, without a template, in this chat."""
        self._conversation = replace(self._conversation, raw_prompt=raw)
        if self._conversation.messages:
            self._stored(self._store.set_raw_prompt, self._conversation.id, raw)

    def show_version(self, message_id: str, step: int) -> None:
        """Follow the version `step` after (or before) a message."""
        conversation = self.conversation
        versions = [message.id for message in conversation.siblings(message_id)]
        place = versions.index(message_id) + step
        if 0 <= place < len(versions):
            self._show(conversation.with_version(versions[place]))
            self._stored(self._store.set_leaf, self._conversation.id, self._conversation.leaf_id)

    # -- asking ----------------------------------------------------------------------------------

    def send(self, text: str, settings: AnswerSettings) -> None:
        """Ask, at the end of the shown path."""
        self._ask(text, self.conversation.leaf_id, settings)

    def edit_and_resend(self, message_id: str, text: str, settings: AnswerSettings) -> None:
        """Ask again with another wording, as a new version beside the old one."""
        self._ask(text, self.conversation.messages[message_id].parent_id, settings)

    def regenerate(self, message_id: str, settings: AnswerSettings) -> None:
        """Another answer to the same question, as a new version; `message_id` is the old answer."""
        if self.is_busy:
            return
        conversation = self.conversation
        parent = conversation.messages[message_id].parent_id
        self._begin(conversation, (), _empty_answer(parent), settings)

    def continue_answer(self, message_id: str, settings: AnswerSettings) -> None:
        """Let the model write on where an answer ended."""
        if self.is_busy:
            return
        message = self.conversation.messages[message_id]
        resume = PartialAnswer(message.thinking, message.answer, message.thinking_open)
        message = replace(message, state=MessageState.STREAMING, error="", finish_reason="")
        self._begin(self.conversation, (), message, settings, resume)

    def stop(self) -> None:
        """Stop the answer at once; what is there stays."""
        if self._run is not None:
            self._run.request.cancelled.set()

    def close(self) -> None:
        """Stop, and store what is there as interrupted by the user."""
        self.stop()
        self._save_timer.stop()
        if self._run is not None:
            message = replace(self._run.current_message(), state=MessageState.CANCELLED, finish_reason="cancelled")
            self._stored(self._store.update_message, message)
            self._run = None

    # -- inside ----------------------------------------------------------------------------------

    def _ask(self, text: str, parent_id: str | None, settings: AnswerSettings) -> None:
        if self.is_busy or not text.strip():
            return
        question = Message(new_id(), parent_id, Role.USER, text)
        conversation = replace(self.conversation, draft="")
        if not conversation.title:
            conversation = replace(conversation, title=title_from(text))
        self._begin(conversation, (question,), _empty_answer(question.id), settings)

    def _begin(
        self,
        conversation: Conversation,
        before: tuple[Message, ...],
        answer: Message,
        settings: AnswerSettings,
        resume: PartialAnswer | None = None,
    ) -> None:
        for message in (*before, answer):
            conversation = conversation.with_message(message)
        conversation = replace(
            conversation, leaf_id=answer.id, model_path=settings.model_path, preset_name=settings.preset_name
        )
        if not self._store_beginning(conversation, before, answer, resume is not None):
            return
        request = _request(conversation, answer, settings, resume)
        self._run = _Run(request, conversation, answer)
        self._save_timer.start()
        self._show(conversation)
        self.chats_changed.emit()
        self.busy_changed.emit(True)
        self._engine.run(request)

    def _unsent_chat(self) -> Conversation | None:
        """The chat whose first message is still being written."""
        try:
            unsent = next((chat.id for chat in self._store.list_chats() if not chat.title), None)
            return self._store.load_chat(unsent) if unsent is not None else None
        except StoreError as error:
            self.failed.emit(error)
            return None

    def _store_beginning(
        self, conversation: Conversation, before: tuple[Message, ...], answer: Message, is_update: bool
    ) -> bool:
        if not is_update:
            return self._stored(self._store.save_chat, conversation, (*before, answer))
        return self._stored(self._store.save_chat, conversation) and self._stored(self._store.update_message, answer)

    def _show(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.conversation_changed.emit(conversation)

    @property
    def _shows_run(self) -> bool:
        return self._run is not None and self._run.conversation.id == self._conversation.id

    @Slot(object)
    def _on_engine_batch_ready(self, events: tuple[Event, ...]) -> None:
        run = self._run
        if run is None:
            return
        deltas: list[TextDelta] = []
        for event in events:
            if event.request_id != run.request.id:
                continue
            if isinstance(event, TextDelta):
                deltas.append(event)
                continue
            self._receive(run, deltas)
            deltas = []
            self._on_event(run, event)
        self._receive(run, deltas)

    def _receive(self, run: _Run, deltas: list[TextDelta]) -> None:
        """Add text to the run and tell the window, once for the whole batch."""
        if not deltas:
            return
        thoughts = [delta for delta in deltas if delta.channel is Channel.THINKING]
        thinking = [delta.text for delta in thoughts]
        answer = [delta.text for delta in deltas if delta.channel is Channel.ANSWER]
        tokens = sum(len(delta.token_ids) for delta in thoughts)
        run.unsaved = True
        run.thinking += thinking
        run.answer += answer
        run.thinking_tokens += tokens
        if answer and run.message.thinking_open:
            run.message = replace(run.message, thinking_open=False)
        elif thinking and not answer and not run.message.thinking_open:
            run.message = replace(run.message, thinking_open=True)
        if self._shows_run:
            self.text_received.emit(run.message.id, "".join(thinking), "".join(answer), tokens)

    def _on_event(self, run: _Run, event: Event) -> None:
        match event:
            case PromptProgress():
                if self._shows_run:
                    self.progressed.emit(run.message.id, event)
            case ThinkingEnded():
                seconds = run.message.thinking_seconds + event.seconds
                run.message = replace(run.message, thinking_seconds=seconds, thinking_open=False)
                if self._shows_run:
                    self.thinking_ended.emit(run.message.id, seconds, run.thinking_tokens)
            case Finished():
                self._end(run, _finished_message(run, event))
            case Failed():
                self._end(run, _failed_message(run, event))

    def _end(self, run: _Run, message: Message) -> None:
        self._run = None
        self._save_timer.stop()
        self._stored(self._store.update_message, message)
        conversation = run.conversation.with_message(message)
        if conversation.id == self._conversation.id:
            self._conversation = self._conversation.with_message(message)
            self.message_changed.emit(message)
        self.busy_changed.emit(False)
        self.chats_changed.emit()
        self.answer_finished.emit(conversation, message)

    @Slot()
    def _save_running(self) -> None:
        if self._run is not None and self._run.unsaved:
            self._run.unsaved = False
            self._stored(self._store.update_message, self._run.current_message())

    def _stored(self, write: Any, *arguments: Any) -> bool:
        """Do a write; a failure is told and nothing else stops."""
        try:
            write(*arguments)
        except StoreError as error:
            log.error("A write failed: %s", error)
            self.failed.emit(error)
            return False
        return True


def _empty_answer(parent_id: str | None) -> Message:
    return Message(new_id(), parent_id, Role.ASSISTANT, state=MessageState.STREAMING)


def _request(
    conversation: Conversation, answer: Message, settings: AnswerSettings, resume: PartialAnswer | None
) -> GenerationRequest:
    history = tuple(conversation.ancestry(answer.parent_id))[::-1]
    raw = history[-1].answer if conversation.raw_prompt and history else None
    return GenerationRequest(
        messages=template_messages(history, settings.system_prompt),
        raw_prompt=raw,
        chain=settings.chain,
        max_tokens=settings.max_tokens,
        thinking=settings.thinking,
        resume=resume,
        model_sha256=settings.model_sha256,
    )


def template_messages(history: tuple[Message, ...], system_prompt: str = "") -> tuple[ChatMessage, ...]:
    """The path as a template sees it: thinking is left out, it is never sent again."""
    system = (ChatMessage("system", system_prompt),) if system_prompt.strip() else ()
    turns = (ChatMessage(str(m.role), m.answer.strip() if m.role is Role.ASSISTANT else m.answer) for m in history)
    return (*system, *turns)


def _failed_message(run: _Run, event: Failed) -> Message:
    """A run that fails after it was stopped, say because its load was stopped too, is stopped and no more."""
    message = run.current_message()
    if run.request.cancelled.is_set():
        return replace(message, state=MessageState.CANCELLED, finish_reason=str(FinishReason.CANCELLED))
    return replace(message, state=MessageState.FAILED, finish_reason=str(FinishReason.ERROR), error=str(event.error))


_STATES = {
    FinishReason.CANCELLED: MessageState.CANCELLED,
    FinishReason.ERROR: MessageState.FAILED,
}


def _finished_message(run: _Run, event: Finished) -> Message:
    message = run.current_message()
    seconds = message.thinking_seconds
    if event.thinking_open:
        seconds += event.stats.thinking_seconds
    return replace(
        message,
        thinking=event.thinking,
        answer=event.answer,
        thinking_open=event.thinking_open,
        thinking_seconds=seconds,
        state=_STATES.get(event.reason, MessageState.COMPLETE),
        finish_reason=str(event.reason),
        stats={**event.stats.as_dict(), "recipe": event.recipe.as_dict()},
    )
