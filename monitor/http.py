"""The one way out to the web: size, time, redirects, private addresses, manners.

Everything that answers is hostile until shown otherwise. Where we may connect is http_guard.py's to say, whose turn
it is http_gate.py's; how a body is unpacked stands in http_body.py.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from monitor.errors import FetchError
from monitor.http_body import decoder
from monitor.http_gate import Gate, Holds, host_of
from monitor.http_guard import GuardedResolver, Network, RefusedAddressError, ThreadedResolver, port_refusal, refusal
from monitor.http_hints import retry_after
from monitor.urls import join, web_url

CHUNK_BYTES: Final = 64 * 1024

# Real sites send more and longer headers than aiohttp's defaults allow; the total time bounds the rest.
MAX_HEADERS: Final = 256
MAX_HEADER_BYTES: Final = 64 * 1024  # each

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT_REDIRECTS = frozenset({301, 308})
ASK_TO_WAIT = frozenset({429, 503})  # with a Retry-After

_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})

# Asked before each hop of a request: the pace that the host wishes, or a FetchError when it does not want us there.
Admit = Callable[[str], Awaitable[timedelta]]


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How we behave as a guest of other people's servers, and how much we take from them."""

    user_agent: str
    allow_networks: tuple[Network, ...] = ()  # private networks that may be fetched from
    timeout: timedelta = timedelta(seconds=30)  # for one answer, redirects and body included
    connect: timedelta = timedelta(seconds=10)  # until a connection stands
    resolve: timedelta = timedelta(seconds=5)  # until a name is looked up
    stall: timedelta = timedelta(seconds=15)  # without a single byte
    pace: timedelta = timedelta(seconds=0.05)  # least time between two request starts to one host
    per_host: int = 2  # requests in flight to one host; the others wait in the order they came
    at_once: int = 256  # requests in flight, all hosts together; hosts that never answer take places for `stall`
    max_redirects: int = 5
    max_feed_bytes: int = 10_000_000  # after decompression
    max_page_bytes: int = 8_000_000


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered in the end, whatever its status. Repeated headers are joined by commas."""

    url: str  # after redirects
    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes
    permanent: bool  # the URL moved for good: there were redirects, and every one was 301 or 308
    at: datetime  # when it came


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _untold(_host: str, _until: datetime) -> None:
    """Nobody wants to know."""


class Http:
    """GET, and forms for hubs. One for the whole process: pace and holds are kept here.

    `on_hold` hears of every host that asks to be left alone, and until when. `tls` is for those who have a certificate
    authority of their own; without it the system's are trusted. `played`: hosts that are asked here and not in any
    network, by what answers for them.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] = _utc_now,
        on_hold: Callable[[str, datetime], None] = _untold,
        played: Mapping[str, Callable[[str], Response]] = {},
    ) -> None:
        self.settings = settings
        self._played = played
        self._resolver = resolver
        self._tls = tls
        self._clock = clock
        self._on_hold = on_hold
        self._session: aiohttp.ClientSession | None = None
        self._holds = Holds(clock)
        self._gate = Gate(self._holds, per_host=settings.per_host, at_once=settings.at_once, pace=settings.pace)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        if self._resolver is not None:
            await self._resolver.close()

    def hold(self, host: str, until: datetime) -> None:
        """Send nothing to a host (as `holds` spells it) until then, a week at most. For what was remembered."""
        self._holds.add(host, until)

    def held_until(self, url: str) -> datetime | None:
        """Until when the host of an address is to be left alone; None when it may be asked."""
        return self._holds.of(host_of(url))

    def holds(self) -> Mapping[str, datetime]:
        """The hosts that are left alone now, and until when."""
        return self._holds.now()

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] = {},
        max_bytes: int,
        cut: bool = False,
        admit: Admit | None = None,
        paces: int = 1,
    ) -> Response:
        """The final answer of a server, of any status; `max_bytes` counts after decompression.

        `cut`: of what is larger, the beginning will do. `paces`: how far it keeps behind the request before. Time spent
        waiting for our own turn does not count against the server. Raises FetchError.
        """
        url = _usable(url)
        if played := self._played.get(host_of(url)):
            return played(url)
        left = self.settings.timeout.total_seconds()
        clock = asyncio.get_running_loop().time
        statuses: list[int] = []
        while len(statuses) <= self.settings.max_redirects:
            host = host_of(url)
            _check_port(host)
            wished = await admit(url) if admit else timedelta()
            async with self._gate.turn(host, max(wished, self.settings.pace * paces)):
                started = clock()
                hop = await self._hop(url, headers=headers, max_bytes=max_bytes, cut=cut, seconds=left)
                left -= clock() - started
            if isinstance(hop, _Answer):
                permanent = bool(statuses) and PERMANENT_REDIRECTS.issuperset(statuses)
                return Response(url, hop.status, hop.headers, hop.body, permanent, self._clock())
            statuses.append(hop.status)
            url = hop.url
        raise FetchError(f"more than {self.settings.max_redirects} redirects", status=statuses[-1])

    async def post(
        self, url: str, body: bytes | Mapping[str, str], *, headers: Mapping[str, str] = {}, max_bytes: int
    ) -> Response:
        """The answer to bytes or a form, of any status but a redirect; of it the beginning. Raises FetchError."""
        url = _usable(url)
        host = host_of(url)
        _check_port(host)
        seconds = self.settings.timeout.total_seconds()
        async with self._gate.turn(host):
            hop = await self._hop(url, headers=headers, max_bytes=max_bytes, cut=True, seconds=seconds, sent=body)
        if isinstance(hop, _Redirect):
            raise FetchError(f"a redirect ({hop.status}) to {hop.url[:200]}", permanent=True, status=hop.status)
        return Response(url, hop.status, hop.headers, hop.body, False, self._clock())

    async def _hop(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        max_bytes: int,
        cut: bool,
        seconds: float,
        sent: bytes | Mapping[str, str] | None = None,
    ) -> _Answer | _Redirect:
        try:
            async with asyncio.timeout(seconds), self._request(url, headers, sent) as response:
                if response.status in REDIRECTS:
                    return _redirect(url, response)
                told = _joined(response.headers)
                self._heed(host_of(url), response.status, told)
                return _Answer(response.status, told, await _read(response, max_bytes, cut=cut))
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise self._explained(error, url) from error

    def _heed(self, host: str, status: int, headers: Mapping[str, str]) -> None:
        """Whoever asks us to wait is left alone as a whole: the server counts requests, not feeds."""
        wait = retry_after(headers, self._clock()) if status in ASK_TO_WAIT else None
        if wait is None:
            return
        until = self._clock() + wait
        if self._holds.add(host, until):
            self._on_hold(host, until)

    def _request(
        self, url: str, headers: Mapping[str, str], sent: bytes | Mapping[str, str] | None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        if self._session is None:
            self._session = self._open()
        # `encoded`: the path goes out as it was given. Some servers sign every byte of it.
        method = "GET" if sent is None else "POST"
        return self._session.request(method, URL(url, encoded=True), headers=headers, data=sent, allow_redirects=False)

    def _open(self) -> aiohttp.ClientSession:
        settings = self.settings
        if self._resolver is None:
            self._resolver = ThreadedResolver()
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self._resolver, settings.allow_networks, settings.resolve),
            socket_factory=self._guarded_socket,
            ssl=self._tls or True,  # True: verified against the system's authorities
            limit=0,  # our gate stands before the pool: in the pool a waiting request's clock already runs
            ttl_dns_cache=300,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # a proxy would look names up where the guard cannot see
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(
                total=None,
                sock_connect=settings.connect.total_seconds(),
                sock_read=settings.stall.total_seconds(),
            ),
            headers={"User-Agent": settings.user_agent, "Accept-Encoding": "gzip, deflate"},
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
        )

    def _guarded_socket(self, address: Any) -> socket.socket:
        family, kind, protocol, _, dialled = address
        reason = refusal(dialled[0], self.settings.allow_networks)
        if reason is not None:
            raise RefusedAddressError(reason)
        return socket.socket(family, kind, protocol)

    def _explained(self, error: Exception, url: str) -> FetchError:
        host = urlsplit(url).hostname
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return FetchError(f"the certificate of {host} is not valid: {error.certificate_error}")
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        match cause:
            case RefusedAddressError():
                return FetchError(str(cause), permanent=True)
            case aiohttp.ConnectionTimeoutError():
                return FetchError(f"no connection to {host} within {_seconds(self.settings.connect)}")
            case aiohttp.SocketTimeoutError():
                return FetchError(f"{host} sent nothing for {_seconds(self.settings.stall)}")
            case TimeoutError():
                return FetchError(f"no answer within {_seconds(self.settings.timeout)}")
            case aiohttp.InvalidURL():
                return FetchError(f"{url!r} is not a usable web address", permanent=True)
            case aiohttp.ServerDisconnectedError():
                return FetchError(f"{host} closed the connection without an answer")
            case aiohttp.ClientPayloadError():
                return FetchError("the answer broke off before its end")
            case aiohttp.ClientResponseError():
                detail = cause.message.partition("\n")[0][:200]
                return FetchError(f"{host} does not speak proper HTTP: {detail}")
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return FetchError(f"cannot resolve {host}: {_why_unresolved(error.os_error)}")
        if isinstance(error, aiohttp.ClientSSLError):
            return FetchError(f"no secure connection to {host}: {cause}")
        if isinstance(error, OSError):
            # In the middle of a handshake asyncio has no more to say than that it ended.
            detail = getattr(cause, "strerror", None) or str(cause) or "it closed the connection"
            return FetchError(f"cannot connect to {host}: {detail}")
        return FetchError(f"no usable answer from {host}: {cause}")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Redirect:
    status: int
    url: str


