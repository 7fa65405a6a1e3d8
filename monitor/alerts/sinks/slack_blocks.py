"""An alert as Slack Block Kit, inside Slack's limits.

Text from the web goes into plain_text objects or is escaped (docs.slack.dev, formatting message text): it can neither
mention anybody nor hide a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from monitor.alerts.digest import about, heading, more
from monitor.alerts.message import (
    changed,
    marked,
    matched_words,
    minute,
    news,
    notes,
    provenance,
    report_lines,
    sentences,
    shorten,
)
from monitor.model import Digest, DigestItem, Message, Reason, Report, Severity

Block = dict[str, Any]

HEADER_LIMIT = 150
FALLBACK_LIMIT = 2_800
LINK_LIMIT = 2_000
# Undocumented: about 13,200 characters of blocks are refused as msg_blocks_too_long.
TOTAL_LIMIT = 10_000
SECTION_LIMIT = 3_000
MOST_REASONS = 10
LONGEST_ADDITION = 400
REASON_LIMIT = 1_200

REPORT_TITLE = "News monitor: operations"

MARKS = {
    Severity.CRITICAL: "🔴",
    Severity.HIGH: "🟠",
    Severity.NORMAL: "🔵",
    Severity.LOW: "⚪",
}

_MENTION = re.compile(r"here|[SUW][A-Z0-9]+")

# Characters that Slack's mrkdwn gives a meaning to. A zero-width space after one takes the meaning away.
_FORMATTING = re.compile(r"([*_~`])")


def blocks(message: Message | Report | Digest, *, key: str, now: datetime) -> list[Block]:
    """The rich form. `key` comes back in the channel's history and tells whether this message is there."""
    if isinstance(message, Digest):
        return _digest(message, key)
    return _report(message, key) if isinstance(message, Report) else _alert(message, key, now)


def _alert(message: Message, key: str, now: datetime) -> list[Block]:
    called = mentions(message)
    found = [_header(message, key), *([_section(called)] if called else []), _where(message)]
    found += [*_changes(message), *_additions(message)]
    spent = sum(len(str(block)) for block in found)
    shown = 0
    for reason in message.reasons[:MOST_REASONS]:
        block = _reason(reason)
        spent += len(block["text"]["text"])
        if spent > TOTAL_LIMIT:
            break
        found.append(block)
        shown += 1
    left_out = [reason.rule for reason in message.reasons[shown:]]
    found.append(_context(message, now, left_out))
    return found


def _report(report: Report, key: str) -> list[Block]:
    return [_title(REPORT_TITLE, key), *(_section(f"• {escape(line)}") for line in report_lines(report))]


def _digest(digest: Digest, key: str) -> list[Block]:
    found = [_title(shorten(heading(digest), HEADER_LIMIT), key)]
    if digest.lines:
        found.append(_section("\n".join(map(escape, digest.lines))))
    found += map(_item, digest.items)
    rest = more(digest)
    return [*found, _section(escape(rest))] if rest else found


def _item(item: DigestItem) -> Block:
    headline = f"*{_label(item.headline)}*"
    if item.url and _linkable(item.url):
        headline = f"<{_link_target(item.url)}|{_label(item.headline)}>"
    return _section(f"{MARKS[item.severity]} {headline}\n{escape(' · '.join(about(item)))}")


def _title(text: str, key: str) -> Block:
    shown = {"type": "plain_text", "text": text, "emoji": False}
    return {"type": "header", "block_id": f"news-monitor:{key}", "text": shown}


def fallback(message: Message | Report | Digest, now: datetime) -> str:
    """The notification's text, and the whole message where the rich form is refused."""
    if isinstance(message, Digest):
        return _digest_fallback(message)
    if isinstance(message, Report):
        return shorten(f"{REPORT_TITLE}: {escape(' · '.join(report_lines(message)))}", FALLBACK_LIMIT)
    return _alert_fallback(message, now)


def _digest_fallback(digest: Digest) -> str:
    """Whole lines, as many as there is room for; then the command that shows the rest."""
    rest = more(digest)
    text = "\n".join(map(escape, (heading(digest), *digest.lines, *((rest,) if rest else ()))))
    for item in digest.items:
        line = f"{MARKS[item.severity]} {escape(shorten(item.headline, HEADER_LIMIT))} · {escape(item.outlet)}"
        if len(text) + len(line) > FALLBACK_LIMIT:
            return f"{text}\n… {escape(digest.show or '')}".rstrip()
        text = f"{text}\n{line}"
    return text


