"""Poll: a feed that is due -> its new state, the entries not seen before, and a gap if it ran past us."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import ParamSpec, TypeVar

from monitor import urls
from monitor.app import canary
from monitor.app.holds import Holds
from monitor.app.store_thread import StoreThread
from monitor.app.workers import WorkerFailed, Workers
from monitor.errors import FetchError, NewsMonitorError, ParseError
from monitor.feeds import cadence, health, identity, moves, plan, websub
from monitor.feeds.fetch import fetch
from monitor.feeds.hints import with_header
from monitor.feeds.reading import read
from monitor.http import Http
from monitor.model import (
    Edited,
    Entry,
    EntryId,
    Feed,
    FeedDocument,
    FeedId,
    FeedState,
    Fetched,
    Notice,
    NotModified,
    PollRecord,
    Subscription,
    Unchanged,
)
from monitor.store.sqlite.store import Store
from monitor.stories.window import WINDOW

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

PRICE_EVERY, SPENT_OVER = timedelta(hours=1), timedelta(hours=24)


class Poller:
    """Looks at feeds, each as often as its own rhythm and the budget of all warrant."""

    def __init__(
        self,
        *,
        feeds: Sequence[Feed],
        bounds: cadence.Bounds,
        alert_last: timedelta,
        callback: str | None,
        store: StoreThread,
        http: Http,
        holds: Holds,
        workers: Workers,
        clock: Callable[[], datetime],
    ) -> None:
        self._feeds = {feed.id: feed for feed in feeds}
        self._hosts = {feed.id: urls.origin(feed.url) for feed in feeds}
        self._bounds = bounds
        self._alert_last = alert_last
        self._callback = callback  # where hubs may call us
        self._store = store
        self._http = http
        self._holds = holds
        self._workers = workers
        self._clock = clock
        self._price = plan.start_price(bounds.budget)

    def host_of(self, feed: FeedId) -> str:
        return self._hosts[feed]

    async def poll(self, state: FeedState) -> bool:
        """Whether there is something to read now. So each step says if it made something due."""
        feed, started = self._feeds[state.feed_id], self._clock()
        held_until = self._http.held_until(state.address or feed.url)
        if held_until is not None:  # another of its host's feeds or pages was told to wait
            await self._store.change(lambda store: store.feeds.save(replace(state, next_poll_at=held_until)))
            return False
        try:
            outcome = await fetch(feed, self._asked(state, started), self._http)
            look = await self._look(feed, state, outcome)
        except (FetchError, ParseError, WorkerFailed) as e:
            await self._failed(feed, state, e, started)
            return False
        poll = await self._store.change(
            lambda store: self._record_poll(store, feed, state, outcome, look, started), patient=look is None
        )
        return poll.new > 0

    def _asked(self, state: FeedState, now: datetime) -> FeedState:
        """The state that is asked with: without validators when "not modified" is not to be believed."""
        distrusted = (state.liar_until is not None and now < state.liar_until) or cadence.wants_probe(state, now)
        return replace(state, etag=None, last_modified=None) if distrusted else state

    async def put_off(self, state: FeedState, why: str) -> None:
        """Put off a feed that our own program failed over."""
        await self._failed(self._feeds[state.feed_id], state, ParseError(why), self._clock())

    async def _failed(self, feed: Feed, state: FeedState, error: NewsMonitorError, started: datetime) -> None:
        if not isinstance(error, FetchError | ParseError):
            error = ParseError(f"the feed could not be read: {error}")
        after = moves.after_failure(cadence.after_failure(feed, state, error, self._clock(), self._bounds))
        await self._store.change(lambda store: self._record_failure(store, feed, after, started))
        await self._holds.keep()
        log.warning("feed failed", extra={"feed": feed.name, "why": str(error), "next": after.next_poll_at})

    async def _look(
        self, feed: Feed, state: FeedState, outcome: Fetched | NotModified
    ) -> FeedDocument | Unchanged | None:
        """None when it is the document that was seen last."""
        if isinstance(outcome, NotModified) or outcome.body_hash == state.body_hash:
            return None
        memory = await self._store.ask(lambda store: store.feeds.prints(feed.id), patient=True)
        runners = {"run": self._in_worker, "run_quick": self._workers.run_quick}
        return await read(outcome, memory or b"", feed_id=feed.id, now=self._clock(), **runners)

    async def _in_worker(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Once more if the worker died: what ended it may have been none of the feed's doing."""
        try:
            return await self._workers.run(function, *args, **kwargs)
        except WorkerFailed:
            return await self._workers.run(function, *args, **kwargs)

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
        is_part = isinstance(outcome, Fetched) and outcome.is_part
        if isinstance(outcome, Fetched) and isinstance(look, FeedDocument) and not (look.whole and look.closed):
            # Its validators would have a server say "not modified" of the rest, which nobody saw.
            is_part, outcome = is_part or not look.whole, replace(outcome, etag=None, last_modified=None)
        if isinstance(outcome, Fetched):
            kind, size = "unchanged", len(outcome.body)
            body_hash = state.body_hash if is_part else outcome.body_hash
        poll, fresh = PollRecord(feed.id, started, now, kind, bytes=size), tuple[Entry, ...]()
        if look is not None:
            poll, fresh = self._record_entries(store, state, look, poll, is_part=is_part)
            state = replace(
                state,
                known_since=state.known_since or now,
                last_new_at=now if fresh else state.last_new_at,
            )
        if probed:
            lied = cadence.was_lied_to(state, [entry.published_at for entry in fresh])
            state = replace(state, probed_at=now, liar_until=now + cadence.LIAR_FOR if lied else state.liar_until)
        hints = look.hints if isinstance(look, FeedDocument) else state.hints
        if isinstance(outcome, Fetched):
            hints = with_header(hints, outcome.link, outcome.url)
        brought = cadence.Brought(
            body_hash=body_hash,
            shown=state.shown if is_part else poll.entries or state.shown,
            hints=hints,
            published=tuple(entry.published_at for entry in fresh),
        )
        subscription = self._mind_the_hub(store, feed.id, brought, now)
        pushed = websub.covers(subscription, now, self._bounds.most, last_new_at=state.last_new_at)
        after = cadence.after_success(
            feed, state, outcome, now, self._bounds, brought, price=self._price, pushed=pushed
        )
        after = moves.after_answer(after, outcome, now, same_feed=look is None or poll.overlap > 0)
        store.feeds.save(after)
        store.feeds.add_poll(poll)
        if subscription and subscription.pushed_at and subscription.pushed_at >= started:
            store.feeds.hasten(feed.id, websub.look_at(now, now))  # the server may have answered before that news
        if after.address != state.address and after.address is not None:
            moved = f"Feed {feed.name} moved for good and is read at {after.address} now; write that into feeds.yaml."
            store.notices.add(Notice(feed.id, "moved", moved, is_event=True), now)
        self._notice_recovery(store, feed, state, fresh)
        self._notice_health(store, feed, after)
        return poll

    def _mind_the_hub(self, store: Store, feed: FeedId, brought: cadence.Brought, now: datetime) -> Subscription | None:
        if self._callback is None:
            return None
        held = store.subscriptions.of(feed)
        after = websub.after_look(
            held, feed, brought.hints, brought.published, now, callback=self._callback, token=token_urlsafe
        )
        if after != held:
            store.subscriptions.save(feed, after)
        return after

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
        self, store: Store, state: FeedState, look: FeedDocument | Unchanged, poll: PollRecord, *, is_part: bool
    ) -> tuple[PollRecord, tuple[Entry, ...]]:
        """The record of the look, and the entries that were not seen before."""
        if isinstance(look, Unchanged):
            return replace(poll, entries=look.shown, overlap=look.shown), ()
        known = store.feeds.known(poll.feed_id, *identity.keys(look.entries))
        fresh = identity.unseen(look.entries, known, standing=look.standing)
        store.feeds.learn_keys(look.entries)
        store.feeds.reword(identity.reworded(look.entries, known), Edited.HEADLINE, now=poll.finished_at)
        store.feeds.reword(identity.resummed(look.entries, known), Edited.SUMMARY, now=poll.finished_at)
        overlap = look.known + len(look.entries) - len(fresh)
        is_known = state.known_since is not None or bool(known)  # a feed at another address is known by its entries
        history = frozenset() if is_known else self._history(fresh, poll)
        recent = self._recent(fresh, history, poll)
        store.feeds.add_entries(fresh, baseline=history, recent=recent, now=poll.finished_at)
        ran_past_us = cadence.ran_past_us(
            before=state.shown, fresh=len(fresh), overlap=overlap, complete=look.hints.complete
        )
        if ran_past_us and not is_part and state.last_success_at:
            store.feeds.add_gap(
                poll.feed_id, from_at=state.last_success_at, to_at=poll.finished_at, now=poll.finished_at
            )
        if not is_part:
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

    def _recent(self, entries: Sequence[Entry], history: frozenset[EntryId], poll: PollRecord) -> frozenset[EntryId]:
        """What of history may belong to a story that goes on. Canaries are in none."""
        if poll.feed_id == canary.FEED:
            return frozenset()
        since = poll.finished_at - WINDOW
        return frozenset(
            entry.id
            for entry in entries
            if entry.id in history and (entry.published_at is None or entry.published_at >= since)
        )

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
