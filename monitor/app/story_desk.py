"""Which story an article belongs to, who speaks in it, and what is new: the stories' room put to work on the store.

Everything is written in the transaction of the article, so a restart changes no decision. What is kept in memory beside
it is the index of terms, which is made anew from the store at a start and after any transaction that failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zlib import crc32

from monitor.model import (
    Addition,
    AdditionKind,
    Article,
    ArticleId,
    Certainty,
    Change,
    Hit,
    Placement,
    Relation,
    Resemblance,
    StoryId,
)
from monitor.store.sqlite.store import Store
from monitor.stories import cluster, edits, novelty, sources
from monitor.stories.features import Features, read, seen, shingles, watched
from monitor.stories.index import Index, Scored
from monitor.stories.window import WINDOW, Count, Frequencies, Profile, posted, profile

TOLD_OF_COPIES = frozenset({AdditionKind.REVERSAL, AdditionKind.DENIAL, AdditionKind.FIGURE})
MOST_WATCHED_WORDS = 2  # of a hit; a longer one is a stretch of text with much else in it
NEVER = timedelta(days=36_500)
ONE_IN = 4  # of the articles that no rule matched: all would make reading one in the feed's words an eighth dearer
MOST_COUNTED = 50  # until they are written: some 5,000 terms, 20 ms for whoever comes next
COUNTED_FOR = timedelta(minutes=10)
MOST_REMEMBERED = 4_000  # features, some 10 kB each


class Memory:
    """What outlives a transaction, and a reload of the configuration."""

    def __init__(self) -> None:
        self._index: Index | None = None
        self._epoch = 0
        self._features: dict[ArticleId, Features] = {}
        self._terms = Counter[int]()  # of articles that no rule matched, and that are not in the store's count yet
        self._articles = 0
        self._counted_since = datetime.max.replace(tzinfo=UTC)

    def index(self, store: Store, now: datetime) -> Index:
        """As the store has it."""
        if self._index is None or self._epoch != store.epoch:
            self._index, self._epoch = Index(), store.epoch
            self._features.clear()
            for article, story, at, features in store.window.open_articles(now - WINDOW):
                # All of them are of stories that are open, however old these articles are.
                self._index.add(article, story, at, posted(Features.from_bytes(features)), forget=at - NEVER)
        return self._index

    def features(self, store: Store, article: ArticleId) -> Features:
        found = self._features.get(article)
        if found is None:
            if len(self._features) >= MOST_REMEMBERED:
                self._features.clear()
            found = self._features[article] = Features.from_bytes(store.window.features(article))
        return found

    def count(self, store: Store, article: Article, now: datetime) -> None:
        """One more that no rule matched, written together with others. What a crash loses is only a count."""
        self._terms.update(seen(article.title, article.text))
        self._articles += 1
        self._counted_since = min(self._counted_since, now)
        if self._articles >= MOST_COUNTED or now - self._counted_since >= COUNTED_FOR:
            self.write_counts(store)

    @property
    def has_counts(self) -> bool:
        return self._articles > 0

    def write_counts(self, store: Store) -> None:
        store.window.count_articles(self._terms, self._articles)
        self._terms, self._articles = Counter(), 0
        self._counted_since = datetime.max.replace(tzinfo=UTC)


class StoredWindow:
    """stories.window.Window over the store, for the length of a transaction."""

    def __init__(self, store: Store, memory: Memory, now: datetime) -> None:
        self._store = store
        self._memory = memory
        self._index = memory.index(store, now)

    def total(self) -> Count:
        return Count(*self._store.window.totals())

    def counts(self, terms: Collection[int]) -> Mapping[int, Count]:
        return {term: Count(*count) for term, count in self._store.window.counts(terms).items()}

    def search(self, sought: Mapping[int, float], since: datetime, most: int) -> Sequence[Scored]:
        return self._index.search(sought, since, most)

    def profiles(self, nearest: Mapping[StoryId, Collection[ArticleId]]) -> Sequence[Profile]:
        def features(article: ArticleId) -> Features:
            return self._memory.features(self._store, article)

        return [profile(self._index, story, named, features) for story, named in nearest.items()]

    def count(self, terms: Collection[int]) -> None:
        self._store.window.count_articles(dict.fromkeys(terms, 1), 1)

    def add(
        self, article_id: ArticleId, story_id: StoryId, features: Features, at: datetime, fresh: Collection[int]
    ) -> None:
        """To be told after the article's place was written."""
        self._store.window.count_story(fresh, begun=not self._index.members(story_id))
        self._index.add(article_id, story_id, at, posted(features), forget=at - WINDOW)


def as_heard(store: Store, article: Article, placement: Placement, heard: Collection[ArticleId]) -> Placement:
    """With what an article adds for those who were told of these only."""
    told = [one for one in map(store.stories.article, heard) if one is not None]
    known = novelty.Facts(frozenset().union(*(novelty.facts(one.title, one.text).keys for one in told)))
    relation = Relation.COPY if placement.copy_of in heard else Relation.REPORT
    return replace(placement, additions=_additions(article, relation, known))


def _additions(article: Article, relation: Relation, known: novelty.Facts) -> tuple[Addition, ...]:
    added = novelty.additions(article.title, article.text, known)
    if relation is Relation.COPY:  # a signature, a sentence of a house's own: no news
        return tuple(one for one in added if one.kind in TOLD_OF_COPIES)
    return added


