"""From what a feed says about an item to an entry that is safe to keep. Nothing it says is trusted, least its size."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.feeds.dates import WIDEST
from monitor.feeds.identity import apart, guid_of, mark_of, page_of, words_of
from monitor.ids import entry_id
from monitor.model import Entry, FeedId
from monitor.text import clean, clean_line
from monitor.urls import join

MAX_TITLE = 2_000  # characters, as all limits here
MAX_SUMMARY = 20_000
MAX_CONTENT = 500_000
MAX_AUTHOR = 300
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # older than the web: the 1970 of an empty field, a year of two digits
AHEAD = timedelta(minutes=10)  # how far the clocks of publishers run ahead
FULL_TEXT_SURPLUS = 200  # what a content must have more than the summary to count as the full text

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Item:
    """An item as the feed states it: plain text, but neither clean nor short."""

    raw_id: str
    link: str
    title: str
    summary: str
    content: str
    author: str
    published_at: datetime | None  # with the zone that it states, if any
    language: str


def entry_of(item: Item, *, feed_id: FeedId, url: str, now: datetime) -> Entry:
    """`url` is the feed's, for relative links. A date that cannot be is none: see `EARLIEST` and `AHEAD`."""
    stated = _believed(item.published_at, now)
    # What a clock of an unknown zone showed is past, whichever zone that is.
    is_local = item.published_at is not None and item.published_at.tzinfo is None
    published_at = min(stated, now) if stated and is_local else stated
    # Some content systems escape their links twice.
    link = join(url, item.link.replace("&amp;", "&")) if item.link.strip() else None
    title = clean_line(item.title, limit=MAX_TITLE)
    summary, content = _bodies(clean(item.summary, limit=MAX_SUMMARY), clean(item.content, limit=MAX_CONTENT))
    guid, page = guid_of(item.raw_id, link, title, summary), page_of(link)
    return Entry(
        id=entry_id(feed_id, guid),
        feed_id=feed_id,
        guid=guid,
        url=link,
        title=title,
        summary=summary,
        content=content,
        author=clean_line(item.author, limit=MAX_AUTHOR) or None,
        published_at=published_at,
        language=language_of(item.language),
        page=page,
        words=words_of(title, summary, stated, page, now),
        named=bool(clean_line(item.raw_id, limit=1)),
    )


def _believed(stated: datetime | None, now: datetime) -> datetime | None:
    """The moment in UTC, as which a date without a zone is read: that is less than a day off."""
    if stated is None:
        return None
    ahead = AHEAD if stated.tzinfo else WIDEST
    try:
        date = stated.astimezone(UTC) if stated.tzinfo else stated.replace(tzinfo=UTC)
    except OverflowError:
        return None
    return date if EARLIEST <= date <= now + ahead else None


def distinct(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Every distinct entry with something to tell, in its order.

    Entries of one document that share an id are one entry if nothing else tells them apart. If their pages do, the id
    says nothing: each is then known by both. That is decided for all of them, not for the later ones, because which one
    is first changes from poll to poll.
    """
    entries = [entry for entry in entries if entry.title or entry.summary or entry.url]
    marks: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        marks[entry.guid].add(mark_of(entry))
    known: dict[str, Entry] = {}
    for entry in entries:
        named = entry if len(marks[entry.guid]) == 1 else apart(entry)
        known.setdefault(named.id, named)
    return tuple(known.values())


def misdated(items: Iterable[Item], entries: Iterable[Entry]) -> str | None:
    """A note on the dates that were not believed."""
    stated = (item for item, entry in zip(items, entries, strict=True) if entry.published_at is None)
    wrong = sum(item.published_at is not None for item in stated)
    return (
        f"{wrong} of its dates are in the future or before {EARLIEST.year}; those items count as undated"
        if wrong
        else None
    )


def language_of(text: str) -> str | None:
    """A BCP 47 tag, or None for what does not look like one."""
    tag = text.strip().replace("_", "-")
    return tag if len(tag) <= 35 and _LANGUAGE.fullmatch(tag) else None


def _bodies(summary: str, content: str) -> tuple[str, str]:
    """(summary, full text). A feed that gives the same text as both, or one only, has it told apart here."""
    own = "" if content.startswith(summary) else summary
    lead = own or content.partition("\n\n")[0][:MAX_SUMMARY]
    if len(content) >= len(lead) + FULL_TEXT_SURPLUS:
        return lead, content
    return own or content, ""
