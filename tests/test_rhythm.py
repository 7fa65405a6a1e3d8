"""When matches are told: by the rule's pace and the channel's rhythm. What is held is told, once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.app import canary
from monitor.app.dead_letters import DeadLetters
from monitor.errors import Refused
from monitor.model import Addition, AdditionKind, Digest, Message, StoryId
from monitor.store.sqlite.store import Store
from tests.builders import placement
from tests.rhythm_desk import CHANNEL, RhythmDesk, shown
from tests.test_stories import article

Open = Callable[..., Awaitable[RhythmDesk]]
FIGURE = (Addition(AdditionKind.FIGURE, "12 tanks", "Twelve tanks were seen.", None),)
DENIAL = (Addition(AdditionKind.DENIAL, "denied", "The ministry denied it.", None),)


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    desks: list[RhythmDesk] = []

    async def opened(routing: dict[str, Any] | None = None, **rules: dict[str, Any]) -> RhythmDesk:
        desks.append(RhythmDesk(tmp_path, routing, **rules))
        await desks[-1].open()
        return desks[-1]

    yield opened
    for desk in desks:
        balance = await desk.balance()
        assert balance.balanced, balance
        await desk.close()


# ---- the rule's pace ----


async def test_one_source_is_not_enough(opened: Open) -> None:
    """A copy adds no voice; the second independent one brings one alert that tells all of it."""
    desk = await opened(armour={"alert": {"min_sources": 2}})
    await desk.match("Tanks move", story="s")
    await desk.match("Tanks move again", story="s", copy=True, feed=1)
    await desk.pass_time(hours=1)
    assert [] == desk.sink.said()
    assert [("Tanks move", "hold"), ("Tanks move again", "hold")] == await desk.fates()
    await desk.match("Armour seen", story="s", feed=2)
    await desk.work()
    assert ["Tanks move"] == desk.sink.said()
    assert ["post"] * 3 == [fate for _, fate in await desk.fates()]
    (message,) = (sent.message for sent in desk.sink.sent)
    assert isinstance(message, Message)
    assert "2 independent" in str(message.standing)
    assert [1, 1, 1] == [len(sent) for sent in (await desk.told()).values()]


@pytest.mark.parametrize(
    ("on_timeout", "fate", "said"), [("digest", "post", ["From too few sources"]), ("suppress", "suppress", [])]
)
async def test_what_finds_no_second_source(opened: Open, on_timeout: str, fate: str, said: list[str]) -> None:
    """In time it is told as what it is, or suppressed where the rule says so; never forgotten."""
    desk = await opened(armour={"alert": {"min_sources": 3, "sources_within": "6h", "on_timeout": on_timeout}})
    await desk.match("Tanks move", story="s")
    await desk.pass_time(hours=5)
    assert [] == desk.sink.said()
    await desk.pass_time(hours=1)
    assert said == desk.sink.said()
    assert [("Tanks move", fate)] == await desk.fates()
    if said:
        assert "one source of 3" in shown(desk.sink.sent[0].message)


async def test_what_was_held_and_suppressed_can_get_another_fate(opened: Open) -> None:
    """When a person takes it out of its story: what held it then is forgotten too."""
    desk = await opened(armour={"alert": {"min_sources": 2, "sources_within": "1h", "on_timeout": "suppress"}})
    await desk.match("Tanks move", story="s")
    await desk.pass_time(hours=1)
    (row,) = await desk.rows("select article_id from alerts where fate = 'suppress'")

    def forget(store: Store) -> None:
        store.moves.forget_fate(row["article_id"], "armour")
        store._db.execute("delete from decisions")

    await desk.thread.change(forget)
    assert [] == await desk.fates()


async def test_sources_that_come_too_late(opened: Open) -> None:
    """What was told as coming from too few is told again, in the thread and to the channel, when there are enough."""
    desk = await opened(armour={"alert": {"min_sources": 2, "sources_within": "1h"}})
    await desk.match("Tanks move", story="s")
    await desk.pass_time(hours=1)
    await desk.match("A copy", story="s", feed=1, copy=True)
    for feed in (2, 3):
        await desk.match(f"Report {feed}", story="s", feed=feed)
    await desk.work()
    assert ["From too few sources", "> Report 2"] == desk.sink.said()
    assert desk.sink.sent[1].broadcast


async def test_severity_rises_with_the_sources(opened: Open) -> None:
    """The third voice is told in the thread and to the channel, with nothing else new in it."""
    desk = await opened(armour={"severity": "normal", "alert": {"rise": {"3": "high", "4": "critical"}}})
    for feed in range(4):
        await desk.match(f"Report {feed}", story="s", feed=feed)
        await desk.work()
    assert ["Report 0", "> Report 2", "> Report 3"] == desk.sink.said()
    assert [False, True, True] == [sent.broadcast for sent in desk.sink.sent]
    rows = await desk.rows("select severity, reason from alerts where fate = 'thread'")
    assert [("high", "now high: 3 independent sources"), ("critical", "now critical: 4 independent sources")] == [
        (row["severity"], row["reason"]) for row in rows
    ]


@pytest.mark.parametrize(
    ("updates", "said", "broadcast"),
    [
        ("thread", ["First", "> More"], [False, False]),
        ("channel", ["First", "> More"], [False, True]),
        ("silent", ["First"], [False]),
    ],
)
async def test_updates(opened: Open, updates: str, said: list[str], broadcast: list[bool]) -> None:
    """What is new of a told story goes to the thread, to the channel too, or nowhere."""
    desk = await opened(armour={"alert": {"updates": updates}})
    await desk.match("First", story="s")
    await desk.match("More", story="s", feed=1, additions=FIGURE)
    await desk.work()
    assert said == desk.sink.said()
    assert broadcast == [sent.broadcast for sent in desk.sink.sent]


async def test_a_cooldown_gathers_what_is_new_of_a_story(opened: Open) -> None:
    """It is told in the thread when the time is over, in one reply; what turns the story round waits for nothing."""
    desk = await opened(armour={"alert": {"cooldown": "30m"}})
    await desk.match("First", story="s")
    await desk.work()
    for number in range(3):
        await desk.pass_time(minutes=5)
        await desk.match(f"More {number}", story="s", feed=1, additions=FIGURE)
    await desk.match("Another story", story="t")
    await desk.match("Denied", story="s", feed=2, additions=DENIAL)
    await desk.work()
    assert ["First", "Another story", "> Denied"] == desk.sink.said()
    await desk.pass_time(minutes=15)
    assert "> More 0" == desk.sink.said()[-1]
    assert 4 == len(desk.sink.said())


# ---- the channel's rhythm ----

NIGHT = {"quiet": [{"hours": "13:00-15:00"}]}  # it is noon


async def test_quiet_hours_hold_and_end_in_one_digest(opened: Open) -> None:
    """The loudest comes first; what is critical breaks through; the digest tells each match once."""
    desk = await opened(NIGHT, loud={"severity": "critical"}, high={"severity": "high"})
    await desk.pass_time(hours=1)
    for number in range(3):
        await desk.match(f"Story {number}")
    await desk.match("High", "high")
    await desk.match("Loud", "loud")
    await desk.pass_time(minutes=119)
    assert ["Loud"] == desk.sink.said()
    await desk.pass_time(minutes=1)
    assert ["Loud", "What came in the quiet hours"] == desk.sink.said()
    digest = desk.sink.sent[1].message
    assert isinstance(digest, Digest)
    assert ["High", "Story 0", "Story 1", "Story 2"] == [item.headline for item in digest.items]
    assert all(len(sent) == 1 for sent in (await desk.told()).values())
    await desk.pass_time(hours=20)
    assert 2 == len(desk.sink.said())


async def test_one_story_of_the_quiet_hours_is_told_as_an_alert(opened: Open) -> None:
    """With its evidence; later articles of it are held with it, though the first was not told yet."""
    desk = await opened(NIGHT)
    await desk.pass_time(hours=1)
    await desk.match("First", story="s")
    await desk.match("Again", story="s", feed=1, copy=True)
    await desk.pass_time(hours=2)
    assert ["First"] == desk.sink.said()
    assert [("First", "post"), ("Again", "post")] == await desk.fates()


@pytest.mark.parametrize(
    ("routing", "hours"),
    [
        ({}, 0),  # no quiet hours any more
        ({"quiet": [{"hours": "12:00-13:30"}]}, 0.5),  # they end sooner
        ({"quiet": [{"hours": "13:00-16:00"}]}, 3),  # they end later
        ({**NIGHT, "breakthrough": "normal"}, 0),
    ],
)
async def test_what_is_held_follows_the_configuration(opened: Open, routing: dict[str, Any], hours: float) -> None:
    """Whoever ends the quiet hours by hand hears at once what they held. `hours`: from one o'clock until it is told."""
    desk = await opened(NIGHT)
    await desk.pass_time(hours=1)
    await desk.match("First")
    desk.configure(routing)
    await desk.restart()
    if hours:
        await desk.pass_time(hours=hours, minutes=-1)
        assert [] == desk.sink.said()
        await desk.pass_time(minutes=1)
    assert ["First"] == desk.sink.said()


