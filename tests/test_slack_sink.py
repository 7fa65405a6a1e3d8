"""The Slack sink against a strict stand-in, over real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.alerts.sinks import slack_blocks
from monitor.alerts.sinks.slack import SlackSettings, SlackSink
from monitor.model import (
    Accepted,
    BodySource,
    Change,
    ChangeKind,
    Missing,
    NotSent,
    Report,
    SendOutcome,
    Severity,
    SinkLocked,
    TargetBroken,
    ThreadBroken,
    Unclear,
    Unreadable,
)
from tests.builders import NOON, delivery, hit, message, reason
from tests.slack_blocks import problems as block_problems
from tests.slack_blocks import text_length
from tests.slack_standin import TOKEN, Channel, Fault, SlackStandIn, Token
from tests.slack_workspace import ALL_SCOPES

EVIL = "<!channel> <https://evil.example|https://bank.example> *bold* `code` & <@U123> \u202e"


class Names:
    """Ids that were learnt, in memory."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    async def own_id(self, target: str) -> str | None:
        return self.known.get(target)

    async def save_own_id(self, target: str, own_id: str) -> None:
        self.known[target] = own_id


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(messages_per_second=1000, burst=1000) as slack:
        yield slack


@pytest.fixture
async def sink(slack: SlackStandIn) -> AsyncIterator[SlackSink]:
    sink = SlackSink(SlackSettings(TOKEN, slack.url, timedelta(seconds=1), timedelta(seconds=1)), Names())
    yield sink
    await sink.close()


async def test_an_alert_arrives_whole(slack: SlackStandIn, sink: SlackSink) -> None:
    """One message: headline, source, rule and sentence in blocks, a fallback text, the key in the metadata."""
    outcome = await sink.send(delivery())
    (posted,) = slack.messages("C0ALERTS")
    assert Accepted(f"C0ALERTS:{posted.ts}") == outcome
    shown = json.dumps(posted.blocks, ensure_ascii=False)
    for words in ("Serbia moves tanks", "Test Courier", "Armour", "Serbia has deployed *tanks*."):
        assert words in shown
    assert "Serbia moves tanks" in posted.text
    assert delivery().id in json.dumps(posted.metadata)


async def test_text_from_the_web_mentions_nobody_and_hides_no_link(slack: SlackStandIn, sink: SlackSink) -> None:
    """Mentions and masked links in headlines, sentences and names come out as plain characters."""
    evil = message(EVIL, reason("armour", hit(EVIL, EVIL)), outlet=EVIL, author=EVIL, site="evil.example")
    edited = replace(evil, reasons=(), changes=(Change(ChangeKind.FIGURE, EVIL, EVIL),))
    for told in (evil, edited):
        for plain in (False, True):
            assert isinstance(await sink.send(delivery(message=told, plain=plain)), Accepted)
    assert [] == slack.mentions
    assert {"https://courier.example/tanks"} == {link.url for link in slack.links}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.RATELIMITED, NotSent),
        (Fault.HTTP_500, Unclear),
        (Fault.HTTP_503, Unclear),
        (Fault.FATAL_ERROR, Unclear),
        (Fault.HTML, Unclear),
        (Fault.DROP, Unclear),
        (Fault.DROP_TAKEN, Unclear),
        (Fault.STALL_TAKEN, Unclear),
        (Fault.TRUNCATED_TAKEN, Unclear),
    ],
)
async def test_every_fault_has_its_outcome(
    slack: SlackStandIn, sink: SlackSink, fault: Fault, expected: type[SendOutcome]
) -> None:
    """Never an exception, and never a second attempt of its own."""
    slack.fail_next("chat.postMessage", fault)
    assert isinstance(await sink.send(delivery()), expected)
    assert 1 == len([request for request in slack.requests if request.method == "chat.postMessage"])


async def test_what_was_taken_is_found_by_its_key(slack: SlackStandIn, sink: SlackSink) -> None:
    """By channel id and by name; what never arrived is missing."""
    for target in ("C0ALERTS", "#news-alerts"):
        slack.fail_next("chat.postMessage", Fault.DROP_TAKEN)
        attempt = delivery(target.strip("#C").ljust(32, "x"), target, created_at=_now(), attempt_started_at=_now())
        assert isinstance(await sink.send(attempt), Unclear)
        assert isinstance(await sink.find(attempt), Accepted)
    assert isinstance(await sink.find(delivery("never" * 6, created_at=_now(), attempt_started_at=_now())), Missing)


