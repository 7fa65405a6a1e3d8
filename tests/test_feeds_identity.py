"""What makes two entries the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.identity import BEGINNING, guid_of, keys, resummed, reworded, unseen
from monitor.feeds.items import Item, distinct, entry_of
from monitor.model import Entry, FeedId, KnownEntry
from tests.builders import NOON

LINK = "http://www.Example.org/a?utm_source=rss#top"


@pytest.mark.parametrize(
    ("raw_id", "link", "guid"),
    [
        ("tag:1", LINK, "tag:1"),
        (" tag:1\n", LINK, "tag:1"),
        ("a\u200b\x00b", None, "ab"),
        ("", LINK, "https://www.example.org/a"),
        (" \u200b ", LINK, "https://www.example.org/a"),
        ("HTTP://Example.org/a#1", None, "HTTP://Example.org/a#1"),
    ],
)
def test_guids(raw_id: str, link: str | None, guid: str) -> None:
    """The publisher's id, else the page; titles play no part in either."""
    assert guid_of(raw_id, link, "one title", "") == guid
    assert guid_of(raw_id, link, "another title", "text") == guid


def test_words_as_a_last_resort() -> None:
    """Without id and link an entry is what it says."""
    assert guid_of("", None, "a", "b") == guid_of("", None, "a", "b")
    assert len({guid_of("", None, *words) for words in [("a", "b"), ("b", "a"), ("ab", ""), ("", "ab")]}) == 4


def test_long_ids() -> None:
    """Ids that are too long to keep stay distinct."""
    guids = {guid_of("x" * 5_000 + end, None, "", "") for end in "abc"}
    assert len(guids) == 3
    assert max(map(len, guids)) < 100


def item(
    title: str = "Serbia moves tanks to the border",
    *,
    guid: str = "g1",
    link: str | None = "https://paper.example/news/1",
    summary: str = "",
    published: datetime | None = NOON,
) -> Item:
    return Item(guid, link or "", title, summary, "", "", published, "en")


def new(before: list[Item], now: list[Item]) -> list[str]:
    """The titles that are new in a document, after one before it."""
    remembered = [KnownEntry(entry.id, entry.title, entry.page, entry.words) for entry in unseen(entries(before), ())]
    return [entry.title for entry in unseen(entries(now), remembered)]


def entries(items: list[Item]) -> tuple[Entry, ...]:
    url = "https://paper.example/feed"
    return distinct(entry_of(item, feed_id=FeedId("f"), url=url, now=NOON + timedelta(days=2)) for item in items)


LONG = "Ministers of both countries will meet in the capital next week"
LONG_AGO = NOON - timedelta(days=3)
TANKS, TALKS = item(), item("Talks end without result", guid="g2", link="https://paper.example/news/2")


@pytest.mark.parametrize(
    "now",
    [
        [TALKS, TANKS],
        [item(guid="https://paper.example/?p=99")],
        [item(guid="session-4711"), item("Talks end without result", guid="s-2", link="https://paper.example/news/2")],
        [item(link="http://www.paper.example/news/1?utm_source=rss")],
        [item(link="http://paper.example/news/1?utm_source=rss#top", guid="")],
        [item(link="https://paper.example/2026/11/tanks", guid="other")],
        [item(published=NOON + timedelta(days=1))],
        [item(published=None)],
        [item("Serbia moves more tanks to Kosovo border", guid="other")],
        [item("UPDATE: what we know so far", summary="Another text")],
        [item(link=None)],
    ],
)
def test_nothing_of_this_is_new(now: list[Item]) -> None:
    """Reordered, under other ids, at another spelling of the address, at another address, re-dated, edited."""
    assert [] == new([TANKS, TALKS], now)


