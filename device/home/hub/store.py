"""What the hub keeps. Care: events by bed, applied once by id. Feedback: only counts of answers,
never a row each.

A count has no order, no time and no bed: that is the shuffle. While fewer than HOLD beds have
answered a question in a period, its counts are held and nobody is told. That a bed did answer is
remembered until the period after next, apart from the answers and as a salted hash, so that no bed
speaks twice. Periods are the hub's own: what a report says of its time gives nobody a second voice.

Several hubs may share one store at PostgreSQL. A bed's row is locked while its messages are taken,
so its quota is one, whichever hub they come to; a unique key lets nothing in twice. They go by the
store's clock, for their own may differ.
"""

import hashlib
import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from device.clock import SystemClock
from device.errors import Refused
from device.home.commands import ID
from device.home.hub import schema
from device.home.hub.schema import (
    answered,
    beds,
    days,
    heard,
    held,
    holds,
    paired,
    priors,
    released,
)
from device.home.privacy import EPSILON, PERIOD, QUESTIONS

HOLD = 10               # beds
# reports: below this the shares' standard error is above 0.14 at ε 1, k 5, and nothing is learned
ENOUGH = 100
EVENTS_KEPT = 20_000    # rows of one bed, about five years; no bed's push out another's
HEARD = 40_000          # of one bed's ids: what is sent again is newer than that
LARGEST = 4096          # bytes of an event
BURST = 1000            # messages of one bed: the outbox of one that was away for months
RATE = 1.0              # /s
RETENTION = 1827        # days: five years
LEAST_DAYS = 400        # with events that stay whatever the clock says
NOBODY = ""             # the bed of an answer's id
VOTES = 7_302           # advisory lock: answers are counted one after another
DAY = 86_400            # s
RECENT = 60.0           # s until the store is asked for its time again

# What became of a message; all but LATER are acknowledged.
APPLIED, AGAIN, REFUSED, LATER = "applied", "again", "refused", "later"


