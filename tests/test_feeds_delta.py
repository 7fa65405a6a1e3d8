"""What of a document was not in the one before it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.delta import Difference, Known, difference, part
from monitor.feeds.parse import parse
from monitor.model import Entry, FeedId

URL = "https://paper.example/feed"
RSS = "application/rss+xml"

_words = st.text(
    st.characters(codec="utf-8", exclude_characters="<>&]\x00", exclude_categories=("Cc", "Cs")), max_size=30
)
_items = st.builds(
    lambda number, title, body, wrapped: (
        f"<item><guid isPermaLink='false'>g{number}</guid><title>{title}</title><link>https://paper.example/{number}</link>"
        + (f"<description><![CDATA[<item>{body}</item>]]></description>" if wrapped else f"<!-- </item> {number} -->")
        + "</item>"
    ),
    st.integers(0, 10_000),
    _words,
    _words,
    st.booleans(),
)
_documents = st.lists(_items, min_size=1, max_size=12, unique_by=lambda item: re.findall("g[0-9]+", item)[0])


def rss(*items: str, stamp: str = "Mon", head: str = "") -> bytes:
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>Paper</title>{head}"
        f"<lastBuildDate>{stamp}</lastBuildDate>{''.join(items)}</channel></rss>"
    ).encode()


def look(body: bytes, before: Known | None = None, *, content_type: str = RSS) -> Difference:
    return difference(body, before, url=URL, content_type=content_type)


def entries(body: bytes) -> tuple[Entry, ...]:
    return parse(body, feed_id=FeedId("f"), url=URL, content_type=RSS).entries


@given(_documents, st.data())
def test_what_is_new_reads_the_same_in_the_small_document(items: list[str], data: st.DataObject) -> None:
    """Field by field, whatever was there before, in any order, under any head."""
    old = data.draw(st.sets(st.sampled_from(items)))
    shown = data.draw(st.permutations(items))
    before = look(rss(*old)).remembered
    found = look(rss(*shown, stamp="Tue"), before)
    new = {re.findall("g[0-9]+", item)[0] for item in items if item not in old}
    expected = tuple(entry for entry in entries(rss(*shown)) if entry.guid in new)
    read = () if found.document is None else entries(found.document)
    assert len(new) == len(expected)
    assert expected == tuple(entry for entry in read if entry.guid in new)
    assert (len(items), len(items) - len(new)) == (found.shown, found.known if before else 0)
    assert (found.document is None) is (not new)


@pytest.mark.parametrize(
    "head",
    ["<ttl>5</ttl>", "<!-- served in 5 ms -->", "<description><![CDATA[<item>none</item>]]></description>", "\n\n"],
)
def test_a_head_that_is_stamped_anew_is_no_change(head: str) -> None:
    """Nothing is left to be read."""
    before = look(rss("<item><title>A</title></item>")).remembered
    assert look(rss("<item><title>A</title></item>", head=head), before).document is None


@pytest.mark.parametrize(
    "other",
    [
        rss("<item><title>A</title></item>").replace(b"<rss ", b"<rss xml:base='https://other.example/' "),
        rss("<item><title>A</title></item>", head="<language>sr</language>"),
    ],
)
def test_a_head_that_changes_the_meaning_of_items_has_all_read_again(other: bytes) -> None:
    """The base of their links, their language."""
    before = look(rss("<item><title>A</title></item>")).remembered
    assert look(other, before).document == other


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Not a feed</body></html>",
        b'{"version": "https://jsonfeed.org/version/1.1", "items": []}',
        rss("<item><title>A</title></item><item><title>cut o").partition(b"</channel>")[0],
        rss("<item><title>A</title><item><title>B</title></item></item>"),
        rss("</item><item>"),
        rss("<item/>"),
        rss("<x:item><title>A</title></x:item>"),
        rss("<item><title>A</title></item><image>between</image><item><title>B</title></item>"),
        rss("<!-- a comment without an end <item><title>A</title></item>"),
    ],
)
def test_whatever_looks_odd_is_read_whole(body: bytes) -> None:
    """And nothing is remembered of it."""
    assert Difference(body, 0, 0, None) == look(body, Known(b"12345678", b""))


def test_bytes_in_another_encoding_are_read_as_such() -> None:
    """The small document is in UTF-8 and does not declare anything else."""
    old, new = "<item><title>Привет</title></item>", "<item><title>Србија</title></item>"
    body = (rss(old, new).decode().replace("utf-8", "windows-1251")).encode("cp1251")
    before = look((rss(old).decode().replace("utf-8", "windows-1251")).encode("cp1251"), content_type="").remembered
    found = look(body, before, content_type="")
    assert found.document is not None
    document = parse(found.document, feed_id=FeedId("f"), url=URL, content_type="")
    assert (["Србија"], None) == ([entry.title for entry in document.entries], document.note)


def test_parts_are_the_whole() -> None:
    """Every item is in one part, in its order."""
    items = [f"<item><guid isPermaLink='false'>g{n}</guid><title>T</title></item>" for n in range(10)]
    parts = [piece for first in range(0, 12, 3) if (piece := part(rss(*items), first, 3, content_type=RSS))]
    assert 4 == len(parts)
    assert [f"g{n}" for n in range(10)] == [entry.guid for piece in parts for entry in entries(piece)]
    assert part(b"odd", 0, 3, content_type="") == b"odd"
    assert part(b"odd", 3, 3, content_type="") is None


@pytest.mark.parametrize("body", [b"<!--" * 500_000, b"<![CDATA[" * 300_000, b"<item " * 400_000, b"<a:item" * 300_000])
def test_a_hostile_document_is_cut_in_linear_time(body: bytes) -> None:
    """A search that starts over at each mark would take hours here; the test's time limit would tell."""
    assert look(body).remembered is None


def test_what_is_remembered_comes_back() -> None:
    """What is not whole counts as nothing."""
    remembered = look(rss("<item><title>A</title></item>")).remembered
    assert remembered is not None
    assert remembered == Known.from_bytes(remembered.to_bytes())
    assert Known.from_bytes(b"123") is None
    assert Known.from_bytes(None) is None
