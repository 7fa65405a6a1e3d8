"""How entries are read: from the feed or from the page, early or late, with proof of what stood there."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from monitor.app.audit import audit
from monitor.articles import habits
from monitor.store.sqlite.store import Store
from tests.newsroom import TALKS, TANKS, Newsroom, page, write_config
from tests.slack_standin import TOKEN, Message, SlackStandIn
from tests.test_end_to_end import rows, run, start, until

pytestmark = pytest.mark.timeout(180)

TITLE = "Serbia moves tanks to the border"
TEASER = "Serbia has deployed tanks along the border with Kosovo, says the ministry."
LATEST = {"alert_last": "6h"}


def configured(directory: Path, paper: Newsroom, slack: SlackStandIn, **sections: Any) -> Path:
    feeds = [("A", paper.feed_url)]
    return write_config(directory / "config", feeds, slack_url=slack.url, **{"baseline": LATEST, **sections})


def change(file: Path, key: str, **values: Any) -> None:
    """Of the first item in a list of a configuration file."""
    data = yaml.safe_load(file.read_text("utf-8"))
    data[key][0] |= values
    file.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def said(message: Message) -> str:
    """Without the marks of what is bold."""
    return json.dumps(message.blocks, ensure_ascii=False).replace("*", "")


def due(database: Path) -> None:
    """As if the time for the next try had come."""
    connection = sqlite3.connect(database)
    connection.execute("update entries set next_read_at = first_seen_at where state = 'waiting'")
    connection.commit()
    connection.close()


WHOLE = "".join(f"<p>{paragraph}</p>" for paragraph in (*TANKS, *TANKS, *TALKS))


async def test_a_feed_with_the_whole_text_is_enough(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """No page is asked for, and the reader is not warned of anything."""
    config = configured(tmp_path, paper, slack)
    url = paper.publish(TITLE, TANKS, content=WHOLE)
    assert 0 == (await run("--config", str(config), "run", "--once")).code
    assert path_of(url) not in [path for path, _ in paper.requests]
    assert [("feed", "full")] == rows(tmp_path / "news.db", "select body_source, quality from articles")
    (message,) = slack.messages()
    assert "Matched on" not in said(message)


async def test_rules_may_ask_who_showed_an_article(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """Also when the feed that is asked for shows it last: then it is judged once more, and told once."""
    async with Newsroom() as other:
        feeds = [("A", paper.feed_url), ("B", other.feed_url)]
        config = write_config(tmp_path / "config", feeds, slack_url=slack.url, baseline=LATEST)
        change(config / "rules" / "rules.yaml", "rules", match={"all": ["feed:B", "tanks"]})
        url = paper.publish(TITLE, TANKS)
        await run("--config", str(config), "run", "--once", "--now")
        assert [("kosovo",)] == rows(tmp_path / "news.db", "select rule from alerts")
        now = format_datetime(datetime.now(UTC))
        item = f"<item><title>{TITLE}</title><link>{url}</link><pubDate>{now}</pubDate></item>"
        feed = f'<rss version="2.0"><channel><title>B</title>{item}</channel></rss>'
        other.pages["/feed.xml"] = web.Response(text=feed, content_type="application/rss+xml")
        await run("--config", str(config), "run", "--once", "--now")
        await run("--config", str(config), "run", "--once", "--now")
    assert [("armour",), ("kosovo",)] == rows(tmp_path / "news.db", "select rule from alerts order by rule")
    assert 2 == len(slack.messages())
    assert 0 == (await run("--config", str(config), "audit")).code


@pytest.mark.parametrize(
    ("feed", "rule", "is_read"),
    [({"pages": "always"}, {}, True), ({}, {"page": True}, True), ({"pages": "never"}, {"page": True}, False)],
)
async def test_who_wants_the_page_says_so(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn, feed: dict[str, Any], rule: dict[str, Any], *, is_read: bool
) -> None:
    """Beside a feed, or in a rule that came near; a feed whose pages are not to be read is taken at its word."""
    config = configured(tmp_path, paper, slack)
    change(config / "feeds.yaml", "feeds", **feed)
    change(config / "rules" / "rules.yaml", "rules", **rule)
    url = paper.publish(TITLE, TANKS, content=WHOLE)
    assert 0 == (await run("--config", str(config), "run", "--once")).code
    assert is_read == ((path_of(url), 200) in paper.requests)
    assert 1 == len(slack.messages())
    assert is_read != ("as configured" in said(slack.messages()[0]))


async def test_a_teaser_that_was_cut_is_not_the_whole_text(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn
) -> None:
    """However long it is."""
    config = configured(tmp_path, paper, slack)
    url = paper.publish(TITLE, (*TANKS, *TANKS, *TALKS, *TALKS), content=f"{WHOLE}<p>They also said that [...]</p>")
    await run("--config", str(config), "run", "--once")
    assert (path_of(url), 200) in paper.requests


async def test_a_slow_page_holds_nothing_up_and_completes_the_message(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn
) -> None:
    """What the feed says is told while the page is still on its way; then the one message has the page's words."""
    config = configured(tmp_path, paper, slack, schedule={"every": "1s"})
    url = paper.publish(TITLE, TANKS, summary=TEASER)
    paper.hanging.add(path_of(url))
    daemon = await start("--config", str(config), "run")
    try:
        await until(lambda: len(slack.messages()) == 1)
        assert "its page took more than 8 s" in said(slack.messages()[0])
        assert TEASER in said(slack.messages()[0])
        paper.hanging.clear()
        await until(lambda: "Matched on" not in said(slack.messages()[0]))
        (message,) = slack.messages()
        assert TANKS[0] in said(message)
        assert TEASER not in said(message)
        assert message.edited_ts is not None
        assert 1 == [path for path, _ in paper.requests].count(path_of(url)), "one download was enough"
    finally:
        daemon.terminate()
        await daemon.wait()
    assert [("page",)] == rows(tmp_path / "news.db", "select body_source from articles")
    assert [(0,)] == rows(tmp_path / "news.db", "select count(*) from edits")


