"""The commands by themselves: what they print, whatever came from the web, and how they end."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitor.app import config as configuration
from monitor.app.build import remember_configuration
from monitor.app.store_thread import StoreThread
from monitor.cli.alerts import alerts
from monitor.cli.common import Place, show_json, speaking
from monitor.cli.examine import audit, status
from monitor.cli.main import main
from monitor.cli.rules import match
from monitor.cli.run import run
from monitor.errors import ConfigError, FetchError, Problem, StoreBusy, StoreError, StoreUnusable
from monitor.store.sqlite.store import Store
from tests.builders import NOON
from tests.newsroom import write_config

# A C1 control that begins a sequence, bidi controls, a line separator, a tag character, half a character.
DRIVES = "\x9b2J\u202e\u2066\u200f\u2028\x7f\U000e0041\ud800"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(write_config(tmp_path / "config", [("Courier", "http://127.0.0.1:9/feed")]))


def invoke(command: Any, place: Place, *arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(command, arguments, obj=place, **options)


def test_json_cannot_drive_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Every character comes back, letters stay readable, and what cannot be seen is escaped."""
    value = {"title": f"Приштина, Đakovica, 東京 🎈 {DRIVES}", f"key{DRIVES}": 1}
    show_json(value)
    shown = capsys.readouterr().out
    assert value == json.loads(shown)
    assert "Приштина, Đakovica, 東京 🎈" in shown
    assert shown.removesuffix("\n").isprintable()


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (NOON, "2026-11-25T12:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_times_in_json(capsys: pytest.CaptureFixture[str], time: datetime, shown: str) -> None:
    """RFC 3339 in UTC, with four digits for the year."""
    show_json(time)
    assert f'"{shown}"\n' == capsys.readouterr().out


@pytest.mark.parametrize("command", [("check",), ("status",), ("feeds", "list"), ("search", "x")])
def test_without_a_configuration_it_says_how_to_get_one(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Who has just installed it calls some command first, in a directory that has none."""
    result = CliRunner().invoke(main, ["--config", str(tmp_path / "config"), *command])
    assert (2, True) == (result.exit_code, "`news-monitor init DIR` writes one" in result.stderr), result.output


def test_match_escapes_what_it_quotes(place: Place) -> None:
    """The evidence of `match --json` comes from the web as it is."""
    text = f"Headline\nSerbia deployed {DRIVES[:3]} tanks in Kosovo, Косово."
    result = invoke(match, place, "-", "--json", input=text.encode())
    assert 0 == result.exit_code, result.output
    assert result.stdout.removesuffix("\n").isprintable()
    assert "Kosovo" in result.stdout
    assert json.loads(result.stdout)["decisions"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["feed", "language", "tag"]),
        (("--feed", "koha"), ["feed", "language", "tag"]),
        (("--feed", "Insight"), ["language"]),
        (("--language", "en"), ["feed", "tag"]),
        (("--feed", "Koha", "--language", "sr-Latn"), ["feed", "tag"]),
    ],
)
def test_match_as_if_it_were_from_somewhere(place: Place, arguments: tuple[str, ...], expected: list[str]) -> None:
    """What is not said is taken to be as a rule wants it; a feed says its tags and language too."""
    (place.directory / "feeds.yaml").write_text(
        "feeds:\n  - {name: Koha, url: 'http://127.0.0.1:9/a', tags: [kosovo], language: sq}\n"
        "  - {name: Insight, url: 'http://127.0.0.1:9/b'}\n"
    )
    queries = {"feed": "tanks AND feed:Koha", "language": "tanks AND language:sq", "tag": "tanks AND tag:kosovo"}
    rules = "".join(f"  - {{name: {name}, match: '{query}'}}\n" for name, query in queries.items())
    (place.directory / "rules" / "rules.yaml").write_text(f"rules:\n{rules}")
    told = json.loads(invoke(match, place, "-", "--json", *arguments, input=b"Tanks").stdout)
    assert expected == [one["rule"] for one in told["decisions"] if one["outcome"] == "matched"]


def test_an_operator_knows_the_language_of_a_feed(place: Place) -> None:
    """Pages say what their software came with."""
    feed = "{name: Koha, url: 'http://127.0.0.1:9/a', language: sq}"
    (place.directory / "feeds.yaml").write_text(f"feeds: [{feed}]\n")
    (place.directory / "rules" / "rules.yaml").write_text("rules: [{name: sq, match: 'tanket AND language:sq'}]\n")
    page = "<html lang='en-US'><title>Tanket</title><p>Tanket shkojnë në kufi, thotë ministria e mbrojtjes.</p></html>"

    def matched(*arguments: str) -> bool:
        told = json.loads(invoke(match, place, "-", "--json", *arguments, input=page.encode()).stdout)
        return "matched" in [one["outcome"] for one in told["decisions"]]

    assert (True, False) == (matched("--feed", "Koha"), matched())


def test_match_knows_its_feeds(place: Place) -> None:
    """Another name is wrong usage, with the nearest one."""
    result = invoke(match, place, "-", "--feed", "Curier", input=b"Tanks")
    assert (2, True) == (result.exit_code, "no feed 'Curier' in feeds.yaml; did you mean 'Courier'?" in result.stderr)


def test_tags_are_a_list(place: Place) -> None:
    """`status --json` has no JSON inside its JSON."""
    feeds = place.directory / "feeds.yaml"
    feeds.write_text("feeds:\n  - {name: A, url: 'http://127.0.0.1:9/feed', tags: [balkans, daily]}\n")
    config = configuration.load(place.directory)
    store = Store.writer(config.database)
    remember_configuration(store, config, NOON)
    store.close()
    result = invoke(status, place, "--json")
    assert [["balkans", "daily"]] == [feed["tags"] for feed in json.loads(result.stdout)["feeds"]]


# ---- how commands end ----


def locked(directory: Path) -> None:
    """SQLite's own error for a database that another connection holds."""
    first, second = (sqlite3.connect(directory / "x.db", timeout=0, isolation_level=None) for _ in range(2))
    try:
        first.execute("begin exclusive")
        second.execute("begin immediate")
    finally:
        first.close()
        second.close()


def full(directory: Path) -> None:
    """SQLite's own error for a disk without room."""
    connection = sqlite3.connect(directory / "x.db")
    try:
        connection.execute("create table t (x)")
        connection.execute("pragma max_page_count = 1")
        connection.execute("insert into t values (zeroblob(100000))")
    finally:
        connection.close()


def no_database(directory: Path) -> None:
    """SQLite's own error for a file of something else."""
    (directory / "x.db").write_bytes(b"no database at all " * 100)
    connection = sqlite3.connect(directory / "x.db")
    try:
        connection.execute("select * from sqlite_master")
    finally:
        connection.close()


def malformed(directory: Path) -> None:
    """SQLite's own error for a page that was overwritten."""
    connection = sqlite3.connect(directory / "x.db")
    try:
        connection.executescript("create table t (x); insert into t values (zeroblob(20000)); vacuum")
        connection.close()
        with (directory / "x.db").open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 4096)
        connection = sqlite3.connect(directory / "x.db")
        connection.execute("select * from t").fetchall()
    finally:
        connection.close()


def malformed_below(directory: Path) -> None:
    """As the store's thread tells it."""

    async def change() -> None:
        thread = StoreThread(lambda: Store.writer(directory / "below.db"))
        await thread.open()
        try:
            await thread.change(lambda _: malformed(directory))
        finally:
            await thread.close()

    asyncio.run(change())


def raising(error: Exception) -> Callable[[Path], None]:
    def fail(_: Path) -> None:
        raise error

    return fail


USAGE, FOUND, BUSY, CONFIG = 2, 1, 75, 78
BACKUP = "put the newest backup in its place"


@pytest.mark.parametrize(
    ("fail", "usual", "of_run", "said"),
    [
        (locked, USAGE, FOUND, "the database is in use by another program (database is locked); try again"),
        (full, USAGE, FOUND, "make room on its disk"),
        (no_database, USAGE, CONFIG, BACKUP),
        (malformed, USAGE, CONFIG, BACKUP),
        (malformed_below, USAGE, CONFIG, BACKUP),
        (raising(StoreUnusable("of another version")), USAGE, CONFIG, "of another version"),
        (raising(StoreBusy("held")), BUSY, BUSY, "held"),
        (raising(StoreError("no room")), USAGE, FOUND, "no room"),
        (raising(ConfigError([Problem("f", 1, "wrong")])), USAGE, CONFIG, "f:1: wrong"),
        (raising(FetchError("no answer")), USAGE, FOUND, "no answer"),
        (raising(PermissionError(13, "Permission denied", "news.db")), USAGE, FOUND, "news.db: Permission denied"),
    ],
)
def test_how_commands_end(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fail: Callable[[Path], None],
    usual: int,
    of_run: int,
    said: str,
) -> None:
    """One sentence and an exit code; for `run` it tells systemd whether a restart may help."""
    for decorate, expected in ((speaking(), usual), (speaking(unusable=CONFIG, failed=FOUND), of_run)):
        with pytest.raises(SystemExit) as ended:
            decorate(fail)(tmp_path)
        shown = capsys.readouterr().err
        assert expected == ended.value.code, shown
        assert said in shown
        assert 1 == shown.count("\n")
        (tmp_path / "x.db").unlink(missing_ok=True)


def test_a_reader_that_has_enough_is_no_mistake(place: Place) -> None:
    """`news-monitor alerts | head -1` says nothing on stderr."""
    code = "from monitor.cli.common import say, speaking\nimport click\n"
    code += "click.command()(speaking()(lambda: [say('x' * 100) for _ in range(10_000)]))()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert b"" == process.stderr.read()
    process.stderr.close()
    process.wait()


def test_a_bug_keeps_its_traceback() -> None:
    """What nobody expected is not made a sentence of."""
    with pytest.raises(ZeroDivisionError):
        speaking()(lambda: 1 / 0)()


def damaged(database: Path) -> None:
    """A database whose first page is good and whose other pages are not."""
    Store.writer(database).close()
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))


