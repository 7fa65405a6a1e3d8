"""robots.txt, read from real servers on loopback before their pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from monitor.articles.download import download
from monitor.articles.robots import KEPT, MAX_BYTES, MOST_SITES, Robots, Rules
from monitor.errors import FetchError
from monitor.http import HttpSettings
from tests.feed_server import LOOPBACK, FeedServer, Script, StubResolver, answered, loopback_http, serving

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
PAGE = answered(body=b"<!DOCTYPE html><p>Hello</p>", headers={"Content-Type": "text/html"})
FORBIDS = answered(body=b"User-agent: *\nDisallow: /private\n")
SETTINGS = HttpSettings(user_agent="test/1", allow_networks=(LOOPBACK,), pace=timedelta(), stall=timedelta(seconds=1))


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Reader:
    site: FeedServer
    robots: Robots
    clock: Clock

    async def ask(self, path: str, *, host: str = "127.0.0.1") -> timedelta | str:
        """The pace, or the refusal in words."""
        try:
            return await self.robots.admit(self.site.url(path, host=host))
        except FetchError as e:
            return f"{'never' if e.permanent else 'later'}: {e}"

    @property
    def asked(self) -> list[str]:
        return [asked.path for asked in self.site.asked]


@asynccontextmanager
async def reading(answer: bytes | Script | None, *, resolver: StubResolver | None = None) -> AsyncIterator[Reader]:
    """`answer`: to /robots.txt; None: there is none."""
    clock = Clock()
    async with serving() as site, loopback_http(settings=SETTINGS, resolver=resolver, clock=clock) as http:
        if answer is not None:
            site.answers["/robots.txt"] = answer
        yield Reader(site, Robots(http, clock), clock)


# ---- what a file says ----


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/c", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?a", True),
        ("User-agent: *\nDisallow: /a?print=", "/a?print=1", False),
        ("User-agent: *\nDisallow: /%C3%A9", "/é", False),
        ("User-agent: *\nDisallow: /A", "/a", True),
        ("User-agent: NEWS-monitor\nDisallow: /", "/a", False),
        ("User-agent: news-monitor/2.0 # us\nDisallow: /", "/a", False),
        ("User-agent: news\nDisallow: /", "/a", True),
        ("User-agent: news-monitor-image\nDisallow: /", "/a", True),
        ("User-agent: *bot\nDisallow: /", "/a", True),
        ("User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /x", "/a", True),
        ("User-agent: *\nDisallow: /x\n\nUser-agent: GPTBot\nDisallow: /", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: news-monitor\nDisallow: /x", "/a", True),
        ("User-agent: news-monitor\nUser-agent: other\nDisallow: /", "/a", False),
        ("User-agent: other\nUser-agent: news-monitor\nDisallow: /", "/a", False),
        ("User-agent: news-monitor\n# a word\n\nSitemap: /s.xml\nUser-agent: other\nDisallow: /", "/a", False),
        ("User-agent: news-monitor\nDisallow: /x\nUser-agent: news-monitor\nDisallow: /y", "/y", False),
        ("useragent news-monitor\ndisalow /", "/a", False),
        ("Disallow: /", "/a", True),
        ("<!DOCTYPE html><title>Not found</title>", "/a", True),
        ("User-agent: *\rDisallow: /", "/a", False),
    ],
)
def test_rules(text: str, path: str, allowed: bool) -> None:
    """The group that names us counts, else the one for everybody; the longest rule wins; odd spellings pass."""
    assert Rules(text).allow(f"https://example.org{path}") is allowed


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("User-agent: *\nCrawl-delay: 10", 10),
        ("User-agent: *\nCrawl-delay: 0.5", 0.5),
        ("User-agent: *\nCrawl-delay: 86400", 30),
        ("User-agent: *\nCrawl-delay: 1e300", 30),
        ("User-agent: *\nCrawl-delay: nan", 0),
        ("User-agent: *\nCrawl-delay: -5", 0),
        ("User-agent: *\nCrawl-delay: soon", 0),
        ("User-agent: other\nCrawl-delay: 10", 0),
        ("User-agent: *\nCrawl-delay: 10\nUser-agent: news-monitor\nCrawl-delay: 2", 2),
    ],
)
def test_crawl_delay(text: str, seconds: float) -> None:
    """The pace that a site wishes, within reason."""
    assert timedelta(seconds=seconds) == Rules(text).delay


def test_many_names_times_many_rules() -> None:
    """What a hostile file says to others is not even parsed: their number would multiply with that of its rules."""
    names = "".join(f"user-agent: a{i}\n" for i in range(15_000))
    assert Rules(names + "allow: /a\n" * 25_000).size == 0


# ---- how it is had ----


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "never: robots.txt of {host} does not allow programs to read this page"),
        (401, timedelta()),
        (403, timedelta()),
        (404, timedelta()),
        (410, timedelta()),
        (429, "later: robots.txt of {host} cannot be read: the server answered 429"),
        (500, "later: robots.txt of {host} cannot be read: the server answered 500"),
        (503, "later: robots.txt of {host} cannot be read: the server answered 503"),
    ],
)
async def test_statuses(status: int, verdict: timedelta | str) -> None:
    """A file that is not there allows everything; one that cannot be had for now allows nothing for now."""
    async with reading(answered(status, b"User-agent: *\nDisallow: /")) as reader:
        expected = verdict if isinstance(verdict, timedelta) else verdict.format(host=f"127.0.0.1:{reader.site.port}")
        assert expected == await reader.ask("/a")


async def silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 abc\r\n\r\n", silent])
async def test_no_answer(answer: bytes | Script) -> None:
    """A server that breaks off, talks nonsense or says nothing is left alone for now."""
    async with reading(answer) as reader:
        assert str(await reader.ask("/a")).startswith("later: robots.txt of 127.0.0.1")


async def test_the_file_is_kept_for_a_day() -> None:
    """One request a day, whatever the number of pages; what it said is in force until the next."""
    async with reading(FORBIDS) as reader:
        for _ in range(3):
            assert await reader.ask("/public") == timedelta()
            assert "never" in str(await reader.ask("/private/a"))
        assert reader.asked == ["/robots.txt"]
        reader.clock.now += KEPT
        await reader.ask("/public")
        assert reader.asked == ["/robots.txt"] * 2


async def test_a_failure_is_kept_shorter_than_an_answer() -> None:
    """After a failure the wait doubles from seconds to ten minutes, and ends with the first answer."""
    async with reading(answered(500)) as reader:
        waits = []
        for _ in range(12):
            await reader.ask("/a")
            before, asked = reader.clock.now, len(reader.asked)
            while len(reader.asked) == asked:
                reader.clock.now += timedelta(seconds=1)
                await reader.ask("/a")
            waits.append((reader.clock.now - before).seconds)
        assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]
        reader.site.answers["/robots.txt"] = FORBIDS
        reader.clock.now += timedelta(minutes=10)
        assert await reader.ask("/a") == timedelta()


async def test_old_rules_outlive_a_failure() -> None:
    """While the file cannot be had, the last one stays in force."""
    async with reading(FORBIDS) as reader:
        await reader.ask("/a")
        reader.clock.now += KEPT
        reader.site.answers["/robots.txt"] = answered(500)
        assert await reader.ask("/a") == timedelta()
        assert "never" in str(await reader.ask("/private"))


async def test_one_asks_for_all() -> None:
    """Pages of one site that come at once wait for one and the same file."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(FORBIDS)

    async with reading(slow) as reader:
        verdicts = await asyncio.gather(*(reader.ask(f"/{i}") for i in range(20)))
    assert verdicts == [timedelta()] * 20
    assert reader.asked == ["/robots.txt"]


