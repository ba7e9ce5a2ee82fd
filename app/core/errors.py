"""Errors a person can act on. Everything else that is raised is a bug of ours."""

from __future__ import annotations

from collections.abc import Sequence


class AppError(Exception):
    """The environment or the input is at fault, not the program.

    Attributes:
        message: One sentence that says what happened.
        hint: What to try next; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(AppError):
    """A command line that means nothing; exit status 2."""


class FaultsError(AppError):
    """Several faults in one file, all of them reported at once.

    Attributes:
        faults: One sentence each, in the order of the file.
    """

    def __init__(self, message: str, faults: Sequence[str], hint: str = "") -> None:
        super().__init__(message, hint)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"- {fault}" for fault in self.faults)])


class ModelLoadError(AppError):
    """A GGUF that is missing, damaged, or does not fit in memory."""


class TemplateError(AppError):
    """A chat template that does not compile, raises, or exceeds its limits."""


class ContextFullError(AppError):
    """The prompt alone leaves no room for an answer in the context."""


class StoreError(AppError):
    """The chats or settings cannot be read or written."""
