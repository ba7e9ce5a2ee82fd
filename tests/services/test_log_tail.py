"""The end of a log: whole lines, no more than was asked for, a sentence where there is none."""

from __future__ import annotations

from pathlib import Path

from app.services.log_tail import read_log_tail


def test_a_short_log_is_read_whole(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\ntwo é\n", "utf-8")
    assert read_log_tail(log) == "one\ntwo é\n"


def test_of_a_long_log_only_the_last_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("first line\nsecond line\nthird line\n", "utf-8")
    assert read_log_tail(log, limit=15) == "third line\n"


def test_bytes_that_are_no_text_do_not_matter(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"\xff\xfe ok\n")
    assert read_log_tail(log).endswith(" ok\n")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert read_log_tail(tmp_path / "none.log") == "Nothing has been logged yet."
    assert read_log_tail(tmp_path).startswith("The log cannot be read: ")
