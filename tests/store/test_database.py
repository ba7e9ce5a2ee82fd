"""Opening, migrating and failing: a database is never lost, and never silently another one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.core.errors import StoreError
from app.store.database import IN_MEMORY, KEPT_COPIES, Database
from app.store.migrations import APPLICATION_ID, MIGRATIONS


def m001_things(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE things (name TEXT)")


def m002_colour(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE things ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'")


def m003_fails(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM things")
    raise RuntimeError("a mistake of ours")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chats.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with closing(Database(path, [m001_things])) as opened:
        yield opened


def names(database: Database) -> list[str]:
    return [name for (name,) in database.rows("SELECT name FROM things ORDER BY rowid")]


def test_a_new_file_gets_todays_schema(path: Path) -> None:
    with closing(Database(path)) as database:
        applied = database.rows("SELECT name FROM migrations")
        assert applied == [(migration.__name__,) for migration in MIGRATIONS]
        assert database.rows("PRAGMA application_id") == [(APPLICATION_ID,)]
        assert database.rows("PRAGMA journal_mode") == [("wal",)]
        assert database.rows("PRAGMA foreign_keys") == [(1,)]
    assert [entry.name for entry in path.parent.iterdir()] == ["chats.db"]


def test_a_database_can_be_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(Database(IN_MEMORY)) as database:
        assert database.rows("SELECT count(*) FROM chats") == [(0,)]
    assert not list(tmp_path.iterdir())


def test_an_empty_file_counts_as_new(path: Path) -> None:
    path.touch()
    with closing(Database(path)) as database:
        assert database.rows("SELECT count(*) FROM chats") == [(0,)]


def test_a_transaction_is_whole_or_not_there(database: Database) -> None:
    def fail_halfway() -> None:
        with database.transaction():
            database.change("INSERT INTO things VALUES ('lost')")
            raise KeyError

    with database.transaction():
        database.change("INSERT INTO things VALUES ('kept')")
    with pytest.raises(KeyError):
        fail_halfway()
    assert names(database) == ["kept"]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("nul\0inside", "nul\0inside"),
        ("\0", "\0"),
        ("lone \ud83d surrogate", "lone \ufffd surrogate"),
        ("\udcff", "\ufffd"),
        ("a pair \ud83d\ude00", "a pair \U0001f600"),
        ("\ufffe\uffff \u202e \U0010ffff", "\ufffe\uffff \u202e \U0010ffff"),
    ],
)
def test_any_text_can_be_stored(database: Database, text: str, stored: str) -> None:
    database.change("INSERT INTO things VALUES (?)", (text,))
    assert names(database) == [stored]


def test_bytes_that_are_no_utf8_can_be_read(database: Database) -> None:
    database.change("INSERT INTO things VALUES (CAST(x'61ff62' AS TEXT))")
    assert names(database) == ["a\ufffdb"]


# -- migrations ------------------------------------------------------------------------------------


def test_pending_migrations_run_once_after_a_copy(path: Path) -> None:
    with closing(Database(path, [m001_things])) as old:
        old.change("INSERT INTO things VALUES ('apple')")
    for _ in range(2):
        with closing(Database(path, [m001_things, m002_colour])) as new:
            assert new.rows("SELECT * FROM things") == [("apple", "red")]
    copy = path.with_name("chats.db.before-m002.bak")
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["chats.db", copy.name]
    with closing(Database(copy, [m001_things])) as old:
        assert old.rows("SELECT * FROM things") == [("apple",)]


def test_the_copy_holds_what_is_only_in_the_log(path: Path) -> None:
    with closing(Database(path, [m001_things])) as old:
        old.change("INSERT INTO things VALUES ('apple')")
        assert path.with_name("chats.db-wal").stat().st_size > 0
        Database(path, [m001_things, m002_colour]).close()
    with closing(Database(path.with_name("chats.db.before-m002.bak"), [m001_things])) as copy:
        assert names(copy) == ["apple"]


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    with closing(Database(path, [m001_things])) as old:
        old.change("INSERT INTO things VALUES ('apple')")
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        Database(path, [m001_things, m002_colour, m003_fails])
    with closing(Database(path, [m001_things])) as old:
        assert old.rows("SELECT * FROM things") == [("apple",)]


def test_only_the_newest_copies_are_kept(path: Path) -> None:
    Database(path, [m001_things]).close()
    for number in range(10, 16):
        path.with_name(f"chats.db.before-m0{number}.bak").touch()
    path.with_name("other.db.before-m001.bak").touch()
    Database(path, [m001_things, m002_colour]).close()
    kept = sorted(entry.name for entry in path.parent.glob("chats.db.before-*"))
    assert kept == [f"chats.db.before-m0{number}.bak" for number in range(16 - KEPT_COPIES, 16)]
    assert path.with_name("other.db.before-m001.bak").exists()


def test_without_room_for_a_copy_nothing_is_migrated(path: Path) -> None:
    with closing(Database(path, [m001_things])) as old:
        old.change("INSERT INTO things VALUES ('apple')")
    path.with_name("chats.db.before-m002.part").mkdir()
    with pytest.raises(StoreError, match="could not be copied before its update"):
        Database(path, [m001_things, m002_colour])
    with closing(Database(path, [m001_things])) as old:
        assert names(old) == ["apple"]


def test_two_processes_may_open_a_new_file_at_once(path: Path) -> None:
    with closing(Database(path)) as first, closing(Database(path)) as second:
        assert first.rows("SELECT name FROM migrations") == second.rows("SELECT name FROM migrations")


# -- faults ----------------------------------------------------------------------------------------


def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    Database(path, [m001_things, m002_colour]).close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"chats\.db was written by a newer version of Thinkpane.*Update"):
        Database(path, [m001_things])
    assert path.read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (address TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is a database of another program"):
        Database(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [b"hello", b"\0" * 8192, b'{"chats": []}' * 500, b"SQLite format 3\0" + b"\xff" * 4096],
    ids=["text", "nuls", "json", "header"],
)
def test_what_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"chats\.db .*left as it is"):
        Database(path)
    assert path.read_bytes() == content


def test_damage_found_later_is_a_sentence(path: Path) -> None:
    with closing(Database(path, [m001_things])) as database, database.transaction():
        database.change_many("INSERT INTO things VALUES (?)", [("x" * 1000,) for _ in range(100)])
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 20 * 4096)
    with closing(Database(path, [m001_things])) as database, pytest.raises(StoreError, match="is damaged"):
        database.rows("SELECT * FROM things")


def test_a_folder_in_its_place_is_a_sentence(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        Database(path)


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be opened.*Check that the folder exists"):
        Database(tmp_path / "missing" / "chats.db")


def test_a_full_disk_is_a_sentence_and_the_store_stays_usable(database: Database) -> None:
    (pages,) = database.rows("PRAGMA page_count")[0]
    database.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="The disk is full"), database.transaction():
        database.change_many("INSERT INTO things VALUES (?)", [("small",), ("x" * 100_000,)])
    assert names(database) == []
    database.rows("PRAGMA max_page_count = 100000")
    database.change("INSERT INTO things VALUES ('kept')")
    assert names(database) == ["kept"]


def test_a_read_only_database_is_a_sentence(database: Database) -> None:
    database.rows("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="cannot be written"):
        database.change("INSERT INTO things VALUES ('x')")


def test_another_writer_is_a_sentence(database: Database, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.database.BUSY_SECONDS", 0.01)
    with closing(Database(path, [m001_things])) as other, database.transaction():
        with pytest.raises(StoreError, match="in use by another program"):
            other.change("INSERT INTO things VALUES ('x')")
        assert names(other) == []


def test_a_mistake_of_ours_is_not_dressed_up(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        database.rows("SELECT * FROM missing")


def test_a_failed_start_leaves_no_open_file(path: Path) -> None:
    Database(path, [m001_things, m002_colour]).close()
    with contextlib.suppress(StoreError):
        Database(path, [m001_things])
    assert [entry.name for entry in path.parent.iterdir()] == ["chats.db"]