@pytest.mark.parametrize(
    ("before", "now", "fresh"),
    [
        # The same id for quite another item at another address.
        (
            [TANKS],
            [item("Talks end without result", link="https://paper.example/news/2")],
            ["Talks end without result"],
        ),
        # A live page: the address is the same for all of its items, and each has its own id.
        (
            [item(link="https://paper.example/live")],
            [item("Water supply restored in the north", guid="g2", link="https://paper.example/live#2")],
            ["Water supply restored in the north"],
        ),
        # A live page without ids.
        (
            [item(guid="", link="https://paper.example/live")],
            [item("Water supply restored in the north", guid="", link="https://paper.example/live")],
            ["Water supply restored in the north"],
        ),
        # One id for all, and no address of their own.
        (
            [item(guid="x", link="https://paper.example/")],
            [item("Water supply restored in the north", guid="x", link="https://paper.example/")],
            ["Water supply restored in the north"],
        ),
        # The same headline every day.
        (
            [item("Morning briefing", published=NOON)],
            [item("Morning briefing", guid="g2", link="https://paper.example/news/2", published=NOON + timedelta(1))],
            ["Morning briefing"],
        ),
        # Too few words, and no date.
        (
            [item("Weather", guid="", link=None, published=None)],
            [item("Weather", guid="w2", link="https://paper.example/w2", published=None)],
            ["Weather"],
        ),
        # Dated back, and at the end.
        (
            [TANKS],
            [TANKS, item(LONG, guid="g3", link="https://paper.example/3", published=NOON - timedelta(3))],
            [LONG],
        ),
    ],
)
def test_this_is_new(before: list[Item], now: list[Item], fresh: list[str]) -> None:
    """However much it shares with what was there."""
    assert fresh == new(before, now)
    assert [] == new([*before, *now], now)


def test_a_few_words_under_new_ids_are_one_entry_a_day() -> None:
    """Neither date nor page tells them apart, and an id that is another one at each poll would bring a flood."""
    first, second = (item("Border closed", guid=guid, link=None, published=None) for guid in ("r1", "r2"))
    assert [] == new([first], [second])


def polls(*documents: list[Item]) -> list[list[str]]:
    """The titles that are new at each look at a feed, all that was new before being remembered."""
    known: list[KnownEntry] = []
    found: list[list[str]] = []
    for document in documents:
        fresh = unseen(entries(document), known)
        known += [KnownEntry(entry.id, entry.title, entry.page, entry.words) for entry in fresh]
        assert len({entry.id for entry in known}) == len(known)
        found.append([entry.title for entry in fresh])
    return found


PAGE = "https://paper.example/news/1"
MORE = "Serbia moves more tanks to the border"
EDITED = "Serbia moves tanks to its border"
LIVE = "https://paper.example/live"
ALARM = item("Air raid alarm for the whole of the northern region", guid="a1", link=None, published=None)
GOAL = item("Goal in the final: the score is 1-0", guid="1", link=LIVE)
NEXT = item("Goal in the final: the score is 2-0", guid="2", link=LIVE)
MINUTES = [timedelta(minutes=minute) for minute in range(5)]


