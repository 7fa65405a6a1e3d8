"""Watch: an article that somebody was told of -> what became of it since, for those who were told.

Its page is read again a few times (articles/looks.py); where no page is read, the words that its feed has for it now
stand for the page. Every version is kept; what stories/edits.py finds material, and a page that is gone, goes to the
threads in which the article was told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor import ids
from monitor.app.alerter import Alerter
from monitor.app.holds import Holds
from monitor.app.origins import about, has_page, outlet
from monitor.app.pages import PageRead, Pages
from monitor.app.store_thread import StoreThread
from monitor.app.story_desk import StoryDesk
from monitor.app.workers import WorkerFailed
from monitor.articles import compose, judge, looks
from monitor.errors import ExtractError, FetchError
from monitor.model import (
    FULL,
    Article,
    ArticleId,
    BodySource,
    Change,
    ChangeKind,
    Correction,
    Decision,
    Feed,
    Outcome,
    Snapshot,
    WaitingEntry,
    Watch,
)
from monitor.rules.match import decide
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store
from monitor.stories.edits import Version, notices

log = logging.getLogger(__name__)

GONE = frozenset({404, 410})
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a watched article before it is looked at."""

    watch: Watch
    entry: WaitingEntry
    article: Article  # as it was read last
    last: Snapshot | None
    has_page: bool  # or `entry` is the one whose feed worded it otherwise last, if one did
    shown_since: bool  # whether the feed was looked at since it did


