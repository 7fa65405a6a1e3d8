"""Many matches in one message: the loudest story first, then as they were seen, paged within Slack's limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.alerts.message import LONGEST_HEADLINE, LONGEST_NAME, minute, shorten
from monitor.model import DeliveryId, Digest, DigestItem, Message, Severity, StoryId

MOST_ITEMS = 20  # on a page; Slack takes 50 blocks
PAGE_CHARACTERS = 7_000  # as they are sent; Slack takes some 13,000 with all that stands around them
MOST_PAGES = 5
LONGEST_LINK = 500
LONGEST_RULES = 150
_ESCAPED = {"&": 5, "<": 4, ">": 4, "*": 2, "_": 2, "~": 2, "`": 2}


def count(told: Sequence[Message]) -> str:
    """`14 matches in 3 stories, 1 of them critical`."""
    matches = sum(len(message.reasons) for message in told)
    stories = len({message.story_id for message in told})
    text = f"{_number(matches, 'match', 'matches')} in {_number(stories, 'story', 'stories')}"
    worst = max((message.severity for message in told), key=lambda severity: severity.rank, default=Severity.NORMAL)
    loud = sum(message.severity is worst for message in told)
    return text if worst.rank <= Severity.NORMAL.rank else f"{text}, {loud} of them {worst}"


def items(told: Iterable[tuple[StoryId, Message]], notes: Mapping[StoryId, str]) -> tuple[DigestItem, ...]:
    """One for each story, by its loudest article; of several equally loud ones by the first."""
    by_story: dict[StoryId, list[Message]] = {}
    for story, message in told:
        by_story.setdefault(story, []).append(message)
    return _ordered(_item(story, messages, notes.get(story)) for story, messages in by_story.items())


def merged(before: Iterable[DigestItem], more_: Iterable[DigestItem]) -> tuple[DigestItem, ...]:
    """Still one for each story: the louder one, with the articles of both."""
    by_story: dict[StoryId, DigestItem] = {}
    for item in (*before, *more_):
        known = by_story.get(item.story_id)
        by_story[item.story_id] = item if known is None else _both(known, item)
    return _ordered(by_story.values())


def _both(known: DigestItem, item: DigestItem) -> DigestItem:
    louder = item if item.severity.rank > known.severity.rank else known
    rules = tuple(dict.fromkeys((*louder.rules, *known.rules, *item.rules)))
    return replace(louder, rules=rules, articles=known.articles + item.articles)


def _ordered(told: Iterable[DigestItem]) -> tuple[DigestItem, ...]:
    return tuple(sorted(told, key=lambda item: (-item.severity.rank, item.seen_at, item.story_id)))


def _item(story: StoryId, messages: Sequence[Message], note: str | None) -> DigestItem:
    loudest = min(messages, key=lambda message: (-message.severity.rank, message.seen_at))
    titles = dict.fromkeys(reason.title for message in (loudest, *messages) for reason in message.reasons)
    return DigestItem(
        severity=loudest.severity,
        headline=shorten(loudest.headline, LONGEST_HEADLINE),
        url=loudest.url if loudest.url and len(loudest.url) <= LONGEST_LINK else None,
        outlet=shorten(loudest.outlet, LONGEST_NAME),
        rules=tuple(titles),
        seen_at=loudest.seen_at,
        story_id=story,
        articles=len({message.article_id for message in messages}),
        note=note or loudest.caution,
    )


def pages(
    title: str, lines: Sequence[str], told: Sequence[DigestItem], now: datetime, *, show: str, left_out: int = 0
) -> tuple[Digest, ...]:
    """At least one. What finds no room on the last is counted there, with what was `left_out` before.

    `show`: the command that shows it.
    """
    filled = list(_filled(told))
    kept = filled[:MOST_PAGES] or [()]
    left_out += sum(map(len, filled[MOST_PAGES:]))
    return tuple(
        Digest(
            title=title,
            lines=tuple(lines) if number == 1 else (),
            items=items_,
            created_at=now,
            page=number,
            pages=len(kept),
            left_out=left_out if number == len(kept) else 0,
            show=show,
        )
        for number, items_ in enumerate(kept, 1)
    )


def page_of(story: StoryId, told: Sequence[Digest], carriers: Sequence[DeliveryId]) -> DeliveryId:
    """The delivery of the page that tells a story: the last one for those that found no room."""
    shown = (
        id_ for page, id_ in zip(told, carriers, strict=True) if any(item.story_id == story for item in page.items)
    )
    return next(shown, carriers[-1])


def _filled(told: Sequence[DigestItem]) -> Iterable[tuple[DigestItem, ...]]:
    page: list[DigestItem] = []
    spent = 0
    for item in told:
        size = _size(item)
        if page and (len(page) == MOST_ITEMS or spent + size > PAGE_CHARACTERS):
            yield tuple(page)
            page, spent = [], 0
        page.append(item)
        spent += size
    if page:
        yield tuple(page)


def _size(item: DigestItem) -> int:
    """As it is sent, escaped."""
    said = (item.headline, item.url or "", *about(item))
    return sum(_ESCAPED.get(character, 1) for part in said for character in part)


def about(
    item: DigestItem, *, safe: Callable[[str], str] = str, when: Callable[[datetime], str] = minute
) -> tuple[str, ...]:
    """What stands below a story's headline, in parts. `safe` and `when`: as for `message.provenance`."""
    parts = [safe(item.outlet), safe(shorten(", ".join(item.rules), LONGEST_RULES)), when(item.seen_at)]
    if item.articles > 1:
        parts.append(f"{item.articles} articles")
    return (*parts, *((safe(shorten(item.note, LONGEST_NAME)),) if item.note else ()))


def heading(told: Digest) -> str:
    return told.title if told.pages == 1 else f"{told.title} ({told.page} of {told.pages})"


def more(told: Digest) -> str | None:
    """What found no room, and how to see it."""
    return f"and {_number(told.left_out, 'more story', 'more stories')}; {told.show}" if told.left_out else None


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
