"""Where a feed lives: a move is believed once it was seen often enough, and taken back when it leads nowhere.

A server that says 301 by mistake, or a domain that is parked for a day, must not take a feed away. So the redirect has
to be seen several times over a day, and lead to the same feed each time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import FeedState, Fetched, NotModified

TIMES = 3
OVER = timedelta(hours=24)
FAILURES_ALLOWED = 3  # at the new address, before the old one is asked again


def after_answer(state: FeedState, outcome: Fetched | NotModified, now: datetime, *, same_feed: bool) -> FeedState:
    """`same_feed`: what was found there is this feed, not another one: it shows an entry that was known before."""
    if not outcome.moved:
        if state.moving_to is None:
            return state
        return replace(state, moving_to=None, moving_since=None, moving_times=0)
    if not same_feed:
        return state
    if state.moving_to != outcome.url:
        return replace(state, moving_to=outcome.url, moving_since=now, moving_times=1)
    seen = replace(state, moving_times=state.moving_times + 1)
    if seen.moving_times < TIMES or state.moving_since is None or now - state.moving_since < OVER:
        return seen
    return replace(seen, address=outcome.url, moving_to=None, moving_since=None, moving_times=0)


def after_failure(state: FeedState) -> FeedState:
    """`state` counts the failure already."""
    if state.address is None or state.failures < FAILURES_ALLOWED:
        return state
    return replace(state, address=None, etag=None, last_modified=None)
