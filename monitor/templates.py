"""Templates that an operator writes for what is told; the only file that knows Jinja2, and it asks for it late.

A template can print facts, choose, and loop over those that are lists. It can call nothing, multiply nothing, name
nothing anew and reach nothing else (Jinja2's sandbox), so no template makes much of a little. All that it prints of a
fact is escaped unless the fact is `Safe`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from jinja2 import nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment

CALLS = re.compile(r"<(?:@|!(?!date\^))[^>]*>?")  # somebody, in Slack's spelling
LONGEST = 2_000  # characters of a template
MOST_PRINTED = 2_400  # characters of what it makes: it is shown whole or not at all
FACTS = frozenset(
    {
        *("title", "rule", "severity", "words", "sentences"),
        *("headline", "link", "url", "outlet", "site", "author", "published", "seen"),
        *("story", "standing"),
    }
)
LISTS = frozenset({"words", "sentences"})
FILTERS = ("upper", "lower", "title", "capitalize", "trim", "join", "default", "length", "first", "last")


class TemplateProblem(Exception):
    """What is wrong with a template, and what to write. `line`: within it, from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class Safe(str):
    """Text that is markup already."""

    __slots__ = ()


def check(source: str) -> None:
    """Raises TemplateProblem."""
    from jinja2 import TemplateSyntaxError, meta

    if len(source) > LONGEST:
        raise TemplateProblem(f"is longer than {LONGEST} characters; shorten it")
    if calls := CALLS.search(source):
        raise TemplateProblem(f"calls people with {calls[0]!r}; name whom to call under routing.mentions")
    made = _environment(str)
    try:
        parsed = made.parse(source)
        made.from_string(source)
    except TemplateSyntaxError as e:
        words = (e.message or "cannot be read").strip().rstrip(".")
        remedy = f"facts are written as {{{{ headline }}}}, filters are {', '.join(FILTERS)}"
        raise TemplateProblem(f"is no Jinja2: {words}; {remedy}", e.lineno) from e
    for problem in _excesses(parsed):
        raise problem
    unknown = sorted(meta.find_undeclared_variables(parsed) - FACTS)
    if unknown:
        raise TemplateProblem(f"knows no {unknown[0]!r}; facts are {', '.join(sorted(FACTS))}")


def _excesses(parsed: nodes.Template) -> Iterator[TemplateProblem]:
    """What could make much of a little: names that double themselves, loops over every letter of a text."""
    from jinja2 import nodes

    for statement in parsed.find_all(nodes.Stmt):
        if not isinstance(statement, nodes.Output | nodes.If | nodes.For):
            name = type(statement).__name__.lower().replace("assign", "set")
            yield TemplateProblem(f"has a {name}; write {{{{ … }}}}, if and for only", statement.lineno)
    for loop in parsed.find_all(nodes.For):
        over = loop.iter.node if isinstance(loop.iter, nodes.Getitem) else loop.iter  # words[:3]
        if not (isinstance(over, nodes.Name) and over.name in LISTS):
            yield TemplateProblem("loops over neither words nor sentences; write {% for one in words %}", loop.lineno)
        if any(inner.find(nodes.For) for inner in loop.find_all(nodes.For)):
            yield TemplateProblem("has loops three deep; two are enough", loop.lineno)


def render(source: str, facts: Mapping[str, object], escape: Callable[[str], str]) -> str | None:
    """What the template makes of the facts; None when it fails or makes nothing, or too much."""
    from jinja2 import TemplateError

    def printed(value: object) -> str:
        return value if isinstance(value, Safe) else escape("" if value is None else str(value))

    made = _environment(printed)
    try:
        if any(_excesses(made.parse(source))):  # it may be one of an older program
            return None
        text = made.from_string(source).render(facts).strip()
    except (TemplateError, TypeError, ValueError, ArithmeticError, RecursionError):
        return None
    return text if 0 < len(text) <= MOST_PRINTED else None


def _environment(printed: Callable[[Any], str]) -> ImmutableSandboxedEnvironment:
    """`printed`: how a value is written; what stands in the template itself is written as it is."""
    made = _sandbox()(finalize=printed, undefined=_strict(), trim_blocks=True, lstrip_blocks=True)
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in FILTERS} | {"join": _join}
    return made


def _join(values: Iterable[object], between: object = "") -> str:
    """Raises ValueError, before it is made, for what would be longer than all that may be printed."""
    parts, link = [str(value) for value in values], str(between)
    if sum(map(len, parts)) + len(link) * len(parts) > MOST_PRINTED:
        raise ValueError("too much is joined")
    return link.join(parts)


@lru_cache(maxsize=1)
def _sandbox() -> type[ImmutableSandboxedEnvironment]:
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**", "%", "<<"})

        def call_binop(self, *_: Any) -> NoReturn:
            raise SecurityError("a template does not multiply")

        def call(__self, *_: Any, **__: Any) -> NoReturn:  # noqa: N805 - Jinja2 passes keywords of any name
            raise SecurityError("a template calls nothing")

    return Sandbox


def _strict() -> Any:
    from jinja2 import StrictUndefined

    return StrictUndefined
