"""The sound process on the night's own, virtual clock: to a file, through PortAudio, or just
counted."""

import math
from collections import deque
from pathlib import Path

import numpy as np

from device.sound.dispatch import Console, dose_of, level_of
from device.sound.engine import Block
from device.sound.player import Stream
from device.sound.server import Server
from device.sound.settings import RATE, Settings, decibels
from device.sound.wav import WavWriter, to_int16
from device.values import Advance, Heartbeat, Panic
from device.wire import Message


class Lockstep:
    """Renders on the night's clock, as fast as it can: `Advance` says until when. The first one
    sets time's origin."""

    def __init__(
        self, settings: Settings, server: Server, out: Path | None, stream: Stream | None = None
    ):
        self._settings, self._server, self._stream = settings, server, stream
        self._console = Console(settings, server.path.with_suffix(".asleep"))
        self._engine, self._fader = self._console.engine, self._console.fader
        self._random = np.random.default_rng([settings.seed, 0xD17E])
        self._file = Excerpts(out, settings.seed) if out else None
        self._origin: float | None = None
        self._energy = self._peak = 0.0
        self._blocks = max(RATE // settings.block, 1)       # a second
        self._last_second: deque[float] = deque([0.0], maxlen=self._blocks)

    def run(self) -> int:
        """Until the night hangs up."""
        try:
            while not self._server.deserted:
                for message in self._server.poll(1.0):
                    self._take(message)
        finally:
            if self._file:
                self._file.close()
            if self._stream is not None:
                self._stream.stop()
                self._stream.close()
        return 0

    def _take(self, message: Message) -> None:
        if isinstance(message, Advance):
            self._advance(message)
            return
        if isinstance(message, Panic):      # the fader needs a moment of the old sound
            self._fader.cut()
            self._out(self._engine.render())
        self._console.take(message, self._origin)
        self._console.restore()

    def _plays_on(self) -> str:
        if self._stream is not None:
            return "portaudio"
        return str(self._file.path.name) if self._file else "nothing"

    def _advance(self, message: Advance) -> None:
        if self._origin is None:
            self._origin = message.time - self._engine.frame / RATE
        block = self._settings.block
        due = math.ceil(round((message.time - self._origin) * RATE - self._engine.frame) / block)
        if message.heard:
            for _ in range(due):
                self._out(self._engine.render())
                self._engine.heard(self._energy, self._engine.frame / RATE)
        elif due > 0:
            if self._file:
                self._file.cut()
            self._engine.skip(due * block)
            meant, knob = self._engine.expected_power, self._fader.gain
            guard = self._console.guard
            guard.skip(due * block / RATE, meant, knob, self._engine.waking)
            mean = meant * (knob * guard.gain) ** 2
            self._energy += mean * due * block / RATE
            self._engine.heard(self._energy, self._engine.frame / RATE)
            self._last_second.extend([mean] * min(due, self._blocks))
        level = level_of(sum(self._last_second) / len(self._last_second), self._settings)
        peak, self._peak = self._peak, 0.0
        self._server.tell(Heartbeat(
            time=message.time, frame=self._engine.frame, level=level, peak=decibels(peak),
            dose=dose_of(self._energy, self._settings), refused=self._server.refused,
            device=self._plays_on()))

    def _out(self, block: Block) -> None:
        left = [
            self._console.leave(chunk, float(power), float(meant), block.waking)
            for chunk, power, meant in zip(
                np.split(block.samples, len(block.power), axis=1), block.power, block.meant,
                strict=True,
            )
        ]
        samples = np.concatenate([chunk for chunk, _ in left], axis=1)
        mean = sum(power for _, power in left) / len(left)
        self._energy += mean * samples.shape[1] / RATE
        self._last_second.append(mean)
        self._peak = max(self._peak, float(np.abs(samples).max()))
        if self._file:
            self._file.write(samples)
        if self._stream is not None:
            self._stream.write(np.ascontiguousarray(to_int16(samples, self._random)))


class Excerpts:
    """A WAV of the heard parts, one after the other; each begins and ends softly."""

    EDGE = RATE // 2        # frames

    def __init__(self, path: Path, seed: int):
        self.path = path
        self._wav = WavWriter(path, seed)
        # the last half second, in case the excerpt ends with it
        self._held = np.zeros((2, 0), np.float32)
        self._fade_in = False

    def write(self, block: np.ndarray) -> None:
        if self._fade_in:
            self._fade_in = False
            block = block.copy()
            length = min(self.EDGE, block.shape[1])
            block[:, :length] *= np.linspace(0.0, 1.0, length, dtype=np.float32)
        whole = np.concatenate([self._held, block], axis=1)
        ready = max(whole.shape[1] - self.EDGE, 0)
        if ready:
            self._wav.write(whole[:, :ready])
        self._held = whole[:, ready:]

    def cut(self) -> None:
        """What follows is unheard."""
        self._wav.write(self._held * np.linspace(1.0, 0.0, self._held.shape[1], dtype=np.float32))
        self._held = self._held[:, :0]
        self._fade_in = True

    def close(self) -> None:
        self._wav.write(self._held)
        self._held = self._held[:, :0]
        self._wav.close()