@pytest.mark.parametrize(
    ("documents", "found"),
    [
        # One id for two items, from the first look on or from the second.
        ([[TANKS, item("Talks end", link=LIVE)]], [[TANKS.title, "Talks end"]]),
        (
            [[TANKS], [TANKS, item("Talks end", link=LIVE)], [item("Talks end", link=LIVE)]],
            [[TANKS.title], ["Talks end"], []],
        ),
        # One id for all, one item at a time.
        (
            [[item("Talks end", link=LIVE + "/1")], [item("Water is back", link=LIVE + "/2")]] * 2,
            [["Talks end"], ["Water is back"], [], []],
        ),
        # Another id each time, also with dates that move along, also with an edited headline.
        ([[item(guid=f"session-{n}")] for n in range(5)], [[TANKS.title], [], [], [], []]),
        (
            [[item(guid=str(n), published=NOON + after)] for n, after in enumerate(MINUTES)],
            [[TANKS.title], [], [], [], []],
        ),
        ([[TANKS], [item(MORE, guid="s")]], [[TANKS.title], []]),
        # The address changes in ways that mean nothing.
        (
            [[TANKS]]
            + [
                [item(link=link)]
                for link in (
                    "https://paper.example/news/1?utm_source=a#b",
                    "http://paper.example/news/1",
                    "https://www.paper.example/news/1",
                    "https://m.paper.example/news/1",
                )
            ],
            [[TANKS.title], [], [], [], []],
        ),
        # No id and no address; an empty id; the headline as the id.
        ([[item(LONG, guid="", link=None)]] * 2, [[LONG], []]),
        ([[item("A", guid=" ", link=None), item("B", guid="", link=None)]] * 2, [["A", "B"], []]),
        ([[item(guid=TANKS.title)], [item(EDITED, guid=EDITED)]], [[TANKS.title], []]),
        # Edited again and again under its id and address.
        ([[item(f"Version {n}: {'x' * n}", summary=f"{n} dead")] for n in range(30)], [["Version 0:"], *[[]] * 29]),
        ([[item(guid=PAGE)], [item(LONG, guid=PAGE)]], [[TANKS.title], []]),
        # It goes and comes back.
        ([[TANKS, TALKS], [TALKS], [TANKS, TALKS]], [[TANKS.title, TALKS.title], [], []]),
        # Every item has the time of the document, or a new date each day.
        (
            [[item(published=NOON + a), item(LONG, guid="l", link=LIVE, published=NOON + a)] for a in MINUTES],
            [[TANKS.title, LONG], [], [], [], []],
        ),
        # From RSS to Atom: all ids change, and summaries come.
        (
            [
                [TANKS, TALKS],
                [item(guid="tag:1", summary="S"), item(TALKS.title, guid="tag:2", link=TALKS.link, summary="S")],
            ],
            [[TANKS.title, TALKS.title], []],
        ),
        # A live page: its items look alike, and earlier ones are still there, or not.
        ([[GOAL], [NEXT, GOAL], [NEXT]], [[GOAL.title], [NEXT.title], []]),
        ([[GOAL], [NEXT]], [[GOAL.title], [NEXT.title]]),
        (
            [[item(link=LIVE)], [item(MORE, guid="2", link=LIVE), item(link=LIVE)]],
            [[TANKS.title], [MORE]],
        ),
        # A live page without ids shows several items at once, and then one more.
        (
            [[item("Talks end", guid="", link=LIVE), item("Water is back", guid="", link=LIVE)]] * 2
            + [[item("Fire at the port", guid="", link=LIVE), item("Talks end", guid="", link=LIVE)]],
            [["Talks end", "Water is back"], [], ["Fire at the port"]],
        ),
        # Items without a headline on one page.
        (
            [[item("", guid="1", link=LIVE, summary="One")], [item("", guid="2", link=LIVE, summary="Two")]],
            [[""], [""]],
        ),
        # The same words again: an alarm while the last one is still shown is another one.
        ([[ALARM], [item(ALARM.title, guid="a2", link=None, published=None), ALARM]], [[ALARM.title], [ALARM.title]]),
        ([[ALARM], [item(ALARM.title, guid="a2", link=None, published=None)]], [[ALARM.title], []]),
    ],
)
def test_polls(documents: list[list[Item]], found: list[list[str]]) -> None:
    """Ids, addresses and headlines each fail some feeds; together they tell."""
    assert found == polls(*documents)


def test_what_stands_unread_stands_for_itself() -> None:
    """Of a document only the new items may be read; those that were not are there all the same."""
    [known] = entries([item(link=LIVE)])
    remembered = [KnownEntry(known.id, known.title, known.page, known.words)]
    shown = entries([item(MORE, guid="2", link=LIVE)])
    assert () == unseen(shown, remembered)
    assert shown == unseen(shown, remembered, standing={known.id[:BEGINNING]})


def test_undated_items_under_one_headline_are_told_apart_by_all_else() -> None:
    """A feed that keeps its ids means something by another one; one whose ids all change means nothing by it."""

    def release(number: int) -> Item:
        link = f"https://paper.example/releases/{number}"
        return item("Press release of the ministry of defence", guid=link, link=link, published=None)

    assert [[], ["Press release of the ministry of defence"]] == polls(
        [release(1), TALKS], [TALKS], [release(2), TALKS]
    )[1:]
    moved = [replace(one, link=f"{one.link}?s=2", raw_id=f"{one.raw_id}?s=2") for one in (release(1), TALKS)]
    assert [] == new([release(1), TALKS], moved)