def newer(database: Path) -> None:
    Store.writer(database).close()
    connection = sqlite3.connect(database)
    connection.execute("pragma user_version = 99")
    connection.close()


def foreign(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("create table t (x)")
    connection.close()


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (damaged, CONFIG, BACKUP),
        (newer, CONFIG, "was written by a newer news-monitor"),
        (foreign, CONFIG, "is a database of another program"),
        (lambda database: database.write_bytes(b"not a database " * 300), CONFIG, BACKUP),
        (lambda database: database.mkdir(), CONFIG, "is a directory"),
        (lambda database: database.with_name("news.db.lock").mkdir(), FOUND, "cannot be created"),
    ],
)
def test_run_with_a_database_it_cannot_use(place: Place, make: Callable[[Path], None], code: int, said: str) -> None:
    """78 where a person must act, 1 where a restart may help."""
    make(configuration.load(place.directory).database)
    result = invoke(run, place, "--once")
    assert (code, said in result.stderr) == (result.exit_code, True), result.stderr


def test_a_balance_that_is_broken_shows_in_the_exit_code(place: Place) -> None:
    """Of `status` as of `audit`."""
    database = configuration.load(place.directory).database
    Store.writer(database).close()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "insert into alerts values ('a', 'armour', 's', 'x', 'story', 'high', 'suppress', 'why', null, '2026')"
        )
    found = [invoke(command, place) for command in (status, audit)]
    assert [FOUND, FOUND] == [result.exit_code for result in found]
    assert "NOT BALANCED" in found[0].stdout


