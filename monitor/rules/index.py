"""Which rules can possibly match an article, found by the rarest words that each of them needs.

Only these are evaluated; a rule that is not among them neither matches nor comes near, and leaving it out changes
nothing (test_rules_index.py). An index does not change: a reload makes a new one that shares what stayed the same.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from itertools import chain, zip_longest
from typing import cast

from monitor.model import Zone
from monitor.rules.conditions import All, Origin
from monitor.rules.needs import Needs
from monitor.rules.rule import Rule
from monitor.rules.scope import Scope
from monitor.rules.stems import stem
from monitor.rules.terms import Condition, Phrase

MOST_REMEMBERED = 1 << 18  # words and the prefixes they begin with
ALWAYS = ""  # the key that every article has
GONE = -1
SLOT_BITS = 32
SLOT_MASK = (1 << SLOT_BITS) - 1
MOST_CHANGED = 0.1  # of the rules, before the whole index is built anew


class RuleIndex:
    """Rules by the words they need: those it was built of, and in a second layer those that changed since."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._layers: tuple[_Layer, ...] = (_Layer(self._rules),)
        self._places: tuple[array[int], ...] = (
            array("i", range(len(self._rules))),
        )  # of each rule of a layer: where it is now, or GONE

    def changed_to(self, rules: Sequence[Rule]) -> RuleIndex:
        """The index of other rules. What those of the same name and version need is taken over."""
        base, new = self._layers[0], list[int]()
        places = array("i", [GONE]) * len(base.rules)
        for place, (rule, old) in enumerate(zip_longest(rules, base.rules)):
            if rule is old:
                places[place] = place
            elif rule is not None and (slot := base.slot_of(rule)) is not None:
                places[slot] = place
            elif rule is not None:
                new.append(place)
        if len(new) > len(rules) * MOST_CHANGED:
            return RuleIndex(rules)
        changed = copy(self)
        changed._rules = tuple(rules)
        changed._layers = (base, _Layer([rules[place] for place in new]))
        changed._places = (places, array("i", new))
        return changed

    def matching(self, scope: Scope) -> list[Rule]:
        """The rules that match, in their order, without evidence."""
        matching = set[int]()
        for layer, places in zip(self._layers, self._places, strict=True):
            found = layer.matching.find(scope)
            sure = {code >> 1 for code in found if code & 1}
            unsure = {code >> 1 for code in found if not code & 1} - sure
            sure.update(slot for slot in unsure if places[slot] != GONE and layer.holds(slot, scope))
            matching.update(places[slot] for slot in sure)
        return self._in_order(matching)

    def near(self, scope: Scope) -> list[Rule]:
        """The rules that match or may come near, in their order."""
        near = set[int]()
        for layer, places in zip(self._layers, self._places, strict=True):
            found = layer.matching.find(scope) | layer.touching.find(scope)
            near.update(places[slot >> 1] for slot in found)
        return self._in_order(near)

    def _in_order(self, places: set[int]) -> list[Rule]:
        return [self._rules[place] for place in sorted(places - {GONE})]


def holds(rule: Rule, scope: Scope) -> bool:
    """Whether a rule matches, without the evidence."""
    return rule.match.holds(scope) and not (rule.none is not None and rule.none.holds(scope.against))


def _needs(rule: Rule) -> Needs:
    needs = rule.match.needs
    return needs if rule.none is None else Needs(needs.rows, False)


def _shortcut(rule: Rule) -> tuple[str, ...] | frozenset[str] | None:
    """What is left to see of a rule of which a row is complete, if that is little.

    A tuple: words that must follow one another. A set: words of which none may be there.
    """
    if rule.none is None:
        return rule.match.said if isinstance(rule.match, Phrase) else None
    needs, unwanted = rule.match.needs, rule.none.needs
    keys = frozenset(chain.from_iterable(unwanted.rows))
    plain = unwanted.enough and all(len(row) == 1 for row in unwanted.rows) and all(map(_is_word, keys))
    return keys if plain and needs.enough and all(0 < len(row) <= 2 for row in needs.rows) else None


def _is_word(key: str) -> bool:
    return not (key.endswith("*") or key.startswith("~") or ":" in key)


def _parts(rule: Rule) -> Sequence[Condition]:
    """Those of which one that is found brings the rule near."""
    children = rule.match.children if isinstance(rule.match, All) else ()
    return [child for child in children if not isinstance(child, Origin)]


