"""`backtest`: what other rules would have alerted on, told as a difference from today's."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from monitor.app import config as configuration
from monitor.app.backtest import NOT_MODELLED, Candidate, against_archive, from_directory, from_revision
from monitor.app.clock import utc_now
from monitor.app.rule_book import in_force
from monitor.cli.backtest_page import page
from monitor.cli.common import Place, json_document, say, show_json, speaking
from monitor.cli.spans import progress, since
from monitor.rules.backtest import Alert, Change, Difference
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store

MOST_SHOWN = 60  # alerts on a terminal
SIGNS = {Change.ADDED: "+", Change.REMOVED: "−"}


@click.command()
@click.option(
    "--rules",
    "directory",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Rule files, or a whole configuration directory with its own concepts.",
)
@click.option("--revision", metavar="GITREV", help="The configuration directory as it was in this git revision.")
@since
@json_document
@click.option(
    "--html", "html_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a page too."
)
@click.pass_obj
@speaking()
def backtest(
    place: Place,
    directory: Path | None,
    revision: str | None,
    since: timedelta,
    as_json: bool,
    html_file: Path | None,
) -> None:
    """What other rules would have told from the archive.

    The rules in DIR, or those of a git revision, as a difference from today's.

    With neither, what today's rules would have alerted on, as a difference from none. An alert is the first article of
    a story that a rule matches. The database is only read.
    """
    if directory is not None and revision is not None:
        raise click.UsageError("--rules and --revision exclude one another; give one of them")
    config = configuration.load(place.directory, sends=False)
    store = Store.reader(config.database)
    today = Candidate(in_force(store.rules, config), str(place.directory))
    before, after = today, today
    if directory is not None:
        after = from_directory(directory, place.directory)
    elif revision is not None:
        after = from_revision(revision, place.directory)
    else:
        before = Candidate(RuleSet(()), "no rules")
    start = utc_now() - since
    with progress() as show:
        difference = against_archive(store, before.rules, after.rules, start, show)
    facts = _facts(difference, start, before, after)
    if html_file is not None:
        html_file.write_text(page(facts), "utf-8")
    if as_json:
        show_json(facts)
        return
    _show(difference, start, before, after)
    if html_file is not None:
        say(f"The page is in {html_file}.")


def _facts(difference: Difference, start: datetime, before: Candidate, after: Candidate) -> dict[str, Any]:
    """What `--json` says; its keys are a contract."""
    return {
        "since": start,
        "before": before.source,
        "after": after.source,
        "articles": difference.articles,
        "alerts": {key: getattr(difference, key) for key in ("before", "after", "added", "removed")},
        "stories": {key: getattr(difference, f"stories_{key}") for key in ("before", "after", "added", "removed")},
        "rules": [asdict(rule) for rule in difference.rules if rule.change is not Change.SAME],
        "changes": [_story(alerts) for alerts in difference.by_story()],
        "left_out": difference.left_out,
        "not_modelled": NOT_MODELLED,
    }


def _story(alerts: tuple[Alert, ...]) -> dict[str, Any]:
    return {
        "story": alerts[0].story if alerts[0].in_story else None,
        "headline": alerts[0].title,
        "added": sum(alert.change is Change.ADDED for alert in alerts),
        "removed": sum(alert.change is Change.REMOVED for alert in alerts),
        "alerts": [{key: value for key, value in asdict(alert).items() if key != "in_story"} for alert in alerts],
    }


def _show(difference: Difference, start: datetime, before: Candidate, after: Candidate) -> None:
    say(f"Today     {before.source}")
    say(f"Then      {after.source}")
    say(f"Articles  {difference.articles} since {start:%Y-%m-%d %H:%M}Z")
    say(f"Alerts    {difference.before} → {difference.after}: +{difference.added} −{difference.removed}")
    say(
        f"Stories   {difference.stories_before} → {difference.stories_after}: "
        f"+{difference.stories_added} −{difference.stories_removed}"
    )
    for rule in difference.rules:
        if rule.change is not Change.SAME:
            counts = f"+{rule.added} −{rule.removed}"
            say(f"Rule      {counts:10} {rule.rule} ({rule.change}): {rule.before} → {rule.after}")
    shown = 0
    for alerts in difference.by_story():
        if shown >= MOST_SHOWN:
            break
        shown += len(alerts)
        _show_story(alerts)
    say()
    more = difference.added + difference.removed - shown
    if more:
        say(f"And {more} more; --json and --html list the latest {len(difference.alerts)}.")
    for one in NOT_MODELLED:
        say(f"Not modelled: {one}.")


def _show_story(alerts: tuple[Alert, ...]) -> None:
    say()
    counts = ((sign, sum(alert.change is change for alert in alerts)) for change, sign in SIGNS.items())
    say(f"{' '.join(f'{sign}{count}' for sign, count in counts if count)}  {alerts[0].title}")
    for alert in alerts:
        say(f"    {SIGNS[alert.change]} {alert.rule}: {', '.join(alert.words)}")
        say(f"      {alert.at:%Y-%m-%d %H:%M}Z  {alert.outlet}: {alert.title}")
        say(f"      {alert.url}")
