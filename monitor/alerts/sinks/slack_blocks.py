"""An alert as Slack Block Kit, inside Slack's limits. One glance: how loud, what, who says so, since when, and why.

Whatever comes from the web goes through `slack_text`: it can neither mention anybody nor hide a link.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor.alerts.digest import about, heading, more
from monitor.alerts.message import (
    changed,
    matched_words,
    news,
    notes,
    origin,
    provenance,
    report_lines,
    sentences,
    shorten,
)
from monitor.alerts.sinks import slack_buttons, slack_template
from monitor.alerts.sinks.slack_text import bare_link, bold, escape, highlighted, link, local, visible
from monitor.model import Digest, DigestItem, Message, Reason, Report, Severity

Block = dict[str, Any]

FALLBACK_LIMIT = 2_800
# Undocumented: about 13,200 characters of blocks are refused as msg_blocks_too_long.
TOTAL_LIMIT = 9_500
SECTION_LIMIT = 3_000
HEADLINE_LIMIT = 300
TITLE_LIMIT = 150
LINK_LIMIT = 2_500  # with its label
NOTES_LIMIT = 1_900
MOST_REASONS = 10
LONGEST_ADDITION = 400
REASON_LIMIT = 2_400

SHOWS_REPORTS = "news-monitor status has them"
BETWEEN_REPORTS = " · "
REPORT_TITLE = "News monitor: operations"
NO_HEADLINE = "(no headline)"

MARKS = {
    Severity.CRITICAL: "🔴",
    Severity.HIGH: "🟠",
    Severity.NORMAL: "🔵",
    Severity.LOW: "⚪",
}

_MENTION = re.compile(r"here|[SUW][A-Z0-9]+")


def blocks(message: Message | Report | Digest, *, key: str, now: datetime, buttons: bool = False) -> list[Block]:
    """The rich form. `key` comes back in the channel's history, and with every click."""
    first, *others = _told(message, now)
    if buttons and isinstance(message, Message) and message.reasons:
        others.append(slack_buttons.buttons(message, key))
    return [{**first, "block_id": f"news-monitor:{key}"}, *others]


def _told(message: Message | Report | Digest, now: datetime) -> list[Block]:
    match message:
        case Report():
            return _report(message)
        case Digest():
            return _digest(message)
        case Message():
            return _alert(message, now)


def _alert(message: Message, now: datetime) -> list[Block]:
    called = mentions(message)
    news_of_it = [_first(message), *([section(called)] if called else []), *_changes(message), *_additions(message)]
    why = [_reason(message, reason) for reason in message.reasons[:MOST_REASONS]]
    shown = list(_within(TOTAL_LIMIT, [*news_of_it, *why]))
    left_out = message.reasons[max(0, len(shown) - len(news_of_it)) :]
    return [*shown, _context(message, now, [reason.rule for reason in left_out])]


def _within(limit: int, sections: Iterable[Block]) -> Iterator[Block]:
    """As many as there is room for."""
    spent = 0
    for section in sections:
        spent += len(section["text"]["text"])
        if spent > limit:
            return
        yield section


def _report(report: Report) -> list[Block]:
    lines = [section(f"• {escape(line)}") for line in report_lines(report)]
    shown = list(_within(TOTAL_LIMIT, lines))
    rest = [section(f"• and {len(lines) - len(shown)} more; {SHOWS_REPORTS}")] if shown != lines else []
    return [_title(REPORT_TITLE), *shown, *rest]


def _digest(digest: Digest) -> list[Block]:
    found = [_title(shorten(visible(heading(digest)), TITLE_LIMIT))]
    if digest.lines:
        found.append(section("\n".join(map(escape, digest.lines))))
    found += map(_item, digest.items)
    rest = more(digest)
    return [*found, section(escape(rest))] if rest else found


def _item(item: DigestItem) -> Block:
    linked = link(item.url, item.headline)
    headline = linked if linked and len(linked) <= LINK_LIMIT else escape(item.headline)
    lines = (f"{MARKS[item.severity]} *{headline}*", " · ".join(about(item, safe=escape, when=local)))
    return section(_lines(lines, SECTION_LIMIT))


