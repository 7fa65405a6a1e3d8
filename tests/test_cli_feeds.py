"""`feeds` as a user runs it: the program, a real outlet on loopback, real files."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitor.app import config as configuration
from monitor.app.build import remember_configuration
from monitor.cli.common import Place
from monitor.cli.feeds import feeds
from monitor.ids import entry_id
from monitor.model import Entry, Feed, PollRecord
from monitor.store.sqlite.store import Store
from tests.feed_server import FeedServer, Script, answered, serving
from tests.newsroom import FOOTBALL, TALKS, TANKS, page, write_config

pytestmark = pytest.mark.timeout(120)

NOW = datetime.now(UTC).replace(microsecond=0)
STORIES = (("Serbia moves tanks", TANKS), ("Talks end without result", TALKS), ("Home side wins", FOOTBALL))


def rss(site: FeedServer, *, head: str = "", title: str = "Test Courier") -> bytes:
    items = "".join(
        f"<item><title>{story}</title><link>{site.url(f'/{number}')}</link><guid>{number}</guid>"
        f"<pubDate>{format_datetime(NOW - timedelta(hours=number + 1))}</pubDate></item>"
        for number, (story, _) in enumerate(STORIES)
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{head}{items}</channel></rss>'.encode()
    )


def html(body: str, head: str = "", **headers: str) -> bytes:
    text = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
    return answered(body=text.encode(), headers={"Content-Type": "text/html; charset=utf-8", **headers})


@pytest.fixture
async def site() -> AsyncIterator[FeedServer]:
    """An outlet with three readable articles and a good feed."""
    async with serving() as site:
        for number, (title, paragraphs) in enumerate(STORIES):
            content = page(title, paragraphs).encode()
            site.answers[f"/{number}"] = answered(body=content, headers={"Content-Type": "text/html"})
        site.answers["/feed"] = conditional(site, rss(site, head="<language>en</language>"))
        yield site


def conditional(site: FeedServer, body: bytes) -> Script:
    """304 for whoever brings the validator back."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        known = site.asked[-1].headers.get("if-none-match") == b'"v1"'
        writer.write(answered(304) if known else answered(body=body, headers={"ETag": '"v1"'}))

    return answer


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path / "config", [("Other", "http://127.0.0.1:9/other")])


async def run(config: Path, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "monitor", "--config", str(config), "feeds", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != "SLACK_BOT_TOKEN"},
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


async def checked(config: Path, url: str) -> tuple[int, dict[str, Any]]:
    code, out, err = await run(config, "check", url, "--json")
    assert "" == err
    return code, json.loads(out)


def findings(report: dict[str, Any]) -> dict[str, str]:
    return {finding["topic"]: f"{finding['level']}: {finding['sentence']}" for finding in report["findings"]}


