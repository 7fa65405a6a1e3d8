"""Stories merged and split by a person: beside a running daemon, and without one."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from monitor.app import control
from monitor.app.control import socket_file
from monitor.errors import Refused
from tests.newsroom import TALKS, TANKS, Newsroom, write_config
from tests.slack_standin import SlackStandIn
from tests.test_end_to_end import rows, run, start, until

pytestmark = pytest.mark.timeout(180)

REPRINT = ("Our partners report.", *TANKS)
TITLES = ("Serbia moves tanks to the border", "Tanks at the border, says partner", "Talks on Kosovo end without result")


def answers(database: Path) -> bool:
    """Whether a daemon takes commands there."""
    try:
        control.ask(database, "nothing", ())
    except control.NoDaemon:
        return False
    except Refused:
        return True
    raise AssertionError("there is no such command")


class Desk:
    """What one daemon after another watches, from one configuration."""

    def __init__(self, directory: Path, paper: Newsroom, slack: SlackStandIn) -> None:
        self.database = directory / "news.db"
        self.paper = paper
        self.config = write_config(
            directory / "config", [("A", paper.feed_url)], slack_url=slack.url, baseline={"alert_last": "6h"}
        )

    async def ask(self, *arguments: str) -> Any:
        return await run("--config", str(self.config), *arguments)

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[None]:
        process = await start("--config", str(self.config), "run")
        try:
            await until(lambda: answers(self.database))
            yield
        finally:
            process.terminate()
            await process.wait()

    def stories(self) -> list[list[str]]:
        """The titles of each story's articles, as they came; stories in the order of TITLES."""
        told: dict[str, list[str]] = {}
        query = (
            "select own.story_id, a.title from story_articles own join articles a on a.id = own.article_id "
            "order by own.added_at, own.rowid"
        )
        for story, title in rows(self.database, query):
            told.setdefault(story, []).append(title)
        return sorted(told.values(), key=lambda titles: TITLES.index(titles[0]))


