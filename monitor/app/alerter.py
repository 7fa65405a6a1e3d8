"""Alert: the matches of an article, and what operators must know -> fates and deliveries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor import ids
from monitor.alerts import message, policy, retry
from monitor.app.echoes import add_report
from monitor.app.gate import Gate, Occasion
from monitor.app.origins import outlet
from monitor.app.outbox import Outbox
from monitor.app.store_thread import StoreThread
from monitor.app.story_desk import as_heard, heard_as
from monitor.articles import looks
from monitor.model import (
    Alert,
    Article,
    ArticleId,
    Certainty,
    Correction,
    Decision,
    DeliveryId,
    Fate,
    Feed,
    Held,
    Message,
    Placement,
    StoryId,
    Thread,
    Told,
    Verdict,
    WaitingEntry,
)
from monitor.rules.schema import RuleSet
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
        rules: RuleSet,
        routes: Routes,
        gate: Gate,
        outbox: Outbox,
        store: StoreThread,
        clock: Callable[[], datetime],
    ) -> None:
        self._feeds = {feed.id: feed for feed in feeds}
        self._rules = {rule.name: rule for rule in rules.rules}
        self._routes = routes
        self._gate = gate
        self._outbox = outbox
        self._store = store
        self._clock = clock

    def target(self, rule: str) -> str | None:
        """Where a rule's alerts go; None when the rule has left the configuration."""
        found = self._rules.get(rule)
        return None if found is None else self._routes.target(found.channel)

    def decide(
        self,
        store: Store,
        waiting: WaitingEntry,
        article: Article,
        placement: Placement,
        matched: Sequence[Decision],
    ) -> list[Alert]:
        """Give each match its fate. Part of the transaction in which the article is written."""
        placement = _as_told(store, placement)
        alerts: list[Alert] = []
        by_target: dict[str, list[Decision]] = {}
        for decision in self._gate.risen(store, matched, placement.story_id):
            by_target.setdefault(self._routes.target(decision.channel), []).append(decision)
        for target, decisions in by_target.items():
            told = store.alerts.told(placement.story_id, sink=self._routes.sink, target=target)
            here = Occasion(waiting, article, self._as_heard(store, article, placement, told), target, told)
            judged = self._gate.judged(store, decisions, here)
            for decision, verdict in judged:
                alert = self._alert(decision, verdict, here)
                store.alerts.add(alert)
                if verdict.fate is Fate.HOLD:
                    store.holds.add(self._held(alert, decision, verdict, here))
                alerts.append(alert)
            self._tell(store, judged, here)
        if any(alert.fate in (Fate.POST, Fate.THREAD) for alert in alerts):
            self._watch(store, article.id)
        return alerts

    def _as_heard(self, store: Store, article: Article, placement: Placement, told: Sequence[Told]) -> Placement:
        """What nobody but another channel was told of is new here."""
        if placement.additions or not told:
            return placement
        heard = frozenset(one.article_id for one in told)
        elsewhere = store.moves.told(placement.story_id) - heard - {article.id}
        return as_heard(store, article, placement, heard) if elsewhere else placement

    def _alert(self, decision: Decision, verdict: Verdict, here: Occasion) -> Alert:
        return Alert(
            id=ids.alert_id(decision.rule, here.article.id),
            rule=decision.rule,
            story_id=here.placement.story_id,
            article_id=here.article.id,
            kind="update" if here.told else "story",
            severity=decision.severity,
            fate=verdict.fate,
            reason=verdict.reason,
            release_at=verdict.release_at,
            created_at=self._clock(),
        )

    def _held(self, alert: Alert, decision: Decision, verdict: Verdict, here: Occasion) -> Held:
        assert verdict.cause is not None  # noqa: S101 - every hold has a cause
        assert verdict.release_at is not None  # noqa: S101 - and an end
        return Held(
            alert_id=alert.id,
            rule=alert.rule,
            story_id=alert.story_id,
            article_id=alert.article_id,
            severity=alert.severity,
            reason=alert.reason,
            cause=verdict.cause,
            mute_id=verdict.mute_id,
            sink=self._routes.sink,
            target=here.target,
            message=self._words(here, [decision]),
            held_at=alert.created_at,
            release_at=verdict.release_at,
        )

    def _tell(self, store: Store, judged: policy.Judged, here: Occasion) -> None:
        for telling in policy.tellings(judged):
            self._outbox.alert(
                store,
                self._words(here, telling.decisions),
                [ids.alert_id(decision.rule, here.article.id) for decision in telling.decisions],
                target=here.target,
                thread_of=here.told[0].delivery_id if here.told and telling.fate is Fate.THREAD else None,
                broadcast=telling.broadcast,
            )

    def _words(self, here: Occasion, decisions: Sequence[Decision]) -> Message:
        shown_by = outlet(here.article, self._feeds.get(here.waiting.entry.feed_id))
        return message.compose(here.article, shown_by, here.placement, decisions, here.waiting.first_seen_at)

    def watch(self, store: Store, id_: ArticleId) -> None:
        """Have an article that was held looked at again, now that somebody is told."""
        if store.stories.article(id_) is not None:
            self._watch(store, id_)

    def _watch(self, store: Store, id_: ArticleId) -> None:
        read_at = store.stories.first_read_at(id_)
        store.watches.begin(looks.begin(id_, first_read_at=read_at, now=self._clock()))

    def complete(self, store: Store, article: Article, decisions: Sequence[Decision]) -> None:
        """Let what was told from the feed's words say what the article's page says."""
        store.deliveries.revise(article.id, lambda told: message.complete(told, article, decisions), self._clock())
        store.holds.revise(article.id, lambda told: message.complete(told, article, decisions))

    def grow(self, store: Store, story: StoryId) -> None:
        """Let the first messages of a story say how far it has spread, after a while in which more may come."""
        standing = store.stories.standing(story)
        due = self._clock() + GROWS_FOR
        store.deliveries.revise_story(story, lambda told: message.grown(told, standing), due)
        self._gate.let_go(store, story)

    def correct(
        self, store: Store, article: Article, shown_by: str, story: StoryId, correction: Correction
    ) -> tuple[Thread, ...]:
        """Tell what became of an article wherever it was told, once in each place.

        Part of the transaction in which that is written.
        """
        told = store.watches.threads(article.id)
        threads = tuple(one for one in told if not self._outbox.echoes.has_left(one.sink, one.target))
        if threads:
            store.watches.add(correction)
        for thread in threads:
            delivery = retry.pending(
                ids.delivery_id(correction.id, sink=thread.sink, target=thread.target),
                sink=thread.sink,
                target=thread.target,
                at=correction.seen_at,
                message=message.correct(article, shown_by, story, correction, thread.severity),
                correction_id=correction.id,
                thread_of=thread.parent,
                broadcast=policy.turns(correction.changes),
            )
            store.deliveries.add(delivery)
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
            told_by += self._outbox.echoes.report(store, told, first, now)
        store.notices.tell(told_by[0] if told_by else None, now)
        return lines


def _as_told(store: Store, placement: Placement) -> Placement:
    """As it is for readers, who know nothing of what stood in feeds before the first look at them."""
    if store.moves.is_history(placement.story_id):
        return replace(placement, certainty=Certainty.NEW, additions=())
    return replace(placement, relation=heard_as(store, placement))
