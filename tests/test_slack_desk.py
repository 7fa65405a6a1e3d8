"""Slack as a place to work: a daemon in this process, its messages in the stand-in, and people who click and type."""

from __future__ import annotations

import asyncio
import io
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.alerts.sinks.slack_buttons import Action
from monitor.alerts.sinks.slack_replies import sections
from monitor.alerts.sinks.slack_requests import Asker, Click, Words
from monitor.app import config as configuration
from monitor.app.commands import Commands
from monitor.app.daemon import Daemon
from monitor.app.slack_backtest import SlackBacktest
from monitor.app.slack_desk import Access, SlackDesk
from monitor.app.store_thread import StoreThread
from monitor.errors import Refused, SinkError
from monitor.model import DeliveryId
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store
from monitor.store.sqlite.values import to_time
from tests import slack_blocks, slack_mrkdwn
from tests.builders import NOON
from tests.hostile_texts import CORES
from tests.newsroom import TALKS, TANKS, Newsroom, write_config
from tests.slack_blocks import objects
from tests.slack_standin import APP_TOKEN, TOKEN, Message, Person, SlackStandIn, Token
from tests.test_daemon import until

TITLE = "Serbia moves tanks to the border <!channel>"
NEAR = "rules: [{name: drones, match: {all: [{concept: kosovo}, drones]}}]\n"
BOB = Person("U0BOB", "bob")


@dataclass
class World:
    """A daemon that has told one story with two rules, and the Slack it told it in."""

    slack: SlackStandIn
    paper: Newsroom
    database: Path
    url: str
    daemon: Daemon

    @property
    def message(self) -> Message:
        return self.slack.messages("C0ALERTS")[0]

    @property
    def answers(self) -> list[str]:
        return ["\n".join(_texts(answer.blocks)) for answer in self.slack.people.answers]

    async def answered(self, number: int) -> str:
        await until(lambda: len(self.answers) >= number)
        return self.answers[number - 1]

    def rows(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()


def _texts(blocks: Sequence[Any]) -> list[str]:
    return [str(item["text"]) for item in objects(list(blocks)) if isinstance(item.get("text"), str)]


@asynccontextmanager
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **slack_keys: Any) -> AsyncIterator[World]:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("SLACK_APP_TOKEN", APP_TOKEN)
    async with SlackStandIn() as slack, Newsroom() as paper:
        url = paper.publish(TITLE, TANKS, "/tanks")
        keys = {"app_token": "${SLACK_APP_TOKEN}", **slack_keys}
        config = write_config(
            tmp_path / "config",
            [("A", paper.feed_url)],
            slack_url=slack.url,
            slack=keys,
            baseline={"alert_last": "6h"},
            schedule={"every": "1s"},
        )
        (config / "rules" / "near.yaml").write_text(NEAR)
        daemon = Daemon(configuration.load(config), io.StringIO())
        task = asyncio.create_task(daemon.run())
        try:
            await until(lambda: bool(slack.messages("C0ALERTS")) and bool(slack.people.sockets))
            await until(lambda: _is_sent(tmp_path / "news.db"))
            yield World(slack, paper, tmp_path / "news.db", url, daemon)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _is_sent(database: Path) -> bool:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return bool(connection.execute("select 1 from deliveries where state = 'sent'").fetchall())


