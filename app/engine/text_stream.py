"""From tokens to the text a person reads: whole UTF-8, stop texts taken off, thinking told from answer."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterator

from app.core.generation import TextDelta
from app.core.streamed_text import open_length
from app.core.thinking import Channel, Piece, ThinkingParser


class TextStream:
    """Takes the bytes of each token and gives deltas.

    Attributes:
        stopped: A stop text has appeared; nothing after it is part of the answer.
        thinking_tokens, answer_tokens: How many tokens went to each channel.
    """

    def __init__(self, request_id: int, parser: ThinkingParser, stop: tuple[str, ...] = ()) -> None:
        self._request_id = request_id
        self._parser = parser
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = StopTexts(stop)
        self._waiting_ids: list[int] = []
        self._text: dict[Channel, list[str]] = {Channel.THINKING: [], Channel.ANSWER: []}
        self.thinking_tokens = 0
        self.answer_tokens = 0

    @property
    def stopped(self) -> bool:
        """A stop text has appeared."""
        return self._stop.found

    @property
    def is_thinking(self) -> bool:
        """The model is inside its thought."""
        return self._parser.is_thinking

    def text(self, channel: Channel) -> str:
        """All text of a channel so far."""
        return "".join(self._text[channel])

    def push(self, token: int, piece: bytes) -> tuple[TextDelta, ...]:
        """The deltas one token causes; often one, sometimes none while text is held back."""
        self._waiting_ids.append(token)
        if self._parser.is_thinking:
            self.thinking_tokens += 1
        else:
            self.answer_tokens += 1
        return tuple(self._deltas(self._pieces(token, piece)))

    def finish(self) -> tuple[TextDelta, ...]:
        """Release what was held back, and the ids of tokens that gave no text."""
        pieces: list[Piece] = []
        if not self._stop.found:
            for text, token in self._stop.push(self._decoder.decode(b"", final=True), None):
                pieces += self._parser.feed(text, token)
            for text, token in self._stop.finish():
                pieces += self._parser.feed(text, token)
        pieces += self._parser.finish()
        deltas = list(self._deltas(iter(pieces)))
        if self._waiting_ids:
            channel = Channel.THINKING if self._parser.is_thinking else Channel.ANSWER
            deltas.append(self._delta(channel, ""))
        return tuple(deltas)

    def _pieces(self, token: int, piece: bytes) -> Iterator[Piece]:
        if self._stop.found:
            return
        text = self._decoder.decode(piece)
        for released, source in self._stop.push(text, token):
            yield from self._parser.feed(released, source)

    def _deltas(self, pieces: Iterator[Piece]) -> Iterator[TextDelta]:
        for piece in pieces:
            if piece.text:
                self._text[piece.channel].append(piece.text)
                yield self._delta(piece.channel, piece.text)

    def _delta(self, channel: Channel, text: str) -> TextDelta:
        ids, self._waiting_ids = tuple(self._waiting_ids), []
        return TextDelta(self._request_id, channel, text, ids)


class StopTexts:
    """Finds the first of several texts in a stream; holds back what may be the beginning of one.

    Text goes in and comes out in the segments it came in, each with its token, unless a stop text cuts it.
    """

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._texts = tuple(text for text in texts if text)
        self._held: deque[tuple[str, int | None]] = deque()
        self.found = False

    def push(self, text: str, token: int | None) -> list[tuple[str, int | None]]:
        """Add a segment; returns the segments that are certainly part of the answer."""
        if not self._texts:
            return [(text, token)]
        self._held.append((text, token))
        held = "".join(segment for segment, _token in self._held)
        places = [place for place in (held.find(stop) for stop in self._texts) if place >= 0]
        if places:
            self.found = True
            return self._take(min(places), cut=True)
        return self._take(len(held) - open_length(held, self._texts), cut=False)

    def finish(self) -> list[tuple[str, int | None]]:
        """What was held back for nothing."""
        rest, self._held = list(self._held), deque()
        return rest

    def _take(self, length: int, *, cut: bool) -> list[tuple[str, int | None]]:
        taken: list[tuple[str, int | None]] = []
        while self._held and len(self._held[0][0]) <= length:
            segment = self._held.popleft()
            length -= len(segment[0])
            taken.append(segment)
        if cut:
            if length and self._held:
                taken.append((self._held[0][0][:length], None))
            self._held.clear()
        return taken