def _alert_fallback(message: Message, now: datetime) -> str:
    called = mentions(message)
    subjects = [reason.title for reason in message.reasons] or [changed(change)[0] for change in message.changes]
    lines = [
        f"{MARKS[message.severity]} {escape(shorten(message.headline, 300))} {called}".rstrip(),
        escape(shorten(f"{', '.join(subjects)} · {provenance(message)}", 1_000)),
    ]
    lines += (escape(line) for change in message.changes for line in changed(change)[1:])
    if message.url and _linkable(message.url) and len(link := _bare_link(message.url)) <= LINK_LIMIT:
        lines.append(link)
    lines += map(escape, notes(message, now))
    text = "\n".join(lines)
    return text if len(text) <= FALLBACK_LIMIT else lines[0]


def _header(message: Message, key: str) -> Block:
    headline = shorten(f"{MARKS[message.severity]} {message.headline}", HEADER_LIMIT)
    return {
        "type": "header",
        "block_id": f"news-monitor:{key}",
        "text": {"type": "plain_text", "text": headline, "emoji": False},
    }


def mentions(message: Message) -> str:
    """Whom the operator wants called, as Slack writes it (docs.slack.dev, formatting message text). Else nobody."""
    return " ".join(_mention(name) for name in message.mentions if _MENTION.fullmatch(name))


def _mention(name: str) -> str:
    if name == "here":
        return "<!here>"
    return f"<!subteam^{name}>" if name.startswith("S") else f"<@{name}>"


def _where(message: Message) -> Block:
    text = provenance(message, safe=escape, when=_local)
    if message.url and _linkable(message.url):
        linked = f"<{_link_target(message.url)}|{_label('Read at ' + message.site)}>\n{text}"
        # An address that has no room here may still have it in the plain text of the notification.
        text = linked if len(linked) <= SECTION_LIMIT else text
    return _section(text)


def _changes(message: Message) -> list[Block]:
    """What became of an article after it was told, with what it said and says."""
    return [
        _section("\n".join((f"*{escape(label)}*", *(f"> {escape(line)}" for line in lines))))
        for label, *lines in map(changed, message.changes)
    ]


def _additions(message: Message) -> list[Block]:
    """What a reply adds, each with the sentence that says it."""
    lines = [
        line
        for added in message.additions
        for line in (f"*{escape(news(added))}*", f"> {escape(shorten(added.sentence, LONGEST_ADDITION))}")
    ]
    return [_section("\n".join(lines))] if lines else []


def _reason(reason: Reason) -> Block:
    return _section("\n".join(_reason_lines(reason)))


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _reason_lines(reason: Reason) -> Iterator[str]:
    """Whole lines only, so that no entity is ever cut in two."""
    first = f"*{escape(shorten(reason.title, 150))}* ({escape(reason.rule)})"
    words = escape(shorten(", ".join(matched_words(reason.hits)), 300))
    yield f"{first}: {words}"
    spent = len(first) + len(words)
    for sentence in sentences(reason.hits):
        pieces = marked(sentence, reason.hits)
        line = "> " + "".join(_bold(piece) if matched else escape(piece) for piece, matched in pieces)
        spent += len(line)
        if spent > REASON_LIMIT * 2:
            return
        yield line


def _context(message: Message, now: datetime, left_out: list[str]) -> Block:
    shown = list(notes(message, now))
    if left_out:
        shown.append(f"Also matched: {', '.join(left_out)}.")
    shown.append(f"story {message.story_id[:12]}")
    text = shorten("  ".join(shown), 1_900)
    return {"type": "context", "elements": [{"type": "plain_text", "text": text, "emoji": False}]}


def escape(text: str) -> str:
    """Slack's three entities, and no formatting: `*`, `_`, `~` and backquote mean nothing in a quoted sentence."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _FORMATTING.sub("\\1\u200b", text)


def _bold(text: str) -> str:
    return f"*{escape(text)}*"


def _local(time: datetime) -> str:
    """In the reader's own time zone (docs.slack.dev, date formatting)."""
    return f"<!date^{round(time.timestamp())}^{{date_short_pretty}} {{time}}|{minute(time)}>"


def _label(text: str) -> str:
    return escape(shorten(text.replace("|", " "), 200))


def _linkable(url: str) -> bool:
    return re.match(r"https?://[^@\s]+$", url.split("?")[0].split("#")[0]) is not None


def _link_target(url: str) -> str:
    quoted = url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E").replace(" ", "%20")
    return quoted.replace("&", "&amp;")


def _bare_link(url: str) -> str:
    return f"<{_link_target(url)}>"
