"""`rules`: which are in force, what they say and said before, and how they fare."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from difflib import get_close_matches, unified_diff
from typing import Any

import click

from monitor.app import canary, rule_health
from monitor.app import config as configuration
from monitor.app.clock import utc_now
from monitor.app.rule_book import RULES
from monitor.app.rule_health import RuleHealth
from monitor.cli.common import (
    EXIT_FOUND,
    Place,
    complain,
    json_document,
    json_lines,
    reading_store,
    say,
    show_json,
    speaking,
)
from monitor.cli.spans import progress, since
from monitor.model import KeptVersion
from monitor.store.sqlite.store import Store
from monitor.yaml_file import dumped

ORDER = ("name", "title", "severity", "channel", "page", "match")


@click.group(invoke_without_command=True)
@click.pass_context
def rules(context: click.Context) -> None:
    """Rules in force: list, show, history, health."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@rules.command("list")
@json_lines
@click.pass_obj
@speaking()
def list_(place: Place, as_json: bool) -> None:
    """The rules in force, and those that are held back.

    Each with its version, or with the reason.
    """
    store = reading_store(place)
    held = {notice["kind"]: notice["text"] for notice in store.notices.open() if notice["about"] == RULES}
    in_force = {row["rule"]: row for row in store.rules.summary()}
    for name in sorted({*in_force, *held} - {canary.RULE}):
        row = in_force.get(name, {"rule": name, "title": None, "version": None, "first_loaded_at": None, "versions": 0})
        if as_json:
            show_json({**row, "held_back": held.get(name)})
            continue
        if row["version"] is None:
            say(f"{'off':12}  {name}")
        else:
            more = f"; {row['versions']} versions so far" if row["versions"] > 1 else ""
            say(f"{row['version'][:12]}  {name}: {row['title']} (of {row['first_loaded_at'][:16]}Z{more})")
        if name in held:
            say(f"              held back: {held[name]}")


@rules.command()
@click.argument("name", metavar="RULE")
@click.option(
    "--version",
    "prefix",
    metavar="VERSION",
    help="The beginning of a version. Default: the one in force, or the last that was.",
)
@json_document
@click.pass_obj
@speaking()
def show(place: Place, name: str, prefix: str | None, as_json: bool) -> None:
    """What a rule says, or said, with the vocabulary that it uses."""
    versions = _history(reading_store(place), name)
    if prefix is None:
        found = [one for one in versions if one.replaced_at is None] or list(versions[-1:])
    else:
        found = [one for one in versions if one.said.version.startswith(prefix)]
    if len(found) != 1:
        complain(f"{prefix!r} " + ("fits more than one version" if found else f"is no version of the rule {name}"))
        sys.exit(EXIT_FOUND)
    if as_json:
        show_json(_facts(found[0]))
        return
    say(f"# {_heading(found[0])}")
    say(_written(found[0]).rstrip())


@rules.command()
@click.argument("name", metavar="RULE")
@json_lines
@click.pass_obj
@speaking()
def history(place: Place, name: str, as_json: bool) -> None:
    """Every version of a rule, with what it changed.

    The latest comes first.
    """
    versions = _history(reading_store(place), name)
    for number in range(len(versions) - 1, -1, -1):
        difference = _difference(versions[number - 1] if number else None, versions[number])
        if as_json:
            show_json({**_facts(versions[number]), "diff": difference})
            continue
        say(_heading(versions[number]))
        for line in difference.splitlines():
            say(f"    {line}")
        say()


@rules.command()
@since
@json_document
@click.pass_obj
@speaking()
def health(place: Place, since: timedelta, as_json: bool) -> None:
    """Which rules are silent, doubles, noisy or slow.

    And which of their words no article had, each with file, line and remedy.
    """
    config = configuration.load(place.directory, examples=False, sends=False)
    now = utc_now()
    with progress() as show:
        found = rule_health.health(Store.reader(config.database), config.rules, now - since, now, show)
    if as_json:
        show_json(_as_json(found, now - since))
        return
    say(f"{found.articles} articles since {now - since:%Y-%m-%d %H:%M}Z")
    for rule in found.rules:
        last = f"last {rule.last_match_at:%Y-%m-%d %H:%M}Z" if rule.last_match_at is not None else "never"
        noise = f", {rule.noise} not relevant" if rule.noise else ""
        say(f"{rule.matches:6} matches, {rule.alerts} told{noise}, {rule.near} near, {last}  {rule.rule}")
    for finding in found.findings:
        say(f"{finding.kind}: {finding.problem}")
    if not found.findings:
        say("Nothing to mend.")


def _as_json(found: RuleHealth, start: datetime) -> dict[str, Any]:
    """Its keys are a contract."""
    rules = ({**asdict(rule), "microseconds": round(rule.seconds * 1e6)} for rule in found.rules)
    return {
        "since": start,
        "articles": found.articles,
        "rules": [{key: value for key, value in rule.items() if key != "seconds"} for rule in rules],
        "findings": [{"kind": finding.kind, **asdict(finding.problem)} for finding in found.findings],
    }


def _history(store: Store, name: str) -> tuple[KeptVersion, ...]:
    """Exits when there is no such rule."""
    versions = store.rules.history(name)
    if not versions:
        close = get_close_matches(name, [row["rule"] for row in store.rules.summary()], 1)
        hint = f"did you mean {close[0]!r}?" if close else "`rules list` names those that are"
        complain(f"no rule {name!r} was ever loaded; {hint}")
        sys.exit(EXIT_FOUND)
    return versions


def _heading(version: KeptVersion) -> str:
    end = "in force" if version.replaced_at is None else f"until {version.replaced_at:%Y-%m-%d %H:%M}Z"
    return f"{version.said.rule}, version {version.said.version[:12]}: {version.first_loaded_at:%Y-%m-%d %H:%M}Z, {end}"


def _written(version: KeptVersion) -> str:
    """As YAML, in the order in which people write it."""
    said = json.loads(version.said.text)
    rule = {key: said[key] for key in ORDER if said.get(key) is not None}
    text = dumped({"rules": [rule]})
    if version.said.vocabulary:
        concepts = [{"name": one.name, "terms": json.loads(one.text)} for one in version.said.vocabulary]
        text += dumped({"concepts": concepts})
    return text


def _difference(before: KeptVersion | None, after: KeptVersion) -> str:
    """Nothing of the first version."""
    if before is None:
        return ""
    lines = unified_diff(_written(before).splitlines(), _written(after).splitlines(), n=2, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


def _facts(version: KeptVersion) -> dict[str, Any]:
    """What `--json` says; its keys are a contract."""
    said = version.said
    return {
        "rule": said.rule,
        "version": said.version,
        "title": said.title,
        "text": json.loads(said.text),
        "concepts": {one.name: {"version": one.version, "terms": json.loads(one.text)} for one in said.vocabulary},
        "first_loaded_at": version.first_loaded_at,
        "replaced_at": version.replaced_at,
    }
