"""Which mute keeps a match quiet. A mute holds; it never drops."""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitor.model import Article, Fate, FeedId, HoldCause, Mute, MuteKind, StoryId, Verdict

_BETWEEN_AUTHORS = re.compile(r"[,;&/|]|\b(?:and|und|et|i|dhe|и)\b", re.IGNORECASE)


def muting(mutes: Iterable[Mute], rule: str, article: Article, story: StoryId, feed: FeedId) -> Mute | None:
    """Of several the one that ends last, so that nothing is told while any is in force."""
    found = (mute for mute in mutes if _concerns(mute, rule, article, story, feed))
    return max(found, key=lambda mute: mute.until, default=None)


def _concerns(mute: Mute, rule: str, article: Article, story: StoryId, feed: FeedId) -> bool:
    match mute.kind:
        case MuteKind.STORY:
            return mute.subject == story
        case MuteKind.RULE:
            return mute.subject == rule
        case MuteKind.FEED:
            return mute.subject == feed
        case MuteKind.SITE:
            return article.site == mute.subject or article.site.endswith(f".{mute.subject}")
        case MuteKind.AUTHOR:
            return author_key(mute.subject) in authors(article.author or "")


def authors(line: str) -> frozenset[str]:
    """The people that a byline names, and the whole of it, each as they are compared."""
    return frozenset(filter(None, map(author_key, (line, *_BETWEEN_AUTHORS.split(line)))))


def author_key(name: str) -> str:
    return " ".join(name.casefold().split())


def why(mute: Mute, name: str) -> str:
    """`name`: what is muted, in words."""
    said = f"{name} is muted by {mute.by} until {mute.until:%Y-%m-%d %H:%M} UTC"
    return f"{said} ({mute.reason})" if mute.reason else said


def hold(mute: Mute, name: str, given: Verdict) -> Verdict:
    """What would have been silent anyway stays so."""
    if given.fate is Fate.SUPPRESS:
        return given
    return Verdict(Fate.HOLD, why(mute, name), mute.until, HoldCause.MUTE, mute.id)
