"""The engine on the real llama.cpp: thinking, stops, reuse, errors, lifetime."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest
from helpers import tiny_models

from app.core.errors import AppError, ContextFullError, ModelLoadError
from app.core.generation import (
    ChatMessage,
    Event,
    Finished,
    FinishReason,
    GenerationRequest,
    PartialAnswer,
    PromptProgress,
    TextDelta,
    ThinkingEnded,
)
from app.core.model_spec import ModelSpec
from app.core.sampling import SEED_ORDER, SamplerChain
from app.core.thinking import Channel
from app.engine.llama_engine import LlamaEngine

GREEDY = SamplerChain().with_values(temperature=0.0, seed=1)
HELLO = (ChatMessage("user", "Hello"),)


@pytest.fixture
def engine():
    engine = LlamaEngine()
    yield engine
    engine.close()


def load(engine: LlamaEngine, path: Path, **settings: object):
    spec = ModelSpec(path, **{"context": 1024, "threads": 1, **settings})
    return engine.load(spec, lambda _share: None, threading.Event())


def answer(engine: LlamaEngine, request: GenerationRequest) -> tuple[Finished, list[Event]]:
    events = list(engine.generate(request))
    assert isinstance(events[-1], Finished)
    return events[-1], events


@pytest.mark.parametrize("opens_think", [True, False])
@pytest.mark.parametrize("control", [True, False])
def test_thinking_and_answer_are_apart(engine, tmp_path, opens_think, control):
    path = tiny_models.reasoning_model(tmp_path / "m.gguf", opens_think, markers_are_control=control)
    load(engine, path)
    finished, events = answer(engine, GenerationRequest(HELLO, chain=GREEDY))
    assert finished.reason is FinishReason.STOP
    assert finished.thinking.strip() == tiny_models.THOUGHT.strip()
    assert finished.answer.strip() == tiny_models.ANSWER.strip()
    assert not finished.thinking_open
    deltas = [event for event in events if isinstance(event, TextDelta)]
    assert "".join(d.text for d in deltas if d.channel is Channel.THINKING) == finished.thinking
    assert "".join(d.text for d in deltas if d.channel is Channel.ANSWER) == finished.answer
    assert sum(isinstance(event, ThinkingEnded) for event in events) == 1
    assert finished.stats.thinking_tokens >= len(tiny_models.THOUGHT_PIECES)


def test_thinking_can_be_switched_off_by_the_template(engine, reasoning_gguf):
    load(engine, reasoning_gguf)
    finished, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY, thinking="off", max_tokens=8))
    assert finished.thinking == ""


def test_a_raw_prompt_that_ends_in_an_open_thought_is_noticed(engine, reasoning_gguf):
    load(engine, reasoning_gguf)
    raw = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n"
    finished, _ = answer(engine, GenerationRequest(raw_prompt=raw, chain=GREEDY))
    assert finished.thinking.strip() == tiny_models.THOUGHT.strip()
    assert finished.answer.strip() == tiny_models.ANSWER.strip()


def test_no_character_and_no_long_token_is_lost(engine, unicode_gguf):
    load(engine, unicode_gguf)
    finished, events = answer(engine, GenerationRequest(HELLO, chain=GREEDY))
    assert finished.answer.strip() == tiny_models.UNICODE_ANSWER.strip()
    assert not any("\ufffd" in event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize("after", [0, 1, 25])
def test_a_stop_takes_effect_at_the_next_token_and_keeps_the_text(engine, endless_gguf, after):
    load(engine, endless_gguf)
    request = GenerationRequest(HELLO, chain=GREEDY)
    texts = 0
    for event in engine.generate(request):
        if isinstance(event, TextDelta):
            texts += 1
        if texts >= after:
            request.cancelled.set()
    assert isinstance(event, Finished)
    assert event.reason is FinishReason.CANCELLED
    assert texts <= after + 1
    assert (event.thinking != "") == (after > 0)
    assert event.thinking_open


def test_a_stop_before_the_start_counts(engine, reasoning_gguf):
    load(engine, reasoning_gguf)
    request = GenerationRequest(HELLO, chain=GREEDY)
    request.cancelled.set()
    finished, events = answer(engine, request)
    assert finished.reason is FinishReason.CANCELLED
    assert not any(isinstance(event, TextDelta) for event in events)


def test_a_stop_during_a_long_prompt_ends_it_and_the_engine_works_on(engine, reasoning_gguf):
    load(engine, reasoning_gguf, context=8192, ubatch=64)
    request = GenerationRequest((ChatMessage("user", "word " * 600),), chain=GREEDY)
    progress = []
    for event in engine.generate(request):
        if isinstance(event, PromptProgress):
            progress.append(event)
            if len(progress) == 3:
                request.cancelled.set()
    assert event.reason is FinishReason.CANCELLED
    assert progress[-1].done < progress[-1].total
    finished, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY))
    assert finished.answer.strip() == tiny_models.ANSWER.strip()


def test_the_abort_callback_ends_an_evaluation_that_runs(engine, smollm2_gguf):
    """One decode call of 2048 tokens: the chunk loop never gets a look, only the callback does."""
    load(engine, smollm2_gguf, context=4096, batch=2048, ubatch=2048, threads=2)
    request = GenerationRequest((ChatMessage("user", "one two three " * 650),), chain=GREEDY, max_tokens=4)
    timer = threading.Timer(0.1, request.cancelled.set)
    timer.start()
    finished, _ = answer(engine, request)
    timer.join()
    assert finished.reason is FinishReason.CANCELLED
    again, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY, max_tokens=4))
    assert again.reason in (FinishReason.LENGTH, FinishReason.STOP)


def test_a_limit_and_the_end_of_the_context_are_reasons_not_errors(engine, endless_gguf):
    load(engine, endless_gguf, context=256)
    limited, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY, max_tokens=10))
    assert limited.reason is FinishReason.LENGTH
    assert limited.stats.thinking_tokens == 10
    full, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY))
    assert full.reason is FinishReason.LENGTH
    assert full.stats.context_used == 256


def test_a_prompt_larger_than_the_context_is_a_sentence(engine, reasoning_gguf):
    load(engine, reasoning_gguf, context=256)
    with pytest.raises(ContextFullError, match="the context holds 256"):
        answer(engine, GenerationRequest((ChatMessage("user", "x" * 5000),), chain=GREEDY))


def test_a_stop_text_ends_the_answer(engine, reasoning_gguf):
    load(engine, reasoning_gguf)
    word = next(piece.strip() for piece in tiny_models.ANSWER_PIECES[1:] if piece.strip().isalpha())
    finished, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY, stop=(word,)))
    assert finished.reason is FinishReason.STOP
    assert word not in finished.answer


def test_the_next_turn_evaluates_only_what_is_new(engine, smollm2_gguf):
    load(engine, smollm2_gguf, threads=2)
    first, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY, max_tokens=12))
    held = first.stats.context_used
    turn = (*HELLO, ChatMessage("assistant", first.answer.strip()), ChatMessage("user", "Go on."))
    second, _ = answer(engine, GenerationRequest(turn, chain=GREEDY, max_tokens=4))
    assert first.stats.reused_tokens == 0
    assert held - 2 <= second.stats.reused_tokens <= held
    assert second.stats.prompt_tokens - second.stats.reused_tokens < 20


def test_a_thought_is_not_sent_again_and_the_rest_is_reused(engine, reasoning_gguf):
    load(engine, reasoning_gguf)
    first, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY))
    turn = (*HELLO, ChatMessage("assistant", first.answer.strip()), ChatMessage("user", "More"))
    second, _ = answer(engine, GenerationRequest(turn, chain=GREEDY))
    assert 0 < second.stats.reused_tokens <= first.stats.prompt_tokens
    assert second.thinking == first.thinking


@pytest.mark.parametrize("cut", ["in the thought", "between", "in the answer"])
def test_an_interrupted_answer_is_continued_as_if_nothing_had_happened(engine, reasoning_gguf, cut):
    load(engine, reasoning_gguf)
    whole, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY))
    middle = "".join(tiny_models.THOUGHT_PIECES[:5])
    partial = {
        "in the thought": PartialAnswer(middle, "", True),
        "between": PartialAnswer(whole.thinking, "", True),
        "in the answer": PartialAnswer(
            whole.thinking, tiny_models.BLANK_LINE + "".join(tiny_models.ANSWER_PIECES[:3]), False
        ),
    }[cut]
    finished, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY, resume=partial))
    assert finished.thinking.strip() == whole.thinking.strip()
    assert finished.answer.strip() == whole.answer.strip()
    assert not finished.thinking_open


def test_the_order_of_the_chain_decides_whether_the_loop_is_left(engine, loop_gguf):
    load(engine, loop_gguf)
    values = {"top_p": 0.95, "dry_multiplier": 0.5, "temperature": 0.6, "dry_penalty_last_n": -1, "seed": 3407}
    dry_first = SamplerChain(("dry", "top_k", "top_p", "temperature")).with_values(**values)
    dry_last = SamplerChain(SEED_ORDER).with_values(**values)
    left, _ = answer(engine, GenerationRequest(HELLO, chain=dry_first, max_tokens=400))
    stuck, _ = answer(engine, GenerationRequest(HELLO, chain=dry_last, max_tokens=400))
    assert left.reason is FinishReason.STOP
    assert stuck.reason is FinishReason.LENGTH


@pytest.mark.starter
def test_repeat_penalty_does_nothing_in_the_seeds_chain(engine, smollm2_gguf):
    """The seed says that it uses repeat_penalty 1.1; its chain has no penalties, so 5.0 is the same."""
    load(engine, smollm2_gguf, threads=2)
    values = {
        "top_k": 40, "top_p": 0.95, "temperature": 0.6, "dry_multiplier": 0.5, "dry_penalty_last_n": -1, "seed": 3407,
    }  # fmt: skip

    def tokens(order: tuple[str, ...], penalty: float) -> list[int]:
        engine_chain = SamplerChain(order).with_values(**values, repeat_penalty=penalty)
        prompt = "<|im_start|>user\nTell me a story about a cat.<|im_end|>\n<|im_start|>assistant\n"
        engine.unload()
        load(engine, smollm2_gguf, threads=2)
        _, events = answer(engine, GenerationRequest(raw_prompt=prompt, chain=engine_chain, max_tokens=40))
        return [i for event in events if isinstance(event, TextDelta) for i in event.token_ids]

    seeds = [tokens(SEED_ORDER, penalty) for penalty in (1.0, 1.1, 5.0)]
    assert seeds[0] == seeds[1] == seeds[2]
    assert len(seeds[0]) == 40
    with_penalties = [tokens(("penalties", *SEED_ORDER), penalty) for penalty in (1.0, 5.0)]
    assert with_penalties[0] != with_penalties[1]


def test_the_same_seed_gives_the_same_answer_and_no_seed_is_recorded(engine, endless_gguf):
    load(engine, endless_gguf)
    warm = SamplerChain().with_values(temperature=1.5)

    def run(seed: int | None) -> Finished:
        return answer(engine, GenerationRequest(HELLO, chain=warm.with_values(seed=seed), max_tokens=30))[0]

    one = run(7)
    assert run(7).thinking == one.thinking
    free = run(None)
    assert run(free.recipe.seed).thinking == free.thinking
    assert run(None).recipe.seed != free.recipe.seed


def test_a_grammar_binds_the_answer_and_a_bad_one_is_a_sentence(engine, smollm2_gguf):
    load(engine, smollm2_gguf, threads=2)
    chain = GREEDY.with_values(grammar='root ::= "yes" | "no"')
    finished, _ = answer(engine, GenerationRequest(HELLO, chain=chain, max_tokens=8))
    assert finished.answer in ("yes", "no")
    for bad in ("root ::= (", "other ::= [a]", "root ::= root"):
        with pytest.raises(AppError, match="grammar"):
            answer(engine, GenerationRequest(HELLO, chain=GREEDY.with_values(grammar=bad)))


def test_ignore_eos_goes_on_to_the_limit(engine, reasoning_gguf):
    load(engine, reasoning_gguf)
    finished, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY, ignore_eos=True, max_tokens=120))
    assert finished.reason is FinishReason.LENGTH


def test_loading_reports_progress_and_can_be_cancelled(engine, smollm2_gguf):
    shares: list[float] = []
    cancelled = threading.Event()
    loaded = engine.load(ModelSpec(smollm2_gguf), shares.append, cancelled)
    assert loaded is not None
    assert shares == sorted(shares)
    assert len(shares) > 50
    assert shares[-1] == 1.0
    seen = itertools.count()

    def stop_soon(_share: float) -> None:
        if next(seen) == 20:
            cancelled.set()

    assert engine.load(ModelSpec(smollm2_gguf), stop_soon, cancelled) is None
    with pytest.raises(AppError, match="No model is loaded"):
        answer(engine, GenerationRequest(HELLO))


def test_applied_settings_are_read_back(engine, reasoning_gguf):
    loaded = load(engine, reasoning_gguf, context=1000, cache_type_k="q8_0", cache_type_v="q8_0", gpu_layers=99)
    assert loaded.requested.context == 1000
    assert loaded.applied.context == 1024
    assert loaded.applied.flash_attention
    assert loaded.applied.kv_bytes > 0
    assert any("1,024" in note for note in loaded.applied.notes)
    if not any(device.kind == "gpu" for device in engine.devices()):
        assert loaded.applied.gpu_layers == 0
        assert any("No GPU" in note for note in loaded.applied.notes)


def test_a_quantised_v_cache_without_flash_attention_is_a_sentence(engine, reasoning_gguf):
    with pytest.raises(ModelLoadError, match="needs flash attention"):
        load(engine, reasoning_gguf, cache_type_v="q8_0", flash_attention="off")


def test_metadata_overrides_reach_the_model(engine, reasoning_gguf):
    loaded = load(engine, reasoning_gguf, overrides=(("llama.context_length", 77777),), context=256)
    assert loaded.info.trained_context == 77777


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no model file"),
        (b"", "is empty"),
        (b"<html>404</html>", "not a GGUF"),
        (b"version https://git-lfs.github.com/spec/v1", "not a GGUF"),
        (b"GGUF\x03\x00\x00\x00", "cannot load"),
    ],
)
def test_a_bad_file_is_a_sentence_and_leaves_no_model(engine, tmp_path, content, words):
    path = tmp_path / "bad.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelLoadError, match=words) as caught:
        load(engine, path)
    assert caught.value.hint


def test_a_truncated_model_is_a_sentence_and_the_engine_works_on(engine, tmp_path, reasoning_gguf):
    whole = reasoning_gguf.read_bytes()
    path = tmp_path / "short.gguf"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(ModelLoadError, match=r"incomplete|corrupt|bounds"):
        load(engine, path)
    load(engine, reasoning_gguf)
    assert answer(engine, GenerationRequest(HELLO, chain=GREEDY))[0].reason is FinishReason.STOP


def test_a_missing_adapter_is_an_error(engine, reasoning_gguf, tmp_path):
    with pytest.raises(ModelLoadError, match="LoRA"):
        load(engine, reasoning_gguf, loras=((tmp_path / "none.gguf", 1.0),))


def test_a_template_that_fails_is_a_sentence(engine, reasoning_gguf):
    load(engine, reasoning_gguf)
    with pytest.raises(AppError, match="template"):
        answer(engine, GenerationRequest(HELLO, template="{{ raise_exception('not like this') }}"))


def test_models_can_be_loaded_and_closed_many_times(engine, reasoning_gguf):
    for _ in range(12):
        load(engine, reasoning_gguf)
    engine.close()
    engine.close()
    with pytest.raises(AppError, match="No model is loaded"):
        answer(engine, GenerationRequest(HELLO))


def test_an_abandoned_answer_leaves_the_engine_usable(engine, endless_gguf):
    load(engine, endless_gguf)
    running = engine.generate(GenerationRequest(HELLO, chain=GREEDY))
    for _ in range(10):
        next(running)
    running.close()
    finished, _ = answer(engine, GenerationRequest(HELLO, chain=GREEDY, max_tokens=5))
    assert finished.reason is FinishReason.LENGTH
