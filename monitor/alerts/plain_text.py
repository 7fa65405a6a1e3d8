"""What is told as plain text, without any control character: what comes from the web cannot drive a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from monitor.alerts.digest import about, heading, more
from monitor.alerts.message import (
    changed,
    matched_words,
    news,
    notes,
    provenance,
    report_lines,
    sentences,
    shorten,
)
from monitor.model import Digest, Message, Report
from monitor.text import printable

LONGEST_TITLE = 200


def title(message: Message | Report | Digest) -> str:
    """In one line, for places where it stands apart from the text."""
    match message:
        case Report():
            return "News monitor: what operators must know"
        case Digest():
            return printable(shorten(heading(message), LONGEST_TITLE))
        case Message():
            return printable(shorten(f"[{message.severity}] {message.headline}", LONGEST_TITLE))


def text(message: Message | Report | Digest, now: datetime, *, thread: bool = False) -> str:
    """All that is told, whatever it is. `thread`: it follows up something that was told."""
    if isinstance(message, Digest):
        return "\n".join(printable(line) for line in _digest(message)) + "\n"
    if isinstance(message, Report):
        return "\n".join(printable(f"▲ {line}") for line in ("OPERATIONS", *report_lines(message))) + "\n"
    return _alert(message, now, thread=thread)


def _digest(digest: Digest) -> Iterator[str]:
    yield ""
    yield f"▣ {heading(digest)}"
    yield from (f"  {line}" for line in digest.lines)
    for item in digest.items:
        yield f"  ■ {item.severity.upper()}  {item.headline}"
        yield f"      {' · '.join(about(item))}"
        if item.url:
            yield f"      {item.url}"
    if rest := more(digest):
        yield f"  {rest}"


def _alert(message: Message, now: datetime, *, thread: bool) -> str:
    follows = "↳ CORRECTION" if message.changes else "↳ UPDATE"
    mark = follows if thread else f"■ {message.severity.upper()}"
    lines = ["", f"{mark}  {message.headline}", f"  {provenance(message)}"]
    if message.url:
        lines.append(f"  {message.url}")
    lines += [f"  ! {note}" for note in notes(message, now)]
    for label, *shown in map(changed, message.changes):
        lines += [f"  ± {label}", *(f"      {line}" for line in shown)]
    for added in message.additions if thread else ():
        lines += [f"  + {news(added)}", f"      “{added.sentence}”"]
    for reason in message.reasons:
        lines.append(f"  ● {reason.title} [{reason.rule}]: {', '.join(matched_words(reason.hits))}")
        lines += [f"      “{sentence}”" for sentence in sentences(reason.hits)]
    return "\n".join(printable(" ".join(line.splitlines())) for line in lines) + "\n"
