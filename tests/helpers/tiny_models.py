"""Ready tiny models: one that reasons, one that never stops, one that loops, one that speaks in bytes.

All follow a ChatML template. Whatever the user wrote, the prompt's last token is the newline after
`assistant` or `<think>`, from where the script goes on; a raw prompt leads to its first piece as well.
"""

from __future__ import annotations

from pathlib import Path

from helpers.tiny_gguf import END_THINK, IM_END, IM_START, NEWLINE, THINK, TinyModel, byte_pieces, spoken

BLANK_LINE = "\n\n"
"""A piece of its own: what stands between the end of the thought and the answer."""

THOUGHT_PIECES = (
    *("Let", " me", " think", " about", " this", ".", " The", " user", " wants", " a short", " example", ","),
    *(" so I", " will", " give", " one", " sentence", " and", " then", " a list", " with", " some code", ".\n"),
)
ANSWER_PIECES = (
    *("Here is", " a **short**", " answer", ":\n\n", "- the first", " point\n", "- the second,", " with `code`\n\n"),
    *("```python\n", "def greet", "(name):\n", "    return", ' f"Hello, {name}"', "\n```"),
)
UNICODE_PIECES = (
    *("Party ", *byte_pieces("🎉"), ", tree ", *byte_pieces("木"), " and word ", *byte_pieces("語"), ":"),
    *("\n" + " " * 40, "far right ", *byte_pieces("é"), "!"),
)
LOOP_PIECES = (" wait", " maybe", " not", " so", " again")
LOOP_STAYS, LOOP_LEAVES = 10.0, 7.0
"""Logits at the end of a round: e^3 to 1, so a top_p of 0.95 cuts the way out and DRY alone opens it."""

THOUGHT, ANSWER, UNICODE_ANSWER = spoken(THOUGHT_PIECES), spoken(ANSWER_PIECES), spoken(UNICODE_PIECES)


def chatml_template(opens_think: bool) -> str:
    """ChatML that drops old thoughts and, with `enable_thinking` false, closes the thought at once.

    `opens_think` puts `<think>` and a newline into the generation prompt, as QwQ's template does.
    """
    opening = "{{- '<think>\\n' }}" if opens_think else ""
    return (
        "{%- for message in messages %}"
        "{{- '<|im_start|>' + message.role + '\\n' + message.content.split('</think>')[-1].lstrip('\\n') }}"
        "{{- '<|im_end|>\\n' }}"
        "{%- endfor %}"
        "{%- if add_generation_prompt %}"
        "{{- '<|im_start|>assistant\\n' }}"
        "{%- if enable_thinking is defined and enable_thinking is false %}"
        "{{- '<think>\\n\\n</think>\\n\\n' }}"
        "{%- else %}" + opening + "{%- endif %}{%- endif %}"
    )


def reasoning_model(
    path: Path,
    opens_think: bool = True,
    thought: tuple[str, ...] = THOUGHT_PIECES,
    answer: tuple[str, ...] = ANSWER_PIECES,
    markers_are_control: bool = False,
    metadata: dict[str, object] | None = None,
) -> Path:
    """Write a model that thinks `thought`, closes it, says `answer` and ends.

    Where the template does not open the thought, the model writes `<think>` itself. After
    `</think>` it writes `BLANK_LINE`. Every piece must be distinct.
    """
    model = _chat_model(opens_think, markers_are_control, metadata)
    model.default_next = thought[0]
    _begin(model, opens_think, thought[0])
    model.script(*thought, END_THINK, BLANK_LINE, *answer, IM_END)
    return model.write(path)


def endless_model(
    path: Path,
    opens_think: bool = True,
    words: int = 200,
    exit_logit: float | None = None,
    wanders: bool = True,
    blocks: int = 1,
    feed_forward: int = 32,
    metadata: dict[str, object] | None = None,
) -> Path:
    """Write a model whose thought, of `words` distinct pieces, never ends.

    Greedily it goes round in a circle of all its words; sampled, it `wanders` from any word to any
    other, so that nothing takes it for a loop. Without `wanders` it goes round always. `exit_logit`
    makes `</think>` and a short answer possible after the last word (the next word has 20).
    """
    model = _chat_model(opens_think, False, metadata)
    model.blocks, model.feed_forward = blocks, feed_forward
    circle = [f" w{number}" for number in range(words)]
    model.default_next = circle[0]
    _begin(model, opens_think, circle[0])
    for position, word in enumerate(circle):
        if wanders:
            model.edges[word] = dict.fromkeys(circle, 19.0)
        model.edge(word, circle[(position + 1) % words], 20.0)
    if exit_logit is not None:
        model.edge(circle[-1], END_THINK, exit_logit)
        model.script(END_THINK, BLANK_LINE, "Enough.", IM_END)
    return model.write(path)


def loop_model(path: Path, metadata: dict[str, object] | None = None) -> Path:
    """Write a model that is caught in a loop, which only a DRY before top_p lets it leave.

    It thinks `LOOP_PIECES` over and over; after each round, staying is likelier than leaving.
    """
    model = _chat_model(True, False, metadata)
    model.default_next = LOOP_PIECES[0]
    _begin(model, True, LOOP_PIECES[0])
    model.script(*LOOP_PIECES)
    model.edge(LOOP_PIECES[-1], LOOP_PIECES[0], LOOP_STAYS)
    model.edge(LOOP_PIECES[-1], END_THINK, LOOP_LEAVES)
    model.script(END_THINK, BLANK_LINE, "Enough", " of that.", IM_END)
    return model.write(path)


def unicode_model(path: Path, metadata: dict[str, object] | None = None) -> Path:
    """Write a model whose answer has characters cut into byte tokens and a piece of 41 bytes."""
    return reasoning_model(path, answer=UNICODE_PIECES, metadata=metadata)


def _chat_model(opens_think: bool, markers_are_control: bool, metadata: dict[str, object] | None) -> TinyModel:
    markers = (THINK, END_THINK) if markers_are_control else ()
    return TinyModel(chatml_template(opens_think), (IM_START, IM_END, *markers), metadata=metadata or {})


def _begin(model: TinyModel, opens_think: bool, first: str) -> None:
    model.script(NEWLINE, *(() if opens_think else (THINK,)), first)
