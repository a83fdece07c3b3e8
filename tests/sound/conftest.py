import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.sound.client import SoundLink

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class SoundProcess:
    """A real sound process and the night's end of its wire."""

    def __init__(self, folder: Path, *flags: str, environment: dict[str, str] | None = None):
        self.socket = folder / "sound.socket"
        command = [
            sys.executable,
            "-m",
            "device.sound",
            "--socket",
            str(self.socket),
            *map(str, flags),
        ]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD, **(environment or {})},
            stderr=subprocess.PIPE,
        )
        self.link = SoundLink(self.socket)
        for _ in range(1000):
            if self.link.heartbeat() or self.link.connected or self.process.poll() is not None:
                break
            time.sleep(0.02)

    def finish(self) -> int:
        self.link.close()
        return self.process.wait(30)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()


@pytest.fixture
def sound_process(tmp_path):
    started = []

    def start(*flags: str, environment: dict[str, str] | None = None) -> SoundProcess:
        started.append(SoundProcess(tmp_path, *flags, environment=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