@dataclass(frozen=True, slots=True)
class Message:
    """As it came; `id` is the same at every attempt."""
    id: str
    bed: str
    plane: str          # "event" or "feedback"
    name: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A prior as it is published, and of how many reports."""
    version: int = 0
    reports: int = 0
    message: bytes = b""


class Store:
    def __init__(self, where: Path | str, wall: Callable[[], float] | None = None,
                 retention: int = RETENTION, synced: Callable[[], bool] | None = None):
        """`where`: a file for SQLite, or `postgresql://user:password@host/name`. `wall`: s since
        1970; the system's or PostgreSQL's where none is given. `retention`: days that events are
        kept, by a clock that is `synced`. Raises ConfigError for no store that can be used,
        SQLAlchemyError while it can't be reached."""
        clock = SystemClock()
        self._now, self._synced = clock.now, synced or clock.synced
        self._retention = retention
        self.engine = schema.connect(where)
        self._said, self._asked = 0.0, -float("inf")
        embedded = self.engine.dialect.name == "sqlite"
        self._wall = wall or (clock.wall if embedded else self._time_of_store)
        self._events = schema.events_of(self.engine.dialect.name)
        self._today = self._day()
        self._room: int | None = None       # the day that there is room for
        schema.prepare(self.engine, self._events, self._today)

    # ---- what beds send --------------------------------------------------------------------------

    def take(self, messages: Sequence[Message]) -> list[Verdict]:
        """Apply what is new, in one transaction: on the disk once this returns, or not at all and
        it raises."""
        if not messages:
            return []
        self._make_room()
        with self.engine.begin() as db:
            verdicts = self._events_of(db, [each for each in messages if each.plane == "event"])
            return [verdicts.pop(0) if message.plane == "event" else self._answer(db, message)
                    for message in messages]

    def event(self, identity: str, bed: str, name: str, payload: bytes) -> bool:
        """Apply one event; False if that id was applied before. Raises Refused for what is no JSON,
        too large, or too much of that bed."""
        return self._one(Message(identity, bed, "event", name, payload))

    def feedback(self, identity: str, bed: str, payload: bytes) -> bool:
        """Count one answer; False if that bed's was counted before. Raises Refused for anything but
        a report as agreed."""
        return self._one(Message(identity, bed, "feedback", "", payload))

    def _one(self, message: Message) -> bool:
        verdict, = self.take([message])
        if verdict.kind in (REFUSED, LATER):
            raise Refused(verdict.why or f"{message.bed}: too many messages")
        return verdict.kind == APPLIED

    # ---- what one elected hub does with the answers ----------------------------------------------

    def release(self) -> None:
        """Where HOLD beds have answered, give their counts out and begin a new hold for whoever
        comes later."""
        with self.engine.begin() as db:
            schema.alone(db, VOTES)
            full = db.execute(sql.select(held.c.question, held.c.epoch)
                              .group_by(held.c.question, held.c.epoch)
                              .having(sql.func.sum(held.c.n) >= HOLD)).all()
            for question, epoch in full:
                here = (held.c.question == question) & (held.c.epoch == epoch)
                for y, n in db.execute(sql.select(held.c.y, held.c.n).where(here)).all():
                    self._add(db, released, {"question": question, "y": y}, n)
                db.execute(held.delete().where(here))

    def newest(self, question: str) -> Made:
        """The prior that was made last; of version 0 is none."""
        with self.engine.begin() as db:
            row = db.execute(sql.select(priors).where(priors.c.question == question)
                             .order_by(priors.c.version.desc()).limit(1)).first()
        return Made(row.version, row.reports, row.message) if row else Made()

    def anchor(self, question: str) -> list[float] | None:
        """The shares that were told when this period began."""
        with self.engine.begin() as db:
            text = db.scalar(sql.select(priors.c.shares).where(
                priors.c.question == question, priors.c.epoch < self._epoch(db, question),
                priors.c.shares != "").order_by(priors.c.version.desc()).limit(1))
        return json.loads(text) if text else None

    def add_prior(self, question: str, made: Made, shares: Sequence[float]) -> bool:
        """False if that version is taken: it is another prior's, for ever."""
        with self.engine.begin() as db:
            return bool(self._new(db, priors, [{
                "question": question, "version": made.version, "reports": made.reports,
                "message": made.message, "shares": json.dumps(list(shares)),
                "epoch": self._epoch(db, question)}]))

    def retire(self) -> int:
        """Forget events and ids of more than `retention` days ago; how many rows or, at PostgreSQL,
        months. A clock that leaps takes no more than a slow one: the newest LEAST_DAYS days with
        events stay."""
        if not self._synced():
            return 0
        with self.engine.begin() as db:
            least = db.scalar(sql.select(days.c.day).order_by(days.c.day.desc()).limit(1)
                              .offset(LEAST_DAYS - 1))
            if least is None:
                return 0
            before = min(least, self._day() - self._retention)
            db.execute(days.delete().where(days.c.day < before))
            return schema.drop_before(db, self._events, before)

    # ---- what can be asked -----------------------------------------------------------------------

    def counts(self, question: str) -> list[int]:
        """Released answers by y."""
        counts = [0] * QUESTIONS[question]
        with self.engine.begin() as db:
            for y, n in db.execute(sql.select(released.c.y, released.c.n)
                                   .where(released.c.question == question)):
                counts[y] = n
        return counts

    def waiting(self) -> int:
        """Answers held until enough beds gave one."""
        with self.engine.begin() as db:
            return db.scalar(sql.select(sql.func.coalesce(sql.func.sum(held.c.n), 0))) or 0

    def events(self, bed: str = "", name: str = "") -> list[tuple[str, str, str]]:
        """(bed, name, payload), oldest first; all beds, all names where "" is given."""
        table = self._events
        asked = sql.select(table.c.bed, table.c.name, table.c.payload).order_by(table.c.seq)
        if bed:
            asked = asked.where(table.c.bed == bed)
        if name:
            asked = asked.where(table.c.name == name)
        with self.engine.begin() as db:
            return [tuple(row) for row in db.execute(asked)]

    def pair(self, bed: str) -> None:
        """This bed is one of those that are heard."""
        with self.engine.begin() as db:
            self._new(db, paired, [{"bed": bed}])

    def unpair(self, bed: str) -> None:
        with self.engine.begin() as db:
            db.execute(paired.delete().where(paired.c.bed == bed))

    def paired(self) -> frozenset[str]:
        """Who is heard; nobody named: everybody whom the broker lets in."""
        with self.engine.begin() as db:
            return frozenset(db.scalars(sql.select(paired.c.bed)))

    def owner(self, public_key: str) -> str:
        """The public key of the hubs on this store: the first one that comes with a key says."""
        with self.engine.begin() as db:
            self._new(db, schema.meta, [{"name": "hub_key", "value": public_key}])
            return db.scalar(sql.select(schema.meta.c.value)
                             .where(schema.meta.c.name == "hub_key")) or ""

    def alive(self) -> bool:
        """Whether it can be written to now."""
        try:
            with self.engine.begin() as db:
                db.execute(schema.meta.update().where(schema.meta.c.name == "schema")
                           .values(value=schema.meta.c.value))
        except sql.exc.SQLAlchemyError:
            return False
        return True

    def erase(self, bed: str) -> int:
        """Forget a bed's events; its answers can't be found, being counts. What PostgreSQL's own
        log and backups hold of them goes when these do."""
        with self.engine.begin() as db:
            db.execute(beds.delete().where(beds.c.bed == bed))      # first: it is what takers lock
            db.execute(heard.delete().where(heard.c.bed == bed))
            gone = db.execute(self._events.delete().where(self._events.c.bed == bed)).rowcount
        raw = self.engine.raw_connection()
        try:
            if self.engine.dialect.name == "postgresql":
                raw.driver_connection.autocommit = True     # type: ignore[union-attr]
                # Plain VACUUM leaves the bytes of what is gone in the pages.
                raw.cursor().execute("VACUUM FULL beds, heard, events")
            else:
                raw.cursor().execute("VACUUM")
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.invalidate()
        return gone

    def close(self) -> None:
        self.engine.dispose()

    # ---- inside a transaction --------------------------------------------------------------------

    def _events_of(self, db: Connection, messages: Sequence[Message]) -> list[Verdict]:
        texts = [self._text(message) for message in messages]
        late = self._over_their_rate(db, messages)
        good = [message for message, text, over in zip(messages, texts, late, strict=True)
                if not over and isinstance(text, str)]
        new = self._first(db, good)
        verdicts: list[Verdict] = []
        rows: list[dict[str, Any]] = []
        for message, text, over in zip(messages, texts, late, strict=True):
            key = message.bed, message.id
            if over:
                verdicts.append(Verdict(LATER))
            elif isinstance(text, Refused):
                verdicts.append(Verdict(REFUSED, str(text)))
            elif key not in new:
                verdicts.append(Verdict(AGAIN))
            else:
                new.discard(key)
                rows.append({"bed": message.bed, "name": message.name, "payload": text,
                             "day": self._today})
                verdicts.append(Verdict(APPLIED))
        if rows:
            db.execute(self._events.insert(), rows)
            self._trim(db, "events", self._events, EVENTS_KEPT,
                       Counter(row["bed"] for row in rows))
        return verdicts

    def _over_their_rate(self, db: Connection, messages: Sequence[Message]) -> list[bool]:
        """Which are too many: a bed may say BURST at once and RATE a second from then on. Locks the
        beds, in one order for all hubs."""
        names = sorted({message.bed for message in messages})
        if not names:
            return []
        now = self._wall()
        self._new(db, beds, [{"bed": name, "at": now} for name in names])
        asked = sql.select(beds.c.bed, beds.c.spent, beds.c.at).where(beds.c.bed.in_(names))
        spent = {bed: max(so_far - RATE * max(now - at, 0.0), 0.0) for bed, so_far, at
                 in db.execute(asked.order_by(beds.c.bed).with_for_update()).all()}
        over = []
        for message in messages:
            late = spent[message.bed] + 1.0 > BURST
            over.append(late)
            spent[message.bed] += not late
        db.execute(beds.update().where(beds.c.bed == sql.bindparam("name")).values(
            spent=sql.bindparam("so_far"), at=sql.bindparam("now")),
            [{"name": name, "so_far": spent[name], "now": now} for name in names])
        return over

    def _first(self, db: Connection, messages: Sequence[Message]) -> set[tuple[str, str]]:
        """The keys (bed, id) of those that were never heard."""
        keys = sorted({(message.bed, message.id) for message in messages})
        if not keys:
            return set()
        former = self._heard(db, schema.FORMER, [identity for _, identity in keys])
        rows = [{"bed": bed, "id": identity, "day": self._today} for bed, identity in keys
                if identity not in former]
        new = {(row.bed, row.id) for row in self._new(db, heard, rows)}
        self._trim(db, "heard", heard, HEARD, Counter(bed for bed, _ in new))
        return new

    def _heard(self, db: Connection, bed: str, ids: Sequence[str]) -> set[str]:
        return set(db.scalars(sql.select(heard.c.id).where(heard.c.bed == bed,
                                                           heard.c.id.in_(ids))))

    def _trim(self, db: Connection, counter: str, table: Any, most: int,
              more: Mapping[str, int]) -> None:
        """No bed keeps more than `most` rows of `table`."""
        for bed, n in sorted(more.items()):
            self._add(db, beds, {"bed": bed}, n, counter)
            kept = db.scalar(sql.select(beds.c[counter]).where(beds.c.bed == bed)) or 0
            if kept <= most + most // 1000:     # not at every message: it is a walk over the index
                continue
            last = db.scalar(sql.select(table.c.seq).where(table.c.bed == bed)
                             .order_by(table.c.seq.desc()).limit(1).offset(most))
            if last is not None:
                db.execute(table.delete().where(table.c.bed == bed, table.c.seq <= last))
            left = db.scalar(sql.select(sql.func.count()).where(table.c.bed == bed))
            db.execute(beds.update().where(beds.c.bed == bed).values({counter: left}))

    def _answer(self, db: Connection, message: Message) -> Verdict:
        """Count an answer. Nothing says when a bed gave one: its quota is its one voice, and the
        id is kept without its bed, in no order and as of the period's first day."""
        try:
            question, y = self._report(message.payload)
        except Refused as trouble:
            return Verdict(REFUSED, str(trouble))
        schema.alone(db, VOTES)
        if self._heard(db, NOBODY, [message.id]) or self._heard(db, schema.FORMER, [message.id]):
            return Verdict(AGAIN)
        epoch = self._epoch(db, question)
        for table in (holds, answered):
            db.execute(table.delete().where(table.c.question == question,
                                            table.c.epoch < epoch - 2))
        self._new(db, holds, [{"question": question, "epoch": epoch, "salt": os.urandom(16)}])
        salt = db.scalar(sql.select(holds.c.salt).where(holds.c.question == question,
                                                        holds.c.epoch == epoch)) or b""
        mark = hashlib.sha256(salt + message.bed.encode()).digest()
        if not self._new(db, answered, [{"hash": mark, "question": question, "epoch": epoch}]):
            return Verdict(AGAIN)   # a bed has one voice in a period
        self._new(db, heard, [{"bed": NOBODY, "id": message.id, "seq": -secrets.randbits(62),
                               "day": epoch * PERIOD // DAY}])
        # All of them are written: PostgreSQL shows by whom a row was, so the one that grew would
        # stand beside its bed's mark.
        for each in range(QUESTIONS[question]):
            self._add(db, held, {"question": question, "epoch": epoch, "y": each}, int(each == y))
        return Verdict(APPLIED)

    def _epoch(self, db: Connection, question: str) -> int:
        """The hub's period. A clock that is set back makes no more of them."""
        newest = db.scalar(sql.select(sql.func.max(holds.c.epoch))
                           .where(holds.c.question == question)) or 0
        return max(int(self._wall() // PERIOD), newest)

    def _new(self, db: Connection, table: Any, rows: Iterable[Mapping[str, object]]) -> list[Any]:
        """Insert those whose key isn't there; answers which."""
        rows = list(rows)
        if not rows:
            return []
        asked = self._insert(table).values(rows).on_conflict_do_nothing()
        return list(db.execute(asked.returning(table)).all())

    def _add(self, db: Connection, table: Any, key: Mapping[str, object], n: int,
             counter: str = "n") -> None:
        """Count `n` more where `key` is."""
        asked = self._insert(table).values({**key, counter: n})
        db.execute(asked.on_conflict_do_update(index_elements=list(key), set_={
            counter: table.c[counter] + asked.excluded[counter]}))

    def _insert(self, table: Any) -> Any:
        if self.engine.dialect.name == "sqlite":
            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql
        return postgresql.insert(table)

    def _make_room(self) -> None:
        self._today = self._day()       # of a whole transaction, even one at midnight
        if self._today != self._room:
            with self.engine.begin() as db:
                schema.make_room(db, self._today)
                self._new(db, days, [{"day": self._today}])
            self._room = self._today

    def _day(self) -> int:
        return int(self._wall() // DAY)

    def _time_of_store(self) -> float:
        if self._now() - self._asked > RECENT:
            with self.engine.connect() as db:
                self._said = float(db.execute(sql.select(
                    sql.extract("epoch", sql.func.clock_timestamp()))).scalar_one())
            self._asked = self._now()
        return self._said + self._now() - self._asked

    # ---- what they say ---------------------------------------------------------------------------

    @staticmethod
    def _text(message: Message) -> str | Refused:
        what = f"event {message.name[:64]} of {message.bed}"
        if not ID.fullmatch(message.name):
            return Refused(f"{what}: not a name")
        if len(message.payload) > LARGEST:
            return Refused(f"{what}: {len(message.payload)} bytes, more than {LARGEST}")
        try:
            text = json.dumps(json.loads(message.payload), allow_nan=False)
        except (ValueError, RecursionError):
            return Refused(f"{what}: not JSON")
        if "\\u0000" in text:       # PostgreSQL's jsonb can't hold it, whatever store this one is
            return Refused(f"{what}: a character that no text has")
        return text

    @staticmethod
    def _report(payload: bytes) -> tuple[str, int]:
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
