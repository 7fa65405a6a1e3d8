"""What other rules would have alerted on, against the archive. Reads the database only, also beside a daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from monitor.app.git_revision import rules_of_revision
from monitor.app.origins import about, outlet
from monitor.model import ArchivedArticle, Feed, FeedId
from monitor.rules import schema
from monitor.rules.backtest import Difference, Reading, compare
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store

NOT_MODELLED = (
    "mutes, quiet hours, caps and outages: an alert is counted here whether or not it would have been told",
    "stories as other rules would have made them: grouping is as stored, and an article that belongs to no story "
    "counts by itself",
    "the text at the time: articles are judged by what was read of them last, feeds by their names and tags as stored",
    "what the archive does not hold: entries not yet read, and pages that could not be had",
)

Progress = Callable[[int, int], None]  # (articles done, of so many)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Rules to be tried, and where they are from, in words."""

    rules: RuleSet
    source: str


def from_directory(directory: Path, config: Path) -> Candidate:
    """Of a configuration, or of a directory of rule files; these use today's concepts. Raises ConfigError."""
    if (directory / "rules").is_dir():
        return Candidate(schema.load(directory / "rules", directory / "concepts"), f"{directory}, with its concepts")
    source = f"{directory}, with the concepts of {config}"
    return Candidate(schema.load(directory, config / "concepts"), source)


def from_revision(revision: str, config: Path) -> Candidate:
    """Of the configuration as it was in a git revision. Raises Refused or ConfigError."""
    rules, commit = rules_of_revision(config, revision)
    return Candidate(rules, f"revision {revision} ({commit[:12]}) of {config}, with its concepts")


def against_archive(store: Store, before: RuleSet, after: RuleSet, since: datetime, progress: Progress) -> Difference:
    """One look at each article of the archive, of which only one is in memory at a time."""
    with store.snapshot():
        total = store.archive.count(since)
        return compare(before, after, readings(store, since, lambda done: progress(done, total)), since)


def for_a_while(
    store: Store, before: RuleSet, after: RuleSet, since: datetime, *, is_over: Callable[[], bool], most: int
) -> tuple[Difference, int]:
    """As far as it comes, with the latest `most` alerts; and how many articles there are.

    Stories stand in the archive in the order of their ids, which are digests: those looked at are a fair sample.
    """
    with store.snapshot():
        total = store.archive.count(since)
        in_time = takewhile(lambda _: not is_over(), readings(store, since, lambda _: None))
        return compare(before, after, in_time, since, most=most), total


def readings(store: Store, since: datetime, progress: Callable[[int], None]) -> Iterator[Reading]:
    """The archive since then, story by story, one article in memory at a time."""
    feeds = store.archive.feeds()
    for done, article in enumerate(store.archive.by_story(since), 1):
        yield reading(article, feeds)
        progress(done)


def reading(article: ArchivedArticle, feeds: dict[FeedId, Feed]) -> Reading:
    """An article is judged for each feed that showed it, as it was when it was read."""
    shown_by: list[Feed | None] = [feeds[id_] for id_ in article.feeds] or [None]
    abouts = dict.fromkeys(about(article, feed) for feed in shown_by)
    return Reading(article, outlet(article, shown_by[0]), tuple(abouts))
