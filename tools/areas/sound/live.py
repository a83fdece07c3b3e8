"""The sound process as it runs by a bed: through PortAudio into a virtual DAC that keeps the time
of the world.

ALSA's file plug-in pipes what it gets into `vdac`, below, which reads 10 ms at a time at the pace
of a DAC through a small pipe, counts the periods for which nothing was there, and keeps what it
got.
"""

import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from device.sound.client import SoundLink
from device.sound.settings import RATE
from device.values import Heartbeat, Note, Panic, Phrase, Scene, Volume
from kit.memory import resident
from kit.setup import PYTHONPATH, ROOT

PERIOD = 480                # frames
PIPE = 16_384               # bytes, 85 ms: how long the DAC lives on what it has
RUBBISH = b'{"v":1,"kind":"scene","level":99}\n' * 20
# bytes, 21 ms: for delays, since the plug-in already holds what PortAudio's buffer would
SHORT_PIPE = 4096

VDAC = '''
import fcntl, json, os, sys, time
raw, stats = sys.argv[1], sys.argv[2]
period, rate, pipe = map(int, sys.argv[3:6])
# The player was quicker and filled the pipe with silence: let some go until it can be made small.
while True:
    try: fcntl.fcntl(0, 1031, pipe); break      # F_SETPIPE_SZ
    except OSError: os.read(0, 4096)
try: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(90))
except OSError: pass
os.set_blocking(0, False)
out, size, begun = open(raw, "wb", 0), period * 4, None
held, ended, starved, count = b"", False, 0, 0
while True:
    while len(held) < size and not ended:
        try: data = os.read(0, size - len(held))
        except BlockingIOError: break
        ended = data == b""
        held += data
    if begun is None:
        if len(held) >= size:
            begun = time.monotonic()
            open(stats + ".begun", "w").write(repr(begun))
        elif ended: break
        else: time.sleep(0.001)
        continue
    if len(held) >= size: out.write(held[:size]); held = held[size:]
    elif ended: break
    else: starved += 1; out.write(held + bytes(size - len(held))); held = b""
    count += 1
    late = time.monotonic() - (begun + count * period / rate)
    if late < 0: time.sleep(-late)
json.dump({"periods": count, "starved": starved}, open(stats, "w"))
'''

NAIVE = '''
import sys, threading, time
import numpy as np, sounddevice
from areas.sound.render import blocks
from device.programmes import DEFAULT
notes = blocks(DEFAULT, 1e9, composer="rules")
held = [np.zeros((2, 0), np.float32)]
# synthesis in the callback, beside the rest of the program
def callback(out, frames, when, status):
    while held[0].shape[1] < frames: held[0] = np.concatenate([held[0], next(notes)[0]], axis=1)
    out[:] = held[0][:, :frames].T
    held[0] = held[0][:, frames:]
def busy():
    while True: sum(i * i for i in range(20_000))
for _ in range(2): threading.Thread(target=busy, daemon=True).start()
with sounddevice.OutputStream(samplerate=48000, channels=2, dtype="float32", latency=0.06,
                              callback=callback):
    time.sleep(float(sys.argv[1]))
'''


class Rig:
    """A folder with an ALSA configuration whose default device is the virtual DAC."""

    def __init__(self, folder: Path, pipe: int = PIPE):
        self.raw, self.stats, self._folder = folder / "dac.raw", folder / "dac.json", folder
        (folder / "vdac.py").write_text(VDAC)
        # ALSA hands it to a shell.
        command = shlex.join(map(str, (sys.executable, folder / "vdac.py", self.raw, self.stats,
                                       PERIOD, RATE, pipe)))
        (folder / "asound.conf").write_text(f'''
pcm.nowhere {{ type null }}
pcm.vdac {{ type file slave.pcm "nowhere" file "|{command}" format "raw" }}
pcm.!default {{ type plug slave {{ pcm "vdac" format S16_LE rate {RATE} channels 2 }} }}
''')
        self.environment = {
            **os.environ,
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
            "PYTHONPATH": PYTHONPATH,
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }

    def starved(self) -> int:
        """Periods for which the DAC had nothing, between the first sound and the last."""
        for _ in range(100):
            with contextlib.suppress(OSError, ValueError):
                return json.loads(self.stats.read_text())["starved"]
            time.sleep(0.05)
        raise RuntimeError("the virtual DAC left no count")

    def samples(self) -> np.ndarray:
        """(n, 2) int16 so far."""
        data = self.raw.read_bytes()
        return np.frombuffer(data[:len(data) // 4 * 4], "<i2").reshape(-1, 2)

    def begun(self) -> float:
        return float(Path(f"{self.stats}.begun").read_text())


class Playing:
    """A sound process that plays into a rig."""

    def __init__(self, folder: Path, pipe: int = PIPE):
        self.rig, self.socket = Rig(folder, pipe), folder / "sound.socket"
        self.link = SoundLink(self.socket)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "device.sound", "--socket", str(self.socket)], cwd=ROOT,
            env=self.rig.environment, stderr=subprocess.DEVNULL)
        self.wait(lambda beat: beat.frame > 0)

    def wait(self, enough, seconds: float = 60.0) -> Heartbeat:
        beat = None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            beat = self.link.heartbeat()
            if beat and enough(beat):
                return beat
            time.sleep(0.01)
        raise RuntimeError(f"the sound process didn't come along: {self.link.state}, {beat}")

    def imports_scipy(self) -> bool:
        return "scipy" in Path(f"/proc/{self.process.pid}/maps").read_text()

    def stop(self) -> int:
        """Ends it. Returns the periods the DAC starved."""
        self.link.close()
        self.process.terminate()
        self.process.wait(10)
        return self.rig.starved()