def _title(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def fallback(message: Message | Report | Digest, now: datetime) -> str:
    """The notification's text, and the whole message where the rich form is refused."""
    if isinstance(message, Digest):
        return _digest_text(message)
    if isinstance(message, Report):
        return _report_text(message)
    return _lines(_fallback_lines(message, now), FALLBACK_LIMIT)


def _report_text(report: Report) -> str:
    first, *others = map(escape, report_lines(report))

    def with_only(count: int) -> list[str]:
        rest = [f"and {len(others) - count} more; {SHOWS_REPORTS}"] if count < len(others) else []
        return [f"{REPORT_TITLE}: {first}", *others[:count], *rest]

    return _fullest(with_only, len(others), BETWEEN_REPORTS)


def _digest_text(digest: Digest) -> str:
    """As many stories as there is room for; how many there are more goes first, with the command that shows them."""

    def with_only(count: int) -> list[str]:
        left_out = digest.left_out + len(digest.items) - count
        return list(_digest_lines(replace(digest, items=digest.items[:count], left_out=left_out)))

    return _fullest(with_only, len(digest.items))


def _fullest(with_only: Callable[[int], list[str]], most: int, between: str = "\n") -> str:
    """The text with as many of its parts as there is room for; `with_only`: its lines with so many of them."""
    for count in range(most, -1, -1):
        lines = with_only(count)
        if len(between.join(lines)) <= FALLBACK_LIMIT:
            break
    return _lines(lines, FALLBACK_LIMIT, between)


def _digest_lines(digest: Digest) -> Iterator[str]:
    yield escape(heading(digest))
    if rest := more(digest):
        yield escape(rest)
    yield from map(escape, digest.lines)
    for item in digest.items:
        yield f"{MARKS[item.severity]} {escape(shorten(item.headline, HEADLINE_LIMIT))} · {escape(item.outlet)}"


def _fallback_lines(message: Message, now: datetime) -> Iterator[str]:
    subjects = [reason.title for reason in message.reasons] or [changed(change)[0] for change in message.changes]
    yield f"{MARKS[message.severity]} {escape(_headline(message))} {mentions(message)}".rstrip()
    yield escape(shorten(f"{', '.join(subjects)} · {provenance(message)}", 1_000))
    if address := bare_link(message.url):
        yield address
    yield from (escape(line) for change in message.changes for line in changed(change)[1:])
    yield from map(escape, notes(message, now))


def mentions(message: Message) -> str:
    """Whom the operator wants called, as Slack writes it (docs.slack.dev, formatting message text). Else nobody."""
    return " ".join(_mention(name) for name in message.mentions if _MENTION.fullmatch(name))


def _mention(name: str) -> str:
    if name == "here":
        return "<!here>"
    return f"<!subteam^{name}>" if name.startswith("S") else f"<@{name}>"


def _first(message: Message) -> Block:
    """The headline as a link, unless it could be taken for another address: then the link has a line of its own."""
    headline = _headline(message)
    linked = link(message.url, headline)
    linked = linked if linked and len(linked) <= LINK_LIMIT else None
    where = provenance(message, safe=escape, when=local)
    lines = [f"{MARKS[message.severity]} *{linked or escape(headline)}*", f"{message.severity.capitalize()} · {where}"]
    if linked is None and (address := link(message.url, "Read it")):
        lines.append(f"{address} at {escape(shorten(message.site, 200))}")
    return section(_lines(lines, SECTION_LIMIT))


def _headline(message: Message) -> str:
    return shorten(visible(message.headline), HEADLINE_LIMIT) or NO_HEADLINE


def _changes(message: Message) -> list[Block]:
    """What became of an article after it was told, with what it said and says."""
    return [
        section(_lines([bold(label), *(f"> {escape(line)}" for line in lines)], SECTION_LIMIT))
        for label, *lines in map(changed, message.changes)
    ]


def _additions(message: Message) -> list[Block]:
    """What a reply adds, each with the sentence that says it."""
    lines = [
        line
        for added in message.additions
        for line in (bold(news(added)), f"> {escape(shorten(added.sentence, LONGEST_ADDITION))}")
    ]
    return [section(_lines(lines, SECTION_LIMIT))] if lines else []


def section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _reason(message: Message, reason: Reason) -> Block:
    """In the words of the rule's template, or in ours where it has none or its template fails."""
    lines = (reason.template and slack_template.lines(reason.template, message, reason)) or _reason_lines(reason)
    return section(_lines(lines, REASON_LIMIT))


def _reason_lines(reason: Reason) -> Iterator[str]:
    shown = sentences(reason.hits)
    # In the sentences they are bold already.
    others = [words for words in matched_words(reason.hits) if not any(words in sentence for sentence in shown)]
    also = f": {escape(shorten(', '.join(others), 300))}" if others else ""
    yield f"{bold(shorten(reason.title, 150))} ({escape(reason.rule)}){also}"
    for sentence in shown:
        yield f"> {highlighted(sentence, reason.hits)}"


def _lines(lines: Iterable[str], limit: int, between: str = "\n") -> str:
    """Whole lines only, so that no entity is ever cut in two. The first one is short enough by its making."""
    first, *others = lines
    kept, spent = [first], len(first)
    for line in others:
        spent += len(between) + len(line)
        if spent > limit:
            break
        kept.append(line)
    return between.join(kept)


def _context(message: Message, now: datetime, left_out: list[str]) -> Block:
    shown = [note.rstrip(".") for note in notes(message, now)]
    if left_out:
        shown.append(f"Also matched: {', '.join(left_out)}")
    if (read := origin(message)) is not None:
        shown.append(read)
    shown.append(f"story {message.story_id[:12]}")
    warning = "⚠ " if message.caution or message.doubt else ""
    text = warning + shorten(visible(" · ".join(shown)), NOTES_LIMIT)
    return {"type": "context", "elements": [{"type": "plain_text", "text": text, "emoji": False}]}
