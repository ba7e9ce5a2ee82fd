"""Templates that would hang or swell the app are turned away; the others pass, once for all."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.core.chat_template import FALLBACK_TEMPLATE, template_sha256
from app.core.errors import TemplateError
from app.engine.template_check import TemplateChecker

ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
ENDLESS_TEXT = "{% for a in range(99999) %}{% for b in range(99999) %}{% set x = 'a' * b %}{% endfor %}{% endfor %}"
# Each text is within the limits of one value; together they are not.
SWELLING = (
    "{% set ns = namespace(l=[]) %}{% for i in range(999) %}{% set ns.l = [ns.l, 'a' * 3000000 ~ i] %}{% endfor %}"
)


def refusal(source: str, seconds: float = 2.0) -> str:
    with pytest.raises(TemplateError) as failure:
        TemplateChecker(seconds=seconds).check(source, "", "")
    assert "another template" in failure.value.hint
    assert multiprocessing.active_children() == []
    return failure.value.message


@pytest.mark.parametrize("source", [ENDLESS, ENDLESS_TEXT])
def test_a_template_that_never_ends_is_stopped(source: str):
    start = time.monotonic()
    assert "longer than 0.5 seconds" in refusal(source, seconds=0.5)
    assert time.monotonic() - start < 10


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space reliably")
def test_a_template_that_swells_is_stopped():
    assert "memory" in refusal(SWELLING)


def test_a_template_that_does_not_compile_is_turned_away():
    assert "line 1" in refusal("{% if %}")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ raise_exception('Roles must alternate.') }}", "Roles must alternate"),
        ("{{ 'a' * 10**9 }}", "too large"),
        ("{{ 10**(10**8) }}", "too large"),
        ("{{ '%1000000000d' % 1 }}", "too wide"),
        ("{{ 'a'.center(10**9) }}", "too large"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_template_that_breaks_off_unharmed_passes_with_its_words(source: str, words: str):
    checker = TemplateChecker()
    assert words in checker.check(source, "", "")
    assert checker.check(source, "", "") == ""


def test_a_good_template_is_tried_once_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "state" / "templates.json"
    assert TemplateChecker(file).check(FALLBACK_TEMPLATE, "<s>", "</s>") == ""
    assert json.loads(file.read_text(encoding="utf-8"))["passed"] == [template_sha256(FALLBACK_TEMPLATE)]
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]
    monkeypatch.setattr(TemplateChecker, "_try", lambda *args: pytest.fail("it was tried again"))
    assert TemplateChecker(file).check(FALLBACK_TEMPLATE, "<s>", "</s>") == ""


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 0, "passed": []}', '{"format": 1}', "null", "\udcff"])
def test_a_damaged_memory_is_made_anew(tmp_path: Path, content: str):
    file = tmp_path / "templates.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    TemplateChecker(file).check(FALLBACK_TEMPLATE, "", "")
    assert template_sha256(FALLBACK_TEMPLATE) in file.read_text(encoding="utf-8")


def test_a_template_turned_away_is_not_remembered(tmp_path: Path):
    file = tmp_path / "templates.json"
    with pytest.raises(TemplateError):
        TemplateChecker(file).check("{% if %}", "", "")
    assert not file.exists()


def test_the_child_imports_nothing_heavy():
    code = "import sys, app.engine.template_check; print(*{'llama_cpp', 'PySide6', 'numpy'} & set(sys.modules))"
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert result.stdout.strip() == ""
