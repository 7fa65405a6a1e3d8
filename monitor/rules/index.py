"""Which rules can possibly match an article, found by the rarest words that each of them needs.

Only these are evaluated; a rule that is not among them neither matches nor comes near, and leaving it out changes
nothing (test_rules_index.py). An index does not change: a reload makes a new one that shares what stayed the same.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, compress
from operator import itemgetter
from typing import NamedTuple, cast

from monitor.model import Zone
from monitor.rules.conditions import All, Condition, Rule, Scope
from monitor.rules.needs import Needs, Row
from monitor.text import Document

MOST_REMEMBERED = 1 << 18  # words and the prefixes they begin with
ALWAYS = ""  # the key that every article has
GONE = -1


class RuleIndex:
    """Rules by the words they need."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules: tuple[Rule, ...] = ()
        self._slots: dict[str, int] = {}  # of each rule in force, by name
        self._places = array("i")  # of each slot: its rule's place among the rules, or GONE
        self._matching, self._touching = _Postings(), _Postings()
        self._put(rules)

    def changed_to(self, rules: Sequence[Rule]) -> RuleIndex:
        """The index of other rules. What one of the same version and name needs is taken over."""
        if len(self._places) > 2 * len(rules):
            return RuleIndex(rules)
        changed = RuleIndex(())
        changed._rules, changed._slots, changed._places = self._rules, self._slots, self._places
        changed._matching, changed._touching = self._matching.copy(), self._touching.copy()
        changed._put(rules)
        return changed

    def matching(self, document: Document) -> list[Rule]:
        """The rules that match, in their order, without evidence."""
        scope, places = Scope(document), self._places
        found = self._matching.find(scope)
        sure = {places[slot] for slot in found if slot >= 0}
        unsure = {places[~slot] for slot in found if slot < 0} - sure - {GONE}
        sure.update(place for place in unsure if holds(self._rules[place], scope))
        return self._in_order(sure)

    def near(self, document: Document) -> list[Rule]:
        """The rules that match or may come near, in their order."""
        scope, places = Scope(document), self._places
        found = self._matching.find(scope) | self._touching.find(scope)
        return self._in_order({places[max(slot, ~slot)] for slot in found})

    def _put(self, rules: Sequence[Rule]) -> None:
        old, places, slots = self._rules, self._places, dict[str, int]()
        new: list[tuple[int, Rule]] = []
        self._places = array("i", [GONE]) * len(places)
        for place, rule in enumerate(rules):
            slot = self._slots.get(rule.name)
            if slot is not None and old[places[slot]].version == rule.version:
                self._places[slot] = place
            else:
                slot = len(self._places)
                self._places.append(place)
                new.append((slot, rule))
            slots[rule.name] = slot
        self._rules, self._slots = tuple(rules), slots
        self._matching.add([(slot, _needs(rule)) for slot, rule in new])
        self._touching.add([(slot, part.needs) for slot, rule in new for part in _parts(rule)])

    def _in_order(self, places: set[int]) -> list[Rule]:
        places.discard(GONE)
        return [self._rules[place] for place in sorted(places)]


def holds(rule: Rule, scope: Scope) -> bool:
    """Whether a rule matches, without the evidence."""
    return rule.match.holds(scope) and not (rule.none is not None and rule.none.holds(scope))


def _needs(rule: Rule) -> Needs:
    needs = rule.match.needs
    return needs if rule.none is None else Needs(needs.rows, False)


def _parts(rule: Rule) -> Sequence[Condition]:
    """Those of which one that is found brings the rule near."""
    return rule.match.children if isinstance(rule.match, All) else ()


