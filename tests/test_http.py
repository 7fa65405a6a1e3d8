"""The way out to the web, tried against a server that misbehaves on purpose."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from itertools import pairwise

import pytest
from aiohttp import web

from monitor.errors import FetchError
from monitor.http import HttpSettings, Response
from monitor.http_guard import refusal
from tests.feed_server import LOOPBACK, Script, StubResolver, answered, loopback_http, serving
from tests.newsroom import Newsroom

SETTINGS = HttpSettings(user_agent="test/1 (+https://example.org)", allow_networks=(LOOPBACK,), pace=timedelta())
MAX_BYTES = 100_000


async def fetched(url: str, *, settings: HttpSettings = SETTINGS, resolver: StubResolver | None = None) -> Response:
    async with loopback_http(settings=settings, resolver=resolver) as http:
        return await http.get(url, max_bytes=MAX_BYTES)


async def error_of(url: str, *, settings: HttpSettings = SETTINGS, resolver: StubResolver | None = None) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetched(url, settings=settings, resolver=resolver)
    return caught.value


# ---- the guard ----


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.5",
        "100.64.0.1",
        "127.0.0.1",
        "127.8.9.1",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_refused_addresses(address: str) -> None:
    """Nothing but the public internet may be dialled."""
    reason = refusal(address, ())
    assert reason is not None
    assert reason.startswith(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "172.32.0.1",
        "192.0.1.1",
        "2606:4700::1111",
        "2a00:1450::1",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
    ],
)
def test_public_addresses(address: str) -> None:
    """Public addresses may be dialled, also when they are wrapped for IPv6."""
    assert refusal(address, ()) is None


def test_allowed_networks() -> None:
    """The operator opens exactly the networks named; a wrapped address counts as what it wraps."""
    allowed = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    assert refusal("10.1.2.3", allowed) is None
    assert refusal("::ffff:10.1.2.3", allowed) is None
    assert refusal("fd00::1", allowed) is None
    assert refusal("10.2.0.1", allowed) is not None


def test_the_refusal_says_what_to_do() -> None:
    """The operator learns what the address is and how to allow it."""
    assert (
        refusal("10.0.0.5", ())
        == "10.0.0.5 is a private address; add its network to http.allow_networks if this feed is yours"
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.5/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.2]/",
        "http://[64:ff9b::7f00:2]/",
        "http://169.254.169.254/latest/meta-data",
        "http://127。0。0。2/",
        "http://①②⑦.0.0.2/",
        "http://2130706434/",
        "http://0x7f000002/",
        "http://0177.0.0.2/",
        "http://127.2/",
        "http://0/",
    ],
)
async def test_literals_are_refused(url: str) -> None:
    """An address written out is judged like one that was looked up, in whatever spelling."""
    assert (await error_of(url)).permanent


@pytest.mark.parametrize("addresses", [["127.0.0.2"], ["1.1.1.1", "10.0.0.1"], ["10.0.0.1", "1.1.1.1"]])
async def test_names_that_lead_inside_are_refused(addresses: list[str]) -> None:
    """One forbidden address among a name's is enough."""
    error = await error_of("http://evil.test/", resolver=StubResolver(evil_test=[addresses]))
    assert error.permanent
    assert "evil.test leads to a forbidden address" in str(error)


async def test_redirects_inside_are_refused() -> None:
    """Each hop is judged anew: by address, by name, by scheme."""
    async with serving() as site:
        for target in (
            "http://127.0.0.2/",
            "http://evil.test/",
            "file:///etc/passwd",
            "http://me:pw@127.0.0.1/",
        ):
            site.answers["/moved"] = answered(302, headers={"Location": target})
            error = await error_of(site.url("/moved"), resolver=StubResolver(evil_test=[["10.0.0.1"]]))
            assert error.permanent, target
        assert [asked.path for asked in site.asked] == ["/moved"] * 4


@pytest.mark.parametrize(
    "url",
    [
        "",
        "feed",
        "ftp://example.org/",
        "http://me:secret@example.org/",
        "http://",
        "http://a b/",
        "http://x:0/",
    ],
)
async def test_unusable_urls(url: str) -> None:
    """What is not a plain web address is refused before any look-up, and no password is repeated."""
    error = await error_of(url)
    assert error.permanent
    assert "secret" not in str(error)


