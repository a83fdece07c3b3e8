"""The loudspeaker: the only file that knows sounddevice. It is opened once and kept open on
silence.

A blocking stream, not a callback: when a device dies the write raises, while a callback just stops
coming (PortAudio #930, #1074), and nothing written in Python can then break inside PortAudio's own
thread.
"""

import contextlib
import importlib
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np

from device.errors import SoundError
from device.sound.dispatch import Console
from device.sound.engine import Block
from device.sound.settings import CONTROL, RATE
from device.sound.wav import to_int16

CHUNK = 480                 # frames, 10 ms: how finely a press is heard
LATENCY = 0.04              # s asked of PortAudio: press → speaker is this and one chunk
HARDEST = 0.999             # full scale: nothing wraps


class Stream(Protocol):
    """What a sound device needs to have; PortAudio's has it."""
    latency: float              # s
    failure: type[Exception]    # what `write` raises when the device is gone

    def write(self, frames: np.ndarray) -> bool | None: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


def open_stream(name: str) -> Stream:
    """A started PortAudio output whose device's name contains `name` (any case); "" is the default
    one.

    Cards go through ALSA's plug, which turns our rate and channels into theirs: some take 44,100 Hz
    only, or one channel. Raises SoundError, naming what there is. PortAudio lists devices only when
    it starts, so it is started anew.
    """
    os.environ.setdefault("PA_ALSA_PLUGHW", "1")        # pa_linux_alsa.c, BuildDeviceList
    try:
        sounddevice = importlib.import_module("sounddevice")
    except Exception as trouble:        # a library built for another system raises what it likes
        raise SoundError(
            f"PortAudio is missing ({trouble}): apt-get install libportaudio2"
        ) from trouble
    with contextlib.suppress(sounddevice.PortAudioError):
        sounddevice._terminate()
        sounddevice._initialize()
    try:
        outputs = [
            (i, d["name"])
            for i, d in enumerate(sounddevice.query_devices())
            if d["max_output_channels"] >= 1
        ]
        found = [i for i, known in outputs if name.lower() in known.lower()] if name else [None]
        if not found or not outputs:
            names = ", ".join(known for _, known in outputs) or "none"
            called = f" called {name!r}" if name else ""
            raise SoundError(
                f"no sound device{called}; there are: {names}. "
                "Plug one in, or set its name in the config"
            )
        stream = sounddevice.OutputStream(
            samplerate=RATE,
            channels=2,
            dtype="int16",
            device=found[0],
            latency=LATENCY,
            dither_off=True,
        )
        stream.start()
    # ValueError: a card's name that is no UTF-8
    except (sounddevice.PortAudioError, ValueError, OSError) as trouble:
        raise SoundError(
            f"the sound device {name or 'default'} can't be opened: {trouble}"
        ) from trouble
    stream.failure = sounddevice.PortAudioError
    return stream


class Player:
    """A thread that takes rendered blocks from the ring, fades them, and writes them out. What it
    counts only grows; others read it."""

    def __init__(self, stream: Stream, console: Console, seed: int):
        self._console, self.fader = console, console.fader
        self.frames = 0                 # written to the device
        self.underruns = 0
        self.trouble: str | None = None
        self.peak = 0.0                 # since somebody set it to 0
        self.energy = 0.0               # A-weighted mean square × s, what was let through
        self._stream = stream
        self._ring: deque[Block] = deque()
        self._queued = 0
        self._taken = 0
        self._flush = False
        self._random = np.random.default_rng([seed, 0xD17E])
        self._thread = threading.Thread(target=self._play, name="player", daemon=True)

    def start(self, before: Callable[[], object] = lambda: None) -> None:
        """`before` is called in the thread first: to raise its priority."""
        self._before = before
        self._thread.start()

    @property
    def latency(self) -> float:
        """s from a write to the speaker."""
        return float(self._stream.latency)

    @property
    def buffered(self) -> int:
        """Frames rendered, not yet written."""
        return self._queued - self._taken

    def put(self, block: Block) -> None:
        self._queued += block.samples.shape[1]
        self._ring.append(block)

    @property
    def flushing(self) -> bool:
        return self._flush

    def flush(self) -> None:
        """Throw away what was rendered, as soon as the fader, which somebody has to cut, is silent.
        """
        self._flush = True

    def _play(self) -> None:
        self._before()
        silence = np.zeros((2, CHUNK), np.float32)
        block: np.ndarray | None = None
        powers, meant, waking = np.zeros(0), np.zeros(0), False
        at, sounding = 0, False
        try:
            while True:
                if self._flush and self.fader.silent:
                    while self._ring:
                        self._taken += self._ring.popleft().samples.shape[1]
                    if block is not None:
                        self._taken += block.shape[1] - at
                    block, sounding, self._flush = None, False, False
                if block is None and self._ring:
                    (block, powers, meant, waking), at = self._ring.popleft(), 0
                if block is None:
                    chunk, power, should = silence, 0.0, 0.0
                    self.underruns += sounding      # to run dry in silence harms nobody
                    sounding = False
                else:
                    chunk, period = block[:, at:at + CHUNK], at // CONTROL
                    power, should = float(powers[period]), float(meant[period])
                    sounding = bool(chunk.any()) and not self.fader.silent
                    at += chunk.shape[1]
                    self._taken += chunk.shape[1]
                    if at >= block.shape[1]:
                        block = None
                self._write(chunk, power, should, waking)
        except self._stream.failure as trouble:
            self.trouble = str(trouble)

    def _write(self, chunk: np.ndarray, power: float, meant: float, waking: bool) -> None:
        chunk, power = self._console.leave(chunk, power, meant, waking)
        top = max(float(chunk.max()), -float(chunk.min()))
        self.peak = max(self.peak, top)
        self.energy += power * chunk.shape[1] / RATE
        if not top <= HARDEST:  # also for NaN
            chunk = np.clip(
                np.nan_to_num(chunk, nan=0.0, posinf=0.0, neginf=0.0), -HARDEST, HARDEST
            )
        late = self._stream.write(np.ascontiguousarray(to_int16(chunk, self._random)))
        self.underruns += bool(late)
        self.frames += chunk.shape[1]


def raise_priority(level: int) -> bool:
    """SCHED_FIFO for the calling thread, where the system allows it."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(level))
    except OSError:
        return False
    return True

