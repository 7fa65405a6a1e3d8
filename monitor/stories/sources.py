"""Who says so: which texts are copies, whom a text credits, and how many independent voices a story has.

Ten reprints of one agency are one voice. Voices are told apart by text, by credit and by owner; a text too short to
compare proves nothing and is counted apart. Five own reports of one communiqué are five texts: what they rest on is
not seen here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from monitor.model import ArticleId, Resemblance

# Containment finds copies that were cut or extended, where a symmetric measure does not. Independent reports of one
# event hardly ever share a fifth of their five-word runs once quotations are left out; a copy hardly ever less.
LEAST_CONTAINMENT = 0.2
LEAST_SHARED = 10
# A long report that quotes a short item as its background is no copy of it: so much of its own text must be shared.
LEAST_OF_ITSELF = 0.15
CREDITED_CONTAINMENT = 0.08  # enough when both credit the same agency
FEWEST_SHINGLES = 12  # fewer are too few to tell a copy by

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
    "TASS": "TASS|Tass|ТАСС|ТАСС|Тас",
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


# ---- voices ----


@dataclass(frozen=True, slots=True)
class Report:
    """One article of a story, as a witness. `site` is its host, which `publishers` may give an owner."""

    article_id: ArticleId
    outlet: str
    site: str
    seen_at: datetime
    shingles: frozenset[int]
    credit: str | None


@dataclass(frozen=True, slots=True)
class Voice:
    """Reports that rest on one text, one agency or one owner, earliest first."""

    origin: str  # the agency credited, or the outlet that was first
    reports: tuple[Report, ...]
    unverified: bool  # too short to say whether it is a copy

    @property
    def outlets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(report.outlet for report in self.reports))


@dataclass(frozen=True, slots=True)
class Voices:
    """How many outlets tell a story, and how many of them can be said to know by themselves."""

    outlets: int
    voices: tuple[Voice, ...]  # in the order in which they spoke up

    @property
    def independent(self) -> int:
        """What `min_sources` counts. A story whose texts are all too short has one voice, not none."""
        return max(sum(not voice.unverified for voice in self.voices), min(1, len(self.voices)))

    def __str__(self) -> str:
        """`12 outlets: 1 text (AFP, 10 outlets), 2 own reports, 1 too short to tell`."""
        shared = [voice for voice in self.voices if len(voice.outlets) > 1]
        own = sum(len(voice.outlets) == 1 and not voice.unverified for voice in self.voices)
        short = sum(voice.unverified for voice in self.voices)
        texts = ", ".join(f"{voice.origin}, {len(voice.outlets)} outlets" for voice in shared)
        parts = [
            f"{_many(len(shared), 'text')} ({texts})" if shared else "",
            _many(own, "own report") if own else "",
            f"{short} too short to tell" if short else "",
        ]
        return f"{_many(self.outlets, 'outlet')}: {', '.join(filter(None, parts))}"


def voices(reports: Sequence[Report], publishers: Mapping[str, str]) -> Voices:
    """`publishers` maps sites to owners; a site without one owns itself."""
    ordered = sorted(reports, key=lambda report: (report.seen_at, report.article_id))
    groups: list[list[Report]] = []
    for report in ordered:
        related = [group for group in groups if any(_one_voice(report, other, publishers) for other in group)]
        groups = [group for group in groups if group not in related]
        groups.append(sorted([report, *chain.from_iterable(related)], key=ordered.index))
    groups.sort(key=lambda group: ordered.index(group[0]))
    return Voices(len({report.outlet for report in reports}), tuple(map(_voice, groups)))


def origin(reports: Sequence[Report]) -> str:
    """Of reports with one text: the agency that any of them credits, else the outlet that had it first."""
    credited = next((report.credit for report in reports if report.credit), None)
    return credited or min(reports, key=lambda report: report.seen_at).outlet


def _voice(reports: list[Report]) -> Voice:
    short = len(reports) == 1 and len(reports[0].shingles) < FEWEST_SHINGLES and not reports[0].credit
    return Voice(origin(reports), tuple(reports), short)


def _one_voice(one: Report, other: Report, publishers: Mapping[str, str]) -> bool:
    if publishers.get(one.site, one.site) == publishers.get(other.site, other.site):
        return True
    contained = containment(one.shingles, other.shingles)
    if one.credit and one.credit == other.credit:
        return contained >= CREDITED_CONTAINMENT
    return contained >= LEAST_CONTAINMENT


def containment(one: frozenset[int], other: frozenset[int]) -> float:
    """The share of the smaller text that is also in the other; 0 if either is too short to tell."""
    smaller = min(len(one), len(other))
    return len(one & other) / smaller if smaller >= FEWEST_SHINGLES else 0.0


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
