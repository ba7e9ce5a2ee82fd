"""TOML files from anywhere are read or refused with a sentence, and written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import StoreError
from app.store.toml_store import MAX_BYTES, MAX_KEY_PARTS, parse_toml, read_toml, replace_file, write_toml

_VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.toml"


@given(st.dictionaries(st.text(), _VALUES, max_size=5))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, mapping: dict[str, object]) -> None:
    path = tmp_path_factory.getbasetemp() / "round_trip.toml"
    write_toml(path, mapping)
    assert read_toml(path) == mapping


@given(st.text())
def test_any_text_is_toml_or_a_sentence(text: str) -> None:
    with contextlib.suppress(StoreError):
        parse_toml(text, "file.toml")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a = 1\nb = \n", r"file\.toml is not valid TOML: .*line 2"),
        (b"a = 1\na = 2\n", r"file\.toml is not valid TOML: .*line 2"),
        (b"a = 1\n# \xff\n", r"file\.toml is not UTF-8 text \(line 2\)"),
        (b"\0" * 100, r"file\.toml is not valid TOML: .*line 1"),
        (b"a = " + b"[" * 100_000, r"file\.toml cannot be used"),
        (b"a = " + b"1" * 10_000, r"file\.toml cannot be used"),
        (b"a = 1\n" + b"a." * 50_000 + b"b = 1", r"file\.toml has a key of more than 32 parts \(line 2\)"),
        (b"[" + b'"a b" . ' * 50_000 + b"b]", r"file\.toml has a key of more than 32 parts"),
        (b"x = {" + rb"'a\' ." * 50_000 + b"b = 1}", r"file\.toml has a key of more than 32 parts"),
        (b"#" * (MAX_BYTES + 1), r"file\.toml is larger than 1024 KB"),
    ],
    ids=["value", "twice", "latin-1", "nuls", "brackets", "digits", "dots", "quoted dots", "inline dots", "size"],
)
def test_what_cannot_be_used_is_refused_at_once(path: Path, content: bytes, sentence: str) -> None:
    path.write_bytes(content)
    began = time.monotonic()
    with pytest.raises(StoreError, match=sentence):
        read_toml(path)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "text",
    ["a" * MAX_BYTES, '"' * MAX_BYTES, "a." * (MAX_BYTES // 2), "a " * (MAX_BYTES // 2), "'\"" * (MAX_BYTES // 2)],
    ids=["word", "quotes", "dots", "words", "mixed quotes"],
)
def test_no_text_takes_long(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(StoreError):
        parse_toml(text, "file.toml")
    assert time.monotonic() - began < 2


def test_dots_in_texts_and_keys_of_a_sane_length_are_fine() -> None:
    deep = ".".join(f"k{n}" for n in range(MAX_KEY_PARTS))
    sentence = "Wait... what. " * 200 + "." * 200
    mapping = parse_toml(f'{deep} = "{sentence}"\nfloats = [{"1.5, " * 100}]', "file.toml")
    assert mapping["floats"] == [1.5] * 100


def test_a_byte_order_mark_is_no_fault(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert read_toml(path) == {"a": 1}


def test_a_missing_file_and_a_folder_are_sentences(path: Path) -> None:
    with pytest.raises(StoreError, match=r"could not be read: No such file"):
        read_toml(path)
    with pytest.raises(StoreError, match=r"could not be read"):
        read_toml(path.parent)


def test_lone_surrogates_do_not_stop_a_write(path: Path) -> None:
    write_toml(path, {"path": "/m/\udcff.gguf"})
    assert read_toml(path) == {"path": "/m/?.gguf"}


def test_a_write_that_fails_keeps_the_file_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    write_toml(path, {"a": 1})
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"could not be written: No space left on device\. Check"):
        write_toml(path, {"a": 2})
    assert read_toml(path) == {"a": 1}
    assert [entry.name for entry in path.parent.iterdir()] == ["file.toml"]


def test_a_write_into_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="could not be written"):
        write_toml(tmp_path / "missing" / "file.toml", {})


def test_a_value_toml_cannot_hold_leaves_the_file_before(path: Path) -> None:
    write_toml(path, {"a": 1})
    with pytest.raises(TypeError):
        write_toml(path, {"a": None})
    assert read_toml(path) == {"a": 1}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such links and permissions")
def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path, path: Path) -> None:
    real = tmp_path / "real.toml"
    real.write_text("a = 1")
    real.chmod(0o640)
    path.symlink_to(real)
    write_toml(path, {"a": 2})
    assert path.is_symlink()
    assert read_toml(real) == {"a": 2}
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="Windows replaces no open file")
def test_replacing_reaches_readers_whole(path: Path) -> None:
    replace_file(path, b"old")
    with path.open("rb") as reader:
        replace_file(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
