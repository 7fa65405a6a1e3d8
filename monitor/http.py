"""The one way out to the web: size, time, redirects, private addresses, pace per host.

Everything that answers is hostile until shown otherwise. The address guard is asked twice: by the resolver (a
name with one forbidden address is refused whole) and for the very address of each connection. So neither a
literal, nor a redirect, nor a name that changes its mind gets past it.
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from monitor.errors import FetchError
from monitor.urls import join, origin, web_url

Network = IPv4Network | IPv6Network

CONNECT_SECONDS = 10
RESOLVE_SECONDS = 5
ALLOW_HINT = "add its network to http.allow_networks if this feed is yours"
CHUNK_BYTES = 64 * 1024

# Real sites send more and longer headers than aiohttp's defaults allow; the total time bounds the rest.
MAX_HEADERS = 512
MAX_HEADER_BYTES = 64 * 1024

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT_REDIRECTS = frozenset({301, 308})

# A table of our own: `ipaddress.is_global` changes with the Python release, and passes multicast, 6to4, NAT64
# and some metadata addresses.
_DENIED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "this machine's"),
        ("10.0.0.0/8", "a private"),
        ("100.64.0.0/10", "a carrier's private"),
        ("127.0.0.0/8", "this machine's"),
        ("168.63.129.16/32", "a cloud host's"),
        ("169.254.0.0/16", "a link-local"),
        ("172.16.0.0/12", "a private"),
        ("192.0.0.0/24", "a reserved"),
        ("192.0.2.0/24", "a documentation"),
        ("192.88.99.0/24", "a reserved"),
        ("192.168.0.0/16", "a private"),
        ("198.18.0.0/15", "a test network's"),
        ("198.51.100.0/24", "a documentation"),
        ("203.0.113.0/24", "a documentation"),
        ("224.0.0.0/4", "a multicast"),
        ("240.0.0.0/4", "a reserved"),
        ("::/96", "this machine's or a reserved"),
        ("64:ff9b:1::/48", "a private"),
        ("100::/64", "a reserved"),
        ("2001::/23", "a reserved"),
        ("2001:db8::/32", "a documentation"),
        ("2002::/16", "a reserved"),
        ("3fff::/20", "a documentation"),
        ("5f00::/16", "a reserved"),
        ("fc00::/7", "a private"),
        ("fe80::/10", "a link-local"),
        ("fec0::/10", "a private"),
        ("ff00::/8", "a multicast"),
    )
)
_CARRIERS_OF_V4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))  # mapped, NAT64


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How we behave as a guest of other people's servers."""

    user_agent: str
    allow_networks: tuple[Network, ...] = ()  # private networks that may be fetched from
    timeout: timedelta = timedelta(seconds=30)  # for one answer, redirects and body included
    pace: timedelta = timedelta(seconds=0.2)  # least time between two request starts to one host and port
    per_host: int = 2  # requests in flight
    at_once: int = 32  # requests in flight, all hosts together
    max_redirects: int = 5


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered in the end, whatever its status. Repeated headers are joined by commas."""

    url: str  # after redirects
    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes
    permanent: bool  # the URL moved for good: there were redirects, and every one was 301 or 308


def refusal(address: str, allow_networks: Sequence[Network]) -> str | None:
    """Why we do not connect to an IP address, in words for the operator; None when we may."""
    ip = _inner(ip_address(address.partition("%")[0]))
    if any(ip in network for network in allow_networks):
        return None
    for network, kind in _DENIED:
        if ip in network:
            return f"{address} is {kind} address; {ALLOW_HINT}"
    return None


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if any(ip in network for network in _CARRIERS_OF_V4):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


class Http:
    """GET, and nothing else. One for the whole process: the pace per host is kept here."""

    def __init__(self, settings: HttpSettings, *, resolver: AbstractResolver | None = None) -> None:
        self._settings = settings
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None
        self._hosts = _HostGate(per_host=settings.per_host, at_once=settings.at_once, pace=settings.pace)

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

    async def get(self, url: str, *, headers: Mapping[str, str] = {}, max_bytes: int) -> Response:
        """The final answer of a server, of any status; `max_bytes` counts after decompression.

        Time spent waiting for our own turn does not count against the server. Raises FetchError.
        """
        try:
            url = web_url(url)
        except ValueError as error:
            raise FetchError(str(error), permanent=True) from error
        left = self._settings.timeout.total_seconds()
        clock = asyncio.get_running_loop().time
        statuses: list[int] = []
        while len(statuses) <= self._settings.max_redirects:
            async with self._hosts.turn(origin(url)):
                started = clock()
                hop = await self._hop(url, headers=headers, max_bytes=max_bytes, seconds=left)
                left -= clock() - started
            if isinstance(hop, _Answer):
                permanent = bool(statuses) and PERMANENT_REDIRECTS.issuperset(statuses)
                return Response(url, hop.status, hop.headers, hop.body, permanent)
            statuses.append(hop.status)
            url = hop.url
        raise FetchError(f"more than {self._settings.max_redirects} redirects")

    async def _hop(
        self, url: str, *, headers: Mapping[str, str], max_bytes: int, seconds: float
    ) -> _Answer | _Redirect:
        try:
            async with asyncio.timeout(seconds), self._request(url, headers) as response:
                if response.status in REDIRECTS:
                    return _redirect(url, response)
                body = await _read(response, max_bytes)
                return _Answer(response.status, _joined(response.headers), body)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise self._explained(error, url) from error

    def _request(self, url: str, headers: Mapping[str, str]) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        if self._session is None:
            self._session = self._open()
        # `encoded`: the path goes out as it was given. Some servers sign every byte of it.
        return self._session.get(URL(url, encoded=True), headers=headers, allow_redirects=False)

    def _open(self) -> aiohttp.ClientSession:
        if self._resolver is None:
            self._resolver = aiohttp.ThreadedResolver()
        connector = aiohttp.TCPConnector(
            resolver=_GuardedResolver(self._resolver, self._settings.allow_networks),
            socket_factory=self._guarded_socket,
            limit=0,  # our gate stands before the pool: in the pool a waiting request's clock already runs
            ttl_dns_cache=300,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # a proxy would look names up where the guard cannot see
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            headers={"User-Agent": self._settings.user_agent, "Accept-Encoding": "gzip, deflate"},
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
        )

    def _guarded_socket(self, address: Any) -> socket.socket:
        family, kind, protocol, _, dialled = address
        reason = refusal(dialled[0], self._settings.allow_networks)
        if reason is not None:
            raise _RefusedAddressError(reason)
        return socket.socket(family, kind, protocol)

    def _explained(self, error: Exception, url: str) -> FetchError:
        host = origin(url).rpartition(":")[0]
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return FetchError(f"the certificate of {host} is not valid: {error.certificate_error}")
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        match cause:
            case _RefusedAddressError():
                return FetchError(str(cause), permanent=True)
            case aiohttp.ConnectionTimeoutError():
                return FetchError(f"no connection to {host} within {CONNECT_SECONDS} s")
            case TimeoutError():
                return FetchError(f"no answer within {self._settings.timeout.total_seconds():g} s")
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
            return FetchError(f"cannot resolve {host}")
        if isinstance(error, aiohttp.ClientSSLError):
            return FetchError(f"no secure connection to {host}: {cause}")
        if isinstance(error, OSError):
            return FetchError(f"cannot connect to {host}: {getattr(cause, 'strerror', None) or cause}")
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


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    decoder = _decoder(response.headers.get("Content-Encoding", ""))
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        body += decoder.feed(chunk, max_bytes + 1 - len(body))
        if len(body) > max_bytes:
            raise FetchError(f"more than {max_bytes / 1_000_000:g} MB")
    decoder.finish()
    return bytes(body)


def _decoder(coding: str) -> _Identity | _Zlib:
    match coding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip" | "deflate" as known:
            return _Zlib(known)
        case unknown:
            raise FetchError(f"the answer is packed in a way we did not ask for: {unknown[:100]!r}")


class _Identity:
    def feed(self, data: bytes, most: int) -> bytes:
        return data[:most]

    def finish(self) -> None:
        pass


class _Zlib:
    """Unpacks no further than asked, and knows if it saw the end; aiohttp takes a cut gzip for a whole."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding != "deflate"
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes, most: int) -> bytes:
        out = bytearray()
        while data and len(out) < most:
            if self._stream is None or (self._stream.eof and self._gzip and data[:1] == b"\x1f"):
                self._stream = zlib.decompressobj(self._window(data))
            if self._stream.eof:
                break  # what follows a finished stream is none of ours
            try:
                out += self._stream.decompress(data, most - len(out))
            except zlib.error as error:
                raise FetchError("the answer is not packed as it says") from error
            data = self._stream.unconsumed_tail or self._stream.unused_data
        return bytes(out)

    def finish(self) -> None:
        if self._stream is not None and not self._stream.eof:
            raise FetchError("the answer broke off before its end")

    def _window(self, data: bytes) -> int:
        if self._gzip:
            return 31
        # "deflate" means zlib (RFC 9110), yet some send it bare; a zlib header's low bits are 8 (RFC 1950).
        return 15 if data[0] & 0x0F == 8 else -15


