"""What rules may ask of an article besides its words: its language, and the feeds that showed it."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.model import Article, Feed
from monitor.rules.scope import About


def about(article: Article, feeds: Iterable[Feed | None]) -> About:
    """`feeds`: None for one that has left the configuration; nothing is known of it any more."""
    known = [feed for feed in feeds if feed is not None]
    language = article.language or next((feed.language for feed in known if feed.language), None)
    if not known:
        return About(language)
    return About(
        language, frozenset(feed.name for feed in known), frozenset(tag for feed in known for tag in feed.tags)
    )
