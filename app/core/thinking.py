"""Tells a model's thinking (its "reasoning") from its answer while the text streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from types import MappingProxyType

from app.core.streamed_text import LinePosition, may_become, open_length
from app.core.thinking_markers import MARKERS, THINK, ThinkingMarkers, markers_for, opened_by, raw_text

__all__ = [
    "MARKERS",
    "THINK",
    "Channel",
    "Piece",
    "ThinkingMarkers",
    "ThinkingParser",
    "markers_for",
    "opened_by",
    "raw_text",
]


class Channel(StrEnum):
    """Where a piece of text belongs."""

    THINKING = "thinking"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Piece:
    """New text of one channel, never empty."""

    channel: Channel
    text: str


class _State(Enum):
    UNDECIDED = auto()
    """Nothing but white space has come; a start marker may follow."""
    ENTERED = auto()
    """The prompt opened the thought, and the model may write the start marker once more."""
    THOUGHT = auto()
    CLOSED = auto()
    """The thought has ended; what leads over to the answer may follow."""
    ANSWER = auto()


_NO_IDS: Mapping[int, str] = MappingProxyType({})


class ThinkingParser:
    """Text in as it is generated, pieces of thinking and answer out, markers gone.

    Text is held back only while it may still become a marker. White space is kept as it came. How the
    input is cut makes no difference to the text of the channels.

    A start marker counts at the very beginning of the output alone; later it is text like any other, and
    so is an end marker without a thought to end. Where the token of an end marker is known, that token
    ends the thought, and the same marker spelled by other tokens does so only at the start of a line and
    outside a fence of ```: a model that quotes `</think>` in its thought has not finished it. Where no
    token is known, the first end marker ends the thought.
    """

    def __init__(
        self,
        markers: Sequence[ThinkingMarkers],
        opened: ThinkingMarkers | None = None,
        end_token_ids: Mapping[int, str] = _NO_IDS,
        *,
        answering: bool = False,
        so_far: str = "",
    ) -> None:
        """Begin at the beginning of an output, or where a partial one stopped.

        Args:
            markers: The formats the model may write; the earlier wins where two begin alike.
            opened: The format of the thought that the prompt ends in, or that is resumed.
            end_token_ids: Token id -> the end marker (see `ThinkingMarkers.closers`) it spells alone.
            answering: The thought is over: an answer is resumed, or about to begin.
            so_far: The text of the thought or the answer that is resumed.
        """
        self._markers = tuple(markers)
        self._format = opened or self._markers[0]
        self._answer_ends = tuple(end for entry in self._markers for end in entry.bare_ends)
        self._end_token_ids = end_token_ids
        self._guarded = frozenset(end_token_ids.values())
        self._lines = LinePosition()
        self._held = ""
        self._known = 0
        self._pieces: list[Piece] = []
        self._state = _State.UNDECIDED
        if opened is not None or answering:
            self._begin_inside(answering, so_far)

    @property
    def channel(self) -> Channel:
        """Where the next text belongs, as far as is known; an undecided beginning counts as answer."""
        return Channel.THINKING if self.is_thinking else Channel.ANSWER

    @property
    def is_thinking(self) -> bool:
        """The output is inside a thought; at its end: the thought was never ended."""
        return self._state in (_State.ENTERED, _State.THOUGHT)

    def feed(self, text: str, token_id: int | None = None) -> tuple[Piece, ...]:
        """Take the text of one token; give what is certain by now.

        Args:
            text: New text, of any length; may be empty, as for a control token that is not shown.
            token_id: The token it came from; None for text that is no whole token.
        """
        marker = self._end_token_ids.get(token_id) if token_id is not None else None
        if marker is None:
            self._take(text)
        else:
            self._take_end_token(text, marker)
        return self._given()

    def finish(self) -> tuple[Piece, ...]:
        """The output is over: give what was held back."""
        held, self._held = self._held, ""
        if self._state is _State.ANSWER:
            ends = _trailing_ends(held, self._answer_ends)
            held = held[: len(held) - ends]
        self._give(self.channel, held)
        return self._given()

    def _begin_inside(self, answering: bool, so_far: str) -> None:
        self._answer_ends = self._format.answer_ends
        if answering:
            self._state = _State.ANSWER if so_far else self._after_thought()
        elif so_far:
            self._state = _State.THOUGHT
            self._resume_thought(so_far)
        else:
            self._state = _State.ENTERED

    def _resume_thought(self, so_far: str) -> None:
        """Pass over what is known, keeping what may be the first half of an end marker."""
        line = so_far[so_far.rfind("\n") + 1 :]
        self._lines.pass_over(so_far.removesuffix(line))
        self._held, self._known = line, len(line)
        self._think()

    def _after_thought(self) -> _State:
        return _State.CLOSED if any(self._leads()) else _State.ANSWER

    def _take(self, text: str) -> None:
        self._held += text
        steps = {
            _State.UNDECIDED: self._decide,
            _State.ENTERED: self._drop_second_start,
            _State.THOUGHT: self._think,
            _State.CLOSED: self._lead_over,
            _State.ANSWER: self._answer,
        }
        before = None
        while before is not self._state:
            before = self._state
            steps[before]()

    def _take_end_token(self, text: str, marker: str) -> None:
        before, found, after = text.partition(marker)
        self._take(before)
        if not (self.is_thinking and marker in self._format.closers):
            self._take(found + after)
            return
        held, self._held = self._held, after
        self._give(Channel.THINKING, held)
        self._close(marker)
        self._take("")

    def _decide(self) -> None:
        """At the beginning: a thought, or an answer."""
        begun = self._held.lstrip()
        for entry in self._markers:
            for marker, state in ((entry.start.lstrip(), _State.THOUGHT), (entry.bare_start.lstrip(), _State.ANSWER)):
                if marker and begun.startswith(marker):
                    self._format, self._answer_ends = entry, entry.answer_ends
                    self._state, self._held = state, begun[len(marker) :]
                    return
        beginnings = [text.lstrip() for entry in self._markers for text in (entry.start, entry.bare_start)]
        if not may_become(begun, beginnings):
            self._state = _State.ANSWER

    def _drop_second_start(self) -> None:
        start, begun = self._format.start.lstrip(), self._held.lstrip()
        while begun.startswith(start):
            self._held = begun[len(start) :]
            begun = self._held.lstrip()
        if not may_become(begun, [start]):
            self._state = _State.THOUGHT

    def _think(self) -> None:
        """Give the lines of the thought up to its end, or to what may become it."""
        while self._held:
            line, line_break, _rest = self._held.partition("\n")
            place, closer = self._end_in(line)
            if closer:
                self._give_thought(place)
                self._held = self._held[len(closer) :]
                self._close(closer)
                return
            if not line_break:
                self._give_thought(len(line) - self._open_end(line))
                return
            self._give_thought(len(line) + 1)

    def _end_in(self, line: str) -> tuple[int, str]:
        """Place and text of the first end marker that counts; the text is empty if there is none."""
        found = [(line.find(closer), closer) for closer in self._format.closers if self._counts_anywhere(closer)]
        if self._lines.at_start:
            found += [(0, closer) for closer in self._format.closers if line.startswith(closer)]
        return min(((place, closer) for place, closer in found if place >= 0), default=(-1, ""))

    def _open_end(self, line: str) -> int:
        """Length of the end of an unfinished line that may still become an end marker."""
        free = [closer for closer in self._format.closers if self._counts_anywhere(closer)]
        if self._lines.at_start and may_become(line, self._format.closers):
            return len(line)
        return open_length(line, free)

    def _counts_anywhere(self, closer: str) -> bool:
        return closer not in self._guarded

    def _give_thought(self, length: int) -> None:
        text, self._held = self._held[:length], self._held[length:]
        self._lines.pass_over(text)
        self._give(Channel.THINKING, text)

    def _close(self, closer: str) -> None:
        self._known = 0
        if closer in self._format.interrupts:
            self._held = closer + self._held
            self._state = _State.ANSWER
        else:
            self._state = self._after_thought()

    def _leads(self) -> tuple[str, str]:
        """What may follow a closed thought: the lead to the answer, the lead to another thought."""
        return self._format.answer_start, self._format.again

    def _lead_over(self) -> None:
        answer_start, again = self._leads()
        begun = self._held.lstrip()
        if answer_start and begun.startswith(answer_start):
            self._state, self._held = _State.ANSWER, begun[len(answer_start) :]
        elif again and begun.startswith(again):
            self._lines = LinePosition()
            self._state, self._held = _State.THOUGHT, begun[len(again) :]
        elif not may_become(begun, (answer_start, again)):
            self._state = _State.ANSWER

    def _answer(self) -> None:
        ends = self._answer_ends
        partial = open_length(self._held, ends)
        whole = len(self._held) - partial
        keep = partial + _trailing_ends(self._held[:whole], ends)
        text, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        self._give(Channel.ANSWER, text)

    def _give(self, channel: Channel, text: str) -> None:
        known = min(self._known, len(text))
        self._known -= known
        if not (text := text[known:]):
            return
        if self._pieces and self._pieces[-1].channel is channel:
            text = self._pieces.pop().text + text
        self._pieces.append(Piece(channel, text))

    def _given(self) -> tuple[Piece, ...]:
        pieces, self._pieces = tuple(self._pieces), []
        return pieces


def _trailing_ends(text: str, ends: Sequence[str]) -> int:
    """Length of the markers, and the white space between and after them, that close a text."""
    start = len(text)
    while True:
        body = text[:start].rstrip()
        end = next((end for end in ends if body.endswith(end)), None)
        if end is None:
            return len(text) - start
        start = len(body) - len(end)
