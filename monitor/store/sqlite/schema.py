"""The tables, as migrations: applied in order, each once, never edited after a release.

Names are a contract with whoever reads the database (Datasette, SQL, scripts). Times are RFC 3339 UTC text of one
width, so that they sort as they happened.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("news-monitor")

# Raised by every migration; a program that finds a higher number than its own refuses to touch the file.
SCHEMA_VERSION = 12


@migrations()
def m001_the_whole_way(db: Database) -> None:
    _run(db, _FIRST)


@migrations()
def m002_operations(db: Database) -> None:
    """Feeds of one host share its patience, and operators are told what is not covered, over the same outbox."""
    _run(db, _SECOND)


@migrations()
def m003_pushes(db: Database) -> None:
    """Hubs may tell us when a feed has news."""
    _run(db, _THIRD)


@migrations()
def m004_pages(db: Database) -> None:
    """What pages say of themselves, what sites repeat, the proof of what stood there, and messages that grow."""
    _run(db, _FOURTH)


@migrations()
def m005_stories(db: Database) -> None:
    """What a story's articles are compared by, who speaks for himself, and what a story has told."""
    _run(db, _FIFTH)


@migrations()
def m006_actions(db: Database) -> None:
    """What people asked for by hand."""
    _run(db, _SIXTH)


@migrations()
def m007_corrections(db: Database) -> None:
    """What was told is looked at again: later versions of pages, and what readers were told of them."""
    _run(db, _SEVENTH)


@migrations()
def m008_rule_versions(db: Database) -> None:
    """A rule of the past can be read again, with the vocabulary that it used, and it is known what is in force."""
    _run(db, _EIGHTH)


@migrations()
def m009_holds(db: Database) -> None:
    """What is told later, and why; mutes by a person, each with an end and a receipt."""
    _run(db, _NINTH)


@migrations()
def m010_operations(db: Database) -> None:
    """The archive can be searched, and what happens lately can be counted without a look at all that ever did.

    What was in the archive before is entered into the index step by step, beside the work.
    """
    _run(db, _TENTH)


@migrations()
def m011_history(db: Database) -> None:
    """What stood in a feed before the first look at it belongs to stories; nobody is told of it."""
    _run(db, _ELEVENTH)


@migrations()
def m012_edited_in_the_feed(db: Database) -> None:
    """What feeds word otherwise is compared with what was told, where no page is read."""
    _run(db, _TWELFTH)


def _run(db: Database, statements: str) -> None:
    """One by one: SQLite's own way of running many commits what is open."""
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)