async def test_a_day_at_the_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts are kept (one a person, the last), the modal explains, questions are answered to the asker alone."""
    async with world(tmp_path, monkeypatch) as here:
        await here.slack.click(here.message, "relevant")
        assert "Noted as relevant" in await here.answered(1)
        await here.slack.click(here.message, "not-relevant", again=2)
        assert "Rule kosovo: 1 of 1 judged alerts of 30 days are false alarms" in await here.answered(2)
        await here.slack.click(here.message, "relevant", by=BOB)
        assert "propose" not in await here.answered(3)
        told = here.rows(
            "select a.rule, f.verdict, f.by from feedback f join alerts a on a.id = f.alert_id order by 1, 3"
        )
        ann, bob = ("not-relevant", "slack U0ANN ann"), ("relevant", "slack U0BOB bob")
        assert [("armour", *ann), ("armour", *bob), ("kosovo", *ann), ("kosovo", *bob)] == told
        actions = here.rows("select name, by, arguments from actions order by id")
        assert ["feedback"] * 3 == [name for name, _, _ in actions]
        assert ["slack U0ANN ann", "slack U0ANN ann", "slack U0BOB bob"] == [by for _, by, _ in actions]

        await here.slack.click(here.message, "why")
        await until(lambda: len(here.slack.people.views) == 1)
        (user, view), shown = here.slack.people.views[0], ""
        shown = "\n".join(_texts(view["blocks"]))  # type: ignore[arg-type]
        assert "U0ANN" == user
        for words in (
            "armour",
            "version",
            "concept kosovo",
            "*Came near*",
            "• drones: missing",
            "*Times*",
            "• told <!date",
            "1 outlet",
        ):
            assert words in shown

        for number, (text, expected) in enumerate(
            {
                "status": "*Audit* balanced",
                "search tanks BORDER": "Serbia moves tanks",
                "search 100% _nothing": "no article has it",
                'search "the border" title:tank*': "Serbia moves tanks",
                'search "the border': "Not done: query, column 1: the quotation mark",
                f"explain {here.url}": "*Alert* armour post",
                "backtest border": "*+1 −0* alerts in 30 days, compared with no rule: 0 → 1",
                "backtest\n```\nrules:\n- name: kosovo\n  match: nothing\n```": "compared with today's kosovo: 1 → 0",
                "backtest tanks AND": "your rule:1: column 10: something must follow here",
                "backtest": "Not done: write a query, as in",
                "explain https://nowhere.example/x": "Never seen",
                "explain nonsense": "Not done: write the address",
                "search": "Not done: write what to search for",
                "help": "/news status",
                "": "/news status",
                "<!channel> dance": "I do not know",
                "mute story": "Not done: write /news mute",
                "mute story ffff 8h": "fits 0 stories",
                "mute rule armour 999d": "the longest time",
            }.items(),
            start=4,
        ):
            await here.slack.command(text)
            assert expected in await here.answered(number), text
        assert {"U0ANN"} == {answer.user for answer in here.slack.people.answers[3:]}
        assert all(answer.ephemeral for answer in here.slack.people.answers)
        assert ([], [], []) == (here.slack.people.mentions, here.slack.people.refused, here.slack.people.unacknowledged)
        assert [] == here.slack.mentions


async def test_who_may_not_is_told_so_and_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a stranger in the channel nor anybody from another channel."""
    async with world(tmp_path, monkeypatch, allowed_users=["U0BOB"]) as here:
        await here.slack.click(here.message, "relevant")
        assert "slack.allowed_users" in await here.answered(1)
        await here.slack.command("status", by=BOB, channel="C0ELSEWHERE")
        assert "slack.allowed_channels" in await here.answered(2)
        await here.slack.click(here.message, "not-relevant", by=BOB, channel="C0ELSEWHERE")
        await here.answered(3)
        assert [(0, 0)] == here.rows("select (select count(*) from feedback), (select count(*) from actions)")
        await here.slack.command("status", by=BOB)
        assert "*Feeds* 1" in await here.answered(4)


async def test_a_reload_moves_the_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another connection under the new configuration; a channel that no alert goes to may be named."""
    async with world(tmp_path, monkeypatch) as here:
        await here.slack.command("help", channel="C0BALKANS")
        assert "slack.allowed_channels" in await here.answered(1)
        file = tmp_path / "config" / "monitor.yaml"
        file.write_text(file.read_text().replace("slack:\n", "slack:\n  allowed_channels: ['#balkans-watch']\n"))
        await until(lambda: here.slack.people.opened == 2 and len(here.slack.people.sockets) == 1)
        await until(lambda: bool(here.rows("select 1 from sink_names where target = '#balkans-watch'")))
        await here.slack.command("help", channel="C0BALKANS")
        assert "/news status" in await here.answered(2)
        await here.slack.command("help", channel="C0ALERTS")
        assert "slack.allowed_channels" in await here.answered(3)


async def test_a_revoked_app_token_stops_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators are told once, and the next story goes out as ever."""
    async with world(tmp_path, monkeypatch, ops_channel="#news-ops") as here:
        here.slack.set_token(APP_TOKEN, Token(frozenset({"connections:write"}), is_app=True, revoked=True))
        await here.slack.people.disconnect()
        here.paper.publish("Kosovo talks end without result", TALKS)
        await until(lambda: len(here.slack.messages("C0ALERTS")) == 2)
        await until(lambda: bool(here.rows("select 1 from notices where about = 'slack' and kind = 'socket'")))
        ((words,),) = here.rows("select text from notices where about = 'slack' and kind = 'socket'")
        assert "token_revoked" in words


async def test_without_an_app_token_there_are_no_buttons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody hears is not offered."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    async with SlackStandIn() as slack, Newsroom() as paper:
        paper.publish(TITLE, TANKS, "/tanks")
        config = write_config(
            tmp_path / "config", [("A", paper.feed_url)], slack_url=slack.url, baseline={"alert_last": "6h"}
        )
        await Daemon(configuration.load(config), io.StringIO()).run_once()
        (told,) = slack.messages()
    assert [] == [item for item in objects(list(told.blocks)) if item.get("type") in ("actions", "button")]


# ---- the desk alone, with verbs of its own ----


@dataclass
class Replies:
    """Keeps what was answered; shows no modal when it is told to."""

    answers: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    too_late: bool = False

    async def answer(self, asker: Asker, lines: Any) -> None:
        self.answers.append("\n".join(lines))

    async def show(self, asker: Asker, title: str, lines: Any) -> None:
        if self.too_late:
            raise SinkError("Slack said expired_trigger_id")
        self.shown.append(title)


ASKER = Asker("U0ANN", "ann", "C0ALERTS", "https://hooks.slack.com/x", "1.2.abc")


