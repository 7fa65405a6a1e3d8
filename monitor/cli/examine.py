"""`status`, `audit`, `explain`: what the database knows. They only read, also beside a running daemon."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import click

from monitor import ids, urls
from monitor.app.audit import Balance
from monitor.app.audit import audit as full_audit
from monitor.app.audit import balance as take_balance
from monitor.app.clock import utc_now
from monitor.cli import db_size
from monitor.cli.common import EXIT_FOUND, Place, json_document, reading_store, say, show_json, speaking
from monitor.feeds.health import Health, health
from monitor.model import Article, ArticleId, DeliveryState, Fate
from monitor.store.sqlite.size_rows import Size
from monitor.store.sqlite.store import Store
from monitor.store.sqlite.values import time_or_none


@click.command()
@json_document
@click.pass_obj
@speaking()
def audit(place: Place, as_json: bool) -> None:
    """Prove that every match has its fate.

    Exit 1: it does not balance; with the offending rows.
    """
    balance = full_audit(reading_store(place))
    if as_json:
        show_json({**asdict(balance), "balanced": balance.balanced})
    else:
        say(_sum(balance))
        if balance.corrections:
            say(f"Corrections of what was told: {balance.corrections}.")
        say("Deliveries: " + (", ".join(f"{n} {state}" for state, n in balance.deliveries.items() if n) or "none"))
        for law, row in balance.offenders:
            say(f"  {law}: {row}")
        _show_dead(balance)
        if balance.file != "ok":
            say(f"  the file is damaged: {balance.file}")
    if not balance.balanced:
        sys.exit(EXIT_FOUND)


def _show_dead(balance: Balance) -> None:
    for letter in balance.dead:
        say(f"  nobody was told: {letter['rule']} to {letter['sink']} {letter['target']}: {letter['error']}")


def _sum(balance: Balance) -> str:
    word = "Balanced" if balance.balanced else "NOT BALANCED"
    return (
        f"{word}: {balance.matches} matches = {balance.posted} posted + {balance.threaded} threaded + "
        f"{balance.held} held + {balance.suppressed} suppressed."
    )


@click.command()
@json_document
@click.pass_obj
@speaking()
def status(place: Place, as_json: bool) -> None:
    """Health at a glance: feeds, backlog, deliveries, the audit.

    Exit 1: the audit does not balance.
    """
    store, now = reading_store(place), utc_now()
    balance, size = take_balance(store), store.size.whole()
    facts = {
        "feeds": [{**feed, **_health(store, feed, now)} for feed in store.ledger.feeds()],
        "notices": store.notices.open(),
        "polls": store.ledger.polls(),
        "entries": store.ledger.entry_states(),
        "articles_read_from_feed_only": store.ledger.articles_read_from_feed(),
        "deliveries_waiting": store.ledger.waiting_deliveries(),
        "held": store.holds.waiting(),
        "mutes": store.mutes.count_active(now),
        "last_alert": next(iter(store.ledger.alerts(limit=1)), None),
        "dead_letters": balance.dead,
        "articles_not_searchable_yet": store.search.waiting(),
        "canary_last_told": store.canaries.last_told(),
        "database": {
            "bytes": size.file,
            "free_bytes": size.free,
            "articles": size.articles,
            "bytes_per_100_000_articles": size.per_measure,
        },
        "balanced": balance.balanced,
    }
    if as_json:
        show_json(facts)
    else:
        _show_status(facts, balance, size)
    if not balance.balanced:
        sys.exit(EXIT_FOUND)


def _health(store: Store, feed: dict[str, Any], now: datetime) -> dict[str, str]:
    """A feed's condition in a word and a sentence."""
    condition = health(store.feeds.state(feed["id"]), now=now, last_gap_at=time_or_none(feed["last_gap_at"]))
    return {"health": condition.health, "why": condition.sentence}


