"""The web server of the daemon, for those who have it: what it answers is in pages.py.

Nobody is asked who he is, so it listens on loopback only (config_operations.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.app.attendants import View

if TYPE_CHECKING:
    from aiohttp import web

    from monitor.app.metrics import Metrics


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
        from aiohttp import web  # only here: these are loaded for those who want them

        from monitor.app.metrics import Metrics
        from monitor.web.pages import application

        self._metrics = self._metrics or Metrics()
        runner = web.AppRunner(application(view, self._metrics), access_log=None, shutdown_timeout=1)
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