_FIRST = """
create table feeds (
  id text primary key,
  name text not null,
  url text not null,
  tags text not null,                    -- JSON list
  language text,
  every_seconds integer,
  active integer not null check (active in (0, 1)),
  next_poll_at text not null,
  etag text,
  last_modified text,
  body_hash text,
  known_since text,                      -- when its first document was read
  last_poll_at text,
  last_success_at text,
  failures integer not null default 0,
  error text
) strict;

create table polls (
  id integer primary key,
  feed_id text not null references feeds (id),
  started_at text not null,
  finished_at text not null,
  outcome text not null check (outcome in ('new', 'unchanged', 'not_modified', 'failed')),
  entries integer not null,              -- shown by the feed
  new integer not null,
  overlap integer not null,              -- shown and already known
  bytes integer not null,
  note text                              -- the error, or what was odd about the document
) strict;
create index polls_by_feed on polls (feed_id, finished_at);

create table gaps (
  id text primary key,
  feed_id text not null references feeds (id),
  from_at text not null,                 -- the last poll whose entries were seen
  to_at text not null,                   -- the first poll after it, which shared no entry with it
  detected_at text not null
) strict;

create table entries (
  id text primary key,
  feed_id text not null references feeds (id),
  guid text not null,
  url text,
  title text not null,
  summary text not null,
  content text not null,
  author text,
  published_at text,
  language text,
  first_seen_at text not null,
  state text not null check (state in ('baseline', 'waiting', 'read')),
  attempts integer not null default 0,
  next_read_at text,
  article_id text,
  reason text
) strict;
create index entries_by_feed on entries (feed_id);
create index entries_waiting on entries (next_read_at) where state = 'waiting';
create index entries_by_article on entries (article_id);

create table articles (
  id text primary key,
  url text not null,
  title text not null,
  text text not null,
  author text,
  published_at text,
  published_from text check (published_from in ('feed', 'page')),
  language text,
  site text not null,
  body_source text not null check (body_source in ('page', 'feed')),
  quality text not null,
  text_sha256 text not null,
  first_read_at text not null,
  read_at text not null
) strict;
create index articles_by_text on articles (text_sha256);

create table revisions (                 -- what an article said before it was read again
  id text primary key,
  article_id text not null references articles (id),
  title text not null,
  text text not null,
  body_source text not null,
  text_sha256 text not null,
  read_at text not null
) strict;

create table rule_versions (
  version text primary key,
  rule text not null,
  title text not null,
  text text not null,
  first_loaded_at text not null
) strict;

create table decisions (
  article_id text not null references articles (id),
  rule text not null,
  rule_version text not null,
  outcome text not null check (outcome in ('matched', 'near')),
  evidence text not null,                -- JSON: hits and what was missing
  decided_at text not null,
  primary key (article_id, rule)
) strict;

create table stories (
  id text primary key,
  headline text not null,
  created_at text not null,
  updated_at text not null
) strict;

create table story_articles (
  article_id text primary key references articles (id),
  story_id text not null references stories (id),
  relation text not null check (relation in ('first', 'copy', 'report')),
  copy_of text references articles (id),
  similarity real not null,
  shingles integer not null,
  added_at text not null
) strict;
create index story_articles_by_story on story_articles (story_id);

create table shingles (                  -- hashes of five-word runs of the articles that belong to stories
  hash integer not null,
  article_id text not null references articles (id),
  primary key (hash, article_id)
) strict, without rowid;

create table alerts (
  id text primary key,
  rule text not null,
  story_id text not null references stories (id),
  article_id text not null references articles (id),
  kind text not null check (kind in ('story', 'update')),
  severity text not null check (severity in ('low', 'normal', 'high', 'critical')),
  fate text not null check (fate in ('post', 'thread', 'hold', 'suppress')),
  reason text not null check (reason <> ''),
  release_at text,
  created_at text not null,
  unique (rule, article_id),
  check (fate <> 'hold' or release_at is not null)
) strict;
create index alerts_by_story on alerts (story_id);

create table deliveries (
  seq integer primary key,               -- the order within a target
  id text not null unique,
  alert_id text not null references alerts (id),
  sink text not null,
  target text not null,
  state text not null
    check (state in ('pending', 'sending', 'ambiguous', 'sent', 'blocked', 'folded', 'dead')),
  attempts integer not null default 0,
  next_attempt_at text not null,
  attempt_started_at text,
  created_at text not null,
  sent_at text,
  receipt text,
  error text,
  thread_of text references deliveries (id),
  folded_into text references deliveries (id),
  plain integer not null default 0 check (plain in (0, 1)),
  message text,                          -- JSON, before any sink's formatting
  check (state <> 'sent' or (sent_at is not null and receipt is not null)),
  check (state <> 'folded' or folded_into is not null)
) strict;
create index deliveries_open on deliveries (sink, target, seq)
  where state in ('pending', 'sending', 'ambiguous', 'blocked');
create index deliveries_by_alert on deliveries (alert_id);

create table mutes (
  id text primary key,
  kind text not null check (kind in ('story', 'rule', 'feed', 'site')),
  subject text not null,
  until text not null,
  by text not null,
  reason text not null,
  created_at text not null
) strict;

create table feedback (
  id text primary key,
  alert_id text not null references alerts (id),
  verdict text not null,
  by text not null,
  created_at text not null
) strict;

create table sink_names (                -- the sink's own id for a target that the operator calls by name
  sink text not null,
  target text not null,
  own_id text not null,
  primary key (sink, target)
) strict;
"""

