"""The store's index: one SQLite file.

Its journal is the rollback journal: the write-ahead log needs memory that all processes share, and so one machine,
while a store may lie on a network file system. Transactions are short, and wait for one another.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from spectralkit.errors import ConfigurationError, DataError

MARK = 0x53504B42
"""``SPKB``, SQLite's application_id of a store."""

VERSION = 1
"""Of the schema."""

PATIENCE = 60.0
"""Seconds that a statement waits for other processes."""

DEAF = 0.5
"""Seconds of them at a time that SQLite waits by itself, in which no signal is heard."""

SCHEMA = """
CREATE TABLE cells (
    key TEXT PRIMARY KEY,
    config TEXT NOT NULL,
    facts TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    worker TEXT,
    error TEXT,
    seconds REAL,
    document TEXT
) WITHOUT ROWID;
CREATE INDEX cells_state ON cells (state);
CREATE TABLE grids (name TEXT PRIMARY KEY, plan TEXT NOT NULL);
"""


@attrs.frozen
class Database:
    """An open index.

    Args:
        path: The file.
        connection: To it.
        patience: Seconds that a statement waits for other processes.
    """

    path: Path
    connection: sqlite3.Connection
    patience: float = PATIENCE

    @classmethod
    def open(cls, path: Path, *, patience: float = PATIENCE) -> Database:
        """Open the index, or make it.

        Raises:
            DataError: If the file is none, of another version, or damaged.
            ConfigurationError: If it cannot be read or written, or others hold it.
        """
        with told(path):
            connection = sqlite3.connect(path, timeout=min(DEAF, patience), isolation_level=None)
            database = cls(path, connection, patience)
            mark, version = (database._execute(f"PRAGMA {name}").fetchone()[0] for name in MARKS)
            if (mark, version) == (0, 0):
                database._make()
            elif mark != MARK:
                raise DataError(f"{path} is no store's: choose another --store")
            elif version != VERSION:
                raise DataError(
                    f"store {path.parent} is of version {version}, this program reads {VERSION}: "
                    "use the spectralkit-bench it was made with, or choose another --store"
                )
        return database

    def _make(self) -> None:
        with self.transaction():
            if self.connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                return  # by another process, this moment
            for statement in SCHEMA.split(";"):
                self.connection.execute(statement)
            self.connection.execute(f"PRAGMA application_id = {MARK}")
            self.connection.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, alone among all processes."""
        with told(self.path):
            self._execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                if self.connection.in_transaction:  # of a full disk, SQLite has rolled back by itself
                    self.connection.execute("ROLLBACK")
                raise
            self._execute("COMMIT")

    def read(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Rows of a query."""
        with told(self.path):
            return self._execute(statement, *values).fetchall()

    def _execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        """Run a statement, once others let it."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return self.connection.execute(statement, values)
            except sqlite3.OperationalError as error:
                held = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
                if not held or time.monotonic() >= deadline:
                    raise


MARKS = ("application_id", "user_version")


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What SQLite cannot do, as one sentence with a remedy."""
    try:
        yield
    except sqlite3.OperationalError as error:
        reason = str(error)
        if "locked" in reason or "busy" in reason:
            remedy = "another process holds it: wait for it, or end it"
        elif "full" in reason:
            remedy = "free some space; nothing is lost"
        else:
            remedy = "check who may read and write there"
        raise ConfigurationError(f"cannot use store {path.parent}: {reason}: {remedy}") from error
    except sqlite3.DatabaseError as error:
        raise DataError(f"store {path.parent} is damaged ({path.name}: {error}): choose another --store") from error
