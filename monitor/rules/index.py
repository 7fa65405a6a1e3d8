"""Which rules can possibly match an article, found by the rarest words that each of them needs.

Only these are evaluated; a rule that is not among them neither matches nor comes near, and leaving it out changes
nothing (test_rules_index.py). An index does not change: a reload makes a new one that shares what stayed the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from monitor.rules.conditions import All, Rule, Scope
from monitor.rules.needs import Needs, Row
from monitor.text import Document

MOST_REMEMBERED = 1 << 18  # words and the keys they satisfy
ALWAYS = ""  # the key that every article has


class RuleIndex:
    """Rules by the words they need."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules: list[Rule] = []  # those that were replaced keep their slot
        self._order: dict[int, int] = {}  # slot of each rule in force -> its place among the rules
        self._matching, self._touching = _Postings(), _Postings()
        self._put(rules, {})

    def changed_to(self, rules: Sequence[Rule]) -> RuleIndex:
        """The index of other rules. What one of the same version and name needs is taken over."""
        if len(self._rules) > 2 * len(rules):
            return RuleIndex(rules)
        changed = RuleIndex(())
        changed._rules = list(self._rules)
        changed._matching, changed._touching = self._matching.copy(), self._touching.copy()
        changed._put(rules, {self._rules[slot].name: slot for slot in self._order})
        return changed

    def matching(self, document: Document) -> list[Rule]:
        """The rules that match, in their order, without evidence."""
        keys = self._matching.keys_in(document)
        sure, possible = self._matching.find(keys)
        scope = Scope(document)
        unsure = (possible - sure) & self._order.keys()
        return self._in_order(sure | {slot for slot in unsure if _holds(self._rules[slot], scope)})

    def near(self, document: Document) -> list[Rule]:
        """The rules that match or may come near, in their order."""
        return self._in_order(
            slot
            for postings in (self._matching, self._touching)
            for slots in postings.find(postings.keys_in(document))
            for slot in slots
        )

    def _put(self, rules: Sequence[Rule], known: dict[str, int]) -> None:
        new: list[int] = []
        for place, rule in enumerate(rules):
            slot = known.get(rule.name)
            if slot is None or self._rules[slot].version != rule.version:
                slot = len(self._rules)
                self._rules.append(rule)
                new.append(slot)
            self._rules[slot] = rule
            self._order[slot] = place
        self._matching.add((slot, _needs(self._rules[slot])) for slot in new)
        self._touching.add(
            (slot, part.needs)
            for slot in new
            if isinstance(whole := self._rules[slot].match, All)
            for part in whole.children
        )

    def _in_order(self, slots: Iterable[int]) -> list[Rule]:
        order = self._order
        return [self._rules[slot] for slot in sorted({slot for slot in slots if slot in order}, key=order.__getitem__)]


def _needs(rule: Rule) -> Needs:
    needs = rule.match.needs
    return needs if rule.none is None else Needs(needs.rows, False)


def _holds(rule: Rule, scope: Scope) -> bool:
    return rule.match.find(scope) is not None and (rule.none is None or rule.none.find(scope) is None)


class _Node(NamedTuple):
    """Slots of rules: those that need nothing more, and those that are still to be evaluated."""

    sure: tuple[int, ...] = ()
    possible: tuple[int, ...] = ()


class _Postings:
    """Rows by their rarest key, and there by their second rarest."""

    def __init__(self) -> None:
        self._anchors: dict[str, dict[str, _Node]] = {}
        self._uses: Counter[str] = Counter()
        self._keys = _KeysOfWords(())

    def copy(self) -> _Postings:
        """A copy to add to; the nodes are shared."""
        copied = _Postings()
        copied._anchors, copied._uses, copied._keys = dict(self._anchors), self._uses, self._keys
        return copied

    def add(self, entries: Iterable[tuple[int, Needs]]) -> None:
        """What many rules ask for is taken to be common in the news as well, and of equals the longer to be rarer."""
        entries = tuple(entries)
        if not entries:
            return
        self._uses = self._uses + Counter(chain.from_iterable(frozenset().union(*needs.rows) for _, needs in entries))
        fresh: dict[str, dict[str, _Node]] = {}
        for slot, needs in entries:
            for row in needs.rows:
                anchor, second = self._two_rarest(row)
                if anchor not in fresh:
                    fresh[anchor] = dict(self._anchors.get(anchor, {}))
                node = fresh[anchor].get(second, _Node())
                if needs.enough and len(row) <= 2:
                    fresh[anchor][second] = node._replace(sure=(*node.sure, slot))
                else:
                    fresh[anchor][second] = node._replace(possible=(*node.possible, slot))
        self._anchors.update(fresh)
        self._keys = self._keys.with_more(key for anchor in fresh for key in (anchor, *fresh[anchor]))

    def keys_in(self, document: Document) -> set[str]:
        return self._keys.of(document)

    def find(self, keys: set[str]) -> tuple[set[int], set[int]]:
        """Slots of rules that match for sure, and of rules that may."""
        sure, possible = set[int](), set[int]()
        anchors = self._anchors
        for anchor in anchors.keys() & keys:
            nodes = anchors[anchor]
            for second in nodes.keys() & keys:
                node = nodes[second]
                sure.update(node.sure)
                possible.update(node.possible)
        return sure, possible

    def _two_rarest(self, row: Row) -> tuple[str, str]:
        anchor, second, *_ = *sorted(row, key=lambda key: (self._uses[key], -len(key), key)), ALWAYS, ALWAYS
        return anchor, second


class _KeysOfWords(dict[str, tuple[str, ...]]):
    """For each word met so far, the keys in use that it satisfies."""

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__()
        self._keys = frozenset(keys)
        bare = {key.rpartition(":")[2] for key in self._keys}
        self._words = frozenset(key for key in bare if not key.endswith("*"))
        self._prefixes = frozenset(key[:-1] for key in bare if key.endswith("*"))
        self._lengths = tuple(sorted(set(map(len, self._prefixes))))
        self._zones = tuple(zone for zone in ("title", "caption") if any(key.startswith(zone) for key in self._keys))

    def with_more(self, keys: Iterable[str]) -> _KeysOfWords:
        more = frozenset(keys)
        return self if more <= self._keys else _KeysOfWords(self._keys | more)

    def __missing__(self, word: str) -> tuple[str, ...]:
        starts = (word[:length] for length in self._lengths)
        keys = (word,) * (word in self._words) + tuple(f"{start}*" for start in starts if start in self._prefixes)
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[word] = keys
        return keys

    def of(self, document: Document) -> set[str]:
        """All keys in use that an article satisfies."""
        found = {ALWAYS, *self._satisfied({*document.title_words, *document.text_words})}
        for zone in self._zones:
            said = document.title_words if zone == "title" else document.caption_words
            found.update(f"{zone}:{key}" for key in self._satisfied(said))
        return found

    def _satisfied(self, words: Iterable[str]) -> Iterator[str]:
        return chain.from_iterable(map(self.__getitem__, words))
