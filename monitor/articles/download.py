"""Fetches the page that an entry links to. Whether that is an article is told from its text (judge.py)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from monitor.articles.robots import Robots
from monitor.errors import FetchError
from monitor.http import Http, Response
from monitor.http_hints import retry_after
from monitor.model import Page

ACCEPT: Final = "text/html, application/xhtml+xml, text/plain;q=0.5, */*;q=0.1"

_READABLE = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
_UNTOLD = frozenset({"", "application/octet-stream", "application/xml", "text/xml"})  # the bytes must tell
_SNIFFED: Final = 2_000  # bytes
_PRIVATE = frozenset({"set-cookie", "set-cookie2"})  # keys to a session with us are nobody's proof

_REASONS = {
    401: "the site asks for a password (401)",
    403: "the site refused (403)",
    404: "the page is not there (404)",
    410: "the page was taken down (410)",
    429: "the site says we come too often (429)",
    451: "the site may not show the page here (451)",
    503: "the site is overloaded or down (503)",
}
_LASTING = frozenset({401, 403, 404, 405, 406, 410, 451})


PACES = 4  # behind the request before: pages are heavier than feeds, and a feed may bring a thousand

_VALIDATORS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}


async def download(url: str, http: Http, now: datetime, robots: Robots | None = None) -> Page:
    """The page at an address, if `robots` let us. Raises FetchError, also for what is no page at all."""
    return _page(await _ask(url, http, robots, {}), now)


async def download_again(
    url: str, http: Http, now: datetime, robots: Robots | None, *, last: Mapping[str, str]
) -> Page | None:
    """None if it is still the page that came with the headers `last`. Raises as `download`."""
    conditions = {_VALIDATORS[name.lower()]: value for name, value in last.items() if name.lower() in _VALIDATORS}
    response = await _ask(url, http, robots, conditions)
    return None if conditions and response.status == 304 else _page(response, now)


async def _ask(url: str, http: Http, robots: Robots | None, conditions: Mapping[str, str]) -> Response:
    return await http.get(
        url,
        headers={"Accept": ACCEPT, **conditions},
        max_bytes=http.settings.max_page_bytes,
        admit=robots.admit if robots else None,
        paces=PACES,
    )


def _page(response: Response, now: datetime) -> Page:
    if response.status != 200:
        raise _refused(response)
    content_type = response.headers.get("Content-Type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if not _is_page(kind, response.body):
        raise FetchError(f"not a web page: {kind or 'unknown bytes'}"[:200], permanent=True)
    headers = {name: value for name, value in response.headers.items() if name.lower() not in _PRIVATE}
    return Page(response.url, response.body, content_type, now, headers)


def _refused(response: Response) -> FetchError:
    status = response.status
    return FetchError(
        _REASONS.get(status, f"the site answered {status} instead of the page"),
        permanent=status in _LASTING,
        status=status,
        retry_after=retry_after(response.headers, response.at),
    )


def _is_page(kind: str, body: bytes) -> bool:
    if kind in _READABLE:
        return not body.startswith((b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04"))
    start = body[:_SNIFFED].lower()
    return kind in _UNTOLD and (b"<html" in start or b"<!doctype html" in start)
