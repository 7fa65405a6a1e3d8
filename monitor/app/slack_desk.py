"""What a click below an alert or a `/news` in Slack does: who may, which command it is, and the answer.

Whatever changes something goes through `Commands`, as on the command line, so that it is recorded with who asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from monitor.alerts.sink import SLACK
from monitor.alerts.sinks.slack_buttons import Action, span_and_rule
from monitor.alerts.sinks.slack_replies import Replies
from monitor.alerts.sinks.slack_requests import Asker, Click, Words
from monitor.alerts.sinks.slack_text import escape
from monitor.app import slack_words
from monitor.app.commands import Command, Commands
from monitor.app.slack_backtest import SlackBacktest
from monitor.app.store_thread import StoreThread
from monitor.errors import Refused, SinkError, StoreError
from monitor.model import DeliveryId, Message, Notice
from monitor.spans import span
from monitor.store.sqlite.store import Store
from monitor.store.sqlite.values import to_text

log = logging.getLogger(__name__)

NOTICE = ("slack", "socket")
REASON = "from Slack"
LONGEST_MUTE = timedelta(days=365)
MUTABLE = ("story", "rule", "feed", "site", "author")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask, and where. `users`: Slack's ids, none for everybody who is in one of the channels."""

    users: frozenset[str]
    channels: frozenset[str]  # as configured: #name or Slack's id


