"""What of an article is compared: its weightiest words, names, numbers and countries, and runs of words for copies.

Words are folded as the rules fold them (so Serbian is one language in both scripts) and cut to six letters, which does
for inflection in every language. The value is small, goes to bytes and back unchanged, and never changes once an
article has arrived: what is decided from it today is decided from it after a restart.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import accumulate
from math import log, sqrt
from typing import Protocol
from zlib import crc32

from monitor.stories import vocabulary
from monitor.stories.figures import numbers
from monitor.text import fold, without_quotations, words

TERM_LETTERS = 6
MOST_TERMS = 60
MOST_NAMES = 40
LEAD_CHARACTERS = 600  # the words of a story's background, further down, are those of other stories
FIRST_CHARACTERS = 200  # the first of them count twice, as the title does
NAMES_WITHIN = 4_000

SHINGLE_WORDS = 5
MOST_SHINGLES = 20_000


class Rarity(Protocol):
    """How telling a term is: 0 for one in every article, 1 for one never seen."""

    def __call__(self, term: int) -> float: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """An article's terms before they are weighed. `seen` is what its arrival adds to the document frequencies."""

    counts: Mapping[int, int]
    title: frozenset[int]
    names: tuple[int, ...]  # hashes of skeletons and of numbers, in order of appearance
    early_names: int  # how many of them stand in the lead
    numbers: frozenset[int]
    countries: frozenset[str]
    periods: frozenset[int]  # months in the title
    weekdays: frozenset[int]  # in the title and the lead
    language: str  # en, sr or sq, "" if none of them
    live: bool

    @property
    def seen(self) -> frozenset[int]:
        return frozenset(self.counts) | frozenset(self.names)