@dataclass(frozen=True, slots=True)
class Same:
    """It is as it was read last."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The server says that there is no such page."""

    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The page could not be had, or something stands in its place."""

    why: str
    may_pass: bool = True
    wait: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Read:
    """The article as it is now, and what the rules make of it."""

    page: PageRead | None  # None: these are the feed's words
    article: Article
    decisions: tuple[Decision, ...]
    matched_before: frozenset[str]


Found = Same | Gone | Failed | Read


class Watcher:
    """Looks again at articles that were told."""

    def __init__(
        self,
        *,
        feeds: Sequence[Feed],
        rules: RuleSet,
        alerter: Alerter,
        desk: StoryDesk,
        store: StoreThread,
        pages: Pages,
        holds: Holds,
        clock: Callable[[], datetime],
    ) -> None:
        self._feeds = {feed.id: feed for feed in feeds}
        self._rules = rules
        self._alerter = alerter
        self._desk = desk
        self._store = store
        self._pages = pages
        self._holds = holds
        self._clock = clock

    async def look(self, article: ArticleId) -> bool:
        """Whether there is something to tell."""
        known = await self._store.ask(lambda store: self._known(store, article))
        if known is None:
            return False
        found = await self._find(known)
        told = await self._store.change(lambda store: self._record(store, known, found))
        await self._holds.keep()
        facts = {"url": known.article.url, "look": known.watch.look + 1}
        if isinstance(found, Failed):
            log.info("page not looked at again", extra={**facts, "why": found.why})
        for change in told:
            log.info("article changed", extra={**facts, "what": change.kind})
        return bool(told)

    async def put_off(self, article: ArticleId, why: str) -> None:
        """Put off a look that our own program failed over."""
        known = await self._store.ask(lambda store: self._known(store, article))
        if known is not None:
            await self._store.change(lambda store: self._record(store, known, Failed(why)))

    def _known(self, store: Store, id_: ArticleId) -> Known | None:
        """None when nothing is due."""
        watch, article, shown = store.watches.watch(id_), store.stories.article(id_), store.feeds.all_shown(id_)
        if watch is None or watch.next_look_at is None or watch.next_look_at > self._clock():
            return None
        if article is None or not shown:
            return None
        last = next(reversed(store.pages.snapshots(id_)), None)
        read = [one for one in shown if has_page(one.entry, article, self._feeds.get(one.entry.feed_id))]
        if read or article.body_source is BodySource.PAGE:
            return Known(watch, (*read, *shown)[0], article, last, has_page=True, shown_since=True)
        entry = max(shown, key=lambda one: one.edited_at or LONG_AGO)
        seen_at = store.feeds.state(entry.entry.feed_id).last_success_at
        since = (seen_at or LONG_AGO) > (entry.edited_at or LONG_AGO)
        return Known(watch, entry, article, last, has_page=False, shown_since=since)

    # ---- what stands there now ----

    async def _find(self, known: Known) -> Found:
        return await self._on_its_page(known) if known.has_page else self._in_its_feed(known)

    def _in_its_feed(self, known: Known) -> Found:
        """What is doubted must stand there when the feed is looked at again."""
        edited, before = known.entry, known.article
        if edited.edited_at is None:
            return Same()
        if known.watch.doubt is not None and not known.shown_since:
            return Failed("its feed was not looked at since it was edited")
        article = replace(compose.from_feed(edited.entry, before.quality, self._clock()), id=before.id)
        return Same() if _says(article) == _says(before) else self._judged(known, article, None)

    async def _on_its_page(self, known: Known) -> Found:
        # Of what is doubted, the last snapshot proves nothing.
        last = None if known.watch.doubt else known.last
        try:
            page = await self._pages.read_again(known.entry.entry, known.article.url, last)
        except FetchError as e:
            if e.status in GONE:
                return Gone(str(e))
            return Failed(str(e), not e.permanent, e.retry_after or timedelta(0))
        except (ExtractError, WorkerFailed) as e:
            return Failed(str(e))
        if page is None:
            return Same()
        if page.quality != FULL and not _is_notice(page):
            return Failed(page.quality)
        return self._read(known, page)

    def _read(self, known: Known, page: PageRead) -> Read:
        before, title = known.article, page.extract.title
        article = compose.from_page(known.entry.entry, page.url, page.extract, self._clock(), page.habits)
        retitled = known.watch.title is not None and title not in ("", known.watch.title)
        return self._judged(known, replace(article, id=before.id, title=title if retitled else before.title), page)

    def _judged(self, known: Known, article: Article, page: PageRead | None) -> Read:
        before = known.article
        origin = about(before, self._feeds.get(known.entry.entry.feed_id))
        decisions = decide(self._rules, article.title, article.text, article.captions, origin)
        earlier = decide(self._rules, before.title, before.text, before.captions, origin)
        matched = (decision.rule for decision in earlier if _matches(decision))
        return Read(page, article, decisions, frozenset(matched))

    # ---- what is written ----

    def _record(self, store: Store, known: Known, found: Found) -> tuple[Change, ...]:
        """What is told."""
        watch, now = known.watch, self._clock()
        if store.watches.watch(watch.article_id) != watch:
            return ()
        if isinstance(found, Failed):
            store.watches.save(looks.failed(watch, now, may_pass=found.may_pass, wait=found.wait))
            return ()
        if isinstance(found, Read) and found.page is not None:
            store.pages.add_snapshot(watch.article_id, found.page.snapshot)
        changes = self._changes(store, known, found)
        doubt = _doubt(changes)
        if doubt is not None and doubt != watch.doubt:
            store.watches.save(looks.doubted(watch, now, doubt))
            return ()
        article, after = known.article, replace(looks.done(watch, now), is_gone=isinstance(found, Gone))
        if isinstance(found, Read):
            article = found.article
            after = after if found.page is None else replace(after, title=found.page.extract.title)
            self._save(store, known, found, changes)
        if not known.has_page and known.entry.edited_at is not None:
            store.feeds.settle_edits(watch.article_id, known.entry.edited_at)
        store.watches.save(after)
        return self._tell(store, known, article, changes)

    def _changes(self, store: Store, known: Known, found: Same | Gone | Read) -> tuple[Change, ...]:
        watch = known.watch
        if isinstance(found, Gone):
            return () if watch.is_gone else (Change(ChangeKind.GONE, known.article.title, found.why),)
        is_back = watch.is_gone and known.has_page
        back = (Change(ChangeKind.BACK, None, known.article.url),) if is_back else ()
        if isinstance(found, Same):
            return back
        if found.page is None:
            before, after = (Version(one.title, one.text) for one in (known.article, found.article))
            return self._desk.changes(store, watch.article_id, before, after)
        if known.article.body_source is BodySource.FEED:  # the page says what it likes in its own words
            return (*notices(found.article.text), *back)
        headline = found.page.extract.title
        before = Version(headline if watch.title is None else watch.title, known.article.text)
        after = Version(headline, found.article.text)
        return (*self._desk.changes(store, watch.article_id, before, after), *back)

    def _save(self, store: Store, known: Known, found: Read, changes: Sequence[Change]) -> None:
        """The version as it is now; and what the edit itself made a rule match is a match like any other."""
        before, article = known.article, found.article
        if before.body_source is BodySource.PAGE and _says(before) == _says(article):
            return
        decided = store.alerts.decided(article.id)
        fresh = [d for d in found.decisions if _matches(d) and d.rule not in decided | found.matched_before]
        kept = [d for d in found.decisions if not _matches(d) or d.rule in decided or d in fresh]
        store.stories.save_article(article)
        store.stories.save_decisions(article.id, kept, article.read_at)
        if found.page is not None and not before.is_full:
            self._alerter.complete(store, article, found.decisions)
        placement = self._desk.place_again(store, article, changes)
        if fresh and placement is not None:
            self._alerter.decide(store, known.entry, article, placement, fresh)

    def _tell(self, store: Store, known: Known, article: Article, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        placement = store.stories.placement(article.id)
        if not changes or placement is None:
            return ()
        id_ = ids.correction_id(article.id, known.watch.look)
        correction = Correction(id_, article.id, changes, self._clock())
        threads = self._alerter.correct(store, article, self._outlet(known), placement.story_id, correction)
        return changes if threads else ()

    def _outlet(self, known: Known) -> str:
        return outlet(known.article, self._feeds.get(known.entry.entry.feed_id))


def _doubt(changes: Sequence[Change]) -> str | None:
    """What must be seen twice: a page that is not there, and a headline alone, of which sites may try several."""
    if not changes or {change.kind for change in changes} - {ChangeKind.GONE, ChangeKind.HEADLINE}:
        return None
    return "gone" if changes[0].kind is ChangeKind.GONE else f"headline {changes[0].after}"


def _is_notice(page: PageRead) -> bool:
    """Whether all that is left of an article is a few words that it was corrected or taken back."""
    extract = page.extract
    few = len(extract.text.split()) < judge.DOUBTFUL
    return few and judge.wall_in(extract.title, extract.text) is None and bool(notices(extract.text))


def _matches(decision: Decision) -> bool:
    return decision.outcome is Outcome.MATCHED


def _says(article: Article) -> tuple[str, str]:
    return article.title, article.text
