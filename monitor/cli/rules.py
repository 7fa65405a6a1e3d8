"""`check` and `match`: is the configuration right, and what would it say of a text."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import click

from monitor.alerts.message import matched_words
from monitor.app import build, origins
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
    json_document,
    say,
    show_json,
    show_problems,
    speaking,
)
from monitor.http import Http
from monitor.model import Decision, Extract, Feed, Outcome
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
    """Validate the configuration; try the examples in the rules.

    Says what is doubtful about rules, too. Exit 1: an example does not come out as it should.
    """
    config = configuration.load(place.directory, examples=False, sends=False)
    if spelling is not None:
        _show_rules(config, spelling)
        return
    failed = lint.run_examples(config.rules)
    if failed:
        show_problems(problem for problems in failed.values() for problem in problems)
        sys.exit(EXIT_FOUND)
    for doubt in (*configuration.doubts(config), *lint.findings(config.rules)):
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
@click.option(
    "--feed", metavar="NAME", help="As if this feed had shown it: for rules that ask for feed, tag or language."
)
@click.option("--language", metavar="CODE", help="As if it were in this language, such as sr.")
@json_document
@click.pass_obj
@speaking()
def match(place: Place, source: str, title: str, feed: str | None, language: str | None, as_json: bool) -> None:
    """Which rules match a text or page, which came near, and why.

    A text's first line is taken for its title. HTML is read as the daemon would read the page. Where an article is from
    is taken to be as a rule wants it, unless --feed or --language say otherwise.
    """
    config = configuration.load(place.directory, examples=False, sends=False)
    shown_by = _feed(config, feed) if feed is not None else None
    extract = asyncio.run(_text_of(source, config))
    title, text = title or extract.title, extract.text
    about = origins.about(extract, shown_by)
    about = about if language is None else replace(about, language=language)
    decisions = decide(config.rules, title, text, extract.captions, about)
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


def _feed(config: Config, name: str) -> Feed:
    """Exits when there is none of that name."""
    by_name = {feed.name.casefold(): feed for feed in config.feeds}
    if name.casefold() not in by_name:
        close = get_close_matches(name.casefold(), by_name, 3)
        hint = f"did you mean {' or '.join(repr(by_name[one].name) for one in close)}?" if close else "see `feeds list`"
        complain(f"--feed: there is no feed {name!r} in feeds.yaml; {hint}")
        sys.exit(EXIT_USAGE)
    return by_name[name.casefold()]


async def _text_of(source: str, config: Config) -> Extract:
    if source.startswith(("http://", "https://")):
        async with Http(build.http_settings(config.monitor.http)) as http:
            page = await download(source, http, datetime.now(UTC))
        return _read(read_page(page.body, page.url, page.content_type))
    body = _bytes(source)
    if b"<html" in body[:2_000].lower() or b"<!doctype html" in body[:2_000].lower():
        return _read(read_page(body, "http://localhost/", "text/html"))
    text = body.decode("utf-8", "replace").strip()
    first, _, rest = text.partition("\n")
    title = first.strip()
    return Extract(title, furniture.trim(rest.strip(), title), None, None, None, None, None)


def _bytes(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read(MOST_BYTES)
    try:
        return Path(source).read_bytes()[:MOST_BYTES]
    except OSError as e:
        complain(f"{source}: cannot be read ({e.strerror}); name a file, an http(s) address, or - for standard input")
        sys.exit(EXIT_USAGE)


def _read(extract: Extract) -> Extract:
    return replace(extract, text=furniture.trim(extract.text, extract.title))


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