async def test_a_digest_may_come_sooner(opened: Open) -> None:
    """Never later than it was promised: one whose time came while nobody was there is told now."""
    desk = await opened({"digest": {"below": "high", "cron": "0 18 * * *"}})
    await desk.match("First")
    desk.configure({"digest": {"below": "high", "cron": "0 14 * * *"}})
    await desk.restart()
    await desk.pass_time(hours=2)
    assert ["Digest"] == desk.sink.said()
    await desk.match("Second")
    desk.now += timedelta(hours=25)
    await desk.restart()
    assert ["Digest", "Digest"] == desk.sink.said()


@pytest.mark.parametrize("breakthrough", ["high", "critical"])
async def test_who_breaks_through(opened: Open, breakthrough: str) -> None:
    """As the operator says."""
    desk = await opened(NIGHT | {"breakthrough": breakthrough}, high={"severity": "high"})
    await desk.pass_time(hours=1)
    await desk.match("High", "high")
    await desk.work()
    assert (["High"] if breakthrough == "high" else []) == desk.sink.said()


async def test_a_channel_of_its_own(opened: Open) -> None:
    """What is said of one channel counts there only; what it leaves out is as for all."""
    desk = await opened(
        {"group": "5m", "channels": [{"channel": "#night", **NIGHT}]}, night={"channel": "#night"}, day={}
    )
    await desk.pass_time(hours=1)
    await desk.match("Night", "night")
    await desk.match("Day", "day")
    await desk.pass_time(minutes=5)
    assert ["Day"] == desk.sink.said()
    assert [CHANNEL] == [sent.target for sent in desk.sink.sent]


