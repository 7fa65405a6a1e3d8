"""The real program as a user runs it: a process, real HTTP, a real database, a strict Slack."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.newsroom import FOOTBALL, TALKS, TANKS, Newsroom, page, write_config
from tests.slack_api import Call, SlackError
from tests.slack_standin import TOKEN, Channel, Fault, SlackStandIn, Token, _Exchange

pytestmark = pytest.mark.timeout(180)

TITLE = "Serbia moves tanks to the border"


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    out: str
    err: str


async def start(*arguments: str, token: str | None = TOKEN, cwd: Path | None = None) -> asyncio.subprocess.Process:
    environment = {k: v for k, v in os.environ.items() if k not in ("SLACK_BOT_TOKEN", "NEWS_MONITOR_CONFIG")}
    if token:
        environment["SLACK_BOT_TOKEN"] = token
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "monitor",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        cwd=cwd,
    )


async def run(*arguments: str, token: str | None = TOKEN, cwd: Path | None = None) -> Result:
    process = await start(*arguments, token=token, cwd=cwd)
    out, err = await asyncio.wait_for(process.communicate(), 120)
    return Result(process.returncode or 0, out.decode(), err.decode())


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


def rows(database: Path, sql: str) -> list[Any]:
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


async def test_from_feed_to_slack(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """Baseline in silence; then one message for a story, none for its reprint, none for football; audit balances."""
    async with Newsroom("Other Paper") as other:
        config = write_config(
            tmp_path / "config", [("Test Courier", paper.feed_url), ("Other", other.feed_url)], slack_url=slack.url
        )
        paper.publish("Tanks near Kosovo, long ago", TANKS)
        first = await run("--config", str(config), "run", "--once")
        assert (0, ()) == (first.code, slack.messages()), first.err
        paper.publish("Cup final", FOOTBALL)
        paper.publish(TITLE, TANKS)
        second = await run("--config", str(config), "run", "--once", "--now")
        assert second.code == 0, second.err
        (message,) = slack.messages("C0ALERTS")
        shown = json.dumps(message.blocks, ensure_ascii=False)
        for words in (TITLE, "Armour on the move", "(kosovo)", "Serbia has deployed tanks and heavy artillery"):
            assert words in shown
        other.publish("Armour near the frontier", (*TANKS[:3], "Source: Test Courier."))
        third = await run("--config", str(config), "run", "--once", "--now")
        assert (0, 1) == (third.code, len(slack.messages())), third.err
    audit = await run("--config", str(config), "audit", "--json")
    balance = json.loads(audit.out)
    assert (0, True, 4, 2, 2) == (
        audit.code,
        balance["balanced"],
        balance["matches"],
        balance["posted"],
        balance["suppressed"],
    )
    (reason,) = set(rows(tmp_path / "news.db", "select reason from alerts where fate = 'suppress'"))
    assert "copy" in reason[0]
    assert "Test Courier" in reason[0]
    assert [] == slack.mentions
    assert 0 == slack.posts_while_limited
    assert not [text for (text,) in rows(tmp_path / "news.db", "select text from articles") if "Most read" in text]


async def test_polls_are_conditional_and_pages_are_read_once(tmp_path: Path, paper: Newsroom) -> None:
    """A second and third sweep fetch no page again."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)], baseline={"alert_last": "6h"})
    paper.publish(TITLE, TANKS)
    for _ in range(3):
        assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    pages = [path for path, _ in paper.requests if path not in ("/feed.xml", "/robots.txt")]
    assert 1 == len(pages)


async def test_without_a_token_the_console_tells_and_says_so_first(tmp_path: Path, paper: Newsroom) -> None:
    """The first line of output says where alerts go; `alert_last` makes the first look tell recent news."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)], baseline={"alert_last": "6h"})
    paper.publish(TITLE, TANKS)
    result = await run("--config", str(config), "run", "--once", token=None)
    assert result.out.startswith("No Slack token")
    assert 1 == result.out.count(f"■ HIGH  {TITLE}")
    assert "“Serbia has deployed tanks" in result.out


async def test_the_daemon_polls_on_schedule_until_it_is_told_to_stop(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn
) -> None:
    """It notices what is published later, alerts, and stops in order on SIGTERM."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)], slack_url=slack.url, schedule={"every": "1s"})
    daemon = await start("--config", str(config), "run")
    await until(lambda: len(paper.requests) >= 2)
    paper.publish(TITLE, TANKS)
    await until(lambda: len(slack.messages()) == 1)
    daemon.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(daemon.communicate(), 30)
    assert daemon.returncode == 0, err.decode()
    assert (await run("--config", str(config), "audit")).code == 0


