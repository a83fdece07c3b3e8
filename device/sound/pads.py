"""Pads and the drone: up to sixteen long notes, all of them mixed by one matrix product per block.
"""

import math

import numpy as np

from device.sound.settings import CONTROL, RATE
from device.sound.wavetables import Table, Tables, Timbre

PERIOD_RATE = RATE / CONTROL        # control periods per second
SLOW = 16                           # control periods, 0.34 s
SWING = 0.1                         # of the brightness
_UP = (np.arange(CONTROL, dtype=np.float32) / CONTROL)[None, None, :]


class Pads:
    """Sounding notes and where each is in its life. Times are in control periods since the engine's
    start."""

    def __init__(self, tables: Tables, most: int = 16):
        self._tables = tables
        self._most = most
        self._notes: list[Table] = []
        self._offsets: list[int] = []
        # start, gate, attack, decay, sustain, release, gain, pan, phase
        self._facts = np.zeros((0, 9))
        self._ends = math.inf               # control period when the first of them is over
        self._ways: tuple[int, np.ndarray] | None = None
        self._gather = np.zeros((2 * most, 0), np.float32)

    def __len__(self) -> int:
        return len(self._notes)

    def play(
        self,
        timbre: Timbre,
        pitch: int,
        now: int,
        start: int,
        duration: float,
        gain: float,
        pan: float,
        random: np.random.Generator,
    ) -> bool:
        """Start a note at control period `start` of the block that begins at `now`. False: all
        voices are busy, and the note is let go: a stolen voice would click.

        `pan` −1..1 drifts a little; the brightness of the note swings by ± `SWING` at 0.03 Hz.
        """
        if len(self._notes) >= self._most:
            return False
        table = self._tables.get(timbre, pitch)
        gate, attack, release = (
            max(duration, 0.3),
            min(timbre.attack, max(0.4 * duration, 0.5)),
            timbre.release,
        )
        if timbre.inhaled:
            gate = attack = timbre.inhaled * max(duration, 2.0)
            release = max(duration, 2.0) - gate
        facts = (
            start,
            gate * PERIOD_RATE,
            attack * PERIOD_RATE,
            timbre.decay * PERIOD_RATE,
            timbre.sustain,
            release * PERIOD_RATE,
            gain * table.scale,
            pan,
            random.random() * 2 * math.pi,
        )
        self._facts = np.vstack([self._facts, facts])
        self._changed()
        self._notes.append(table)
        self._offsets.append(
            int(random.integers(table.frames) - (start - now) * CONTROL) % table.frames
        )
        return True

    def power(self, now: int) -> float:
        """Expected A-weighted mean square at control period `now`."""
        if not self._notes:
            return 0.0
        gains = self._envelopes(np.array([now]))[0] * self._facts[:, 6]
        return sum((gain / table.scale) ** 2 * table.power
                   for gain, table in zip(gains.tolist(), self._notes, strict=True))

    def add(self, out: np.ndarray, now: int, brightness: np.ndarray) -> None:
        """Add the next block to `out` (2, frames); `brightness` (periods + 1,) at its control
        points."""
        frames = out.shape[1]
        periods = frames // CONTROL
        if not self._notes:
            return
        count = len(self._notes)
        if self._gather.shape[1] != frames:
            self._gather = np.zeros((2 * self._most, frames), np.float32)
        gather = self._gather[:2 * count]
        for i, table in enumerate(self._notes):
            offset = self._offsets[i]
            gather[2 * i:2 * i + 2] = table.layers[:, offset:offset + frames]
            self._offsets[i] = (offset + frames) % table.frames
        gains = self._gains(now, periods, brightness).reshape(periods + 1, 2, 2 * count)
        lines = np.empty((periods, 4, 2 * count), np.float32)
        lines[:, :2] = gains[:-1]
        np.subtract(gains[1:], gains[:-1], out=lines[:, 2:], casting="same_kind")
        # (periods, 4, CONTROL)
        mixed = lines @ gather.reshape(2 * count, periods, CONTROL).transpose(1, 0, 2)
        mixed[:, 2:] *= _UP
        mixed[:, :2] += mixed[:, 2:]
        out.reshape(2, periods, CONTROL)[:] += mixed[:, :2].transpose(1, 0, 2)
        self._retire(now + periods)

    def skip(self, now: int) -> None:
        """Time has passed unheard until `now`."""
        self._retire(now)

    def clear(self) -> None:
        self._notes, self._offsets, self._facts = [], [], self._facts[:0]
        self._changed()

    def _changed(self) -> None:
        self._ends = float(
            (self._facts[:, 0] + self._facts[:, 1] + self._facts[:, 5]).min(initial=math.inf)
        )
        self._ways = None

    def _envelopes(self, times: np.ndarray) -> np.ndarray:
        """(times, notes): linear attack, decay and release, rounded at the corners by a smoothstep.
        """
        start, gate, attack, decay, sustain, release = self._facts[:, :6].T
        t = times[:, None] - start
        held = np.minimum(np.maximum(t, 0.0), gate)
        fallen = np.minimum(np.maximum(held - attack, 0.0) / decay, 1.0)
        level = np.minimum(held / attack, 1.0 - (1.0 - sustain) * fallen)
        level *= 1.0 - np.minimum(np.maximum(t - gate, 0.0) / release, 1.0)
        return level * level * (3.0 - 2.0 * level)

    def _gains(self, now: int, periods: int, brightness: np.ndarray) -> np.ndarray:
        """(periods + 1, channel, note, layer): the envelope, and the slow ways of pan and
        brightness, which are straight lines between points `SLOW` control periods apart."""
        times = np.arange(now, now + periods + 1)
        slow = np.arange(now // SLOW, (now + periods) // SLOW + 2)
        if self._ways is None or self._ways[0] != slow[0] or len(self._ways[1]) < len(slow):
            self._ways = (slow[0], self._ways_at(slow * SLOW))
        ways = self._ways[1]
        place = times / SLOW - slow[0]
        whole = place.astype(int)
        part = (place - whole)[:, None, None]
        sides_swing = ways[whole] * (1.0 - part) + ways[whole + 1] * part  # (times, 3, note)
        bright = np.minimum(np.maximum(sides_swing[:, 2] + brightness[:, None], 0.0), 1.0)
        sides = sides_swing[:, :2] * self._envelopes(times)[:, None]
        gains = np.empty((*sides.shape, 2))
        np.multiply(sides, bright[:, None], out=gains[..., 1])
        np.subtract(sides, gains[..., 1], out=gains[..., 0])
        return gains

    def _ways_at(self, times: np.ndarray) -> np.ndarray:
        """(times, 3, notes): left gain, right gain, swing of the brightness."""
        gain, pan, phase = self._facts[:, 6:].T
        angle = times[:, None] / PERIOD_RATE * (2 * math.pi * 0.03) + phase
        side = (np.clip(pan + 0.2 * np.sin(0.61 * angle + phase), -1.0, 1.0) + 1.0) * (math.pi / 4)
        gain = gain * math.sqrt(2.0)
        return np.stack([gain * np.cos(side), gain * np.sin(side), SWING * np.sin(angle)], axis=1)

    def _retire(self, now: int) -> None:
        if now < self._ends:
            return
        keep = np.flatnonzero(now < self._facts[:, 0] + self._facts[:, 1] + self._facts[:, 5])
        self._facts = self._facts[keep]
        self._notes = [self._notes[i] for i in keep]
        self._offsets = [self._offsets[i] for i in keep]
        self._changed()
