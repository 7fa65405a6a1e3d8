"""Who says so: which texts are copies, and which agency a text credits.

Ten reprints of one agency are one voice. Five own reports of one communiqué are five: what they rest on is not seen
here.
"""

from __future__ import annotations

import re

from monitor.model import Article, Resemblance
from monitor.stories import vocabulary
from monitor.stories.features import shingles, term_of
from monitor.text import words

# Containment finds copies that were cut or extended, where a symmetric measure does not. Independent reports of one
# event hardly ever share a quarter of their five-word runs once quotations are left out; a copy hardly ever less.
LEAST_CONTAINMENT = 0.25
LEAST_SHARED = 10
# A long report that quotes a short item as its background is no copy of it: so much of its own text must be shared.
LEAST_OF_ITSELF = 0.15

# Two attacks in one town are told with one background, and an outlet may give all its news the same few words.
OPENING = 200  # characters
KNOWN_WORDS = 0.5  # of the telling words of a title, or of a title and an opening
FEW_RUNS = 12  # of a text of which the title says more

EDGE = 300  # a credit stands at the beginning or at the end


def is_copy(size: int, other: Resemblance) -> bool:
    """`size` is the number of the article's own shingles."""
    if other.same_text:
        return True
    return (
        other.shared >= LEAST_SHARED
        and likeness(size, other) >= LEAST_CONTAINMENT
        and other.shared >= LEAST_OF_ITSELF * size
    )


def likeness(size: int, other: Resemblance) -> float:
    """Containment: the share of the smaller text that is also in the other."""
    if other.same_text:
        return 1.0
    return min(1.0, other.shared / max(1, min(size, other.size)))


def begins_otherwise(article: Article, runs: frozenset[int], original: Article) -> bool:
    """Whether an article that shares text with an earlier one has other news above what it shares. `runs`: its own."""
    if article.text_sha256 == original.text_sha256:
        says_little = len(runs) < FEW_RUNS or article.site == original.site
        return says_little and _known_share(article.title, original.title) < KNOWN_WORDS
    if _holds(shingles(original.text), article.text) or _holds(runs, original.text):
        return False
    opening = f"{article.title} {article.text[:OPENING]}"
    return _known_share(opening, f"{original.title} {original.text}") < KNOWN_WORDS


def _holds(runs: frozenset[int], text: str) -> bool:
    """Whether the opening of another text is among these runs."""
    opening = shingles(text[:OPENING])
    return len(opening & runs) >= LEAST_CONTAINMENT * max(1, len(opening))


def _known_share(text: str, known: str) -> float:
    telling = {term_of(word) for word in words(text) if word not in vocabulary.function_words()}
    return len(telling & set(map(term_of, words(known)))) / len(telling) if telling else 1.0


# ---- credits ----

_AGENCIES = {
    "AFP": "AFP|Agence France-Presse|АФП",
    "Reuters": "Reuters|Rojters|Ројтерс",
    "AP": "AP|Associated Press|АП",
    "dpa": "dpa|DPA",
    "Tanjug": "Tanjug|TANJUG|Танјуг",
    "Beta": "Beta|BETA|Бета",
    "FoNet": "FoNet|Fonet|FONET|ФоНет|Фонет",
    "ANSA": "ANSA|Ansa",
    "TASS": "TASS|Tass|ТАСС|Тас",
    "Xinhua": "Xinhua|Sinhua|Синхуа",
    "RIA": "RIA Novosti|RIA|РИА Новости",
    "Anadolu": "Anadolu Agency|Anadolu|AA",
    "Hina": "Hina|HINA",
    "SRNA": "SRNA|Srna|СРНА",
    "MIA": "MIA|МИА",
    "KosovaPress": "KosovaPress|Kosovapress",
    "ATSH": "ATSH",
    "EFE": "EFE",
    "APA": "APA",
    "PA": "PA Media",
    "Bloomberg": "Bloomberg",
}
_NAMES = {name: agency for agency, names in _AGENCIES.items() for name in names.split("|")}
_NAME = "|".join(sorted(map(re.escape, _NAMES), key=len, reverse=True))
_AT_AN_EDGE = re.compile(
    rf"[(/\[](?:[^()/\n]{{0,20}}[,/ ])?({_NAME})(?:[,/][^()\n]{{0,20}})?[)/\]]"
    rf"|(?:^|\n)\s*({_NAME})\s*(?:$|\n|[-–—:])"
    rf"|(?:[Ss]ource|[Ii]zvor|[Bb]urimi|Извор|извор)\s*:\s*({_NAME})\b"
    rf"|(?:prenosi|prenose|javlja|javljaju|преноси|јавља|raporton|njofton|transmeton|sipas)\s+(?:agencija\s+|"
    rf"агенција\s+|agjencia\s+)?({_NAME})\b"
    rf"|\b({_NAME})\s+(?:prenosi|javlja|преноси|јавља|raporton|njofton)\b"
    rf"|(?:[Rr]eporting (?:by|from) )(?:the )?({_NAME})\b"
)
_WORDS = re.compile(rf"(?<!\w)({_NAME})(?!\w)")
_REUTERS_SIGNATURE = re.compile(r"\(?Reporting by [^\n()]{3,120}; ?[Ee]diting by ")


def credit(text: str, author: str | None = None) -> str | None:
    """The agency that a byline, dateline or sign-off names. An agency quoted in the middle of a text is no credit."""
    if author and (found := _WORDS.search(author)):
        return _NAMES[found[1]]
    for edge in (text[:EDGE], text[-EDGE:]):
        found = _AT_AN_EDGE.search(edge)
        if found:
            return _NAMES[next(filter(None, found.groups()))]
    return "Reuters" if _REUTERS_SIGNATURE.search(text[-EDGE:]) else None
