"""A canary: now and then an invented article goes the whole real way, from a feed to the operators' channel.

Its feed and page are served by this program to itself (`Http` asks no network for them); from there on it is polled,
parsed, extracted, matched, put into a story, alerted and delivered like any other. When it does not arrive, operators
are told by every other way. What it leaves is deleted once it has arrived, so that it is in no search, no story, no
count and no backtest (canary_watch.py). The word that its rule waits for stands on its page only, so that an extractor
that is dead does not pass for one that works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from monitor.app.config import Config
from monitor.http import Response
from monitor.ids import feed_id
from monitor.model import Decision, Digest, Feed, FeedId, Message, PagePolicy, Report
from monitor.rules import schema

HOST = "canary.invalid"  # of a domain that never is one (RFC 2606)
FEED_URL = f"https://{HOST}/feed"
FEED = feed_id(FEED_URL)
RULE = "news-monitor-canary"
SHOWN = 3  # items in its feed

_TITLE = "Canary {number}: a test of the news monitor"
_PARAGRAPHS = (
    "This is canary number {number}, an article that the news monitor invented to see whether it still works. It was "
    "not published by anybody, and nothing happened that it tells of.",
    "A zvizgalica, the bird of this test, sat on the wire at {time} and sang its usual song. It looked at feed number "
    "{number}, found that entry, and waited for its page to be read by a process of the monitor.",
    "If you can read this in the channel for operators, then the feed was polled, its page was extracted, a rule was "
    "matched, a story was opened and a message was delivered. There is nothing that you have to do.",
    "The monitor speaks up on its own when a canary does not arrive in time: in its log, by its heartbeat, and in its "
    "numbers. Until then silence about canary {number} means that it got here.",
)


def added(config: Config) -> Config:
    """The configuration with the canary's feed and rule, if it is to have them."""
    section = config.monitor.canary
    if section is None:
        return config
    directory = Path(__file__).with_name("canary_rule")
    (rule,) = schema.load(directory, directory / "concepts").rules
    rule = replace(rule, channel=config.monitor.slack.ops_channel)
    feed = Feed(FEED, "Canary", FEED_URL, every=section.every, pages=PagePolicy.ALWAYS)
    rules, written = (replace(known, rules=(*known.rules, rule)) for known in (config.rules, config.written))
    return replace(config, feeds=(*config.feeds, feed), rules=rules, written=written)


def apart(decisions: Iterable[Decision], feed: FeedId) -> tuple[Decision, ...]:
    """The canary is for its own rule only, and that rule for nothing else."""
    return tuple(decision for decision in decisions if (decision.rule == RULE) == (feed == FEED))


def tells_of(told: Message | Digest | Report | None) -> bool:
    """Whether a message is a canary's: it is for operators alone, and no rhythm and no outage puts it into a digest."""
    return isinstance(told, Message) and any(reason.rule == RULE for reason in told.reasons)


def site(every: timedelta, clock: Callable[[], datetime]) -> Callable[[str], Response]:
    """What stands at an address of the canary's site. There is a new article each `every`."""

    def answer(url: str) -> Response:
        now, path = clock(), url.removeprefix(f"https://{HOST}")
        number = int(now.timestamp() // every.total_seconds())
        if path == "/feed":
            return _response(url, "application/rss+xml; charset=utf-8", _feed(number, every), now)
        if path.startswith("/article/") and path.removeprefix("/article/").isdigit():
            page = _page(int(path.removeprefix("/article/")), every)
            return _response(url, "text/html; charset=utf-8", page, now)
        return _response(url, "text/plain", "not here", now, status=404)

    return answer


def _response(url: str, content_type: str, text: str, at: datetime, status: int = 200) -> Response:
    return Response(url, status, {"Content-Type": content_type}, text.encode(), False, at)


def _feed(number: int, every: timedelta) -> str:
    items = "".join(
        f"<item><title>{_TITLE.format(number=n)}</title><link>https://{HOST}/article/{n}</link><guid>{n}</guid>"
        f"<pubDate>{format_datetime(_time(n, every))}</pubDate></item>"
        for n in range(number, number - SHOWN, -1)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Canary</title>{items}</channel></rss>'


def _page(number: int, every: timedelta) -> str:
    title, at = _TITLE.format(number=number), _time(number, every)
    text = "".join(f"<p>{p.format(number=number, time=f'{at:%H:%M} UTC')}</p>" for p in _PARAGRAPHS)
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{title}</title></head>"
        f"<body><article><h1>{title}</h1>{text}</article></body></html>"
    )


def _time(number: int, every: timedelta) -> datetime:
    return datetime.fromtimestamp(number * every.total_seconds(), UTC)
