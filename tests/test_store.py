"""The database: opening, refusing, remembering."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from monitor.app.audit import audit
from monitor.errors import StoreBusy, StoreError
from monitor.ids import correction_id, feed_id
from monitor.model import (
    Alert,
    AlertId,
    ArticleId,
    Change,
    ChangeKind,
    Confidence,
    Correction,
    DeliveryId,
    DeliveryState,
    DueEdit,
    Entry,
    EntryId,
    Fate,
    Feed,
    Message,
    MuteId,
    MuteKind,
    Notice,
    Severity,
    Snapshot,
    StoryId,
    Subscription,
    SubscriptionState,
    Thread,
    Watch,
)
from monitor.store.sqlite.backup import back_up
from monitor.store.sqlite.schema import migrations
from monitor.store.sqlite.store import Store
from monitor.store.sqlite.values import message_json, message_of, to_text, to_time
from tests.builders import NOON, decision, delivery, message, placement, reason
from tests.test_stories import article

FEED = Feed(feed_id("https://a.example/feed"), "A", "https://a.example/feed", ("balkans",))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.writer(tmp_path / "var" / "news.db")
    with store.transaction():
        store.feeds.sync([FEED], NOON)
    return store


def entry(guid: str = "g1") -> Entry:
    return Entry(EntryId(f"id-{guid}"), FEED.id, guid, f"https://a.example/{guid}", "Title", "", "", None, None, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_command_of_root_does_not_lock_the_service_out(tmp_path: Path) -> None:
    """What it makes beside the database belongs to whom the database belongs."""
    path = tmp_path / "news.db"
    Store.writer(path).close()
    path.with_name("news.db.lock").unlink()
    os.chown(path, 12_345, 12_345)
    Store.writer(path).close()
    assert [(12_345, 12_345)] * 2 == [(file.stat().st_uid, file.stat().st_gid) for file in tmp_path.iterdir()]


def test_the_file_is_durable_and_strict(store: Store, tmp_path: Path) -> None:
    """WAL, synchronous FULL, foreign keys, STRICT tables with the promised names."""
    connection = store._db.conn
    assert ("wal", 2, 1) == tuple(
        connection.execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")
    )
    names = set(store._db.table_names())
    promised = (
        "feeds polls gaps entries articles revisions decisions stories story_articles alerts deliveries mutes "
        "feedback rule_versions"
    )
    assert set(promised.split()) <= names
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("insert into gaps (id, feed_id, from_at, to_at, detected_at) values (x'00', 1, 2, 3, 4)")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"this is no database, but it is long enough to be read as one" * 20, "is not an SQLite database")],
)
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    """With a sentence that says what to do, for writer and reader."""
    path = tmp_path / "news.db"
    path.write_bytes(content)
    for opening in (Store.writer, Store.reader):
        with pytest.raises(StoreError, match=sentence):
            opening(path)


def test_a_newer_database_is_refused(store: Store, tmp_path: Path) -> None:
    """An older program must not write into what it does not understand."""
    store._db.execute("pragma user_version = 99")
    store.close()
    for opening in (Store.writer, Store.reader):
        with pytest.raises(StoreError, match="written by a newer news-monitor"):
            opening(tmp_path / "var" / "news.db")


def test_a_directory_and_a_missing_file_are_named(tmp_path: Path) -> None:
    """Each with its remedy."""
    with pytest.raises(StoreError, match="is a directory"):
        Store.writer(tmp_path)
    with pytest.raises(StoreError, match="there is no database yet"):
        Store.reader(tmp_path / "none.db")


def _hold(path: Path, ready: object) -> None:
    store = Store.writer(path)
    ready.set()  # type: ignore[attr-defined]
    import time

    time.sleep(30)
    store.close()


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """From another process; and the lock goes when that process is killed."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "news.db", ready))
    other.start()
    try:
        assert ready.wait(20)
        with pytest.raises(StoreBusy, match="another news-monitor"):
            Store.writer(tmp_path / "news.db")
    finally:
        other.kill()
        other.join()
    Store.writer(tmp_path / "news.db").close()


