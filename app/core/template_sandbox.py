"""A Jinja environment for templates nobody has read: no way out, and no way to build something huge.

Jinja's own sandbox closes the way to Python's insides, but lets `'a' * 10 ** 9` build a gigabyte. Here
everything that makes a value larger than those it came from is asked first how large it will be. What
takes forever cannot be stopped in this process; a template is tried in another one before its first use.
"""

from __future__ import annotations

import functools
import json
import re
import string
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.filters import FILTERS, make_attrgetter
from jinja2.parser import Parser
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, pass_environment

MAX_CHARACTERS = 4 * 1024 * 1024
"""Most characters of one text, and of all texts in one list. A context of 1M tokens is about as long."""
MAX_COUNT = 100_000
"""Most repetitions, widths and the like in one call; as Jinja's own limit for `range`."""
MAX_BITS = 100_000
"""Most bits of a whole number."""
MAX_INDENT = 32
"""Most columns JSON is indented by."""

_MISSING_METHODS = frozenset({"translate", "expandtabs", "to_bytes", "from_bytes"})
"""Methods that can build large values and that no chat template needs."""
_MISSING_FILTERS = frozenset({"wordwrap", "urlize", "xmlattr", "pprint", "random"})
_COUNTING_FILTERS = frozenset({"batch", "center", "indent", "round", "slice", "truncate"})
_CONTAINERS = (list, tuple, set, frozenset, KeysView, ValuesView, ItemsView)
_PRINTF_FIELD = re.compile(r"%(?:\([^()]*\))?[-#0 +]*(\*|\d+)?(?:\.(\*|\d+))?")
_PRINTF_NESTED_KEY = re.compile(r"%\([^()]*\(")


class TemplateLimitError(SecurityError):
    """A template would build something larger than any chat needs."""


def weigh(*values: object) -> int:
    """Size of values if they were written out, in characters, roughly.

    What is held twice counts twice, as it would be written twice.

    Raises:
        TemplateLimitError: It is more than `MAX_CHARACTERS`.
    """
    total = 0
    waiting: list[Any] = list(values)
    while waiting:
        value = waiting.pop()
        total += 4  # quotes or brackets, and a comma
        if isinstance(value, (str, bytes)):
            total += len(value)
        elif isinstance(value, int):
            total += value.bit_length() // 3
        elif isinstance(value, Mapping):
            waiting.extend(value.items())
        elif isinstance(value, _CONTAINERS):
            waiting.extend(value)
        elif isinstance(value, Namespace):
            waiting.append(value._Namespace__attrs)
        _allow(total)
    return total


def _allow(size: int, limit: int = MAX_CHARACTERS) -> None:
    if size > limit:
        raise TemplateLimitError("it builds a value that is far too large")


