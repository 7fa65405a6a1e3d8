"""The nouns that cross a room's border, in the order that news flows. Times are aware and UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

FeedId = NewType("FeedId", str)
EntryId = NewType("EntryId", str)
ArticleId = NewType("ArticleId", str)
StoryId = NewType("StoryId", str)
AlertId = NewType("AlertId", str)
DeliveryId = NewType("DeliveryId", str)
CorrectionId = NewType("CorrectionId", str)
MuteId = NewType("MuteId", str)


# ---- feeds: from a URL to the entries not seen before ----


class PagePolicy(StrEnum):
    """Whether the pages of a feed's entries are read."""

    AUTO = "auto"  # unless the feed carries the whole text
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as the operator configured it."""

    id: FeedId
    name: str
    url: str
    tags: tuple[str, ...] = ()
    language: str | None = None  # BCP 47, when the operator says so
    every: timedelta | None = None  # the interval the operator asks for
    sections: tuple[str, ...] = ()  # other feeds of the outlet, where what rolled off this one may still be
    pages: PagePolicy = PagePolicy.AUTO


@dataclass(frozen=True, slots=True)
class FeedHints:
    """What a feed says of itself in its head: when to look, and where else."""

    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()  # 0 to 23, UTC
    skip_days: frozenset[int] = frozenset()  # Monday is 0
    update_every: timedelta | None = None  # the syndication module's; a programme's default more often than a plan
    hubs: tuple[str, ...] = ()  # WebSub
    self_url: str | None = None  # the address that hubs know it by
    next_url: str | None = None  # RFC 5005 section 3, and JSON Feed: the page with older items
    prev_archive: str | None = None  # RFC 5005 section 4
    complete: bool = False  # RFC 5005 section 2: it shows all that there is


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed between polls.

    The validators are opaque: they go back to the server exactly as they came (RFC 9110 section 8.8).
    """

    feed_id: FeedId
    next_poll_at: datetime
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    known_since: datetime | None = None  # when the first document was read: before it, there is no baseline
    last_poll_at: datetime | None = None
    last_success_at: datetime | None = None
    failures: int = 0
    error: str | None = None
    address: str | None = None  # where it moved for good; None: where the operator says
    moving_to: str | None = None  # where its server says it moved, until that is believed
    moving_since: datetime | None = None
    moving_times: int = 0
    gone_since: datetime | None = None  # when its server first said that it was taken down
    last_new_at: datetime | None = None  # when an entry was last seen for the first time
    shown: int = 0  # entries in the last document
    rhythm: str | None = None  # JSON, see feeds/rhythm.py
    learnt_until: datetime | None = None  # the rhythm knows of what came until then
    hints: FeedHints | None = None  # what the last document that was read says of itself
    same_etag_times: int = 0  # documents in a row that came although their very ETag had been sent
    probed_at: datetime | None = None  # when it was last asked without validators because its silence was odd
    liar_until: datetime | None = None  # its 304s were not true: until then it is asked without validators