def test_a_database_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """With all that is in it; a reader says what to do until then."""
    path = tmp_path / "old.db"
    old = Database(sqlite3.connect(path, isolation_level=None))
    migrations.apply(old, stop_before="m002_operations")
    assert "notices" not in old.table_names()
    old.execute(
        "insert into feeds (id, name, url, tags, active, next_poll_at) values (?, 'A', ?, '[]', 1, ?)",
        [FEED.id, FEED.url, to_text(NOON)],
    )
    for statement in (
        "insert into articles values ('x', 'u', 't', 't', null, null, null, null, 's', 'page', 'full', 'h', 'd', 'd')",
        "insert into stories values ('s', 'h', 'd', 'd')",
        "insert into alerts values ('1', 'r', 's', 'x', 'story', 'low', 'post', 'why', null, 'd')",
        "insert into alerts values ('2', 'q', 's', 'x', 'story', 'low', 'post', 'why', null, 'd')",
        "insert into deliveries (id, alert_id, sink, target, state, next_attempt_at, created_at, sent_at, receipt) "
        "values ('a', '1', 'slack', 'C1', 'sent', 'd', 'd', 'd', 'C1:1')",
        "insert into deliveries (id, alert_id, sink, target, state, next_attempt_at, created_at, folded_into) "
        "values ('b', '2', 'slack', 'C1', 'folded', 'd', 'd', 'a')",
        "pragma user_version = 1",
    ):
        old.execute(statement)
    old.close()
    with pytest.raises(StoreError, match="db migrate"):
        Store.reader(path)
    store = Store.writer(path)
    assert [FEED.id] == [due.feed_id for due in store.feeds.due(NOON, 10)]
    assert (1, 1) == (store.ledger.delivery_states()["sent"], store.ledger.delivery_states()["folded"])
    with pytest.raises(sqlite3.IntegrityError), store.transaction():
        store._db.execute("update deliveries set folded_into = 'nowhere' where id = 'b'")
    store.close()
    assert 1 == len(Store.reader(path).ledger.feeds())


def test_a_database_of_the_second_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """Its feeds can be subscribed to at hubs."""
    path = tmp_path / "old.db"
    old = Database(sqlite3.connect(path, isolation_level=None))
    migrations.apply(old, stop_before="m003_pushes")
    assert "subscriptions" not in old.table_names()
    old.execute(
        "insert into feeds (id, name, url, tags, active, next_poll_at) values (?, 'A', ?, '[]', 1, ?)",
        [FEED.id, FEED.url, to_text(NOON)],
    )
    old.execute("pragma user_version = 2")
    old.close()
    store = Store.writer(path)
    held = Subscription(FEED.id, "https://h.example/", FEED.url, "https://me.example", "p", "s", next_ask_at=NOON)
    store.subscriptions.save(FEED.id, held)
    assert (held,) == store.subscriptions.due(NOON, 10)
    with pytest.raises(sqlite3.IntegrityError):
        store._db.execute("update subscriptions set state = 'maybe'")
    store.close()


def test_a_database_of_the_third_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """Its articles say how far their dates can be trusted, and its messages can be edited."""
    path = tmp_path / "old.db"
    old = Database(sqlite3.connect(path, isolation_level=None))
    migrations.apply(old, stop_before="m004_pages")
    columns = "id, url, title, text, published_at, published_from, site, body_source, quality, text_sha256, "
    for id_, at, source in (("x", to_text(NOON), "feed"), ("y", to_text(NOON), "page"), ("z", None, None)):
        old.execute(
            f"insert into articles ({columns} first_read_at, read_at) values (?, 'u', 't', 't', ?, ?, 's', 'page', "
            "'full', 'h', ?, ?)",
            [id_, at, source, to_text(NOON), to_text(NOON)],
        )
    old.execute("pragma user_version = 3")
    old.close()
    store = Store.writer(path)
    read = [store.stories.article(ArticleId(id_)) for id_ in "xyz"]
    assert [Confidence.DECLARED, Confidence.GUESS, None] == [one and one.date_confidence for one in read]
    assert [(), (), ()] == [one and one.captions for one in read]
    assert () == store.deliveries.due_edits(NOON, 10, {"slack"})
    store.close()


def test_a_database_of_the_sixth_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """The proof of its pages stays, and later versions of them have room beside it."""
    path = tmp_path / "old.db"
    old = Database(sqlite3.connect(path, isolation_level=None))
    migrations.apply(old, stop_before="m007_corrections")
    for statement in (
        "insert into articles (id, url, title, text, site, body_source, quality, text_sha256, first_read_at, read_at) "
        "values ('x', 'u', 't', 't', 's', 'page', 'full', 'h', 'd', 'd')",
        f"insert into pages values ('x', 'u', '{to_text(NOON)}', '{{}}', 'digest', x'00')",
        "insert into deliveries (id, sink, target, state, next_attempt_at, created_at, message) "
        "values ('a', 'slack', 'C1', 'pending', 'd', 'd', '{\"report\": {}}')",
        "pragma user_version = 6",
    ):
        old.execute(statement)
    old.close()
    store = Store.writer(path)
    (kept,) = store.pages.snapshots(ArticleId("x"))
    assert ("digest", b"\x00") == (kept.body_sha256, kept.body)
    store.pages.add_snapshot(ArticleId("x"), replace(kept, body_sha256="later", fetched_at=NOON + timedelta(hours=1)))
    assert 2 == len(store.pages.snapshots(ArticleId("x")))
    assert () == store.watches.due(NOON, 10)
    assert audit(store).balanced
    with pytest.raises(sqlite3.IntegrityError):
        store._db.execute("update deliveries set correction_id = 'nowhere'")
    store.close()