def invoke(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(feeds, arguments, obj=Place(config))


# ---- check ----


async def test_check_a_good_feed(config: Path, site: FeedServer) -> None:
    """Everything is told in words, and what to paste stands at the end."""
    code, out, err = await run(config, "check", site.url("/feed"))
    assert (0, "") == (code, err)
    for expected in (
        "✔ document    RSS 2.0, 3 items",
        "✔ dates       every item is dated",
        "✔ interval    its items span about 2 hours: ask it at least every 40 minutes",
        "✔ pages       3 pages tried, read in full",
        "✔ conditional says so when nothing changed (304)",
        "✔ language    declares its language as en",
    ):
        assert expected in out
    assert out.endswith(f"\n  - {{name: Test Courier, url: {site.url('/feed')}, tags: [], language: en}}\n")
    assert sorted(["/feed", "/feed", "/robots.txt", "/0", "/1", "/2"]) == sorted(asked.path for asked in site.asked)


async def test_check_a_home_page(config: Path, site: FeedServer) -> None:
    """Its feeds are found and looked at; usual addresses are not tried when it declares one."""
    link = '<link rel="alternate" type="application/rss+xml" href="{}">'
    site.answers["/"] = html("Home", link.format("gone") + link.format("feed"), Link="</said>; rel=feed")
    site.answers["/said"] = html("Not a feed")
    code, told = await checked(config, site.url("/"))
    assert (0, True, True) == (code, told["is_web_page"], told["usable"])
    assert {"/gone": False, "/feed": True, "/said": False} == {
        feed["url"].removeprefix(site.url("")): feed["usable"] for feed in told["feeds"]
    }
    assert {"/feed/", "/rss", "/rss.xml"}.isdisjoint(asked.path for asked in site.asked)


async def test_check_guesses(config: Path, site: FeedServer) -> None:
    """A page that declares nothing may still have its feed at a usual address."""
    site.answers["/"] = html("Home")
    site.answers["/rss"] = answered(body=rss(site))
    code, told = await checked(config, site.url("/"))
    assert (0, [site.url("/rss")]) == (code, [feed["url"] for feed in told["feeds"]])
    assert "/rss.xml" not in {asked.path for asked in site.asked}


async def test_check_many_feeds(config: Path, site: FeedServer) -> None:
    """At most five of a page's feeds are looked at."""
    site.answers["/"] = html("Home", "".join(f'<link rel="feed" href="/feed?{n}">' for n in range(9)))
    for number in range(9):
        site.answers[f"/feed?{number}"] = answered(body=rss(site, title=f"Feed {number}"))
    code, told = await checked(config, site.url("/"))
    assert (0, [f"Feed {n}" for n in range(5)]) == (code, [feed["suggested"]["name"] for feed in told["feeds"]])


@pytest.mark.parametrize(
    ("answer", "topic", "expected"),
    [
        (answered(404), "document", "problem: there is nothing at this address (404)"),
        (
            answered(403, headers={"cf-mitigated": "challenge", "Server": "cloudflare"}),
            "wall",
            "problem: this looks like a bot wall (Cloudflare): the answer was 403 with cf-mitigated: challenge",
        ),
        (
            html("<h1>Before you continue</h1><p>We use cookies. Accept all cookies to read this site.</p>"),
            "wall",
            "problem: this looks like a consent wall",
        ),
        (html("<h1>Welcome</h1>"), "document", "problem: this is a web page, and it leads to no feed"),
        (
            answered(body=b"<opml><head/><body/></opml>"),
            "document",
            "problem: this is a list of feeds (OPML), not a feed",
        ),
        (answered(body=b"<rss version='2.0'><channel/></rss>"), "document", "problem: RSS 2.0, but it shows no items"),
        (
            answered(301, headers={"Location": "http://10.0.0.1/feed"}),
            "document",
            "problem: 10.0.0.1 is a private address",
        ),
    ],
)
async def test_check_what_cannot_be_used(
    config: Path, site: FeedServer, answer: bytes, topic: str, expected: str
) -> None:
    """Exit 1 with the reason."""
    site.answers["/bad"] = answer
    code, told = await checked(config, site.url("/bad"))
    assert (1, False) == (code, told["usable"])
    assert findings(told["feeds"][0])[topic].startswith(expected)


async def test_check_notes(config: Path, site: FeedServer) -> None:
    """What is odd but no hindrance: a move, no 304 though validators are given, pages behind walls, a hub."""
    hub = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="/hub"/>'
    topic = {"Link": "</new>; rel=self"}
    site.answers["/old"] = answered(301, headers={"Location": "/new"})
    site.answers["/new"] = answered(body=rss(site, head=hub), headers={"ETag": '"v1"', **topic})
    site.answers["/1"] = answered(403)
    site.answers["/2"] = html("<h1>Just a moment...</h1><p>Verify that you are human.</p>")
    code, told = await checked(config, site.url("/old"))
    (report,) = told["feeds"]
    noted = findings(report)
    assert 0 == code
    assert f"note: it moved for good, to {site.url('/new')}" == noted["address"]
    assert site.url("/new") == report["suggested"]["url"]
    assert "note: sends all its 1 kB each time, changed or not" == noted["conditional"]
    assert noted["pages"].startswith("note: 1 of 3 pages tried could be read (")
    assert "the site refused (403)" in noted["pages"]
    assert "a page that checks for robots" in noted["pages"]
    assert f"good: offers a WebSub hub: {site.url('/hub')}" == noted["hub"]


async def test_check_overlap(config: Path, site: FeedServer) -> None:
    """Items that another feed has brought are counted by their pages, however the links are decorated."""
    shown = [site.url("/0") + "?utm_source=rss", site.url("/1"), site.url("/9")]
    remember(config, "Other", shown)
    _, told = await checked(config, site.url("/feed"))
    assert "good: 2 of 3 items came already through Other (2)" == findings(told["feeds"][0])["overlap"]


async def test_check_a_held_feed(config: Path, site: FeedServer) -> None:
    """It is told under which name it is held; what it brought itself is no overlap."""
    write_feeds(config, f"feeds:\n- {{name: Mine, url: '{site.url('/feed')}'}}\n")
    remember(config, "Mine", [site.url("/0")])
    code, told = await checked(config, site.url("/feed") + "#top")
    noted = findings(told["feeds"][0])
    assert (0, "note: it is in feeds.yaml already, as Mine") == (code, noted["held"])
    assert "overlap" not in noted


@pytest.mark.parametrize("url", ["courier.example", "ftp://courier.example/", "http://u:p@courier.example/"])
def test_check_no_address(config: Path, url: str) -> None:
    """Wrong usage."""
    assert 2 == invoke(config, "check", url).exit_code


def write_feeds(config: Path, text: str) -> None:
    (config / "feeds.yaml").write_text(text, "utf-8")


def remember(config: Path, name: str, links: list[str]) -> Feed:
    """A database in which the feed has brought entries with these links."""
    loaded = configuration.load(config)
    store = Store.writer(loaded.database)
    with store.transaction():
        (feed,) = [feed for feed in remember_configuration(store, loaded, NOW).feeds if feed.name == name]
        entries = [Entry(entry_id(feed.id, link), feed.id, link, link, "T", "", "", None, None, None) for link in links]
        store.feeds.add_entries(entries, baseline=frozenset(), now=NOW)
    store.close()
    return feed


# ---- list ----


def test_list(config: Path) -> None:
    """Before the first run, and after it."""
    (before,) = [json.loads(line) for line in invoke(config, "list", "--json").stdout.splitlines()]
    assert ("Other", "new", 0, None) == (before["name"], before["health"], before["entries"], before["next_poll_at"])
    feed = remember(config, "Other", ["https://a.example/1", "https://a.example/2"])
    store = Store.writer(configuration.load(config).database)
    state = store.feeds.state(feed.id)
    with store.transaction():
        store.feeds.add_poll(PollRecord(feed.id, NOW, NOW, "new", entries=2, new=2))
        store.feeds.save(
            replace(
                state,
                next_poll_at=NOW + timedelta(hours=1),
                known_since=NOW,
                last_poll_at=NOW,
                last_success_at=NOW,
                last_new_at=NOW,
            )
        )
    store.close()
    (after,) = [json.loads(line) for line in invoke(config, "list", "--json").stdout.splitlines()]
    assert ("ok", 2, f"{NOW:%Y-%m-%dT%H:%M:%SZ}") == (after["health"], after["entries"], after["last_new_at"])
    shown = invoke(config, "list").stdout
    assert shown.startswith("ok       Other  http://127.0.0.1:9/other\n         2 entries, the last new one ")
    assert ", next in " in shown


# ---- add, remove ----


async def test_add_looks_first(config: Path, site: FeedServer) -> None:
    """A home page adds its feed, with its language and the tags given."""
    site.answers["/"] = html("Home", '<link rel="feed" href="/feed">')
    code, out, err = await run(config, "add", site.url("/"), "--tag", "balkans", "--tag", "daily")
    assert (0, "") == (code, err)
    added = configuration.load_feeds(config)[-1]
    assert ("Test Courier", site.url("/feed"), ("balkans", "daily"), "en") == (
        added.name,
        added.url,
        added.tags,
        added.language,
    )
    assert "takes it up within seconds" in out


async def test_add_refuses_what_cannot_be_used(config: Path, site: FeedServer) -> None:
    """Exit 1, and the file is what it was; --no-check adds it all the same."""
    before = (config / "feeds.yaml").read_bytes()
    code, out, err = await run(config, "add", site.url("/nothing"))
    assert (1, before) == (code, (config / "feeds.yaml").read_bytes())
    assert "there is nothing at this address (404)" in out
    assert "--no-check" in err
    result = invoke(config, "add", site.url("/nothing"), "--no-check", "--name", "Later")
    assert 0 == result.exit_code, result.output
    assert ["Other", "Later"] == [feed.name for feed in configuration.load_feeds(config)]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["https://127.0.0.1:9/other#x"], "is there already, as 'Other'"),
        (["http://b.example/", "--name", "Other"], "the name 'Other' is taken"),
        (["http://b.example/", "--tag", " "], "would not be right any more, so nothing was changed"),
        (["b.example"], "is not a web address"),
    ],
)
def test_add_wrongly(config: Path, arguments: list[str], why: str) -> None:
    """Exit 2, and the file is what it was."""
    before = (config / "feeds.yaml").read_bytes()
    result = invoke(config, "add", "--no-check", *arguments)
    assert (2, before) == (result.exit_code, (config / "feeds.yaml").read_bytes())
    assert why in result.stderr


