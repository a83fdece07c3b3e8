"""A PostgreSQL of one's own on a random port of the loopback, for tests and tools/swarm."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

from kit.mosquitto import free_port

USER = "postgres"       # the server refuses to run as root


def find() -> Path | None:
    """The folder of the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"),
                   key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    there = shutil.which("postgres")
    return Path(there).resolve().parent if there else None


class Postgres:
    """`start` makes the database on first use; its settings are Debian's, so commits are durable.
    """

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.programs = find()
        self._process: subprocess.Popen | None = None
        self.url = f"postgresql://nocturne@127.0.0.1:{self.port}/postgres"

    def start(self) -> "Postgres":
        data = self.folder / "data"
        if not data.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._own()
            self._run("initdb", "-D", data, "-U", "nocturne", "-A", "trust", "-E", "UTF8",
                      "--locale=C")
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", data, "-p", str(self.port), "-k", self.folder,
                 "-c", "listen_addresses=127.0.0.1"],
                stdout=log, stderr=log, **self._as())
        for _ in range(600):
            if subprocess.run([self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p",
                               str(self.port)]).returncode == 0:
                return self
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL ended: {(self.folder / 'log').read_text()[-500:]}")

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self, kill: bool = False) -> None:
        """`kill`: as a power cut does, its children with it."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT if kill else signal.SIGINT)
        self._process.wait(30)
        self._process = None

    def _own(self) -> None:
        if os.getuid() == 0:
            shutil.chown(self.folder, USER)
            for parent in self.folder.parents:      # a test's folder is for its user alone
                if parent.stat().st_mode & 0o001 == 0:
                    parent.chmod(parent.stat().st_mode | 0o001)

    def _as(self) -> dict:
        if os.getuid() != 0:
            return {}
        who = pwd.getpwnam(USER)
        return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": [], "cwd": "/"}

    def _run(self, program: str, *words: object) -> None:
        ran = subprocess.run([self.programs / program, *map(str, words)], capture_output=True,
                             text=True, **self._as())
        if ran.returncode:
            raise RuntimeError(f"{program}: {ran.stderr[-500:]}")
