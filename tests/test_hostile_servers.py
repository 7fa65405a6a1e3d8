"""Servers that mean harm or are broken, beyond what test_http.py has: over real sockets, with real certificates.

`tls/` holds two certificates for site.test of an authority made for these tests, one of them expired; nobody has the
authority's key any more.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import struct
import threading
import tracemalloc
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.errors import FetchError
from monitor.http import HttpSettings, Response
from monitor.http_guard import GuardedResolver, ThreadedResolver, port_refusal
from tests.feed_server import LOOPBACK, Script, StubResolver, answered, loopback_http, serving

TLS = Path(__file__).parent / "tls"
SETTINGS = HttpSettings(user_agent="test/1", allow_networks=(LOOPBACK,), pace=timedelta())
SITE = StubResolver(site_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]])
MAX_BYTES = 100_000


async def outcome(
    url: str,
    *,
    settings: HttpSettings = SETTINGS,
    resolver: AbstractResolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> Response | FetchError:
    async with loopback_http(settings=settings, resolver=resolver, tls=tls) as http:
        try:
            return await http.get(url, max_bytes=MAX_BYTES)
        except FetchError as e:
            return e


async def error_of(url: str, *, settings: HttpSettings = SETTINGS, resolver: AbstractResolver | None = None) -> str:
    result = await outcome(url, settings=settings, resolver=resolver)
    assert isinstance(result, FetchError)
    return f"{'permanent: ' if result.permanent else ''}{result}"


# ---- heads ----


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000_000 + b"\r\n\r\n", "more than 65536 bytes"),
        (b"HTTP/1.1 200 " + b"y" * 1_000_000 + b"\r\n\r\n", "more than 65536 bytes"),
        (b"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", "LF after header"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "Invalid header token"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nwords", "Duplicate Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", "Chunk size overflow"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 200_000 + b"\r\n",
            "Too many headers",
        ),
        (b"HTTP/1.1 1000 OK\r\n\r\n", "Bad status line"),
        (b"HTTP/2 200\r\n\r\n", "Bad status line"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "Bad status line"),
        (b"\0\0\x12\x04\0\0\0\0\0", "Bad status line"),
        (b"\x16\x03\x01\0\x05", "Bad status line"),
    ],
)
async def test_heads_that_are_refused(raw: bytes, message: str) -> None:
    """Too much of a head, or one that two readers would understand differently, ends the request."""
    async with serving(a=raw) as site:
        error = await error_of(site.url("/a"))
    assert error.startswith("127.0.0.1 does not speak proper HTTP: ")
    assert message in error
    assert len(error) < 300


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n",  # a folded line is one line (RFC 9112 section 5.2)
        b"HTTP/1.1 200 OK\r\nX: \xff\xfe\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200,
        b"HTTP/1.1 200 OK\r\nLink: " + b"y" * 60_000 + b"\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 200\r\n",
    ],
)
async def test_heads_that_are_taken(head: bytes) -> None:
    """What real servers send, odd as it is, is understood."""
    async with serving(a=head + b"Content-Length: 4\r\n\r\nhere") as site:
        answer = await outcome(site.url("/a"))
    assert isinstance(answer, Response)
    assert answer.body == b"here"


# ---- bodies ----


@pytest.mark.parametrize("coding", ["none", "UTF-8", "identity", ""])
async def test_codings_that_are_none(coding: str) -> None:
    """Some servers name one although the body is as it is."""
    async with serving(a=answered(body=b"here", headers={"Content-Encoding": coding})) as site:
        answer = await outcome(site.url("/a"))
    assert isinstance(answer, Response)
    assert answer.body == b"here"


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br", "aes128gcm"])
async def test_codings_that_we_did_not_ask_for(coding: str) -> None:
    """A body that we cannot bound is not unpacked."""
    async with serving(a=answered(body=b"x", headers={"Content-Encoding": coding})) as site:
        assert "packed in a way we did not ask for" in await error_of(site.url("/a"))


async def test_a_bomb_costs_no_memory() -> None:
    """A body that unpacks to half a gigabyte is dropped at the limit."""
    packed = gzip.compress(bytes(512_000_000), compresslevel=1)
    async with serving(a=answered(body=packed, headers={"Content-Encoding": "gzip"})) as site:
        tracemalloc.start()
        try:
            assert await error_of(site.url("/a")) == "more than 0.1 MB"
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 20_000_000


async def test_the_beginning_will_do() -> None:
    """Who asks for the beginning gets it, also of a body without an end."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 10_000)
            await writer.drain()

    async with serving(a=endless) as site, loopback_http(settings=SETTINGS) as http:
        answer = await http.get(site.url("/a"), max_bytes=1234, cut=True)
    assert answer.body == b"x" * 1234


