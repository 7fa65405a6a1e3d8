"""Putting the parts together under one configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TextIO

from monitor import __version__
from monitor.alerts.outage import Fresh
from monitor.alerts.sink import CONSOLE, SLACK, Sink
from monitor.alerts.sinks import console
from monitor.alerts.sinks.apprise import AppriseSink
from monitor.alerts.sinks.console import ConsoleSink
from monitor.alerts.sinks.email import EmailSink, MailServer
from monitor.alerts.sinks.webhook import Webhook, WebhookSink
from monitor.app import canary
from monitor.app.alerter import Alerter, Routes
from monitor.app.commands import Commands
from monitor.app.config import Config
from monitor.app.config_routing import rhythms_of
from monitor.app.config_sections import HttpSection
from monitor.app.config_sinks import SinksSection
from monitor.app.dead_letters import DeadLetters
from monitor.app.deliverer import Deliverer
from monitor.app.echoes import Echoes, places_of
from monitor.app.feedback import Feedback
from monitor.app.gate import Gate
from monitor.app.healing import Healing
from monitor.app.history import History
from monitor.app.holds import Holds
from monitor.app.mutes import Mutes
from monitor.app.outbox import Outbox
from monitor.app.pages import Pages, stored_habits
from monitor.app.pipeline import Pipeline
from monitor.app.poller import Poller
from monitor.app.reader import Reader
from monitor.app.releaser import Releaser
from monitor.app.rule_book import take_up
from monitor.app.store_thread import StoreThread
from monitor.app.story_changes import StoryChanges
from monitor.app.story_desk import Memory, StoryDesk
from monitor.app.upkeep import Upkeep
from monitor.app.watcher import Watcher
from monitor.app.workers import Workers
from monitor.articles.robots import Robots
from monitor.feeds.cadence import Bounds
from monitor.http import Http, HttpSettings
from monitor.store.sqlite.store import Store

if TYPE_CHECKING:  # loaded for those who have set it up, as a start takes long enough
    from monitor.alerts.sinks.slack import SlackSink
    from monitor.alerts.sinks.slack_socket import SlackSocket
    from monitor.app.push import Push
    from monitor.app.slack_desk import Access

LATE_COMMIT = timedelta(seconds=10)  # Slack may take a message so long after the client gave up


@dataclass(frozen=True, slots=True)
class Parts:
    """What one configuration brought to life, apart from the store and the workers, which outlive a reload."""

    config: Config
    http: Http
    sinks: dict[str, Sink]
    slack: SlackSink | None
    pipeline: Pipeline
    healing: Healing
    push: Push | None
    commands: Commands
    socket: SlackSocket | None  # hears what is clicked and typed in Slack while it runs

    async def close(self) -> None:
        if self.push is not None:
            await self.push.close()
        for sink in self.sinks.values():
            await sink.close()
        await self.http.close()


class StoredNames:
    """Slack's ids for channel names, kept in the store."""

    def __init__(self, store: StoreThread, sink: str) -> None:
        self._store = store
        self._sink = sink

    async def own_id(self, target: str) -> str | None:
        return await self._store.ask(lambda store: store.deliveries.own_id(sink=self._sink, target=target))

    async def save_own_id(self, target: str, own_id: str) -> None:
        await self._store.change(
            lambda store: store.deliveries.save_own_id(sink=self._sink, target=target, own_id=own_id)
        )


