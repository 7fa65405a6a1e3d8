"""A mute holds what it mutes, and tells it in a receipt when it ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.alerts.mutes import authors
from monitor.cli.common import Place
from monitor.cli.mute import mute
from monitor.errors import Refused
from monitor.model import Addition, AdditionKind
from tests.newsroom import TALKS, TANKS, Newsroom, write_config
from tests.rhythm_desk import RhythmDesk, shown
from tests.slack_standin import SlackStandIn
from tests.test_end_to_end import rows, run

NEW = (Addition(AdditionKind.FIGURE, "12 tanks", "Twelve tanks."),)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[RhythmDesk]:
    desk = RhythmDesk(tmp_path, kosovo={})
    await desk.open()
    yield desk
    balance = await desk.balance()
    assert balance.balanced, balance
    await desk.close()


@pytest.mark.timeout(300)
async def test_the_commands(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """The other rule speaks; what is held says why; ended by a person the mute tells at once; nothing is lost."""
    write_config(tmp_path / "config", [("A", paper.feed_url)], slack_url=slack.url, baseline={"alert_last": "6h"})
    database = tmp_path / "news.db"

    async def ask(*arguments: str) -> str:
        done = await run("--config", str(tmp_path / "config"), *arguments)
        assert 0 == done.code, done.err
        return done.out

    paper.publish("Serbia moves tanks to the border", TANKS)
    paper.publish("Talks on Kosovo end without result", TALKS)
    await ask("mute", "rule", "kosovo", "--for", "8h", "--reason", "too many")
    await ask("run", "--once", "--now")
    fates = "select rule, fate from alerts order by rule"
    assert [("armour", "post"), ("kosovo", "hold"), ("kosovo", "hold")] == rows(database, fates)
    assert 1 == len(slack.messages())
    listed = await ask("alerts")
    assert "rule kosovo is muted by" in listed
    assert "(too many)" in listed
    assert "2 held matches are told now" in await ask("unmute", "rule", "kosovo")
    await ask("run", "--once")
    assert [("armour", "post"), ("kosovo", "post"), ("kosovo", "post")] == rows(database, fates)
    assert 2 == len(slack.messages())
    receipt = slack.messages()[-1].text
    assert all(said in receipt for said in ("While muted: rule kosovo", "2 matches in 2 stories", "Talks on Kosovo"))
    listing = json.loads(await ask("mute", "list", "--json"))
    assert (2, 0, False) == (listing["held"], listing["waiting"], listing["active"])
    assert 2 == (await ask("alerts", "--mute", listing["id"][:8])).count("told at")
    await ask("audit")


async def test_a_receipt_comes_by_itself(desk: RhythmDesk) -> None:
    """When the time is over: who muted what, why, and what came meanwhile. A critical match is held like any other."""
    await desk.mute("rule", "kosovo", timedelta(hours=8), reason="too many")
    await desk.match("Talks", "kosovo")
    await desk.match("Tanks", "kosovo", "armour")
    await desk.pass_time(hours=7, minutes=59)
    assert ["Tanks"] == desk.sink.said()
    (reason,) = await desk.rows("select distinct reason from alerts where fate = 'hold'")
    assert "rule kosovo is muted by ana until 2026-11-25 20:00 UTC (too many)" == reason["reason"]
    await desk.pass_time(minutes=1)
    assert ["Tanks", "While muted: rule kosovo"] == desk.sink.said()
    said = shown(desk.sink.sent[-1].message)
    assert all(part in said for part in ("2 matches in 2 stories", "Muted by ana since", "too many", "--mute "))
    assert [1, 1, 1] == [len(sent) for sent in (await desk.told()).values()]


async def test_a_mute_that_held_nothing_is_closed(desk: RhythmDesk) -> None:
    """Operators hear that it is over."""
    await desk.mute("site", "https://www.courier.example/", timedelta(hours=1))
    await desk.pass_time(hours=1)
    (notice,) = await desk.rows("select text from notices where kind = 'mute'")
    assert "The mute of site courier.example by ana is over and leaves nothing to tell." == notice["text"]
    assert [] == desk.sink.said()


async def test_what_is_left_lying_is_found(desk: RhythmDesk) -> None:
    """A hold long past its release, and a mute that is over without a receipt, do not balance."""
    await desk.mute("rule", "kosovo", timedelta(hours=1))
    await desk.match("Talks", "kosovo")
    desk.now += timedelta(hours=3)
    offended = {law for law, _ in (await desk.balance()).offenders}
    assert {"a hold past its release", "a mute that is over without a receipt"} == offended
    await desk.work()


@pytest.mark.parametrize(
    ("kind", "subject", "held"),
    [
        ("story", "s", ["Tanks", "More"]),
        ("rule", "armour", ["Tanks", "More", "Talks"]),
        ("feed", "B", ["More"]),
        ("site", "a.example", ["Tanks", "Talks"]),
        ("author", "jane  doe", ["Talks"]),
    ],
)
async def test_each_kind_holds(desk: RhythmDesk, kind: str, subject: str, held: list[str]) -> None:
    """Muted again it has a new end, for all that it holds, and is one mute all the same."""
    await desk.match("Before", "kosovo", story="s", feed=3)
    await desk.mute(kind, subject, timedelta(hours=1))
    await desk.match("Tanks", story="s")
    await desk.mute(kind, subject, timedelta(hours=3), by="ben")
    await desk.match("More", story="s", feed=1, additions=NEW)
    await desk.match("Talks", author="Jane Doe")
    await desk.pass_time(hours=2)
    assert held == [title for title, fate in await desk.fates() if fate == "hold"]
    assert [{"by": "ben"}] == await desk.rows("select by from mutes")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("rule", "kosovoo", "2026-11-26T00:00Z", ""), "did you mean 'kosovo'?"),
        (("feed", "Z", "2026-11-26T00:00Z", ""), "there is no feed 'Z'"),
        (("story", "feed", "2026-11-26T00:00Z", ""), "is no story"),
        (("site", "http://", "2026-11-26T00:00Z", ""), "is no site"),
        (("author", "  ", "2026-11-26T00:00Z", ""), "say which author"),
        (("tag", "x", "2026-11-26T00:00Z", ""), "what can is story, rule, feed, site, author"),
        (("rule", "kosovo", "2026-11-25T12:00Z", ""), "is over already"),
        (("rule", "kosovo", "2027-11-26T00:00Z", ""), "365 days at the most"),
        (("rule", "kosovo", "2026-11-26T00:00", ""), "names no time zone"),
        (("rule", "kosovo", "soon", ""), "is no time"),
        (("rule", "kosovo", "2026-11-26T00:00Z", "x" * 201), "is longer than 200 characters"),
        (("rule", "kosovo"), "a mute takes"),
    ],
)
async def test_a_mute_that_cannot_be_is_refused(desk: RhythmDesk, arguments: tuple[str, ...], sentence: str) -> None:
    """Each with what to do instead; there is no mute without an end."""
    with pytest.raises(Refused) as caught:
        await desk.thread.change(lambda store: desk.mutes.mute(store, arguments, "ana"))
    assert sentence in str(caught.value)
    assert [] == await desk.rows("select id from mutes")


async def test_only_what_is_muted_can_be_unmuted(desk: RhythmDesk) -> None:
    """By its id, or as it was muted."""
    await desk.mute("rule", "kosovo", timedelta(hours=1))
    with pytest.raises(Refused, match="is not muted"):
        await desk.unmute("rule", "armour")
    (row,) = await desk.rows("select id from mutes")
    assert "rule kosovo is not muted any more; nothing was held." == await desk.unmute(row["id"][:6])
    with pytest.raises(Refused, match="is not muted"):
        await desk.unmute("rule", "kosovo")
    await desk.work()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("rule", "kosovo"), "--for and --until"),
        (("rule", "kosovo", "--for", "1h", "--until", "2027-01-01"), "--for and --until"),
        (("rule", "kosovo", "--for", "366d"), "write one up to 365d"),
        (("rule", "kosovo", "--for", "0h"), "write one up to 365d"),
        (("rule", "kosovo", "--for", "soon"), "is no duration"),
        (("rule", "kosovo", "--until", "soon"), "is no time"),
    ],
)
def test_what_the_command_line_refuses(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """Before anything is opened."""
    done = CliRunner().invoke(mute, arguments, obj=Place(tmp_path))
    assert 2 == done.exit_code
    assert sentence in " ".join(done.output.replace("│", " ").split())


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
