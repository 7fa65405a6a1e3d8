"""Read: an entry -> its article, a decision per rule that came near, its story, and an alert for every match."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor import urls
from monitor.app import canary
from monitor.app.alerter import Alerter
from monitor.app.holds import Holds
from monitor.app.origins import about, outlet
from monitor.app.pages import PageRead, Pages
from monitor.app.store_thread import StoreThread
from monitor.app.story_desk import StoryDesk
from monitor.app.workers import WorkerFailed
from monitor.articles import compose, habits
from monitor.errors import ExtractError, FetchError
from monitor.feeds import identity
from monitor.model import (
    FULL,
    Alert,
    Article,
    BodySource,
    Decision,
    Entry,
    EntryId,
    Feed,
    Outcome,
    PagePolicy,
    Relation,
    WaitingEntry,
)
from monitor.rules.match import decide
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)


# A page that could not be had now is tried again; meanwhile the feed's own text has been matched.
PATIENCE = timedelta(seconds=12)  # since the entry was seen; a page that fails at once is often there a moment later
QUICK_RETRY = timedelta(seconds=3)
WALL_WAIT = timedelta(minutes=1)
SLOW = timedelta(seconds=8)  # a page that takes longer does not hold up what the feed's own words say
PAGE_RETRIES = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
# An entry that our own program fails over.
FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Text:
    """An article, and if it is not its page's, why, whether that may pass, and how long that takes at least."""

    article: Article
    reason: str | None = None
    may_pass: bool = False
    wait: timedelta = timedelta(0)
    page: PageRead | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one entry brought, before it is written."""

    text: Text
    decisions: tuple[Decision, ...]
    try_again_at: datetime | None = None

    @property
    def matches(self) -> bool:
        return any(decision.outcome is Outcome.MATCHED for decision in self.decisions)


@dataclass(slots=True)
class Spent:
    """What all rules together cost so far: articles, and seconds for them."""

    times: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        self.times += 1
        self.seconds += seconds


def rest(attempts: int) -> timedelta:
    """How long an entry waits that our own program failed over."""
    doublings = min(attempts, 20)
    return min(FIRST_REST * (1 << doublings), LONGEST_REST)


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that is to be read, and what is known of its article."""

    waiting: WaitingEntry
    article: Article | None
    was_told_of: bool  # or might have been: more than history is known


def _known(store: Store, id_: EntryId) -> Known | None:
    """None when it was read meanwhile."""
    waiting = store.feeds.waiting_entry(id_)
    if waiting is None:
        return None
    article = store.stories.article(compose.article_id(waiting.entry))
    return Known(waiting, article, article is not None and not store.feeds.is_history(article.id))


