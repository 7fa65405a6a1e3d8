"""What a site tells search engines of its news: the news sitemap (Google's, within sitemaps.org). Pure.

It shows the articles of two days, of the whole site, so it has what rolled off a feed. The documents are as hostile
as feeds are: they pass the same look beforehand, and `parse` runs in a worker process.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.parsers import expat

from monitor.errors import ParseError
from monitor.feeds.archive import is_news_sitemap
from monitor.feeds.charset import decoded
from monitor.feeds.identity import page_of
from monitor.feeds.items import MAX_TITLE, Item, entry_of
from monitor.feeds.plain import plain
from monitor.feeds.preflight import inspect
from monitor.model import Entry, FeedId
from monitor.urls import join, same_site

MOST_PAGES = 50_000  # of a sitemap; the protocol's own limit

_DAY_ONLY = 10  # characters
# Texts that are wanted, by the element and the one around it: pictures and videos have titles and addresses as well.
_WANTED = frozenset(
    {("url", "loc"), ("sitemap", "loc"), ("sitemap", "lastmod")}
    | {("news", "title"), ("news", "publication_date"), ("publication", "language")}
)


@dataclass(frozen=True, slots=True)
class Sitemap:
    """`entries`: the news, latest first. `inner`: the news sitemaps that a list of sitemaps leads to, likewise."""

    entries: tuple[Entry, ...]
    inner: tuple[str, ...]


def parse(body: bytes, *, feed_id: FeedId, url: str, content_type: str, now: datetime) -> Sitemap:
    """Every article with a headline, as an entry of the feed. Raises ParseError."""
    document = decoded(body, content_type).body
    root = inspect(document).root.rpartition(":")[2].lower()
    if root not in {"urlset", "sitemapindex"}:
        raise ParseError("this is not a sitemap")
    reader = _Reader()
    with suppress(expat.ExpatError, _Enough):  # what stands before the fault is as good as ever
        reader.parser.Parse(document, True)
    entries = [entry_of(_item(said), feed_id=feed_id, url=url, now=now) for said in reader.pages if said.get("title")]
    with_page = (entry for entry in entries if entry.page and entry.title)
    earliest = datetime.min.replace(tzinfo=UTC)
    listed = sorted(reader.sitemaps, key=lambda said: said.get("lastmod", ""), reverse=True)
    inner = (join(url, said.get("loc", "")) for said in listed if is_news_sitemap(said.get("loc", "")))
    return Sitemap(
        tuple(sorted(with_page, key=lambda entry: entry.published_at or earliest, reverse=True)),
        tuple(dict.fromkeys(address for address in inner if address and same_site(address, url))),
    )


def _item(said: dict[str, str]) -> Item:
    """Known by its page, as in a feed that gives no ids."""
    link = said.get("loc", "")
    return Item(
        raw_id=_page(link),
        link=link,
        title=plain(said["title"], limit=MAX_TITLE),
        summary="",
        content="",
        author="",
        published_at=_date(said.get("publication_date", "")),
        language=said.get("language", ""),
    )


def _page(link: str) -> str:
    try:
        return page_of(link) or ""
    except ValueError:  # no web address, so no entry either
        return ""


def _date(text: str) -> datetime | None:
    """A day alone does not say whether it was before or after a look."""
    try:
        date = datetime.fromisoformat(text) if len(text) > _DAY_ONLY else None
        return date and date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class _Enough(Exception):
    """No honest sitemap has more."""


class _Reader:
    """The texts of each page and of each sitemap that a document lists, by name."""

    def __init__(self) -> None:
        self.pages: list[dict[str, str]] = []
        self.sitemaps: list[dict[str, str]] = []
        self._said: dict[str, str] = {}
        self._around = [""]
        self._text: list[str] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if (self._around[-1], local) in _WANTED:
            self._text = []
            self.parser.CharacterDataHandler = self._text.append
        elif local in {"url", "sitemap"}:
            self._said = {}
        self._around.append(local)

    def _end(self, _name: str) -> None:
        local = self._around.pop()
        if (self._around[-1], local) in _WANTED:
            self.parser.CharacterDataHandler = None
            self._said.setdefault(local, "".join(self._text).strip())
        elif local in {"url", "sitemap"}:
            found = self.pages if local == "url" else self.sitemaps
            found.append(self._said)
            if len(found) >= MOST_PAGES:
                raise _Enough
