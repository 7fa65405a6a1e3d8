"""When an article that somebody was told of is looked at again. Pure arithmetic on what the last look brought.

What a single look may have found by accident (a page that is not there, a headline that only some readers are shown)
is told if a second look, minutes later, finds it too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from monitor.model import ArticleId, Watch

LOOKS: Final = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24), timedelta(hours=72))  # since first read
SECOND_LOOK: Final = timedelta(minutes=10)
RETRIES: Final = (timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=2))  # of a page that cannot be had


def begin(article: ArticleId, *, first_read_at: datetime, now: datetime) -> Watch:
    return _next(Watch(article, first_read_at, -1, None), now)


def done(watch: Watch, now: datetime) -> Watch:
    """After a look that settled everything: the next one that is still to come. Those that were missed are left out."""
    return replace(_next(watch, now), doubt=None)


def doubted(watch: Watch, now: datetime, doubt: str) -> Watch:
    """After a look that found what another one must find too; who doubts for the second time has time."""
    again = _next(watch, now) if watch.doubt else replace(watch, next_look_at=now + SECOND_LOOK)
    return replace(again, doubt=doubt)


def failed(watch: Watch, now: datetime, *, may_pass: bool, wait: timedelta = timedelta(0)) -> Watch:
    """After a page that could not be had. `wait`: how long its server wants to be left alone."""
    later = _next(watch, now)
    if not may_pass or watch.attempts >= len(RETRIES):
        return later
    again = now + max(RETRIES[watch.attempts], wait)
    if later.next_look_at is not None and later.next_look_at <= again:
        return later
    return replace(watch, next_look_at=again, attempts=watch.attempts + 1)


def _next(watch: Watch, now: datetime) -> Watch:
    """A look that was due while the program was down is made up for by the next one, except the first."""
    for number in range(watch.look + 1, len(LOOKS)):
        due = watch.first_read_at + LOOKS[number]
        if due > now:
            return replace(watch, look=number, next_look_at=due, attempts=0)
    return replace(watch, next_look_at=None, attempts=0)
