"""Pads and the drone: up to sixteen long notes, all of them mixed by one matrix product per block.

A note never loops its table: after a second or two it goes on from another place of it, whole
periods away, so that the steady lines agree and the rest is new.
"""

import math
from dataclasses import dataclass, field
from random import Random

import numpy as np

from device.sound.settings import CONTROL, PERIOD, RATE
from device.sound.wavetables import Table, Tables, Timbre

PERIOD_RATE = RATE / CONTROL        # control periods per second
GRID = 4                            # control periods, 85 ms: gains are straight lines between
STAYS = (10, 22)                    # × GRID, 0.9 to 1.9 s: until a note goes on elsewhere
LEAVING = 3 * GRID                  # control periods, 0.26 s: to get there
SWING = 0.1                         # of the brightness
SLOW = 2 * math.pi * 0.03 / PERIOD_RATE     # radians a control period: of that swing
_UP = np.arange(GRID * PERIOD, dtype=np.float32) / (GRID * PERIOD)
_AWAY = np.arange(LEAVING * PERIOD, dtype=np.float32) / (LEAVING * PERIOD)


@dataclass(slots=True)
class Envelope:
    """Linear attack, decay and release, rounded at the corners. Times are in control periods."""
    start: int
    gate: float
    attack: float
    decay: float
    sustain: float
    end: int

    def at(self, time: float) -> float:
        age = time - self.start
        if age <= 0.0 or time >= self.end:
            return 0.0
        held = min(age, self.gate)
        if held >= self.attack + self.decay:
            level = self.sustain
        elif held >= self.attack:
            level = 1.0 - (1.0 - self.sustain) * (held - self.attack) / self.decay
        else:
            level = held / self.attack
        if age > self.gate:
            level *= 1.0 - (age - self.gate) / (self.end - self.start - self.gate)
        return level * level * (3.0 - 2.0 * level)


@dataclass(slots=True)
class Sounding:
    """A note, where it is in its table, and where it goes next."""
    table: Table
    envelope: Envelope
    gain: float
    sides: tuple[float, ...]    # of the gain, to each channel
    phase: float
    random: Random              # its own, so that other notes change nothing
    offset: int                 # frames into the table at the block's start
    leaves: int = field(init=False)     # control period when it begins to go on elsewhere
    next: int = field(init=False)       # frames: from here to there

    def __post_init__(self) -> None:
        self.plan(self.envelope.start)

    def plan(self, now: int) -> None:
        self.leaves = now + GRID * self.random.randint(*STAYS)
        away = self.random.randrange(1, max(self.table.periods, 2))
        self.next = round(away * self.table.frames / self.table.periods)

    def read(self, out: np.ndarray, now: int) -> None:
        """The next frames into `out` (2, frames), from control period `now` on."""
        layers, frames, whole = self.table.layers, out.shape[1], self.table.frames
        out[:] = layers[:, self.offset:self.offset + frames]
        gone = (now - self.leaves) * PERIOD
        if gone >= 0:
            there = (self.offset + self.next) % whole
            out += (layers[:, there:there + frames] - out) * _AWAY[gone:gone + frames]
            if gone + frames == len(_AWAY):
                self.offset = there
                self.plan(self.leaves + LEAVING)
        self.offset = (self.offset + frames) % whole

    def gains(self, time: int, brightness: float) -> list[tuple[float, ...]]:
        """Of the dark layer in each channel, and of the bright one. The brightness swings by
        ± `SWING` at 0.03 Hz."""
        gain = self.gain * self.envelope.at(time)
        light = min(max(brightness + SWING * math.sin(SLOW * time + self.phase), 0.0), 1.0)
        dark, bright = gain * (1.0 - light), gain * light
        if len(self.sides) == 1:
            return [(dark,), (bright,)]
        left, right = self.sides
        return [(left * dark, right * dark), (left * bright, right * bright)]


def on_grid(period: float) -> int:
    """The first point of the grid from this control period on."""
    return math.ceil(period / GRID) * GRID


