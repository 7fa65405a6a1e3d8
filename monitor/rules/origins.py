"""Feeds and tags that rules name although there are none of that name: such a rule would be silent for ever."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from monitor.errors import Problem
from monitor.rules.conditions import Fact
from monitor.rules.leaves import QueryError
from monitor.rules.rule import Asked
from monitor.rules.schema import RuleSet

MOST_NAMED = 8


def unknown(rules: RuleSet, *, feeds: Collection[str], tags: Collection[str]) -> Iterator[Problem]:
    """A problem for each place in a rule or concept. Case makes no difference, as when rules are matched."""
    known = {
        fact: {name.casefold(): name for name in sorted(names)}
        for fact, names in ((Fact.FEED, feeds), (Fact.TAG, tags))
    }
    for file, asked in _asked(rules):
        names = known.get(asked.fact)
        if names is not None and asked.value.casefold() not in names:
            yield Problem(file, asked.line, _said(asked, names), asked.column)


def _asked(rules: RuleSet) -> Iterator[tuple[str, Asked]]:
    for rule in rules.rules:
        yield from ((rule.file, asked) for asked in rule.asked)
    for concept in rules.concepts:
        yield from ((concept.file, asked) for asked in concept.asked)


def _said(asked: Asked, names: dict[str, str]) -> str:
    message = f"there is no {asked.fact} {asked.value!r} in feeds.yaml; {_hint(asked, names)}"
    return str(QueryError(message, asked.query, asked.place)) if asked.query else message


def _hint(asked: Asked, names: dict[str, str]) -> str:
    close = get_close_matches(asked.value.casefold(), names, 3)
    if close:
        return f"did you mean {' or '.join(repr(names[name]) for name in close)}?"
    if not names:
        return f"give feeds tags there, as in tags: [{asked.value}], or delete this"
    more = " …" if len(names) > MOST_NAMED else ""
    return f"known: {', '.join(list(names.values())[:MOST_NAMED])}{more}"
