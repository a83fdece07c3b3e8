"""What must arrive, kept in SQLite until somebody says it did.

A row leaves only when its id is acknowledged by the hub's application (a PUBACK is not delivery:
facts of a broker killed after 100 good ones). Bounded: the oldest row is dropped first, and
counted. Thread-safe.
"""

import sqlite3
import threading
import uuid
from pathlib import Path
from typing import NamedTuple

MOST = 1000             # rows; a night makes about ten
SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, topic TEXT NOT NULL,
    payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO counters VALUES ('added', 0), ('acknowledged', 0), ('dropped', 0);
"""


class Row(NamedTuple):
    id: str             # UUID, the same at every attempt
    topic: str          # below the bed's own
    payload: bytes


class Outbox:
    def __init__(self, path: Path | None = None, most: int = MOST):
        """A file, or memory only when `path` is None. Raises sqlite3.Error if the file can't be
        used."""
        self._lock = threading.Lock()
        self._most = most
        self._db = sqlite3.connect(
            path or ":memory:", timeout=2.0, check_same_thread=False, isolation_level=None
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA secure_delete=ON")
        self._db.executescript(SCHEMA)

    def add(self, topic: str, payload: bytes, identity: str = "") -> str:
        """Keep a message; once this returns it survives a power cut. An id that is here already is
        not added again."""
        identity = identity or str(uuid.uuid4())
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if self._db.execute("INSERT OR IGNORE INTO rows (id, topic, payload) VALUES (?, ?, ?)",
                                (identity, topic, payload)).rowcount:
                self._count("added", 1)
                over = self._db.execute("SELECT count(*) FROM rows").fetchone()[0] - self._most
                if over > 0:
                    self._db.execute(
                        "DELETE FROM rows WHERE seq IN (SELECT seq FROM rows ORDER BY seq LIMIT ?)",
                        (over,),
                    )
                    self._count("dropped", over)
        return identity

    def oldest(self, n: int) -> list[Row]:
        with self._lock:
            return [
                Row(*row)
                for row in self._db.execute(
                    "SELECT id, topic, payload FROM rows ORDER BY seq LIMIT ?", (n,)
                )
            ]

    def acknowledge(self, identity: str) -> bool:
        """Whether a row left; acknowledging twice, or what never was, is no harm."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            gone = self._db.execute("DELETE FROM rows WHERE id = ?", (identity,)).rowcount
            if gone:
                self._count("acknowledged", gone)
        return bool(gone)

    def purge(self, prefix: str = "") -> int:
        """Drop every row whose topic starts with `prefix`, leaving no byte of it in the file; how
        many there were."""
        with self._lock:
            gone = self._db.execute(
                "DELETE FROM rows WHERE substr(topic, 1, ?) = ?", (len(prefix), prefix)
            ).rowcount
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def counts(self) -> dict[str, int]:
        """`added`, `acknowledged`, `dropped` since the file was made, and `waiting`."""
        with self._lock:
            counts = dict(self._db.execute("SELECT name, n FROM counters"))
            counts["waiting"] = self._db.execute("SELECT count(*) FROM rows").fetchone()[0]
        return counts

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _count(self, name: str, n: int) -> None:
        self._db.execute("UPDATE counters SET n = n + ? WHERE name = ?", (n, name))


class Courier:
    """Which rows to send now: the oldest few, each again only after a while, longer each time."""

    def __init__(
        self, outbox: Outbox, window: int = 8, patience: float = 20.0, longest: float = 600.0
    ):
        self._outbox, self._window, self._patience, self._longest = (
            outbox,
            window,
            patience,
            longest,
        )
        self._sent: dict[str, tuple[float, int]] = {}       # id → (when, how often)
        self._changed = True
        self._rows: list[Row] = []

    def due(self, now: float) -> list[Row]:
        if self._changed:
            self._rows, self._changed = self._outbox.oldest(self._window), False
            here = {row.id for row in self._rows}
            self._sent = {
                identity: sent for identity, sent in self._sent.items() if identity in here
            }
        out = []
        for row in self._rows:
            when, tries = self._sent.get(row.id, (-float("inf"), 0))
            if now - when >= min(self._patience * 2 ** max(tries - 1, 0), self._longest):
                self._sent[row.id] = now, tries + 1
                out.append(row)
        return out

    @property
    def unheard(self) -> bool:
        """Rows were sent three times and more, and nobody acknowledges."""
        return any(tries >= 3 for _, tries in self._sent.values())

    def look(self) -> None:
        """Rows were added or dropped."""
        self._changed = True

    def acknowledged(self, identity: str) -> None:
        self._outbox.acknowledge(identity)
        self._changed = True

    def reconnected(self) -> None:
        """What was on its way may be lost: send at once, but remember how often."""
        self._sent = {
            identity: (-float("inf"), tries) for identity, (_, tries) in self._sent.items()
        }
