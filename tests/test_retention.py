"""What is old goes, in small steps; what proves an alert stays."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitor.app import config as configuration
from monitor.app.audit import audit
from monitor.app.daemon import Daemon
from monitor.cli.common import Place
from monitor.cli.setup import db
from monitor.model import (
    Alert,
    AlertId,
    Article,
    Entry,
    EntryId,
    Fate,
    Feed,
    FeedId,
    PollRecord,
    Relation,
    Severity,
    Snapshot,
    StoryId,
)
from monitor.store.sqlite.retention_rows import Old
from monitor.store.sqlite.store import Store
from tests.builders import NOON, decision, placement
from tests.newsroom import Newsroom, write_config
from tests.test_daemon import running, until
from tests.test_stories import article

FEED = Feed(FeedId("f"), "A", "https://a.example/feed")
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.writer(tmp_path / "news.db")
    with store.transaction():
        store.feeds.sync([FEED], NOON)
    return store


def keep(store: Store, name: str, at: datetime, **fields: Any) -> Article:
    """An article as it is after it was read, with all that may hang on one."""
    read = article(f"https://a.example/{name}", f"Text of {name}.", read_at=at, **fields)
    entry = Entry(EntryId(name), FEED.id, name, read.url, "Title", "Summary", "Content", None, None, None)
    store.feeds.add_entries([entry], baseline=frozenset(), now=at)
    store.stories.save_article(read)
    store.pages.add_snapshot(read.id, Snapshot(read.url, at, {}, "digest", b"zipped"))
    store.feeds.finish_reading(entry, article_id=read.id, reason=None)
    return read


def match(store: Store, read: Article, story: str, fate: Fate = Fate.SUPPRESS) -> None:
    store.stories.save_decisions(read.id, [decision("armour")], NOON)
    store.stories.place(read, placement(story), [1, 2], NOON)
    alert = Alert(
        AlertId(f"a{read.id}"), "armour", StoryId(story), read.id, "story", Severity.LOW, fate, "x", None, NOON
    )
    store.alerts.add(alert)


def drop(store: Store, before: datetime, limit: int = 100) -> Old:
    with store.transaction():
        dropped = store.retention.drop(articles_before=before, polls_before=before, limit=limit)
    store.retention.give_back()
    return dropped


def left(store: Store) -> set[str]:
    return {row["url"].rpartition("/")[2] for row in store._db.query("select url from articles")}


def test_what_no_rule_matched_goes_when_it_is_old(store: Store) -> None:
    """A match stays whatever became of it, with its story; what goes is found no more, and is not news again."""
    with store.transaction():
        for name, at in (("old", NOON), ("new", NOON + DAY), ("matched", NOON), ("beside", NOON), ("alone", NOON)):
            read = keep(store, name, at)
            if name == "matched":
                match(store, read, "s")
            if name == "beside":
                store.stories.place(read, placement("s", Relation.REPORT), [1], NOON)
            if name == "alone":  # of a story that nobody was told of
                store.stories.place(read, placement("t"), [3], NOON)
    assert Old(2, 0) == store.retention.count(articles_before=NOON + DAY, polls_before=NOON)
    assert Old(2, 0) == drop(store, NOON + DAY)
    assert {"new", "matched", "beside"} == left(store)
    assert ["s"] == [row["id"] for row in store._db.query("select id from stories")]
    entries = {row["id"]: row for row in store._db.query("select * from entries")}
    assert ("read", "", "", "Title") == tuple(entries["old"][key] for key in ("state", "content", "summary", "title"))
    assert ("Content", None) == (entries["new"]["content"], entries["new"]["reason"])
    assert audit(store).balanced
    assert () == store.ledger.damage()


def test_polls_go_when_they_are_old(store: Store) -> None:
    """In steps; the latest stay."""
    with store.transaction():
        for day in range(10):
            store.feeds.add_poll(PollRecord(FEED.id, NOON, NOON + day * DAY, "unchanged"))
    steps = [drop(store, NOON + 7 * DAY, limit=3).polls for _ in range(4)]
    assert [3, 3, 1, 0] == steps


def test_a_step_asks_no_table_for_all_it_has(store: Store) -> None:
    """Foreign keys included: an article that goes would be looked for in every row that may refer to it."""
    with store.transaction():
        for n in range(20):
            keep(store, str(n), NOON)
    seen: list[str] = []
    with closing(sqlite3.connect(store._db.conn.execute("pragma database_list").fetchone()[2])) as other:

        def note(statement: str) -> None:
            if statement.lstrip().lower().startswith(("select", "delete", "update")):
                seen.extend(row[3] for row in other.execute(f"explain query plan {statement}"))

        store._db.conn.set_trace_callback(note)
        drop(store, NOON + DAY)
        store._db.conn.set_trace_callback(None)
    tables = ("articles", "entries", "polls", "alerts", "decisions", "revisions", "pages", "shingles", "deliveries")
    assert set() == {line for line in seen if line.split(" USING")[0] in {f"SCAN {table}" for table in tables}}
    assert set() == _unindexed_keys(store)


def _unindexed_keys(store: Store) -> set[tuple[str, str]]:
    """Columns that refer to articles or deliveries and have no index."""
    found = set()
    for table in store._db.table_names():
        first = {
            row["name"]
            for index in store._db.query(f"select name from pragma_index_list('{table}')")
            for row in store._db.query(f"select name from pragma_index_info('{index['name']}') where seqno = 0")
        }
        for key in store._db.query(f"select * from pragma_foreign_key_list('{table}')"):
            if key["table"] in ("articles", "deliveries") and key["from"] not in first and table != "notices":
                found.add((table, key["from"]))
    return found


def test_the_file_gives_room_back(tmp_path: Path) -> None:
    """Not only for rows to come, but to the disk."""
    store = Store.writer(tmp_path / "new.db")
    with store.transaction():
        store.feeds.sync([FEED], NOON)
        for n in range(60):
            store.stories.save_article(article(f"https://a.example/{n}", "many words " * 3_000, read_at=NOON))
    before = store._db.execute("pragma page_count").fetchone()[0]
    drop(store, NOON + DAY)
    assert store._db.execute("pragma page_count").fetchone()[0] < before / 2


# ---- the command ----


@pytest.fixture
def place(tmp_path: Path) -> Place:
    retention = {"articles": "10d", "polls": "10d"}
    place = Place(write_config(tmp_path / "config", [("A", "http://127.0.0.1:9/feed")], retention=retention))
    store, now = Store.writer(tmp_path / "news.db"), datetime.now(UTC)
    with store.transaction():
        store.feeds.sync([FEED], now)
        for age in (5, 15, 20):
            keep(store, str(age), now - age * DAY)
            store.feeds.add_poll(PollRecord(FEED.id, now, now - age * DAY, "unchanged"))
    store.close()
    return place


def run(place: Place, *arguments: str) -> Result:
    return CliRunner().invoke(db, arguments, obj=place)


def test_the_command_says_what_would_go_and_lets_it_go(place: Place, tmp_path: Path) -> None:
    """Without a daemon it does so itself."""
    dry = run(place, "prune", "--dry-run")
    assert "2 articles that no rule matched and 2 records of polls would go." in dry.stdout
    assert {"5", "15", "20"} == left(Store.reader(tmp_path / "news.db"))
    assert "2 articles that no rule matched and 2 records of polls are gone." in run(place, "prune").stdout
    assert {"5"} == left(Store.reader(tmp_path / "news.db"))
    assert "0 articles" in run(place, "prune", "--dry-run").stdout


async def test_the_daemon_lets_it_go_by_itself(tmp_path: Path, paper: Newsroom) -> None:
    """Once it is up, and once a day."""
    retention = {"articles": "10d"}
    config = configuration.load(write_config(tmp_path / "config", [("B", paper.feed_url)], retention=retention))
    store = Store.writer(config.database)
    with store.transaction():
        store.feeds.sync([FEED], NOON)
        keep(store, "old", datetime.now(UTC) - 11 * DAY)
        keep(store, "new", datetime.now(UTC) - 9 * DAY)
    store.close()
    async with running(Daemon(config, io.StringIO())):
        reader = Store.reader(config.database)
        await until(lambda: left(reader) == {"new"})


def test_damage_is_found(place: Place, tmp_path: Path) -> None:
    """Exit 1 with what it is."""
    whole = run(place, "check")
    assert (0, True) == (whole.exit_code, whole.stdout.startswith("The file is whole: "))
    with closing(sqlite3.connect(tmp_path / "news.db")) as other:
        other.execute("update polls set feed_id = 'nowhere'")
        other.commit()
    broken = run(place, "check")
    assert (1, 3) == (broken.exit_code, broken.stdout.count("refers to no feeds"))
