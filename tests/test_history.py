"""What stands in a feed at the first look at it belongs to stories, and nobody is told of it."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from monitor.app import config as configuration
from monitor.app.audit import audit
from monitor.app.clock import utc_now
from monitor.app.daemon import Daemon
from monitor.app.story_desk import StoryDesk
from monitor.store.sqlite.store import Store
from tests.newsroom import FOOTBALL, TANKS, Newsroom, page, write_config
from tests.slack_standin import TOKEN, SlackStandIn
from tests.test_end_to_end import rows, run, until
from tests.test_reading import path_of, said
from tests.test_story_additions import ACCIDENT, BLAST, CASUALTIES, REPORT, REPORT_TITLE, TITLE

pytestmark = pytest.mark.timeout(180)


class Desk:
    """Three outlets of which some are subscribed to, and one channel."""

    def __init__(self, directory: Path, papers: list[Newsroom], slack: SlackStandIn, **sections: Any) -> None:
        self.papers, self.slack, self.database = papers, slack, directory / "news.db"
        self.config = write_config(directory / "config", [], slack_url=slack.url, **sections)
        self.behind = timedelta(0)

    async def sweep(self, *names: str) -> list[str]:
        """The posts so far, after a look at the feeds of these outlets; replies begin with an arrow."""
        feeds = [{"name": paper.name, "url": paper.feed_url} for paper in self.papers if paper.name in names]
        (self.config / "feeds.yaml").write_text(yaml.safe_dump({"feeds": feeds}), "utf-8")
        loaded = configuration.load(self.config)
        daemon = Daemon(loaded, io.StringIO(), announce=False, clock=lambda: utc_now() - self.behind)
        swept = await daemon.run_once(now=True)
        assert ((), 0) == (swept.left, swept.dead)
        balance = audit(Store.reader(self.database))
        assert balance.balanced, balance.offenders
        return [("→ " if message.thread_ts else "") + said(message) for message in self.slack.messages()]

    def rows(self, sql: str) -> list[Any]:
        return rows(self.database, sql)

    def write(self, sql: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(sql)


@pytest.fixture
async def desk(tmp_path: Path, slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    async with AsyncExitStack() as stack:
        papers = [await stack.enter_async_context(Newsroom(name)) for name in ("A", "B", "C")]
        for paper in papers:
            paper.publish("Cup final", FOOTBALL, summary=FOOTBALL[0])
        yield Desk(tmp_path, papers, slack)


def history(paper: Newsroom, title: str, text: tuple[str, ...], **fields: Any) -> str:
    """In the words of the feed."""
    return paper.publish(title, text, summary="\n\n".join(text), **fields)


async def test_a_first_document_makes_stories_in_silence(desk: Desk) -> None:
    """In the feed's own words, without a page; what no rule matches leaves nothing."""
    history(desk.papers[0], TITLE, BLAST)
    history(desk.papers[1], REPORT_TITLE, REPORT)
    assert [] == await desk.sweep("A", "B")
    assert [(1, 2)] == desk.rows("select count(distinct story_id), count(*) from story_articles")
    assert [(0,)] == desk.rows("select (select count(*) from decisions) + (select count(*) from alerts)")
    assert [("[]",)] == desk.rows("select facts from stories")
    assert [("baseline", 1, 4)] == desk.rows("select state, max(next_read_at is null), count(*) from entries")
    assert {"/feed.xml", "/robots.txt"} >= {path for paper in desk.papers for path, _ in paper.requests}


LATER = {
    "in its own words": (REPORT_TITLE, REPORT),
    "a copy": ("Explosion at barracks in Kosovo", BLAST),
    "with a new figure": ("Twelve soldiers dead in blast at Gjilan barracks, Kosovo", CASUALTIES),
}


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
async def test_the_first_that_comes_after_it_is_an_alert(desk: Desk, later: tuple[str, tuple[str, ...]]) -> None:
    """Whatever it has of history: that nobody was told. It reads like a first word, and says how far it has spread."""
    history(desk.papers[0], TITLE, BLAST)
    title, path, at = desk.papers[0].items[0]
    desk.papers[0].items[0] = (title, path, at - timedelta(hours=2, minutes=7))
    assert [] == await desk.sweep("A", "B")
    desk.papers[1].publish(*later)
    (post,) = await desk.sweep("A", "B")
    assert [(1, 2)] == desk.rows("select count(distinct story_id), count(*) from story_articles")
    assert [("post", "story")] == desk.rows("select distinct fate, kind from alerts")
    assert later[0] in post
    assert "→" not in post
    assert "New " not in post
    assert "Possibly" not in post
    assert "2 outlets" in post
    ((published,),) = desk.rows("select published_at from entries where state = 'baseline' and article_id is not null")
    assert f"first {published[11:16]} UTC A" in post


