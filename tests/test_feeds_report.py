"""What one look at a feed tells: each case has one thing about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.feeds.report import Conditional, Level, PageTried, Report, Sighting, report, wall_evidence
from monitor.ids import entry_id
from monitor.model import Entry, FeedDocument, FeedId
from tests.builders import NOON

URL = "https://courier.example/feed"
USUAL = timedelta(minutes=10)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SUMMARY = "A sentence that says what the article behind the link is about."


def entry(number: int, **fields: Any) -> Entry:
    defaults: dict[str, Any] = {
        "id": entry_id(FeedId("f"), str(number)),
        "feed_id": FeedId("f"),
        "guid": str(number),
        "url": f"https://courier.example/{number}",
        "title": f"Item {number}",
        "summary": SUMMARY,
        "content": "",
        "author": None,
        "published_at": NOON - (number + 1) * HOUR,
        "language": None,
    }
    return Entry(**defaults | fields)


ENTRIES = tuple(entry(number) for number in range(20))
DOCUMENT = FeedDocument("Test Courier", "sr-Latn", ENTRIES)
GOOD = Sighting(
    asked=URL,
    url=URL,
    at=NOON,
    document=DOCUMENT,
    format="RSS 2.0",
    size=63_000,
    conditional=Conditional.HONOURED,
    pages=(PageTried("a", None), PageTried("b", None), PageTried("c", None)),
)


def judged(seen: Sighting) -> Report:
    return report(seen, usual=USUAL)


def of_entries(entries: Sequence[Entry], **fields: Any) -> Sighting:
    return replace(GOOD, document=replace(DOCUMENT, entries=tuple(entries), **fields))


def dated(*dates: datetime | None) -> Sighting:
    return of_entries([entry(number, published_at=date) for number, date in enumerate(dates)])


def test_nothing_to_complain_of() -> None:
    """A good feed has good findings only, and is suggested under its own name and language."""
    told = judged(GOOD)
    assert told.usable
    assert {Level.GOOD} == {finding.level for finding in told.findings}
    assert ("Test Courier", URL, "sr-Latn", None) == (
        told.suggested.name,
        told.suggested.url,
        told.suggested.language,
        told.suggested.every,
    )
    assert (20, 17 * HOUR, 340 * MINUTE) == (told.items, told.window, told.slowest)


@pytest.mark.parametrize(
    ("seen", "topic", "sentence"),
    [
        (of_entries(ENTRIES, note="breaks off"), "document", "RSS 2.0, 20 items, with a fault: breaks off"),
        (replace(GOOD, url="https://b.example/", moved_for_good=True), "address", "it moved for good, to https://b."),
        (replace(GOOD, held_as="Courier"), "held", "it is in feeds.yaml already, as Courier"),
        (
            replace(GOOD, known_through={"A": 15, "B": 3}),
            "overlap",
            "18 of 20 items came already through A (15), B (3)",
        ),
        (dated(*[None] * 5), "dates", "no item has a date"),
        (dated(NOON - HOUR, None, NOON - 2 * HOUR, NOON - 3 * HOUR), "dates", "1 of 4 items have no date"),
        (dated(NOON + HOUR, NOON - HOUR, NOON - 2 * HOUR), "dates", "1 of 3 items are dated in the future"),
        (dated(*[NOON - DAY] * 5), "dates", "all items carry the same date (2026-11-24 12:00 UTC)"),
        (dated(NOON, NOON - MINUTE, NOON), "dates", "all dates are the time of the request"),
        (dated(NOON - 40 * DAY, NOON - 41 * DAY), "dates", "nothing new for 40 days"),
        (dated(NOON - DAY, NOON - DAY), "interval", "its dates do not tell how often it must be asked"),
        (
            dated(*(NOON - n * MINUTE for n in range(3, 13))),
            "interval",
            "its items span about 8 minutes: ask it at least every 2 minutes, or some may be missed; "
            "the usual 10 minutes are too long",
        ),
        (of_entries([entry(1, summary="Item")]), "text", "headlines only"),
        (replace(GOOD, pages=()), "pages", "no item links to a page"),
        (
            replace(GOOD, pages=(PageTried("a", "too short"), PageTried("b", None), PageTried("c", "a consent wall"))),
            "pages",
            "1 of 3 pages tried could be read (1× too short; 1× a consent wall)",
        ),
        (
            replace(GOOD, pages=(PageTried("a", "a consent wall"), PageTried("b", "a consent wall"))),
            "pages",
            "0 of 2 pages tried could be read (2× a consent wall); articles would be matched on the feed's own words",
        ),
        (replace(GOOD, conditional=Conditional.IGNORED), "conditional", "sends all its 63 kB each time"),
        (replace(GOOD, conditional=Conditional.NONE_GIVEN), "conditional", "gives no validators"),
        (replace(GOOD, conditional=Conditional.FAILED), "conditional", "gave no usable answer to a second"),
        (of_entries(ENTRIES, language=None), "language", "declares no language"),
        (of_entries(ENTRIES, language="english"), "language", "declares no language"),
    ],
)
def test_worth_knowing(seen: Sighting, topic: str, sentence: str) -> None:
    """Things to know of a feed that can be used all the same."""
    told = judged(seen)
    assert told.usable
    (note,) = [finding for finding in told.findings if finding.level is Level.NOTE and finding.topic == topic]
    assert note.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("seen", "topic", "sentence"),
    [
        (replace(GOOD, hub="https://hub.example/"), "hub", "offers a WebSub hub: https://hub.example/"),
        (replace(GOOD, url="https://b.example/"), "address", "it redirects to https://b.example/ for the time being"),
        (replace(GOOD, known_through={"A": 3}), "overlap", "3 of 20 items came already through A (3)"),
        (of_entries([entry(n, content="x" * 900) for n in range(5)]), "text", "full text in the feed"),
        (of_entries([entry(0, content="x"), *ENTRIES[1:]]), "text", "full text for 1 of 20 items, else summaries"),
        (GOOD, "text", "summaries of about 12 words"),
        (GOOD, "dates", "every item is dated, the latest 60 minutes ago"),
        (
            of_entries([entry(n, language="sq") for n in range(3)], language=None),
            "language",
            "declares its language as sq",
        ),
        (replace(GOOD, conditional=Conditional.CHANGED), "conditional", "gives validators, and changed"),
    ],
)
def test_as_it_should_be(seen: Sighting, topic: str, sentence: str) -> None:
    """What is well is said too."""
    (finding,) = [finding for finding in judged(seen).findings if finding.topic == topic]
    assert Level.GOOD is finding.level
    assert finding.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("seen", "problems"),
    [
        (of_entries([]), ["RSS 2.0, but it shows no items"]),
        (Sighting(URL, URL, NOON, failure="nothing there (404)"), ["nothing there (404)"]),
        (
            Sighting(URL, URL, NOON, failure="refused", wall="a bot wall (Cloudflare)"),
            ["refused", "this looks like a bot wall (Cloudflare)"],
        ),
    ],
)
def test_not_usable(seen: Sighting, problems: list[str]) -> None:
    """What cannot be watched."""
    told = judged(seen)
    assert not told.usable
    assert problems == [finding.sentence for finding in told.findings if finding.level is Level.PROBLEM]


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ([1, 2, 3, 4], 3 * HOUR),
        ([1, 2, 3, 4, 5, 24 * 900], 4 * HOUR),  # one old item that is kept on top
        ([*range(1, 31), 900, 9_000, 90_000], 29 * HOUR),
        ([1] * 10 + [30] * 10, 29 * HOUR),  # in batches
        ([1, 1, 1, 1, 1, 30], None),  # all at once
        ([1, 2], None),
    ],
)
def test_windows(ages: list[int], expected: timedelta | None) -> None:
    """The window is what the items span, without the oldest tenth."""
    assert expected == judged(dated(*(NOON - age * HOUR for age in ages))).window


@pytest.mark.parametrize(
    ("window", "expected"),
    [(2 * MINUTE, MINUTE), (10 * MINUTE, 3 * MINUTE), (3 * HOUR, HOUR), (20 * DAY, DAY)],
)
def test_slowest(window: timedelta, expected: timedelta) -> None:
    """A third of the window in whole minutes, a minute to a day; it goes into feeds.yaml if the usual is slower."""
    told = judged(dated(*(NOON - HOUR - window * n / 4 for n in (*range(5), 9))))
    assert expected == told.slowest
    assert (expected if expected < USUAL else None) == told.suggested.every


def test_the_suggested_address() -> None:
    """A permanent move is taken up; a temporary one is not."""
    moved = replace(GOOD, url="https://b.example/")
    assert URL == judged(moved).suggested.url
    assert "https://b.example/" == judged(replace(moved, moved_for_good=True)).suggested.url


@pytest.mark.parametrize(("title", "name"), [("", "courier.example"), ("A\ue000B", "AB"), ("x" * 300, "x" * 200)])
def test_the_suggested_name(title: str, name: str) -> None:
    """One that the configuration accepts."""
    assert name == judged(of_entries(ENTRIES, title=title)).suggested.name


@pytest.mark.parametrize(
    ("status", "headers", "url", "expected"),
    [
        (
            403,
            {"cf-mitigated": "challenge"},
            URL,
            "a bot wall (Cloudflare): the answer was 403 with cf-mitigated: chall",
        ),
        (202, {"x-amzn-waf-action": "challenge"}, URL, "a bot wall (AWS WAF)"),
        (403, {"server": "AkamaiGHost"}, URL, "a bot wall (Akamai)"),
        (403, {"server": "nginx"}, URL, None),
        (200, {"x-iinfo": "1-2-3"}, URL, None),
        (404, {"server": "AkamaiGHost"}, URL, None),
        (200, {}, "https://consent.example/collect?continue=x", "a consent wall: we were sent to consent.example"),
        (200, {}, "https://courier.example/consent-to-what/", None),
        (200, {}, "https://feeds.example/?next=consent", None),
    ],
)
def test_walls(status: int, headers: dict[str, str], url: str, expected: str | None) -> None:
    """A wall is told by evidence only."""
    told = wall_evidence(status=status, headers=headers, asked=URL, url=url)
    assert told is None if expected is None else (told or "").startswith(expected)
