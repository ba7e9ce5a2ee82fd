"""The texts that set a model's thinking apart from its answer, one entry for each format in use.

The formats are those of llama.cpp's reference templates (`models/templates`) and of its parsers
(`common/parsers`, `chat-diff-analyzer.cpp`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ThinkingMarkers:
    """One way to write a thought and then an answer.

    Attributes:
        start: Opens a thought. White space in front of it is no part of the output.
        ends: Close a thought and are no part of it; the first is the one a model is trained on.
        interrupts: Close a thought too, but stay, as the beginning of the answer.
        answer_start: What may stand between a closed thought and its answer.
        bare_start: What may stand before an answer that follows no thought.
        answer_ends: What may close an answer that follows a thought or `bare_start`.
        bare_ends: What may close any other answer.
        again: What opens another thought after a closed one.
        signs: A template that holds all of these writes this format. Without signs it is one that
            holds `start` or one of `ends`.
    """

    start: str
    ends: tuple[str, ...]
    interrupts: tuple[str, ...] = ()
    answer_start: str = ""
    bare_start: str = ""
    answer_ends: tuple[str, ...] = ()
    bare_ends: tuple[str, ...] = ()
    again: str = ""
    signs: tuple[str, ...] = ()

    @property
    def closers(self) -> tuple[str, ...]:
        """All texts that end a thought: whose token ids a parser wants to know."""
        return self.ends + self.interrupts

    @property
    def texts(self) -> tuple[str, ...]:
        """All marker texts: what must not be swallowed when tokens are turned into text."""
        leads = (self.answer_start, self.bare_start, self.again)
        texts = (self.start, *self.closers, *leads, *self.answer_ends, *self.bare_ends)
        return tuple(dict.fromkeys(text for text in texts if text))

    def is_spoken_by(self, template: str) -> bool:
        """True if a template's source shows that its model writes this format."""
        if self.signs:
            return all(sign in template for sign in self.signs)
        return any(text in template for text in (self.start, *self.ends))


THINK = ThinkingMarkers("<think>", ("</think>",))
"""What most models write, and what is assumed where nothing is known."""

# llama.cpp also counts a line break before `</think>` as part of some end markers. Here it stays in
# the thought, so that a thought that is sent again is the same to the last character.
MARKERS: tuple[ThinkingMarkers, ...] = (
    THINK,
    # Qwen 3.5, Nemotron 3 Nano, StepFun 3.5
    ThinkingMarkers(
        "<think>", ("</think>",), interrupts=("<tool_call>",), signs=("<tool_call>", "<function=", "</think>")
    ),
    # Ling 3
    ThinkingMarkers(
        "<think>", ("</think>",), interrupts=("<tool_call>",), signs=("<role>ASSISTANT</role>", "</think>")
    ),
    # DeepSeek V3.2 and V4
    ThinkingMarkers(
        "<think>",
        ("</think>",),
        interrupts=("<｜DSML｜function_calls>", "<｜DSML｜tool_calls>"),
        signs=("DSML", "</think>"),
    ),
    # Granite 3.3
    ThinkingMarkers(
        "<think>",
        ("</think>",),
        answer_start="<response>",
        answer_ends=("</response>",),
        signs=("<think></think>", "<response></response>"),
    ),
    # Seed-OSS
    ThinkingMarkers("<seed:think>", ("</seed:think>",)),
    # MiniMax M3
    ThinkingMarkers("<mm:think>", ("</mm:think>",)),
    # Tencent Hy3, whose template puts its markers together from pieces
    ThinkingMarkers("<think:opensource>", ("</think:opensource>",), signs=("<think", ":opensource")),
    # Ministral 3 Reasoning, Magistral, Devstral
    ThinkingMarkers("[THINK]", ("[/THINK]",)),
    # Apertus
    ThinkingMarkers("<|inner_prefix|>", ("<|inner_suffix|>",)),
    # Command R7B
    ThinkingMarkers(
        "<|START_THINKING|>",
        ("<|END_THINKING|>", "<|START_RESPONSE|>"),
        answer_start="<|START_RESPONSE|>",
        bare_start="<|START_RESPONSE|>",
        answer_ends=("<|END_RESPONSE|>",),
        bare_ends=("<|END_RESPONSE|>",),
        signs=("<|START_THINKING|>", "<|START_RESPONSE|>"),
    ),
    # Cohere's mixtures of experts
    ThinkingMarkers(
        "<|START_THINKING|>",
        ("<|END_THINKING|>", "<|START_TEXT|>"),
        answer_start="<|START_TEXT|>",
        bare_start="<|START_TEXT|>",
        answer_ends=("<|END_TEXT|>",),
        bare_ends=("<|END_TEXT|>",),
        signs=("<|START_THINKING|>", "<|START_TEXT|>"),
    ),
    # Kimi K3, whose prompt opens the thought or, with thinking off, the answer
    ThinkingMarkers(
        "<|open|>think<|sep|>",
        ("<|close|>think<|sep|>", "<|open|>response<|sep|>"),
        answer_start="<|open|>response<|sep|>",
        answer_ends=("<|close|>response<|sep|>", "<|close|>message<|sep|>"),
        bare_ends=("<|close|>response<|sep|>", "<|close|>message<|sep|>"),
        signs=("<|open|>", "<|close|>", "<|end_of_msg|>"),
    ),
    # Gemma 4
    ThinkingMarkers("<|channel>thought", ("<channel|>",)),
    # gpt-oss: thought and answer are messages of their own, and several thoughts may come first
    ThinkingMarkers(
        "<|channel|>analysis<|message|>",
        ("<|end|>",),
        answer_start="<|start|>assistant<|channel|>final<|message|>",
        bare_start="<|channel|>final<|message|>",
        again="<|start|>assistant<|channel|>analysis<|message|>",
        signs=("<|channel|>", "analysis"),
    ),
    # Muse Glimmer: likewise
    ThinkingMarkers(
        " to=self<|message|>",
        ("<|eom|>",),
        answer_start="<|start|>assistant to=user<|message|>",
        bare_start=" to=user<|message|>",
        again="<|start|>assistant to=self<|message|>",
        signs=("to=self<|message|>", "<|eom|>"),
    ),
    # Solar Open: likewise
    ThinkingMarkers(
        "<|think|>",
        ("<|end|>",),
        answer_start="<|begin|>assistant<|content|>",
        bare_start="<|content|>",
        again="<|begin|>assistant<|think|>",
        signs=("<|think|>", "<|content|>"),
    ),
    # Apriel 1.5 and 1.6: the start is a sentence, which the later template writes itself
    ThinkingMarkers(
        "Here are my reasoning steps:",
        ("[BEGIN FINAL RESPONSE]",),
        answer_ends=("[END FINAL RESPONSE]",),
        bare_ends=("[END FINAL RESPONSE]",),
        signs=("[BEGIN FINAL RESPONSE]",),
    ),
)

