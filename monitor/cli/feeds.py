"""`feeds`: which feeds are watched and how they are; looking at new ones, adding, removing, OPML."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from monitor import urls
from monitor.app import build, feeds_file
from monitor.app import config as configuration
from monitor.app.clock import utc_now
from monitor.app.config_sections import MonitorFile
from monitor.app.feed_check import Checked, FeedCheck, holder, known_through, nothing_known
from monitor.app.feed_import import free_name, plan
from monitor.app.workers import Workers
from monitor.cli.common import (
    EXIT_FOUND,
    Place,
    complain,
    json_document,
    json_lines,
    say,
    show_json,
    show_problems,
    speaking,
)
from monitor.cli.delays import delays
from monitor.errors import ConfigError, ParseError, Problem
from monitor.feeds import opml, websub
from monitor.feeds.health import Condition, Health, health
from monitor.feeds.report import Level, Report
from monitor.http import Http
from monitor.ids import feed_id
from monitor.model import Feed, FeedState
from monitor.spans import spoken
from monitor.store.sqlite.store import Store
from monitor.store.sqlite.values import time_or_none

WORKERS = 1  # a second one could still be starting when the check is over, and would complain of its end
RELOAD = "A running daemon takes it up within seconds."
MARKS = {Level.GOOD: "✔", Level.NOTE: "!", Level.PROBLEM: "✘"}


@click.group()
def feeds() -> None:
    """Feeds: list, check, add, remove, delays, OPML."""


feeds.add_command(delays)

# ---- list ----


@feeds.command(name="list")
@json_lines
@click.pass_obj
@speaking()
def list_(place: Place, as_json: bool) -> None:
    """Every feed with its tags and its health."""
    now = utc_now()
    store = _store(place)
    rows = {row["url"]: row for row in store.ledger.feeds()} if store else {}
    for feed in configuration.load_feeds(place.directory):
        facts = _facts(feed, rows.get(feed.url, {}), store, now)
        if as_json:
            show_json(facts)
        else:
            _show_feed(facts, now)


def _facts(feed: Feed, row: dict[str, Any], store: Store | None, now: datetime) -> dict[str, Any]:
    state = store.feeds.state(row["id"]) if store and row else FeedState(feed.id, next_poll_at=now)
    subscription = store.subscriptions.of(row["id"]) if store and row else None
    condition = (
        health(state, now=now, last_gap_at=time_or_none(row.get("last_gap_at")))
        if row
        else Condition(Health.NEW, "the daemon does not know it yet")
    )
    return {
        "name": feed.name,
        "url": feed.url,
        "tags": feed.tags,
        "language": feed.language,
        "health": condition.health,
        "why": condition.sentence,
        "entries": row.get("entries", 0),
        "last_new_at": state.last_new_at,
        "last_poll_at": state.last_poll_at,
        "next_poll_at": state.next_poll_at if row else None,
        "push": subscription.state if subscription else None,
        "push_until": subscription.lease_until if subscription and websub.is_live(subscription, now) else None,
        "push_words": websub.standing(subscription, now) if subscription else None,
    }


def _show_feed(facts: dict[str, Any], now: datetime) -> None:
    tags = f"  [{', '.join(facts['tags'])}]" if facts["tags"] else ""
    say(f"{facts['health']:8} {facts['name']}{tags}  {facts['url']}")
    last_new = f", the last new one {_ago(facts['last_new_at'], now)}" if facts["last_new_at"] else ""
    polled = f"; polled {_ago(facts['last_poll_at'], now)}" if facts["last_poll_at"] else ""
    coming = f", next {_ahead(facts['next_poll_at'], now)}" if facts["next_poll_at"] else ""
    say(f"         {facts['entries']} entries{last_new}{polled}{coming}")
    if facts["health"] is not Health.OK:
        say(f"         {facts['why']}")
    if facts["push_words"]:
        say(f"         push: {facts['push_words']}")


def _ago(moment: datetime, now: datetime) -> str:
    return f"{spoken(now - moment)} ago"


def _ahead(moment: datetime, now: datetime) -> str:
    return f"in {spoken(moment - now)}" if moment > now else "now"


# ---- check ----


@feeds.command()
@click.argument("url")
@json_document
@click.pass_obj
@speaking()
def check(place: Place, url: str, as_json: bool) -> None:
    """Look at a feed, or find the feeds of a web page.

    Exit 1: it cannot be used.
    """
    checked = _checked(place, _web_url(url))
    if as_json:
        show_json(
            {
                "url": checked.asked,
                "is_web_page": checked.is_page,
                "usable": bool(checked.usable),
                "feeds": [_as_json(report) for report in checked.reports],
            }
        )
    else:
        _show_check(checked)
    if not checked.usable:
        sys.exit(EXIT_FOUND)


def _checked(place: Place, url: str) -> Checked:
    monitor = configuration.load_monitor(place.directory)
    held = configuration.load_feeds(place.directory)
    return asyncio.run(_check(url, monitor, held, _store(place)))


async def _check(url: str, monitor: MonitorFile, held: Sequence[Feed], store: Store | None) -> Checked:
    workers = Workers(WORKERS)
    try:
        async with Http(build.http_settings(monitor.http)) as http:
            return await FeedCheck(
                http=http,
                workers=workers,
                held=held,
                known_through=known_through(store) if store else nothing_known,
                usual=monitor.schedule.every or monitor.schedule.least,
                clock=utc_now,
            ).check(url)
    finally:
        await workers.close()


def _show_check(checked: Checked) -> None:
    if checked.is_page:
        say(f"{checked.asked} is a web page.")
    for report in checked.reports:
        _show_report(report)
    if checked.usable:
        say("\nTo paste into feeds.yaml:")
        for report in checked.usable:
            say(f"  {feeds_file.on_one_line(report.suggested)}")


def _show_report(report: Report) -> None:
    say(f"\n{report.suggested.name}  {report.asked}")
    for finding in report.findings:
        say(f"  {MARKS[finding.level]} {finding.topic:11} {finding.sentence}")
    say("  usable" if report.usable else "  not usable")


def _as_json(report: Report) -> dict[str, Any]:
    suggested = report.suggested
    return {
        "url": report.asked,
        "usable": report.usable,
        "format": report.format,
        "items": report.items,
        "window_hours": None if report.window is None else round(report.window.total_seconds() / 3600, 2),
        "slowest_safe_seconds": None if report.slowest is None else int(report.slowest.total_seconds()),
        "findings": [asdict(finding) for finding in report.findings],
        "suggested": {
            "name": suggested.name,
            "url": suggested.url,
            "language": suggested.language,
            "every_seconds": None if suggested.every is None else int(suggested.every.total_seconds()),
        },
        "yaml": feeds_file.on_one_line(suggested),
    }


# ---- add, remove ----


@feeds.command()
@click.argument("url")
@click.option("--name", metavar="NAME", help="What to call it. Default: what it calls itself.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="May be given several times.")
@click.option("--no-check", is_flag=True, help="Add the address as it is, without looking at it.")
@click.pass_obj
@speaking()
def add(place: Place, url: str, name: str | None, tags: tuple[str, ...], no_check: bool) -> None:
    """Look at a feed and write it into feeds.yaml. A web page adds the first of its feeds."""
    url = _web_url(url)
    held = configuration.load_feeds(place.directory)
    _refuse_held(url, held)
    feed = Feed(feed_id(url), urls.site(url), url) if no_check else _looked_at(place, url, held)
    _refuse_held(feed.url, held)
    taken = {other.name for other in held}
    if name in taken:
        raise click.UsageError(f"the name {name!r} is taken; choose another one")
    feed = replace(feed, name=name or free_name(feed.name, feed.url, taken), tags=tuple(dict.fromkeys(tags)))
    path = place.directory / configuration.FEEDS
    feeds_file.change(path, lambda text, file: feeds_file.added(text, file, [feed]))
    say(f"\nAdded to {path}:\n  {feeds_file.on_one_line(feed)}\n{RELOAD}")


def _looked_at(place: Place, url: str, held: Sequence[Feed]) -> Feed:
    """The first of its feeds that can be used, and rather one that is not held yet."""
    checked = _checked(place, url)
    _show_check(checked)
    if not checked.usable:
        complain("Nothing was added. With --no-check the address is added as it is.")
        sys.exit(EXIT_FOUND)
    suggested = [report.suggested for report in checked.usable]
    return next((feed for feed in suggested if holder(feed.url, held) is None), suggested[0])


def _refuse_held(url: str, held: Sequence[Feed]) -> None:
    feed = holder(url, held)
    if feed is not None:
        raise click.UsageError(f"{url} is there already, as {feed.name!r}")


@feeds.command()
@click.argument("name_or_url", metavar="NAME|URL")
@click.pass_obj
@speaking()
def remove(place: Place, name_or_url: str) -> None:
    """Cut a feed out of feeds.yaml. What it brought stays in the database."""
    feed = _named(name_or_url, configuration.load_feeds(place.directory))
    path = place.directory / configuration.FEEDS
    feeds_file.change(path, lambda text, file: feeds_file.removed(text, file, feed))
    say(f"Removed {feed.name} ({feed.url}) from {path}.\n{RELOAD}")


def _named(name_or_url: str, held: Sequence[Feed]) -> Feed:
    for feed in held:
        if feed.name == name_or_url:
            return feed
    try:
        found = holder(urls.web_url(name_or_url), held)
    except ValueError:
        found = None
    if found is None:
        raise click.UsageError(f"no feed is called {name_or_url!r} or has this address; `feeds list` shows them")
    return found


# ---- lists ----


@feeds.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.pass_obj
@speaking()
def import_(place: Place, file: Path) -> None:
    """Add the feeds of an OPML FILE to feeds.yaml.

    Those that stand there already stay as they are. Exit 1: some of its feeds cannot be used. Nothing is fetched:
    `feeds check` looks at one of them.
    """
    held = configuration.load_feeds(place.directory)
    with file.open("rb") as stream:
        body = stream.read(opml.MAX_BYTES + 1)
    try:
        listing = opml.parse(body)
    except ParseError as e:
        raise ConfigError([Problem(str(file), 0, f"{e}; export the list again as OPML")]) from e
    if listing.note is not None:
        say(f"note     {file}: {listing.note}")
    planned = plan(listing.feeds, held, file=str(file))
    path = place.directory / configuration.FEEDS
    if planned.new:
        feeds_file.change(path, lambda text, name: feeds_file.added(text, name, planned.new))
    for feed in planned.new:
        say(f"added    {feed.name}  {feed.url}")
    for problem in planned.held:
        say(f"skipped  {problem}")
    show_problems(planned.unusable)
    say(
        f"{len(planned.new)} added to {path}, {len(planned.held)} there already, "
        f"{len(planned.unusable)} could not be used."
    )
    if planned.new:
        say(RELOAD)
    if planned.unusable:
        sys.exit(EXIT_FOUND)


@feeds.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.pass_obj
@speaking()
def export(place: Place, file: Path | None) -> None:
    """Write the feeds as OPML to FILE, else to standard output.

    OPML 2.0; tags become categories.
    """
    held = configuration.load_feeds(place.directory)
    text = opml.serialise(held, title="news-monitor", created_at=utc_now())
    if file is None:
        click.echo(text, nl=False)
        return
    file.write_text(text, "utf-8")
    say(f"Wrote {len(held)} feeds to {file}.")


def _web_url(text: str) -> str:
    try:
        return urls.web_url(text)
    except ValueError as e:
        raise click.UsageError(str(e)) from e


def _store(place: Place) -> Store | None:
    """None while there is no database yet."""
    database = Path(configuration.load_monitor(place.directory).database)
    return Store.reader(database) if database.exists() else None
