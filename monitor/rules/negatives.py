"""Words that tell a rule's false alarms from what was relevant: what its `none:` might name. Pure.

They stand in the headlines of false alarms, or in the sentences that made them, nowhere in a relevant article, and far
more often there than elsewhere in the archive: what every article says would take the relevant ones away too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import pairwise

from monitor.rules.cases import Case, Judged
from monitor.rules.rule import Rule
from monitor.text import Document, Token, document

SHORTEST_WORD = 4  # letters; shorter ones are mostly grammar
MOST_TERMS = 24
MOST_TOGETHER = 4  # in one exclusion
# Times as often in false alarms as in the archive. Without it a third of what was relevant was left, see
# benchmarks/feedback.py.
LEAST_LIFT = 5.0
MANY = 3  # false alarms, of which a term must have two: what only one of them says is chance

Folded = tuple[str, ...]  # one word, or two that follow one another


class Background:
    """How common words are in the archive, by a sample of it."""

    def __init__(self, articles: Iterable[Document]) -> None:
        self._articles, self._spread = 0, Counter[str]()
        for article in articles:
            self._articles += 1
            self._spread.update({*article.title_words, *article.text_words})

    def share(self, term: Folded) -> float:
        """Of articles with the term; of two words that with the rarer one, which is more."""
        return min(self._spread[word] for word in term) / max(self._articles, 1)


def exclusions(rule: Rule, judged: Judged, background: Background) -> tuple[tuple[str, ...], ...]:
    """Single terms, those of most false alarms first; and a few that cover most of the false alarms together."""
    covers, spelled = _found(rule, judged)
    size = max(len(judged.false_alarms), 1)
    covers = {
        term: numbers for term, numbers in covers.items() if len(numbers) / size >= LEAST_LIFT * background.share(term)
    }
    headlines = _said([one.document.title_words for one in judged.false_alarms])

    def order(term: Folded) -> tuple[object, ...]:
        return -len(covers[term]), term not in headlines, -len(term), -len(spelled[term]), term

    best = sorted(_specific(covers), key=order)[:MOST_TERMS]
    single = [(spelled[term],) for term in best]
    together = _together(best, covers)
    return tuple(single if len(together) < 2 else [*single, tuple(spelled[term] for term in together)])


def _found(rule: Rule, judged: Judged) -> tuple[dict[Folded, frozenset[int]], dict[Folded, str]]:
    """Each term with the false alarms that have it, by number, and how it is mostly spelled."""
    having: defaultdict[Folded, set[int]] = defaultdict(set)
    spelled: defaultdict[Folded, Counter[str]] = defaultdict(Counter)
    for number, one in enumerate(judged.false_alarms):
        for words in _neighbourhood(rule, one):
            for term, spelling in _terms(words):
                having[term].add(number)
                spelled[term][spelling] += 1
    wanted = _said([run for one in judged.relevant for run in (one.document.title_words, one.document.text_words)])
    least = 2 if len(judged.false_alarms) >= MANY else 1
    covers = {
        term: frozenset(numbers) for term, numbers in having.items() if len(numbers) >= least and term not in wanted
    }
    return covers, {term: min(spelled[term].items(), key=lambda item: (-item[1], item[0]))[0] for term in covers}


def _neighbourhood(rule: Rule, one: Case) -> Iterator[Sequence[Token]]:
    """The headline, and the sentences of the evidence."""
    decision = one.decision(rule)
    sentences = dict.fromkeys(hit.sentence for hit in decision.hits) if decision is not None else {}
    for text in dict.fromkeys((one.reading.article.title, *sentences)):
        yield document("", text).tokens


def _terms(words: Sequence[Token]) -> Iterator[tuple[Folded, str]]:
    for word in words:
        if _tells(word):
            yield (word.folded,), word.text
    for one, other in pairwise(words):
        if one.sentence == other.sentence and _may_pair(one) and _may_pair(other) and (_tells(one) or _tells(other)):
            yield (one.folded, other.folded), f"{one.text} {other.text}"


def _tells(word: Token) -> bool:
    return len(word.folded) >= SHORTEST_WORD and word.folded.isalpha()


def _may_pair(word: Token) -> bool:
    """FK Partizan says something, at Partizan does not."""
    return _tells(word) or (word.text.isupper() and word.text.isalpha())


def _said(runs: Iterable[Sequence[str]]) -> Set[Folded]:
    """Every word and every two that follow one another."""
    said = set[Folded]()
    for run in runs:
        said.update((word,) for word in run)
        said.update(pairwise(run))
    return said


def _specific(covers: dict[Folded, frozenset[int]]) -> Iterator[Folded]:
    """Without words that say no more than two do of which they are one: these exclude less by mistake."""
    of_two = {(word, covers[term]) for term in covers if len(term) == 2 for word in term}
    return (term for term in covers if len(term) == 2 or (term[0], covers[term]) not in of_two)


def _together(terms: Sequence[Folded], covers: dict[Folded, frozenset[int]]) -> list[Folded]:
    """Greedily: next is always the one that adds most."""
    chosen, covered = list[Folded](), frozenset[int]()
    while len(chosen) < MOST_TOGETHER:
        best = max(terms, key=lambda term: len(covers[term] - covered), default=None)
        if best is None or covers[best] <= covered:
            break
        chosen.append(best)
        covered |= covers[best]
    return chosen
