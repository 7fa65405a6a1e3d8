"""Which words must stand in an article before a condition can hold: what the index of the rules is made of.

A row is a set of keys that must all be there; where no row is complete, the condition does not hold. A key is a folded
word, a prefix with its star, a stem (`~en/deploy`) or a pair of folded words that follow one another (`new_york`);
where a key counts only in a zone, `title:` or so stands before it. A complete row is proof that the condition holds,
but where MAYBE is among the keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sys import intern
from typing import TypeAlias

PAIR = "_"  # between its two words, as no word has it
MAYBE = "?"
MOST_COMBINED = 48  # rows that a conjunction may multiply up to; then its other parts are left to the evaluation

Row: TypeAlias = frozenset[str]


@dataclass(frozen=True, slots=True)
class Needs:
    """What may satisfy a condition."""

    rows: tuple[Row, ...]

    @property
    def enough(self) -> bool:
        """Whether a complete row is always proof, and nothing is left to evaluate."""
        return not any(MAYBE in row for row in self.rows)


UNKNOWN = Needs((frozenset((MAYBE,)),))  # anything may satisfy it


def key(name: str) -> Needs:
    """This one must be there, and that is all."""
    return Needs((frozenset((intern(name),)),))  # one string for all rules: the index is half the size


def pair(first: str, second: str) -> Needs:
    """The one must stand right before the other."""
    return Needs((frozenset((intern(first), intern(second), intern(f"{first}{PAIR}{second}"))),))


def either(parts: Iterable[Needs]) -> Needs:
    return Needs(tuple(dict.fromkeys(row for part in parts for row in part.rows)))


def together(parts: Iterable[Needs]) -> Needs:
    """What has the fewest rows comes first, as it says most."""
    most_telling, *others = sorted(parts, key=lambda part: len(part.rows))
    rows = most_telling.rows
    for part in others:
        if len(rows) * len(part.rows) > MOST_COMBINED:
            return unproven(Needs(rows))
        rows = tuple(dict.fromkeys(one | other for one in rows for other in part.rows))
    return Needs(rows)


def some(count: int, parts: Sequence[Needs]) -> Needs:
    """So many of them: of all but `count - 1` at least one must hold, whichever these are."""
    telling = sorted(parts, key=lambda part: len(part.rows))[: len(parts) - count + 1]
    needs = either(telling)
    return needs if count == 1 else unproven(needs)


def unproven(needs: Needs) -> Needs:
    """The words must be there, and then it is still to be seen."""
    return Needs(tuple(row | {MAYBE} for row in needs.rows))


def within(zone: str, needs: Needs) -> Needs:
    """As far as the keys are not bound to a zone yet."""
    return Needs(tuple(_row_within(zone, row) for row in needs.rows))


def _row_within(zone: str, row: Row) -> Row:
    free = frozenset(key for key in row if ":" not in key and key != MAYBE)
    bound = row - free
    return bound | {intern(f"{zone}:{key}") for key in free} | ({MAYBE} if bound else frozenset())
