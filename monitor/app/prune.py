"""Deleting what is old when no daemon runs: this process takes the database for a while."""

from __future__ import annotations

from pathlib import Path

from monitor.app.clock import utc_now
from monitor.app.config_sections import RetentionSection
from monitor.app.upkeep import DROPPED_AT_ONCE, cutoffs
from monitor.store.sqlite.retention_rows import Old
from monitor.store.sqlite.store import Store


def prune_alone(database: Path, retention: RetentionSection) -> Old:
    """In the daemon's small steps, so that Ctrl-C loses one of them. Raises StoreBusy or StoreError."""
    store, gone = Store.writer(database), Old(0, 0)
    articles, polls = cutoffs(retention, utc_now())
    try:
        while True:
            with store.transaction():
                step = store.retention.drop(articles_before=articles, polls_before=polls, limit=DROPPED_AT_ONCE)
            store.retention.give_back()
            gone = Old(gone.articles + step.articles, gone.polls + step.polls)
            if DROPPED_AT_ONCE not in (step.articles, step.polls):
                return gone
    finally:
        store.close()
