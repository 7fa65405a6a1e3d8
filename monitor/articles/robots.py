"""Whether a site lets programs read a page (RFC 9309). Not asked for feeds: those are put out for programs.

No answer means no for now; "not there" means yes. What was once read stays in force while the file cannot be had. The
only file that knows protego.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from protego import Protego

from monitor.errors import FetchError
from monitor.http import Http
from monitor.http_hints import retry_after

AGENT: Final = "news-monitor"  # the name that a robots.txt may call us by
ACCEPT: Final = "text/plain, */*;q=0.1"
MAX_BYTES: Final = 500 * 1024  # the rest is not read (RFC 9309 section 2.5)
KEPT: Final = timedelta(hours=24)
FIRST_RETRY: Final = timedelta(seconds=2)  # doubling: a connection that broke once must not close a site for long
LONGEST_RETRY: Final = timedelta(minutes=10)
LONGEST_DELAY: Final = timedelta(seconds=30)  # of a Crawl-delay
MOST_SITES: Final = 1_000
MOST_CHARACTERS: Final = 1_000_000  # of rules, all sites together: parsed they may take a hundred times as much memory

_TOO_MANY = 429
_AGENT_LINE = re.compile(r"\s*user[-\s]*agent\b\s*:?\s*(\*(?=\s|#|$)|[a-z_-]*)", re.IGNORECASE)
_OF_THE_SITE = re.compile(r"\s*(?:#|$|site-?maps?\b|host\b)", re.IGNORECASE)  # lines that end no group


class Rules:
    """What a robots.txt says to us."""

    def __init__(self, text: str) -> None:
        ours = "\n".join(_for_us(text))
        self.size = len(ours)
        self._parsed = Protego.parse(ours)
        self.delay = min(timedelta(seconds=min(self._parsed.crawl_delay(AGENT) or 0, 1e6)), LONGEST_DELAY)

    def allow(self, url: str) -> bool:
        return self._parsed.can_fetch(url, AGENT)


@dataclass(frozen=True, slots=True)
class _Unread:
    """Why there are no rules."""

    reason: str = ""
    permanent: bool = False  # a forbidden address is forbidden for the page, too
    retry_after: timedelta | None = None


@dataclass(slots=True)
class _Site:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # one asks for the file, the others wait for it
    found: Rules | _Unread = _Unread()
    failures: int = 0
    until: datetime | None = None  # when to ask again; None: at once


class Robots:
    """The robots.txt of the sites that were lately asked for pages."""

    def __init__(self, http: Http, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._clock = clock
        self._sites: OrderedDict[str, _Site] = OrderedDict()

    async def admit(self, url: str) -> timedelta:
        """The pace that the site wishes, zero if it has none. Raises FetchError when the page is not for us."""
        parts = urlsplit(url)
        host = parts.netloc.lower()
        site = self._site(f"{parts.scheme}://{host}")
        async with site.lock:
            if site.until is None or self._clock() >= site.until:
                await self._ask(site, f"{parts.scheme}://{host}/robots.txt")
        if isinstance(site.found, _Unread):
            raise FetchError(
                f"robots.txt of {host} cannot be read: {site.found.reason}",
                permanent=site.found.permanent,
                retry_after=site.found.retry_after,
            )
        if not site.found.allow(url):
            raise FetchError(f"robots.txt of {host} does not allow programs to read this page", permanent=True)
        return site.found.delay

    def _site(self, origin: str) -> _Site:
        site = self._sites.setdefault(origin, _Site())
        self._sites.move_to_end(origin)
        return site

    async def _ask(self, site: _Site, url: str) -> None:
        try:
            site.found, wait, site.failures = await self._read(url), KEPT, 0
        except FetchError as e:
            if isinstance(site.found, _Unread):
                site.found = _Unread(str(e), e.permanent, e.retry_after)
            wait = min(FIRST_RETRY * 2 ** min(site.failures, 20), LONGEST_RETRY)
            site.failures += 1
        site.until = self._clock() + wait
        self._trim()

    async def _read(self, url: str) -> Rules:
        try:
            response = await self._http.get(url, headers={"Accept": ACCEPT}, max_bytes=MAX_BYTES, cut=True)
        except FetchError as e:
            if e.status is not None and 300 <= e.status < 400:
                return Rules("")  # redirects that lead nowhere: as good as not there (RFC 9309 section 2.3.1.2)
            raise
        if 200 <= response.status < 300:
            # In a thread: half a megabyte of wildcards takes a second.
            return await asyncio.to_thread(Rules, _text(response.body))
        if 400 <= response.status < 500 and response.status != _TOO_MANY:
            return Rules("")
        raise FetchError(
            f"the server answered {response.status}",
            status=response.status,
            retry_after=retry_after(response.headers, response.at),
        )

    def _trim(self) -> None:
        size = sum(_size(site) for site in self._sites.values())
        while len(self._sites) > MOST_SITES or (size > MOST_CHARACTERS and len(self._sites) > 1):
            _, oldest = self._sites.popitem(last=False)
            size -= _size(oldest)


def _size(site: _Site) -> int:
    return site.found.size if isinstance(site.found, Rules) else 0


def _text(body: bytes) -> str:
    """Without the line that the limit may have cut: half a path forbids more than the whole."""
    text = body.decode("utf-8-sig", "replace")
    return text.rpartition("\n")[0] if len(body) >= MAX_BYTES else text


def _for_us(text: str) -> Iterator[str]:
    """The groups for our name and for everybody.

    Others are left out before the parser sees them: it would take a group's first word for our whole name, and rules
    times names of a hostile file would fill the memory.
    """
    is_ours = in_head = False
    for line in text.splitlines():
        agent = _AGENT_LINE.match(line)
        if agent:
            named = agent[1].lower() in {AGENT, "*"}
            is_ours = named or (in_head and is_ours)
            in_head = True
            if named:
                yield f"User-agent: {agent[1]}"
        elif not _OF_THE_SITE.match(line):
            in_head = False
            if is_ours:
                yield line
