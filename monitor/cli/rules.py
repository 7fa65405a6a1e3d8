"""`check` and `match`: is the configuration right, and what would it say of a text."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from monitor.alerts.message import matched_words
from monitor.app import build
from monitor.app import config as configuration
from monitor.app.config import Config
from monitor.articles import furniture
from monitor.articles.download import download
from monitor.articles.tasks import read_page
from monitor.cli.common import (
    EXIT_FOUND,
    EXIT_USAGE,
    Place,
    complain,
    say,
    show_json,
    show_problems,
    speaking,
)
from monitor.http import Http
from monitor.model import Decision, Extract, Outcome
from monitor.rules import lint
from monitor.rules.match import decide
from monitor.rules.written import to_query, to_yaml

MOST_BYTES = 10_000_000


@click.command()
@click.option(
    "--format", "spelling", type=click.Choice(("query", "yaml")), help="Print every rule's conditions in this spelling."
)
@click.pass_obj
@speaking()
def check(place: Place, spelling: str | None) -> None:
    """Validate all configuration, run the examples inside the rules, and say what is doubtful about them."""
    config = configuration.load(place.directory, examples=False)
    if spelling is not None:
        _show_rules(config, spelling)
        return
    failed = lint.run_examples(config.rules)
    if failed:
        show_problems(problem for problems in failed.values() for problem in problems)
        sys.exit(EXIT_FOUND)
    for doubt in lint.findings(config.rules):
        say(f"doubtful: {doubt}")
    examples = sum(len(rule.examples.match) + len(rule.examples.no_match) for rule in config.rules.rules)
    say(
        f"{place.directory}: good. {len(config.feeds)} feeds, {len(config.rules.rules)} rules, "
        f"{examples} examples as expected."
    )
    if config.monitor.slack.token is None:
        say("No Slack token: alerts would go to the console. Set SLACK_BOT_TOKEN to send them to Slack.")


def _show_rules(config: Config, spelling: str) -> None:
    for rule in config.rules.rules:
        for part, condition in (("match", rule.match), ("none", rule.none)):
            if condition is not None:
                written = (
                    to_query(condition) if spelling == "query" else json.dumps(to_yaml(condition), ensure_ascii=False)
                )
                say(f"{rule.name} {part}: {written}")


@click.command()
@click.argument("source", default="-", metavar="[FILE|URL|-]")
@click.option("--title", default="", help="The title, when the text does not begin with one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
@speaking()
def match(place: Place, source: str, title: str, as_json: bool) -> None:
    """Which rules match a text or page, which came near, and why.

    A text's first line is taken for its title. HTML is read as the daemon would read the page.
    """
    config = configuration.load(place.directory, examples=False)
    found_title, text, captions = asyncio.run(_text_of(source, config))
    title = title or found_title
    decisions = decide(config.rules, title, text, captions)
    if as_json:
        show_json(
            {
                "title": title,
                "characters": len(text),
                "decisions": [_as_json(decision) for decision in decisions],
            }
        )
        return
    say(f"{title or '(no title)'}  ({len(text.split())} words)")
    for decision in sorted(decisions, key=lambda decision: decision.outcome is not Outcome.MATCHED):
        _show(decision)
    if not decisions:
        say("No rule matches, and none came near.")


async def _text_of(source: str, config: Config) -> tuple[str, str, tuple[str, ...]]:
    if source.startswith(("http://", "https://")):
        async with Http(build.http_settings(config.monitor.http)) as http:
            page = await download(source, http, datetime.now(UTC))
        return _read(read_page(page.body, page.url, page.content_type))
    body = _bytes(source)
    if b"<html" in body[:2_000].lower() or b"<!doctype html" in body[:2_000].lower():
        return _read(read_page(body, "http://localhost/", "text/html"))
    text = body.decode("utf-8", "replace").strip()
    first, _, rest = text.partition("\n")
    return first.strip(), furniture.trim(rest.strip(), first.strip()), ()


def _bytes(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read(MOST_BYTES)
    try:
        return Path(source).read_bytes()[:MOST_BYTES]
    except OSError as e:
        complain(f"{source}: cannot be read ({e.strerror}); name a file, an http(s) address, or - for standard input")
        sys.exit(EXIT_USAGE)


def _read(extract: Extract) -> tuple[str, str, tuple[str, ...]]:
    return extract.title, furniture.trim(extract.text, extract.title), extract.captions


def _as_json(decision: Decision) -> dict[str, object]:
    return {
        "rule": decision.rule,
        "outcome": decision.outcome,
        "severity": decision.severity,
        "missing": decision.missing,
        "hits": [asdict(hit) for hit in decision.hits],
    }


def _show(decision: Decision) -> None:
    mark = "✔ MATCH" if decision.outcome is Outcome.MATCHED else "· near "
    say()
    say(f"{mark}  {decision.title} [{decision.rule}, {decision.severity}]: {', '.join(matched_words(decision.hits))}")
    for hit in decision.hits:
        say(f"    {hit.part}: “{hit.words}” in the {hit.zone} at {hit.start}–{hit.end}")
        say(f"        {' '.join(hit.sentence.split())}")
    for part in decision.missing:
        say(f"    missing: {part}")
