"""Changes of rules that readers' verdicts speak for, as diffs of the files. Only reads: nothing applies itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import unified_diff
from pathlib import Path

from monitor.app.backtest import reading, readings
from monitor.errors import Refused
from monitor.model import Opinion, ToldAlert
from monitor.rules.cases import Case, Judged, case
from monitor.rules.negatives import Background
from monitor.rules.proposals import Candidates, Proposal, candidates, try_out
from monitor.rules.rule import Rule
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store
from monitor.text import document

MOST_FALSE_ALARMS = 200  # of a rule that are looked at, the latest
BACKGROUND = 1_000  # articles by which it is seen how common a word is
BYTE_ORDER_MARK = "\ufeff"  # some editors put it before the first line

Progress = Callable[[int, int], None]  # (articles done, of so many)


@dataclass(frozen=True, slots=True)
class OfRule:
    """What was judged of a rule that it still matches, and what is proposed, the best first."""

    rule: Rule
    false_alarms: int
    relevant: int
    mended: int  # false alarms that it would not give any more: it was changed since
    judges: tuple[str, ...]
    text: str  # of its file, without a byte order mark
    mark: str  # that, if there is one
    proposals: tuple[Proposal, ...]

    def diff(self, proposal: Proposal, directory: Path) -> str:
        """For `git apply` or `patch -p1` in a configuration's directory."""
        before, after = self.mark + self.text, self.mark + proposal.patch.text
        return difference(before, after, Path(self.rule.file).relative_to(directory))


@dataclass(frozen=True, slots=True)
class Proposed:
    articles: int
    rules: tuple[OfRule, ...]


def propose(store: Store, rules: RuleSet, since: datetime, progress: Progress, *, only: str | None = None) -> Proposed:
    """For each rule with false alarms since then, or `only` one. What is relevant counts whatever its age.

    The archive is read once. Raises ConfigError, or Refused where a file cannot be read.
    """
    with store.snapshot():
        wanted = [rule for rule in rules.rules if only in (None, rule.name) and store.feedback.judges(rule.name, since)]
        sample = store.archive.sample(BACKGROUND) if wanted else ()
        background = Background(document(one.title, one.text) for one in sample)
        found = [one for rule in wanted if (one := _looked_at(store, rule, rules, background, since)) is not None]
        total = store.archive.count(since) if any(one.candidates.patches for one in found) else 0
        stream = readings(store, since, lambda done: progress(done, total)) if total else ()
        proposals = try_out([one.candidates for one in found], stream, since)
        return Proposed(total, tuple(_of_rule(store, one, since, proposals) for one in found))


@dataclass(frozen=True, slots=True)
class _Looked:
    """A rule with what it can be changed to."""

    candidates: Candidates
    false_alarms: int
    mended: int
    text: str
    mark: str


def _looked_at(store: Store, rule: Rule, rules: RuleSet, background: Background, since: datetime) -> _Looked | None:
    """None: nobody called an alert of it a false one."""
    by_opinion: defaultdict[Opinion | None, list[ToldAlert]] = defaultdict(list)
    for alert in store.feedback.told(None, rule=rule.name):
        by_opinion[alert.opinion].append(alert)
    wrong = [alert for alert in by_opinion[Opinion.NOT_RELEVANT] if alert.told_at >= since][-MOST_FALSE_ALARMS:]
    if not wrong:
        return None
    false_alarms = _cases(store, wrong)
    still = [one for one in false_alarms if one.matches(rule)]
    relevant = [one for one in _cases(store, by_opinion[Opinion.RELEVANT]) if one.matches(rule)]
    content = _content(rule)
    text = content.removeprefix(BYTE_ORDER_MARK)
    return _Looked(
        candidates=candidates(rule, text, rules, Judged(still, relevant), background),
        false_alarms=len(still),
        mended=len(false_alarms) - len(still),
        text=text,
        mark=content.removesuffix(text),
    )


def _of_rule(store: Store, one: _Looked, since: datetime, proposals: Mapping[str, tuple[Proposal, ...]]) -> OfRule:
    rule = one.candidates.rule
    return OfRule(
        rule=rule,
        false_alarms=one.false_alarms,
        relevant=one.candidates.relevant,
        mended=one.mended,
        judges=store.feedback.judges(rule.name, since),
        text=one.text,
        mark=one.mark,
        proposals=proposals.get(rule.name, ()),
    )


def _cases(store: Store, alerts: Sequence[ToldAlert]) -> list[Case]:
    feeds = store.archive.feeds()
    return [case(reading(article, feeds)) for article in store.archive.of(alert.article_id for alert in alerts)]


def _content(rule: Rule) -> str:
    try:
        with Path(rule.file).open(encoding="utf-8", newline="") as file:  # with the line ends it has
            return file.read()
    except (OSError, UnicodeDecodeError) as e:
        raise Refused(f"{rule.file} cannot be read: {e}") from e


def difference(before: str, after: str, path: Path) -> str:
    """A unified diff of a file, also where its last line has no end."""
    lines = unified_diff(_lines(before), _lines(after), f"a/{path.as_posix()}", f"b/{path.as_posix()}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """As git divides them: at line feeds only."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop().removesuffix("\n")
    return [*lines, last] if last else lines
