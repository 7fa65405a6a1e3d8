"""Matches that are told later, and the mutes that are one cause of it.

When a match is to be told stands in `alerts.release_at`; what would have been told, and where, stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from monitor.model import (
    AlertId,
    ArticleId,
    Fate,
    Held,
    HoldCause,
    HoldGroup,
    Message,
    Mute,
    MuteId,
    MuteKind,
    Severity,
    StoryId,
    Verdict,
)
from monitor.store.sqlite.values import Row, message_json, message_of, text_or_none, time_or_none, to_text, to_time

_WAITING = "a.fate = 'hold' and h.released_at is null"


class HoldRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, held: Held) -> None:
        """Beside the alert, whose fate says that it is held. One that is held already is held for this now."""
        self._db.execute(
            """
            insert into holds (alert_id, cause, mute_id, sink, target, message, held_at) values (?, ?, ?, ?, ?, ?, ?)
            on conflict (alert_id) do update set cause = excluded.cause, mute_id = excluded.mute_id
            """,
            [
                held.alert_id,
                held.cause,
                held.mute_id,
                held.sink,
                held.target,
                message_json(held.message),
                to_text(held.held_at),
            ],
        )

    def hold_on(self, held: Sequence[Held], given: Verdict) -> None:
        """What was to be told now waits for another reason, which is added to the one it had."""
        assert given.cause is not None  # noqa: S101 - it is a hold
        for one in held:
            self._db.execute(
                "update holds set cause = ?, mute_id = ? where alert_id = ?", [given.cause, given.mute_id, one.alert_id]
            )
            self._db.execute(
                "update alerts set release_at = ?, reason = ? where id = ?",
                [text_or_none(given.release_at), f"{one.reason}; then {given.reason}", one.alert_id],
            )

    def waits_until(self, rule: str, story: StoryId, *, sink: str, target: str) -> datetime | None:
        """Until when matches of a rule wait for more sources of a story; None when none does."""
        return self._first_release(
            "a.story_id = ? and a.rule = ? and h.cause = 'sources' and h.sink = ? and h.target = ?",
            [story, rule, sink, target],
        )

    def open_until(self, cause: HoldCause, now: datetime, *, sink: str, target: str) -> datetime | None:
        """When what is gathered for a channel is told; None when nothing is."""
        return self._first_release(
            "h.cause = ? and h.sink = ? and h.target = ? and a.release_at > ?", [cause, sink, target, to_text(now)]
        )

    def _first_release(self, which: str, values: list[str]) -> datetime | None:
        rows = self._db.query(
            f"""
            select min(a.release_at) as at from alerts a join holds h on h.alert_id = a.id
            where {_WAITING} and {which}
            """,  # noqa: S608 - constants
            values,
        )
        return time_or_none(next(iter(rows))["at"])

    def for_sources(self, story: StoryId) -> tuple[Held, ...]:
        """What waits for more sources of a story."""
        return self._held("a.story_id = ? and h.cause = 'sources'", [story])

    def due_groups(self, now: datetime) -> tuple[HoldGroup, ...]:
        """What is to be told together now."""
        rows = self._db.query(
            f"""
            select distinct h.cause, h.mute_id, h.sink, h.target
            from alerts a join holds h on h.alert_id = a.id where {_WAITING} and a.release_at <= ?
            order by h.cause, h.mute_id, h.sink, h.target
            """,  # noqa: S608 - a constant
            [to_text(now)],
        )
        return tuple(
            HoldGroup(HoldCause(row["cause"]), _mute_id(row["mute_id"]), row["sink"], row["target"]) for row in rows
        )

    def due(self, group: HoldGroup, now: datetime) -> tuple[Held, ...]:
        """Of one group, as they came."""
        return self._held(
            "h.cause = ? and h.mute_id is ? and h.sink = ? and h.target = ? and a.release_at <= ?",
            [group.cause, group.mute_id, group.sink, group.target, to_text(now)],
        )

    def for_the_channel(self) -> tuple[Held, ...]:
        """What waits for the end of quiet hours or for a digest."""
        return self._held(f"h.cause in ('{HoldCause.QUIET}', '{HoldCause.DIGEST}')", [])

    def of_mute(self, mute: MuteId) -> tuple[Held, ...]:
        """What a mute still holds."""
        return self._held("h.mute_id = ?", [mute])

    def _held(self, which: str, values: Sequence[str | None]) -> tuple[Held, ...]:
        rows = self._db.query(
            f"""
            select a.*, h.cause, h.mute_id, h.sink, h.target, h.message, h.held_at
            from alerts a join holds h on h.alert_id = a.id where {_WAITING} and {which}
            order by h.held_at, h.rowid
            """,  # noqa: S608 - constants
            values,
        )
        return tuple(map(_held, rows))

    def put_off(self, held: Sequence[Held], until: datetime) -> None:
        """Or bring forward."""
        for one in held:
            self._db.execute("update alerts set release_at = ? where id = ?", [to_text(until), one.alert_id])

    def waiting(self) -> tuple[Row, ...]:
        """How many matches each cause holds, and when the first of them is told."""
        rows = self._db.query(
            f"""
            select h.cause, count(*) as matches, min(a.release_at) as next
            from alerts a join holds h on h.alert_id = a.id where {_WAITING} group by h.cause order by h.cause
            """  # noqa: S608 - a constant
        )
        return tuple(rows)

    def release(self, held: Sequence[Held], fate: Fate, why: str, now: datetime) -> None:
        """What was held gets its last fate; `why` is added to the reason."""
        for one in held:
            self._db.execute("update holds set released_at = ? where alert_id = ?", [to_text(now), one.alert_id])
            self._db.execute(
                "update alerts set fate = ?, reason = ? where id = ?", [fate, f"{one.reason}; {why}", one.alert_id]
            )

    def revise(self, article: ArticleId, rewrite: Callable[[Message], Message]) -> None:
        """Let what waits to be told of an article say something else."""
        for one in self._held("a.article_id = ?", [article]):
            self._db.execute(
                "update holds set message = ? where alert_id = ?", [message_json(rewrite(one.message)), one.alert_id]
            )


class MuteRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def save(self, mute: Mute) -> None:
        """A new one, or one that has changed its end."""
        self._db.execute(
            """
            insert into mutes (id, kind, subject, until, by, reason, created_at, ended_at, ended_by, closed_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set until = excluded.until,
              by = excluded.by, reason = excluded.reason, ended_at = excluded.ended_at, ended_by = excluded.ended_by,
              closed_at = excluded.closed_at
            """,
            [
                mute.id,
                mute.kind,
                mute.subject,
                to_text(mute.until),
                mute.by,
                mute.reason,
                to_text(mute.created_at),
                text_or_none(mute.ended_at),
                mute.ended_by,
                text_or_none(mute.closed_at),
            ],
        )

    def mute(self, id_: MuteId) -> Mute | None:
        return next(map(_mute, self._db.query("select * from mutes where id = ?", [id_])), None)

    def named(self, beginning: str) -> tuple[Mute, ...]:
        """The mutes whose ids begin so; more than one if that is not enough to tell."""
        rows = self._db.query(
            "select * from mutes where substr(id, 1, length(:so)) = :so limit 2", {"so": beginning.lower()}
        )
        return tuple(map(_mute, rows))

    def active(self, now: datetime) -> tuple[Mute, ...]:
        """Those in force, the one that ends last first."""
        rows = self._db.query(
            "select * from mutes where until > ? and ended_at is null order by until desc, id", [to_text(now)]
        )
        return tuple(map(_mute, rows))

    def over(self, now: datetime) -> tuple[Mute, ...]:
        """Those that have ended and hold nothing any more, but were not closed yet."""
        rows = self._db.query(
            """
            select * from mutes where closed_at is null and min(until, coalesce(ended_at, until)) <= ?
              and not exists (select 1 from holds h where h.mute_id = mutes.id and h.released_at is null)
            order by until, id
            """,
            [to_text(now)],
        )
        return tuple(map(_mute, rows))

    def follow(self, story: StoryId, *, into: StoryId) -> None:
        """Who wants quiet from a story wants it from the one that it becomes part of."""
        self._db.execute(
            "update mutes set subject = ? where kind = 'story' and subject = ? and closed_at is null", [into, story]
        )

    def count_active(self, now: datetime) -> int:
        sql = "select count(*) as n from mutes where until > ? and ended_at is null"
        return int(next(iter(self._db.query(sql, [to_text(now)])))["n"])

    def has_held(self, mute: MuteId) -> bool:
        """Whether anything was ever held by it."""
        return any(self._db.query("select 1 from holds where mute_id = ? limit 1", [mute]))

    def listed(self, limit: int) -> tuple[Row, ...]:
        """The latest first, with how many matches each held."""
        return tuple(
            self._db.query(
                """
                select m.*, f.name as feed, s.headline,
                  (select count(*) from holds h where h.mute_id = m.id) as held,
                  (select count(*) from holds h where h.mute_id = m.id and h.released_at is null) as waiting
                from mutes m left join feeds f on m.kind = 'feed' and f.id = m.subject
                left join stories s on m.kind = 'story' and s.id = m.subject
                order by m.created_at desc, m.id limit ?
                """,
                [limit],
            )
        )


def _mute_id(value: str | None) -> MuteId | None:
    return None if value is None else MuteId(value)


def _held(row: Row) -> Held:
    message = message_of(row["message"])
    assert isinstance(message, Message)  # noqa: S101 - only alerts are held
    return Held(
        alert_id=AlertId(row["id"]),
        rule=row["rule"],
        story_id=StoryId(row["story_id"]),
        article_id=ArticleId(row["article_id"]),
        severity=Severity(row["severity"]),
        reason=row["reason"],
        cause=HoldCause(row["cause"]),
        mute_id=_mute_id(row["mute_id"]),
        sink=row["sink"],
        target=row["target"],
        message=replace(message, story_id=StoryId(row["story_id"])),  # it may have been merged or split
        held_at=to_time(row["held_at"]),
        release_at=to_time(row["release_at"]),
    )


def _mute(row: Row) -> Mute:
    return Mute(
        id=MuteId(row["id"]),
        kind=MuteKind(row["kind"]),
        subject=row["subject"],
        until=to_time(row["until"]),
        by=row["by"],
        reason=row["reason"],
        created_at=to_time(row["created_at"]),
        ended_at=time_or_none(row["ended_at"]),
        ended_by=row["ended_by"],
        closed_at=time_or_none(row["closed_at"]),
    )
