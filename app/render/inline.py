"""The text inside a block as runs of one style.

Only addresses of `SAFE_SCHEMES` become links; every other address is shown as text beside its label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from markdown_it.token import Token

SAFE_SCHEMES = frozenset({"http", "https", "mailto"})


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one style. A newline in it is a line break; `href` is empty or safe to offer."""

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    href: str = ""

    def styled_like(self, other: Run) -> bool:
        """True when the two differ at most in their text."""
        return replace(self, text="") == replace(other, text="")


Runs = tuple[Run, ...]


def plain_text(runs: Sequence[Run]) -> str:
    """The text of some runs, without their styles."""
    return "".join(run.text for run in runs)


def is_safe_address(address: str) -> bool:
    """True for an address that may be offered as a link; a relative one is not."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme.lower() not in SAFE_SCHEMES:
        return False
    return bool(parts.path if parts.scheme.lower() == "mailto" else parts.netloc)


def inline_runs(tokens: Sequence[Token]) -> Runs:
    """Inline tokens as runs, neighbours of one style joined."""
    joined: list[Run] = []
    for run in _styled(tokens):
        if joined and joined[-1].styled_like(run):
            joined[-1] = replace(run, text=joined[-1].text + run.text)
        elif run.text:
            joined.append(run)
    return tuple(joined)


_MARKS = ("strong", "em", "s")


def _styled(tokens: Sequence[Token]) -> Iterator[Run]:
    style = Run("")
    depth = dict.fromkeys(_MARKS, 0)
    refused = ""
    for token in tokens:
        name, _, side = token.type.rpartition("_")
        if name in _MARKS and side in ("open", "close"):
            depth[name] += token.nesting
            style = replace(style, bold=depth["strong"] > 0, italic=depth["em"] > 0, struck=depth["s"] > 0)
        elif token.type == "link_open":
            address = str(token.attrGet("href") or "")
            safe = is_safe_address(address)
            style, refused = replace(style, href=address if safe else ""), "" if safe else address
        elif token.type == "link_close":
            style = replace(style, href="")
            if refused:
                yield replace(style, text=f" ({refused})")
        else:
            yield from _plain(token, style)


def _plain(token: Token, style: Run) -> Iterator[Run]:
    """The runs of a token that opens and closes nothing."""
    match token.type:
        case "text":
            yield replace(style, text=token.content)
        case "code_inline":
            yield replace(style, text=token.content, code=True)
        case "softbreak" | "hardbreak":
            yield replace(style, text="\n")
        case "image":
            yield from _image(token, style)


def _image(token: Token, style: Run) -> Iterator[Run]:
    """An image is not loaded: its description and its address stand in its place."""
    address = str(token.attrGet("src") or "")
    description = plain_text(inline_runs(token.children or ()))
    if not address:
        yield replace(style, text=description)
        return
    yield replace(style, text=f"{description} (" if description else "(")
    yield replace(style, text=address, href=address if is_safe_address(address) else style.href)
    yield replace(style, text=")")
