"""What Slack's people are told when they ask: lines of mrkdwn, with everything untrusted escaped. They only read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from monitor import ids, urls
from monitor.alerts.message import shorten, spread
from monitor.alerts.sinks.slack_text import bold, escape, link, local
from monitor.app.audit import balance
from monitor.errors import Refused
from monitor.feeds.health import Condition, Health, health
from monitor.model import ArticleId, DeliveryId, DeliveryState, Message
from monitor.spans import spoken
from monitor.store.search_query import parse
from monitor.store.sqlite.search_rows import SearchFilter
from monitor.store.sqlite.store import Store
from monitor.store.sqlite.values import time_or_none, to_time

MOST_FOUND = 10
MOST_NAMED = 8
MOST_PARTS = 12  # of a rule
LONGEST = 300

HELP = (
    "*What I can do here* (only you see my answers)",
    "`/news status`  feeds, backlog, deliveries, the audit's balance",
    '`/news search QUERY`  the latest articles with all of its words, "phrases", OR, NOT, deploy*, title:word',
    "`/news explain URL`  what became of an article: seen, read, decided, told",
    "`/news backtest RULE`  what a rule would have alerted on in 30 days: a query, or YAML from a rule file",
    "`/news mute story|rule|feed|site|author NAME 8h [WHY]`  hold back what comes, until then",
    "`/news unmute story|rule|feed|site|author NAME`  let it through again",
    "`/news help`  this",
    "Below each alert: *Relevant*, *Not relevant*, *Why?*, and menus that mute its story or snooze its rule.",
)


def status(store: Store, now: datetime) -> Iterator[str]:
    feeds = [(feed, _condition(store, feed, now)) for feed in store.ledger.feeds()]
    count = Counter(condition.health for _, condition in feeds)
    yield f"*Feeds* {len(feeds)}: " + (", ".join(f"{count[word]} {word}" for word in Health if count[word]) or "none")
    ill = [(feed, condition) for feed, condition in feeds if condition.health not in (Health.OK, Health.NEW)]
    for feed, condition in ill[:MOST_NAMED]:
        yield f"• {escape(shorten(feed['name'], 80))}: {escape(shorten(condition.sentence, LONGEST))}"
    if len(ill) > MOST_NAMED:
        yield f"• and {len(ill) - MOST_NAMED} more"
    entries = store.ledger.entry_states()
    yield f"*Entries* {entries.get('read', 0)} read, {entries.get('waiting', 0)} waiting"
    last = next(iter(store.ledger.alerts(limit=1)), None)
    yield f"*Last alert* {local(to_time(last['created_at']))} {_linked(last)}" if last else "*Last alert* none yet"
    waiting = [row for row in store.ledger.waiting_deliveries() if row["state"] != DeliveryState.DEAD]
    yield f"*Deliveries* {sum(row['n'] for row in waiting)} waiting"
    for row in waiting[:MOST_NAMED]:
        error = escape(shorten(row["error"] or "-", LONGEST))
        yield f"• {row['n']} {row['state']} for {escape(row['target'])}: {error}"
    for notice in store.notices.open()[:MOST_NAMED]:
        yield f"• {escape(shorten(notice['text'], LONGEST))}"
    yield f"*Audit* {'balanced' if balance(store).balanced else 'NOT BALANCED: run `news-monitor audit`'}"


def search(store: Store, query: str) -> Iterator[str]:
    """In the language of `news-monitor search`."""
    if not query.strip():
        raise Refused("write what to search for, as in /news search tanks border")
    found = list(store.search.find(parse(query), SearchFilter(), limit=MOST_FOUND))
    yield f"{bold(query)}: " + (f"the latest {len(found)}" if found else "no article has it")
    for row in found:
        yield f"• {local(to_time(row['first_read_at']))} {_linked(row)} ({escape(row['site'])})"
    if waiting := store.search.waiting():
        yield f"{waiting} articles cannot be found yet: they are still being entered into the index"


def explain(store: Store, address: str) -> Iterator[str]:
    try:
        url = urls.web_url(address.strip("<>").split("|")[0])
    except ValueError as e:
        raise Refused("write the address of an article, as in /news explain https://courier.example/tanks") from e
    entries = store.ledger.entries_at(url, ids.article_id(urls.article_key(url)))
    if not entries:
        yield "Never seen: no feed has shown this address since the database began."
    for entry in entries[:MOST_NAMED]:
        note = f" ({escape(shorten(entry['reason'], LONGEST))})" if entry["reason"] else ""
        yield f"*Seen* {local(to_time(entry['first_seen_at']))} in {escape(entry['feed'])}: {entry['state']}{note}"
    for id_ in dict.fromkeys(entry["article_id"] for entry in entries if entry["article_id"]):
        yield from _article(store, ArticleId(id_))


def _article(store: Store, id_: ArticleId) -> Iterator[str]:
    article = store.stories.article(id_)
    if article is None:
        return
    yield f"*Read* {local(article.read_at)} from the {article.body_source}: {escape(shorten(article.quality, LONGEST))}"
    decisions = store.ledger.decisions(id_)
    for decision in decisions[:MOST_NAMED]:
        yield f"*Rule* {escape(decision['rule'])} {decision['outcome']}: {_because(decision['evidence'])}"
    if store.feeds.is_history(id_):
        yield "*Rule* matched at the first look at its feed, in the feed's own words; nobody was told"
    elif not decisions:
        yield "*Rule* none matched or came near"
    for alert in store.ledger.alerts_of(id_)[:MOST_NAMED]:
        told = f"{alert['state']} {escape(alert['target'])}" if alert["delivery_id"] else "not told"
        yield f"*Alert* {escape(alert['rule'])} {alert['fate']}: {escape(shorten(alert['reason'], LONGEST))}; {told}"


def why(store: Store, key: DeliveryId) -> Iterator[str]:
    """Of a message: the rules with their versions and evidence, what came near, and how long each step took."""
    row = store.ledger.message(key)
    if row is None or not isinstance(row["message"], Message):
        raise Refused("the database does not know this message any more")
    message: Message = row["message"]
    yield f"*{link(message.url, message.headline) or escape(shorten(message.headline, LONGEST))}*"
    decisions = store.ledger.decisions(message.article_id)
    titles = {reason.rule: reason.title for reason in message.reasons}
    fates = {alert["rule"]: alert for alert in store.ledger.alerts_of(message.article_id)}
    for decision in decisions:
        if decision["outcome"] == "matched":
            rule = str(decision["rule"])
            yield from _matched(decision, titles.get(rule, rule), fates.get(rule))
    near = [decision for decision in decisions if decision["outcome"] == "near"]
    if near:
        yield from ("", "*Came near*")
    for decision in near[:MOST_NAMED]:
        yield f"• {escape(decision['rule'])}: {_because(decision['evidence'])}"
    standing = store.stories.standing(message.story_id)
    yield from ("", f"*Story* {message.story_id[:12]}: {escape(spread(standing, message.seen_at))}")
    yield from ("", "*Times*", *_times(store, message, time_or_none(row["sent_at"])))


def _matched(decision: dict[str, Any], title: str, alert: dict[str, Any] | None) -> Iterator[str]:
    fate = f": {alert['fate']}, {escape(shorten(alert['reason'], LONGEST))}" if alert else ""
    version = decision["rule_version"][:8]
    yield from ("", f"{bold(shorten(title, 150))} ({escape(decision['rule'])}, version {version}){fate}")
    parts: dict[tuple[str, str], dict[str, None]] = {}
    for hit in decision["evidence"]["hits"]:
        parts.setdefault((hit["part"], hit["zone"]), {})[hit["words"]] = None
    for (part, zone), words in list(parts.items())[:MOST_PARTS]:
        yield f"• {escape(shorten(part, 100))} in the {zone}: {bold(shorten(', '.join(words), 200))}"


def _because(evidence: dict[str, Any]) -> str:
    if evidence["missing"]:
        return f"missing {escape(shorten('; '.join(evidence['missing']), LONGEST))}"
    return escape(shorten(", ".join(dict.fromkeys(hit["words"] for hit in evidence["hits"])), LONGEST))


def _times(store: Store, message: Message, sent_at: datetime | None) -> Iterator[str]:
    """Each step with what it took after the one before."""
    before = message.published_at
    yield f"• published {local(before)}" if before else "• undated"
    read_at = store.stories.first_read_at(message.article_id)
    for step, at in (("seen", message.seen_at), ("read", read_at), ("told", sent_at)):
        if at is not None:
            yield f"• {step} {local(at)}" + (f" (+{spoken(at - before)})" if before and at >= before else "")
            before = at


def _linked(row: dict[str, Any]) -> str:
    title = shorten(row["title"], 200)
    return link(row["url"], title) or escape(title)


def _condition(store: Store, feed: dict[str, Any], now: datetime) -> Condition:
    return health(store.feeds.state(feed["id"]), now=now, last_gap_at=time_or_none(feed["last_gap_at"]))