async def test_what_is_not_so_loud_waits_for_the_digest(opened: Open) -> None:
    """Told at the time that the cron line names, in that time zone."""
    desk = await opened(
        {"time_zone": "Europe/Belgrade", "digest": {"below": "high", "cron": "0 8,17 * * *"}}, high={"severity": "high"}
    )
    await desk.match("High", "high")
    await desk.match("Low one")
    await desk.match("Low two")
    await desk.pass_time(hours=3, minutes=59)  # Belgrade is an hour ahead in winter
    assert ["High"] == desk.sink.said()
    await desk.pass_time(minutes=1)
    assert ["High", "Digest"] == desk.sink.said()


async def test_what_comes_within_minutes_is_told_together(opened: Open) -> None:
    """One message; the next one opens a new time."""
    desk = await opened({"group": "5m"})
    for number in range(3):
        await desk.match(f"Story {number}")
        await desk.pass_time(minutes=1)
    assert [] == desk.sink.said()
    await desk.pass_time(minutes=2)
    assert ["Told together"] == desk.sink.said()
    await desk.match("Alone")
    await desk.pass_time(minutes=5)
    assert ["Told together", "Alone"] == desk.sink.said()


async def test_a_storm_is_told_together_and_said(opened: Open) -> None:
    """The rest becomes one message, operators hear of it, what is critical breaks through, and nothing is lost."""
    desk = await opened({"storm": {"messages": 3, "within": "10m"}}, loud={"severity": "critical"})
    for number in range(20):
        await desk.match(f"Story {number}")
    await desk.match("Loud", "loud")
    await desk.work()
    assert ["Loud", "Story 0", "Story 1", "Story 2"] == desk.sink.said()
    (notice,) = await desk.rows("select text, over_at from notices where kind = 'storm'")
    assert "3 messages within 10 min" in notice["text"]
    await desk.pass_time(minutes=10)
    assert ["Storm: told together"] == desk.sink.said()[4:]
    assert "17 matches in 17 stories" in shown(desk.sink.sent[-1].message)
    assert "More than 3 messages within 10 min" in shown(desk.sink.sent[-1].message)
    (notice,) = await desk.rows("select over_text from notices where kind = 'storm'")
    assert "17 matches were told together" in notice["over_text"]
    await desk.match("After")
    await desk.work()
    assert "After" == desk.sink.said()[-1]
    assert all(len(sent) == 1 for sent in (await desk.told()).values())


