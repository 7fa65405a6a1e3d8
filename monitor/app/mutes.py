"""Mutes: what a person wants to hear nothing of for a while. The interface for every hand that mutes.

`mute KIND SUBJECT UNTIL REASON` and `unmute KIND SUBJECT` or `unmute ID` are verbs of the commands. UNTIL is RFC 3339,
REASON may be empty. What is muted is held, and told in a receipt when the mute ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from monitor import ids, urls
from monitor.alerts.mutes import author_key
from monitor.app.commands import SignedVerb
from monitor.errors import Refused
from monitor.model import Feed, FeedId, Mute, MuteKind
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store
from monitor.store.sqlite.values import to_text

LONGEST = timedelta(days=365)
LONGEST_TEXT = 200


class Mutes:
    def __init__(self, *, feeds: Sequence[Feed], rules: RuleSet, clock: Callable[[], datetime]) -> None:
        self._feeds = {feed.id: feed for feed in feeds}
        self._rules = frozenset(rule.name for rule in rules.rules)
        self._clock = clock

    @property
    def verbs(self) -> Mapping[str, SignedVerb]:
        """Each takes the arguments of its command, and who asks. Raises Refused."""
        return {"mute": self.mute, "unmute": self.unmute}

    def mute(self, store: Store, arguments: Sequence[str], by: str) -> str:
        """What is muted already gets the new end, with all that it holds."""
        if len(arguments) != 4:
            raise Refused("a mute takes a kind, a subject, its end and a reason")
        kind, subject = self._subject(store, *arguments[:2])
        now, until, reason = self._clock(), _end(arguments[2], self._clock()), _words(arguments[3])
        mute = next(
            (known for known in store.mutes.active(now) if (known.kind, known.subject) == (kind, subject)), None
        )
        if mute is None:
            mute = Mute(ids.mute_id(kind, subject, to_text(now)), kind, subject, until, by, reason, now)
        mute = replace(mute, until=until, by=by, reason=reason)
        store.mutes.save(mute)
        store.holds.put_off(store.holds.of_mute(mute.id), until)
        name = self.name(mute)
        return f"{name} is muted until {_minute(until)} UTC. What matches is held and told then (mute {mute.id[:12]})."

    def unmute(self, store: Store, arguments: Sequence[str], by: str) -> str:
        """What it held is told at once."""
        now, found, held = self._clock(), self._found(store, arguments), 0
        for mute in found:
            store.mutes.save(replace(mute, ended_at=now, ended_by=by))
            waiting = store.holds.of_mute(mute.id)
            store.holds.put_off(waiting, now)
            held += len(waiting)
        told = f"{held} held matches are told now" if held else "nothing was held"
        return f"{self.name(found[0])} is not muted any more; {told}."

    def name(self, mute: Mute) -> str:
        """What is muted, in words."""
        match mute.kind:
            case MuteKind.FEED:
                feed = self._feeds.get(FeedId(mute.subject))
                return f"feed {feed.name if feed else mute.subject[:12]}"
            case MuteKind.STORY:
                return f"story {mute.subject[:12]}"
            case _:
                return f"{mute.kind} {mute.subject}"

    def _found(self, store: Store, arguments: Sequence[str]) -> list[Mute]:
        """One by its id; by kind and subject all, as stories that were merged may each have been muted."""
        active = store.mutes.active(self._clock())
        if len(arguments) == 1:
            found = [mute for mute in active if mute.id.startswith(arguments[0].lower())]
        elif len(arguments) == 2:
            named = tuple(arguments)  # perhaps a rule that has left the configuration
            if all((mute.kind, mute.subject) != named for mute in active):
                named = self._subject(store, *arguments)
            found = [mute for mute in active if (mute.kind, mute.subject) == named]
        else:
            raise Refused("name a mute by its id, or by its kind and subject")
        if not found or (len(found) > 1 and len(arguments) == 1):
            why = "fits more than one mute; write more of it" if found else "is not muted; `mute list` shows what is"
            raise Refused(f"{' '.join(arguments)!r} {why}")
        return found

    def _subject(self, store: Store, kind: str, subject: str) -> tuple[MuteKind, str]:
        """What is meant, as mutes know it."""
        try:
            kind = MuteKind(kind)
        except ValueError as e:
            raise Refused(f"{kind!r} cannot be muted; what can is {', '.join(MuteKind)}") from e
        subject = _words(subject)
        if not subject:
            raise Refused(f"say which {kind} is to be muted")
        match kind:
            case MuteKind.STORY:
                return kind, _story(store, subject)
            case MuteKind.RULE:
                return kind, self._rule(subject)
            case MuteKind.FEED:
                return kind, self._feed(subject)
            case MuteKind.SITE:
                return kind, _site(subject)
            case MuteKind.AUTHOR:
                return kind, author_key(subject)

    def _rule(self, name: str) -> str:
        if name in self._rules:
            return name
        close = get_close_matches(name, self._rules, 1)
        raise Refused(f"there is no rule {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))

    def _feed(self, named: str) -> str:
        found = [feed for feed in self._feeds.values() if named in (feed.name, feed.url, feed.id)]
        if found:
            return found[0].id
        close = get_close_matches(named, [feed.name for feed in self._feeds.values()], 1)
        hint = f"did you mean {close[0]!r}?" if close else "`feeds list` shows them"
        raise Refused(f"there is no feed {named!r}; {hint}")


def _story(store: Store, named: str) -> str:
    found = store.moves.named(named)
    if len(found) == 1:
        return found[0]
    raise Refused(f"{named!r} " + ("fits more than one story; write more of it" if found else "is no story"))


def _site(named: str) -> str:
    try:
        return urls.site(urls.web_url(named if "://" in named else f"https://{named}"))
    except ValueError as e:
        raise Refused(f"{named!r} is no site; write its host, as in courier.example") from e


def _end(text: str, now: datetime) -> datetime:
    try:
        until = datetime.fromisoformat(text)
    except ValueError as e:
        raise Refused(f"{text!r} is no time; write it as 2026-12-01T08:00Z") from e
    if until.tzinfo is None:
        raise Refused(f"{text!r} names no time zone; end it with Z for UTC")
    until = until.astimezone(UTC)
    if until <= now:
        raise Refused(f"{text!r} is over already; write a time to come")
    if until > now + LONGEST:
        raise Refused(f"{text!r} is too far away; a mute lasts {LONGEST.days} days at the most")
    return until


def _words(text: str) -> str:
    text = " ".join(text.split())
    if len(text) > LONGEST_TEXT:
        raise Refused(f"{text[:20]!r}… is longer than {LONGEST_TEXT} characters; shorten it")
    return text


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}"