def test_a_database_of_the_eighth_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """Its mutes stay, authors can be muted, and nothing is urgent that was not."""
    path = tmp_path / "old.db"
    old = Database(sqlite3.connect(path, isolation_level=None))
    migrations.apply(old, stop_before="m009_holds")
    for statement in (
        f"insert into mutes values ('m', 'rule', 'kosovo', '{to_text(NOON)}', 'ana', 'noise', '{to_text(NOON)}')",
        "insert into deliveries (id, sink, target, state, next_attempt_at, created_at, message) "
        f"values ('a', 'slack', 'C1', 'pending', '{to_text(NOON)}', '{to_text(NOON)}', '{{\"report\": {{}}}}')",
        "pragma user_version = 8",
    ):
        old.execute(statement)
    old.close()
    store = Store.writer(path)
    mute = store.mutes.mute(MuteId("m"))
    assert mute is not None
    assert (MuteKind.RULE, "kosovo", "ana", None) == (mute.kind, mute.subject, mute.by, mute.closed_at)
    store.mutes.save(replace(mute, id=MuteId("n"), kind=MuteKind.AUTHOR))
    assert ["a"] == [head.id for head in store.deliveries.heads()]
    assert audit(store, NOON).balanced
    store.close()


def test_a_database_of_the_tenth_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """What stood in its feeds before makes no work now, and its stories go on."""
    path = tmp_path / "old.db"
    old = Database(sqlite3.connect(path, isolation_level=None))
    migrations.apply(old, stop_before="m011_history")
    at = to_text(NOON)
    for statement in (
        f"insert into feeds (id, name, url, tags, active, next_poll_at) values ('f', 'A', 'u', '[]', 1, '{at}')",
        "insert into entries (id, feed_id, guid, title, summary, content, first_seen_at, state) "
        f"values ('e', 'f', 'g', 't', 's', 'c', '{at}', 'baseline')",
        "insert into articles (id, url, title, text, site, body_source, quality, text_sha256, first_read_at, read_at) "
        f"values ('x', 'u', 't', 't', 's', 'page', 'full', 'h', '{at}', '{at}')",
        f"insert into stories (id, headline, created_at, updated_at) values ('s', 't', '{at}', '{at}')",
        "insert into story_articles (article_id, story_id, relation, similarity, shingles, added_at, features) "
        f"values ('x', 's', 'first', 0, 0, '{at}', x'00')",
        "pragma user_version = 10",
    ):
        old.execute(statement)
    old.close()
    store = Store.writer(path)
    assert (False, ()) == (store.feeds.has_history(NOON), store.feeds.history(NOON, 10))
    assert [("x", NOON)] == [(one.article_id, one.at) for one in store.window.open_articles(NOON)]
    assert frozenset() == store.moves.unheard([ArticleId("x")])
    assert not store.moves.is_history(StoryId("s"))
    store.close()


def test_an_article_comes_back_as_it_went_in(store: Store) -> None:
    """With all that its page said of itself."""
    read = article(
        published_at=NOON,
        published_from="page",
        date_confidence=Confidence.GUESS,
        captions=("A tank", "Танк"),
        canonical_url="https://a.example/canonical",
        syndicated_from="https://agency.example/1",
        must_be_paid=True,
    )
    store.stories.save_article(read)
    assert read == store.stories.article(read.id)


def test_the_snapshots_of_a_page_are_kept(store: Store) -> None:
    """And each that differs from the one before; the bodies only for as long as the operator wants."""
    read, later = article(), NOON + timedelta(hours=1)
    store.stories.save_article(read)
    first = Snapshot(read.url, NOON, {"ETag": '"1"'}, "digest", b"zipped")
    second = replace(first, body_sha256="another", fetched_at=later)
    assert store.pages.add_snapshot(read.id, first)
    assert not store.pages.add_snapshot(read.id, replace(first, fetched_at=NOON + timedelta(minutes=1)))
    assert not store.pages.add_snapshot(read.id, second)
    assert (first, second) == store.pages.snapshots(read.id)
    assert 0 == store.pages.drop_bodies(NOON, limit=10)
    assert 1 == store.pages.drop_bodies(later, limit=10)
    assert (replace(first, body=None), second) == store.pages.snapshots(read.id)


