"""What of a feed document was not in the one before it, so that the real parser reads only that.

Parsing is the dear part of a poll, and most documents differ from the last one by an item, or by a time in their head.
So the known items are cut out, and the parser gets what remains: a smaller document with the same head, the same end,
and the same elements around its items.

Only documents are remembered that were well-formed, and whose items became the parser's entries one by one. A document
is then well-formed exactly if what remains of it is. Whatever is odd is read whole.
"""

from __future__ import annotations

import codecs
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from monitor.feeds.charset import decoded, is_utf8
from monitor.feeds.identity import BEGINNING, apart, mark_of
from monitor.feeds.split import Json, Xml, is_closed, split
from monitor.model import Entry, FeedDocument, Unchanged

READER = b"3"  # to be raised when the same bytes would be read otherwise: then every item is read once more
SLICE = 2_000  # items: about a second of the parser's time
MAX_REMEMBERED = 20_000  # items of a document

# What the main process may compare by itself, within about 10 ms whatever the bytes are.
LIGHT_BYTES = 500_000
LIGHT_MARKS = 20_000

# An item is remembered by its bytes in their frame, by its id, and by what tells it from others with that id.
_PRINT, _ID, _MARK = 8, BEGINNING // 2, 4
RECORD = _PRINT + _ID + _MARK


@dataclass(frozen=True, slots=True)
class Delta:
    """Documents that have the items that are not known, so many in each that one can be read within seconds.

    `prints` are those of all items, in their order; `kept` the records of those that are known.
    """

    documents: tuple[bytes, ...]
    prints: tuple[bytes, ...]
    kept: tuple[bytes, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class Whole:
    """Nothing is known of the document, or it cannot be split: it is to be read as it is."""


def is_light(body: bytes) -> bool:
    """Whether comparing will not hold up the main process."""
    return len(body) <= LIGHT_BYTES and body.count(b"<") <= LIGHT_MARKS and is_utf8(body)


def compare(body: bytes, memory: bytes, *, url: str, content_type: str) -> Unchanged | Delta | Whole:
    """What of a document is to be read, given what the last one that was read is remembered by. Linear."""
    document = decoded(body, content_type)
    parts = split(document.body)
    if parts is None or (isinstance(parts, Xml) and not is_closed(document.body)):
        return Whole()
    known = {record[:_PRINT]: record for record in _records(memory)}
    prints = _prints(parts, url)
    unseen = [number for number, mark in enumerate(prints) if mark not in known]
    if not unseen:
        return Unchanged(shown=len(prints))
    if len(unseen) == len(prints) <= SLICE:
        return Whole()
    return Delta(
        # The mark says that they are in UTF-8, whatever they declare.
        tuple(codecs.BOM_UTF8 + parts.only(slice_) for slice_ in _slices(unseen)),
        tuple(prints),
        tuple(known[mark] for mark in prints if mark in known),
        document.note,
    )


def joined(delta: Delta, documents: Sequence[FeedDocument]) -> FeedDocument | None:
    """What the documents of a delta bring together; None when the whole has to be read after all.

    That is so when one of them is not well-formed, or when an item has the id of one that was not read: whether an
    id tells items apart is decided over all of them.
    """
    fresh = [record for document in documents for record in _records(document.memory)]
    records = {record[:_PRINT]: record for record in (*delta.kept, *fresh)}
    sound = all(document.memory for document in documents) and records.keys() == set(delta.prints)
    kept = {_id(record) for record in delta.kept}
    if delta.kept and (not sound or any(_id(record) in kept for record in fresh)):
        return None
    remembered = sound and len(delta.prints) <= MAX_REMEMBERED
    notes = [note for note in (delta.note, *(document.note for document in documents)) if note]
    return replace(
        documents[0],
        entries=documents[0].entries if len(documents) == 1 else _distinct(documents, fresh),
        note="; ".join(dict.fromkeys(notes)) or None,
        shown=len(delta.prints),
        known=len(delta.kept),
        standing=frozenset(id_.hex() for id_ in kept),
        memory=b"".join(records[mark] for mark in delta.prints) if remembered else b"",
    )


def remembered(body: bytes, entries: Sequence[Entry], *, url: str) -> bytes:
    """What a document is remembered by, given the entry of each of its items; nothing when they do not fit together."""
    parts = split(body)
    if parts is None:
        return b""
    prints = _prints(parts, url)
    if len(prints) != len(entries):
        return b""
    return b"".join(
        mark + bytes.fromhex(entry.id[:BEGINNING]) + _print(mark_of(entry).encode(), size=_MARK)
        for mark, entry in zip(prints, entries, strict=True)
    )


def _distinct(documents: Sequence[FeedDocument], records: Sequence[bytes]) -> tuple[Entry, ...]:
    """As within one document: entries that share an id are told apart if anything tells them apart, else one."""
    marks: dict[str, set[bytes]] = defaultdict(set)
    for record in records:
        marks[_id(record).hex()].add(record[-_MARK:])
    distinct: dict[str, Entry] = {}
    for document in documents:
        for entry in document.entries:
            named = apart(entry) if len(marks[entry.id[:BEGINNING]]) > 1 else entry
            distinct.setdefault(named.id, named)
    return tuple(distinct.values())


def _slices(numbers: Sequence[int]) -> Iterator[frozenset[int]]:
    return (frozenset(numbers[at : at + SLICE]) for at in range(0, len(numbers), SLICE))


def _prints(parts: Xml | Json, url: str) -> list[bytes]:
    frame = _print(b"\0".join((READER, url.encode(), parts.frame)), size=64)
    return [_print(item, size=_PRINT, frame=frame) for item in parts.items]


def _print(data: bytes, *, size: int, frame: bytes = b"") -> bytes:
    return blake2b(data, digest_size=size, key=frame).digest()


def _records(memory: bytes) -> Iterator[bytes]:
    return (memory[at : at + RECORD] for at in range(0, len(memory), RECORD))


def _id(record: bytes) -> bytes:
    return record[_PRINT : _PRINT + _ID]