async def test_a_flood_has_pages_and_an_end(opened: Open) -> None:
    """Pages after the first go to its thread; what finds no room is counted, and folded into the last page."""
    desk = await opened(NIGHT)
    await desk.pass_time(hours=1)
    for number in range(130):
        await desk.match(f"Story {number}")
    await desk.pass_time(hours=2)
    digests = [sent.message for sent in desk.sink.sent]
    assert [20] * 5 == [len(digest.items) for digest in digests if isinstance(digest, Digest)]
    assert [None, *[desk.sink.sent[0].id] * 4] == [sent.thread_of for sent in desk.sink.sent]
    assert "and 30 more stories" in shown(digests[-1])
    assert all(len(sent) == 1 for sent in (await desk.told()).values())


async def test_who_is_called(opened: Open) -> None:
    """Only whom the configuration names, for the severity of the message; replies call nobody."""
    mentions = {"critical": ["here"], "high": ["S0123456"]}
    desk = await opened({"mentions": mentions}, loud={"severity": "critical"}, high={"severity": "high"})
    await desk.match("<!channel> normal", story="s")
    await desk.match("High", "high", story="t")
    await desk.match("Loud", "loud", story="u")
    await desk.match("More", "high", story="t", additions=FIGURE)
    await desk.work()
    called = [sent.message.mentions for sent in desk.sink.sent if isinstance(sent.message, Message)]
    assert [("here",), (), ("S0123456",), ()] == called


# ---- together ----


async def test_a_mute_that_comes_while_something_is_held(opened: Open) -> None:
    """What was held for the night is held on, and told in the receipt."""
    desk = await opened(NIGHT)
    await desk.pass_time(hours=1)
    await desk.match("Story 0")
    await desk.mute("rule", "armour", timedelta(days=1), reason="noise")
    await desk.pass_time(hours=2)
    assert [] == desk.sink.said()
    await desk.pass_time(hours=22)
    assert ["While muted: rule armour"] != desk.sink.said()  # it is quiet again
    await desk.pass_time(hours=2)
    assert ["While muted: rule armour"] == desk.sink.said()


async def test_who_ends_a_mute_hears_at_once(opened: Open) -> None:
    """Even in the quiet hours."""
    desk = await opened(NIGHT)
    await desk.mute("author", "Jane Doe", timedelta(days=1))
    await desk.match("Story 0", author="John Roe and JANE DOE")
    await desk.match("Story 1", author="John Roe")
    await desk.pass_time(hours=1)
    assert ["Story 1"] == desk.sink.said()
    await desk.unmute("author", "Jane Doe")
    await desk.work()
    assert ["Story 1", "While muted: author jane doe"] == desk.sink.said()
    assert "ended by ben" in shown(desk.sink.sent[-1].message)


async def test_both_mutes_of_stories_that_were_merged_are_ended_together(opened: Open) -> None:
    """As they cannot be told apart by the story's name; what either held is told."""
    desk = await opened()
    for story in ("s", "t"):
        await desk.match(f"First {story}", story=story)
        await desk.mute("story", story, timedelta(hours=8))
        await desk.match(f"More {story}", story=story, feed=1, additions=FIGURE)

    def merge(store: Store) -> None:
        store.moves.move(store.moves.articles(StoryId("s")), into=StoryId("t"), now=desk.now)
        store.mutes.follow(StoryId("s"), into=StoryId("t"))

    await desk.thread.change(merge)
    assert "2 held matches are told now" in await desk.unmute("story", "t")
    await desk.pass_time(minutes=1)
    assert "hold" not in [fate for _, fate in await desk.fates()]


async def test_the_mute_of_a_rule_that_is_gone_can_be_ended(opened: Open) -> None:
    """By the name that it had."""
    desk = await opened(old={})
    await desk.mute("rule", "old", timedelta(hours=8))
    desk.configure({})
    await desk.restart()
    assert "rule old is not muted any more" in await desk.unmute("rule", "old")


async def test_a_mute_follows_its_story(opened: Open) -> None:
    """Into the one that a person makes it part of, with what is held of both."""
    desk = await opened()
    await desk.match("Tanks", story="s")
    await desk.work()
    await desk.mute("story", "s", timedelta(hours=1))

    def merge(store: Store) -> None:
        store.stories.place(article("https://h.example/", title="Other"), placement("t"), (), desk.now)
        store.moves.move(store.moves.articles(StoryId("s")), into=StoryId("t"), now=desk.now)
        store.mutes.follow(StoryId("s"), into=StoryId("t"))

    await desk.thread.change(lambda store: store.stories.save_article(article("https://h.example/", title="Other")))
    await desk.thread.change(merge)
    await desk.match("More", story="t", feed=1, additions=FIGURE)
    await desk.work()
    assert ["Tanks"] == desk.sink.said()
    await desk.pass_time(hours=1)
    assert ["Tanks", "While muted: story t"] == desk.sink.said()


