"""What would have spared readers a rule's false alarms: changes of its file, each tried on the archive. Pure.

A change is only proposed if the rule's own examples still come out. What it loses of what readers called relevant is
named, and those that lose nothing stand first. Nothing is ever changed here: a proposal is text.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from monitor.errors import ConfigError
from monitor.model import ArticleId
from monitor.rules import schema
from monitor.rules.backtest import Reading
from monitor.rules.cases import Case, Judged, case
from monitor.rules.edits import Source, Unwritable
from monitor.rules.index import RuleIndex
from monitor.rules.lint import run_examples
from monitor.rules.negatives import Background, exclusions
from monitor.rules.rewrites import Rewrite, Way, rewrites
from monitor.rules.rule import Rule
from monitor.rules.schema import RuleSet
from monitor.yaml_file import Place

MOST_WRITTEN = 120  # changes of one rule that are tried on what was judged
MOST_TRIED = 24  # of these, on the archive
MOST_OF_A_WAY = 3
MOST_PROPOSED = 8
MOST_ALIKE = 3
MOST_HEADLINES = 5  # of others that a change adds or takes away


@dataclass(frozen=True, slots=True)
class Patch:
    """A change of a rule that spares at least one false alarm. `text`: the whole file with it."""

    way: Way
    what: str
    text: str
    rule: Rule
    spared: tuple[Reading, ...]
    lost: tuple[Reading, ...]


@dataclass(slots=True)
class Others:
    """Alerts that are neither its false alarms nor its relevant ones: how many, and the first of them."""

    count: int = 0
    first: list[Reading] = field(default_factory=list)

    def add(self, reading: Reading) -> None:
        self.count += 1
        if len(self.first) < MOST_HEADLINES:
            self.first.append(reading)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A patch and what it would have meant: `spared` false alarms, `lost` relevant alerts, and others."""

    patch: Patch
    spared: tuple[Reading, ...]
    lost: tuple[Reading, ...]
    removed: Others
    added: Others
    alike: tuple[str, ...]  # other changes that would have done the same
    gain: float  # false alarms spared, less what is probably relevant among the removed and not among the added


@dataclass(frozen=True, slots=True)
class Candidates:
    """A rule as it is, and the patches worth a look through the archive. Of what was judged it keeps no article."""

    rule: Rule
    judged: frozenset[ArticleId]
    relevant: int  # of them
    patches: tuple[Patch, ...]


def candidates(rule: Rule, text: str, vocabulary: RuleSet, judged: Judged, background: Background) -> Candidates:
    """`text`: of the rule's file. Raises ConfigError if that cannot be read."""
    source = Source(text, rule.file)
    found: dict[str, Patch] = {}
    for number, rewrite in enumerate(rewrites(source, _place(source, rule), exclusions(rule, judged, background))):
        if number == MOST_WRITTEN:
            break
        patch = _patch(rewrite, rule, vocabulary, judged)
        if patch is not None:
            found.setdefault(patch.rule.version, patch)
    best = sorted(found.values(), key=lambda patch: (len(patch.lost), -len(patch.spared)))
    known = frozenset(one.reading.article.id for one in (*judged.false_alarms, *judged.relevant))
    return Candidates(rule, known, len(judged.relevant), tuple(best[:MOST_TRIED]))


def _place(source: Source, rule: Rule) -> Place:
    index = next(index for index, entry in enumerate(source.at(("rules",))) if entry.get("name") == rule.name)
    return "rules", index, "match"


def _patch(rewrite: Rewrite, rule: Rule, vocabulary: RuleSet, judged: Judged) -> Patch | None:
    """None: it cannot be written or read, breaks an example, or spares nobody anything."""
    try:
        after = rewrite.make()
        (changed,) = schema.read(after.file, vocabulary, only=rule.name)
    except (Unwritable, ConfigError):
        return None
    spared = _unmatched(judged.false_alarms, changed)
    if not spared or run_examples(RuleSet((changed,))):
        return None
    return Patch(rewrite.way, rewrite.what, after.text, changed, spared, _unmatched(judged.relevant, changed))


def _unmatched(cases: Iterable[Case], rule: Rule) -> tuple[Reading, ...]:
    return tuple(one.reading for one in cases if not one.matches(rule))


def try_out(
    all_candidates: Sequence[Candidates], readings: Iterable[Reading], since: datetime
) -> dict[str, tuple[Proposal, ...]]:
    """By rule, the best first. Readings of one story follow one another; each is looked at once for all rules."""
    trials = [_Trial(one, patch) for one in all_candidates for patch in one.patches]
    rules = {(rule.name, rule.version): rule for trial in trials for rule in (trial.rule, trial.patch.rule)}
    index = RuleIndex(tuple(rules.values()))
    for _, story in groupby(readings, key=lambda reading: reading.story):
        first, articles = dict[tuple[str, str], Reading](), list[ArticleId]()
        for reading in story:
            articles.append(reading.article.id)
            for scope in case(reading).scopes:
                for rule in index.matching(scope):
                    first.setdefault((rule.name, rule.version), reading)
        if first:
            for trial in trials:
                trial.add(first, articles, since)
    found: defaultdict[str, list[Proposal]] = defaultdict(list)
    for trial in trials:
        if (proposal := trial.proposal()) is not None:
            found[trial.rule.name].append(proposal)
    return {rule: tuple(_best(proposals)) for rule, proposals in found.items()}


class _Trial:
    """One patch on its way through the archive."""

    def __init__(self, known: Candidates, patch: Patch) -> None:
        self.rule, self.patch, self._judged = known.rule, patch, known.judged
        self._share = (known.relevant + 1) / (len(known.judged) + 2)  # of relevant ones, Laplace's estimate
        self._still = set[ArticleId]()  # in stories that are told all the same
        self._removed, self._added = Others(), Others()

    def add(self, first: Mapping[tuple[str, str], Reading], articles: Sequence[ArticleId], since: datetime) -> None:
        """A story, with the first article of it that each rule matches."""
        before, after = (first.get((rule.name, rule.version)) for rule in (self.rule, self.patch.rule))
        if after is not None:
            self._still.update(articles)
        if (before is None) == (after is None) or not self._judged.isdisjoint(articles):
            return
        told, others = (before, self._removed) if before is not None else (after, self._added)
        if told is not None and told.article.first_read_at >= since:
            others.add(told)

    def proposal(self) -> Proposal | None:
        """None: the false alarms that it spares are told all the same by other articles, or it costs more than that."""
        spared = tuple(one for one in self.patch.spared if one.article.id not in self._still)
        gain = len(spared) - self._share * self._removed.count - (1 - self._share) * self._added.count
        if gain <= 0:
            return None
        return Proposal(self.patch, spared, self.patch.lost, self._removed, self._added, (), gain)


def _best(proposals: Sequence[Proposal]) -> Iterator[Proposal]:
    """Some of each way; those of a way that do the same are one."""
    ways, groups = list(Way), dict[object, list[Proposal]]()
    for one in sorted(proposals, key=lambda one: (len(one.lost), -one.gain, ways.index(one.patch.way))):
        groups.setdefault(_effect(one), []).append(one)
    taken = Counter[Way]()
    for first, *others in groups.values():
        if taken[first.patch.way] < MOST_OF_A_WAY and taken.total() < MOST_PROPOSED:
            taken[first.patch.way] += 1
            yield replace(first, alike=tuple(other.patch.what for other in others[:MOST_ALIKE]))


def _effect(one: Proposal) -> object:
    told = (tuple(reading.article.id for reading in readings) for readings in (one.spared, one.lost))
    return one.patch.way, *told, one.removed.count, one.added.count