@pytest.fixture
async def desk(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> Desk:
    """One story told, its reprint silent, and another story told."""
    desk = Desk(tmp_path, paper, slack)
    for told in (((TITLES[0], TANKS),), ((TITLES[1], REPRINT), (TITLES[2], TALKS))):
        for title, text in told:
            paper.publish(title, text)
        assert 0 == (await desk.ask("run", "--once", "--now")).code
    assert [[TITLES[0], TITLES[1]], [TITLES[2]]] == desk.stories()
    assert 2 == len(slack.messages())
    return desk


async def page_of(desk: Desk, title: str) -> str:
    return str(rows(desk.database, f"select url from articles where title = '{title}'")[0][0])


async def ids(desk: Desk) -> list[str]:
    listed = (await desk.ask("stories", "list", "--json")).out.splitlines()
    found = {row["headline"]: row["id"] for row in map(json.loads, listed)}
    return [found[title] for title in (TITLES[0], TITLES[2])]


@pytest.mark.parametrize("beside", [True, False], ids=["beside a daemon", "alone"])
async def test_what_is_split_out_is_told(desk: Desk, slack: SlackStandIn, *, beside: bool) -> None:
    """A reprint that was silent gets a message of its own; who asked is recorded; the audit balances."""
    reprint = await page_of(desk, TITLES[1])
    if beside:
        async with desk.daemon():
            done = await desk.ask("stories", "split", reprint)
            await until(lambda: len(slack.messages()) == 3)
    else:
        done = await desk.ask("stories", "split", reprint)
        await desk.ask("run", "--once")
    assert (0, "") == (done.code, done.err), done.err
    assert [[TITLES[0]], [TITLES[1]], [TITLES[2]]] == desk.stories()
    assert TITLES[1] in slack.messages()[-1].text
    assert slack.messages()[-1].thread_ts is None
    assert [("stories split", 1)] == rows(desk.database, "select name, length(by) > 0 from actions")
    assert 0 == (await desk.ask("audit")).code


async def test_what_is_merged_goes_on_in_one_thread(desk: Desk, slack: SlackStandIn) -> None:
    """Nothing is told again; what comes later joins; the earliest article is the first of the whole."""
    tanks, talks = await ids(desk)
    async with desk.daemon():
        done = await desk.ask("stories", "merge", talks[:10], tanks[:10])
        assert 0 == done.code, done.err
        shown = json.loads((await desk.ask("stories", "show", talks, "--json")).out)
    assert [set(TITLES)] == [set(titles) for titles in desk.stories()]
    assert {(TITLES[0], "first"), (TITLES[1], "copy"), (TITLES[2], "report")} == {
        (row["title"], row["relation"]) for row in shown["articles"]
    }
    assert 2 == len(slack.messages())
    assert 0 == (await desk.ask("audit")).code


async def test_what_was_judged_while_it_was_silent_is_split_out(desk: Desk, slack: SlackStandIn) -> None:
    """And the verdict stands."""
    ((silent,),) = rows(desk.database, "select id from alerts where fate = 'suppress' and rule = 'kosovo'")
    assert 0 == (await desk.ask("feedback", "add", silent, "relevant")).code
    done = await desk.ask("stories", "split", await page_of(desk, TITLES[1]))
    assert (0, "") == (done.code, done.err), done.err
    await desk.ask("run", "--once")
    assert 3 == len(slack.messages())
    assert [(silent, "relevant")] == rows(desk.database, "select alert_id, verdict from feedback")


async def test_a_copy_that_comes_back_is_a_copy(desk: Desk) -> None:
    """However it was called while it stood alone."""
    assert 0 == (await desk.ask("stories", "split", await page_of(desk, TITLES[1]))).code
    stories = [story for (story,) in rows(desk.database, f"select id from stories order by headline <> '{TITLES[0]}'")]
    assert 0 == (await desk.ask("stories", "merge", *stories)).code
    query = "select relation from story_articles join articles on id = article_id where title = '{}'"
    assert [("copy",)] == rows(desk.database, query.format(TITLES[1]))


async def test_merging_and_splitting_again_tells_nothing_twice(desk: Desk, slack: SlackStandIn) -> None:
    """When the told article leaves, the silent one is told that is left; when it comes back, nothing is.

    A story is called by an article that is in it.
    """
    first = await page_of(desk, TITLES[0])
    for _ in range(2):
        assert 0 == (await desk.ask("stories", "split", first)).code
        assert [[title] for title in TITLES] == desk.stories()
        assert {*TITLES} == {name for (name,) in rows(desk.database, "select headline from stories")}
        await desk.ask("run", "--once")
        assert [TITLES[1]] == [title for message in slack.messages()[2:] for title in TITLES if title in message.text]
        query = "select story_id from story_articles join articles on id = article_id where title in (?, ?)"
        found = [story for (story,) in rows(desk.database, query.replace("?", "'{}'").format(*TITLES))]
        assert 0 == (await desk.ask("stories", "merge", *found)).code
        assert [[TITLES[0], TITLES[1]], [TITLES[2]]] == desk.stories()
    await desk.ask("run", "--once")
    assert 3 == len(slack.messages())
    assert 0 == (await desk.ask("audit")).code


async def test_what_cannot_be_done_is_said(desk: Desk) -> None:
    """In one sentence; nothing is changed and nothing recorded."""
    before = desk.stories()
    tanks, partner, talks = [await page_of(desk, title) for title in TITLES]
    for arguments, why in (
        (("merge", "zzz", "abc"), "'zzz' is no story; `news-monitor stories` lists them"),
        (("merge", "", ""), "'' fits more than one story; write more of it"),
        (("split", "https://nowhere.example/"), "'https://nowhere.example/' is no article of a story"),
        (("split", TITLES[0]), f"'{TITLES[0]}' is no article of a story"),
        (("split", tanks, partner), "nothing would be left of the story; name some of its articles, not all"),
        (("split", tanks, talks), "these articles are not of one story; split one story at a time"),
    ):
        refused = await desk.ask("stories", *arguments)
        assert (2, True) == (refused.code, refused.err.startswith(why)), refused.err
    assert before == desk.stories()
    assert [] == rows(desk.database, "select * from actions")


async def test_the_socket_is_nobody_elses(desk: Desk) -> None:
    """Only the daemon's user may ask; what is no command is refused; it is gone with the daemon."""
    file = socket_file(desk.database)
    async with desk.daemon():
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)
        for line, answer in (
            (b"rubbish\n", "this is no command"),
            (b'{"name": "stories merge"}\n', "this is no command"),
            (b'{"name": "format disk", "arguments": []}\n', "the daemon does not know 'format disk'"),
        ):
            reader, writer = await asyncio.open_unix_connection(file)
            writer.write(line)
            assert answer in json.loads(await reader.readline())["refused"]
            writer.close()
    assert not file.exists()


async def test_a_dead_daemons_socket_is_taken_over(desk: Desk) -> None:
    """After `kill -9` its socket file stands there; commands do without, and the next daemon listens."""
    process = await start("--config", str(desk.config), "run")
    await until(socket_file(desk.database).exists)
    process.kill()
    await process.wait()
    assert socket_file(desk.database).exists()
    tanks, talks = await ids(desk)
    assert 0 == (await desk.ask("stories", "merge", tanks, talks)).code
    async with desk.daemon():
        refused = await desk.ask("stories", "merge", tanks, talks)
    assert f"'{talks}' is no story" in refused.err


async def test_how_the_sources_fare(tmp_path: Path, slack: SlackStandIn) -> None:
    """Behind whom, by how much, and in whose words."""
    async with Newsroom("A") as one, Newsroom("B") as other:
        config = write_config(
            tmp_path / "config",
            [("A", one.feed_url), ("B", other.feed_url)],
            slack_url=slack.url,
            baseline={"alert_last": "6h"},
        )
        one.publish(TITLES[0], TANKS)
        await run("--config", str(config), "run", "--once", "--now")
        other.publish(TITLES[1], REPRINT)
        await run("--config", str(config), "run", "--once", "--now")
    told = (await run("--config", str(config), "stories", "sources", "--json")).out.splitlines()
    first, second = map(json.loads, told)
    assert ("A", 0, 1, 0) == (first["outlet"], first["lag_seconds"], first["first"], first["copies"])
    assert ("B", 0, 1) == (second["outlet"], second["first"], second["copies"])
    assert second["lag_seconds"] > 0
    assert "behind" in (await run("--config", str(config), "stories", "sources")).out
