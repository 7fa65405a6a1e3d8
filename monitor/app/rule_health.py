"""How the rules fare: from the database, and from one look through the archive. Only reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.model import Opinion
from monitor.rules.match import slowest
from monitor.rules.schema import RuleSet
from monitor.rules.usage import Finding, Kind, Occurrences, Usage, in_archive, of_rules
from monitor.store.sqlite.store import Store
from monitor.store.sqlite.values import Row, time_or_none
from monitor.text import Document, document

LARGEST_SAMPLE = 100  # articles by which the rules' cost is measured
MOST_MEASUREMENTS = 50_000  # of a rule on an article


@dataclass(frozen=True, slots=True)
class RuleHealth:
    """Of each rule in the order of the files; findings in that of their kinds."""

    articles: int
    rules: tuple[Usage, ...]
    findings: tuple[Finding, ...]


def health(
    store: Store, rules: RuleSet, since: datetime, now: datetime, progress: Callable[[int, int], None]
) -> RuleHealth:
    with store.snapshot():
        rows, stories = store.rules.usage(since, Opinion.NOT_RELEVANT), store.rules.stories(since)
        total = store.archive.count(since)
        occurrences, sample = _read(store, rules, since, lambda done: progress(done, total), total)
    cost = dict(slowest(rules, sample, time.process_time))
    usage = {
        rule.name: replace(
            _usage(rule.name, rows.get(rule.name, {})), seconds=cost[rule.name] / len(sample) if sample else 0.0
        )
        for rule in rules.rules
    }
    words = [Finding(Kind.WORDS, problem) for problem in (in_archive(rules, occurrences.counts) if total else ())]
    return RuleHealth(total, tuple(usage.values()), (*of_rules(rules, usage, stories, since, now), *words))


def _read(
    store: Store, rules: RuleSet, since: datetime, progress: Callable[[int], None], total: int
) -> tuple[Occurrences, list[Document]]:
    """Which words occur, and articles from all over the archive."""
    occurrences, sample = Occurrences(rules), list[Document]()
    wanted = max(1, min(LARGEST_SAMPLE, MOST_MEASUREMENTS // max(len(rules.rules), 1)))
    step = max(1, total // wanted)
    for done, article in enumerate(store.archive.by_story(since), 1):
        read = document(article.title, article.text, article.captions)
        occurrences.add({*read.title_words, *read.text_words, *read.caption_words})
        if done % step == 0 and len(sample) < wanted:
            sample.append(read)
        progress(done)
    return occurrences, sample


def _usage(rule: str, row: Row) -> Usage:
    return Usage(
        rule=rule,
        matches=row.get("matches", 0),
        alerts=row.get("alerts", 0),
        near=row.get("near", 0),
        noise=row.get("noise", 0),
        last_match_at=time_or_none(row.get("last_match_at")),
        loaded_at=time_or_none(row.get("loaded_at")),
    )
