"""Where an article comes from: what rules may ask of it besides its words, whom readers are told of, and its page."""

from __future__ import annotations

from monitor.articles import compose
from monitor.feeds import identity
from monitor.model import ArchivedArticle, Article, Entry, Extract, Feed, PagePolicy
from monitor.rules.scope import About


def about(article: Article | ArchivedArticle | Extract, feed: Feed | None) -> About:
    """`feed`: None if it has left the configuration; nothing is known of it any more.

    What the operator says of a feed's language goes before what its pages say: many say what their software came with.
    """
    if feed is None:
        return About(article.language)
    return About(feed.language or article.language, frozenset({feed.name}), frozenset(feed.tags))


def outlet(article: Article | ArchivedArticle, feed: Feed | None) -> str:
    """Who showed it: the feed by its name, or the site of one that has left the configuration."""
    return article.site if feed is None else feed.name


def has_page(entry: Entry, article: Article, feed: Feed | None) -> bool:
    """Whether the article that an entry shows has a page of its own that we may read."""
    return (
        entry.url is not None
        and not identity.is_forwarder(entry.url)
        and compose.article_id(entry) == article.id
        and (feed is None or feed.pages is not PagePolicy.NEVER)
    )
