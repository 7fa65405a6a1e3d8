"""What was told is read again: corrections, withdrawals and pages that are gone reach those who were told."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web

from monitor.app import config as configuration
from monitor.app.audit import audit
from monitor.app.daemon import Daemon, Sweep
from monitor.store.sqlite.store import Store
from tests.newsroom import TALKS, TANKS, Newsroom, page
from tests.slack_standin import TOKEN, Message, SlackStandIn
from tests.test_end_to_end import rows, run, until
from tests.test_reading import TEASER, TITLE, change, configured, due, path_of, said

pytestmark = pytest.mark.timeout(180)

TOLL = "At least 12 soldiers were injured when a lorry of the convoy overturned near the crossing."
NEW_TOLL = TOLL.replace("12", "14")
TEXT = (*TANKS, TOLL)
DENIAL = "The defence ministry later denied that tanks had moved to the border."
NOTE = "Correction: An earlier version of this article misstated the name of the crossing."


def look(database: Path) -> None:
    """As if the time for the next look had come."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("update watches set next_look_at = first_read_at where next_look_at is not null")


class Desk:
    """An alert about one article, and what follows."""

    def __init__(self, directory: Path, paper: Newsroom, slack: SlackStandIn) -> None:
        self.config = configured(directory, paper, slack, retention={"pages": "7d"})
        self.database = directory / "news.db"
        self.paper = paper
        self.slack = slack
        self.path = ""

    async def tell(self, text: Sequence[str] = TEXT, **of_the_item: str) -> None:
        self.path = path_of(self.paper.publish(TITLE, text, **of_the_item))
        await self.sweep()
        assert 1 == len(self.slack.messages())

    def edit(self, *paragraphs: str, title: str = TITLE) -> None:
        self.paper.pages[self.path] = page(title, paragraphs)

    def answer(self, status: int) -> None:
        self.paper.pages[self.path] = web.Response(status=status)

    async def sweep(self, *, now: bool = False) -> None:
        swept = await Daemon(configuration.load(self.config), io.StringIO(), announce=False).run_once(now=now)
        assert Sweep((), 0, ()) == swept

    async def look(self, times: int = 1) -> tuple[Message, ...]:
        """The replies, after the page was looked at so often."""
        for _ in range(times):
            look(self.database)
            await self.sweep()
        balance = audit(Store.reader(self.database))
        assert balance.balanced, balance
        first, *replies = self.slack.messages()
        assert {first.ts} >= {reply.thread_ts for reply in replies}
        return tuple(replies)

    def watch(self, columns: str) -> tuple[object, ...]:
        ((*found,),) = rows(self.database, f"select {columns} from watches")
        return tuple(found)