class Pads:
    """Notes that sound. Times are in control periods since the engine's start; notes begin and end
    on the grid of the gains, `GRID` apart."""

    def __init__(self, tables: Tables, channels: int = 2, most: int = 16):
        self._tables = tables
        self._channels, self._most = channels, most
        self._notes: list[Sounding] = []
        self._grid = -1                     # the stretch of the last block
        self._ends: tuple[np.ndarray, np.ndarray] | None = None     # the gains at its ends
        self._bright = (0.0, 0.0)           # and the brightness
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
        voices are busy, and the note is let go: a stolen voice would click. `pan` is −1..1."""
        if len(self._notes) >= self._most:
            return False
        table, start = self._tables.get(timbre, pitch), on_grid(start)
        gate, attack, release = (
            max(duration, 0.3),
            min(timbre.attack, max(0.4 * duration, 0.5)),
            timbre.release,
        )
        if timbre.inhaled:
            gate = attack = timbre.inhaled * max(duration, 2.0)
            release = max(duration, 2.0) - gate
        envelope = Envelope(
            start,
            gate * PERIOD_RATE,
            attack * PERIOD_RATE,
            timbre.decay * PERIOD_RATE,
            timbre.sustain,
            on_grid(start + (gate + release) * PERIOD_RATE),
        )
        draws = random.random(3).tolist()
        gain *= table.scale * math.sqrt(self._channels)
        offset = int(draws[0] * table.frames) - (start - now) * PERIOD
        own = Random(draws[2])
        # The pan stays: the room, which hears the channels' mean, would swing with it.
        angle = (pan + 1.0) * math.pi / 4
        sides = (math.cos(angle), math.sin(angle)) if self._channels == 2 else (1.0,)
        phase = draws[1] * 2 * math.pi
        self._notes.append(
            Sounding(table, envelope, gain, sides, phase, own, offset % table.frames)
        )
        self._ends = None
        return True

    def power(self, now: int) -> float:
        """Expected heard mean square at control period `now`."""
        return sum(
            (note.gain * note.envelope.at(now) / note.table.scale) ** 2 * note.table.power
            for note in self._notes
        ) / self._channels

    def add(self, out: np.ndarray, now: int, brightness: float) -> None:
        """Add the next block, of `GRID` control periods at most, to `out` (channels, frames);
        `brightness` is that at its start."""
        if not self._notes:
            return
        channels, frames = out.shape
        if self._gather.shape[1] != frames:
            self._gather = np.zeros((2 * self._most, frames), np.float32)
        gather = self._gather[:2 * len(self._notes)]
        for row, note in enumerate(self._notes):
            note.read(gather[2 * row:2 * row + 2], now)
        first, last = self._ends_of(now // GRID, brightness)
        mixed = np.concatenate([first, last - first]) @ gather
        mixed[channels:] *= _UP[now % GRID * PERIOD:][:frames]
        out += mixed[:channels]
        out += mixed[channels:]
        self._retire(now + frames // PERIOD)

    def skip(self, now: int) -> None:
        """Time has passed unheard until `now`."""
        self._retire(now)
        for note in self._notes:
            note.plan(on_grid(now))

    def clear(self) -> None:
        self._notes, self._ends = [], None

    def _ends_of(self, grid: int, brightness: float) -> tuple[np.ndarray, np.ndarray]:
        """(channels, 2 notes) twice: gains at both ends of this stretch of the grid. Brightness
        comes a stretch late, as it isn't known ahead."""
        if grid != self._grid:
            follows = grid == self._grid + 1
            self._bright = (self._bright[1] if follows else brightness, brightness)
            if follows and self._ends is not None:
                self._ends = (self._ends[1], self._gains(grid + 1, brightness))
            else:
                self._ends = None
            self._grid = grid
        if self._ends is None:
            before, after = self._bright
            self._ends = (self._gains(grid, before), self._gains(grid + 1, after))
        return self._ends

    def _gains(self, grid: int, brightness: float) -> np.ndarray:
        gains = [note.gains(grid * GRID, brightness) for note in self._notes]
        return np.array(gains, np.float32).reshape(-1, self._channels).T

    def _retire(self, now: int) -> None:
        if any(now >= note.envelope.end for note in self._notes):
            self._notes = [note for note in self._notes if now < note.envelope.end]
            self._ends = None
