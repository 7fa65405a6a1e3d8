"""`search`: full text search in the archive."""

from __future__ import annotations

from datetime import datetime
from difflib import get_close_matches
from typing import Any

import click

from monitor.cli.common import Place, complain, json_lines, reading_store, say, show_json, speaking
from monitor.cli.moments import Moment
from monitor.errors import Refused
from monitor.store.search_query import parse
from monitor.store.snippet import snippets
from monitor.store.sqlite.search_rows import SearchFilter
from monitor.store.sqlite.store import Store

_SEE_FEEDS = "`feeds list` shows them"


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--since", type=Moment(), metavar="TIME", help="Read at or after it: 30d (ago), 2026-11-25.")
@click.option("--until", type=Moment(), metavar="TIME", help="Read before it.")
@click.option("--feed", metavar="NAME", help="Shown by this feed.")
@click.option("--rule", metavar="NAME", help="Matched by this rule.")
@click.option("--site", metavar="HOST", help="From this site or a part of it.")
@click.option("--language", metavar="CODE", help="In this language, as in sr or sr-Latn.")
@click.option(
    "--limit", default=20, show_default=True, metavar="N", type=click.IntRange(1, 100_000), help="At most so many."
)
@json_lines
@click.pass_obj
@speaking()
def search(
    place: Place,
    query: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    feed: str | None,
    rule: str | None,
    site: str | None,
    language: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Find articles in the archive, the latest first.

    QUERY: words that must all be there, "phrases", AND, OR, NOT, parentheses, deploy* for any ending, title:word.
    Case, accents and the script of Serbian do not matter.
    """
    asked, store = parse(" ".join(query)), reading_store(place)
    _refuse_unknown(store, feed, rule)
    only = SearchFilter(since=since, until=until, feed=feed, rule=rule, site=site, language=language)
    for row in store.search.find(asked, only, limit=limit):
        title, passage = snippets(row["title"], row["text"], asked.terms)
        if as_json:
            show_json({**_facts(row), "snippet": passage.text, "marks": passage.marks, "title_marks": title.marks})
            continue
        say(f"{row['first_read_at'][:16]}Z  {', '.join(row['feeds']) or row['site']}: {title.marked()}")
        say(f"    {row['url']}")
        say(f"    … {passage.marked()} …")
        if row["rules"]:
            say(f"    matched by {', '.join(row['rules'])}")
    if waiting := store.search.waiting():
        complain(f"{waiting} articles cannot be found yet: the daemon is still entering them into the index")


def _refuse_unknown(store: Store, feed: str | None, rule: str | None) -> None:
    """A name with a slip in it finds nothing, which must not look like no news."""
    feeds = {known.name for known in store.archive.feeds().values()}
    if feed is not None and feed not in feeds:
        close = get_close_matches(feed, feeds, 1)
        raise Refused(f"no feed was ever called {feed!r}; " + (f"did you mean {close[0]!r}?" if close else _SEE_FEEDS))
    if rule is not None and not store.rules.history(rule):
        raise Refused(f"there never was a rule {rule!r}; `rules list` shows them")


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("text", "captions")}