class _RefusedAddressError(OSError):
    """The guard's no, in the only shape that aiohttp lets through."""


class _GuardedResolver(AbstractResolver):
    def __init__(self, inner: AbstractResolver, allow_networks: Sequence[Network]) -> None:
        self._inner = inner
        self._allow_networks = allow_networks

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name, or an OSError when even one of them is forbidden."""
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await self._inner.resolve(host, port, family)
        except TimeoutError as error:
            raise OSError("the name servers do not answer") from error  # a timeout would pass for the site's
        for result in found:
            reason = refusal(result["host"], self._allow_networks)
            if reason is not None:
                raise _RefusedAddressError(f"{host} leads to a forbidden address: {reason}")
        return found

    async def close(self) -> None:
        await self._inner.close()


@dataclass(slots=True)
class _Host:
    slots: asyncio.Semaphore
    users: int = 0
    next_start: float = 0.0  # on the loop's clock


class _HostGate:
    """At most so many requests at once, so many to one host, and a least time between two starts there."""

    def __init__(self, *, per_host: int, at_once: int, pace: timedelta) -> None:
        self._per_host = per_host
        self._all = asyncio.Semaphore(at_once)
        self._pace = pace.total_seconds()
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        host = self._hosts.setdefault(name, _Host(asyncio.Semaphore(self._per_host)))
        host.users += 1
        try:
            # In this order, so that those who wait for a slow host take nobody else's place.
            async with host.slots, self._all:
                await self._start(host)
                yield
        finally:
            host.users -= 1
            asyncio.get_running_loop().call_at(host.next_start, self._forget, name)

    async def _start(self, host: _Host) -> None:
        now = asyncio.get_running_loop().time()
        wait = host.next_start - now
        host.next_start = max(now, host.next_start) + self._pace
        if wait > 0:
            await asyncio.sleep(wait)

    def _forget(self, name: str) -> None:
        host = self._hosts.get(name)
        if host is not None and not host.users and host.next_start <= asyncio.get_running_loop().time():
            del self._hosts[name]
