"""A llama.cpp command pasted from a blog or a model card: its arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.core.errors import UsageError

_PROGRAM = re.compile(r"(llama(-[\w.-]+)?|llamafile|main|thinkpane)(\.exe)?")
_CONTINUED = re.compile(r"[\\`^][ \t]*\r?\n")
"""A line end taken back: by a POSIX shell, PowerShell or cmd."""
_REDIRECTION = re.compile(r"[0-9]*+&?[<>]{1,3}[&|]?[ \t]*")
_SEPARATOR = re.compile(r"\n\s*|[|&;()]")
_ENDS_WORD = frozenset("|&;()<>")


def split_shell_line(text: str) -> list[str]:
    """The arguments of the llama.cpp command in a pasted text, without the program.

    Understands quotes, continued lines, comments, redirections, pipes, variables set in front and code fences.
    Nothing is expanded. A backslash before a letter stays, since it belongs to a Windows path.
    Of several commands the first that runs llama.cpp is taken, else the first with flags.

    Raises:
        UsageError: A quote is never closed, or there is no command with flags.
    """
    lines = [line for line in text.strip().splitlines(keepends=True) if not line.startswith("```")]
    commands = list(_commands("".join(lines).strip().strip("`")))
    for is_wanted in (_runs_llama, _has_flags):
        for words in filter(is_wanted, commands):
            return _arguments(words)
    raise UsageError(
        "There is no llama.cpp command in this text.", "It starts with llama-cli or the like, or with a flag."
    )


def _runs_llama(words: list[str]) -> bool:
    return _program_index(words) is not None and _has_flags(words)


def _has_flags(words: list[str]) -> bool:
    return any(word.startswith("-") for word in words)


def _program_index(words: list[str]) -> int | None:
    for index, word in enumerate(words):
        if word.startswith("-"):
            return None
        if _PROGRAM.fullmatch(re.split(r"[\\/]", word)[-1].lower()):
            return index
    return None


def _arguments(words: list[str]) -> list[str]:
    program = _program_index(words)
    if program is not None:
        rest = words[program + 1 :]
        return rest[1:] if rest[:1] == ["run"] else rest
    first = next(index for index, word in enumerate(words) if word.startswith("-"))
    return words[first:]


def _commands(text: str) -> Iterator[list[str]]:
    """The words of each simple command."""
    words: list[str] = []
    at = 0
    while at < len(text):
        if continued := _CONTINUED.match(text, at):
            at = continued.end()
        elif text[at] != "\n" and text[at].isspace():
            at += 1
        elif text[at] == "#":
            at = _end_of_line(text, at)
        elif redirection := _redirection(text, at):
            _, at = _word(text, redirection)
        elif separator := _SEPARATOR.match(text, at):
            # A line that starts with a flag goes on with the command: its backslash was lost in the copy.
            if text[at] != "\n" or text[separator.end() : separator.end() + 1] != "-":
                yield words
                words = []
            at = separator.end()
        else:
            word, at = _word(text, at)
            words.append(word)
    yield words


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _redirection(text: str, at: int) -> int:
    """Where the target of a redirection starts; 0 if there is none here. Digits in front are the stream's."""
    match = _REDIRECTION.match(text, at)
    return match.end() if match else 0


def _word(text: str, at: int) -> tuple[str, int]:
    """The word that starts at `at`, its quotes resolved, and where it ends."""
    parts: list[str] = []
    while at < len(text):
        character = text[at]
        if continued := _CONTINUED.match(text, at):
            at = continued.end()
        elif character.isspace() or character in _ENDS_WORD:
            break
        elif character == "'":
            part, at = _single_quoted(text, at)
            parts.append(part)
        elif character == '"':
            part, at = _double_quoted(text, at)
            parts.append(part)
        elif character == "\\" and at + 1 < len(text) and not text[at + 1].isalnum():
            parts.append(text[at + 1])
            at += 2
        else:
            parts.append(character)
            at += 1
    return "".join(parts), at


def _single_quoted(text: str, at: int) -> tuple[str, int]:
    end = text.find("'", at + 1)
    if end < 0:
        raise _unclosed(text, at)
    return text[at + 1 : end], end + 1


_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_ESCAPED_IN_QUOTES = re.compile(r'\\(\r?\n|[$`"\\])')


def _double_quoted(text: str, at: int) -> tuple[str, int]:
    match = _DOUBLE_QUOTED.match(text, at)
    if match is None:
        raise _unclosed(text, at)
    inner = _ESCAPED_IN_QUOTES.sub(lambda escape: escape[1].strip("\r\n"), match[1])
    return inner, match.end()


def _unclosed(text: str, at: int) -> UsageError:
    return UsageError(
        f"The quote {text[at]} before {text[at + 1 : at + 31]!r} is never closed.", "Copy the whole command."
    )
