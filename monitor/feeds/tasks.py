"""What of this room runs in a worker process. Importing this file must stay cheap: the main process does it."""

from __future__ import annotations

from monitor.model import FeedDocument, FeedId


def read_feed(body: bytes, feed_id: FeedId, url: str, content_type: str) -> FeedDocument:
    """Every entry of a feed document. Raises ParseError."""
    from monitor.feeds.parse import parse  # a parser that only workers shall load

    return parse(body, feed_id=feed_id, url=url, content_type=content_type)
