"""What stands between a match and its channel: mutes, the rule's own pace, the channel's rhythm; asked of the store.

Whatever holds a match says until when and why. What is held is let go by the Releaser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.alerts import mutes, policy, routing
from monitor.alerts.pace import pace
from monitor.alerts.policy import Judged
from monitor.alerts.routing import Route, Traffic
from monitor.app import canary
from monitor.app.config_routing import Rhythms
from monitor.app.mutes import Mutes
from monitor.model import (
    Article,
    Decision,
    Fate,
    FeedId,
    Held,
    HoldCause,
    Mute,
    Notice,
    Placement,
    Rhythm,
    Severity,
    StoryId,
    Told,
    Verdict,
    WaitingEntry,
)
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store

_TELLS = (Fate.POST, Fate.THREAD)


@dataclass(frozen=True, slots=True)
class Occasion:
    """An article's matches on their way to one channel, and what was told there of its story."""

    waiting: WaitingEntry
    article: Article
    placement: Placement
    target: str
    told: Sequence[Told]


class Gate:
    """Under one configuration, for one sink."""

    def __init__(
        self, *, rules: RuleSet, mutes: Mutes, rhythms: Rhythms, sink: str, clock: Callable[[], datetime]
    ) -> None:
        self._rhythms = {rule.name: rule.rhythm for rule in rules.rules}
        self._mutes = mutes
        self._routes = rhythms
        self._sink = sink
        self._clock = clock

    def rhythm(self, rule: str) -> Rhythm:
        """Of a rule that has left the configuration: the usual one."""
        return self._rhythms.get(rule, Rhythm())

    def route(self, target: str) -> Route:
        return self._routes.of(target)

    def risen(self, store: Store, decisions: Sequence[Decision], story: StoryId) -> list[Decision]:
        """With the severity that so many independent sources give them."""
        if not any(self.rhythm(decision.rule).rise for decision in decisions):
            return list(decisions)
        voices = store.stories.standing(story).independent
        return [
            replace(decision, severity=self.rhythm(decision.rule).severity(decision.severity, voices))
            for decision in decisions
        ]

    def judged(self, store: Store, decisions: Sequence[Decision], here: Occasion) -> Judged:
        """The fates of an article's matches in one channel. A canary that is held would pass for one that is lost."""
        if here.waiting.entry.feed_id == canary.FEED:
            return policy.verdicts(decisions, here.placement, here.told)

        def passed(judged: Judged) -> Judged:
            paced = tuple((decision, self._paced(store, decision, given, here)) for decision, given in judged)
            return self._routed(store, paced, here.target)

        return policy.verdicts(decisions, here.placement, here.told, passed)

    def _paced(self, store: Store, decision: Decision, given: Verdict, here: Occasion) -> Verdict:
        rhythm, story = self.rhythm(decision.rule), here.placement.story_id
        counts = rhythm.min_sources > 1 or bool(rhythm.rise)
        given = pace(
            rhythm,
            decision,
            given,
            here.told,
            voices=store.stories.standing(story).independent if counts else 1,
            waits_until=store.holds.waits_until(decision.rule, story, sink=self._sink, target=here.target),
            urgent=policy.is_urgent(here.placement),
            now=self._clock(),
        )
        mute = self.muting(store, decision.rule, here.article, story, here.waiting.entry.feed_id)
        return given if mute is None else mutes.hold(mute, self._mutes.name(mute), given)

    def muting(self, store: Store, rule: str, article: Article, story: StoryId, feed: FeedId) -> Mute | None:
        return mutes.muting(store.mutes.active(self._clock()), rule, article, story, feed)

    def why_muted(self, mute: Mute) -> str:
        return mutes.why(mute, self._mutes.name(mute))

    def _routed(self, store: Store, judged: Judged, target: str) -> Judged:
        """What is told in one message is held or told as one."""
        loudest = max(
            (decision.severity for decision, given in judged if given.fate in _TELLS),
            key=lambda severity: severity.rank,
            default=None,
        )
        if loudest is None:
            return judged
        return tuple((decision, self.routed(store, loudest, given, target)) for decision, given in judged)

    def routed(self, store: Store, severity: Severity, given: Verdict, target: str) -> Verdict:
        """The verdict of the channel on a message of this severity."""
        route, now = self.route(target), self._clock()
        passed = routing.hold(route, severity, given, self._traffic(store, route, target, now), now)
        if passed.cause is HoldCause.STORM and given.cause is None:
            words = f"A storm in {self._sink} {target}: {passed.reason}. `news-monitor alerts` shows what is held."
            store.notices.add(Notice(f"{self._sink} {target}", "storm", words), now)
        return passed

    def _traffic(self, store: Store, route: Route, target: str, now: datetime) -> Traffic:
        since = now - (route.storm.within if route.storm else timedelta(0))
        return Traffic(
            messages=store.deliveries.count_since(since, sink=self._sink, target=target),
            group_until=store.holds.open_until(HoldCause.GROUP, now, sink=self._sink, target=target),
            storm_until=store.holds.open_until(HoldCause.STORM, now, sink=self._sink, target=target),
        )

    def let_go(self, store: Store, story: StoryId) -> None:
        """What waited for more sources, and has them now, is due."""
        waiting = store.holds.for_sources(story)
        if waiting:
            voices = store.stories.standing(story).independent
            store.holds.put_off([one for one in waiting if self.has_sources(one, voices)], self._clock())

    def has_sources(self, held: Held, voices: int) -> bool:
        return voices >= self.rhythm(held.rule).min_sources
