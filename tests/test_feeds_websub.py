"""What is asked of hubs, and what is believed of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds import websub
from monitor.ids import feed_id
from monitor.model import FeedHints, Subscription, SubscriptionState
from tests.builders import NOON

TOPIC = "https://a.example/feed"
HUB = "https://hub.example/"
ME = "https://news.example.org/push"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEW = Subscription(feed_id(TOPIC), HUB, TOPIC, ME, path="path", secret="secret", next_ask_at=NOON)
ASKED = websub.asked(NEW, NOON)
ACTIVE = replace(
    ASKED, state=SubscriptionState.ACTIVE, verified_at=NOON, listens_since=NOON, lease_until=NOON + 10 * DAY, failures=0
)

CALLED = replace(ACTIVE, pushed_at=NOON)


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        (None, None),
        (FeedHints(), None),
        (FeedHints(hubs=(HUB,)), None),
        (FeedHints(self_url=TOPIC), None),
        (FeedHints(hubs=(HUB, "https://other.example/"), self_url=TOPIC), (HUB, TOPIC)),
        (FeedHints(hubs=("http://hub.example/", HUB), self_url=TOPIC), (HUB, TOPIC)),
        (FeedHints(hubs=("http://hub.example/",), self_url=TOPIC), ("http://hub.example/", TOPIC)),
    ],
)
def test_a_feed_must_name_a_hub_and_itself(hints: FeedHints | None, expected: tuple[str, str] | None) -> None:
    """A secret goes rather over https."""
    assert expected == websub.offer(hints)


@pytest.mark.parametrize(
    ("held", "hints", "expected"),
    [
        (None, FeedHints(), None),
        (ACTIVE, FeedHints(), None),
        (None, FeedHints(hubs=(HUB,), self_url=TOPIC), replace(NEW, path="new", secret="new")),
        (ACTIVE, FeedHints(hubs=(HUB,), self_url=TOPIC), ACTIVE),
        (
            ACTIVE,
            FeedHints(hubs=("https://b.example/",), self_url=TOPIC),
            replace(NEW, hub="https://b.example/", path="new", secret="new"),
        ),
    ],
)
def test_a_subscription_follows_what_the_feed_says(
    held: Subscription | None, hints: FeedHints, expected: Subscription | None
) -> None:
    """Another hub or topic is another subscription, with a new secret."""
    after = websub.after_look(held, feed_id(TOPIC), hints, (), NOON, callback=ME, token=lambda: "new")
    assert expected == after


# Made with: printf '<rss/>' | openssl dgst -sha256 -hmac secret
SIGNATURES = {
    "SHA1": "964b65eb9a12e7d992ed0309dd6653592fe62735",
    "SHA256": "5f74509bd137b5135e73bb30f53d1fe7fd111e07cf39bd57970d148c90bb1f2a",
    "SHA384": "e7af3717fa8b04c15d7f6dae3b7829fbe429761216c85281bef81944cfbf10f9e866131d03d124c205b234e961ebe522",
    "SHA512": "bf379f479c87541207c397e7ceffc63852d5fd0f63dc877b926ac65e100da0f9"
    "4300fa3a77ee88ab85ef5869e0ab3bceb925e2e3767ce73ef199c38abdb86cb7",
}


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("sha256=SHA256", True),
        ("sha384=SHA384", True),
        ("sha512=SHA512", True),
        ("sha1=SHA1", False),
        ("md5=SHA1", False),
        ("sha256=SHA512", False),
        ("sha256=", False),
        ("sha256", False),
        ("", False),
        ("SHA256", False),
        ("sha256=\udcff\u2603", False),
    ],
)
def test_a_signature_is_good_or_not(signature: str, expected: bool) -> None:
    """Digests of two sizes are not taken for each other, and sha1 is not taken at all."""
    method, equals, name = signature.partition("=")
    assert expected == websub.is_signed(ACTIVE, method + equals + SIGNATURES.get(name, name), b"<rss/>")
    assert not websub.is_signed(
        replace(ACTIVE, secret="other"), method + equals + SIGNATURES.get(name, name), b"<rss/>"
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ("1", HOUR),
        ("0", HOUR),
        ("7200", 2 * HOUR),
        ("315360000", 30 * DAY),
        ("9" * 400, 10 * DAY),
        ("", 10 * DAY),
        ("-5", 10 * DAY),
        ("a day", 10 * DAY),
        ("٣", 10 * DAY),
    ],
)
def test_leases_are_kept_within_reason(seconds: str, expected: timedelta) -> None:
    """From an hour to thirty days; what is no number is what we asked for."""
    assert expected == websub.lease_of(seconds)


@given(st.text(max_size=20) | st.integers().map(str))
def test_a_subscription_is_renewed_before_it_ends(lease: str) -> None:
    """Whatever a hub says of its lease."""
    after = websub.verified(ASKED, mode="subscribe", topic=TOPIC, lease=lease, reason="", now=NOON)
    assert after is not None
    assert after.next_ask_at is not None
    assert after.lease_until is not None
    assert NOON + 48 * MINUTE <= after.next_ask_at < after.lease_until <= NOON + 30 * DAY


@pytest.mark.parametrize(
    ("held", "mode", "topic", "expected"),
    [
        (NEW, "subscribe", TOPIC, None),
        (ASKED, "subscribe", TOPIC, SubscriptionState.ACTIVE),
        (ASKED, "subscribe", TOPIC + "/", None),
        (ASKED, "unsubscribe", TOPIC, None),
        (ASKED, "denied", TOPIC, SubscriptionState.REFUSED),
        (ASKED, "denied", "", None),
        (ACTIVE, "subscribe", TOPIC, SubscriptionState.ACTIVE),
        (ACTIVE, "unsubscribe", TOPIC, None),
        (ACTIVE, "denied", TOPIC, SubscriptionState.REFUSED),
        (replace(ASKED, state=SubscriptionState.REFUSED), "subscribe", TOPIC, None),
        (replace(ASKED, state=SubscriptionState.ENDED), "subscribe", TOPIC, None),
    ],
)
def test_only_what_we_asked_for_is_verified(
    held: Subscription, mode: str, topic: str, expected: SubscriptionState | None
) -> None:
    """Of the topic that we asked for, and while we want it."""
    after = websub.verified(held, mode=mode, topic=topic, lease="864000", reason="", now=NOON)
    assert expected == (after and after.state)


@pytest.mark.parametrize(
    ("pushed", "published", "minutes", "expected"),
    [
        (None, [], 60, False),
        (None, [None], 60, False),
        (None, [NOON + 49 * MINUTE], 60, True),
        (None, [None, NOON + 5 * MINUTE, NOON + 59 * MINUTE], 60, True),
        (None, [NOON + 51 * MINUTE], 60, False),  # the hub may still do it
        (None, [NOON - MINUTE], 60, False),  # before we listened
        (None, [NOON + 90 * MINUTE], 60, False),  # dated ahead
        (NOON + 50 * MINUTE, [NOON + 49 * MINUTE], 65, False),
        (NOON + 40 * MINUTE, [NOON + 49 * MINUTE], 65, True),
        (None, [NOON + 49 * MINUTE], 60 * 24 * 11, False),  # the lease was over
    ],
)
def test_a_hub_is_silent_when_a_look_knows_better(
    pushed: datetime | None, published: list[datetime | None], minutes: int, expected: bool
) -> None:
    """By more than ten minutes."""
    assert expected == websub.was_silent(replace(ACTIVE, pushed_at=pushed), published, NOON + minutes * MINUTE)
    deaf = replace(ACTIVE, pushed_at=pushed, listens_since=None)
    assert not websub.was_silent(deaf, published, NOON + minutes * MINUTE)


@pytest.mark.parametrize(
    ("held", "last_new_at", "expected"),
    [
        (None, NOON, False),
        (ASKED, NOON, False),
        (ACTIVE, NOON, False),  # it never called
        (CALLED, None, False),
        (CALLED, NOON - MINUTE, False),  # what it called for is still missing
        (CALLED, NOON, True),
        (replace(CALLED, lease_until=NOON + HOUR), NOON, False),
        (replace(CALLED, listens_since=None), NOON, False),
        (replace(CALLED, state=SubscriptionState.ENDED), NOON, False),
    ],
)
def test_a_hub_covers_the_wait_or_it_does_not(
    held: Subscription | None, last_new_at: datetime | None, expected: bool
) -> None:
    """It has called, we found what it called for, and its promise lasts until the next look."""
    assert expected == websub.covers(held, NOON, 2 * HOUR, last_new_at=last_new_at)


@pytest.mark.parametrize(
    ("held", "lasting", "wait", "state", "again"),
    [
        (ASKED, False, None, SubscriptionState.ASKED, 10 * MINUTE),
        (replace(ASKED, failures=3), False, None, SubscriptionState.ASKED, 40 * MINUTE),
        (replace(ASKED, failures=3_000), False, None, SubscriptionState.ASKED, DAY),
        (ASKED, False, 2 * HOUR, SubscriptionState.ASKED, 2 * HOUR),
        (ASKED, True, None, SubscriptionState.REFUSED, 7 * DAY),
        (replace(ACTIVE, failures=1), True, None, SubscriptionState.ACTIVE, 10 * MINUTE),
        (replace(ACTIVE, failures=1, lease_until=NOON), False, None, SubscriptionState.ASKED, 10 * MINUTE),
        (replace(ACTIVE, failures=1, lease_until=NOON), True, None, SubscriptionState.REFUSED, 7 * DAY),
    ],
)
def test_a_hub_that_fails_is_asked_again_later(
    held: Subscription, lasting: bool, wait: timedelta | None, state: SubscriptionState, again: timedelta
) -> None:
    """Longer each time; a lease that still runs is not harmed."""
    after = websub.failed(held, "why", NOON, lasting=lasting, wait=wait)
    assert (state, NOON + again, "why") == (after.state, after.next_ask_at, after.error)


def test_calls_do_not_trouble_the_server_of_the_feed() -> None:
    """However many there are, ten seconds lie between two looks."""
    assert NOON == websub.look_at(None, NOON)
    assert NOON == websub.look_at(NOON - MINUTE, NOON)
    assert NOON + timedelta(seconds=7) == websub.look_at(NOON - timedelta(seconds=3), NOON)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (ACTIVE, f"its hub calls when there is news, until {NOON + 10 * DAY:%Y-%m-%d %H:%M}Z (10 days)"),
        (replace(ACTIVE, listens_since=None), "its hub cannot reach us"),
        (replace(ACTIVE, lease_until=NOON, error="no answer"), "its hub promised no longer to call: no answer"),
        (ASKED, "its hub was asked to call and did not agree yet"),
        (
            replace(ASKED, state=SubscriptionState.REFUSED, error="the hub answered 403", next_ask_at=NOON + 7 * DAY),
            "its hub does not call: the hub answered 403; asked again in 7 days",
        ),
    ],
)
def test_how_a_subscription_stands(held: Subscription, words: str) -> None:
    """Whether the hub calls and until when, else why not."""
    assert words == websub.standing(held, NOON)


def test_the_form_has_all_that_a_hub_needs() -> None:
    """Section 5.1 of the Recommendation."""
    assert {
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.callback": f"{ME}/path",
        "hub.secret": "secret",
        "hub.lease_seconds": "864000",
    } == websub.form(NEW)