async def _told_from_the_teaser(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> tuple[Path, str]:
    """A message about a page that cannot be had yet. The configuration, and the page's path."""
    config = configured(tmp_path, paper, slack)
    path = path_of(paper.publish(TITLE, TANKS, summary=TEASER))
    paper.pages[path] = web.Response(status=503, headers={"Retry-After": "0"})
    async with asyncio.timeout(60):
        while not slack.messages():
            await run("--config", str(config), "run", "--once")
            due(tmp_path / "news.db")
    assert "overloaded or down (503)" in said(slack.messages()[0])
    return config, path


async def test_a_page_that_does_not_bear_the_teaser_out_is_told(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn
) -> None:
    """In the message itself; the alert is not taken back."""
    config, path = await _told_from_the_teaser(tmp_path, paper, slack)
    paper.pages[path] = page(TITLE, ["Serbia's museum moves its old tanks to a new border of the park." * 3, *TALKS])
    due(tmp_path / "news.db")
    await run("--config", str(config), "run", "--once")
    (message,) = slack.messages()
    assert "its page, read later, does not match Armour on the move" in said(message)
    store = Store.reader(tmp_path / "news.db")
    assert audit(store).balanced


@pytest.mark.timeout(600)
async def test_a_kill_while_a_message_is_completed_doubles_nothing(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn
) -> None:
    """At every boundary of the sweep that reads the page: one message, and in the end it has the page's words."""
    config, path = await _told_from_the_teaser(tmp_path, paper, slack)
    paper.pages[path] = page(TITLE, TANKS)
    due(tmp_path / "news.db")
    for boundary in range(1, 200):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.crash_child", str(config), str(boundary)),
            env={**os.environ, "SLACK_BOT_TOKEN": TOKEN},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        if await child.wait() != -signal.SIGKILL:
            break
        assert 1 == len(slack.messages()), boundary
    (message,) = slack.messages()
    assert TANKS[0] in said(message)
    assert "Matched on" not in said(message)
    assert [(0,)] == rows(tmp_path / "news.db", "select count(*) from edits")
    assert audit(Store.reader(tmp_path / "news.db")).balanced


async def test_proof_of_what_stood_there_is_kept(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """The headers without the keys to our session, the digest, and the page itself if the operator wants it."""
    config = configured(tmp_path, paper, slack, retention={"pages": "7d"})
    body = page(TITLE, TANKS)
    path = path_of(paper.publish(TITLE, TANKS))
    headers = {"ETag": '"v1"', "Set-Cookie": "session=secret", "Content-Type": "text/html; charset=utf-8"}
    paper.pages[path] = web.Response(body=body.encode(), headers=headers)
    await run("--config", str(config), "run", "--once")
    ((sent, digest, kept),) = rows(tmp_path / "news.db", "select headers, body_sha256, body from pages")
    assert '"v1"' in json.loads(sent).values()
    assert "secret" not in sent
    assert sha256(body.encode()).hexdigest() == digest
    assert body.encode() == gzip.decompress(kept)


async def test_what_a_site_repeats_is_learnt_and_left_out(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """A box under every article does not count for the rules, once it has been seen often enough."""
    box = "Editor's choice: tanks deployed near Kosovo again this week"
    config = configured(tmp_path, paper, slack)

    def story(number: int) -> Sequence[str]:
        own = " ".join(f"word{number}x{i}" for i in range(60))
        return (f"The council of town {number} spoke about roads, water and schools for hours: {own}.", TALKS[1], box)

    for number in range(habits.TICKER_ARTICLES):
        paper.publish(f"Council meeting number {number} ends late", story(number))
    await run("--config", str(config), "run", "--once")
    before = len(rows(tmp_path / "news.db", "select 1 from alerts"))
    paper.publish("Another council meeting ends late in town", story(99))
    await run("--config", str(config), "run", "--once", "--now")
    assert before == len(rows(tmp_path / "news.db", "select 1 from alerts"))
    ((text,),) = rows(tmp_path / "news.db", "select text from articles where title like 'Another%'")
    assert box not in text
    assert "town 99" in text