class _Layer:
    """Some rules, and what they need."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.slots = {rule.name: slot for slot, rule in enumerate(rules)}
        self.matching = _Postings([(slot, _needs(rule)) for slot, rule in enumerate(rules)])
        self.touching = _Postings([(slot, part.needs) for slot, rule in enumerate(rules) for part in _parts(rule)])
        self._shortcuts = [_shortcut(rule) for rule in rules]

    def slot_of(self, rule: Rule) -> int | None:
        slot = self.slots.get(rule.name)
        return slot if slot is not None and self.rules[slot].version == rule.version else None

    def holds(self, slot: int, scope: Scope) -> bool:
        """Whether a rule matches of which a row is complete."""
        shortcut = self._shortcuts[slot]
        if shortcut is None:
            return holds(self.rules[slot], scope)
        return scope.follow(shortcut) if isinstance(shortcut, tuple) else scope.words.isdisjoint(shortcut)


class _Postings:
    """Slots of rules by the rarest key of each row, beside its second rarest.

    A row is one number: the second key, the slot, and whether the two keys are proof. They stand in one array, as with
    100,000 rules most of the time would go to following pointers to what is not in the processor's cache.
    """

    def __init__(self, entries: Sequence[tuple[int, Needs]]) -> None:
        """What many rules ask for is taken to be common in the news as well, and of equals the longer to be rarer."""
        uses = Counter(key for _, needs in entries for key in frozenset(chain.from_iterable(needs.rows)))
        rows: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for slot, needs in entries:
            for row in needs.rows:
                anchor, second, *_ = *sorted(row, key=lambda key: (uses[key], -len(key), key)), ALWAYS, ALWAYS
                rows[anchor].append((second, slot << 1 | (needs.enough and len(row) <= 2)))
        self._keys = _Keys(chain(rows, (second for found in rows.values() for second, _ in found)))
        numbers, self._anchors = self._keys.numbers, len(rows)  # whose numbers come first
        self._starts, self._rows = array("q", [0]), array("q")  # of each key's rows; the next key's end them
        for key in numbers:
            self._rows.extend(numbers[second] << SLOT_BITS | slot for second, slot in rows.get(key, ()))
            self._starts.append(len(self._rows))

    def find(self, scope: Scope) -> set[int]:
        """For each rule of which a row is complete `slot * 2`, and one more if that is proof."""
        keys, anchors, starts, rows = self._keys.of(scope), self._anchors, self._starts, self._rows
        return {
            row & SLOT_MASK
            for key in keys
            if key <= anchors
            for row in rows[starts[key] : starts[key + 1]]
            if row >> SLOT_BITS in keys
        }


class _Keys:
    """Which of the keys in use an article satisfies. Each has a number."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.numbers = {key: number for number, key in enumerate(dict.fromkeys((ALWAYS, *keys)))}
        self._by_zone: dict[str, _Vocabulary] = {}
        for key, number in self.numbers.items():
            zone, _, word = key.rpartition(":")
            self._by_zone.setdefault(zone, _Vocabulary()).add(word, number)

    def of(self, scope: Scope) -> set[int]:
        found: set[int | None] = {self.numbers[ALWAYS]}
        for zone, vocabulary in self._by_zone.items():
            vocabulary.find(scope, Zone(zone) if zone else None, found)
        found.discard(None)
        return cast("set[int]", found)


class _Vocabulary:
    """The keys of one zone, by the words that satisfy them."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._prefixes: dict[str, int] = {}
        self._lengths: list[int] = []
        self._stems: defaultdict[str, dict[str, int]] = defaultdict(dict)  # by language
        self._met: dict[str, tuple[int, ...]] = {}  # words that begin with prefixes in use, or have stems in use
        self._plain: set[str] = set()  # words that do not

    def add(self, word: str, number: int) -> None:
        if word.endswith("*"):
            self._prefixes[word[:-1]] = number
            self._lengths = sorted({*self._lengths, len(word) - 1})
        elif word.startswith("~"):
            language, _, stemmed = word[1:].partition("/")
            self._stems[language][stemmed] = number
        else:
            self._words[word] = number

    def find(self, scope: Scope, zone: Zone | None, found: set[int | None]) -> None:
        """Adds the keys that are satisfied, and may add None."""
        part = scope if zone is None else scope.zone(zone)
        if zone is Zone.BODY:
            found.update(self._words[word] for word in self._words.keys() & scope.words if part.has(word))
        else:
            found.update(map(self._words.get, part.words))
        if self._prefixes or self._stems:
            for word in part.words - self._plain:
                found.update(self._met.get(word) or self._meet(word))

    def _meet(self, word: str) -> tuple[int, ...]:
        longest = bisect_right(self._lengths, len(word))
        starts = (self._prefixes.get(word[:length]) for length in self._lengths[:longest])
        stems = (known.get(stem(word, language)) for language, known in self._stems.items())
        keys = tuple(number for number in (*starts, *stems) if number is not None)
        if len(self._met) + len(self._plain) > MOST_REMEMBERED:
            self._met, self._plain = {}, set()
        if keys:
            self._met[word] = keys
        else:
            self._plain.add(word)
        return keys
