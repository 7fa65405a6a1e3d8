"""WebSub (W3C Recommendation, 2018): a hub calls when a feed has news. What is asked of it, and what is believed.

A push only says "look now", so nothing that a hub sends is ever read. A hub that keeps silent about what a look finds
is not trusted any more; looks never stop.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import FeedHints, FeedId, Subscription, SubscriptionState
from monitor.spans import spoken

LEAST_LEASE, WISHED_LEASE, LONGEST_LEASE = timedelta(hours=1), timedelta(days=10), timedelta(days=30)
RENEW_AT = 0.8  # of the lease
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=10), timedelta(days=1)
REST = timedelta(days=7)  # before a hub that refused, or was not worth its trust, is asked again
SILENCE = timedelta(minutes=10)  # a hub that takes longer is no faster than a look
PUSHES_APART = timedelta(seconds=10)  # however often a hub calls
MAX_LEASE_DIGITS = 12
MAX_REASON = 200  # characters of what a hub says

_DIGESTS = frozenset({"sha256", "sha384", "sha512"})  # the Recommendation's others: sha1


# ---- which hub ----


def offer(hints: FeedHints | None) -> tuple[str, str] | None:
    """The hub to ask and the topic to name, when a feed's head gives both. A secret goes to it: rather over https."""
    if hints is None or not hints.hubs or hints.self_url is None:
        return None
    hub = next((hub for hub in hints.hubs if hub.startswith("https:")), hints.hubs[0])
    return hub, hints.self_url


def after_look(
    held: Subscription | None,
    feed: FeedId,
    hints: FeedHints | None,
    published: Iterable[datetime | None],
    now: datetime,
    *,
    callback: str,
    token: Callable[[], str],
) -> Subscription | None:
    """What a look at a feed makes of its subscription. `published`: of the entries it was the first to find.

    `token` makes what nobody can guess; it is asked when a subscription is new.
    """
    wanted = offer(hints)
    if wanted is None:
        return None
    hub, topic = wanted
    if held is None or (held.hub, held.topic) != wanted:
        return Subscription(feed, hub, topic, callback, path=token(), secret=token(), next_ask_at=now)
    if was_silent(held, published, now):
        words = "the hub kept silent about an entry that a look found"
        return replace(held, state=SubscriptionState.ENDED, next_ask_at=now + REST, error=words)
    return held


# ---- what is believed ----


def is_live(subscription: Subscription, now: datetime) -> bool:
    """Whether its hub could tell us of news now."""
    lease = subscription.lease_until
    listens = subscription.listens_since is not None
    return subscription.state is SubscriptionState.ACTIVE and listens and lease is not None and now < lease


def standing(subscription: Subscription, now: datetime) -> str:
    """How a subscription stands, for a person."""
    lease = subscription.lease_until
    if is_live(subscription, now) and lease is not None:
        return f"its hub calls when there is news, until {lease:%Y-%m-%d %H:%M}Z ({spoken(lease - now)})"
    because = f": {subscription.error}" if subscription.error else ""
    match subscription.state:
        case SubscriptionState.ACTIVE:
            gone = "cannot reach us" if subscription.listens_since is None else "promised no longer to call"
            return f"its hub {gone}{because}"
        case SubscriptionState.ASKED:
            return f"its hub was asked to call and did not agree yet{because}"
    again = f"; asked again in {spoken(subscription.next_ask_at - now)}" if subscription.next_ask_at else ""
    return f"its hub does not call{because}{again}"


def covers(subscription: Subscription | None, now: datetime, span: timedelta, *, last_new_at: datetime | None) -> bool:
    """Whether looks may be fewer for a span, because a hub that has shown that it calls will.

    Not while what it called for is still missing: a cache may stand before the feed.
    """
    if subscription is None or subscription.pushed_at is None or last_new_at is None:
        return False
    return last_new_at >= subscription.pushed_at and is_live(subscription, now) and is_live(subscription, now + span)