async def test_what_is_held_goes_where_its_rule_tells_now(opened: Open) -> None:
    """A rule that changed its channel meanwhile."""
    desk = await opened(NIGHT)
    await desk.pass_time(hours=1)
    await desk.match("Story 0")
    desk.configure(NIGHT, armour={"channel": "#elsewhere"})
    await desk.close()
    await desk.open()
    await desk.pass_time(hours=2)
    assert ["#elsewhere"] == [sent.target for sent in desk.sink.sent]


async def test_a_clock_that_is_set_back_holds_nothing_longer(opened: Open) -> None:
    """A group of five minutes lasts five minutes, and a mute until a time ends at that time."""
    desk = await opened({"group": "5m"})
    await desk.match("Story 0")
    await desk.mute("rule", "armour", timedelta(hours=3))
    muted_until = desk.now + timedelta(hours=3)
    await desk.unmute("rule", "armour")
    await desk.mute("site", "x.example", timedelta(hours=3))
    step = timedelta(hours=1)
    desk.now -= step
    await desk.thread.change(lambda store: store.clock.set_back(step, desk.now))
    await desk.pass_time(minutes=5)
    assert ["Story 0"] == desk.sink.said()
    active = await desk.thread.ask(lambda store: store.mutes.active(desk.now))
    assert [muted_until - step] == [mute.until for mute in active]


# ---- the pace of a sink ----


async def test_what_comes_just_after_a_message_waits_for_its_turn(opened: Open) -> None:
    """Also when nothing was waiting as that was sent; a clock that is set back makes no one wait longer."""
    desk = await opened()
    desk.sink.pace = timedelta(seconds=1)
    for number in range(3):
        await desk.match(f"News {number}")
        await desk.work()
    assert ["News 0"] == desk.sink.said()
    await desk.pass_time(seconds=1)
    assert ["News 0", "News 1"] == desk.sink.said()
    await desk.set_back(3_600)
    await desk.match("News 3")
    for _ in range(2):
        await desk.pass_time(seconds=1)
    assert [f"News {number}" for number in range(4)] == desk.sink.said()


# ---- outages ----


async def test_after_an_outage(opened: Open) -> None:
    """What is fresh is told as alerts, the critical first; what is stale in one digest, however often it was tried."""
    desk = await opened(loud={"severity": "critical"}, high={"severity": "high"})
    desk.sink.down = True
    await desk.match("Old loud", "loud")
    for number in range(30):
        await desk.match(f"Old {number}")
        await desk.pass_time(minutes=10)
    await desk.match("Fresh")
    await desk.match("Fresh loud", "loud")
    desk.sink.down = False
    for _ in range(30):
        await desk.pass_time(minutes=1)
    said = desk.sink.said()
    assert ["Old loud", "Fresh loud"] == said[:2]
    alerts = [headline for headline in said[2:] if headline != "What waited too long"]
    assert [f"Old {number}" for number in range(30 - len(alerts) + 1, 30)] + ["Fresh"] == alerts
    assert ["What waited too long"] == [said[-1]]
    assert len(said) == len(alerts) + 3
    assert all(len(sent) == 1 for sent in (await desk.told()).values())


async def test_canaries_of_an_outage_are_told_one_by_one(opened: Open) -> None:
    """In a digest nobody would see that they came, and all but the digest would be deleted."""
    desk = await opened(**{canary.RULE: {}})
    desk.sink.down = True
    for story in ("s", "t"):
        await desk.match(f"Canary {story}", canary.RULE, story=story)
    await desk.pass_time(hours=3)
    desk.sink.down = False
    await desk.pass_time(hours=1)
    assert ["Canary s", "Canary t"] == desk.sink.said()


async def test_a_long_outage_ends_in_pages(opened: Open) -> None:
    """Also of stories that were told in several pages before, and of replies to what was never told."""
    desk = await opened()
    desk.sink.down = True
    for number in range(60):
        await desk.match(f"Story {number}", story=f"s{number % 25}", additions=FIGURE if number >= 25 else ())
        await desk.pass_time(minutes=11)
    await desk.pass_time(hours=3)
    desk.sink.down = False
    for _ in range(10):
        await desk.pass_time(minutes=6)
    digests = [sent.message for sent in desk.sink.sent if isinstance(sent.message, Digest)]
    assert [(1, 2), (2, 2)] == [(page.page, page.pages) for page in digests]
    assert 25 == sum(len(page.items) for page in digests)
    assert all(len(sent) == 1 for sent in (await desk.told()).values())


