"""Feeds, polls and the entries they brought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from monitor.ids import digest
from monitor.model import (
    ArticleId,
    DueEntry,
    Edited,
    Entry,
    EntryId,
    Feed,
    FeedId,
    FeedState,
    Gap,
    KnownEntry,
    PollRecord,
    WaitingEntry,
)
from monitor.store.sqlite.values import (
    HISTORY,
    Row,
    hints_json,
    hints_of_feed,
    json_list,
    text_or_none,
    time_or_none,
    to_text,
    to_time,
)
from monitor.urls import origin

OF_EACH_HOST = 8  # feeds looked at together
# Of an entry that is edited, with the first: some headlines count visitors, and more summaries do.
MOST_READINGS = {Edited.HEADLINE: 5, Edited.SUMMARY: 3}


class FeedRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def sync(self, feeds: Iterable[Feed], now: datetime) -> tuple[Feed, ...]:
        """Make the configured feeds the active ones, and return them with the ids under which they are remembered.

        History of the others stays, and so does every feed's schedule. A feed is known by its address, else by its
        name: one that moved keeps its history, or all it shows would be news again.
        """
        known = _by_place(self._db.query("select id, url, name from feeds"), feeds := tuple(feeds))
        self._db.execute("update feeds set active = 0")
        synced = tuple(replace(feed, id=known.get(feed.url) or feed.id) for feed in feeds)
        for feed in synced:
            self._save_configured(feed, now)
        return synced

    def _save_configured(self, feed: Feed, now: datetime) -> None:
        self._db.execute(
            """
            insert into feeds (id, name, url, host, tags, language, every_seconds, active, next_poll_at)
            values (:id, :name, :url, :host, :tags, :language, :every, 1, :now)
            on conflict (id) do update set
              name = excluded.name, host = excluded.host, tags = excluded.tags,
              language = excluded.language, every_seconds = excluded.every_seconds, active = 1,
              -- what another address said about itself means nothing here
              etag = iif(url = excluded.url, etag, null), last_modified = iif(url = excluded.url, last_modified, null),
              next_poll_at = iif(url = excluded.url, next_poll_at, excluded.next_poll_at),
              address = iif(url = excluded.url, address, null), gone_since = iif(url = excluded.url, gone_since, null),
              -- whether it is the same feed there is told by its next document
              known_since = iif(url = excluded.url, known_since, null), shown = iif(url = excluded.url, shown, 0),
              url = excluded.url
            """,
            {
                "id": feed.id,
                "name": feed.name,
                "url": feed.url,
                "host": origin(feed.url),
                "tags": json_list(feed.tags),
                "language": feed.language,
                "every": None if feed.every is None else round(feed.every.total_seconds()),
                "now": to_text(now),
            },
        )

    def due(self, now: datetime, limit: int) -> tuple[FeedState, ...]:
        """The active feeds whose time has come, the hosts by turns: of each the longest overdue, then the next one.

        Of those due at once the sound ones come first: a feed that has its host held again must not starve the others.
        """
        rows = self._db.query(
            """
            select feeds.* from feeds join (
              select id, row_number() over (partition by host order by next_poll_at, failures, id) as place
              from feeds where active = 1 and next_poll_at <= :now
            ) due on due.id = feeds.id
            where due.place <= :of_each order by due.place, next_poll_at, feeds.id limit :limit
            """,
            {"now": to_text(now), "limit": limit, "of_each": OF_EACH_HOST},
        )
        return tuple(_state(row) for row in rows)

    def state(self, feed: FeedId) -> FeedState:
        """Raises LookupError for a feed that was never configured."""
        for row in self._db.query("select * from feeds where id = ?", [feed]):
            return _state(row)
        raise LookupError(f"no feed {feed}")

    def states(self) -> tuple[FeedState, ...]:
        """Of all active feeds."""
        return tuple(_state(row) for row in self._db.query("select * from feeds where active = 1"))

    def make_due(self, now: datetime) -> None:
        """Every active feed is due now, whatever its schedule says."""
        self._db.execute("update feeds set next_poll_at = ? where active = 1", [to_text(now)])

    def hasten(self, feed: FeedId, at: datetime) -> None:
        """An active feed is due at a time, if not sooner."""
        self._db.execute(
            "update feeds set next_poll_at = min(next_poll_at, ?) where id = ? and active = 1", [to_text(at), feed]
        )

    def save(self, state: FeedState) -> None:
        self._db.execute(
            """
            update feeds set
              next_poll_at = :next_poll_at, etag = :etag, last_modified = :last_modified, body_hash = :body_hash,
              known_since = :known_since, last_poll_at = :last_poll_at, last_success_at = :last_success_at,
              failures = :failures, error = :error, address = :address, moving_to = :moving_to,
              moving_since = :moving_since, moving_times = :moving_times, gone_since = :gone_since,
              last_new_at = :last_new_at, shown = :shown, rhythm = :rhythm, learnt_until = :learnt_until,
              hints = :hints, same_etag_times = :same_etag_times, probed_at = :probed_at, liar_until = :liar_until
            where id = :id
            """,
            {
                "id": state.feed_id,
                "next_poll_at": to_text(state.next_poll_at),
                "etag": state.etag,
                "last_modified": state.last_modified,
                "body_hash": state.body_hash,
                "known_since": text_or_none(state.known_since),
                "last_poll_at": text_or_none(state.last_poll_at),
                "last_success_at": text_or_none(state.last_success_at),
                "failures": state.failures,
                "error": state.error,
                "address": state.address,
                "moving_to": state.moving_to,
                "moving_since": text_or_none(state.moving_since),
                "moving_times": state.moving_times,
                "gone_since": text_or_none(state.gone_since),
                "last_new_at": text_or_none(state.last_new_at),
                "shown": state.shown,
                "rhythm": state.rhythm,
                "learnt_until": text_or_none(state.learnt_until),
                "hints": None if state.hints is None else hints_json(state.hints),
                "same_etag_times": state.same_etag_times,
                "probed_at": text_or_none(state.probed_at),
                "liar_until": text_or_none(state.liar_until),
            },
        )

    def known(
        self, feed: FeedId, ids: Sequence[EntryId], pages: Sequence[str], words: Sequence[str]
    ) -> tuple[KnownEntry, ...]:
        """The feed's entries that share an id, a page or words with those given."""
        rows = self._db.query(
            """
            select id, title, page, words, summary, content from entries where id in (
              select id from entries where id in (select value from json_each(:ids))
              union select id from entries where feed_id = :feed and page in (select value from json_each(:pages))
              union select id from entries where feed_id = :feed and words in (select value from json_each(:words))
            )
            """,
            {"feed": feed, "ids": json_list(ids), "pages": json_list(pages), "words": json_list(words)},
        )
        return tuple(
            KnownEntry(EntryId(row["id"]), row["title"], row["page"], row["words"], row["summary"], row["content"])
            for row in rows
        )

    def learn_keys(self, entries: Iterable[Entry]) -> None:
        """Entries that were stored before there were keys get them when they are shown again."""
        for entry in entries:
            self._db.execute(
                "update entries set page = ?, words = ? where id = ? and page is null and words is null",
                [entry.page, entry.words, entry.id],
            )

    def prints(self, feed: FeedId) -> bytes | None:
        """What is remembered of the feed's last document."""
        rows = list(self._db.query("select prints from documents where feed_id = ?", [feed]))
        return rows[0]["prints"] if rows else None

    def save_prints(self, feed: FeedId, prints: bytes | None) -> None:
        self._db.execute("delete from documents where feed_id = ?", [feed])
        if prints is not None:
            self._db.execute("insert into documents (feed_id, prints) values (?, ?)", [feed, prints])

    def add_poll(self, poll: PollRecord) -> None:
        self._db.execute(
            """
            insert into polls (feed_id, started_at, finished_at, outcome, entries, new, overlap, bytes, note)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                poll.feed_id,
                to_text(poll.started_at),
                to_text(poll.finished_at),
                poll.outcome,
                poll.entries,
                poll.new,
                poll.overlap,
                poll.bytes,
                poll.note,
            ],
        )

    def first_poll_before(self, time: datetime) -> bool:
        """Whether feeds were looked at before a time."""
        rows = self._db.query("select 1 from polls where finished_at < ? limit 1", [to_text(time)])
        return next(iter(rows), None) is not None

    def holds(self, now: datetime) -> dict[str, datetime]:
        """The hosts that asked to be left alone, and until when."""
        rows = self._db.query("select host, held_until from hosts where held_until > ?", [to_text(now)])
        return {row["host"]: to_time(row["held_until"]) for row in rows}

    def save_holds(self, holds: Mapping[str, datetime]) -> None:
        """In place of those that were remembered."""
        self._db.execute("delete from hosts")
        for host, until in holds.items():
            self._db.execute("insert into hosts (host, held_until) values (?, ?)", [host, to_text(until)])

    def price(self) -> tuple[float, datetime] | None:
        """What a request may cost, and since when; None before that was ever decided."""
        for row in self._db.query("select price, adjusted_at from budget"):
            return row["price"], to_time(row["adjusted_at"])
        return None

    def save_price(self, price: float, now: datetime) -> None:
        self._db.execute(
            "insert or replace into budget (id, price, adjusted_at) values (1, ?, ?)", [price, to_text(now)]
        )

    def requests_since(self, since: datetime) -> int:
        """Looks at active feeds that follow their own rhythm."""
        rows = self._db.query(
            """
            select count(*) as n from polls join feeds on feeds.id = polls.feed_id
            where feeds.active = 1 and feeds.every_seconds is null and polls.finished_at >= ?
            """,
            [to_text(since)],
        )
        return int(next(iter(rows))["n"])

    def add_gap(self, feed: FeedId, *, from_at: datetime, to_at: datetime, now: datetime) -> None:
        self._db.execute(
            """
            insert into gaps (id, feed_id, from_at, to_at, detected_at) values (?, ?, ?, ?, ?)
            on conflict (id) do nothing
            """,
            [digest("gap", feed, to_text(from_at)), feed, to_text(from_at), to_text(to_at), to_text(now)],
        )

    def untried_gaps(self) -> tuple[Gap, ...]:
        """Gaps of active feeds for which no archive was asked yet."""
        rows = self._db.query(
            """
            select gaps.* from gaps join feeds on feeds.id = gaps.feed_id
            where gaps.tried_at is null and feeds.active = 1 order by gaps.detected_at limit 100
            """
        )
        return tuple(
            Gap(row["id"], FeedId(row["feed_id"]), to_time(row["from_at"]), to_time(row["to_at"])) for row in rows
        )

    def close_gap(self, gap: Gap, *, found: int, closed: bool, now: datetime) -> None:
        self._db.execute(
            "update gaps set tried_at = ?, found = ?, closed = ? where id = ?",
            [to_text(now), found, int(closed), gap.id],
        )

    def seen_until(self, ids: Sequence[EntryId], time: datetime) -> frozenset[EntryId]:
        """Those of the ids that were first seen at a time or before."""
        rows = self._db.query(
            "select id from entries where id in (select value from json_each(?)) and first_seen_at <= ?",
            [json_list(ids), to_text(time)],
        )
        return frozenset(EntryId(row["id"]) for row in rows)

    def add_entries(
        self,
        entries: Iterable[Entry],
        *,
        baseline: frozenset[EntryId],
        recent: frozenset[EntryId] = frozenset(),
        now: datetime,
    ) -> None:
        """Entries in `baseline` are history, and the `recent` ones of them are to find their stories, as they came out.

        The others wait to be read.
        """
        for entry in entries:
            history = entry.id in baseline
            due = min(entry.published_at or now, now) if entry.id in recent else None if history else now
            self._db.execute(
                """
                insert into entries (id, feed_id, guid, url, title, summary, content, author, published_at,
                  language, page, words, first_seen_at, state, next_read_at, reason)
                values (:id, :feed_id, :guid, :url, :title, :summary, :content, :author, :published_at,
                  :language, :page, :words, :now, :state, :next_read_at, :reason)
                on conflict (id) do nothing
                """,
                {
                    "id": entry.id,
                    "feed_id": entry.feed_id,
                    "guid": entry.guid,
                    "url": entry.url,
                    "title": entry.title,
                    "summary": entry.summary,
                    "content": entry.content,
                    "author": entry.author,
                    "published_at": text_or_none(entry.published_at),
                    "language": entry.language,
                    "page": entry.page,
                    "words": entry.words,
                    "now": to_text(now),
                    "state": "baseline" if history else "waiting",
                    "next_read_at": text_or_none(due),
                    "reason": "in the feed when it was first looked at" if history else None,
                },
            )

    def waiting(self, now: datetime, limit: int) -> tuple[DueEntry, ...]:
        """Entries that are due to be read, the feeds by turns: the latest of each, then the next one of each.

        So a feed that brings thousands at once crowds nobody out, least its own later news.
        """
        rows = self._db.query(
            """
            select id, url from (
              select id, url, next_read_at,
                row_number() over (
                  partition by feed_id order by first_seen_at desc, published_at desc, next_read_at, id
                ) as place
              from entries where state = 'waiting' and next_read_at <= :now
            )
            order by place, next_read_at, id limit :limit
            """,
            {"now": to_text(now), "limit": limit},
        )
        return tuple(DueEntry(EntryId(row["id"]), row["url"]) for row in rows)

    def history(self, now: datetime, limit: int) -> tuple[WaitingEntry, ...]:
        """Entries of first documents that are to find their stories, in the order in which they came out."""
        rows = self._db.query(
            "select * from entries where state = 'baseline' and next_read_at <= ? order by next_read_at, id limit ?",
            [to_text(now), limit],
        )
        return tuple(map(_waiting, rows))

    def has_history(self, now: datetime) -> bool:
        """Whether there are any of those."""
        rows = self._db.query(
            "select 1 from entries where state = 'baseline' and next_read_at <= ? limit 1", [to_text(now)]
        )
        return next(iter(rows), None) is not None

    def finish_history(self, entry: EntryId, *, article_id: ArticleId | None) -> None:
        self._db.execute("update entries set next_read_at = null, article_id = ? where id = ?", [article_id, entry])

    def is_history(self, article: ArticleId) -> bool:
        """Whether it was never seen but in first documents of feeds."""
        rows = self._db.query(f"select {HISTORY.format(article=':id')} as so", {"id": article})
        return bool(next(iter(rows))["so"])

    def reword(self, entries: Iterable[Entry], edited: Edited, *, now: datetime) -> None:
        """What nobody was told of is to be read (again), now that its feed words it otherwise.

        Only a few times. Of what was told the words are kept: where no page is read, the next look compares them.
        """
        for entry in entries:
            values = {
                "id": entry.id,
                "title": entry.title,
                "summary": entry.summary,
                "content": entry.content,
                "words": entry.words,
                "now": to_text(now),
                "reason": f"its {edited} was edited",
                "most": MOST_READINGS[edited],
            }
            self._db.execute(
                """
                update entries set title = :title, summary = :summary, content = :content, words = :words,
                  edited_at = :now
                where id = :id and state = 'read'
                  and exists (select 1 from alerts a where a.article_id = entries.article_id)
                """,
                values,
            )
            self._db.execute(
                """
                update entries set title = :title, summary = :summary, content = :content, words = :words,
                  state = 'waiting', next_read_at = :now, reason = :reason
                where id = :id and state <> 'baseline' and attempts < :most
                  and not exists (select 1 from alerts a where a.article_id = entries.article_id)
                """,
                values,
            )

    def waiting_entry(self, id_: EntryId) -> WaitingEntry | None:
        """None when it was read meanwhile."""
        for row in self._db.query("select * from entries where id = ? and state = 'waiting'", [id_]):
            return _waiting(row)
        return None

    def shown(self, article: ArticleId) -> WaitingEntry | None:
        """The entry that showed an article first; if there is one, after the first look at its feed."""
        return next(iter(self.all_shown(article)), None)

    def all_shown(self, article: ArticleId) -> tuple[WaitingEntry, ...]:
        """The entries that show an article, in the order of `shown`."""
        rows = self._db.query(
            "select * from entries where article_id = ? order by state = 'baseline', first_seen_at, id", [article]
        )
        return tuple(map(_waiting, rows))

    def settle_edits(self, article: ArticleId, until: datetime) -> None:
        """What feeds worded otherwise until then was compared with what was told."""
        self._db.execute(
            "update entries set edited_at = null where article_id = ? and edited_at <= ?", [article, to_text(until)]
        )

    def finish_reading(self, entry: Entry, *, article_id: str | None, reason: str | None) -> None:
        self._db.execute(
            """
            update entries set state = 'read', next_read_at = null, article_id = ?, reason = ?,
              attempts = attempts + 1
            where id = ?
            """,
            [article_id, reason, entry.id],
        )

    def read_again(self, entry: Entry, at: datetime, *, article_id: str | None, reason: str) -> None:
        self._db.execute(
            """
            update entries set next_read_at = ?, article_id = coalesce(?, article_id), reason = ?,
              attempts = attempts + 1
            where id = ?
            """,
            [to_text(at), article_id, reason, entry.id],
        )


def _waiting(row: Row) -> WaitingEntry:
    return WaitingEntry(
        _entry(row),
        row["attempts"],
        to_time(row["first_seen_at"]),
        row["article_id"],
        time_or_none(row["edited_at"]),
    )


def _by_place(rows: Iterable[Row], feeds: Sequence[Feed]) -> dict[str, FeedId]:
    """The id of each configured feed that is not simply that of its address."""
    remembered = list(rows)
    by_url = {row["url"]: FeedId(row["id"]) for row in remembered}
    found = {feed.url: by_url[feed.url] for feed in feeds if feed.url in by_url}
    free = {row["name"]: FeedId(row["id"]) for row in remembered if row["id"] not in found.values()}
    for feed in feeds:
        if feed.url not in found and feed.name in free:
            found[feed.url] = free[feed.name]
    ids = {row["id"] for row in remembered}
    for feed in feeds:
        if feed.url not in found and feed.id in ids:  # its address was another feed's before that one moved
            found[feed.url] = FeedId(digest("feed", feed.url, feed.name))
    return found


def _state(row: Row) -> FeedState:
    return FeedState(
        feed_id=FeedId(row["id"]),
        next_poll_at=to_time(row["next_poll_at"]),
        etag=row["etag"],
        last_modified=row["last_modified"],
        body_hash=row["body_hash"],
        known_since=time_or_none(row["known_since"]),
        last_poll_at=time_or_none(row["last_poll_at"]),
        last_success_at=time_or_none(row["last_success_at"]),
        failures=row["failures"],
        error=row["error"],
        address=row["address"],
        moving_to=row["moving_to"],
        moving_since=time_or_none(row["moving_since"]),
        moving_times=row["moving_times"],
        gone_since=time_or_none(row["gone_since"]),
        last_new_at=time_or_none(row["last_new_at"]),
        shown=row["shown"],
        rhythm=row["rhythm"],
        learnt_until=time_or_none(row["learnt_until"]),
        hints=None if row["hints"] is None else hints_of_feed(row["hints"]),
        same_etag_times=row["same_etag_times"],
        probed_at=time_or_none(row["probed_at"]),
        liar_until=time_or_none(row["liar_until"]),
    )


def _entry(row: Row) -> Entry:
    return Entry(
        id=EntryId(row["id"]),
        feed_id=FeedId(row["feed_id"]),
        guid=row["guid"],
        url=row["url"],
        title=row["title"],
        summary=row["summary"],
        content=row["content"],
        author=row["author"],
        published_at=time_or_none(row["published_at"]),
        language=row["language"],
    )
