"""A WebSub hub on loopback: verifies intent, grants leases, signs what it pushes."""

from __future__ import annotations

import asyncio
import hmac
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

ATOM = 'xmlns="http://www.w3.org/2005/Atom"'


@dataclass(slots=True)
class Hub:
    """Async context manager. `asked` has every form, `verified` the status and body of every verification."""

    lease: str = "3600"  # "" to say nothing of it
    answer: int = 202
    mode: str = "subscribe"  # "denied" to refuse
    silent: bool = False  # verifies nothing
    asked: list[Mapping[str, str]] = field(default_factory=list)
    verified: list[tuple[int, str]] = field(default_factory=list)
    port: int = 0
    _runner: web.ServerRunner | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def links(self, topic: str) -> str:
        """What a feed says of itself and of this hub."""
        return f'<link {ATOM} rel="hub" href="{self.url}"/><link {ATOM} rel="self" href="{topic}"/>'

    async def verify(self, **changes: str) -> tuple[int, str]:
        """Ask the subscriber whether it meant it, with some parameters (without their `hub.`) changed."""
        form = self.asked[-1]
        parameters = {"mode": self.mode, "topic": form["hub.topic"], "challenge": "c-1", "lease_seconds": self.lease}
        query = {f"hub.{name}": value for name, value in (parameters | changes).items()}
        return await request("GET", form["hub.callback"], params=query)

    async def push(self, body: bytes = b"<rss/>", *, method: str = "sha256", secret: str | None = None) -> int:
        """The status of the subscriber's answer. With method "" nothing is signed."""
        form = self.asked[-1]
        key = (form["hub.secret"] if secret is None else secret).encode()
        signed = {"X-Hub-Signature": f"{method}={hmac.new(key, body, method).hexdigest()}"} if method else {}
        status, _ = await request("POST", form["hub.callback"], data=io.BytesIO(body), headers=signed)
        return status

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append({name: str(value) for name, value in (await request.post()).items()})
        if self.answer == 202 and not self.silent:
            task = asyncio.create_task(self._verify_soon())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return web.Response(status=self.answer)

    async def _verify_soon(self) -> None:
        self.verified.append(await self.verify())


async def request(method: str, url: str, **options: object) -> tuple[int, str]:
    """A request by somebody who is not us."""
    async with aiohttp.ClientSession() as session, session.request(method, url, **options) as response:  # type: ignore[arg-type]
        return response.status, await response.text()
