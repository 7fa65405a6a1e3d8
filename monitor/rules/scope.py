"""What conditions look at: the words of an article or of a zone of it, arranged for questions."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import NamedTuple

from monitor.model import Zone
from monitor.rules.stems import stem
from monitor.text import POSITION_GAP, Document

BEGINNING = 12  # letters of a prefix that are looked up at once


class Span(NamedTuple):
    """Positions of the first and the last word."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class About:
    """What is known of an article besides its words. None is what nobody knows."""

    language: str | None = None  # BCP 47
    feeds: frozenset[str] | None = None  # the names of those that showed it
    tags: frozenset[str] | None = None  # of these feeds


NOTHING = About()


class Found(NamedTuple):
    """A part of a rule and where it was satisfied."""

    part: str
    span: Span


class Scope:
    """A document without its captions, or a zone of it, while rules look at it.

    What a concept found there is remembered.
    """

    def __init__(
        self, document: Document, about: About = NOTHING, zone: Zone | None = None, whole: Scope | None = None
    ) -> None:
        self.document, self.about = document, about
        self.doubtful: bool = whole is None or whole.doubtful  # what is said of what nobody knows
        self._zone, self._whole = zone, whole
        self._empty = whole is not None and whole._zone not in (None, zone)
        self._zones: dict[Zone, Scope] = {}
        self._stems: dict[str, Mapping[str, Sequence[str]]] = {}
        self.remembered: dict[str, tuple[Found, ...] | None] = {}
        self.remembered_spans: dict[str, Sequence[Span]] = {}

    def zone(self, zone: Zone) -> Scope:
        """The part of this scope that lies in a zone: nothing, if this is another zone."""
        if zone is self._zone:
            return self
        if zone not in self._zones:
            self._zones[zone] = Scope(self.document, self.about, zone, self)
        return self._zones[zone]

    @cached_property
    def against(self) -> Scope:
        """For what must not hold: what nobody knows of an article does not speak against it either."""
        if None not in (self.about.language, self.about.feeds, self.about.tags):
            return self
        against = copy(self)
        against.doubtful, against._zones, against.remembered = not self.doubtful, {}, {}
        return against

    def has(self, word: str) -> bool:
        """Whether a folded word stands here."""
        if self._zone is Zone.BODY and self._whole is not None and self._whole._zone is None:
            return self._whole._last.get(word, -1) >= self._body  # saves a look at every word of the longest zone
        return word in self._last

    def stretch(self, zone: Zone) -> slice:
        """Where a zone of the text lies in the sequence of the whole."""
        title = len(self.document.title_words)
        match zone:
            case Zone.TITLE:
                return slice(title)
            case Zone.LEAD:
                return slice(title + 1, self._body)
            case _:
                return slice(self._body, None)

    @cached_property
    def _body(self) -> int:
        """Where the body begins in the sequence of the whole."""
        return len(self.document.title_words) + 1 + len(self.document.said(Zone.LEAD))

    @property
    def words(self) -> Set[str]:
        """All folded words."""
        return self._last.keys()

    def follow(self, said: tuple[str, ...]) -> bool:
        """Whether these folded words follow one another somewhere."""
        first, last = self._first, self._last
        for offset, word in enumerate(said):
            place = first.get(word)
            if place is None:
                return False
            if place == last[word]:
                return self.sequence[max(place - offset, 0) : place - offset + len(said)] == said
        return f" {' '.join(said)} " in self._line

    @cached_property
    def sequence(self) -> tuple[str, ...]:
        """The words in order, with something that is no word where the title ends."""
        if self._empty:
            return ()
        if self._zone is None:
            return *self.document.title_words, "|", *self.document.text_words
        return self.document.said(self._zone)

    @cached_property
    def _last(self) -> dict[str, int]:
        return dict(zip(self.sequence, count()))

    @cached_property
    def _first(self) -> dict[str, int]:
        return dict(zip(reversed(self.sequence), count(len(self.sequence) - 1, -1)))

    @cached_property
    def _line(self) -> str:
        return f" {' '.join(self.sequence)} "

    def positions(self, word: str) -> Sequence[int]:
        """Where a folded word stands, ascending."""
        place = self._first.get(word)
        if place is None:
            return ()
        if place == self._last[word]:  # as most words do that rules name: saves a list of all the others
            return (self._position(place),)
        return self._places[word]

    def _position(self, place: int) -> int:
        """Of a place in the sequence."""
        if self._zone is not None:
            return self.document.zones[self._zone].start + place
        title = len(self.document.title_words)
        return place if place < title else place + POSITION_GAP - 1

    def positions_of_prefix(self, prefix: str) -> Sequence[int]:
        """Where folded words stand that begin so, ascending."""
        return sorted(place for word in self.words_of_prefix(prefix) for place in self.positions(word))

    def words_of_prefix(self, prefix: str) -> Iterator[str]:
        if prefix[:BEGINNING] not in self.beginnings:
            return
        vocabulary = self._vocabulary
        for index in range(bisect_left(vocabulary, prefix), len(vocabulary)):
            if not vocabulary[index].startswith(prefix):
                return
            yield vocabulary[index]

    def stems(self, language: str) -> Mapping[str, Sequence[str]]:
        """The folded words by their stem in a language."""
        if language not in self._stems:
            by_stem: defaultdict[str, list[str]] = defaultdict(list)
            for word in self.words:
                by_stem[stem(word, language)].append(word)
            self._stems[language] = by_stem
        return self._stems[language]

    @property
    def zones(self) -> Sequence[Zone]:
        """Of which the text is to be looked at: lead and body are one text."""
        if self._empty:
            return ()
        return (Zone.TITLE, Zone.BODY) if self._zone is None else (self._zone,)

    def within(self, position: int) -> bool:
        """Whether a position lies here."""
        return self._zone is None or position in self.document.zones[self._zone]

    @cached_property
    def _places(self) -> Mapping[str, Sequence[int]]:
        if self._empty:
            return {}
        return self.document.positions if self._zone is None else self.document.positions_in(self._zone)

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """Of all words: most prefixes that are asked for are not among them, and that should cost next to nothing."""
        words = {word[:BEGINNING] for word in self.words}
        return frozenset(word[:length] for word in words for length in range(1, len(word) + 1))

    @cached_property
    def _vocabulary(self) -> list[str]:
        return sorted(self.words)