def _heard(store: Store, alike: Sequence[Resemblance]) -> list[Resemblance]:
    """Without those that only stood in feeds before the first look at them."""
    unheard = store.moves.unheard([one.article_id for one in alike]) if alike else frozenset()
    return [one for one in alike if one.article_id not in unheard]


def heard_as(store: Store, placement: Placement) -> Relation:
    """What nobody heard of before is news for its readers, though its text is that of another one."""
    if placement.copy_of is not None and store.moves.unheard([placement.copy_of]):
        return Relation.REPORT
    return placement.relation


class StoryDesk:
    """Gives articles their place. `publishers`: the owners of sites."""

    def __init__(self, memory: Memory, publishers: Mapping[str, str]) -> None:
        self._memory = memory
        self._publishers = publishers

    def place(self, store: Store, article: Article, outlet: str, now: datetime, hits: Iterable[Hit] = ()) -> Placement:
        """What was placed before stays where it is. `outlet`: whose feed it came from; `hits`: why it matched."""
        placed = self.place_again(store, article)
        if placed is None:
            placed = self._join(store, article, outlet, now, hits)
            if placed.certainty is not Certainty.NEW:
                relation = heard_as(store, placed)
                placed = replace(placed, additions=_additions(article, relation, self._facts(store, placed.story_id)))
        self._add_facts(store, placed.story_id, article.title, article.text)
        return placed

    def pass_by(self, store: Store, article: Article, now: datetime) -> None:
        """An article that no rule matched: some stand for all when it is asked how common words are in the news."""
        if crc32(article.id.encode()) % ONE_IN == 0:
            self._memory.count(store, article, now)

    def place_in_silence(
        self, store: Store, article: Article, outlet: str, now: datetime, hits: Iterable[Hit], *, stood_since: datetime
    ) -> Placement:
        """Of what stood in a feed before the first look at it. Nobody is told, so its story has told none of it."""
        placed = store.stories.placement(article.id)
        return placed or self._join(store, article, outlet, now, hits, stood_since)

    def _join(
        self,
        store: Store,
        article: Article,
        outlet: str,
        now: datetime,
        hits: Iterable[Hit],
        stood_since: datetime | None = None,
    ) -> Placement:
        at, runs = stood_since or now, shingles(article.text)
        window = StoredWindow(store, self._memory, now)
        reading = read(article.title, article.text)
        chosen_for = watched(hit.words for hit in hits if len(hit.words.split()) <= MOST_WATCHED_WORDS)
        features, frequencies = cluster.weighed(reading, outlet, window, chosen_for)
        window.count(reading.seen)
        judged = cluster.judge(features, at, frequencies, window)
        alike = store.stories.resemblances(article, runs, least_shared=cluster.LEAST_SHARED, since=now - WINDOW)
        placement = cluster.place(article.id, len(runs), _heard(store, alike))
        if placement.relation is Relation.FIRST:
            placement = cluster.place(article.id, len(runs), alike)
        original = None if placement.copy_of is None else store.stories.article(placement.copy_of)
        doubted = original is not None and sources.begins_otherwise(article, runs, original)
        if doubted:
            placement = cluster.place(article.id, len(runs), ())
        if placement.relation is Relation.FIRST:
            placement = cluster.joined(placement, judged)
        if doubted and placement.certainty is Certainty.SURELY:
            placement = replace(placement, certainty=Certainty.POSSIBLY)
        credit = sources.credit(article.text, article.author)
        owner = self._publishers.get(article.site, article.site)
        store.stories.place(
            article,
            placement,
            runs,
            now,
            features=features.to_bytes(),
            owner=owner,
            credit=credit,
            stood_since=stood_since,
        )
        same = placement.story_id == judged.story_id or placement.certainty is Certainty.NEW
        window.add(article.id, placement.story_id, features, at, judged.fresh if same else ())
        return placement

    def place_again(self, store: Store, article: Article, changes: Sequence[Change] = ()) -> Placement | None:
        """Of an article that has its place, with another text. Nobody has been told of more than the `changes`."""
        placed = store.stories.placement(article.id)
        if placed is None:
            return None
        runs = shingles(article.text)
        store.stories.reread(article, runs)
        since = article.read_at - WINDOW
        alike = store.stories.resemblances(article, runs, least_shared=cluster.LEAST_SHARED, since=since)
        relation = cluster.place(article.id, len(runs), _heard(store, alike)).relation
        added = _additions(article, relation, self._facts(store, placed.story_id))
        self._add_facts(store, placed.story_id, "", "\n\n".join(change.after or "" for change in changes))
        if not store.moves.unheard([article.id]):
            placed = replace(placed, certainty=Certainty.SURELY)  # whatever doubt there was has been told
        return replace(placed, additions=added)

    def _add_facts(self, store: Store, story: StoryId, title: str, text: str) -> None:
        store.stories.save_facts(story, (self._facts(store, story) | novelty.facts(title, text)).to_json())

    def _facts(self, store: Store, story: StoryId) -> novelty.Facts:
        return novelty.Facts.from_json(store.stories.facts(story))

    def changes(
        self, store: Store, article: ArticleId, before: edits.Version, after: edits.Version
    ) -> tuple[Change, ...]:
        """What a reader of an article's version before must know of the one after."""
        earlier = [edits.Version(row["title"], row["text"]) for row in store.watches.revisions_of(article)]
        terms = seen(f"{before.title} {after.title}", f"{before.text} {after.text}")
        counts = {term: Count(*count) for term, count in store.window.counts(terms).items()}
        return edits.changes(before, after, Frequencies(Count(*store.window.totals()), counts).rarity, earlier)