@pytest.mark.parametrize("asked", [True, False], ids=["asked for", "when a file changes"])
async def test_a_reload_is_all_or_nothing(tmp_path: Path, paper: Newsroom, *, asked: bool) -> None:
    """A broken rule keeps the running rules; a good edit takes effect without a restart."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)], schedule={"every": "1s"})
    rules = config / "rules" / "rules.yaml"
    good = rules.read_text()
    daemon = await start("--config", str(config), "run", token=None)
    assert daemon.stderr is not None
    assert daemon.stdout is not None
    try:
        await until(lambda: len(paper.requests) >= 2)
        rules.write_text("rules:\n  - name: broken\n    match: {concept: nowhere}\n")
        if asked:
            daemon.send_signal(signal.SIGHUP)
        log = await _read_until(daemon.stderr, "reload refused")
        assert "rules.yaml:3" in log
        rules.write_text(good.replace("title: Kosovo", "title: Renamed"))
        if asked:
            daemon.send_signal(signal.SIGHUP)
        await _read_until(daemon.stderr, "reloaded")
        paper.publish(TITLE, TANKS)
        assert "Renamed" in await _read_until(daemon.stdout, "Renamed")
    finally:
        daemon.terminate()
        await daemon.wait()


async def test_operators_are_told_of_a_refused_reload(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """In their own channel, with file and line, and once more when it is mended."""
    config = write_config(
        tmp_path / "config", [("A", paper.feed_url)], slack_url=slack.url, slack={"ops_channel": "#news-ops"}
    )
    slack.set_channel(Channel("C0OPS", "news-ops"))
    rules = config / "rules" / "rules.yaml"
    good = rules.read_text()
    daemon = await start("--config", str(config), "run")
    try:
        await until(lambda: len(paper.requests) >= 1)
        rules.write_text("rules:\n  - name: broken\n    match: {concept: nowhere}\n")
        daemon.send_signal(signal.SIGHUP)
        await until(lambda: len(slack.messages("C0OPS")) == 1, 60)
        assert "rules.yaml:3" in slack.messages("C0OPS")[0].text
        rules.write_text(good)
        daemon.send_signal(signal.SIGHUP)
        await until(lambda: len(slack.messages("C0OPS")) == 2, 60)
        assert "good again" in slack.messages("C0OPS")[1].text
        assert () == slack.messages("C0ALERTS")
    finally:
        daemon.terminate()
        await daemon.wait()
    assert (await run("--config", str(config), "audit")).code == 0


async def _read_until(stream: asyncio.StreamReader, words: str) -> str:
    seen = ""
    async with asyncio.timeout(40):
        while words not in seen:
            line = await stream.readline()
            assert line, f"ended before {words!r}: {seen}"
            seen += line.decode()
    return seen


@pytest.mark.parametrize(
    "fault", [Fault.HTTP_500, Fault.DROP, Fault.DROP_TAKEN, Fault.STALL_TAKEN, Fault.TRUNCATED_TAKEN, Fault.RATELIMITED]
)
async def test_slack_going_wrong_loses_and_doubles_nothing(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn, fault: Fault
) -> None:
    """One sweep settles it by itself."""
    config = write_config(
        tmp_path / "config", [("A", paper.feed_url)], slack_url=slack.url, baseline={"alert_last": "6h"}
    )
    paper.publish(TITLE, TANKS)
    paper.publish("Kosovo talks end without result", TALKS)
    slack.fail_next("chat.postMessage", fault)
    result = await run("--config", str(config), "run", "--once")
    assert result.code == 0, result.err
    await slack.settled()
    assert 2 == len(slack.messages()), result.err
    assert (await run("--config", str(config), "audit")).code == 0


async def test_a_wrong_token_keeps_the_alerts_for_later(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """It is told with its remedy, exit 1; with the right token the next run sends."""
    config = write_config(
        tmp_path / "config", [("A", paper.feed_url)], slack_url=slack.url, baseline={"alert_last": "6h"}
    )
    paper.publish(TITLE, TANKS)
    refused = await run("--config", str(config), "run", "--once", token="xoxb-wrong")
    assert (1, 0) == (refused.code, len(slack.messages()))
    assert "set SLACK_BOT_TOKEN" in refused.err
    assert "xoxb-wrong" not in refused.err
    assert (await run("--config", str(config), "run", "--once")).code == 0
    assert 1 == len(slack.messages())


def _with_operations(directory: Path, paper: Newsroom, slack: SlackStandIn) -> Path:
    """What the last hours brought goes to one channel, what operators must know to another."""
    return write_config(
        directory / "config",
        [("A", paper.feed_url)],
        slack_url=slack.url,
        baseline={"alert_last": "6h"},
        slack={"channel": "C0ALERTS", "ops_channel": "#news-ops"},
    )


async def test_operators_hear_of_alerts_that_wait_and_of_their_release(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn
) -> None:
    """Where a target is broken, the operations channel says so once, and once more when it works again."""
    config = _with_operations(tmp_path, paper, slack)
    slack.set_channel(Channel("C0OPS", "news-ops"))
    slack.set_channel(Channel("C0ALERTS", "news-alerts", archived=True))
    paper.publish(TITLE, TANKS)
    await run("--config", str(config), "run", "--once")
    (told,) = slack.messages("C0OPS")
    assert "Alerts for slack C0ALERTS wait until somebody mends this: Slack said" in told.text
    slack.set_channel(Channel("C0ALERTS", "news-alerts"))
    await run("--config", str(config), "run", "--once", "--now")
    assert 1 == len(slack.messages("C0ALERTS"))
    await run("--config", str(config), "run", "--once", "--now")
    assert "Alerts for slack C0ALERTS go out again" in slack.messages("C0OPS")[-1].text


class Refusing(SlackStandIn):
    """A Slack that takes no message for readers, in whatever form."""

    async def _grant(self, exchange: _Exchange) -> Call:
        call = await super()._grant(exchange)
        if exchange.method == "chat.postMessage" and exchange.channel == "C0ALERTS":
            raise SlackError("msg_too_long")
        return call


async def test_operators_hear_of_an_alert_that_was_given_up(tmp_path: Path, paper: Newsroom) -> None:
    """What no form of a message brings to the readers is told in the operations channel, by its headline."""
    async with Refusing() as slack:
        config = _with_operations(tmp_path, paper, slack)
        paper.publish(TITLE, TANKS)
        await run("--config", str(config), "run", "--once")
        (told,) = slack.messages()
        status = await run("--config", str(config), "status")
        audit = await run("--config", str(config), "audit")
    assert (
        "Dead        1 deliveries that no sink would take\n  nobody was told: armour to slack C0ALERTS: " in status.out
    )
    assert "Waiting     0 deliveries" in status.out
    assert (0, 0, True) == (status.code, audit.code, "nobody was told: armour to slack C0ALERTS" in audit.out)
    assert "C0OPS" == told.channel
    assert f"An alert for slack C0ALERTS was given up, nobody was told: {TITLE} (Slack said msg_" in told.text


async def test_an_unknown_channel_stops_only_itself(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """The other channel's alert goes out; the blocked one is named with its remedy."""
    config = write_config(
        tmp_path / "config", [("A", paper.feed_url)], slack_url=slack.url, baseline={"alert_last": "6h"}
    )
    rules = config / "rules" / "rules.yaml"
    rules.write_text(rules.read_text().replace("severity: high", "severity: high\n  channel: '#nowhere'"))
    paper.publish(TITLE, TANKS)
    result = await run("--config", str(config), "run", "--once")
    assert 1 == result.code
    assert "#nowhere" in result.err
    assert "/invite" in result.err
    assert 1 == len(slack.messages("C0ALERTS"))
    assert (await run("--config", str(config), "audit")).code == 0


