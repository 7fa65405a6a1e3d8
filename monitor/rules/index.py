"""Which rules can possibly match an article, found by the rarest words that each of them needs.

Only these are evaluated; a rule that is not among them neither matches nor comes near, and leaving it out changes
nothing (test_rules_index.py). An index does not change: a reload makes a new one that shares what stayed the same.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from copy import copy
from functools import cache
from heapq import heapify, heappop, heappush
from importlib.util import find_spec
from itertools import chain, zip_longest
from operator import sub
from typing import TypeAlias

from monitor.rules.conditions import All, Origin
from monitor.rules.needs import unproven
from monitor.rules.postings import Entry, Finder, Postings, is_pair
from monitor.rules.rule import Rule
from monitor.rules.scope import Scope
from monitor.rules.terms import Condition, Phrase

Way: TypeAlias = Callable[[Sequence[Entry]], Finder]

GONE = -1
PLACE_BITS = 32
PLACE_MASK = (1 << PLACE_BITS) - 1
MOST_CHANGED = 0.1  # of the rules, before the whole index is built anew
MANY = 2_000  # rules from which numpy is worth its 25 MB


class RuleIndex:
    """Rules by the words they need: those it was built of, and in a second layer those that changed since."""

    def __init__(self, rules: Sequence[Rule], way: Way | None = None) -> None:
        """`way`: None is the one that suits the number of rules."""
        self._rules, self._way = tuple(rules), way
        self._layers: tuple[_Layer, ...] = (_Layer(self._rules, way),)
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
            return RuleIndex(rules, self._way)
        changed = copy(self)
        changed._rules = tuple(rules)
        changed._layers = (base, _Layer([rules[place] for place in new], self._way))
        changed._places = (places, array("i", new))
        return changed

    def matching(self, scope: Scope) -> list[Rule]:
        """The rules that match, in their order, without evidence."""
        return self._in_order(self._matching(scope))

    def worth_judging(self, scope: Scope, most_near: int) -> list[Rule]:
        """In their order: the rules that match, those that want the page read when they come near, and the nearest.

        Where the first two are not more than so many, all that can come near are among them.
        """
        missing = dict[int, int]()  # by place: of each rule that may match or come near, the fewest parts it can lack
        always = set[int]()
        for layer, places in zip(self._layers, self._places, strict=True):
            near = layer.near(scope)
            missing.update(zip(map(places.__getitem__, near), near.values(), strict=True))
            always.update(places[slot] for slot in layer.pages)
        missing.pop(GONE, None)
        if len(missing) <= most_near:
            return self._in_order(set(missing))
        sure = self._matching(scope) | (always & missing.keys())
        waiting = [parts << PLACE_BITS | place for place, parts in missing.items() if place not in sure]
        return self._in_order(sure.union(self._nearest(scope, waiting, most_near)))

    def _matching(self, scope: Scope) -> set[int]:
        matching = set[int]()
        for layer, places in zip(self._layers, self._places, strict=True):
            sure, unsure, _ = layer.matching.find(scope)
            matching.update(map(places.__getitem__, sure))
            matching.update(places[slot] for slot in unsure if places[slot] != GONE and layer.holds(slot, scope))
        return matching

    def _nearest(self, scope: Scope, waiting: list[int], most: int) -> list[int]:
        """The places of those that lack the fewest parts. `waiting`: the fewest that each can lack, and its place.

        What is looked at waits on with what it really lacks: what could not come before that need not be looked at.
        """
        heapify(waiting)
        nearest, seen = list[int](), set[int]()
        while waiting and len(nearest) < most:
            place = heappop(waiting) & PLACE_MASK
            if place in seen:
                nearest.append(place)
            elif (parts := _parts_missing(self._rules[place], scope)) is not None:
                seen.add(place)
                heappush(waiting, parts << PLACE_BITS | place)
        return nearest

    def _in_order(self, places: set[int]) -> list[Rule]:
        places.discard(GONE)
        return [self._rules[place] for place in sorted(places)]


def holds(rule: Rule, scope: Scope) -> bool:
    """Whether a rule matches, without the evidence."""
    return rule.match.holds(scope) and not (rule.none is not None and rule.none.holds(scope.against))


def _parts_missing(rule: Rule, scope: Scope) -> int | None:
    """0 where only an exclusion stands in the way, None where the rule does not come near."""
    if not isinstance(rule.match, All):
        return 0 if rule.match.holds(scope) else None
    held = sum(part.holds(scope) for part in rule.match.children)
    return len(rule.match.children) - held if held else None


def _parts(rule: Rule) -> Sequence[Condition]:
    """Those of which one that is found brings the rule near."""
    children = rule.match.children if isinstance(rule.match, All) else ()
    return [child for child in children if not isinstance(child, Origin)]


class _Layer:
    """Some rules, and what they need."""

    def __init__(self, rules: Sequence[Rule], way: Way | None) -> None:
        self.rules = rules
        self.slots = {rule.name: slot for slot, rule in enumerate(rules)}
        self.pages = [slot for slot, rule in enumerate(rules) if rule.page]
        postings = way or best_way(len(rules))
        entries = [_entry(rule) for rule in rules]
        self._shortcuts = [_shortcut(rule, entry) for rule, entry in zip(rules, entries, strict=True)]
        self.matching = postings(entries)
        parts = [(slot, part.needs) for slot, rule in enumerate(rules) for part in _parts(rule)]
        self._touching = postings([Entry(needs) for _, needs in parts])
        self._slot_of_part = array("i", (slot for slot, _ in parts))
        counts = Counter(self._slot_of_part)
        self._parts = array("i", (counts[slot] for slot in range(len(rules))))  # of each slot

    def slot_of(self, rule: Rule) -> int | None:
        slot = self.slots.get(rule.name)
        return slot if slot is not None and self.rules[slot].version == rule.version else None

    def near(self, scope: Scope) -> dict[int, int]:
        """The slots of rules that match or may come near, and how many of its parts each surely lacks."""
        touched = Counter(map(self._slot_of_part.__getitem__, chain(*self._touching.find(scope))))
        near = dict.fromkeys(chain(*self.matching.find(scope)), 0)
        near.update(zip(touched, map(sub, map(self._parts.__getitem__, touched), touched.values()), strict=True))
        return near

    def holds(self, slot: int, scope: Scope) -> bool:
        """Whether a rule matches of which a row is complete."""
        shortcut = self._shortcuts[slot]
        if shortcut is None:
            return holds(self.rules[slot], scope)
        return scope.follow(shortcut) if isinstance(shortcut, tuple) else scope.words.isdisjoint(shortcut)


def _entry(rule: Rule) -> Entry:
    if rule.none is None:
        return Entry(rule.match.needs)
    unwanted = rule.none.needs
    keys = frozenset(chain.from_iterable(unwanted.rows))
    plain = unwanted.enough and all(len(row) == 1 for row in unwanted.rows) and all(map(_is_word, keys))
    return Entry(rule.match.needs, keys) if plain else Entry(unproven(rule.match.needs))


def _shortcut(rule: Rule, entry: Entry) -> tuple[str, ...] | frozenset[str] | None:
    """What is left to see of a rule of which a row is complete, if that is little.

    A tuple: words that must follow one another. A set: words of which none may be there.
    """
    if rule.none is None:
        return rule.match.said if isinstance(rule.match, Phrase) else None
    plain = all(0 < len(row) <= 2 and not any(map(is_pair, row)) for row in entry.needs.rows)
    return entry.unless if entry.needs.enough and plain else None


def _is_word(key: str) -> bool:
    return not (key.endswith("*") or key.startswith("~") or ":" in key or is_pair(key))


def best_way(rules: int) -> Way:
    """The way that suits so many rules."""
    if rules < MANY or not can_pack():
        return Postings
    from monitor.rules.packed import PackedPostings  # as few have so many rules

    return PackedPostings


@cache
def can_pack() -> bool:
    """Whether the extra for many rules is installed."""
    return find_spec("numpy") is not None


def advice(rules: int) -> str | None:
    """What would make matching so many rules faster."""
    if rules < MANY or can_pack():
        return None
    return f"{rules:,} rules are matched faster with numpy; install news-monitor[many-rules]"