async def test_what_is_only_possibly_of_its_story_is_a_first_word_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No reader knows of another story that it may be."""
    monkeypatch.setattr("monitor.stories.cluster.SURELY", 1.0)
    history(desk.papers[0], TITLE, BLAST)
    await desk.sweep("A", "B")
    desk.papers[1].publish(REPORT_TITLE, REPORT)
    (post,) = await desk.sweep("A", "B")
    assert [("possibly",)] == desk.rows("select certainty from story_articles where relation = 'report'")
    assert "Possibly" not in post


async def test_what_is_shown_again_is_told_once(desk: Desk) -> None:
    """By another feed, after the first look at that: then it is read as news, with its page."""
    url = history(desk.papers[0], TITLE, BLAST)
    await desk.sweep("A", "B")
    desk.write("update articles set first_read_at = '2026-01-01T00:00:00.000000Z'")
    desk.papers[1].pages["/feed.xml"] = _shown(url)
    (post,) = await desk.sweep("A", "B")
    assert TITLE in post
    assert "2 outlets" in post
    assert (path_of(url), 200) in desk.papers[0].requests
    assert [("page", 1)] == desk.rows("select body_source, first_read_at > '2026-02' from articles")
    assert [(1, 1)] == desk.rows("select count(*), count(distinct story_id) from story_articles")
    (stages,) = Store.reader(desk.database).delays.delays(utc_now() - timedelta(days=1)).values()
    assert max(max(seconds) for seconds in stages.values()) < 3_600
    desk.papers[2].pages["/feed.xml"] = desk.papers[1].pages["/feed.xml"]
    (post,) = await desk.sweep("A", "B", "C")
    assert 1 == len(desk.rows("select 1 from alerts"))


async def test_a_slow_page_of_what_was_history_holds_no_alert_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known already, and nobody was told: the feed's own words are told before its page comes."""
    monkeypatch.setattr("monitor.app.reader.SLOW", timedelta(seconds=0.5))
    url = history(desk.papers[0], TITLE, BLAST)
    await desk.sweep("A", "B")
    desk.papers[1].pages["/feed.xml"] = _shown(url)
    desk.papers[0].hanging.add(path_of(url))
    sweeping = asyncio.create_task(desk.sweep("A", "B"))
    await until(lambda: len(desk.slack.messages()) == 1, 10)
    desk.papers[0].hanging.clear()
    assert 1 == len(await sweeping)


def _shown(url: str, title: str = TITLE) -> web.Response:
    """A feed with an item that leads elsewhere."""
    at = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
    item = f"<item><title>{title}</title><link>{url}</link><pubDate>{at}</pubDate></item>"
    return _rss(f"<channel><title>B</title>{item}</channel>")


def _rss(channel: str) -> web.Response:
    return web.Response(text=f'<rss version="2.0">{channel}</rss>', content_type="application/rss+xml")


async def _told(desk: Desk) -> str:
    """A story that was told, by A."""
    await desk.sweep("A", "C")
    desk.papers[0].publish(TITLE, BLAST)
    (post,) = await desk.sweep("A", "C")
    return post


@pytest.mark.parametrize(
    "text",
    [("Dozens treated after accident at Gjilan barracks in Kosovo", ACCIDENT), (REPORT_TITLE, REPORT)],
    ids=["report", "copy"],
)
async def test_what_history_adds_to_a_told_story_nobody_was_told(desk: Desk, text: tuple[str, tuple[str, ...]]) -> None:
    """The alert says that one more outlet has it; who tells its figures later brings news, also in the same words."""
    assert "outlets" not in await _told(desk)
    history(desk.papers[1], REPORT_TITLE, REPORT)
    assert 1 == len(await desk.sweep("A", "B", "C"))
    desk.write("update edits set due_at = '2026-01-01T00:00:00.000000Z'")
    (post,) = await desk.sweep("A", "B", "C")
    assert "2 outlets" in post
    desk.papers[2].publish(*text)
    _, reply = await desk.sweep("A", "B", "C")
    assert reply.startswith("→")
    assert "12 soldiers" in reply
    assert [(1, 3)] == desk.rows("select count(distinct story_id), count(*) from story_articles")


NAMED = (
    "Soldiers ran from the barracks of the security force near Gjilan, Kosovo, when an explosion broke windows on "
    "Friday morning, and fire engines came from Ferizaj and Pristina.",
    "General Agim Bytyqi of the security force asked people in Partesh to stay indoors until the evening; the defence "
    "ministry did not know the cause, and the road to Viti was closed.",
)