def test_add_does_not_look_at_what_is_held(config: Path) -> None:
    """A look would end in exit 1, as nothing answers there."""
    assert 2 == invoke(config, "add", "http://127.0.0.1:9/other").exit_code


@pytest.mark.parametrize("named", ["A", "http://a.example/feed?utm_source=x"])
def test_remove(config: Path, named: str) -> None:
    """By name, or by address however it is spelled."""
    write_feeds(
        config, "feeds:\n# one\n- {name: A, url: https://a.example/feed}\n# two\n- {name: B, url: 'http://b/'}\n"
    )
    result = invoke(config, "remove", named)
    assert 0 == result.exit_code, result.output
    assert "feeds:\n# one\n# two\n- {name: B, url: 'http://b/'}\n" == (config / "feeds.yaml").read_text("utf-8")
    assert 2 == invoke(config, "remove", "A").exit_code
    assert 2 == invoke(config, "remove", "B").exit_code  # the last one


# ---- lists ----

LIST = """<opml version="1.0"><head/><body>
<outline text="Balkans">
<outline text="A" xmlUrl="https://a.example/feed"/>
<outline text="Other again" xmlUrl="http://127.0.0.1:9/other"/>
<outline text="Nowhere" xmlUrl="nowhere"/>
</outline></body></opml>
"""