@asynccontextmanager
async def desk(tmp_path: Path, verb: Callable[[Store, Sequence[str]], str]) -> AsyncIterator[tuple[SlackDesk, Replies]]:
    store, replies = StoreThread(lambda: Store.writer(tmp_path / "news.db")), Replies()
    await store.open()
    try:
        yield (
            SlackDesk(
                commands=Commands({"mute": verb, "unmute": verb}, store, lambda: NOON),
                access=Access(frozenset(), frozenset({"C0ALERTS"})),
                replies=replies,
                store=store,
                database=tmp_path / "news.db",
                backtest=SlackBacktest(RuleSet(()), (), tmp_path / "news.db", lambda: NOON),
                clock=lambda: NOON,
            ),
            replies,
        )
    finally:
        await store.close()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            Click(ASKER, Action.SNOOZE_RULE, DeliveryId("k"), "168 armour"),
            ("rule", "armour", timedelta(days=7), "from Slack"),
        ),
        (Words(ASKER, "mute rule armour 8h"), ("rule", "armour", timedelta(hours=8), "from Slack")),
        (
            Words(ASKER, "mute feed Test Courier 90m too  loud"),
            ("feed", "Test Courier", timedelta(minutes=90), "too loud"),
        ),
        (Words(ASKER, "MUTE site courier.example 1d"), ("site", "courier.example", timedelta(days=1), "from Slack")),
    ],
)
async def test_mutes_are_asked_for_as_a_command(
    tmp_path: Path, asked: Click | Words, expected: tuple[str, str, timedelta, str]
) -> None:
    """With kind, subject, until when and why; what was done is answered."""
    performed: list[tuple[str, ...]] = []

    def verb(store: Store, arguments: Sequence[str]) -> str:
        performed.append(tuple(arguments))
        return "Muted <!here>."

    async with desk(tmp_path, verb) as (desk_, replies):
        await desk_.take(asked)
    ((kind, subject, until_, reason),) = performed
    assert expected == (kind, subject, to_time(until_) - NOON, reason)
    assert ["Muted &lt;!here&gt;."] == replies.answers


@pytest.mark.parametrize(
    ("error", "words"), [(Refused("no such rule"), "Not done: no such rule"), (ZeroDivisionError(), "the log")]
)
async def test_what_fails_is_said(tmp_path: Path, error: Exception, words: str) -> None:
    """In words for a refusal; a fault of ours is in the log, and the desk goes on."""

    def verb(store: Store, arguments: Sequence[str]) -> str:
        raise error

    async with desk(tmp_path, verb) as (desk_, replies):
        await desk_.take(Words(ASKER, "mute rule armour 8h"))
        await desk_.take(Words(ASKER, "help"))
    assert words in replies.answers[0]
    assert 2 == len(replies.answers)


async def test_an_unmute_is_a_command_too(tmp_path: Path) -> None:
    """With kind and subject; one that names neither is told how."""
    asked: list[Sequence[str]] = []

    def verb(store: Store, arguments: Sequence[str]) -> str:
        asked.append(arguments)
        return "Unmuted."

    async with desk(tmp_path, verb) as (desk_, replies):
        await desk_.take(Words(ASKER, "unmute feed Test Courier"))
        await desk_.take(Words(ASKER, "unmute everything"))
    assert [("feed", "Test Courier")] == asked
    assert "Not done: write /news unmute" in replies.answers[1]


async def test_hostile_words_do_no_harm_to_the_one_who_types_them(tmp_path: Path) -> None:
    """Nor to anybody else: they come back escaped, in messages that Slack takes."""
    async with desk(tmp_path, lambda store, arguments: arguments[1]) as (desk_, replies):
        for evil in CORES:
            for verb in ("", "search ", "explain ", "mute rule ", "mute story ", "backtest ", "backtest match:\n- "):
                await desk_.take(Words(ASKER, f"{verb}{evil} 8h"))
    for answer in replies.answers:
        blocks = sections(answer.split("\n"))
        assert [] == slack_blocks.problems(blocks)
        assert () == slack_mrkdwn.mentions("", blocks, link_names=False)
        assert () == slack_mrkdwn.links("", blocks, bare=False)
        assert () == slack_mrkdwn.emojis(blocks)


async def test_a_modal_that_comes_too_late_is_an_answer(tmp_path: Path) -> None:
    """Three seconds are few when a disk is slow."""
    async with desk(tmp_path, lambda store, arguments: "") as (desk_, replies):
        replies.too_late = True
        await desk_._show(ASKER, "Why this alert", ["because"])
    assert (["because"], []) == (replies.answers, replies.shown)


async def test_a_message_that_is_gone_is_said(tmp_path: Path) -> None:
    """Its buttons stand in Slack for ever; the database may be another one by now."""
    async with desk(tmp_path, lambda store, arguments: "") as (desk_, replies):
        for action in (Action.WHY, Action.MUTE_STORY):
            await desk_.take(Click(ASKER, action, DeliveryId("gone"), "8"))
    assert ["Not done: the database does not know this message any more"] * 2 == replies.answers
