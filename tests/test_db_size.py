"""How large the database is, and how large it will be."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import db_size
from monitor.cli.common import Place
from monitor.cli.examine import status
from monitor.cli.setup import db
from monitor.model import Entry, EntryId, Feed, FeedId, Outcome, Snapshot
from monitor.store.sqlite.size_rows import FEWEST, MEASURE, Size
from monitor.store.sqlite.store import Store
from tests.builders import NOON, decision
from tests.test_stories import article

FEED = Feed(FeedId("f"), "A", "https://a.example/feed")
LETTERS = "abcdefghijklmnoprstuvz"


def fill(store: Store, since: int, until: int) -> None:
    """With articles of news length that nothing matched."""
    chance = random.Random(since)
    known = ["".join(chance.choices(LETTERS, k=chance.randint(3, 10))) for _ in range(5_000)]
    with store.transaction():
        store.feeds.sync([FEED], NOON)
        for number in range(since, until):
            url, text = f"https://a.example/{number}", " ".join(chance.choices(known, k=300))
            read = article(url, text, title=" ".join(chance.choices(known, k=8)))
            entry = Entry(EntryId(url), FEED.id, url, url, read.title, text[:200], "", None, None, None)
            store.feeds.add_entries([entry], baseline=frozenset(), now=NOON)
            store.stories.save_article(read)
            store.pages.add_snapshot(read.id, Snapshot(url, NOON, {}, "digest", gzip.compress(text.encode())))
            store.feeds.finish_reading(entry, article_id=read.id, reason=None)
            store.stories.save_decisions(read.id, [decision("armour", outcome=Outcome.NEAR)], NOON)


def test_what_it_says_of_more_articles_comes_true(tmp_path: Path) -> None:
    """From the first thousand to three times as many, within a tenth; and the parts are all of it."""
    store = Store.writer(tmp_path / "news.db")
    empty = store.size.whole()
    assert (None, {}) == (empty.per_measure, store.size.parts())
    fill(store, 0, FEWEST)
    foretold = store.size.whole().per_measure
    fill(store, FEWEST, 3 * FEWEST)
    size, parts = store.size.whole(), store.size.parts()
    assert foretold is not None
    assert parts is not None
    assert pytest.approx(size.rows, rel=0.1) == foretold * 3 * FEWEST / MEASURE
    assert pytest.approx(size.rows, rel=0.02) == sum(parts.values())
    assert {"articles", "search index", "entries", "pages", "decisions"} <= set(parts)
    assert parts["articles"] == max(parts.values())


def test_commands_say_so(tmp_path: Path) -> None:
    """`status` at a glance, `db check` with what takes most."""
    (tmp_path / "monitor.yaml").write_text(f"database: {tmp_path}/news.db\n")
    store = Store.writer(tmp_path / "news.db")
    fill(store, 0, FEWEST)
    rows, size = store.size.parts(), store.size.whole()
    store.close()
    assert rows is not None
    checked = CliRunner().invoke(db, ["check"], obj=Place(tmp_path)).stdout.splitlines()
    assert checked[0].startswith("The file is whole: ")
    assert checked[0].endswith(f" MB with 1,000 articles: {size.rows * 100 / 1e6:.0f} MB for each 100,000.")
    assert sorted(rows, key=rows.__getitem__)[:-3:-1] == [line[16:].strip() for line in checked[1:3]]
    assert f"{rows['articles'] * 100 / 1e6:.0f} MB" in checked[1]
    told = CliRunner().invoke(status, [], obj=Place(tmp_path)).stdout
    assert f"Database    {size.file / 1e6:.1f} MB with 1,000 articles" in told
    facts = json.loads(CliRunner().invoke(status, ["--json"], obj=Place(tmp_path)).stdout)["database"]
    assert [size.file, size.free, 1_000, size.per_measure] == list(facts.values())


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (Size(1_200_000, 0, 400_000, 12), "1.2 MB with 12 articles"),
        (Size(98_000_000, 9_700_000, 88_000_000, 20_000), "98 MB with 20,000 articles: 440 MB for each 100,000"),
        (Size(98_000_000, 50_000_000, 48_000_000, 20_000), "98 MB with 20,000 articles, 50 MB of it free: 240 MB for"),
    ],
)
def test_the_sentence(size: Size, words: str) -> None:
    """Of few articles nothing is foretold; what is free is used again, so it does not count."""
    assert db_size.sentence(size).startswith(words)


def test_of_few_articles_the_parts_are_as_they_are(tmp_path: Path) -> None:
    """And where SQLite cannot tell the parts, that is said."""
    size = Size(1_200_000, 0, 400_000, 12)
    shown = list(db_size.lines(size, {"articles": 300_000, "pages": 100_000}))
    assert ["0.3 MB  75%  articles", "0.1 MB  25%  pages"] == [line.strip() for line in shown[:2]]
    assert "without dbstat" in next(db_size.lines(size, None))