class Reader:
    """Reads entries under one set of rules."""

    def __init__(
        self,
        *,
        feeds: Sequence[Feed],
        rules: RuleSet,
        alerter: Alerter,
        desk: StoryDesk,
        store: StoreThread,
        pages: Pages,
        holds: Holds,
        clock: Callable[[], datetime],
    ) -> None:
        self._feeds = {feed.id: feed for feed in feeds}
        self._rules = rules
        self._needs_page = frozenset(rule.name for rule in rules.rules if rule.page)
        self._alerter = alerter
        self._desk = desk
        self._store = store
        self._pages = pages
        self._holds = holds
        self._clock = clock
        self.judged = Spent()

    async def read(self, entry_id: EntryId) -> bool:
        found = await self._store.ask(lambda store: _known(store, entry_id), patient=True)
        if found is None:
            return False
        waiting, known, entry = found.waiting, found.article, found.waiting.entry
        again = known is not None and known.id == waiting.article_id  # since its headline was edited
        if known is not None and not again and not compose.is_about(entry, known):
            # A live page: each of its items has an address of its own that leads to the same page.
            apart = compose.apart(entry, self._clock())
            reason = "another item of a page that was read before"
            return await self._record(waiting, self._judged(Text(apart, reason), entry))
        if known is not None and not again and known.body_source is BodySource.PAGE:
            # Rules may ask which feeds showed it, so it is judged for each.
            return await self._record(waiting, self._judged(Text(known, "read before"), entry))
        reading = self._without_page(entry) or await self._with_page(waiting, is_known=found.was_told_of)
        if reading is None:
            soon = self._clock() + QUICK_RETRY
            await self._store.change(
                lambda store: store.feeds.read_again(entry, soon, article_id=None, reason="the page failed once")
            )
            return False
        if known is not None and known.body_source is BodySource.PAGE and not reading.text.page:
            # What its page said before is more than what the feed says now.
            text = replace(reading.text, article=replace(known, title=entry.title))
            reading = self._judged(text, entry, again=reading.try_again_at)
        return await self._record(waiting, reading)

    async def put_off(self, entry_id: EntryId, why: str) -> None:
        """Put off an entry that our own program failed over. It waits, longer each time, for as long as it takes."""
        waiting = await self._store.ask(lambda store: store.feeds.waiting_entry(entry_id))
        if waiting is None:
            return
        again = self._clock() + rest(waiting.attempts)
        await self._store.change(
            lambda store: store.feeds.read_again(waiting.entry, again, article_id=None, reason=why)
        )

    # ---- what the feed itself says ----

    def _without_page(self, entry: Entry) -> Reading | None:
        """None: the page is to be read."""
        feed = self._feeds.get(entry.feed_id)
        policy = feed.pages if feed else PagePolicy.AUTO
        if policy is PagePolicy.ALWAYS:
            return None
        if policy is PagePolicy.NEVER:
            reason = "the pages of this feed are not read, as configured"
            return self._judged(Text(compose.from_feed(entry, reason, self._clock()), reason), entry)
        if not compose.is_whole(entry):
            return None
        reading = self._judged(Text(compose.from_feed(entry, FULL, self._clock())), entry)
        asking = any(decision.rule in self._needs_page for decision in reading.decisions)
        return None if asking else reading

    async def _tell_early(self, waiting: WaitingEntry) -> None:
        """What matches the feed's own words is told now; the page completes it when it comes."""
        reason = f"its page took more than {SLOW.total_seconds():g} s"
        now = self._clock()
        text = Text(compose.from_feed(waiting.entry, reason, now), reason)
        early = self._judged(text, waiting.entry, again=now + QUICK_RETRY)
        if early.matches:
            await self._record(waiting, early)

    # ---- what its page says ----

    async def _with_page(self, waiting: WaitingEntry, *, is_known: bool) -> Reading | None:
        """None: the page failed in a way that may pass within seconds, and there is time to try it once more."""
        now = self._clock()
        fetching = asyncio.create_task(self._text(waiting, now))
        try:
            await asyncio.wait({fetching}, timeout=SLOW.total_seconds())
            if not fetching.done() and not is_known:
                await self._tell_early(waiting)
            text = await fetching
        finally:
            fetching.cancel()
        fresh = self._clock() - waiting.first_seen_at < PATIENCE
        if text.may_pass and not text.wait and not waiting.attempts and fresh:
            return None
        again = None
        if text.may_pass and waiting.attempts < len(PAGE_RETRIES):
            again = now + max(PAGE_RETRIES[waiting.attempts], text.wait)
        if text.reason:
            extra = {"url": waiting.entry.url, "why": text.reason, "again": again or "never"}
            log.info("page not read", extra=extra)
        return self._judged(text, waiting.entry, again=again)

    def _judged(self, text: Text, entry: Entry, *, again: datetime | None = None) -> Reading:
        article, feed, started = text.article, self._feeds.get(entry.feed_id), time.perf_counter()
        decisions = decide(self._rules, article.title, article.text, article.captions, about(article, feed))
        self.judged.add(time.perf_counter() - started)
        decisions = canary.apart(decisions, entry.feed_id)
        return Reading(text, decisions, again)

    async def _text(self, waiting: WaitingEntry, now: datetime) -> Text:
        entry = waiting.entry
        if entry.url is None:
            return Text(compose.from_feed(entry, "the entry has no link", now))
        if identity.is_forwarder(entry.url):
            why = "a forwarder's address is not resolved"
            return Text(compose.from_feed(entry, why, now), why)
        try:
            page = await self._pages.read(entry, entry.url)
        except FetchError as e:
            wait = e.retry_after or timedelta(0)
            return Text(compose.from_feed(entry, str(e), now), str(e), not e.permanent, wait)
        except (ExtractError, WorkerFailed) as e:
            return Text(compose.from_feed(entry, str(e), now), str(e))
        except Exception as e:
            # Whatever we fail over in a page, the feed's own words are there to be matched.
            log.exception("page failed unexpectedly", extra={"url": entry.url})
            why = f"an unexpected error over its page ({type(e).__name__})"
            return Text(compose.from_feed(entry, why, now), why, waiting.attempts == 0, WALL_WAIT)
        if page.quality != FULL:
            return Text(compose.from_feed(entry, page.quality, now), page.quality, may_pass=True, wait=WALL_WAIT)
        return Text(compose.from_page(entry, page.url, page.extract, now, page.habits), page=page)

    # ---- what is written ----

    async def _record(self, waiting: WaitingEntry, reading: Reading) -> bool:
        alerts = await self._store.change(
            lambda store: self._record_reading(store, waiting, reading), patient=not reading.matches
        )
        await self._holds.keep()
        for alert in alerts:
            log.info(
                "match",
                extra={
                    "rule": alert.rule,
                    "fate": alert.fate,
                    "why": alert.reason,
                    "url": reading.text.article.url,
                },
            )
        return bool(alerts)

    def _record_reading(self, store: Store, waiting: WaitingEntry, reading: Reading) -> tuple[Alert, ...]:
        """The matches that got their fate now."""
        text, entry, now = reading.text, waiting.entry, self._clock()
        article = text.article
        before = store.stories.article(article.id)
        was_history = before is not None and store.feeds.is_history(article.id)
        store.stories.save_article(article)
        if was_history:
            store.stories.read_as_news(article.id, now)
        store.stories.save_decisions(article.id, reading.decisions, now)
        if text.page is not None:
            self._remember_page(store, article, text.page)
        completed = before is not None and not before.is_full and article.is_full
        if completed:
            self._alerter.complete(store, article, reading.decisions)
        decided = store.alerts.decided(article.id)
        matched = [
            decision
            for decision in reading.decisions
            if decision.outcome is Outcome.MATCHED and decision.rule not in decided
        ]
        placement = None
        if matched or (store.stories.placement(article.id) is not None and not store.moves.unheard([article.id])):
            shown_by = outlet(article, self._feeds.get(entry.feed_id))
            hits = [hit for decision in matched for hit in decision.hits]
            placement = self._desk.place(store, article, shown_by, now, hits)
        if before is None and placement is None and entry.feed_id != canary.FEED:
            self._desk.pass_by(store, article, now)
        if completed and placement is not None and placement.additions:
            matched += self._silent(store, article, reading.decisions)
        alerts: list[Alert] = []
        if placement is not None and matched:
            alerts = self._alerter.decide(store, waiting, article, placement, matched)
        if text.page is not None:
            store.watches.learn_headline(article.id, text.page.extract.title)
        if reading.try_again_at is None:
            store.feeds.finish_reading(entry, article_id=article.id, reason=text.reason)
        else:
            store.feeds.read_again(
                entry,
                reading.try_again_at,
                article_id=article.id,
                reason=text.reason or "to be read again",
            )
        if was_history or (placement is not None and placement.relation is not Relation.FIRST):
            self._grow(store, article)
        return tuple(alerts)

    def _grow(self, store: Store, article: Article) -> None:
        story = store.moves.story_of(article.id)
        if story is not None:
            self._alerter.grow(store, story)

    def _silent(self, store: Store, article: Article, decisions: Sequence[Decision]) -> list[Decision]:
        """Matches of which nobody was told, because the feed's own words had nothing new; to be decided again."""
        silent = store.moves.silent(article.id)
        again = [decision for decision in decisions if decision.outcome is Outcome.MATCHED and decision.rule in silent]
        for decision in again:
            store.moves.forget_fate(article.id, decision.rule)
        return again

    def _remember_page(self, store: Store, article: Article, page: PageRead) -> None:
        """The proof of what stood there; and what its site shows with every article is learnt from each once."""
        if store.pages.add_snapshot(article.id, page.snapshot):
            site = urls.site(page.url)
            known = habits.unpack(store.pages.habits(site))
            learnt = habits.learn(known, page.extract.text, page.snapshot.fetched_at.date())
            store.pages.save_habits(site, learnt.pack())
