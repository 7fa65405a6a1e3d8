"""Manners towards publishers: what a feed reader is graded on, over real sockets.

What needs the daemon (restarts, two processes, probing a lying 304) is tested where the daemon is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from monitor.articles.download import download
from monitor.errors import FetchError
from monitor.feeds.cadence import Bounds, Brought, after_failure, after_success
from monitor.feeds.fetch import fetch
from monitor.http import Http, HttpSettings
from monitor.http_gate import MOST_HOLDS, Gate, Holds, host_of
from monitor.model import Feed, FeedId, FeedState
from tests.feed_server import LOOPBACK, StubResolver, answered, loopback_http, serving

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTINGS = HttpSettings(user_agent="test/1", allow_networks=(LOOPBACK,), pace=timedelta())
DATE = "Wed, 25 Nov 2026 10:00:00 GMT"
LATER = "Wed, 25 Nov 2026 11:00:00 GMT"


@dataclass
class Guest:
    """We, with a clock that a test can turn and an ear for holds."""

    http: Http
    clock: list[datetime]
    told: list[tuple[str, datetime]]

    def wait(self, span: timedelta) -> None:
        self.clock[0] += span

    async def get(self, url: str) -> int | FetchError:
        try:
            return (await self.http.get(url, max_bytes=1000)).status
        except FetchError as e:
            return e


@asynccontextmanager
async def guest(settings: HttpSettings = SETTINGS, resolver: StubResolver | None = None) -> AsyncIterator[Guest]:
    clock = [NOW]
    told: list[tuple[str, datetime]] = []
    http = loopback_http(
        settings=settings,
        resolver=resolver,
        clock=lambda: clock[0],
        on_hold=lambda host, until: told.append((host, until)),
    )
    async with http:
        yield Guest(http, clock, told)


# ---- conditional requests ----

Validators = tuple[str | None, str | None]  # ETag, Last-Modified


def with_validators(status: int, validators: Validators) -> bytes:
    etag, modified = validators
    headers = {"ETag": etag, "Last-Modified": modified}
    return answered(status, b"<rss/>" * (status == 200), headers={k: v for k, v in headers.items() if v})


@pytest.mark.parametrize(
    ("answers", "sent_last"),
    [
        ([(200, ('"a"', DATE))], ('"a"', DATE)),
        ([(200, ('"a"', DATE)), (304, (None, None))], ('"a"', DATE)),
        ([(200, ('"a"', DATE)), (304, ('"a"', None))], ('"a"', DATE)),
        ([(200, ('"a"', DATE)), (200, ('"b"', DATE))], ('"b"', DATE)),  # same body, new ETag: touched
        ([(200, ('"a"', DATE)), (200, ('"b"', LATER))], ('"b"', LATER)),
        ([(200, ('"a"', DATE)), (304, ('"b"', LATER))], ('"b"', LATER)),
        ([(200, ('"a"', DATE)), (200, (None, DATE))], (None, DATE)),
        ([(200, ('"a"', DATE)), (200, (None, None))], (None, None)),
        ([(200, ('"a-gzip"', None)), (304, (None, None))], ('"a-gzip"', None)),
        ([(200, ('"a-gzip"', None))] * 3, ('"a-gzip"', None)),
        ([(200, ('"a-gzip"', None))] * 4, ('"a-gzip", "a"', None)),
        ([*[(200, ('"a-gzip"', None))] * 4, (304, (None, None))], ('"a-gzip", "a"', None)),
        ([(200, ('"a"', None))] * 5, ('"a"', None)),
        ([(200, ('W/"a"', "0")), (500, ('"z"', LATER))], ('W/"a"', "0")),
        ([(200, ('"a"', DATE)), (403, ('"z"', LATER)), (404, ('"z"', None))], ('"a"', DATE)),
    ],
)
async def test_validators_over_several_polls(answers: Sequence[tuple[int, Validators]], sent_last: Validators) -> None:
    """The first request has no conditions; every later one those of the last good answer, and only those."""
    state = FeedState(FeedId("f"), next_poll_at=NOW)
    async with guest() as we, serving() as site:
        feed = Feed(FeedId("f"), "News", site.url("/feed"))
        for status, validators in [*answers, (304, (None, None))]:
            site.answers["/feed"] = with_validators(status, validators)
            try:
                outcome = await fetch(feed, state, we.http)
                state = after_success(feed, state, outcome, NOW, Bounds(), Brought(body_hash="same", shown=0))
            except FetchError as e:
                state = after_failure(feed, state, e, NOW, Bounds())
    first, last = site.asked[0].headers, site.asked[-1].headers
    assert {"if-none-match", "if-modified-since"}.isdisjoint(first)
    sent = (last.get("if-none-match"), last.get("if-modified-since"))
    assert sent == tuple(None if value is None else value.encode() for value in sent_last)


async def test_every_request_looks_the_same() -> None:
    """Polls differ in their conditions only: one user agent, one encoding; no cookie, Referer or HEAD before."""
    cookies = "".join(f"Set-Cookie: c{i}={i}; Path=/\r\n" for i in range(100)).encode()
    feed_answer = b'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 0\r\n' + cookies + b"\r\n"
    async with guest() as we, serving(feed=feed_answer, old=answered(301, headers={"Location": "/feed"})) as site:
        state = FeedState(FeedId("f"), next_poll_at=NOW)
        for path in ("/feed", "/old"):
            await fetch(Feed(FeedId("f"), "News", site.url(path)), state, we.http)
            state = replace(state, etag='"a"')
    assert [asked.path for asked in site.asked] == ["/feed", "/old", "/feed"]
    assert {frozenset(asked.headers) - {"if-none-match"} for asked in site.asked} == {
        frozenset({"host", "user-agent", "accept", "accept-encoding"})
    }


# ---- hosts that ask to be left alone ----


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"Retry-After": "3600"}, HOUR),
        (503, {"Retry-After": "3600"}, HOUR),
        (429, {"Retry-After": LATER, "Date": DATE}, HOUR),
        (429, {"Retry-After": LATER}, HOUR),
        (503, {"Retry-After": "Thu, 26 Nov 2026 11:00:00 GMT", "Date": "Thu, 26 Nov 2026 10:00:00 GMT"}, HOUR),
        (429, {"Retry-After": "1000000000000"}, timedelta(days=7)),
        (429, {"Retry-After": "Wed, 25 Nov 2099 10:00:00 GMT"}, timedelta(days=7)),
        (429, {"Retry-After": "0"}, None),
        (429, {"Retry-After": "-1"}, None),
        (429, {"Retry-After": "soon"}, None),
        (429, {"Retry-After": "Wed, 25 Nov 2026 09:00:00 GMT"}, None),
        (429, {}, None),
        (503, {}, None),
        (200, {"Retry-After": "3600"}, None),
        (404, {"Retry-After": "3600"}, None),
        (500, {"Retry-After": "3600"}, None),
    ],
)
async def test_who_is_held(status: int, headers: dict[str, str], wait: timedelta | None) -> None:
    """429 and 503 with a time hold the host so long, a week at most; nothing else does."""
    async with guest() as we, serving(a=answered(status, headers=headers)) as site:
        assert status == await we.get(site.url("/a"))
        host = f"127.0.0.1:{site.port}"
        expected = {} if wait is None else {host: NOW + wait}
        assert (expected, list(expected.items())) == (we.http.holds(), we.told)


async def test_nothing_is_sent_while_a_host_is_held() -> None:
    """The whole host is left alone, whatever asks for which path; others are not concerned; then it is asked again."""
    async with guest() as we, serving(feed=answered(429, headers={"Retry-After": "3600"})) as site, serving() as other:
        state = FeedState(FeedId("f"), next_poll_at=NOW)
        with pytest.raises(FetchError, match="too often") as caught:
            await fetch(Feed(FeedId("f"), "News", site.url("/feed")), state, we.http)
        assert caught.value.retry_after == HOUR
        we.wait(timedelta(minutes=20))
        with pytest.raises(FetchError, match=r"left alone until 2026-11-25 11:00:00 UTC") as caught:
            await download(site.url("/page"), we.http, NOW)
        assert (caught.value.status, caught.value.retry_after) == (429, timedelta(minutes=40))
        assert not caught.value.permanent
        assert [asked.path for asked in site.asked] == ["/feed"]
        assert await we.get(other.url("/")) == 404
        we.wait(timedelta(minutes=40))
        assert await we.get(site.url("/page")) == 404
        assert we.http.holds() == {}


async def test_the_one_who_asked_is_held() -> None:
    """When a redirect leads to a host that asks for a pause, that host gets it, and its redirect is still followed."""
    async with guest() as we, serving(a=answered(503, headers={"Retry-After": "60"})) as busy, serving() as site:
        site.answers["/to"] = answered(302, headers={"Location": busy.url("/a")})
        assert await we.get(site.url("/to")) == 503
        assert isinstance(await we.get(site.url("/to")), FetchError)
        assert list(we.http.holds()) == [f"127.0.0.1:{busy.port}"]
    assert (len(busy.asked), len(site.asked)) == (1, 2)


@pytest.mark.parametrize(
    "settings",
    [
        replace(SETTINGS, per_host=1, pace=HOUR),  # they wait for a place at the host, and no longer than that
        replace(SETTINGS, pace=timedelta(seconds=0.2)),  # one waits for the pace
        replace(SETTINGS, at_once=1),  # one waits for a place among all
    ],
)
async def test_those_who_wait_hear_of_it(settings: HttpSettings) -> None:
    """Requests that were waiting for their turn are not sent any more."""
    async with guest(settings) as we, serving() as site:
        site.answers["/a"] = answered(429, headers={"Retry-After": "60"})
        answers = await asyncio.gather(*(we.get(site.url("/a")) for _ in range(10)))
    assert [type(answer) for answer in answers] == [int] + [FetchError] * 9
    assert len(site.asked) == 1


async def test_what_was_remembered() -> None:
    """Holds of an earlier run are kept, without telling them again; those that are over, or absurd, are not."""
    async with guest() as we, serving() as site:
        host = f"127.0.0.1:{site.port}"
        we.http.hold(host, (NOW + HOUR).astimezone(timezone(timedelta(hours=2))))
        we.http.hold("over.test", NOW - HOUR)
        we.http.hold("absurd.test", NOW + timedelta(days=4000))
        assert we.http.holds() == {host: NOW + HOUR, "absurd.test": NOW + timedelta(days=7)}
        assert we.told == []
        assert isinstance(await we.get(site.url("/a")), FetchError)
    assert site.asked == []


def test_a_wait_is_never_shortened() -> None:
    """Of two times the later one counts."""
    holds = Holds(lambda: NOW)
    assert holds.add("a", NOW + HOUR)
    assert not holds.add("a", NOW + HOUR / 2)
    assert holds.add("a", NOW + 2 * HOUR)
    assert holds.now() == {"a": NOW + 2 * HOUR}


def test_the_memory_of_holds_is_bounded() -> None:
    """When there are too many, the one that ends first is given up."""
    holds = Holds(lambda: NOW)
    for i in range(MOST_HOLDS + 1):
        holds.add(f"h{i}", NOW + HOUR + timedelta(seconds=i))
    assert len(holds.now()) == MOST_HOLDS
    assert "h0" not in holds.now()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.org/a", "example.org"),
        ("http://example.org/", "example.org"),
        ("http://example.org:80/", "example.org"),
        ("https://example.org./", "example.org"),
        ("http://example.org:8080/", "example.org:8080"),
        ("http://[2001:db8::1]:8080/", "[2001:db8::1]:8080"),
        ("https://www.example.org/", "www.example.org"),
    ],
)
def test_what_is_one_host(url: str, host: str) -> None:
    """http and https are one server; another port is another one."""
    assert host_of(url) == host


# ---- turns ----


async def slow(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.2)
    writer.write(answered())


async def test_who_waits_for_a_slow_host_takes_no_place() -> None:
    """With two places in all, one slow host with many requests still leaves one to the others."""
    async with guest(replace(SETTINGS, per_host=1, at_once=2)) as we, serving(a=slow) as site, serving() as other:
        crowd = [asyncio.create_task(we.get(site.url("/a"))) for _ in range(5)]
        await asyncio.sleep(0.05)
        assert await we.get(other.url("/")) == 404
        assert not any(task.done() for task in crowd)
        await asyncio.gather(*crowd)


async def test_who_waits_for_the_pace_takes_no_place() -> None:
    """The only place is free while the next request to a host has to wait for that host's pace."""

    async def leisurely(url: str) -> timedelta:
        return timedelta(seconds=0.5)

    async with guest(replace(SETTINGS, at_once=1)) as we, serving() as site, serving() as other:
        paced = [asyncio.create_task(we.http.get(site.url("/a"), max_bytes=10, admit=leisurely)) for _ in range(2)]
        await asyncio.wait(paced, return_when=asyncio.FIRST_COMPLETED)
        assert await we.get(other.url("/")) == 404
        assert sum(task.done() for task in paced) == 1
        await asyncio.gather(*paced)


