"""Where to look for what rolled off a feed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.feeds.archive import addresses, following, in_gap
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