async def test_a_form_goes_to_nobody_else() -> None:
    """It is guarded like every request, and neither carried on by a redirect nor past a host that asked for a rest."""
    async with Newsroom() as site, loopback_http(resolver=StubResolver(evil_test=[["10.0.0.1"]])) as http:
        hub = f"http://127.0.0.1:{site.port}/hub"
        site.pages["/hub"] = web.Response(status=307, headers={"Location": "/feed.xml"})
        for url in (hub, "http://127.0.0.2/", "http://evil.test/", "http://127.0.0.1:25/", "ftp://127.0.0.1/"):
            with pytest.raises(FetchError) as caught:
                await http.post(url, {"a": "b"}, max_bytes=10)
            assert caught.value.permanent, url
        site.pages["/hub"] = web.Response(status=429, text="x" * 100, headers={"Retry-After": "60"})
        response = await http.post(hub, {"a": "b"}, max_bytes=10)
        assert (429, b"x" * 10) == (response.status, response.body)
        with pytest.raises(FetchError, match="left alone"):
            await http.post(hub, {"a": "b"}, max_bytes=10)
        assert [("/hub", 307), ("/hub", 429)] == site.requests


# ---- manners ----


async def test_what_we_send() -> None:
    """Every request carries the same few headers: no cookies, no Referer, the path as it was given."""
    async with serving() as site:
        site.answers["/a?b=%2F&c"] = answered(headers={"Set-Cookie": "id=1; Path=/"})
        async with loopback_http(settings=SETTINGS) as http:
            for _ in range(2):
                await http.get(site.url("/a?b=%2F&c#part"), headers={"Accept": "text/html"}, max_bytes=10)
    for asked in site.asked:
        assert asked.path == "/a?b=%2F&c"
        assert asked.headers == {
            "host": f"127.0.0.1:{site.port}".encode(),
            "user-agent": b"test/1 (+https://example.org)",
            "accept-encoding": b"gzip, deflate",
            "accept": b"text/html",
        }


async def test_pace_per_host() -> None:
    """Requests to one host start apart from one another, and only so many are in flight."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        writer.write(answered())

    settings = replace(SETTINGS, pace=timedelta(seconds=0.05), per_host=2)
    async with serving(slow=slow) as site, loopback_http(settings=settings) as http:
        await asyncio.gather(*(http.get(site.url("/slow"), max_bytes=10) for _ in range(6)))
    starts = [asked.at for asked in site.asked]
    assert site.most_in_flight == 2
    assert all(later - earlier > 0.03 for earlier, later in pairwise(starts))


async def test_waiting_for_our_turn_is_not_the_servers_fault() -> None:
    """A request that waits in our own queue does not use up its time there."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(answered())

    settings = replace(SETTINGS, per_host=1, timeout=timedelta(seconds=0.6))
    async with serving(slow=slow) as site, loopback_http(settings=settings) as http:
        answers = await asyncio.gather(*(http.get(site.url("/slow"), max_bytes=10) for _ in range(4)))
    assert [answer.status for answer in answers] == [200] * 4


# ---- answers ----


@pytest.mark.parametrize(
    ("statuses", "permanent"),
    [
        ((), False),
        ((301,), True),
        ((308, 301), True),
        ((301, 302), False),
        ((308, 302), False),
        ((307,), False),
        ((303,), False),
    ],
)
async def test_redirects(statuses: tuple[int, ...], permanent: bool) -> None:
    """Redirects are followed to the end; the move is for good only when every hop says so."""
    async with serving() as site:
        for hop, status in enumerate(statuses):
            site.answers[f"/{hop}"] = answered(status, headers={"Location": f"/{hop + 1}"})
        site.answers[f"/{len(statuses)}"] = answered(body=b"here")
        response = await fetched(site.url("/0"))
    assert (site.url(f"/{len(statuses)}"), b"here", permanent) == (
        response.url,
        response.body,
        response.permanent,
    )


@pytest.mark.parametrize(
    ("location", "path"),
    [("b c", "/b%20c"), ("//127.0.0.1:{port}/x", "/x"), ("/é#part", "/%C3%A9"), ("?q=1", "/a?q=1")],
)
async def test_redirect_spellings(location: str, path: str) -> None:
    """Relative, schemeless and unescaped targets are understood."""
    async with serving() as site:
        site.answers["/a"] = answered(301, headers={"Location": location.format(port=site.port)})
        site.answers[path] = answered(body=b"here")
        assert (await fetched(site.url("/a"))).body == b"here"


@pytest.mark.parametrize("headers", [{"Location": "/loop"}, {"Location": ""}, {}])
async def test_redirects_that_lead_nowhere(headers: dict[str, str]) -> None:
    """A loop and a redirect without a target end in one error."""
    async with serving(loop=answered(302, headers=headers)) as site:
        assert "redirect" in str(await error_of(site.url("/loop")))
    assert len(site.asked) <= 6


async def test_a_long_chain_of_redirects() -> None:
    """Five are followed, though none of them leads back."""
    async with serving() as site:
        for hop in range(30):
            site.answers[f"/{hop}"] = answered(302, headers={"Location": f"/{hop + 1}"})
        assert "redirect" in str(await error_of(site.url("/0")))
    assert [f"/{hop}" for hop in range(6)] == [asked.path for asked in site.asked]