@pytest.fixture
def desk(tmp_path: Path, paper: Newsroom, slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    return Desk(tmp_path, paper, slack)


async def test_a_changed_figure_is_told_in_the_thread(desk: Desk) -> None:
    """With before and after, once; every version is kept with the proof of its page."""
    await desk.tell()
    ((first,),) = rows(desk.database, "select text_sha256 from articles")
    desk.edit(*TANKS, NEW_TOLL)
    (reply,) = await desk.look()
    assert "A figure has changed" in said(reply)
    assert f"Before: {TOLL}" in said(reply)
    assert f"Now: {NEW_TOLL}" in said(reply)
    assert not reply.broadcast
    assert 1 == len(await desk.look(3))
    assert [(first,)] == rows(desk.database, "select text_sha256 from revisions")
    assert 2 == len(rows(desk.database, "select headers, fetched_at from pages where body is not null"))


async def test_the_looks_end(desk: Desk) -> None:
    """An hour, six, a day and three days after it was read; not a fifth time."""
    await desk.tell()
    plan = "cast(round((julianday(next_look_at) - julianday(first_read_at)) * 24) as integer)"
    seen = []
    while True:
        (hours,) = desk.watch(plan)
        seen.append(hours)
        if hours is None:
            break
        assert () == await desk.look()
    assert [1, 6, 24, 72, None] == seen
    assert 5 == [path for path, _ in desk.paper.requests].count(desk.path)


@pytest.mark.parametrize(
    ("text", "words", "is_shown"),
    [
        ((*TEXT, NOTE), "Corrected by its publisher", False),
        ((*TEXT, DENIAL), "Denied", True),
        (("This article has been retracted. We apologise to our readers.",), "Taken back by its publisher", True),
        (("This article has been retracted by the editors.", *TEXT), "Taken back by its publisher", True),
    ],
    ids=["correction", "denial", "only a retraction", "retraction"],
)
async def test_what_the_publisher_says_of_it(desk: Desk, text: Sequence[str], words: str, *, is_shown: bool) -> None:
    """Once, however often it is seen; what takes the news back is shown in the channel too."""
    await desk.tell()
    desk.edit(*text)
    (reply,) = await desk.look(3)
    assert words in said(reply)
    assert is_shown == reply.broadcast


async def test_silent_edits(desk: Desk) -> None:
    """Typography, bylines, boxes, paragraphs without news: kept, not told."""
    await desk.tell()
    desk.edit("By Jane Doe", *TEXT, "Also read", "Minister denies report on pensions")
    await desk.look()
    desk.edit(*TEXT, "The weather on Friday was cold and clear, with snow expected in the mountains.")
    await desk.look()
    desk.edit(*(paragraph.replace(" - ", " – ") for paragraph in TEXT), TALKS[2], title=f"{TITLE}!")
    assert () == await desk.look()
    shown = "select count(*) from revisions union all select count(*) from pages"
    assert [(2,), (4,)] == rows(desk.database, shown), "the box and the byline are no part of the text"


async def test_a_new_headline_must_last(desk: Desk) -> None:
    """Sites try headlines on some of their readers: a second look decides."""
    new = "Belgrade pulls armour back after overnight deal with peacekeepers"
    await desk.tell()
    desk.edit(*TEXT, title=new)
    assert () == await desk.look()
    desk.edit(*TEXT)
    assert () == await desk.look()
    desk.edit(*TEXT, title=new)
    assert () == await desk.look()
    (reply,) = await desk.look()
    assert f"Before: {TITLE}" in said(reply)
    assert f"Now: {new}" in said(reply)
    assert [(new,)] == rows(desk.database, "select title from articles")


@pytest.mark.parametrize("status", [404, 410])
async def test_a_page_that_is_gone_is_told_when_it_is_certain(desk: Desk, status: int) -> None:
    """Not at the first look, once, and that it is back."""
    await desk.tell()
    desk.answer(status)
    assert () == await desk.look()
    (reply,) = await desk.look(2)
    assert "The page is gone" in said(reply)
    assert f"({status})" in said(reply)
    desk.edit(*TEXT)
    _, back = await desk.look()
    assert "The page is there again" in said(back)


@pytest.mark.parametrize("status", [403, 429, 500, 503])
async def test_a_page_that_cannot_be_had_is_not_gone(desk: Desk, status: int) -> None:
    """It is tried again, then at the next look."""
    await desk.tell()
    desk.answer(status)
    assert () == await desk.look(3)
    desk.edit(*TANKS, NEW_TOLL)
    (reply,) = await desk.look()
    assert "A figure has changed" in said(reply)


async def test_a_wall_is_no_edit(desk: Desk) -> None:
    """Nor is a page about something else that the address leads to now."""
    await desk.tell()
    desk.edit("Please enable JavaScript to continue. We need to verify that you are human.", title="Just a moment")
    assert () == await desk.look()
    assert (0, 1) == desk.watch("look, attempts")
    desk.edit(*TANKS, NEW_TOLL)
    assert 1 == len(await desk.look())


async def test_looks_are_conditional(desk: Desk) -> None:
    """A server that says 304 sends no page again; what is new is seen at once."""
    await desk.tell()

    def serve(etag: str, *paragraphs: str) -> None:
        headers = {"ETag": etag, "Content-Type": "text/html; charset=utf-8"}
        desk.paper.pages[desk.path] = web.Response(body=page(TITLE, paragraphs).encode(), headers=headers)

    serve('"v1"', *TEXT, TALKS[2])
    assert () == await desk.look(3)
    serve('"v2"', *TANKS, NEW_TOLL)
    assert 1 == len(await desk.look())
    assert [200, 200, 304, 304, 200] == [status for path, status in desk.paper.requests if path == desk.path]


async def test_what_was_told_from_the_feed_is_completed(desk: Desk) -> None:
    """The first page that can be read is no edit of the feed's words; what changes in it afterwards is."""
    title = "Tanks at the border, officials say"
    desk.path = path_of(desk.paper.publish(TITLE, TEXT, summary=TEASER))
    desk.answer(403)
    await desk.sweep()
    desk.edit(*TANKS, TOLL, DENIAL, title=title)
    assert () == await desk.look()
    (message,) = desk.slack.messages()
    assert "Matched on" not in said(message)
    desk.edit(*TANKS, NEW_TOLL, DENIAL, title=title)
    assert 1 == len(await desk.look())


async def test_what_the_edit_makes_a_rule_match_is_a_match(desk: Desk) -> None:
    """A louder rule speaks up; every match has its fate."""
    quiet = tuple(
        paragraph.replace("deployed tanks", "sent vehicles").replace("Serbia has", "Serbia") for paragraph in TEXT
    )
    desk.path = path_of(desk.paper.publish("Vehicles near Kosovo", quiet))
    await desk.sweep()
    assert [("kosovo", "post")] == rows(desk.database, "select rule, fate from alerts")
    desk.edit(*TEXT, title="Vehicles near Kosovo")
    look(desk.database)
    await desk.sweep()
    assert [("armour", "post")] == rows(desk.database, "select rule, fate from alerts where rule = 'armour'")
    assert audit(Store.reader(desk.database)).balanced


async def test_who_was_not_told_hears_of_no_correction(desk: Desk) -> None:
    """A copy that stayed silent is not watched."""
    await desk.tell()
    desk.paper.publish("Armour near the frontier", (*TEXT[:4], "Source: Test Courier."))
    await desk.sweep(now=True)
    assert {"post", "suppress"} == {fate for (fate,) in rows(desk.database, "select fate from alerts")}
    assert 1 == len(rows(desk.database, "select 1 from watches"))


async def test_a_text_that_was_cut_off_and_is_back_is_no_news(desk: Desk) -> None:
    """As when a wall stood before the rest of it for a while."""
    await desk.tell((*TEXT, DENIAL))
    desk.edit(*TANKS)
    await desk.look()
    assert 1 == len(rows(desk.database, "select 1 from revisions"))
    desk.edit(*TEXT, DENIAL)
    assert () == await desk.look()


async def test_what_is_new_is_read_first(desk: Desk) -> None:
    """A site that has news is not asked for what is known."""
    await desk.tell()
    news = path_of(desk.paper.publish("Kosovo talks end without result", TALKS))
    desk.paper.pages[news] = web.Response(status=503)
    await desk.sweep(now=True)
    desk.paper.pages[news] = page("Kosovo talks end without result", TALKS)
    due(desk.database)
    look(desk.database)
    desk.paper.hanging.add(news)
    looked = [path for path, _ in desk.paper.requests].count(desk.path)
    sweep = asyncio.create_task(desk.sweep())
    await until(lambda: news in desk.paper.waiting)
    await asyncio.sleep(1.5)  # the daemon asks every second what is due
    assert looked == [path for path, _ in desk.paper.requests].count(desk.path)
    desk.paper.hanging.clear()
    await sweep
    assert looked + 1 == [path for path, _ in desk.paper.requests].count(desk.path)


async def test_explain_shows_the_versions_and_what_was_told(desk: Desk) -> None:
    """For people and for programs."""
    await desk.tell()
    desk.edit(*TANKS, NEW_TOLL)
    await desk.look()
    url = f"http://127.0.0.1:{desk.paper.port}{desk.path}"
    shown = (await run("--config", str(desk.config), "explain", url)).out
    for part in ("Before    ", "Changed   ", f"figure: {TOLL} → {NEW_TOLL}", "Next look "):
        assert part in shown
    (life,) = json.loads((await run("--config", str(desk.config), "explain", url, "--json")).out)["articles"]
    assert [1, 1, 2] == [len(life[key]) for key in ("revisions", "corrections", "pages")]
    assert "sent" == life["corrections"][0]["state"]


@pytest.mark.timeout(600)
async def test_a_kill_at_any_boundary_tells_a_correction_once(desk: Desk) -> None:
    """At every transaction boundary of the sweep that looks again."""
    await desk.tell()
    desk.edit(*TANKS, NEW_TOLL, NOTE)
    look(desk.database)
    killed = 0
    for boundary in range(1, 200):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.crash_child", str(desk.config), str(boundary)),
            env={**os.environ, "SLACK_BOT_TOKEN": TOKEN},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        if await child.wait() != -signal.SIGKILL:
            break
        killed += 1
        assert len(desk.slack.messages()) <= 2, boundary
    assert killed > 10
    _, reply = desk.slack.messages()
    assert "Corrected by its publisher" in said(reply)
    assert [("sent", 1)] == rows(
        desk.database, "select state, count(*) from deliveries where correction_id is not null group by state"
    )
    assert audit(Store.reader(desk.database)).balanced


async def test_where_no_page_is_read_the_feed_is_compared(desk: Desk) -> None:
    """A figure is told once, typography never, a headline alone when the feed is looked at again and still has it."""
    change(desk.config / "feeds.yaml", "feeds", pages="never")
    await desk.tell(summary=f"{TEASER} {TOLL}")

    async def edit(title: str, summary: str) -> int:
        (_, path, at) = desk.paper.items[0]
        desk.paper.items[0] = (title, path, at)
        desk.paper.said[path] = f"<description>{summary}</description>"
        await desk.sweep(now=True)
        return len(await desk.look())

    assert 0 == await edit(f"{TITLE}!", f"{TEASER} {TOLL}")
    assert 1 == await edit(TITLE, f"{TEASER} {NEW_TOLL}")
    assert 1 == len(await desk.look(1))
    assert [(1,)] == rows(desk.database, "select count(*) from revisions")
    new = "Belgrade pulls armour back after overnight deal with peacekeepers"
    assert 1 == await edit(new, f"{TEASER} {NEW_TOLL}")
    assert 1 == len(await desk.look()), "the feed was not looked at since"
    await desk.sweep(now=True)
    _, reply = await desk.look()
    assert f"Now: {new}" in said(reply)
    assert desk.path not in [path for path, _ in desk.paper.requests]