# ---- time ----


async def silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def silent_in_the_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    await asyncio.sleep(60)


async def silent_in_the_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwo")
    await asyncio.sleep(60)


@pytest.mark.parametrize("script", [silent, silent_in_the_head, silent_in_the_body])
async def test_silence(script: Script) -> None:
    """A server that stops talking is given up long before the time for a whole answer is over."""
    settings = replace(SETTINGS, stall=timedelta(seconds=0.3))
    async with serving(a=script) as site:
        assert await error_of(site.url("/a"), settings=settings) == "127.0.0.1 sent nothing for 0.3 s"


async def test_a_hundred_tar_pits() -> None:
    """While a hundred hosts say nothing, the others are answered."""
    names = [f"n{i}.test" for i in range(200)]
    resolver = StubResolver(**{name: [["127.0.0.1"]] for name in names})
    patient = timedelta(minutes=2)  # so that none is given up while this machine is busy
    settings = HttpSettings(user_agent="test/1", allow_networks=(LOOPBACK,), stall=patient, timeout=patient)
    async with (
        serving(pit=silent, good=answered()) as site,
        loopback_http(settings=settings, resolver=resolver) as http,
    ):
        pits = [
            asyncio.create_task(http.get(site.url("/pit", host=name), max_bytes=10))
            for name in names[:100]
            for _ in "abc"
        ]
        while len(site.asked) < 100:
            await asyncio.sleep(0.01)
        good = await asyncio.gather(*(http.get(site.url("/good", host=name), max_bytes=10) for name in names[100:]))
        assert [answer.status for answer in good] == [200] * 100
        assert not any(task.done() for task in pits)
        for task in pits:
            task.cancel()
        await asyncio.gather(*pits, return_exceptions=True)


# ---- connections ----


async def reset(writer: asyncio.StreamWriter) -> None:
    linger = struct.pack("ii", 1, 0)  # close with RST
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def reset_in_the_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await writer.drain()
    await asyncio.sleep(0.05)
    await reset(writer)


async def reset_in_the_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwo")
    await writer.drain()
    await asyncio.sleep(0.05)
    await reset(writer)


@pytest.mark.parametrize("script", [reset, reset_in_the_head, reset_in_the_body])
async def test_resets(script: Script) -> None:
    """A connection that is torn down is an error that may pass, whenever it happens."""
    async with serving(a=script) as site:
        error = await error_of(site.url("/a"))
    assert not error.startswith("permanent")


@asynccontextmanager
async def hanging_up(*, after: int) -> AsyncIterator[tuple[int, list[int]]]:
    """A server that keeps connections and, at the request after so many, hangs up without a word. Yields its port."""
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(0)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                if connections[-1] == after:
                    return
                connections[-1] += 1
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere")
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], connections


async def test_a_kept_connection_that_was_closed() -> None:
    """A server may end a kept connection at any time: that costs one silent new one, not an error."""
    async with hanging_up(after=1) as (port, connections), loopback_http(settings=SETTINGS) as http:
        for _ in range(3):
            assert (await http.get(f"http://127.0.0.1:{port}/", max_bytes=10)).body == b"here"
    assert connections == [1, 1, 1]


# ---- certificates ----


def server_tls(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / f"{name}.pem")
    return context


def old_server_tls() -> ssl.SSLContext:
    context = server_tls("good")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # just so
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    return context


def our_tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(TLS / "authority.pem"))


