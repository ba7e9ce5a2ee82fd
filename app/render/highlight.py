"""Source code as coloured runs, by Pygments.

A colour is a name of the theme ("syntax_keyword"), "" for plain text. Lines come without their newline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

WHOLE_LIMIT = 20_000
"""Characters up to which finished code is lexed as a whole: about 60 ms, in slices."""

LONGEST_LINE = 2_000
"""Characters of a line beyond which code stays plain: such a line is data, and lexers are slow on it."""


class CodeRun(NamedTuple):
    """A piece of a line in one colour."""

    text: str
    colour: str


Line = tuple[CodeRun, ...]


@lru_cache(maxsize=64)
def highlight(code: str, language: str) -> tuple[Line, ...]:
    """All lines of some code, coloured; plain where the language is unknown."""
    return tuple(highlighted_lines(code, language))


def highlighted_lines(code: str, language: str) -> Iterator[Line]:
    """The same one line at a time, as fast as it is asked: lexing takes about 3 µs a character."""
    lexer = _lexer(language) if is_worth_lexing(code) else None
    if lexer is None:
        return _plain_lines(code)
    return _split_lines(lexer.get_tokens(f"{code}\n"), code)


def is_worth_lexing(code: str) -> bool:
    """True for code of a size that a reader might still read."""
    return len(code) <= WHOLE_LIMIT and max(map(len, code.split("\n"))) <= LONGEST_LINE


class StreamingHighlighter:
    """Colours code that still grows, line by line, at a cost that does not grow with it.

    The state of the lexer is kept between lines where it has one. A token that spans lines in a single
    pattern (a block comment in C) comes out wrong until the whole is lexed.
    """

    def __init__(self, language: str) -> None:
        self._lexer = _lexer(language)
        self._stack: list[str] = ["root"]

    def feed(self, line: str) -> Line:
        """The next complete line, coloured."""
        if self._lexer is None or len(line) > LONGEST_LINE:
            return plain_line(line)
        tokens = self._tokens(self._lexer, f"{line}\n")
        return next(_split_lines(tokens, line), ())

    def _tokens(self, lexer: Lexer, text: str) -> Iterable[tuple[_TokenType, str]]:
        from pygments.lexer import ExtendedRegexLexer, LexerContext, RegexLexer

        keeps_state = type(lexer).get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed
        if not keeps_state or not isinstance(lexer, RegexLexer):
            return lexer.get_tokens(text)
        # ExtendedRegexLexer's loop is RegexLexer's with its state held in an object that outlives it.
        context = LexerContext(text, 0, self._stack)
        try:
            tokens = list(ExtendedRegexLexer.get_tokens_unprocessed(lexer, context=context))  # type: ignore[arg-type]
        except TypeError:
            # A lexer whose own callbacks take no context: each line stands for itself.
            return lexer.get_tokens(text)
        self._stack = context.stack
        return [(kind, value) for _position, kind, value in tokens]


def plain_line(text: str) -> Line:
    """A line without colours."""
    return (CodeRun(text, ""),) if text else ()


def _plain_lines(code: str) -> Iterator[Line]:
    return (plain_line(line) for line in code.split("\n"))


def _split_lines(tokens: Iterable[tuple[_TokenType, str]], code: str) -> Iterator[Line]:
    """Tokens regrouped into the lines of `code`; plain ones where a lexer has lost or changed text."""
    found = _token_lines(tokens)
    for text in code.split("\n"):
        line = next(found, ())
        yield line if "".join(run.text for run in line) == text else plain_line(text)


def _token_lines(tokens: Iterable[tuple[_TokenType, str]]) -> Iterator[Line]:
    line: list[CodeRun] = []
    for kind, value in tokens:
        colour = _colour(kind)
        for index, part in enumerate(value.split("\n")):
            if index:
                yield tuple(line)
                line.clear()
            _append(line, part, colour)
    yield tuple(line)


def _append(line: list[CodeRun], text: str, colour: str) -> None:
    if not text:
        return
    if line and (line[-1].colour == colour or not text.strip()):
        line[-1] = CodeRun(line[-1].text + text, line[-1].colour)
    else:
        line.append(CodeRun(text, colour))


@cache
def _lexer(language: str) -> Lexer | None:
    name = language.lower()
    if name not in _aliases():
        return None
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(name, stripnl=False, ensurenl=False)


@cache
def _aliases() -> frozenset[str]:
    # Pygments' own table; asking it for an unknown name would search the disk for plugins each time.
    from pygments.lexers import get_all_lexers

    return frozenset(alias for _name, aliases, _files, _types in get_all_lexers(plugins=False) for alias in aliases)


@cache
def _colours() -> dict[_TokenType, str]:
    from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String

    return {
        Keyword: "syntax_keyword",
        Operator.Word: "syntax_keyword",
        Name.Tag: "syntax_keyword",
        Name.Function: "syntax_function",
        Name.Class: "syntax_function",
        Name.Decorator: "syntax_function",
        Name.Builtin: "syntax_name",
        Name.Attribute: "syntax_name",
        Name.Constant: "syntax_name",
        Name.Exception: "syntax_name",
        Name.Variable: "syntax_name",
        String: "syntax_string",
        Number: "syntax_number",
        Keyword.Constant: "syntax_number",
        Comment: "syntax_comment",
        Comment.Preproc: "syntax_keyword",
        Comment.PreprocFile: "syntax_string",
        Name.Builtin.Pseudo: "",
        Generic.Heading: "syntax_function",
        Generic.Subheading: "syntax_function",
        Generic.Inserted: "good",
        Generic.Deleted: "bad",
        Generic.Prompt: "syntax_comment",
        Generic.Output: "",
    }


@cache
def _colour(kind: _TokenType) -> str:
    colours = _colours()
    ancestry: _TokenType | None = kind
    while ancestry is not None:
        if ancestry in colours:
            return colours[ancestry]
        ancestry = ancestry.parent
    return ""
