"""What a run that died leaves, and what the next one makes of it: real processes, a real native crash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.crash_recovery import CrashRecovery

ROOT = Path(__file__).resolve().parents[1]


def run(folder: Path, body: str) -> int:
    code = (
        f"from pathlib import Path; from app.crash_recovery import *; r = CrashRecovery(Path({str(folder)!r})); {body}"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    return result.returncode


def test_a_clean_end_leaves_nothing(tmp_path):
    assert run(tmp_path, "r.start(); r.finish()") == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="faulthandler's own crashes differ there")
def test_a_native_crash_is_found_once_with_its_trace(tmp_path):
    assert run(tmp_path, "r.start(); import faulthandler; faulthandler._sigsegv()") != 0
    recovery = CrashRecovery(tmp_path)
    report = recovery.start()
    recovery.finish()
    assert report is not None
    assert "Segmentation fault" in report.native_trace
    second = CrashRecovery(tmp_path)
    assert second.start() is None
    second.finish()


def test_a_run_that_just_vanished_is_noticed_and_a_living_one_is_not(tmp_path):
    assert run(tmp_path, "r.start(); import os; os._exit(9)") == 9
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (tmp_path / f"running-{living.pid}").touch()
        recovery = CrashRecovery(tmp_path)
        report = recovery.start()
        recovery.finish()
        assert report is not None
        assert report.native_trace == ""
        assert (tmp_path / f"running-{living.pid}").exists()
    finally:
        living.communicate(b"\n")
