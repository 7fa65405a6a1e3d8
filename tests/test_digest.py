"""Digests: the loudest first, within Slack's limits, whatever the web wrote into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import digest, plain_text
from monitor.alerts.sinks import slack_blocks
from monitor.model import ArticleId, Digest, DigestItem, Message, Severity, StoryId
from tests import slack_blocks as block_kit
from tests import slack_mrkdwn
from tests.builders import NOON, message, reason

HOSTILE = "<!channel> <@U12345678> <https://evil.example|click> & `*_~ \u202egnp.exe"


def paged(told: Sequence[tuple[StoryId, Message]]) -> tuple[Digest, ...]:
    items = digest.items(told, {})
    return digest.pages("Digest", ["All of it."], items, NOON, show="news-monitor alerts")


def story(number: int, severity: Severity = Severity.NORMAL, headline: str = "Tanks", **fields: object) -> Message:
    return message(
        headline,
        reason("armour", severity=severity),
        severity=severity,
        article_id=ArticleId(f"a{number}"),
        story_id=StoryId(f"s{number}"),
        **{"seen_at": NOON + timedelta(minutes=number), **fields},
    )


def told(*messages: Message) -> list[tuple[StoryId, Message]]:
    return [(one.story_id, one) for one in messages]


def test_the_loudest_comes_first_then_the_earliest() -> None:
    """Articles of one story are one item, by the loudest of them, with the rules of all."""
    again = story(0, Severity.HIGH, "Louder")
    again = replace(again, story_id=StoryId("s3"), reasons=(reason("kosovo"),))
    found = paged(told(story(3, headline="First"), story(2), story(1, Severity.CRITICAL), again))[0].items
    assert [("s1", 1), ("s3", 2), ("s2", 1)] == [(item.story_id, item.articles) for item in found]
    assert ("Louder", ("Kosovo", "Armour")) == (found[1].headline, found[1].rules)


@pytest.mark.parametrize(
    ("severities", "said"),
    [
        ([Severity.NORMAL], "1 match in 1 story"),
        ([Severity.NORMAL, Severity.LOW], "2 matches in 2 stories"),
        ([Severity.CRITICAL, Severity.HIGH], "2 matches in 2 stories, 1 of them critical"),
    ],
)
def test_what_is_counted(severities: list[Severity], said: str) -> None:
    """How much there is, and how bad the worst of it."""
    assert said == digest.count([story(number, severity) for number, severity in enumerate(severities)])


texts = st.text(max_size=400) | st.just(HOSTILE * 20) | st.just("&" * 5_000)


@given(
    headlines=st.lists(texts, min_size=1, max_size=30),
    outlet=texts,
    url=st.sampled_from(["https://a.example/" + "u" * 480, "https://a.example/?a=1&b=<x>|y", "javascript:alert(1)"]),
)
def test_pages_keep_slacks_limits_and_call_nobody(headlines: list[str], outlet: str, url: str) -> None:
    """Whatever the web writes: every story has its place, and each page is one that Slack takes."""
    messages = [story(n, headline=headline, outlet=outlet, url=url) for n, headline in enumerate(headlines)]
    pages = paged(told(*messages))
    shown = [item.story_id for page in pages for item in page.items]
    assert [f"s{n}" for n in range(len(headlines))] == shown or pages[-1].left_out
    for page in pages:
        blocks = slack_blocks.blocks(page, key="k" * 32, now=NOON)
        text = slack_blocks.fallback(page, NOON)
        assert [] == block_kit.problems(blocks)
        assert block_kit.text_length(blocks) < 13_000
        assert len(text) <= 3_000
        assert () == slack_mrkdwn.mentions(text, blocks, link_names=False)
        assert {"a.example"} >= {link.url.split("/")[2] for link in slack_mrkdwn.links(text, blocks, bare=False)}


def test_what_finds_no_room_is_counted() -> None:
    """The last page says how many, and how to see them."""
    pages = paged(told(*(story(number) for number in range(digest.MOST_ITEMS * digest.MOST_PAGES + 7))))
    assert digest.MOST_PAGES == len(pages)
    assert "and 7 more stories; news-monitor alerts" == digest.more(pages[-1])
    assert "Digest (2 of 5)" == digest.heading(pages[1])
    assert ("All of it.",) == pages[0].lines
    assert () == pages[1].lines


@pytest.mark.parametrize("headline", ["Tanks", "Tanks are seen at the border " * 7, "&" * 300])
def test_the_plain_form_counts_what_it_leaves_out(headline: str) -> None:
    """Where Slack refuses blocks it is all that readers get: no story of the page goes without a word."""
    (page,) = digest.pages("Digest", ["All."], digest.items(told(*map(story, range(20))), {}), NOON, show="alerts")
    page = replace(page, items=tuple(replace(item, headline=headline) for item in page.items), left_out=3)
    lines = slack_blocks.fallback(page, NOON).split("\n")
    (rest,) = [line for line in lines if line.startswith("and ")]
    assert 20 + 3 == sum(line.startswith("🟠") or line.startswith("🔵") for line in lines) + int(rest.split()[1])
    assert rest.endswith("; alerts")


def test_a_console_shows_all_of_it() -> None:
    """In plain text that cannot drive the terminal."""
    item = DigestItem(
        Severity.HIGH, "Tanks\x1b[2J", "https://a.example/", "A", ("Armour",), NOON, StoryId("s"), 2, "one source of 3"
    )
    shown = plain_text.text(Digest("Digest", ("One.",), (item,), NOON, left_out=3, show="alerts"), NOON)
    assert all(
        part in shown
        for part in ("Digest", "One.", "HIGH", "2 articles", "one source of 3", "and 3 more stories; alerts")
    )
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("mentions", "called"),
    [
        (("here",), ("<!here>",)),
        (("S0123456", "U0123456"), ("<!subteam^S0123456>", "<@U0123456>")),
        (("<!channel>", "here|x", "channel"), ()),
    ],
)
def test_who_is_called_in_an_alert(mentions: tuple[str, ...], called: tuple[str, ...]) -> None:
    """Whom the configuration names, and never whom the text names."""
    given_ = message(HOSTILE, mentions=mentions)
    blocks = slack_blocks.blocks(given_, key="k" * 32, now=NOON)
    text = slack_blocks.fallback(given_, NOON)
    assert [] == block_kit.problems(blocks)
    found = slack_mrkdwn.mentions(text, blocks, link_names=False)
    assert len(called) == len(set(found))
    assert all(one in text for one in called)
