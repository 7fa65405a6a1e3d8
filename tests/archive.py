"""A database of articles that were read, written with the store's own verbs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from monitor.ids import feed_id
from monitor.model import Article, Entry, EntryId, Feed
from monitor.store.sqlite.store import Store
from tests.builders import NOON, placement
from tests.test_stories import article

FEEDS = {
    name: Feed(feed_id(f"https://{name}.example/feed"), name.capitalize(), f"https://{name}.example/feed", tags)
    for name, tags in (("courier", ("balkans",)), ("gazette", ()))
}


class Archive:
    """Written article by article, in the order they came."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = Store.writer(path)
        self._count = 0
        with self.store.transaction():
            self.store.feeds.sync(FEEDS.values(), NOON)

    def add(
        self,
        title: str,
        text: str = "",
        *,
        feeds: Sequence[str] = ("courier",),
        story: str | None = None,
        at: datetime = NOON,
        language: str | None = "en",
    ) -> Article:
        self._count += 1
        url = f"https://courier.example/{self._count}"
        read = article(url, text, title=title, read_at=at, language=language)
        with self.store.transaction():
            self.store.stories.save_article(read)
            for name in feeds:
                entry = Entry(EntryId(f"{name}-{url}"), FEEDS[name].id, url, url, title, "", "", None, None, None)
                self.store.feeds.add_entries([entry], baseline=frozenset(), now=at)
                self.store.feeds.finish_reading(entry, article_id=read.id, reason=None)
            if story is not None:
                self.store.stories.place(read, placement(story), [], at)
        return read