_SECOND = """
-- filled in when the configuration is taken up
alter table feeds add column host text not null default '';
alter table feeds add column address text;
alter table feeds add column moving_to text;
alter table feeds add column moving_since text;
alter table feeds add column moving_times integer not null default 0;
alter table feeds add column gone_since text;
alter table feeds add column last_new_at text;
alter table feeds add column shown integer not null default 0;
alter table feeds add column rhythm text;
alter table feeds add column learnt_until text;
alter table feeds add column hints text;
alter table feeds add column same_etag_times integer not null default 0;
alter table feeds add column probed_at text;
alter table feeds add column liar_until text;
create index feeds_due on feeds (next_poll_at) where active = 1;

alter table entries add column page text;
alter table entries add column words text;
create index entries_by_page on entries (feed_id, page);
create index entries_by_words on entries (feed_id, words);

create table documents (                 -- the last document of a feed: a hash of each item
  feed_id text primary key references feeds (id),
  prints blob not null
) strict;

alter table gaps add column tried_at text;
alter table gaps add column found integer not null default 0;
alter table gaps add column closed integer not null default 0 check (closed in (0, 1));

create table budget (                    -- what a request may cost, see feeds/plan.py
  id integer primary key check (id = 1),
  price real not null,
  adjusted_at text not null
) strict;

create table hosts (
  host text primary key,
  held_until text not null               -- its server asked to be left alone
) strict;

create table new_deliveries (
  seq integer primary key,               -- the order within a target
  id text not null unique,
  alert_id text references alerts (id),  -- null: a report to operators
  sink text not null,
  target text not null,
  state text not null
    check (state in ('pending', 'sending', 'ambiguous', 'sent', 'blocked', 'folded', 'dead')),
  attempts integer not null default 0,
  next_attempt_at text not null,
  attempt_started_at text,
  created_at text not null,
  sent_at text,
  receipt text,
  error text,
  thread_of text references deliveries (id),
  folded_into text references deliveries (id),
  plain integer not null default 0 check (plain in (0, 1)),
  message text,                          -- JSON, before any sink's formatting
  check (state <> 'sent' or (sent_at is not null and receipt is not null)),
  check (state <> 'folded' or folded_into is not null)
) strict;
insert into new_deliveries select * from deliveries;
drop table deliveries;
alter table new_deliveries rename to deliveries;
create index deliveries_open on deliveries (sink, target, seq)
  where state in ('pending', 'sending', 'ambiguous', 'blocked');
create index deliveries_by_alert on deliveries (alert_id);

create table notices (
  id integer primary key,
  about text not null,                   -- a feed's id, or the part of the program
  kind text not null,
  text text not null,
  created_at text not null,
  told_at text,                          -- when a report was made of it
  delivery_id text references deliveries (id),
  over_at text,                          -- when it was over; an event is over at once
  over_text text,
  over_told_at text,
  over_delivery_id text references deliveries (id)
) strict;
create unique index notices_open on notices (about, kind) where over_at is null;
create index notices_untold on notices (created_at)
  where told_at is null or (over_at is not null and over_told_at is null);
"""

_THIRD = """
create table subscriptions (
  feed_id text primary key references feeds (id),
  hub text not null,
  topic text not null,                   -- the address by which the hub knows the feed
  callback text not null,                -- the address that hubs call is this, a slash and the path
  path text not null unique,
  secret text not null,                  -- the hub signs with it
  state text not null check (state in ('asked', 'active', 'refused', 'ended')),
  next_ask_at text,
  failures integer not null default 0,
  asked_at text,
  verified_at text,
  lease_until text,
  listens_since text,                    -- null: no hub can reach us
  pushed_at text,                        -- the last push with a good signature
  error text
) strict;
create index subscriptions_due on subscriptions (next_ask_at);
"""

