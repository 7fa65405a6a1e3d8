"""Bytes to entries; the only file that knows feedparser. Pure, for it runs in a worker process.

A feed is never given up because something in it is odd: what can be read is used, and the note says what was odd.
"""

from __future__ import annotations

import io
import re
from calendar import timegm
from datetime import UTC, datetime
from typing import Any
from xml.sax import SAXException

import feedparser
import feedparser.api

from monitor.errors import ParseError
from monitor.feeds.charset import Decoded, decoded
from monitor.feeds.dates import moment
from monitor.feeds.delta import remembered
from monitor.feeds.items import (
    MAX_AUTHOR,
    MAX_CONTENT,
    MAX_SUMMARY,
    MAX_TITLE,
    Item,
    distinct,
    entry_of,
    language_of,
    misdated,
)
from monitor.feeds.json_feed import looks_like_json, parse_json
from monitor.feeds.plain import MARKUP_SHARE, plain
from monitor.feeds.preflight import Inspection, inspect
from monitor.feeds.references import mended
from monitor.feeds.split import is_closed
from monitor.model import FeedDocument, FeedId
from monitor.text import clean_line

# feedparser asks xml.sax for the first of these that can be had.
feedparser.api.PREFERRED_XML_PARSERS.insert(0, "monitor.feeds.sax")

WEB_PAGE = "this is a web page, not a feed; look for the feed's address on it"
_OTHER_ROOTS = {
    "html": WEB_PAGE,
    "opml": "this is a list of feeds (OPML), not a feed; import it instead",
    "urlset": "this is a sitemap, not a feed; look for the feed's address on the site",
    "sitemapindex": "this is a list of sitemaps, not a feed; look for the feed's address on the site",
}

# Atomic, so that a page of comments cannot make it try every way to read them.
_BEFORE_ROOT = rb"\A(?>\s+|<\?.*?\?>|<!--.*?-->)*+"
_WEB_PAGE = re.compile(_BEFORE_ROOT + rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(rb"<\w")
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})


def parse(body: bytes, *, feed_id: FeedId, url: str, content_type: str, now: datetime) -> FeedDocument:
    """Every entry that the document shows. `url` is where it was found in the end. Raises ParseError."""
    document = decoded(body, content_type)
    if not document.body.strip():
        raise ParseError("the server sent an empty document")
    if looks_like_json(document.body):
        return parse_json(document.body, feed_id=feed_id, url=url, now=now)
    if _WEB_PAGE.match(document.body):
        raise ParseError(WEB_PAGE)
    if not _TAG.search(document.body):
        raise ParseError(_unknown(document.body, content_type))
    readable = mended(document.body.lstrip())  # many programs begin with an empty line, which no XML may
    inspection = inspect(readable)
    found = _feedparser(readable[: inspection.whole], url=url)
    fault = inspection.fault or _fault(found)
    version: str = found.get("version", "")
    if not found.entries and not version:
        raise ParseError(_OTHER_ROOTS.get(inspection.root.lower()) or _unknown(document.body, content_type))
    if not found.entries and inspection.entries:
        raise ParseError(f"none of its {inspection.entries} entries can be read: {fault or 'unknown form'}")
    language = _string(found.feed, "language")
    is_atom = version.startswith("atom")
    items = [_item(entry, is_atom=is_atom, language=language) for entry in found.entries]
    entries = [entry_of(item, feed_id=feed_id, url=url, now=now) for item in items]
    return FeedDocument(
        title=clean_line(_text(found.feed, "title", is_atom=is_atom, limit=MAX_TITLE), limit=MAX_TITLE),
        language=language_of(language),
        entries=distinct(entries),
        note=_note(document, inspection, len(readable), fault, misdated(items, entries)),
        whole=inspection.whole == len(readable),
        closed=not fault or is_closed(document.body),
        hints=inspection.hints.hints(url),
        shown=len(items),
        memory=b"" if fault else remembered(document.body, entries, url=url),
    )


def _feedparser(body: bytes, *, url: str) -> Any:
    try:
        return feedparser.parse(
            # Given bytes that happen to name a local file, feedparser opens it; a stream is never a path.
            io.BytesIO(body),
            # Without a location the base of one entry leaks into the entries after it.
            response_headers={"content-location": url, "content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # its fallback for broken XML raises whatever it stumbles over
        raise ParseError(f"the document is too broken to be read ({type(error).__name__})") from error


def _fault(found: Any) -> str | None:
    """What the parser minds and the first look does not, as a prefix that stands for no namespace."""
    error = found.get("bozo_exception")
    return str(error) if isinstance(error, SAXException) else None


def _item(entry: Any, *, is_atom: bool, language: str) -> Item:
    return Item(
        raw_id=_string(entry, "id"),
        link=_string(entry, "feedburner_origlink") or _string(entry, "link"),
        title=_text(entry, "title", is_atom=is_atom, limit=MAX_TITLE),
        summary=_text(entry, "summary", is_atom=is_atom, limit=MAX_SUMMARY),
        content=_content(entry),
        author=plain(_string(entry.get("author_detail"), "name") or _string(entry, "author"), limit=MAX_AUTHOR),
        published_at=_date(entry),
        language=_string(entry.get("title_detail"), "language") or language,
    )


def _string(thing: Any, name: str) -> str:
    """Of broken feeds feedparser makes values that are None."""
    value = thing.get(name) if thing else None
    return value if isinstance(value, str) else ""


def _text(thing: Any, name: str, *, is_atom: bool, limit: int) -> str:
    """Atom says whether a text is HTML. In RSS nobody knows, so what looks like HTML is taken for it."""
    is_plain = is_atom and _string(thing.get(f"{name}_detail"), "type") == "text/plain"
    text = _string(thing, name)
    return text[: limit * MARKUP_SHARE] if is_plain else plain(text, limit=limit)


def _content(entry: Any) -> str:
    """The longest of the HTML contents: feedparser also files the captions of pictures there, as plain text."""
    contents = [_string(content, "value") for content in entry.get("content", ()) if _is_html(content)]
    return plain(max(contents, key=len, default=""), limit=MAX_CONTENT)


def _is_html(content: Any) -> bool:
    return _string(content, "type") in _HTML_TYPES


def _date(entry: Any) -> datetime | None:
    # `get` would answer with the other date when one is missing.
    stated = [name for name in ("published", "updated") if name in entry]
    return next((date for name in stated if (date := moment(_string(entry, name)) or _parsed(entry, name))), None)


def _parsed(entry: Any, name: str) -> datetime | None:
    """As feedparser reads it, which knows a few more languages."""
    date = entry.get(f"{name}_parsed")
    try:
        return datetime.fromtimestamp(timegm(date), UTC) if date else None
    except (ValueError, OverflowError):
        return None


def _note(document: Decoded, inspection: Inspection, size: int, fault: str | None, misdated: str | None) -> str | None:
    """`size`: bytes that were inspected."""
    notes = [note for note in (document.note, misdated) if note]
    if inspection.whole < size:
        notes.append("the document breaks off inside an entry; those before it were used")
    elif fault:
        notes.append(f"not well-formed XML ({fault}); what could be read was used")
    return "; ".join(notes) or None


def _unknown(body: bytes, content_type: str) -> str:
    start = clean_line(body[:200].decode(errors="replace"), limit=40)
    return f"this is not a feed: it begins with {start!r} and came as {content_type or 'nothing in particular'!r}"
