"""What a site tells search engines of its news."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from monitor.errors import ParseError
from monitor.feeds.identity import recognised, unseen
from monitor.feeds.items import Item, entry_of
from monitor.feeds.sitemap import Sitemap, parse
from monitor.model import Entry, FeedId, KnownEntry
from tests.builders import NOON

URL = "https://paper.example/news-sitemap.xml"
FEED = FeedId("f")
SPACES = (
    "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:image='http://www.google.com/schemas/sitemap-image/1.1' "
    "xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'"
)


def url(path: str, title: str, date: str = "2026-11-25T11:00:00Z", more: str = "") -> str:
    return (
        f"<url><loc> https://paper.example{path} </loc>{more}<news:news><news:publication><news:name>Paper</news:name>"
        f"<news:language>sr</news:language></news:publication><news:publication_date>{date}</news:publication_date>"
        f"<news:title>{title}</news:title></news:news></url>"
    )


def sitemap(body: str) -> Sitemap:
    return parse(body.encode(), feed_id=FEED, url=URL, content_type="application/xml", now=NOON)


def urlset(*urls: str) -> Sitemap:
    return sitemap(f"<?xml version='1.0'?><urlset {SPACES}>{''.join(urls)}</urlset>")


def test_an_article() -> None:
    """Its headline, page, date and language; an address and a title of a picture are none of it."""
    picture = "<image:image><image:loc>https://x.example/1.jpg</image:loc><image:title>Pic</image:title></image:image>"
    (entry,) = urlset(url("/a?utm_source=x", "Tanks &amp;amp; <![CDATA[<b>talks</b>]]>", more=picture)).entries
    assert ("Tanks & talks", "https://paper.example/a?utm_source=x", "sr") == (entry.title, entry.url, entry.language)
    assert NOON - timedelta(hours=1) == entry.published_at
    assert "https://paper.example/a" == entry.page == entry.guid


def test_the_latest_come_first() -> None:
    """Whatever their order; a day alone is no date, and what has no headline or no page is no article."""
    found = urlset(
        url("/1", "One", "2026-11-25T09:00+00:00"),
        url("/2", "Two", "2026-11-25"),
        url("/3", "Three", "2026-11-25T12:30:00+02:00"),
        url("/4", ""),
        url("/", "Front page"),
        "<url><loc>https://paper.example/5</loc><lastmod>2026-11-25</lastmod></url>",
        "<url><loc>javascript:alert(1)</loc><news:news><news:title>No</news:title></news:news></url>",
    )
    assert ["Three", "One", "Two"] == [entry.title for entry in found.entries]
    assert found.entries[2].published_at is None


def test_a_list_of_sitemaps() -> None:
    """The news ones of the same site, the latest first."""
    rows = [("/post.xml", ""), ("/news-1.xml", "2026-11-01"), ("/news-2.xml", "2026-11-02"), ("/newsletter.xml", "")]
    listed = "".join(
        f"<sitemap><loc>https://paper.example{path}</loc><lastmod>{day}</lastmod></sitemap>" for path, day in rows
    )
    foreign = "<sitemap><loc>https://elsewhere.example/news.xml</loc></sitemap>"
    found = sitemap(f"<sitemapindex {SPACES}>{listed}{foreign}</sitemapindex>")
    assert Sitemap((), ("https://paper.example/news-2.xml", "https://paper.example/news-1.xml")) == found


def test_what_breaks_off() -> None:
    """The articles before that are used."""
    assert ["One"] == [entry.title for entry in sitemap(f"<urlset {SPACES}>{url('/1', 'One')}<url><loc>htt").entries]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<rss version='2.0'/>", "this is not a sitemap"),
        ("", "this is not a sitemap"),
        ("<!DOCTYPE urlset [<!ENTITY a 'b'>]><urlset>&a;</urlset>", "entities of its own"),
        ("<urlset>" + "<a>" * 300, "nested"),
        (f"<urlset><url {' '.join(f'a{n}=' + chr(39) * 2 for n in range(300))}/></urlset>", "attributes"),
    ],
    ids=range(5),
)
def test_what_is_refused(body: str, message: str) -> None:
    """What is no sitemap, and what is made to hurt."""
    with pytest.raises(ParseError, match=message):
        sitemap(body)


def test_many_pages_are_bounded() -> None:
    """At the protocol's own limit."""
    titles = (f"<url><loc>/{n}</loc><news:news><news:title>T</news:title></news:news></url>" for n in range(1, 50_002))
    assert 50_000 == len(urlset(*titles).entries)


def of_feed(guid: str, link: str, title: str, date: datetime | None) -> Entry:
    return entry_of(Item(guid, link, title, "", "", "", date, "sr"), feed_id=FEED, url=URL, now=NOON)


@pytest.mark.parametrize(
    ("guid", "link", "title"),
    [
        ("", "https://paper.example/1", "One"),
        ("id-1", "http://paper.example/1?utm_source=rss", "One"),
        ("id-1", "https://paper.example/1", "Quite another headline"),
    ],
)
def test_an_article_is_known_by_its_page(guid: str, link: str, title: str) -> None:
    """Whatever id and headline the feed gives it, it is the feed's entry."""
    seen = of_feed(guid, link, title, NOON)
    known = KnownEntry(seen.id, seen.title, seen.page, seen.words)
    found = recognised(urlset(url("/1", "One"), url("/2", "Two")).entries, [known])
    assert [seen.id, urlset(url("/2", "Two")).entries[0].id] == [entry.id for entry in found]
    assert ["Two"] == [entry.title for entry in unseen(found, [known])]
