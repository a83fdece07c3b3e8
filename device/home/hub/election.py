"""Of several hubs on one store one is elected, for what may be done by one alone."""

import fcntl
import os
from pathlib import Path

import sqlalchemy as sql
from sqlalchemy import Connection, Engine

ELECTED = 7_303         # advisory lock
STUCK = "30s"           # a leader that asks nothing for so long is none any more


class Election:
    """PostgreSQL's advisory lock belongs to a connection and is free again when that ends, however
    its hub ended. Beside SQLite a locked file does the same for hubs on one machine."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._connection: Connection | None = None
        self._file: int | None = None

    def won(self) -> bool:
        """Whether this hub is the one now; stands for election if nobody is."""
        if self._engine.dialect.name == "postgresql":
            return self._by_lock()
        return self._by_file()

    def resign(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
        if self._file is not None:
            os.close(self._file)
        self._connection = self._file = None

    def _by_lock(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.execute(sql.text("SELECT 1"))
                return True
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            asked = sql.text("SELECT pg_try_advisory_lock(:lock)")
            if connection.scalar(asked, {"lock": ELECTED}):
                self._connection = connection
                connection.execute(sql.text(f"SET idle_session_timeout = '{STUCK}'"))
                return True
            connection.close()
        except sql.exc.SQLAlchemyError:
            self.resign()
        return False

    def _by_file(self) -> bool:
        if self._file is not None:
            return True
        path = Path(f"{self._engine.url.database}.elected")
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True
