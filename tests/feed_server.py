"""A web server on loopback that says exactly the bytes it is told to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from socket import AF_INET, AddressFamily

from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.http import Http, HttpSettings

LOOPBACK = ip_network("127.0.0.1/32")

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Asked:
    """One request. `headers` are as they stood on the wire, names in lower case."""

    path: str
    headers: Mapping[str, bytes]
    at: float


@dataclass
class FeedServer:
    """`answers` maps a path to the raw bytes of its answer, or to a script that writes them."""

    port: int = 0
    answers: dict[str, bytes | Script] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
                await self._answer(head, writer)
        finally:
            self.in_flight -= 1
            writer.close()

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        line, *fields = head.rstrip().split(b"\r\n")
        path = line.split()[1].decode()
        pairs = (header.partition(b":") for header in fields)
        headers = {name.decode().lower(): value.strip() for name, _, value in pairs}
        self.asked.append(Asked(path, headers, asyncio.get_running_loop().time()))
        answer = self.answers.get(path, answered(404))
        if isinstance(answer, bytes):
            writer.write(answer)
        else:
            await answer(writer)
        await writer.drain()


def answered(
    status: int = 200, body: bytes = b"", *, headers: Mapping[str, str] = {}, length: int | None = None
) -> bytes:
    """The bytes of an answer; `length` lies about the body."""
    lines = [f"HTTP/1.1 {status} Whatever", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if status != 304:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def serving(
    *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, **answers: bytes | Script
) -> AsyncIterator[FeedServer]:
    """A server whose answer to `/name` is given by the argument `name`."""
    site = FeedServer(answers={f"/{name}": answer for name, answer in answers.items()})
    handlers: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(site.handle(reader, writer))
        handlers.add(task)
        task.add_done_callback(handlers.discard)

    server = await asyncio.start_server(accept, host, 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()


class StubResolver(AbstractResolver):
    """Names lead where the test says; each look-up takes the next of the answers, the last one stays."""

    def __init__(self, **names: list[list[str]]) -> None:
        self._names = {name.replace("_", "."): list(answers) for name, answers in names.items()}

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        answers = self._names.get(host)
        if answers is None:
            raise OSError("no such name")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=AF_INET, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None:
        pass


def loopback_http(
    *,
    resolver: AbstractResolver | None = None,
    settings: HttpSettings | None = None,
    tls: ssl.SSLContext | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_hold: Callable[[str, datetime], None] = lambda host, until: None,
) -> Http:
    """The real thing, allowed to reach 127.0.0.1 and nothing else that is private."""
    return Http(
        settings or HttpSettings(user_agent="test/1 (+https://example.org)", allow_networks=(LOOPBACK,)),
        resolver=resolver or StubResolver(),
        tls=tls,
        clock=clock,
        on_hold=on_hold,
    )
