"""Alerts as signed JSON for programs of the operator's own: n8n, a SOAR, a script.

What is sent follows the Standard Webhooks specification (https://www.standardwebhooks.com): `webhook-id` is the
delivery, the same at every attempt, so that a receiver knows what it has already; `webhook-signature` is an HMAC-SHA256
over id, time and body. A receiver that answers 2xx has it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from monitor.alerts.message import changed, news, notes, report_lines
from monitor.errors import FetchError
from monitor.http import Http
from monitor.http_hints import retry_after
from monitor.model import (
    Accepted,
    Delivery,
    Digest,
    FindOutcome,
    Message,
    Missing,
    NotSent,
    Refused,
    Report,
    SendOutcome,
    TargetBroken,
)

MAX_ANSWER_BYTES: Final = 10_000
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how the specification has secrets begin that are base64
BAD_BODY: Final = frozenset({400, 413, 422})
ASK_AGAIN: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to, and what it is signed with."""

    url: str
    secret: str


class WebhookSink:
    """One POST for each message, and one more when it changes. Targets are the names in the configuration."""

    name = "webhook"
    pace = timedelta(0)

    def __init__(self, hooks: Mapping[str, Webhook], http: Http, clock: Callable[[], datetime]) -> None:
        self._hooks = hooks
        self._http = http
        self._clock = clock
        self.settle_after = http.settings.timeout

    async def send(self, delivery: Delivery) -> SendOutcome:
        return await self._post(delivery, _kind(delivery))

    async def edit(self, delivery: Delivery) -> SendOutcome:
        return await self._post(delivery, "changed")

    async def _post(self, delivery: Delivery, kind: str) -> SendOutcome:
        hook = self._hooks.get(delivery.target)
        if hook is None:
            return TargetBroken(f"no webhook is called {delivery.target!r} in monitor.yaml any more")
        now = self._clock()
        body = json.dumps(payload(delivery, kind, now), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **signed(delivery.id, body, hook.secret, now)}
        try:
            answer = await self._http.post(hook.url, body, headers=headers, max_bytes=MAX_ANSWER_BYTES)
        except FetchError as e:
            # A receiver that has it after all knows it by its id.
            return TargetBroken(str(e)) if e.permanent else NotSent(str(e))
        return _outcome(answer.status, retry_after(answer.headers, now), delivery)

    async def find(self, delivery: Delivery) -> FindOutcome:  # noqa: ARG002 - the contract of Sink
        """Sending it again does no harm."""
        return Missing()

    async def close(self) -> None:
        """The connections belong to whoever opened them."""


def _outcome(status: int, wait: timedelta | None, delivery: Delivery) -> SendOutcome:
    said = f"the receiver answered {status}"
    if 200 <= status < 300:
        return Accepted(receipt=f"{delivery.target}:{status}")
    if status in BAD_BODY:
        return Refused(said)
    if status >= 500 or status in ASK_AGAIN:
        return NotSent(said, wait)
    return TargetBroken(said)


def _kind(delivery: Delivery) -> str:
    if isinstance(delivery.message, Report):
        return "report"
    if isinstance(delivery.message, Digest):
        return "digest"
    if isinstance(delivery.message, Message) and delivery.message.changes:
        return "correction"
    return "update" if delivery.thread_of else "alert"


def payload(delivery: Delivery, kind: str, now: datetime) -> Mapping[str, Any]:
    """What a receiver gets: `type` is alert, update, correction, changed, digest or report. Times in RFC 3339, UTC."""
    message = delivery.message
    told: Mapping[str, Any] = {}
    if isinstance(message, Report):
        told = {"lines": report_lines(message)}
    elif isinstance(message, Digest):
        told = {**asdict(message), "created_at": message.created_at.isoformat(), "items": _items(message)}
    elif isinstance(message, Message):
        told = _told(message, now)
    return {
        "type": kind,
        "id": delivery.id,
        "thread": delivery.thread_of or delivery.id,
        "timestamp": now.isoformat(),
        "data": told,
    }


def _items(digest: Digest) -> list[Mapping[str, Any]]:
    return [{**asdict(item), "seen_at": item.seen_at.isoformat()} for item in digest.items]


def _told(message: Message, now: datetime) -> Mapping[str, Any]:
    return {
        "headline": message.headline,
        "url": message.url,
        "outlet": message.outlet,
        "site": message.site,
        "author": message.author,
        "published_at": message.published_at and message.published_at.isoformat(),
        "seen_at": message.seen_at.isoformat(),
        "matched_on": message.body_source,
        "severity": message.severity,
        "story_id": message.story_id,
        "article_id": message.article_id,
        "rules": [
            {
                "name": reason.rule,
                "title": reason.title,
                "severity": reason.severity,
                "evidence": [asdict(hit) for hit in reason.hits],
            }
            for reason in message.reasons
        ],
        "new": [{"what": news(added), "sentence": added.sentence} for added in message.additions],
        "changes": [" ".join(changed(change)) for change in message.changes],
        "notes": notes(message, now),
    }


def signed(id_: str, body: bytes, secret: str, now: datetime) -> Mapping[str, str]:
    """The headers by which a receiver knows who sent this, and when."""
    at = str(int(now.timestamp()))
    digest = hmac.digest(_key(secret), b".".join((id_.encode(), at.encode(), body)), hashlib.sha256)
    return {
        "webhook-id": id_,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key(secret: str) -> bytes:
    if secret.startswith(SECRET_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except NotBase64:
            pass
    return secret.encode()
