"""What makes two entries the same."""

from __future__ import annotations

import pytest

from monitor.feeds.identity import guid_of, unseen
from monitor.ids import entry_id
from monitor.model import Entry, EntryId, FeedId

LINK = "http://www.Example.org/a?utm_source=rss#top"


def entry(guid: str) -> Entry:
    feed = FeedId("f")
    return Entry(entry_id(feed, guid), feed, guid, None, "", "", "", None, None, None)


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


def test_unseen() -> None:
    """What is known is left out, the rest keeps its order."""
    entries = [entry(guid) for guid in "cab"]
    assert [fresh.guid for fresh in unseen(entries, {entries[1].id, EntryId("x")})] == ["c", "b"]
    assert unseen(entries, [shown.id for shown in entries]) == ()


def test_the_front_page_is_nobodys_identity() -> None:
    """Items without an id that all link to the outlet's home are told apart by their words."""
    assert guid_of("", "https://example.org/", "a", "") != guid_of("", "https://example.org/", "b", "")
    assert guid_of("", "https://example.org/1", "a", "") == guid_of("", "https://example.org/1", "b", "")