async def test_one_bad_feed_never_stops_the_others(tmp_path: Path, paper: Newsroom) -> None:
    """A web page, nothing, a cut document, a wrong charset, a private address, a dead port, a huge body: each told."""
    good = '<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>'
    item = "<item><title>A title</title><link>http://127.0.0.1/x</link></item>"
    bodies: dict[str, tuple[bytes, str]] = {
        "/page": (b"<!DOCTYPE html><html><body>Hello</body></html>", "text/html"),
        "/empty": (b"", "application/rss+xml"),
        "/cut": ((good + item + "<item><title>Half").encode(), "application/rss+xml"),
        "/charset": ((good + item.replace("A title", "Živeo")).encode("cp1250"), "application/rss+xml; charset=utf-8"),
        "/huge": (good.encode() + b"<item>" + b"x" * 11_000_000, "application/rss+xml"),
        "/five": ((good + item * 40_000 + "</channel></rss>").encode(), "application/rss+xml"),
    }
    for path, (body, kind) in bodies.items():
        paper.pages[path] = web.Response(body=body, headers={"Content-Type": kind})
    base = f"http://127.0.0.1:{paper.port}"
    feeds = [(path[1:], base + path) for path in bodies] + [
        ("private", "http://10.0.0.1/feed"),
        ("dead", "http://127.0.0.1:9/feed"),
        ("good", paper.feed_url),
    ]
    config = write_config(tmp_path / "config", feeds, baseline={"alert_last": "6h"})
    paper.publish(TITLE, TANKS)
    result = await run("--config", str(config), "run", "--once", token=None)
    assert 0 == result.code, result.err
    assert 1 == result.out.count(TITLE)
    status = json.loads((await run("--config", str(config), "status", "--json")).out)
    errors = {feed["name"]: feed["error"] for feed in status["feeds"]}
    assert {"page", "empty", "huge", "private", "dead"} <= {name for name, error in errors.items() if error}, errors
    assert errors["good"] is None
    words = {feed["name"]: feed["health"] for feed in status["feeds"]}
    assert ("ok", "failing", "failing") == (words["good"], words["page"], words["dead"])
    told = (await run("--config", str(config), "status")).out
    assert "failing   dead: port 9 belongs to" in told
    assert "web page" in errors["page"]
    assert "allow_networks" in errors["private"]
    assert [("A title",)] == rows(
        tmp_path / "news.db",
        "select distinct title from entries where feed_id in (select id from feeds where name = 'cut')",
    )


async def test_a_gap_is_recorded_and_an_empty_beginning_is_none(tmp_path: Path, paper: Newsroom) -> None:
    """Two looks without a common entry may have missed something; a feed that was empty before has not."""
    async with Newsroom("B") as empty:
        config = write_config(tmp_path / "config", [("A", paper.feed_url), ("B", empty.feed_url)])
        for number in range(3):
            paper.publish(f"Old {number}", FOOTBALL)
        assert 0 == (await run("--config", str(config), "run", "--once", token=None)).code
        paper.items.clear()
        for number in range(3):
            paper.publish(f"New {number}", FOOTBALL, f"/new/{number}")
            empty.publish(f"First {number}", FOOTBALL)
        assert 0 == (await run("--config", str(config), "run", "--once", "--now", token=None)).code
    gaps = rows(tmp_path / "news.db", "select f.name from gaps g join feeds f on f.id = g.feed_id")
    assert [("A",)] == gaps


async def test_a_feed_that_is_empty_for_once_opens_no_gap_and_forgets_nothing(tmp_path: Path, paper: Newsroom) -> None:
    """What comes back afterwards is known, and what is new then is told."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    for number in range(3):
        paper.publish(f"Old {number}", FOOTBALL)
    whole = paper.items
    for paper.items in (whole, [], whole):
        assert 0 == (await run("--config", str(config), "run", "--once", "--now", token=None)).code
    paper.publish(TITLE, TANKS)
    assert 1 == (await run("--config", str(config), "run", "--once", "--now", token=None)).out.count(TITLE)
    assert [3, 0, 0, 1] == [new for (new,) in rows(tmp_path / "news.db", "select new from polls order by started_at")]
    assert [] == rows(tmp_path / "news.db", "select id from gaps")


async def test_a_feed_that_shows_all_there_is_has_no_gap(tmp_path: Path, paper: Newsroom) -> None:
    """A list that was replaced as a whole (RFC 5005, complete feeds)."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    paper.head = '<complete xmlns="http://purl.org/syndication/history/1.0"/>'
    for number in range(6):
        paper.publish(f"Title {number}", FOOTBALL)
        if number in (2, 5):
            assert 0 == (await run("--config", str(config), "run", "--once", "--now", token=None)).code
            paper.items.clear()
    assert [(6,)] == rows(tmp_path / "news.db", "select count(*) from entries")
    assert [] == rows(tmp_path / "news.db", "select id from gaps")


