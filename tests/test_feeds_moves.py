"""Where a feed lives."""

from __future__ import annotations

from datetime import timedelta

from monitor.errors import FetchError
from monitor.feeds import moves
from monitor.feeds.cadence import Bounds, after_failure, is_gone
from monitor.model import Feed, FeedId, FeedState, NotModified
from tests.builders import NOON

FEED = Feed(FeedId("f"), "F", "https://old.example/feed")
STATE = FeedState(FEED.id, next_poll_at=NOON, etag='"x"')
NEW = "https://new.example/feed"


def answer(url: str = NEW, *, moved: bool = True) -> NotModified:
    return NotModified(etag=None, last_modified=None, fresh_for=None, url=url, moved=moved)


def after(state: FeedState, *hours: float, url: str = NEW, moved: bool = True, same_feed: bool = True) -> FeedState:
    for hour in hours:
        state = moves.after_answer(state, answer(url, moved=moved), NOON + timedelta(hours=hour), same_feed=same_feed)
    return state


def test_a_move_is_believed_after_three_sights_over_a_day() -> None:
    """Not sooner, however often it is seen, and not later."""
    assert after(STATE, 0, 1, 2, 3, 23.9).address is None
    assert after(STATE, 0, 24).address is None
    assert NEW == after(STATE, 0, 12, 24).address


def test_a_move_that_is_doubtful_is_not_believed() -> None:
    """Another target, an answer without it, or another feed there."""
    assert after(after(after(STATE, 0, 12), 13, url="https://third.example/"), 24).address is None
    assert after(after(after(STATE, 0, 12), 13, moved=False), 24, 36).address is None
    assert after(STATE, 0, 12, 24, 36, same_feed=False).address is None


def test_a_new_address_that_leads_nowhere_is_forgotten() -> None:
    """After some failures the old one is asked again, without the new one's validators."""
    state = after(STATE, 0, 12, 24)
    for _ in range(moves.FAILURES_ALLOWED):
        assert NEW == state.address
        state = moves.after_failure(after_failure(FEED, state, FetchError("no answer"), NOON, Bounds()))
    assert (None, None) == (state.address, state.etag)


def test_a_feed_is_gone_when_its_server_says_so_twice_a_day_apart() -> None:
    """Asked again after a day, then once a month; any other answer takes it back."""
    gone = FetchError("taken down (410)", status=410, permanent=True)
    first = after_failure(FEED, STATE, gone, NOON, Bounds())
    assert not is_gone(first, NOON)
    assert timedelta(hours=24) <= first.next_poll_at - NOON <= timedelta(hours=25)
    later = first.next_poll_at
    second = after_failure(FEED, first, gone, later, Bounds())
    assert is_gone(second, later)
    assert second.next_poll_at - later >= timedelta(days=30)
    assert not is_gone(after_failure(FEED, second, FetchError("no answer"), later, Bounds()), later)


def test_too_many_requests_without_a_time_is_waited_out_for_hours() -> None:
    """1, 2, 4, 8, 16 and at most 24."""
    state, hours = STATE, []
    for _ in range(7):
        state = after_failure(FEED, state, FetchError("too often (429)", status=429), NOON, Bounds())
        hours.append(round((state.next_poll_at - NOON) / timedelta(hours=1)))
    assert [1, 2, 4, 8, 16, 24, 24] == hours
