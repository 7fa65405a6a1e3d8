"""Lists of feeds as programs exchange them: OPML 1.0 and 2.0 in, 2.0 out. Pure.

A folder becomes a tag, and so does a category. A file is hostile until shown otherwise: entities are refused, and size,
depth and number are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from monitor.errors import ParseError
from monitor.feeds.charset import decoded
from monitor.model import Feed
from monitor.text import clean_line

MAX_BYTES = 10_000_000
MAX_DEPTH = 50
MAX_OUTLINES = 20_000
MAX_TEXT = 200  # characters, as the configuration allows

_BARE = re.compile(rb"&(?!#\d+;|#x[0-9a-f]+;|\w+;)", re.IGNORECASE)  # ampersands that begin no reference
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed in the list, as it stands there: its address is yet to be checked."""

    line: int
    name: str  # "" when it has none
    url: str
    tags: tuple[str, ...]
    language: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Every feed of a list, in its order, and what was mended to read it."""

    feeds: tuple[Outline, ...]
    note: str | None = None


def parse(body: bytes) -> Listing:
    """Raises ParseError, with the line where there is one.

    Many programs write addresses without escaping their ampersands. Nothing else that is wrong is put up with.
    """
    if len(body) > MAX_BYTES:
        raise ParseError(f"is larger than {MAX_BYTES // 1_000_000} MB")
    document = decoded(body, "").body
    try:
        return Listing(_outlines(document))
    except expat.ExpatError as error:
        mended, count = _BARE.subn(b"&amp;", document)
        if not count:
            raise ParseError(f"is not well-formed XML: {error}") from error
    try:
        return Listing(_outlines(mended), f"is not well-formed XML: {count} bare & in it were read as &amp;")
    except expat.ExpatError as error:
        raise ParseError(f"is not well-formed XML: {error}") from error


def _outlines(document: bytes) -> tuple[Outline, ...]:
    reader = _Reader()
    reader.parser.Parse(document, True)
    return tuple(reader.feeds)


def serialise(feeds: Iterable[Feed], *, title: str, created_at: datetime) -> str:
    """OPML 2.0 with the tags as categories. A comma within a tag is lost, as it divides categories."""
    outlines = "".join(f"    <outline {_attributes(feed)}/>\n" for feed in feeds)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n  <head>\n'
        f"    <title>{_quoted(title)[1:-1]}</title>\n    <dateCreated>{format_datetime(created_at)}</dateCreated>\n"
        f"  </head>\n  <body>\n{outlines}  </body>\n</opml>\n"
    )


class _Reader:
    def __init__(self) -> None:
        self.feeds: list[Outline] = []
        self._folders: list[str] = []  # of each open outline, "" for one that is a feed
        self._depth = 0
        self._outlines = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and name.lower() != "opml":
            raise ParseError(f"is not OPML: it begins with <{clean_line(name, limit=40)}>")
        if self._depth > MAX_DEPTH:
            raise self._refused(f"is nested more than {MAX_DEPTH} levels deep")
        if name.lower() == "outline":
            self._outline({key.lower(): value for key, value in attributes.items()})

    def _outline(self, said: Mapping[str, str]) -> None:
        self._outlines += 1
        if self._outlines > MAX_OUTLINES:
            raise self._refused(f"has more than {MAX_OUTLINES} outlines")
        name = _line(said.get("text", "")) or _line(said.get("title", ""))
        url = said.get("xmlurl", "").strip()
        if not url and said.get("type", "").lower() != "rss":
            self._folders.append(name)
            return
        tags = [*filter(None, self._folders), *_categories(said.get("category", ""))]
        self.feeds.append(
            Outline(
                line=self.parser.CurrentLineNumber,
                name=name,
                url=url,
                tags=tuple(dict.fromkeys(tags)),
                language=_line(said.get("language", "")) or None,
            )
        )
        self._folders.append("")

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name.lower() == "outline":
            self._folders.pop()

    def _entity(self, *_declaration: object) -> None:
        raise self._refused("declares entities of its own")

    def _refused(self, why: str) -> ParseError:
        return ParseError(f"is refused at line {self.parser.CurrentLineNumber}: it {why}")


def _line(text: str) -> str:
    return clean_line(text, limit=MAX_TEXT)


def _categories(text: str) -> list[str]:
    """A comma divides them, and a slash leads to each (OPML 2.0)."""
    return [tag for category in text.split(",") if (tag := _line(category.strip().strip("/")))]


def _attributes(feed: Feed) -> str:
    said = {
        "type": "rss",
        "text": feed.name,
        "title": feed.name,
        "xmlUrl": feed.url,
        "category": ",".join(tag.replace(",", " ") for tag in feed.tags),
        "language": feed.language or "",
    }
    return " ".join(f"{name}={_quoted(value)}" for name, value in said.items() if value)


def _quoted(text: str) -> str:
    return quoteattr(_NOT_IN_XML.sub("\ufffd", text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
