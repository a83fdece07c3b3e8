import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.sound.link import SoundLink

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class SoundProcess:
    """A real sound process and the night's end of its wire."""

    def __init__(self, folder: Path, *flags: str, environment: dict[str, str] | None = None):
        self.socket = folder / "sound.socket"
        command = [sys.executable, "-m", "device.sound", "--socket", str(self.socket), *map(str, flags)]
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **ONE_THREAD, **(environment or {})},
                                        stderr=subprocess.PIPE)
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


@pytest.fixture
def alsa_capture(tmp_path):
    """ALSA's file plug-in instead of a sound card: (environment, file with what reached the DAC, S16 stereo)."""
    raw, conf = tmp_path / "dac.raw", tmp_path / "asound.conf"
    conf.write_text(f"""
</usr/share/alsa/alsa.conf>
pcm.nowhere {{ type null; }}
pcm.capture {{ type file; slave.pcm "nowhere"; file "{raw}"; format "raw"; }}
pcm.!default {{ type plug; slave {{ pcm "capture"; format S16_LE; rate 48000; channels 2 }} }}
""")
    return {"ALSA_CONFIG_PATH": str(conf)}, raw
