"""How values look in a row: times as text that sorts, messages and evidence as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from monitor.model import (
    Addition,
    AdditionKind,
    ArticleId,
    BodySource,
    Change,
    ChangeKind,
    Digest,
    DigestItem,
    FeedHints,
    Hit,
    Message,
    Reason,
    Report,
    Severity,
    StoryId,
    Zone,
)

Row = dict[str, Any]

# SQL: a dead letter that a person has dropped, with who did before its error. It asks for nothing any more.
DROPPED = "(state = 'dead' and coalesce(error, '') like 'dropped by %')"

# SQL: whether an article (`{article}`: its id) was never seen but in first documents of feeds. Nobody is told of those.
HISTORY = "coalesce((select min(e.state = 'baseline') from entries e where e.article_id = {article}), 0)"


def to_text(time: datetime) -> str:
    """RFC 3339 in UTC, always with microseconds: text order is time order."""
    # Not strftime: it writes the year 1 as "1", which neither sorts nor comes back.
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    return time.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def to_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def text_or_none(time: datetime | None) -> str | None:
    return None if time is None else to_text(time)


def time_or_none(text: str | None) -> datetime | None:
    return None if text is None else to_time(text)


def json_list(values: Iterable[Any]) -> str:
    return json.dumps(list(values), ensure_ascii=False)


def evidence_json(hits: Iterable[Hit], missing: Iterable[str]) -> str:
    return json.dumps({"hits": [asdict(hit) for hit in hits], "missing": list(missing)}, ensure_ascii=False)


def hits_of(values: Iterable[Row]) -> tuple[Hit, ...]:
    return tuple(Hit(**{**value, "zone": Zone(value["zone"])}) for value in values)


@lru_cache(maxsize=2_048)  # written at every look, and hardly ever changed
def hints_json(hints: FeedHints) -> str:
    """Only what is said: most feeds say nothing."""
    said = {name: value for name, value in asdict(hints).items() if value}
    return json.dumps(said, default=_hint)


@lru_cache(maxsize=2_048)
def hints_of_feed(text: str) -> FeedHints:
    value = json.loads(text)
    spans = {name: timedelta(seconds=value[name]) for name in ("ttl", "update_every") if name in value}
    sets = {name: frozenset(value[name]) for name in ("skip_hours", "skip_days") if name in value}
    return FeedHints(**{**value, **spans, **sets, "hubs": tuple(value.get("hubs", ()))})


def _hint(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else sorted(cast("frozenset[int]", value))


def message_json(message: Message | Report | Digest) -> str:
    value = asdict(message)
    if isinstance(message, Report | Digest):
        value = {"report" if isinstance(message, Report) else "digest": value}
    return json.dumps(value, ensure_ascii=False, default=_text)


def message_of(text: str) -> Message | Report | Digest:
    value = json.loads(text)
    if "digest" in value:
        return _digest(value["digest"])
    return _report(value["report"]) if "report" in value else _message(value)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return to_text(value)
    raise TypeError(f"{value!r} has no place in a message")


def _report(value: Row) -> Report:
    return Report(**{**value, "lines": tuple(value["lines"]), "created_at": to_time(value["created_at"])})


def _digest(value: Row) -> Digest:
    return Digest(
        **{
            **value,
            "lines": tuple(value["lines"]),
            "items": tuple(map(_digest_item, value["items"])),
            "created_at": to_time(value["created_at"]),
        }
    )


def _digest_item(value: Row) -> DigestItem:
    return DigestItem(
        **{
            **value,
            "severity": Severity(value["severity"]),
            "rules": tuple(value["rules"]),
            "seen_at": to_time(value["seen_at"]),
            "story_id": StoryId(value["story_id"]),
        }
    )


def _message(value: Row) -> Message:
    reasons = tuple(
        Reason(
            rule=reason["rule"],
            title=reason["title"],
            severity=Severity(reason["severity"]),
            hits=hits_of(reason["hits"]),
            template=reason.get("template"),
        )
        for reason in value["reasons"]
    )
    return Message(
        **{
            **value,
            "published_at": time_or_none(value["published_at"]),
            "seen_at": to_time(value["seen_at"]),
            "body_source": BodySource(value["body_source"]),
            "severity": Severity(value["severity"]),
            "reasons": reasons,
            "story_id": StoryId(value["story_id"]),
            "article_id": ArticleId(value["article_id"]),
            "additions": tuple(
                Addition(**{**one, "kind": AdditionKind(one["kind"])}) for one in value.get("additions", ())
            ),
            "mentions": tuple(value.get("mentions", ())),
            "changes": tuple(Change(**{**one, "kind": ChangeKind(one["kind"])}) for one in value.get("changes", ())),
        }
    )
