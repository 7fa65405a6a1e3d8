"""Jobs: what is due according to the store, run side by side. Nothing is queued in memory.

A job is a kind and an id; what it works on it asks of the store itself. One that is under way is not started again. One
that failed unexpectedly is logged here, with its traceback, and put off in the store, so that one bad job never stops
the others and is not tried every second.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor import urls
from monitor.app.healing import Healing
from monitor.app.pipeline import Pipeline
from monitor.app.poller import PRICE_EVERY
from monitor.app.store_thread import StoreThread
from monitor.articles import compose
from monitor.errors import StoreError
from monitor.model import (
    DeliveryState,
    DueDelivery,
    DueEdit,
    DueEntry,
    DueLook,
    FeedId,
    FeedState,
    Gap,
    HoldGroup,
    Mute,
    Subscription,
)
from monitor.store.sqlite.feed_rows import OF_EACH_HOST
from monitor.store.sqlite.store import Store

if TYPE_CHECKING:
    from monitor.app.push import Push

log = logging.getLogger(__name__)

GATHER = timedelta(seconds=20)  # what is noticed together is told together
LOOK_AHEAD = 500  # rows: enough to find work for other sites behind those of a slow one
REST = timedelta(minutes=1)  # after a fault of our own
STORE_REST = timedelta(seconds=10)  # a full disk, a locked database
ASK_PAUSE = 20  # times as long as the last asking took: a long backlog is not counted over and over
LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.02, 2.0  # the answer may have waited behind a locked database
ASK_EVERY_SECONDS = 1.0
UPKEEP = ("budget", "prune", "index", "drop")  # kinds of jobs that nobody waits for

# `run --once` waits this long for a page to be tried again or a sink that asked for patience.
PAGE_PATIENCE = timedelta(seconds=15)
SINK_PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Job:
    """Jobs of the same kind and id are the same job."""

    # poll | try | read | history | watch | release | deliver | edit | prune | heal | subscribe | report | budget |
    # index | drop
    kind: str
    id: str
    site: str = field(compare=False)  # the host that it will be busy with
    work: Callable[[], Awaitable[bool]] = field(compare=False, repr=False)  # whether it made something due
    put_off: Callable[[str], Awaitable[None]] = field(compare=False, repr=False)


class Lane:
    """The due jobs of one kind: each site's in a row of its own, and few of a site at once, so that none takes all."""

    def __init__(self, *, at_once: int, per_site: int, told_of: int = 1) -> None:
        self._at_once = at_once
        self._per_site = per_site
        self._told_of = told_of  # jobs of a site at most that the store names at once
        self._is_cut = False  # the store may know of more
        self._rows: dict[str, deque[Job]] = {}
        self._open: deque[str] = deque()  # sites that have a job in their row, and a place
        self._queued = 0
        self._busy: Counter[str] = Counter()

    def put(self, jobs: Iterable[Job]) -> None:
        """In place of what was there."""
        self._rows, self._queued = {}, 0
        for job in jobs:
            self._rows.setdefault(job.site, deque()).append(job)
            self._queued += 1
        self._open = deque(site for site in self._rows if self._busy[site] < self._per_site)
        self._is_cut = self._queued + self._busy.total() >= LOOK_AHEAD or any(
            len(row) + self._busy[site] >= self._told_of for site, row in self._rows.items()
        )

    def take(self) -> Job | None:
        """The next job that has a place; the place is its until it is `done`."""
        if not self._open or self._busy.total() >= self._at_once:
            return None
        site = self._open.popleft()
        row = self._rows[site]
        job = row.popleft()
        self._queued -= 1
        self._busy[site] += 1
        if row and self._busy[site] < self._per_site:
            self._open.append(site)
        return job

    @property
    def wants_more(self) -> bool:
        """Whether nothing waits, not even for a place at its site, and the store may know of more."""
        return self._is_cut and not self._queued

    def done(self, job: Job) -> None:
        self._busy[job.site] -= 1
        if not self._busy[job.site]:
            del self._busy[job.site]
        if self._rows.get(job.site) and job.site not in self._open:
            self._open.append(job.site)