def assemble(
    config: Config,
    store: StoreThread,
    workers: Workers,
    output: TextIO,
    clock: Callable[[], datetime],
    memory: Memory,
) -> Parts:
    """Nothing is opened or sent yet, but for the HTTP sessions."""
    section = config.monitor.canary
    played = {} if section is None else {canary.HOST: canary.site(section.every, clock)}
    http = Http(http_settings(config.monitor.http), clock=clock, played=played)
    robots = Robots(http, clock) if config.monitor.http.robots else None
    sinks: dict[str, Sink] = {CONSOLE: ConsoleSink(output, clock)}
    slack = _slack(config, store, clock)
    if slack is not None:
        sinks[SLACK] = slack
    sinks |= _other_sinks(config.monitor.sinks, http, clock)
    holds = Holds(store, http, clock)
    echoes = Echoes(places_of(config.monitor.sinks))
    routes, rhythms = routes_of(config), rhythms_of(config.monitor.routing)
    mutes = Mutes(feeds=config.feeds, rules=config.rules, clock=clock)
    gate = Gate(rules=config.rules, mutes=mutes, rhythms=rhythms, sink=routes.sink, clock=clock)
    outbox = Outbox(routes.sink, rhythms, echoes, clock)
    alerter = Alerter(
        feeds=config.feeds, rules=config.rules, routes=routes, gate=gate, outbox=outbox, store=store, clock=clock
    )
    releaser = Releaser(alerter=alerter, gate=gate, mutes=mutes, outbox=outbox, store=store, clock=clock)
    poller = Poller(
        feeds=config.feeds,
        bounds=bounds_of(config),
        alert_last=config.monitor.baseline.alert_last,
        callback=callback_of(config),
        store=store,
        http=http,
        holds=holds,
        workers=workers,
        clock=clock,
    )
    keep_pages = config.monitor.retention.pages
    desk = StoryDesk(memory, config.monitor.owners)
    pages = Pages(http, workers, robots, clock, habits_of=partial(stored_habits, store), keep=bool(keep_pages))
    watcher = Watcher(
        feeds=config.feeds,
        rules=config.rules,
        alerter=alerter,
        desk=desk,
        store=store,
        pages=pages,
        holds=holds,
        clock=clock,
    )
    reader = Reader(
        feeds=config.feeds,
        rules=config.rules,
        alerter=alerter,
        desk=desk,
        store=store,
        pages=pages,
        holds=holds,
        clock=clock,
    )
    fresh = Fresh(config.monitor.routing.fresh, config.monitor.routing.fresh_critical)
    deliverer = Deliverer(store=store, sinks=sinks, outbox=outbox, fresh=fresh, clock=clock)
    upkeep = Upkeep(store, clock, config.monitor.retention)
    history = History(feeds=config.feeds, rules=config.rules, alerter=alerter, desk=desk, store=store, clock=clock)
    pipeline = Pipeline(poller, reader, history, watcher, alerter, releaser, deliverer, holds, upkeep)
    by_id = {feed.id: feed for feed in config.feeds}
    healing = Healing(feeds=by_id, store=store, http=http, workers=workers, clock=clock)
    push = _push(config, store, http, clock)
    changes = StoryChanges(feeds=config.feeds, rules=config.rules, alerter=alerter, clock=clock)
    feedback = Feedback(clock)
    letters = DeadLetters(clock, sinks=sinks)
    verbs = {**changes.verbs, **feedback.verbs, **letters.verbs, "db prune": upkeep.drop_now}
    signed = {**mutes.verbs, **feedback.signed_verbs, **letters.signed_verbs}
    commands = Commands(verbs, store, clock, signed=signed)
    socket = _socket(config, commands, store, clock)
    return Parts(config, http, sinks, slack, pipeline, healing, push, commands, socket)


def http_settings(http: HttpSection) -> HttpSettings:
    contact = http.contact or "a feed reader; no contact configured"
    return HttpSettings(
        user_agent=f"news-monitor/{__version__} ({contact})",
        allow_networks=http.allow_networks,
        timeout=http.timeout,
        stall=http.stall,
        pace=http.pace,
        per_host=http.per_host,
        at_once=http.at_once,
        max_feed_bytes=http.max_feed,
        max_page_bytes=http.max_page,
    )


def bounds_of(config: Config) -> Bounds:
    schedule = config.monitor.schedule
    return Bounds(every=schedule.every, least=schedule.least, most=schedule.most, budget=schedule.budget)


def callback_of(config: Config) -> str | None:
    """Where hubs may call us; None when they may not."""
    return None if config.monitor.websub is None else config.monitor.websub.callback


def remember_configuration(store: Store, config: Config, now: datetime) -> Config:
    """The feeds to poll, and what every rule says, so that a decision can name the version that made it.

    Returns the configuration with its feeds under the ids by which the store knows them, and its rules as they are in
    force: of one that fails its examples the last good version.
    """
    feeds = store.feeds.sync(config.feeds, now)
    store.subscriptions.keep(callback_of(config))
    return replace(config, feeds=feeds, rules=take_up(store.rules, store.notices, config, now))


