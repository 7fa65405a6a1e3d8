"""A small news world on loopback: one web server an outlet, whose news comes out chapter by chapter.

The first chapter is history: a monitor that starts now must take it as its baseline and stay quiet.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from types import TracebackType
from typing import Self

from aiohttp import ETag, web

from monitor.demo import press
from monitor.demo.press import Item, Press

LOOPBACK = "127.0.0.{}"  # an address for each outlet: they are sites of their own
STOP_SECONDS = 1.0  # how long a request under way may take when the world ends


@dataclass(frozen=True, slots=True)
class Outlet:
    """What a reader needs to subscribe to an outlet."""

    name: str
    feed_url: str
    language: str  # BCP 47
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request that an outlet answered. `conditional`: it carried a validator."""

    outlet: str
    path: str
    status: int
    conditional: bool


def _now() -> datetime:
    return datetime.now(UTC)


class World:
    """Async context manager: the outlets are reachable inside the block, and only there.

    `clock` dates the news and must return aware UTC.
    """

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._play = press.load()
        self._releases: list[datetime] = []
        self._outlets: list[Outlet] = []
        self._requests: list[Request] = []
        self._servers = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._release()
        async with AsyncExitStack() as servers:  # a server that cannot start takes the others down again
            for number, printer in enumerate(self._play.presses, start=1):
                self._outlets.append(await self._serve(printer, LOOPBACK.format(number), servers))
            self._servers = servers.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._servers.aclose()

    @property
    def outlets(self) -> tuple[Outlet, ...]:
        return tuple(self._outlets)

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in the order of the answers."""
        return tuple(self._requests)

    @property
    def chapter(self) -> str:
        """The title of the chapter that came out last."""
        return self._play.chapters[len(self._releases) - 1]

    @property
    def is_last_chapter(self) -> bool:
        return len(self._releases) == len(self._play.chapters)

    def publish_next(self) -> bool:
        """Puts the next chapter's items into the feeds. False when everything has been told."""
        if len(self._releases) == len(self._play.chapters):
            return False
        self._release()
        return True

    def _release(self) -> None:
        self._releases.append(self._clock())

    async def _serve(self, printer: Press, host: str, servers: AsyncExitStack) -> Outlet:
        async def answer(request: web.BaseRequest) -> web.Response:
            base = f"http://{host}:{port}"
            response = self._answer(printer, base, request)
            conditional = request.if_none_match is not None or request.if_modified_since is not None
            self._requests.append(Request(printer.name, request.path, response.status, conditional))
            return response

        runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=STOP_SECONDS)
        servers.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, host, 0).start()
        port: int = runner.addresses[0][1]
        feed_url = f"http://{host}:{port}{printer.feed_path}"
        return Outlet(printer.name, feed_url, printer.language, printer.tags)

    def _answer(self, printer: Press, base: str, request: web.BaseRequest) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(text="User-agent: *\nAllow: /\n")
        if request.path == printer.feed_path:
            response = _document(press.feed(printer, base, self._releases), printer.content_type)
            response.last_modified = press.changed_at(printer, self._releases)
            return _conditional(request, response)
        item = self._item(printer, request.path)
        if item is None:
            return web.Response(status=404, text="No such page.")
        if item.walled:
            return web.Response(status=403, body=press.wall(), content_type="text/html", charset="utf-8")
        return _conditional(request, _document(press.page(printer, item, base, self._releases), "text/html"))

    def _item(self, printer: Press, path: str) -> Item | None:
        out = press.released(printer, self._releases)
        return next((item for item in out if item.path == path), None)


def _document(body: bytes, content_type: str) -> web.Response:
    response = web.Response(body=body, content_type=content_type, charset="utf-8")
    response.etag = sha256(body).hexdigest()[:32]
    return response


def _conditional(request: web.BaseRequest, response: web.Response) -> web.Response:
    """304 where the client has this already. If-None-Match, when present, settles it (RFC 9110 13.2.2)."""
    asked = request.if_none_match
    if asked is not None:
        known = any(_same(tag, response.etag) for tag in asked)
    else:
        known = _not_since(request.if_modified_since, response.last_modified)
    if not known:
        return response
    unchanged = web.Response(status=304)
    unchanged.etag, unchanged.last_modified = response.etag, response.last_modified
    return unchanged


def _same(asked: ETag, have: ETag | None) -> bool:
    """The weak comparison of RFC 9110 section 8.8.3.2, as If-None-Match wants it."""
    return have is not None and asked.value in ("*", have.value)


def _not_since(asked: datetime | None, changed: datetime | None) -> bool:
    return asked is not None and changed is not None and changed <= asked
