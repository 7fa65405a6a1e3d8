"""Ids say what a thing is: digests of what makes it itself, so a step run twice finds its own work."""

from __future__ import annotations

from hashlib import sha256

from monitor.model import AlertId, ArticleId, CorrectionId, DeliveryId, EntryId, FeedId, MuteId, StoryId

DIGEST_CHARACTERS = 32  # 128 bits


def digest(*parts: str) -> str:
    """The parts are divided by a character that none of them contains, so ("ab", "c") is not ("a", "bc")."""
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return sha256(joined).hexdigest()[:DIGEST_CHARACTERS]


def feed_id(url: str) -> FeedId:
    return FeedId(digest("feed", url))


def entry_id(feed: FeedId, guid: str) -> EntryId:
    return EntryId(digest("entry", feed, guid))


def article_id(canonical_url: str) -> ArticleId:
    return ArticleId(digest("article", canonical_url))


def story_id(first: ArticleId) -> StoryId:
    return StoryId(digest("story", first))


def apart_id(first: ArticleId) -> StoryId:
    """Of a story that was taken out of the one that is called after its first article."""
    return StoryId(digest("story", first, "apart"))


def alert_id(rule: str, article: ArticleId) -> AlertId:
    return AlertId(digest("alert", rule, article))


def correction_id(article: ArticleId, look: int) -> CorrectionId:
    """What was found at one look at an article: there is one for each look."""
    return CorrectionId(digest("correction", article, str(look)))


def delivery_id(told: AlertId | CorrectionId | DeliveryId, *, sink: str, target: str) -> DeliveryId:
    """`told`: what a channel is told; another place is told of that delivery."""
    return DeliveryId(digest("delivery", told, sink, target))


def mute_id(kind: str, subject: str, created_at: str) -> MuteId:
    return MuteId(digest("mute", kind, subject, created_at))


def digest_id(first: AlertId, *, page: int, sink: str, target: str) -> DeliveryId:
    """Of a page of a digest, by the first match that the digest tells: no other digest tells it."""
    return DeliveryId(digest("digest", first, str(page), sink, target))


def report_id(first_notice: str, *, sink: str, target: str) -> DeliveryId:
    return DeliveryId(digest("report", first_notice, sink, target))
