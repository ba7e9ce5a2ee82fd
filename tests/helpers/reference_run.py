"""Every token of a run of llama.cpp's own `llama-completion`, by its id.

The tool prints text only. But libllama, told to by LLAMA_BATCH_DEBUG, logs each token that it decodes
with its position; so the prompt and the answer are read from there, and nothing is tokenised again.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CONTEXT, BATCH, UBATCH = 2048, 2048, 512
THREADS = 1
"""Logits do not depend on it, and a second thread spins for seconds a token when the cores are busy."""

_SAME_FOR_ALL = (
    *("-c", str(CONTEXT), "-b", str(BATCH), "-t", str(THREADS)),
    *("-fa", "auto", "-ngl", "0", "-fit", "off", "--no-warmup", "--offline"),
    *("-no-cnv", "--no-escape", "-lv", "5", "--log-colors", "off"),
)
_SECONDS = 120
_DECODED = re.compile(rb"id = +(\d+) \((.*?)\), pos = +(\d+), n_seq_id", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ReferenceRun:
    """The tokens of one run; `generated` is without the token that ended it."""

    prompt: tuple[int, ...]
    generated: tuple[int, ...]


def completion_tokens(
    tool: Path, model: Path, prompt: str, flags: Sequence[str], count: int, ubatch: int = UBATCH
) -> ReferenceRun:
    """Run `llama-completion` on `prompt` as it stands and return all token ids.

    Args:
        flags: Its sampling flags, seed included.
        count: Most tokens to generate. One more is asked for, since the last is never decoded.
        ubatch: How many tokens of the prompt are computed at once; it changes the logits.
    """
    command = [tool, "-m", model, *_SAME_FOR_ALL, "-ub", str(ubatch), "-p", prompt, "-n", str(count + 1), *flags]
    environment = os.environ | {"LLAMA_BATCH_DEBUG": "1"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"llama-completion failed:\n{done.stderr[-4000:].decode(errors='replace')}")
    tokens = _decoded_tokens(done.stderr)
    length = _prompt_length(done.stderr)
    return ReferenceRun(tuple(tokens[:length]), tuple(tokens[length:]))


def _decoded_tokens(log: bytes) -> list[int]:
    by_position = {int(position): int(token) for token, _piece, position in _DECODED.findall(log)}
    if list(by_position) != list(range(len(by_position))):
        raise RuntimeError("llama-completion did not log every position.")
    return list(by_position.values())


def _prompt_length(log: bytes) -> int:
    consumed = re.search(rb"embd_inp\.size\(\): (\d+), n_consumed: 0", log)
    if not consumed:
        raise RuntimeError("llama-completion did not log the length of the prompt.")
    return int(consumed[1])
