"""A quick look at the XML before the real parser gets it, which gathers on the way what the head says of polling.

The real one takes minutes over a document made to hurt it: it is quadratic in the attributes of an element (20,000 take
5 s, 200,000 over 40 s), and in the namespaces of a document. This look is linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat

from monitor.errors import ParseError
from monitor.feeds.hints import Gathered

MAX_DEPTH = 200
MAX_ATTRIBUTES = 256
MAX_NAMESPACES = 64
MAX_ALL_NAMESPACES = 1_000
MAX_ENTRIES = 100_000
MAX_TAG_BYTES = 64 * 1024

_ENTRY_NAMES = frozenset({"item", "entry"})
_HEAD_DEPTH = 4  # rss, channel, skipHours, hour
_HINTS = frozenset({"ttl", "hour", "day", "updatePeriod", "updateFrequency"})
_LONG_TAG = re.compile(rb"<[a-zA-Z/][^<>]{%d}" % MAX_TAG_BYTES)
_FIRST_TAG = re.compile(rb"<\w")
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_OPEN_ENTRY = re.compile(rb"<(?:\w{1,50}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_CLOSED_ENTRY = re.compile(rb"</(?:\w{1,50}:)?(?:item|entry)\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a first look found.

    `root` is the name of the outermost element, "" when there is none. `fault` says why this is not well-formed
    XML, and where. `entries` were seen. `whole` counts the bytes that may be used: all, or, when the document ends
    inside an entry, those before it. `hints` are those before the fault.
    """

    root: str
    fault: str | None
    entries: int
    whole: int
    hints: Gathered


def inspect(body: bytes) -> Inspection:
    """`body` is in UTF-8, whatever it declares. Refuses with a ParseError what no honest publisher sends."""
    look = _Look()
    try:
        look.parser.Parse(body, True)
    except expat.ExpatError as error:
        return Inspection(look.root, str(error), _scanned(body), _whole(body), look.hints)
    return Inspection(look.root, None, look.entries, len(body), look.hints)


class _Look:
    def __init__(self) -> None:
        self.root = ""
        self.entries = 0
        self.hints = Gathered()
        self._depth = 0
        self._entry_depth = 0  # of the entry that we are in
        self._namespaces: set[tuple[str, str]] = set()
        self._text: list[str] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.ordered_attributes = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity

    def _start(self, name: str, attributes: list[str]) -> None:
        self.root = self.root or name
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ParseError(f"refused: elements nested more than {MAX_DEPTH} deep")
        if attributes:
            self._count(attributes)
        local = name.rpartition(":")[2]
        if local in _ENTRY_NAMES:
            self.entries += 1
            self._entry_depth = self._entry_depth or self._depth
            if self.entries > MAX_ENTRIES:
                raise ParseError(f"refused: more than {MAX_ENTRIES} entries")
        elif self._depth <= _HEAD_DEPTH and not self._entry_depth:
            self._hint(local, attributes)

    def _count(self, attributes: list[str]) -> None:
        if len(attributes) > 2 * MAX_ATTRIBUTES:
            raise ParseError(f"refused: an element with more than {MAX_ATTRIBUTES} attributes")
        spaces = [pair for pair in zip(*[iter(attributes)] * 2, strict=True) if pair[0].startswith("xmlns")]
        if not spaces:
            return
        self._namespaces.update(spaces)
        if len(spaces) > MAX_NAMESPACES or len(self._namespaces) > MAX_ALL_NAMESPACES:
            raise ParseError(
                f"refused: more than {MAX_NAMESPACES} namespaces in an element, or {MAX_ALL_NAMESPACES} in all"
            )

    def _hint(self, name: str, attributes: list[str]) -> None:
        if name in _HINTS:
            self._text = []
            # Called for each piece of text, it is dear: so only where it is wanted.
            self.parser.CharacterDataHandler = self._text.append
        elif name == "link":
            self.hints.add_link(dict(zip(*[iter(attributes)] * 2, strict=True)))
        elif name == "complete":
            self.hints.complete = True

    def _end(self, name: str) -> None:
        if self._depth == self._entry_depth:
            self._entry_depth = 0
        self._depth -= 1
        if self.parser.CharacterDataHandler is not None:
            self.parser.CharacterDataHandler = None
            self.hints.add_text(name.rpartition(":")[2], "".join(self._text))

    def _entity(self, *_declaration: object) -> None:
        raise ParseError("refused: the document declares entities of its own")


def _scanned(body: bytes) -> int:
    """The number of entries in a document that is not well-formed, after what limits can be held there."""
    first = _FIRST_TAG.search(body)
    if _ENTITY.search(body, 0, first.start() if first else len(body)):
        raise ParseError("refused: the document declares entities of its own")
    if _LONG_TAG.search(body):
        raise ParseError(f"refused: a tag of more than {MAX_TAG_BYTES // 1024} kB")
    entries = sum(1 for _ in _OPEN_ENTRY.finditer(body))
    if entries > MAX_ENTRIES:
        raise ParseError(f"refused: more than {MAX_ENTRIES} entries")
    return entries


def _whole(body: bytes) -> int:
    """A last entry that breaks off would pass for a new one, with half an id and half a title."""
    opened = max((found.start() for found in _OPEN_ENTRY.finditer(body)), default=-1)
    closed = max((found.end() for found in _CLOSED_ENTRY.finditer(body)), default=0)
    return len(body) if opened < closed else closed or opened