class SubscriptionState(StrEnum):
    """Where a subscription at a hub stands. `ended`: the hub was not worth its trust."""

    ASKED = "asked"
    ACTIVE = "active"
    REFUSED = "refused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a feed's hub was asked for and promised (WebSub)."""

    feed_id: FeedId
    hub: str
    topic: str  # the address by which the hub knows the feed
    callback: str  # what hubs call begins with it
    path: str = field(repr=False)  # the rest of that: nobody can guess it
    secret: str = field(repr=False)  # of our own making; the hub signs with it
    state: SubscriptionState = SubscriptionState.ASKED
    next_ask_at: datetime | None = None  # for the first time, again, or to renew
    failures: int = 0
    asked_at: datetime | None = None
    verified_at: datetime | None = None
    lease_until: datetime | None = None
    listens_since: datetime | None = None  # since when the hub can reach us; None: it cannot
    pushed_at: datetime | None = None  # the last push with a good signature
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A feed's server sent a document."""

    url: str  # after redirects
    body: bytes
    content_type: str
    etag: str | None
    last_modified: str | None
    fresh_for: timedelta | None  # Cache-Control or Expires
    link: str = ""  # the Link header (RFC 8288)
    is_part: bool = False  # only what is new to us (226, RFC 3229): what it does not show is not gone
    moved: bool = False  # the address it was found at is its address for good (301, 308), says the server
    body_hash: str = ""  # SHA-256


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server said 304. A validator it re-stated replaces the old one."""

    etag: str | None
    last_modified: str | None
    fresh_for: timedelta | None
    url: str = ""  # after redirects
    moved: bool = False


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A parsed feed: the entries of every item it shows, in its order, but for the known ones.

    Known is an item whose very bytes stood in the last document that was read; those were not read again.
    """

    title: str
    language: str | None
    entries: tuple[Entry, ...]
    note: str | None = None  # what was wrong with the document although it could be read
    whole: bool = True  # False: it broke off inside an item, and what came after is missing
    closed: bool = True  # False: it has no end, so something may be missing
    hints: FeedHints = FeedHints()
    shown: int = 0  # items
    known: int = 0  # of them
    standing: frozenset[str] = frozenset()  # the beginnings of the ids of the known ones' entries
    memory: bytes = b""  # what the document is remembered by, for the comparison with the next one


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A feed's document shows nothing that was not in the last one that was read."""

    shown: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed. Text fields are plain text: markup, control and bidi characters are gone."""

    id: EntryId
    feed_id: FeedId
    guid: str
    url: str | None  # http or https only
    title: str
    summary: str
    content: str  # the full text when the feed carries one, else ""; paragraphs are divided by blank lines
    author: str | None
    published_at: datetime | None
    language: str | None
    page: str | None = None  # the key of its page; None when its link does not tell it from other items
    words: str | None = None  # the key of what it says; None when that is too little
    named: bool = field(default=True, compare=False)  # the publisher gave it an id; not remembered


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """What is remembered of an entry, to know it again."""

    id: EntryId
    title: str
    page: str | None
    words: str | None
    summary: str = ""
    content: str = ""


class Edited(StrEnum):
    """What a feed words otherwise in an entry than it did before."""

    HEADLINE = "headline"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class PollRecord:
    """What one look at a feed brought."""

    feed_id: FeedId
    started_at: datetime
    finished_at: datetime
    outcome: str  # new | unchanged | not_modified | failed
    entries: int = 0
    new: int = 0
    overlap: int = 0  # shown and already known
    bytes: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DueEntry:
    """An entry whose time to be read has come."""

    id: EntryId
    url: str | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which entries of a feed may have come and gone unseen."""

    id: str
    feed_id: FeedId
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """An entry that is still to be read, or whose page is to be tried again."""

    entry: Entry
    attempts: int
    first_seen_at: datetime
    article_id: ArticleId | None = None  # as what it was read before
    edited_at: datetime | None = None  # when its feed worded otherwise what was told; None: no more than was judged


# ---- articles: from an entry to readable text ----


FULL = "full"  # the quality of a text that is the whole article


class BodySource(StrEnum):
    """Where the text that is matched came from."""

    PAGE = "page"
    FEED = "feed"


@dataclass(frozen=True, slots=True)
class Page:
    """A web page as downloaded."""

    url: str  # after redirects
    body: bytes
    content_type: str
    fetched_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Watch:
    """An article that somebody was told of: when it is looked at again, and what is known of its page.

    `look` counts from 0 what is next, see articles/looks.py.
    """

    article_id: ArticleId
    first_read_at: datetime
    look: int
    next_look_at: datetime | None  # None: it is over
    attempts: int = 0  # at this look
    title: str | None = None  # the headline that the page had; None: not known
    doubt: str | None = None  # what the last look found, to be told if another one finds it too
    is_gone: bool = False  # and readers know


@dataclass(frozen=True, slots=True)
class DueLook:
    """A page whose time to be looked at again has come."""

    article_id: ArticleId
    url: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a server sent when an article's page was read: the proof of what stood there."""

    url: str  # after redirects
    fetched_at: datetime
    headers: Mapping[str, str] = field(hash=False)
    body_sha256: str
    body: bytes | None  # gzip; None when it is not to be kept