async def test_a_name_that_another_channel_took_is_looked_up_anew(slack: SlackStandIn, sink: SlackSink) -> None:
    """A doubtful message is looked for where the name leads now, and where it led before."""
    first = delivery("f" * 32, "#news-alerts", created_at=_now(), attempt_started_at=_now())
    assert isinstance(await sink.send(first), Accepted)
    slack.set_channel(Channel("C0ALERTS", "news-old"))
    slack.set_channel(Channel("C0NEW", "news-alerts"))
    slack.fail_next("chat.postMessage", Fault.DROP_TAKEN)
    second = delivery("s" * 32, "#news-alerts", created_at=_now(), attempt_started_at=_now())
    assert isinstance(await sink.send(second), Unclear)
    for doubtful in (first, second):
        assert isinstance(await sink.find(doubtful), Accepted)


async def test_a_reply_goes_to_the_thread_and_is_found_there(slack: SlackStandIn, sink: SlackSink) -> None:
    """Replies are not in the channel's history."""
    parent = await sink.send(delivery())
    assert isinstance(parent, Accepted)
    reply = delivery(
        "b" * 32, thread_of=delivery().id, thread_receipt=parent.receipt, created_at=_now(), attempt_started_at=_now()
    )
    sent = await sink.send(reply)
    assert sent == await sink.find(reply)
    assert parent.receipt.endswith(str(slack.messages("C0ALERTS")[-1].thread_ts))


@pytest.mark.parametrize("named_anew", [False, True])
async def test_a_reply_goes_where_its_parent_stands_whatever_that_is_called(
    slack: SlackStandIn, sink: SlackSink, named_anew: bool
) -> None:
    """A channel was renamed, and perhaps another one has its name now; what the name means is not unlearnt."""
    parent = await sink.send(delivery(target="#news-alerts"))
    assert isinstance(parent, Accepted)
    slack.set_channel(Channel("C0ALERTS", "news-old"))
    if named_anew:
        slack.set_channel(Channel("C0NEW", "news-alerts"))
        assert isinstance(await sink.send(delivery("n" * 32, "#news-alerts")), Accepted)
    reply = delivery(
        "b" * 32,
        "#news-alerts",
        thread_of=delivery().id,
        thread_receipt=parent.receipt,
        created_at=_now(),
        attempt_started_at=_now(),
    )
    sent = await sink.send(reply)
    assert isinstance(sent, Accepted)
    assert sent == await sink.find(reply)
    assert parent.receipt.endswith(str(slack.messages("C0ALERTS")[-1].thread_ts))
    if named_anew:
        later = await sink.send(delivery("l" * 32, "#news-alerts", created_at=_now(), attempt_started_at=_now()))
        assert isinstance(later, Accepted)
        assert "C0NEW" == await sink._names.own_id("#news-alerts")


async def test_an_edit_changes_the_words_and_nothing_else(slack: SlackStandIn, sink: SlackSink) -> None:
    """The message keeps its place, its key, and the delay that it had when it was sent."""
    sent = delivery(target="#news-alerts", message=message("As the feed has it"), sent_at=datetime.now(UTC))
    outcome = await sink.send(sent)
    assert isinstance(outcome, Accepted)
    edited = replace(sent, receipt=outcome.receipt, message=message("As the page has it"))
    assert outcome == await sink.edit(edited)
    assert outcome == await sink.edit(edited)
    assert ["As the page has it"] == [shown.text.split("\n")[0][2:] for shown in slack.messages()]
    assert outcome == await sink.find(sent)


async def test_an_edit_of_a_deleted_message_says_so(slack: SlackStandIn, sink: SlackSink) -> None:
    """Somebody removed it: there is nothing to mend."""
    sent = delivery(target="#news-alerts")
    outcome = await sink.send(sent)
    assert isinstance(outcome, Accepted)
    slack.delete(slack.messages()[0])
    assert isinstance(await sink.edit(replace(sent, receipt=outcome.receipt)), ThreadBroken)


async def test_a_reply_to_a_deleted_message_says_so(slack: SlackStandIn, sink: SlackSink) -> None:
    """So that it can be posted to the channel instead."""
    orphan = delivery(thread_of=delivery().id, thread_receipt="C0ALERTS:1111111111.000001")
    assert isinstance(await sink.send(orphan), ThreadBroken)