class SlackDesk:
    def __init__(
        self,
        *,
        commands: Commands,
        access: Access,
        replies: Replies,
        store: StoreThread,
        database: Path,
        backtest: SlackBacktest,
        clock: Callable[[], datetime],
    ) -> None:
        self._backtest = backtest
        self._commands = commands
        self._access = access
        self._replies = replies
        self._store = store
        self._database = database
        self._clock = clock

    async def take(self, asked: Click | Words) -> None:
        """Do it and say so to the one who asked. Never raises: nobody else would be told."""
        try:
            answer = await self._said(asked)
            if answer:
                await self._replies.answer(asked.asker, answer)
        except SinkError as e:
            log.warning("somebody in Slack was not answered", extra={"why": str(e), "by": str(asked.asker)})

    async def _said(self, asked: Click | Words) -> Iterable[str]:
        try:
            return await self._answered(asked)
        except (Refused, StoreError) as e:
            return [escape(f"Not done: {e}")]
        except SinkError:
            raise
        except Exception:
            log.exception("a request from Slack failed unexpectedly")
            return ["Not done: that went wrong here; the log of news-monitor has more."]

    async def tell(self, wrong: str | None) -> None:
        """Operators, of whether anybody is heard."""
        try:
            await self._store.change(lambda store: self._notice(store, wrong))
        except StoreError as e:
            log.error("operators cannot be told", extra={"why": str(e)})

    def _notice(self, store: Store, wrong: str | None) -> None:
        if wrong is None:
            store.notices.end(NOTICE[0], NOTICE[1:], "Clicks and commands in Slack are heard again.", self._clock())
        else:
            words = f"Clicks and commands in Slack are not heard, alerts go out as ever: {wrong}."
            store.notices.add_anew(Notice(*NOTICE, words), self._clock())

    # ---- who may ----

    async def _answered(self, asked: Click | Words) -> Iterable[str]:
        refusal = await self._store.ask(lambda store: self._refusal(store, asked.asker))
        if refusal is not None:
            log.warning("refused in Slack", extra={"by": str(asked.asker), "channel": asked.asker.channel})
            return [f"Not done: {refusal}"]
        return await (self._click(asked) if isinstance(asked, Click) else self._words(asked))

    def _refusal(self, store: Store, asker: Asker) -> str | None:
        if self._access.users and asker.user not in self._access.users:
            return "you are not among those who may; ask whoever keeps slack.allowed_users."
        if asker.channel not in set(self._channel_ids(store)):
            return "not from here; ask in a channel where alerts are posted, or add this one to slack.allowed_channels."
        return None

    def _channel_ids(self, store: Store) -> Iterator[str]:
        """Slack's own ids: a name could be anybody's by now."""
        for channel in self._access.channels:
            known = store.deliveries.own_id(sink=SLACK, target=channel) if channel.startswith("#") else channel
            if known:
                yield known

    # ---- a click ----

    async def _click(self, click: Click) -> Iterable[str]:
        if click.action is Action.WHY:
            lines = await self._store.ask(lambda store: list(slack_words.why(store, click.key)))
            await self._show(click.asker, "Why this alert", lines)
            return ()
        return map(escape, (await self._perform(click.asker, *await self._command(click))).split("\n"))

    async def _show(self, asker: Asker, title: str, lines: list[str]) -> None:
        """In a modal; where that comes too late, as an answer."""
        try:
            await self._replies.show(asker, title, lines)
        except SinkError as e:
            log.info("no modal, an answer instead", extra={"why": str(e)})
            await self._replies.answer(asker, lines)

    async def _command(self, click: Click) -> tuple[str, tuple[str, ...]]:
        asker = click.asker
        if click.action in (Action.RELEVANT, Action.NOT_RELEVANT):
            return "feedback", (click.action, click.key, asker.user, str(asker))
        lasting, rule = span_and_rule(click.value)
        if rule:
            return "mute", ("rule", rule, self._until(lasting), REASON)
        story = await self._store.ask(lambda store: _story(store, click.key))
        return "mute", ("story", story, self._until(lasting), REASON)

    def _until(self, span: timedelta) -> str:
        return to_text(self._clock() + span)

    async def _perform(self, asker: Asker, name: str, arguments: tuple[str, ...]) -> str:
        command = Command(name, arguments, str(asker))
        done = await self._commands.perform(command)
        log.info("command", extra={"asked": command.asked, "by": command.by, "done": done})
        return done

    # ---- /news ----

    async def _words(self, words: Words) -> Iterable[str]:
        verb = next(iter(words.text.split(maxsplit=1)), "")
        rest = words.text[len(verb) + 1 :]
        match verb.casefold():
            case "status":
                return await self._read(lambda store: slack_words.status(store, self._clock()))
            case "search":
                return await self._read(lambda store: slack_words.search(store, rest))
            case "explain":
                return await self._read(lambda store: slack_words.explain(store, rest.strip()))
            case "backtest":
                return await self._backtest.answer(rest)
            case "mute":
                return [escape(await self._perform(words.asker, "mute", await self._mute(rest)))]
            case "unmute":
                return [escape(await self._perform(words.asker, "unmute", await self._unmute(rest)))]
            case "" | "help":
                return slack_words.HELP
        return [f"I do not know “{escape(verb)}”.", *slack_words.HELP]

    async def _read(self, verb: Callable[[Store], Iterator[str]]) -> list[str]:
        """On a reader of its own: what takes long must not hold the writer up."""
        return await asyncio.to_thread(_reading, self._database, verb)

    async def _mute(self, rest: str) -> tuple[str, str, str, str]:
        """`story 3f2a 8h old news`: a name may have spaces, so the span divides it from the reason."""
        kind, *words = rest.split() or [""]
        spans = [span(word) for word in words]
        at = next((index for index, said in enumerate(spans) if said is not None), 0)
        if kind not in MUTABLE or not at or (lasting := spans[at]) is None:
            raise Refused(f"write /news mute {'|'.join(MUTABLE)} NAME 8h [WHY], the time in m, h, d or w")
        if not timedelta(0) < lasting <= LONGEST_MUTE:
            raise Refused("the longest time is 365d")
        reason = " ".join(words[at + 1 :]) or REASON
        return kind, await self._subject(kind, words[:at]), self._until(lasting), reason

    async def _unmute(self, rest: str) -> tuple[str, str]:
        kind, *words = rest.split() or [""]
        if kind not in MUTABLE or not words:
            raise Refused(f"write /news unmute {'|'.join(MUTABLE)} NAME")
        return kind, await self._subject(kind, words)

    async def _subject(self, kind: str, words: Sequence[str]) -> str:
        """Stories are called by the beginning of their ids."""
        name = " ".join(words)
        return await self._store.ask(lambda store: _named(store, name)) if kind == "story" else name


def _reading(database: Path, verb: Callable[[Store], Iterator[str]]) -> list[str]:
    store = Store.reader(database)
    try:
        return list(verb(store))
    finally:
        store.close()


def _story(store: Store, key: DeliveryId) -> str:
    """The story that a message belongs to now: it may have been merged since."""
    row = store.ledger.message(key)
    message = row["message"] if row else None
    if not isinstance(message, Message):
        raise Refused("the database does not know this message any more")
    return store.moves.story_of(message.article_id) or message.story_id


def _named(store: Store, beginning: str) -> str:
    found = store.moves.named(beginning)
    if len(found) != 1:
        raise Refused(f"{beginning!r} fits {len(found)} stories; write more of its id, it stands below each alert")
    return found[0]