class Confidence(StrEnum):
    """What a date is worth."""

    DECLARED = "declared"  # the feed's item or, for machines, the page says that this is it
    GUESS = "guess"  # it stands somewhere near


@dataclass(frozen=True, slots=True)
class Extract:
    """What the extractor read out of a page. `text` has paragraphs divided by blank lines."""

    title: str
    text: str
    author: str | None
    published_at: datetime | None
    language: str | None
    canonical_url: str | None  # on the page's own site
    site: str | None
    date_confidence: Confidence | None = None  # None: no date
    syndicated_from: str | None = None  # the address on another site that the page names as the original
    captions: tuple[str, ...] = ()  # under its pictures; no part of the text
    must_be_paid: bool = False  # by the page's own word
    is_list: bool = False  # by the page's own word, or its address: it leads to articles
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)  # field -> where in the page it was found


@dataclass(frozen=True, slots=True)
class Article:
    """A readable article. Offsets of evidence point into `title` and `text`."""

    id: ArticleId
    url: str
    title: str
    text: str
    author: str | None
    published_at: datetime | None
    published_from: str | None  # "feed" or "page"; undated is undated, never the time it was read
    language: str | None
    site: str
    body_source: BodySource
    quality: str  # "full", or why the page was not used
    text_sha256: str
    read_at: datetime
    date_confidence: Confidence | None = None  # None: undated
    captions: tuple[str, ...] = ()  # under its pictures; no part of the text
    canonical_url: str | None = None  # the page's own name for itself, on its own site
    syndicated_from: str | None = None  # the address on another site that the page names as the original
    must_be_paid: bool = False  # by the page's own word

    @property
    def is_full(self) -> bool:
        """Whether the text is the whole article, wherever it came from."""
        return self.quality == FULL


@dataclass(frozen=True, slots=True)
class ArchivedArticle:
    """An article as it is remembered, with what rules and stories know of it."""

    id: ArticleId
    url: str
    title: str
    text: str
    captions: tuple[str, ...]
    language: str | None
    site: str
    first_read_at: datetime
    feeds: tuple[FeedId, ...]  # that showed it, the first one first
    story_id: StoryId | None  # None: it belongs to none, as nothing matched it


# ---- rules: what the operator watches for ----


class Severity(StrEnum):
    """How loud a rule is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)

    @staticmethod
    def loudest(severities: Iterable[Severity]) -> Severity:
        """Raises ValueError when there is none."""
        return max(severities, key=lambda severity: severity.rank)


class Zone(StrEnum):
    """The part of an article in which words stand."""

    TITLE = "title"
    LEAD = "lead"
    BODY = "body"
    CAPTION = "caption"  # under the pictures, which are often old: no part of the text


class Outcome(StrEnum):
    """What a rule made of an article. Rules that came nowhere near leave no decision."""

    MATCHED = "matched"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Hit:
    """Words that satisfied a part of a rule.

    `start` and `end` are offsets into the title (zone title), into the text (lead, body), or into the captions,
    joined by blank lines.
    """

    part: str  # the part of the rule, as the operator wrote it: 'concept kosovo', '"friendly match"'
    words: str
    zone: Zone
    start: int
    end: int
    sentence: str


class Updates(StrEnum):
    """Where a rule tells what is new of a story that it has told."""

    THREAD = "thread"
    CHANNEL = "channel"  # in the thread, and to the channel too
    SILENT = "silent"


class OnTimeout(StrEnum):
    """What becomes of a match for which too few sources spoke in time."""

    DIGEST = "digest"  # told in a digest, with how many there were
    SUPPRESS = "suppress"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a rule wants its matches told."""

    updates: Updates = Updates.THREAD
    cooldown: timedelta = timedelta(0)  # between two words on one story
    min_sources: int = 1  # independent ones, before anything is told
    sources_within: timedelta = timedelta(hours=24)
    on_timeout: OnTimeout = OnTimeout.DIGEST
    rise: tuple[tuple[int, Severity], ...] = ()  # from so many independent sources on, ascending

    def severity(self, own: Severity, voices: int) -> Severity:
        """The rule's own, or what it rises to."""
        reached = (severity for least, severity in self.rise if voices >= least)
        return Severity.loudest((own, *reached))


