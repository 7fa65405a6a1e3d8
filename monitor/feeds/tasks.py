"""What of this room runs in a worker process. Importing this file must stay cheap: the main process does it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from monitor.feeds import delta
from monitor.model import FeedDocument, FeedId, Unchanged

if TYPE_CHECKING:
    from monitor.feeds.discover import Candidate
    from monitor.feeds.sitemap import Sitemap


def compare(body: bytes, memory: bytes, url: str, content_type: str) -> Unchanged | delta.Delta | delta.Whole:
    """`delta.compare`, for documents that would hold up the main process."""
    return delta.compare(body, memory, url=url, content_type=content_type)


def read_feed(body: bytes, feed_id: FeedId, url: str, content_type: str, now: datetime) -> FeedDocument:
    """Every entry of a feed document. Raises ParseError."""
    from monitor.feeds.parse import parse  # a parser that only workers shall load

    return parse(body, feed_id=feed_id, url=url, content_type=content_type, now=now)


def read_sitemap(body: bytes, feed_id: FeedId, url: str, content_type: str, now: datetime) -> Sitemap:
    """The news of a sitemap. Raises ParseError."""
    from monitor.feeds.sitemap import parse

    return parse(body, feed_id=feed_id, url=url, content_type=content_type, now=now)


def find_feeds(body: bytes, url: str, content_type: str, link_header: str) -> tuple[Candidate, ...]:
    """The addresses of feeds that a web page leads to, best first."""
    from monitor.feeds.discover import discover

    return discover(body, url=url, content_type=content_type, link_header=link_header)