def stress(folder: Path, seconds: float = 20.0) -> dict[str, float]:
    """Plays beside two busy processes, is told a phrase and then only rubbish (a stalled brain, a
    hostile one). Underruns and memory."""
    playing = Playing(folder)
    neighbours = [
        subprocess.Popen([sys.executable, "-c", "while True: sum(i * i for i in range(20_000))"])
        for _ in range(2)
    ]
    try:
        playing.link.send(Scene({"rain": 0.5, "ocean": 0.4}, 0.8, 0.35, 0.0, 2.0))
        notes = tuple(
            Note(0.8 * i, 48 + (7 * i) % 20, 6.0, 0.6, ("pad", "bell", "piano")[i % 3])
            for i in range(60)
        )
        playing.link.send(Phrase(50.0, notes))
        with socket.socket(socket.AF_UNIX) as hostile:
            hostile.connect(str(playing.socket))
            for _ in range(int(10 * seconds)):
                hostile.sendall(RUBBISH)
                time.sleep(0.1)
        beat = playing.wait(lambda beat: beat.refused > 0)
        memory, scipy = resident(str(playing.process.pid)), playing.imports_scipy()
    finally:
        idle = [neighbour for neighbour in neighbours if neighbour.poll() is not None]
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()
        starved = playing.stop()
    if idle:
        raise RuntimeError("the busy neighbours ended early: there was no stress")
    return {"underruns": starved + beat.underruns, "rss_mb": memory, "scipy_imported": float(scipy)}


def naive(folder: Path, seconds: float = 20.0) -> int:
    """Periods that the same DAC starves when a callback renders beside two busy threads of its own
    process."""
    rig = Rig(folder)
    subprocess.run([sys.executable, "-c", NAIVE, str(seconds)], cwd=ROOT, env=rig.environment,
                   timeout=seconds + 60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return rig.starved()


def presses(folder: Path, count: int = 40) -> tuple[list[float], list[float]]:
    """ms from sending to the first sample of sound at the DAC: of an unmute, and of a scene out of
    silence."""
    playing, unmutes, starts = Playing(folder, SHORT_PIPE), [], []
    random = np.random.default_rng(1)

    def first(message) -> float:
        playing.link.send(message)
        sent = time.monotonic()
        time.sleep(0.3 + 0.1 * random.random())
        heard = playing.rig.samples()[round((sent - playing.rig.begun()) * RATE):]
        return 1000.0 * np.flatnonzero(heard.any(axis=1))[0] / RATE

    try:
        scene = Scene({"pink": 1.0}, 0.0, 0.5, 0.0, 0.0)
        playing.link.send(scene)
        playing.wait(lambda beat: beat.level > 35.0)
        for _ in range(count):
            playing.link.send(Volume(1.0, muted=True))
            time.sleep(0.35)
            unmutes.append(first(Volume(1.0, muted=False)))
        for _ in range(count // 2):
            playing.link.send(Panic())
            time.sleep(0.5)
            starts.append(first(scene))
    finally:
        playing.stop()
    return unmutes, starts


def measure(seconds: float = 20.0) -> tuple[dict[str, float], dict[str, float]]:
    """(ours, the naive player's)"""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, \
            tempfile.TemporaryDirectory() as three:
        figures = stress(Path(one), seconds)
        unmutes, starts = presses(Path(three))
        figures["unmute_to_sample_ms_p99"] = float(np.percentile(unmutes, 99))
        figures["press_to_sample_ms_p99"] = float(np.percentile(starts, 99))
        return figures, {"underruns": float(naive(Path(two), seconds))}
