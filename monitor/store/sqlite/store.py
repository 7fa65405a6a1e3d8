"""What the application remembers, and the one way to change it: a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from monitor.store.sqlite.action_rows import ActionRows
from monitor.store.sqlite.alert_rows import AlertRows, DeliveryRows
from monitor.store.sqlite.archive_rows import ArchiveRows
from monitor.store.sqlite.canary_rows import CanaryRows
from monitor.store.sqlite.clock_rows import ClockRows
from monitor.store.sqlite.connection import WriterLock, open_reader, open_writer
from monitor.store.sqlite.delay_rows import DelayRows
from monitor.store.sqlite.feed_rows import FeedRows
from monitor.store.sqlite.feedback_rows import FeedbackRows
from monitor.store.sqlite.flow_rows import FlowRows
from monitor.store.sqlite.hold_rows import HoldRows, MuteRows
from monitor.store.sqlite.ledger import Ledger
from monitor.store.sqlite.load_rows import LoadRows
from monitor.store.sqlite.notice_rows import NoticeRows
from monitor.store.sqlite.page_rows import PageRows
from monitor.store.sqlite.push_rows import PushRows
from monitor.store.sqlite.retention_rows import RetentionRows
from monitor.store.sqlite.rule_rows import RuleRows
from monitor.store.sqlite.search_rows import SearchRows
from monitor.store.sqlite.size_rows import SizeRows
from monitor.store.sqlite.story_ledger import StoryLedger
from monitor.store.sqlite.story_moves import StoryMoves
from monitor.store.sqlite.story_rows import StoryRows
from monitor.store.sqlite.watch_rows import WatchRows
from monitor.store.sqlite.window_rows import WindowRows


class Store:
    """The verbs, by subject. One thread at a time may use it."""

    def __init__(self, db: Database, lock: WriterLock | None = None) -> None:
        self._db = db
        self._lock = lock
        self.epoch = 0  # who remembers what was written must ask again when it is another one
        self.feeds = FeedRows(db)
        self.pages = PageRows(db)
        self.search = SearchRows(db)
        self.retention = RetentionRows(db)
        self.stories = StoryRows(db, self.search)
        self.moves = StoryMoves(db)
        self.window = WindowRows(db)
        self.watches = WatchRows(db)
        self.alerts = AlertRows(db)
        self.deliveries = DeliveryRows(db)
        self.holds = HoldRows(db)
        self.mutes = MuteRows(db)
        self.clock = ClockRows(db)
        self.canaries = CanaryRows(db)
        self.notices = NoticeRows(db)
        self.subscriptions = PushRows(db)
        self.actions = ActionRows(db)
        self.rules = RuleRows(db)
        self.archive = ArchiveRows(db)
        self.feedback = FeedbackRows(db)
        self.ledger = Ledger(db)
        self.flow = FlowRows(db)
        self.delays = DelayRows(db)
        self.load = LoadRows(db)
        self.size = SizeRows(db)
        self.story_ledger = StoryLedger(db)

    @classmethod
    def writer(cls, path: Path, trace: Callable[[str], None] | None = None) -> Store:
        """Raises StoreBusy when another process writes, StoreError when the file cannot be used."""
        lock = WriterLock(path)
        lock.acquire()
        try:
            return cls(open_writer(path, trace), lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def reader(cls, path: Path) -> Store:
        return cls(open_reader(path))

    @contextmanager
    def transaction(self) -> Iterator[Store]:
        """All of it or nothing, on disk before it returns (synchronous = FULL)."""
        self._db.execute("begin immediate")
        try:
            yield self
            self.search.enter_noted()
            self._db.execute("commit")
        except BaseException:
            self.epoch += 1
            self.search.drop_noted()
            if self._db.conn.in_transaction:
                self._db.execute("rollback")
            raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Inside a transaction: all of it or nothing, whatever becomes of the rest."""
        run = self._db.conn.execute  # what sqlite-utils sees to around it is not needed here
        run("savepoint change")
        try:
            yield
        except BaseException:
            self.epoch += 1
            if self._db.conn.in_transaction:
                run("rollback to change")
                run("release change")
            raise
        run("release change")

    def outdated(self) -> None:
        """What somebody remembers of it is not so any more."""
        self.epoch += 1

    @contextmanager
    def snapshot(self) -> Iterator[Store]:
        """Every question inside sees the same moment, also beside a daemon that writes."""
        self._db.execute("begin")
        try:
            yield self
        finally:
            self._db.execute("rollback")

    def close(self) -> None:
        self._db.close()
        if self._lock is not None:
            self._lock.release()
