"""Alert: the matches of an article, and what operators must know -> fates and deliveries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import ids
from monitor.alerts import message, policy
from monitor.app.echoes import Echoes, add_report
from monitor.app.origins import outlet
from monitor.app.store_thread import StoreThread
from monitor.articles import compose, looks
from monitor.feeds import identity
from monitor.model import (
    Alert,
    Article,
    Correction,
    Decision,
    Delivery,
    DeliveryId,
    DeliveryState,
    Entry,
    Fate,
    Feed,
    PagePolicy,
    Placement,
    StoryId,
    Thread,
    WaitingEntry,
)
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)

GROWS_FOR = timedelta(seconds=20)


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


class Alerter:
    """Decides what is told where, and puts it in the outbox."""

    def __init__(
        self,
        *,
        feeds: Sequence[Feed],
        routes: Routes,
        echoes: Echoes,
        store: StoreThread,
        clock: Callable[[], datetime],
    ) -> None:
        self._feeds = {feed.id: feed for feed in feeds}
        self._routes = routes
        self._echoes = echoes
        self._store = store
        self._clock = clock

    def decide(
        self,
        store: Store,
        waiting: WaitingEntry,
        article: Article,
        placement: Placement,
        matched: Sequence[Decision],
    ) -> list[Alert]:
        """Give each match its fate. Part of the transaction in which the article is written."""
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
        if any(alert.fate in (Fate.POST, Fate.THREAD) for alert in alerts):
            self._watch(store, waiting.entry, article)
        return alerts

    def _watch(self, store: Store, entry: Entry, article: Article) -> None:
        """Have the page of what is told looked at again, if it has one of its own that we may read."""
        feed = self._feeds.get(entry.feed_id)
        if (
            entry.url is not None
            and not identity.is_forwarder(entry.url)
            and compose.article_id(entry) == article.id
            and (feed is None or feed.pages is not PagePolicy.NEVER)
        ):
            read_at = store.stories.first_read_at(article.id)
            store.watches.begin(looks.begin(article.id, first_read_at=read_at, now=self._clock()))

    def complete(self, store: Store, article: Article, decisions: Sequence[Decision]) -> None:
        """Let what was told from the feed's words say what the article's page says."""
        store.deliveries.revise(article.id, lambda told: message.complete(told, article, decisions), self._clock())

    def grow(self, store: Store, story: StoryId) -> None:
        """Let the first messages of a story say how far it has spread, after a while in which more may come."""
        standing = store.stories.standing(story)
        due = self._clock() + GROWS_FOR
        store.deliveries.revise_story(story, lambda told: message.grown(told, standing), due)

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
        shown_by = outlet(article, self._feeds.get(waiting.entry.feed_id))
        words = message.compose(article, shown_by, placement, telling.decisions, waiting.first_seen_at)
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
                broadcast=parent is not None and policy.is_urgent(placement),
                message=None if carrier else words,
            )
            store.deliveries.add(delivery, folded_into=carrier)
            if carrier is None:
                self._echoes.add(store, delivery)
            carrier = carrier or delivery.id

    def correct(
        self, store: Store, article: Article, shown_by: str, story: StoryId, correction: Correction
    ) -> tuple[Thread, ...]:
        """Tell what became of an article wherever it was told. Part of the transaction in which that is written."""
        threads = store.watches.threads(article.id)
        if threads:
            store.watches.add(correction)
        for thread in threads:
            delivery = Delivery(
                id=ids.delivery_id(correction.id, sink=thread.sink, target=thread.target),
                alert_id=None,
                sink=thread.sink,
                target=thread.target,
                state=DeliveryState.PENDING,
                attempts=0,
                next_attempt_at=correction.seen_at,
                created_at=correction.seen_at,
                thread_of=thread.parent,
                broadcast=policy.turns(correction.changes),
                message=message.correct(article, shown_by, story, correction, thread.severity),
                correction_id=correction.id,
            )
            store.deliveries.add(delivery)
            self._echoes.add(store, delivery)
        return threads

    async def report(self) -> bool:
        """All that was noticed and not told yet, in one message."""
        lines = await self._store.change(self._record_report)
        for line in lines:
            log.warning("operations", extra={"notice": line})
        return bool(lines)

    def _record_report(self, store: Store) -> tuple[str, ...]:
        now, untold = self._clock(), store.notices.untold()
        lines = tuple(text for _, text in untold)
        told_by: list[DeliveryId] = []
        if untold:
            first, told = untold[0][0], message.report(lines, now)
            if self._routes.operations is not None:
                told_by.append(add_report(store, told, first, self._routes.sink, self._routes.operations, now))
            told_by += self._echoes.report(store, told, first, now)
        store.notices.tell(told_by[0] if told_by else None, now)
        return lines