@dataclass(frozen=True, slots=True)
class Decision:
    """One rule's verdict on one article, with its evidence."""

    rule: str
    rule_version: str
    title: str
    severity: Severity
    channel: str | None  # None: the default channel
    outcome: Outcome
    hits: tuple[Hit, ...]
    missing: tuple[str, ...] = ()  # near: the parts that were absent, or the exclusion that fired
    template: str | None = None  # the rule's own words for a message, see templates.py


@dataclass(frozen=True, slots=True)
class ConceptVersion:
    """What a vocabulary said when a rule was loaded that used it. `text`: its terms as JSON."""

    name: str
    version: str
    text: str


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """What a rule said: all that is needed to read it again. `text`: the rule as JSON, without examples."""

    rule: str
    version: str
    title: str
    text: str
    vocabulary: tuple[ConceptVersion, ...]  # all that it uses, also by way of others


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version of a rule that was in force once, or is."""

    said: RuleVersion
    first_loaded_at: datetime
    replaced_at: datetime | None  # by another version, or by nothing; None: it is in force


# ---- stories: which articles tell the same happening ----


class Relation(StrEnum):
    """What an article is to its story."""

    FIRST = "first"
    COPY = "copy"  # the same text again
    REPORT = "report"  # the same happening in other words


@dataclass(frozen=True, slots=True)
class Resemblance:
    """An earlier article that shares text with the one at hand."""

    article_id: ArticleId
    story_id: StoryId
    outlet: str  # the feed that showed it first
    shared: int  # shingles in common
    size: int  # shingles of the earlier article
    same_text: bool


class Certainty(StrEnum):
    """How sure it is that an article tells the happening of an earlier one."""

    NEW = "new"  # it does not
    POSSIBLY = "possibly"
    SURELY = "surely"


class AdditionKind(StrEnum):
    """What is added, most urgent first."""

    REVERSAL = "reversal"  # withdrawn, called off, corrected
    DENIAL = "denial"
    FIGURE = "figure"
    UNIT = "unit"
    ACTOR = "actor"
    PLACE = "place"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Addition:
    """What an article adds to its story. `what` is the fact as written."""

    kind: AdditionKind
    what: str
    sentence: str
    before: str | None = None  # what the story said in its place, if anything


class ChangeKind(StrEnum):
    """What became of an article after it was told, most urgent first."""

    RETRACTION = "retraction"  # the article itself was taken back
    REVERSAL = "reversal"  # what it told of was withdrawn, called off, put off
    DENIAL = "denial"
    GONE = "gone"  # 404 or 410
    CORRECTION = "correction"  # by its own word
    FIGURE = "figure"
    HEADLINE = "headline"
    BACK = "back"  # after it was gone


@dataclass(frozen=True, slots=True)
class Change:
    """What an article says, and what it said in its place when it was read before."""

    kind: ChangeKind
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Placement:
    """The story an article belongs to, and why."""

    story_id: StoryId
    relation: Relation
    copy_of: ArticleId | None
    copy_outlet: str | None
    similarity: float  # 0 to 1: of a copy the share of text, of a report how likely it is of the same happening
    certainty: Certainty = Certainty.NEW
    additions: tuple[Addition, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a story has spread."""

    outlets: int
    independent: int  # voices told apart by text, agency and owner
    first_at: datetime
    first_outlet: str


# ---- alerts: whether to tell, what to say, how it gets there ----


class Fate(StrEnum):
    """What became of a match. Every match has exactly one."""

    POST = "post"
    THREAD = "thread"
    HOLD = "hold"
    SUPPRESS = "suppress"


class HoldCause(StrEnum):
    """Why a match is told later. What a hold is for, and what it is told in when it is over."""

    MUTE = "mute"  # a person wants quiet from it; told in a receipt
    SOURCES = "sources"  # too few independent ones say so
    COOLDOWN = "cooldown"  # its rule has just spoken of the story
    QUIET = "quiet"  # the hours of the channel
    DIGEST = "digest"  # the channel hears of what is not so loud at fixed times
    GROUP = "group"  # what comes within a while is told together
    STORM = "storm"  # the channel has heard too much in too short a time


