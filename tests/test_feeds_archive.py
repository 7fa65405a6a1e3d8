"""Where to look for what rolled off a feed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.feeds.archive import addresses, following, in_gap, news_sitemaps
from monitor.feeds.items import Item, entry_of
from monitor.model import Entry, FeedHints, FeedId
from tests.builders import NOON

URL = "https://paper.example/feed"
HOUR = timedelta(hours=1)


def entries(*ages: float | None) -> tuple[Entry, ...]:
    """Entries by their ages in hours."""
    return tuple(
        entry_of(
            Item(f"g{age}", "", f"Headline {age}", "", "", "", None if age is None else NOON - age * HOUR, "en"),
            feed_id=FeedId("f"),
            url=URL,
            now=NOON,
        )
        for age in ages
    )


@pytest.mark.parametrize(
    ("hints", "sections", "found"),
    [
        (None, (), (f"{URL}?paged=2",)),
        (FeedHints(prev_archive=f"{URL}/1"), (), (f"{URL}/1",)),
        (FeedHints(next_url="https://elsewhere.example/2"), (), (f"{URL}?paged=2",)),
        (FeedHints(next_url=f"{URL}/2"), ("https://paper.example/world",), (f"{URL}/2", "https://paper.example/world")),
    ],
)
def test_where_to_look(hints: FeedHints | None, sections: tuple[str, ...], found: tuple[str, ...]) -> None:
    """What the feed says on its own host, then what the operator says; a guess only when it says nothing."""
    assert found == addresses(URL, hints, sections)


GUESSES = tuple(f"https://paper.example/{name}.xml" for name in ("news-sitemap", "sitemap-news", "sitemap_news"))


@pytest.mark.parametrize(
    ("robots", "found"),
    [
        (b"", GUESSES),
        (b"User-agent: *\nDisallow: /sitemap-news.xml\n# sitemap: /news.xml", GUESSES),
        (b"Sitemap: https://paper.example/all.xml\r\n", ("https://paper.example/all.xml", *GUESSES)),
        (
            b"\xef\xbb\xbfsitemap: https://paper.example/a.xml\n SITEMAP :https://www.paper.example/de/news-1.xml # x",
            ("https://www.paper.example/de/news-1.xml",),
        ),
        (b"Sitemap: https://elsewhere.example/news.xml\nSitemap: javascript:news\nSitemap:", GUESSES),
        (b"Sitemap: https://paper.example/newsletter.xml", ("https://paper.example/newsletter.xml", *GUESSES)),
        (b"\xff\xfe\0Sitemap: " + b"x" * 600_000, GUESSES),
    ],
    ids=range(7),
)
def test_where_a_news_sitemap_may_be(robots: bytes, found: tuple[str, ...]) -> None:
    """On the feed's own site: what robots.txt names for news, else a list of sitemaps and a few guesses."""
    assert found == news_sitemaps(robots, URL)


def test_a_chain_stays_on_its_host() -> None:
    """An archive elsewhere may be anybody's."""
    assert f"{URL}/1" == following(FeedHints(prev_archive=f"{URL}/1"), of=URL)
    assert following(FeedHints(prev_archive="https://elsewhere.example/1"), of=URL) is None


def test_the_gap_is_what_lies_above_the_first_entry_that_was_seen_before() -> None:
    """Not what is older, nor what is dated outside of it."""
    page = entries(1, 2, None, 30, 3, 4)
    found = in_gap(page, {page[4].id}, since=NOON - 3 * HOUR, until=NOON)
    assert (page[:3], True) == (found.entries, found.closed)
    assert not in_gap(page[:2], set(), since=NOON - 3 * HOUR, until=NOON).closed
