"""From what a feed says about an item to an entry that is safe to keep. Nothing it says is trusted, least its size."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.feeds.identity import apart, guid_of, mark_of, page_of, words_of
from monitor.ids import entry_id
from monitor.model import Entry, FeedId
from monitor.text import clean, clean_line
from monitor.urls import join

MAX_TITLE = 2_000  # characters, as all limits here
MAX_SUMMARY = 20_000
MAX_CONTENT = 500_000
MAX_AUTHOR = 300
FULL_TEXT_SURPLUS = 200  # what a content must have more than the summary to count as the full text

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Item:
    """An item as the feed states it: plain text, but neither clean nor short."""

    raw_id: str
    link: str
    title: str
    summary: str
    content: str
    author: str
    published_at: datetime | None
    language: str


def entries_of(items: Iterable[Item], *, feed_id: FeedId, url: str) -> tuple[Entry, ...]:
    """Every distinct item with something to tell, in its order. `url` is the feed's, for relative links."""
    return _distinct(
        entry for item in items if (entry := _entry(item, feed_id, url)).title or entry.summary or entry.url
    )


def language_of(text: str) -> str | None:
    """A BCP 47 tag, or None for what does not look like one."""
    tag = text.strip().replace("_", "-")
    return tag if len(tag) <= 35 and _LANGUAGE.fullmatch(tag) else None


def _entry(item: Item, feed_id: FeedId, url: str) -> Entry:
    link = join(url, item.link) if item.link.strip() else None
    title = clean_line(item.title, limit=MAX_TITLE)
    summary, content = _bodies(clean(item.summary, limit=MAX_SUMMARY), clean(item.content, limit=MAX_CONTENT))
    guid = guid_of(item.raw_id, link, title, summary)
    return Entry(
        id=entry_id(feed_id, guid),
        feed_id=feed_id,
        guid=guid,
        url=link,
        title=title,
        summary=summary,
        content=content,
        author=clean_line(item.author, limit=MAX_AUTHOR) or None,
        published_at=item.published_at,
        language=language_of(item.language),
        page=page_of(link),
        words=words_of(title, summary, item.published_at),
    )


def _bodies(summary: str, content: str) -> tuple[str, str]:
    """(summary, full text). A feed that gives the same text as both, or one only, has it told apart here."""
    own = "" if content.startswith(summary) else summary
    lead = own or content.partition("\n\n")[0][:MAX_SUMMARY]
    if len(content) >= len(lead) + FULL_TEXT_SURPLUS:
        return lead, content
    return own or content, ""


def _distinct(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Entries of one document that share an id are one entry if nothing else tells them apart.

    If their pages do, the id says nothing: each is then known by both. That is decided for all of them, not for the
    later ones, because which one is first changes from poll to poll.
    """
    entries = tuple(entries)
    marks: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        marks[entry.guid].add(mark_of(entry))
    distinct: dict[str, Entry] = {}
    for entry in entries:
        known = entry if len(marks[entry.guid]) == 1 else apart(entry)
        distinct.setdefault(known.id, known)
    return tuple(distinct.values())
