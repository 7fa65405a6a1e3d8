"""JSON Feed 1.0 and 1.1 (jsonfeed.org), which feedparser does not read. A value of the wrong type counts as none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from monitor.errors import ParseError
from monitor.feeds.dates import moment
from monitor.feeds.delta import remembered
from monitor.feeds.items import MAX_CONTENT, MAX_TITLE, Item, distinct, entry_of, language_of, misdated
from monitor.feeds.plain import plain
from monitor.feeds.preflight import MAX_ENTRIES
from monitor.model import FeedDocument, FeedHints, FeedId
from monitor.text import clean_line
from monitor.urls import join

_VERSION = "jsonfeed.org/version/1"

Object = Mapping[str, object]


def looks_like_json(body: bytes) -> bool:
    return body.lstrip()[:1] in {b"{", b"["}


def parse_json(body: bytes, *, feed_id: FeedId, url: str, now: datetime) -> FeedDocument:
    """Raises ParseError when this is JSON of another kind, or none."""
    try:
        feed = json.loads(body, strict=False)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"this begins like JSON, but is broken: {error}") from error
    if not isinstance(feed, dict) or _VERSION not in _text(feed, "version"):
        raise ParseError("this is JSON, but not a JSON Feed; look for the feed's address on the site")
    language = _text(feed, "language")
    items = [_item(item, language=language) for item in _objects(feed, "items")]
    if len(items) > MAX_ENTRIES:
        raise ParseError(f"refused: more than {MAX_ENTRIES} entries")
    entries = [entry_of(item, feed_id=feed_id, url=url, now=now) for item in items]
    return FeedDocument(
        title=clean_line(_text(feed, "title"), limit=MAX_TITLE),
        language=language_of(language),
        entries=distinct(entries),
        note=misdated(items, entries),
        hints=FeedHints(
            hubs=tuple(address for hub in _objects(feed, "hubs") if (address := _address(hub, "url", url))),
            self_url=_address(feed, "feed_url", url),
            next_url=_address(feed, "next_url", url),
        ),
        shown=len(items),
        memory=remembered(body, entries, url=url),
    )


def _item(item: Object, *, language: str) -> Item:
    return Item(
        raw_id=_text(item, "id"),
        link=_text(item, "url") or _text(item, "external_url"),
        title=_text(item, "title"),
        summary=_text(item, "summary"),
        content=plain(_text(item, "content_html"), limit=MAX_CONTENT) or _text(item, "content_text"),
        author=_author(item),
        published_at=_date(item),
        language=_text(item, "language") or language,
    )


def _text(thing: Object, name: str) -> str:
    """Version 1.0 feeds give numbers as ids."""
    value = thing.get(name)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _address(thing: Object, name: str, url: str) -> str | None:
    link = _text(thing, name)
    return join(url, link) if link else None


def _objects(thing: Object, name: str) -> Iterator[Object]:
    values = thing.get(name)
    return (value for value in values if isinstance(value, dict)) if isinstance(values, list) else iter(())


def _author(item: Object) -> str:
    authors = [*_objects(item, "authors")]
    if isinstance(single := item.get("author"), dict):  # version 1.0
        authors.append(single)
    return ", ".join(name for author in authors if (name := _text(author, "name")))


def _date(item: Object) -> datetime | None:
    stated = (_stamp(item.get(name)) or _text(item, name) for name in ("date_published", "date_modified"))
    return next((date for text in stated if (date := moment(text))), None)


def _stamp(value: object) -> str:
    """Some give seconds since 1970, with a fraction."""
    return f"{value:.0f}" if isinstance(value, float) else ""
