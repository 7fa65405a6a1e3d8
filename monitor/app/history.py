"""History: an entry of a feed's first document -> its place in a story, and nobody is told.

So a later report knows what it belongs to, and the first alert of a story how far that has spread. Only the feed's own
words are read: a first start would ask for thousands of pages. What matches gets no decision and no fate, and its story
has told none of it, so nothing that comes later is kept from a reader for its sake.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from monitor.app import canary
from monitor.app.alerter import Alerter
from monitor.app.origins import about, outlet
from monitor.app.reader import rest
from monitor.app.store_thread import StoreThread
from monitor.app.story_desk import StoryDesk
from monitor.articles import compose
from monitor.errors import StoreError
from monitor.model import FULL, Article, Feed, Hit, Outcome, Relation, WaitingEntry
from monitor.rules.match import decide
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)

TAKEN_AT_ONCE = 50
MOST_MATCHING = 5  # at once: each takes the store some milliseconds, for which everybody else waits
REASON = "it stood in the feed before the first look"


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry in its feed's own words, and why rules match it; None if none does."""

    waiting: WaitingEntry
    article: Article
    hits: tuple[Hit, ...] | None


class History:
    """Places entries under one set of rules."""

    def __init__(
        self,
        *,
        feeds: Sequence[Feed],
        rules: RuleSet,
        alerter: Alerter,
        desk: StoryDesk,
        store: StoreThread,
        clock: Callable[[], datetime],
    ) -> None:
        self._feeds = {feed.id: feed for feed in feeds}
        self._rules = rules
        self._alerter = alerter
        self._desk = desk
        self._store = store
        self._clock = clock

    async def place(self) -> bool:
        """All that is due, in steps between which the others have their turn. Nothing else becomes due by it."""
        while due := await self._store.ask(lambda store: store.feeds.history(self._clock(), TAKEN_AT_ONCE)):
            await self._step(due)
        return False

    async def _step(self, due: Sequence[WaitingEntry]) -> None:
        judged, matching = list[Judged](), 0
        for waiting in due:
            try:
                one = self._judged(waiting)
            except Exception as e:
                await self._put_off(waiting, e)
                continue
            judged.append(one)
            matching += one.hits is not None
            if matching == MOST_MATCHING:
                break
            await asyncio.sleep(0)
        changes = [self._store.change(partial(self._record, one)) for one in judged]
        for one, outcome in zip(judged, await asyncio.gather(*changes, return_exceptions=True), strict=True):
            if isinstance(outcome, StoreError):
                raise outcome
            if isinstance(outcome, Exception):
                await self._put_off(one.waiting, outcome)

    def _judged(self, waiting: WaitingEntry) -> Judged:
        entry, feed = waiting.entry, self._feeds.get(waiting.entry.feed_id)
        article = compose.from_feed(entry, FULL if compose.is_whole(entry) else REASON, self._clock())
        decisions = decide(self._rules, article.title, article.text, article.captions, about(article, feed))
        matched = [one for one in canary.apart(decisions, entry.feed_id) if one.outcome is Outcome.MATCHED]
        return Judged(waiting, article, tuple(hit for one in matched for hit in one.hits) if matched else None)

    def _record(self, judged: Judged, store: Store) -> None:
        """What is known already stays as it is, and has one more outlet that shows it."""
        entry, article = judged.waiting.entry, judged.article
        known = store.stories.article(article.id)
        if known is not None and not compose.is_about(entry, known):  # a live page
            article = compose.apart(entry, self._clock())
            known = store.stories.article(article.id)
        if known is None and judged.hits is None:
            self._desk.pass_by(store, article, self._clock())
            store.feeds.finish_history(entry.id, article_id=None)
            return
        store.feeds.finish_history(entry.id, article_id=article.id)
        if known is None and judged.hits is not None:
            store.stories.save_article(article)
            self._place(store, judged.waiting, article, judged.hits)
        elif (story := store.moves.story_of(article.id)) is not None:
            self._alerter.grow(store, story)

    def _place(self, store: Store, waiting: WaitingEntry, article: Article, hits: Sequence[Hit]) -> None:
        entry, seen_at = waiting.entry, waiting.first_seen_at
        since = min(entry.published_at or seen_at, seen_at)
        shown_by = outlet(article, self._feeds.get(entry.feed_id))
        placement = self._desk.place_in_silence(store, article, shown_by, self._clock(), hits, stood_since=since)
        if placement.relation is not Relation.FIRST:
            self._alerter.grow(store, placement.story_id)

    async def _put_off(self, waiting: WaitingEntry, error: Exception) -> None:
        """An entry that our own program fails over waits, longer each time, and stops no other."""
        log.error("history not placed", extra={"url": waiting.entry.url, "id": waiting.entry.id}, exc_info=error)
        why = f"an unexpected error ({type(error).__name__}: {error}); the log has its traceback"
        again = self._clock() + rest(waiting.attempts)
        await self._store.change(
            lambda store: store.feeds.read_again(waiting.entry, again, article_id=None, reason=why)
        )
