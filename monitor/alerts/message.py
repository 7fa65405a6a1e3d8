"""An alert in words, before any sink's formatting. What comes from the web stays untrusted: each sink escapes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import (
    Addition,
    Article,
    BodySource,
    Certainty,
    Change,
    ChangeKind,
    Correction,
    Decision,
    Hit,
    Message,
    Outcome,
    Placement,
    Reason,
    Report,
    Severity,
    Standing,
    StoryId,
    Zone,
)

MOST_SENTENCES = 3
LONGEST_SENTENCE = 400
LONGEST_HEADLINE = 300
LONGEST_WORDS = 60
LONGEST_NAME = 200
MOST_NOTICES = 20
POSSIBLY = "Possibly the same story, and possibly another one: shown in the channel to be safe."
LONGEST_NOTICE = 400
LONGEST_CHANGE = 250


def compose(
    article: Article, outlet: str, placement: Placement, decisions: Iterable[Decision], seen_at: datetime
) -> Message:
    """One message for all rules that matched, the loudest first."""
    reasons = tuple(
        Reason(decision.rule, decision.title, decision.severity, decision.hits, decision.template)
        for decision in decisions
    )
    return Message(
        headline=shorten(article.title or article.url, LONGEST_HEADLINE),
        url=article.url,
        outlet=outlet,
        site=article.site,
        author=article.author,
        published_at=article.published_at,
        seen_at=seen_at,
        body_source=article.body_source,
        severity=Severity.loudest(reason.severity for reason in reasons),
        reasons=reasons,
        story_id=placement.story_id,
        article_id=article.id,
        additions=placement.additions,
        doubt=POSSIBLY if placement.certainty is Certainty.POSSIBLY else None,
        caution=None if article.is_full else f"Matched on the feed's own words only: {article.quality}.",
    )


def correct(article: Article, outlet: str, story: StoryId, correction: Correction, severity: Severity) -> Message:
    """What became of an article, for those who were told of it."""
    return Message(
        headline=shorten(article.title or article.url, LONGEST_HEADLINE),
        url=article.url,
        outlet=outlet,
        site=article.site,
        author=article.author,
        published_at=article.published_at,
        seen_at=correction.seen_at,
        body_source=article.body_source,
        severity=severity,
        reasons=(),
        story_id=story,
        article_id=article.id,
        changes=correction.changes,
    )


def complete(told: Message, article: Article, decisions: Iterable[Decision]) -> Message:
    """What was told from the feed's words, now that the article's page was read and decided on.

    A rule that does not match there keeps what was told, and the reader is warned.
    """
    matched = {decision.rule: decision for decision in decisions if decision.outcome is Outcome.MATCHED}
    reasons = tuple(
        replace(reason, hits=matched[reason.rule].hits) if reason.rule in matched else reason for reason in told.reasons
    )
    gone = [reason.title for reason in told.reasons if reason.rule not in matched]
    return replace(
        told,
        author=article.author,
        published_at=article.published_at,
        body_source=article.body_source,
        reasons=reasons,
        caution=f"Matched on the feed's own words; its page, read later, does not match {', '.join(gone)}."
        if gone
        else None,
    )


def together(told: Sequence[Message], standing: Standing) -> Message:
    """What several articles of a story matched, in one message: that of the loudest, with the reasons of all."""
    loudest = min(told, key=lambda message: (-message.severity.rank, message.seen_at))
    reasons: dict[str, Reason] = {}
    for reason in (reason for message in (loudest, *told) for reason in message.reasons):
        reasons.setdefault(reason.rule, reason)
    ordered = sorted(reasons.values(), key=lambda reason: -reason.severity.rank)
    return grown(replace(loudest, reasons=tuple(ordered)), standing)


def grown(told: Message, standing: Standing) -> Message:
    """The first message of a story, with how far it has spread."""
    return replace(told, standing=spread(standing, told.seen_at) if standing.outlets > 1 else None)


def spread(standing: Standing, seen_at: datetime) -> str:
    """`7 outlets, 3 independent, first 10:02 UTC Balkan Insight`; with the day if the message is of another one."""
    at = f"{standing.first_at:%H:%M} UTC" if standing.first_at.date() == seen_at.date() else minute(standing.first_at)
    first = f"first {at} {standing.first_outlet}"
    outlets = "1 outlet" if standing.outlets == 1 else f"{standing.outlets} outlets"
    return f"{outlets}, {standing.independent} independent, {first}"


def news(added: Addition) -> str:
    """What is new, in a line."""
    before = f" (before: {shorten(added.before, LONGEST_WORDS * 2)})" if added.before else ""
    return f"New {added.kind}: {shorten(added.what, LONGEST_WORDS * 2)}{before}"


_CHANGES = {
    ChangeKind.RETRACTION: "Taken back by its publisher",
    ChangeKind.REVERSAL: "Withdrawn or called off",
    ChangeKind.DENIAL: "Denied",
    ChangeKind.GONE: "The page is gone",
    ChangeKind.CORRECTION: "Corrected by its publisher",
    ChangeKind.FIGURE: "A figure has changed",
    ChangeKind.HEADLINE: "The headline has changed",
    ChangeKind.BACK: "The page is there again",
}


def changed(change: Change) -> tuple[str, ...]:
    """What became of an article: in a line, and what it said and says in lines of their own."""
    before = (f"Before: {shorten(change.before, LONGEST_CHANGE)}",) if change.before else ()
    after = (f"Now: {shorten(change.after, LONGEST_CHANGE)}",) if change.after else ()
    return (_CHANGES[change.kind], *before, *after)


def notes(message: Message, now: datetime) -> tuple[str, ...]:
    """What the reader must know beside the news itself."""
    return tuple(note for note in (message.caution, message.doubt, delay(message, now), message.standing) if note)


def origin(message: Message) -> str | None:
    """Where the words that matched stood; None when a caution says so, or when nothing matched."""
    if message.caution or not message.reasons:
        return None
    return "matched on its page" if message.body_source is BodySource.PAGE else "matched on the feed's full text"


def report(notices: Sequence[str], now: datetime) -> Report:
    """One message for all that operators are to be told."""
    shown = tuple(shorten(notice, LONGEST_NOTICE) for notice in notices[:MOST_NOTICES])
    return Report(lines=shown, left_out=len(notices) - len(shown), created_at=now)


def report_lines(told: Report) -> tuple[str, ...]:
    """The lines of a report as they are shown, before any sink's formatting."""
    more = (f"and {told.left_out} more; `news-monitor status` has them",) if told.left_out else ()
    return (*told.lines, *more)


