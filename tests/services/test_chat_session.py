"""The chat session on the real engine thread, the real llama.cpp and a real database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers import tiny_models

from app.core.conversation import MessageState, Role
from app.core.model_spec import ModelSpec
from app.core.sampling import SamplerChain
from app.engine.llama_engine import LlamaEngine
from app.services.chat_session import AnswerSettings, ChatSession
from app.services.engine_worker import EngineThread
from app.services.model_session import ModelSession
from app.store.chat_store import ChatStore
from app.store.database import Database

GREEDY = AnswerSettings(chain=SamplerChain().with_values(temperature=0.0, seed=1))


@pytest.fixture
def engine(qapp):
    thread = EngineThread(LlamaEngine())
    yield thread
    thread.close()


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "chats.db")
    yield database
    database.close()


@pytest.fixture
def session(engine, database):
    session = ChatSession(engine, ChatStore(database))
    yield session
    session.stop()


@pytest.fixture
def models(engine):
    return ModelSession(engine)


def ask(qtbot, session: ChatSession, text: str = "Hello", settings: AnswerSettings = GREEDY):
    with qtbot.waitSignal(session.answer_finished, timeout=20_000) as caught:
        session.send(text, settings)
    return caught.args[1]


def test_thinking_and_answer_arrive_apart_and_are_stored(qtbot, session, models, database, reasoning_gguf):
    models.load(ModelSpec(reasoning_gguf, context=1024))
    received = {"thinking": "", "answer": ""}

    def receive(_message_id: str, thinking: str, answer: str, _tokens: int) -> None:
        received["thinking"] += thinking
        received["answer"] += answer

    session.text_received.connect(receive)
    with qtbot.waitSignal(session.thinking_ended, timeout=20_000):
        message = ask(qtbot, session)
    assert message.state is MessageState.COMPLETE
    assert message.thinking.strip() == tiny_models.THOUGHT.strip()
    assert message.answer.strip() == tiny_models.ANSWER.strip()
    assert (received["thinking"], received["answer"]) == (message.thinking, message.answer)
    stored = ChatStore(database).load_chat(session.conversation.id)
    assert [m.role for m in stored.path()] == [Role.USER, Role.ASSISTANT]
    assert stored.path()[1].thinking == message.thinking
    assert stored.title == "Hello"
    assert stored.path()[1].stats["recipe"]["seed"] == 1


def test_a_message_sent_while_the_model_loads_waits_for_it(qtbot, session, models, reasoning_gguf):
    models.load(ModelSpec(reasoning_gguf, context=1024))
    assert models.state.phase == "loading"
    message = ask(qtbot, session)
    assert message.answer.strip() == tiny_models.ANSWER.strip()


def test_question_and_empty_answer_are_on_disk_before_anything_runs(qtbot, session, models, database, endless_gguf):
    models.load(ModelSpec(endless_gguf, context=2048))
    with qtbot.waitSignal(session.text_received, timeout=20_000):
        session.send("Hello", GREEDY)
        stored = ChatStore(database).load_chat(session.conversation.id)
        assert [m.state for m in stored.path()] == [MessageState.COMPLETE, MessageState.STREAMING]
    with qtbot.waitSignal(session.answer_finished, timeout=20_000):
        session.stop()


def test_a_stop_in_the_thought_keeps_it_open_and_continue_goes_on(qtbot, session, models, reasoning_gguf):
    models.load(ModelSpec(reasoning_gguf, context=1024))
    message = ask(qtbot, session, settings=replace(GREEDY, max_tokens=8))
    assert (message.finish_reason, message.thinking_open) == ("length", True)
    assert message.is_resumable
    with qtbot.waitSignal(session.answer_finished, timeout=20_000) as caught:
        session.continue_answer(message.id, GREEDY)
    whole = caught.args[1]
    assert whole.id == message.id
    assert whole.thinking.strip() == tiny_models.THOUGHT.strip()
    assert whole.answer.strip() == tiny_models.ANSWER.strip()
    assert not whole.thinking_open


def test_regenerate_and_edit_add_versions_and_overwrite_nothing(qtbot, session, models, reasoning_gguf):
    models.load(ModelSpec(reasoning_gguf, context=1024))
    first = ask(qtbot, session)
    with qtbot.waitSignal(session.answer_finished, timeout=20_000) as caught:
        session.regenerate(first.id, GREEDY)
    second = caught.args[1]
    assert [m.id for m in session.conversation.siblings(second.id)] == [first.id, second.id]
    question = session.conversation.path()[0]
    with qtbot.waitSignal(session.answer_finished, timeout=20_000):
        session.edit_and_resend(question.id, "Another wording", GREEDY)
    assert session.conversation.path()[0].answer == "Another wording"
    assert len(session.conversation.messages) == 5
    session.show_version(session.conversation.path()[0].id, -1)
    assert session.conversation.path()[0].answer == "Hello"
    assert session.conversation.path()[1].id == second.id


def test_an_answer_goes_on_in_its_chat_while_another_is_shown(qtbot, session, models, endless_gguf):
    models.load(ModelSpec(endless_gguf, context=4096))
    with qtbot.waitSignal(session.text_received, timeout=20_000):
        session.send("Hello", GREEDY)
    chat_id = session.conversation.id
    session.new_chat()
    leaked: list[str] = []
    session.text_received.connect(lambda message_id, _t, _a, _n: leaked.append(message_id))
    assert session.is_busy
    assert session.conversation.path() == ()
    qtbot.wait(150)
    session.open_chat(chat_id)
    before = len(session.conversation.path()[1].thinking)
    assert before > 0
    with qtbot.waitSignal(session.text_received, timeout=20_000):
        pass
    assert len(session.conversation.path()[1].thinking) > before
    with qtbot.waitSignal(session.answer_finished, timeout=20_000):
        session.stop()
    assert leaked  # only since the chat is shown again


def test_an_error_stays_beside_the_message_and_the_next_one_works(qtbot, session, models, reasoning_gguf):
    message = ask(qtbot, session)
    assert message.state is MessageState.FAILED
    assert "No model is loaded" in message.error
    models.load(ModelSpec(reasoning_gguf, context=1024))
    with qtbot.waitSignal(session.answer_finished, timeout=20_000) as caught:
        session.regenerate(message.id, GREEDY)
    assert caught.args[1].state is MessageState.COMPLETE


def test_deleted_chats_come_back(qtbot, session, models, database, reasoning_gguf):
    models.load(ModelSpec(reasoning_gguf, context=1024))
    ask(qtbot, session)
    chat_id = session.conversation.id
    session.delete_chat(chat_id)
    assert ChatStore(database).list_chats() == ()
    assert session.conversation.path() == ()
    session.restore_chat(chat_id)
    assert len(session.conversation.path()) == 2


def test_the_draft_of_a_chat_is_kept(qtbot, session, models, database, reasoning_gguf):
    models.load(ModelSpec(reasoning_gguf, context=1024))
    ask(qtbot, session)
    session.keep_draft("not yet sent")
    chat_id = session.conversation.id
    session.new_chat()
    session.open_chat(chat_id)
    assert session.conversation.draft == "not yet sent"


def test_a_raw_prompt_goes_in_as_it_stands(qtbot, session, models, reasoning_gguf):
    models.load(ModelSpec(reasoning_gguf, context=1024))
    session.set_raw_prompt(True)
    message = ask(qtbot, session, "<|im_start|>assistant\n<think>\n")
    assert message.thinking.strip() == tiny_models.THOUGHT.strip()
    assert message.stats["prompt_tokens"] < 25


def test_a_later_load_wins_over_the_one_before(qtbot, models, reasoning_gguf, smollm2_gguf):
    models.load(ModelSpec(smollm2_gguf))
    models.load(ModelSpec(reasoning_gguf, context=1024))
    qtbot.waitUntil(lambda: models.state.phase == "ready", timeout=20_000)
    assert models.state.loaded.info.path == reasoning_gguf


def test_a_load_can_be_cancelled_and_a_failed_one_tells_why(qtbot, models, smollm2_gguf, tmp_path):
    models.load(ModelSpec(smollm2_gguf))
    models.cancel()
    qtbot.waitUntil(lambda: models.state.phase == "none", timeout=20_000)
    models.load(ModelSpec(tmp_path / "missing.gguf"))
    qtbot.waitUntil(lambda: models.state.phase == "failed", timeout=20_000)
    assert "no model file" in models.state.error.message


def test_a_model_can_be_unloaded(qtbot, models, reasoning_gguf):
    models.load(ModelSpec(reasoning_gguf, context=1024))
    qtbot.waitUntil(lambda: models.state.phase == "ready", timeout=20_000)
    models.unload()
    qtbot.waitUntil(lambda: models.state.phase == "none", timeout=20_000)
    assert any(device.kind == "cpu" for device in models.state.devices)


def test_a_first_message_that_was_begun_is_kept_over_chats_and_restarts(
    qtbot, session, models, engine, database, reasoning_gguf
):
    models.load(ModelSpec(reasoning_gguf, context=1024))
    ask(qtbot, session, "The first chat")
    first = session.conversation.id
    session.new_chat()
    session.keep_draft("half a question")
    session.open_chat(first)
    session.new_chat()
    assert session.conversation.draft == "half a question"
    again = ChatSession(engine, ChatStore(database))
    assert again.conversation.draft == "half a question"
    with qtbot.waitSignal(again.answer_finished, timeout=20_000):
        again.send("half a question, finished", GREEDY)
    assert again.conversation.title.startswith("half a question")
    again.new_chat()
    assert again.conversation.draft == ""


def test_a_chat_can_be_renamed_and_an_empty_name_is_ignored(qtbot, session, models, database, reasoning_gguf):
    models.load(ModelSpec(reasoning_gguf, context=1024))
    ask(qtbot, session)
    session.rename_chat(session.conversation.id, "  A better\n name ")
    session.rename_chat(session.conversation.id, "   ")
    assert [chat.title for chat in ChatStore(database).list_chats()] == ["A better name"]
    assert session.conversation.title == "A better name"