@contextmanager
def nothing_writable(directory: Path) -> Iterator[None]:
    """As another user, if need be: root may write anywhere."""
    directory.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        directory.chmod(0o755)


def test_reading_where_nothing_can_be_written(place: Place, tmp_path: Path) -> None:
    """A database on a read-only file system is read; one whose latest changes cannot be is not shown without them."""
    commands = (status, audit, alerts)
    Store.writer(tmp_path / "news.db").close()
    expected = [invoke(command, place).output for command in commands]
    for wal, code in ((b"", 0), (b"something", 2)):
        with tempfile.TemporaryDirectory() as there:
            here = Place(Path(there) / "config")
            shutil.copytree(place.directory, here.directory)
            (here.directory / "monitor.yaml").write_text(f"database: {there}/news.db\n")
            shutil.copy(tmp_path / "news.db", there)
            (Path(there) / "news.db-wal").write_bytes(wal)
            with nothing_writable(Path(there)):
                found = [invoke(command, here) for command in commands]
        assert [code] * 3 == [result.exit_code for result in found]
        if code:
            assert all("latest changes are in news.db-wal" in result.stderr for result in found)
        else:
            assert expected == [result.output for result in found]


def test_a_missing_database_is_named_in_full(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path in monitor.yaml counts from where the command is started; the message says where that was."""
    (place.directory / "monitor.yaml").write_text("database: var/news.db\n")
    monkeypatch.chdir(tmp_path)
    result = invoke(status, place)
    assert 2 == result.exit_code
    assert f"there is no database yet at {tmp_path}/var/news.db; `news-monitor run` creates it\n" == result.stderr
