"""What a feed's head says about when and where to look, gathered while the first look goes over the document.

Its server may name hubs as well, in the header of the answer.

feedparser keeps only the last of several hours, days or hubs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from monitor.feeds.links import links
from monitor.model import FeedHints
from monitor.urls import join

MAX_TTL = timedelta(days=7)
MAX_LINKS = 100
MAX_VALUE = 100  # characters

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True)
class Gathered:
    """As it stands in the document: the texts of elements by name, and (relation, address) of links."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    complete: bool = False

    def add_text(self, name: str, text: str) -> None:
        values = self.texts.setdefault(name, [])
        if len(values) < MAX_LINKS:
            values.append(text.strip()[:MAX_VALUE])

    def add_link(self, attributes: Mapping[str, str]) -> None:
        if len(self.links) < MAX_LINKS and "rel" in attributes and "href" in attributes:
            self.links.extend((rel, attributes["href"]) for rel in attributes["rel"].lower().split()[:5])

    def hints(self, url: str) -> FeedHints:
        """`url` is the feed's, for relative links. What makes no sense is left out."""
        return FeedHints(
            ttl=minutes(self._first("ttl")),
            skip_hours=frozenset(int(hour) % 24 for hour in self.texts.get("hour", ()) if _is_hour(hour)),
            skip_days=frozenset(_DAYS.index(day.lower()) for day in self.texts.get("day", ()) if day.lower() in _DAYS),
            update_every=_period(self._first("updatePeriod"), self._first("updateFrequency")),
            hubs=tuple(dict.fromkeys(self._addresses("hub", url))),
            self_url=next(iter(self._addresses("self", url)), None),
            next_url=next(iter(self._addresses("next", url)), None),
            prev_archive=next(iter(self._addresses("prev-archive", url)), None),
            complete=self.complete,
        )

    def _first(self, name: str) -> str:
        return next(iter(self.texts.get(name, ())), "")

    def _addresses(self, wanted: str, url: str) -> list[str]:
        return [address for rel, href in self.links if rel == wanted and href and (address := join(url, href))]


def with_header(hints: FeedHints | None, link_header: str, url: str) -> FeedHints | None:
    """The hints with the hubs and the topic that the server names for the document at `url`; its word comes first.

    W3C WebSub section 4: a subscriber looks into the Link headers, then into the document.
    """
    named = [(link.relations.lower().split(), join(url, link.address)) for link in links(link_header)]
    hubs = tuple(dict.fromkeys(address for relations, address in named if address and "hub" in relations))
    topic = next((address for relations, address in named if address and "self" in relations), None)
    if not hubs and topic is None:
        return hints
    hints = hints or FeedHints()
    return replace(hints, hubs=hubs or hints.hubs, self_url=topic or hints.self_url)


def minutes(text: str) -> timedelta | None:
    """A time to live; None for none, and for what is no number."""
    if not _NUMBER.fullmatch(text) or not int(text):
        return None
    return min(timedelta(minutes=int(text)), MAX_TTL)


def _is_hour(text: str) -> bool:
    """Some count from 1 to 24."""
    return _NUMBER.fullmatch(text) is not None and int(text) <= 24


def _period(period: str, frequency: str) -> timedelta | None:
    """Once in a period when no frequency is given; None without a period."""
    every = _PERIODS.get(period.lower())
    times = int(frequency) if _NUMBER.fullmatch(frequency) else 1
    return every / times if every and times else None