def _show_status(facts: dict[str, Any], balance: Balance, size: Size) -> None:
    feeds = facts["feeds"]
    by_health = Counter(feed["health"] for feed in feeds)
    say(f"Feeds       {len(feeds)}: " + ", ".join(f"{by_health[word]} {word}" for word in Health if by_health[word]))
    for feed in feeds:
        if feed["health"] not in (Health.OK, Health.NEW):
            say(f"  {feed['health']:9} {feed['name']}: {feed['why']}")
    gaps = [feed for feed in feeds if feed["gaps"]]
    for feed in gaps:
        closed = f", {feed['closed_gaps']} of them closed from its archive" if feed["closed_gaps"] else ""
        say(f"  gaps      {feed['name']}: {feed['gaps']}× nothing in common with the look before{closed}")
    for notice in facts["notices"]:
        say(f"  since {notice['created_at'][:16]}Z: {notice['text']}")
    entries = facts["entries"]
    say(
        f"Entries     {entries.get('read', 0)} read, {entries.get('waiting', 0)} waiting, "
        f"{entries.get('baseline', 0)} from before the first look"
    )
    say(f"Feed only   {facts['articles_read_from_feed_only']} articles whose page could not be read")
    last = facts["last_alert"]
    say(f"Last alert  {last['created_at'][:19]}Z {last['rule']}: {last['title']}" if last else "Last alert  none")
    held = facts["held"]
    say(f"Held        {sum(row['matches'] for row in held)} matches; {facts['mutes']} mutes in force")
    for row in held:
        say(f"  {row['cause']:9} {row['matches']}, the first until {row['next'][:16]}Z")
    waiting = [row for row in facts["deliveries_waiting"] if row["state"] != DeliveryState.DEAD]
    say(f"Waiting     {sum(row['n'] for row in waiting)} deliveries")
    for row in waiting:
        say(f"  {row['state']:9} {row['n']} to {row['sink']} {row['target']}: {row['error'] or '-'}")
    if balance.dead:
        say(f"Dead        {balance.deliveries[DeliveryState.DEAD]} deliveries that no sink would take")
        _show_dead(balance)
    if facts["canary_last_told"]:
        say(f"Canary      last arrived {facts['canary_last_told']:%Y-%m-%dT%H:%M:%S}Z")
    if facts["articles_not_searchable_yet"]:
        say(f"Search      {facts['articles_not_searchable_yet']} articles are still to be entered")
    say(f"Database    {db_size.sentence(size)}")
    say(f"Audit       {'balanced' if balance.balanced else 'NOT BALANCED: run `news-monitor audit`'}")


@click.command()
@click.argument("url")
@json_document
@click.pass_obj
@speaking()
def explain(place: Place, url: str, as_json: bool) -> None:
    """The whole life of an article, by its address.

    When it was seen, how it was read, each rule's decision, its story, its alerts and deliveries. Where a page
    shows many items, that of every article its address led to.
    """
    try:
        url = urls.web_url(url)
    except ValueError as e:
        raise click.UsageError(str(e)) from e
    life = _life(reading_store(place), url)
    if as_json:
        show_json(life)
    elif not life["entries"]:
        say(f"Never seen: no active or former feed has shown {url} since the database began.")
    else:
        _show_life(life)
    if not life["entries"]:
        sys.exit(EXIT_FOUND)


def _life(store: Store, url: str) -> dict[str, Any]:
    entries = store.ledger.entries_at(url, ids.article_id(urls.article_key(url)))
    # A live page shows many items; those that are not the page's own article were judged apart from it.
    led_to = dict.fromkeys(entry["article_id"] for entry in entries if entry["article_id"])
    articles = ((article_id, store.stories.article(article_id)) for article_id in led_to)
    return {
        "url": url,
        "entries": entries,
        "articles": [_life_of(store, article_id, article) for article_id, article in articles if article is not None],
    }


