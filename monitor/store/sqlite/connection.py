"""Opening the database file: one connection writes, any number read.

We open the connection ourselves: sqlite-utils' defaults (delete journal, deferred transactions that are opened behind
one's back) would lose rows on a crash. SQLite before 3.51.3 can corrupt a WAL when two connections checkpoint, so
readers never do, and a lock file keeps a second writer out.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlite_utils import Database

from monitor.errors import StoreBusy, StoreError, StoreUnusable
from monitor.store.sqlite.schema import SCHEMA_VERSION, migrations

BUSY_SECONDS = 10.0
PATIENT_SECONDS = 3.0

_CANNOT_WRITE = frozenset({"SQLITE_CANTOPEN", "SQLITE_READONLY_DIRECTORY", "SQLITE_READONLY_CANTINIT"})

_RESTORE = "move it away together with its -wal and -shm, and put the newest backup in its place"


class WriterLock:
    """Held for as long as this process may write. The kernel lets go of it when the process dies."""

    def __init__(self, database: Path) -> None:
        database = database.resolve()  # one lock, whatever name the file is called by
        self._database = database
        self._path = database.with_name(database.name + ".lock")
        self._fd: int | None = None

    def acquire(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fd = self._opened()
        except OSError as e:
            raise StoreError(
                f"{self._path}: cannot be created ({e.strerror}); set `database` to a writable place"
            ) from e
        try:
            _lock(fd)
        except OSError as e:
            os.close(fd)
            raise StoreBusy(
                f"{self._path}: another news-monitor already works on this database; stop it, or use another database"
            ) from e
        self._fd = fd

    def _opened(self) -> int:
        flags = os.O_RDWR | os.O_CLOEXEC
        try:
            fd = os.open(self._path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return os.open(self._path, flags)
        if os.geteuid() == 0:
            # As SQLite does with its own files: a command that root gave must not lock the service out.
            owner = (self._database if self._database.exists() else self._path.parent).stat()
            with suppress(PermissionError):
                os.fchown(fd, owner.st_uid, owner.st_gid)
        return fd

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _lock(fd: int) -> None:
    """Raises OSError. A command that a person gave by hand has the database for a moment only."""
    patient_until = time.monotonic() + PATIENT_SECONDS
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= patient_until:
                raise
        time.sleep(0.1)


def open_writer(path: Path, trace: Callable[[str], None] | None = None) -> Database:
    """Creates and migrates the file as needed. `trace` sees every SQL statement before it runs."""
    connection = _connect(path, f"{path.absolute().as_uri()}?mode=rwc")
    try:
        connection.set_trace_callback(trace)
        connection.execute("pragma auto_vacuum = incremental")  # of a new file; an old one stays as it is
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        db = Database(connection, strict=True)
        _migrate(path, db)
        # Only now: with it, a migration could not put a new table in the place of one that others refer to.
        connection.execute("pragma foreign_keys = on")
    except sqlite3.DatabaseError as e:
        connection.close()
        raise store_error(e, path) from e
    except StoreError:
        connection.close()
        raise
    return db


def open_reader(path: Path) -> Database:
    """A connection that cannot change anything, safe beside a running daemon.

    Also where nothing can be written: the file is then taken for one that nobody changes.
    """
    if not path.exists():
        raise StoreError(f"there is no database yet at {path.absolute()}; `news-monitor run` creates it")
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        connection, found = _looked_into(path, uri)
    except sqlite3.DatabaseError as e:
        if _name(e) not in _CANNOT_WRITE:
            raise store_error(e, path) from e
        # Readers share an index of the WAL, and there is no place for it. No daemon is at work: it would have made one.
        connection, found = _looked_into_alone(path, uri)
    if found != SCHEMA_VERSION:
        connection.close()
        raise _wrong_version(path, found)
    return Database(connection, strict=True)


def _looked_into(path: Path, uri: str) -> tuple[sqlite3.Connection, int]:
    """A connection that was tried out, and the schema that it found."""
    connection = _connect(path, uri)
    try:
        connection.execute("pragma query_only = on")
        connection.execute("pragma wal_autocheckpoint = 0")
        return connection, connection.execute("pragma user_version").fetchone()[0]
    except sqlite3.DatabaseError:
        connection.close()
        raise


def _looked_into_alone(path: Path, uri: str) -> tuple[sqlite3.Connection, int]:
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        raise StoreError(
            f"{path}: its latest changes are in {wal.name} and cannot be read where nothing can be written; copy both "
            "files to a writable place, and set `database` to that"
        )
    try:
        return _looked_into(path, f"{uri}&immutable=1")
    except sqlite3.DatabaseError as e:
        raise store_error(e, path) from e


def store_error(error: sqlite3.Error, path: Path | None = None) -> StoreError:
    """What SQLite said as a sentence with a remedy; StoreUnusable when the file itself is the trouble."""
    where = f"{path}:" if path else "the database"
    match _name(error).split("_")[1:2]:
        case ["NOTADB"]:
            return StoreUnusable(
                f"{where} is not an SQLite database; set `database` to another file, or, if it was one, {_RESTORE}"
            )
        case ["CORRUPT"]:
            return StoreUnusable(f"{where} is damaged ({error}); {_RESTORE}")
        case ["BUSY"] | ["LOCKED"]:
            return StoreError(f"{where} is in use by another program ({error}); try again")
        case ["FULL"]:
            return StoreError(f"{where} cannot be written ({error}); make room on its disk")
        case _:
            return StoreError(f"{where} cannot be used ({error}); check that the file and its directory can be written")


def _name(error: sqlite3.Error) -> str:
    return str(getattr(error, "sqlite_errorname", ""))


def _connect(path: Path, uri: str) -> sqlite3.Connection:
    if path.is_dir():
        raise StoreUnusable(f"{path}: is a directory; `database` must name a file")
    try:
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
    except sqlite3.Error as e:
        raise store_error(e, path) from e


def _migrate(path: Path, db: Database) -> None:
    found = db.execute("pragma user_version").fetchone()[0]
    if found == SCHEMA_VERSION:
        return
    if found > SCHEMA_VERSION:
        raise _wrong_version(path, found)
    if found == 0 and db.table_names():
        raise StoreUnusable(f"{path}: is a database of another program; set `database` to another file")
    # sqlite-utils' migrations begin deferred transactions; two processes would lock each other out.
    db.execute("begin immediate")
    try:
        migrations.apply(db)
        broken = list(db.query("pragma foreign_key_check"))
        if broken:
            raise StoreError(f"{path}: rows that belong together do not fit ({broken[0]}); put a backup in its place")
        db.execute(f"pragma user_version = {SCHEMA_VERSION}")
        db.execute("commit")
    except BaseException:
        if db.conn.in_transaction:
            db.execute("rollback")
        raise


def _wrong_version(path: Path, found: int) -> StoreUnusable:
    if found > SCHEMA_VERSION:
        return StoreUnusable(
            f"{path}: was written by a newer news-monitor (schema {found}, this program knows {SCHEMA_VERSION}); "
            "upgrade news-monitor, or use another database"
        )
    return StoreUnusable(
        f"{path}: has schema {found}, this program needs {SCHEMA_VERSION}; run `news-monitor db migrate` first"
    )
