"""How a feed is, in one word and one sentence for a person. Pure.

A feed that is well and silent is a different thing from one that fails, and one behind a wall is not dead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.feeds.cadence import is_gone
from monitor.feeds.rhythm import Rhythm, silence_probability
from monitor.model import FeedState
from monitor.spans import spoken

IMPLAUSIBLE = 0.001  # the probability below which silence is worth a word
LEAST_SILENCE = timedelta(hours=24)
RECENT_GAP = timedelta(days=7)
GIVEN_UP = timedelta(days=7)  # after so long a page that is not there is not coming back

# Before that a failure is nothing to tell anybody of.
FAILURES_ALLOWED, PASSING = 3, timedelta(hours=1)
REFUSALS_ALLOWED = 2  # by a wall, which is asked again after hours only

# What is remembered of a failure is its sentence; test_feeds_health.py holds these to what fetch and parse say.
_WALL = re.compile(r"\(403\)|challenge page|lets only browsers in|asks for consent")
_WEB_PAGE = re.compile(r"^this is a web page")
_NOT_THERE = re.compile(r"\(404\)")


class Health(StrEnum):
    """From the worst on; the first that holds is told."""

    GONE = "gone"
    WALLED = "walled"
    FAILING = "failing"
    MOVED = "moved"
    NEW = "new"
    GAP = "gap"
    QUIET = "quiet"
    OK = "ok"


TROUBLES = frozenset({Health.GONE, Health.WALLED, Health.FAILING, Health.QUIET})


@dataclass(frozen=True, slots=True)
class Condition:
    health: Health
    sentence: str


def health(
    state: FeedState,
    *,
    now: datetime,
    last_gap_at: datetime | None = None,
) -> Condition:
    """The worst that is to be said of a feed."""
    if state.error is not None and state.failures:
        return _failing(state, state.error, now)
    if state.address is not None:
        return Condition(
            Health.MOVED, f"it is read where it moved to for good: {state.address}; write that into feeds.yaml"
        )
    if state.last_success_at is None:
        return Condition(Health.NEW, "it was not looked at yet")
    if last_gap_at is not None and now - last_gap_at < RECENT_GAP:
        ago = spoken(now - last_gap_at)
        return Condition(Health.GAP, f"entries may have been missed {ago} ago: two looks had nothing in common")
    silent_since = state.last_new_at or state.known_since or state.last_success_at
    silent_for = now - silent_since
    if silent_for >= LEAST_SILENCE and _probability(state, silent_since, now) < IMPLAUSIBLE:
        return Condition(Health.QUIET, f"nothing new for {spoken(silent_for)}, which is not like it")
    return Condition(Health.OK, "it works")


def worth_telling(state: FeedState, condition: Condition, now: datetime) -> bool:
    """Whether operators should hear of it: trouble that does not pass by itself within a while."""
    if condition.health in (Health.GONE, Health.QUIET):
        return True
    unread_for = now - (state.last_success_at or state.last_poll_at or now)
    lasting = unread_for >= PASSING or state.last_success_at is None
    allowed = REFUSALS_ALLOWED if condition.health is Health.WALLED else FAILURES_ALLOWED
    return condition.health in TROUBLES and state.failures >= allowed and lasting


def _failing(state: FeedState, error: str, now: datetime) -> Condition:
    since = f"last read {spoken(now - state.last_success_at)} ago" if state.last_success_at else "never read so far"
    times = "once" if state.failures == 1 else f"{state.failures} times running"
    told = f"{error}; {times}, {since}"
    if is_gone(state, now) or (_NOT_THERE.search(error) and _unread_for(state, now) >= GIVEN_UP):
        return Condition(Health.GONE, told)
    # A page where there never was a feed is a wrong address; where there was one, something stands before it.
    if _WALL.search(error) or (_WEB_PAGE.search(error) and state.known_since is not None):
        return Condition(Health.WALLED, told)
    return Condition(Health.FAILING, told)


def _probability(state: FeedState, silent_since: datetime, now: datetime) -> float:
    return silence_probability(Rhythm.from_json(state.rhythm), silent_since, now)


def _unread_for(state: FeedState, now: datetime) -> timedelta:
    return now - state.last_success_at if state.last_success_at else timedelta()
