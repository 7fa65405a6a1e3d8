"""`feedback`: what readers think of the alerts, and how good that says the rules are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from monitor.app.clock import utc_now
from monitor.app.feedback import reports
from monitor.cli.common import Place, perform, reading_store, say, show_json, speaking
from monitor.cli.spans import since
from monitor.model import Opinion
from monitor.rules.precision import RuleReport, Tally

MOST_OUTLETS = 5  # of a rule, on a terminal


@click.group()
def feedback() -> None:
    """What readers think of the alerts: add, list, report."""


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
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line.")
@click.pass_obj
@speaking()
def list_(place: Place, since: timedelta, limit: int, unjudged: bool, as_json: bool) -> None:
    """The latest verdicts, each with who gave it; or with --unjudged what waits for one."""
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
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line, one for each rule.")
@click.pass_obj
@speaking()
def report(place: Place, since: timedelta, rule: str | None, as_json: bool) -> None:
    """How many of each rule's alerts were relevant: by week and outlet, and which words made false alarms only.

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
