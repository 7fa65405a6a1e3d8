"""How good a rule's alerts were, by what readers called them. Pure.

Only judged alerts count for precision. They are seldom many, so no share stands without the interval it may lie in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import TypeVar

from monitor.model import Opinion, ToldAlert

Z = 1.959964  # of the normal distribution, for 95 %
MOST_TERMS = 5

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Tally:
    """Alerts that were told, and those among them that most readers called so."""

    told: int
    relevant: int
    not_relevant: int

    @property
    def judged(self) -> int:
        return self.relevant + self.not_relevant

    @property
    def precision(self) -> float | None:
        """The share of relevant ones among the judged."""
        return self.relevant / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float]:
        """Where the precision lies with 95 % (Wilson 1927, the score interval); anywhere, if nothing was judged."""
        if not self.judged:
            return 0.0, 1.0
        n, share = self.judged, self.relevant / self.judged
        middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
        reach = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
        return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True, slots=True)
class RuleReport:
    """A rule's alerts, also by week and outlet, without the weeks in which nothing was told."""

    rule: str
    all: Tally
    weeks: tuple[tuple[date, Tally], ...]  # by their Mondays
    outlets: tuple[tuple[str, Tally], ...]  # most false alarms first
    terms: tuple[tuple[str, int], ...]  # that made so many false alarms and nothing that was relevant, the worst first


def report(alerts: Iterable[ToldAlert]) -> tuple[RuleReport, ...]:
    """By the names of the rules."""
    by_rule = _grouped(alerts, lambda alert: alert.rule)
    return tuple(_of_rule(rule, by_rule[rule]) for rule in sorted(by_rule))


def _of_rule(rule: str, alerts: Sequence[ToldAlert]) -> RuleReport:
    weeks, outlets = _tallies(alerts, _monday), _tallies(alerts, lambda alert: alert.outlet)
    return RuleReport(
        rule=rule,
        all=_tally(alerts),
        weeks=tuple(sorted(weeks.items())),
        outlets=tuple(sorted(outlets.items(), key=lambda item: (-item[1].not_relevant, -item[1].told, item[0]))),
        terms=_worst_terms(alerts),
    )


def _monday(alert: ToldAlert) -> date:
    day = alert.told_at.date()
    return day - timedelta(days=day.weekday())


def _worst_terms(alerts: Sequence[ToldAlert]) -> tuple[tuple[str, int], ...]:
    said = {opinion: Counter[str]() for opinion in Opinion}
    for alert in alerts:
        if alert.opinion is not None:
            said[alert.opinion].update({words.casefold() for words in alert.words})
    false = ((term, n) for term, n in said[Opinion.NOT_RELEVANT].items() if term not in said[Opinion.RELEVANT])
    return tuple(sorted(false, key=lambda item: (-item[1], item[0]))[:MOST_TERMS])


def _tallies(alerts: Iterable[ToldAlert], key: Callable[[ToldAlert], K]) -> dict[K, Tally]:
    return {name: _tally(own) for name, own in _grouped(alerts, key).items()}


def _tally(alerts: Sequence[ToldAlert]) -> Tally:
    verdicts = Counter(alert.opinion for alert in alerts)
    return Tally(len(alerts), verdicts[Opinion.RELEVANT], verdicts[Opinion.NOT_RELEVANT])


def _grouped(alerts: Iterable[ToldAlert], key: Callable[[ToldAlert], K]) -> dict[K, list[ToldAlert]]:
    groups = defaultdict[K, list[ToldAlert]](list)
    for alert in alerts:
        groups[key(alert)].append(alert)
    return groups
