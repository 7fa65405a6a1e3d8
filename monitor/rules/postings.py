"""What is asked for by the rarest key of each of its rows (needs.py), beside the next rarest."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, Protocol

from monitor.rules.keys import ALWAYS, Keys
from monitor.rules.needs import MAYBE, PAIR, Needs, Row
from monitor.rules.scope import Scope

ENTRY_BITS = 32
ENTRY_MASK = (1 << ENTRY_BITS) - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What is asked for, and folded words of which none may be there."""

    needs: Needs
    unless: frozenset[str] = frozenset()


class Complete(NamedTuple):
    """Places of entries of which a row is complete."""

    sure: set[int]  # proven by it
    unsure: set[int]  # still to be looked at
    barred: set[int]  # known to have an unwanted word


class Finder(Protocol):
    """Finds entries by their keys."""

    def find(self, scope: Scope) -> Complete: ...


class Postings:
    """Without any other package, and good for some thousand rules.

    A row is one number: the second key, the entry, and whether the two keys are proof. They stand in one array, as with
    100,000 rules most of the time would go to following pointers to what is not in the processor's cache.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        uses = uses_of(entries)
        rows: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for place, entry in enumerate(entries):
            for row in entry.needs.rows:
                anchor, second, *_ = *rarest_first(row, uses), ALWAYS, ALWAYS
                proof = MAYBE not in row and not entry.unless and len(row) <= 2 and not any(map(is_pair, row))
                rows[anchor].append((second, place << 1 | proof))
        self._keys = Keys(chain(rows, (second for found in rows.values() for second, _ in found)))
        numbers, self._anchors = self._keys.numbers, len(rows)  # whose numbers come first
        self._starts, self._rows = array("q", [0]), array("q")  # of each key's rows; the next key's end them
        for key in numbers:
            self._rows.extend(numbers[second] << ENTRY_BITS | code for second, code in rows.get(key, ()))
            self._starts.append(len(self._rows))

    def find(self, scope: Scope) -> Complete:
        keys, anchors, starts, rows = self._keys.of(scope), self._anchors, self._starts, self._rows
        found = {
            row & ENTRY_MASK
            for key in keys
            if key <= anchors
            for row in rows[starts[key] : starts[key + 1]]
            if row >> ENTRY_BITS in keys
        }
        sure = {code >> 1 for code in found if code & 1}
        return Complete(sure, {code >> 1 for code in found if not code & 1} - sure, set())


def uses_of(entries: Sequence[Entry]) -> Mapping[str, int]:
    """How many entries ask for each key."""
    return Counter(key for entry in entries for key in frozenset(chain.from_iterable(entry.needs.rows)))


def rarest_first(row: Row, uses: Mapping[str, int]) -> list[str]:
    """The keys without the pairs and MAYBE.

    What many ask for is taken to be common in the news as well, and of equals the longer to be rarer.
    """
    keys = (key for key in row if not is_pair(key) and key != MAYBE)
    return sorted(keys, key=lambda key: (uses[key], -len(key), key))


def is_pair(key: str) -> bool:
    return PAIR in key


def pairs_of(row: Row) -> list[str]:
    return [key for key in row if is_pair(key)]