_FOURTH = """
alter table articles add column date_confidence text check (date_confidence in ('declared', 'guess'));
update articles set date_confidence = iif(published_from = 'feed', 'declared', 'guess')
  where published_from is not null;
alter table articles add column captions text not null default '[]';
alter table articles add column canonical_url text;
alter table articles add column syndicated_from text;
alter table articles add column must_be_paid integer not null default 0 check (must_be_paid in (0, 1));

create table sites (
  site text primary key,
  habits blob not null                   -- blocks that it repeats, see articles/habits.py
) strict;

create table pages (                     -- what was sent when the page of an article was read for the first time
  article_id text primary key references articles (id),
  url text not null,                     -- after redirects
  fetched_at text not null,
  headers text not null,                 -- JSON
  body_sha256 text not null,
  body blob                              -- gzip; null when it is not, or no longer, kept
) strict;
create index pages_with_body on pages (fetched_at) where body is not null;

create table edits (                     -- messages that are to say something else than when they were sent
  delivery_id text primary key references deliveries (id),
  message text not null,                 -- JSON
  due_at text not null,
  attempts integer not null default 0,
  error text
) strict;
create index edits_due on edits (due_at);
"""

_FIFTH = """
alter table story_articles add column certainty text not null default 'surely'
  check (certainty in ('new', 'possibly', 'surely'));
-- what it is compared by, see stories/features.py
alter table story_articles add column features blob;
-- of its site
alter table story_articles add column owner text;
-- the agency that it names as its source
alter table story_articles add column credit text;
-- the first article with that text, agency or owner
alter table story_articles add column voice text;
create index story_articles_by_time on story_articles (added_at);

-- JSON: what it has told, see stories/novelty.py
alter table stories add column facts text not null default '[]';

create table terms (                     -- of how many articles and of how many stories a word is part
  term integer primary key,
  articles integer not null default 0,
  stories integer not null default 0
) strict;

create table term_totals (
  id integer primary key check (id = 1),
  articles integer not null,
  stories integer not null
) strict;
insert into term_totals values (1, 0, 0);

alter table deliveries add column broadcast integer not null default 0 check (broadcast in (0, 1));
"""

_SIXTH = """
create table actions (                   -- what people asked for by hand
  id integer primary key,
  at text not null,
  by text not null,
  name text not null,
  arguments text not null,               -- JSON list
  outcome text not null
) strict;
"""

_SEVENTH = """
create table watches (                   -- articles that somebody was told of
  article_id text primary key references articles (id),
  first_read_at text not null,
  look integer not null,                 -- see articles/looks.py
  next_look_at text,                     -- null: it is over
  attempts integer not null default 0,
  title text,                            -- the headline that its page had; null: not known
  doubt text,                            -- what the last look found, to be told if another one finds it too
  is_gone integer not null default 0 check (is_gone in (0, 1))
) strict;
create index watches_due on watches (next_look_at) where next_look_at is not null;

create table corrections (               -- what was found at a look and told
  id text primary key,
  article_id text not null references articles (id),
  kind text not null check (kind in ('retraction', 'reversal', 'denial', 'gone', 'correction', 'figure', 'headline',
    'back')),                            -- the most urgent one
  changes text not null,                 -- JSON: kind, before, after
  seen_at text not null
) strict;
create index corrections_by_article on corrections (article_id);

alter table deliveries add column correction_id text references corrections (id)
  check (correction_id is null or alert_id is null);
create index deliveries_by_correction on deliveries (correction_id) where correction_id is not null;

create table new_pages (                 -- what was sent when the page of an article was read, each time it was another
  article_id text not null references articles (id),
  url text not null,                     -- after redirects
  fetched_at text not null,
  headers text not null,                 -- JSON
  body_sha256 text not null,
  body blob,                             -- gzip; null when it is not, or no longer, kept
  primary key (article_id, fetched_at)
) strict;
insert into new_pages select * from pages;
drop table pages;
alter table new_pages rename to pages;
create index pages_with_body on pages (fetched_at) where body is not null;
"""

