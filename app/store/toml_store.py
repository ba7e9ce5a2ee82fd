"""TOML files: presets and settings. A write is whole or it is not there."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from app.core.errors import StoreError

MAX_BYTES = 1 << 20
"""Our files are a few kilobytes; more than this is not one of them."""

MAX_KEY_PARTS = 32
"""tomllib takes time and memory by the square of a dotted key's length: 100 KB of it fill any memory."""

_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+"""
_LONG_KEY = re.compile(rf"(?<![\w-])(?:{_PART}\.[ \t]*+){{{MAX_KEY_PARTS}}}")


def read_toml(path: Path) -> dict[str, Any]:
    """The contents of a TOML file, which may come from anywhere.

    Raises:
        StoreError: It cannot be read or is no TOML; the sentence names the line.
    """
    return parse_toml(_read_text(path), path.name)


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The contents of TOML text; `name` is what a fault calls it.

    Raises:
        StoreError: It is no TOML.
    """
    if (key := _LONG_KEY.search(text)) is not None:
        line = text.count("\n", 0, key.start()) + 1
        raise StoreError(f"{name} has a key of more than {MAX_KEY_PARTS} parts (line {line}).")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StoreError(f"{name} is not valid TOML: {error}.", "Correct that line.") from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, or brackets nested as deep: tomllib has no error of its own for them.
        raise StoreError(f"{name} cannot be used: {error}.") from error


def write_toml(path: Path, mapping: Mapping[str, Any]) -> None:
    """Write a TOML file in place of the one before, in a folder that exists.

    Raises:
        StoreError: It could not be written; the file before is untouched.
    """
    replace_file(path, tomli_w.dumps(mapping).encode("utf-8", "replace"))


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` in the place of a file, so that a reader finds the old one or the new one, whole.

    Raises:
        StoreError: It could not be written; the file before is untouched.
    """
    target = path.resolve()  # a link stays a link
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                shutil.copymode(target, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path} could not be written: {error.strerror or error}.",
            "Check that the folder exists, that you may write to it, and that the disk has room.",
        ) from error


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StoreError(f"{path} could not be read: {error.strerror or error}.") from error
    if len(data) > MAX_BYTES:
        raise StoreError(f"{path.name} is larger than {MAX_BYTES // 1024} KB.", "Choose a TOML file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise StoreError(f"{path.name} is not UTF-8 text (line {line}).", "Save it as UTF-8.") from error
