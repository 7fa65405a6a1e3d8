"""An outlet on loopback whose feed and pages a test writes as it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml
from aiohttp import web

# Two stories in words of this project; each is long enough to be an article.
TANKS = (
    "Serbia has deployed tanks and heavy artillery along the border with Kosovo, officials said on Friday, in what "
    "they called the largest movement of armour there for years.",
    "Residents of two villages near the crossing counted more than a dozen transporters with tracked vehicles during "
    "the night and heard engines until the early morning.",
    "The defence ministry in Belgrade spoke of a planned exercise and gave no figures, while diplomats in the region "
    "asked both governments to keep their units away from the line.",
    "NATO said that its peacekeepers would patrol the area more often until the situation is clear, and that further "
    "companies stand ready to join them at short notice.",
)
TALKS = (
    "Negotiators from Kosovo met in Brussels on Saturday to speak about licence plates, energy bills and the future "
    "of the municipal courts in the north, without any result.",
    "A second round is planned for the coming month, according to two people who know the agenda and who described "
    "the mood in the building as tired rather than hostile.",
    "Neither delegation spoke to reporters on the way out, and the joint statement that had been promised for the "
    "evening was postponed at the last minute.",
)
FOOTBALL = (
    "The home side won by two goals to one after a slow first half in front of a full house, and moved to the top of "
    "the table for at least one night.",
    "The visitors had the better chances early on but a save from close range kept the score level, and a header from "
    "a corner decided the match ten minutes before time.",
)

CONTENT = "http://purl.org/rss/1.0/modules/content/"


@dataclass(slots=True)
class Newsroom:
    """Async context manager. `requests` lists (path, status)."""

    name: str = "Test Courier"
    items: list[tuple[str, str, datetime]] = field(default_factory=list)
    pages: dict[str, web.Response | str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)  # path -> what else the feed's item has
    requests: list[tuple[str, int]] = field(default_factory=list)
    hanging: set[str] = field(default_factory=set)  # paths that are not answered while they stand here
    waiting: set[str] = field(default_factory=set)  # those of them that were asked for
    head: str = ""  # what stands before the items of the feed
    status: int = 200  # of the feed
    headers: dict[str, str] = field(default_factory=dict)  # what the feed is sent with
    window: int = 1_000  # items on a page of the feed; older ones are at ?paged=2 and so on
    pages_back: bool = True  # or every ?paged shows the first page
    _runner: web.ServerRunner | None = None
    port: int = 0

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def feed_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/feed.xml"

    def publish(
        self, title: str, paragraphs: Sequence[str], path: str | None = None, *, summary: str = "", content: str = ""
    ) -> str:
        """Puts an article into the feed (first) and on the site; returns its address."""
        path = path or f"/news/{len(self.items)}-{title.lower().replace(' ', '-')}"
        self.items.insert(0, (title, path, datetime.now(UTC)))
        self.pages[path] = page(title, paragraphs)
        self.said[path] = f"<description>{escape(summary)}</description>" if summary else ""
        self.said[path] += f"<content:encoded>{escape(content)}</content:encoded>" if content else ""
        return f"http://127.0.0.1:{self.port}{path}"

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        response = self._response(request.path, int(request.query.get("paged", "1")) if self.pages_back else 1)
        while request.path in self.hanging:
            self.waiting.add(request.path)
            await asyncio.sleep(0.05)
        etag = response.headers.get("ETag") if request.path in self.pages else None  # the feed has one for all it was
        if etag is not None and etag == request.headers.get("If-None-Match"):
            response = web.Response(status=304)
        self.requests.append((request.path, response.status))
        return response

    def _response(self, path: str, number: int) -> web.Response:
        if path == "/feed.xml" and path not in self.pages:
            headers = {"Content-Type": "application/rss+xml; charset=utf-8", **self.headers}
            return web.Response(body=self._feed(number).encode(), status=self.status, headers=headers)
        found = self.pages.get(path)
        if found is None:
            return web.Response(status=404, text="nothing here")
        if isinstance(found, str):
            return web.Response(text=found, content_type="text/html", charset="utf-8")
        return web.Response(status=found.status, body=found.body, headers=found.headers)

    def _feed(self, number: int) -> str:
        items = "".join(
            f"<item><title>{escape(title)}</title><link>http://127.0.0.1:{self.port}{path}</link>"
            f"<guid>{path}</guid><pubDate>{format_datetime(at)}</pubDate>{self.said.get(path, '')}</item>"
            for title, path, at in self.items[(number - 1) * self.window :][: self.window]
        )
        start = f'<?xml version="1.0"?><rss version="2.0" xmlns:content="{CONTENT}">'
        start += f"<channel><title>{self.name}</title>{self.head}"
        return f"{start}{items}</channel></rss>"


def page(title: str, paragraphs: Sequence[str]) -> str:
    """An article page with the furniture that pages have."""
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{escape(title)} - Test Courier</title></head><body>"
        "<header><nav><ul><li><a href='/'>Home</a></li><li><a href='/world'>World</a></li></ul></nav></header>"
        f"<main><article><h1>{escape(title)}</h1>{text}</article></main>"
        "<aside><h4>Most read</h4><ul><li><a href='/x'>Markets close higher</a></li></ul></aside>"
        "<footer><p>All rights reserved.</p></footer></body></html>"
    )


RULES: dict[str, Any] = {
    "rules": [
        {
            "name": "armour",
            "title": "Armour on the move",
            "severity": "high",
            "match": {"all": [{"concept": "kosovo"}, {"near": ["deploy*", "tanks"], "within": 8}]},
        },
        {"name": "kosovo", "title": "Kosovo", "match": {"concept": "kosovo"}, "severity": "normal"},
    ]
}
CONCEPTS: dict[str, Any] = {"concepts": [{"name": "kosovo", "terms": {"en": ["Kosovo", "Kosova"]}}]}


def write_config(
    directory: Path, feeds: Sequence[tuple[str, str]], *, slack_url: str | None = None, **monitor: Any
) -> Path:
    """A configuration of these feeds (name, address), with two small rules. Keywords are sections of monitor.yaml."""
    (directory / "rules").mkdir(parents=True)
    (directory / "concepts").mkdir()
    sections: dict[str, Any] = {
        "database": str(directory.parent / "news.db"),
        "http": {"allow_networks": ["127.0.0.0/8"], "pace": "0s"},
        **monitor,
    }
    if slack_url:
        quick = {"timeout": "1s", "settle_after": "1s"}
        sections["slack"] = {"token": "${SLACK_BOT_TOKEN}", "api_url": slack_url, **quick, **monitor.get("slack", {})}
    _write(directory / "monitor.yaml", sections)
    _write(directory / "feeds.yaml", {"feeds": [{"name": name, "url": url} for name, url in feeds]})
    _write(directory / "rules" / "rules.yaml", RULES)
    _write(directory / "concepts" / "places.yaml", CONCEPTS)
    return directory


def _write(path: Path, data: object) -> None:
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