@pytest.mark.parametrize("headline", [TITLE, "Developing story from the region: tanks at the border of Kosovo"])
async def test_an_item_that_is_edited_in_place_is_read_again(tmp_path: Path, paper: Newsroom, headline: str) -> None:
    """Under the id and the address of what nobody was told of, as agencies do whose first line is "more follows"."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    paper.publish("Developing story from the region", FOOTBALL, "/news/1")
    assert "Kosovo" not in (await run("--config", str(config), "run", "--once", "--now", token=None)).out
    (_, path, at), paper.pages["/news/1"] = paper.items[0], page(headline, TANKS)
    paper.items[0] = (headline, path, at)
    assert headline in (await run("--config", str(config), "run", "--once", "--now", token=None)).out
    paper.items[0] = (f"{headline}, ministry says", path, at)
    last = await run("--config", str(config), "run", "--once", "--now", token=None)
    assert (0, False) == (last.code, headline in last.out)
    assert [(1,)] == rows(tmp_path / "news.db", "select count(*) from entries")


async def test_a_headline_that_is_edited_all_the_time_is_read_a_few_times(tmp_path: Path, paper: Newsroom) -> None:
    """Some count visitors."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    paper.publish("The home side won by two goals", FOOTBALL, "/news/1")
    (_, path, at) = paper.items[0]
    for number in range(7):
        paper.items[0] = (f"The home side won by two goals, {number} watch", path, at)
        assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    assert 5 == [asked for asked, _ in paper.requests].count("/news/1")


@pytest.mark.parametrize("has_page", [True, False])
async def test_a_summary_that_is_edited_is_read_again(tmp_path: Path, paper: Newsroom, has_page: bool) -> None:
    """Under the same headline, of what nobody was told of: a figure rises, a place is named."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    paper.publish("Developing story from the region", FOOTBALL, "/news/1", summary="More follows.")
    if not has_page:
        del paper.pages["/news/1"]
    assert "Kosovo" not in (await run("--config", str(config), "run", "--once", "--now", token=None)).out
    if has_page:
        paper.pages["/news/1"] = page("Developing story from the region", TANKS)
    for summary in ("Tanks at the border of Kosovo.", "More tanks at the border of Kosovo."):
        paper.said["/news/1"] = f"<description>{summary}</description>"
        last = await run("--config", str(config), "run", "--once", "--now", token=None)
        assert (0, summary.startswith("Tanks")) == (last.code, "Developing story" in last.out)
    assert [(1,)] == rows(tmp_path / "news.db", "select count(*) from entries")


async def test_a_summary_that_is_edited_all_the_time_is_read_a_few_times(tmp_path: Path, paper: Newsroom) -> None:
    """Many count comments; that must not use up the readings of a headline that is edited."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    paper.publish("The home side won by two goals", FOOTBALL, "/news/1")
    for number in range(5):
        paper.said["/news/1"] = f"<description>{number} comments</description>"
        assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    assert 3 == [asked for asked, _ in paper.requests].count("/news/1")
    (_, path, at) = paper.items[0]
    paper.items[0] = ("The home side won by three goals", path, at)
    assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    assert 4 == [asked for asked, _ in paper.requests].count("/news/1")


@pytest.mark.parametrize("moved", ["http://www.paper.example/news/{}/", "http://m.paper.example/news/{}"])
async def test_a_site_that_moves_all_its_links_brings_no_old_news(tmp_path: Path, paper: Newsroom, moved: str) -> None:
    """With new dates at once, in a feed without ids; what is new then is told."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    url = paper.publish(TITLE, TANKS, "/new")
    item = "<item><title>{}</title><link>{}</link><pubDate>{}</pubDate></item>".format

    def show(link: str, day: int, *more: str) -> None:
        date = f"{day} Nov 2025 10:00:00 GMT"
        shown = [item(f"Talks on Kosovo, part {number}", link.format(number), date) for number in range(10)]
        body = f'<rss version="2.0"><channel><title>A</title>{"".join([*more, *shown])}</channel></rss>'
        paper.pages["/feed.xml"] = web.Response(text=body, content_type="application/rss+xml")

    show("http://paper.example/news/{}", 24)
    assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    show(moved, 25, item(TITLE, url, "25 Nov 2025 11:00:00 GMT"))
    last = await run("--config", str(config), "run", "--once", "--now", token=None)
    assert (0, 1) == (last.code, last.out.count(TITLE))
    assert [10, 1] == [new for (new,) in rows(tmp_path / "news.db", "select new from polls order by started_at")]


async def test_local_times_are_dates(tmp_path: Path, paper: Newsroom) -> None:
    """Without a zone, or with the name of one, an item is as old as it says, and so may be history."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)], baseline={"alert_last": "24h"})
    items = "".join(
        f"<item><title>Kosovo on day {number}</title><pubDate>{date}</pubDate></item>"
        for number, date in enumerate(("Tue, 25 Nov 2025 10:00:00", "Tue, 25 Nov 2025 10:00:00 MSK"))
    )
    paper.pages["/feed.xml"] = web.Response(text=f'<rss version="2.0"><channel><title>A</title>{items}</channel></rss>')
    assert "Kosovo" not in (await run("--config", str(config), "run", "--once", "--now", token=None)).out
    dates = rows(tmp_path / "news.db", "select substr(published_at, 1, 13) from entries order by title")
    assert ["2025-11-25T10", "2025-11-25T07"] == [date for (date,) in dates]