def _usable(url: str) -> str:
    try:
        return web_url(url)
    except ValueError as error:
        raise FetchError(str(error), permanent=True) from error


def _check_port(host: str) -> None:
    """`host` as `host_of` spells it: with its port, unless that is a usual one."""
    port = host.rpartition(":")[2]
    reason = port_refusal(int(port)) if port.isdecimal() else None
    if reason is not None:
        raise FetchError(reason, permanent=True)


def _redirect(url: str, response: aiohttp.ClientResponse) -> _Redirect:
    location = response.headers.get("Location")
    if location is None:
        raise FetchError(f"a redirect ({response.status}) that does not say where to", status=response.status)
    target = join(url, location)
    if target is None:
        raise FetchError(
            f"a redirect to {location[:200]!r}, which is not a usable web address",
            permanent=True,
            status=response.status,
        )
    return _Redirect(response.status, target)


def _joined(headers: CIMultiDictProxy[str]) -> Mapping[str, str]:
    return CIMultiDictProxy(CIMultiDict((name, ", ".join(headers.getall(name))) for name in set(headers)))


async def _read(response: aiohttp.ClientResponse, max_bytes: int, *, cut: bool) -> bytes:
    unpack = decoder(response.headers.get("Content-Encoding", ""))
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        body += unpack.feed(chunk, max_bytes + 1 - len(body))
        if len(body) > max_bytes and cut:
            return bytes(body[:max_bytes])
        if len(body) > max_bytes:
            raise FetchError(f"more than {max_bytes / 1_000_000:g} MB")
    unpack.finish()
    return bytes(body)


def _why_unresolved(error: OSError) -> str:
    if isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME:
        return "there is no such name"
    return str(error.strerror or error)


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():g} s"
