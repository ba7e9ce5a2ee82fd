"""The schema of the chats' database, as numbered steps that are only ever added to.

A step is never edited once released: its name is recorded in the file it was applied to.
Each runs inside one transaction with foreign keys off, so that it may rebuild a table.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence

Migration = Callable[[sqlite3.Connection], None]

APPLICATION_ID = int.from_bytes(b"ThPn", "big")
"""What SQLite keeps in the header of our files, so that another program's file is told apart."""

_M001 = (
    """
    CREATE TABLE chats (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        deleted_at REAL,
        leaf_id TEXT,
        model_path TEXT NOT NULL,
        preset_name TEXT NOT NULL,
        raw_prompt INTEGER NOT NULL,
        draft TEXT NOT NULL
    )
    """,
    "CREATE INDEX chats_newest ON chats (updated DESC, id, title, created) WHERE deleted_at IS NULL",
    # `number` is the order of creation and stays put under VACUUM, so a full-text index can refer to it.
    # A parent is in the same chat and stored before its child: no chain leaves its chat or closes a ring.
    """
    CREATE TABLE messages (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
        parent_id TEXT CHECK (parent_id <> id),
        role TEXT NOT NULL,
        state TEXT NOT NULL,
        finish_reason TEXT NOT NULL,
        error TEXT NOT NULL,
        created REAL NOT NULL,
        thinking_open INTEGER NOT NULL,
        thinking_seconds REAL NOT NULL,
        stats TEXT NOT NULL,
        thinking TEXT NOT NULL,
        answer TEXT NOT NULL,
        UNIQUE (chat_id, id),
        FOREIGN KEY (chat_id, parent_id) REFERENCES messages (chat_id, id)
    )
    """,
    "CREATE INDEX messages_by_parent ON messages (chat_id, parent_id)",
    "CREATE INDEX messages_streaming ON messages (number) WHERE state = 'streaming'",
)


def m001_chats_and_messages(connection: sqlite3.Connection) -> None:
    """Chats with a trash, and the tree of their messages."""
    for statement in _M001:
        connection.execute(statement)


MIGRATIONS: Sequence[Migration] = (m001_chats_and_messages,)


def applied_migrations(connection: sqlite3.Connection) -> frozenset[str]:
    """The names recorded in the file; none for a file that is still empty."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone():
        return frozenset()
    return frozenset(name for (name,) in connection.execute("SELECT name FROM migrations"))


def apply_migrations(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Run what is not applied yet and record it. The caller holds the transaction."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL)")
    applied = applied_migrations(connection)
    for migration in migrations:
        if migration.__name__ not in applied:
            migration(connection)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (migration.__name__, time.time()))
