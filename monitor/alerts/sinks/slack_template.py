"""A rule's paragraph in the words of its own template. What comes from the web stays as harmless there as in ours."""

from __future__ import annotations

import re

from monitor import templates
from monitor.alerts.message import matched_words, sentences, shorten
from monitor.alerts.sinks.slack_text import escape, highlighted, link, local
from monitor.model import Message, Reason
from monitor.templates import CALLS, Safe

_MARKUP = re.compile(r"<[^<>]*>")


def lines(template: str, message: Message, reason: Reason) -> list[str] | None:
    """None when the template fails, or makes markup of the web's words; the standard paragraph is shown then."""
    facts = facts_of(message, reason)
    text = templates.render(template, facts, lambda value: escape(" ".join(value.split())))
    if text is None:
        return None
    ours = {part for fact in facts.values() if isinstance(fact, Safe) for part in _MARKUP.findall(fact)}
    # `<!{{ headline }}>` would let a headline call people: markup is whole in the template, or it is ours. Who is to be
    # called is for the channel's `mentions` to say, also where a template of an older version calls somebody.
    if any(part not in ours and (part not in template or CALLS.match(part)) for part in _MARKUP.findall(text)):
        return None
    return text.split("\n")


def facts_of(message: Message, reason: Reason) -> dict[str, object]:
    """By the names that templates use."""
    linked = link(message.url, shorten(message.headline, 200))
    return {
        "title": shorten(reason.title, 150),
        "rule": reason.rule,
        "severity": str(reason.severity),
        "headline": shorten(message.headline, 200),
        "link": Safe(linked) if linked else shorten(message.headline, 200),
        "url": message.url,
        "outlet": shorten(message.outlet, 200),
        "site": shorten(message.site, 200),
        "author": message.author and shorten(message.author, 200),
        "published": Safe(local(message.published_at)) if message.published_at else None,
        "seen": Safe(local(message.seen_at)),
        "words": tuple(matched_words(reason.hits)),
        "sentences": tuple(Safe(highlighted(sentence, reason.hits)) for sentence in sentences(reason.hits)),
        "story": message.story_id[:12],
        "standing": message.standing,
    }