async def test_one_that_is_late_is_an_alert(opened: Open) -> None:
    """It says itself how late it is."""
    desk = await opened()
    desk.sink.down = True
    await desk.match("Alone")
    await desk.work()
    desk.sink.down = False
    await desk.pass_time(hours=9)
    assert ["Alone"] == desk.sink.said()


async def test_a_target_that_takes_nothing_for_an_hour_is_told_to_operators(opened: Open) -> None:
    """Once, by its error, although it may pass; and when it is over. A short trouble is nobody's business."""
    desk = await opened()

    async def told() -> list[str]:
        return [row["text"] for row in await desk.thread.ask(lambda store: store.notices.open())]

    desk.sink.down = True
    await desk.match("Waits")
    for _ in range(5):
        await desk.pass_time(minutes=10)
    assert [] == await told()
    for _ in range(5):
        await desk.pass_time(minutes=10)
    (words,) = await told()
    assert words.startswith("Alerts for slack #news wait since ")
    assert words.endswith(": it is down.")
    desk.sink.down = False
    await desk.pass_time(minutes=10)
    assert [] == await told()
    assert ["Waits"] == desk.sink.said()


async def test_what_was_given_up_is_tried_again(opened: Open) -> None:
    """By a person, by the beginning of its id or all of it; operators are told each time that it is given up."""
    desk = await opened()
    desk.sink.refuses = True
    for number in range(3):
        await desk.match(f"Story {number}")
    for _ in range(3):
        await desk.pass_time(minutes=1)
    dead = await desk.thread.ask(lambda store: store.deliveries.dead())
    assert 3 == len(dead)
    letters = DeadLetters(lambda: desk.now, sinks={"slack"})
    with pytest.raises(Refused, match="fits more than one message"):
        await desk.thread.change(lambda store: letters.release(store, [""]))
    with pytest.raises(Refused, match="is no message"):
        await desk.thread.change(lambda store: letters.release(store, ["zz"]))
    desk.sink.refuses = False
    await desk.thread.change(lambda store: letters.release(store, [dead[0][:12], dead[0][:13]]))
    await desk.work()
    await desk.thread.change(lambda store: letters.release(store, ["--all"]))
    await desk.work()
    assert ["Story 0", "Story 1", "Story 2"] == desk.sink.said()
    notices = await desk.rows("select text from notices where kind = 'dead'")
    assert 3 == len(notices)
    assert f"alerts release {dead[0][:12]}" in notices[0]["text"]


async def test_operators_hear_of_a_form_that_is_refused(opened: Open) -> None:
    """Once, until the full form is taken again: readers had the plain text meanwhile."""
    desk = await opened()
    for number in range(3):
        await desk.match(f"Story {number}")
        desk.sink.refuses = number < 2
        (head,) = await desk.thread.ask(lambda store: store.deliveries.heads())
        await desk.deliverer.deliver(head.id)
        desk.sink.refuses = False
        await desk.work()
    assert ["Story 0", "Story 1", "Story 2"] == desk.sink.said()
    notices = await desk.rows("select text, over_text from notices where kind = 'plain'")
    assert [
        {
            "text": "slack #news did not take an alert in its full form, so it was told as plain text: Story 0 "
            "(it does not like it).",
            "over_text": "Alerts for slack #news are taken in their full form.",
        }
    ] == notices


async def test_a_digest_that_waits_follows_its_rules(opened: Open) -> None:
    """To their new channel, never to the operators'."""
    desk = await opened(NIGHT)
    desk.sink.down = True
    await desk.pass_time(hours=1)
    await desk.match("Story 0")
    await desk.match("Story 1")
    await desk.pass_time(hours=2)

    def reload(store: Store) -> None:
        store.deliveries.reroute({"armour": "#elsewhere"}, sink="slack")
        store.deliveries.part({"armour": "#elsewhere"}, sink="slack")
        store.deliveries.reroute({}, sink="slack", operations="#operations")

    await desk.thread.change(reload)
    desk.sink.down = False
    await desk.pass_time(hours=1)
    assert [("#elsewhere", "What came in the quiet hours")] == [
        (sent.target, headline) for sent, headline in zip(desk.sink.sent, desk.sink.said(), strict=True)
    ]
