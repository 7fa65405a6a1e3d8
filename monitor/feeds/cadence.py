"""When to look at a feed again. Pure arithmetic on what the server said and on what the feed brought.

Jitter only ever lengthens a wait: a minute too early is rude, a minute too late is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.errors import FetchError, ParseError
from monitor.feeds import plan
from monitor.feeds import rhythm as rhythms
from monitor.feeds.rhythm import Rhythm
from monitor.ids import digest
from monitor.model import Feed, FeedHints, FeedId, FeedState, Fetched, NotModified

# Of whoever names an interval: a minute, or seconds on a server of their own.
LEAST_INTERVAL, LONGEST_INTERVAL = timedelta(seconds=1), timedelta(hours=24)
LEARN_EVERY = timedelta(hours=1)
# A server that sends all of a feed again because it knows no "not modified" pays for it, so less often is asked: a look
# costs as many times as much as the document has these bytes, within limits. Unpacked; about a fifth of them travel.
RESENT_BYTES, MOST_RESENT = 25_000, 4.0
PUSHED = 4  # times as long is waited for a feed whose news is pushed
# A server's promise of freshness is believed for an hour; for longer, if the feed brings nothing meanwhile: some
# promise years and publish hourly all the same.
CLOCK_SKEW = timedelta(minutes=10)  # between a publisher's clock and ours
PROBE_EVERY, ODD_SILENCE, LIAR_FOR = timedelta(hours=24), 0.01, timedelta(days=30)
MAX_FRESH, LONGEST_PROMISE = timedelta(hours=1), timedelta(hours=24)
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)
# 410 is meant for good (RFC 9110 section 15.5.11), yet some servers say it for an hour.
GONE = 410
GONE_AFTER = timedelta(hours=24)
GONE_PROBE = timedelta(days=30)
SKIPPED = 0.5  # entries, fading: one of the last two weeks in an hour or day that is said to bring none
WEEKEND = frozenset({5, 6})
LONGEST_SKIP = timedelta(days=2)  # a weekend: nothing is learnt of single working days that could contradict more
# "Too many requests", without a word on when to come back.
TOO_OFTEN = 429
FIRST_TOO_OFTEN = timedelta(hours=1)
LONGEST_TOO_OFTEN = timedelta(hours=24)
# A wall that wants a browser does not fall within minutes, and each knock may make it higher.
FIRST_WALLED = timedelta(hours=4)
LONGEST_WALLED = timedelta(hours=24)
MAX_JITTER = timedelta(minutes=1)
JITTER_SHARE = 0.05  # of the wait
LEAST_SHOWN = 3  # entries that make a missing overlap tell something


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often feeds are looked at, and the limits of it."""

    every: timedelta | None = None  # for feeds that name no interval; None: each by its own rhythm
    least: timedelta = timedelta(minutes=5)  # between two looks that follow a rhythm
    most: timedelta = timedelta(hours=2)
    budget: float = 96.0  # requests a feed and day, over all feeds that follow their rhythm


@dataclass(frozen=True, slots=True)
class Brought:
    """What a look brought, as far as the next one depends on it."""

    body_hash: str | None  # of the last document read
    shown: int  # entries in it
    hints: FeedHints | None = None  # what it says of itself
    published: tuple[datetime | None, ...] = ()  # dates of the entries that were new


