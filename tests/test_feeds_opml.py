"""Lists of feeds, in and out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.feeds.opml import MAX_BYTES, MAX_DEPTH, MAX_OUTLINES, MAX_TEXT, Outline, parse, serialise
from monitor.ids import feed_id
from monitor.model import Feed, FeedId
from monitor.text import clean_line
from tests.builders import NOON


def opml(body: str, *, start: str = '<?xml version="1.0"?><opml version="1.0">') -> bytes:
    return f"{start}<head><title>Mine</title></head><body>\n{body}</body></opml>".encode()


def feed(name: str, url: str, *tags: str, language: str | None = None) -> Feed:
    return Feed(feed_id(url), name, url, tags, language)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<outline text="A" type="rss" xmlUrl="https://a.example/f"/>', ("A", "https://a.example/f", (), None)),
        ('<outline title="A" xmlUrl=" https://a.example/f "/>', ("A", "https://a.example/f", (), None)),
        ('<outline text="" title="A" xmlurl="https://a.example/f"/>', ("A", "https://a.example/f", (), None)),
        ('<outline xmlUrl="https://a.example/f"/>', ("", "https://a.example/f", (), None)),
        ('<outline type="rss" text="A"/>', ("A", "", (), None)),
        (
            '<outline text="Balkans"><outline text="W &amp; m"><outline text="A" xmlUrl="u"/></outline></outline>',
            ("A", "u", ("Balkans", "W & m"), None),
        ),
        (
            '<outline text="x"><outline text="A" category="/y,x, /p/q ,," language="sr-Latn" xmlUrl="u"/></outline>',
            ("A", "u", ("x", "y", "p/q"), "sr-Latn"),
        ),
        ('<outline text="A\u202e&#10;B" xmlUrl="u"/>', ("A B", "u", (), None)),
    ],
)
def test_parse(body: str, expected: tuple[str, str, tuple[str, ...], str | None]) -> None:
    """Folders and categories become tags; names are clean; a feed without an address is kept to be reported."""
    assert (Outline(2, *expected),) == parse(opml(body)).feeds


def test_places_and_order() -> None:
    """Each feed has the line it stands on, and a folder ends where it ends."""
    body = (
        '<outline text="F">\n<outline text="A" xmlUrl="a"/>\n<outline text="B"\n xmlUrl="b"/>\n</outline>\n'
        '<outline text="C" xmlUrl="c"/>'
    )
    assert [("A", 3, ("F",)), ("B", 4, ("F",)), ("C", 7, ())] == [
        (o.name, o.line, o.tags) for o in parse(opml(body)).feeds
    ]


def test_other_encodings() -> None:
    """A list says in which letters it is written."""
    body = '<?xml version="1.0" encoding="windows-1251"?><opml><body><outline text="Бета" xmlUrl="u"/></body></opml>'
    assert ["Бета"] == [outline.name for outline in parse(body.encode("cp1251")).feeds]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://a.example/f?a=1&b=2", "https://a.example/f?a=1&b=2"),
        ("https://a.example/f?a=1&b=2&amp;c=3&#38;d=4&#x26;e=5", "https://a.example/f?a=1&b=2&c=3&d=4&e=5"),
        ("https://a.example/f?a=1&", "https://a.example/f?a=1&"),
    ],
)
def test_bare_ampersands(written: str, url: str) -> None:
    """Old programs do not escape them; they are read as what they mean, and that is said."""
    listing = parse(opml(f'<outline text="Q & A" xmlUrl="{written}"/>'))
    assert [("Q & A", url)] == [(outline.name, outline.url) for outline in listing.feeds]
    assert listing.note is not None
    assert listing.note.startswith("is not well-formed XML: ")
    assert parse(opml('<outline text="Q &amp; A" xmlUrl="u"/>')).note is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "is not well-formed XML: no element found"),
        (b"<opml><body>", "is not well-formed XML"),
        (b"<rss version='2.0'/>", "is not OPML: it begins with <rss>"),
        (b"feeds:\n  - x", "is not well-formed XML"),
        (opml('<outline text="a & b" xmlUrl="u">'), "is not well-formed XML: mismatched tag"),
        (opml('<outline text="a & &eacute;" xmlUrl="u"/>'), "is not well-formed XML: undefined entity"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml>&</opml>', "it declares entities of its own"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml/>', "it declares entities of its own"),
        (b'<!DOCTYPE opml [\n<!ENTITY % a SYSTEM "file:///etc/passwd">]><opml/>', "is refused at line 2"),
        (b" " * (MAX_BYTES + 1), "is larger than 10 MB"),
        (opml("<outline text='x'>" * MAX_DEPTH), "is nested more than 50 levels deep"),
        (opml("<outline/>" * (MAX_OUTLINES + 1)), "has more than 20000 outlines"),
    ],
)
def test_refused(body: bytes, why: str) -> None:
    """What is no list of feeds, and what is made to hurt."""
    with pytest.raises(ParseError, match=why.replace("(", r"\(")):
        parse(body)


words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20).filter(
    lambda text: text == clean_line(text, limit=MAX_TEXT)
)
tags = words.filter(lambda tag: "," not in tag and tag == tag.strip("/"))
feeds = st.builds(
    Feed,
    id=st.just(FeedId("f")),
    name=words,
    url=words.map("https://a.example/f?a=1&b=<{}>".format),
    tags=st.lists(tags, max_size=3, unique=True).map(tuple),
    language=st.sampled_from([None, "en", "sr-Latn"]),
)


@given(st.lists(feeds))
def test_comes_back(listed: list[Feed]) -> None:
    """What is written is read again."""
    written = serialise(listed, title='My "feeds" & more', created_at=NOON).encode()
    assert [(f.name, f.url, f.tags, f.language) for f in listed] == [
        (o.name, o.url, o.tags, o.language) for o in parse(written).feeds
    ]


@given(st.text(), st.text(st.characters()))
def test_always_well_formed(name: str, tag: str) -> None:
    """Whatever stands in a name or a tag, other programs can read the list."""
    written = serialise([feed(name, "https://a.example/", tag)], title=tag, created_at=NOON)
    assert ["https://a.example/"] == [outline.url for outline in parse(written.encode()).feeds]
