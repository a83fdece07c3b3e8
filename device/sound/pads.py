"""Pads and the drone: up to sixteen long notes, all of them mixed by one matrix product per block."""

import math

import numpy as np

from device.sound.settings import CONTROL
from device.sound.tables import Table, Tables, Timbre

PERIOD_RATE = 48_000 / CONTROL      # control periods per second
_UP = (np.arange(CONTROL, dtype=np.float32) / CONTROL)[None, None, :]


class Pads:
    """Sounding notes and where each is in its life. Times are in control periods since the engine's start."""

    def __init__(self, tables: Tables, most: int = 16):
        self._tables = tables
        self._most = most
        self._notes: list[Table] = []
        self._offsets: list[int] = []
        self._facts = np.zeros((0, 10))     # start, gate, attack, decay, sustain, release, gain, pan, phase, swing
        self._gather = np.zeros((2 * most, 0), np.float32)

    def __len__(self) -> int:
        return len(self._notes)

    def play(self, timbre: Timbre, pitch: int, now: int, start: int, duration: float, gain: float, pan: float,
             random: np.random.Generator, swing: float = 0.1) -> bool:
        """Start a note at control period `start` of the block that begins at `now`. False: all voices are busy, and
        the note is let go: a stolen voice would click.

        `pan` −1..1 drifts a little; the brightness of the note swings by ± `swing` at 0.03 Hz.
        """
        if len(self._notes) >= self._most:
            return False
        table = self._tables.get(timbre, pitch)
        attack = min(timbre.attack, max(0.4 * duration, 0.5))
        facts = (start, max(duration, 0.3) * PERIOD_RATE, attack * PERIOD_RATE, timbre.decay * PERIOD_RATE,
                 timbre.sustain, timbre.release * PERIOD_RATE, gain, pan, random.random() * 2 * math.pi, swing)
        self._facts = np.vstack([self._facts, facts])
        self._notes.append(table)
        self._offsets.append(int(random.integers(table.frames) - (start - now) * CONTROL) % table.frames)
        return True

    def power(self, now: int) -> float:
        """Expected A-weighted mean square at control period `now`."""
        if not self._notes:
            return 0.0
        gains = self._envelopes(np.array([now]))[0] * self._facts[:, 6]
        return float(sum(gain * gain * table.power for gain, table in zip(gains, self._notes, strict=True)))

    def add(self, out: np.ndarray, now: int, brightness: np.ndarray) -> None:
        """Add the next block to `out` (2, frames); `brightness` (periods + 1,) at its control points."""
        frames = out.shape[1]
        periods = frames // CONTROL
        if not self._notes:
            return
        count = len(self._notes)
        if self._gather.shape[1] != frames:
            self._gather = np.zeros((2 * self._most, frames), np.float32)
        gather, scales = self._gather[:2 * count], np.empty(count)
        for i, table in enumerate(self._notes):
            offset = self._offsets[i]
            gather[2 * i:2 * i + 2] = table.layers[:, offset:offset + frames]
            self._offsets[i] = (offset + frames) % table.frames
            scales[i] = table.scale
        gains = self._gains(now, periods, brightness) * scales[:, None]     # (periods + 1, channel, note, layer)
        gains = gains.reshape(periods + 1, 2, 2 * count)
        lines = np.concatenate([gains[:-1], gains[1:] - gains[:-1]], axis=1).astype(np.float32)
        mixed = lines @ gather.reshape(2 * count, periods, CONTROL).transpose(1, 0, 2)      # (periods, 4, CONTROL)
        mixed[:, 2:] *= _UP
        mixed[:, :2] += mixed[:, 2:]
        out.reshape(2, periods, CONTROL)[:] += mixed[:, :2].transpose(1, 0, 2)
        self._retire(now + periods)

    def skip(self, now: int) -> None:
        """Time has passed unheard until `now`."""
        self._retire(now)

    def clear(self) -> None:
        self._notes, self._offsets, self._facts = [], [], self._facts[:0]

    def _envelopes(self, times: np.ndarray) -> np.ndarray:
        """(times, notes): linear attack, decay and release, rounded at the corners by a smoothstep."""
        start, gate, attack, decay, sustain, release = self._facts[:, :6].T
        t = times[:, None] - start
        held = np.minimum(np.maximum(t, 0.0), gate)
        level = np.minimum(held / attack, 1.0 - (1.0 - sustain) * np.clip((held - attack) / decay, 0.0, 1.0))
        level *= 1.0 - np.clip((t - gate) / release, 0.0, 1.0)
        return level * level * (3.0 - 2.0 * level)

    def _gains(self, now: int, periods: int, brightness: np.ndarray) -> np.ndarray:
        times = np.arange(now, now + periods + 1)
        gain, pan, phase, swing = self._facts[:, 6:].T
        slow = times[:, None] / PERIOD_RATE * (2 * math.pi * 0.03) + phase
        bright = np.clip(brightness[:, None] + swing * np.sin(slow), 0.0, 1.0)
        angle = (np.clip(pan + 0.2 * np.sin(0.61 * slow + phase), -1.0, 1.0) + 1.0) * (math.pi / 4)
        level = self._envelopes(times) * gain
        sides = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (level[:, None] * math.sqrt(2.0))
        return np.stack([sides * (1.0 - bright[:, None]), sides * bright[:, None]], axis=-1)

    def _retire(self, now: int) -> None:
        over = now >= self._facts[:, 0] + self._facts[:, 1] + self._facts[:, 5]
        if over.any():
            keep = np.flatnonzero(~over)
            self._facts = self._facts[keep]
            self._notes = [self._notes[i] for i in keep]
            self._offsets = [self._offsets[i] for i in keep]
