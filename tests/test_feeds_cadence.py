"""When to look again, as arithmetic."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import FetchError, ParseError
from monitor.feeds import rhythm as rhythms
from monitor.feeds.cadence import Bounds, Brought, after_failure, after_success, wants_probe
from monitor.model import Feed, FeedHints, FeedId, FeedState, Fetched, NotModified

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
BOUNDS = Bounds(every=timedelta(minutes=10))
BROUGHT = Brought("h", 20)
FEED = Feed(FeedId("f"), "News", "https://example.org/feed")
STATE = FeedState(
    FEED.id, next_poll_at=NOW, etag='"a"', last_modified="yesterday", body_hash="h", failures=3, error="404"
)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def document(
    fresh_for: timedelta | None = None, *, etag: str | None = None, last_modified: str | None = None
) -> Fetched:
    return Fetched("https://example.org/feed", b"", "", etag=etag, last_modified=last_modified, fresh_for=fresh_for)


def waited(state: FeedState) -> timedelta:
    return state.next_poll_at - NOW


@pytest.mark.parametrize(
    ("every", "fresh_for", "wait"),
    [
        (None, None, minutes(10)),
        (minutes(30), None, minutes(30)),
        (minutes(1), None, minutes(1)),
        (timedelta(days=3), None, timedelta(days=1)),
        (None, minutes(3), minutes(10)),
        (None, minutes(40), minutes(40)),
        (minutes(5), minutes(40), minutes(40)),
        (None, timedelta(days=7), minutes(60)),
        (minutes(90), timedelta(days=7), minutes(90)),
    ],
)
def test_the_next_look(every: timedelta | None, fresh_for: timedelta | None, wait: timedelta) -> None:
    """The operator's interval or the usual one, not inside the freshness that the server promises."""
    feed = replace(FEED, every=every)
    for outcome in (document(fresh_for), NotModified(None, None, fresh_for)):
        after = after_success(feed, STATE, outcome, NOW, BOUNDS, BROUGHT)
        assert wait <= waited(after) <= wait + min(wait * 0.05, minutes(1))


def test_after_a_document() -> None:
    """The validators are those of this answer, the failures are forgotten."""
    after = after_success(FEED, STATE, document(etag='"b"'), NOW, BOUNDS, Brought("new", 20))
    assert (after.etag, after.last_modified, after.body_hash) == ('"b"', None, "new")
    assert (after.failures, after.error, after.last_poll_at, after.last_success_at) == (0, None, NOW, NOW)


def test_after_a_304() -> None:
    """The validators stay, but for those that the server states anew."""
    outcome = NotModified(etag='"b"', last_modified=None, fresh_for=None)
    after = after_success(FEED, STATE, outcome, NOW, BOUNDS, BROUGHT)
    assert (after.etag, after.last_modified, after.body_hash) == ('"b"', "yesterday", "h")
    assert (after.failures, after.error, after.last_success_at) == (0, None, NOW)


@pytest.mark.parametrize("error", [FetchError("no answer within 30 s"), ParseError("this is a web page")])
def test_after_a_failure(error: FetchError | ParseError) -> None:
    """The state says what went wrong and keeps everything else."""
    after = after_failure(FEED, STATE, error, NOW, BOUNDS)
    expected = replace(STATE, next_poll_at=after.next_poll_at, last_poll_at=NOW, failures=4, error=str(error))
    assert after == expected


@pytest.mark.parametrize(
    ("failures", "wait"), [(0, 5), (1, 10), (2, 20), (5, 160), (6, 320), (7, 360), (8, 360), (10_000, 360)]
)
def test_backing_off(failures: int, wait: int) -> None:
    """Each failure in a row doubles the wait, up to six hours."""
    after = after_failure(FEED, replace(STATE, failures=failures), ParseError("x"), NOW, BOUNDS)
    assert minutes(wait) <= waited(after) <= minutes(wait + 1)


@pytest.mark.parametrize("wait", [timedelta(seconds=1), timedelta(hours=3), timedelta(days=7)])
def test_retry_after_wins(wait: timedelta) -> None:
    """What the server asks for is done to the second."""
    error = FetchError("429", retry_after=wait)
    assert waited(after_failure(FEED, STATE, error, NOW, BOUNDS)) == wait


@pytest.mark.parametrize(("failures", "hours"), [(0, 4), (1, 8), (2, 16), (3, 24), (3_000, 24)])
def test_a_wall_is_not_knocked_at_every_few_minutes(failures: int, hours: int) -> None:
    """Whoever wants a browser will still want one in a while."""
    error = FetchError("a check page", status=403, challenge=True)
    after = after_failure(FEED, replace(STATE, failures=failures), error, NOW, BOUNDS)
    assert timedelta(hours=hours) <= waited(after) <= timedelta(hours=hours) + minutes(1)


