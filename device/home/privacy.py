"""Feedback that deserves the word anonymous: one coarse answer in 28 days, randomised here, paid
for before it leaves.

Two layers of k-ary randomised response (L-GRR: Arcolezi et al. 2021, after RAPPOR, Erlingsson et
al. 2014). The first is drawn once for each true value and remembered, so that asking for years
can't average the noise away; the second is fresh at every report, so that two reports of one bed
don't find each other by being alike. A single report is exactly k-ary randomised response at ε
`EPSILON`. No id, no time, no sequence is in it.
"""

import contextlib
import json
import logging
import math
import secrets
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from device.clock import SystemClock
from device.errors import Refused

EPSILON = 1.0           # of one report
FOREVER = 2.5           # ε of any number of reports of one unchanged value
LIFETIME = 6.0          # the ledger's cap: six reports, whatever happens
PERIOD = 28 * 86_400    # s: one report of each question
LIVED = PERIOD / 4      # s of running between two reports of a question, whatever the clock says
# → k, the number of answers. comfort: how the mornings were, 0 poor to 4 good. quiet: whether
# silence seems to be best here, 1 yes: few answers are many reports' worth, and a stranger's first
# week depends on it more than on tastes.
QUESTIONS = {"comfort_v1": 5, "quiet_v1": 2}
log = logging.getLogger("nocturne")
SCHEMA = """
CREATE TABLE IF NOT EXISTS spent (
    question TEXT, epoch INTEGER, eps REAL NOT NULL, y INTEGER NOT NULL, id TEXT NOT NULL,
    handed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (question, epoch));
CREATE TABLE IF NOT EXISTS remembered (
    question TEXT, value INTEGER, y INTEGER NOT NULL, PRIMARY KEY (question, value));
CREATE TABLE IF NOT EXISTS lived (question TEXT PRIMARY KEY, seconds REAL NOT NULL);
"""


def keep_probability(k: int, epsilon: float) -> float:
    """k-ary randomised response tells the truth with e^ε / (e^ε + k − 1)."""
    return math.exp(epsilon) / (math.exp(epsilon) + k - 1)


def second_keep(k: int, epsilon: float, forever: float) -> float:
    """The second layer's probability, such that both together are one k-ary randomised response at
    `epsilon`."""
    first = keep_probability(k, forever)
    other = (1 - first) / (k - 1)
    return (keep_probability(k, epsilon) - other) / (first - other)


def randomise(value: int, k: int, keep: float, uniform: Callable[[], float]) -> int:
    """`value` with probability `keep`, else any of the other k − 1 answers, all alike."""
    if not 0 <= value < k:
        raise ValueError(f"answer {value} is not one of {k}")
    u = uniform()
    if u < keep:
        return value
    other = min(int((u - keep) / (1 - keep) * (k - 1)), k - 2)
    return other + (other >= value)


@dataclass(frozen=True, slots=True)
class Report:
    question: str
    epoch: int          # 28-day periods since 1970
    y: int              # 0..k−1, randomised
    id: str             # of the envelope, not of the report; the same at every attempt

    def payload(self) -> bytes:
        return json.dumps(
            {
                "v": 1,
                "q": self.question,
                "k": QUESTIONS[self.question],
                "y": self.y,
                "mech": "krr",
                "eps": EPSILON,
                "epoch": self.epoch,
            }
        ).encode()