async def test_headers_in_any_case() -> None:
    """Header names are found however the server spelled them, repeated ones as one list."""
    raw = b"HTTP/1.1 200 OK\r\ncache-CONTROL: public\r\nCache-Control: max-age=60\r\nContent-Length: 0\r\n\r\n"
    async with serving(a=raw) as site:
        assert (await fetched(site.url("/a"))).headers["Cache-control"] == "public, max-age=60"


def gzipped(data: bytes) -> bytes:
    """The same at any time: it becomes part of a test's name, on which all workers must agree."""
    return gzip.compress(data, mtime=0)


def packed(data: bytes, *, window: int) -> bytes:
    stream = zlib.compressobj(wbits=window)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzipped(b"words " * 100)),
        ("GZIP", gzipped(b"words " * 100)),
        ("gzip", gzipped(b"words " * 60) + gzipped(b"words " * 40)),
        ("gzip", gzipped(b"words " * 100) + b"\0\0 left over"),
        ("deflate", packed(b"words " * 100, window=15)),
        ("deflate", packed(b"words " * 100, window=-15)),
        ("identity", b"words " * 100),
    ],
)
async def test_packed_bodies(coding: str, body: bytes) -> None:
    """What we offer to unpack is unpacked, also in the forms that servers get wrong."""
    async with serving(a=answered(body=body, headers={"Content-Encoding": coding})) as site:
        assert (await fetched(site.url("/a"))).body == b"words " * 100


@pytest.mark.parametrize(
    ("coding", "body", "message"),
    [
        ("gzip", gzipped(b"words " * 100)[:-12], "the answer broke off before its end"),
        ("gzip", b"plain text", "the answer is not packed as it says"),
        ("gzip, gzip", gzipped(gzipped(b"words")), "packed in a way we did not ask for"),
        ("br", b"whatever", "packed in a way we did not ask for"),
        ("gzip", gzipped(bytes(50_000_000)), "more than 0.1 MB"),
        ("deflate", packed(bytes(50_000_000), window=15), "more than 0.1 MB"),
        ("identity", bytes(MAX_BYTES + 1), "more than 0.1 MB"),
    ],
)
async def test_bodies_that_are_refused(coding: str, body: bytes, message: str) -> None:
    """A short body is never taken for a whole, and a bomb stops at the limit."""
    async with serving(a=answered(body=body, headers={"Content-Encoding": coding})) as site:
        assert message in str(await error_of(site.url("/a")))


async def test_the_limit_itself_is_allowed() -> None:
    """A body of exactly the limit is fine."""
    async with serving(a=answered(body=bytes(MAX_BYTES))) as site:
        assert len((await fetched(site.url("/a"))).body) == MAX_BYTES


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.is_closing():
        writer.write(bytes(10_000))
        await writer.drain()


async def test_endless_bodies() -> None:
    """A body without an end stops at the limit."""
    async with serving(a=endless) as site:
        assert str(await error_of(site.url("/a"))) == "more than 0.1 MB"


async def silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def dripping_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def dripping_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def slow_redirect(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.2)
    writer.write(answered(302, headers={"Location": "/slow"}))


@pytest.mark.parametrize("script", [silent, dripping_head, dripping_body, slow_redirect])
async def test_slow_servers(script: Script) -> None:
    """One clock runs over the whole answer, redirects included: a drip does not keep it alive."""
    settings = replace(SETTINGS, timeout=timedelta(seconds=0.5))
    async with serving(slow=script) as site:
        error = await error_of(site.url("/slow"), settings=settings)
    assert str(error) == "no answer within 0.5 s"
    assert not error.permanent


@pytest.mark.parametrize(
    "raw",
    [
        answered(body=b"short", length=500),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwords\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nwords\r\n0\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"<html>no head at all</html>",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"",
    ],
)
async def test_broken_answers(raw: bytes) -> None:
    """Half an answer, or none, is an error in plain words; nothing of the HTTP library leaks."""
    async with serving(a=raw) as site:
        error = await error_of(site.url("/a"))
    assert not error.permanent
    assert str(error)[:1].isalnum()


async def test_nobody_there() -> None:
    """A closed port and an unknown name each say so."""
    async with serving() as site:
        closed = site.url("/")
    assert "cannot connect to 127.0.0.1" in str(await error_of(closed))
    assert str(await error_of("http://nowhere.test/")) == "cannot resolve nowhere.test: no such name"


async def test_names_reach_the_allowed_server() -> None:
    """A name that leads to an allowed network works like any other."""
    async with serving(a=answered(body=b"here")) as site:
        url = site.url("/a", host="inside.test")
        assert (await fetched(url, resolver=StubResolver(inside_test=[["127.0.0.1"]]))).body == b"here"
