"""One message of every kind, made by the program's own functions from invented news."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.alerts import digest, message
from monitor.alerts.sinks import slack_blocks
from monitor.model import (
    Addition,
    AdditionKind,
    Article,
    ArticleId,
    BodySource,
    Certainty,
    Change,
    ChangeKind,
    Correction,
    CorrectionId,
    Decision,
    Digest,
    Hit,
    Message,
    Outcome,
    Placement,
    Relation,
    Report,
    Severity,
    Standing,
    StoryId,
    Zone,
)

MORNING = datetime(2026, 11, 25, 9, 2, tzinfo=UTC)
STORY = StoryId("3f2a9c1d5b7e4a60")
HEADLINE = "Serbia moves tanks and artillery to the Kosovo boundary"
LEAD = "Serbia has moved tanks, artillery and mechanised infantry close to its boundary with Kosovo, officials said."
FEED_ONLY = "the page is behind a consent wall"


@dataclass(frozen=True, slots=True)
class Scene:
    """`plain`: as it is shown where Slack refuses blocks, and in notifications."""

    name: str
    caption: str
    told: Message | Report | Digest
    at: datetime = MORNING + timedelta(minutes=4)
    plain: bool = False
    threaded: bool = False

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return slack_blocks.blocks(self.told, key="picture", now=self.at, buttons=True)

    @property
    def text(self) -> str:
        return slack_blocks.fallback(self.told, self.at)


def scenes() -> Iterator[Scene]:
    first = message.compose(_article(), "Time Wire", _placement(), _decisions(), MORNING + timedelta(minutes=3))
    waiting = message.compose(
        _article(body_source=BodySource.FEED, quality=FEED_ONLY),
        "Time Wire",
        _placement(),
        _decisions()[:1],
        MORNING + timedelta(minutes=3),
    )
    grown = message.grown(first, Standing(7, 3, MORNING, "Time Wire"))
    reply = message.compose(
        replace(_article("Belgrade puts the number of troops at 900"), url="https://morning-courier.example/900"),
        "Morning Courier",
        _placement(Relation.REPORT, additions=_additions()),
        _decisions()[:1],
        MORNING + timedelta(hours=2),
    )
    possible = message.compose(
        replace(_article("Convoy seen on the road to Raška"), url="https://radio-north.example/raska"),
        "Radio North",
        _placement(Relation.REPORT, certainty=Certainty.POSSIBLY),
        _decisions()[:1],
        MORNING + timedelta(hours=1),
    )
    later = MORNING + timedelta(hours=6)
    yield Scene("alert", "A story alert", first)
    yield Scene("waiting", "Told from the feed's words, its page is tried again", waiting)
    yield Scene(
        "completed", "The same message when its page was read", message.complete(waiting, _article(), _decisions())
    )
    yield Scene("grown", "The first message while the story spreads", grown)
    yield Scene(
        "follow-up", "What a later report adds, in the thread", reply, MORNING + timedelta(hours=2), threaded=True
    )
    yield Scene(
        "possible", "Perhaps the same story: in the thread and in the channel", possible, MORNING + timedelta(hours=1)
    )
    yield Scene("correction", "A page that says something else now", _corrected(_FIGURE), later, threaded=True)
    yield Scene("retraction", "A report that was taken back", _corrected(_RETRACTION), later, threaded=True)
    yield Scene("digest", "What came in the quiet hours, told when they end", _digest(_QUIET, first, possible), _DAWN)
    yield Scene("receipt", "What a mute held, told when it ends", _digest(_MUTED, first, reply), later)
    yield Scene("operations", "What operators must know", _report(later), later)
    yield Scene("plain", "The plain form: notifications, and where Slack refuses blocks", first, plain=True)


def _article(title: str = HEADLINE, **fields: Any) -> Article:
    defaults: dict[str, Any] = {
        "id": ArticleId("article"),
        "url": "https://time-wire.example/serbia-moves-tanks",
        "title": title,
        "text": LEAD,
        "author": "Ana Petrović",
        "published_at": MORNING,
        "published_from": "feed",
        "language": "en",
        "site": "time-wire.example",
        "body_source": BodySource.PAGE,
        "quality": "full",
        "text_sha256": "0" * 64,
        "read_at": MORNING + timedelta(minutes=4),
    }
    return Article(**defaults | fields)


def _decisions() -> tuple[Decision, ...]:
    kfor = "NATO will reinforce KFOR, the peacekeeping mission it has led in Kosovo since 1999."
    return (
        _decision("kosovo-military-deployment", "Military deployment near Kosovo", Severity.CRITICAL, _hits()),
        _decision(
            "nato-kfor-reinforcement",
            "KFOR reinforced or moved",
            Severity.HIGH,
            (_hit("NATO will reinforce KFOR", kfor, 300),),
        ),
    )


def _hits() -> tuple[Hit, ...]:
    return (
        _hit("moved tanks", LEAD, 11),
        _hit("mechanised infantry", LEAD, 40),
        _hit("boundary with Kosovo", LEAD, 73),
    )


def _hit(words: str, sentence: str, start: int) -> Hit:
    return Hit(words, words, Zone.LEAD, start, start + len(words), sentence)


def _decision(rule: str, title: str, severity: Severity, hits: tuple[Hit, ...]) -> Decision:
    return Decision(rule, "4be1c0de", title, severity, None, Outcome.MATCHED, hits)


def _placement(relation: Relation = Relation.FIRST, **fields: Any) -> Placement:
    return Placement(story_id=STORY, relation=relation, copy_of=None, copy_outlet=None, similarity=0.0, **fields)


def _additions() -> tuple[Addition, ...]:
    said = "About 900 soldiers of the 3rd Brigade take part, the defence ministry said, not 300 as reported before."
    denied = "“There is no deployment, there is an exercise,” the minister said."
    return (
        Addition(AdditionKind.FIGURE, "900 soldiers", said, "300 soldiers"),
        Addition(AdditionKind.DENIAL, "the minister", denied),
    )


_FIGURE = (
    Change(ChangeKind.FIGURE, "Some 300 soldiers crossed the river.", "Some 900 soldiers crossed the river."),
    Change(ChangeKind.HEADLINE, HEADLINE, "Serbia moves 900 soldiers to the Kosovo boundary"),
)
_RETRACTION = (
    Change(ChangeKind.RETRACTION, None, "Editor's note: this report was wrong and has been withdrawn. We apologise."),
)


def _corrected(changes: tuple[Change, ...]) -> Message:
    correction = Correction(CorrectionId("c"), ArticleId("article"), changes, MORNING + timedelta(hours=6))
    return message.correct(_article(), "Time Wire", STORY, correction, Severity.CRITICAL)


_DAWN = MORNING + timedelta(hours=22)
_QUIET = ("What came in the quiet hours", "{count}, told here and nowhere else.")
_MUTED = (
    "While muted: rule kosovo-military-deployment",
    "Held {count}, told here and nowhere else.",
    "Muted by ana since 2026-11-25 09:10 UTC, over now: the exercise was announced",
)


def _digest(words: tuple[str, ...], *told: Message) -> Digest:
    title, *lines = (line.format(count=digest.count(told)) for line in words)
    apart = ((StoryId(f"{number}"), one) for number, one in enumerate(told))
    (page,) = digest.pages(title, lines, digest.items(apart, {}), MORNING, show="news-monitor alerts")
    return page


def _report(now: datetime) -> Report:
    return message.report(
        (
            "Morning Courier has failed for 3 h: HTTP 503; it is asked again at 15:20.",
            "Radio North: entries may have come and gone unseen from 12:10 to 13:40; its archive showed 3 of them.",
            "Time Wire stands behind a bot wall (Cloudflare) since 14:05; its alerts are made from the feed's words.",
        ),
        now,
    )
