"""Questions about stories: which there are, who told them when, and how the sources fare. Only reads."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from statistics import median

from sqlite_utils import Database

from monitor.model import StoryId
from monitor.store.sqlite.values import HISTORY, Row, to_text, to_time


class StoryLedger:
    def __init__(self, db: Database) -> None:
        self._db = db

    def stories(self, *, since: datetime, limit: int) -> tuple[Row, ...]:
        """Those that were told something since, the latest first.

        `before_the_first_look`: all of it stood in feeds before, and nobody was told.
        """
        rows = self._db.query(
            """
            select s.id, s.headline, s.created_at, s.updated_at, count(*) as articles,
              count(distinct own.voice) as voices,
              (select count(distinct e.feed_id) from story_articles o join entries e on e.article_id = o.article_id
               where o.story_id = s.id) as outlets,
              (select group_concat(rule, ', ') from (select distinct a.rule from alerts a
               where a.story_id = s.id order by a.rule)) as rules
            from stories s join story_articles own on own.story_id = s.id
            where s.updated_at >= ? group by s.id order by s.updated_at desc, s.id limit ?
            """,
            [to_text(since), limit],
        )
        return tuple({**row, "before_the_first_look": row["rules"] is None} for row in rows)

    def timeline(self, story: StoryId) -> tuple[Row, ...]:
        """Every article of a story as it came: by whom, copy or own words, and what of it was told.

        What stood in a feed before the first look at it comes where its own date puts it.
        """
        rows = self._db.query(
            f"""
            select own.article_id, own.relation, own.certainty, own.similarity, own.credit, own.owner, own.voice,
              own.copy_of, own.added_at, own.stood_since, art.title, art.url, art.published_at,
              {HISTORY.format(article="own.article_id")} as before_the_first_look,
              coalesce((select f.name from entries e join feeds f on f.id = e.feed_id
                where e.article_id = own.article_id order by e.first_seen_at limit 1), art.site) as outlet,
              (select min(e.first_seen_at) from entries e where e.article_id = own.article_id) as seen_at,
              (select json_group_array(json_object('rule', a.rule, 'fate', a.fate, 'reason', a.reason))
               from alerts a where a.article_id = own.article_id) as alerts
            from story_articles own join articles art on art.id = own.article_id
            where own.story_id = ? order by coalesce(own.stood_since, own.added_at), own.rowid
            """,  # noqa: S608 - a constant
            [story],
        )
        return tuple(
            {
                **row,
                "before_the_first_look": bool(row["before_the_first_look"]),
                "alerts": json.loads(row["alerts"]),
            }
            for row in rows
        )

    def sources(self, since: datetime) -> tuple[Row, ...]:
        """How each outlet fares in the stories that more than one outlet told, the fastest first.

        `lag_seconds`: median time behind the first outlet, by when we saw each. `first` and `copies`: shares, 0 to 1.
        Of what stood in a feed before the first look at it nobody knows when we would have seen it: it is left out, and
        so are the stories that begin with it.
        """
        rows = self._db.query(
            """
            select own.story_id, f.name as outlet, min(e.first_seen_at) as seen_at, min(own.relation = 'copy') as copied
            from story_articles own join entries e on e.article_id = own.article_id join feeds f on f.id = e.feed_id
            where own.added_at >= ? and e.state <> 'baseline' and (
              select began.stood_since from story_articles began where began.story_id = own.story_id
              order by began.added_at, began.rowid limit 1) is null
            group by own.story_id, f.id
            """,
            [to_text(since)],
        )
        stories: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            stories[row["story_id"]].append(row)
        told: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for members in stories.values():
            first = min(to_time(row["seen_at"]) for row in members)
            for row in members if len(members) > 1 else ():
                told[row["outlet"]].append(((to_time(row["seen_at"]) - first).total_seconds(), bool(row["copied"])))
        found: list[Row] = [
            {
                "outlet": outlet,
                "stories": len(tellings),
                "lag_seconds": median(lag for lag, _ in tellings),
                "first": sum(not lag for lag, _ in tellings) / len(tellings),
                "copies": sum(copied for _, copied in tellings) / len(tellings),
            }
            for outlet, tellings in told.items()
        ]
        return tuple(sorted(found, key=lambda row: (row["lag_seconds"], row["outlet"])))
