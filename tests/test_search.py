"""Search in the archive: what a query means, what it finds, what the command shows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from monitor.app.audit import audit
from monitor.cli.common import Place
from monitor.cli.search import search
from monitor.errors import Refused
from monitor.model import Article, Entry, EntryId, Feed, FeedId
from monitor.store.search_query import Term, parse
from monitor.store.snippet import snippets
from monitor.store.sqlite.schema import migrations
from monitor.store.sqlite.search_rows import SearchFilter
from monitor.store.sqlite.store import Store
from monitor.store.sqlite.values import to_text
from tests.builders import NOON, decision
from tests.newsroom import FOOTBALL, TALKS, TANKS, write_config
from tests.test_stories import article

FEED = Feed(FeedId("f"), "Test Courier", "https://a.example/feed")
ANY = SearchFilter()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.writer(tmp_path / "news.db")


def read(name: str, title: str = "Title", text: str = "Text.", **fields: Any) -> Article:
    return article(f"https://a.example/{name}", text, title=title, **fields)


def save(store: Store, *articles: Article) -> None:
    with store.transaction():
        for one in articles:
            store.stories.save_article(one)


def found(store: Store, query: str, only: SearchFilter = ANY, limit: int = 100) -> list[str]:
    """The last parts of the addresses."""
    return [row["url"].rpartition("/")[2] for row in store.search.find(parse(query), only, limit=limit)]


ARCHIVE = (
    read("tanks", "Serbia moves tanks", "\n\n".join(TANKS), read_at=NOON),
    read("talks", "Talks without result", "\n\n".join(TALKS), read_at=NOON + timedelta(hours=1)),
    read("sport", "Two to one", "\n\n".join(FOOTBALL), read_at=NOON + timedelta(hours=2), site="sport.a.example"),
    read("cyrillic", "Тенкови крај Приштине", "Војска је послала тенкове.", language="sr-Cyrl", site="b.example"),
    read("latin", "Đaković o tenkovima", "Vojska je poslala tenkove.", language="sr"),
    read("hindi", "दिल्ली में बैठक", "दिल्ली में नेताओं की बैठक हुई।", language="hi", captions=("Ein Bild aus Öl",)),
    read("chinese", "科索沃局势", "塞尔维亚军队", language="zh"),
)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("tanks", {"tanks"}),
        ("TANKS artillery", {"tanks"}),
        ("tanks talks", set()),
        ("tanks OR talks", {"tanks", "talks"}),
        ("kosovo NOT tanks", {"talks"}),
        ("NOT tanks kosovo", {"talks"}),
        ("kosovo AND (brussels OR belgrade)", {"tanks", "talks"}),
        ("kosovo NOT (brussels OR nothing)", {"tanks"}),
        ('"heavy artillery"', {"tanks"}),
        ('"artillery heavy"', set()),
        ("artiller*", {"tanks"}),
        ('"heavy art"*', {"tanks"}),
        ("title:tanks", {"tanks"}),
        ("title:artillery", set()),
        ('title:"moves tanks"', {"tanks"}),
        ("тенкове", {"cyrillic", "latin"}),
        ("tenkove", {"cyrillic", "latin"}),
        ("dakovic", set()),
        ("djakovic", {"latin"}),
        ("Ђаковић", {"latin"}),
        ("दिल्ली", {"hindi"}),
        ("बैठ*", {"hindi"}),
        ("ol", {"hindi"}),
        ("科索沃", {"chinese"}),
        ("F-16", set()),
        ("and or", set()),
    ],
)
def test_a_query_finds(store: Store, query: str, names: set[str]) -> None:
    """Words in any case, accent and Serbian script; operators in capitals."""
    save(store, *ARCHIVE)
    assert names == set(found(store, query))


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (SearchFilter(since=NOON + timedelta(hours=1)), ["sport", "talks"]),
        (SearchFilter(until=NOON + timedelta(hours=1)), ["tanks"]),
        (SearchFilter(site="a.example"), ["sport", "talks", "tanks"]),
        (SearchFilter(site="www.sport.a.example"), ["sport"]),
        (SearchFilter(site="%"), []),
        (SearchFilter(language="EN"), ["sport", "talks", "tanks"]),
        (SearchFilter(feed="Test Courier"), ["tanks"]),
        (SearchFilter(rule="armour"), ["talks"]),
        (SearchFilter(rule="other"), []),
    ],
)
def test_filters_narrow_what_is_found(store: Store, only: SearchFilter, names: list[str]) -> None:
    """The latest first."""
    save(store, *ARCHIVE[:3])
    with store.transaction():
        store.feeds.sync([FEED], NOON)
        entry = Entry(EntryId("e"), FEED.id, "g", ARCHIVE[0].url, "T", "", "", None, None, None)
        store.feeds.add_entries([entry], baseline=frozenset(), now=NOON)
        store.feeds.finish_reading(entry, article_id=ARCHIVE[0].id, reason=None)
        store.stories.save_decisions(ARCHIVE[1].id, [decision("armour")], NOON)
    assert names == found(store, "the OR one", only)


def test_a_language_means_its_scripts_too(store: Store) -> None:
    """`sr` finds sr-Cyrl."""
    save(store, *ARCHIVE)
    assert {"cyrillic", "latin"} == set(found(store, "vojska", SearchFilter(language="sr")))


@pytest.mark.parametrize(
    ("query", "column", "words"),
    [
        ("", 1, "a word is missing at the end"),
        ("tanks AND", 10, "a word is missing at the end"),
        ("tanks OR OR talks", 10, "a word is missing before OR"),
        ("NOT tanks", 1, "NOT alone"),
        ("a OR (NOT tanks)", 7, "NOT alone"),
        ('tanks "heavy artillery', 7, "quotation mark has no second one"),
        ("(tanks OR talks", 1, "never closed"),
        ("tanks)", 6, "never opened"),
        ("tanks -talks", 7, "write NOT talks"),
        ("ta*ks", 1, "write ta*"),
        ("t*", 1, "too few letters"),
        ("tanks …", 7, "no word in …"),
        ("(" * 21 + "a" + ")" * 21, 21, "write it flatter"),
    ],
)
def test_a_wrong_query_is_refused_with_its_column(query: str, column: int, words: str) -> None:
    """And with what to write instead."""
    with pytest.raises(Refused) as refused:
        parse(query)
    assert f"query, column {column}: " in str(refused.value)
    assert words in str(refused.value)


@pytest.fixture(scope="module")
def memory() -> Iterator[Store]:
    """One for many examples: to make the tables takes longer than to ask them."""
    with closing(in_memory()) as store:
        yield store


def in_memory() -> Store:
    store = Store(Database(sqlite3.connect(":memory:", isolation_level=None)))
    migrations.apply(store._db)
    return store


@settings(deadline=None)
@given(query=st.text(max_size=60) | st.text(alphabet="ab \"()*:-^+{}'\\ANDORT\x00é", max_size=60))
def test_no_query_is_an_error_of_the_database(memory: Store, query: str) -> None:
    """It is refused in our words, or it is answered."""
    with suppress(Refused):
        memory.search.find(parse(query), ANY, limit=1)


@settings(deadline=None)
@given(text=st.text(min_size=1, max_size=20).filter(lambda text: any(c.isalpha() for c in text)))
def test_every_text_is_found_by_its_own_words(memory: Store, text: str) -> None:
    """Whatever the script: the database divides the folded words as they were divided before."""
    text = text.replace("\x00", "")
    save(memory, read("x", "Title", text))
    with suppress(Refused):
        assert ["x"] == found(memory, '"' + text.replace('"', " ") + '"')


def test_a_new_version_takes_the_place_of_the_old(store: Store) -> None:
    """Words that went are not found, and the index fits the archive."""
    before = read("tanks", "Tanks", "Seven tanks moved.")
    save(store, before)
    for after in (
        replace(before, text="Nine tanks moved.", text_sha256="other"),
        replace(before, text="Nine tanks moved.", text_sha256="other", captions=("A bridge",)),
    ):
        save(store, after)
    assert [[], ["tanks"], ["tanks"]] == [found(store, query) for query in ("seven", "nine", "bridge")]
    store._db.execute("insert into search_words (search_words, rank) values ('integrity-check', 0)")
    assert audit(store).balanced


def test_an_article_that_is_taken_back_leaves_nothing(store: Store) -> None:
    """A transaction that fails takes the words with it."""
    with pytest.raises(RuntimeError), store.transaction():
        store.stories.save_article(ARCHIVE[0])
        raise RuntimeError
    assert [] == found(store, "tanks")
    assert audit(store).balanced


@pytest.mark.parametrize(
    "damage",
    [
        "delete from search_documents",
        "delete from search_words_docsize",
        "insert into search_words (rowid, title, text, captions) values (7, 'a', 'b', 'c')",
    ],
)
def test_the_audit_sees_an_index_that_does_not_fit(store: Store, damage: str) -> None:
    """An article that cannot be found, or words of none."""
    save(store, read("x"))
    assert audit(store).balanced
    store._db.execute(damage)
    assert not audit(store).balanced


def test_an_archive_from_before_is_entered_step_by_step(tmp_path: Path) -> None:
    """What changes meanwhile is entered at once; a process that dies goes on where it was."""
    path = tmp_path / "old.db"
    old = Database(sqlite3.connect(path, isolation_level=None))
    migrations.apply(old, stop_before="m010_operations")
    for number in range(5):
        old.execute(
            "insert into articles (id, url, title, text, site, body_source, quality, text_sha256, first_read_at, "
            "read_at) values (?, ?, 'Title', 'Some text', 's', 'page', 'full', 'h', ?, ?)",
            [read(str(number)).id, read(str(number)).url, f"2026-01-0{number + 1}", to_text(NOON)],
        )
    old.execute("pragma user_version = 9")
    old.close()
    store = Store.writer(path)
    assert [] == found(store, "text")
    assert audit(store).balanced
    save(store, read("0", text="Other text."))
    assert store.search.enter_waiting(limit=2)
    store.close()
    store = Store.writer(path)
    assert (2, ["4", "3", "0"]) == (store.search.waiting(), found(store, "text"))
    assert not store.search.enter_waiting(limit=10)
    assert (["4", "3", "2", "1"], ["0"]) == (found(store, "some"), found(store, "other"))
    assert audit(store).balanced


def test_a_transaction_is_one_piece_of_the_index() -> None:
    """Each costs as much as an article does; and what is undone is not in it."""
    with closing(in_memory()) as store:
        with store.transaction():
            for number in range(5):
                with suppress(ZeroDivisionError), store.savepoint():
                    store.stories.save_article(read(str(number)))
                    1 // (number - 3)
        rows = store._db.query("select count(distinct id >> 37) as n from search_words_data where id > 10")
        assert next(iter(rows))["n"] <= 2  # FTS5 may have split it; there were one for each
        assert ["0", "1", "2", "4"] == sorted(found(store, "text"))
        assert audit(store).balanced


@pytest.mark.parametrize(
    ("terms", "shown"),
    [
        (["tanks"], "[Tanks] move|… nine [tanks] …"),
        (['"nine tanks"', "tanks"], "[Tanks] move|… [nine tanks] …"),
        (["title:tanks"], "[Tanks] move|… zero …"),
        (["mov*", "nine"], "Tanks [move]|… [nine] tanks …"),
    ],
)
def test_a_snippet_marks_the_words(terms: list[str], shown: str) -> None:
    """In the title, and in the passage with the most of them."""
    text = "zero filler.\n\n" + "filler " * 100 + "with nine tanks in sight. " + "filler " * 100
    title, passage = snippets("Tanks move", text, parse(" ".join(terms)).terms)
    head, part = shown.split("|")
    assert head == title.marked()
    assert part.strip("… ") in passage.marked()
    assert len(passage.text.split()) <= 36


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=30), st.sampled_from([True, False]))
def test_a_snippet_is_a_part_of_the_text(text: str, word: str, star: bool) -> None:
    """And its marks lie in it, one after the other."""
    terms = [Term((word,), star)] if word else []
    for part, source in zip(snippets("Title", text, terms), ("Title", text), strict=True):
        places = [place for mark in part.marks for place in mark]
        assert places == sorted(places)
        assert all(0 <= place <= len(part.text) for place in places)
        assert part.text in "".join(" " if c.isspace() else c for c in source)


# ---- the command ----


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(write_config(tmp_path / "config", [("Courier", "http://127.0.0.1:9/feed")]))
    store = Store.writer(tmp_path / "news.db")
    save(store, *ARCHIVE)
    store.close()
    return place


def run(place: Place, *arguments: str) -> Result:
    return CliRunner().invoke(search, arguments, obj=place)


def test_the_command_shows_why(place: Place) -> None:
    """Time, outlet, title and passage with the words marked."""
    result = run(place, "heavy", "artiller*", "--since", "2026-11-25")
    assert 0 == result.exit_code, result.output
    assert "2026-11-25T12:00Z  a.example: Serbia moves tanks" in result.stdout
    assert "[heavy] [artillery]" in result.stdout


def test_the_command_speaks_json(place: Place) -> None:
    """A document a line; the marks are offsets into the snippet."""
    result = run(place, "тенкове", "--json", "--language", "sr")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert 2 == len(rows)
    for row in rows:
        ((start, end),) = row["marks"]
        assert row["snippet"][start:end] in ("тенкове", "tenkove")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["tanks", "OR"], "query, column 9: a word is missing"), (["tanks", "--since", "yesterday"], "is no time")],
)
def test_the_command_refuses(place: Place, arguments: list[str], words: str) -> None:
    """With exit code 2 and what to write."""
    result = run(place, *arguments)
    assert 2 == result.exit_code
    assert words in result.stderr


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--feed", "Test Couriar"), "no feed was ever called 'Test Couriar'; did you mean 'Test Courier'?"),
        (("--feed", "x"), "no feed was ever called 'x'; `feeds list` shows them"),
        (("--rule", "nobody"), "there never was a rule 'nobody'; `rules list` shows them"),
    ],
)
def test_a_filter_that_can_find_nothing_is_refused(
    place: Place, tmp_path: Path, option: Sequence[str], said: str
) -> None:
    """It would look like no news."""
    store = Store.writer(tmp_path / "news.db")
    store.feeds.sync([FEED], NOON)
    store.close()
    result = run(place, "tanks", *option)
    assert (2, f"{said}\n") == (result.exit_code, result.stderr)