@dataclass(frozen=True, slots=True)
class Features:
    """An article as a story sees it. Weights are of unit length together; terms and names by falling weight."""

    terms: Mapping[int, float]
    title: frozenset[int]  # those of the terms that stand in the title
    names: Mapping[int, float]
    early_names: frozenset[int]
    numbers: frozenset[int]
    countries: frozenset[str]
    periods: frozenset[int]
    weekdays: frozenset[int]
    language: str
    live: bool
    outlet: int  # a hash; 0 if not known

    def to_bytes(self) -> bytes:
        told = (*sorted(self.countries), *map(str, sorted(self.weekdays)))
        codes = ",".join((self.language, "live" if self.live else "", *told)).encode()
        groups = (self.title, self.early_names, self.numbers, self.periods)
        sizes = (len(codes), len(self.terms), len(self.names), *map(len, groups))
        integers = [*self.terms, *self.names, *(term for group in groups for term in sorted(group)), self.outlet]
        weights = [*self.terms.values(), *self.names.values()]
        return struct.pack(f"<7H{len(integers)}I{len(weights)}f{len(codes)}s", *sizes, *integers, *weights, codes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Features:
        text, *sizes = _SIZES.unpack_from(data)
        terms, names, title, early, numbers, periods = accumulate(sizes)
        values = struct.unpack_from(f"<{periods + 1}I{names}f{text}s", data, _SIZES.size)
        outlet, weights = values[periods], values[periods + 1 : -1]
        language, live, *told = values[-1].decode().split(",")
        return cls(
            terms=dict(zip(values[:terms], weights[:terms], strict=True)),
            title=frozenset(values[names:title]),
            names=dict(zip(values[terms:names], weights[terms:], strict=True)),
            early_names=frozenset(values[title:early]),
            numbers=frozenset(values[early:numbers]),
            countries=frozenset(code for code in told if not code.isdigit()),
            periods=frozenset(values[numbers:periods]),
            weekdays=frozenset(int(code) for code in told if code.isdigit()),
            language=language,
            live=bool(live),
            outlet=outlet,
        )


_SIZES = struct.Struct("<7H")


def read(title: str, text: str) -> Reading:
    """What an article is made of, whatever else has been seen."""
    lead = _cut(text, LEAD_CHARACTERS)
    title_words, first_words, more_words = words(title), *_lead_words(text, lead)
    in_lead = (*title_words, *first_words, *more_words)
    in_title = _terms_of(title_words)
    counts = Counter((in_title + _terms_of(first_words)) * 2)
    counts.update(_terms_of(more_words))
    early = _names(lead)
    names = dict.fromkeys((*early, *_later_names(text, lead)))
    return Reading(
        counts=counts,
        title=frozenset(in_title),
        names=tuple(names),
        early_names=len(set(early)),
        numbers=frozenset(_key(number) for number in numbers(f"{title} {lead}")),
        countries=vocabulary.countries(title, title_words),
        periods=vocabulary.months(title, title_words),
        weekdays=vocabulary.weekdays(in_lead),
        language=vocabulary.language(in_lead),
        live=vocabulary.is_live(title),
    )


def seen(title: str, text: str) -> frozenset[int]:
    """`Reading.seen` of an article that nothing else is asked of, for half of what a reading costs."""
    lead = _cut(text, LEAD_CHARACTERS)
    first_words, more_words = _lead_words(text, lead)
    terms = _terms_of((*words(title), *first_words, *more_words))
    return frozenset((*terms, *_names(lead), *_later_names(text, lead)))


def _lead_words(text: str, lead: str) -> tuple[Sequence[str], Sequence[str]]:
    """Those that count twice, and the rest."""
    first = _cut(text, FIRST_CHARACTERS)
    return words(first), words(lead[len(first) :])


def _later_names(text: str, lead: str) -> list[int]:
    """Behind the lead; and all numbers."""
    told = text[:NAMES_WITHIN]
    return [*_names(told[len(lead) :]), *(_key("#" + number) for number in numbers(told))]


def weigh(reading: Reading, rarity: Rarity, outlet: str = "") -> Features:
    """`rarity` as it is when the article arrives, before the article itself has been counted."""
    terms = {term: (1 + log(count)) * rarity(term) for term, count in reading.counts.items()}
    heaviest = _unit(terms, MOST_TERMS)
    return Features(
        terms=heaviest,
        title=reading.title & heaviest.keys(),
        names=_unit({name: rarity(name) for name in reading.names}, MOST_NAMES),
        early_names=frozenset(reading.names[: reading.early_names]),
        numbers=reading.numbers,
        countries=reading.countries,
        periods=reading.periods,
        weekdays=reading.weekdays,
        language=reading.language,
        live=reading.live,
        outlet=_key(outlet.casefold()) if outlet else 0,
    )


def watched(words_: Iterable[str]) -> frozenset[int]:
    """The terms and the names that words may stand for, as they are in a reading."""
    found = {key for word in words_ for part in words(word) for key in (term_of(part), _key("@" + skeleton(part)))}
    return frozenset(found)


def shingles(text: str) -> frozenset[int]:
    """Signed 64-bit hashes of every run of five words, quotations left out, as SQLite stores them.

    Quotations are left out because two reporters who quote the same communiqué have not copied each other. A text of
    fewer than five words has none.
    """
    told = words(without_quotations(text))
    runs = {" ".join(told[i : i + SHINGLE_WORDS]) for i in range(len(told) - SHINGLE_WORDS + 1)}
    hashes = sorted(_hash(run) for run in runs)
    return frozenset(hashes[:MOST_SHINGLES])


def _hash(run: str) -> int:
    return int.from_bytes(blake2b(run.encode(), digest_size=8).digest(), "big", signed=True)


# ---- words ----


@cache
def seed_counts() -> Mapping[int, int]:
    """In how many of a thousand articles each common term stands, before any has been seen."""
    return {term_of(word): per_mille for word, per_mille in vocabulary.frequent_words()}


def term_of(word: str) -> int:
    """Of a folded word."""
    return _key(word[:TERM_LETTERS])


def _key(word: str) -> int:
    return crc32(word.encode("utf-8", "replace"))


def _terms_of(told: Sequence[str]) -> list[int]:
    return [term for term in map(_compared, told) if term]


@lru_cache(1 << 16)
def _compared(word: str) -> int:
    """Its term; 0 for a word that is not compared."""
    return term_of(word) if _counts(word) else 0


def _counts(word: str) -> bool:
    return len(word) > 1 and word not in vocabulary.function_words()


def _cut(text: str, limit: int) -> str:
    """At most `limit` characters, and no half words."""
    return text if len(text) <= limit else text[:limit].rpartition(" ")[0] or text[:limit]


def _unit(weights: Mapping[int, float], most: int) -> dict[int, float]:
    """The heaviest, to unit length, in the precision in which they are kept."""
    telling = [item for item in weights.items() if item[1] > 0]
    heaviest = sorted(telling, key=lambda item: (-item[1], item[0]))[:most]
    length = sqrt(sum(weight * weight for _, weight in heaviest)) or 1.0
    return dict(zip((term for term, _ in heaviest), array("f", (w / length for _, w in heaviest)), strict=True))


# ---- names ----

# A capital in the middle of a sentence; at its beginning it says nothing.
_IN_SENTENCE = re.compile(r"(?<=[\w,;:’')–—-]\s)[^\W\d_][\w’'-]*")
_SAME_SOUND = (
    ("qu", "kv"),
    ("ph", "f"),
    ("ck", "k"),
    ("w", "v"),
    ("xh", "g"),
    ("x", "ks"),
    ("q", "k"),
    ("dj", "g"),
    ("dz", "g"),
)
_HARD_C = re.compile(r"c(?=[aoulrtk]|$)")
_SILENT = re.compile(r"(?<!^)[aeiouyhj]|(.)(?=\1)")
SKELETON_LETTERS = 4


def _names(text: str) -> list[int]:
    return [name for name in map(_name, _IN_SENTENCE.findall(text)) if name]


@lru_cache(1 << 15)
def _name(word: str) -> int:
    """Its skeleton; 0 for a word that is no name."""
    folded = fold(word)
    return _key("@" + skeleton(folded)) if word[0].isupper() and _counts(folded) else 0


def skeleton(name: str) -> str:
    """The first letter and the consonants after it: what Vašington, Uashington and Washington have in common."""
    name = name.replace("'", "").replace("’", "").replace("-", "")
    if name.startswith("ua"):
        name = "v" + name[1:]
    if name.startswith("y"):
        name = "j" + name[1:]
    name = _HARD_C.sub("k", name)
    for written, sounds in _SAME_SOUND:
        name = name.replace(written, sounds)
    return _SILENT.sub("", name)[:SKELETON_LETTERS]
