"""Which words must stand in an article before a condition can hold: what the index of the rules is made of.

A row is a set of keys that must all be there; where no row is complete, the condition does not hold. A key is a folded
word, a prefix with its star, a stem (`~en/deploy`) or a pair of folded words that follow one another (`new_york`);
where a key counts only in a zone, `title:` or so stands before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sys import intern
from typing import TypeAlias

PAIR = "_"  # between its two words, as no word has it
MOST_COMBINED = 48  # rows that a conjunction may multiply up to; then its other parts are left to the evaluation

Row: TypeAlias = frozenset[str]


@dataclass(frozen=True, slots=True)
class Needs:
    """`enough`: a complete row is also proof, and nothing is left to evaluate."""

    rows: tuple[Row, ...]
    enough: bool


UNKNOWN = Needs((frozenset(),), False)  # anything may satisfy it


def key(name: str) -> Needs:
    """This one must be there, and that is all."""
    return Needs((frozenset((intern(name),)),), True)  # one string for all rules: the index is half the size


def pair(first: str, second: str) -> Needs:
    """The one must stand right before the other."""
    return Needs((frozenset((intern(first), intern(second), intern(f"{first}{PAIR}{second}"))),), True)


def either(parts: Iterable[Needs]) -> Needs:
    parts = tuple(parts)
    rows = dict.fromkeys(row for part in parts for row in part.rows)
    return Needs(tuple(rows), all(part.enough for part in parts))


def together(parts: Iterable[Needs]) -> Needs:
    """What has the fewest rows comes first, as it says most."""
    most_telling, *others = sorted(parts, key=lambda part: len(part.rows))
    rows, enough = most_telling.rows, most_telling.enough
    for part in others:
        if len(rows) * len(part.rows) > MOST_COMBINED:
            return Needs(rows, False)
        rows = tuple(dict.fromkeys(one | other for one in rows for other in part.rows))
        enough = enough and part.enough
    return Needs(rows, enough)


def some(count: int, parts: Sequence[Needs]) -> Needs:
    """So many of them: of all but `count - 1` at least one must hold, whichever these are."""
    telling = sorted(parts, key=lambda part: len(part.rows))[: len(parts) - count + 1]
    needs = either(telling)
    return needs if count == 1 else unproven(needs)


def unproven(needs: Needs) -> Needs:
    """The words must be there, and then it is still to be seen."""
    return Needs(needs.rows, False)


def within(zone: str, needs: Needs) -> Needs:
    """As far as the keys are not bound to a zone yet."""
    rows = tuple(frozenset(key if ":" in key else intern(f"{zone}:{key}") for key in row) for row in needs.rows)
    return Needs(rows, needs.enough and not any(":" in key for row in needs.rows for key in row))
