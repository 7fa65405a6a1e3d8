"""Telling operators, once, of a rule that fell silent in a way that is not like it: a broken word, a dead source."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor.app.attendants import View
from monitor.app.rule_rhythm import WINDOW, Silence, odd_silence
from monitor.errors import StoreError
from monitor.model import Notice
from monitor.spans import spoken
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)

KIND = "silent"
ALL = "rules"  # what a notice is about that many are silent
MOST_BY_NAME = 5  # more that fall silent together have one cause, and are told as one
CHECK_EVERY = timedelta(hours=1)
FRESH = timedelta(days=1)  # only just up: what was silent was the service


class RuleWatch:
    """An attendant of the daemon; always there."""

    name = "rules"

    def __init__(self) -> None:
        self._watching: asyncio.Task[None] | None = None

    async def open(self, view: View) -> None:
        self._watching = asyncio.create_task(_watch(view))

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None


async def _watch(view: View) -> None:
    versions = {rule.name: rule.version for rule in view.parts.config.rules.rules}
    while True:
        await asyncio.sleep(CHECK_EVERY.total_seconds())
        if view.clock() - view.up_since < FRESH:
            continue
        try:
            await view.store.change(lambda store: look(store, versions, view.clock()))
        except StoreError as e:
            log.error("cannot see which rules are silent", extra={"why": str(e)})
        except Exception:
            log.exception("cannot see which rules are silent")


def look(store: Store, versions: Mapping[str, str], now: datetime) -> None:
    """`versions`: of the rules in force. What one matched that said something else is no measure for it."""
    silent: dict[str, Silence] = {}
    matches = store.alerts.matched_since(now - WINDOW, versions.values())
    for rule in versions:
        silence = odd_silence(matches.get(rule, ()), now)
        if silence is not None:
            silent[rule] = silence
        else:
            store.notices.end(f"rule {rule}", {KIND}, f"Rule {rule} matches again.", now)
    if len(silent) <= MOST_BY_NAME:
        store.notices.end(ALL, {KIND}, "Most of the rules that were silent match again.", now)
        for rule, silence in silent.items():
            store.notices.add(Notice(f"rule {rule}", KIND, _words(rule, silence, now)), now)
        return
    some = ", ".join(sorted(silent)[:MOST_BY_NAME])
    words = f"{len(silent)} rules are silent longer than is like them, so there may be one cause: {some} and others."
    store.notices.add(Notice(ALL, KIND, words), now)


def _words(rule: str, silence: Silence, now: datetime) -> str:
    return (
        f"Rule {rule} has matched nothing for {spoken(now - silence.since)}; its longest silence in eight weeks was "
        f"{spoken(silence.usual)}. Has a word, a feed or its concept changed?"
    )