def test_import(config: Path, tmp_path: Path) -> None:
    """New feeds are added with their folders as tags; the others are named with place and reason."""
    path = tmp_path / "list.opml"
    path.write_text(LIST)
    result = invoke(config, "import", str(path))
    assert 1 == result.exit_code
    assert f"skipped  {path}:4: Other again is there already, as Other\n" in result.stdout
    assert f"{path}:5: 'nowhere' is not a web address; it must begin with http:// or https://\n" == result.stderr
    assert [("Other", ()), ("A", ("Balkans",))] == [(f.name, f.tags) for f in configuration.load_feeds(config)]
    path.write_text(LIST.replace('<outline text="Nowhere" xmlUrl="nowhere"/>', ""))
    before = (config / "feeds.yaml").stat()
    again = invoke(config, "import", str(path))
    assert (0, before.st_ino) == (again.exit_code, (config / "feeds.yaml").stat().st_ino)
    assert "0 added" in again.stdout


def test_import_with_bare_ampersands(config: Path, tmp_path: Path) -> None:
    """A list whose addresses are not escaped is imported, and that is said."""
    path = tmp_path / "list.opml"
    path.write_text('<opml><body><outline text="A" xmlUrl="https://a.example/feed?a=1&b=2&c=3"/></body></opml>')
    result = invoke(config, "import", str(path))
    assert 0 == result.exit_code, result.output
    assert f"note     {path}: is not well-formed XML: 2 bare & in it were read as &amp;\n" in result.stdout
    assert "https://a.example/feed?a=1&b=2&c=3" in {feed.url for feed in configuration.load_feeds(config)}


def test_import_refuses(config: Path, tmp_path: Path) -> None:
    """What is no list is named with the reason, and nothing changes."""
    path = tmp_path / "list.opml"
    path.write_text('<!DOCTYPE x [<!ENTITY a "b">]><opml/>')
    result = invoke(config, "import", str(path))
    assert 2 == result.exit_code
    assert result.stderr.startswith(f"{path}: is refused at line 1: it declares entities of its own")


def test_export_and_import(config: Path, tmp_path: Path) -> None:
    """What is exported is imported elsewhere as it was."""
    write_feeds(
        config, 'feeds:\n- {name: "A & <B>", url: "https://a.example/?x=1&y=2", tags: [é, b c], language: sq}\n'
    )
    path = tmp_path / "out.opml"
    assert 0 == invoke(config, "export", str(path)).exit_code
    assert path.read_text("utf-8").splitlines()[6:] == invoke(config, "export").stdout.splitlines()[6:]
    other = write_config(tmp_path / "b" / "config", [("Other", "http://127.0.0.1:9/other")])
    assert 0 == invoke(other, "import", str(path)).exit_code
    assert configuration.load_feeds(config) == configuration.load_feeds(other)[1:]