class Opinion(StrEnum):
    """What a person thinks of an alert."""

    RELEVANT = "relevant"
    NOT_RELEVANT = "not-relevant"


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert that readers were shown, how many of them called it what, and the words that made it."""

    id: AlertId
    rule: str
    article_id: ArticleId
    title: str
    url: str
    outlet: str
    told_at: datetime
    relevant: int
    not_relevant: int
    words: tuple[str, ...]

    @property
    def opinion(self) -> Opinion | None:
        """That of most. Where opinions are even it is relevant: nothing that somebody wanted is to be lost."""
        if not self.relevant and not self.not_relevant:
            return None
        return Opinion.RELEVANT if self.relevant >= self.not_relevant else Opinion.NOT_RELEVANT


class MuteKind(StrEnum):
    """What a person wants to hear nothing of for a while."""

    STORY = "story"
    RULE = "rule"
    FEED = "feed"
    SITE = "site"
    AUTHOR = "author"


@dataclass(frozen=True, slots=True)
class Mute:
    """What is held until a time, at whose wish and why."""

    id: MuteId
    kind: MuteKind
    subject: str  # a story's or feed's id, or the name of a rule, site or author
    until: datetime
    by: str
    reason: str
    created_at: datetime
    ended_at: datetime | None = None  # when a person ended it before its time
    ended_by: str | None = None
    closed_at: datetime | None = None  # when what it held was told

    @property
    def end(self) -> datetime:
        return self.until if self.ended_at is None else min(self.until, self.ended_at)


@dataclass(frozen=True, slots=True)
class Told:
    """A rule that has already spoken in a channel about a story."""

    rule: str
    severity: Severity
    delivery_id: DeliveryId
    article_id: ArticleId
    at: datetime | None = None  # None: long ago
    unsourced: bool = False  # in a digest of what too few independent sources tell


@dataclass(frozen=True, slots=True)
class Verdict:
    """A fate with its reason, in words an analyst understands."""

    fate: Fate
    reason: str
    release_at: datetime | None = None
    cause: HoldCause | None = None  # of a hold
    mute_id: MuteId | None = None
    broadcast: bool = False  # a reply that the channel is to see too


@dataclass(frozen=True, slots=True)
class Alert:
    """One match (rule and article) and its fate."""

    id: AlertId
    rule: str
    story_id: StoryId
    article_id: ArticleId
    kind: str  # "story" for the first word on a story, "update" for a later one
    severity: Severity
    fate: Fate
    reason: str
    release_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Correction:
    """What became of an article that somebody was told of, found at one look at its page."""

    id: CorrectionId
    article_id: ArticleId
    changes: tuple[Change, ...]  # the most urgent first
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a channel was told of an article."""

    sink: str
    target: str
    parent: DeliveryId  # what a reply is to answer
    severity: Severity  # of the loudest rule that told


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule matched, ready to be shown."""

    rule: str
    title: str
    severity: Severity
    hits: tuple[Hit, ...]
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """An alert before any sink's formatting. Everything in it that came from the web is untrusted."""

    headline: str
    url: str | None
    outlet: str  # the feed that showed it
    site: str  # the host of the address
    author: str | None
    published_at: datetime | None
    seen_at: datetime
    body_source: BodySource
    severity: Severity
    reasons: tuple[Reason, ...]
    story_id: StoryId
    article_id: ArticleId
    caution: str | None = None  # what the reader must know about the text that was matched
    additions: tuple[Addition, ...] = ()  # to what the thread has told
    changes: tuple[Change, ...] = ()  # of an article that the thread has told of; then there are no reasons
    doubt: str | None = None  # why a reply is shown in the channel too
    standing: str | None = None  # how far the story has spread; what changes while it grows
    mentions: tuple[
        str, ...
    ] = ()  # whom to call: `here`, or the sink's ids; from the configuration, never from the web


@dataclass(frozen=True, slots=True)
class Held:
    """A match that waits to be told, with the message that it would have been."""

    alert_id: AlertId
    rule: str
    story_id: StoryId
    article_id: ArticleId
    severity: Severity
    reason: str  # for the hold
    cause: HoldCause
    mute_id: MuteId | None
    sink: str
    target: str
    message: Message
    held_at: datetime
    release_at: datetime


