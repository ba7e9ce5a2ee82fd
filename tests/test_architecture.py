"""Folder = promise: who may import whom, read from the source itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"

LEVELS = {
    "core": 0,
    "engine": 1, "library": 1, "store": 1, "render": 1,
    "services": 2,
    "item_models": 3,
    "ui": 4,
    "application": 5, "cli": 5,
    "__main__": 6,
}  # fmt: skip
BESIDE = {"paths", "crash_recovery", "logs"}
"""Modules that only the composition root may use."""

QT = {"PySide6", "shiboken6", "qasync"}
WITHOUT_QT = {"core", "engine", "library", "store", "render", "cli", "paths", "crash_recovery", "logs"}
ONLY_IN = {
    "llama_cpp": {"engine"},
    "huggingface_hub": {"library"},
    "requests": {"library"},
    "httpx": {"library"},
    "sqlite3": {"store"},
}
PURE_CORE_FORBIDS = {"PySide6", "llama_cpp", "sqlite3", "socket", "urllib", "http", "subprocess", "huggingface_hub"}


def room_of(path: Path) -> str:
    return path.relative_to(APP).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


SOURCES = sorted(APP.rglob("*.py"))


def test_there_is_something_to_check():
    assert {room_of(path) for path in SOURCES} >= set(LEVELS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_downward_only(path: Path):
    room = room_of(path)
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "app" or len(parts) < 2 or parts[1].startswith("__version"):
            continue
        target = parts[1]
        if target in BESIDE:
            assert room in {"application", "cli", "__main__", *BESIDE}, f"{path} imports {name}"
        elif target != room and room in LEVELS and target in LEVELS:
            assert LEVELS[target] < LEVELS[room], f"{path} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_qt_and_special_libraries_stay_in_their_rooms(path: Path):
    room = room_of(path)
    for name in imports_of(path):
        top = name.split(".")[0]
        assert not (top in QT and room in WITHOUT_QT), f"{path} imports {name}"
        assert room in ONLY_IN.get(top, {room}), f"{path} imports {name}"
        assert not (room == "core" and top in PURE_CORE_FORBIDS), f"{path} imports {name}"
        if name.startswith("PySide6.QtWidgets"):
            assert room in {"ui", "application"}, f"{path} imports {name}"
        if name.startswith("app.engine"):
            assert room in {"engine", "application", "cli"}, f"{path} imports {name}"


def test_no_global_application_object():
    offenders = [path for path in SOURCES if "Application.instance()" in path.read_text(encoding="utf-8")]
    assert offenders == []


def test_import_linter_contracts_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.fail("import-linter is not installed: run python3 dev.py setup")
    result = subprocess.run([str(linter), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