def sentences(hits: Iterable[Hit]) -> tuple[str, ...]:
    """The sentences that made a rule match, in the order of the text: for each part of the rule the first one.

    When there are too many, the parts that matched the most words are shown: "tanks near the border" says more than
    "Kosovo". What room is left goes to further sentences.
    """
    ordered = [hit for hit in in_order(hits) if hit.sentence]
    firsts = {hit.part: hit for hit in reversed(ordered)}
    telling = sorted(firsts.values(), key=lambda hit: -len(hit.words.split()))
    chosen = tuple(dict.fromkeys(hit.sentence for hit in (*telling, *ordered)))[:MOST_SENTENCES]
    shown = dict.fromkeys(hit.sentence for hit in ordered if hit.sentence in chosen)
    return tuple(shorten(sentence, LONGEST_SENTENCE) for sentence in shown)


def matched_words(hits: Iterable[Hit]) -> tuple[str, ...]:
    """The words that matched, each once, in the order of the text. "moved tanks" goes without "tanks"."""
    words = (shorten(hit.words, LONGEST_WORDS) for hit in outermost(hits))
    return tuple({shown.casefold(): shown for shown in words}.values())


def outermost(hits: Iterable[Hit]) -> list[Hit]:
    """In the order of the text, without those that lie inside another one."""
    kept: list[Hit] = []
    for hit in sorted(in_order(hits), key=lambda hit: (list(Zone).index(hit.zone), hit.start, -hit.end)):
        if not kept or hit.zone is not kept[-1].zone or hit.end > kept[-1].end:
            kept.append(hit)
    return kept


def marked(sentence: str, hits: Iterable[Hit]) -> tuple[tuple[str, bool], ...]:
    """A sentence as it is shown, in pieces; true are those that matched."""
    words = sorted({" ".join(hit.words.split()) for hit in hits}, key=len, reverse=True)
    if not any(words):
        return ((sentence, False),)
    matching = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words if word))
    pieces, end = list[tuple[str, bool]](), 0
    for found in matching.finditer(sentence):
        pieces += [(sentence[end : found.start()], False), (found[0], True)]
        end = found.end()
    return tuple(piece for piece in (*pieces, (sentence[end:], False)) if piece[0])


def in_order(hits: Iterable[Hit]) -> list[Hit]:
    """As they stand in the article, the title first."""
    return sorted(hits, key=lambda hit: (list(Zone).index(hit.zone), hit.start))


def provenance(
    message: Message, *, safe: Callable[[str], str] = str, when: Callable[[datetime], str] | None = None
) -> str:
    """Where and when, in one line. `safe`: escapes what comes from the web; `when`: a sink's own form of a time."""
    when = when or minute
    parts = [safe(shorten(message.outlet, LONGEST_NAME))]
    if message.author and message.author.casefold() != message.outlet.casefold():
        parts.append(safe(shorten(message.author, LONGEST_NAME)))
    parts.append(f"published {when(message.published_at)}" if message.published_at else "undated")
    parts.append(f"seen {when(message.seen_at)}")
    return " · ".join(parts)


def delay(message: Message, now: datetime, worth_telling: timedelta = timedelta(minutes=5)) -> str | None:
    """Said when the message comes late, so that nobody takes old news for new."""
    late = now - message.seen_at
    if late < worth_telling:
        return None
    minutes = int(late.total_seconds() // 60)
    return f"Delayed {minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"Delayed {minutes} min"


def minute(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC")


def shorten(text: str, limit: int) -> str:
    """On one line and at most `limit` characters, cut between words."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut).rstrip(" ,;:.") + "…"
