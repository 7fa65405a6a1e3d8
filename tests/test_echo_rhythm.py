"""What the channels are told is told in other places too: once there, whatever happens in the channels."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.app.commands import Command, Commands
from monitor.app.dead_letters import DeadLetters
from monitor.app.echoes import Place
from monitor.app.story_changes import StoryChanges
from monitor.errors import Refused
from monitor.model import (
    Addition,
    AdditionKind,
    Alert,
    Change,
    ChangeKind,
    Correction,
    CorrectionId,
    Message,
    Severity,
)
from monitor.store.sqlite.store import Store
from tests.rhythm_desk import FEEDS, Killed, RhythmDesk, Teller

Open = Callable[..., Awaitable[RhythmDesk]]
FIGURE = (Addition(AdditionKind.FIGURE, "12 tanks", "Twelve tanks were seen.", None),)
SOC = Place("webhook", "soc", Severity.LOW, operations=False)
LOUD = Place("webhook", "loud", Severity.CRITICAL, operations=False)


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    desks: list[RhythmDesk] = []

    async def opened(*places: Place, routing: dict[str, Any] | None = None, **rules: dict[str, Any]) -> RhythmDesk:
        desk = RhythmDesk(tmp_path, routing, **rules)
        desk.places = places
        await desk.open()
        desks.append(desk)
        return desk

    yield opened
    for desk in desks:
        balance = await desk.balance()
        assert balance.balanced, balance
        assert [] == await desk.rows(
            "select * from deliveries where state not in ('sent', 'folded') and error not like 'dropped by %'"
        )
        await desk.close()


async def test_a_correction_is_told_once_in_each_place(opened: Open) -> None:
    """Also when several channels were told of the article, and only where somebody was told of it."""
    desk = await opened(SOC, LOUD, other={"channel": "#other"})
    (alert, _) = await desk.match("Tanks move", "armour", "other", story="s")
    await desk.work()
    await _take_back(desk, alert)
    assert ["#news", "#other"] == sorted(sent.target for sent in desk.sink.sent if sent.correction_id)
    assert ["soc"] == [sent.target for sent in desk.elsewhere.sent if sent.correction_id]


async def test_an_article_of_two_channels_is_one_message_elsewhere(opened: Open) -> None:
    """It names the rules of both; what comes later of the story answers it."""
    desk = await opened(SOC, other={"channel": "#other"})
    await desk.match("Tanks move", "armour", "other", story="s")
    await desk.work()
    await desk.match("More tanks", "armour", "other", story="s", feed=1, additions=FIGURE)
    await desk.work()
    assert ["Tanks move", "> More tanks"] == desk.elsewhere.said()
    for sent in desk.elsewhere.sent:
        assert isinstance(sent.message, Message)
        assert {"armour", "other"} == {reason.rule for reason in sent.message.reasons}


async def test_a_mute_is_quiet_everywhere_and_its_receipt_is_told_everywhere(opened: Open) -> None:
    """Once."""
    desk = await opened(SOC)
    await desk.mute_for("rule", "armour", 60)
    await desk.match("Tanks move", story="s")
    await desk.match("Talks fail", story="t")
    await desk.work()
    assert [] == desk.elsewhere.said()
    await desk.pass_time(minutes=61)
    assert ["While muted: rule armour"] == desk.sink.said() == desk.elsewhere.said()


async def test_what_the_night_held_is_told_once_elsewhere(opened: Open) -> None:
    """With the digest of the channel."""
    desk = await opened(SOC, LOUD, routing={"quiet": [{"hours": "11:00-13:00"}]})
    for number in range(3):
        await desk.match(f"News {number}")
    await desk.pass_time(hours=2)
    assert ["What came in the quiet hours"] == desk.sink.said() == desk.elsewhere.said()


async def test_a_place_that_was_away_hears_what_is_critical_first(opened: Open) -> None:
    """And then the rest, as a channel does; the channels wait for nobody."""
    desk = await opened(SOC, loud={"severity": "critical", "channel": "#loud"})
    desk.elsewhere.down = True
    for number in range(3):
        await desk.match(f"News {number}")
    await desk.match("Loud", "armour", "loud")  # not critical for the first channel that is told
    await desk.match("Last")
    await desk.work()
    assert 6 == len(desk.sink.sent)
    desk.elsewhere.down = False
    for _ in range(20):
        await desk.pass_time(minutes=1)
    assert ["Loud", "News 0", "News 1", "News 2", "Last"] == desk.elsewhere.said()


async def test_an_outage_of_a_place_ends_in_one_digest_there(opened: Open) -> None:
    """Of what is stale; the channels have had it all and hear nothing more."""
    desk = await opened(SOC)
    desk.elsewhere.down = True
    for number in range(5):
        await desk.match(f"News {number}")
    await desk.work()
    await desk.pass_time(hours=3)
    desk.elsewhere.down = False
    await desk.pass_time(hours=1)
    assert ["What waited too long"] == desk.elsewhere.said()
    assert 5 == len(desk.sink.sent)


@pytest.mark.parametrize("killed", ["sink", "elsewhere"])
async def test_a_kill_while_one_place_is_told_doubles_nothing_in_the_other(opened: Open, killed: str) -> None:
    """Each has its own state."""
    desk = await opened(SOC)
    await desk.match("Tanks move")
    sender: Teller = getattr(desk, killed)
    sender.kills = True
    with pytest.raises(Killed):
        await desk.work()
    await desk.restart()
    assert ["Tanks move"] == desk.sink.said() == desk.elsewhere.said()


async def test_a_split_story_is_told_elsewhere_and_a_merged_one_goes_on(opened: Open) -> None:
    """What was silent as a copy is told once in every place; after a merge its thread goes on."""
    desk = await opened(SOC)
    changes = StoryChanges(feeds=FEEDS, rules=desk.rules, alerter=desk.alerter, clock=lambda: desk.now)
    await desk.match("Kosovo: tanks move", story="a")
    await desk.match("Kosovo: armour seen", story="b", feed=1)
    await desk.work()
    first, second = [row["id"] for row in await desk.rows("select id from stories order by rowid")]
    await desk.thread.change(lambda store: changes.merge(store, [first, second]))
    await desk.match("Kosovo: twelve tanks", story=first, feed=2, additions=FIGURE)
    await desk.match("Kosovo: a copy", story=first, feed=3, copy=True)
    await desk.work()
    told = ["Kosovo: tanks move", "Kosovo: armour seen", "> Kosovo: twelve tanks"]
    assert told == desk.sink.said() == desk.elsewhere.said()
    await desk.thread.change(lambda store: changes.split(store, ["https://d.example/4"]))
    await desk.work()
    assert [*told, "Kosovo: a copy"] == desk.sink.said() == desk.elsewhere.said()


async def test_a_place_that_left_the_configuration_keeps_what_it_is_owed(opened: Open) -> None:
    """It is told when it is back, and nothing new is owed meanwhile."""
    desk = await opened(SOC)
    desk.elsewhere.down = True
    await desk.match("Owed")
    await desk.work()
    desk.places = ()
    await desk.restart()
    await desk.match("Meanwhile")
    desk.places, desk.elsewhere.down = (SOC,), False
    await desk.restart()
    await desk.pass_time(minutes=10)
    assert ["Owed"] == desk.elsewhere.said()
    assert timedelta(0) < desk.now - desk.elsewhere.sent[0].created_at


async def _take_back(desk: RhythmDesk, alert: Alert) -> None:
    """Its page says that it does not hold any more."""
    changes = (Change(ChangeKind.RETRACTION, None, "Taken back"),)
    correction = Correction(CorrectionId(f"c {alert.id}"), alert.article_id, changes, desk.now)

    def correct(store: Store) -> None:
        article = store.stories.article(alert.article_id)
        assert article is not None
        desk.alerter.correct(store, article, "A", alert.story_id, correction)

    await desk.thread.change(correct)
    await desk.work()


async def test_what_a_place_that_left_is_owed_can_be_dropped(opened: Open) -> None:
    """By a person, who is recorded: nothing of it waits, is told or counts as given up; it can be taken back."""
    desk = await opened(SOC)
    desk.elsewhere.broken = True
    for headline in ("First", "Second", "Third"):
        await desk.match(headline)
    await desk.work()
    (waiting,) = await desk.thread.ask(lambda store: store.ledger.waiting_deliveries()[:1])
    assert ("webhook", "soc", "blocked") == (waiting["sink"], waiting["target"], waiting["state"])
    assert {"blocked"} == {row["kind"] for row in await desk.thread.ask(lambda store: store.notices.open())}
    letters = DeadLetters(lambda: desk.now, sinks={"slack", "webhook"})
    commands = Commands({}, desk.thread, lambda: desk.now, signed=letters.signed_verbs)
    with pytest.raises(Refused, match="nothing waits for webhook other"):
        await commands.perform(Command("alerts drop", ("--place", "webhook", "other"), "ana"))
    done = await commands.perform(Command("alerts drop", ("--place", "webhook", "soc"), "ana"))
    assert "3 messages for webhook soc dropped." == done
    assert [("ana", done)] == [(row["by"], row["outcome"]) for row in await desk.rows("select * from actions")]
    balance = await desk.balance()
    assert (3, 0, ()) == (balance.deliveries["dropped"], balance.deliveries["dead"], balance.dead)
    assert ((), ()) == await desk.thread.ask(lambda store: (store.notices.open(), store.ledger.waiting_deliveries()))
    dropped = await desk.thread.ask(lambda store: store.ledger.dead_letters(dropped=True))
    assert {"dropped by ana: it is gone"} <= {row["error"] for row in dropped}
    desk.elsewhere.broken = False
    await desk.thread.change(lambda store: letters.release(store, ["--all"]))
    await desk.pass_time(hours=2)
    assert [] == desk.elsewhere.said()
    await desk.thread.change(lambda store: letters.release(store, [dropped[0]["id"]]))
    await desk.work()
    assert ["Third"] == desk.elsewhere.said()


async def test_what_a_sink_that_left_is_owed_can_be_dropped(opened: Open) -> None:
    """Also what it may have been told: nobody can look there any more."""
    desk = await opened(SOC)
    desk.elsewhere.kills = True
    await desk.match("Perhaps there")
    with pytest.raises(Killed):
        await desk.work()
    await desk.thread.change(lambda store: store.deliveries.doubt_unfinished(timedelta(0)))
    settling = DeadLetters(lambda: desk.now, sinks={"slack", "webhook"})
    with pytest.raises(Refused, match="nothing waits"):
        await desk.thread.change(lambda store: settling.drop(store, ["--place", "webhook", "soc"], "ana"))
    gone = DeadLetters(lambda: desk.now, sinks={"slack"})
    await desk.thread.change(lambda store: gone.drop(store, ["--place", "webhook", "soc"], "ana"))
    assert 1 == (await desk.balance()).deliveries["dropped"]


async def test_a_place_that_left_is_owed_no_correction(opened: Open) -> None:
    """Else it would wait there for ever; the channels are told."""
    desk = await opened(SOC)
    (alert,) = await desk.match("Tanks move")
    await desk.work()
    desk.places = ()
    await desk.restart()
    await _take_back(desk, alert)
    corrections = await desk.rows("select sink from deliveries where correction_id is not null")
    assert [{"sink": "slack"}] == corrections
