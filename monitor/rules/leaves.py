"""Terms from what the operator wrote, whether in a query or in YAML; what is wrong is said in a LeafError."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitor.errors import NewsMonitorError
from monitor.rules import pattern
from monitor.rules.conditions import Fact, Origin, Score
from monitor.rules.stems import LANGUAGES, name_forms, stem
from monitor.rules.terms import Acronym, Condition, Exact, Name, Pattern, Phrase, Prefix, Stem, Word
from monitor.text import document, spelling, words

SHORTEST_PREFIX = 3
SHORTEST_ACRONYM, LONGEST_ACRONYM = 2, 10
_SHOWN = 70  # characters of a long query, on either side of the caret

_STAR = re.compile(r"\*[^\w*]*$")  # at the end of a word, with what is no letter after it
LANGUAGE = "[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*"  # as much of BCP 47 as articles and feeds use
_QUOTES = re.compile('["“”„«»]')


class LeafError(NewsMonitorError):
    """What is wrong with a term."""


class QueryError(LeafError):
    """What is wrong with a query, with a caret under the place. `column` counts from 1; `also`: what else is wrong."""

    def __init__(self, message: str, query: str, column: int) -> None:
        self.column = column
        self.also: tuple[QueryError, ...] = ()
        if not query.strip():
            super().__init__(message)
            return
        start = max(0, column - 1 - _SHOWN)
        shown = re.sub(r"\s", " ", query[start : column - 1 + _SHOWN])
        super().__init__(f"column {column}: {message}\n    {shown}\n    {' ' * (column - 1 - start)}^")


def phrase(text: str, query: str | None = None, offset: int = 0) -> Word | Phrase:
    """Words that follow one another, each with a star at its end or not. `offset`: where they stand in the query."""
    query = text if query is None else query
    terms: list[Word] = []
    for match in re.finditer(r"\S+", text):
        terms.extend(_words(match[0], query, offset + match.start() + 1))
    if not terms:
        raise QueryError("there is no letter or digit here; write the words to look for", query, offset + 1)
    written = " ".join(_QUOTES.sub(" ", text).split())
    if len(terms) > 1:
        return Phrase(written, tuple(terms))
    return type(terms[0])(written, terms[0].folded)


def _words(chunk: str, query: str, column: int) -> list[Word]:
    stemmed, starred = _STAR.subn("", chunk)
    if "*" in stemmed:
        raise QueryError("a star can only stand at the end of a word, as in deploy*", query, column)
    folded = words(stemmed)
    terms: list[Word] = [Word(word, word) for word in folded]
    if not starred:
        return terms
    if not folded or len(folded[-1]) < SHORTEST_PREFIX:
        raise QueryError(
            f"a star needs at least {SHORTEST_PREFIX} letters before it, as in deploy*; "
            "for a shorter word write out its forms, joined by OR",
            query,
            column,
        )
    terms[-1] = Prefix(f"{folded[-1]}*", folded[-1])
    return terms


def exact(text: str) -> Exact:
    written = _one_line(text)
    tokens = document("", written).tokens
    if not tokens:
        raise LeafError("has no letter or digit; write the word to look for")
    anyhow = Phrase(written, tuple(Word(token.folded, token.folded) for token in tokens))
    return Exact(written, tuple(spelling(token.text) for token in tokens), anyhow)


def acronym(text: str) -> Acronym:
    written = spelling("".join(text.replace(".", "").split()))
    folded = words(written)
    capitals = len(folded) == 1 and written.isalnum() and written.isupper()
    if not capitals or not SHORTEST_ACRONYM <= len(folded[0]) <= LONGEST_ACRONYM:
        raise LeafError(f"{text!r} is no acronym; write {SHORTEST_ACRONYM} to {LONGEST_ACRONYM} capitals, as in NATO")
    return Acronym(written, folded[0])


def name(text: str) -> Name:
    written = _one_line(text)
    if not words(written) or not all(word[0].isupper() for word in written.split() if word[0].isalpha()):
        raise LeafError(f"{text!r} is no proper name; begin its words with capitals, as in Kosovo, or use word:")
    return Name(written, name_forms(written))


def stemmed(text: str, language: str) -> Stem:
    written, folded = _one_line(text), words(text)
    if language not in LANGUAGES:
        raise LeafError(f"stems are known in {', '.join(LANGUAGES)}, not in {language!r}; use a star, as in deploy*")
    if len(folded) != 1:
        raise LeafError(f"{text!r} is not one word; join several with near: or NEAR/2")
    return Stem(written, language, stem(folded[0], language))


def regex(text: str) -> Pattern:
    if (problem := pattern.problem(text)) is not None:
        raise LeafError(problem)
    return Pattern(text)


def origin(fact: Fact, text: str) -> Origin:
    """Whether there are feeds and tags of that name is for `origins.py` to say."""
    if fact is Fact.LANGUAGE and not re.fullmatch(LANGUAGE, text):
        raise LeafError(f"{text!r} is no language; write a code such as en or sr-Latn")
    return Origin(fact, text)


def score(threshold: float, terms: Sequence[tuple[Condition, float]]) -> Score:
    """The sum must be within reach, and not be reached by nothing at all."""
    most = sum(weight for _, weight in terms if weight > 0)
    if not 0 < threshold <= most:
        raise LeafError(f"the threshold must be more than 0 and at most {most:g}, the sum of the positive weights")
    if any(weight == 0 for _, weight in terms):
        raise LeafError("a weight of 0 changes nothing; delete the term")
    return Score(float(threshold), tuple((term, float(weight)) for term, weight in terms))


def named(kind: str, text: str) -> Condition:
    """By the name of its kind in a query: `raw`, `stem-en` …"""
    if kind.startswith("stem-"):
        return stemmed(text, kind.removeprefix("stem-"))
    return {"raw": exact, "acronym": acronym, "name": name, "regex": regex}[kind](text)


def _one_line(text: str) -> str:
    return " ".join(_QUOTES.sub(" ", text).split())