async def test_a_document_that_breaks_off_opens_no_gap_and_hides_nothing(tmp_path: Path, paper: Newsroom) -> None:
    """What came before the break is used; the rest is asked for, and not whether it changed."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    headers = {"Content-Type": "application/rss+xml", "ETag": '"1"'}
    for number in range(4):
        paper.publish(f"Tanks near Kosovo {number}", TANKS)
    assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    for number in range(4, 7):
        paper.publish(f"Talks in Kosovo {number}", TALKS)
    whole = paper._feed(1).encode()
    for body in (whole[: whole.index(b"Talks in Kosovo 5") + 9], whole):
        paper.pages["/feed.xml"] = web.Response(body=body, headers=headers)
        assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    looks = rows(tmp_path / "news.db", "select outcome, new from polls order by started_at")
    assert [("new", 4), ("new", 1), ("new", 2)] == looks
    assert [] == rows(tmp_path / "news.db", "select id from gaps")


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_document_that_breaks_off_after_an_item_hides_nothing(
    tmp_path: Path, paper: Newsroom, is_first: bool
) -> None:
    """Its server takes it for the whole one; what was known already may be all that came."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    headers = {"Content-Type": "application/rss+xml", "ETag": '"1"'}
    assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    paper.publish("Talks in Kosovo", TALKS)
    if not is_first:
        assert (await run("--config", str(config), "run", "--once", "--now", token=None)).code == 0
    paper.publish(TITLE, TANKS)
    paper.items.reverse()  # the latest is the last
    whole = paper._feed(1).encode()
    told = []
    for body in (whole[: whole.index(b"</item>") + 7], whole):
        paper.pages["/feed.xml"] = web.Response(body=body, headers=headers)
        result = await run("--config", str(config), "run", "--once", "--now", token=None)
        told.append(TITLE in result.out)
    assert [False, True] == told


async def test_a_server_that_sends_only_what_is_new_opens_no_gap(tmp_path: Path, paper: Newsroom) -> None:
    """What its answer (226) does not show is not gone: the whole feed is compared with the last whole one."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    paper.headers["ETag"] = '"1"'
    for number in range(4):
        paper.publish(f"Old {number}", FOOTBALL)
    assert 0 == (await run("--config", str(config), "run", "--once", token=None)).code
    whole, paper.items, paper.status = paper.items, [], 226
    paper.publish(TITLE, TANKS)
    result = await run("--config", str(config), "run", "--once", "--now", token=None)
    assert (0, 1) == (result.code, result.out.count(TITLE))
    paper.items, paper.status = paper.items + whole, 200
    assert TITLE not in (await run("--config", str(config), "run", "--once", "--now", token=None)).out
    assert [] == rows(tmp_path / "news.db", "select id from gaps")
    assert [(5,)] == rows(tmp_path / "news.db", "select count(*) from entries")
    polls = rows(tmp_path / "news.db", "select entries, new, overlap from polls order by id")
    assert [(4, 4, 0), (1, 1, 0), (5, 0, 5)] == polls


async def test_what_rolled_off_is_found_in_the_archive(tmp_path: Path, slack: SlackStandIn) -> None:
    """And alerted; operators hear of the gap. What is older than anything that was ever seen stays history."""
    async with Newsroom() as paper:
        config = write_config(
            tmp_path / "config", [("A", paper.feed_url)], slack_url=slack.url, slack={"ops_channel": "#news-ops"}
        )
        slack.set_channel(Channel("C0OPS", "news-ops"))
        for number in range(6):
            paper.publish(f"Old {number}", FOOTBALL)
        paper.window = 3
        assert 0 == (await run("--config", str(config), "run", "--once")).code
        paper.publish(TITLE, TANKS)
        for number in range(3):
            paper.publish(f"New {number}", FOOTBALL, f"/new/{number}")
        assert 0 == (await run("--config", str(config), "run", "--once", "--now")).code
    assert [TITLE] == [
        title for (title,) in rows(tmp_path / "news.db", "select title from articles where text like '%tanks%'")
    ]
    assert [(1, 1)] == rows(tmp_path / "news.db", "select found, closed from gaps")
    assert 6 + 1 == rows(tmp_path / "news.db", "select count(*) from entries")[0][0]
    assert 1 == len(slack.messages("C0ALERTS"))
    (report,) = slack.messages("C0OPS")
    assert "1 entries were found in its archive; that closes the gap" in report.text


@pytest.mark.parametrize(("last", "read"), [(1, 1), (2, 2), (1_000, 3)], ids=["a loop", "two pages", "a long chain"])
async def test_an_archive_without_an_end_is_left(tmp_path: Path, paper: Newsroom, last: int, read: int) -> None:
    """Each page names one before it, and the last one itself: none is asked for twice, nor more than three."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    link = '<link xmlns="http://www.w3.org/2005/Atom" rel="prev-archive" href="/archive/{}"/>'.format
    for number in range(1, last + 1):
        item = f"<item><title>Result {number}</title><guid isPermaLink='false'>archive-{number}</guid></item>"
        text = f'<rss version="2.0"><channel><title>A</title>{link(min(number + 1, last))}{item}</channel></rss>'
        paper.pages[f"/archive/{number}"] = web.Response(text=text, content_type="application/rss+xml")
    paper.head = link(1)
    for match in ("Old", "New"):
        paper.items.clear()
        for number in range(3):
            paper.publish(f"{match} {number}", FOOTBALL, f"/{match}/{number}")
        assert 0 == (await run("--config", str(config), "run", "--once", "--now", token=None)).code
    asked = [path for path, _ in paper.requests if path.startswith("/archive/")]
    assert [f"/archive/{number + 1}" for number in range(read)] == asked


