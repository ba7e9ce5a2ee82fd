"""One SQLite file: opening and migrating it, transactions, and its faults as sentences.

Write-ahead log with `synchronous = NORMAL`: a committed transaction is in the system's page cache,
so it survives the death of the process; a power cut may take the last ones but never the file.
"""

from __future__ import annotations

import glob
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from app.core.errors import StoreError
from app.store.migrations import APPLICATION_ID, MIGRATIONS, Migration, applied_migrations, apply_migrations

IN_MEMORY = Path(":memory:")
"""As a path: a database that is gone when it is closed."""

BUSY_SECONDS = 2.0
"""How long a write waits for another process; the caller is the GUI thread."""

KEPT_COPIES = 3
"""How many copies from before migrations are kept, newest first."""

_LEFT_ALONE = "The file was left as it is. Move it away to start without chats, or put a copy in its place."
_LOOK_AT_DISK = "Check that the folder exists, that you may write to it, and that the disk has room."
_IN_USE = ("{file} is in use by another program.", "Close other windows of Thinkpane and try again.")

_FAULTS = {
    sqlite3.SQLITE_FULL: ("The disk is full: {file} could not be changed.", "Free some space and try again."),
    sqlite3.SQLITE_TOOBIG: ("A text is too long to be stored in {file}.", "Shorten it; the limit is 1 GB."),
    sqlite3.SQLITE_NOTADB: ("{file} is not a database of chats.", _LEFT_ALONE),
    sqlite3.SQLITE_CORRUPT: ("{file} is damaged.", _LEFT_ALONE),
    sqlite3.SQLITE_READONLY: ("{file} cannot be written.", _LOOK_AT_DISK),
    sqlite3.SQLITE_PERM: ("{file} cannot be opened.", _LOOK_AT_DISK),
    sqlite3.SQLITE_CANTOPEN: ("{file} cannot be opened.", _LOOK_AT_DISK),
    sqlite3.SQLITE_IOERR: ("Reading or writing {file} failed.", _LOOK_AT_DISK),
    sqlite3.SQLITE_BUSY: _IN_USE,
    sqlite3.SQLITE_LOCKED: _IN_USE,
    sqlite3.SQLITE_PROTOCOL: _IN_USE,
}


class Database:
    """An open database with today's schema. Used from the thread that opened it.

    Every method raises StoreError where the disk or the file is at fault. Text is stored as UTF-8:
    lone surrogates become U+FFFD, NULs are kept.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        """Open `path`, in a folder that exists, or `IN_MEMORY`; a new file is made where there is none.

        Raises:
            StoreError: The file cannot be used. It has not been changed.
        """
        self.path = path
        with self._faults():
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                self._prepare(migrations)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Write the log back into the file and close it."""
        with self._faults():
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed together, or not at all when it raises."""
        with self._faults():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk makes SQLite roll back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._faults():
            return self._connection.execute(sql, _storable(values)).fetchall()

    def change(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run one INSERT, UPDATE or DELETE and return the number of rows it touched.

        Outside a transaction it is committed at once.
        """
        with self._faults():
            return self._connection.execute(sql, _storable(values)).rowcount

    def change_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each of `rows`; only inside a transaction is that all or nothing."""
        with self._faults():
            self._connection.executemany(sql, map(_storable, rows))

    def _prepare(self, migrations: Sequence[Migration]) -> None:
        self._connection.text_factory = _readable
        applied = self._require_our_schema(migrations)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        pending = [migration for migration in migrations if migration.__name__ not in applied]
        if pending:
            if applied:
                self._copy_before(pending[0])
            with self.transaction():
                apply_migrations(self._connection, migrations)
        # Only now: a migration may rebuild a table that others refer to.
        self._connection.execute("PRAGMA foreign_keys = ON")

    def _require_our_schema(self, migrations: Sequence[Migration]) -> frozenset[str]:
        """The migrations applied to the file; nothing is written before this has passed."""
        (application_id,) = self._connection.execute("PRAGMA application_id").fetchone()
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application_id != APPLICATION_ID and (application_id or tables):
            raise StoreError(f"{self.path} is a database of another program.", _LEFT_ALONE)
        applied = applied_migrations(self._connection)
        if applied - {migration.__name__ for migration in migrations}:
            raise StoreError(
                f"{self.path} was written by a newer version of Thinkpane.",
                "Update Thinkpane, or choose another data folder.",
            )
        return applied

    def _copy_before(self, migration: Migration) -> None:
        number = migration.__name__.partition("_")[0]
        copy = self.path.with_name(f"{self.path.name}.before-{number}.bak")
        part = copy.with_suffix(".part")
        try:
            part.unlink(missing_ok=True)
            with closing(sqlite3.connect(part)) as target:
                self._connection.backup(target)
            part.replace(copy)
            copies = sorted(self.path.parent.glob(f"{glob.escape(self.path.name)}.before-*.bak"))
            for old in copies[:-KEPT_COPIES]:
                old.unlink()
        except OSError as error:
            raise StoreError(f"{self.path} could not be copied before its update: {error}", _LOOK_AT_DISK) from error

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn what the environment does wrong into a StoreError; our own mistakes pass through."""
        try:
            yield
        except sqlite3.Error as error:
            # The low byte is the kind, the rest says more about it.
            kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if kind not in _FAULTS:
                raise
            message, hint = _FAULTS[kind]
            raise StoreError(message.format(file=self.path), hint) from error


def _readable(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _storable(values: Sequence[Any]) -> list[Any]:
    return [_storable_text(value) if isinstance(value, str) else value for value in values]


def _storable_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        # UTF-16 joins the two halves of a pair and finds those that stand alone.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
