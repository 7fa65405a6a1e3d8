"""Verdicts of people on what they were told, as commands that are recorded like any other.

`feedback VERDICT MESSAGE USER BY` is a click: the message by its delivery's id. `feedback add ALERT VERDICT` is typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from monitor import ids, urls
from monitor.app.commands import SignedVerb, Verb
from monitor.errors import Refused
from monitor.model import AlertId, DeliveryId, Opinion
from monitor.rules.precision import RuleReport, report
from monitor.store.sqlite.store import Store

IN_WORDS = {Opinion.RELEVANT: "relevant", Opinion.NOT_RELEVANT: "not relevant"}
LOOKED_BACK = timedelta(days=30)
MOST_NAMED = 3  # rules in an answer


class Feedback:
    """Every verb raises Refused."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    @property
    def verbs(self) -> Mapping[str, Verb]:
        return {"feedback": self.judge}

    @property
    def signed_verbs(self) -> Mapping[str, SignedVerb]:
        return {"feedback add": self.add}

    def judge(self, store: Store, arguments: Sequence[str]) -> str:
        """Of every alert that the message tells."""
        verdict, message, user, by = arguments
        alerts = store.feedback.alerts_in(DeliveryId(message))
        if not alerts:
            raise Refused("this message tells of no alert that the database still knows")
        said = self._save(store, alerts, verdict, user=user, by=by)
        return f"Noted as {IN_WORDS[said]}. Another click changes it.{self._consequence(store, alerts, said)}"

    def add(self, store: Store, arguments: Sequence[str], by: str) -> str:
        """ALERT: the beginning of an alert's id, or the address of an article, which means all of its alerts."""
        if len(arguments) != 2:
            raise Refused("feedback takes an alert and a verdict")
        alerts = _named(store, arguments[0])
        said = self._save(store, alerts, arguments[1], user=by, by=by)
        count = "1 alert" if len(alerts) == 1 else f"{len(alerts)} alerts"
        consequence = self._consequence(store, alerts, said)
        return f"{count} noted as {IN_WORDS[said]}. Another verdict of yours replaces this one.{consequence}"

    def _consequence(self, store: Store, alerts: Sequence[AlertId], said: Opinion) -> str:
        """What can be done about false alarms."""
        if said is Opinion.RELEVANT:
            return ""
        rows = store.feedback.false_alarms(alerts, self._clock() - LOOKED_BACK)
        wrong = [row for row in rows if row["false_alarms"]]
        return "".join(
            f"\nRule {row['rule']}: {row['false_alarms']} of {row['judged']} judged alerts of {LOOKED_BACK.days} days "
            f"are false alarms; what would spare them says: news-monitor feedback propose {row['rule']}"
            for row in wrong[:MOST_NAMED]
        )

    def _save(self, store: Store, alerts: Iterable[AlertId], verdict: str, *, user: str, by: str) -> Opinion:
        if verdict not in IN_WORDS:
            raise Refused(f"{verdict!r} is no verdict; there are {', '.join(Opinion)}")
        for alert in alerts:
            store.feedback.save(alert, verdict=verdict, user=user, by=by, now=self._clock())
        return Opinion(verdict)


def reports(store: Store, since: datetime, rule: str | None = None) -> tuple[RuleReport, ...]:
    """How good the alerts of each rule were that readers were told of since then."""
    return report(store.feedback.told(since, rule=rule))


def _named(store: Store, name: str) -> tuple[AlertId, ...]:
    if "://" in name:
        return _of_page(store, name)
    found = store.feedback.named(name) if name else ()
    if len(found) != 1:
        raise Refused(
            f"{name!r} fits {len(found)} alerts; `feedback list --unjudged` has their ids; or write an article's URL"
        )
    return found


def _of_page(store: Store, address: str) -> tuple[AlertId, ...]:
    try:
        article = ids.article_id(urls.article_key(urls.web_url(address)))
    except ValueError as e:
        raise Refused(f"{address!r} is no web address") from e
    found = store.feedback.alerts_of(article)
    if not found:
        raise Refused(f"no alert is about {address}; `explain` says what became of it")
    return found