async def test_who_is_cut_short_does_not_stop_the_others() -> None:
    """When the one who asks is cancelled, the next asks."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(FORBIDS)

    async with reading(slow) as reader:
        first, second = (asyncio.create_task(reader.ask("/a")) for _ in range(2))
        while not reader.asked:
            await asyncio.sleep(0.01)
        first.cancel()
        assert await second == timedelta()


@pytest.mark.parametrize("hops", [1, 5])
async def test_redirects_are_followed(hops: int) -> None:
    """Up to five redirects lead to the file (RFC 9309 section 2.3.1.2)."""
    async with reading(answered(301, headers={"Location": "/1"})) as reader:
        for hop in range(1, hops):
            reader.site.answers[f"/{hop}"] = answered(302, headers={"Location": f"/{hop + 1}"})
        reader.site.answers[f"/{hops}"] = FORBIDS
        assert "never" in str(await reader.ask("/private"))


@pytest.mark.parametrize("headers", [{"Location": "/robots.txt"}, {"Location": "mailto:me"}, {}])
async def test_redirects_that_lead_nowhere(headers: dict[str, str]) -> None:
    """A file behind a loop is not there."""
    async with reading(answered(302, headers=headers)) as reader:
        assert await reader.ask("/private") == timedelta()


async def test_the_guard_applies() -> None:
    """Neither the file's own address nor a redirect may lead inside; for a page of such a host that is final."""
    resolver = StubResolver(inside_test=[["10.0.0.1"]], site_test=[["127.0.0.1"]])
    async with reading(answered(302, headers={"Location": "http://inside.test/"}), resolver=resolver) as reader:
        assert "never: robots.txt of inside.test" in str(await reader.ask("/a", host="inside.test"))
        assert "inside.test leads to a forbidden address" in str(await reader.ask("/a", host="site.test"))