def test_a_message_says_what_it_is_to_say_whether_it_was_sent_or_not(store: Store) -> None:
    """Before it is sent it is changed; afterwards it is edited; while that is in doubt the edit waits."""
    _alerted(store, Fate.POST)
    told = delivery("a", alert_id=AlertId("r0"))
    article_id = store.ledger.alerts(limit=1)[0]["article_id"]

    def revise(headline: str) -> None:
        with store.transaction():
            store.deliveries.revise(article_id, lambda message: replace(message, headline=headline), NOON)

    store.deliveries.add(told)
    revise("before")
    sent = store.deliveries.open(told.id)
    assert sent is not None
    assert isinstance(sent.message, Message)
    assert ("before", ()) == (sent.message.headline, store.deliveries.due_edits(NOON, 10, {"slack"}))
    store.deliveries.save(replace(sent, state=DeliveryState.AMBIGUOUS))
    revise("in doubt")
    assert () == store.deliveries.due_edits(NOON, 10, {"slack"})
    store.deliveries.save(replace(sent, state=DeliveryState.SENT, sent_at=NOON, receipt="C:1"))
    assert [DueEdit(told.id, "slack", "C0ALERTS")] == list(store.deliveries.due_edits(NOON, 10, {"slack"}))
    assert () == store.deliveries.due_edits(NOON, 10, {"webhook"})
    edit = store.deliveries.edit(told.id)
    assert edit is not None
    revise("meanwhile")
    store.deliveries.finish_edit(edit, done=True)
    last = store.deliveries.edit(told.id)
    assert last is not None
    assert isinstance(last.delivery.message, Message)
    assert "meanwhile" == last.delivery.message.headline, "what was asked for during an edit is not lost"
    store.deliveries.finish_edit(last, done=True)
    assert store.deliveries.edit(told.id) is None
    revise("meanwhile")
    assert store.deliveries.edit(told.id) is None, "it says so already"


def test_a_subscription_comes_back_as_it_went_in(store: Store) -> None:
    """Those of another callback are forgotten, and after a start nobody can reach us until we listen."""
    full = Subscription(
        FEED.id,
        "https://h.example/",
        FEED.url,
        "https://me.example",
        path="p",
        secret="s",
        state=SubscriptionState.ACTIVE,
        next_ask_at=NOON,
        failures=2,
        asked_at=NOON,
        verified_at=NOON,
        lease_until=NOON,
        listens_since=NOON,
        pushed_at=NOON,
        error="why",
    )
    store.subscriptions.save(FEED.id, full)
    assert full == store.subscriptions.of(FEED.id) == store.subscriptions.by_path("p")
    store.subscriptions.keep("https://me.example")
    assert replace(full, listens_since=None) == store.subscriptions.of(FEED.id)
    store.subscriptions.listen(NOON)
    assert full == store.subscriptions.of(FEED.id)
    store.feeds.sync([], NOON)
    assert (None, ()) == (store.subscriptions.by_path("p"), store.subscriptions.due(NOON, 10))
    store.subscriptions.keep(None)
    assert store.subscriptions.of(FEED.id) is None


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    """All of it or nothing."""
    with pytest.raises(RuntimeError), store.transaction():
        store.feeds.add_entries([entry()], baseline=frozenset(), now=NOON)
        raise RuntimeError
    assert () == store.feeds.known(FEED.id, [entry().id], [], [])


def test_entries_are_added_once(store: Store) -> None:
    """A repeated poll finds its own work."""
    for _ in range(2):
        with store.transaction():
            store.feeds.add_entries([entry("g1"), entry("g2")], baseline=frozenset([entry("g2").id]), now=NOON)
    (waiting,) = store.feeds.waiting(NOON, 10)
    read = store.feeds.waiting_entry(waiting.id)
    assert read is not None
    assert "g1" == read.entry.guid
    assert store.feeds.waiting_entry(entry("g2").id) is None
    assert {"waiting": 1, "baseline": 1} == store.ledger.entry_states()


def test_a_feed_that_leaves_and_returns_keeps_its_state(store: Store) -> None:
    """History and schedule survive an edit of feeds.yaml."""
    assert [FEED.id] == [due.feed_id for due in store.feeds.due(NOON, 10)]
    later = replace(store.feeds.state(FEED.id), etag='"x"', next_poll_at=NOON + timedelta(hours=1), known_since=NOON)
    with store.transaction():
        store.feeds.save(later)
        store.feeds.sync([], NOON)
    assert () == store.feeds.due(NOON + timedelta(days=1), 10)
    with store.transaction():
        store.feeds.sync([FEED], NOON)
    assert (later,) == store.feeds.due(NOON + timedelta(days=1), 10)


