"""A real mosquitto of one's own on a random port of the loopback, for tests and tools/swarm."""

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PATHS = ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto")


def find() -> str | None:
    return shutil.which("mosquitto") or next((path for path in PATHS if Path(path).exists()), None)


def free_port() -> int:
    """Below those that the kernel lends to clients: one that knocks at a broker gone for a while
    can be lent the very port it knocks at, meets itself there, and keeps the broker from coming
    back."""
    while True:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", random.randrange(10_000, 32_000)))
            return s.getsockname()[1]


class Mosquitto:
    """`config` is appended to a listener for anyone on `port`; with `anyone` False it must say who
    may come in."""

    def __init__(self, folder: Path, config: str = "", anyone: bool = True):
        self.folder, self.port = folder, free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "mosquitto.conf"
        listener = f"listener {self.port} 127.0.0.1\n" + (
            "allow_anonymous true\n" if anyone else ""
        )
        # The program refuses to read a folder as another user; as root it would change to
        # `mosquitto`.
        self.file.write_text(f"user root\nset_tcp_nodelay true\n{listener}{config}\n")
        self._process: subprocess.Popen | None = None

    def start(self) -> "Mosquitto":
        with open(self.folder / "mosquitto.log", "ab") as log:
            self._process = subprocess.Popen([find(), "-c", str(self.file)], stdout=log, stderr=log)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if self._process.poll() is not None:
                    raise RuntimeError(
                        f"mosquitto ended: {(self.folder / 'mosquitto.log').read_text()}"
                    ) from None
                time.sleep(0.02)
        raise RuntimeError("mosquitto doesn't listen")

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self, kill: bool = False) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            self._process.wait(10)
            self._process = None
