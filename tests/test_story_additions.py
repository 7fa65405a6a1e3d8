"""What is new counts as told only where somebody was told: pages that come late, pages that change, other channels."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from tests.newsroom import Newsroom, page, write_config
from tests.slack_standin import SlackStandIn
from tests.test_end_to_end import run
from tests.test_reading import due, path_of, said
from tests.test_watching import look

pytestmark = pytest.mark.timeout(180)

TITLE = "Explosion at barracks near Kosovo town of Gjilan"
BLAST = (
    "An explosion shook the barracks of the security force near the town of Gjilan in Kosovo on Friday morning, the "
    "defence ministry said. Windows broke in houses nearby and the road to Viti was closed.",
    "The cause was not known. Fire engines from Ferizaj and Pristina were on their way, and residents were told to "
    "stay indoors until the evening.",
)
TOLL = "The hospital in Gjilan said that twelve soldiers were killed and 31 were wounded in the blast."
REPORT_TITLE = "Blast at Gjilan barracks kills soldiers"
REPORT = (
    "Twelve soldiers were killed and 31 wounded when an explosion hit the barracks of the security force near Gjilan, "
    "Kosovo, on Friday morning, the hospital said.",
    "The defence ministry gave no cause for the explosion. The road to Viti stayed closed and fire engines came from "
    "Ferizaj and Pristina.",
)


class Desk:
    """Three outlets and one channel."""

    def __init__(self, directory: Path, papers: list[Newsroom], slack: SlackStandIn) -> None:
        self.papers, self.slack, self.database = papers, slack, directory / "news.db"
        feeds = [(paper.name, paper.feed_url) for paper in papers]
        latest = {"alert_last": "6h"}
        self.config = write_config(directory / "config", feeds, slack_url=slack.url, baseline=latest)

    async def sweep(self) -> list[str]:
        """All replies so far."""
        swept = await run("--config", str(self.config), "run", "--once", "--now")
        assert 0 == swept.code, swept.err
        assert 0 == (await run("--config", str(self.config), "audit")).code
        return [said(message) for message in self.slack.messages() if message.thread_ts]


@pytest.fixture
async def desk(tmp_path: Path, slack: SlackStandIn) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        papers = [await stack.enter_async_context(Newsroom(name)) for name in ("A", "B", "C")]
        desk = Desk(tmp_path, papers, slack)
        papers[0].publish(TITLE, BLAST, "/a")
        assert [] == await desk.sweep()
        yield desk


async def test_what_an_edit_added_in_silence_is_news_still(desk: Desk) -> None:
    """When another outlet tells it: of the page that has it now nobody was told."""
    desk.papers[0].pages["/a"] = page(TITLE, (BLAST[0], TOLL, BLAST[1]))
    look(desk.database)
    assert [] == await desk.sweep()
    desk.papers[2].publish(REPORT_TITLE, REPORT)
    (reply,) = await desk.sweep()
    assert "12 soldiers" in reply


async def test_what_a_page_adds_that_comes_late_is_told(desk: Desk) -> None:
    """The feed's own words had nothing new, so nobody was told; once it is told, it is known."""
    path = path_of(desk.papers[1].publish("Explosion near Gjilan in Kosovo", (), summary=BLAST[0]))
    desk.papers[1].pages[path] = web.Response(status=503)
    assert [] == await desk.sweep()
    desk.papers[1].pages[path] = page("Explosion near Gjilan in Kosovo", (BLAST[0], TOLL, BLAST[1]))
    for _ in range(2):
        due(desk.database)
        (reply,) = await desk.sweep()
    assert "12 soldiers" in reply
    with closing(sqlite3.connect(desk.database)) as connection:
        assert [("thread",)] == connection.execute("select fate from alerts where fate <> 'post'").fetchall()
    desk.papers[2].publish(REPORT_TITLE, REPORT)
    assert [reply] == await desk.sweep()


ACCIDENT = (
    "Twelve soldiers died and 31 were wounded at the barracks of the security force near Gjilan, Kosovo, on Friday "
    "morning, the hospital in Gjilan said.",
    "Windows broke in houses nearby, the road to Viti stayed closed and fire engines came from Ferizaj and Pristina.",
)
CASUALTIES = (
    "Twelve soldiers died when a blast destroyed a depot at barracks of the security force near Gjilan, Kosovo, the "
    "hospital said on Friday.",
    "The road to Viti stayed closed and fire engines came from Ferizaj and Pristina, the defence ministry said; "
    "windows broke in houses nearby.",
)


async def test_what_another_channel_was_told_is_new_in_this_one(desk: Desk) -> None:
    """The toll was told where hospitals are watched; the channel of explosions hears of it from the next report."""
    rules = [
        {"name": "blasts", "title": "Blasts", "severity": "normal", "match": "explosion OR blast"},
        {"name": "wards", "title": "Wards", "severity": "normal", "match": "hospital OR cause", "channel": "C0OPS"},
    ]
    (desk.config / "rules" / "rules.yaml").write_text(yaml.safe_dump({"rules": rules}), "utf-8")
    desk.papers[0].publish(f"{TITLE}, again", BLAST, "/again")
    desk.papers[1].publish("Dozens treated after accident at Gjilan barracks", ACCIDENT)
    await desk.sweep()
    desk.papers[2].publish("Twelve soldiers dead in blast at Gjilan barracks", CASUALTIES)
    await desk.sweep()
    tolls = {message.channel for message in desk.slack.messages() if "12 soldiers" in said(message)}
    assert {"C0ALERTS", "C0OPS"} == tolls


async def test_a_story_forgets_what_was_split_from_it(desk: Desk) -> None:
    """What was told in an article that does not belong there is news when the story comes to it."""
    stray = desk.papers[1].publish(REPORT_TITLE, REPORT)
    (reply,) = await desk.sweep()
    assert "12 soldiers" in reply
    assert 0 == (await run("--config", str(desk.config), "stories", "split", stray)).code
    with closing(sqlite3.connect(desk.database)) as connection:
        told = dict(connection.execute("select headline, facts from stories").fetchall())
    assert "figure:soldiers:12" in told[REPORT_TITLE]
    assert "figure:soldiers:12" not in told[TITLE]
