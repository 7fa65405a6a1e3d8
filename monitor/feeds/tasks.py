"""What of this room runs in a worker process. Importing this file must stay cheap: the main process does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.feeds import delta
from monitor.feeds.delta import Difference, Known
from monitor.model import FeedDocument, FeedId

if TYPE_CHECKING:
    from monitor.feeds.discover import Candidate

PART = 2_000  # items: about a second's work


def compare(body: bytes, before: Known | None, url: str, content_type: str) -> Difference:
    """`delta.difference`, for documents that would hold up the main process."""
    return delta.difference(body, before, url=url, content_type=content_type)


def read_feed(body: bytes, feed_id: FeedId, url: str, content_type: str) -> FeedDocument:
    """Every entry of a feed document. Raises ParseError."""
    from monitor.feeds.parse import parse  # a parser that only workers shall load

    return parse(body, feed_id=feed_id, url=url, content_type=content_type)


def read_part(body: bytes, first: int, feed_id: FeedId, url: str, content_type: str) -> FeedDocument | None:
    """The entries of the items from the one numbered `first` on; None when there are none. Raises ParseError."""
    piece = delta.part(body, first, PART, content_type=content_type)
    return None if piece is None else read_feed(piece, feed_id, url, content_type)


def find_feeds(body: bytes, url: str, content_type: str, link_header: str) -> tuple[Candidate, ...]:
    """The addresses of feeds that a web page leads to, best first."""
    from monitor.feeds.discover import discover

    return discover(body, url=url, content_type=content_type, link_header=link_header)
