"""Values for tests; what does not matter is left out by the caller."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor.model import (
    AlertId,
    ArticleId,
    BodySource,
    Decision,
    Delivery,
    DeliveryId,
    DeliveryState,
    Hit,
    Message,
    Outcome,
    Placement,
    Reason,
    Relation,
    Severity,
    StoryId,
    Zone,
)

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def hit(words: str = "tanks", sentence: str = "Serbia has deployed tanks.", **fields: Any) -> Hit:
    defaults: dict[str, Any] = {"part": words, "zone": Zone.BODY, "start": 0, "end": 5}
    return Hit(words=words, sentence=sentence, **defaults | fields)


def reason(rule: str = "armour", *hits: Hit, severity: Severity = Severity.HIGH) -> Reason:
    return Reason(rule, rule.capitalize(), severity, hits or (hit(),))


def message(headline: str = "Serbia moves tanks", *reasons: Reason, **fields: Any) -> Message:
    defaults: dict[str, Any] = {
        "headline": headline,
        "url": "https://courier.example/tanks",
        "outlet": "Test Courier",
        "site": "courier.example",
        "author": None,
        "published_at": NOON,
        "seen_at": NOON,
        "body_source": BodySource.PAGE,
        "severity": Severity.HIGH,
        "reasons": reasons or (reason(),),
        "story_id": StoryId("story" * 4),
        "article_id": ArticleId("article"),
    }
    return Message(**defaults | fields)


def delivery(key: str = "a" * 32, target: str = "C0ALERTS", **fields: Any) -> Delivery:
    defaults: dict[str, Any] = {
        "id": DeliveryId(key),
        "alert_id": AlertId(f"alert-{key}"),
        "sink": "slack",
        "target": target,
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "next_attempt_at": NOON,
        "created_at": NOON,
        "message": message(),
    }
    return Delivery(**defaults | fields)


def decision(rule: str = "armour", severity: Severity = Severity.HIGH, **fields: Any) -> Decision:
    defaults: dict[str, Any] = {
        "rule": rule,
        "rule_version": "v1",
        "title": rule.capitalize(),
        "severity": severity,
        "channel": None,
        "outcome": Outcome.MATCHED,
        "hits": (hit(),),
    }
    return Decision(**defaults | fields)


def placement(story: str = "s", relation: Relation = Relation.FIRST, **fields: Any) -> Placement:
    defaults: dict[str, Any] = {"copy_of": None, "copy_outlet": None, "similarity": 0.0}
    return Placement(story_id=StoryId(story), relation=relation, **defaults | fields)
