"""An entry and what was read make an article."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.articles import compose
from monitor.articles.habits import Habits, learn
from monitor.model import BodySource, Confidence, Entry, EntryId, Extract, FeedId

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
THEN = datetime(2026, 1, 1, tzinfo=UTC)
PROSE = "The ferry left at noon, with two hundred passengers and a brass band on board."

ENTRY = Entry(
    id=EntryId("e1"),
    feed_id=FeedId("f1"),
    guid="guid-1",
    url="https://www.islands.example/ferry?utm_source=rss",
    title="Ferry leaves",
    summary="A ferry left.",
    content="",
    author="Feed Author",
    published_at=THEN,
    language="en",
)
EXTRACT = Extract(
    title="Ferry leaves at last - Islands",
    text=f"Ferry leaves\n\nby Jane Doe\n\n{PROSE}\n\nYou may also like",
    author="Page Author",
    published_at=NOW,
    language="en-GB",
    canonical_url="https://www.islands.example/canonical",
    site="Islands",
)
PAGE_URL = "https://www.islands.example/ferry"


def test_from_page() -> None:
    """The text is the page's, without furniture; what the feed said about it comes first."""
    article = compose.from_page(ENTRY, PAGE_URL, EXTRACT, NOW)

    assert article.text == PROSE
    assert (article.title, article.author, article.language) == ("Ferry leaves", "Feed Author", "en-GB")
    assert (article.published_at, article.published_from) == (THEN, "feed")
    assert (article.url, article.site) == (ENTRY.url, "islands.example")
    assert (article.body_source, article.quality, article.read_at) == (BodySource.PAGE, "full", NOW)


def test_page_fills_in() -> None:
    """What the feed did not say, the page may."""
    silent = replace(ENTRY, title="", author=None, published_at=None)
    article = compose.from_page(silent, PAGE_URL, EXTRACT, NOW)

    assert (article.title, article.author) == (EXTRACT.title, "Page Author")
    assert (article.published_at, article.published_from) == (NOW, "page")


def test_doubtful_date() -> None:
    """What a page's date is worth is kept; one of the future, beyond what clocks are wrong by, is none."""
    silent = replace(ENTRY, published_at=None)
    guessed = replace(EXTRACT, date_confidence=Confidence.GUESS)
    future = replace(guessed, published_at=NOW + timedelta(days=3))
    tomorrow = replace(guessed, published_at=NOW + timedelta(hours=14))

    assert compose.from_page(ENTRY, PAGE_URL, guessed, NOW).date_confidence is Confidence.DECLARED
    assert compose.from_page(silent, PAGE_URL, guessed, NOW).date_confidence is Confidence.GUESS
    assert compose.from_page(silent, PAGE_URL, tomorrow, NOW).published_at == tomorrow.published_at
    assert compose.from_page(silent, PAGE_URL, future, NOW).published_at is None
    assert compose.from_page(silent, PAGE_URL, future, NOW).date_confidence is None


def test_habits() -> None:
    """What the site shows with every article is not in the text."""
    habits = Habits()
    for number in range(6):
        habits = learn(habits, f"{PROSE}\n\nIslands on air\n\nNumber {number}", THEN.date() + timedelta(days=number))

    article = compose.from_page(ENTRY, PAGE_URL, replace(EXTRACT, text=f"{PROSE}\n\nIslands on air"), NOW, habits)

    assert article.text == PROSE


def test_from_feed() -> None:
    """Without a page the feed's longer text is the article's, and the reason is kept."""
    full = replace(ENTRY, content=f"{PROSE}\n\nThe post Ferry leaves appeared first on Islands.")

    assert compose.from_feed(ENTRY, "a paywall", NOW).text == "A ferry left."
    assert compose.from_feed(full, "a paywall", NOW).text == PROSE
    assert compose.from_feed(ENTRY, "a paywall", NOW).quality == "a paywall"
    assert compose.from_feed(ENTRY, "a paywall", NOW).body_source is BodySource.FEED


def test_undated() -> None:
    """An article that nobody dated has no date, and not the time it was read."""
    article = compose.from_feed(replace(ENTRY, published_at=None), "too short", NOW)

    assert (article.published_at, article.published_from) == (None, None)


SAME = [
    "http://islands.example/ferry",
    "https://islands.example:443/ferry?utm_medium=x#top",
    "https://islands.example/ferry?fbclid=1",
]


@pytest.mark.parametrize("url", SAME)
def test_same_article(url: str) -> None:
    """An article is itself however its address is spelled, in every feed, and whether or not its page could be read."""
    entry = replace(ENTRY, url="https://islands.example/ferry")
    other = replace(ENTRY, id=EntryId("e2"), feed_id=FeedId("f2"), url=url)

    assert compose.article_id(entry) == compose.article_id(other)
    assert compose.from_page(entry, PAGE_URL, EXTRACT, NOW).id == compose.from_feed(other, "a paywall", NOW).id


def test_no_address() -> None:
    """Entries without an address are told apart by their own ids."""
    bare = replace(ENTRY, url=None)
    article = compose.from_feed(bare, "the entry has no link", NOW)

    assert (article.url, article.site) == ("", "")
    assert compose.article_id(bare) == compose.article_id(bare) != compose.article_id(replace(bare, id=EntryId("e2")))


def test_digest() -> None:
    """The same text has the same digest, wherever it came from."""
    page = compose.from_page(ENTRY, PAGE_URL, EXTRACT, NOW)
    feed = compose.from_feed(replace(ENTRY, content=PROSE), "a paywall", NOW)

    assert page.text_sha256 == feed.text_sha256
