"""Which feeds a page leads to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.discover import GUESSES, MOST, Candidate, Found, discover, is_web_page

PAGE = "https://courier.example/world/"
GUESSED = [f"https://courier.example{path}" for path in GUESSES]


def found(head: str = "", body: str = "", *, link_header: str = "") -> list[Candidate]:
    page = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode()
    return list(discover(page, url=PAGE, content_type="text/html", link_header=link_header))


def addresses(head: str = "", body: str = "", *, link_header: str = "") -> list[str]:
    """Without the guesses."""
    return [c.url for c in found(head, body, link_header=link_header) if c.found is not Found.GUESSED]


def link(href: str, kind: str = "application/rss+xml", rel: str = "alternate", title: str = "") -> str:
    return f'<link rel="{rel}" type="{kind}" href="{href}" title="{title}">'


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (link("/f"), ["https://courier.example/f"]),
        (link("f"), ["https://courier.example/world/f"]),
        (link("//cdn.example/f"), ["https://cdn.example/f"]),
        (link("https://feeds.example/courier", "application/atom+xml"), ["https://feeds.example/courier"]),
        (link("/f", "Application/Feed+JSON; charset=utf-8", "ALTERNATE home"), ["https://courier.example/f"]),
        (link("/f", "", "feed"), ["https://courier.example/f"]),
        (link("/rss.xml", "text/xml"), ["https://courier.example/rss.xml"]),
        ("<base href='https://old.example/a/'>" + link("f"), ["https://old.example/a/f"]),
        (link("f") + "<base href='/b/'>", ["https://courier.example/b/f"]),
        ("<base href='javascript:1'>" + link("f"), ["https://courier.example/world/f"]),
        (link("/f#top") + link("http://courier.example/f?utm_source=x"), ["https://courier.example/f"]),
        (link("/wp-json/1", "application/json"), []),
        (link("/oembed?url=x", "text/xml+oembed"), []),
        (link("/de/", "text/html"), []),
        (link("/style.css", "text/xml", "stylesheet"), []),
        (link("javascript:alert(1)"), []),
        (link("ftp://courier.example/feed"), []),
        (link(""), []),
        (link(PAGE), []),
    ],
)
def test_declared(head: str, expected: list[str]) -> None:
    """What the page declares, with its addresses made whole; what is no feed, or not on the web, is left."""
    assert expected == addresses(head)


@pytest.mark.parametrize(
    ("anchor", "is_taken"),
    [
        ('<a href="/feed/">Follow</a>', True),
        ('<a href="/blog/rss2.xml">x</a>', True),
        ('<a href="/news.atom?lang=en">x</a>', True),
        ('<a href="/?feed=rss2">x</a>', True),
        ('<a href="/spip.php?page=backend">x</a>', True),
        ('<a href="https://feeds.courier.example/all"><img alt=""> <b>RSS</b></a>', True),
        ('<a href="/subscribe">News feed</a>', True),
        ('<a href="/index" title="RSS"></a>', True),
        ('<a href="https://elsewhere.example/feed/">RSS</a>', False),
        ('<a href="/feed-the-world">Concert</a>', False),
        ('<a href="/news/how-farmers-feed-cattle">How farmers feed cattle</a>', False),
        ('<a href="/a">Atom smashers find something that nobody was looking for in Geneva</a>', False),
        ('<a href="mailto:rss@courier.example">RSS</a>', False),
        ("<a>RSS</a>", False),
    ],
)
def test_linked(anchor: str, is_taken: bool) -> None:
    """Links of the same site that look like feeds, by address or by label."""
    assert is_taken == bool(addresses(body=anchor))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('</f>; rel="alternate"; type="application/rss+xml"', ["https://courier.example/f"]),
        ("<f>;type=application/atom+xml;rel=alternate", ["https://courier.example/world/f"]),
        (
            '</a>; rel="preload", </b>; title="a, b; c"; rel=alternate; type="application/atom+xml", <x>',
            ["https://courier.example/b"],
        ),
        ('<https://courier.example/wp-json/>; rel="https://api.example/"', []),
        ('</f>; rel="alternate', []),
        ("<<<;;;", []),
    ],
)
def test_header(header: str, expected: list[str]) -> None:
    """The Link header says the same as <link>."""
    assert expected == addresses(link_header=header)


def test_order() -> None:
    """Declared by the page, by the server, linked, guessed; feeds of comments after all of them."""
    candidates = found(
        link("/post/feed/", title="Comments on a post") + link("/main"),
        '<a href="/linked/feed/">RSS</a><a href="/comments/feed/">RSS</a>',
        link_header='</said>; rel=alternate; type="application/rss+xml"',
    )
    expected = [
        *("/main", "/said", "/linked/feed/"),
        *GUESSES,
        *("/post/feed/", "/comments/feed/"),
    ]
    assert [f"https://courier.example{path}" for path in expected] == [candidate.url for candidate in candidates]


def test_each_once() -> None:
    """An address that is declared, linked and usual stands there once, where it is surest."""
    candidates = found(link("/feed/", title="News"), '<a href="/feed/?utm_source=page">RSS</a>')
    assert [Found.DECLARED, Found.GUESSED, Found.GUESSED] == [candidate.found for candidate in candidates]
    assert "News" == candidates[0].title


def test_bounded() -> None:
    """At most 20 candidates, the guesses among them, and nothing beyond the first 512 kB."""
    assert MOST == len(found("".join(link(f"/{n}") for n in range(50))))
    assert GUESSED == [candidate.url for candidate in found("<!--" + "x" * 512_000 + "-->" + link("/late"))]


def test_titles_are_clean() -> None:
    """What a page calls its feed cannot drive a terminal."""
    assert "Top news" == found(link("/f", title="\u202eTop\x07\n news"))[0].title


@given(st.binary(max_size=300), st.text(max_size=100))
def test_never_fails(body: bytes, header: str) -> None:
    """Whatever a server sends as a page and a header, there is an answer, and only web addresses are in it."""
    candidates = discover(body, url=PAGE, content_type="text/html", link_header=header)
    assert all(candidate.url.startswith(("http://", "https://")) for candidate in candidates)
    assert set(GUESSED) <= {candidate.url for candidate in candidates}


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"<!-- x --><!DOCTYPE html><p>", "", True),
        (b"<HTML><head>", "application/xml", True),
        (b"<p>a fragment", "text/html; charset=utf-8", True),
        (b"<?xml version='1.0'?><rss>", "application/rss+xml", False),
        (b"<opml><head><title>x</title></head><body>", "text/xml", False),
        (b"plain", "text/plain", False),
    ],
)
def test_web_pages(body: bytes, content_type: str, expected: bool) -> None:
    """A page is told by its type or by its first tag."""
    assert expected == is_web_page(body, content_type)
