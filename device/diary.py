"""What the device remembers: SQLite, one writer thread, nothing acknowledged that isn't on the
disk.

Times are monotonic s of the boot that the night's row belongs to; only `nights.began` is wall time
(s since 1970). WAL with synchronous=FULL: with NORMAL a power cut may roll back commits.
"""

import contextlib
import json
import logging
import queue
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from device.errors import DiaryError
from device.salvage import salvage

VERSION = 1
SCHEMA = """
CREATE TABLE nights (id INTEGER PRIMARY KEY, began REAL, lights_out REAL NOT NULL,
    seed INTEGER NOT NULL, sleeper TEXT NOT NULL, software TEXT NOT NULL, ended REAL, sums TEXT,
    outcome TEXT);
CREATE TABLE epochs (night INTEGER NOT NULL, number INTEGER NOT NULL, time REAL NOT NULL,
    mode TEXT NOT NULL,
    stage TEXT, p_asleep REAL, p_wake REAL, p_light REAL, p_deep REAL, p_rem REAL,
    heart_rate REAL, rmssd REAL, breathing REAL, movement REAL, activity REAL,
    heart_quality REAL, motion_quality REAL, present INTEGER, target REAL, level REAL, dose REAL,
    PRIMARY KEY (night, number)) WITHOUT ROWID;
CREATE TABLE decisions (id INTEGER PRIMARY KEY, night INTEGER NOT NULL, time REAL NOT NULL,
    moment TEXT NOT NULL, recipe TEXT NOT NULL, sentence TEXT NOT NULL,
    contributions TEXT NOT NULL, seed INTEGER NOT NULL,
    propensity REAL NOT NULL, candidate INTEGER NOT NULL, receipt TEXT NOT NULL);
CREATE TABLE phrases (id INTEGER PRIMARY KEY, night INTEGER NOT NULL, start REAL NOT NULL,
    length REAL NOT NULL,
    notes TEXT NOT NULL);
CREATE TABLE events (id INTEGER PRIMARY KEY, night INTEGER NOT NULL, time REAL NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL);
CREATE TABLE feedback (id INTEGER PRIMARY KEY, night INTEGER NOT NULL, time REAL NOT NULL,
    kind TEXT NOT NULL,
    value REAL NOT NULL);
CREATE TABLE memory (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
PAGE = 1024  # bytes, of a new file: a night writes half of what it does with SQLite's usual 4096
CACHE = 256  # KiB of the file kept in memory: SQLite's usual 2000 only fill up, night by night
PATIENCE = 2.0              # s that the writer waits for another process's lock
STUCK = 5.0                 # s in which a writer that has work does nothing: it hangs
STEPS = 10_000              # of SQLite's machine between two signs of life in a long statement
MOVED = "moved"             # stands among the rows for a night whose times are to be moved
MOST_WAITING = 100_000      # rows kept in memory while the disk refuses them; about 30 nights
log = logging.getLogger("nocturne")


class Diary:
    """Rows are collected by `add` and become one transaction by `commit`; neither ever waits for
    the disk."""

    def __init__(self, path: Path | str):
        """Opens, migrates or makes the diary. A corrupt one is set aside, never deleted; `trouble`
        says so.

        Raises DiaryError if there is no diary to be had at this path at all.
        """
        self.path = Path(path)
        self.trouble = ""
        self.private = False  # nothing but settings and what was learned before is written
        self.lost = 0  # rows dropped: the disk refused for too long, or SQLite can't hold them
        self._rows: list[tuple[str, dict]] = []
        self._batches: queue.SimpleQueue = queue.SimpleQueue()
        self._busy = False                  # the writer has taken a batch
        self._moves = 0                     # its signs of life
        self._seen, self._since = 0, 0.0    # the last of them that was looked at, and when (s)
        self.nights = self._open()          # numbers of nights given so far
        self._remembered: dict[str, str] = {}       # as last handed to the writer
        self._connection: sqlite3.Connection | None = None  # the writer's
        self._files: tuple[tuple[int, int, int] | None, ...] = (None, None)
        self._broken, self._renewed = False, ""
        self._writer = threading.Thread(target=self._write, name="diary", daemon=True)
        self._writer.start()

    def add(self, table: str, **row: object) -> None:
        """One row, kept until `commit`. Mappings and lists are stored as JSON."""
        if self.private and table != "memory":
            return
        self._rows.append(
            (
                table,
                {
                    key: json.dumps(value, default=plain)
                    if isinstance(value, Mapping | list | tuple)
                    else value
                    for key, value in row.items()
                },
            )
        )

    def commit(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            self._batches.put(rows)

    def flush(self) -> bool:
        """Wait until everything is on the disk; False if the disk refuses, see `trouble`."""
        self.commit()
        done = threading.Event()
        self._batches.put(done)
        done.wait()
        return not self.trouble

    def writing(self, now: float) -> bool:
        """Whether the writer lives and gets on, as far as it was looked at until `now` s; nothing
        would be kept without it."""
        if self._moves != self._seen or not self._busy:
            self._seen, self._since = self._moves, now
        return self._writer.is_alive() and now - self._since < STUCK

    def close(self) -> None:
        self.flush()
        self._batches.put(None)
        self._writer.join()

    def remember(self, key: str, value: object) -> None:
        """A value (JSON-able) that replaces what the key had; the same again costs nothing."""
        text = json.dumps(value, default=plain)
        if self._remembered.get(key) != text:
            self._remembered[key] = text
            self.add("memory", key=key, value=text)

    def forget(self, keep: int) -> None:
        """Drop all but the newest `keep` nights."""
        self._batches.put(lambda connection: tidy(connection, keep))

    def scrub(self, sleeper: str, keys: Collection[str]) -> None:
        """Keys of the receipts of a sleeper's choices, and whatever was remembered before: gone,
        on the disk too."""
        self.commit()
        self._batches.put(lambda connection: scrubbed(connection, sleeper, keys))

    def shift(self, night: int, seconds: float) -> None:
        """Move a night's times: the machine was started anew, and monotonic time with it. In turn
        with the rows: those that come after it aren't moved, however long the disk refuses."""
        self._rows.append((MOVED, {"night": night, "seconds": seconds}))

    def recall(self, key: str, default: Any = None) -> Any:
        return recalled(self.path, key, default)

    def night(self, number: int) -> dict[str, Any]:
        """What its tables hold of a night: `lights_out` (s), `epochs` and `decisions`, oldest
        first. Raises sqlite3.Error."""
        with reading(self.path) as diary:
            row = diary.execute("SELECT lights_out FROM nights WHERE id = ?", (number,)).fetchone()
            epochs = diary.execute(
                "SELECT * FROM epochs WHERE night = ? ORDER BY number", (number,)
            ).fetchall()
            decisions = diary.execute(
                "SELECT * FROM decisions WHERE night = ? ORDER BY id", (number,)
            ).fetchall()
        lights_out = row["lights_out"] if row else None
        return {"lights_out": lights_out, "epochs": epochs, "decisions": decisions}

    def _open(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return prepare(self.path)
            except sqlite3.DatabaseError as trouble:
                if not damaged(trouble):
                    raise
                aside = set_aside(self.path) or self.path
                prepare(self.path)
                with contextlib.closing(connect(self.path)) as fresh:
                    saved = salvage(aside, fresh, lambda: None)
                self.trouble = (
                    f"diary {self.path}: was corrupt ({trouble}); kept as {aside.name}, "
                    f"begun anew with {saved} rows of it"
                )
                return prepare(self.path)
        except (OSError, sqlite3.Error) as trouble:
            raise DiaryError(
                f"diary {self.path}: can't be opened ({trouble}); check the disk and its rights"
            ) from trouble

    def _write(self) -> None:
        waiting: list[tuple[str, dict]] = []
        while (batch := self._batches.get()) is not None:
            self._busy = True
            self._move()
            try:
                if callable(batch):
                    with contextlib.suppress(sqlite3.Error):        # a later day is early enough
                        batch(self._whole())
                elif isinstance(batch, list):
                    waiting += batch
                    self.lost += max(len(waiting) - MOST_WAITING, 0)
                    waiting = waiting[-MOST_WAITING:]
                if waiting:
                    self.lost += self._store(waiting)
                    waiting, self.trouble, self._renewed = [], self._renewed, ""
            except (sqlite3.Error, OSError) as trouble:
                rows = f"{len(waiting)} rows wait in memory"
                self.trouble = f"diary {self.path}: can't write ({trouble}); {rows}"
            if isinstance(batch, threading.Event):
                batch.set()
            self._busy = False
        if self._connection is not None:
            self._connection.close()

    def _store(self, rows: list[tuple[str, dict]]) -> int:
        """One transaction; how many of them SQLite can't hold. Raises sqlite3.Error or OSError."""
        try:
            return self._attempt(rows)
        except sqlite3.DatabaseError as trouble:
            if not damaged(trouble):
                raise
            self._broken = True
            return self._attempt(rows)

    def _attempt(self, rows: list[tuple[str, dict]]) -> int:
        connection = self._whole()
        with connection:
            unfit = sum(not written(connection, table, row) for table, row in rows)
        self._files = self._named()
        return unfit

    def _whole(self) -> sqlite3.Connection:
        """The connection, or one to a diary begun anew: the file was removed, exchanged or emptied
        under it, or is damaged. SQLite would go on writing into a file that has no name any more.

        Raises sqlite3.Error or OSError.
        """
        if self._connection is not None:
            if not self._broken and self._same():
                return self._connection
            connection, self._connection = self._connection, None
            with contextlib.suppress(sqlite3.Error):
                connection.close()
            self._broken = True
        aside = None
        if self._broken:
            aside = set_aside(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            prepare(self.path)
        connection = connect(self.path)
        connection.set_progress_handler(self._move, STEPS)
        if self._broken:
            self._renew(connection, aside)
            self._broken = False
        self._connection, self._files = connection, self._named()
        return connection

    def _renew(self, connection: sqlite3.Connection, aside: Path | None) -> None:
        """What this process knows, which is newer; then what can be read in the file set aside."""
        with connection:
            for key, text in list(self._remembered.items()):
                written(connection, "memory", {"key": key, "value": text})
        saved = salvage(aside, connection, self._move) if aside is not None else 0
        kept = f"; kept as {aside.name}" if aside is not None else ""
        self._renewed = (
            f"diary {self.path}: was damaged or removed while it was written{kept}, "
            f"begun anew with {saved} rows of it"
        )
        log.error("%s", self._renewed)

    def _named(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Device, number and size of the file and of its log."""
        return tuple(identity(self.path.with_name(self.path.name + rest)) for rest in ("", "-wal"))

    def _same(self) -> bool:
        """Whether they are still those that were written last. A diary only grows: deleted rows
        leave free pages; SQLite removes its log with the last connection."""
        for before, now in zip(self._files, self._named(), strict=True):
            if before is not None and (now is None or now[:2] != before[:2]):
                return False
        (before, _), (now, _) = self._files, self._named()
        return before is None or now is not None and now[2] >= before[2]

    def _move(self) -> None:
        self._moves += 1


def recalled(path: Path, key: str, default: Any = None) -> Any:
    """What was last remembered and committed, or the default. What is torn comes back as its text:
    a loader that finds it says so, and doesn't take it for a first start."""
    with contextlib.suppress(sqlite3.Error), reading(path) as diary:
        row = diary.execute("SELECT value FROM memory WHERE key = ?", (key,)).fetchone()
        return read(row["value"]) if row else default
    return default


def damaged(trouble: sqlite3.DatabaseError) -> bool:
    """Whether it says that the file isn't what it was; locked, full or read-only is something
    else."""
    return not isinstance(trouble, sqlite3.OperationalError) or "no such table" in str(trouble)


def set_aside(path: Path) -> Path | None:
    """Out of the way, for whoever can read it; its new name, if there is anything."""
    aside = next(
        name for i in range(1, 1000)
        if not (name := path.with_name(f"{path.name}.corrupt-{i}")).exists()
    )
    for rest in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + rest).rename(aside.with_name(aside.name + rest))
    return aside if aside.exists() else None


def identity(path: Path) -> tuple[int, int, int] | None:
    """Device, number and size of the file that has this name now."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size


def written(connection: sqlite3.Connection, table: str, row: Mapping) -> bool:
    """False for a row that SQLite can't hold, a lone surrogate or 2**63: it must not keep the
    others from the disk."""
    if table == MOVED:
        shifted(connection, **row)
        return True
    try:
        connection.execute(statement(table, tuple(row)), tuple(row.values()))
    except (OverflowError, UnicodeError):
        return False
    return True


def shifted(connection: sqlite3.Connection, night: int, seconds: float) -> None:
    for table in ("epochs", "decisions", "events", "feedback"):
        connection.execute(f"UPDATE {table} SET time = time + ? WHERE night = ?", (seconds, night))
    connection.execute("UPDATE phrases SET start = start + ? WHERE night = ?", (seconds, night))
    connection.execute(
        "UPDATE nights SET lights_out = lights_out + ?, ended = ended + ? WHERE id = ?",
        (seconds, seconds, night),
    )


def scrubbed(connection: sqlite3.Connection, sleeper: str, keys: Collection[str]) -> None:
    with connection:
        connection.execute(
            f"UPDATE decisions SET receipt = json_remove(receipt{', ?' * len(keys)}) "
            "WHERE json_valid(receipt) AND night IN (SELECT id FROM nights WHERE sleeper = ?)",
            (*(f"$.{key}" for key in keys), sleeper))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def tidy(connection: sqlite3.Connection, keep: int) -> None:
    with connection:
        oldest = connection.execute(
            "SELECT id FROM nights ORDER BY id DESC LIMIT 1 OFFSET ?", (keep,)
        ).fetchone()
        if oldest:
            connection.execute("DELETE FROM nights WHERE id <= ?", tuple(oldest))
            for table in ("epochs", "decisions", "phrases", "events", "feedback"):
                connection.execute(f"DELETE FROM {table} WHERE night <= ?", tuple(oldest))


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE)
    connection.execute(f"PRAGMA page_size = {PAGE}")
    connection.execute(f"PRAGMA cache_size = -{CACHE}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")     # what is forgotten is forgotten
    connection.row_factory = sqlite3.Row
    return connection


def prepare(path: Path) -> int:
    """Check, migrate or make the file; the number of its last night. Raises sqlite3.Error."""
    try:
        return checked(path)
    except UnicodeError as trouble:     # what SQLite says of a torn name can't be read by sqlite3
        raise sqlite3.DatabaseError(f"its tables have torn names ({trouble})") from trouble


def checked(path: Path) -> int:
    with contextlib.closing(connect(path)) as connection:
        if (found := connection.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(found)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise sqlite3.OperationalError(
                f"version {version} is newer than this firmware's {VERSION}"
            )
        if version == 0:
            connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        return connection.execute("SELECT coalesce(max(id), 0) FROM nights").fetchone()[0]


@contextlib.contextmanager
def reading(path: Path | str) -> Iterator[sqlite3.Connection]:
    """A read-only connection; rows are mappings."""
    with contextlib.closing(
        sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE)
    ) as connection:
        connection.row_factory = sqlite3.Row
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")    # torn is not gone
        yield connection


def lent(path: Path | str) -> dict[str, Any]:
    """What a diary remembers that can't be opened, by key: its disk is full or read-only. Without
    its -shm it can only be read as it was when its log was last folded in. Never raises."""
    for way in ("mode=ro", "immutable=1"):
        with contextlib.suppress(sqlite3.Error, OSError), contextlib.closing(
            sqlite3.connect(f"file:{path}?{way}", uri=True, timeout=PATIENCE)
        ) as diary:
            diary.text_factory = lambda raw: raw.decode("utf-8", "replace")
            rows = diary.execute("SELECT key, value FROM memory").fetchall()
            return {key: read(value) for key, value in rows}
    return {}


def statement(table: str, columns: tuple[str, ...]) -> str:
    places = ", ".join("?" * len(columns))
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({places})"


def read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def plain(value: Any) -> object:
    """JSON for numpy's scalars and mapping proxies."""
    if isinstance(value, Mapping):
        return dict(value)
    return value.item()


TABLES = ("nights", "epochs", "decisions", "phrases", "events", "feedback", "memory")


def everything(path: Path | str) -> dict[str, list[dict]]:
    """Every row of every table, JSON-able. Raises DiaryError."""
    try:
        with reading(path) as diary:
            return {
                table: [dict(row) for row in diary.execute(f"SELECT * FROM {table}")]
                for table in TABLES
            }
    except sqlite3.Error as trouble:
        raise DiaryError(f"diary {path}: can't be read ({trouble})") from trouble


def erase(path: Path | str) -> None:
    """Forget everything, on the disk too. Raises DiaryError."""
    try:
        with contextlib.closing(connect(Path(path))) as diary:
            with diary:
                for table in TABLES:
                    diary.execute(f"DELETE FROM {table}")
            diary.execute("VACUUM")
            diary.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as trouble:
        raise DiaryError(f"diary {path}: can't be erased ({trouble})") from trouble
