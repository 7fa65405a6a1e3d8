"""Postings for very many rules: rows of numbers, of which numpy looks through all that come into question at once.

The only file that knows numpy (optional).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.rules.keys import ALWAYS, Keys
from monitor.rules.needs import MAYBE, PAIR, Row
from monitor.rules.postings import Complete, Entry, is_pair, pairs_of, rarest_first, uses_of
from monitor.rules.scope import Scope

Numbers: TypeAlias = NDArray[np.int32]
Places: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

MOST_UNWANTED = 4  # words in a row
THIRD, PAIRED, CODE, UNWANTED = 0, slice(1, 3), 3, slice(4, 4 + MOST_UNWANTED)
WIDTH = UNWANTED.stop


class PackedPostings:
    """As `Postings`, with a third key, a pair of words and what is unwanted in the row too: little is left to look at.

    Rows stand by their rarest keys, so that those of one key are read in one run. Of most the second key is not there;
    the rest of a row stands together, as every place in memory that is not in the processor's cache costs as much as
    ten numbers that are.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        uses = uses_of(entries)
        rows = [
            ((*rarest_first(row, uses), ALWAYS, ALWAYS, ALWAYS)[:3], place, row)
            for place, entry in enumerate(entries)
            for row in entry.needs.rows
        ]
        anchors = dict.fromkeys((ALWAYS, *(keys[0] for keys, _, _ in rows)))
        others = chain.from_iterable(keys[1:] for keys, _, _ in rows)
        self._keys = Keys(chain(anchors, others, chain.from_iterable(map(_words_beside, entries))))
        numbers = self._keys.numbers
        self._unknown = len(numbers)  # stands for every word that nobody asks for
        rows.sort(key=lambda row: numbers[row[0][0]])
        first = np.fromiter((numbers[keys[0]] for keys, _, _ in rows), np.int32, len(rows))
        self._starts = np.searchsorted(first, np.arange(len(anchors) + 1))  # of each key's rows
        self._second = np.fromiter((numbers[keys[1]] for keys, _, _ in rows), np.int32, len(rows))
        self._rest = np.full((len(rows), WIDTH), self._unknown, np.int32)
        for rest, (keys, place, row) in zip(self._rest, rows, strict=True):
            entry = entries[place]
            rest[THIRD], rest[CODE] = numbers[keys[2]], place << 1 | _proof(entry, row)
            for column, word in chain(_words_of_pair(row), _unwanted(entry)):
                rest[column] = numbers[word]
        self._in_zone = {zone: self._zoned(words) for zone, words in self._keys.words_of_zones.items()}

    def _zoned(self, words: Mapping[str, int]) -> Numbers:
        """By the number of each word that of the word in a zone."""
        zoned = np.full(self._unknown + 1, self._unknown, np.int32)
        for word, number in words.items():
            zoned[self._keys.numbers[word]] = number
        return zoned

    def find(self, scope: Scope) -> Complete:
        words, unknown = scope.sequence, self._unknown
        said = np.fromiter(map(self._keys.words.get, words, repeat(unknown)), np.int32, len(words))
        present = np.zeros(unknown + 1, np.bool_)
        present[said] = True
        for zone, zoned in self._in_zone.items():
            present[zoned[said[scope.stretch(zone)]]] = True
        present[[0, *self._keys.apart(scope)]] = True
        present[unknown] = False
        rows = self._beginning(present)
        rest = self._rest[rows[present[self._second[rows]]]]
        rest = rest[present[rest[:, THIRD]]]
        rest = rest[~self._unpaired(rest[:, PAIRED], said)]
        places, proven = rest[:, CODE] >> 1, (rest[:, CODE] & 1).astype(np.bool_)
        barred = present[rest[:, UNWANTED]].any(axis=1)
        sure, unsure = set(places[proven & ~barred].tolist()), set(places[~(proven | barred)].tolist())
        return Complete(sure, unsure - sure, set(places[barred].tolist()))

    def _beginning(self, present: Flags) -> Places:
        """The rows of which the rarest key is there."""
        keys = np.flatnonzero(present[: len(self._starts) - 1])
        starts = self._starts[keys]
        lengths = self._starts[keys + 1] - starts
        ends = lengths.cumsum()
        rows: Places = np.repeat(starts - ends + lengths, lengths) + np.arange(ends[-1])
        return rows

    def _unpaired(self, pairs: Numbers, said: Numbers) -> Flags:
        """Which ask for a pair that is not there."""
        asked: Flags = pairs[:, 0] != self._unknown
        wanted, here = _joined(pairs[asked, 0], pairs[asked, 1]), _joined(said[:-1], said[1:])
        if len(here):
            here.sort()
            places = np.minimum(here.searchsorted(wanted), len(here) - 1)
            asked[asked] = here[places] != wanted
        return asked


def _joined(first: Numbers, second: Numbers) -> Places:
    """Both numbers as one."""
    joined: Places = first.astype(np.int64) << 32 | second
    return joined


def _words_beside(entry: Entry) -> Iterator[str]:
    """The words of pairs and of zones, and what is unwanted: what must have numbers beside the keys."""
    for row in entry.needs.rows:
        yield from (key.rpartition(":")[2] for key in row if ":" in key and not is_pair(key))
        yield from (word for _, word in _words_of_pair(row))
    yield from (word for _, word in _unwanted(entry))


def _words_of_pair(row: Row) -> Iterator[tuple[int, str]]:
    """With their columns: of the longest pair, which is taken to be the rarest. Those of zones are evaluated."""
    longest = _pair(row)
    return zip(range(PAIRED.start, PAIRED.stop), longest.split(PAIR) if longest else (), strict=False)


def _unwanted(entry: Entry) -> Iterator[tuple[int, str]]:
    """With their columns. Any of these proves that the entry does not hold."""
    return zip(range(UNWANTED.start, UNWANTED.stop), sorted(entry.unless), strict=False)


def _pair(row: Row) -> str:
    return max((pair for pair in pairs_of(row) if ":" not in pair), key=lambda pair: (len(pair), pair), default="")


def _proof(entry: Entry, row: Row) -> bool:
    """Whether the row holds all that there is to see."""
    pairs = pairs_of(row)
    seen = len(row) - len(pairs) <= 3 and (not pairs or pairs == [_pair(row)])
    return MAYBE not in row and seen and len(entry.unless) <= MOST_UNWANTED