class Ledger:
    """What was ever spent. Written, and on the disk, before a report exists for anybody else."""

    def __init__(
        self, path: Path | None = None, uniform: Callable[[], float] | None = None,
        before: float = 0.0, now: Callable[[], float] | None = None,
    ):
        """`uniform` gives [0, 1); None is the operating system's random source. `before`: what is
        known elsewhere to be spent, for a ledger that was removed or torn. `now`: s, monotonic.

        Raises sqlite3.Error for a ledger that can't be read."""
        self._lock = threading.Lock()
        self._uniform = uniform or secrets.SystemRandom().random
        self._now = now or SystemClock().now
        self._since = self._now()
        self._db = sqlite3.connect(
            path or ":memory:", timeout=2.0, check_same_thread=False, isolation_level=None
        )
        try:
            self._prepare(before)
        except UnicodeError as trouble:         # what SQLite says of torn names is no UTF-8
            raise sqlite3.DatabaseError(f"its tables have torn names ({trouble})") from trouble

    def _prepare(self, before: float) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(SCHEMA)
        if (found := self._db.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(found)
        if (missing := before - self._total()) > 0:
            self._db.execute(
                "INSERT INTO spent VALUES ('', 0, ?, -1, '', 1) "
                "ON CONFLICT DO UPDATE SET eps = eps + excluded.eps", (missing,)
            )

    def spend(self, question: str, value: int, wall: float) -> Report:
        """This period's report of `question` (one of QUESTIONS); a second call in the period gives
        the first again.

        Raises Refused when the lifetime's ε is spent, the question or answer is unknown, the clock
        went on faster than this bed lived, or the ledger can't be written.
        """
        if question not in QUESTIONS or not 0 <= value < QUESTIONS[question]:
            raise Refused(f"feedback: {question!r} has no answer {value!r}")
        epoch = int(wall // PERIOD)
        with self._lock, readable(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._live()
            row = self._db.execute("SELECT y, id FROM spent WHERE question = ? AND epoch = ?",
                                   (question, epoch)).fetchone()
            if row is None:
                self._affords(question)
                row = self._draw(question, value), str(uuid.uuid4())
                self._db.execute(
                    "INSERT INTO spent (question, epoch, eps, y, id) VALUES (?, ?, ?, ?, ?)",
                    (question, epoch, EPSILON, *row),
                )
                self._db.execute("INSERT OR REPLACE INTO lived VALUES (?, 0)", (question,))
        return Report(question, epoch, *row)

    def _affords(self, question: str) -> None:
        """Raises Refused."""
        if self._total() + EPSILON > LIFETIME:
            raise Refused(f"feedback: this bed's lifetime ε of {LIFETIME:g} is spent; "
                          "nothing more is shared")
        if not self._db.execute("SELECT 1 FROM spent WHERE question = ?", (question,)).fetchone():
            return
        row = self._db.execute("SELECT seconds FROM lived WHERE question = ?", (question,))
        if (row.fetchone() or (0.0,))[0] < LIVED:
            raise Refused("feedback: the clock says that a new period has begun, but this bed has "
                          "run for too little of the last one; nothing is shared yet")

    def _live(self) -> None:
        """Time that went by on a clock that nobody can set."""
        now, since = self._now(), self._since
        for question in QUESTIONS:
            self._db.execute(
                "INSERT INTO lived VALUES (?, ?) "
                "ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds",
                (question, now - since),
            )
        self._since = now

    def unhanded(self) -> list[Report]:
        """Paid for, but perhaps not in the outbox yet: a crash came between. Raises Refused."""
        with self._lock, readable():
            return [Report(*row) for row in
                    self._db.execute("SELECT question, epoch, y, id FROM spent WHERE NOT handed")
                    if row[0] in QUESTIONS]

    def handed(self, report: Report) -> None:
        with self._lock, readable():
            self._db.execute("UPDATE spent SET handed = 1 WHERE id = ?", (report.id,))

    def total(self) -> float:
        """ε spent so far, of LIFETIME."""
        with self._lock:
            return self._total()

    def forget(self) -> None:
        """Consent is withdrawn or all is erased: no answer stays, only that ε was spent."""
        with self._lock:
            self._db.execute("DELETE FROM remembered")
            self._db.execute("UPDATE spent SET y = -1, handed = 1, id = ''")
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def spend_all(self) -> None:
        """What was spent isn't known any more, so nothing more is shared."""
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO spent VALUES ('', 0, ?, -1, '', 1)",
                             (LIFETIME,))

    def close(self) -> None:
        self._db.close()

    def _total(self) -> float:
        return self._db.execute("SELECT coalesce(sum(eps), 0.0) FROM spent").fetchone()[0]

    def _draw(self, question: str, value: int) -> int:
        k = QUESTIONS[question]
        row = self._db.execute("SELECT y FROM remembered WHERE question = ? AND value = ?",
                               (question, value)).fetchone()
        if row is None:
            row = (randomise(value, k, keep_probability(k, FOREVER), self._uniform),)
            self._db.execute("INSERT INTO remembered VALUES (?, ?, ?)", (question, value, row[0]))
        return randomise(row[0], k, second_keep(k, EPSILON, FOREVER), self._uniform)


@contextlib.contextmanager
def readable() -> Iterator[None]:
    """A ledger that is locked, torn or on a disk that refuses shares nothing. Raises Refused."""
    try:
        yield
    except (sqlite3.Error, UnicodeError, TypeError) as trouble:
        raise Refused(f"feedback: the ledger can't be used ({trouble}); nothing is shared"
                      ) from trouble


class Home(Protocol):
    """What it needs of mqtt.Home."""

    @property
    def sharing(self) -> bool: ...

    def feedback(self, question: str, payload: bytes, identity: str) -> str: ...

    def withdraw(self) -> None: ...


class Feedback:
    """The feedback plane of one bed: ledger, then outbox."""

    def __init__(self, ledger: Ledger, home: Home,
                 keep: Callable[[float], object] = lambda total: None):
        """`keep` is told what was ever spent, for a place beside the ledger."""
        self.ledger, self.home, self.keep = ledger, home, keep

    def share(self, question: str, value: int, wall: float) -> bool:
        """Whether a report is on its way (or was in this period). Without consent, nothing is drawn
        or spent.

        Raises Refused as `Ledger.spend` does.
        """
        if not self.home.sharing:
            return False
        report = self.ledger.spend(question, value, wall)
        self.keep(self.ledger.total())
        if report.y < 0:            # withdrawn and given again within one period
            return False
        return self._hand(report)

    def resume(self) -> None:
        """After a start: hand over what was paid for and perhaps never sent, with the same answer
        and id. Raises Refused."""
        if self.home.sharing:
            for report in self.ledger.unhanded():
                self._hand(report)

    def withdraw(self) -> None:
        """A ledger that can't be written keeps its answers until `nocturne erase`; they stay here.
        """
        self.home.withdraw()
        try:
            self.ledger.forget()
        except sqlite3.Error as trouble:
            log.warning("feedback: the answers given before can't be forgotten yet (%s)", trouble)

    def _hand(self, report: Report) -> bool:
        if not self.home.feedback(report.question, report.payload(), report.id):
            return False
        self.ledger.handed(report)
        return True
