"""What a feed's head says about when and where to look."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from monitor.feeds.hints import with_header
from monitor.feeds.parse import parse
from monitor.model import FeedHints, FeedId
from tests.builders import NOON

URL = "https://paper.example/feeds/news.xml"
SPACES = (
    "xmlns:atom='http://www.w3.org/2005/Atom' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/' "
    "xmlns:fh='http://purl.org/syndication/history/1.0'"
)
ITEM = "<item><title>T</title><ttl>9</ttl><link rel='hub' href='https://no.example/'/></item>"


def hints(body: str) -> FeedHints:
    return parse(body.encode(), feed_id=FeedId("f"), url=URL, content_type="", now=NOON).hints


def of_rss(head: str, end: str = "") -> FeedHints:
    return hints(f"<rss version='2.0' {SPACES}><channel><title>P</title>{head}{ITEM}{end}</channel></rss>")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", FeedHints()),
        ("<ttl>15</ttl>", FeedHints(ttl=timedelta(minutes=15))),
        ("<ttl> 1<!-- x -->5 </ttl>", FeedHints(ttl=timedelta(minutes=15))),
        ("<ttl>999999999</ttl>", FeedHints(ttl=timedelta(days=7))),
        ("<ttl>0</ttl>", FeedHints()),
        ("<ttl>-5</ttl>", FeedHints()),
        ("<ttl>soon</ttl>", FeedHints()),
        ("<ttl/>", FeedHints()),
        ("<skipHours><hour>0</hour><hour> 23 </hour></skipHours>", FeedHints(skip_hours=frozenset({0, 23}))),
        ("<skipHours><hour>24</hour><hour>25</hour><hour>x</hour></skipHours>", FeedHints(skip_hours=frozenset({0}))),
        ("<skipDays><day>Monday</day><day>sunday</day><day>x</day></skipDays>", FeedHints(skip_days=frozenset({0, 6}))),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", FeedHints(update_every=timedelta(hours=1))),
        (
            "<sy:updatePeriod> daily\n</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            FeedHints(update_every=timedelta(hours=6)),
        ),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", FeedHints()),
        ("<sy:updateFrequency>4</sy:updateFrequency>", FeedHints()),
        ("<fh:complete/>", FeedHints(complete=True)),
        (
            "<atom:link rel='self' href='/feeds/news.xml'/><atom:link rel='HUB' href='https://hub.example/'/>"
            "<atom:link rel='hub' href='https://hub2.example/'/><atom:link rel='prev-archive' href='2026-10.xml'/>",
            FeedHints(
                self_url=URL,
                hubs=("https://hub.example/", "https://hub2.example/"),
                prev_archive="https://paper.example/feeds/2026-10.xml",
            ),
        ),
        ("<atom:link rel='hub' href='javascript:x'/><atom:link rel='hub' href=''/><atom:link rel='hub'/>", FeedHints()),
        ("<link>https://paper.example/</link>", FeedHints()),
    ],
)  # fmt: skip
def test_hints_of_rss(head: str, expected: FeedHints) -> None:
    """All of them, wherever in the channel they stand; what makes no sense is none, and items say nothing of it."""
    assert expected == of_rss(head)
    assert expected == of_rss("", end=head)


def test_hints_of_atom() -> None:
    """Links without a prefix; several relations in one."""
    links = "<link rel='self hub' href='https://hub.example/'/><link rel='next' href='?page=2'/><link href='/'/>"
    entry = "<entry><id>1</id><title>T</title><link rel='next' href='https://no.example/'/></entry>"
    found = hints(f"<feed xmlns='http://www.w3.org/2005/Atom'><title>P</title>{links}{entry}</feed>")
    hub = "https://hub.example/"
    assert FeedHints(hubs=(hub,), self_url=hub, next_url=f"{URL}?page=2") == found


def test_hints_of_json_feeds() -> None:
    """Hubs, its own address, the next page."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "feed_url": URL,
        "next_url": "/feeds/2.json",
        "hubs": [{"type": "WebSub", "url": "https://hub.example/"}, {"url": "file:///etc/passwd"}, {}, 5],
        "items": [],
    }
    expected = FeedHints(hubs=("https://hub.example/",), self_url=URL, next_url="https://paper.example/feeds/2.json")
    assert expected == hints(json.dumps(feed))
    assert FeedHints() == hints(json.dumps({"version": feed["version"], "hubs": {}, "next_url": [], "items": []}))


HUB, OTHER = "https://hub.example/", "https://other.example/"


@pytest.mark.parametrize(
    ("held", "header", "expected"),
    [
        (None, "", None),
        (None, "</>; rel=preload", None),
        (
            None,
            f'<{HUB}>; rel="hub", </feeds/1>; rel=self',
            FeedHints(hubs=(HUB,), self_url="https://paper.example/feeds/1"),
        ),
        (FeedHints(hubs=(HUB,), self_url=URL), f"<{OTHER}>; rel=hub", FeedHints(hubs=(OTHER,), self_url=URL)),
        (FeedHints(hubs=(HUB,)), f'<{URL}>; rel="SELF"', FeedHints(hubs=(HUB,), self_url=URL)),
        (FeedHints(hubs=(HUB,), complete=True), "<file:///etc>; rel=hub", FeedHints(hubs=(HUB,), complete=True)),
        pytest.param(None, f"<{HUB}>; rel=hub, " * 100_000, FeedHints(hubs=(HUB,)), id="many"),
    ],
)
def test_what_the_header_names_comes_first(held: FeedHints | None, header: str, expected: FeedHints | None) -> None:
    """Each of hub and topic; what it does not name stays as the document has it."""
    assert expected == with_header(held, header, URL)


def test_hints_of_a_damaged_feed() -> None:
    """Those before the damage."""
    assert FeedHints(ttl=timedelta(minutes=15)) == of_rss(
        "<ttl>15</ttl><description>A & B</description>", "<fh:complete/>"
    )


def test_many_links_are_bounded() -> None:
    """However many there are."""
    assert len(of_rss("".join(f"<atom:link rel='hub' href='/{n}'/>" for n in range(1_000))).hubs) == 100