class _Postings:
    """Slots of rules by the rarest key of each row, beside its second rarest.

    A slot stands as it is where the two keys are proof, and inverted (`~slot`) where the rule is still to be evaluated.
    Keys and slots are numbers in arrays, as following pointers to strings took most of the time at 100,000 rules.
    """

    def __init__(self) -> None:
        self._rows: dict[int, _Rows] = {}  # by anchor
        self._uses: Counter[str] = Counter()
        self._keys = _Keys(())

    def copy(self) -> _Postings:
        """A copy to add to, which leaves this one as it is."""
        copied = _Postings()
        copied._rows, copied._uses, copied._keys = dict(self._rows), self._uses.copy(), self._keys
        return copied

    def add(self, entries: Sequence[tuple[int, Needs]]) -> None:
        """What many rules ask for is taken to be common in the news as well, and of equals the longer to be rarer."""
        for _, needs in entries:
            self._uses.update(frozenset(chain.from_iterable(needs.rows)))
        pairs = [(slot, needs, self._two_rarest(row), len(row)) for slot, needs in entries for row in needs.rows]
        self._keys = self._keys.with_more(key for _, _, pair, _ in pairs for key in pair)
        fresh: dict[int, _Rows] = {}
        for slot, needs, (anchor, second), length in pairs:
            number = self._keys.numbers[anchor]
            if number not in fresh:
                seconds, slots = self._rows.get(number, _NO_ROWS)
                fresh[number] = _Rows(seconds[:], slots[:])
            fresh[number].seconds.append(self._keys.numbers[second])
            fresh[number].slots.append(slot if needs.enough and length <= 2 else ~slot)
        self._rows.update(fresh)

    def find(self, scope: Scope) -> set[int]:
        """The slots, as they stand, of the rules of which a row is complete."""
        present = bytearray(len(self._keys.numbers))
        keys = self._keys.of(scope)
        for key in keys:
            present[key] = True
        rows = [rows for rows in map(self._rows.get, keys) if rows is not None]
        complete = map(present.__getitem__, chain.from_iterable(map(_SECONDS, rows)))
        return set(compress(chain.from_iterable(map(_SLOTS, rows)), complete))

    def _two_rarest(self, row: Row) -> tuple[str, str]:
        anchor, second, *_ = *sorted(row, key=lambda key: (self._uses[key], -len(key), key)), ALWAYS, ALWAYS
        return anchor, second


class _Rows(NamedTuple):
    """Side by side: the second key of each row, and its slot."""

    seconds: array[int]
    slots: array[int]


_NO_ROWS = _Rows(array("i"), array("i"))
_SECONDS, _SLOTS = itemgetter(0), itemgetter(1)


class _Keys:
    """Which of the keys in use an article satisfies. Each has a number."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.numbers = {key: number for number, key in enumerate(dict.fromkeys((ALWAYS, *keys)))}
        self._by_zone: dict[str, _Vocabulary] = {}
        for key, number in self.numbers.items():
            zone, _, word = key.rpartition(":")
            self._by_zone.setdefault(zone, _Vocabulary()).add(word, number)

    def with_more(self, keys: Iterable[str]) -> _Keys:
        """The numbers stay."""
        more = set(keys) - self.numbers.keys()
        return _Keys((*self.numbers, *sorted(more))) if more else self

    def of(self, scope: Scope) -> set[int]:
        found: set[int | None] = {self.numbers[ALWAYS]}
        for zone, vocabulary in self._by_zone.items():
            if not zone:
                vocabulary.find(scope.words, found)
            elif vocabulary.says_anything_of(scope.words) or zone == Zone.CAPTION:
                vocabulary.find(scope.zone(Zone(zone)).words, found)
        found.discard(None)
        return cast("set[int]", found)


class _Vocabulary:
    """The keys of one zone, by the words that satisfy them."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._prefixes: dict[str, int] = {}
        self._lengths: list[int] = []
        self._met: dict[str, tuple[int, ...]] = {}  # words that begin with prefixes in use
        self._plain: set[str] = set()  # words that do not

    def add(self, word: str, number: int) -> None:
        if not word.endswith("*"):
            self._words[word] = number
            return
        self._prefixes[word[:-1]] = number
        self._lengths = sorted({*self._lengths, len(word) - 1})

    def says_anything_of(self, words: frozenset[str]) -> bool:
        """Whether it is worth while to look into the zone: there are few rules for zones."""
        return bool(self._prefixes) or not words.isdisjoint(self._words)

    def find(self, words: frozenset[str], found: set[int | None]) -> None:
        """Adds the keys that are satisfied, and may add None."""
        found.update(map(self._words.get, words))
        if self._prefixes:
            for word in words - self._plain:
                found.update(self._met.get(word) or self._meet(word))

    def _meet(self, word: str) -> tuple[int, ...]:
        starts = (word[:length] for length in self._lengths)
        keys = tuple(self._prefixes[start] for start in starts if start in self._prefixes)
        if len(self._met) + len(self._plain) > MOST_REMEMBERED:
            self._met, self._plain = {}, set()
        if keys:
            self._met[word] = keys
        else:
            self._plain.add(word)
        return keys
