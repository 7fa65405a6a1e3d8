"""When to look at a feed again. Pure arithmetic on what the server said.

Jitter only ever lengthens a wait: a minute too early is rude, a minute too late is not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.errors import FetchError, ParseError
from monitor.ids import digest
from monitor.model import EntryId, Feed, FeedId, FeedState, Fetched, NotModified

# A server's promise of freshness is believed this far: some promise years and publish hourly all the same.
MAX_FRESH = timedelta(hours=1)
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)
# 410 is meant for good (RFC 9110 section 15.5.11), yet some servers say it for an hour.
GONE = 410
GONE_AFTER = timedelta(hours=24)
GONE_PROBE = timedelta(days=30)
# "Too many requests", without a word on when to come back.
TOO_OFTEN = 429
FIRST_TOO_OFTEN = timedelta(hours=1)
LONGEST_TOO_OFTEN = timedelta(hours=24)
MAX_JITTER = timedelta(minutes=1)
JITTER_SHARE = 0.05  # of the wait
LEAST_SHOWN = 3  # entries that make a missing overlap tell something


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often feeds are looked at when nobody says otherwise, and the limits of what anybody may say."""

    usual: timedelta = timedelta(minutes=10)
    least: timedelta = timedelta(seconds=1)  # whoever wants a minute, or seconds on a server of their own, gets it
    most: timedelta = timedelta(hours=24)


def after_success(
    feed: Feed,
    state: FeedState,
    outcome: Fetched | NotModified,
    now: datetime,
    bounds: Bounds,
    *,
    body_hash: str | None,
) -> FeedState:
    """The state after an answer that could be used. `body_hash` is that of the last document read."""
    etag, last_modified = _validators(state, outcome)
    return replace(
        state,
        next_poll_at=now + _with_jitter(feed.id, _wait(feed, outcome.fresh_for, bounds)),
        etag=etag,
        last_modified=last_modified,
        body_hash=body_hash,
        last_poll_at=now,
        last_success_at=now,
        failures=0,
        error=None,
        gone_since=None,
    )


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


def overlap(shown: Sequence[EntryId], known: Collection[EntryId]) -> int:
    """How many of the entries shown were known before. None: the feed may have run past us."""
    return sum(entry in known for entry in shown)


def ran_past_us(*, before: int, fresh: int, overlap: int) -> bool:
    """Whether entries may have come and gone unseen: two looks that have nothing in common.

    `before`: entries shown at the earlier look. A feed that showed next to nothing then has nothing to overlap with.
    """
    return before >= LEAST_SHOWN and fresh > 0 and overlap == 0


def _validators(state: FeedState, outcome: Fetched | NotModified) -> tuple[str | None, str | None]:
    """A document brings its validators, or has none; a 304 keeps those that it does not re-state."""
    if isinstance(outcome, Fetched):
        return outcome.etag, outcome.last_modified
    return outcome.etag or state.etag, outcome.last_modified or state.last_modified


def _wait(feed: Feed, fresh_for: timedelta | None, bounds: Bounds) -> timedelta:
    return max(_asked(feed, bounds), min(fresh_for or timedelta(), MAX_FRESH))


def _asked(feed: Feed, bounds: Bounds) -> timedelta:
    return max(min(feed.every or bounds.usual, bounds.most), bounds.least)


def _retry_wait(
    feed: Feed, failures: int, error: FetchError | ParseError, bounds: Bounds, *, gone_for: timedelta | None
) -> timedelta:
    if isinstance(error, FetchError) and error.retry_after is not None:
        return error.retry_after
    if gone_for is not None:
        return _with_jitter(feed.id, GONE_PROBE if gone_for >= GONE_AFTER else GONE_AFTER)
    if isinstance(error, FetchError) and error.status == TOO_OFTEN:
        return _with_jitter(feed.id, min(FIRST_TOO_OFTEN * 2 ** min(failures, 20), LONGEST_TOO_OFTEN))
    first = min(FIRST_RETRY, _asked(feed, bounds))
    doubled = first * 2 ** min(failures, 20)
    return _with_jitter(feed.id, min(doubled, LONGEST_RETRY, bounds.most))


def _with_jitter(feed: FeedId, wait: timedelta) -> timedelta:
    """The share is the feed's own, so that feeds added together drift apart and a state can be foretold."""
    share = int(digest("jitter", feed)[:8], 16) / 0xFFFFFFFF
    return wait + share * min(MAX_JITTER, JITTER_SHARE * wait)