def test_a_feed_that_moves_keeps_its_history(store: Store) -> None:
    """It is known by its name then; what its old address said about itself is not used at the new one."""
    moved = replace(FEED, id=feed_id("https://b.example/feed"), url="https://b.example/feed")
    with store.transaction():
        store.feeds.save(
            replace(store.feeds.state(FEED.id), etag='"x"', known_since=NOON, next_poll_at=NOON + timedelta(hours=1))
        )
        (synced,) = store.feeds.sync([moved], NOON)
    assert (FEED.id, moved.url) == (synced.id, synced.url)
    state = store.feeds.state(FEED.id)
    assert (None, None, NOON) == (state.etag, state.known_since, state.next_poll_at)
    renamed = replace(moved, name="New name")
    newcomer = replace(FEED, name="Newcomer")
    with store.transaction():
        ids = [feed.id for feed in store.feeds.sync([renamed, newcomer], NOON)]
    assert FEED.id == ids[0]
    assert FEED.id != ids[1]
    with store.transaction():
        assert ids == [feed.id for feed in store.feeds.sync([renamed, newcomer], NOON)]


def test_messages_come_back_as_they_went_in() -> None:
    """Whatever a message holds."""
    edited = (Change(ChangeKind.FIGURE, "12 dead", "14 dead"), Change(ChangeKind.BACK, None, "https://a.example/1"))
    given = message("Заголовок “x”", reason("a"), reason("b"), published_at=None, author="A. B.", changes=edited)
    assert given == message_of(message_json(given))


def _alerted(store: Store, *fates: Fate) -> None:
    made = article()
    with store.transaction():
        store.stories.save_article(made)
        store.stories.place(made, placement(), (), NOON)
        for number, fate in enumerate(fates):
            rule = f"r{number}"
            store.stories.save_decisions(made.id, [decision(rule)], NOON)
            store.alerts.add(
                Alert(AlertId(rule), rule, StoryId("s"), made.id, "story", Severity.HIGH, fate, "why", NOON, NOON)
            )


def test_the_audit_finds_what_breaks_the_law(store: Store) -> None:
    """A match to be told without a delivery, a match without a fate."""
    _alerted(store, Fate.POST, Fate.SUPPRESS)
    assert ["a match to be told that no delivery carries"] == [law for law, _ in audit(store).offenders]
    with store.transaction():
        store.deliveries.add(delivery(alert_id=AlertId("r0")))
    assert audit(store).balanced
    store._db.execute("delete from alerts where rule = 'r1'")
    assert not audit(store).balanced


def _corrected(store: Store, look: int = 0, **fields: Any) -> DeliveryId:
    """A correction of the article that was alerted, on its way."""
    id_ = correction_id(article().id, look)
    edited = (Change(ChangeKind.FIGURE, "12 dead", "14 dead"),)
    with store.transaction():
        store.watches.add(Correction(id_, article().id, edited, NOON))
        if fields:
            store.deliveries.add(delivery(id_, alert_id=None, correction_id=id_, **fields))
    return DeliveryId(id_)


def test_the_audit_knows_corrections(store: Store) -> None:
    """Each has its delivery, which goes only where its article was told; and no delivery tells of nothing."""

    def broken() -> list[str]:
        return [law for law, _ in audit(store).offenders]

    _alerted(store, Fate.POST)
    store.deliveries.add(delivery("a", alert_id=AlertId("r0"), target="C1"))
    _corrected(store, 0, target="C1", thread_of=DeliveryId("a"))
    assert ([], 1) == (broken(), audit(store).corrections)
    _corrected(store, 1)
    assert ["a correction that no delivery carries"] == broken()
    store._db.execute(
        "delete from corrections where id not in (select correction_id from deliveries where correction_id <> '')"
    )
    assert [] == broken()
    _corrected(store, 2, target="C2")
    assert ["a correction told where nobody was told of its article"] == broken()
    store._db.execute("update deliveries set correction_id = null where target = 'C2'")
    assert "a delivery that tells of no match, no correction and nothing to operators" in broken()


@pytest.mark.parametrize(("moved", "target", "parent"), [("r0", "C2", "a"), (None, "C1", "a")])
def test_a_correction_follows_what_it_corrects(store: Store, moved: str | None, target: str, parent: str) -> None:
    """Into another channel; where reports to operators go is no matter of it."""
    _alerted(store, Fate.POST)
    store.deliveries.add(delivery("a", alert_id=AlertId("r0"), target="C1"))
    told = _corrected(store, target="C1", thread_of=DeliveryId("a"))
    with store.transaction():
        store.deliveries.reroute({moved: "C2"} if moved else {}, sink="slack", operations=None if moved else "C2")
    correction = store.deliveries.open(told)
    assert correction is not None
    assert (target, parent) == (correction.target, correction.thread_of)
    assert audit(store).balanced


