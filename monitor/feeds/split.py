"""A feed document as a frame and its items, by a scan for their tags; nothing here knows what an item means.

In a well-formed document what the scan takes for an item is one: comments, CDATA sections and instructions are passed
over, and elements of the item's own name inside it are counted. For others it makes no promise (`delta` asks for none).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

_NAMES = frozenset({b"item", b"entry"})
_HEAD_MARK = re.compile(rb"<(?:(!--)|(!\[CDATA\[)|(\?)|(!)|(/)|([^\s<>/=!?\"'&]++))")
_REST_OF_TAG = re.compile(rb"""[^"'>]*+(?:(?:"[^"]*+"|'[^']*+')[^"'>]*+)*+>""")
_LANGUAGE = re.compile(rb"<(?:[\w.-]{1,40}:)?language\b[^<>]*+>([^<]{0,100})")
_ROOT_ENDS = re.compile(rb"</(?:[\w.-]{1,40}:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
TAIL = 16_384  # bytes in which a document ends, with the remarks of caches behind it
_ENDS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}


@dataclass(frozen=True, slots=True)
class Xml:
    """`frame` is what decides how an item is read, wherever it stands: the elements around it, and the language."""

    body: bytes
    places: Sequence[tuple[int, int]]
    frame: bytes

    @property
    def items(self) -> list[bytes]:
        return [self.body[start:end] for start, end in self.places]

    def only(self, numbers: Collection[int]) -> bytes:
        """The document without the other items. Whatever stands between items stays."""
        kept: list[bytes] = []
        at = 0
        for number, (start, end) in enumerate(self.places):
            if number not in numbers:
                kept.append(self.body[at:start])
                at = end
        return b"".join((*kept, self.body[at:]))


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON Feed; its items are compared in a spelling of our own, for that of a server may change."""

    feed: dict[str, object]
    contents: Sequence[object]
    frame: bytes

    @property
    def items(self) -> list[bytes]:
        return [json.dumps(item).encode() for item in self.contents]

    def only(self, numbers: Collection[int]) -> bytes:
        """The document without the other items."""
        items = [item for number, item in enumerate(self.contents) if number in numbers]
        return json.dumps({**self.feed, "items": items}).encode()


def split(body: bytes) -> Xml | Json | None:
    """None for what has no items, or does not look like a feed. `body` is in UTF-8. Linear."""
    if body.lstrip()[:1] == b"{":
        return _json(body)
    head = _head(body)
    if head is None:
        return None
    name, start, around = head
    places = _places(body, name, start)
    if not places:
        return None
    return Xml(body, places, b"\0".join((*around, *_LANGUAGE.findall(body[:start]))))


def is_closed(body: bytes) -> bool:
    """Whether a document in XML has its end. Of one that was cut after an item nothing else tells that it was cut."""
    return _ROOT_ENDS.search(body[-TAIL:]) is not None


def _json(body: bytes) -> Json | None:
    try:
        feed = json.loads(body, strict=False)
    except (ValueError, RecursionError):
        return None
    items = feed.get("items")
    if not isinstance(items, list) or not items:
        return None
    return Json(feed, items, json.dumps([feed.get("version"), feed.get("language")]).encode())


def _head(body: bytes) -> tuple[bytes, int, list[bytes]] | None:
    """The name of the items, where the first begins, and the start tags of the elements that it stands in."""
    around: list[bytes] = []
    at = 0
    while mark := _HEAD_MARK.search(body, at):
        comment, text, instruction, declaration, closing, name = mark.groups()
        if comment or text or instruction:
            at = _after(body, mark)
        elif declaration:
            at = body.find(b">", mark.end()) + 1
            if b"[" in body[mark.end() : at]:  # a document type of its own
                return None
        elif closing:
            if not around:
                return None
            around.pop()
            at = mark.end()
        elif name.rpartition(b":")[2] in _NAMES:
            return name, mark.start(), around
        else:
            rest = _REST_OF_TAG.match(body, mark.end())
            at = rest.end() if rest else 0
            if body[at - 2 : at] != b"/>":
                around.append(body[mark.start() : at])
        if not at:
            return None
    return None


def _places(body: bytes, name: bytes, at: int) -> list[tuple[int, int]] | None:
    """Where each item begins and ends; None when one does not end."""
    marks = _marks(name)
    places: list[tuple[int, int]] = []
    depth = start = 0
    while mark := marks.search(body, at):
        if mark[0] in _ENDS:
            at = _after(body, mark)
            if not at:
                return None
            continue
        rest = _REST_OF_TAG.match(body, mark.end())
        if rest is None:
            return None
        at = rest.end()
        if not depth:
            start = mark.start()
        if mark[1]:
            depth -= 1
        elif body[at - 2] != ord("/"):
            depth += 1
        if depth < 0:
            return None
        if not depth:
            places.append((start, at))
    return None if depth else places


@lru_cache(64)
def _marks(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<(?:!--|!\[CDATA\[|\?|(/)?" + re.escape(name) + rb"(?=[\s/>]))")


def _after(body: bytes, mark: re.Match[bytes]) -> int:
    """The place after what the mark begins; 0 when it has no end."""
    end = _ENDS[mark[0]]
    at = body.find(end, mark.end())
    return at + len(end) if at >= 0 else 0
