"""What systemd does for a unit, as far as a stall or a death is concerned: notify socket, watchdog,
restart."""

import configparser
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Unit:
    """Runs `command` by the Restart, RestartSec and WatchdogSec of `systemd/NAME.service` until it
    is stopped."""

    def __init__(self, name: str, command: list, environment: dict[str, str], folder: Path):
        parsed = configparser.ConfigParser(strict=False, interpolation=None)
        parsed.read(ROOT / "systemd" / f"{name}.service")
        service = parsed["Service"]
        assert service["Restart"] == "always" and parsed["Unit"]["StartLimitIntervalSec"] == "0"
        self.watchdog, self.pause = service.getfloat("WatchdogSec"), service.getfloat("RestartSec")
        self.command = [str(word) for word in command]
        self.log = (folder / f"{name}.log").open("ab")
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(str(folder / f"{name}.notify"))
        self.notices.settimeout(0.05)
        self.environment = {**environment, "NOTIFY_SOCKET": str(folder / f"{name}.notify")}
        self.starts: list[float] = []           # monotonic s
        self.ready: list[float] = []
        self.process: subprocess.Popen | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        alive = None
        while not self._stopped.is_set():
            if self.process is None:
                self.starts.append(time.monotonic())
                self.process = subprocess.Popen(self.command, env=self.environment, cwd=ROOT,
                                                stdout=self.log, stderr=self.log)
                alive = None
            try:
                word = self.notices.recv(4096)
            except TimeoutError:
                word = b""
            if b"READY=1" in word:
                self.ready.append(time.monotonic())
            if b"READY=1" in word or b"WATCHDOG=1" in word:
                alive = time.monotonic()
            if alive is not None and time.monotonic() - alive > self.watchdog:
                self.process.send_signal(signal.SIGABRT)
                self.process.send_signal(signal.SIGCONT)
            if self.process.poll() is not None:
                self.process = None
                self._stopped.wait(self.pause)

    def send(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.notices.close()
        self.log.close()