def after_success(
    feed: Feed,
    state: FeedState,
    outcome: Fetched | NotModified,
    now: datetime,
    bounds: Bounds,
    brought: Brought,
    *,
    price: float = plan.START_PRICE,
    pushed: bool = False,
) -> FeedState:
    """The state after an answer that could be used. `price`: see `plan`.

    `pushed`: a hub tells us of news, so where the rhythm decides fewer looks will do.
    """
    slower = PUSHED if pushed else 1
    etag, last_modified = _validators(state, outcome)
    interval = _interval(feed, bounds)
    ttl = brought.hints.ttl if brought.hints else None
    promise = min(max(outcome.fresh_for or timedelta(), ttl or timedelta()), LONGEST_PROMISE)
    # Where the rhythm decides nothing it is learnt when something came, and otherwise now and then.
    decides = interval is None or promise > MAX_FRESH
    learns = bool(brought.published) or state.learnt_until is None or now - state.learnt_until >= LEARN_EVERY
    rhythm = _learnt(state, now, brought) if decides or learns else None
    if interval is None and rhythm is not None:
        wait = plan.next_wait(
            rhythm,
            now,
            price=price * _cost(outcome, brought) * slower**2,  # requests grow as the root of the price falls
            budget=bounds.budget / slower,
            least=bounds.least,
            most=bounds.most,
            window=brought.shown or None,
        )
    else:
        wait = interval or bounds.most
    if promise > MAX_FRESH and rhythm is not None and rhythms.expected(rhythm, now, now + promise) >= 1:
        promise = MAX_FRESH  # the feed itself contradicts it
    wait = max(wait, promise)
    due = now + _with_jitter(feed.id, wait)
    after = replace(
        state,
        next_poll_at=due,
        hints=brought.hints,
        rhythm=rhythm.to_json() if rhythm else state.rhythm,
        learnt_until=now if rhythm else state.learnt_until,
        shown=brought.shown,
        etag=etag,
        last_modified=last_modified,
        same_etag_times=_same_etag_times(state, outcome, brought),
        body_hash=brought.body_hash,
        last_poll_at=now,
        last_success_at=now,
        failures=0,
        error=None,
        gone_since=None,
    )
    return after if feed.every else _outside_skipped(after)


def _cost(outcome: Fetched | NotModified, brought: Brought) -> float:
    """Of a look, in looks that are answered with "not modified"."""
    if isinstance(outcome, NotModified) or brought.published:
        return 1.0
    return min(max(len(outcome.body) / RESENT_BYTES, 1.0), MOST_RESENT)


def after_failure(
    feed: Feed, state: FeedState, error: FetchError | ParseError, now: datetime, bounds: Bounds
) -> FeedState:
    """The state after an answer that could not be used, or none.

    The validators stay those of the last document read: a 304 for a page that is no feed looks like health.
    """
    says_gone = isinstance(error, FetchError) and error.status == GONE
    gone_since = (state.gone_since or now) if says_gone else None
    gone_for = None if gone_since is None else now - gone_since
    return replace(
        state,
        next_poll_at=now + _retry_wait(feed, state.failures, error, bounds, gone_for=gone_for),
        last_poll_at=now,
        failures=state.failures + 1,
        error=str(error),
        gone_since=gone_since,
    )


def is_gone(state: FeedState, now: datetime) -> bool:
    """Its server said so twice, a day apart."""
    return state.gone_since is not None and now - state.gone_since >= GONE_AFTER


def ran_past_us(*, before: int, fresh: int, overlap: int, complete: bool = False) -> bool:
    """Whether entries may have come and gone unseen: two looks that have nothing in common.

    `before`: entries shown at the earlier look. A feed that showed next to nothing then has nothing to overlap with.
    `complete`: it says that it shows all that there is (RFC 5005 section 2), so nothing else came.
    """
    return not complete and before >= LEAST_SHOWN and fresh > 0 and overlap == 0


def _same_etag_times(state: FeedState, outcome: Fetched | NotModified, brought: Brought) -> int:
    if isinstance(outcome, NotModified):
        return state.same_etag_times
    is_same = outcome.etag is not None and outcome.etag == state.etag and brought.body_hash == state.body_hash
    return state.same_etag_times + 1 if is_same else 0


def _validators(state: FeedState, outcome: Fetched | NotModified) -> tuple[str | None, str | None]:
    """A document brings its validators, or has none; a 304 keeps those that it does not re-state."""
    if isinstance(outcome, Fetched):
        return outcome.etag, outcome.last_modified
    return outcome.etag or state.etag, outcome.last_modified or state.last_modified


