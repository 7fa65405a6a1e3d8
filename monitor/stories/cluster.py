"""Which story an article belongs to. For now a story is one text with its copies; when in doubt it is a new story."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from monitor.ids import story_id
from monitor.model import ArticleId, Placement, Relation, Resemblance

WINDOW = timedelta(days=7)

# Containment finds copies that were cut or extended, where a symmetric measure does not. Independent reports of one
# event hardly ever share a fifth of their five-word runs once quotations are left out; a copy rarely shares less
# than half.
LEAST_CONTAINMENT = 0.4
LEAST_SHARED = 10
# A long report that quotes a short item as its background is no copy of it: so much of its own text must be shared.
LEAST_OF_ITSELF = 0.3


def place(article: ArticleId, size: int, resemblances: Iterable[Resemblance]) -> Placement:
    """`size` is the number of the article's shingles. The closest earlier text wins, the earliest among equals."""
    copies = [(likeness(size, other), other) for other in resemblances if is_copy(size, other)]
    if not copies:
        return Placement(story_id(article), Relation.FIRST, None, None, 0.0)
    best, original = max(copies, key=lambda pair: pair[0])
    return Placement(original.story_id, Relation.COPY, original.article_id, original.outlet, round(best, 3))


def is_copy(size: int, other: Resemblance) -> bool:
    if other.same_text:
        return True
    return (
        other.shared >= LEAST_SHARED
        and likeness(size, other) >= LEAST_CONTAINMENT
        and other.shared >= LEAST_OF_ITSELF * size
    )


def likeness(size: int, other: Resemblance) -> float:
    """Containment: the share of the smaller text that is also in the other."""
    if other.same_text:
        return 1.0
    return min(1.0, other.shared / max(1, min(size, other.size)))
