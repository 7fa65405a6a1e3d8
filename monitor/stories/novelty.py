"""What an article adds to what its story has already told, with the sentence that says it.

A later article is news only for what is new in it: a figure, a place, a unit, a named actor, a quotation, a denial, a
reversal. Everything is looked for in English, Serbian and Albanian, by their words and not by understanding: what is
said in unheard-of words is missed, and a name spelt in two ways counts as two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.model import Addition, Zone
from monitor.model import AdditionKind as Kind
from monitor.stories import vocabulary
from monitor.stories.figures import figures
from monitor.text import document, fold, quotations, words

MOST_SENTENCES = 60
MOST_ADDITIONS = 5
NAME_LETTERS = 5  # of each word of a name: what inflection leaves alone
QUOTE_KNOWN = 0.5  # of a quotation's three-word runs


@dataclass(frozen=True, slots=True)
class Facts:
    """What a story has told so far, as keys that compare; goes to JSON and back."""

    keys: frozenset[str] = frozenset()

    def __or__(self, other: Facts) -> Facts:
        return Facts(self.keys | other.keys)

    def to_json(self) -> str:
        return json.dumps(sorted(self.keys), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Facts:
        return cls(frozenset(json.loads(text)))


@dataclass(frozen=True, slots=True)
class _Fact:
    """`keys`: what it is known by; a name by any of them, all else by all."""

    kind: Kind
    what: str
    keys: frozenset[str]
    sentence: str


def facts(title: str, text: str) -> Facts:
    """All that an article tells."""
    return Facts(frozenset(key for fact in _facts(title, text) for key in fact.keys))


def additions(title: str, text: str, known: Facts) -> tuple[Addition, ...]:
    """What the article tells that is not known, most urgent first; of each sentence only the most urgent fact."""
    order = list(Kind)
    seen = known.keys
    told: set[str] = set()
    found: list[Addition] = []
    for fact in sorted(_facts(title, text), key=lambda fact: order.index(fact.kind)):
        if _is_new(fact, seen) and fact.sentence not in told:
            told.add(fact.sentence)
            found.append(Addition(fact.kind, fact.what, fact.sentence, _before(fact, known)))
        seen |= fact.keys
    return tuple(found[:MOST_ADDITIONS])


def _is_new(fact: _Fact, known: frozenset[str]) -> bool:
    if fact.kind is Kind.QUOTE:
        return len(fact.keys & known) < QUOTE_KNOWN * len(fact.keys)
    if fact.kind in (Kind.ACTOR, Kind.PLACE):
        return fact.keys.isdisjoint(known)
    return not fact.keys <= known


def _before(fact: _Fact, known: Facts) -> str | None:
    """The last figure, if the same thing was counted differently."""
    if fact.kind is not Kind.FIGURE:
        return None
    slot = next(iter(fact.keys)).rsplit(":", 1)[0]
    others = sorted(key.rsplit(":", 1)[1] for key in known.keys if key.startswith(f"{slot}:"))
    return ", ".join(others) or None


# ---- facts ----


def _facts(title: str, text: str) -> Iterator[_Fact]:
    read = document(title, text)
    for zone, start, end in read.sentences[:MOST_SENTENCES]:
        sentence = read.source(zone)[start:end]
        yield from _told(sentence)
        if zone is not Zone.TITLE or not _is_title_case(sentence):
            yield from _named(sentence)
    for start, end in quotations(text):
        yield from _quoted(text[start:end])


def _told(sentence: str) -> Iterator[_Fact]:
    told = words(sentence)
    for kind, verbs in ((Kind.REVERSAL, vocabulary.REVERSALS), (Kind.DENIAL, vocabulary.DENIALS)):
        for word in told:
            meaning = verbs.get(word)
            if meaning:
                yield _Fact(kind, word, frozenset({f"{kind}:{meaning}"}), sentence)
    for figure in figures(sentence):
        key = f"figure:{figure.slot}:{figure.value}"
        yield _Fact(Kind.FIGURE, f"{figure.value} {figure.slot}", frozenset({key}), sentence)
    for match in _UNIT.finditer(sentence):
        number = next(word for word in words(match[0]) if word[0].isdigit())
        yield _Fact(Kind.UNIT, match[0], frozenset({f"unit:{number.rstrip('.stndrh')}"}), sentence)


# ---- names, places, units ----

_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_BEFORE_A_PLACE = frozenset(
    map(fold, ["in", "at", "near", "from", "u", "kod", "iz", "na", "kraj", "ne", "në", "pranë", "afër", "nga"])
)
_TITLE_CASE = 0.6  # of the longer words capitalised: capitals say nothing
_UNIT = re.compile(
    r"\b(?:\d+(?:st|nd|rd|th|\.)?\s+(?:\w+\s+){0,2}?"
    r"(?:brigad|battalion|regiment|division|squadron|corps|bataljon|puk\b|divizij|eskadril|"
    r"бригад|батаљон|пук\b|дивизиј|ескадрил)\w*"
    r"|(?:brigad|batalion|regjiment)\w*\s+(?:e|i)\s+\d+(?:-?\w+)?)",
    re.IGNORECASE,
)


def _named(sentence: str) -> Iterator[_Fact]:
    for before, name in _capitalised(sentence):
        keys = frozenset(f"name:{_stem(word)}" for word in words(name) if not _is_common(word))
        if not keys:
            continue
        if before in _BEFORE_A_PLACE or (" " not in name and vocabulary.country(fold(name))):
            yield _Fact(Kind.PLACE, name, keys, sentence)
        elif " " in name or (name.isupper() and len(name) > 2):
            yield _Fact(Kind.ACTOR, name, keys, sentence)


def _capitalised(sentence: str) -> Iterator[tuple[str, str]]:
    """Runs of capitalised words, each with the folded word before it; the first word of a sentence only in a run."""
    told = list(_WORD.finditer(sentence))
    start = 0
    while start < len(told):
        end = start
        while end < len(told) and told[end][0][0].isupper() and (end == start or _adjoin(told[end - 1], told[end])):
            end += 1
        if end > start:
            run = told[start:end]
            while run and _is_common(fold(run[0][0])):
                run = run[1:]
            if run and (start or len(run) > 1):
                yield fold(told[start - 1][0]) if start else "", sentence[run[0].start() : run[-1].end()]
        start = max(end, start + 1)


def _adjoin(one: re.Match[str], other: re.Match[str]) -> bool:
    between: str = one.string[one.end() : other.start()]
    return len(between) == 1 and between.isspace()


def _is_title_case(headline: str) -> bool:
    longer: list[str] = [word for word in _WORD.findall(headline) if len(word) > 3]
    return sum(word[0].isupper() for word in longer) > _TITLE_CASE * len(longer)


def _is_common(word: str) -> bool:
    return word in vocabulary.function_words() or word in vocabulary.everyday()


def _stem(word: str) -> str:
    return word[:NAME_LETTERS]


def _quoted(quotation: str) -> Iterator[_Fact]:
    told = words(quotation)
    runs = frozenset("quote:" + " ".join(map(_stem, told[i : i + 3])) for i in range(len(told) - 2))
    yield _Fact(Kind.QUOTE, quotation, runs, quotation)
