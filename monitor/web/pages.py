"""`/healthz`, `/readyz`, `/metrics`.

healthz: a restart would help if it is not 200, by the very facts that feed systemd's watchdog. readyz: not 200 while
news may not come through, whoever has to mend that; its body says why.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from monitor.app.attendants import View
from monitor.app.metrics import Metrics
from monitor.errors import StoreError

_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def application(view: View, numbers: Metrics) -> web.Application:
    pages = _Pages(view, numbers)
    app = web.Application()
    app.router.add_get("/healthz", pages.healthz)
    app.router.add_get("/readyz", pages.readyz)
    app.router.add_get("/metrics", pages.metrics)
    return app


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