async def test_what_rolled_off_is_found_in_the_news_sitemap(tmp_path: Path, paper: Newsroom) -> None:
    """One alert, although sitemap and feed give the articles other headlines, and the feed shows it again later."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    for number in range(3):
        paper.publish(f"Old {number}", FOOTBALL)
    paper.window, paper.pages_back = 3, False
    assert 0 == (await run("--config", str(config), "run", "--once", token=None)).code
    rolled_off = paper.publish(TITLE, TANKS)
    for number in range(3):
        paper.publish(f"New {number}", FOOTBALL, f"/new/{number}")
    base, listed = f"http://127.0.0.1:{paper.port}", [*paper.items]
    pages = "".join(
        f"<url><loc>{base}{path}</loc><n:news><n:publication_date>{at.isoformat()}</n:publication_date>"
        f"<n:title>{'Armour at the frontier' if base + path == rolled_off else f'Reworded entirely {number}'}</n:title>"
        "</n:news></url>"
        for number, (_, path, at) in enumerate(reversed(listed))
    )
    index = f"<sitemapindex><sitemap><loc>{base}/maps/news.xml.gz</loc></sitemap></sitemapindex>"
    packed = gzip.compress(f'<urlset xmlns:n="news">{pages}</urlset>'.encode())
    paper.pages["/robots.txt"] = web.Response(text=f"User-agent: *\nDisallow:\nSitemap: {base}/map.xml\n")
    paper.pages["/map.xml"] = web.Response(text=index, content_type="application/xml")
    paper.pages["/maps/news.xml.gz"] = web.Response(body=packed, content_type="application/octet-stream")
    again = await run("--config", str(config), "run", "--once", "--now", token=None)
    assert [(1, 1)] == rows(tmp_path / "news.db", "select found, closed from gaps")
    assert [(7,)] == rows(tmp_path / "news.db", "select count(*) from entries")
    assert 1 == again.out.count("Armour at the frontier"), again.out
    told = rows(tmp_path / "news.db", "select id, state from deliveries")
    # Pages ask for robots.txt as well.
    assert ["/map.xml", "/maps/news.xml.gz"] == [path for path, _ in paper.requests if path.startswith("/map")]
    paper.items.insert(0, paper.items.pop(3))
    later = await run("--config", str(config), "run", "--once", "--now", token=None)
    assert told == rows(tmp_path / "news.db", "select id, state from deliveries"), later.out


@pytest.mark.parametrize("is_same", [True, False])
async def test_a_feed_at_another_address_brings_no_old_news(tmp_path: Path, paper: Newsroom, is_same: bool) -> None:
    """Nor is the new item of a feed that moved taken for old; one that is quite another feed begins with history."""
    paper.publish(TITLE, TANKS)
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    assert 0 == (await run("--config", str(config), "run", "--once", token=None)).code
    async with Newsroom("Elsewhere") as moved:
        moved.publish("Kosovo talks resume in Brussels", TALKS)
        if is_same:
            moved.items.append(paper.items[0])
        feeds = config / "feeds.yaml"
        feeds.write_text(feeds.read_text().replace(paper.feed_url, moved.feed_url))
        result = await run("--config", str(config), "run", "--once", token=None)
    assert int(is_same) == result.out.count("■ NORMAL  Kosovo talks resume"), result.out
    assert 0 == result.out.count(TITLE)


async def test_a_second_daemon_is_refused(tmp_path: Path, paper: Newsroom) -> None:
    """Exit 75, with a sentence."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)])
    daemon = await start("--config", str(config), "run", token=None)
    try:
        await until(lambda: len(paper.requests) >= 1)
        second = await run("--config", str(config), "run", "--once", token=None)
        assert 75 == second.code
        assert "another news-monitor" in second.err
    finally:
        daemon.terminate()
        await daemon.wait()


@pytest.mark.parametrize(
    ("file", "text", "line", "words"),
    [
        ("monitor.yaml", "databse: x.db\n", 1, "did you mean 'database'"),
        ("monitor.yaml", "http:\n  pace: fast\n", 2, "not a duration"),
        ("monitor.yaml", "http:\n  pace: 1s\n  pace: 2s\n", 3, "pace"),
        ("monitor.yaml", "http:\n\tpace: 1s\n", 2, "tab"),
        ("monitor.yaml", "slack: {token: xoxb-123-456}\n", 1, "secret"),
        ("monitor.yaml", "slack: {channel: news}\n", 1, "not a channel"),
        ("feeds.yaml", "feeds:\n  - {name: A, url: ftp://x.example/f}\n", 2, "http"),
        ("feeds.yaml", "feeds:\n  - {name: A, url: 7}\n", 2, "url"),
        ("feeds.yaml", "feeds: []\n", 1, "feeds"),
        ("rules/rules.yaml", "rules:\n  - name: a\n    match: {concept: kosvo}\n", 3, "kosovo"),
        ("rules/rules.yaml", "rules:\n  - name: a\n    match: {}\n", 3, ""),
        ("rules/rules.yaml", "rules:\n  - {name: a, match: x}\n  - {name: a, match: y}\n", 3, "a"),
        ("rules/rules.yaml", "rules:\n  - name: a\n    mach: x\n", 3, "match"),
    ],
)
async def test_bad_configuration_names_file_line_and_remedy(
    tmp_path: Path, file: str, text: str, line: int, words: str
) -> None:
    """`check` exits 2, the daemon 78, both with the same sentence."""
    config = write_config(tmp_path / "config", [("A", "http://127.0.0.1:9/feed")])
    (config / file).write_text(text)
    checked = await run("--config", str(config), "check", token=None)
    assert 2 == checked.code, checked.out
    assert f"{file}:{line}:" in checked.err, checked.err
    assert words in checked.err
    assert "Traceback" not in checked.err
    assert 78 == (await run("--config", str(config), "run", "--once", token=None)).code


async def test_a_missing_configuration_says_how_to_get_one(tmp_path: Path) -> None:
    """Exit 2 and `init`."""
    result = await run("--config", str(tmp_path / "none"), "check")
    assert 2 == result.code
    assert "news-monitor init" in result.err


async def test_the_starter_configuration_is_good(tmp_path: Path) -> None:
    """`init` writes it, `check` finds nothing wrong."""
    assert 0 == (await run("init", str(tmp_path / "mine"))).code
    checked = await run("--config", str(tmp_path / "mine"), "check", token=None)
    assert 0 == checked.code, checked.err
    assert 2 == (await run("init", str(tmp_path / "mine"))).code


