"""What a message would do to its readers: the people it would call, and the links it would show.

Strict on purpose: whatever some Slack client might turn into a mention counts as one, in fallback texts too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.slack_blocks import Json, objects

_EMOJI = re.compile(r":(?=\S*[^\W\d_]|[+-]1:)[\w+'-]+:")
_HOST = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[^\W\d_]{2,})", re.IGNORECASE)
_ESCAPE = re.compile(r"<([^<>]*)>")
_BARE_ADDRESS = re.compile(r"https?://[^\s<>|]+")
_NAMED = re.compile(r"(?<![\w.])@(channel|here|everyone)\b")


@dataclass(frozen=True, slots=True)
class Link:
    """A link as the reader sees it. `label` is the address itself where Slack would show that."""

    url: str
    label: str

    @property
    def is_disguised(self) -> bool:
        """Whether its label reads like the address of another place."""
        host = urlsplit(self.url).hostname or ""
        return any(named.casefold() != host.casefold() for named in _HOST.findall(self.label))


def mentions(text: str, blocks: Sequence[Json], *, link_names: bool) -> tuple[str, ...]:
    """The mentions that would fire, as Slack writes them: `!channel`, `@U1`, `!subteam^S1`."""
    parsed = [text, *(source for source, _ in _mrkdwn(blocks))]
    found = [mention for source in parsed for mention in _mentions_in(source)]
    if link_names:
        found += [f"!{name}" for source in parsed for name in _NAMED.findall(source)]
    return (*found, *_rich_mentions(blocks))


def links(text: str, blocks: Sequence[Json], *, bare: bool) -> tuple[Link, ...]:
    """`bare`: whether addresses that stand free in `text` become links, too."""
    found = list(_links_in(text, bare=bare))
    for source, verbatim in _mrkdwn(blocks):
        found += _links_in(source, bare=not verbatim)
    return (*found, *_rich_links(blocks))


def emojis(blocks: Sequence[Json]) -> tuple[str, ...]:
    """Codes in mrkdwn that Slack draws as pictures; in plain text it does so only if it is told to."""
    return tuple(code for source, _ in _mrkdwn(blocks) for code in _EMOJI.findall(_ESCAPE.sub(" ", source)))


def _mrkdwn(blocks: Sequence[Json]) -> Iterator[tuple[str, bool]]:
    """The texts that Slack parses, and whether they are verbatim."""
    for item in objects(list(blocks)):
        if item.get("type") == "mrkdwn":
            yield str(item["text"]), item.get("verbatim") is True


def _mentions_in(source: str) -> Iterator[str]:
    for inner in _ESCAPE.findall(source):
        target = inner.split("|")[0].strip()
        if target in {"!channel", "!here", "!everyone", "!group"} or target.startswith(("@", "!subteam^")):
            yield target


def _links_in(source: str, *, bare: bool) -> Iterator[Link]:
    for inner in _ESCAPE.findall(source):
        if inner and inner[0] not in "!@#":
            url, _, label = inner.partition("|")
            yield Link(_unescape(url), _unescape(label or url))
    if bare:
        for url in _BARE_ADDRESS.findall(_ESCAPE.sub(" ", source)):
            yield Link(_unescape(url), _unescape(url))


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _rich_mentions(blocks: Sequence[Json]) -> Iterator[str]:
    for item in objects(list(blocks)):
        match item:
            case {"type": "broadcast", "range": target}:
                yield f"!{target}"
            case {"type": "user", "user_id": target}:
                yield f"@{target}"
            case {"type": "usergroup", "usergroup_id": target}:
                yield f"!subteam^{target}"


def _rich_links(blocks: Sequence[Json]) -> Iterator[Link]:
    """Links of rich text and of buttons."""
    for item in objects(list(blocks)):
        match item:
            case {"type": "link", "url": url}:
                yield Link(str(url), str(item.get("text", url)))
            case {"type": "button", "url": url, "text": {"text": label}}:
                yield Link(str(url), str(label))