_TURN_MARKUP = re.compile(
    r"<\|[^<>|]{1,40}\|?>|<[^<>|]{1,40}\|>|<｜[^<>]{1,40}｜>|\[/?INST\]|</?(?:start|end)_of_turn>|</?s>"
)
"""What templates write between turns."""


def markers_for(template: str) -> tuple[ThinkingMarkers, ...]:
    """The formats a template's model may write; `<think>` where its source names none.

    Of several formats with one start marker it is the one the source has most signs of, so that
    the parser never has to choose.
    """
    best: dict[str, ThinkingMarkers] = {}
    for markers in sorted(MARKERS, key=lambda markers: -len(markers.signs)):
        if markers.is_spoken_by(template):
            best.setdefault(markers.start, markers)
    return tuple(best.values()) or (THINK,)


def opened_by(prompt: str, markers: Sequence[ThinkingMarkers] = MARKERS, since: int = 0) -> ThinkingMarkers | None:
    """Tell whether a prompt ends inside an open thought, and of which format.

    What counts is the last start marker, if no end marker of its format follows it. With nothing but
    white space after it the thought is open. With text after it that text must be a thought begun:
    the marker stands at the start of a line or right behind the markup of a turn, or is itself such
    markup, and none follows it. So a user's "what does <think> do?" inside an earlier turn opens nothing.

    Args:
        prompt: As the model gets it.
        markers: The formats to look for.
        since: Where the part begins that the template added to open the answer; a marker that ends
            before it was written by someone in the chat. 0 for a prompt written by hand.
    """
    places = [(prompt.rfind(entry.start, max(since - len(entry.start) + 1, 0)), entry) for entry in markers]
    place, last = max(places, key=lambda found: found[0], default=(-1, THINK))
    if place < 0:
        return None
    rest = prompt[place + len(last.start) :]
    if not rest.strip():
        return last
    if any(closer in rest for closer in last.closers) or _TURN_MARKUP.search(rest):
        return None
    before = prompt[:place].rstrip(" \t")
    begins = place == since or not before or before[-1] in "\n>]:｜" or _TURN_MARKUP.search(last.start)
    return last if begins else None


def raw_text(
    thinking: str,
    answer: str,
    thinking_open: bool,
    markers: Sequence[ThinkingMarkers],
    opened: ThinkingMarkers | None,
) -> str:
    """What to append to a prompt so that a model writes on from a partial answer.

    A parser reads it as the same thought and the same answer again. Where nothing has been written
    there is nothing to append, and the model begins anew.

    Args:
        thinking: The thought so far, exactly.
        answer: The answer so far, exactly.
        thinking_open: The thought has not ended.
        markers: The formats of the model; the first is written where the prompt opened nothing.
        opened: The format of the thought that the prompt itself opens.
    """
    if not (thinking or answer or thinking_open):
        return ""
    written = opened or markers[0]
    if not (thinking or thinking_open or opened):
        bare = written.bare_start + answer
        return _with_empty_thought(bare, written) if _begins_thought(bare, markers) else bare
    thought = ("" if opened else written.start) + thinking
    if thinking_open:
        return thought
    return thought + written.ends[0] + (written.answer_start + answer if answer else "")


def _begins_thought(text: str, markers: Sequence[ThinkingMarkers]) -> bool:
    return any(text.lstrip().startswith(entry.start.lstrip()) for entry in markers)


def _with_empty_thought(answer: str, written: ThinkingMarkers) -> str:
    return written.start + written.ends[0] + written.answer_start + answer
