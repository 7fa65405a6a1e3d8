"""`/news backtest`: what a rule that somebody pasted in Slack would have alerted on.

It runs in a thread on a reader of its own, one at a time and for a limited time: neither alerts nor other answers wait.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from monitor.alerts.message import shorten
from monitor.alerts.sinks.slack_text import block, escape, link, local
from monitor.app.backtest import for_a_while
from monitor.errors import ConfigError, Refused
from monitor.model import Feed
from monitor.rules.backtest import Alert, Change
from monitor.rules.pasted import FILE, read_pasted
from monitor.rules.rule import Rule
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store

LOOKED_BACK = timedelta(days=30)
PATIENCE = timedelta(seconds=20)
MOST_HEADLINES = 10
MOST_PROBLEMS = 5
LONGEST_TITLE, LONGEST_WORDS, LONGEST_OUTLET = 200, 100, 80
SIGNS = {Change.ADDED: "+", Change.REMOVED: "−"}
USAGE = "write a query, as in /news backtest kosovo AND tanks, or paste a rule as YAML, between ``` if it has lines"


class SlackBacktest:
    """`patience`: how long one may take; what was looked at until then is told, and that it was cut."""

    def __init__(
        self,
        rules: RuleSet,
        feeds: Sequence[Feed],
        database: Path,
        clock: Callable[[], datetime],
        *,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._rules = rules
        self._feeds = {feed.name for feed in feeds}
        self._tags = {tag for feed in feeds for tag in feed.tags}
        self._database = database
        self._clock = clock
        self._patience = patience
        self._under_way = False

    async def answer(self, pasted: str) -> list[str]:
        """Lines of mrkdwn; also of what is wrong with the rule. Raises Refused or StoreError."""
        if not pasted.strip("`\n "):
            raise Refused(USAGE)
        if self._under_way:
            raise Refused("another backtest is under way; ask again in half a minute")
        self._under_way = True
        try:
            return await asyncio.to_thread(self._answer, pasted)
        finally:
            self._under_way = False

    def _answer(self, pasted: str) -> list[str]:
        try:
            rules = read_pasted(pasted, self._rules, feeds=self._feeds, tags=self._tags)
        except ConfigError as e:
            return list(_problems(e))
        store = Store.reader(self._database)
        try:
            return list(self._tried(store, rules))
        finally:
            store.close()

    def _tried(self, store: Store, rules: Sequence[Rule]) -> Iterator[str]:
        """As a difference from the rules of the same names."""
        names = {rule.name for rule in rules}
        today = RuleSet(tuple(rule for rule in self._rules.rules if rule.name in names))
        end = time.monotonic() + self._patience.total_seconds()
        found, articles = for_a_while(
            store,
            today,
            RuleSet(tuple(rules)),
            self._clock() - LOOKED_BACK,
            is_over=lambda: time.monotonic() >= end,
            most=MOST_HEADLINES,
        )
        compared = f"today's {', '.join(rule.name for rule in today.rules)}" if today.rules else "no rule"
        yield (
            f"*+{found.added} −{found.removed}* alerts in {LOOKED_BACK.days} days, compared with {escape(compared)}: "
            f"{found.before} → {found.after}"
        )
        if found.articles < articles:
            yield (
                f"*Cut off after {self._patience.total_seconds():.0f} s*: this is of {found.articles} of {articles} "
                "articles, a fair sample. `news-monitor backtest --rules DIR` looks at all of them."
            )
        yield from map(_line, found.alerts)
        if found.left_out:
            yield f"and {found.left_out} more"


def _line(alert: Alert) -> str:
    title, outlet = shorten(alert.title, LONGEST_TITLE), escape(shorten(alert.outlet, LONGEST_OUTLET))
    words = f": {escape(shorten(', '.join(alert.words), LONGEST_WORDS))}" if alert.words else ""
    return f"{SIGNS[alert.change]} {local(alert.at)} {link(alert.url, title) or escape(title)} ({outlet}){words}"


def _problems(error: ConfigError) -> Iterator[str]:
    """As `check` says them, with the caret under its place."""
    count = len(error.problems)
    yield f"{FILE.capitalize()} cannot be tried: " + ("1 problem" if count == 1 else f"{count} problems")
    for problem in error.problems[:MOST_PROBLEMS]:
        yield block(str(problem))
    if count > MOST_PROBLEMS:
        yield f"and {count - MOST_PROBLEMS} more"