class TemplateSandbox(ImmutableSandboxedEnvironment):
    """Jinja as chat templates expect it (that of transformers), within limits."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.loopcontrols", _GenerationTag],
            finalize=_finalize,
        )
        self.code_generator_class = _Generator
        self.filters = {name: _guarded(name, filter_) for name, filter_ in FILTERS.items()}
        # Nothing is HTML here, so nothing needs to be marked as safe.
        self.filters |= {"tojson": to_json, "safe": str, "join": _join}
        for name in _MISSING_FILTERS:
            del self.filters[name]
        del self.globals["lipsum"]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Also closes the methods that no template needs."""
        return attr not in _MISSING_METHODS and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate, if the result is of a sane size.

        Nothing added to a text is that text: llama.cpp takes it so, and templates rely on it.
        """
        if operator == "+" and isinstance(left, str) and _is_nothing(right):
            return left
        if operator == "+" and isinstance(right, str) and _is_nothing(left):
            return right
        _OPERATOR_CHECKS[operator](left, right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call, after a look at the methods of texts and numbers."""
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, (str, bytes, int)):
            weigh(owner, *args, *kwargs.values())
            _check_counts(args, kwargs)
            if obj.__name__ == "replace":
                _check_replace(owner, *args[:2])
            elif obj.__name__ == "join" and args and not isinstance(owner, int):
                args = (_joinable(args[0], owner),)
        return super().call(context, obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Sandboxed `str.format`, without huge fields."""
        format_ = super().wrap_str_format(value)
        if format_ is None:
            return None

        @functools.wraps(format_)
        def checked(*args: Any, **kwargs: Any) -> str:
            _check_format(value.__self__, args, kwargs)
            return format_(*args, **kwargs)

        return checked

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """Put together what a macro or a block of a template has written."""
        written: list[str] = []
        total = 0
        for part in parts:
            total += len(part)
            _allow(total)
            written.append(part)
        return "".join(written)

    def join_parts(self, parts: tuple[Any, ...]) -> str:
        """The `~` operator."""
        weigh(*parts)
        return "".join(map(str, parts))


def to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """JSON as chat templates expect it: nothing escaped for HTML, any script as it is."""
    weigh(value, *(separators or ()))
    _allow(indent if isinstance(indent, int) else len(indent or ""), MAX_INDENT)
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


class _Generator(CodeGenerator):
    """Compiles `~` into a call that can be checked; Jinja has no hook for it."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.join_parts((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _GenerationTag(Extension):
    """`{% generation %}`, which marks answers for training, means nothing here."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _finalize(value: Any) -> Any:
    weigh(value)
    return value


def _is_nothing(value: Any) -> bool:
    return value is None or isinstance(value, Undefined)


def _check_add(left: Any, right: Any) -> None:
    if hasattr(left, "__len__") and hasattr(right, "__len__"):
        _allow(len(left) + len(right))


def _check_multiply(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _allow(left.bit_length() + right.bit_length(), MAX_BITS)
    for many, count in ((left, right), (right, left)):
        if isinstance(count, int) and hasattr(many, "__len__"):
            _allow(len(many) * count)


def _check_power(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _allow(left.bit_length() * right, MAX_BITS)


def _check_printf(template: Any, values: Any) -> None:
    """Widths, and the sum of what may be put in."""
    if not isinstance(template, (str, bytes)):
        return
    text = template if isinstance(template, str) else template.decode("latin-1")
    nested = _PRINTF_NESTED_KEY.search(text) is not None
    widths = [width for field in _PRINTF_FIELD.finditer(text) for width in field.groups() if width]
    if nested or any(width == "*" or len(width) > 4 for width in widths):
        raise TemplateLimitError("it pads a value far too wide")
    parts = values.values() if isinstance(values, Mapping) else values if isinstance(values, tuple) else (values,)
    _allow(len(text) + text.count("%") * max(map(weigh, parts), default=0))


_OPERATOR_CHECKS: dict[str, Callable[[Any, Any], None]] = {
    "+": _check_add,
    "*": _check_multiply,
    "**": _check_power,
    "%": _check_printf,
}


def _check_format(template: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    for _text, _name, spec, _conversion in string.Formatter().parse(template):
        if spec and ("{" in spec or re.search(r"\d{5}", spec)):
            raise TemplateLimitError("it pads a value far too wide")
    _allow(len(template) + template.count("{") * max(map(weigh, (*args, *kwargs.values())), default=0))


def _check_counts(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    for value in (*args, *kwargs.values()):
        if isinstance(value, int):
            _allow(abs(value), MAX_COUNT)


def _check_replace(s: Any, old: Any = "", new: Any = "", count: int | None = None) -> None:  # noqa: ARG001
    text, old, new = (s, old, new) if isinstance(s, bytes) else (str(s), str(old), str(new))
    _allow(len(text) + text.count(old) * len(new))


def _check_indent(s: Any, width: int | str = 4, **_options: Any) -> None:
    _allow(str(s).count("\n") * (width if isinstance(width, int) else len(width)))


def _check_format_filter(value: Any, *args: Any, **kwargs: Any) -> None:
    _check_printf(str(value), kwargs or args)


_FILTER_CHECKS: dict[str, Callable[..., None]] = {
    "replace": _check_replace,
    "indent": _check_indent,
    "format": _check_format_filter,
}


def _guarded(name: str, filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is called with values of sane size, and gives a stream of sane size."""
    first = 1 if hasattr(filter_, "jinja_pass_arg") else 0

    @functools.wraps(filter_)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        values = args[first:]
        weigh(*values, *kwargs.values())
        if name in _COUNTING_FILTERS:
            _check_counts(values[1:], kwargs)
        if name in _FILTER_CHECKS:
            _FILTER_CHECKS[name](*values, **kwargs)
        result = filter_(*args, **kwargs)
        return _counted(result) if isinstance(result, Iterator) else result

    return guarded


def _counted(values: Iterator[Any]) -> Iterator[Any]:
    total = 0
    for value in values:
        total += weigh(value)
        _allow(total)
        yield value


def _joinable(values: Iterable[Any], separator: str | bytes) -> list[Any]:
    listed = list(values)
    _allow(weigh(listed) + len(listed) * len(separator))
    return listed


@pass_environment
def _join(environment: Environment, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> str:
    values = value if attribute is None else map(make_attrgetter(environment, attribute), value)
    return str(d).join(map(str, _joinable(values, str(d))))