@pytest.mark.parametrize(
    ("server", "host", "message"),
    [
        (server_tls("good"), "site.test", None),
        (server_tls("good"), "other.test", "the certificate of other.test is not valid"),
        (server_tls("expired"), "site.test", "certificate has expired"),
        (old_server_tls(), "site.test", "cannot connect to site.test: it closed the connection"),
    ],
)
async def test_certificates(server: ssl.SSLContext, host: str, message: str | None) -> None:
    """A secure connection is one to the right host, under a valid certificate, in a version that is not broken."""
    async with serving(tls=server, a=answered(body=b"here")) as site:
        url = site.url("/a", host=host).replace("http:", "https:")
        answer = await outcome(url, resolver=SITE, tls=our_tls())
    if message is None:
        assert isinstance(answer, Response)
    else:
        assert isinstance(answer, FetchError)
        assert message in str(answer)
        assert not answer.permanent
        assert site.asked == []


async def test_an_unknown_authority() -> None:
    """Without a word from the operator only the system's authorities are trusted."""
    async with serving(tls=server_tls("good"), a=answered()) as site:
        error = await error_of(site.url("/a", host="site.test").replace("http:", "https:"), resolver=SITE)
    assert "the certificate of site.test is not valid" in error
    assert site.asked == []


async def test_from_http_to_https_and_back() -> None:
    """Redirects may lead to https and back: nothing secret travels along."""
    async with serving(tls=server_tls("good")) as safe, serving(end=answered(body=b"here")) as site:
        safe.answers["/b"] = answered(301, headers={"Location": site.url("/end")})
        there = safe.url("/b", host="site.test").replace("http:", "https:")
        site.answers["/a"] = answered(301, headers={"Location": there})
        answer = await outcome(site.url("/a"), resolver=SITE, tls=our_tls())
    assert isinstance(answer, Response)
    assert (answer.body, answer.permanent, answer.url) == (b"here", True, site.url("/end"))


# ---- names ----


class FailingNames(AbstractResolver):
    """Name servers in trouble; `site.test` alone can be looked up."""

    def __init__(self, failure: OSError | None) -> None:
        self._failure = failure

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host == "site.test":
            return await SITE.resolve(host, port, family)
        if self._failure is None:
            await asyncio.sleep(60)
            raise AssertionError
        raise self._failure

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (None, "cannot resolve lost.test: the name servers do not answer"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "cannot resolve lost.test: there is no such name"),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), "cannot resolve lost.test: try again"),
    ],
)
async def test_name_servers(failure: OSError | None, message: str) -> None:
    """A name that does not exist is told from name servers that do not answer; other names are not held up."""
    settings = replace(SETTINGS, resolve=timedelta(seconds=0.3))
    async with serving(a=answered()) as site, loopback_http(settings=settings, resolver=FailingNames(failure)) as http:
        lost = [asyncio.create_task(http.get("http://lost.test/", max_bytes=10)) for _ in range(2)]
        assert (await http.get(site.url("/a", host="site.test"), max_bytes=10)).status == 200
        for result in await asyncio.gather(*lost, return_exceptions=True):
            assert isinstance(result, FetchError)
            assert message == str(result)
            assert not result.permanent


async def test_two_hundred_addresses() -> None:
    """Of a name with many addresses each is judged."""
    many = ["127.0.0.1"] * 199
    async with serving(a=answered()) as site:
        url = site.url("/a", host="many.test")
        assert isinstance(await outcome(url, resolver=StubResolver(many_test=[many])), Response)
        error = await error_of(url, resolver=StubResolver(many_test=[[*many, "127.0.0.2"]]))
    assert error.startswith("permanent: many.test leads to a forbidden address: 127.0.0.2")


async def test_a_name_that_changes_its_mind() -> None:
    """Each look-up is judged anew."""
    names = StubResolver(evil_test=[["127.0.0.1"], ["127.0.0.2"]])
    guarded = GuardedResolver(names, (LOOPBACK,), timedelta(seconds=5))
    assert [found["host"] for found in await guarded.resolve("evil.test")] == ["127.0.0.1"]
    with pytest.raises(OSError, match=r"evil.test leads to a forbidden address"):
        await guarded.resolve("evil.test")


async def test_the_systems_names() -> None:
    """The system's own look-up of this machine's name is refused as well."""
    for name in ("localhost", "LOCALHOST"):
        settings = replace(SETTINGS, allow_networks=())
        error = await error_of(f"http://{name}/", settings=settings, resolver=ThreadedResolver())
        assert error.startswith("permanent: localhost"), name


