"""A mute holds what it mutes, and tells it in a receipt when it ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.alerts.mutes import authors
from tests.newsroom import TALKS, TANKS, Newsroom, write_config
from tests.slack_standin import SlackStandIn
from tests.test_end_to_end import rows, run

pytestmark = pytest.mark.timeout(180)

REPRINT = ("Our partners report.", *TANKS)


class Desk:
    def __init__(self, directory: Path, paper: Newsroom, slack: SlackStandIn) -> None:
        self.database = directory / "news.db"
        self.paper = paper
        self.config = write_config(
            directory / "config", [("A", paper.feed_url)], slack_url=slack.url, baseline={"alert_last": "6h"}
        )

    async def ask(self, *arguments: str, code: int = 0) -> str:
        done = await run("--config", str(self.config), *arguments)
        assert code == done.code, done.err
        return done.out if code == 0 else done.err

    async def sweep(self) -> None:
        await self.ask("run", "--once", "--now")

    def fates(self) -> list[tuple[str, str]]:
        return rows(self.database, "select rule, fate from alerts order by rule, created_at")

    def end_mutes(self, ago: timedelta = timedelta(0)) -> None:
        """As if their time had come."""
        import sqlite3

        then = (datetime.now(UTC) - ago).isoformat(timespec="microseconds").replace("+00:00", "Z")
        with sqlite3.connect(self.database) as connection:
            connection.execute("update mutes set until = ?", [then])
            connection.execute("update alerts set release_at = ? where fate = 'hold'", [then])
        connection.close()


@pytest.fixture
async def desk(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> Desk:
    desk = Desk(tmp_path, paper, slack)
    await desk.sweep()
    return desk


@pytest.mark.parametrize("early", [True, False], ids=["ended by a person", "over"])
async def test_what_is_muted_is_told_in_a_receipt(desk: Desk, slack: SlackStandIn, *, early: bool) -> None:
    """The other rule speaks; what is held says why, by whom and until when; the receipt names it; nothing is lost."""
    await desk.ask("mute", "rule", "kosovo", "--for", "8h", "--reason", "too many")
    desk.paper.publish("Serbia moves tanks to the border", TANKS)
    desk.paper.publish("Talks on Kosovo end without result", TALKS)
    await desk.sweep()
    assert [("armour", "post"), ("kosovo", "hold"), ("kosovo", "hold")] == desk.fates()
    assert 1 == len(slack.messages())
    listed = await desk.ask("alerts")
    assert "rule kosovo is muted by" in listed
    assert "(too many" in listed
    await desk.ask("audit")
    if early:
        assert "2 held matches are told now" in await desk.ask("unmute", "rule", "kosovo")
    else:
        desk.end_mutes()
    await desk.sweep()
    assert [("armour", "post"), ("kosovo", "post"), ("kosovo", "post")] == desk.fates()
    receipt = slack.messages()[-1]
    assert 2 == len(slack.messages())
    assert "While muted: rule kosovo" in receipt.text
    assert "2 matches in 2 stories" in receipt.text
    assert "Talks on Kosovo" in receipt.text
    mute = json.loads(await desk.ask("mute", "list", "--json"))
    assert (2, 0, False) == (mute["held"], mute["waiting"], mute["active"])
    shown = await desk.ask("alerts", "--mute", mute["id"][:8])
    assert 2 == shown.count("told at")
    await desk.sweep()
    assert 2 == len(slack.messages())
    await desk.ask("audit")


async def test_a_mute_that_held_nothing_is_closed(desk: Desk) -> None:
    """Operators hear that it is over."""
    await desk.ask("mute", "site", "courier.example", "--for", "1h")
    desk.end_mutes()
    await desk.sweep()
    assert [(1,)] == rows(desk.database, "select closed_at is not null from mutes")
    told = rows(desk.database, "select text from notices where kind = 'mute'")
    assert "site courier.example" in told[0][0]
    await desk.ask("audit")


async def test_what_is_left_lying_is_found(desk: Desk) -> None:
    """A hold long past its release, and a mute that is over without a receipt, do not balance."""
    await desk.ask("mute", "rule", "kosovo", "--for", "1h")
    desk.paper.publish("Talks on Kosovo end without result", TALKS)
    await desk.sweep()
    desk.end_mutes(timedelta(hours=2))
    offended = {
        law for law, _ in json.loads((await run("--config", str(desk.config), "audit", "--json")).out)["offenders"]
    }
    assert {"a hold past its release", "a mute that is over without a receipt"} == offended
    await desk.sweep()
    await desk.ask("audit")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("rule", "kosovoo", "--for", "1h"), "did you mean 'kosovo'?"),
        (("feed", "B", "--for", "1h"), "there is no feed 'B'"),
        (("story", "feed", "--for", "1h"), "is no story"),
        (("site", "http://", "--for", "1h"), "is no site"),
        (("rule", "kosovo", "--for", "366d"), "write one up to 365d"),
        (("rule", "kosovo", "--until", "2020-01-01T00:00"), "is over already"),
        (("rule", "kosovo", "--until", "2999-01-01T00:00"), "is too far away"),
        (("rule", "kosovo"), "--for and --until"),
        (("rule", "kosovo", "--for", "soon"), "is no duration"),
    ],
)
async def test_a_mute_that_cannot_be_is_refused(desk: Desk, arguments: tuple[str, ...], sentence: str) -> None:
    """Each with what to do instead; there is no mute without an end."""
    assert sentence in await desk.ask("mute", *arguments, code=2)
    assert [] == rows(desk.database, "select * from mutes")


@pytest.mark.parametrize("kind", ["feed", "site", "story"])
async def test_each_kind_holds(desk: Desk, slack: SlackStandIn, kind: str) -> None:
    """Muted again it has a new end, and is one mute all the same."""
    desk.paper.publish("Serbia moves tanks to the border", TANKS)
    await desk.sweep()
    (story,) = rows(desk.database, "select id from stories")[0]
    subject = {"feed": "A", "site": "127.0.0.1", "story": story[:10]}[kind]
    for span in ("1h", "2d"):
        await desk.ask("mute", kind, subject, "--for", span)
    desk.paper.publish("Tanks moved on", ("Twelve tanks of Serbia left on Sunday, 40 more were deployed.", *TANKS))
    await desk.sweep()
    assert 1 == len(slack.messages())
    assert "hold" in {fate for _, fate in desk.fates()[1:]}
    assert [(1,)] == rows(desk.database, "select count(*) from mutes")
    await desk.ask("audit")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Jane Doe", {"jane doe"}),
        ("Jane Doe and John  Roe", {"jane doe", "john roe", "jane doe and john roe"}),
        ("Ana Anić, Mia Mandić", {"ana anić", "mia mandić", "ana anić, mia mandić"}),
        ("", set()),
    ],
)
def test_the_people_of_a_byline(line: str, names: set[str]) -> None:
    """Each of several, and the line as a whole, for names that have a comma."""
    assert names == authors(line)