async def test_first_come_first_served() -> None:
    """Requests to a host go out in the order in which they came."""
    async with guest(replace(SETTINGS, per_host=1)) as we, serving() as site:
        await asyncio.gather(*(we.get(site.url(f"/{i}")) for i in range(20)))
    assert [asked.path for asked in site.asked] == [f"/{i}" for i in range(20)]


async def test_a_cancelled_request_gives_its_place_back() -> None:
    """Wherever it was cut short: waiting for the host, for its pace, or for the answer."""
    settings = replace(SETTINGS, per_host=1, at_once=1, pace=timedelta(seconds=0.05))
    async with guest(settings) as we, serving(a=slow) as site:
        for pause in (0.0, 0.01, 0.03, 0.06, 0.1):
            tasks = [asyncio.create_task(we.get(site.url("/a"))) for _ in range(3)]
            await asyncio.sleep(pause)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(10):
            assert await we.get(site.url("/a")) == 200


async def test_hosts_are_forgotten() -> None:
    """Of a host that nobody asks any more nothing is kept once its pace allows the next request."""
    gate = Gate(Holds(lambda: NOW), per_host=2, at_once=10, pace=timedelta(seconds=0.05))
    for i in range(5):
        async with gate.turn(f"h{i}"):
            assert f"h{i}" in gate._hosts
    assert "h4" in gate._hosts
    async with asyncio.timeout(10):
        while gate._hosts:
            await asyncio.sleep(0.01)