class Jobs:
    """Starts what is due and keeps track of what is under way."""

    def __init__(
        self,
        pipeline: Pipeline,
        healing: Healing,
        push: Push | None,
        store: StoreThread,
        sinks: Iterable[str],
        clock: Callable[[], datetime],
        *,
        wake: asyncio.Event,
        each_feed_once: bool = False,
    ) -> None:
        self._pipeline = pipeline
        self._healing = healing
        self._push = push
        self._store = store
        self._sinks = frozenset(sinks)
        self._clock = clock
        self._wake = wake  # set when there may be something to start
        self._each_feed_once = each_feed_once
        self._polled: set[FeedId] = set()
        self._lanes = {
            # Most of these wait to be stored together; the requests themselves are bounded by the gate of `http`.
            "poll": Lane(at_once=128, per_site=8, told_of=OF_EACH_HOST),
            # So that hosts that never answer take nobody else's place.
            "try": Lane(at_once=128, per_site=1, told_of=OF_EACH_HOST),
            "read": Lane(at_once=16, per_site=2),
            "history": Lane(at_once=1, per_site=1),
            "watch": Lane(at_once=4, per_site=1),
            "release": Lane(at_once=1, per_site=1),
            "deliver": Lane(at_once=1_000, per_site=1),
            "edit": Lane(at_once=10, per_site=1),
            "heal": Lane(at_once=4, per_site=1),
            "subscribe": Lane(at_once=4, per_site=1),
            "report": Lane(at_once=1, per_site=1),
            "budget": Lane(at_once=1, per_site=1),
            "prune": Lane(at_once=1, per_site=1),
            "drop": Lane(at_once=1, per_site=1),
            "index": Lane(at_once=1, per_site=1),
        }
        self._running: dict[Job, asyncio.Task[None]] = {}
        self._resting: dict[Job, float] = {}  # until when, on the loop's clock
        self._is_stale = True  # what the lanes hold may not be all that is due
        self._asked_at = 0.0  # on the loop's clock
        self._next_ask = 0.0
        self._upkeep_at: datetime | None = None
        self.faults: list[str] = []  # jobs that failed unexpectedly, in words

    @property
    def under_way(self) -> int:
        return len(self._running)

    async def start_due(self) -> None:
        """Start every due job that is not under way, within the limits. Raises StoreError."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        if self._is_stale or started - self._asked_at >= ASK_EVERY_SECONDS:
            if started < self._next_ask:
                loop.call_at(self._next_ask, self._wake.set)
            else:
                await self._refill()
                self._asked_at, took = started, loop.time() - started
                pause = min(max(LEAST_PAUSE_SECONDS, ASK_PAUSE * took), MOST_PAUSE_SECONDS)
                self._next_ask = loop.time() + pause
        for lane in self._lanes.values():
            while job := lane.take():
                self._start(job)
                self._is_stale |= lane.wants_more

    async def something_comes(self) -> bool:
        """Whether anything is to be done so soon that a single sweep should wait for it. Raises StoreError."""
        coming = await self._store.ask(lambda store: list(self._coming(store, self._clock())))
        self._wake_the_rested()
        return any(job not in self._resting for job in coming)

    def _coming(self, store: Store, now: datetime) -> Iterator[Job]:
        yield from (job for job in self._found(store, now) if job.kind not in UPKEEP)
        for entry in store.feeds.waiting(now + PAGE_PATIENCE, LOOK_AHEAD):
            yield self._read(entry)
        for head in store.deliveries.heads():
            if head.sink in self._sinks and not is_stuck(head, now):
                yield self._deliver(head)

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

    # ---- what is due ----

    async def _refill(self) -> None:
        self._is_stale = False
        found, soon = await self._store.ask(lambda store: self._due(store, self._clock()))
        if soon is not None:
            asyncio.get_running_loop().call_later(soon.total_seconds(), self._look_again)
        self._wake_the_rested()
        # What was under way while the store looked may have ended since; if it is still due, it is found again.
        due = [job for job in found if job not in self._running and job not in self._resting]
        for kind, lane in self._lanes.items():
            lane.put(job for job in due if job.kind == kind)

    def _look_again(self) -> None:
        self._is_stale = True
        self._wake.set()

    def _due(self, store: Store, now: datetime) -> tuple[list[Job], timedelta | None]:
        """What is due, and how soon the next delivery is if that is sooner than one would look again."""
        waits = [head.next_attempt_at - now for head in store.deliveries.heads() if head.sink in self._sinks]
        soon = [wait for wait in waits if timedelta(0) < wait <= timedelta(seconds=2 * ASK_EVERY_SECONDS)]
        return list(self._found(store, now)), min(soon, default=None)

    def _found(self, store: Store, now: datetime) -> Iterator[Job]:
        for delivery in store.deliveries.heads():
            if delivery.next_attempt_at <= now and delivery.sink in self._sinks:
                yield self._deliver(delivery)
        for group in store.holds.due_groups(now):
            yield self._release(group)
        for mute in store.mutes.over(now):
            yield self._close(mute)
        for edit in store.deliveries.due_edits(now, LOOK_AHEAD, self._sinks):
            yield self._edit(edit)
        for state in store.feeds.due(now, LOOK_AHEAD):
            if state.feed_id not in self._polled or not self._each_feed_once:
                yield self._poll(state)
        reads = [self._read(entry) for entry in store.feeds.waiting(now, LOOK_AHEAD)]
        yield from reads
        if store.feeds.has_history(now):
            yield Job("history", "stories", "stories", self._pipeline.history.place, _nothing)
        news = {read.site for read in reads}  # comes first
        for look in store.watches.due(now, LOOK_AHEAD):
            if urls.origin(look.url) not in news:
                yield self._watch(look)
        for gap in store.feeds.untried_gaps():
            yield self._heal(gap)
        if self._push and self._push.is_open:
            for subscription in store.subscriptions.due(now, LOOK_AHEAD):
                yield self._subscribe(self._push, subscription)
        since = store.notices.untold_since()
        if since is not None and (self._each_feed_once or is_to_be_told(since, now)):
            yield Job("report", "operations", "operations", self._pipeline.alerter.report, _nothing)
        if store.search.is_behind():
            yield Job("index", "archive", "archive", self._pipeline.upkeep.index, _nothing)
        if self._pipeline.upkeep.wants_drop(now):
            yield Job("drop", "old", "old", self._pipeline.upkeep.drop, _nothing)
        if self._upkeep_at is None or now - self._upkeep_at >= PRICE_EVERY:
            self._upkeep_at = now
            yield Job("budget", "requests", "requests", self._pipeline.poller.budget, _nothing)
            yield Job("prune", "pages", "pages", self._pipeline.upkeep.prune, _nothing)

    def _poll(self, state: FeedState) -> Job:
        is_doubtful = state.last_success_at is None or state.failures > 0
        return Job(
            "try" if is_doubtful else "poll",
            state.feed_id,
            self._pipeline.poller.host_of(state.feed_id),
            lambda: self._pipeline.poller.poll(state),
            lambda why: self._pipeline.poller.put_off(state, why),
        )

    def _heal(self, gap: Gap) -> Job:
        return Job(
            "heal",
            gap.id,
            self._pipeline.poller.host_of(gap.feed_id),
            lambda: self._healing.heal(gap),
            lambda why: self._healing.give_up(gap, why),
        )

    def _subscribe(self, push: Push, subscription: Subscription) -> Job:
        return Job(
            "subscribe",
            subscription.feed_id,
            urls.origin(subscription.hub),
            lambda: push.subscribe(subscription),
            lambda why: push.failed(subscription.feed_id, why),
        )

    def _read(self, entry: DueEntry) -> Job:
        return Job(
            "read",
            compose.article_id(entry),  # two feeds that show an article at once must not fetch its page twice
            urls.origin(entry.url) if entry.url else entry.id,
            lambda: self._pipeline.reader.read(entry.id),
            lambda why: self._pipeline.reader.put_off(entry.id, why),
        )

    def _watch(self, look: DueLook) -> Job:
        return Job(
            "watch",
            look.article_id,
            urls.origin(look.url),
            lambda: self._pipeline.watcher.look(look.article_id),
            lambda why: self._pipeline.watcher.put_off(look.article_id, why),
        )

    def _release(self, group: HoldGroup) -> Job:
        id_ = f"{group.cause} {group.mute_id or '-'} {group.sink} {group.target}"
        return Job("release", id_, id_, lambda: self._pipeline.releaser.release(group), _nothing)

    def _close(self, mute: Mute) -> Job:
        return Job("release", mute.id, mute.id, lambda: self._pipeline.releaser.close(mute.id), _nothing)

    def _deliver(self, head: DueDelivery) -> Job:
        target = f"{head.sink} {head.target}"
        return Job(
            "deliver",
            target,
            target,
            lambda: self._pipeline.deliverer.deliver(head.id),
            lambda why: self._pipeline.deliverer.put_off(head.id, why),
        )

    def _edit(self, edit: DueEdit) -> Job:
        return Job(
            "edit",
            edit.id,
            edit.sink,
            lambda: self._pipeline.deliverer.edit(edit.id),
            lambda why: self._pipeline.deliverer.edit_failed(edit.id, why),
        )

    # ---- what is under way ----

    def _start(self, job: Job) -> None:
        if job in self._running:  # two entries of one article
            self._lanes[job.kind].done(job)
            return
        if job.kind in ("poll", "try"):
            self._polled.add(FeedId(job.id))
        self._running[job] = asyncio.create_task(self._run(job), name=f"{job.kind} {job.id}")

    async def _run(self, job: Job) -> None:
        try:
            self._is_stale |= await job.work()
        except StoreError as e:
            log.error("job not done, it stays due", extra={"job": job.kind, "id": job.id, "why": str(e)})
            self._rest(job, STORE_REST, str(e))
        except Exception as e:
            log.exception("job failed unexpectedly", extra={"job": job.kind, "id": job.id})
            why = f"{type(e).__name__}: {e}"
            self._rest(job, REST, why)
            await self._put_off(job, why)
        finally:
            del self._running[job]
            self._lanes[job.kind].done(job)
            self._wake.set()

    async def _put_off(self, job: Job, why: str) -> None:
        try:
            await job.put_off(f"an unexpected error ({why}); the log has its traceback")
        except Exception:
            log.exception("job cannot be put off, it stays due", extra={"job": job.kind, "id": job.id})

    def _rest(self, job: Job, rest: timedelta, why: str) -> None:
        self.faults.append(f"{job.kind} {job.id}: {why}")
        self._resting[job] = asyncio.get_running_loop().time() + rest.total_seconds()

    def _wake_the_rested(self) -> None:
        now = asyncio.get_running_loop().time()
        self._resting = {job: until for job, until in self._resting.items() if until > now}


async def _nothing(_why: str) -> None:
    """There is nothing to put off."""


def is_to_be_told(since: datetime, now: datetime) -> bool:
    """Whether notices were gathered for long enough. One of the future was written before the clock was set back."""
    return not timedelta(0) <= now - since < GATHER


def is_stuck(head: DueDelivery, now: datetime) -> bool:
    """It cannot go out soon: somebody must act, or the sink asked for a long wait."""
    return head.state is DeliveryState.BLOCKED or head.next_attempt_at - now > SINK_PATIENCE
