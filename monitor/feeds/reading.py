"""From a feed's document to the entries that were not in the last one, at the least cost; where what runs is said here.

The main process compares a small document with what is remembered, and most polls end there. What is to be parsed, and
any document that would hold up the main process, goes to a worker, never more than a few seconds' work at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

from monitor.errors import ParseError
from monitor.feeds import delta, tasks
from monitor.model import FeedDocument, FeedId, Fetched, Unchanged

P = ParamSpec("P")
T = TypeVar("T")


class Run(Protocol):
    """Runs a function in a worker process."""

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...


async def read(
    fetched: Fetched, memory: bytes, *, feed_id: FeedId, now: datetime, run: Run, run_quick: Run
) -> FeedDocument | Unchanged:
    """`memory` is that of the last document that was read, b"" for none. Raises ParseError, and what runners raise."""
    where = (fetched.url, fetched.content_type)
    if delta.is_light(fetched.body):
        found = tasks.compare(fetched.body, memory, *where)
    else:
        found = await run(tasks.compare, fetched.body, memory, *where)
    match found:
        case Unchanged():
            return found
        case delta.Whole():
            return await run(tasks.read_feed, fetched.body, feed_id, *where, now)
        case delta.Delta():
            try:
                documents = [
                    await (run_quick if delta.is_light(part) else run)(tasks.read_feed, part, feed_id, *where, now)
                    for part in found.documents
                ]
            except ParseError:
                if not memory:
                    raise
            else:
                document = delta.joined(found, documents)
                if document is not None:
                    return document
            return await read(fetched, b"", feed_id=feed_id, now=now, run=run, run_quick=run_quick)