def test_a_channel_is_told_of_an_article_in_one_thread(store: Store) -> None:
    """That of its story, as loud as its loudest rule; not where the message was given up."""
    _alerted(store, Fate.THREAD, Fate.THREAD, Fate.POST)
    with store.transaction():
        store._db.execute("update alerts set severity = 'low' where id = 'r0'")
        store.deliveries.add(delivery("story", alert_id=AlertId("r2"), target="C2"))
        store.deliveries.add(delivery("a", alert_id=AlertId("r0"), target="C1", thread_of=DeliveryId("story")))
        store.deliveries.add(
            delivery("b", alert_id=AlertId("r1"), target="C1", state=DeliveryState.FOLDED, message=None),
            folded_into=DeliveryId("a"),
        )
        store.deliveries.save(delivery("story", alert_id=AlertId("r2"), target="C2", state=DeliveryState.DEAD))
    assert (Thread("slack", "C1", DeliveryId("story"), Severity.HIGH),) == store.watches.threads(article().id)


def test_only_the_first_unfinished_delivery_of_a_target_is_its_head(store: Store) -> None:
    """An unsettled one holds its channel back, and no other."""
    _alerted(store, Fate.POST, Fate.POST, Fate.POST)
    with store.transaction():
        store.deliveries.add(delivery("a", alert_id=AlertId("r0"), target="C1"))
        store.deliveries.add(delivery("b", alert_id=AlertId("r1"), target="C1"))
        store.deliveries.add(delivery("c", alert_id=AlertId("r2"), target="C2"))
        store.deliveries.save(delivery("a", state=DeliveryState.AMBIGUOUS, next_attempt_at=NOON + timedelta(minutes=1)))
    assert [("a", NOON + timedelta(minutes=1)), ("c", NOON)] == [
        (head.id, head.next_attempt_at) for head in store.deliveries.heads()
    ]


def test_after_a_crash_what_was_being_sent_is_in_doubt(store: Store) -> None:
    """And is looked up once the sink has had time to show it."""
    _alerted(store, Fate.POST)
    with store.transaction():
        store.deliveries.add(delivery("a", alert_id=AlertId("r0")))
        store.deliveries.save(delivery("a", state=DeliveryState.SENDING, attempt_started_at=NOON))
        assert 1 == store.deliveries.doubt_unfinished(timedelta(seconds=30))
    (doubtful,) = store.deliveries.unfinished()
    assert (DeliveryState.AMBIGUOUS, NOON + timedelta(seconds=30)) == (doubtful.state, doubtful.next_attempt_at)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "the program stopped while this was being sent"),
        ("sent again unsettled: it may stand twice", "sent again unsettled: it may stand twice"),
    ],
)
def test_a_kill_takes_back_no_doubt(store: Store, before: str | None, after: str) -> None:
    """What was said of an earlier attempt stays true."""
    told = delivery(alert_id=None)
    with store.transaction():
        store.deliveries.add(told)
        store.deliveries.save(replace(told, state=DeliveryState.SENDING, attempt_started_at=NOON, error=before))
        store.deliveries.doubt_unfinished(timedelta(0))
    (doubtful,) = store.deliveries.unfinished()
    assert after == doubtful.error


def test_a_reader_changes_nothing(store: Store, tmp_path: Path) -> None:
    """Even when asked to."""
    reader = Store.reader(tmp_path / "var" / "news.db")
    with pytest.raises(sqlite3.OperationalError), reader.transaction():
        reader.feeds.make_due(NOON)
    assert 1 == len(reader.ledger.feeds())


def test_a_backup_can_be_read_by_nobody_who_cannot_read_the_database(store: Store, tmp_path: Path) -> None:
    """Also where a command of root makes it, whose umask is a wide one."""
    (tmp_path / "var" / "news.db").chmod(0o600)
    before = os.umask(0o022)
    try:
        back_up(tmp_path / "var" / "news.db", tmp_path / "copy.db")
    finally:
        os.umask(before)
    assert 0o600 == (tmp_path / "copy.db").stat().st_mode & 0o777


def test_a_backup_is_whole_and_overwrites_nothing(store: Store, tmp_path: Path) -> None:
    """Also while the writer is open."""
    back_up(tmp_path / "var" / "news.db", tmp_path / "copy.db")
    assert 1 == len(Store.reader(tmp_path / "copy.db").ledger.feeds())
    with pytest.raises(StoreError, match="exists already"):
        back_up(tmp_path / "var" / "news.db", tmp_path / "copy.db")


@pytest.mark.parametrize("year", [1, 1969, 2026, 9999])
def test_times_of_any_year_come_back(year: int) -> None:
    """A feed may claim any date; it must not make its row unreadable."""
    time = NOON.replace(year=year)
    assert time == to_time(to_text(time))
    assert 27 == len(to_text(time))


def test_one_feed_does_not_crowd_out_another(store: Store) -> None:
    """A flood of waiting entries leaves room for the next feed's."""
    other = Feed(feed_id("https://b.example/feed"), "B", "https://b.example/feed")
    with store.transaction():
        store.feeds.sync([FEED, other], NOON)
        store.feeds.add_entries([entry(f"flood {n}") for n in range(600)], baseline=frozenset(), now=NOON)
        late = replace(entry("late"), feed_id=other.id)
        store.feeds.add_entries([late], baseline=frozenset(), now=NOON + timedelta(seconds=1))
    assert late.id in {waiting.id for waiting in store.feeds.waiting(NOON + timedelta(seconds=1), 500)}