def was_silent(subscription: Subscription, published: Iterable[datetime | None], now: datetime) -> bool:
    """Whether an entry came long ago and after the last push. Of before we listened the hub could not tell us."""
    since = subscription.listens_since
    if since is None or not is_live(subscription, now):
        return False
    since = max(since, subscription.pushed_at or since)
    return any(date is not None and since < date < now - SILENCE for date in published)


def look_at(last_poll_at: datetime | None, now: datetime) -> datetime:
    """When a push makes its feed due. A hub that calls all the time does not make us trouble the feed's server."""
    return now if last_poll_at is None else max(now, last_poll_at + PUSHES_APART)


def is_signed(subscription: Subscription, signature: str, body: bytes) -> bool:
    """Whether the header X-Hub-Signature was made with our secret (section 7.1), by a digest that is still good."""
    method, _, claimed = signature.partition("=")
    if method not in _DIGESTS:
        return False
    wanted = hmac.new(subscription.secret.encode(), body, method).hexdigest()
    return hmac.compare_digest(wanted.encode(), claimed.lower().encode("utf-8", "replace"))


# ---- from asking to the next asking ----


def form(subscription: Subscription) -> dict[str, str]:
    """What a hub is asked for (section 5.1). A renewal says the same again."""
    return {
        "hub.mode": "subscribe",
        "hub.topic": subscription.topic,
        "hub.callback": f"{subscription.callback}/{subscription.path}",
        "hub.secret": subscription.secret,
        "hub.lease_seconds": f"{WISHED_LEASE.total_seconds():.0f}",
    }


def asked(subscription: Subscription, now: datetime) -> Subscription:
    """Before the hub is asked: it may verify within the request. One that never does is asked again."""
    is_held = subscription.state is SubscriptionState.ACTIVE
    return replace(
        subscription,
        state=subscription.state if is_held else SubscriptionState.ASKED,
        asked_at=now,
        next_ask_at=now + _retry_wait(subscription.failures),
        failures=subscription.failures + 1,
    )


def failed(
    subscription: Subscription, why: str, now: datetime, *, lasting: bool, wait: timedelta | None = None
) -> Subscription:
    """After a hub said no, or nothing. A lease that still runs is not harmed. `wait`: what the hub asked for."""
    is_held = is_live(subscription, now)
    again = REST if lasting and not is_held else _retry_wait(subscription.failures - 1)
    gone = SubscriptionState.REFUSED if lasting else SubscriptionState.ASKED
    return replace(
        subscription,
        state=subscription.state if is_held else gone,
        next_ask_at=now + max(again, wait or again),
        error=why,
    )


def verified(
    subscription: Subscription, *, mode: str, topic: str, lease: str, reason: str, now: datetime
) -> Subscription | None:
    """After a hub asked whether we meant it (section 5.3), or said that it refuses (5.2). None: we did not."""
    if topic != subscription.topic or subscription.asked_at is None:
        return None
    if subscription.state not in {SubscriptionState.ASKED, SubscriptionState.ACTIVE}:
        return None
    if mode == "denied":
        why = f"the hub refused: {reason[:MAX_REASON] or 'it does not say why'}"
        return replace(subscription, state=SubscriptionState.REFUSED, next_ask_at=now + REST, error=why)
    if mode != "subscribe":
        return None
    span = lease_of(lease)
    return replace(
        subscription,
        state=SubscriptionState.ACTIVE,
        verified_at=now,
        listens_since=subscription.listens_since if is_live(subscription, now) else now,
        lease_until=now + span,
        next_ask_at=now + RENEW_AT * span,
        failures=0,
        error=None,
    )


def lease_of(seconds: str) -> timedelta:
    """What a hub grants, within reason; one that does not say it is taken to grant what was asked for."""
    if not (seconds.isascii() and seconds.isdigit()) or len(seconds) > MAX_LEASE_DIGITS:
        return WISHED_LEASE
    return min(max(timedelta(seconds=int(seconds)), LEAST_LEASE), LONGEST_LEASE)


def _retry_wait(failures: int) -> timedelta:
    return min(FIRST_RETRY * (1 << min(max(failures, 0), 20)), LONGEST_RETRY)