async def test_a_copy_of_what_nobody_was_told_adds_all_that_is_in_it(desk: Desk) -> None:
    """Of a copy only figures, denials and reversals are news; of this one names are too. Its own copy adds nothing."""
    await _told(desk)
    history(desk.papers[1], "Explosion at Gjilan barracks in Kosovo", NAMED)
    await desk.sweep("A", "B", "C")
    desk.papers[2].publish("Explosion at barracks in Gjilan, Kosovo", NAMED)
    _, reply = await desk.sweep("A", "B", "C")
    assert "Bytyqi" in reply
    desk.papers[0].publish("At Gjilan barracks in Kosovo: explosion", (*NAMED, "By Jane Doe and John Roe in Zegra."))
    assert 2 == len(await desk.sweep("A", "B", "C"))
    ((reason,),) = set(desk.rows("select reason from alerts where fate = 'suppress'"))
    assert "copy" in reason


async def test_a_feed_that_shows_what_was_told_is_one_more_outlet(desk: Desk) -> None:
    """No second alert, and the article is the page's still."""
    await _told(desk)
    ((url,),) = desk.rows("select url from articles")
    desk.papers[1].pages["/feed.xml"] = _shown(url)
    assert 1 == len(await desk.sweep("A", "B", "C"))
    assert [("page", 2)] == desk.rows(
        "select body_source, (select count(*) from entries e where e.article_id = a.id) from articles a"
    )
    assert 2 == Store.reader(desk.database).stories.standing(desk.rows("select id from stories")[0][0]).outlets


async def test_only_what_may_belong_to_an_open_story_is_taken_up(desk: Desk) -> None:
    """What is older than a week is remembered and no more; what has no date may be of today."""
    now = datetime.now(UTC)
    for number, age in enumerate((8, 6)):
        history(desk.papers[0], f"{TITLE}, {number}", BLAST)
        desk.papers[0].items[0] = (*desk.papers[0].items[0][:2], now - timedelta(days=age))
    item = "<item><title>Tanks deployed in Kosovo</title><guid>x</guid></item>"
    desk.papers[1].pages["/feed.xml"] = _rss(f"<channel><title>B</title>{item}</channel>")
    await desk.sweep("A", "B")
    assert {"Tanks deployed in Kosovo", f"{TITLE}, 1"} == {
        title for (title,) in desk.rows("select title from articles")
    }
    at = now - timedelta(days=6)
    ((since, created),) = desk.rows(
        "select stood_since, created_at from story_articles join stories on id = story_id order by stood_since limit 1"
    )
    assert {f"{at:%Y-%m-%dT%H:%M:%S}"} == {since[:19], created[:19]}


async def test_what_our_program_fails_over_stops_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is put off, and placed once the fault is mended."""
    place = StoryDesk.place_in_silence

    def clumsy(self: StoryDesk, store: Store, article: Any, *args: Any, **kwargs: Any) -> Any:
        if "border" in article.title:
            raise ZeroDivisionError
        return place(self, store, article, *args, **kwargs)

    monkeypatch.setattr(StoryDesk, "place_in_silence", clumsy)
    history(desk.papers[0], TITLE, BLAST)
    history(desk.papers[0], "Serbia moves tanks to the border", TANKS)
    await desk.sweep("A")
    assert [(TITLE,)] == desk.rows("select title from articles")
    ((reason,),) = desk.rows("select reason from entries where next_read_at is not null")
    assert "ZeroDivisionError" in reason
    monkeypatch.undo()
    await desk.sweep("A")
    assert 1 == len(desk.rows("select 1 from articles")), "its time has not come"
    desk.behind = timedelta(minutes=-2)
    await desk.sweep("A")
    assert 2 == len(desk.rows("select 1 from story_articles"))


async def test_a_repeated_step_changes_nothing(desk: Desk) -> None:
    """As after a power cut that the entries' own rows did not outlive."""
    history(desk.papers[0], TITLE, BLAST)
    history(desk.papers[1], REPORT_TITLE, REPORT)
    await desk.sweep("A", "B")
    tables = ("articles", "story_articles", "stories", "shingles", "entries")
    before = [desk.rows(f"select * from {table}") for table in tables]
    desk.write("update entries set next_read_at = first_seen_at")
    await desk.sweep("A", "B")
    assert before == [desk.rows(f"select * from {table}") for table in tables]