async def test_the_demo_tells_its_stories(tmp_path: Path) -> None:
    """One alert for the aggregator's page, with a follow-up and a correction; a reprint, football, shares: silence."""
    result = await run("demo", "--dir", str(tmp_path / "demo"), token=None)
    assert 0 == result.code, result.err
    alerts = [line for line in result.out.splitlines() if line.startswith("■")]
    assert 1 == sum("Kosovo" in line for line in alerts), alerts
    for silent in ("Nations League", "Shares", "Senator"):
        assert not any(silent.lower() in line.lower() for line in alerts)
    replies = [line for line in result.out.splitlines() if line.startswith(("↳ UPDATE", "↳ CORRECTION"))]
    assert ["600 more soldiers", "Washington"] == [
        words for line, words in zip(replies, ("600 more soldiers", "Washington"), strict=True) if words in line
    ]
    story, _ = [
        json.loads(text)
        for (text,) in rows(tmp_path / "demo" / "news.db", "select message from deliveries where message is not null")
        if json.loads(text)["outlet"] == "Time Wire"
    ]
    assert {"military-deployment", "kosovo", "nato"} <= {reason["rule"] for reason in story["reasons"]}
    texts = [text for (text,) in rows(tmp_path / "demo" / "news.db", "select text from articles")]
    for furniture in ("You may also like", "Leave a Comment", "by time wire"):
        assert not any(furniture.lower() in text.lower() for text in texts), furniture


@pytest.mark.parametrize("headings", [0, 1, 2])
async def test_ctrl_c_ends_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, headings: int) -> None:
    """Exit 130, without another chapter, and nothing is left behind: no traceback, no server, no directory."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    demo = await start("demo", token=None)
    assert demo.stdout is not None
    shown = ""
    async with asyncio.timeout(60):
        while "A news world" not in shown or shown.count("── ") < headings:
            shown += (await demo.stdout.readline()).decode()
    demo.send_signal(signal.SIGINT)
    rest, complaints = await asyncio.wait_for(demo.communicate(), 60)
    assert 130 == demo.returncode, complaints
    assert (shown + rest.decode()).count("── ") <= max(1, headings)
    assert b"Traceback" not in complaints
    assert [] == list(tmp_path.iterdir())


async def test_items_of_one_live_page_are_told_apart(tmp_path: Path, paper: Newsroom) -> None:
    """Two items whose links differ in the fragment only: the second is judged on its own words, not lost."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)], baseline={"alert_last": "6h"})
    paper.pages["/live"] = page("Live: a day in parliament", FOOTBALL)
    for number, title in enumerate(("Live: a day in parliament", "Kosovo talks end", "Serbia deploys tanks to Kosovo")):
        paper.items.insert(0, (title, f"/live#p{number}", datetime.now(UTC)))
    result = await run("--config", str(config), "run", "--once", token=None)
    assert 0 == result.code, result.err
    assert 1 == result.out.count("Kosovo talks end\n"), result.out
    assert 1 == result.out.count("Serbia deploys tanks to Kosovo\n"), result.out


async def test_explain_follows_items_that_were_judged_apart(tmp_path: Path, paper: Newsroom) -> None:
    """For the address of a live page's item: its own article with its alerts, and the page's, which shares it."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)], baseline={"alert_last": "6h"})
    paper.pages["/live"] = page("Live: a day in parliament", FOOTBALL)
    for number, title in enumerate(("Live: a day in parliament", "Serbia deploys tanks to Kosovo")):
        paper.items.insert(0, (title, f"/live#p{number}", datetime.now(UTC)))
        assert 0 == (await run("--config", str(config), "run", "--once", "--now", token=None)).code
    address = f"http://127.0.0.1:{paper.port}/live#p1"
    life = json.loads((await run("--config", str(config), "explain", address, "--json")).out)
    told = {one["article"]["title"]: {alert["rule"] for alert in one["alerts"]} for one in life["articles"]}
    assert {"Live: a day in parliament": set(), "Serbia deploys tanks to Kosovo": {"armour", "kosovo"}} == told
    shown = (await run("--config", str(config), "explain", address)).out
    assert "Article   Serbia deploys tanks to Kosovo" in shown
    assert "Alert     post     armour" in shown
    unread = await run("--config", str(config), "explain", f"http://127.0.0.1:{paper.port}/never")
    assert (1, True) == (unread.code, unread.out.startswith("Never seen"))


async def test_a_page_that_fails_for_a_moment_makes_one_message(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn
) -> None:
    """The first failure is not the last word: the page is tried again before the teaser is judged."""
    config = write_config(
        tmp_path / "config", [("A", paper.feed_url)], slack_url=slack.url, baseline={"alert_last": "6h"}
    )
    url = paper.publish("Kosovo: the latest", TANKS)
    path = url.removeprefix(f"http://127.0.0.1:{paper.port}")
    good = paper.pages[path]
    paper.pages[path] = web.Response(status=500)
    sweep = asyncio.create_task(run("--config", str(config), "run", "--once"))
    await until(lambda: (path, 500) in paper.requests)
    paper.pages[path] = good
    assert 0 == (await sweep).code
    assert 1 == len(slack.messages())
    assert [("page",)] == rows(tmp_path / "news.db", "select body_source from articles")


async def test_a_reload_and_a_stop_do_not_wait_for_slow_pages(tmp_path: Path, paper: Newsroom) -> None:
    """Reading can be done again; only a message that is being sent is waited for."""
    paper.hanging.add("/slow.xml")
    config = write_config(
        tmp_path / "config",
        [("A", paper.feed_url), ("Slow", f"http://127.0.0.1:{paper.port}/slow.xml")],
        schedule={"every": "1s"},
    )
    daemon = await start("--config", str(config), "run", token=None)
    assert daemon.stderr is not None
    try:
        await until(lambda: len(paper.requests) >= 2)
        began = asyncio.get_running_loop().time()
        daemon.send_signal(signal.SIGHUP)
        await _read_until(daemon.stderr, "reloaded")
        daemon.terminate()
        await asyncio.wait_for(daemon.communicate(), 20)
        assert 0 == daemon.returncode
        assert asyncio.get_running_loop().time() - began < 15, "far less than the 30 s of a page"
    finally:
        if daemon.returncode is None:
            daemon.kill()


async def test_a_database_that_was_locked_for_a_while_holds_nothing_up(tmp_path: Path, paper: Newsroom) -> None:
    """What waited behind the lock says nothing about how long the next question takes."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)], schedule={"every": "1s"})
    daemon = await start("--config", str(config), "run", token=None)
    assert daemon.stdout is not None
    try:
        await until(lambda: len(paper.requests) >= 2)
        with closing(sqlite3.connect(tmp_path / "news.db", isolation_level=None)) as other:
            other.execute("begin immediate")
            paper.publish(TITLE, TANKS)
            await asyncio.sleep(6)
            other.execute("rollback")
        assert TITLE in await _read_until(daemon.stdout, TITLE)
    finally:
        daemon.terminate()
        await daemon.wait()