@given(
    st.text().map(FeedId),
    st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=400)),
    st.integers(0, 1000),
)
def test_jitter_only_ever_adds(feed_id: FeedId, every: timedelta, failures: int) -> None:
    """No feed is looked at sooner than its wait, nor much later, and the answer is always the same."""
    feed, state = replace(FEED, id=feed_id, every=every), replace(STATE, failures=failures)
    succeeded = after_success(feed, state, document(), NOW, BOUNDS, BROUGHT)
    failed = after_failure(feed, state, ParseError("x"), NOW, BOUNDS)
    wait = min(every, timedelta(days=1))
    assert wait <= waited(succeeded) <= wait + minutes(1)
    assert min(minutes(5), wait) <= waited(failed) <= minutes(361)
    assert failed == after_failure(feed, state, ParseError("x"), NOW, BOUNDS)


def test_a_long_promise_is_believed_of_a_feed_that_brings_nothing_meanwhile() -> None:
    """Of one that publishes every hour only the first hour of it is."""
    bounds = Bounds()
    hourly = rhythms.first_look([NOW - timedelta(hours=n) for n in range(60)], NOW)
    weekly = rhythms.learn(rhythms.Rhythm(), NOW - timedelta(days=60), NOW, [NOW - timedelta(days=7)])
    for rhythm, wait in ((hourly, timedelta(hours=1)), (weekly, timedelta(hours=12))):
        state = replace(STATE, rhythm=rhythm.to_json(), learnt_until=NOW)
        after = after_success(FEED, state, document(timedelta(hours=12)), NOW, bounds, BROUGHT)
        assert wait <= waited(after) <= wait + minutes(1)


def test_without_an_interval_the_rhythm_decides() -> None:
    """Inside the bounds; the first document's dates are the start of it, and each look adds to it."""
    bounds = Bounds()
    dates = tuple(NOW - timedelta(minutes=20 * n) for n in range(1, 40))
    first = after_success(FEED, STATE, document(), NOW, bounds, Brought("h", 40, published=dates))
    assert bounds.least <= waited(first) <= timedelta(minutes=40)
    assert NOW == first.learnt_until
    then = NOW + timedelta(hours=1)
    second = after_success(FEED, first, document(), then, bounds, Brought("h", 40, published=(NOW + minutes(5),)))
    assert (then, 40) == (second.learnt_until, second.shown)
    assert second.rhythm != first.rhythm


def test_a_feed_whose_news_is_pushed_is_looked_at_more_seldom() -> None:
    """Never beyond the bounds, nor so long that what its document shows could roll off; a fixed interval stays."""
    chance = random.Random(1)
    dates = [NOW - minutes(chance.uniform(0, 6_000)) for _ in range(100)]
    rhythm = rhythms.first_look(dates, NOW).to_json()

    def looks(bounds: Bounds, shown: int, *, pushed: bool) -> int:
        """In a day that brings nothing."""
        state, now, count = replace(STATE, rhythm=rhythm, learnt_until=NOW), NOW, 0
        while now < NOW + timedelta(days=1):
            state = after_success(FEED, state, document(), now, bounds, Brought("h", shown), pushed=pushed)
            now, count = state.next_poll_at, count + 1
        return count

    assert looks(Bounds(), 50, pushed=False) > 2 * looks(Bounds(), 50, pushed=True) > 2 * 12
    assert 47 <= looks(Bounds(most=minutes(30)), 50, pushed=True)
    seldom = Bounds(most=timedelta(hours=8))
    assert looks(seldom, 3, pushed=True) > looks(seldom, 50, pushed=True)
    assert looks(BOUNDS, 50, pushed=False) == looks(BOUNDS, 50, pushed=True)


def test_a_rhythm_that_decides_nothing_costs_nothing() -> None:
    """With an interval it is learnt when something came, and otherwise once an hour."""
    state = after_success(FEED, STATE, document(), NOW, BOUNDS, BROUGHT)
    idle = after_success(FEED, state, document(), NOW + minutes(10), BOUNDS, BROUGHT)
    assert (state.rhythm, NOW) == (idle.rhythm, idle.learnt_until)
    came = after_success(FEED, state, document(), NOW + minutes(10), BOUNDS, Brought("h", 20, published=(None,)))
    assert NOW + minutes(10) == came.learnt_until
    late = after_success(FEED, state, document(), NOW + minutes(61), BOUNDS, BROUGHT)
    assert NOW + minutes(61) == late.learnt_until


@pytest.mark.parametrize(
    ("hints", "due"),
    [
        (FeedHints(ttl=minutes(30)), NOW + minutes(30)),
        (FeedHints(ttl=timedelta(days=7)), NOW + minutes(60)),
        (FeedHints(skip_hours=frozenset({10, 11})), NOW.replace(hour=12)),
        (FeedHints(skip_hours=frozenset(range(24))), NOW + minutes(5)),
        (FeedHints(skip_days=frozenset({NOW.weekday()})), NOW.replace(hour=0) + timedelta(days=1)),
        (FeedHints(skip_days=frozenset(range(7))), NOW + minutes(5)),
        (FeedHints(skip_days=frozenset(range(7)) - {(NOW.weekday() - 1) % 7}), NOW + timedelta(days=2, hours=1)),
    ],
)
def test_what_a_feed_says_of_itself_is_heeded(hints: FeedHints, due: datetime) -> None:
    """As far as it makes sense; a busy feed is asked as soon as it allows."""
    busy = rhythms.first_look([NOW - timedelta(minutes=n) for n in range(1, 200)], NOW)
    state = replace(STATE, rhythm=busy.to_json(), learnt_until=NOW)
    after = after_success(FEED, state, document(), NOW, Bounds(), Brought("h", 20, hints))
    assert due <= after.next_poll_at <= due + minutes(3)


