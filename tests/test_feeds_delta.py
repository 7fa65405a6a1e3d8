"""What of a document was not in the one before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.feeds import delta, tasks
from monitor.feeds.delta import SLICE, Delta, Whole, is_light
from monitor.feeds.parse import parse
from monitor.feeds.reading import read
from monitor.feeds.split import split
from monitor.model import FeedDocument, FeedId, Fetched, Unchanged
from tests.builders import NOON

URL = "https://paper.example/feed"
FEED = FeedId("f")


class Worker:
    """Runs what it is given here and now, and remembers how much that was. It may fail over the first documents."""

    def __init__(self, *, failures: int = 0) -> None:
        self._failures = failures
        self.read: list[int] = []
        self.compared = 0

    async def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if function is tasks.read_feed:
            self.read.append(len(args[0]))
            if len(self.read) <= self._failures:
                raise ParseError("unreadable")
        else:
            self.compared += 1
        return function(*args, **kwargs)


async def look(
    body: bytes, memory: bytes = b"", *, content_type: str = "", url: str = URL, worker: Worker | None = None
) -> FeedDocument | Unchanged:
    fetched = Fetched(url, body, content_type, None, None, None)
    run = (worker or Worker()).run
    return await read(fetched, memory, feed_id=FEED, now=NOON, run=run, run_quick=run)


async def memory_of(body: bytes, *, content_type: str = "", url: str = URL) -> bytes:
    document = await look(body, content_type=content_type, url=url)
    assert isinstance(document, FeedDocument)
    return document.memory


async def new(before: bytes, now: bytes, **how: Any) -> FeedDocument | Unchanged:
    return await look(now, await memory_of(before, **how), **how)


def whole(body: bytes, content_type: str = "") -> FeedDocument:
    return parse(body, feed_id=FEED, url=URL, content_type=content_type, now=NOON)


def rss(*items: str, stamp: str = "Mon", head: str = "", end: str = "", root: str = "") -> bytes:
    spaces = "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:x='https://x.example/'"
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0' {spaces} {root}><channel><title>Paper</title>{head}"
        f"<lastBuildDate>{stamp}</lastBuildDate>{''.join(items)}{end}</channel></rss>"
    ).encode()


def rdf(*items: str, stamp: str = "Mon", head: str = "", end: str = "") -> bytes:
    return (
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' "
        "xmlns:x='https://x.example/'><channel rdf:about='https://paper.example/'><title>Paper</title>"
        f"{head}<description>{stamp}</description></channel>{''.join(items)}{end}</rdf:RDF>"
    ).encode()


def atom(*items: str, stamp: str = "Mon", head: str = "", end: str = "") -> bytes:
    entries = "".join(items).replace("item>", "entry>").replace("guid>", "id>").replace("<guid ", "<id ")
    spaces = "xmlns='http://www.w3.org/2005/Atom' xmlns:x='https://x.example/'"
    return f"<feed {spaces}><title>Paper</title>{head}<updated>{stamp}</updated>{entries}{end}</feed>".encode()


def prefixed(*items: str, stamp: str = "Mon", head: str = "", end: str = "") -> bytes:
    entries = "".join(items).replace("<item>", "<a:entry>").replace("</item>", "</a:entry>")
    for name in ("title", "guid", "link"):
        entries = entries.replace(f"<{name}>", f"<a:{name}>").replace(f"</{name}>", f"</a:{name}>")
    entries = entries.replace("a:guid>", "a:id>")
    spaces = "xmlns:a='http://www.w3.org/2005/Atom' xmlns:x='https://x.example/'"
    head = head.replace("<ttl>5</ttl>", "")
    return (
        f"<a:feed {spaces}><a:title>Paper</a:title>{head}<a:updated>{stamp}</a:updated>{entries}{end}</a:feed>".encode()
    )


KINDS = [rss, rdf, atom, prefixed]


def item(number: int, title: str = "", more: str = "", guid: str | None = None) -> str:
    guid = f"g{number}" if guid is None else guid
    return (
        f"<item><guid>{guid}</guid><title>{title or f'Title {number}'}</title>"
        f"<link>https://paper.example/{number}</link>{more}</item>"
    )


# ---- the promise ----

_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="<>&]-\x00", exclude_categories=("Cc", "Cs", "Cn", "Co")),
    max_size=20,
)
_TRAPS = st.sampled_from(
    [
        "",
        "<!-- </item> <item> -->",
        "<description><![CDATA[<item><title>x</title></item> ]] > --> ]]></description>",
        "<x:y a='</item>' b=\"it's > that\"/>".replace("</item>", "&lt;/item>"),
        "<x:item>nested</x:item>",
        "<x:item><item><title>inner</title></item></x:item>".replace("<item>", "<x:a>").replace("</item>", "</x:a>"),
        "<?php echo '</item>' ?>",
        "<x:items/>",
        "<description>&lt;item&gt; &amp;amp; &#8217;</description>",
    ]
)
_ITEMS = st.lists(
    st.builds(item, st.integers(0, 30), _TEXT.map(str.strip), _TRAPS, st.sampled_from([None, None, "shared", ""])),
    min_size=1,
    max_size=10,
    unique=True,
)
_HEADS = st.sampled_from(["", "<ttl>5</ttl>", "<!-- <item> -->", "<x:a><![CDATA[<item>]]></x:a>", "<?x <item> ?>"])
_BETWEEN = st.sampled_from(["", "\n  ", "<!-- between </item> -->"])


@given(st.sampled_from(KINDS), _ITEMS, _HEADS, _BETWEEN, st.data())
async def test_what_is_new_is_read_as_in_the_whole_document(
    kind: Callable[..., bytes], items: list[str], head: str, between: str, data: st.DataObject
) -> None:
    """Field by field, whatever was there before, in any order, under any head, with ids that say nothing."""
    old = data.draw(st.lists(st.sampled_from(items), unique=True, min_size=1))
    shown = data.draw(st.permutations(items))
    before = await memory_of(kind(*old))
    now = kind(*(between + one for one in shown), stamp="Tue", head=head)
    found = await look(now, before)
    expected = whole(now)
    known_before = {entry.id for entry in whole(kind(*old)).entries}
    if isinstance(found, Unchanged):
        assert set(old) == set(items)
        assert len(items) == found.shown
        return
    read_now = {entry.id: entry for entry in found.entries}
    for entry in expected.entries:
        assert entry == read_now.get(entry.id, entry)
        assert entry.id in read_now or entry.id in known_before or entry.title in "".join(old)
    assert read_now.keys() <= {entry.id for entry in expected.entries}
    assert (expected.title, expected.hints, len(items)) == (found.title, found.hints, found.shown)
    assert found.memory == expected.memory
    assert found.memory


@pytest.mark.parametrize("kind", KINDS)
async def test_one_new_item_is_read_alone(kind: Callable[..., bytes]) -> None:
    """The others are counted as known, and their ids are told."""
    old = [item(n) for n in range(50)]
    worker = Worker()
    body = kind(item(50), *old, stamp="Tue")
    document = await look(body, await memory_of(kind(*old)), worker=worker)
    assert isinstance(document, FeedDocument)
    assert [entry for entry in whole(body).entries if entry.guid == "g50" or entry.title == "Title 50"] == [
        *document.entries
    ]
    assert (51, 50) == (document.shown, document.known)
    assert {entry.id[:16] for entry in whole(kind(*old)).entries} == document.standing
    assert len(worker.read) == 1
    assert worker.read[0] < len(body) / 5


@pytest.mark.parametrize(
    "now",
    [
        rss(item(1), item(2), stamp="Tue"),
        rss(item(2), item(1)),
        rss(item(2)),
        rss(item(1), item(2), head="<!-- served in 5 ms --><ttl>5</ttl><generator>x</generator>\n\n"),
        rss(item(1), "<!-- between -->\n", item(2), end="<image/><!-- page served in 5.2 s -->"),
    ],
)
async def test_a_document_with_nothing_new_is_not_parsed(now: bytes) -> None:
    """Whatever was stamped anew, moved or left out."""
    worker = Worker()
    memory = await memory_of(rss(item(1), item(2)))
    assert isinstance(await look(now, memory, worker=worker), Unchanged)
    assert worker.read == []


@pytest.mark.parametrize(
    ("now", "url"),
    [
        (rss(item(1), root="xml:base='https://other.example/'"), URL),
        (rss(item(1), root="xml:lang='sr'"), URL),
        (rss(item(1), head="<language>sr</language>"), URL),
        (rss(item(1), head="<dc:language>sr</dc:language>"), URL),
        (rss(item(1)).replace(b"<channel>", b"<channel xml:base='https://other.example/'>"), URL),
        (rss(item(1)).replace(b"https://x.example/", b"https://y.example/"), URL),
        (rss(item(1)), "https://elsewhere.example/feed"),
    ],
)
async def test_what_changes_the_meaning_of_items_has_all_read_again(now: bytes, url: str) -> None:
    """The base of their links, their language, their namespaces."""
    document = await look(now, await memory_of(rss(item(1))), url=url)
    assert isinstance(document, FeedDocument)
    assert (1, 0) == (len(document.entries), document.known)


# ---- what is not to be trusted ----


@pytest.mark.parametrize(
    "body",
    [
        rss(item(1), "<item><title>B & C</title></item>"),
        rss(item(1), item(2, more="<b>")),
        rss(item(1), item(2)).replace(b"</channel>", b""),
        rss(item(1), item(2)).partition(b"</link></item></channel>")[0],
        rss(item(1), item(2), head="<image><url></image>"),
        rss(item(1), item(2)).replace(b"xmlns:x=", b"xmlns:z=").replace(b"</item>", b"<x:y/></item>"),
        b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "a", "title": "T"}, 5]}',
    ],
)
async def test_a_damaged_document_is_not_remembered(body: bytes) -> None:
    """What damage hid in it could come to light under the same bytes."""
    document = await look(body)
    assert isinstance(document, FeedDocument)
    assert document.entries
    assert document.memory == b""


async def test_damage_beside_known_items_has_the_whole_read() -> None:
    """The result is that of the whole document, not of its remains."""
    now = rss(item(1), "<item><title>B & C</title></item>", item(2))
    document = await new(rss(item(1), item(2)), now)
    assert document == whole(now)


async def test_remains_that_cannot_be_read_have_the_whole_read() -> None:
    """Only if that cannot be read either, the feed has failed."""
    memory, now = await memory_of(rss(item(1))), rss(item(1), item(2))
    assert whole(now) == await look(now, memory, worker=Worker(failures=1))
    with pytest.raises(ParseError, match="unreadable"):
        await look(now, memory, worker=Worker(failures=2))
    with pytest.raises(ParseError, match="unreadable"):
        await look(many(range(1, SLICE + 2)), worker=Worker(failures=1))


async def test_what_damage_hid_is_found_when_it_is_mended() -> None:
    """The same item, now in a document that can be read."""
    damaged = rss("<item><title>A</title><description><![CDATA[x</description></item>", item(2))
    mended = rss("<item><title>A</title><description><![CDATA[x]]></description></item>", item(2))
    document = await new(damaged, mended)
    assert isinstance(document, FeedDocument)
    assert ["A", "Title 2"] == [entry.title for entry in document.entries]


async def test_an_id_that_stands_already_has_the_whole_read() -> None:
    """Whether it tells items apart is decided over all of them."""
    now = rss(item(2, guid="g1"), item(1))
    document = await new(rss(item(1)), now)
    assert document == whole(now)


async def test_an_item_that_changes_is_read_again_under_its_id() -> None:
    """By itself: the old one is not there any more."""
    document = await new(rss(item(1), item(2)), rss(item(1, title="Edited"), item(2)))
    assert isinstance(document, FeedDocument)
    assert (["Edited"], 1) == ([entry.title for entry in document.entries], document.known)
    assert whole(rss(item(1))).entries[0].id == document.entries[0].id


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Not a feed</body></html>",
        b"{}",
        b'{"items": []}',
        b"[" * 50_000,
        rss(),
        rss("</item><item>"),
        rss("<item>"),
        rss("<item><title>cut o").partition(b"</channel>")[0],
        rss("<!-- a comment without an end <item><title>A</title></item>"),
        rss("<item a='><title>A</title></item>"),
        b"</rss><rss><item/></rss>",
        b"<!DOCTYPE rss [<!ELEMENT item (#PCDATA)>]><rss><channel><item/></channel></rss>",
    ],
)
def test_what_has_no_clear_items_is_not_split(body: bytes) -> None:
    """It is read whole."""
    assert split(body) is None
    assert Whole() == delta.compare(body, b"", url=URL, content_type="")


@pytest.mark.parametrize(
    ("body", "items"),
    [
        (rss("<item/>", "<item a='/>'></item >"), [b"<item/>", b"<item a='/>'></item >"]),
        (rss("<item a='>'><x:b><item/></x:b></item>"), [b"<item a='>'><x:b><item/></x:b></item>"]),
        (rss("<item><!-- </item> --></item>"), [b"<item><!-- </item> --></item>"]),
        (rss("<item><items></items></item>", head="<items/><x:items></x:items>"), [b"<item><items></items></item>"]),
        (b"<!DOCTYPE rss PUBLIC 'a' 'b'><rss><item></item></rss>", [b"<item></item>"]),
    ],
)
def test_items(body: bytes, items: list[bytes]) -> None:
    """Their tags are told from what only looks like them."""
    found = split(body)
    assert found is not None
    assert items == found.items
    assert body == found.only({0, 1})
    assert body.replace(items[0], b"") == found.only({1})


@pytest.mark.parametrize("memory", [b"1234567", b"x" * 20, b"x" * 4_000])
async def test_a_memory_of_another_kind_is_none(memory: bytes) -> None:
    """As an older version may have left it."""
    body = rss(item(1))
    assert await look(body, memory) == whole(body)


# ---- encodings, JSON ----


@pytest.mark.parametrize("charset", ["windows-1251", "utf-16", "koi8-r"])
async def test_other_encodings(charset: str) -> None:
    """The small document is read as what it is, and the note of the large one stays."""
    old, both = [
        rss(item(1, "Привет"), *more).decode().replace("utf-8", charset) for more in ((), (item(2, "Војска"),))
    ]
    document = await new(old.encode(charset, "xmlcharrefreplace"), both.encode(charset, "xmlcharrefreplace"))
    assert isinstance(document, FeedDocument)
    assert ["Војска"] == [entry.title for entry in document.entries]
    assert (1, None) == (document.known, document.note)


async def test_a_false_declaration_is_still_noted() -> None:
    """Also when only a part of the document is parsed."""
    old, both = [rss(item(1), *more).replace(b"utf-8", b"latin-1") for more in ((), (item(2, "Ж"),))]
    document = await new(old, both)
    assert isinstance(document, FeedDocument)
    assert "declared as cp1252, but written in utf-8" == document.note


def json_feed(*numbers: int, **head: object) -> bytes:
    items = [{"id": f"g{n}", "url": f"https://paper.example/{n}", "title": f"Title {n}"} for n in numbers]
    return json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "title": "Paper", "items": items, **head}
    ).encode()


async def test_json_feeds() -> None:
    """Their items are compared as those of any other feed."""
    memory = await memory_of(json_feed(1, 2))
    assert Unchanged(2) == await look(json_feed(2, 1, _stamp="Tue"), memory)
    document = await look(json_feed(3, 1, 2), memory)
    assert isinstance(document, FeedDocument)
    assert (["Title 3"], 2, 3) == ([entry.title for entry in document.entries], document.known, document.shown)


# ---- size ----


def many(numbers: Sequence[int], shared: int = 1_000_000) -> bytes:
    """Every item has an id of its own but for those whose number is a multiple of `shared`."""
    return rss(*(item(n, guid="same" if n % shared == 0 else None) for n in numbers))


async def test_a_long_document_is_read_in_slices() -> None:
    """And comes out as if it had been read at once, ids that stand in several slices included."""
    body = many(range(1, 2 * SLICE + 11), shared=SLICE)
    worker = Worker()
    document = await look(body, worker=worker)
    assert isinstance(document, FeedDocument)
    assert len(worker.read) == 3
    assert document == whole(body)


async def test_more_items_than_are_remembered() -> None:
    """Nothing is lost; only the next comparison cannot be had."""
    numbers = range(delta.MAX_REMEMBERED // SLICE + 1)
    found = Delta((), tuple(f"{n:08}".encode() for n in range(delta.MAX_REMEMBERED + 1)), (), None)
    documents = [
        FeedDocument("", None, (), memory=b"".join(mark + b"x" * 12 for mark in found.prints[n * SLICE :][:SLICE]))
        for n in numbers
    ]
    document = delta.joined(found, documents)
    assert document is not None
    assert b"" == document.memory


@pytest.mark.parametrize(
    "body",
    [rss(*("<item/>" for _ in range(30_000))), b"x" * 500_001, rss("\u00e9").decode().encode("latin-1")],
)
async def test_a_heavy_document_is_compared_by_a_worker(body: bytes) -> None:
    """Long, of many pieces, or in an encoding that has to be worked out."""
    worker = Worker()
    assert not is_light(body)
    with suppress(ParseError):
        await look(body, worker=worker)
    assert worker.compared == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<a><!--" * 300_000,
        b"<a><![CDATA[" * 300_000,
        b"<item " * 400_000,
        b"<a:item" * 300_000,
        b"<a b='" * 300_000,
        b"<rss><item><a b='\" " * 200_000,
        b"<rss>" + b"<item>" * 300_000,
        b"<rss>" + b"<item></item>" * 100_000,
    ],
)
def test_a_hostile_document_is_split_in_linear_time(body: bytes) -> None:
    """A search that starts over at each mark would take hours here; the test's time limit would tell."""
    found = split(body)
    assert found is None or len(found.items) == 100_000
