"""Conditional GET of a feed. The validators go back exactly as they came (RFC 9110 section 13)."""

from __future__ import annotations

import re
from hashlib import sha256

from monitor.errors import FetchError
from monitor.feeds.walls import START_BYTES, wall
from monitor.http import Http, Response
from monitor.http_body import unpacked
from monitor.http_hints import fresh_for, retry_after
from monitor.model import Feed, FeedState, Fetched, NotModified

MAX_VALIDATOR_BYTES = 1000

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"
)

PACKED, TIMES_UNKNOWN = '-gzip"', 3

# We do not ask for only what is new (RFC 3229, "A-IM: feed"): it shows nothing that was seen before, so it could not be
# told from a feed that ran past us. Some servers send it all the same.
PART = 226

_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # surrogates stand for bytes that are not UTF-8
_REASONS = {
    PART: "the server sends only what changed since our last visit, but there was none (226)",
    304: "the server says that nothing changed since our last visit, but there was none (304)",
    401: "the server asks for a password (401)",
    403: "the server refuses us (403)",
    404: "there is nothing at this address (404)",
    410: "the publisher took this feed down for good (410)",
    429: "the server says we come too often (429)",
}
_LASTING = frozenset({401, 403, 404, 410})


async def fetch(feed: Feed, state: FeedState, http: Http) -> Fetched | NotModified:
    """The feed's document, unless it is still the one that `state` knows. Raises FetchError."""
    validators = _validators(state)
    limit = http.settings.max_feed_bytes
    url = state.address or feed.url
    response = await http.get(url, headers={"Accept": ACCEPT, **validators}, max_bytes=limit)
    if response.status == 304 and validators:
        return NotModified(
            etag=_storable(response.headers.get("ETag")),
            last_modified=_storable(response.headers.get("Last-Modified")),
            fresh_for=fresh_for(response.headers, response.at),
            url=response.url,
            moved=response.permanent,
        )
    return document_of(response, limit, part=bool(validators))


def document_of(response: Response, max_bytes: int, *, part: bool = False) -> Fetched:
    """The document that an answer carries; `part`: or what of it is new to us. Raises FetchError when it has none."""
    walled = wall(response.status, response.headers, response.body[:START_BYTES], response.url)
    if walled is not None or response.status not in ({200, PART} if part else {200}):
        raise _error(response, walled)
    body = unpacked(response.body, max_bytes)
    return Fetched(
        url=response.url,
        body=body,
        content_type=response.headers.get("Content-Type", ""),
        etag=_storable(response.headers.get("ETag")),
        last_modified=_storable(response.headers.get("Last-Modified")),
        fresh_for=fresh_for(response.headers, response.at),
        link=response.headers.get("Link", ""),
        is_part=response.status == PART,
        moved=response.permanent,
        body_hash=sha256(body).hexdigest(),
    )


def _validators(state: FeedState) -> dict[str, str]:
    both = {"If-None-Match": _tags(state), "If-Modified-Since": state.last_modified}
    return {name: value for name, value in both.items() if value is not None}


def _tags(state: FeedState) -> str | None:
    """Apache names what it packed "x-gzip", and then does not know it by that name; so it is asked for both."""
    if state.etag is None or state.same_etag_times < TIMES_UNKNOWN or not is_packed_tag(state.etag):
        return state.etag
    return f'{state.etag}, {state.etag.removesuffix(PACKED)}"'


def is_packed_tag(etag: str) -> bool:
    return etag.startswith('"') and etag.endswith(PACKED)


def _storable(validator: str | None) -> str | None:
    """The validator as it came, or None when it could not go back like that."""
    if not validator or _CONTROL.search(validator) or len(validator.encode()) > MAX_VALIDATOR_BYTES:
        return None
    return validator


def _error(response: Response, walled: str | None) -> FetchError:
    status = response.status
    return FetchError(
        walled or _REASONS.get(status, f"the server answered {status} instead of the feed"),
        permanent=walled is not None or status in _LASTING,
        status=status,
        retry_after=retry_after(response.headers, response.at),
        challenge=walled is not None,
    )
