"""`demo`: the real pipeline on a small news world over loopback HTTP. No account, no network."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click
import yaml

from monitor.alerts.sinks.console import ConsoleSink
from monitor.app import config as configuration
from monitor.app.audit import audit
from monitor.app.clock import utc_now
from monitor.app.config import Config
from monitor.app.daemon import Daemon
from monitor.app.starter import starter_directory
from monitor.cli.common import EXIT_FOUND, EXIT_INTERRUPTED, EXIT_USAGE, complain, program, say, speaking
from monitor.demo.world import Request, World
from monitor.store.sqlite.store import Store

ALERT_LAST = "1h"  # at the first look, what is younger than this is news and not history
# The world begins so long ago, and its last chapter is now: then the alert's page is due to be read again.
AGO = timedelta(minutes=61)


@click.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to keep the configuration and the database; a new directory. Default: a temporary one.",
)
@speaking()
def demo(directory: Path | None) -> None:
    """Play a small news world through the real pipeline.

    Seven invented outlets on loopback: alerts, a copy that stays silent, a follow-up, a correction, and the audit. No
    account, no network.
    """
    if directory is not None and directory.exists() and any(directory.iterdir()):
        complain(f"{directory}: is not empty; name a new directory")
        sys.exit(EXIT_USAGE)
    place = directory or Path(tempfile.mkdtemp(prefix="news-monitor-demo-"))
    # What goes wrong in this world goes wrong on purpose, and is told in the summary.
    logging.getLogger("monitor").setLevel(logging.ERROR)
    try:
        code = asyncio.run(_play(place.resolve()))
    except KeyboardInterrupt:  # before the first daemon took the signal for itself
        code = EXIT_INTERRUPTED
    if code == EXIT_INTERRUPTED and directory is None:
        shutil.rmtree(place, ignore_errors=True)
    if code:
        sys.exit(code)


@dataclass(slots=True)
class _Clock:
    """The demo's own, for the world and for the program that watches it."""

    behind: timedelta = AGO

    def __call__(self) -> datetime:
        return utc_now() - self.behind


async def _play(place: Path) -> int:
    """The exit code."""
    clock = _Clock()
    async with World(clock) as world:
        say(f"A news world of {len(world.outlets)} outlets on loopback HTTP:")
        for outlet in world.outlets:
            say(f"  {outlet.name:20} {outlet.feed_url}  [{outlet.language}]")
        config = _write_configuration(place, world)
        say(f"\nWatching it with the starter rules: {', '.join(rule.name for rule in config.rules.rules)}")
        more = True
        while more:
            if world.is_last_chapter:
                clock.behind = timedelta(0)
            if not await _look(config, world, world.chapter, clock):
                return EXIT_INTERRUPTED
            more = world.publish_next()
    return 0 if _sum_up(config) else EXIT_FOUND


async def _look(config: Config, world: World, heading: str, clock: _Clock) -> bool:
    """One sweep of the daemon; False when it was interrupted."""
    say(f"\n── {heading} " + "─" * max(0, 70 - len(heading)))
    seen = len(world.requests)
    daemon = Daemon(config, sys.stdout, announce=False, clock=clock)
    await daemon.run_once(now=True)
    if daemon.stopped:
        return False
    say(_traffic(world.requests[seen:]))
    return True


def _write_configuration(place: Path, world: World) -> Config:
    directory = place / "config"
    directory.mkdir(parents=True, exist_ok=True)
    for part in ("rules", "concepts"):
        shutil.copytree(starter_directory() / part, directory / part)
    feeds = [
        {"name": outlet.name, "url": outlet.feed_url, "language": outlet.language, "tags": list(outlet.tags)}
        for outlet in world.outlets
    ]
    monitor = {
        "database": str(place / "news.db"),
        "http": {"allow_networks": ["127.0.0.0/8"], "pace": "0s"},
        "baseline": {"alert_last": ALERT_LAST},
    }
    _write(directory / "feeds.yaml", {"feeds": feeds})
    _write(directory / "monitor.yaml", monitor)
    return configuration.load(directory)


def _write(path: Path, data: object) -> None:
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")


def _traffic(requests: tuple[Request, ...]) -> str:
    by_status = Counter(request.status for request in requests)
    answers = ", ".join(f"{count} × {status}" for status, count in sorted(by_status.items()))
    conditional = sum(request.conditional for request in requests)
    return f"\n  {len(requests)} requests, {conditional} of them conditional; answers: {answers}"


def _sum_up(config: Config) -> bool:
    store = Store.reader(config.database)
    messages = store.ledger.messages(ConsoleSink.name)
    alerts = [row["message"] for row in messages if not row["thread_of"]]
    replies = [row["message"] for row in messages if row["thread_of"]]
    silent = [row for row in store.ledger.alerts(limit=1_000) if row["fate"] == "suppress"]
    failing = [feed for feed in store.ledger.feeds() if feed["failures"]]
    balance = audit(store)
    say("\n── What happened " + "─" * 55)
    say(f"{len(alerts)} alerts from {sum(store.ledger.entry_states().values())} items:")
    for message in alerts:
        rules = ", ".join(reason.rule for reason in message.reasons)
        say(f"  {message.headline}\n      {message.outlet}; rules: {rules}")
    for message in replies:
        what = "Corrected, in its thread" if message.changes else "Told in the thread of its story"
        say(f"{what}: {message.headline} ({message.outlet})")
    copies = {(row["title"], row["outlet"], row["reason"]) for row in silent}
    for title, outlet, reason in sorted(copies):
        say(f"Not told again: {title} ({outlet})\n      {reason}")
    for feed in failing:
        say(f"Not covered: {feed['name']}: {feed['error']}")
    word = "balances" if balance.balanced else "DOES NOT BALANCE"
    say(
        f"The audit {word}: {balance.matches} matches = {balance.posted} posted + {balance.threaded} threaded + "
        f"{balance.held} held + {balance.suppressed} suppressed."
    )
    say(f"\nEverything is in {config.database} (SQLite). Look at it:")
    say(f"  {program()} --config {config.directory} alerts")
    say(f"  {program()} --config {config.directory} status")
    say("Then watch the real world:")
    say(f"  {program()} init my-config && {program()} --config my-config run")
    return balance.balanced
