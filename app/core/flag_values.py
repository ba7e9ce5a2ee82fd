"""Reads one value of a command-line flag, as llama.cpp does but without its guesses.

llama.cpp takes "8k" for 8 and "0.6x" for 0.6; here such a value is an error. Every reader takes
the flag, for the message, and the text, and raises `UsageError`.
"""

from __future__ import annotations

import csv
import json
import math
import re
import reprlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.core.errors import UsageError
from app.core.model_spec import ALL_LAYERS, AUTO, OverrideValue
from app.core.sampling import MAX_SEED

Reader = Callable[[str, str], Any]

_INT32_MAX = 2**31 - 1
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_BIAS = re.compile(r"\s*([0-9]{1,10})\s*([+-])\s*(\S+)\s*")

_ON_OFF_AUTO = {
    **dict.fromkeys(("on", "enabled", "true", "1"), "on"),
    **dict.fromkeys(("off", "disabled", "false", "0"), "off"),
    **dict.fromkeys(("auto", "-1"), "auto"),
}


def wrong(flag: str, wanted: str, text: str) -> UsageError:
    """The error for a value that is not what its flag needs."""
    return UsageError(f"{flag} needs {wanted}, not {reprlib.repr(text)}.")


def text(_flag: str, value: str) -> str:
    """Any text."""
    return value


def path(flag: str, value: str) -> Path:
    """The name of a file."""
    if not value or "\0" in value:
        raise wrong(flag, "the name of a file", value)
    return Path(value)


def number(flag: str, value: str) -> float:
    """A finite number."""
    if not _NUMBER.fullmatch(value.strip()) or not math.isfinite(float(value)):
        raise wrong(flag, "a number", value)
    return float(value)


def whole_number(flag: str, value: str) -> int:
    """A whole number of any sign."""
    if not _WHOLE.fullmatch(value.strip()):
        raise wrong(flag, "a whole number", value)
    return int(value)


def whole_between(low: int, high: int = _INT32_MAX) -> Callable[[str, str], int]:
    """A reader for whole numbers from `low` to `high`."""
    wanted = f"a whole number of at least {low}" if high == _INT32_MAX else f"a whole number from {low} to {high}"

    def read(flag: str, value: str) -> int:
        result = whole_number(flag, value)
        if not low <= result <= high:
            raise wrong(flag, wanted, value)
        return result

    return read


def positive_number(flag: str, value: str) -> float:
    """A number above 0."""
    result = number(flag, value)
    if result <= 0:
        raise wrong(flag, "a number above 0", value)
    return result


def one_of(allowed: Sequence[str]) -> Callable[[str, str], str]:
    """A reader for one of a few words."""

    def read(flag: str, value: str) -> str:
        if value not in allowed:
            raise wrong(flag, f"one of {', '.join(allowed)}", value)
        return value

    return read


def is_on_off_auto(value: str) -> bool:
    """Whether llama.cpp takes the word for on, off or auto."""
    return value in _ON_OFF_AUTO


def on_off_auto(flag: str, value: str) -> str:
    """llama.cpp's spellings of on, off and auto."""
    if value not in _ON_OFF_AUTO:
        raise wrong(flag, "on, off or auto", value)
    return _ON_OFF_AUTO[value]


def thread_count(flag: str, value: str) -> int:
    """Threads; 0, like every number llama.cpp takes for "as many as there are cores"."""
    return max(0, whole_between(-_INT32_MAX)(flag, value))


def gpu_layers(flag: str, value: str) -> int:
    """Layers, auto or all; llama.cpp numbers these -1 and -2, unlike `model_spec`."""
    if value in ("auto", "all"):
        return AUTO if value == "auto" else ALL_LAYERS
    if not _WHOLE.fullmatch(value):
        raise wrong(flag, "auto, all or a number of layers", value)
    layers = whole_between(-_INT32_MAX)(flag, value)
    if layers < 0:
        return AUTO if layers == -1 else ALL_LAYERS
    return layers