def test_a_feeds_own_flood_does_not_crowd_out_its_later_news(store: Store) -> None:
    """What was seen last is read first, of a feed's as of each other's; of one look, what was published last."""
    other = Feed(feed_id("https://b.example/feed"), "B", "https://b.example/feed")
    flood = [replace(entry(f"flood {n}"), published_at=NOON - timedelta(minutes=n)) for n in range(600)]
    later, theirs = entry("later"), replace(entry("theirs"), feed_id=other.id)
    with store.transaction():
        store.feeds.sync([FEED, other], NOON)
        store.feeds.add_entries([*reversed(flood), theirs], baseline=frozenset(), now=NOON)
        store.feeds.add_entries([later], baseline=frozenset(), now=NOON + timedelta(seconds=1))
    found = [waiting.id for waiting in store.feeds.waiting(NOON + timedelta(seconds=1), 500)]
    assert {later.id, theirs.id} == set(found[:2])
    assert [entry.id for entry in flood[:498]] == found[2:]


def test_one_host_does_not_crowd_out_another(store: Store) -> None:
    """However many feeds of a slow host are overdue."""
    many = [Feed(feed_id(f"https://slow.example/{n}"), f"S{n}", f"https://slow.example/{n}") for n in range(600)]
    with store.transaction():
        store.feeds.sync(many, NOON)
        store.feeds.sync([*many, FEED], NOON + timedelta(seconds=1))
    assert FEED.id in {due.feed_id for due in store.feeds.due(NOON + timedelta(seconds=1), 500)}


def test_many_slow_hosts_do_not_crowd_out_another(store: Store) -> None:
    """Although each of them has several feeds that are longer overdue."""
    many = [feed_at(f"https://slow{host}.example/{n}") for host in range(100) for n in range(8)]
    with store.transaction():
        store.feeds.sync(many, NOON)
        store.feeds.sync([*many, FEED], NOON + timedelta(seconds=1))
    assert FEED.id in {due.feed_id for due in store.feeds.due(NOON + timedelta(seconds=1), 500)}


def feed_at(url: str) -> Feed:
    return Feed(feed_id(url), url, url)


def test_plans_move_with_a_clock_that_is_set_back(store: Store) -> None:
    """Each waits for as long as it was meant to; what is due stays due."""
    _alerted(store, Fate.POST)
    waits = NOON + timedelta(minutes=5)
    with store.transaction():
        store.feeds.save(replace(store.feeds.state(FEED.id), next_poll_at=waits, last_poll_at=NOON))
        store.feeds.add_entries([entry("now"), entry("later")], baseline=frozenset(), now=NOON)
        store.feeds.read_again(entry("later"), waits, article_id=None, reason="walled")
        store.deliveries.add(delivery("a", alert_id=AlertId("r0"), next_attempt_at=waits))
        store.watches.begin(Watch(article().id, NOON, 0, waits))
    before = NOON - timedelta(hours=1)
    assert timedelta(hours=1) == store.clock.ahead_of(before)
    with store.transaction():
        store.clock.set_back(timedelta(hours=1), before)
    meant = before + timedelta(minutes=5)
    assert meant == store.feeds.state(FEED.id).next_poll_at
    assert {entry("now").id} == {due.id for due in store.feeds.waiting(before, 10)}
    assert 2 == len(store.feeds.waiting(meant, 10))
    assert [meant] == [head.next_attempt_at for head in store.deliveries.heads()]
    assert Watch(article().id, NOON, 0, meant) == store.watches.watch(article().id)
    assert timedelta(0) == store.clock.ahead_of(before)


def test_an_answer_does_not_follow_its_story_into_another_channel(store: Store) -> None:
    """Nobody can be answered in a channel where nothing was said."""
    _alerted(store, Fate.POST, Fate.THREAD)
    with store.transaction():
        store.deliveries.add(delivery("a", alert_id=AlertId("r0"), target="C1"))
        store.deliveries.add(delivery("b", alert_id=AlertId("r1"), target="C1", thread_of=DeliveryId("a")))
        store.deliveries.reroute({"r1": "C2"}, sink="slack")
    moved = store.deliveries.open(DeliveryId("b"))
    assert moved is not None
    assert ("C2", None) == (moved.target, moved.thread_of)


