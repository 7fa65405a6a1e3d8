"""Which of the keys that rules need (needs.py) an article satisfies. Each key has a number."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import cast

from monitor.model import Zone
from monitor.rules.scope import Scope
from monitor.rules.stems import stem

MOST_REMEMBERED = 1 << 18  # words and the prefixes they begin with
ALWAYS = ""  # the key that every article has; its number is 0


class Keys:
    """The keys in use, numbered in the order in which they come. Pairs are none of them."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.numbers = {key: number for number, key in enumerate(dict.fromkeys((ALWAYS, *keys)))}
        self._whole, self._by_zone = _Vocabulary(), dict[Zone, _Vocabulary]()
        for key, number in self.numbers.items():
            zone, _, word = key.rpartition(":")
            vocabulary = self._by_zone.setdefault(Zone(zone), _Vocabulary()) if zone else self._whole
            vocabulary.add(word, number)

    @property
    def words(self) -> Mapping[str, int]:
        """The numbers of the whole words that may stand anywhere."""
        return self._whole.words

    @property
    def words_of_zones(self) -> Mapping[Zone, Mapping[str, int]]:
        """Of the whole words that may stand in one zone only; captions are not among them."""
        return {zone: vocabulary.words for zone, vocabulary in self._by_zone.items() if zone is not Zone.CAPTION}

    def of(self, scope: Scope) -> set[int]:
        """Those that the article satisfies."""
        found: set[int | None] = {0, *map(self.words.get, scope.words)}
        for zone, words in self.words_of_zones.items():
            part = scope.zone(zone)
            if zone is Zone.BODY:  # the longest: its words are not worth a dictionary of their own
                found.update(words[word] for word in words.keys() & scope.words if part.has(word))
            else:
                found.update(map(words.get, part.words))
        return _without_none(found) | self.apart(scope)

    def apart(self, scope: Scope) -> set[int]:
        """Of those that the article satisfies the ones that are no words of its text: prefixes, stems, captions."""
        found = self._whole.forms(scope)
        for zone, vocabulary in self._by_zone.items():
            found |= vocabulary.forms(scope.zone(zone))
        if Zone.CAPTION in self._by_zone:
            words = self._by_zone[Zone.CAPTION].words
            found |= _without_none(set(map(words.get, scope.zone(Zone.CAPTION).words)))
        return found


def _without_none(found: set[int | None]) -> set[int]:
    found.discard(None)
    return cast("set[int]", found)


class _Vocabulary:
    """The keys of one zone, by the words that satisfy them."""

    def __init__(self) -> None:
        self.words: dict[str, int] = {}
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
            self.words[word] = number

    def forms(self, part: Scope) -> set[int]:
        """The prefixes and the stems that are there."""
        if not self._prefixes and not self._stems:
            return set()
        return {key for word in part.words - self._plain for key in self._met.get(word) or self._meet(word)}

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
