"""The hub's tables, for the embedded SQLite and for PostgreSQL alike, through SQLAlchemy.

Events stand in partitions of MONTH days at PostgreSQL, so that old ones leave as a file does, not
row by row. SQLite has no partitions; there they are deleted.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

from device.errors import ConfigError

VERSION = 3
MONTH = 30                              # days of one partition
FORMER = "*"                            # the bed of ids that were heard before beds had their own
CHANGING = 7_301                        # advisory locks: one hub at a time changes the tables
# Whoever stops in the middle of a transaction lets go of what it locked, and a store whose machine
# lost its power is noticed: TCP alone waits for hours.
HANGING = 30            # s
PATIENT = {"connect_timeout": 5, "options": f"-c idle_in_transaction_session_timeout={HANGING}s",
           "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4,
           "tcp_user_timeout": 1000 * HANGING}
# A sequence number that SQLite makes by itself is an INTEGER and nothing else.
NUMBER = BigInteger().with_variant(Integer, "sqlite")

tables = MetaData()
meta = Table("meta", tables, Column("name", String, primary_key=True),
             Column("value", String, nullable=False))
# What was heard of whom, so that what comes twice is applied once: the key is the promise.
heard = Table("heard", tables,
              Column("seq", NUMBER, sql.Identity(), primary_key=True),
              Column("bed", String, nullable=False), Column("id", String, nullable=False),
              Column("day", Integer, nullable=False, server_default="0"),
              sql.UniqueConstraint("bed", "id"), sql.Index("heard_by_bed", "bed", "seq"))
# A bed's quota: how much of it is kept, and its bucket of messages.
beds = Table("beds", tables, Column("bed", String, primary_key=True),
             Column("events", Integer, nullable=False, server_default="0"),
             Column("heard", Integer, nullable=False, server_default="0"),
             Column("spent", Float, nullable=False, server_default="0"),
             Column("at", Float, nullable=False, server_default="0"))
days = Table("days", tables, Column("day", Integer, primary_key=True, autoincrement=False))
paired = Table("paired", tables, Column("bed", String, primary_key=True))
holds = Table("holds", tables, Column("question", String, primary_key=True),
              Column("epoch", Integer, primary_key=True, autoincrement=False),
              Column("salt", LargeBinary, nullable=False))
answered = Table("answered", tables, Column("hash", LargeBinary, primary_key=True),
                 Column("question", String, nullable=False),
                 Column("epoch", Integer, nullable=False))
held = Table("held", tables, Column("question", String, primary_key=True),
             Column("epoch", Integer, primary_key=True, autoincrement=False),
             Column("y", Integer, primary_key=True, autoincrement=False),
             Column("n", Integer, nullable=False))
released = Table("released", tables, Column("question", String, primary_key=True),
                 Column("y", Integer, primary_key=True, autoincrement=False),
                 Column("n", Integer, nullable=False))
# A version is of one prior for ever: who publishes it again publishes these very bytes.
priors = Table("priors", tables, Column("question", String, primary_key=True),
               Column("version", Integer, primary_key=True, autoincrement=False),
               Column("epoch", Integer, nullable=False), Column("reports", Integer, nullable=False),
               Column("shares", String, nullable=False),      # as JSON
               Column("message", LargeBinary, nullable=False))


def events_of(dialect: str) -> Table:
    columns: list[Any] = [Column("bed", String, nullable=False),
                          Column("name", String, nullable=False),
                          Column("payload", String, nullable=False)]
    if dialect == "sqlite":
        return Table("events", MetaData(), Column("seq", Integer, primary_key=True), *columns,
                     Column("day", Integer, nullable=False, server_default="0"),
                     sql.Index("by_bed", "bed", "seq"))
    return Table("events", MetaData(), Column("seq", BigInteger, sql.Identity(), primary_key=True),
                 *columns,
                 Column("day", Integer, primary_key=True, autoincrement=False),
                 sql.Index("by_bed", "bed", "seq"), postgresql_partition_by="RANGE (day)")


def connect(where: Path | str) -> Engine:
    """A path is SQLite's, a URL PostgreSQL's. Raises ConfigError in words."""
    if isinstance(where, Path):
        engine = sql.create_engine(sql.URL.create("sqlite", database=str(where)),
                                   connect_args={"timeout": 5.0})
        sql.event.listen(engine, "connect", _embedded)
        sql.event.listen(engine, "begin", lambda db: db.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine
    try:
        url = sql.make_url(where)
        if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
            raise ConfigError(f"--store: {url.drivername}:// is no store that is known: "
                              "postgresql://user@host/name")
        # A connection that an earlier restart of the store cut is noticed before it is used.
        return sql.create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True,
                                 pool_size=3, max_overflow=2, connect_args=PATIENT)
    except (sql.exc.ArgumentError, ValueError):     # a port that is no number
        raise ConfigError("--store: that is no URL: postgresql://user@host/name") from None
    except ImportError as trouble:      # psycopg, or the library below it
        raise ConfigError(f"--store: {str(trouble).partition(chr(10))[0]}: "
                          "pip install 'nocturne[ward]'") from None


def _embedded(connection: Any, _: object) -> None:
    connection.isolation_level = None   # SQLAlchemy begins, not sqlite3
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def prepare(engine: Engine, events: Table, today: int) -> None:
    """Make the tables, or bring those of an earlier firmware to VERSION. Raises ConfigError for
    those of a later one."""
    with engine.begin() as db:
        alone(db, CHANGING)
        there = set(sql.inspect(db).get_table_names())
        meta.create(db, checkfirst=True)
        found = db.scalar(sql.select(meta.c.value).where(meta.c.name == "schema"))
        version = int(found) if found else (2 if "events" in there else 0)
        if version > VERSION:
            raise ConfigError(f"the store is of a later Nocturne (schema {version}, this one "
                              f"knows {VERSION}): update this hub")
        if version:
            for step in STEPS[version - 2:]:
                step(db, there, today)
        tables.create_all(db)
        events.create(db, checkfirst=True)
        db.execute(meta.delete().where(meta.c.name == "schema"))
        db.execute(meta.insert().values(name="schema", value=str(VERSION)))


def _from_2(db: Connection, there: set[str], today: int) -> None:
    """Ids without a bed become those of FORMER; what is there counts as of today, versions of
    priors go on where they were. The first stores had no `heard`, the last a `days` of other
    columns."""
    for table in there & {"told", "days"}:
        db.exec_driver_sql(f"DROP TABLE {table}")
    tables.create_all(db)
    db.exec_driver_sql("CREATE INDEX IF NOT EXISTS by_bed ON events (bed, seq)")
    for table in there & {"heard", "events"}:
        db.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN day INTEGER NOT NULL DEFAULT {today}")
    if "seen" in there:
        db.exec_driver_sql(f"INSERT OR IGNORE INTO heard (bed, id, day) "
                           f"SELECT '{FORMER}', id, {today} FROM seen")
        db.exec_driver_sql("DROP TABLE seen")
    db.exec_driver_sql("INSERT INTO beds (bed, events, heard) SELECT bed, count(*), "
                       "(SELECT count(*) FROM heard h WHERE h.bed = e.bed) FROM events e "
                       "GROUP BY bed")
    if "versions" in there:
        db.exec_driver_sql("INSERT INTO priors (question, version, epoch, reports, shares, message)"
                           " SELECT question, version, 0, 0, '', x'' FROM versions")
        db.exec_driver_sql("DROP TABLE versions")
    db.execute(days.insert().values(day=today))


STEPS: Sequence[Callable[[Connection, set[str], int], None]] = (_from_2,)


def alone(db: Connection, lock: int) -> None:
    """Until the end of this transaction nobody else holds `lock`; SQLite has one writer anyway."""
    if db.dialect.name == "postgresql":
        db.execute(sql.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})


def make_room(db: Connection, day: int) -> None:
    """The partition that events of `day` go into."""
    if db.dialect.name == "postgresql":
        month = day // MONTH
        alone(db, CHANGING)
        db.exec_driver_sql(
            f"CREATE TABLE IF NOT EXISTS events_{month} PARTITION OF events "
            f"FOR VALUES FROM ({MONTH * month}) TO ({MONTH * (month + 1)})")


def drop_before(db: Connection, events: Table, day: int) -> int:
    """Forget what came before `day`, at PostgreSQL whole months of it; how many rows or months."""
    # Ids before events, as who takes messages does: else each may wait for the other.
    db.execute(heard.delete().where(heard.c.day < day))
    if db.dialect.name != "postgresql":
        return db.execute(events.delete().where(events.c.day < day)).rowcount
    alone(db, CHANGING)
    names = (name for name in sql.inspect(db).get_table_names()
             if name.startswith("events_") and name[7:].isdigit())
    old = [name for name in names if MONTH * (int(name[7:]) + 1) <= day]
    for name in old:
        db.exec_driver_sql(f"DROP TABLE {name}")
    return len(old)
