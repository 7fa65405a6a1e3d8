"""What of this room runs in a worker process. Importing this file must stay cheap: the main process does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.model import FeedDocument, FeedId

if TYPE_CHECKING:
    from monitor.feeds.discover import Candidate


def read_feed(body: bytes, feed_id: FeedId, url: str, content_type: str) -> FeedDocument:
    """Every entry of a feed document. Raises ParseError."""
    from monitor.feeds.parse import parse  # a parser that only workers shall load

    return parse(body, feed_id=feed_id, url=url, content_type=content_type)


def find_feeds(body: bytes, url: str, content_type: str, link_header: str) -> tuple[Candidate, ...]:
    """The addresses of feeds that a web page leads to, best first."""
    from monitor.feeds.discover import discover

    return discover(body, url=url, content_type=content_type, link_header=link_header)
