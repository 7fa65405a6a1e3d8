"""`feedback`: what readers think of the alerts, and how good that says the rules are."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from monitor.app import config as configuration
from monitor.app.clock import utc_now
from monitor.app.feedback import reports
from monitor.app.proposals import OfRule, Proposed, propose
from monitor.cli.common import (
    EXIT_FOUND,
    Place,
    complain,
    json_lines,
    perform,
    program,
    reading_store,
    say,
    show_json,
    speaking,
)
from monitor.cli.spans import progress, since
from monitor.model import Opinion
from monitor.rules.backtest import Reading
from monitor.rules.precision import RuleReport, Tally
from monitor.rules.proposals import Others, Proposal
from monitor.store.sqlite.store import Store

MOST_OUTLETS = 5  # of a rule, on a terminal
MOST_SPARED = 5  # headlines of a proposal, on a terminal


@click.group()
def feedback() -> None:
    """Verdicts on alerts: add, list, report, propose."""


@feedback.command()
@click.argument("alert")
@click.argument("verdict", type=click.Choice(list(map(str, Opinion))))
@click.pass_obj
@speaking()
def add(place: Place, alert: str, verdict: str) -> None:
    """Judge an alert, as a click in Slack does. ALERT: the beginning of its id, or the address of its article."""
    perform(place, "feedback add", (alert, verdict))


@feedback.command("list")
@since
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
@click.option("--unjudged", is_flag=True, help="Instead: the alerts that were told and nobody judged.")
@json_lines
@click.pass_obj
@speaking()
def list_(place: Place, since: timedelta, limit: int, unjudged: bool, as_json: bool) -> None:
    """The latest verdicts, or what waits for one.

    Each with who gave it; with --unjudged the alerts that have none.
    """
    store, start = reading_store(place), utc_now() - since
    rows = store.feedback.verdicts(start, limit)
    if unjudged:
        alerts = [alert for alert in store.feedback.told(start) if alert.opinion is None]
        rows = tuple(
            {"alert": one.id, "verdict": None, "by": None, "at": one.told_at, "rule": one.rule}
            | {"title": one.title, "url": one.url}
            for one in alerts[: -limit - 1 : -1]
        )
    for row in rows:
        if as_json:
            show_json(row)
            continue
        said = f"{row['verdict']}, {row['by']}" if row["verdict"] else "not judged"
        say(f"{row['alert'][:12]}  {str(row['at'])[:16].replace(' ', 'T')}Z  {row['rule']}: {said}")
        say(f"    {row['title']}")
        say(f"    {row['url']}")


@feedback.command()
@since
@click.option("--rule", help="Only this rule.")
@json_lines
@click.pass_obj
@speaking()
def report(place: Place, since: timedelta, rule: str | None, as_json: bool) -> None:
    """How many of each rule's alerts were relevant.

    By week and outlet, and which words made false alarms only.

    Precision is that of the judged alerts, with the 95 % interval it may lie in (Wilson). What was told twice by one
    story counts twice; where readers disagree most of them decide, and where they are even it is relevant.
    """
    found = reports(reading_store(place), utc_now() - since, rule)
    for one in found:
        if as_json:
            show_json(_facts(one))
        else:
            _show(one)
    if not found and not as_json:
        say("Nothing was told in this time.")


def _show(one: RuleReport) -> None:
    say(f"{one.rule}: {_sentence(one.all)}")
    for monday, tally in one.weeks:
        say(f"    week of {monday}  {_sentence(tally)}")
    for outlet, tally in [item for item in one.outlets if item[1].judged][:MOST_OUTLETS]:
        say(f"    {outlet}: {_sentence(tally)}")
    if one.terms:
        say("    only in false alarms: " + ", ".join(f"{term} ({count})" for term, count in one.terms))


def _sentence(tally: Tally) -> str:
    if tally.precision is None:
        return f"{tally.told} told, none judged"
    low, high = tally.interval
    return (
        f"{tally.precision:.0%} relevant ({low:.0%} to {high:.0%}): {tally.relevant} of {tally.judged} judged, "
        f"{tally.told} told"
    )


def _facts(one: RuleReport) -> dict[str, Any]:
    """What `--json` says; its keys are a contract."""
    return {
        "rule": one.rule,
        **_numbers(one.all),
        "weeks": [{"week": str(monday), **_numbers(tally)} for monday, tally in one.weeks],
        "outlets": [{"outlet": outlet, **_numbers(tally)} for outlet, tally in one.outlets],
        "terms": [{"term": term, "false_alarms": count} for term, count in one.terms],
    }


def _numbers(tally: Tally) -> dict[str, Any]:
    low, high = tally.interval
    return {
        "told": tally.told,
        "judged": tally.judged,
        "relevant": tally.relevant,
        "not_relevant": tally.not_relevant,
        "judged_share": round(tally.judged / tally.told, 4) if tally.told else None,
        "precision": None if tally.precision is None else round(tally.precision, 4),
        "interval": [round(low, 4), round(high, 4)],
    }


# ---- propose ----


@feedback.command("propose")
@click.argument("rule", required=False)
@since
@click.option("--patch", "number", type=click.IntRange(min=1), metavar="N", help="Print only the Nth diff of RULE.")
@json_lines
@click.pass_obj
@speaking()
def propose_(place: Place, rule: str | None, since: timedelta, number: int | None, as_json: bool) -> None:
    """How rules with false alarms might be changed.

    All of them, or RULE; each change with its backtest on the archive.

    A false alarm is an alert that readers called not relevant. What loses nothing that they called relevant comes
    first, whatever its age. No file is changed: take a diff with --patch, look at it, and apply it.
    """
    if number is not None and (rule is None or as_json):
        raise click.UsageError("--patch takes a RULE, and no --json")
    config = configuration.load(place.directory, examples=False, sends=False)
    names = [one.name for one in config.rules.rules]
    if rule is not None and rule not in names:
        complain(f"there is no rule {rule!r}; `check` lists those that are")
        sys.exit(EXIT_FOUND)
    start = utc_now() - since
    with progress() as show:
        found = propose(Store.reader(config.database), config.rules, start, show, only=rule)
    if number is not None:
        _patch(place, found, number)
    elif as_json:
        for one in found.rules:
            show_json(_proposed(place, one, found, start))
    else:
        _proposals(place, found, start)


def _patch(place: Place, found: Proposed, number: int) -> None:
    """With what it is for, which `git apply` and `patch` skip."""
    proposals = found.rules[0].proposals if found.rules else ()
    if number > len(proposals):
        complain(f"there are {len(proposals)} proposals; without --patch they are listed")
        sys.exit(EXIT_FOUND)
    one, proposal = found.rules[0], proposals[number - 1]
    say(f"{one.rule.name}: {' '.join(proposal.patch.what.split())}")  # a line of its own could be taken for the diff's
    say(f"{_effect(one, proposal)}; of {found.articles} articles")
    say(f"Proposed {utc_now():%Y-%m-%d %H:%M}Z, after verdicts by {', '.join(one.judges)}")
    say()
    click.echo(one.diff(proposal, place.directory), nl=False)


def _proposals(place: Place, found: Proposed, start: datetime) -> None:
    if not found.rules:
        say(f"Nothing told since {start:%Y-%m-%d %H:%M}Z was called not relevant.")
        return
    for one in found.rules:
        say()
        mended = f", {one.mended} that it would not give any more" if one.mended else ""
        counts = f"{_count(one.false_alarms, 'false alarm')}{mended}; {_count(one.relevant, 'relevant alert')}"
        say(f"{one.rule.name}: {counts}")
        for number, proposal in enumerate(one.proposals, 1):
            _show_proposal(place, one, number, proposal)
        if not one.proposals:
            say("    Nothing that I can think of would have spared one of them: see `explain` for what matched.")
    say()
    say(f"Tried on {found.articles} articles since {start:%Y-%m-%d %H:%M}Z. No file was changed. To take a proposal:")
    directory = shlex.quote(str(place.directory))
    say(f"    {program()} --config {directory} feedback propose RULE --patch N > rule.diff")
    say(f'    git -C {directory} apply "$PWD/rule.diff"    # or: patch -p1 -d {directory} < rule.diff')
    say(f"    {program()} --config {directory} check")


def _show_proposal(place: Place, one: OfRule, number: int, proposal: Proposal) -> None:
    say()
    say(f"{number:3}. {proposal.patch.way}: {proposal.patch.what}")
    say(f"     {_effect(one, proposal)}")
    if proposal.alike:
        say(f"     the same would do: {'; '.join(proposal.alike)}")
    for sign, readings in (
        ("spares", proposal.spared[:MOST_SPARED]),
        ("LOSES ", proposal.lost),
        ("−", proposal.removed.first),
        ("+", proposal.added.first),
    ):
        for reading in readings:
            say(f"       {sign} {reading.outlet}: {reading.article.title}")
    for line in one.diff(proposal, place.directory).splitlines()[2:]:
        say(f"     | {line}")


def _effect(one: OfRule, proposal: Proposal) -> str:
    lost = f"LOSES {len(proposal.lost)}" if proposal.lost else "loses none"
    return (
        f"spares {len(proposal.spared)} of {_count(one.false_alarms, 'false alarm')}, "
        f"{lost} of {_count(one.relevant, 'relevant alert')}; "
        f"of other alerts −{proposal.removed.count} +{proposal.added.count}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _proposed(place: Place, one: OfRule, found: Proposed, start: datetime) -> dict[str, Any]:
    """What `--json` says; its keys are a contract."""
    return {
        "rule": one.rule.name,
        "since": start,
        "articles": found.articles,
        "false_alarms": one.false_alarms,
        "mended": one.mended,
        "relevant": one.relevant,
        "judges": one.judges,
        "proposals": [
            {
                "patch": number,
                "way": proposal.patch.way,
                "what": proposal.patch.what,
                "alike": proposal.alike,
                "gain": round(proposal.gain, 2),
                "spared": _told(proposal.spared),
                "lost": _told(proposal.lost),
                "removed": _counted(proposal.removed),
                "added": _counted(proposal.added),
                "diff": one.diff(proposal, place.directory),
            }
            for number, proposal in enumerate(one.proposals, 1)
        ],
    }


def _counted(others: Others) -> dict[str, Any]:
    return {"count": others.count, "first": _told(others.first)}


def _told(readings: Sequence[Reading]) -> list[dict[str, Any]]:
    return [
        {"title": one.article.title, "url": one.article.url, "outlet": one.outlet, "at": one.article.first_read_at}
        for one in readings
    ]
