"""What the hub keeps. Care: events by bed, applied once by id. Feedback: only counts of answers,
never a row each.

A count has no order, no time and no bed: that is the shuffle. While fewer than HOLD beds have
answered a question in a period, its counts are held and nobody is told. That a bed did answer is
remembered until the period after next, apart from the answers and as a salted hash, so that no bed
speaks twice. Periods are the hub's own: what a report says of its time gives nobody a second voice.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from device.clock import SystemClock
from device.errors import Refused
from device.home.privacy import EPSILON, PERIOD, QUESTIONS

HOLD = 10               # beds
EVENTS_KEPT = 20_000    # rows of one bed, about five years; no bed's push out another's
RETENTION = 1827        # days: five years
LEAST_DAYS = 400        # with events that stay whatever the clock says
HEARD = 40_000          # of one bed's ids: what is sent again is newer than that
LARGEST = 4096          # bytes of an event
SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY) WITHOUT ROWID;    -- of earlier firmware
CREATE TABLE IF NOT EXISTS heard (
    seq INTEGER PRIMARY KEY, bed TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (bed, id));
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, bed TEXT NOT NULL, name TEXT NOT NULL, payload TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_bed ON events (bed, seq);
CREATE INDEX IF NOT EXISTS heard_by_bed ON heard (bed, seq);
CREATE TABLE IF NOT EXISTS holds (
    question TEXT, epoch INTEGER, salt BLOB NOT NULL, PRIMARY KEY (question, epoch)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answered (
    hash BLOB PRIMARY KEY, question TEXT NOT NULL, epoch INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (
    question TEXT, epoch INTEGER, y INTEGER, n INTEGER NOT NULL,
    PRIMARY KEY (question, epoch, y)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS released (
    question TEXT, y INTEGER, n INTEGER NOT NULL, PRIMARY KEY (question, y)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
    question TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS told (       -- shares, as JSON: now, and when the period began
    question TEXT PRIMARY KEY, epoch INTEGER NOT NULL, shares TEXT NOT NULL, anchor TEXT)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS days (       -- the last event of each day
    day INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
"""


