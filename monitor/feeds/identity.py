"""What makes two entries the same: the publisher's id, the page and the words together, and never a date alone.

Each of the three fails some feeds: ids change with the software, with a session or with every poll, or are the same for
all; addresses move from http to https and to another path; headlines are edited. An entry is new when none of the
three says that it is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from monitor.ids import digest, entry_id
from monitor.model import Entry, EntryId, KnownEntry
from monitor.text import clean_line, words
from monitor.urls import canonical

MAX_GUID = 1000  # characters; a longer id is replaced by its digest
LEAST_WORDS = 6  # that tell an item from another one without a date

# Every item of these leads to a forwarder whose address says nothing, and changes.
_FORWARDERS = frozenset({"news.google.com"})


def guid_of(raw_id: str, link: str | None, title: str, summary: str) -> str:
    """What the entry is known by within its feed: its id, else its page, else its words.

    `link` is a web address, `raw_id` is what the publisher wrote.
    """
    if link and is_forwarder(link):
        return digest("title", title)  # with the source's name at its end
    raw_id = raw_id.strip()
    if len(raw_id) > MAX_GUID:
        return digest("guid", raw_id)
    cleaned = clean_line(raw_id, limit=MAX_GUID)
    return cleaned or page_of(link) or digest("words", title, summary)


def page_of(link: str | None) -> str | None:
    """The key of the page that a link leads to, unless many items may lead there: a front page, a forwarder."""
    if not link or is_forwarder(link):
        return None
    page = canonical(link)
    # A link to the site's front page says where the outlet is, not which item this is.
    return page if urlsplit(page).path.strip("/") else None


def words_of(title: str, summary: str, published_at: datetime | None) -> str | None:
    """The key of what an entry says. With its date: "Morning briefing" is another one each day."""
    said = [*words(title), *words(summary)]
    if not said or (published_at is None and len(said) < LEAST_WORDS):
        return None
    return digest("words", " ".join(said), published_at.isoformat() if published_at else "")


def is_forwarder(link: str) -> bool:
    return urlsplit(link).hostname in _FORWARDERS


def unseen(entries: Iterable[Entry], known: Iterable[KnownEntry]) -> tuple[Entry, ...]:
    """The entries that are not known, in their order; `known` are those of the feed that share an id or a key."""
    memory = _Memory(known)
    fresh: list[Entry] = []
    for entry in entries:
        named = _told_apart(entry, memory)
        if not memory.knows(named):
            fresh.append(named)
            memory.add(KnownEntry(named.id, named.title, named.page, named.words))
    return tuple(fresh)


class _Memory:
    def __init__(self, known: Iterable[KnownEntry]) -> None:
        self.by_id: dict[str, KnownEntry] = {}
        self._by_page: dict[str, list[KnownEntry]] = {}
        self._words: set[str] = set()
        for entry in known:
            self.add(entry)

    def add(self, entry: KnownEntry) -> None:
        self.by_id.setdefault(entry.id, entry)
        if entry.page:
            self._by_page.setdefault(entry.page, []).append(entry)
        if entry.words:
            self._words.add(entry.words)

    def knows(self, entry: Entry) -> bool:
        if entry.id in self.by_id or entry.words in self._words:
            return True
        # A live page has many items, each with an id of its own and another headline.
        same_page = self._by_page.get(entry.page, ()) if entry.page else ()
        return any(_alike(entry.title, other.title) for other in same_page)


def _told_apart(entry: Entry, memory: _Memory) -> Entry:
    """The entry under an id of its own when its id is known for quite another item."""
    other = memory.by_id.get(entry.id)
    if other is None or _alike(entry.title, other.title):
        return entry
    if entry.page and entry.page == other.page != entry.guid:
        return entry  # its own id and its own page: the headline was written anew
    return apart(entry)


def apart(entry: Entry) -> Entry:
    """The entry known by its id and by what tells it from others that share it."""
    guid = guid_of(f"{entry.guid} {mark_of(entry)}", None, "", "")
    return replace(entry, id=entry_id(entry.feed_id, guid), guid=guid)


def mark_of(entry: Entry) -> str:
    """What tells an entry from others with its id: its page, else its headline."""
    return entry.page if entry.page and entry.page != entry.guid else " ".join(words(entry.title))


def _alike(title: str, other: str) -> bool:
    """Half of the shorter headline's words are enough: headlines are edited."""
    one, two = set(words(title)), set(words(other))
    return len(one & two) * 2 >= min(len(one), len(two))


def keys(entries: Collection[Entry]) -> tuple[list[EntryId], list[str], list[str]]:
    """The ids, pages and words by which the store may know them."""
    return (
        [entry.id for entry in entries],
        [entry.page for entry in entries if entry.page],
        [entry.words for entry in entries if entry.words],
    )
