"""The service in numbers, for Prometheus; the only file that knows its client.

Most of them are read from the database when somebody asks, so that what is counted is what is stored. Labels take few
values: never an address, a title or a rule.
"""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from monitor.app.attendants import View
from monitor.app.vitals import troubles
from monitor.feeds.health import Health, health
from monitor.model import DeliveryState, Fate, FeedId
from monitor.store.sqlite.flow_rows import STAGES, Flow, Mark
from monitor.store.sqlite.load_rows import Waiting
from monitor.store.sqlite.store import Store

_SECOND, _MINUTE, _HOUR = 1.0, 60.0, 3_600.0
_BUCKETS = (
    *(0.1 * _SECOND, 0.5 * _SECOND, _SECOND, 2 * _SECOND, 5 * _SECOND, 15 * _SECOND, 30 * _SECOND),
    *(_MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR, 3 * _HOUR, 12 * _HOUR, 48 * _HOUR),
)
_OUTCOMES = ("new", "unchanged", "not_modified", "failed")


@dataclass(frozen=True, slots=True)
class _Now:
    """What the store says at one moment."""

    flow: Flow
    unread: Waiting
    untold: Waiting
    unpolled: Waiting
    deliveries: dict[str, int]
    gaps: dict[str, int]
    notices: int
    unindexed: int
    feeds: Tally[Health]
    troubles: int


class Metrics:
    """Of one run: counters begin at nothing with it."""

    content_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._polls = self._counter("polls", "Looks at feeds.", "outcome", _OUTCOMES)
        self._alerts = self._counter("alerts", "Matches that got their fate.", "fate", tuple(Fate))
        self._entries = self._rising("entries", "Entries seen for the first time.")
        self._articles = self._rising("articles", "Articles read for the first time.")
        self._delays = Histogram(
            "news_monitor_delay_seconds",
            "How long each part of the way from a publisher to a reader took.",
            ["stage"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        for stage in STAGES:
            self._delays.labels(stage)
        self._feeds = self._gauge("feeds", "Feeds, by how they are.", "health")
        self._deliveries = self._gauge("deliveries", "Messages, by how far they are.", "state")
        self._gaps = self._gauge("gaps", "Times in which entries may have come and gone unseen.", "state")
        self._waiting = self._gauge("waiting", "What is due and not done.", "step")
        self._waits = self._gauge("waiting_seconds", "How long the oldest of it has been waiting.", "step")
        self._notices = self._gauge("open_notices", "What operators were told is wrong, and still is.")
        self._unindexed = self._gauge("unindexed_articles", "Articles that search cannot find yet.")
        self._troubles = self._gauge("troubles", "Reasons why news may not come through.")
        self._stuck = self._gauge("stuck_parts", "Parts of the process that make no progress.")
        self._lag = self._gauge("loop_lag_seconds", "The most that the event loop was late since the last scrape.")
        self._lost = self._rising("lost_worker_tasks", "Tasks whose worker process died or had to be killed.")
        self._judged = self._rising("judged_articles", "Texts that all rules were tried on.")
        self._judging = self._rising("judging_seconds", "What that took.")
        self._size = self._gauge("database_bytes", "Size of the database.", "file")
        self._mark: Mark | None = None
        self._read_off: dict[Counter, float] = {}

    async def text(self, view: View) -> bytes:
        """In Prometheus' text format. Raises StoreError."""
        now = view.clock()
        self._take_up(await view.store.ask(lambda store: self._asked(store, now, view.up_since)), now)
        judged = view.parts.pipeline.reader.judged
        self._raise(self._judged, judged.times)
        self._raise(self._judging, judged.seconds)
        self._raise(self._lost, view.workers.lost)
        self._stuck.set(len(view.pulse.stuck()))
        self._lag.set(view.pulse.take_lag())
        database = view.parts.config.database
        for file in (database, database.with_name(database.name + "-wal")):
            self._size.labels("wal" if file != database else "database").set(_bytes(file))
        return generate_latest(self.registry)

    def _asked(self, store: Store, now: datetime, up_since: datetime) -> _Now:
        mark = self._mark or store.flow.mark()
        return _Now(
            flow=store.flow.since(mark),
            unread=store.load.unread(now),
            untold=store.load.untold(),
            unpolled=store.load.unpolled(now),
            deliveries=store.load.deliveries(),
            gaps=store.load.gaps(),
            notices=sum(store.load.notices().values()),
            unindexed=store.search.waiting(),
            feeds=_by_health(store, now),
            troubles=len(troubles(store, now, up_since=up_since)),
        )

    def _take_up(self, found: _Now, now: datetime) -> None:
        self._mark = found.flow.until
        for outcome, count in found.flow.polls.items():
            self._polls.labels(outcome).inc(count)
        for fate, count in found.flow.fates.items():
            self._alerts.labels(fate).inc(count)
        self._entries.inc(found.flow.entries)
        self._articles.inc(found.flow.articles)
        for stage, delays in found.flow.delays.items():
            for delay in delays:
                self._delays.labels(stage).observe(delay)
        for word in Health:
            self._feeds.labels(word).set(found.feeds[word])
        for state in DeliveryState:
            self._deliveries.labels(state).set(found.deliveries.get(state, 0))
        for is_closed in ("open", "closed"):
            self._gaps.labels(is_closed).set(found.gaps.get(is_closed, 0))
        for step, waiting in (("poll", found.unpolled), ("read", found.unread), ("deliver", found.untold)):
            age = now - waiting.since if waiting.since else timedelta(0)
            self._waiting.labels(step).set(waiting.count)
            self._waits.labels(step).set(max(age.total_seconds(), 0.0))
        self._notices.set(found.notices)
        self._unindexed.set(found.unindexed)
        self._troubles.set(found.troubles)

    def _counter(self, name: str, words: str, label: str, values: tuple[str, ...]) -> Counter:
        """With every value from the start: a counter that is not there cannot be seen to rise."""
        counter = Counter(f"news_monitor_{name}", words, [label], registry=self.registry)
        for value in values:
            counter.labels(value)
        return counter

    def _rising(self, name: str, words: str) -> Counter:
        return Counter(f"news_monitor_{name}", words, registry=self.registry)

    def _raise(self, counter: Counter, value: float) -> None:
        """To what somebody else counts, who begins anew with each configuration."""
        before = self._read_off.get(counter, 0.0)
        counter.inc(value - before if value >= before else value)
        self._read_off[counter] = value

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"news_monitor_{name}", words, labels, registry=self.registry)


def _by_health(store: Store, now: datetime) -> Tally[Health]:
    gaps = store.load.last_gaps()
    return Tally(
        health(state, now=now, last_gap_at=gaps.get(FeedId(state.feed_id))).health for state in store.feeds.states()
    )


def _bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