async def test_only_so_much_is_read() -> None:
    """Of a large file the beginning counts, without the line at which it was cut."""
    head = b"User-agent: *\nDisallow: /private\n"
    padding = b"#" * (MAX_BYTES - len(head) - len("\nDisallow: /pub")) + b"\nDisallow: /public/no-more"
    async with reading(answered(body=head + padding + b"\nDisallow: /late\n" * 100_000)) as reader:
        assert "never" in str(await reader.ask("/private"))
        assert await reader.ask("/public") == timedelta()
        assert await reader.ask("/late") == timedelta()


async def test_each_origin_has_its_own() -> None:
    """Another name is another site, whatever the address behind it."""
    resolver = StubResolver(a_test=[["127.0.0.1"]], b_test=[["127.0.0.1"]])
    async with reading(FORBIDS, resolver=resolver) as reader:
        await reader.ask("/a", host="a.test")
        await reader.ask("/a", host="b.test")
        assert reader.asked == ["/robots.txt"] * 2


async def test_the_sites_kept_are_counted() -> None:
    """The site that was not asked for the longest time is forgotten first."""
    names = [f"n{i}.test" for i in range(MOST_SITES + 1)]
    resolver = StubResolver(**{name: [["127.0.0.1"]] for name in names})
    async with reading(None, resolver=resolver) as reader:
        await asyncio.gather(*(reader.ask("/a", host=name) for name in names[:-1]))
        await reader.ask("/a", host=names[0])
        await reader.ask("/a", host=names[-1])
        asked = len(reader.asked)
        await reader.ask("/a", host=names[0])
        assert len(reader.asked) == asked
        await reader.ask("/a", host=names[1])
        assert len(reader.asked) == asked + 1


async def test_the_rules_kept_are_weighed() -> None:
    """Long files push older ones out sooner."""
    long = answered(body=b"User-agent: *\n" + b"Disallow: /private\n" * 20_000)
    resolver = StubResolver(**{f"n{i}.test": [["127.0.0.1"]] for i in range(4)})
    async with reading(long, resolver=resolver) as reader:
        for i in (0, 1, 2, 3, 3, 2):
            assert await reader.ask("/a", host=f"n{i}.test") == timedelta()
        assert len(reader.asked) == 4
        await reader.ask("/a", host="n0.test")
        assert len(reader.asked) == 5


# ---- pages ----


async def test_a_page_that_is_not_for_us() -> None:
    """A page that robots.txt forbids is not asked for, also when a redirect leads to it."""
    async with reading(FORBIDS) as reader, loopback_http(settings=SETTINGS) as http:
        reader.site.answers |= {
            "/news": PAGE,
            "/private/1": PAGE,
            "/short": answered(302, headers={"Location": "/private/1"}),
        }
        page = await download(reader.site.url("/news"), http, NOW, reader.robots)
        assert page.url == reader.site.url("/news")
        for path in ("/private/1", "/short"):
            with pytest.raises(FetchError, match=r"robots.txt of 127.0.0.1:\d+ does not allow") as caught:
                await download(reader.site.url(path), http, NOW, reader.robots)
            assert caught.value.permanent
    assert reader.asked == ["/robots.txt", "/news", "/short"]


async def test_crawl_delay_sets_the_pace() -> None:
    """Pages of a site that wishes a pace start so far apart."""
    robots = answered(body=b"User-agent: *\nCrawl-delay: 0.3")
    async with serving(page=PAGE) as site, loopback_http(settings=SETTINGS) as http:
        site.answers["/robots.txt"] = robots
        rules = Robots(http, Clock())
        await asyncio.gather(*(download(site.url("/page"), http, NOW, rules) for _ in range(3)))
    starts = [asked.at for asked in site.asked if asked.path == "/page"]
    assert len(starts) == 3
    assert all(later - earlier > 0.25 for earlier, later in pairwise(starts))


async def test_the_file_of_a_host_on_hold_is_not_asked_for() -> None:
    """A host that asked to be left alone is, and the page waits as long as it asked."""
    async with reading(FORBIDS) as reader, loopback_http(settings=SETTINGS, clock=reader.clock) as http:
        http.hold(f"127.0.0.1:{reader.site.port}", NOW + timedelta(hours=1))
        with pytest.raises(FetchError, match="left alone until") as caught:
            await download(reader.site.url("/news"), http, NOW, Robots(http, reader.clock))
    assert caught.value.retry_after == timedelta(hours=1)
    assert reader.asked == []
