"""An archive of which readers have judged some alerts, beside a configuration with the rules that made them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from monitor.app.clock import utc_now
from monitor.cli.common import Place
from monitor.model import Alert, AlertId, Article, Fate, Opinion, Outcome
from monitor.rules.match import decide
from monitor.rules.schema import RuleSet, load
from tests.archive import Archive
from tests.newsroom import write_config

YES, NO = Opinion.RELEVANT, Opinion.NOT_RELEVANT


class JudgedArchive:
    """Every article is a story, and every match of it was told."""

    def __init__(self, directory: Path, rules: str, concepts: str = "") -> None:
        self.place = Place(write_config(directory / "config", [("Courier", "http://127.0.0.1:9/feed")]))
        self.rule_file = self.place.directory / "rules" / "rules.yaml"
        self.rule_file.write_text(rules, "utf-8")
        (self.place.directory / "concepts" / "places.yaml").unlink()
        if concepts:
            (self.place.directory / "concepts" / "c.yaml").write_text(concepts, "utf-8")
        self.archive = Archive(directory / "news.db")
        self.store = self.archive.store
        self.rules = self.load()
        self.now = utc_now()

    def load(self) -> RuleSet:
        return load(self.place.directory / "rules", self.place.directory / "concepts")

    def tell(
        self,
        title: str,
        text: str = "",
        opinion: Opinion | None = None,
        *,
        ago: timedelta = timedelta(hours=1),
        feeds: Sequence[str] = ("courier",),
    ) -> Article:
        """An article that is read and told, and what one reader calls it."""
        at = self.now - ago
        read = self.archive.add(title, text, story=title, at=at, feeds=feeds)
        decisions = decide(self.rules, title, text)
        with self.store.transaction():
            self.store.stories.save_decisions(read.id, decisions, at)
            for one in decisions:
                if one.outcome is Outcome.MATCHED:
                    self._alert(one.rule, read, opinion, at)
        return read

    def _alert(self, rule: str, read: Article, opinion: Opinion | None, at: datetime) -> None:
        placed = self.store.stories.placement(read.id)
        assert placed is not None
        id_, severity = AlertId(f"{rule}-{read.url[-1]}-{read.id}"), self.rules.rules[0].severity
        self.store.alerts.add(Alert(id_, rule, placed.story_id, read.id, "story", severity, Fate.POST, "new", None, at))
        if opinion is not None:
            self.store.feedback.save(id_, verdict=opinion, user="ana", by="ana", now=at)
