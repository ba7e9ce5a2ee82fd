"""Templates as models bring them: what they write, what they open, how they fail."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chat_template import FALLBACK_TEMPLATE, MAX_SOURCE, ChatTemplate, RenderedPrompt, template_sha256
from app.core.errors import TemplateError
from app.core.generation import ChatMessage, ThinkingMode
from app.core.thinking import THINK

TEMPLATES = Path(__file__).parent / "templates"
NOW = datetime(2026, 7, 4, 9, 5)

SYSTEM = ChatMessage("system", "Be brief.")
HELLO = ChatMessage("user", "Hello")
CHAT = (HELLO, ChatMessage("assistant", "<think>\nhm\n</think>\n\nHi"), ChatMessage("user", "And you?"))


def template(name: str) -> ChatTemplate:
    return ChatTemplate((TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8"), "<s>", "</s>")


def rendered(source: str, *messages: ChatMessage, thinking: ThinkingMode = "template") -> RenderedPrompt:
    return ChatTemplate(source, "<s>", "</s>").render(messages or (HELLO,), thinking, now=NOW)


def test_qwq_opens_its_thought_and_drops_the_old_one():
    prompt = template("qwq_32b").render((SYSTEM, *CHAT))
    assert prompt.text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nHello<|im_end|>\n"
        "<|im_start|>assistant\nHi<|im_end|>\n"
        "<|im_start|>user\nAnd you?<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n"
    )
    assert prompt.text[prompt.generation_start :] == "<|im_start|>assistant\n<think>\n"
    assert prompt.opened is THINK
    assert prompt.notes == ()


def test_thinking_without_a_switch_is_turned_off_by_closing_the_thought():
    prompt = template("qwq_32b").render(CHAT, "off")
    assert prompt.text.endswith("<|im_start|>assistant\n<think>\n</think>\n\n")
    assert prompt.opened is None
    assert len(prompt.notes) == 1


def test_without_a_generation_prompt_nothing_is_opened():
    prompt = template("qwq_32b").render((HELLO,), add_generation_prompt=False)
    assert prompt.text == "<|im_start|>user\nHello<|im_end|>\n"
    assert (prompt.generation_start, prompt.opened) == (len(prompt.text), None)


@pytest.mark.parametrize(
    ("name", "mode", "end", "is_opened"),
    [
        ("switch", "template", "assistant\n", False),
        ("switch", "on", "assistant\n", False),
        ("switch", "off", "assistant\n<think>\n\n</think>\n\n", False),
        ("flag", "template", "<|open|>think<|sep|>", True),
        ("flag", "on", "<|open|>think<|sep|>", True),
        ("flag", "off", "<|open|>response<|sep|>", False),
        ("effort", "template", "[assistant]<think></think>", False),
        ("effort", "on", "[assistant]<think>", True),
        ("effort", "off", "[assistant]<think></think>", False),
    ],
)
def test_switches(name: str, mode: ThinkingMode, end: str, is_opened: bool):
    prompt = template(name).render(CHAT, mode)
    assert prompt.text.endswith(end)
    assert (prompt.opened is not None) is is_opened
    assert prompt.notes == ()


def test_enable_thinking_is_always_told():
    source = "{{ 'told' if enable_thinking is defined }} {{ enable_thinking }}"
    assert rendered(source).text == "told True"
    assert rendered(source, thinking="on").text == "told True"
    assert rendered(source, thinking="off").text == "told False"


def test_a_model_that_cannot_be_kept_from_thinking_is_noted():
    assert rendered("{{ messages[0].content.split('</think>')[-1] }}", thinking="off").notes != ()
    assert rendered("{{ messages[0].content }}", thinking="off").notes == ()


def test_tools_are_undefined_not_none():
    assert rendered("{{ tools is defined }} {{ functions is defined }}{% for tool in tools %}{% endfor %}").text == (
        "False False"
    )


def test_what_templates_ask_the_time_for():
    source = "{{ date_string }}|{{ datetime }}|{{ strftime_now('%Y-%m-%d %B') }}|{{ bos_token }}{{ eos_token }}"
    assert rendered(source).text == "04 Jul 2026|Jul 04 2026|2026-07-04 July|<s></s>"


@pytest.mark.parametrize("name", ["system_refused", "system_ignored"])
def test_a_system_message_without_a_place_goes_before_the_first_message(name: str):
    prompt = template(name).render((SYSTEM, *CHAT))
    assert "Be brief.\nHello" in prompt.text
    assert prompt.text.count("Be brief.") == 1
    assert len(prompt.notes) == 1
    assert template(name).render(CHAT).notes == ()


def test_a_lone_system_message_without_a_place_is_sent_as_the_users():
    assert "<start_of_turn>user\nBe brief.<end_of_turn>" in template("system_refused").render((SYSTEM,)).text


def test_a_system_message_that_the_template_changes_has_its_place():
    source = "{% for m in messages %}{{ m.role }}: {{ m.content | replace('/no_think', '') }}\n{% endfor %}"
    prompt = rendered(source, ChatMessage("system", "Be /no_think brief."), HELLO)
    assert prompt.text == "system: Be  brief.\nuser: Hello\n"
    assert prompt.notes == ()


def test_a_refusal_that_is_not_about_the_system_message_stays_the_templates_own():
    with pytest.raises(TemplateError, match="System role not supported"):
        template("system_refused").render((SYSTEM, HELLO, HELLO))


def test_a_prompt_that_is_written_unasked_begins_behind_the_last_message():
    prompt = template("unasked").render((SYSTEM, *CHAT))
    assert prompt.text[prompt.generation_start :] == "[/INST]"


WORDS = st.text(alphabet="ab <>|/\n[]", max_size=20)
MARKERS = st.sampled_from(["", "<think>", "<think>\n", "</think>", "think", "<|im_end|>", "[/INST]", "<|im_start|>"])


@given(st.lists(st.one_of(WORDS, MARKERS), max_size=4).map("".join))
def test_nothing_in_a_message_decides_what_is_opened(content: str):
    message = (ChatMessage("user", content),)
    opening, silent, unasked = OPENING.render(message), SILENT.render(message), UNASKED.render(message)
    assert opening.text[opening.generation_start :] == "<|im_start|>assistant\n<think>\n"
    assert opening.opened is THINK
    assert silent.text[silent.generation_start :] == "<|im_start|>assistant\n"
    assert silent.opened is None
    assert unasked.text[unasked.generation_start :] == "[/INST]"
    assert unasked.opened is None


OPENING, SILENT, UNASKED = template("qwq_32b"), template("switch"), template("unasked")


def test_a_model_without_a_template_gets_chatml_and_a_note():
    prompt = rendered("", SYSTEM, HELLO)
    assert prompt.text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    )
    assert len(prompt.notes) == 1
    assert rendered(FALLBACK_TEMPLATE, SYSTEM, HELLO).notes == ()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a\n{% if %}", "line 2"),
        ("a\nb\n{{ messages[9].content.x }}", "line 3"),
        ("{{ 'a' | nothing }}", "No filter named 'nothing'"),
        ("{{ raise_exception('Only the user may speak.') }}", "Only the user may speak"),
        ("{% include 'other' %}", "line 1"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "recursion"),
        ("{{ " + "(" * 500 + ")" * 500 + " }}", "recursion"),
        ("{% for i in range(99999) %}{{ 'a' * 1000 }}{% endfor %}", "too much"),
        ("{{ 'a' * 10**9 }}", "too large"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("x" * (MAX_SOURCE + 1), "too long"),
        ("{{ raise_exception('long ' * 100000) }}", "long long"),
    ],
)
def test_failures_say_what_and_where_and_what_to_do(source: str, words: str):
    with pytest.raises(TemplateError) as failure:
        rendered(source)
    assert words in failure.value.message
    assert "\n" not in failure.value.message
    assert len(failure.value.message) < 500
    assert "another template" in failure.value.hint


def test_a_template_is_known_by_its_hash():
    assert template_sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert template_sha256("a") != template_sha256("b")
    assert len(template_sha256("\ud800")) == 64
