"""Alerts with their fates, and the outbox that carries them to the sinks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlite_utils import Database

from monitor.model import (
    Alert,
    AlertId,
    ArticleId,
    CorrectionId,
    Delivery,
    DeliveryId,
    DeliveryState,
    Digest,
    DueDelivery,
    DueEdit,
    Edit,
    Message,
    Reason,
    Severity,
    StoryId,
    Told,
)
from monitor.store.sqlite.values import (
    DROPPED,
    Row,
    json_list,
    message_json,
    message_of,
    text_or_none,
    time_or_none,
    to_text,
    to_time,
)

_UNTOLD = ("pending", "blocked")  # nothing of it is at the sink
_OPEN = "('pending', 'sending', 'ambiguous', 'blocked')"


class AlertRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def matched_since(self, since: datetime, versions: Iterable[str]) -> dict[str, tuple[datetime, ...]]:
        """When each rule matched, in order; only what it said in one of these versions."""
        rows = self._db.query(
            """
            select a.rule, a.created_at from alerts a
            join decisions d on d.article_id = a.article_id and d.rule = a.rule
            where a.created_at >= ? and d.rule_version in (select value from json_each(?)) order by a.created_at
            """,
            [to_text(since), json_list(versions)],
        )
        matched: dict[str, list[datetime]] = {}
        for row in rows:
            matched.setdefault(row["rule"], []).append(to_time(row["created_at"]))
        return {rule: tuple(times) for rule, times in matched.items()}

    def decided(self, article: ArticleId) -> frozenset[str]:
        """The rules whose match on this article already has a fate."""
        rows = self._db.query("select rule from alerts where article_id = ?", [article])
        return frozenset(row["rule"] for row in rows)

    def told(self, story: StoryId, *, sink: str, target: str) -> tuple[Told, ...]:
        """What has been said, or is on its way, about a story in a channel; the first word first."""
        rows = self._db.query(
            """
            select a.rule, a.severity, a.article_id, coalesce(carrier.thread_of, carrier.id) as delivery_id,
              d.created_at, carrier.alert_id is null
                and exists (select 1 from holds h where h.alert_id = a.id and h.cause = 'sources') as unsourced
            from alerts a join deliveries d on d.alert_id = a.id
            join deliveries carrier on carrier.id = coalesce(d.folded_into, d.id)
            where a.story_id = ? and d.sink = ? and d.target = ? and carrier.state <> 'dead'
            order by d.seq
            """,
            [story, sink, target],
        )
        return tuple(
            Told(
                rule=row["rule"],
                severity=Severity(row["severity"]),
                delivery_id=DeliveryId(row["delivery_id"]),
                article_id=ArticleId(row["article_id"]),
                at=to_time(row["created_at"]),
                unsourced=bool(row["unsourced"]),
            )
            for row in rows
        )

    def add(self, alert: Alert) -> None:
        self._db.execute(
            """
            insert into alerts (id, rule, story_id, article_id, kind, severity, fate, reason, release_at, created_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing
            """,
            [
                alert.id,
                alert.rule,
                alert.story_id,
                alert.article_id,
                alert.kind,
                alert.severity,
                alert.fate,
                alert.reason,
                text_or_none(alert.release_at),
                to_text(alert.created_at),
            ],
        )


class DeliveryRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, delivery: Delivery, *, folded_into: DeliveryId | None = None, urgent: bool = False) -> None:
        """`urgent`: it goes before what waits for the same target."""
        self._db.execute(
            """
            insert into deliveries (id, alert_id, sink, target, state, attempts, next_attempt_at, created_at,
              thread_of, broadcast, folded_into, message, correction_id, urgent)
            values (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing
            """,
            [
                delivery.id,
                delivery.alert_id,
                delivery.sink,
                delivery.target,
                delivery.state,
                to_text(delivery.next_attempt_at),
                to_text(delivery.created_at),
                delivery.thread_of,
                int(delivery.broadcast),
                folded_into,
                None if delivery.message is None else message_json(delivery.message),
                delivery.correction_id,
                int(urgent),
            ],
        )

    def count_since(self, since: datetime, *, sink: str, target: str) -> int:
        """The messages about matches that a target was sent, or is about to be."""
        rows = self._db.query(
            """
            select count(*) as n from deliveries
            where sink = ? and target = ? and created_at > ? and folded_into is null and state <> 'dead'
              and (alert_id is not null or json_extract(message, '$.digest') is not null)
            """,
            [sink, target, to_text(since)],
        )
        return int(next(iter(rows))["n"])

    def heads(self) -> tuple[DueDelivery, ...]:
        """For each target the first unfinished delivery, whenever it is due.

        Only the first: an unsettled delivery holds its target back, so messages arrive in order. What is urgent goes
        before others, but neither before one that may have arrived nor before what it answers.
        """
        rows = self._db.query(
            f"""
            select d.id, d.sink, d.target, d.state, d.next_attempt_at
            from (
              select coalesce(
                min(iif(own.state in ('sending', 'ambiguous'), own.seq, null)),
                min(iif(own.urgent and not exists (
                  select 1 from deliveries parent where parent.id = own.thread_of and parent.state in {_OPEN}
                ), own.seq, null)),
                min(own.seq)) as seq
              from deliveries own where own.state in {_OPEN} group by own.sink, own.target
            ) head
            join deliveries d on d.seq = head.seq
            order by d.seq
            """  # noqa: S608 - a constant
        )
        return tuple(
            DueDelivery(
                id=DeliveryId(row["id"]),
                sink=row["sink"],
                target=row["target"],
                state=DeliveryState(row["state"]),
                next_attempt_at=to_time(row["next_attempt_at"]),
            )
            for row in rows
        )

    def open(self, delivery: DeliveryId) -> Delivery | None:
        """The delivery, unless it is finished."""
        return next(iter(self._unfinished("and d.id = ?", [delivery])), None)

    def untried(self, article: ArticleId, *, sink: str, target: str) -> Delivery | None:
        """What is going to be told of an article at a place, if no attempt was made yet."""
        which = """
            and d.state = 'pending' and d.attempts = 0 and d.message is not null and d.sink = ? and d.target = ?
            and d.alert_id in (select id from alerts where article_id = ?)"""
        return next(iter(self._unfinished(which, [sink, target, article])), None)

    def reword(self, delivery: DeliveryId, words: Message | Digest, *, urgent: bool = False) -> None:
        """Of one that was not sent. `urgent`: from now on it goes before what waits for the same target."""
        self._db.execute(
            "update deliveries set message = ?, urgent = max(urgent, ?) where id = ?",
            [message_json(words), int(urgent), delivery],
        )

    def save(self, delivery: Delivery) -> None:
        self._db.execute(
            """
            update deliveries set
              state = :state, attempts = :attempts, next_attempt_at = :next_attempt_at,
              attempt_started_at = :attempt_started_at, sent_at = :sent_at, receipt = :receipt, error = :error,
              thread_of = :thread_of, plain = :plain
            where id = :id
            """,
            {
                "id": delivery.id,
                "state": delivery.state,
                "attempts": delivery.attempts,
                "next_attempt_at": to_text(delivery.next_attempt_at),
                "attempt_started_at": text_or_none(delivery.attempt_started_at),
                "sent_at": text_or_none(delivery.sent_at),
                "receipt": delivery.receipt,
                "error": delivery.error,
                "thread_of": delivery.thread_of,
                "plain": int(delivery.plain),
            },
        )

    def space(self, *, sink: str, target: str, not_before: datetime) -> None:
        """Keep the next message to a target back until the sink's pace allows it."""
        self._db.execute(
            """
            update deliveries set next_attempt_at = :then
            where sink = :sink and target = :target and state = 'pending' and next_attempt_at < :then
            """,
            {"sink": sink, "target": target, "then": to_text(not_before)},
        )

    def doubt_unfinished(self, settle_after: timedelta) -> int:
        """After a start: whatever was being sent may have arrived. It is settled once the sink had time to show it."""
        rows = list(self._db.query("select id, attempt_started_at from deliveries where state = 'sending'"))
        for row in rows:
            due = to_time(row["attempt_started_at"]) + settle_after
            self._db.execute(
                """
                update deliveries set state = 'ambiguous', next_attempt_at = ?,
                  error = coalesce(error, 'the program stopped while this was being sent')  -- it may say: stands twice
                where id = ?
                """,
                [to_text(due), row["id"]],
            )
        return len(rows)

    def reroute(self, targets: Mapping[str, str], *, sink: str, operations: str | None = None) -> None:
        """Send what waits at another target than its rule's to that, with all that is told inside it.

        `targets`: of each rule. `operations`: of the reports to operators.
        """
        waiting = self._db.query(
            """
            select distinct a.rule, d.target from deliveries d join alerts a on a.id = d.alert_id
            where d.sink = ? and d.state in ('blocked', 'pending')
            """,
            [sink],
        )
        for row in list(waiting):
            target = targets.get(row["rule"], row["target"])
            if target == row["target"]:
                continue
            self._db.execute(
                """
                update deliveries set target = :to
                where sink = :sink and target = :target and state in ('blocked', 'pending')
                  and alert_id in (select id from alerts where rule = :rule)
                """,
                {"to": target, "sink": sink, **row},
            )
        if operations is not None:
            self._db.execute(
                """
                update deliveries set target = :target
                where sink = :sink and target <> :target and state in ('blocked', 'pending')
                  and alert_id is null and correction_id is null and json_extract(message, '$.digest') is null
                """,
                {"sink": sink, "target": operations},
            )
        # A correction goes where its article is told.
        self._db.execute(
            """
            with told as (
              select c.id as correction, d.sink, d.target, d.seq
              from corrections c join alerts a on a.article_id = c.article_id join deliveries d on d.alert_id = a.id
            )
            update deliveries as answer
            set target = (select target from told where correction = answer.correction_id and told.sink = answer.sink
              order by seq limit 1)
            where correction_id is not null and state in ('blocked', 'pending')
              and not exists (select 1 from told where correction = answer.correction_id
                and told.sink = answer.sink and told.target = answer.target)
            """
        )
        # Nobody can be answered in another channel.
        self._db.execute(
            """
            update deliveries as answer set thread_of = null
            where state in ('blocked', 'pending')
              and target <> (select parent.target from deliveries parent where parent.id = answer.thread_of)
            """
        )
        self._db.execute(
            """
            update deliveries as inside
            set target = (select carrier.target from deliveries carrier where carrier.id = inside.folded_into)
            where state = 'folded'
              and target <> (select carrier.target from deliveries carrier where carrier.id = inside.folded_into)
            """
        )

    def part(self, targets: Mapping[str, str], *, sink: str) -> None:
        """Of a message that waits, what is told inside it for rules whose target is another one gets its own message.

        `targets`: of each rule. To be done after `reroute`, which moves a message with all that it carries. A digest
        stays whole: when no rule in it tells where it would go any more, it goes where the first of them does.
        """
        self._move_digests(targets, sink=sink)
        for row in list(
            self._db.query(
                """
                select inside.id, inside.folded_into as carrier, a.rule, carrier.target
                from deliveries inside join deliveries carrier on carrier.id = inside.folded_into
                join alerts a on a.id = inside.alert_id
                where inside.state = 'folded' and carrier.sink = ? and carrier.state in ('blocked', 'pending')
                order by inside.seq
                """,
                [sink],
            )
        ):
            target = targets.get(row["rule"], row["target"])
            told = message_of(self._message_text_of(row["carrier"]))
            if target == row["target"] or not isinstance(told, Message):
                continue
            own = tuple(reason for reason in told.reasons if reason.rule == row["rule"])
            others = tuple(reason for reason in told.reasons if reason.rule != row["rule"])
            if not (own and others):
                continue
            self._db.execute(
                """
                update deliveries set state = 'pending', folded_into = null, thread_of = null, target = ?, message = ?
                where id = ?
                """,
                [target, message_json(_for(told, own)), row["id"]],
            )
            self._db.execute(
                "update deliveries set message = ? where id = ?",
                [message_json(_for(told, others)), row["carrier"]],
            )

    def _move_digests(self, targets: Mapping[str, str], *, sink: str) -> None:
        going: dict[tuple[str, str], list[str]] = {}
        for row in self._db.query(
            """
            select carrier.id, carrier.target, a.rule from deliveries carrier
            join deliveries inside on inside.folded_into = carrier.id join alerts a on a.id = inside.alert_id
            where carrier.sink = ? and carrier.alert_id is null and carrier.state in ('blocked', 'pending')
            order by carrier.seq, inside.seq
            """,
            [sink],
        ):
            going.setdefault((row["id"], row["target"]), []).append(targets.get(row["rule"], row["target"]))
        for (id_, target), wanted in going.items():
            if target not in wanted:
                self._db.execute(
                    """
                    update deliveries set target = ?, thread_of = null
                    where id = ? or folded_into = ?
                    """,
                    [wanted[0], id_, id_],
                )

    def _message_text_of(self, delivery: str) -> str:
        return str(next(iter(self._db.query("select message from deliveries where id = ?", [delivery])))["message"])

    # ---- what waits for too long, and what was given up ----

    def waiting(self, *, sink: str, target: str) -> tuple[Delivery, ...]:
        """What waits for a target and is surely not there yet, in order."""
        return tuple(
            delivery
            for delivery in self._unfinished("and d.sink = ? and d.target = ?", [sink, target])
            if delivery.state in _UNTOLD
        )

    def fold(self, delivery: DeliveryId, into: DeliveryId) -> None:
        """Tell it inside another one, with all that was told inside it. Nobody answers it any more."""
        self._db.execute("update deliveries set thread_of = null where thread_of = ?", [delivery])
        self._db.execute("update deliveries set folded_into = ? where folded_into = ?", [into, delivery])
        self._db.execute(
            "update deliveries set state = 'folded', folded_into = ?, thread_of = null, message = null where id = ?",
            [into, delivery],
        )

    def move_inside(self, story: StoryId, *, among: Collection[DeliveryId], into: DeliveryId) -> None:
        """What is told of a story inside some deliveries is told inside one of them."""
        self._db.execute(
            """
            update deliveries set folded_into = :into
            where folded_into in (select value from json_each(:among))
              and alert_id in (select id from alerts where story_id = :story)
            """,
            {"into": into, "among": json_list(among), "story": story},
        )

    def dead(self, beginning: str = "", *, dropped: bool = False) -> tuple[DeliveryId, ...]:
        """Those that were given up and whose ids begin so, the first given up first. `dropped`: also those."""
        rows = self._db.query(
            f"""
            select id from deliveries where state = 'dead' and substr(id, 1, length(:so)) = :so
              and (:dropped or not {DROPPED}) order by seq
            """,  # noqa: S608 - a constant
            {"so": beginning.lower(), "dropped": dropped},
        )
        return tuple(DeliveryId(row["id"]) for row in rows)

    def owed(self, *, sink: str, target: str, doubtful: bool) -> tuple[DeliveryId, ...]:
        """What a target was not told, waiting or given up. `doubtful`: also what it may have been told."""
        rows = self._db.query(
            f"""
            select id from deliveries where sink = ? and target = ? and not {DROPPED}
              and (state in ('pending', 'blocked', 'dead') or ? and state in ('sending', 'ambiguous')) order by seq
            """,  # noqa: S608 - a constant
            [sink, target, doubtful],
        )
        return tuple(DeliveryId(row["id"]) for row in rows)

    def drop(self, delivery: DeliveryId, by: str) -> None:
        """Nobody is to be told of it any more."""
        self._db.execute(
            """
            update deliveries set state = 'dead', error = 'dropped by ' || ? || coalesce(': ' || error, '') where id = ?
            """,
            [by, delivery],
        )

    def revive(self, delivery: DeliveryId, now: datetime) -> None:
        """It is tried anew, from the rich form on."""
        self._db.execute(
            """
            update deliveries set state = 'pending', attempts = 0, plain = 0, next_attempt_at = ?
            where id = ? and state = 'dead'
            """,
            [to_text(now), delivery],
        )

    def unblock(self, now: datetime) -> int:
        """Try again what waited for somebody to mend a token or a channel."""
        changed = self._db.execute(
            "update deliveries set next_attempt_at = ? where state = 'blocked' and next_attempt_at > ?",
            [to_text(now), to_text(now)],
        )
        return changed.rowcount

    # ---- edits ----

    def revise(self, article: ArticleId, rewrite: Callable[[Message], Message], due: datetime) -> None:
        """Let the messages that carry an article's alerts say something else, whether they were sent or not."""
        self._revise("a.article_id = ?", article, rewrite, due)

    def revise_story(self, story: StoryId, rewrite: Callable[[Message], Message], due: datetime) -> None:
        """The same for the messages that told a story first, each in its channel."""
        self._revise("a.story_id = ? and a.fate = 'post'", story, rewrite, due)

    def _revise(self, which: str, value: str, rewrite: Callable[[Message], Message], due: datetime) -> None:
        """An edit that is due sooner stays so."""
        for row in list(
            self._db.query(
                f"""
                select d.id, d.state, coalesce(e.message, d.message) as message
                from alerts a join deliveries d on d.alert_id = a.id left join edits e on e.delivery_id = d.id
                where {which} and d.folded_into is null and d.state <> 'dead'
                """,  # noqa: S608 - constants
                [value],
            )
        ):
            told = message_of(row["message"])
            if not isinstance(told, Message) or (revised := rewrite(told)) == told:
                continue
            if row["state"] in _UNTOLD:
                self._db.execute("update deliveries set message = ? where id = ?", [message_json(revised), row["id"]])
                continue
            self._db.execute(
                """
                insert into edits (delivery_id, message, due_at) values (?, ?, ?) on conflict (delivery_id)
                do update set message = excluded.message, due_at = min(due_at, excluded.due_at)
                """,
                [row["id"], message_json(revised), to_text(due)],
            )

    def due_edits(self, now: datetime, limit: int, sinks: Collection[str]) -> tuple[DueEdit, ...]:
        """Of messages that these sinks were sent; what is to be said of the others waits for them."""
        rows = self._db.query(
            """
            select d.id, d.sink, d.target from edits e join deliveries d on d.id = e.delivery_id
            where e.due_at <= ? and d.state = 'sent' and d.sink in (select value from json_each(?))
            order by e.due_at, d.seq limit ?
            """,
            [to_text(now), json_list(sinks), limit],
        )
        return tuple(DueEdit(DeliveryId(row["id"]), row["sink"], row["target"]) for row in rows)

    def edit(self, id_: DeliveryId) -> Edit | None:
        for row in self._db.query(
            """
            select d.*, e.message as edit_message, e.attempts as edit_attempts, e.due_at, e.error as edit_error,
              null as thread_receipt
            from edits e join deliveries d on d.id = e.delivery_id where d.id = ? and d.state = 'sent'
            """,
            [id_],
        ):
            delivery = _delivery({**row, "message": row["edit_message"]})
            return Edit(delivery, row["edit_attempts"], to_time(row["due_at"]), row["edit_error"])
        return None

    def save_edit(self, edit: Edit) -> None:
        """The next try. What it will say may have been asked for since."""
        self._db.execute(
            "update edits set attempts = ?, due_at = ?, error = ? where delivery_id = ?",
            [edit.attempts, to_text(edit.due_at), edit.error, edit.delivery.id],
        )
        self._db.execute("update deliveries set plain = ? where id = ?", [int(edit.delivery.plain), edit.delivery.id])

    def finish_edit(self, edit: Edit, *, done: bool) -> None:
        """`done`: the message says it now."""
        text = _message_text(edit.delivery)
        self._db.execute("delete from edits where delivery_id = ? and message = ?", [edit.delivery.id, text])
        if done:
            self._db.execute("update deliveries set message = ? where id = ?", [text, edit.delivery.id])

    def space_edits(self, *, sink: str, not_before: datetime) -> None:
        self._db.execute(
            """
            update edits set due_at = :then
            where due_at < :then and delivery_id in (select id from deliveries where sink = :sink)
            """,
            {"sink": sink, "then": to_text(not_before)},
        )

    def unfinished(self) -> tuple[Delivery, ...]:
        return self._unfinished("", [])

    def _unfinished(self, which: str, values: list[str]) -> tuple[Delivery, ...]:
        rows = self._db.query(
            f"""
            select d.*, parent.receipt as thread_receipt
            from deliveries d left join deliveries parent on parent.id = d.thread_of
            where d.state in {_OPEN} {which} order by d.seq
            """,  # noqa: S608 - constants
            values,
        )
        return tuple(_delivery(row) for row in rows)

    def own_id(self, *, sink: str, target: str) -> str | None:
        rows = list(self._db.query("select own_id from sink_names where sink = ? and target = ?", [sink, target]))
        return rows[0]["own_id"] if rows else None

    def save_own_id(self, *, sink: str, target: str, own_id: str) -> None:
        self._db.execute(
            """
            insert into sink_names (sink, target, own_id) values (?, ?, ?)
            on conflict (sink, target) do update set own_id = excluded.own_id
            """,
            [sink, target, own_id],
        )


def _for(told: Message, reasons: tuple[Reason, ...]) -> Message:
    """What it says for these reasons alone, as loudly as they are; whom a louder one calls nobody else does."""
    severity = Severity.loudest(reason.severity for reason in reasons)
    return replace(
        told, reasons=reasons, severity=severity, mentions=told.mentions if severity is told.severity else ()
    )


def _message_text(delivery: Delivery) -> str:
    return "" if delivery.message is None else message_json(delivery.message)


def _delivery(row: Row) -> Delivery:
    return Delivery(
        id=DeliveryId(row["id"]),
        alert_id=None if row["alert_id"] is None else AlertId(row["alert_id"]),
        sink=row["sink"],
        target=row["target"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        next_attempt_at=to_time(row["next_attempt_at"]),
        created_at=to_time(row["created_at"]),
        attempt_started_at=time_or_none(row["attempt_started_at"]),
        sent_at=time_or_none(row["sent_at"]),
        receipt=row["receipt"],
        error=row["error"],
        thread_of=row["thread_of"],
        thread_receipt=row["thread_receipt"],
        plain=bool(row["plain"]),
        broadcast=bool(row["broadcast"]),
        message=None if row["message"] is None else message_of(row["message"]),
        correction_id=None if row["correction_id"] is None else CorrectionId(row["correction_id"]),
    )
