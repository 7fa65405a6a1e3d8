"""The parts that give matches their fates and tell them, on a clock of the test's and with a sink that remembers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from monitor import ids
from monitor.alerts.digest import more
from monitor.alerts.outage import Fresh
from monitor.app.alerter import Alerter, Routes
from monitor.app.audit import Balance, audit
from monitor.app.config import load_monitor
from monitor.app.config_routing import rhythms_of
from monitor.app.deliverer import Deliverer
from monitor.app.echoes import Echoes, Place
from monitor.app.gate import Gate
from monitor.app.mutes import Mutes
from monitor.app.outbox import Outbox
from monitor.app.releaser import Releaser
from monitor.app.store_thread import StoreThread
from monitor.model import (
    Accepted,
    Alert,
    Delivery,
    Digest,
    Entry,
    EntryId,
    Feed,
    FindOutcome,
    Message,
    Missing,
    NotSent,
    Refused,
    Relation,
    Report,
    SendOutcome,
    StoryId,
    TargetBroken,
    WaitingEntry,
)
from monitor.rules import schema
from monitor.store.sqlite.store import Store
from tests.builders import NOON, decision, placement
from tests.test_stories import article

CHANNEL = "#news"
FEEDS = tuple(
    Feed(ids.feed_id(f"https://{n}.example/feed"), n.upper(), f"https://{n}.example/feed") for n in "abcdefgh"
)


class Killed(BaseException):
    """The program ends here; what it had not written it does not know."""


@dataclass(slots=True)
class Teller:
    """A sink that takes all it is sent, in order, unless something is set."""

    down: bool = False
    refuses: bool = False  # whatever it is sent
    broken: bool = False  # until somebody mends it
    kills: bool = False  # who sends the next one, which it takes
    sent: list[Delivery] = field(default_factory=list)
    name: str = "slack"
    pace: timedelta = timedelta(0)
    settle_after: timedelta = timedelta(0)

    async def send(self, delivery: Delivery) -> SendOutcome:
        if self.down:
            return NotSent("it is down")
        if self.broken:
            return TargetBroken("it is gone")
        if self.refuses:
            return Refused("it does not like it")
        self.sent.append(delivery)
        if self.kills:
            self.kills = False
            raise Killed
        return Accepted(f"{delivery.target}:{len(self.sent)}")

    async def edit(self, delivery: Delivery) -> SendOutcome:
        return Accepted(delivery.receipt or "")

    async def find(self, delivery: Delivery) -> FindOutcome:
        found = next((n for n, sent in enumerate(self.sent, 1) if sent.id == delivery.id), None)
        return Missing() if found is None else Accepted(f"{delivery.target}:{found}")

    async def close(self) -> None:
        """It has nothing open."""

    def said(self) -> list[str]:
        """The headline of each message that is not for operators, `>` before replies."""
        return [
            ("> " if sent.thread_of else "") + _headline(sent.message)
            for sent in self.sent
            if not isinstance(sent.message, Report)
        ]


def _headline(message: Message | Digest | Report | None) -> str:
    assert isinstance(message, Message | Digest)
    return message.headline if isinstance(message, Message) else message.title


class RhythmDesk:
    """`routing`: as in monitor.yaml; `rules`: what is said of each beside its name and what it looks for.

    `places`: of the sink `elsewhere`, where what the channels are told is told too. To be set before it opens.
    """

    def __init__(self, directory: Path, routing: dict[str, Any] | None = None, **rules: dict[str, Any]) -> None:
        self.directory = directory
        self.now = NOON
        self.sink = Teller()
        self.elsewhere = Teller(name="webhook")
        self.places: tuple[Place, ...] = ()
        self.trace: Callable[[str], None] | None = None  # hears every statement
        self.matches = 0
        self.configure(routing or {}, **rules)

    def configure(self, routing: dict[str, Any], **rules: dict[str, Any]) -> None:
        (self.directory / "rules").mkdir(parents=True, exist_ok=True)
        every: dict[str, dict[str, Any]] = {"armour": {}, **rules}
        said = [{"name": name, "match": "kosovo", **more} for name, more in every.items()]
        (self.directory / "rules" / "rules.yaml").write_text(yaml.safe_dump({"rules": said}), "utf-8")
        (self.directory / "monitor.yaml").write_text(yaml.safe_dump({"routing": routing}), "utf-8")
        self.rules = schema.load(self.directory / "rules", self.directory / "concepts")
        self.routing = load_monitor(self.directory).routing

    async def open(self) -> None:
        """As after a start, or a start again."""
        clock: Callable[[], datetime] = lambda: self.now  # noqa: E731 - one line says it
        self.thread = StoreThread(lambda: Store.writer(self.directory / "news.db", self.trace))
        await self.thread.open()
        routes, rhythms = Routes("slack", CHANNEL, by_rule=True), rhythms_of(self.routing)
        self.mutes = Mutes(feeds=FEEDS, rules=self.rules, clock=clock)
        gate = Gate(rules=self.rules, mutes=self.mutes, rhythms=rhythms, sink="slack", clock=clock)
        outbox = Outbox("slack", rhythms, Echoes(self.places), clock)
        self.alerter = Alerter(
            feeds=FEEDS, rules=self.rules, routes=routes, gate=gate, outbox=outbox, store=self.thread, clock=clock
        )
        self.releaser = Releaser(
            alerter=self.alerter, gate=gate, mutes=self.mutes, outbox=outbox, store=self.thread, clock=clock
        )
        self.deliverer = Deliverer(
            store=self.thread,
            sinks={"slack": self.sink, "webhook": self.elsewhere},
            outbox=outbox,
            fresh=Fresh(self.routing.fresh, self.routing.fresh_critical),
            clock=clock,
        )
        await self.thread.change(lambda store: store.feeds.sync(FEEDS, self.now))

    async def close(self) -> None:
        await self.thread.close()

    async def restart(self) -> None:
        """Nothing of what was in memory is left."""
        await self.close()
        await self.open()
        await self.thread.change(lambda store: store.deliveries.doubt_unfinished(timedelta(0)))
        await self.releaser.take_up()
        await self.work()

    async def set_back(self, seconds: float) -> None:
        """The clock, noticed at once."""
        step = timedelta(seconds=seconds)
        self.now -= step
        await self.thread.change(lambda store: store.clock.set_back(step, self.now))
        await self.work()

    async def match(
        self,
        headline: str,
        *rules: str,
        story: str | None = None,
        feed: int = 0,
        copy: bool = False,
        author: str | None = None,
        **placed: Any,
    ) -> list[Alert]:
        """An article that these rules match (else `armour`), of a story of its own unless one is named."""
        return await self.thread.change(
            lambda store: self._match(store, headline, rules or ("armour",), story, FEEDS[feed], copy, author, placed)
        )

    def _match(
        self,
        store: Store,
        headline: str,
        rules: Sequence[str],
        story: str | None,
        feed: Feed,
        copy: bool,
        author: str | None,
        placed: dict[str, Any],
    ) -> list[Alert]:
        self.matches += 1
        url = f"https://{feed.name.lower()}.example/{self.matches}"
        made = article(url, f"Text {self.matches}.", title=headline, author=author, site=f"{feed.name.lower()}.example")
        entry = Entry(EntryId(f"e{self.matches}"), feed.id, url, url, headline, "", "", None, None, None)
        store.feeds.add_entries([entry], baseline=frozenset(), now=self.now)
        store.feeds.finish_reading(entry, article_id=made.id, reason=None)
        store.stories.save_article(made)
        first = next(iter(store.moves.articles(StoryId(story or url))), None)
        relation = Relation.FIRST if first is None else Relation.COPY if copy else Relation.REPORT
        given = placement(story or url, relation, **{"copy_of": first if copy else None, "similarity": 0.9} | placed)
        runs = range(self.matches * 1_000, self.matches * 1_000 + 40)
        store.stories.place(made, given, runs, self.now, owner=made.site)
        by_name = {rule.name: rule for rule in self.rules.rules}
        decisions = [decision(name, by_name[name].severity, channel=by_name[name].channel) for name in rules]
        store.stories.save_decisions(made.id, decisions, self.now)
        waiting = WaitingEntry(entry, attempts=0, first_seen_at=self.now)
        alerts = self.alerter.decide(store, waiting, made, given, decisions)
        if relation is not Relation.FIRST:
            self.alerter.grow(store, given.story_id)
        return alerts

    async def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)
        await self.work()

    async def work(self) -> None:
        """All that is due."""
        while True:
            groups = await self.thread.ask(lambda store: store.holds.due_groups(self.now))
            for group in groups:
                await self.releaser.release(group)
            for mute in await self.thread.ask(lambda store: store.mutes.over(self.now)):
                await self.releaser.close(mute.id)
            heads = await self.thread.ask(lambda store: store.deliveries.heads())
            due = [head for head in heads if head.next_attempt_at <= self.now]
            for head in due:
                await self.deliverer.deliver(head.id)
            if not (groups or due):
                return

    async def mute(self, kind: str, subject: str, span: timedelta, by: str = "ana", reason: str = "") -> str:
        until = (self.now + span).isoformat()
        return await self.thread.change(lambda store: self.mutes.mute(store, (kind, subject, until, reason), by))

    async def mute_for(self, kind: str, subject: str, minutes: float) -> str:
        return await self.mute(kind, subject, timedelta(minutes=minutes))

    async def unmute(self, *named: str, by: str = "ben") -> str:
        return await self.thread.change(lambda store: self.mutes.unmute(store, named, by))

    async def fates(self) -> list[tuple[str, str]]:
        """Of every match its headline and fate, as they came."""
        rows = await self.rows(
            "select art.title, a.fate from alerts a join articles art on art.id = a.article_id order by a.rowid"
        )
        return [(row["title"], row["fate"]) for row in rows]

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        return await self.thread.ask(lambda store: list(store._db.query(sql)))

    async def balance(self) -> Balance:
        return await self.thread.ask(lambda store: audit(store, self.now))

    async def told(self) -> dict[str, list[str]]:
        """In which messages that were sent each match was told, by the alert's id."""
        sent = [delivery.id for delivery in self.sink.sent]
        rows = await self.rows("select alert_id, coalesce(folded_into, id) as carrier from deliveries")
        found: dict[str, list[str]] = {}
        for row in rows:
            if row["alert_id"] is not None:
                found.setdefault(row["alert_id"], []).extend(id_ for id_ in sent if id_ == row["carrier"])
        return found


def shown(digest: Message | Digest | Report | None) -> str:
    """All that a digest says."""
    assert isinstance(digest, Digest)
    return json.dumps([digest.title, digest.lines, [[i.headline, i.note] for i in digest.items], more(digest)])
