"""The app as a process of its own: one exchange by itself, and killed in the middle of a thought."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import tiny_models
from PySide6.QtGui import QImage

ROOT = Path(__file__).resolve().parents[2]


def command(tmp_path: Path, *arguments: object) -> list[str]:
    return [sys.executable, "-m", "app", "--data-dir", str(tmp_path / "data"), *map(str, arguments)]


def offscreen() -> dict[str, str]:
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen"}


def test_one_exchange_gives_a_picture_and_what_the_window_shows(tmp_path, reasoning_gguf):
    picture, text = tmp_path / "x.png", tmp_path / "x.json"
    result = subprocess.run(
        command(
            tmp_path, "--model", reasoning_gguf, "--preset", "greedy", "--prompt", "Hello",
            "--screenshot", picture, "--dump-text", text, "--quit",
        ),
        cwd=ROOT, env=offscreen(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    shown = json.loads(text.read_text(encoding="utf-8"))
    assert shown["thinking"].strip() == tiny_models.THOUGHT.strip()
    assert "Here is a short answer" in shown["answer"]
    assert "stopped by itself" in shown["status"]
    assert shown["warnings"] == []
    image = QImage(str(picture))
    assert image.width() >= 900
    colours = {image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}
    assert len(colours) > 20
    assert not list((tmp_path / "data" / "logs" / "crashes").glob("running-*"))


def test_a_model_that_is_not_there_ends_with_status_1(tmp_path):
    result = subprocess.run(
        command(tmp_path, "--model", tmp_path / "gone.gguf", "--prompt", "Hello", "--quit"),
        cwd=ROOT, env=offscreen(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert "There is no model file" in result.stdout + result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_thought_survives_kill_9(qtbot, start, tmp_path, endless_gguf):
    process = subprocess.Popen(
        command(tmp_path, "--model", endless_gguf, "--preset", "greedy", "--prompt", "Hello"),
        cwd=ROOT, env=offscreen(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        saved = _saved_thought(tmp_path / "data" / "chats.db")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    application = start()
    (chat,) = application.chat_wiring.stored_chats()
    application.chats.open_chat(chat.id)
    shown = application.window.transcript.shown_text()
    assert shown["thinking"].startswith(saved.strip())
    assert "nterrupted" in shown["status"]
    assert application.chats.conversation.path()[1].is_resumable


def _saved_thought(database: Path) -> str:
    """What has been stored of the thought by the first of the saves that happen once a second."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        if database.exists():
            connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
            try:
                row = connection.execute("SELECT thinking FROM messages WHERE role = 'assistant'").fetchone()
            except sqlite3.OperationalError:
                row = None  # not yet migrated
            finally:
                connection.close()
            if row and row[0]:
                return str(row[0])
        time.sleep(0.05)
    raise AssertionError("nothing was saved in 40 s")
