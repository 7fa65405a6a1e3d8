"""More than a thousand hostile texts through the real sink, to a Slack that reads them as Slack does."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.alerts.message import report
from monitor.alerts.sinks import slack_blocks, slack_text
from monitor.alerts.sinks.slack import SlackSettings, SlackSink
from monitor.model import Accepted, Addition, AdditionKind, Change, ChangeKind, Message, Report
from tests import slack_mrkdwn
from tests.builders import NOON, delivery, hit, message, reason
from tests.hostile_texts import ADDRESSES, CORES, hostile_texts
from tests.slack_blocks import objects, problems, text_length
from tests.slack_standin import TOKEN, SlackStandIn
from tests.test_slack_sink import Names

URL = "https://courier.example/tanks"


def everywhere(evil: str, url: str | None = URL) -> Message:
    """An alert that has the text wherever an alert can have one."""
    told = message(
        evil,
        reason("armour", hit(evil, evil), hit("tanks", f"tanks {evil} tanks")),
        outlet=evil,
        author=evil,
        site=evil,
        url=url,
        additions=(Addition(AdditionKind.FIGURE, evil, evil, evil),),
        caution=evil,
        standing=evil,
    )
    return replace(told, reasons=(replace(told.reasons[0], title=evil),))


def corrected(evil: str) -> Message:
    return replace(everywhere(evil), reasons=(), changes=(Change(ChangeKind.FIGURE, evil, evil),))


def harm(told: Message | Report) -> list[str]:
    """Everything that a message does to its readers and must not do."""
    blocks, text = slack_blocks.blocks(told, key="k" * 32, now=NOON, buttons=True), slack_blocks.fallback(told, NOON)
    links = slack_mrkdwn.links(text, blocks, bare=False)
    shown = [text, *(item["text"] for item in objects(list(blocks)) if isinstance(item.get("text"), str))]
    found = [*problems(blocks), *slack_mrkdwn.emojis(blocks)]
    found += slack_mrkdwn.mentions(text, blocks, link_names=False)
    found += [f"disguised {link}" for link in links if link.is_disguised and link.label != link.url]
    found += [f"elsewhere {link.url}" for link in links if not link.url.startswith("https://courier.example/")]
    found += [f"unseen {c!r}" for part in shown for c in str(part) if _turns_or_breaks(c)]
    if text_length(blocks) > 13_000 or not 0 < len(text) <= 3_000:
        found.append("too long")
    return found


def _turns_or_breaks(character: str) -> bool:
    return unicodedata.category(character) in {"Cs", "Co", "Cc", "Cf"} and character not in "\n\u200b\u200c\u200d"


async def test_a_thousand_hostile_texts_arrive_and_do_no_harm() -> None:
    """In both forms: nobody is called, no link leads elsewhere than it says, and Slack refuses none of them."""
    async with SlackStandIn(messages_per_second=100_000, burst=100_000) as slack:
        sink = SlackSink(SlackSettings(TOKEN, slack.url, timedelta(seconds=5), timedelta(seconds=1)), Names())
        texts = list(hostile_texts())
        assert 1_000 <= len(texts)
        refused = []
        for number, evil in enumerate(texts):
            told = delivery(f"{number:032}", message=everywhere(evil), plain=number % 3 == 0)
            if not isinstance(outcome := await sink.send(told), Accepted):
                refused.append((evil[:80], outcome))
        await sink.close()
        assert [] == refused
        assert [] == slack.mentions
        assert {URL} == {link.url for link in slack.links}
        assert [] == [link for link in slack.links if link.is_disguised and link.label != link.url]
        assert len(texts) == len(slack.messages())


def test_hostile_texts_do_no_harm_in_a_correction() -> None:
    """What a page said before and says now is as hostile as a headline."""
    assert [] == [found for evil in hostile_texts() for found in harm(corrected(evil))]


def test_hostile_texts_do_no_harm_in_a_report() -> None:
    """Operators read what servers and feeds say of themselves."""
    texts = list(hostile_texts())
    reports = [report(texts[start : start + 20], NOON) for start in range(0, len(texts), 20)]
    assert [] == [found for told in reports for found in harm(told)]


@pytest.mark.parametrize("url", ADDRESSES)
def test_hostile_addresses_do_no_harm(url: str) -> None:
    """An address that names a user, has no host or is no web address is no link at all."""
    assert [] == harm(everywhere("Tanks near the border", url))


_any = st.text(alphabet=st.characters(codec=None), max_size=400) | st.lists(st.sampled_from(CORES), max_size=8).map(
    "".join
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(_any)
def test_no_text_does_harm(evil: str) -> None:
    """Whatever stands in a headline, a name, a sentence or a figure."""
    assert [] == harm(everywhere(evil)) + harm(corrected(evil))


@pytest.mark.parametrize(
    ("headline", "linked"),
    [
        ("Serbia moves tanks", True),
        ("U.S. troops at 10:30 near the A.B. bridge, 3.5 km off", True),
        ("Amazon.com lays off thousands", False),
        ("See https://bank.example", False),
        ("北京。上海", True),
        ("bank。example", False),
        ("Сербия. Танки", True),
        ("сайт.рф закрыт", False),
        ("0.AA0 is called back", False),
    ],
)
def test_a_headline_is_the_link_unless_it_reads_like_an_address(headline: str, linked: bool) -> None:
    """Then the link stands beside it, under words of our own."""
    blocks = slack_blocks.blocks(message(headline), key="k", now=NOON)
    (link,) = slack_mrkdwn.links("", blocks, bare=False)
    assert (URL, headline if linked else "Read it") == (link.url, link.label)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a & b <c>", "a &amp; b &lt;c&gt;"),
        ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
        (":tank: at 10:30:45", ":\u200btank: at 10:30:45"),
        ("no\u202e turn\u200bing", "no turning"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("é" + "\u0301" * 9, "é" + "\u0301" * 3),
    ],
)
def test_escape(text: str, shown: str) -> None:
    """Entities for Slack, nothing unseen for the reader; the joiners that words need stay."""
    assert shown == slack_text.escape(text)
