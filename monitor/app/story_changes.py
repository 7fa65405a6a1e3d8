"""Stories put together and taken apart by a person.

What was told stays told, in the thread where it was told. What was silent because it was taken for an old story is told
when it turns out to be one of its own: a wrong join costs a delay, never an alert.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from monitor import ids, urls
from monitor.app.alerter import Alerter
from monitor.app.origins import about
from monitor.app.story_desk import as_heard
from monitor.errors import Refused
from monitor.model import ArticleId, Feed, Outcome, StoryId
from monitor.rules.match import decide
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store
from monitor.stories.novelty import Facts, facts


class StoryChanges:
    def __init__(
        self, *, feeds: Sequence[Feed], rules: RuleSet, alerter: Alerter, clock: Callable[[], datetime]
    ) -> None:
        self._feeds = {feed.id: feed for feed in feeds}
        self._rules = rules
        self._alerter = alerter
        self._clock = clock

    @property
    def verbs(self) -> Mapping[str, Callable[[Store, Sequence[str]], str]]:
        """Each takes the arguments of its command and says what was done. Raises Refused."""
        return {"stories merge": self.merge, "stories split": self.split}

    def merge(self, store: Store, names: Sequence[str]) -> str:
        """Into the story named first, whose thread goes on."""
        into, *others = dict.fromkeys(_story(store, name) for name in names)
        if not others:
            raise Refused("these are one story already")
        for other in others:
            told = Facts.from_json(store.stories.facts(into)) | Facts.from_json(store.stories.facts(other))
            store.moves.move(store.moves.articles(other), into=into, now=self._clock())
            store.mutes.follow(other, into=into)
            store.stories.save_facts(into, told.to_json())
        store.outdated()
        self._alerter.grow(store, into)
        count = len(store.moves.articles(into))
        return f"Story {into[:12]} has {count} articles now. What comes later goes to its thread."

    def split(self, store: Store, addresses: Sequence[str]) -> str:
        """The articles become a story of their own. Where nobody was told of one of the two, somebody is told now."""
        found = dict(_article(store, address) for address in addresses)
        articles, stories = found.keys(), set(found.values())
        if len(stories) > 1:
            raise Refused("these articles are not of one story; split one story at a time")
        (before,) = stories
        members = store.moves.articles(before)
        moved = [member for member in members if member in articles]
        if len(moved) == len(members):
            raise Refused("nothing would be left of the story; name some of its articles, not all")
        into = ids.story_id(moved[0])
        if store.moves.named(into):  # it was the first of the story that it leaves
            into = ids.apart_id(moved[0])
        made = [article for article in map(store.stories.article, moved) if article is not None]
        store.moves.begin(into, made[0].title, self._clock())
        store.moves.move(moved, into=into, now=self._clock())
        for story in (into, before):
            self._gather_facts(store, story)
        store.outdated()
        for article in (*moved, *(member for member in members if member not in articles)):
            self._tell_what_was_silent(store, article)
        for story in (into, before):
            self._alerter.grow(store, story)
        return f"Story {into[:12]} is new, with {len(moved)} of the {len(members)} articles of story {before[:12]}."

    def _gather_facts(self, store: Store, story: StoryId) -> None:
        """A story knows what its articles tell, and nothing of those that have left it or that nobody heard of."""
        members = store.moves.articles(story)
        heard = [member for member in members if member not in store.moves.unheard(members)]
        made = [article for article in map(store.stories.article, heard) if article is not None]
        told = [facts(article.title, article.text).keys for article in made]
        store.stories.save_facts(story, Facts(frozenset().union(*told)).to_json())

    def _tell_what_was_silent(self, store: Store, id_: ArticleId) -> None:
        article, placement = store.stories.article(id_), store.stories.placement(id_)
        waiting = store.feeds.shown(id_)
        if article is None or placement is None or waiting is None:
            return
        placement = as_heard(store, article, placement, store.moves.told(placement.story_id))
        silent = store.moves.silent(id_)
        origin = about(article, self._feeds.get(waiting.entry.feed_id))
        found = decide(self._rules, article.title, article.text, article.captions, origin)
        again = [decision for decision in found if decision.rule in silent and decision.outcome is Outcome.MATCHED]
        for decision in again:
            store.moves.forget_fate(id_, decision.rule)
        self._alerter.decide(store, waiting, article, placement, again)


def _story(store: Store, name: str) -> StoryId:
    found = store.moves.named(name)
    if len(found) == 1:
        return found[0]
    why = "fits more than one story; write more of it" if found else "is no story; `news-monitor stories` lists them"
    raise Refused(f"{name!r} {why}")


def _article(store: Store, address: str) -> tuple[ArticleId, StoryId]:
    """An article, and its story."""
    try:
        id_ = ids.article_id(urls.article_key(urls.web_url(address)))
    except ValueError:
        id_ = ArticleId(address)
    story = store.moves.story_of(id_)
    if story is None:
        raise Refused(f"{address!r} is no article of a story; `news-monitor stories show` lists them")
    return id_, story