@dataclass(frozen=True, slots=True)
class HoldGroup:
    """What is told together when its time has come."""

    cause: HoldCause
    mute_id: MuteId | None
    sink: str
    target: str


@dataclass(frozen=True, slots=True)
class DigestItem:
    """One story in a digest, by its loudest article. Untrusted, as in a Message."""

    severity: Severity
    headline: str
    url: str | None
    outlet: str
    rules: tuple[str, ...]  # their titles
    seen_at: datetime
    story_id: StoryId
    articles: int  # that matched
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """Many matches in one message, before any sink's formatting: the loudest first, then as they were seen."""

    title: str
    lines: tuple[str, ...]  # what the reader must know of it as a whole
    items: tuple[DigestItem, ...]
    created_at: datetime
    page: int = 1
    pages: int = 1
    left_out: int = 0  # stories that found no room
    show: str | None = None  # the command that shows them


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that operators must know: what is not covered, or what they have to mend.

    `about` and `kind` make it what it is: while one is open, the same is not noticed again. An event is over at once.
    """

    about: str  # a feed's id, or the part of the program
    kind: str  # failing | walled | gone | moved | quiet | gap | configuration ...
    text: str
    is_event: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Notices in one message, before any sink's formatting. What is quoted from the web in it is untrusted."""

    lines: tuple[str, ...]
    left_out: int  # notices that found no room; `status` has them
    created_at: datetime


class DeliveryState(StrEnum):
    """Where a delivery stands. `folded`: told inside another delivery."""

    PENDING = "pending"
    SENDING = "sending"
    AMBIGUOUS = "ambiguous"
    SENT = "sent"
    BLOCKED = "blocked"
    FOLDED = "folded"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one target of one sink."""

    id: DeliveryId
    alert_id: AlertId | None  # None: a correction, a digest, or a report to operators
    sink: str
    target: str
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    attempt_started_at: datetime | None = None
    sent_at: datetime | None = None
    receipt: str | None = None  # the sink's own name for the message: for Slack "channel:ts"
    error: str | None = None
    thread_of: DeliveryId | None = None
    thread_receipt: str | None = None  # the parent's receipt, once it has one
    plain: bool = False  # the sink refused the rich form: send the plain one
    broadcast: bool = False  # a reply that the channel is to see too
    message: Message | Report | Digest | None = None  # None for a folded delivery
    correction_id: CorrectionId | None = None


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """The first unfinished delivery to a target."""

    id: DeliveryId
    sink: str
    target: str
    state: DeliveryState
    next_attempt_at: datetime


@dataclass(frozen=True, slots=True)
class DueEdit:
    """A message that was sent and is to say something else."""

    id: DeliveryId
    sink: str
    target: str


@dataclass(frozen=True, slots=True)
class Edit:
    """What a message that was sent is to say instead. Doing it twice is doing it once."""

    delivery: Delivery  # with the message as it shall be
    attempts: int
    due_at: datetime
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A clear yes."""

    receipt: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """A clear no that will pass: rate limit, no connection. Nothing was written."""

    error: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """Neither yes nor no: the message may be there."""

    error: str


@dataclass(frozen=True, slots=True)
class TargetBroken:
    """This target cannot take messages until somebody mends it."""

    error: str


@dataclass(frozen=True, slots=True)
class ThreadBroken:
    """The parent message cannot be answered: post at top level instead."""

    error: str


@dataclass(frozen=True, slots=True)
class SinkLocked:
    """The credentials do not work: nothing can be sent to any target."""

    error: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The sink does not like the message itself."""

    error: str


@dataclass(frozen=True, slots=True)
class Crashed:
    """Our own program failed over this message; nobody knows how far it came."""

    error: str


SendOutcome = Accepted | NotSent | Unclear | TargetBroken | ThreadBroken | SinkLocked | Refused | Crashed


@dataclass(frozen=True, slots=True)
class Missing:
    """The target's history was read and the message is not there."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The target's history could not be read. `lasting`: asking again will not help."""

    error: str
    lasting: bool = False
    retry_after: timedelta | None = None


FindOutcome = Accepted | Missing | Unreadable
