"""The door: a command goes to `cli`, everything else opens the window."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run Thinkpane; returns the exit status."""
    # Child processes of a frozen app start here too, and must go no further.
    multiprocessing.freeze_support()
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Imported late: a command must not load Qt, nor a child process either of them.
    from app.cli import COMMANDS

    if arguments and arguments[0] in COMMANDS:
        from app.cli import main as cli_main

        return cli_main(arguments)
    try:
        from app.application import main as window_main
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in ("PySide6", "qasync"):
            raise
        print(f"The window needs {error.name}, which is not installed. Install it with: pip install PySide6-Essentials")  # noqa: T201
        return 1
    return window_main(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