def _slack(config: Config, store: StoreThread, clock: Callable[[], datetime]) -> SlackSink | None:
    slack = config.monitor.slack
    if slack.token is None:
        return None
    from monitor.alerts.sinks.slack import SlackSettings, SlackSink

    interactive = slack.app_token is not None
    settings = SlackSettings(slack.token, slack.api_url, slack.timeout, settle_after(config), interactive)
    return SlackSink(settings, StoredNames(store, SLACK), clock)


def _other_sinks(section: SinksSection, http: Http, clock: Callable[[], datetime]) -> dict[str, Sink]:
    """Those that have targets."""
    sinks: list[Sink] = []
    if section.webhooks:
        hooks = {hook.name: Webhook(hook.url, hook.secret) for hook in section.webhooks}
        sinks.append(WebhookSink(hooks, http, clock))
    if section.email:
        email = section.email
        server = MailServer(email.host, email.port, email.tls, email.user, email.password, email.sender)
        sinks.append(EmailSink(server, {reader.name: reader.to for reader in email.readers}, clock))
    if section.apprise:
        sinks.append(AppriseSink({one.name: one.service for one in section.apprise}, clock))
    if section.atom:
        from monitor.alerts.sinks.atom import AtomSink

        sinks.append(AtomSink({feed.name: feed.path for feed in section.atom}, clock))
    return {sink.name: sink for sink in sinks}


def _push(config: Config, store: StoreThread, http: Http, clock: Callable[[], datetime]) -> Push | None:
    if config.monitor.websub is None:
        return None
    from monitor.app.push import Push

    return Push(listen=config.monitor.websub.listen, store=store, http=http, clock=clock)


def _socket(
    config: Config, commands: Commands, store: StoreThread, clock: Callable[[], datetime]
) -> SlackSocket | None:
    slack = config.monitor.slack
    if slack.token is None or slack.app_token is None:
        return None
    from monitor.alerts.sinks.slack_replies import SlackReplies
    from monitor.alerts.sinks.slack_socket import SlackSocket, SocketSettings
    from monitor.app.slack_backtest import SlackBacktest
    from monitor.app.slack_desk import SlackDesk

    desk = SlackDesk(
        commands=commands,
        access=access_of(config),
        replies=SlackReplies(token=slack.token, api_url=slack.api_url, timeout=slack.timeout),
        store=store,
        database=config.database,
        backtest=SlackBacktest(config.rules, config.feeds, config.database, clock),
        clock=clock,
    )
    settings = SocketSettings(slack.app_token, slack.api_url, slack.timeout)
    return SlackSocket(settings, take=desk.take, tell=desk.tell)


def access_of(config: Config) -> Access:
    """Who may ask for something in Slack, and in which channels: unless said otherwise, where alerts go."""
    from monitor.app.slack_desk import Access

    slack, routes = config.monitor.slack, routes_of(config)
    alerted = {routes.target(rule.channel) for rule in config.rules.rules} | {slack.channel}
    alerted |= {routes.operations} if routes.operations is not None else set()
    return Access(frozenset(slack.allowed_users), frozenset(slack.allowed_channels or alerted))


def settle_after(config: Config) -> timedelta:
    """Longer than the request may take: a message that Slack is still putting in its place is not a missing one."""
    slack = config.monitor.slack
    return max(slack.settle_after, slack.timeout + min(slack.timeout, LATE_COMMIT))


def sinks_of(config: Config) -> tuple[str, ...]:
    """The sinks that are there under a configuration."""
    slack = () if config.monitor.slack.token is None else (SLACK,)
    return (CONSOLE, *slack, *config.monitor.sinks.targets)


def routes_of(config: Config) -> Routes:
    """Where alerts go under a configuration."""
    if config.monitor.slack.token is None:
        return Routes(CONSOLE, console.TARGET, by_rule=False)
    slack = config.monitor.slack
    return Routes(SLACK, slack.channel, by_rule=True, operations=slack.ops_channel)
