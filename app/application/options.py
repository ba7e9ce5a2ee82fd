"""What the window's command line says."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app import __version__


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """The window's command line.

    Attributes:
        model: A path, or the name of a model in the library.
        preset: Slug or name of a preset.
        prompt: Sent as soon as a model is ready.
        screenshot: Where the window's picture goes when the answer has ended.
        dump_text: Where what the window shows goes, as JSON.
        quit: Leave when the answer has ended; the exit status is 0 only if it did.
        files: Files to open: `.gguf` loads as the model.
    """

    model: str = ""
    preset: str = ""
    data_dir: Path | None = None
    prompt: str = ""
    screenshot: Path | None = None
    dump_text: Path | None = None
    quit: bool = False
    json: bool = False
    theme: str = ""
    size: tuple[int, int] | None = None
    files: tuple[Path, ...] = ()


def parse_window_options(arguments: Sequence[str]) -> WindowOptions:
    """Read the command line; a wrong one ends the process with status 2 and a sentence."""
    parser = argparse.ArgumentParser(
        prog="thinkpane",
        description="Chat with reasoning models on your own machine.",
        epilog="Without a window: thinkpane run --help",
    )
    parser.add_argument("files", nargs="*", type=_gguf, metavar="FILE.gguf", help="a model file to open")
    parser.add_argument("--model", "-m", default="", metavar="PATH|NAME", help="the model to load")
    parser.add_argument("--preset", default="", metavar="NAME", help="the preset to use")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="keep everything in this folder")
    parser.add_argument("--prompt", default="", metavar="TEXT", help="send this as soon as the model is ready")
    parser.add_argument("--screenshot", type=Path, metavar="FILE.png", help="save a picture of the window at the end")
    parser.add_argument("--dump-text", type=Path, metavar="FILE.json", help="save what the window shows at the end")
    parser.add_argument("--quit", action="store_true", help="leave when the answer has ended")
    parser.add_argument("--json", action="store_true", help="tell what happens as one JSON object a line")
    parser.add_argument("--theme", choices=("system", "light", "dark"), default="", help="for this run only")
    parser.add_argument("--size", type=_size, metavar="WIDTHxHEIGHT", help="of the window, for this run only")
    parser.add_argument("--version", action="version", version=f"Thinkpane {__version__}")
    values = parser.parse_args(arguments)
    return WindowOptions(**{**vars(values), "files": tuple(values.files)})


def _gguf(text: str) -> Path:
    """A model file; anything else is most likely a command that does not exist."""
    path = Path(text)
    if path.suffix.lower() != ".gguf":
        raise argparse.ArgumentTypeError(f'"{text}" is neither a command nor a .gguf file')
    return path


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError("must look like 1360x880")
    return int(width), int(height)