def wants_probe(state: FeedState, now: datetime) -> bool:
    """Whether a feed is so silent, for it, that its "not modified" may not be true. Some servers say so for ever."""
    since = max(filter(None, (state.last_new_at or state.known_since, state.probed_at)), default=now)
    if now - since < PROBE_EVERY or (state.last_new_at is None and state.known_since is None):
        return False
    silent_since = state.last_new_at or state.known_since or now
    return rhythms.silence_probability(Rhythm.from_json(state.rhythm), silent_since, now) < ODD_SILENCE


def was_lied_to(state: FeedState, published: Iterable[datetime | None]) -> bool:
    """Whether entries that a probe brought were there when the server last said that nothing had changed."""
    if state.last_poll_at is None or (state.etag is None and state.last_modified is None):
        return False
    return any(date is not None and date < state.last_poll_at - CLOCK_SKEW for date in published)


def _outside_skipped(state: FeedState) -> FeedState:
    """The next look in the first hour in which the feed says that it may bring something (RSS: skipHours, skipDays).

    One that says so of all hours, or of all days, is not believed, nor of those in which it did bring something, nor
    for longer than a weekend.
    """
    hints, due = state.hints, state.next_poll_at
    if hints is None or not (hints.skip_hours or hints.skip_days):
        return state
    rhythm = Rhythm.from_json(state.rhythm)
    hours = hints.skip_hours if len(hints.skip_hours) < 24 else frozenset()
    days = hints.skip_days if len(hints.skip_days) < 7 else frozenset()
    hours = frozenset(hour for hour in hours if rhythm.hours[hour] < SKIPPED)
    if days >= WEEKEND and rhythm.weekend >= SKIPPED:
        days -= WEEKEND
    latest = due + LONGEST_SKIP
    while due < latest and (due.hour in hours or due.weekday() in days):
        due = due.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return replace(state, next_poll_at=due)


def _interval(feed: Feed, bounds: Bounds) -> timedelta | None:
    """What the operator asks for; None leaves it to the feed's rhythm."""
    asked = feed.every or bounds.every
    return asked and max(min(asked, LONGEST_INTERVAL), LEAST_INTERVAL)


def _learnt(state: FeedState, now: datetime, brought: Brought) -> Rhythm:
    if state.learnt_until is None:
        return rhythms.first_look(brought.published, now)
    return rhythms.learn(Rhythm.from_json(state.rhythm), state.learnt_until, now, brought.published)


def _retry_wait(
    feed: Feed, failures: int, error: FetchError | ParseError, bounds: Bounds, *, gone_for: timedelta | None
) -> timedelta:
    if isinstance(error, FetchError) and error.retry_after is not None:
        return error.retry_after
    if gone_for is not None:
        return _with_jitter(feed.id, GONE_PROBE if gone_for >= GONE_AFTER else GONE_AFTER)
    if isinstance(error, FetchError) and error.status == TOO_OFTEN:
        return _with_jitter(feed.id, min(FIRST_TOO_OFTEN * 2 ** min(failures, 20), LONGEST_TOO_OFTEN))
    if isinstance(error, FetchError) and error.challenge:
        return _with_jitter(feed.id, min(FIRST_WALLED * 2 ** min(failures, 20), LONGEST_WALLED))
    first = min(FIRST_RETRY, _interval(feed, bounds) or bounds.least)
    doubled = first * 2 ** min(failures, 20)
    return _with_jitter(feed.id, min(doubled, LONGEST_RETRY))


def _with_jitter(feed: FeedId, wait: timedelta) -> timedelta:
    """The share is the feed's own, so that feeds added together drift apart and a state can be foretold."""
    share = int(digest("jitter", feed)[:8], 16) / 0xFFFFFFFF
    return wait + share * min(MAX_JITTER, JITTER_SHARE * wait)
