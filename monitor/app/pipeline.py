"""Poll, read, deliver: the whole flow on one page.

Each step may run twice or die half-way. What it found is written in one transaction, keyed by what things are, so a
repeated step finds its own work and changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor import ids, urls
from monitor.alerts import message, policy, retry
from monitor.alerts.sink import Sink
from monitor.app import pages
from monitor.app.store_thread import StoreThread
from monitor.app.workers import WorkerFailed, Workers
from monitor.articles import compose, judge
from monitor.articles.robots import Robots
from monitor.errors import ExtractError, FetchError, NewsMonitorError, ParseError
from monitor.feeds import cadence, health, identity, moves, plan
from monitor.feeds.fetch import fetch
from monitor.feeds.reading import read
from monitor.http import Http
from monitor.http_gate import host_of
from monitor.model import (
    Alert,
    Article,
    BodySource,
    Crashed,
    Decision,
    Delivery,
    DeliveryId,
    DeliveryState,
    Entry,
    EntryId,
    Fate,
    Feed,
    FeedDocument,
    FeedId,
    FeedState,
    Fetched,
    Notice,
    NotModified,
    Outcome,
    Placement,
    PollRecord,
    Unchanged,
    WaitingEntry,
)
from monitor.rules.match import decide
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store
from monitor.stories import cluster
from monitor.stories.features import shingles

log = logging.getLogger(__name__)

# A page that could not be had now is tried again; meanwhile the feed's own text has been matched.
PATIENCE = timedelta(seconds=12)  # since the entry was seen; a page that fails at once is often there a moment later
QUICK_RETRY = timedelta(seconds=3)
WALL_WAIT = timedelta(minutes=1)
PAGE_RETRIES = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
PRICE_EVERY, SPENT_OVER = timedelta(hours=1), timedelta(hours=24)
# An entry that our own program fails over.
FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Routes:
    """Where alerts go: the sink, and the target for rules that name none."""

    sink: str
    default_target: str
    by_rule: bool  # the console is one place, whatever channel a rule names
    operations: str | None = None  # the target for what operators must know; None: the log is enough

    def target(self, channel: str | None) -> str:
        """`channel`: the one that a rule names."""
        return (channel if self.by_rule else None) or self.default_target


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one entry brought, before it is written."""

    article: Article
    decisions: tuple[Decision, ...]
    try_again_at: datetime | None
    reason: str | None  # why the page was not used


