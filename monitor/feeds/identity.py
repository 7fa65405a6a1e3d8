"""What makes two entries the same: the publisher's id, the page and the words together, and never a date alone.

Each of the three fails some feeds: ids change with the software, with a session or with every poll, or are the same for
all; addresses move from http to https and to another path, or lead to a page with many items; headlines are edited.
So none of them decides alone: see `unseen`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from monitor.ids import digest, entry_id
from monitor.model import Entry, EntryId, KnownEntry
from monitor.text import clean_line, words
from monitor.urls import canonical, edition_free, editions

MAX_GUID = 1000  # characters; a longer id is replaced by its digest
BEGINNING = 16  # characters of an id that tell it from the others in a document
MAX_SAID = 1_000  # characters of a summary that tell it from others
LEAST_WORDS = 6  # that tell an item from those of other days without a date

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


def words_of(title: str, summary: str, published_at: datetime | None, page: str | None, now: datetime) -> str | None:
    """The key of what an entry says. With its date: "Morning briefing" is another one each day.

    A few words without date and page are taken for the same on one day (UTC), whatever id they come with.
    """
    said = [*words(title), *words(summary[:MAX_SAID])]
    if published_at is not None:
        dated = published_at.isoformat()
    elif len(said) >= LEAST_WORDS:
        dated = ""
    elif page is None:
        dated = now.date().isoformat()
    else:
        return None
    return digest("words", " ".join(said), dated) if said else None


def is_forwarder(link: str) -> bool:
    return urlsplit(link).hostname in _FORWARDERS


def unseen(
    entries: Iterable[Entry], known: Iterable[KnownEntry], *, standing: Collection[str] = ()
) -> tuple[Entry, ...]:
    """The entries that are not known, in their order.

    `known` are those of the feed that share an id or a key with them. `standing` are the beginnings of the ids of
    entries that the document shows too. That matters because a known entry stands for one that is shown, not for
    several: first for that with its id, and only if there is none for another with its page or its words.
    """
    memory, shown = _Memory(known, standing), tuple(entries)
    strangers = [entry for entry in shown if not memory.has_id_of(entry)]
    memory.ids_last = bool(standing) or len(strangers) < len(shown)
    return tuple([memory.learn(entry) for entry in strangers if not memory.knows(entry)])


def reworded(entries: Iterable[Entry], known: Iterable[KnownEntry]) -> tuple[Entry, ...]:
    """The entries that are known by their id under another headline. They are not new, but may say something new."""
    by_id = {other.id: other for other in known}
    return tuple(
        entry
        for entry in entries
        if (other := by_id.get(entry.id)) is not None
        and words(entry.title)
        and not _same_title(entry.title, other.title)
        and _same_under_id(entry, other)
    )


def resummed(entries: Iterable[Entry], known: Iterable[KnownEntry]) -> tuple[Entry, ...]:
    """The entries that are known by their id and headline, with words below it that were not there before.

    "12 dead" becomes "36 dead"; a place is named. That something was left out, or moved, tells nothing.
    """
    by_id = {other.id: other for other in known}
    return tuple(
        entry
        for entry in entries
        if (other := by_id.get(entry.id)) is not None
        and _same_title(entry.title, other.title)
        and (entry.summary, entry.content) != (other.summary, other.content)
        and not _said_below(entry) <= _said_below(other)
        and _same_under_id(entry, other)
    )


def _said_below(entry: Entry | KnownEntry) -> set[str]:
    return {*words(entry.summary), *words(entry.content)}


def recognised(entries: Iterable[Entry], known: Iterable[KnownEntry | Entry]) -> tuple[Entry, ...]:
    """Entries from elsewhere on the site, each under the id by which its page is known.

    For lists that show a page once, under an id and a headline of their own.
    """
    by_page: dict[str, EntryId] = {}
    for other in known:
        if other.page:
            by_page.setdefault(edition_free(other.page), other.id)
    return tuple(replace(entry, id=by_page.get(edition_free(entry.page or ""), entry.id)) for entry in entries)


class _Memory:
    def __init__(self, known: Iterable[KnownEntry], standing: Collection[str]) -> None:
        self._by_id: dict[str, KnownEntry] = {}
        self._by_page: dict[str, list[KnownEntry]] = {}
        self._by_words: dict[str, list[KnownEntry]] = {}
        self._taken: set[str] = set()
        self.ids_last = False  # whether the feed shows that it keeps its ids
        for entry in known:
            self._add(entry)
            if entry.id[:BEGINNING] in standing:
                self._taken.add(entry.id)

    def has_id_of(self, entry: Entry) -> bool:
        other = self._by_id.get(entry.id)
        if other is None or not _same_under_id(entry, other):
            return False
        self._taken.add(other.id)
        return True

    def knows(self, entry: Entry) -> bool:
        same_words = self._by_words.get(entry.words, ()) if entry.words else ()
        same_page = self._by_page.get(edition_free(entry.page), ()) if entry.page else ()
        if entry.published_at and same_words:
            return True
        if any(_same_title(entry.title, other.title) for other in same_page):
            return True
        if self.ids_last and entry.named and not entry.published_at and entry.page:
            # "Press release of the ministry of defence", undated, is another one each day, if all else says so.
            same_words = [other for other in same_words if other.page is None or _same_page(entry, other)]
        # Of a live page with many items, or of a notice that comes again, the earlier ones are often still shown.
        similar = (*same_words, *(other for other in same_page if _edited(entry.title, other.title)))
        free = next((other for other in similar if other.id not in self._taken), None)
        if free is None:
            return False
        self._taken.add(free.id)
        return True

    def learn(self, entry: Entry) -> Entry:
        """The entry, under an id of its own when its id is that of quite another item."""
        named = apart(entry) if entry.id in self._by_id else entry
        self._add(KnownEntry(named.id, named.title, named.page, named.words))
        self._taken.add(named.id)
        return named

    def _add(self, entry: KnownEntry) -> None:
        self._by_id.setdefault(entry.id, entry)
        if entry.page:
            self._by_page.setdefault(edition_free(entry.page), []).append(entry)
        if entry.words:
            self._by_words.setdefault(entry.words, []).append(entry)


def _same_under_id(entry: Entry, other: KnownEntry) -> bool:
    """An id is believed unless the page and the headline both contradict it: some feeds have one id for all."""
    if not entry.named:
        return entry.page is None or _same_title(entry.title, other.title) or _edited(entry.title, other.title)
    if _same_page(entry, other):
        return True  # however anew the headline was written
    return _alike(entry.title, other.title)


def _same_page(entry: Entry, other: KnownEntry) -> bool:
    """Sites move to www and back, and to addresses that end in a slash, with all their links at once."""
    return bool(entry.page and other.page) and edition_free(entry.page or "") == edition_free(other.page or "")


def apart(entry: Entry) -> Entry:
    """The entry known by its id and by what tells it from others that share it."""
    guid = guid_of(f"{entry.guid} {mark_of(entry)}", None, "", "")
    return replace(entry, id=entry_id(entry.feed_id, guid), guid=guid)


def mark_of(entry: Entry) -> str:
    """What tells an entry from others with its id: its page, else its headline."""
    return entry.page if entry.page and entry.named else " ".join(words(entry.title))


def _alike(title: str, other: str) -> bool:
    """Half of the shorter headline's words are enough: for two under one id, that are likely the same."""
    one, two = set(words(title)), set(words(other))
    return len(one & two) * 2 >= min(len(one), len(two))


def _edited(title: str, other: str) -> bool:
    """Most words are the same, and all numbers: for two that have an id each. "Goal: 1-0" is not "Goal: 2-0"."""
    one, two = set(words(title)), set(words(other))
    changed = one ^ two
    return len(one & two) * 5 >= len(one | two) * 3 > 0 and not any(word.isdecimal() for word in changed)


def _same_title(title: str, other: str) -> bool:
    return bool(title) and words(title) == words(other)


def keys(entries: Collection[Entry]) -> tuple[list[EntryId], list[str], list[str]]:
    """The ids, pages and words by which the store may know them."""
    return (
        [entry.id for entry in entries],
        [page for entry in entries if entry.page for page in editions(entry.page)],
        [entry.words for entry in entries if entry.words],
    )
