"""What of a feed document was not in the one before it, so that the real parser reads only that.

Parsing is the dear part of a poll, and most documents differ from the last one by an item or by the time in their
head. So the document is cut at its items, each is known by a hash, and the parser is given the head, the items that
are new or changed, and the end. When anything looks odd the whole document is read: this file never decides what an
item means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

from monitor.feeds.charset import decoded

PRINT_BYTES = 8
READER_VERSION = b"1"  # to be raised when the same bytes would be read otherwise: then everything is read once more

# An item in a namespace with a prefix may be an item or not; then the whole document is read.
_MARK = re.compile(rb"<(?:(!--)|(!\[CDATA\[)|(/?)(?:item|entry)(?=[\s/>])[^<>]*>|([\w.-]{1,40}:(?:item|entry))[\s/>])")
_DECLARATION = re.compile(rb"\A\s*<\?xml\b[^>]*\?>")
_ROOT = re.compile(rb"<(?:rss|rdf:RDF|feed)\b[^<>]*>", re.IGNORECASE)
_LANGUAGE = re.compile(rb"<(?:dc:)?language\b[^<>]*>[^<]{0,100}")


@dataclass(frozen=True, slots=True)
class Known:
    """A document as it is remembered: how its items are to be understood, and a hash of each."""

    context: bytes
    prints: bytes  # PRINT_BYTES for each item, in their order

    def to_bytes(self) -> bytes:
        return self.context + self.prints

    @classmethod
    def from_bytes(cls, data: bytes | None) -> Known | None:
        """None for nothing, and for what is not whole."""
        if not data or len(data) % PRINT_BYTES:
            return None
        return cls(data[:PRINT_BYTES], data[PRINT_BYTES:])

    def __len__(self) -> int:
        return len(self.prints) // PRINT_BYTES


@dataclass(frozen=True, slots=True)
class Difference:
    """`document` has the items that are not known; None when all are. `shown` items in all, `known` of them."""

    document: bytes | None
    shown: int
    known: int
    remembered: Known | None  # None: the document could not be cut


def difference(body: bytes, before: Known | None, *, url: str, content_type: str) -> Difference:
    """What is to be read of a document, given what is remembered of the one before it. Linear in the document."""
    document = decoded(body, content_type).body
    cut = _cut(document)
    if cut is None:
        return Difference(body, 0, 0, None)
    context = _print(b"\x1f".join((READER_VERSION, url.encode(), *_frame(document[: cut[0][0]]))))
    prints = [_print(document[start:end]) for start, end in cut]
    remembered = Known(context, b"".join(prints))
    if before is None or before.context != context:
        return Difference(body, len(prints), 0, remembered)
    known = frozenset(_each(before.prints))
    unknown = [place for place, mark in zip(cut, prints, strict=True) if mark not in known]
    if not unknown:
        return Difference(None, len(prints), len(prints), remembered)
    head = _DECLARATION.sub(b"", document[: cut[0][0]])  # it is in UTF-8 now, whatever it was
    items = b"".join(document[start:end] for start, end in unknown)
    return Difference(head + items + document[cut[-1][1] :], len(prints), len(prints) - len(unknown), remembered)


def part(body: bytes, first: int, most: int, *, content_type: str) -> bytes | None:
    """The document with at most `most` of its items, from the one numbered `first` on; None when there are none.

    A document that cannot be cut is one part.
    """
    document = decoded(body, content_type).body
    cut = _cut(document)
    if cut is None:
        return body if first == 0 else None
    places = cut[first : first + most]
    if not places:
        return None
    head = _DECLARATION.sub(b"", document[: cut[0][0]])
    return head + document[places[0][0] : places[-1][1]] + document[cut[-1][1] :]


def _cut(document: bytes) -> list[tuple[int, int]] | None:
    """Where each item begins and ends; None when that is not clear, or something stands between them."""
    places: list[tuple[int, int]] = []
    at = start = 0
    is_open = False
    while mark := _MARK.search(document, at):
        at = mark.end()
        comment, text, closing, prefixed = mark.groups()
        if comment or text:  # no markup in there; a comment that never ends takes all the rest
            end = document.find(b"-->" if comment else b"]]>", at)
            at = len(document) if end < 0 else end
        elif prefixed or mark[0].endswith(b"/>") or bool(closing) is not is_open:
            return None
        elif closing:
            places.append((start, at))
            is_open = False
        else:
            start, is_open = mark.start(), True
    if is_open or not places or _stands_between(document, places):
        return None
    return places


def _stands_between(document: bytes, places: list[tuple[int, int]]) -> bool:
    return any(document[end:start].strip() for (_, end), (start, _) in pairwise(places))


def _frame(head: bytes) -> tuple[bytes, bytes]:
    """What in the head decides how items are read: the namespaces, base and language of the root, and the language."""
    root, language = _ROOT.search(head), _LANGUAGE.search(head)
    return root[0] if root else b"", language[0] if language else b""


def _print(data: bytes) -> bytes:
    return blake2b(data, digest_size=PRINT_BYTES).digest()


def _each(prints: bytes) -> Iterator[bytes]:
    return (prints[at : at + PRINT_BYTES] for at in range(0, len(prints), PRINT_BYTES))