async def test_a_corrected_channel_releases_its_alerts(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """What waited for a channel that does not exist goes to the one that the rule names now."""
    config = write_config(
        tmp_path / "config", [("A", paper.feed_url)], slack_url=slack.url, baseline={"alert_last": "6h"}
    )
    rules = config / "rules" / "rules.yaml"
    good = rules.read_text()
    rules.write_text(good.replace("severity: high", "severity: high\n  channel: '#nowhere'"))
    paper.publish(TITLE, TANKS)
    assert 1 == (await run("--config", str(config), "run", "--once")).code
    rules.write_text(good.replace("severity: high", "severity: high\n  channel: '#balkans-watch'"))
    assert 0 == (await run("--config", str(config), "run", "--once")).code
    assert (1, 1) == (len(slack.messages("C0ALERTS")), len(slack.messages("C0BALKANS")))
    assert 0 == (await run("--config", str(config), "audit")).code


async def test_alerts_for_a_slack_without_token_wait_and_the_sweep_ends(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn
) -> None:
    """Taking the token away must not hang `run --once`, nor lose what waits."""
    config = write_config(
        tmp_path / "config", [("A", paper.feed_url)], slack_url=slack.url, baseline={"alert_last": "6h"}
    )
    paper.publish(TITLE, TANKS)
    slack.set_token(TOKEN, Token(revoked=True))
    assert 1 == (await run("--config", str(config), "run", "--once")).code
    left = await run("--config", str(config), "run", "--once", token=None)
    assert 1 == left.code
    assert "wait for a sink that is not set up" in left.err


async def test_impossible_dates_and_broken_headers_stop_nothing(tmp_path: Path, paper: Newsroom) -> None:
    """A date in the year 1, a page whose type is not Unicode: the other items are told all the same."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)], baseline={"alert_last": "6h"})
    assert 0 == (await run("--config", str(config), "run", "--once", token=None)).code
    paper.items.insert(0, ("Kosovo in the year one", "/one", datetime(1, 1, 1, tzinfo=UTC)))
    paper.pages["/one"] = page("Kosovo in the year one", TALKS)
    paper.items.insert(0, ("Kosovo in odd bytes", "/odd", datetime.now(UTC)))
    paper.pages["/odd"] = web.Response(body=b"xx", headers={"Content-Type": "application/\udcff\udcfe"})
    result = await run("--config", str(config), "run", "--once", "--now", token=None)
    assert 0 == result.code, result.err
    assert "Traceback" not in result.err
    for title in ("Kosovo in the year one", "Kosovo in odd bytes"):
        assert 1 == result.out.count(f"{title}\n"), result.out


async def test_two_feeds_that_word_one_headline_differently_make_one_message(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn
) -> None:
    """The same address under an edited headline is the same article."""
    async with Newsroom("B") as section:
        config = write_config(
            tmp_path / "config", [("A", paper.feed_url), ("B", section.feed_url)], slack_url=slack.url
        )
        assert 0 == (await run("--config", str(config), "run", "--once")).code
        url = paper.publish(TITLE, TANKS)
        assert 0 == (await run("--config", str(config), "run", "--once", "--now")).code
        section.pages["/feed"] = web.Response(
            body=(
                '<rss version="2.0"><channel><title>B</title><item>'
                f"<title>{TITLE} | Test Courier</title><link>{url}</link></item></channel></rss>"
            ).encode()
        )
        feeds = config / "feeds.yaml"
        feeds.write_text(feeds.read_text().replace(f"{section.port}/feed.xml", f"{section.port}/feed"))
        for _ in range(2):
            assert 0 == (await run("--config", str(config), "run", "--once", "--now")).code
    assert 1 == len(slack.messages())


async def test_a_page_that_upsets_a_library_is_judged_on_the_feed(tmp_path: Path, paper: Newsroom) -> None:
    """A charset that is none, a document that begins with a picture: the alert is not lost."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)], baseline={"alert_last": "6h"})
    for number, kind in enumerate(("text/html; charset=base64", "text/html; charset=undefined", "text/html")):
        path = f"/odd{number}"
        paper.items.insert(0, (f"Kosovo oddity {number}", path, datetime.now(UTC)))
        paper.pages[path] = web.Response(body=b"<svg><p>x</p></svg>", headers={"Content-Type": kind})
    result = await run("--config", str(config), "run", "--once", token=None)
    assert 0 == result.code, result.err
    assert "unexpectedly" not in result.err
    for number in range(3):
        assert 1 == result.out.count(f"Kosovo oddity {number}\n"), result.out


async def test_a_secret_is_never_printed(tmp_path: Path) -> None:
    """Not even when it is put where it does not belong."""
    config = write_config(tmp_path / "config", [("A", "http://127.0.0.1:9/feed")])
    for text in (
        "slack: ${SLACK_BOT_TOKEN}\n",
        'slack: {channel: "${SLACK_BOT_TOKEN}"}\n',
        "slack: {token: hunter2}\n",
    ):
        (config / "monitor.yaml").write_text(text)
        checked = await run("--config", str(config), "check", token="xoxb-SECRET-123")
        assert 2 == checked.code
        assert "SECRET" not in checked.out + checked.err
        assert "monitor.yaml:1: " in checked.err