def test_what_waits_inside_a_message_that_moves_stays_where_its_rule_is(store: Store) -> None:
    """The channel of a rule that did not change hears of the story all the same, and each channel of its own rules."""
    _alerted(store, Fate.POST, Fate.POST)
    both = message("Tanks", reason("r0"), reason("r1"))
    with store.transaction():
        store.deliveries.add(delivery("a", alert_id=AlertId("r0"), target="C1", message=both))
        inside = delivery("b", alert_id=AlertId("r1"), target="C1", state=DeliveryState.FOLDED, message=None)
        store.deliveries.add(inside, folded_into=DeliveryId("a"))
        store.deliveries.reroute({"r0": "C2", "r1": "C1"}, sink="slack")
        store.deliveries.part({"r0": "C2", "r1": "C1"}, sink="slack")
    told = {waits.target: waits.message for waits in store.deliveries.unfinished()}
    assert {"C2": ["r0"], "C1": ["r1"]} == {
        target: [shown.rule for shown in words.reasons] for target, words in told.items() if isinstance(words, Message)
    }


@pytest.mark.parametrize("loud", ["r0", "r1"])
def test_what_parts_from_a_loud_message_calls_nobody(store: Store, loud: str) -> None:
    """Each channel hears its own rule, as loudly as that is, and only what is critical calls people."""
    _alerted(store, Fate.POST, Fate.POST)
    louder = {loud: Severity.CRITICAL}
    reasons = [replace(reason(rule), severity=louder.get(rule, Severity.NORMAL)) for rule in ("r0", "r1")]
    both = replace(message("Tanks", *reasons), severity=Severity.CRITICAL, mentions=("here",))
    with store.transaction():
        store.deliveries.add(delivery("a", alert_id=AlertId("r0"), target="C1", message=both))
        inside = delivery("b", alert_id=AlertId("r1"), target="C1", state=DeliveryState.FOLDED, message=None)
        store.deliveries.add(inside, folded_into=DeliveryId("a"))
        store.deliveries.part({"r0": "C1", "r1": "C2"}, sink="slack")
    told = [waits.message for waits in store.deliveries.unfinished() if isinstance(waits.message, Message)]
    assert {loud: (Severity.CRITICAL, ("here",)), ({"r0", "r1"} - {loud}).pop(): (Severity.NORMAL, ())} == {
        words.reasons[0].rule: (words.severity, words.mentions) for words in told
    }


def test_reports_follow_the_operations_channel(store: Store) -> None:
    """What waits at a channel that was never there goes to the one that is named now; alerts stay where they are."""
    _alerted(store, Fate.POST)
    with store.transaction():
        store.deliveries.add(delivery("a", alert_id=AlertId("r0"), target="C1"))
        store.deliveries.add(delivery("b", alert_id=None, target="#opps", state=DeliveryState.BLOCKED))
        store.deliveries.reroute({}, sink="slack", operations="#ops")
    assert ["C1", "#ops"] == [waiting.target for waiting in store.deliveries.unfinished()]


def test_operators_are_told_once_and_once_more_when_it_is_over(store: Store) -> None:
    """What was over before it was told need not be told at all."""
    failing, gap = Notice("feed", "failing", "A fails"), Notice("feed", "gap", "A has a gap", is_event=True)

    def told() -> list[str]:
        with store.transaction():
            words = [text for _, text in store.notices.untold()]
            store.notices.tell(None, NOON)
        return words

    with store.transaction():
        store.notices.add(failing, NOON)
        store.notices.add(failing, NOON + timedelta(minutes=1))
        store.notices.add(gap, NOON)
    assert NOON == store.notices.untold_since()
    assert ["A fails", "A has a gap"] == told()
    assert ["A fails"] == [row["text"] for row in store.notices.open()]
    with store.transaction():
        store.notices.add(failing, NOON)
        store.notices.end("feed", ["failing"], "A works again", NOON)
    assert ["A works again"] == told()
    with store.transaction():
        store.notices.add(failing, NOON)
        store.notices.end("feed", ["failing"], "A works again", NOON)
    assert [] == told()
    assert store.notices.untold_since() is None


def test_what_is_urgent_goes_first(store: Store) -> None:
    """But neither before what may have arrived already nor before what it answers."""
    _alerted(store, Fate.POST, Fate.POST, Fate.POST, Fate.POST)

    def head() -> str:
        return store.deliveries.heads()[0].id

    with store.transaction():
        store.deliveries.add(delivery("a", alert_id=AlertId("r0")))
        assert "a" == head()
        store.deliveries.add(delivery("b", alert_id=AlertId("r1"), thread_of=DeliveryId("a")), urgent=True)
        assert "a" == head()
        store.deliveries.add(delivery("c", alert_id=AlertId("r2")), urgent=True)
        assert "c" == head()
        store.deliveries.save(delivery("a", alert_id=AlertId("r0"), state=DeliveryState.AMBIGUOUS))
        assert "a" == head()
        store.deliveries.save(
            delivery("a", alert_id=AlertId("r0"), state=DeliveryState.SENT, sent_at=NOON, receipt="C:1")
        )
        assert "b" == head()
