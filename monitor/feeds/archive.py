"""Where to look for what rolled off a feed before it was seen. Pure.

Few publishers offer an archive in the standard's way (RFC 5005); most content systems page their feeds all the same,
and many sites tell search engines of the news of two days (sitemap.py).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from monitor.model import Entry, EntryId, FeedHints
from monitor.urls import join, origin, same_site

MOST_PAGES = 3  # a chain of archives may be long, or a loop
CLOCK_SKEW = timedelta(hours=1)

NEWS_SITEMAPS = ("/news-sitemap.xml", "/sitemap-news.xml", "/sitemap_news.xml")
MAX_ROBOTS_BYTES = 500 * 1024  # RFC 9309 section 2.5
MOST_NAMED = 100  # sitemaps of a site that are looked through for its news

_SITEMAP = re.compile(r"^[^\S\n]*sitemap[^\S\n]*:[^\S\n]*(\S{1,4096})", re.IGNORECASE | re.MULTILINE)
_NEWS = re.compile(r"news(?!letter)", re.IGNORECASE)


def addresses(url: str, hints: FeedHints | None, sections: Iterable[str]) -> tuple[str, ...]:
    """Where older entries of the feed at `url` may be: what it says itself, what the operator says, a usual guess."""
    said = (hints.prev_archive, hints.next_url) if hints else ()
    found = [address for address in said if address and origin(address) == origin(url)]
    return tuple(dict.fromkeys((*found, *sections, *(() if found else (_second_page(url),)))))


def news_sitemaps(robots: bytes, url: str) -> tuple[str, ...]:
    """Where the news sitemap of the feed's own site may be; `robots` is what stands in its robots.txt.

    Those that it names for news, else the first of any kind, as that may be a list of them, and a few usual addresses.
    """
    named = (join(url, found) for found in _SITEMAP.findall(robots.decode("utf-8-sig", "replace"))[:MOST_NAMED])
    own = [address for address in named if address and same_site(address, url)]
    news = [address for address in own if is_news_sitemap(address)]
    guesses = [address for guess in NEWS_SITEMAPS if (address := join(url, guess))]
    return tuple(dict.fromkeys(news or (*own[:1], *guesses)))


def is_news_sitemap(address: str) -> bool:
    """By its file's name."""
    return _NEWS.search(urlsplit(address).path.rpartition("/")[2]) is not None


def following(hints: FeedHints, *, of: str) -> str | None:
    """The next page of a chain, on the same host."""
    return next((page for page in (hints.prev_archive, hints.next_url) if page and origin(page) == origin(of)), None)


@dataclass(frozen=True, slots=True)
class Found:
    """What a page of an archive brought. `closed`: it reaches back to what was seen before the gap."""

    entries: tuple[Entry, ...]
    closed: bool


def in_gap(page: Iterable[Entry], before: Collection[EntryId], *, since: datetime, until: datetime) -> Found:
    """What was published while nobody looked; `before` are those of the page that were seen before that.

    An archive shows what is older than anything that was ever seen, too. So its entries are taken down to the first
    one that was seen before, and only those whose dates, if they have any, lie in the gap.
    """
    found: list[Entry] = []
    for entry in page:
        if entry.id in before:
            return Found(tuple(found), closed=True)
        if entry.published_at is None or since - CLOCK_SKEW <= entry.published_at <= until:
            found.append(entry)
    return Found(tuple(found), closed=False)


def _second_page(url: str) -> str:
    """As WordPress and others number their feeds' pages."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "paged"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("paged", "2")])))
