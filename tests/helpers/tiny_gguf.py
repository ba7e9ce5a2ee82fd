"""Writes tiny GGUF files that the real llama.cpp loads and runs in milliseconds.

Each is a bigram model: what follows a token depends on that token alone. It is a `llama` of one block
whose attention and feed-forward weights are zero, so the residual stream is the one-hot embedding of
the current token, and the output matrix holds the logits of its followers. A script is a path through
distinct pieces; see `tiny_models` for ready ones.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt

LIKELY = 30.0
"""Logit of a scripted follower. Its probability is 1 within 1e-19, also at temperature 1.5."""
UNLIKELY = -20.0
"""Logit of every follower nobody scripted."""

UNKNOWN, BOS, EOS = "<unk>", "<s>", "</s>"
IM_START, IM_END = "<|im_start|>", "<|im_end|>"
NEWLINE = "<0x0A>"
THINK, END_THINK = "<think>", "</think>"

_HEAD_SIZE = 32
_RMS_EPSILON = 1e-6
_BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
_Matrix = npt.NDArray[np.floating[Any]]


def byte_pieces(text: str) -> list[str]:
    """The byte tokens that spell `text` in UTF-8."""
    return [_BYTES[value] for value in text.encode()]


def spoken(pieces: Sequence[str]) -> str:
    """The text that `pieces` are, byte tokens joined to characters."""
    return b"".join(_piece_bytes(piece) for piece in pieces).decode()


def _piece_bytes(piece: str) -> bytes:
    return bytes([_BYTES.index(piece)]) if piece in _BYTES else piece.encode()


@dataclass
class TinyModel:
    """A bigram model to be written as a GGUF.

    A piece is a whole token's text; those of one byte are called `<0x0A>` and so on. Pieces
    spring into being when an edge first names them.

    Attributes:
        template: The chat template; "" writes none.
        control: Pieces of type CONTROL, beside `<unk>`, `<s>`, `</s>`. Others are USER_DEFINED.
        default_next: What follows every piece that has no edge; None leaves it to chance.
        metadata: Further key-values; they win over the built-in ones of the same key.
        blocks, feed_forward: Raised to make each token take longer. The file holds their zeros:
            6 bytes * vocabulary * feed_forward * blocks.
    """

    template: str = ""
    control: tuple[str, ...] = (IM_START, IM_END)
    default_next: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    blocks: int = 1
    feed_forward: int = 32
    edges: dict[str, dict[str, float]] = field(default_factory=dict)

    def edge(self, piece: str, following: str, logit: float = LIKELY) -> None:
        """Let `following` come after `piece`, with this logit."""
        self.edges.setdefault(piece, {})[following] = logit

    def script(self, *pieces: str) -> None:
        """Let each piece follow the one before it.

        Raises:
            ValueError: A piece already leads elsewhere; a bigram model cannot say it twice.
        """
        for piece, following in itertools.pairwise(pieces):
            if piece in self.edges:
                raise ValueError(f"{piece!r} is in a script already; write it as part of another piece")
            self.edge(piece, following)

    def pieces(self) -> list[str]:
        """The vocabulary, in the order of the token ids. "▁" is how the tokenizer spells a space."""
        named = [self.default_next] if self.default_next else []
        for piece, followers in self.edges.items():
            named += [piece, *followers]
        return list(dict.fromkeys([UNKNOWN, BOS, EOS, *_BYTES, "▁", *self.control, *named]))

    def write(self, path: Path) -> Path:
        """Write the GGUF and return its path."""
        pieces = self.pieces()
        writer = gguf.GGUFWriter(path, "llama")
        for key, value in (_built_in_metadata(self, pieces) | dict(self.metadata)).items():
            _add_key_value(writer, key, value)
        writer.add_token_list(pieces)
        writer.add_token_scores([0.0] * len(pieces))
        writer.add_token_types([self._token_type(piece) for piece in pieces])
        for name, matrix in self._tensors(pieces):
            writer.add_tensor(name, matrix)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    def _token_type(self, piece: str) -> gguf.TokenType:
        if piece == UNKNOWN:
            return gguf.TokenType.UNKNOWN
        if piece in (BOS, EOS, *self.control):
            return gguf.TokenType.CONTROL
        if piece in _BYTES:
            return gguf.TokenType.BYTE
        return gguf.TokenType.NORMAL if piece == "▁" else gguf.TokenType.USER_DEFINED

    def _tensors(self, pieces: Sequence[str]) -> list[tuple[str, _Matrix]]:
        width = _width(pieces)
        ones = np.ones(width, dtype=np.float32)
        tensors: list[tuple[str, _Matrix]] = [
            ("token_embd.weight", np.eye(len(pieces), width, dtype=np.float32)),
            ("output_norm.weight", ones),
            ("output.weight", self._output(pieces, width)),
        ]
        for block in range(self.blocks):
            tensors += [(f"blk.{block}.{norm}_norm.weight", ones) for norm in ("attn", "ffn")]
            tensors += [(f"blk.{block}.{name}.weight", zeros) for name, zeros in self._zeros(width)]
        return tensors

    def _zeros(self, width: int) -> list[tuple[str, _Matrix]]:
        into, out = np.float16, np.zeros
        return [
            *((name, out((_HEAD_SIZE, width), into)) for name in ("attn_q", "attn_k", "attn_v")),
            ("attn_output", out((width, _HEAD_SIZE), into)),
            *((name, out((self.feed_forward, width), into)) for name in ("ffn_gate", "ffn_up")),
            ("ffn_down", out((width, self.feed_forward), into)),
        ]

    def _output(self, pieces: Sequence[str], width: int) -> _Matrix:
        index = {piece: token for token, piece in enumerate(pieces)}
        logits = np.full((len(pieces), width), UNLIKELY, dtype=np.float32)
        for token, piece in enumerate(pieces):
            default = {self.default_next: LIKELY} if self.default_next else {}
            for following, logit in self.edges.get(piece, default).items():
                logits[index[following], token] = logit
        # The norm turns the 1 of a one-hot vector of this width into the reciprocal of this.
        return logits * np.float32(math.sqrt(1 / width + _RMS_EPSILON))


def _width(pieces: Sequence[str]) -> int:
    return -(-len(pieces) // 32) * 32


def _built_in_metadata(model: TinyModel, pieces: Sequence[str]) -> dict[str, object]:
    index = {piece: token for token, piece in enumerate(pieces)}
    template = {"tokenizer.chat_template": model.template} if model.template else {}
    return {
        "general.name": "Tiny",
        "general.file_type": int(gguf.LlamaFileType.ALL_F32),
        "llama.context_length": 8192,
        "llama.embedding_length": _width(pieces),
        "llama.block_count": model.blocks,
        "llama.feed_forward_length": model.feed_forward,
        "llama.attention.head_count": 1,
        "llama.attention.head_count_kv": 1,
        "llama.attention.key_length": _HEAD_SIZE,
        "llama.attention.value_length": _HEAD_SIZE,
        "llama.attention.layer_norm_rms_epsilon": _RMS_EPSILON,
        "llama.rope.dimension_count": _HEAD_SIZE,
        "llama.vocab_size": len(pieces),
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.unknown_token_id": index[UNKNOWN],
        "tokenizer.ggml.bos_token_id": index[BOS],
        "tokenizer.ggml.eos_token_id": index.get(IM_END, index[EOS]),
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.add_eos_token": False,
        "tokenizer.ggml.add_space_prefix": False,
    } | template


def _add_key_value(writer: gguf.GGUFWriter, key: str, value: object) -> None:
    match value:
        case bool():
            writer.add_bool(key, value)
        case int() if value < 0:
            writer.add_int32(key, value)
        case int():
            writer.add_uint32(key, value)
        case float():
            writer.add_float32(key, value)
        case str():
            writer.add_string(key, value)
        case list() | tuple():
            writer.add_array(key, value)
        case _:
            raise TypeError(f"{key}: a GGUF holds no {type(value).__name__}")