@pytest.mark.parametrize(
    ("hints", "hours", "due"),
    [
        (FeedHints(skip_hours=frozenset({10, 11})), (11,), NOW.replace(hour=11)),
        (FeedHints(skip_hours=frozenset({10, 11})), (10,), NOW + minutes(5)),
        (FeedHints(skip_hours=frozenset({10, 11})), (8, 9, 12), NOW.replace(hour=12)),
    ],
)
def test_hours_that_are_said_to_bring_nothing(hints: FeedHints, hours: tuple[int, ...], due: datetime) -> None:
    """They are believed until the feed itself brings something in them."""
    days = (NOW - timedelta(days=n) for n in range(1, 8))
    came = [day.replace(hour=hour, minute=minute) for day in days for hour in hours for minute in range(0, 60, 5)]
    state = replace(STATE, rhythm=rhythms.first_look(came, NOW).to_json(), learnt_until=NOW)
    after = after_success(FEED, state, document(), NOW, Bounds(most=minutes(5)), Brought("h", 20, hints))
    assert due <= after.next_poll_at <= due + minutes(3)


def test_days_that_are_said_to_bring_nothing() -> None:
    """A weekend that is said to be free and is not is none."""
    saturday = datetime(2026, 11, 28, 10, tzinfo=UTC)
    hints = FeedHints(skip_days=frozenset({5, 6}))
    for came, due in ((saturday - timedelta(hours=1), saturday), (NOW, saturday.replace(hour=0) + timedelta(days=2))):
        rhythm = rhythms.learn(rhythms.Rhythm(), NOW - timedelta(hours=1), saturday, [came])
        state = replace(STATE, rhythm=rhythm.to_json(), learnt_until=saturday)
        after = after_success(FEED, state, document(), saturday, Bounds(most=minutes(5)), Brought("h", 20, hints))
        assert due <= after.next_poll_at <= due + minutes(10)


@pytest.mark.parametrize(
    ("outcome", "published", "slower"),
    [
        (NotModified(None, None, None), (), False),
        (replace(document(), body=b"x" * 10_000), (), False),
        (replace(document(), body=b"x" * 100_000), (), True),
        (replace(document(), body=b"x" * 10_000_000), (), True),
        (replace(document(), body=b"x" * 100_000), (NOW,), False),
    ],
    ids=["304", "small", "large", "huge", "news"],
)
def test_what_is_sent_again_costs_more(
    outcome: Fetched | NotModified, published: tuple[datetime, ...], slower: bool
) -> None:
    """A server that sends the whole of a feed each time, news or not, is asked less often, up to half as often."""
    often = rhythms.first_look([NOW - timedelta(minutes=61 * n) for n in range(1, 600)], NOW)
    state = replace(STATE, rhythm=often.to_json(), learnt_until=NOW)
    cheap, found = (
        after_success(FEED, state, answer, NOW, Bounds(), Brought("h", 20, published=published), price=20.0)
        for answer in (NotModified(None, None, None), outcome)
    )
    assert slower == (waited(found) > waited(cheap))
    assert waited(found) <= 2 * waited(cheap) + minutes(5)


def test_after_a_gap_the_feed_is_looked_at_soon() -> None:
    """Of a quiet feed that suddenly shows nothing but new entries more may be coming."""
    quiet = rhythms.learn(rhythms.Rhythm(), NOW - timedelta(days=20), NOW, [NOW - timedelta(days=n) for n in range(20)])
    state = replace(STATE, rhythm=quiet.to_json(), learnt_until=NOW - minutes(30))
    before, after = (
        after_success(FEED, state, document(), NOW, Bounds(), Brought("h", 20, published=published))
        for published in ((), (None,) * 20)
    )
    assert waited(after) < waited(before)


def test_an_odd_silence_is_probed_once_a_day() -> None:
    """Whoever brings an entry an hour and says "not modified" for two days may not be telling the truth."""
    hourly = rhythms.first_look([NOW - timedelta(hours=n) for n in range(60)], NOW).to_json()
    state = replace(STATE, rhythm=hourly, known_since=NOW - timedelta(days=9), last_new_at=NOW)
    assert not wants_probe(state, NOW + timedelta(hours=12))
    then = NOW + timedelta(days=2)
    assert wants_probe(state, then)
    assert not wants_probe(replace(state, probed_at=then), then + timedelta(hours=23))
    assert wants_probe(replace(state, probed_at=then), then + timedelta(hours=24))
    weekly = rhythms.learn(rhythms.Rhythm(), NOW - timedelta(days=60), NOW, [NOW - timedelta(days=7)]).to_json()
    assert not wants_probe(replace(state, rhythm=weekly), then)
