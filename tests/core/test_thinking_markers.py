"""Which format a template speaks, and whether a prompt ends inside a thought."""

from __future__ import annotations

import pytest

from app.core.thinking_markers import MARKERS, THINK, markers_for, opened_by, raw_text


@pytest.mark.parametrize(
    ("template", "starts"),
    [
        ("{{ messages }}", ["<think>"]),
        ("{{ '<think>\\n' }}", ["<think>"]),
        ("content.split('</think>')[-1]", ["<think>"]),
        ("{%- set t = '<think{}>'.format(':opensource') -%}", ["<think:opensource>"]),
        ("<seed:think> </seed:think>", ["<seed:think>"]),
        ("[THINK] [/THINK]", ["[THINK]"]),
        ("'<|channel>thought\\n<channel|>'", ["<|channel>thought"]),
        ("'<|start|>assistant<|channel|>analysis<|message|>'", ["<|channel|>analysis<|message|>"]),
        ("after the marker [BEGIN FINAL RESPONSE]", ["Here are my reasoning steps:"]),
        ("<think> [THINK]", ["<think>", "[THINK]"]),
    ],
)
def test_a_template_shows_what_its_model_writes(template: str, starts: list[str]):
    assert [entry.start for entry in markers_for(template)] == starts


def test_formats_with_the_same_start_are_told_by_their_signs():
    (plain,) = markers_for("<think></think> <tool_call>")
    assert plain is THINK
    (tools,) = markers_for("<think></think> <tool_call><function=")
    assert tools.interrupts == ("<tool_call>",)
    (granite,) = markers_for("your thoughts between <think></think> and the rest between <response></response>")
    assert granite.answer_start == "<response>"
    (north,) = markers_for("<|START_THINKING|><|END_THINKING|><|START_TEXT|>")
    assert north.answer_start == "<|START_TEXT|>"


def test_plain_think_comes_first_where_no_template_is_known():
    assert next(entry for entry in MARKERS if entry.start == "<think>") is THINK


SEED_PROMPT = "<|im_start|>user\nCreate a Flappy Bird game in Python.<|im_end|>\n<|im_start|>assistant\n<think>\n"


@pytest.mark.parametrize(
    "prompt",
    [
        SEED_PROMPT,
        SEED_PROMPT.rstrip(),
        SEED_PROMPT + "Okay, the user wants",
        "<｜User｜>Hi<｜Assistant｜><think>",
        "User: Hi\n\nAssistant: <think>",
        "User: Hi\n\nAssistant: <think>Well,",
        "<|im_start|>assistant\n<think>old</think>Hi<|im_end|>\n<|im_start|>assistant\n<think>\n",
        "[INST]Hi[/INST][THINK]",
        "<|turn>model\n<|channel>thought\n",
        "<|begin_assistant|>\nHere are my reasoning steps:\n",
        "<|start|>assistant<|channel|>analysis<|message|>We need",
    ],
)
def test_a_prompt_that_ends_in_a_thought(prompt: str):
    opened = opened_by(prompt)
    assert opened is not None
    assert opened.start in prompt


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "Hello",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
        "<|im_start|>user\nWhat does <think> do?<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>user\n<think><|im_end|>\n<|im_start|>assistant\n",
        "<｜User｜>\n<think>\nme<｜Assistant｜>",
        "[INST]\n<think> this[/INST]",
        "<start_of_turn>user\n<think>\n<end_of_turn>\n<start_of_turn>model\n",
        "Explain the <think> tag",
        "<|assistant|></think>",
    ],
)
def test_a_prompt_that_does_not(prompt: str):
    assert opened_by(prompt) is None


def test_what_a_person_wrote_before_the_generation_prompt_opens_nothing():
    prompt = "user: say <think>"
    assert opened_by(prompt, since=len(prompt)) is None
    assert opened_by(prompt + "\nassistant: ", since=len(prompt)) is None
    assert opened_by(prompt + "\nassistant: <think>\n", since=len(prompt)) is THINK


def test_a_marker_across_the_beginning_of_the_generation_prompt_counts():
    # Where the text without a generation prompt ends in "</s>", the first "<" is common to both.
    prompt = "user: Hi\n<think>"
    assert opened_by(prompt, since=prompt.index("<think>") + 1) is THINK


def test_text_to_go_on_from():
    assert raw_text("", "Hi", False, [THINK], None) == "Hi"
    assert raw_text("why", "Hi", False, [THINK], None) == "<think>why</think>Hi"
    assert raw_text("why", "Hi", False, [THINK], THINK) == "why</think>Hi"
    assert raw_text("why", "", True, [THINK], None) == "<think>why"
    assert raw_text("why", "", True, [THINK], THINK) == "why"
    assert raw_text("", "", False, [THINK], THINK) == ""
    # Alone, this answer would be taken for a thought.
    assert raw_text("", "<think> is a tag", False, [THINK], None) == "<think></think><think> is a tag"
    gpt_oss = markers_for("<|channel|>analysis")[0]
    assert raw_text("", "Hi", False, [gpt_oss], None) == "<|channel|>final<|message|>Hi"
    assert raw_text("why", "Hi", False, [gpt_oss], None) == (
        "<|channel|>analysis<|message|>why<|end|><|start|>assistant<|channel|>final<|message|>Hi"
    )
