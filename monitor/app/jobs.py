"""Jobs: what is due according to the store, run side by side. Nothing is queued in memory.

A job is a kind and an id. One that is under way is not started again; one that failed unexpectedly is logged here, with
its traceback, and left alone for a while, so that one bad job never stops the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor import urls
from monitor.app.pipeline import Pipeline
from monitor.app.store_thread import StoreThread
from monitor.articles import compose
from monitor.errors import StoreError
from monitor.model import Delivery, DeliveryState, FeedId, FeedState, WaitingEntry
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)

POLLS_AT_ONCE = 48
READS_AT_ONCE = 16
READS_PER_SITE = 2
LOOK_AHEAD = 500  # rows: enough to find work for other sites behind those of a slow one
PENALTY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Job:
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Due:
    """What the store says is due."""

    feeds: tuple[FeedState, ...]
    entries: tuple[WaitingEntry, ...]
    deliveries: tuple[Delivery, ...]


class Jobs:
    """Starts what is due and keeps track of what is under way."""

    def __init__(
        self,
        pipeline: Pipeline,
        store: StoreThread,
        sinks: Iterable[str],
        clock: Callable[[], datetime],
        *,
        wake: asyncio.Event,
        each_feed_once: bool = False,
    ) -> None:
        self._pipeline = pipeline
        self._store = store
        self._sinks = tuple(sinks)
        self._clock = clock
        self._wake = wake  # set when a job ends: something else may be due now
        self._each_feed_once = each_feed_once
        self._polled: set[FeedId] = set()
        self._running: dict[Job, asyncio.Task[None]] = {}
        self._sites: Counter[str] = Counter()
        self._resting: dict[Job, datetime] = {}

    @property
    def under_way(self) -> int:
        return len(self._running)

    async def start_due(self) -> None:
        """Start every due job that is not under way, within the limits."""
        due = await self._store.ask(self._due)
        self._resting = {job: until for job, until in self._resting.items() if until > self._clock()}
        for state in due.feeds:
            if self._count("poll") < POLLS_AT_ONCE and not self._is_done_with(state.feed_id):
                self._start(Job("poll", state.feed_id), self._pipeline.poll, state)
        for waiting in due.entries:
            site = urls.origin(waiting.entry.url) if waiting.entry.url else ""
            if self._count("read") < READS_AT_ONCE and self._sites[site] < READS_PER_SITE:
                # Keyed by the article: two feeds that show it at once must not fetch its page twice.
                self._start(Job("read", compose.article_id(waiting.entry)), self._pipeline.read, waiting, site)
        for delivery in due.deliveries:
            self._start(Job("deliver", f"{delivery.sink} {delivery.target}"), self._pipeline.deliver, delivery)

    @property
    def resting(self) -> bool:
        """Whether a job failed unexpectedly a short while ago."""
        return bool(self._resting)

    async def finish(self, limit: timedelta) -> None:
        """End what is under way. The store knows of it: polls and reads are cut short and done again later.

        A message that is being sent is waited for, so that it need not be looked up.
        """
        sending = [task for job, task in self._running.items() if job.kind == "deliver"]
        for job, task in self._running.items():
            if job.kind != "deliver":
                task.cancel()
        tasks = list(self._running.values())
        if sending:
            await asyncio.wait(sending, timeout=limit.total_seconds())
        for task in sending:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _due(self, store: Store) -> Due:
        now = self._clock()
        return Due(
            feeds=store.feeds.due(now, LOOK_AHEAD),
            entries=store.feeds.waiting(now, LOOK_AHEAD),
            deliveries=store.deliveries.due(now, self._sinks),
        )

    def _is_done_with(self, feed: FeedId) -> bool:
        return self._each_feed_once and feed in self._polled

    def _count(self, kind: str) -> int:
        return sum(1 for job in self._running if job.kind == kind)

    def _start(
        self,
        job: Job,
        step: Callable[[Any], Coroutine[Any, Any, None]],
        subject: object,
        site: str | None = None,
    ) -> None:
        if job in self._running or job in self._resting:
            return
        if isinstance(subject, FeedState):
            self._polled.add(subject.feed_id)
        if site is not None:
            self._sites[site] += 1
        self._running[job] = asyncio.create_task(self._run(job, step, subject, site), name=f"{job.kind} {job.id}")

    async def _run(
        self, job: Job, step: Callable[[Any], Coroutine[Any, Any, None]], subject: object, site: str | None
    ) -> None:
        try:
            await step(subject)
        except StoreError as e:
            log.error("job not done, it stays due", extra={"job": job.kind, "id": job.id, "why": str(e)})
            self._resting[job] = self._clock() + PENALTY
        except Exception:
            log.exception("job failed unexpectedly", extra={"job": job.kind, "id": job.id})
            self._resting[job] = self._clock() + PENALTY
        finally:
            del self._running[job]
            if site is not None:
                self._sites[site] -= 1
            self._wake.set()


def is_stuck(delivery: Delivery, now: datetime, patience: timedelta) -> bool:
    """It cannot go out soon: somebody must act, or the sink asked for a long wait."""
    return delivery.state is DeliveryState.BLOCKED or delivery.next_attempt_at - now > patience
