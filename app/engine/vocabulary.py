"""A loaded model's tokens: text to ids, ids to bytes, which of them end a text."""

from __future__ import annotations

import ctypes

import llama_cpp.llama_cpp as binding

from app.core.errors import AppError

_ATTR_CONTROL = 1 << 3  # LLAMA_TOKEN_ATTR_CONTROL


class Vocabulary:
    """Reads the vocabulary of one model; must not outlive it.

    Attributes:
        size: Number of tokens.
        bos, eos: Texts of these tokens, "" where there is none.
    """

    def __init__(self, model: object) -> None:
        self.pointer = binding.llama_model_get_vocab(model)
        self.size: int = binding.llama_vocab_n_tokens(self.pointer)
        self._pieces: dict[tuple[int, bool], bytes] = {}
        self._buffer = ctypes.create_string_buffer(256)
        self._adds_bos = bool(binding.llama_vocab_get_add_bos(self.pointer))
        self.bos = self._special_text(binding.llama_vocab_bos(self.pointer))
        self.eos = self._special_text(binding.llama_vocab_eos(self.pointer))
        self.shown_specials: frozenset[int] = frozenset()

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool = True) -> list[int]:
        """Text to token ids.

        Args:
            add_special: Let the model add its BOS (and EOS) where its metadata says so. A BOS text that
                a template already wrote is taken off first, so that there are never two.
            parse_special: Read `<|im_start|>` and its like as tokens, not as characters.
        """
        if add_special and self._adds_bos and self.bos:
            text = text.removeprefix(self.bos)
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        while True:
            tokens = (binding.llama_token * room)()
            count = binding.llama_tokenize(self.pointer, data, len(data), tokens, room, add_special, parse_special)
            if count >= 0:
                return list(tokens[:count])
            if count == -(2**31):
                raise AppError("The prompt is too long to be tokenised.", "Send a shorter message.")
            room = -count

    def piece(self, token: int) -> bytes:
        """The bytes of one generated token. Control tokens are empty unless in `shown_specials`."""
        return self._piece(token, special=token in self.shown_specials)

    def is_end(self, token: int) -> bool:
        """True for tokens that end a generation (EOS, end of turn, ...)."""
        return bool(binding.llama_vocab_is_eog(self.pointer, token))

    def end_tokens(self) -> list[int]:
        """All tokens that end a generation."""
        return [token for token in range(self.size) if self.is_end(token)]

    def single_token(self, text: str) -> int | None:
        """The token that alone spells `text`, such as `</think>`; None if it takes several."""
        tokens = self.tokenize(text, add_special=False)
        if len(tokens) == 1 and self._piece(tokens[0], special=True) == text.encode():
            return tokens[0]
        return None

    def special_tokens_in(self, text: str) -> list[int]:
        """The control tokens that occur in a text."""
        tokens = self.tokenize(text, add_special=False)
        return [token for token in tokens if binding.llama_vocab_get_attr(self.pointer, token) & _ATTR_CONTROL]

    def _special_text(self, token: int) -> str:
        return self._piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def _piece(self, token: int, *, special: bool) -> bytes:
        key = (token, special)
        if (known := self._pieces.get(key)) is not None:
            return known
        length = binding.llama_token_to_piece(self.pointer, token, self._buffer, len(self._buffer), 0, special)
        if length < 0:  # the buffer is too small: some tokens are 128 bytes and more
            self._buffer = ctypes.create_string_buffer(-length)
            length = binding.llama_token_to_piece(self.pointer, token, self._buffer, -length, 0, special)
        piece = self._buffer.raw[:length]
        self._pieces[key] = piece
        return piece
