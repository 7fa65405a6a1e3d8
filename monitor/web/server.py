"""`/healthz`, `/readyz`, `/metrics`. Nobody is asked who he is, so it listens on loopback only (config_operations.py).

healthz: a restart would help if it is not 200, by the very facts that feed systemd's watchdog. readyz: not 200 while
news may not come through, whoever has to mend that; its body says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from monitor.app.attendants import View
from monitor.errors import StoreError

if TYPE_CHECKING:
    from monitor.app.metrics import Metrics

_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class WebServer:
    """An attendant of the daemon. The numbers live as long as it does, whatever is reloaded."""

    name = "web"

    def __init__(self) -> None:
        self._runner: web.AppRunner | None = None
        self._metrics: Metrics | None = None

    async def open(self, view: View) -> None:
        section = view.parts.config.monitor.web
        if section is None:
            return
        if self._metrics is None:
            from monitor.app.metrics import Metrics  # only here: its library is loaded for those who want it

            self._metrics = Metrics()
        pages = _Pages(view, self._metrics)
        app = web.Application()
        app.router.add_get("/healthz", pages.healthz)
        app.router.add_get("/readyz", pages.readyz)
        app.router.add_get("/metrics", pages.metrics)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, section.listen.host, section.listen.port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


@dataclass(frozen=True, slots=True)
class _Pages:
    view: View
    numbers: Metrics

    async def healthz(self, _request: web.Request) -> web.Response:
        return _verdict(self.view.pulse.stuck())

    async def readyz(self, _request: web.Request) -> web.Response:
        return _verdict(await self.view.troubles())

    async def metrics(self, _request: web.Request) -> web.Response:
        try:
            body = await self.numbers.text(self.view)
        except StoreError as e:
            return web.Response(status=503, text=f"{e}\n", headers=_HEADERS)
        return web.Response(body=body, headers={**_HEADERS, "Content-Type": self.numbers.content_type})


def _verdict(wrong: tuple[str, ...]) -> web.Response:
    text = "".join(f"{line}\n" for line in wrong) or "ok\n"
    return web.Response(status=503 if wrong else 200, text=text, headers=_HEADERS)