async def test_a_kill_at_any_transaction_boundary_loses_and_doubles_nothing(desk: Desk) -> None:
    """What was not placed is placed by the next run, and counted once."""
    history(desk.papers[0], TITLE, BLAST)
    history(desk.papers[1], REPORT_TITLE, REPORT)
    feeds = [{"name": paper.name, "url": paper.feed_url} for paper in desk.papers]
    (desk.config / "feeds.yaml").write_text(yaml.safe_dump({"feeds": feeds}), "utf-8")

    async def sweep(kill_at: int) -> int:
        """The boundaries passed; 0 when killed."""
        command = (sys.executable, "-m", "tests.crash_child", str(desk.config), str(kill_at))
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        out, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode in (0, -signal.SIGKILL)
        return int(out.split()[-1]) if out.split() else 0

    boundaries, killed = await sweep(0), 0
    for boundary in range(6, boundaries, 3):
        for leftover in desk.database.parent.glob("news.db*"):
            leftover.unlink()
        if await sweep(boundary) > 0:  # changes that gathered in fewer transactions: it was over before
            continue
        killed += 1
        await sweep(0)
        where = f"killed at boundary {boundary} of {boundaries}"
        members = "select count(distinct story_id), count(*), count(features) from story_articles"
        assert [(1, 2, 2)] == desk.rows(members), where
        assert [(2, 5)] == desk.rows("select count(article_id), sum(next_read_at is null) from entries"), where
        assert [(0,)] == desk.rows("select count(*) from alerts"), where
        assert audit(Store.reader(desk.database)).balanced, where
    assert killed >= 3


async def test_history_is_shown_as_such(desk: Desk) -> None:
    """In the list and the timeline of stories and in an article's life; who was first with it nobody knows."""
    url = history(desk.papers[0], TITLE, BLAST)
    await desk.sweep("A", "B")

    async def command(*arguments: str) -> str:
        done = await run("--config", str(desk.config), *arguments)
        assert 0 == done.code, done.err
        return done.out

    assert "nobody was told: all of it is from before the first look" in await command("stories", "list")
    assert "nobody was told" in await command("explain", url)
    desk.papers[1].publish(REPORT_TITLE, REPORT)
    await desk.sweep("A", "B")
    assert "armour" in await command("stories", "list") or "kosovo" in await command("stories", "list")
    ((story,),) = desk.rows("select id from stories")
    shown = await command("stories", "show", story)
    assert f"A: {TITLE} (before the first look)" in shown
    assert 1 == shown.count("(before the first look)")
    timeline = json.loads(await command("stories", "show", story, "--json"))["articles"]
    assert [True, False] == [row["before_the_first_look"] for row in timeline]
    assert "" == await command("stories", "sources")
    desk.papers[2].publish("Blast at barracks in Gjilan, Kosovo", CASUALTIES)
    status = json.loads(await command("status", "--json"))
    assert 0 == status["articles_read_from_feed_only"]


async def test_what_its_page_does_not_bear_out_tells_nothing(desk: Desk) -> None:
    """Shown as news it matches no rule any more: its figures are news still for who tells them."""
    await _told(desk)
    url = history(desk.papers[1], REPORT_TITLE, REPORT)
    await desk.sweep("A", "B", "C")
    desk.papers[1].pages[path_of(url)] = page(REPORT_TITLE, [part.replace("Kosovo", "Ruritania") for part in REPORT])
    desk.papers[2].pages["/feed.xml"] = _shown(url, REPORT_TITLE)
    assert 1 == len(await desk.sweep("A", "B", "C"))
    assert [("baseline",), ("read",)] == desk.rows("select state from entries where title like 'Blast%' order by state")
    desk.papers[0].publish("Twelve soldiers dead in blast at Gjilan barracks, Kosovo", CASUALTIES)
    _, reply = await desk.sweep("A", "B", "C")
    assert "12 soldiers" in reply


async def test_what_is_split_off_takes_no_news_along(desk: Desk) -> None:
    """Nobody is told of it then either, and neither story has told what is in it."""
    await _told(desk)
    url = history(desk.papers[1], REPORT_TITLE, REPORT)
    await desk.sweep("A", "B", "C")
    split = await run("--config", str(desk.config), "stories", "split", url)
    assert 0 == split.code, split.err
    assert 1 == len(await desk.sweep("A", "B", "C"))
    facts = dict(desk.rows("select headline, facts from stories"))
    assert "[]" == facts[REPORT_TITLE]
    assert "soldiers:12" not in facts[TITLE]
    assert len(facts[TITLE]) > 2


async def test_history_is_in_no_backtest(desk: Desk) -> None:
    """It would never have been told."""
    history(desk.papers[0], TITLE, BLAST)
    await desk.sweep("A", "B")
    store = Store.reader(desk.database)
    assert (0, []) == (store.archive.count(utc_now() - timedelta(days=1)), list(store.archive.sample(10)))


async def test_what_no_rule_matches_counts_when_it_is_asked_how_common_words_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """History and news, each article once; what is not written yet is when the program ends."""
    monkeypatch.setattr("monitor.app.story_desk.ONE_IN", 1)
    await desk.sweep("A", "B")
    assert [(2,)] == desk.rows("select articles from term_totals")
    url = desk.papers[0].publish("Cup final replayed", FOOTBALL)
    desk.papers[1].pages["/feed.xml"] = _shown(url, "Cup final replayed")
    await desk.sweep("A", "B")
    assert [(3,)] == desk.rows("select articles from term_totals")
    assert 3 == desk.rows("select max(articles) from terms")[0][0]
