"""A farm of feeds on loopback, in a process of its own, that knows what it was asked.

Every host is an address of its own in 127/8: most have four feeds, five have a fifth of all feeds among them. The body
of a feed is 20 to 40 entries. What a request gets depends on the mode, which is set over HTTP as well. A second port is
a tar pit: it takes connections and says nothing.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate
from html import escape

from aiohttp import web

FEEDS_PER_HOST = 4
BIG_HOSTS = 5
BIG_SHARE = 0.2
MEANWHILE = 0.5  # seconds
VOCABULARY = (
    "council market border talks minister budget river harvest railway energy hospital school court election bridge "
    "region harbour airport factory museum weather traffic concert library storm valley museum village forum reform"
)
WORDS = VOCABULARY.split()


@dataclass(slots=True)
class Log:
    """What happened since the last reset."""

    requests: int = 0
    not_modified: int = 0
    possible: int = 0  # requests that carried a validator that was right
    first: float = 0.0
    last: float = 0.0
    in_flight: Counter[str] = field(default_factory=Counter)
    most_per_host: int = 0
    looks: dict[int, list[float]] = field(default_factory=dict)  # at each feed, in seconds
    held: dict[str, float] = field(default_factory=dict)  # hosts that said when they may be asked again
    early: int = 0  # requests to them before that
    pits: int = 0  # connections to the tar pit


class Farm:
    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self.mode = "same"  # same: 304s | restamped: 200s with another lastBuildDate | new: one more item each time
        self.patience = 0  # seconds for which a host asks to be left alone, at its first request
        self.latency = 0.0  # median seconds, log-normal
        self.closing = False  # the connection after each answer
        self.generation = 0
        self.log = Log()
        self._bodies: dict[int, tuple[str, str]] = {}

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/_control":
            return self._control(request)
        host, log = request.host, self.log
        log.in_flight[host] += 1
        log.most_per_host = max(log.most_per_host, log.in_flight[host])
        log.first = log.first or time.monotonic()
        try:
            if self.latency:
                await asyncio.sleep(self.latency * random.lognormvariate(0, 0.5))
            answered = self._feed(request)
            if self.closing:
                answered.force_close()
            return answered
        finally:
            log.in_flight[host] -= 1
            log.last = time.monotonic()

    def _control(self, request: web.BaseRequest) -> web.Response:
        for name, value in request.query.items():
            if name == "mode":
                self.mode = value
            elif name == "latency":
                self.latency = float(value)
            elif name == "patience":
                self.patience = int(value)
            elif name == "closing":
                self.closing = bool(int(value))
        log = self.log
        said: dict[str, object] = {
            "requests": log.requests,
            "not_modified": log.not_modified,
            "possible": log.possible,
            "seconds": log.last - log.first,
            "most_per_host": log.most_per_host,
            "held": len(log.held),
            "early": log.early,
            "pits": log.pits,
        }
        if "looks" in request.query:
            said["looks"] = log.looks
        if "reset" in request.query:
            self.log = Log()
            self.generation += self.mode == "new"
        return web.json_response(said)

    def _feed(self, request: web.BaseRequest) -> web.Response:
        number = int(request.path.rpartition("/")[2])
        self.log.requests += 1
        self.log.looks.setdefault(number, []).append(time.monotonic())
        if self.patience:
            return self._leave_me_alone(request.host)
        etag = f'"{number}-{self.generation}"'
        if self.mode != "restamped" and request.headers.get("If-None-Match") == etag:
            self.log.possible += 1
            self.log.not_modified += 1
            return web.Response(status=304, headers={"ETag": etag})
        headers = {"Content-Type": "application/rss+xml; charset=utf-8"}
        if self.mode != "restamped":
            headers["ETag"] = etag
        body = self.body(number).encode()
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, headers=headers)

    def _leave_me_alone(self, host: str) -> web.Response:
        """The hour begins when the word is on its way: what was sent at the same moment is no offence."""
        now, log = time.monotonic(), self.log
        log.early += now > log.held.setdefault(host, now) + MEANWHILE
        return web.Response(status=429, headers={"Retry-After": str(self.patience)})

    def body(self, number: int) -> str:
        """The head is stamped anew at every fetch; the items are what they were, but for new ones."""
        if number not in self._bodies:
            chance = random.Random(self._seed * 1_000_003 + number)
            old = [self._item(number, f"old-{n}", chance) for n in range(chance.randint(20, 40))]
            self._bodies[number] = (f"Farm feed {number}", "".join(old))
        title, items = self._bodies[number]
        fresh = "".join(
            self._item(number, f"new-{g}", random.Random(self._seed + number * 7_919 + g))
            for g in range(self.generation, 0, -1)
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<channel><title>{title}</title><description>All there is</description>"
            f"<lastBuildDate>{formatdate(time.time(), usegmt=True)}</lastBuildDate>{fresh}{items}</channel></rss>"
        )

    def _item(self, number: int, name: str, chance: random.Random) -> str:
        """Without a link: what is measured is the way of a feed, not that of its pages."""
        title = " ".join(chance.choices(WORDS, k=8)).capitalize()
        text = ". ".join(" ".join(chance.choices(WORDS, k=14)).capitalize() for _ in range(chance.randint(6, 18)))
        stamp = formatdate(1_700_000_000 + chance.randint(0, 10**7), usegmt=True)
        return (
            f'<item><title>{title}</title><guid isPermaLink="false">farm-{number}-{name}</guid>'
            f"<dc:creator>Desk {number}</dc:creator><pubDate>{stamp}</pubDate>"
            f"<description>{escape(f'<p>{text}</p>')}</description></item>\n"
        )


class Pit(asyncio.Protocol):
    """Says nothing."""

    def __init__(self, farm: Farm) -> None:
        farm.log.pits += 1


def pit_addresses(hosts: int, per_host: int, port: int) -> list[str]:
    """Feeds that are never answered, so many on each host."""
    return [f"http://127.2.{n // 250}.{1 + n % 250}:{port}/{feed}" for n in range(hosts) for feed in range(per_host)]


def addresses(count: int, port: int) -> list[str]:
    """The addresses of the first `count` feeds."""
    big = int(count * BIG_SHARE)
    urls = [f"http://127.9.9.{1 + n % BIG_HOSTS}:{port}/feed/{n}" for n in range(big)]
    for n in range(big, count):
        host = (n - big) // FEEDS_PER_HOST
        urls.append(f"http://127.1.{host // 250}.{1 + host % 250}:{port}/feed/{n}")
    return urls


async def _serve() -> None:
    farm = Farm()
    runner = web.ServerRunner(web.Server(farm.answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "0.0.0.0", 0, backlog=4_096)  # noqa: S104 - 127/8, every address of it
    await site.start()
    pit = await asyncio.get_running_loop().create_server(lambda: Pit(farm), "0.0.0.0", 0, backlog=1_024)  # noqa: S104
    ports = {"port": runner.addresses[0][1], "pit": pit.sockets[0].getsockname()[1]}
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve())