def test_items_of_a_forwarder_are_known_by_their_headlines() -> None:
    """Its addresses are opaque and change; the headline ends in the source's name."""
    first = item("Tanks move - Paper", guid="CBMi1", link="https://news.google.com/rss/articles/CBMi1?oc=5")
    again = item("Tanks move - Paper", guid="CBMi2", link="https://news.google.com/rss/articles/CBMi2?oc=5")
    other = item("Tanks move - Courier", guid="CBMi1", link="https://news.google.com/rss/articles/CBMi1?oc=5")
    assert [] == new([first], [again])
    assert ["Tanks move - Courier"] == new([first], [other])


EDITIONS = [PAGE, f"{PAGE}/", "https://www.paper.example/news/1/", "http://m.paper.example/news/1"]


@pytest.mark.parametrize("guid", ["", "link"])
def test_a_site_that_moves_all_its_links(guid: str) -> None:
    """To www, to a slash at the end, and with new dates at once: what it showed before is not new, the rest is."""

    def shown(edition: str, day: int) -> list[Item]:
        links = [edition.replace("1", str(number), 1) for number in range(10)]
        return [
            item(f"Headline {number} of the day", guid=guid and link, link=link, published=NOON + timedelta(days=day))
            for number, link in enumerate(links)
        ]

    for edition in EDITIONS:
        fresh = item(LONG, guid="", link=edition.replace("1", "new"))
        assert [LONG] == new(shown(PAGE, 0), [*shown(edition, 1), fresh])
        known = [other.page for other in entries(shown(PAGE, 0))]
        assert set(known) <= set(keys(entries(shown(edition, 1)))[1])


def test_another_page_is_another_page_under_www_too() -> None:
    """Other items under the same headline are news, as ever."""
    there = item(TANKS.title, guid="", link="https://www.paper.example/news/2", published=NOON + timedelta(days=1))
    assert [TANKS.title] == new([TANKS], [there])


@pytest.mark.parametrize(
    ("before", "now", "is_told"),
    [
        ("12 people were hurt", "36 people were hurt", True),
        ("Twelve people were hurt", "Twelve people were hurt in Mitrovica", True),
        ("", "Twelve people were hurt", True),
        ("Twelve people were hurt, police say", "Twelve people were hurt", False),
        ("Twelve people were hurt", "TWELVE people, were hurt!", False),
        ("Twelve people were hurt", "", False),
    ],
)
def test_what_a_summary_says_now(before: str, now: str, is_told: bool) -> None:
    """Words that were not there before; not that some are gone, or are written otherwise."""
    [known] = entries([item(summary=before)])
    remembered = [KnownEntry(known.id, known.title, known.page, known.words, known.summary)]
    shown = entries([item(summary=now)])
    assert is_told == bool(resummed(shown, remembered))
    assert () == reworded(shown, remembered)
    assert () == resummed(entries([item(MORE, summary=now)]), remembered)  # an edited headline tells both


def test_what_a_full_text_says_now() -> None:
    """It counts like the summary, and together with it: what moved from one to the other is not new."""

    def told(content: str, summary: str = "In short.") -> tuple[Entry, ...]:
        more = "Another sentence of a long report. " * 40
        return entries([replace(item(summary=summary), content=f"{content} {more}")])

    [known] = told("12 people were hurt.")
    assert "12 people" in known.content
    remembered = [KnownEntry(known.id, known.title, known.page, known.words, known.summary, known.content)]
    assert resummed(told("36 people were hurt."), remembered)
    assert not resummed(told("In short.", summary="12 people were hurt."), remembered)


def test_a_repeat_within_a_document_is_one() -> None:
    """Also under another id."""
    assert [TANKS.title] == new([], [TANKS, item(guid="g9"), TANKS])


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)))
def test_order_and_departures_make_nothing_new(order: list[int], kept: set[int]) -> None:
    """Whatever is left of a document, in any order."""
    items = [item(f"Headline number {n} of the day", guid=f"g{n}", link=f"https://paper.example/{n}") for n in range(8)]
    assert [] == new(items, [items[n] for n in order if n in kept])


def test_the_front_page_is_nobodys_identity() -> None:
    """Items without an id that all link to the outlet's home are told apart by their words."""
    assert guid_of("", "https://example.org/", "a", "") != guid_of("", "https://example.org/", "b", "")
    assert guid_of("", "https://example.org/1", "a", "") == guid_of("", "https://example.org/1", "b", "")