def seed(flag: str, value: str) -> int | None:
    """A seed; None, a random one, for -1 and for 4294967295, which is the same in 32 bits."""
    result = whole_number(flag, value)
    if result in (-1, MAX_SEED + 1):
        return None
    if not 0 <= result <= MAX_SEED:
        raise wrong(flag, f"a whole number from 0 to {MAX_SEED}, or -1 for a random seed", value)
    return result


def shares(flag: str, value: str) -> tuple[float, ...]:
    """Numbers separated by commas or slashes."""
    return tuple(number(flag, share) for share in re.split(r"[,/]+", value))


def names(_flag: str, value: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(name for part in value.split(",") if (name := part.strip()))


def fields(flag: str, value: str) -> list[str]:
    """Comma-separated fields, of which one with a comma in it is quoted."""
    try:
        return next(csv.reader([value]), [])
    except csv.Error:
        raise wrong(flag, "fields separated by commas", value) from None


def paths(flag: str, value: str) -> tuple[tuple[Path, float], ...]:
    """Adapter files, each at scale 1."""
    return tuple((path(flag, entry), 1.0) for entry in fields(flag, value))


def scaled_paths(flag: str, value: str) -> tuple[tuple[Path, float], ...]:
    """FILE:SCALE, several separated by commas. The last colon counts: a Windows path has one of its own."""
    pairs = []
    for entry in fields(flag, value):
        name, colon, scale = entry.rpartition(":")
        if not colon or not name or not _NUMBER.fullmatch(scale):
            raise wrong(flag, "FILE:SCALE", entry)
        pairs.append((path(flag, name), number(flag, scale)))
    return tuple(pairs)


def logit_bias(flag: str, value: str) -> tuple[int, float]:
    """TOKEN+BIAS or TOKEN-BIAS; TOKEN-inf bans the token."""
    match = _BIAS.fullmatch(value)
    if match is None or int(match[1]) > _INT32_MAX:
        raise wrong(flag, "a token id, + or - and a number, such as 15043-1", value)
    if match[2] == "-" and match[3] == "inf":
        return int(match[1]), -math.inf
    return int(match[1]), number(flag, match[3]) * (-1 if match[2] == "-" else 1)


def overrides(flag: str, value: str) -> tuple[tuple[str, OverrideValue], ...]:
    """KEY=TYPE:VALUE with the types int, float, bool and str, several separated by commas."""
    return tuple(_override(flag, entry) for entry in fields(flag, value))


def _override(flag: str, entry: str) -> tuple[str, OverrideValue]:
    key, _, typed = entry.partition("=")
    kind, colon, value = typed.partition(":")
    # llama.cpp keeps both in 128 bytes, with a zero at the end.
    if not key or not colon or len(key.encode()) > 127:
        raise wrong(flag, "KEY=TYPE:VALUE", entry)
    if kind == "int":
        return key, whole_number(flag, value)
    if kind == "float":
        return key, number(flag, value)
    if kind == "bool" and value in ("true", "false"):
        return key, value == "true"
    if kind == "str" and len(value.encode()) <= 127:
        return key, value
    raise wrong(flag, "a value of type int, float, bool (true or false) or str (127 bytes at most)", entry)


def json_object(flag: str, value: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        result = json.loads(value)
    except (ValueError, RecursionError):
        result = None
    if not isinstance(result, dict):
        raise wrong(flag, "a JSON object", value)
    return result


_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|[nrt'\"\\])")
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"'": b"'", b'"': b'"', b"\\": b"\\"}


def process_escapes(value: str) -> str:
    r"""Replaces \n \r \t \' \" \\ and \xHH, as llama.cpp does; any other backslash stays.

    \xHH is a byte: bytes that do not make UTF-8 become U+FFFD.
    """
    raw = _ESCAPE.sub(_unescaped, value.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "replace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code[1:], 16)]) if code[:1] == b"x" else _ESCAPED[code]


def with_escapes(value: str) -> str:
    """Text that `process_escapes` turns into `value`, on one line."""
    value = value.replace("\\", "\\\\")
    return value.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