async def test_the_threads_end() -> None:
    """Closing ends the threads that looked names up."""
    resolver = ThreadedResolver()
    await resolver.resolve("127.0.0.1", 80)
    assert looking_up()
    await resolver.close()
    async with asyncio.timeout(10):
        while looking_up():
            await asyncio.sleep(0.01)


def looking_up() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("look-up")]


# ---- addresses ----


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://127.0.0.1/",
        "data:text/html,x",
        "javascript:alert(1)",
        "http://",
        "http://good@127.0.0.1/",
        "http://127.0.0.2\\@127.0.0.1/",
        "http://127.0.0.2/#@127.0.0.1/",
        "http://127.0.0.2?@127.0.0.1/",
        "http://[::ffff:127.0.0.2]/",
        "http://[::ffff:7f00:2]/",
        "http://[64:ff9b::7f00:2]/",
        "http://[2002:7f00:2::]/",
        "http://[::127.0.0.2]/",
        "http://[fe80::1%25eth0]/",
        "http://[fec0::1]/",
        "http://192.0.0.192/",
        "http://168.63.129.16/",
        "http://127.0.0.2./",
        "http://127.0.0.1:22/",
        "http://127.0.0.1:6379/",
        "http://127.0.0.1:65536/",
        "http://evil.test./",
    ],
)
async def test_where_we_do_not_go(target: str) -> None:
    """Neither asked directly nor by a redirect do we go anywhere but to a web server on an allowed address."""
    names = StubResolver(evil_test=[["127.0.0.2"]], **{"evil.test.": [["127.0.0.2"]]})
    assert (await error_of(target, resolver=names)).startswith("permanent: ")
    async with serving(a=answered(302, headers={"Location": target})) as site:
        result = await outcome(site.url("/a"), resolver=names)
        assert isinstance(result, FetchError)
        assert [asked.path for asked in site.asked[:1]] == ["/a"]


@pytest.mark.parametrize("target", ["http:/x", "http:x", "http:///x", "/%2e%2e/x", "../../x", "/\\127.0.0.2/x"])
async def test_locations_without_a_host(target: str) -> None:
    """What names no host is no address by itself; as the target of a redirect it stays on the site."""
    assert (await error_of(target)).startswith("permanent: ")
    async with serving(a=answered(302, headers={"Location": target})) as site:
        answer = await outcome(site.url("/a"))
        assert isinstance(answer, Response)
        assert answer.url.startswith(site.url("/"))


@pytest.mark.parametrize("target", ["/" + "a" * 10_000, "http://" + "a" * 300 + "/", "http://a..b/", "http://[::1/"])
async def test_locations_that_are_no_addresses(target: str) -> None:
    """A redirect to something that cannot be an address is one clean error that quotes little of it."""
    async with serving(a=answered(302, headers={"Location": target})) as site:
        error = await error_of(site.url("/a"))
    assert "not a usable web address" in error
    assert len(error) < 400
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://127.0.0.1:{port}/a\tb", "/ab"),
        ("http://127.0.0.1:{port}/a\nb", "/ab"),
        (" http://127.0.0.1:{port}/a ", "/a"),
    ],
)
async def test_what_is_judged_is_what_is_dialled(url: str, path: str) -> None:
    """White space in an address either goes or spoils it; it never moves the host."""
    async with serving() as site:
        site.answers[path] = answered()
        result = await outcome(url.format(port=site.port))
        if isinstance(result, Response):
            assert [asked.path for asked in site.asked] == [path]
        else:
            assert site.asked == []


@pytest.mark.parametrize("port", [21, 22, 23, 25, 110, 143, 465, 587, 993, 3306, 5432, 6000, 6379, 6667, 9200, 11211])
def test_ports_of_other_services(port: int) -> None:
    """A feed address must not make us talk to a mail server or a database."""
    assert port_refusal(port) == f"port {port} belongs to another service than the web"


@pytest.mark.parametrize("port", [None, 80, 443, 81, 591, 3000, 5000, 8000, 8008, 8080, 8443, 8888, 9000, 49152])
def test_ports_of_web_servers(port: int | None) -> None:
    """Web servers stand at many ports."""
    assert port_refusal(port) is None