async def test_a_wrong_token_a_strange_channel_an_archived_one(slack: SlackStandIn) -> None:
    """Each is told in words with what to do."""
    wrong = SlackSink(SlackSettings("xoxb-wrong", slack.url, timedelta(seconds=1), timedelta(seconds=1)), Names())
    refused = await wrong.send(delivery())
    assert isinstance(refused, SinkLocked)
    assert "SLACK_BOT_TOKEN" in refused.error
    assert "SLACK_BOT_TOKEN" in "".join(await wrong.check() or ())
    await wrong.close()
    right = SlackSink(SlackSettings(TOKEN, slack.url, timedelta(seconds=1), timedelta(seconds=1)), Names())
    slack.set_channel(Channel("C0OLD", "old", archived=True))
    for target, remedy in (("#nowhere", "/invite"), ("C0OLD", "unarchive")):
        broken = await right.send(delivery(target=target))
        assert isinstance(broken, TargetBroken)
        assert remedy in broken.error
    assert () == await right.check(["#news-alerts", "C0OPS"])
    assert "there is no such channel" in "".join(await right.check(["#nowhere"]) or ())
    await right.close()


async def test_a_token_that_may_not_list_channels_is_told_what_it_lacks(slack: SlackStandIn) -> None:
    """Without the list no name has an id, and without the id no doubt is settled."""
    slack.set_token("xoxb-narrow", Token(ALL_SCOPES - {"channels:read", "groups:read"}))
    narrow = SlackSink(SlackSettings("xoxb-narrow", slack.url, timedelta(seconds=1), timedelta(seconds=1)), Names())
    assert "channels:read" in "".join(await narrow.check(["#news-alerts"]) or ())
    await narrow.close()


async def test_nobody_there_is_a_clear_no() -> None:
    """A refused connection carried nothing."""
    sink = SlackSink(SlackSettings(TOKEN, "http://127.0.0.1:9/api/", timedelta(seconds=1), timedelta(0)), Names())
    assert isinstance(await sink.send(delivery()), NotSent)
    await sink.close()


async def test_a_refused_history_cannot_settle(slack: SlackStandIn, sink: SlackSink) -> None:
    """A missing scope will not heal by waiting."""
    slack.fail_next("conversations.history", Fault.HISTORY_REFUSED)
    found = await sink.find(delivery(created_at=_now(), attempt_started_at=_now()))
    assert isinstance(found, Unreadable)
    assert found.lasting


def _long_url(length: int) -> str:
    return f"https://a.example/{'x' * length}"


_texts = st.text(max_size=6_000)
_evil = _texts | st.sampled_from("&<*_`").map(lambda character: character * 300)
_reasons = st.lists(
    st.builds(
        lambda name, words, sentence: reason(name or "r", hit(words, sentence)), st.text(max_size=300), _texts, _texts
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    headline=_texts,
    reasons=_reasons,
    outlet=st.text(max_size=400),
    url=st.one_of(st.none(), st.text(max_size=100), st.integers(1_800, 4_000).map(_long_url)),
    severity=st.sampled_from(Severity),
    source=st.sampled_from(BodySource),
    changes=st.lists(
        st.builds(Change, st.sampled_from(ChangeKind), st.none() | _evil, st.none() | _evil), max_size=5
    ).map(tuple),
)
def test_blocks_stay_inside_slacks_limits(headline: str, reasons: list[Any], outlet: str, **fields: Any) -> None:
    """Whatever the web puts into it."""
    made = message(
        headline, *reasons, outlet=outlet, url=fields["url"], severity=fields["severity"], body_source=fields["source"]
    )
    made = replace(made, changes=fields["changes"], reasons=() if fields["changes"] else made.reasons)
    blocks = slack_blocks.blocks(made, key="k" * 32, now=NOON, buttons=True)
    assert [] == block_problems(blocks)
    assert text_length(blocks) <= 13_000
    text = slack_blocks.fallback(made, NOON)
    assert 0 < len(text) <= 3_000


def test_what_matched_is_bold_and_times_are_the_readers_own() -> None:
    """In the sentence that made the rule match; what comes from the web is no formatting."""
    why = reason("armour", hit("tanks", "Serbia *moved* its tanks <!here>."))
    told = message("Tanks", why, outlet="*Bold* & Co")
    shown = json.dumps(slack_blocks.blocks(told, key="k", now=NOON), ensure_ascii=False)
    assert "> Serbia *\u200bmoved*\u200b its *tanks* &lt;!here&gt;." in shown
    assert "*\u200bBold*\u200b &amp; Co" in shown
    assert f"seen <!date^{round(told.seen_at.timestamp())}^{{date_short_pretty}} {{time}}|2026" in shown


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("line", ["A feed is not covered", "A feed is not covered, " * 20, "&" * 400])
def test_the_plain_form_of_a_report_counts_what_it_leaves_out(line: str) -> None:
    """Where Slack refuses blocks it is all that operators get."""
    lines = slack_blocks.fallback(Report((line,) * 30, 0, NOON), NOON).split(" · ")
    left_out = int(lines[-1].split()[1]) if lines[-1].startswith("and ") else 0
    assert 30 == len(lines) - bool(left_out) + left_out