_EIGHTH = """
-- null: in force
alter table rule_versions add column replaced_at text;
update rule_versions set replaced_at = (
  select min(later.first_loaded_at) from rule_versions later
  where later.rule = rule_versions.rule and later.first_loaded_at > rule_versions.first_loaded_at);
-- JSON: the version of each concept that it uses, by name; null: not known
alter table rule_versions add column concepts text;
create index rule_versions_by_rule on rule_versions (rule);
create index rule_versions_in_force on rule_versions (version) where replaced_at is null;

create table concept_versions (
  concept text not null,
  version text not null,
  terms text not null,                   -- JSON
  first_loaded_at text not null,
  primary key (concept, version)
) strict;
"""

_NINTH = """
create table new_mutes (
  id text primary key,
  kind text not null check (kind in ('story', 'rule', 'feed', 'site', 'author')),
  subject text not null,
  until text not null,
  by text not null,
  reason text not null,
  created_at text not null,
  ended_at text,                         -- by a person, before its time
  ended_by text,
  closed_at text,                        -- when what it held was told
  check ((ended_at is null) = (ended_by is null))
) strict;
insert into new_mutes (id, kind, subject, until, by, reason, created_at)
  select id, kind, subject, until, by, reason, created_at from mutes;
drop table mutes;
alter table new_mutes rename to mutes;
create index mutes_open on mutes (until) where closed_at is null;

create table holds (                     -- matches that are told later than they came, or were
  alert_id text primary key references alerts (id),
  cause text not null
    check (cause in ('mute', 'sources', 'cooldown', 'quiet', 'digest', 'group', 'storm')),
  mute_id text references mutes (id),
  sink text not null,
  target text not null,
  message text not null,                 -- JSON: what would have been told
  held_at text not null,
  released_at text,                      -- null: it waits until alerts.release_at
  check ((cause = 'mute') = (mute_id is not null))
) strict;
create index holds_waiting on holds (sink, target) where released_at is null;
create index holds_by_mute on holds (mute_id) where mute_id is not null;
create index alerts_held on alerts (release_at) where fate = 'hold';

create index deliveries_by_time on deliveries (sink, target, created_at) where folded_into is null;

-- goes before others to its target
alter table deliveries add column urgent integer not null default 0 check (urgent in (0, 1));
"""

_TENTH = """
create table search_documents (          -- articles that can be found; their own rowids may change (vacuum)
  id integer primary key,
  article_id text not null unique references articles (id),
  read_at text not null                  -- for the first time
) strict;

-- words are folded before they come here, see store/sqlite/search_rows.py; the vowel signs of India are part of them
create virtual table search_words using fts5 (
  title, text, captions, content = '', tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
);

create table search_waiting (            -- articles that are still to be entered, the latest first
  article_id text not null unique references articles (id)
) strict;
insert into search_waiting select id from articles order by first_read_at desc;

-- for what goes when it is old, and for the keys that refer to it
create index articles_by_time on articles (first_read_at);
create index polls_by_time on polls (finished_at);
create index alerts_by_article on alerts (article_id);
create index revisions_by_article on revisions (article_id);
create index shingles_by_article on shingles (article_id);
create index story_articles_by_copy on story_articles (copy_of) where copy_of is not null;
create index deliveries_by_parent on deliveries (thread_of) where thread_of is not null;
create index deliveries_by_folder on deliveries (folded_into) where folded_into is not null;

create table canaries (                  -- invented articles that went the whole way, see app/canary.py
  entry_id text primary key,
  seen_at text not null,
  told_at text,                          -- null: it was not
  why text                               -- it was not told
) strict;

create index deliveries_by_sent on deliveries (sent_at) where sent_at is not null;
create index deliveries_by_state on deliveries (state, created_at);
"""

_ELEVENTH = """
-- what is still to find its story
create index entries_of_history on entries (next_read_at) where state = 'baseline' and next_read_at is not null;

-- when it was published, if that was before the first look at its feed; null: it came when it was added
alter table story_articles add column stood_since text;
"""

_TWELFTH = """
-- when its feed worded otherwise what was told; null: no more than was judged
alter table entries add column edited_at text;
"""
