"""What makes two entries the same.

The publisher's id comes first: under the same id, an entry with another title or link is the same entry.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from monitor.ids import digest
from monitor.model import Entry, EntryId
from monitor.text import clean_line
from monitor.urls import canonical

MAX_GUID = 1000  # characters; a longer id is replaced by its digest


def guid_of(raw_id: str, link: str | None, title: str, summary: str) -> str:
    """What the entry is known by within its feed: its id, else its page, else its words.

    `link` is a web address, `raw_id` is what the publisher wrote.
    """
    raw_id = raw_id.strip()
    if len(raw_id) > MAX_GUID:
        return digest("guid", raw_id)
    cleaned = clean_line(raw_id, limit=MAX_GUID)
    if cleaned:
        return cleaned
    page = canonical(link) if link else ""
    # A link to the site's front page says where the outlet is, not which item this is.
    return page if page and urlsplit(page).path.strip("/") else digest("words", title, summary)


def unseen(entries: Iterable[Entry], known: Collection[EntryId]) -> tuple[Entry, ...]:
    """The entries that are not known, in their order."""
    return tuple(entry for entry in entries if entry.id not in known)
