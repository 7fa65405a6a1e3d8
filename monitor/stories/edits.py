"""What a publisher has changed in an article, and whether a reader has to know.

Typography, a synonym, a new angle on known facts, paragraphs and boxes that come and go stay silent. Material is a
figure that differs, an announcement that has become a fact, a denial, a correction or withdrawal, and a headline with
mostly words that neither the old headline nor the old summary had.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, pairwise

from monitor.model import Change, ChangeKind, Zone
from monitor.stories import notes, vocabulary
from monitor.stories.features import Rarity, term_of
from monitor.stories.figures import figures, numbers
from monitor.text import document, words

# How much of the new headline is new, each word as telling as it is rare. A new fact changes the summary as well; a
# new angle does not.
NEW_HEADLINE = 0.5
NEW_HEADLINE_AND_SUMMARY = 0.25
NEW_SUMMARY = 0.2
UNSUPPORTED = 0.75

MOST_CHANGES = 5
MOST_SENTENCES = 400
MOST_COMPARED = 100  # sentences with figures, each with each
SAME_SENTENCE = 0.6  # of its words, numbers apart
ALL_BUT_THE_NUMBER = 0.85  # where it is not known what is counted
FEWEST_WORDS = 6  # of a sentence; buttons, bylines and counters have fewer, or no full stop
OF_THE_ARTICLE = 0.4  # of the words of a sentence; the teaser of another article shares fewer

CASUALTIES = frozenset({"dead", "injured", "missing", "arrested"})
_ANNOUNCED = re.compile(r"(\w+) (?:set to|to|will|may|might|could|would|ce|do te|mund te) (\w{3,})")
_TURNS = {ChangeKind.REVERSAL: vocabulary.REVERSALS, ChangeKind.DENIAL: vocabulary.DENIALS}
_SAID_OF_ANYTHING = {None, "rejected"}  # proposals and appeals are rejected every day
# What counts and dates itself: readers, comments, updates.
_COUNTERS = frozenset(
    words(
        "updated published posted modified comment comments views shares shared reads minutes ago ažurirano objavljeno "
        "komentar komentara komentari pregleda përditësuar publikuar komente aktualisiert kommentare publié"
    )
)


@dataclass(frozen=True, slots=True)
class Version:
    """An article as it was read once."""

    title: str
    text: str


def changes(before: Version, after: Version, rarity: Rarity, earlier: Iterable[Version] = ()) -> tuple[Change, ...]:
    """What a reader of the version before must know, most urgent first.

    `earlier`: versions before that one. What was cut off for a while and is back is no news.
    """
    old, new = _Told.of(before), _Told.of(after)
    known = {key: sentence for version in earlier for key, sentence in _Told.of(version).sentences.items()}
    removed = [sentence for key, sentence in old.sentences.items() if key not in new.sentences]
    added = [sentence for key, sentence in new.sentences.items() if key not in old.sentences]
    fresh = [sentence for sentence in added if words(sentence) not in known]
    found = [
        *_noted(fresh),
        *_turned([old.title, *old.sentences.values(), *known.values()], fresh, removed),
        *_headline(old, new, rarity),
        *_recounted(removed, added),
    ]
    order = list(ChangeKind)
    told = {change.after: change for change in sorted(found, key=lambda change: -order.index(change.kind))}
    return tuple(sorted(told.values(), key=lambda change: order.index(change.kind))[:MOST_CHANGES])


def notices(text: str) -> tuple[Change, ...]:
    """What a text says of itself: that it was corrected or taken back."""
    return tuple(_noted(_Told.of(Version("", text)).sentences.values()))[:MOST_CHANGES]


@dataclass(frozen=True, slots=True)
class _Told:
    """A version, and its sentences by their words: of the same words there is one."""

    title: str
    lead: str
    sentences: dict[tuple[str, ...], str]

    @classmethod
    def of(cls, version: Version) -> _Told:
        read = document(version.title, version.text)
        places = read.sentences[:MOST_SENTENCES]
        shown = [(zone, read.source(zone)[start:end]) for zone, start, end in places]
        lead = " ".join(sentence for zone, sentence in shown if zone is Zone.LEAD)
        return cls(
            version.title, lead, {words(sentence): sentence for zone, sentence in shown if zone is not Zone.TITLE}
        )


def _noted(added: Iterable[str]) -> Iterator[Change]:
    for sentence in added:
        if notes.takes_back(sentence):
            yield Change(ChangeKind.RETRACTION, None, sentence)
        elif notes.corrects(sentence):
            yield Change(ChangeKind.CORRECTION, None, sentence)


def _turned(told: Iterable[str], added: Iterable[str], removed: Iterable[str]) -> Iterator[Change]:
    """Denials and reversals of which the versions before knew nothing."""
    known = " ".join(told)
    terms = set(map(term_of, words(known)))
    for sentence in filter(_is_prose, added):
        kind = _turn(known, sentence)
        if kind is not None and _known_share(sentence, terms) >= OF_THE_ARTICLE:
            yield Change(kind, _counterpart(sentence, removed), sentence)


def _known_share(sentence: str, known: Set[int]) -> float:
    telling = [term_of(word) for word in words(sentence) if word not in vocabulary.function_words()]
    return sum(term in known for term in telling) / len(telling) if telling else 0.0


def _headline(old: _Told, new: _Told, rarity: Rarity) -> Iterator[Change]:
    if words(old.title) == words(new.title):
        return
    kind = _turn(f"{old.title} {old.lead}", new.title)
    edit = material((old.title, old.lead), (new.title, new.lead), rarity)
    if notes.corrects(new.title) and not notes.corrects(old.title):
        kind = ChangeKind.CORRECTION
    elif kind is None and edit is not None:
        kind = ChangeKind.FIGURE if edit.reason is Reason.FIGURE else ChangeKind.HEADLINE
    elif kind is None and _new_casualties(old, new.title):
        kind = ChangeKind.FIGURE
    if kind is not None:
        yield Change(kind, old.title, new.title)


def _new_casualties(old: _Told, headline: str) -> bool:
    """Whether it counts victims of whom nothing was said: `Blast at barracks` is now `Blast at barracks: 10 dead`."""
    told = _by_slot(". ".join((old.title, *old.sentences.values())))
    return any(values - told.get(slot, set()) for slot, values in _by_slot(headline).items() if slot in CASUALTIES)


def _turn(before: str, after: str) -> ChangeKind | None:
    """What the later text turns around that the earlier one did not."""
    for kind, verbs in _TURNS.items():
        if set(map(verbs.get, words(after))) - set(map(verbs.get, words(before))) - _SAID_OF_ANYTHING:
            return kind
    return None


def _recounted(removed: Iterable[str], added: Iterable[str]) -> Iterator[Change]:
    """Sentences that are the same but for a figure."""
    gone = list(islice(filter(_has_figure, removed), MOST_COMPARED))
    for sentence in islice(filter(_has_figure, added), MOST_COMPARED):
        before = _counterpart(sentence, gone)
        if before is not None and _counts_otherwise(before, sentence):
            yield Change(ChangeKind.FIGURE, before, sentence)


def _has_figure(sentence: str) -> bool:
    return _is_prose(sentence) and bool(numbers(sentence) or figures(sentence))


def _counterpart(sentence: str, removed: Iterable[str]) -> str | None:
    """The sentence in whose place it stands."""
    alike = [(_likeness(other, sentence), other) for other in removed]
    likeness, best = max(alike, default=(0.0, None))
    return best if likeness >= SAME_SENTENCE else None


def _counts_otherwise(before: str, after: str) -> bool:
    if _changed_slots(before, after):
        return True
    if not _COUNTERS.isdisjoint(words(after)) or _likeness(before, after) < ALL_BUT_THE_NUMBER:
        return False
    old, new = set(numbers(before)), set(numbers(after))
    return bool(new - old and old - new)


def _likeness(one: str, other: str) -> float:
    """The share of words in common, numbers apart."""
    first, second = (Counter(word for word in words(text) if not word[0].isdigit()) for text in (one, other))
    longer = max(first.total(), second.total())
    return (first & second).total() / longer if longer else 0.0


def _is_prose(sentence: str) -> bool:
    return len(words(sentence)) >= FEWEST_WORDS and sentence.rstrip("\"'”’»“)] ")[-1:] in (".", "!", "?", "…")


class Reason(StrEnum):
    """Why an edit is material."""

    CORRECTION = "correction"
    FIGURE = "figure"
    HAPPENED = "happened"  # what was to be, is
    HEADLINE = "headline"


@dataclass(frozen=True, slots=True)
class Edit:
    """`casualties`: people counted dead, injured, missing or arrested are now others."""

    reason: Reason
    before: str
    after: str
    casualties: bool = False


def material(before: tuple[str, str], after: tuple[str, str], rarity: Rarity) -> Edit | None:
    """Headline and summary (or lead), as they were and as they are; None if nothing that matters has changed."""
    (old_title, old_summary), (title, summary) = before, after
    old, new = words(f"{old_title} {old_summary}"), words(f"{title} {summary}")
    if old == new:
        return None
    corrected = _meanings(new) - _meanings(old)
    changed = _changed_slots(f"{old_title}. {old_summary}", f"{title}. {summary}")
    casualties = bool(changed & CASUALTIES)
    if corrected:
        return Edit(Reason.CORRECTION, old_title, title, casualties)
    if changed:
        return Edit(Reason.FIGURE, old_title, title, casualties)
    if _has_happened(words(old_title), words(title)):
        return Edit(Reason.HAPPENED, old_title, title)
    if words(title) != words(old_title) and _tells_more(before, after, rarity):
        return Edit(Reason.HEADLINE, old_title, title)
    return None


def _tells_more(before: tuple[str, str], after: tuple[str, str], rarity: Rarity) -> bool:
    known = words(" ".join(before))
    headline = _new_share(words(after[0]), known, rarity)
    if not before[1] or not after[1]:
        return headline >= NEW_HEADLINE
    if _new_share(words(after[1]), known, rarity) >= NEW_SUMMARY:
        return headline >= NEW_HEADLINE_AND_SUMMARY
    return headline >= UNSUPPORTED


def _meanings(told: Iterable[str]) -> set[str]:
    return {meaning for word in told if (meaning := vocabulary.REVERSALS.get(word)) in ("corrected", "withdrawn")}


def _changed_slots(before: str, after: str) -> set[str]:
    """What is counted in both, and differently."""
    old, new = _by_slot(before), _by_slot(after)
    return {slot for slot in old.keys() & new.keys() if new[slot] - old[slot] and old[slot] - new[slot]}


def _by_slot(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for figure in figures(text):
        found.setdefault(figure.slot, set()).add(figure.value)
    return found


def _has_happened(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """China to resume talks: China resumes talks."""
    still = {verb for _, verb in _announced(new)}
    said = set(pairwise(new))
    return any(
        (before, verb) in said or {verb + "s", verb + "ed", verb + "d"} & set(new)
        for before, verb in _announced(old)
        if verb not in still
    )


def _announced(told: tuple[str, ...]) -> set[tuple[str, str]]:
    return set(_ANNOUNCED.findall(" ".join(told)))


def _new_share(title: tuple[str, ...], known: tuple[str, ...], rarity: Rarity) -> float:
    telling = [term_of(word) for word in title if word not in vocabulary.function_words()]
    seen = set(map(term_of, known))
    whole = sum(map(rarity, telling))
    return sum(rarity(term) for term in telling if term not in seen) / whole if whole else 0.0