class Pipeline:
    """The three steps, under one configuration."""

    def __init__(
        self,
        *,
        feeds: Sequence[Feed],
        rules: RuleSet,
        routes: Routes,
        bounds: cadence.Bounds,
        alert_last: timedelta,
        store: StoreThread,
        http: Http,
        robots: Robots | None,
        workers: Workers,
        sinks: Mapping[str, Sink],
        clock: Callable[[], datetime],
    ) -> None:
        self._feeds = {feed.id: feed for feed in feeds}
        self._rules = rules
        self._routes = routes
        self._bounds = bounds
        self._alert_last = alert_last
        self._store = store
        self._http = http
        self._robots = robots
        self._holds: Mapping[str, datetime] = {}
        self._workers = workers
        self._sinks = sinks
        self._clock = clock
        self._price = plan.start_price(bounds.budget)

    # ---- budget: what was spent -> what a request may cost ----

    async def budget(self) -> bool:
        """Lead the requests of all feeds to their budget."""
        self._price = await self._store.change(self._record_price)
        return False

    def _record_price(self, store: Store) -> float:
        now, known = self._clock(), store.feeds.price()
        price = known[0] if known else plan.start_price(self._bounds.budget)
        count = sum(feed.every is None for feed in self._feeds.values())
        if known and count and now - known[1] >= PRICE_EVERY and store.feeds.first_poll_before(now - SPENT_OVER):
            spent = store.feeds.requests_since(now - SPENT_OVER) / count / (SPENT_OVER / timedelta(days=1))
            price = plan.adjusted(price, spent=spent, budget=self._bounds.budget)
        if not known or price != known[0]:
            store.feeds.save_price(price, now)
        return price

    # ---- poll: a feed that is due -> the entries not seen before ----

    def host_of(self, feed: FeedId) -> str:
        return urls.origin(self._feeds[feed].url)

    async def poll(self, state: FeedState) -> bool:
        """Whether there is something to read now. So each step says if it made something due."""
        feed, started = self._feeds[state.feed_id], self._clock()
        held_until = self._http.holds().get(host_of(state.address or feed.url))
        if held_until is not None:  # another of its host's feeds or pages was told to wait
            await self._store.change(lambda store: store.feeds.save(replace(state, next_poll_at=held_until)))
            return False
        try:
            outcome = await fetch(feed, self._asked(state, started), self._http)
            look = await self._look(feed, state, outcome)
        except (FetchError, ParseError, WorkerFailed) as e:
            await self._poll_failed(feed, state, e, started)
            return False
        poll = await self._store.change(lambda store: self._record_poll(store, feed, state, outcome, look, started))
        return poll.new > 0

    def _asked(self, state: FeedState, now: datetime) -> FeedState:
        """The state that is asked with: without validators when "not modified" is not to be believed."""
        distrusted = (state.liar_until is not None and now < state.liar_until) or cadence.wants_probe(state, now)
        return replace(state, etag=None, last_modified=None) if distrusted else state

    async def poll_failed(self, state: FeedState, why: str) -> None:
        """Put off a feed that our own program failed over."""
        await self._poll_failed(self._feeds[state.feed_id], state, ParseError(why), self._clock())

    async def _poll_failed(self, feed: Feed, state: FeedState, error: NewsMonitorError, started: datetime) -> None:
        if not isinstance(error, FetchError | ParseError):
            error = ParseError(f"the feed could not be read: {error}")
        after = moves.after_failure(cadence.after_failure(feed, state, error, self._clock(), self._bounds))
        await self._store.change(lambda store: self._record_failure(store, feed, after, started))
        await self._keep_holds()
        log.warning("feed failed", extra={"feed": feed.name, "why": str(error), "next": after.next_poll_at})

    async def _look(
        self, feed: Feed, state: FeedState, outcome: Fetched | NotModified
    ) -> FeedDocument | Unchanged | None:
        """None when it is the document that was seen last."""
        if isinstance(outcome, NotModified) or outcome.body_hash == state.body_hash:
            return None
        memory = await self._store.ask(lambda store: store.feeds.prints(feed.id))
        return await read(outcome, memory or b"", feed_id=feed.id, now=self._clock(), run=self._workers.run)

    def _record_failure(self, store: Store, feed: Feed, after: FeedState, started: datetime) -> None:
        store.feeds.save(after)
        self._notice_health(store, feed, after)
        store.feeds.add_poll(PollRecord(after.feed_id, started, self._clock(), "failed", note=after.error))

    def _record_poll(
        self,
        store: Store,
        feed: Feed,
        state: FeedState,
        outcome: Fetched | NotModified,
        look: FeedDocument | Unchanged | None,
        started: datetime,
    ) -> PollRecord:
        now, probed = self._clock(), cadence.wants_probe(state, started)
        kind, size, body_hash = "not_modified", 0, state.body_hash
        if isinstance(outcome, Fetched):
            kind, size, body_hash = "unchanged", len(outcome.body), outcome.body_hash
        poll, fresh = PollRecord(feed.id, started, now, kind, bytes=size), tuple[Entry, ...]()
        if look is not None:
            poll, fresh = self._record_entries(store, state, look, poll)
            state = replace(
                state,
                known_since=state.known_since or now,
                last_new_at=now if fresh else state.last_new_at,
            )
        if probed:
            lied = cadence.was_lied_to(state, [entry.published_at for entry in fresh])
            state = replace(state, probed_at=now, liar_until=now + cadence.LIAR_FOR if lied else state.liar_until)
        brought = cadence.Brought(
            body_hash=body_hash,
            shown=poll.entries or state.shown,
            hints=look.hints if isinstance(look, FeedDocument) else state.hints,
            published=tuple(entry.published_at for entry in fresh),
        )
        after = cadence.after_success(feed, state, outcome, now, self._bounds, brought, price=self._price)
        after = moves.after_answer(after, outcome, now, same_feed=look is None or poll.overlap > 0)
        store.feeds.save(after)
        store.feeds.add_poll(poll)
        if after.address != state.address and after.address is not None:
            moved = f"Feed {feed.name} moved for good and is read at {after.address} now; write that into feeds.yaml."
            store.notices.add(Notice(feed.id, "moved", moved, is_event=True), now)
        self._notice_recovery(store, feed, state, fresh)
        self._notice_health(store, feed, after)
        return poll

    async def _keep_holds(self) -> None:
        """A restart is no way around what a host asked for."""
        holds = self._http.holds()
        if holds != self._holds:
            self._holds = holds
            await self._store.change(lambda store: store.feeds.save_holds(holds))

    async def take_up_holds(self) -> None:
        """What hosts asked for before the last restart."""
        now = self._clock()
        for host, until in (await self._store.ask(lambda store: store.feeds.holds(now))).items():
            self._http.hold(host, until)

    def _notice_health(self, store: Store, feed: Feed, state: FeedState) -> None:
        now = self._clock()
        condition = health.health(state, now=now)
        if health.worth_telling(state, condition, now):
            store.notices.end(feed.id, health.TROUBLES - {condition.health}, None, now)
            text = f"Feed {feed.name} is not covered ({condition.health}): {condition.sentence}"
            store.notices.add(Notice(feed.id, condition.health, text), now)

    def _notice_recovery(self, store: Store, feed: Feed, before: FeedState, fresh: Sequence[Entry]) -> None:
        if before.failures or fresh:
            store.notices.end(feed.id, health.TROUBLES, f"Feed {feed.name} is well again.", self._clock())

    def _record_entries(
        self, store: Store, state: FeedState, look: FeedDocument | Unchanged, poll: PollRecord
    ) -> tuple[PollRecord, tuple[Entry, ...]]:
        """The record of the look, and the entries that were not seen before."""
        if isinstance(look, Unchanged):
            return replace(poll, entries=look.shown, overlap=look.shown), ()
        known = store.feeds.known(poll.feed_id, *identity.keys(look.entries))
        fresh = identity.unseen(look.entries, known, standing=look.standing)
        store.feeds.learn_keys(look.entries)
        overlap = look.known + len(look.entries) - len(fresh)
        is_known = state.known_since is not None or bool(known)  # a feed at another address is known by its entries
        history = frozenset() if is_known else self._history(fresh, poll)
        store.feeds.add_entries(fresh, baseline=history, now=poll.finished_at)
        if cadence.ran_past_us(before=state.shown, fresh=len(fresh), overlap=overlap) and state.last_success_at:
            store.feeds.add_gap(
                poll.feed_id, from_at=state.last_success_at, to_at=poll.finished_at, now=poll.finished_at
            )
        store.feeds.save_prints(poll.feed_id, look.memory or None)
        record = replace(
            poll,
            outcome="new" if fresh else "unchanged",
            entries=look.shown,
            new=len(fresh),
            overlap=overlap,
            note=look.note,
        )
        return record, fresh

    def _history(self, entries: Sequence[Entry], poll: PollRecord) -> frozenset[EntryId]:
        """At the first look at a feed everything is history, but for the last hours if the operator asks for them.

        An undated entry may be of the last hours, so then it is not taken for history.
        """
        if not self._alert_last:
            return frozenset(entry.id for entry in entries)
        since = poll.finished_at - self._alert_last
        return frozenset(entry.id for entry in entries if entry.published_at is not None and entry.published_at < since)

    # ---- read: an entry -> article, decisions, story, alerts ----

    async def read(self, entry_id: EntryId) -> bool:
        waiting = await self._store.ask(lambda store: store.feeds.waiting_entry(entry_id))
        if waiting is None:
            return False
        entry = waiting.entry
        known = await self._store.ask(lambda store: store.stories.article(compose.article_id(entry)))
        if known is not None and not compose.is_about(entry, known):
            # A live page: each of its items has an address of its own that leads to the same page.
            apart = compose.apart(entry, self._clock())
            reason = "another item of a page that was read before"
            return await self._record(waiting, self._judged(apart, None, reason))
        if known is not None and known.body_source is BodySource.PAGE:
            await self._store.change(
                lambda store: store.feeds.finish_reading(entry, article_id=known.id, reason="read before")
            )
            return False
        reading = await self._reading(waiting)
        if reading is None:
            soon = self._clock() + QUICK_RETRY
            await self._store.change(
                lambda store: store.feeds.read_again(entry, soon, article_id=None, reason="the page failed once")
            )
            return False
        return await self._record(waiting, reading)

    async def read_failed(self, entry_id: EntryId, why: str) -> None:
        """Put off an entry that our own program failed over. It waits, longer each time, for as long as it takes."""
        waiting = await self._store.ask(lambda store: store.feeds.waiting_entry(entry_id))
        if waiting is None:
            return
        again = self._clock() + min(FIRST_REST * 2 ** min(waiting.attempts, 20), LONGEST_REST)
        await self._store.change(
            lambda store: store.feeds.read_again(waiting.entry, again, article_id=None, reason=why)
        )

    async def _reading(self, waiting: WaitingEntry) -> Reading | None:
        """None: the page failed in a way that may pass within seconds, and there is time to try it once more."""
        entry, now = waiting.entry, self._clock()
        article, reason, passing, wait = await self._article(waiting, now)
        fresh = self._clock() - waiting.first_seen_at < PATIENCE
        if passing and not wait and not waiting.attempts and fresh:
            return None
        again = None
        if passing and waiting.attempts < len(PAGE_RETRIES):
            again = now + max(PAGE_RETRIES[waiting.attempts], wait)
        if reason:
            log.info("page not read", extra={"url": entry.url, "why": reason, "again": again or "never"})
        return self._judged(article, again, reason)

    def _judged(self, article: Article, again: datetime | None, reason: str | None) -> Reading:
        return Reading(article, decide(self._rules, article.title, article.text), again, reason)

    async def _article(self, waiting: WaitingEntry, now: datetime) -> tuple[Article, str | None, bool, timedelta]:
        """The article; why it is not the page's, if it is not; whether that may pass; how long it takes at least."""
        entry = waiting.entry
        if entry.url is None:
            return compose.from_feed(entry, "the entry has no link", now), None, False, timedelta(0)
        if identity.is_forwarder(entry.url):
            why = "a forwarder's address is not resolved"
            return compose.from_feed(entry, why, now), why, False, timedelta(0)
        try:
            page = await pages.read(entry, entry.url, self._http, self._workers, now, self._robots)
            if page.quality == judge.FULL:
                return compose.from_page(entry, page.url, page.extract, now), None, False, timedelta(0)
        except FetchError as e:
            wait = e.retry_after or timedelta(0)
            return compose.from_feed(entry, str(e), now), str(e), not e.permanent, wait
        except (ExtractError, WorkerFailed) as e:
            # A page that killed its worker once may have been unlucky; one that has no text will have none later.
            passing = isinstance(e, WorkerFailed) and waiting.attempts == 0
            return compose.from_feed(entry, str(e), now), str(e), passing, timedelta(0)
        except Exception as e:
            # Whatever we fail over in a page, the feed's own words are there to be matched.
            log.exception("page failed unexpectedly", extra={"url": entry.url})
            why = f"an unexpected error over its page ({type(e).__name__})"
            return compose.from_feed(entry, why, now), why, waiting.attempts == 0, WALL_WAIT
        return compose.from_feed(entry, page.quality, now), page.quality, True, WALL_WAIT

    async def _record(self, waiting: WaitingEntry, reading: Reading) -> bool:
        alerts = await self._store.change(lambda store: self._record_reading(store, waiting, reading))
        await self._keep_holds()
        for alert in alerts:
            log.info(
                "match",
                extra={
                    "rule": alert.rule,
                    "fate": alert.fate,
                    "why": alert.reason,
                    "url": reading.article.url,
                },
            )
        return bool(alerts)

    def _record_reading(self, store: Store, waiting: WaitingEntry, reading: Reading) -> tuple[Alert, ...]:
        """The matches that got their fate now."""
        article, entry, now = reading.article, waiting.entry, self._clock()
        store.stories.save_article(article)
        store.stories.save_decisions(article.id, reading.decisions, now)
        decided = store.alerts.decided(article.id)
        matched = [
            decision
            for decision in reading.decisions
            if decision.outcome is Outcome.MATCHED and decision.rule not in decided
        ]
        if not matched and store.stories.placement(article.id) is not None:
            store.stories.reread(article, shingles(article.text))
        alerts: list[Alert] = []
        if matched:
            placement = self._place(store, article, now)
            alerts = self._decide_fates(store, waiting, article, placement, matched)
        if reading.try_again_at is None:
            store.feeds.finish_reading(entry, article_id=article.id, reason=reading.reason)
        else:
            store.feeds.read_again(
                entry,
                reading.try_again_at,
                article_id=article.id,
                reason=reading.reason or "to be read again",
            )
        return tuple(alerts)

    def _place(self, store: Store, article: Article, now: datetime) -> Placement:
        runs = shingles(article.text)
        placed = store.stories.placement(article.id)
        if placed is not None:
            store.stories.reread(article, runs)
            return placed
        similar = store.stories.resemblances(
            article, runs, least_shared=cluster.LEAST_SHARED, since=now - cluster.WINDOW
        )
        placement = cluster.place(article.id, len(runs), similar)
        store.stories.place(article, placement, runs, now)
        return placement

    def _decide_fates(
        self,
        store: Store,
        waiting: WaitingEntry,
        article: Article,
        placement: Placement,
        matched: Sequence[Decision],
    ) -> list[Alert]:
        alerts: list[Alert] = []
        by_target: dict[str, list[Decision]] = {}
        for decision in matched:
            by_target.setdefault(self._routes.target(decision.channel), []).append(decision)
        for target, decisions in by_target.items():
            told = store.alerts.told(placement.story_id, sink=self._routes.sink, target=target)
            judged = policy.verdicts(decisions, placement, told)
            for decision, verdict in judged:
                alert = Alert(
                    id=ids.alert_id(decision.rule, article.id),
                    rule=decision.rule,
                    story_id=placement.story_id,
                    article_id=article.id,
                    kind="update" if told else "story",
                    severity=decision.severity,
                    fate=verdict.fate,
                    reason=verdict.reason,
                    release_at=verdict.release_at,
                    created_at=self._clock(),
                )
                store.alerts.add(alert)
                alerts.append(alert)
            for telling in policy.tellings(judged):
                parent = told[0].delivery_id if told and telling.fate is Fate.THREAD else None
                self._enqueue(store, waiting, article, placement, telling, target, parent)
        return alerts

    def _enqueue(
        self,
        store: Store,
        waiting: WaitingEntry,
        article: Article,
        placement: Placement,
        telling: policy.Telling,
        target: str,
        parent: DeliveryId | None,
    ) -> None:
        """The first decision's delivery carries the message; the others are told inside it."""
        now, carrier = self._clock(), None
        feed = self._feeds.get(waiting.entry.feed_id)  # it may have left the configuration meanwhile
        outlet = feed.name if feed else article.site
        words = message.compose(article, outlet, placement.story_id, telling.decisions, waiting.first_seen_at)
        for decision in telling.decisions:
            alert = ids.alert_id(decision.rule, article.id)
            delivery = Delivery(
                id=ids.delivery_id(alert, sink=self._routes.sink, target=target),
                alert_id=alert,
                sink=self._routes.sink,
                target=target,
                state=DeliveryState.FOLDED if carrier else DeliveryState.PENDING,
                attempts=0,
                next_attempt_at=now,
                created_at=now,
                thread_of=parent,
                message=None if carrier else words,
            )
            store.deliveries.add(delivery, folded_into=carrier)
            carrier = carrier or delivery.id

    # ---- report: what operators must know -> a delivery ----

    async def report(self) -> bool:
        """All that was noticed and not told yet, in one message."""
        lines = await self._store.change(self._record_report)
        for line in lines:
            log.warning("operations", extra={"notice": line})
        return bool(lines)

    def _record_report(self, store: Store) -> tuple[str, ...]:
        now, untold = self._clock(), store.notices.untold()
        lines = tuple(text for _, text in untold)
        told_by = None
        if untold and self._routes.operations is not None:
            sink, target = self._routes.sink, self._routes.operations
            told_by = ids.report_id(untold[0][0], sink=sink, target=target)
            store.deliveries.add(
                Delivery(
                    id=told_by,
                    alert_id=None,
                    sink=sink,
                    target=target,
                    state=DeliveryState.PENDING,
                    attempts=0,
                    next_attempt_at=now,
                    created_at=now,
                    message=message.report(lines, now),
                )
            )
        store.notices.tell(told_by, now)
        return lines

    # ---- deliver: a pending delivery -> the receipt, or the next attempt ----

    async def deliver(self, delivery_id: DeliveryId) -> bool:
        delivery = await self._store.ask(lambda store: store.deliveries.open(delivery_id))
        if delivery is None or delivery.next_attempt_at > self._clock():
            return False
        sink = self._sinks[delivery.sink]
        timing = retry.Timing(sink.settle_after)
        if delivery.state in (DeliveryState.AMBIGUOUS, DeliveryState.SENDING):
            found = await sink.find(delivery)
            after = retry.after_find(delivery, found, self._clock())
        else:
            attempt = retry.begin(delivery, self._clock(), timing)
            await self._store.change(lambda store: store.deliveries.save(attempt))
            outcome = await sink.send(attempt)
            after = retry.after_send(attempt, outcome, self._clock(), timing)
        await self._store.change(lambda store: self._record_delivery(store, after, sink))
        _log_delivery(after)
        return True

    async def deliver_failed(self, delivery_id: DeliveryId, why: str) -> None:
        """Put off a delivery that our own program failed over; in the end the others behind it get their turn."""
        delivery = await self._store.ask(lambda store: store.deliveries.open(delivery_id))
        if delivery is None:
            return
        sink = self._sinks[delivery.sink]
        after = retry.after_send(delivery, Crashed(why), self._clock(), retry.Timing(sink.settle_after))
        await self._store.change(lambda store: self._record_delivery(store, after, sink))
        _log_delivery(after)

    def _record_delivery(self, store: Store, after: Delivery, sink: Sink) -> None:
        store.deliveries.save(after)
        if after.state is DeliveryState.SENT and sink.pace:
            store.deliveries.space(sink=after.sink, target=after.target, not_before=self._clock() + sink.pace)


def _log_delivery(delivery: Delivery) -> None:
    facts = {"target": f"{delivery.sink} {delivery.target}", "delivery": delivery.id[:12]}
    if delivery.state is DeliveryState.SENT:
        log.info("alert sent", extra={**facts, "attempts": delivery.attempts, "note": delivery.error or "-"})
    elif delivery.state is DeliveryState.DEAD:
        log.error("alert cannot be sent", extra={**facts, "why": delivery.error})
    else:
        log.warning(
            "alert waits",
            extra={
                **facts,
                "state": delivery.state,
                "why": delivery.error or "-",
                "next": delivery.next_attempt_at,
            },
        )
