"""Untrusted text as Slack's mrkdwn: it mentions nobody, hides no link, draws no emoji and formats nothing.

Slack itself asks for three entities only (docs.slack.dev, formatting message text). The rest is for the reader's eyes:
what cannot be seen goes, and what mrkdwn or an emoji code would turn into something else is broken up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime

from monitor.alerts.message import marked, minute, shorten
from monitor.model import Hit

LINK_LIMIT = 2_000
LABEL_LIMIT = 300
BREAK = "\u200b"  # a zero-width space

# Characters that mrkdwn gives a meaning to; a break after one takes the meaning away.
_FORMATTING = re.compile(r"([*_~`])")
_EMOJI = re.compile(r":(?=[\d_+'-]*[^\W\d_][\w+'-]*:|[+-]1:)")  # rules.yaml:3: is none
# Joiners shape words of Persian and of the languages of India, and family emoji; all other unseen characters go.
_JOINERS = "\u200c\u200d"
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_MARK = "[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff]"
_MOST_MARKS = re.compile(rf"({_MARK}{{3}}){_MARK}+")
# What a reader may take for an address: "amazon.com", "www.", and the dots that browsers take for dots.
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*:/|\bwww\.|\bxn--|[\w-][.\uff0e][^\W\d_]{2,}|[a-z0-9-][\u3002\uff61][a-z]{2,}", re.IGNORECASE
)
_SCHEME = re.compile(r"https?://[^@\s/?#]+(?:[/?#]|$)")


def visible(text: str) -> str:
    """Without what cannot be seen or turns text round, and with no more than three marks on a letter."""
    if text.isascii() and text.isprintable():
        return text
    seen = "".join(" " if c.isspace() else c for c in text if c.isspace() or _is_seen(c))
    return _MOST_MARKS.sub(r"\1", seen)


def escape(text: str) -> str:
    """For mrkdwn, where `*`, `_`, `~`, backquote and `:name:` are to mean nothing."""
    text = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _EMOJI.sub(f":{BREAK}", _FORMATTING.sub(rf"\1{BREAK}", text))


def bold(text: str) -> str:
    return f"*{escape(text)}*" if visible(text).strip() else escape(text)


def block(text: str) -> str:
    """Lines as they stand, in letters of one width."""
    return "```\n" + "\n".join(map(escape, text.split("\n"))) + "\n```"


def highlighted(sentence: str, hits: Iterable[Hit]) -> str:
    """A sentence with the words that matched in bold."""
    return "".join(bold(piece) if matched else escape(piece) for piece, matched in marked(sentence, hits))


def local(time: datetime) -> str:
    """In the reader's own time zone (docs.slack.dev, date formatting)."""
    return f"<!date^{round(time.timestamp())}^{{date_short_pretty}} {{time}}|{minute(time)}>"


def link(url: str | None, label: str) -> str | None:
    """A link under a label; None when the address may not be one, or the label reads like another address."""
    if url is None or not is_linkable(url) or _ADDRESS.search(visible(label)):
        return None
    # Slack divides at the first bar; a later one would do no harm, yet not every client agrees.
    return f"<{_target(url)}|{escape(shorten(visible(label).replace('|', '¦'), LABEL_LIMIT)) or 'link'}>"


def bare_link(url: str | None) -> str | None:
    """The address as its own label; None when it may not be a link."""
    return f"<{_target(url)}>" if url is not None and is_linkable(url) else None


def is_linkable(url: str) -> bool:
    """A web address of bearable length that names a host and no user."""
    return _SCHEME.match(url) is not None and url.isprintable() and len(_target(url)) <= LINK_LIMIT


def _target(url: str) -> str:
    for character, quoted in (("|", "%7C"), ("<", "%3C"), (">", "%3E"), (" ", "%20"), ("`", "%60")):
        url = url.replace(character, quoted)
    return url.replace("&", "&amp;")


def _is_seen(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _UNSEEN
