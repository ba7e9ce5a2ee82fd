"""Connects the chat with the transcript, the composer, the sidebar and the menus."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from app.application.state import UserState
from app.core.conversation import Conversation, Message, Role
from app.core.errors import AppError
from app.core.generation import PromptProgress
from app.item_models.chats import ChatListModel
from app.library.model_hash import ModelHashes
from app.services.chat_session import AnswerSettings, ChatSession
from app.services.model_session import ModelSession, ModelState
from app.services.preset_session import PresetSession
from app.store.chat_store import ChatStore, ChatSummary
from app.ui.main_window import MainWindow
from app.ui.note_bar import Notice
from app.ui.notifications import Notifications
from app.ui.transcript.view import MessageView

_DRAFT_MILLISECONDS = 400


class ChatWiring:
    """What the user does in a chat, and what the chat does to the window."""

    def __init__(
        self,
        window: MainWindow,
        chats: ChatSession,
        presets: PresetSession,
        models: ModelSession,
        state: UserState,
        store: ChatStore,
        chat_list: ChatListModel,
        hashes: ModelHashes,
    ) -> None:
        self._window = window
        self._chats = chats
        self._presets = presets
        self._models = models
        self._state = state
        self._store = store
        self._chat_list = chat_list
        self._hashes = hashes
        self._shown_chat = ""
        self._says_waiting = False
        self._notifications = Notifications(window)
        self._draft_timer = QTimer(window)
        self._draft_timer.setSingleShot(True)
        self._draft_timer.setInterval(_DRAFT_MILLISECONDS)
        self._draft_timer.timeout.connect(self._keep_draft)
        self._connect_session()
        self._connect_window()
        self._show_list()
        chats.new_chat()
        self._on_busy_changed(False)

    def flush(self) -> None:
        """Keep what stands in the composer, before the window goes."""
        self._keep_draft()

    def stored_chats(self) -> tuple[ChatSummary, ...]:
        """The chats there are, last changed first; not the one whose first message is still being written."""
        return tuple(chat for chat in self._store.list_chats() if chat.title)

    def settings(self) -> AnswerSettings:
        """How an answer asked for now is made."""
        preset = self._presets.current
        requested = self._models.state.requested
        return AnswerSettings(
            chain=preset.chain,
            thinking=preset.thinking,
            max_tokens=preset.max_tokens,
            system_prompt=preset.system_prompt,
            model_path=str(requested.path) if requested is not None else "",
            preset_name=self._presets.saved.slug,
            model_sha256=self._hashes.known(requested.path) if requested is not None else "",
        )

    def _connect_session(self) -> None:
        chats = self._chats
        chats.conversation_changed.connect(self._on_conversation_changed)
        chats.message_changed.connect(self._on_message_changed)
        chats.text_received.connect(self._on_text_received)
        chats.progressed.connect(self._on_progressed)
        chats.thinking_ended.connect(self._window.transcript.end_thinking)
        chats.busy_changed.connect(self._on_busy_changed)
        chats.answer_finished.connect(self._on_answer_finished)
        chats.chats_changed.connect(self._show_list)
        chats.failed.connect(self._on_chats_failed)
        self._models.state_changed.connect(self._on_models_state_changed)

    def _connect_window(self) -> None:
        window, actions = self._window, self._window.actions_by_key
        window.composer.submitted.connect(self.send)
        window.composer.stop_requested.connect(self._stop)
        window.composer.draft_changed.connect(self._on_draft_changed)
        window.composer.raw_prompt_toggled.connect(self._on_raw_prompt_toggled)
        window.welcome.prompt_chosen.connect(window.composer.set_text)
        window.sidebar.new_chat_requested.connect(self._new_chat)
        window.sidebar.chat_activated.connect(self._open_chat)
        window.sidebar.rename_requested.connect(self._chats.rename_chat)
        window.sidebar.delete_requested.connect(self._delete_chat)
        transcript = window.transcript
        transcript.copy_requested.connect(self._on_copy_requested)
        transcript.regenerate_requested.connect(self._regenerate)
        transcript.retry_requested.connect(self._regenerate)
        transcript.edit_requested.connect(self._edit_and_resend)
        transcript.continue_requested.connect(self._continue)
        transcript.version_requested.connect(self._chats.show_version)
        transcript.link_activated.connect(_open_link)
        actions["new_chat"].triggered.connect(self._new_chat)
        actions["stop"].triggered.connect(self._stop)
        actions["regenerate"].triggered.connect(self._on_regenerate_triggered)
        actions["continue"].triggered.connect(self._on_continue_triggered)
        actions["raw_prompt"].triggered.connect(self._on_raw_prompt_toggled)
        actions["rename_chat"].triggered.connect(self._on_rename_triggered)
        actions["delete_chat"].triggered.connect(self._on_delete_triggered)
        actions["copy_answer"].triggered.connect(self._on_copy_answer_triggered)
        actions["copy_thought"].triggered.connect(self._on_copy_thought_triggered)
        actions["edit_message"].triggered.connect(self._on_edit_triggered)
        actions["focus_composer"].triggered.connect(window.composer.focus_editor)

    # -- what the user does ----------------------------------------------------------------------

    def send(self, text: str) -> None:
        """Send a message in the shown chat."""
        if self._models.state.phase == "none":
            self._window.composer.set_text(text)
            self._window.notes.put(
                Notice("model", "No model is loaded.", "Choose one above, or get the starter model.")
            )
            return
        self._chats.send(text, self.settings())

    def _stop(self) -> None:
        """Stop the answer and a load that is under way; a message that waits for it is stopped with it."""
        self._chats.stop()
        self._models.cancel()

    def _regenerate(self, message_id: str) -> None:
        self._chats.regenerate(message_id, self.settings())

    def _edit_and_resend(self, message_id: str, text: str) -> None:
        self._chats.edit_and_resend(message_id, text, self.settings())

    def _continue(self, message_id: str) -> None:
        self._chats.continue_answer(message_id, self.settings())

    def _new_chat(self) -> None:
        self._keep_draft()
        self._chats.new_chat()
        self._window.composer.focus_editor()

    def _open_chat(self, chat_id: str) -> None:
        if chat_id != self._chats.conversation.id:
            self._keep_draft()
            self._chats.open_chat(chat_id)

    def _delete_chat(self, chat_id: str) -> None:
        title = next((chat.title for chat in self.stored_chats() if chat.id == chat_id), "")
        self._chats.delete_chat(chat_id)

        def undo() -> None:
            self._chats.restore_chat(chat_id)

        self._window.offer_undo(f'Deleted "{title}".' if title else "Chat deleted.", undo)

    def _on_draft_changed(self, _text: str) -> None:
        self._draft_timer.start()

    def _keep_draft(self) -> None:
        self._draft_timer.stop()
        self._chats.keep_draft(self._window.composer.text())

    def _on_raw_prompt_toggled(self, raw: bool) -> None:
        self._chats.set_raw_prompt(raw)
        self._show_raw_prompt(raw)

    def _on_copy_requested(self, message_id: str, what: str) -> None:
        message = self._chats.conversation.messages[message_id]
        text = message.thinking if what == "thinking" else message.answer
        QGuiApplication.clipboard().setText(text.strip())

    # -- menus -----------------------------------------------------------------------------------

    def _last(self, role: Role) -> Message | None:
        return next((m for m in reversed(self._chats.conversation.path()) if m.role is role), None)

    def _on_regenerate_triggered(self) -> None:
        if (answer := self._last(Role.ASSISTANT)) is not None:
            self._regenerate(answer.id)

    def _on_continue_triggered(self) -> None:
        if (answer := self._last(Role.ASSISTANT)) is not None and answer.is_resumable:
            self._continue(answer.id)

    def _on_copy_answer_triggered(self) -> None:
        if (answer := self._last(Role.ASSISTANT)) is not None:
            self._on_copy_requested(answer.id, "answer")

    def _on_copy_thought_triggered(self) -> None:
        if (answer := self._last(Role.ASSISTANT)) is not None:
            self._on_copy_requested(answer.id, "thinking")

    def _on_edit_triggered(self) -> None:
        if (question := self._last(Role.USER)) is not None:
            self._window.transcript.begin_edit(question.id)

    def _on_rename_triggered(self) -> None:
        self._window.sidebar.begin_rename(self._chats.conversation.id)

    def _on_delete_triggered(self) -> None:
        if self._chats.conversation.messages:
            self._delete_chat(self._chats.conversation.id)

    # -- what the session says -------------------------------------------------------------------

    def _on_conversation_changed(self, conversation: Conversation) -> None:
        window = self._window
        is_other = conversation.id != self._shown_chat
        self._shown_chat = conversation.id
        window.transcript.set_messages([self._view(conversation, m) for m in conversation.path()])
        window.sidebar.set_current(conversation.id)
        if is_other or not conversation.draft:
            window.composer.set_text(conversation.draft)
        if is_other and conversation.preset_name not in ("", self._presets.saved.slug):
            self._presets.select(conversation.preset_name)
        self._show_raw_prompt(conversation.raw_prompt)
        self._show_page()
        self._show_context()
        self._enable_actions()
        title = conversation.title
        window.setWindowTitle(f"{title} - Thinkpane" if title else "Thinkpane")

    def _on_message_changed(self, message: Message) -> None:
        self._window.transcript.update_message(self._view(self._chats.conversation, message))
        self._show_context()
        self._enable_actions()

    def _on_text_received(self, message_id: str, thinking: str, answer: str, tokens: int) -> None:
        if thinking:
            self._window.transcript.append_thinking(message_id, thinking, tokens)
        if answer:
            self._window.transcript.append_answer(message_id, answer)

    def _on_progressed(self, message_id: str, progress: PromptProgress) -> None:
        if progress.done < progress.total:
            text = f"Reading the prompt: {progress.done:,} of {progress.total:,} tokens"
            self._window.transcript.set_progress(message_id, text)
        else:
            self._window.transcript.set_progress(message_id, "")

    def _on_busy_changed(self, busy: bool) -> None:
        self._window.composer.set_busy(busy)
        self._enable_actions()
        self._show_waiting()

    def _on_answer_finished(self, conversation: Conversation, message: Message) -> None:
        self._window.status.set_speed(message.stats)
        if self._state.settings.notify_when_done:
            self._notifications.answer_finished(conversation.title, message)

    def _on_chats_failed(self, error: AppError) -> None:
        self._window.notes.put(Notice("store", error.message, error.hint))

    def _on_models_state_changed(self, state: ModelState) -> None:
        self._show_page()
        self._show_context()
        self._show_waiting()
        self._enable_actions()

    # -- showing ---------------------------------------------------------------------------------

    def _view(self, conversation: Conversation, message: Message) -> MessageView:
        versions = [version.id for version in conversation.siblings(message.id)]
        name = Path(conversation.model_path).stem if conversation.model_path else ""
        return MessageView(message, versions.index(message.id), len(versions), name)

    def _show_list(self) -> None:
        try:
            self._chat_list.set_chats(self.stored_chats())
        except AppError as error:
            self._on_chats_failed(error)
        self._window.sidebar.set_current(self._chats.conversation.id)

    def _show_page(self) -> None:
        if self._chats.conversation.leaf_id is not None:
            self._window.show_transcript()
        else:
            self._window.show_welcome()

    def _show_raw_prompt(self, raw: bool) -> None:
        self._window.composer.set_raw_prompt(raw)
        self._window.actions_by_key["raw_prompt"].setChecked(raw)

    def _show_context(self) -> None:
        loaded = self._models.state.loaded
        size = loaded.applied.context if loaded is not None else 0
        answer = self._last(Role.ASSISTANT)
        used = int(answer.stats.get("context_used", 0)) if answer is not None else 0
        self._window.top_bar.set_context(used, size)

    def _show_waiting(self) -> None:
        """A message sent while a model loads waits for it, and says so."""
        running = self._chats.running_chat
        state = self._models.state
        if running is None or running.leaf_id is None:
            self._window.composer.set_hint("")
            return
        if state.phase == "loading":
            self._says_waiting = True
            self._window.transcript.set_progress(running.leaf_id, f"Waiting for the model: {state.progress:.0%}")
        elif self._says_waiting:
            self._says_waiting = False
            self._window.transcript.set_progress(running.leaf_id, "")
        if running.id != self._chats.conversation.id:
            self._window.composer.set_hint(f'Waiting for the answer in "{running.title}"')

    def _enable_actions(self) -> None:
        actions, busy = self._window.actions_by_key, self._chats.is_busy
        answer, question = self._last(Role.ASSISTANT), self._last(Role.USER)
        has_chat = bool(self._chats.conversation.messages)
        actions["stop"].setEnabled(busy or self._models.state.phase == "loading")
        actions["regenerate"].setEnabled(not busy and answer is not None)
        actions["continue"].setEnabled(not busy and answer is not None and answer.is_resumable)
        actions["copy_answer"].setEnabled(answer is not None)
        actions["copy_thought"].setEnabled(answer is not None and bool(answer.thinking))
        actions["edit_message"].setEnabled(not busy and question is not None)
        actions["rename_chat"].setEnabled(has_chat)
        actions["delete_chat"].setEnabled(has_chat)


def _open_link(address: str) -> None:
    """Open an address that the reader has seen and agreed to."""
    QDesktopServices.openUrl(QUrl(address))