def _life_of(store: Store, article_id: str, article: Article) -> dict[str, Any]:
    id_ = ArticleId(article_id)
    placement = store.stories.placement(id_)
    pages = [{**asdict(replace(page, body=None)), "kept": page.body is not None} for page in store.pages.snapshots(id_)]
    watch = store.watches.watch(id_)
    return {
        "article": asdict(article),
        "pages": pages,  # the bodies that were kept are in the table `pages`
        "before_the_first_look": store.feeds.is_history(id_),
        "decisions": store.ledger.decisions(article_id),
        "placement": placement and asdict(placement),
        "alerts": store.ledger.alerts_of(article_id),
        "revisions": store.watches.revisions_of(article_id),
        "corrections": store.watches.corrections_of(article_id),
        "next_look_at": watch and watch.next_look_at,
    }


def _show_life(life: dict[str, Any]) -> None:
    for entry in life["entries"]:
        note = f" ({entry['reason']})" if entry["reason"] else ""
        say(f"Seen      {entry['first_seen_at'][:19]}Z in {entry['feed']}: {entry['title']}")
        say(f"          state {entry['state']}{note}")
    for article in life["articles"]:
        _show_article(article)
    if not life["articles"]:
        say("Read      not read")


def _version(decision: dict[str, Any]) -> str:
    """Which version of its rule decided, and whether that is today's."""
    version, loaded = decision["rule_version"][:12], decision["version_loaded_at"]
    of = f"version {version} of {loaded[:16]}Z" if loaded else f"version {version}, which was not kept"
    if decision["version_replaced_at"] is None:
        return of
    rule = decision["rule"]
    return f"{of}, no longer in force since {decision['version_replaced_at'][:16]}Z: see `rules history {rule}`"


def _show_article(life: dict[str, Any]) -> None:
    article = life["article"]
    say(f"Article   {article['title']}")
    say(f"Read      {article['read_at']:%Y-%m-%d %H:%M:%S}Z from the {article['body_source']}: {article['quality']}")
    say(f"          {len(article['text'].split())} words, SHA-256 {article['text_sha256'][:16]}…")
    for page in life["pages"]:
        kept = "kept" if page["kept"] else "not kept"
        say(f"Page      fetched {page['fetched_at']:%Y-%m-%d %H:%M:%S}Z, SHA-256 {page['body_sha256'][:16]}…, {kept}")
    for decision in life["decisions"]:
        missing = decision["evidence"]["missing"]
        because = f"missing {'; '.join(missing)}" if missing else ""
        words = ", ".join(dict.fromkeys(hit["words"] for hit in decision["evidence"]["hits"]))
        say(f"Rule      {decision['outcome']:8} {decision['rule']}: {because or words}")
        say(f"          {_version(decision)}")
    if life["before_the_first_look"]:
        say("Rule      matched at the first look at its feed, in the feed's own words; nobody was told")
    elif not life["decisions"]:
        say("Rule      none matched or came near")
    placement = life["placement"]
    if placement is not None:
        of = f" of {placement['copy_outlet']} ({placement['similarity']:.0%})" if placement["copy_of"] else ""
        say(f"Story     {placement['story_id'][:12]}, {placement['relation']}{of}")
    for alert in life["alerts"]:
        told = f"{alert['state']} {alert['sink']} {alert['target']}" if alert["delivery_id"] else "not told"
        until = f" until {alert['release_at'][:16]}Z" if alert["fate"] == Fate.HOLD else ""
        say(f"Alert     {alert['fate']:8}{until} {alert['rule']}: {alert['reason']}; {told}")
    for version in life["revisions"]:
        say(f"Before    {version['read_at'][:19]}Z, SHA-256 {version['text_sha256'][:16]}…: {version['title']}")
    for correction in life["corrections"]:
        told = f"{correction['state']} {correction['sink']} {correction['target']}"
        say(f"Changed   {correction['seen_at'][:19]}Z; {told}")
        for change in correction["changes"]:
            say(f"          {change['kind']}: {change['before'] or '-'} → {change['after'] or '-'}")
    if life["next_look_at"] is not None:
        say(f"Next look {life['next_look_at']:%Y-%m-%d %H:%M:%S}Z")
