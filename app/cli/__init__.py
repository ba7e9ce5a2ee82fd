"""Thinkpane without a window: what a person scripts. Exit status 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from app.core.errors import AppError, UsageError

COMMANDS = {
    "run": "one completion, with llama.cpp's own flags",
    "models": "the models in the library",
    "presets": "the presets there are",
}
"""Command -> what it does, in a few words."""


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit status. Errors are sentences on stderr, never a traceback."""
    command, *rest = arguments
    try:
        return _command(command)(rest)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except AppError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read us has gone; Python would complain once more when it flushes at exit.
        sys.stdout = open("/dev/null" if sys.platform != "win32" else "NUL", "w")  # noqa: SIM115, PTH123
        return 1
    except KeyboardInterrupt:
        return 130


def _command(name: str) -> Callable[[Sequence[str]], int]:
    # Imported when needed: llama.cpp alone takes a fifth of a second.
    if name == "run":
        from app.cli.run import run

        return run
    from app.cli.listings import list_models, list_presets

    return {"models": list_models, "presets": list_presets}[name]