class Store:
    def __init__(self, path: Path, wall: Callable[[], float] | None = None,
                 retention: int = RETENTION, synced: Callable[[], bool] | None = None):
        """`wall`: s since 1970; the system's where none is given. `retention`: days that events are
        kept, by a clock that is `synced`."""
        clock = SystemClock()
        self._wall, self._synced = wall or clock.wall, synced or clock.synced
        self._retention = retention
        self._db = sqlite3.connect(path, timeout=5.0, check_same_thread=False, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(SCHEMA)

    def event(self, identity: str, bed: str, name: str, payload: bytes) -> bool:
        """Apply one event; False if that id was applied before. On the disk once this returns.

        Raises Refused for what is no JSON, or too large."""
        if len(payload) > LARGEST:
            raise Refused(f"event {name} of {bed}: {len(payload)} bytes, more than {LARGEST}")
        try:
            text = json.dumps(json.loads(payload), allow_nan=False)
        except (ValueError, RecursionError):
            raise Refused(f"event {name} of {bed}: not JSON") from None
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if not self._first(identity, bed):
                return False
            self._db.execute(
                "INSERT INTO events (bed, name, payload) VALUES (?, ?, ?)", (bed, name, text)
            )
            self._db.execute(
                "DELETE FROM events WHERE bed = ? AND seq <= (SELECT seq FROM events WHERE bed = ? "
                "ORDER BY seq DESC LIMIT 1 OFFSET ?)", (bed, bed, EVENTS_KEPT)
            )
            if self._synced():
                self._forget_the_old()
        return True

    def feedback(self, identity: str, bed: str, payload: bytes) -> bool:
        """Count one answer; False if it was counted before. Raises Refused for anything but a
        report as agreed."""
        question, y = self._report(payload)
        epoch = int(self._wall() // PERIOD)
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if not self._first(identity):
                return False
            epoch = max(epoch, self._latest(question))
            for table in ("holds", "answered"):
                self._db.execute(
                    f"DELETE FROM {table} WHERE question = ? AND epoch < ?", (question, epoch - 2)
                )
            self._db.execute(
                "INSERT OR IGNORE INTO holds VALUES (?, ?, ?)", (question, epoch, os.urandom(16))
            )
            salt = self._db.execute("SELECT salt FROM holds WHERE question = ? AND epoch = ?",
                                    (question, epoch)).fetchone()[0]
            mark = hashlib.sha256(salt + bed.encode()).digest()
            if not self._db.execute("INSERT OR IGNORE INTO answered VALUES (?, ?, ?)",
                                    (mark, question, epoch)).rowcount:
                return False  # a bed has one voice in a period
            self._db.execute(
                "INSERT INTO held VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1",
                (question, epoch, y),
            )
            self._release(question, epoch)
        return True

    def counts(self, question: str) -> list[int]:
        """Released answers by y."""
        counts = [0] * QUESTIONS[question]
        for y, n in self._db.execute("SELECT y, n FROM released WHERE question = ?", (question,)):
            counts[y] = n
        return counts

    def waiting(self) -> int:
        """Answers held until enough beds gave one."""
        return self._db.execute("SELECT coalesce(sum(n), 0) FROM held").fetchone()[0]

    def next_version(self, question: str) -> int:
        self._db.execute(
            "INSERT INTO versions VALUES (?, 1) ON CONFLICT DO UPDATE SET version = version + 1",
            (question,),
        )
        return self._db.execute(
            "SELECT version FROM versions WHERE question = ?", (question,)
        ).fetchone()[0]

    def anchor(self, question: str) -> list[float] | None:
        """The shares that were told when this period began."""
        row = self._db.execute("SELECT epoch, shares, anchor FROM told WHERE question = ?",
                               (question,)).fetchone()
        if row is None:
            return None
        epoch, shares, anchor = row
        kept = shares if int(self._wall() // PERIOD) > epoch else anchor
        return json.loads(kept) if kept else None

    def told(self, question: str, shares: Sequence[float]) -> None:
        """These are published."""
        anchor, epoch = self.anchor(question), int(self._wall() // PERIOD)
        self._db.execute(
            "INSERT INTO told VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "epoch = max(epoch, excluded.epoch), shares = excluded.shares, "
            "anchor = excluded.anchor",
            (question, epoch, json.dumps(list(shares)), json.dumps(anchor) if anchor else None),
        )

    def events(self, bed: str = "", name: str = "") -> list[tuple[str, str, str]]:
        """(bed, name, payload), oldest first; all beds, all names where "" is given."""
        return list(
            self._db.execute(
                "SELECT bed, name, payload FROM events WHERE ? IN ('', bed) AND ? IN ('', name) "
                "ORDER BY seq",
                (bed, name),
            )
        )

    def erase(self, bed: str) -> int:
        """Forget a bed's events; its answers can't be found, being counts."""
        gone = self._db.execute("DELETE FROM events WHERE bed = ?", (bed,)).rowcount
        self._db.execute("DELETE FROM heard WHERE bed = ?", (bed,))
        self._db.execute("UPDATE days SET seq = min(seq, (SELECT coalesce(max(seq), 0) FROM events"
                         "))")
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def close(self) -> None:
        self._db.close()

    def _forget_the_old(self) -> None:
        """By the days that events came on. A clock that leaps takes no more than a slow one:
        the newest LEAST_DAYS with events stay."""
        today = int(self._wall() // 86_400)
        self._db.execute("INSERT OR REPLACE INTO days SELECT ?, max(seq) FROM events", (today,))
        old = self._db.execute(
            "SELECT max(day), max(seq) FROM days WHERE day < ? AND day NOT IN "
            "(SELECT day FROM days ORDER BY day DESC LIMIT ?)",
            (today - self._retention, LEAST_DAYS),
        ).fetchone()
        if old[0] is not None:
            self._db.execute("DELETE FROM events WHERE seq <= ?", (old[1],))
            self._db.execute("DELETE FROM days WHERE day <= ?", (old[0],))

    def _first(self, identity: str, bed: str = "") -> bool:
        """An answer's id is kept without its bed."""
        if self._db.execute("SELECT 1 FROM seen WHERE id = ?", (identity,)).fetchone():
            return False
        new = self._db.execute("INSERT OR IGNORE INTO heard (bed, id) VALUES (?, ?)",
                               (bed, identity)).rowcount
        self._db.execute(
            "DELETE FROM heard WHERE bed = ? AND seq <= (SELECT seq FROM heard WHERE bed = ? "
            "ORDER BY seq DESC LIMIT 1 OFFSET ?)", (bed, bed, HEARD)
        )
        return bool(new)

    def _latest(self, question: str) -> int:
        """The newest period that was counted in: a clock that is set back makes no more of them."""
        row = self._db.execute("SELECT max(epoch) FROM holds WHERE question = ?", (question,))
        return row.fetchone()[0] or 0

    def _report(self, payload: bytes) -> tuple[str, int]:
        try:
            report = json.loads(payload)
            question, epoch, y = report["q"], report["epoch"], report["y"]
            good = (
                set(report) == {"v", "q", "k", "y", "mech", "eps", "epoch"}
                and report["v"] == 1
                and report["mech"] == "krr"
                and report["eps"] == EPSILON
                and report["k"] == QUESTIONS[question]
                and type(y) is int
                and 0 <= y < report["k"]
                and type(epoch) is int
                and 0 <= epoch < 100_000
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            good = False
        if not good:
            raise Refused("feedback: not a report as agreed")
        return question, y

    def _release(self, question: str, epoch: int) -> None:
        """Once HOLD beds have answered, give their counts out and begin a new hold for whoever
        comes later."""
        here = (question, epoch)
        if (
            self._db.execute(
                "SELECT sum(n) FROM held WHERE question = ? AND epoch = ?", here
            ).fetchone()[0]
            < HOLD
        ):
            return
        self._db.execute(
            "INSERT INTO released SELECT question, y, n FROM held WHERE question = ? AND epoch = ? "
            "ON CONFLICT DO UPDATE SET n = n + excluded.n",
            here,
        )
        self._db.execute("DELETE FROM held WHERE question = ? AND epoch = ?", here)
