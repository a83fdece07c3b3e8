"""The heart felt through the mattress: a ballistocardiogram (BCG) from an accelerometer nobody
wears.

Each beat makes the bed ring for some tenths of a second at 2–14 Hz. How loud it rings rises and
falls with each beat, which is what the rate is read from; the ringing itself, learnt, gives the
beats.
"""

import math
from collections import deque

import numpy as np

from device.sleep.body import Body
from device.sleep.empty_bed import LOUDER, UNKNOWN, EmptyBed, without
from device.sleep.epochs import TRUSTED
from device.sleep.filters import bandpass, rows
from device.sleep.heart import RATES
from device.sleep.heartbeat import NOTHING, Heart, Pulse
from device.sleep.resampling import RATE

BAND = (2.5, 14.0)      # Hz
TAPS = 41
LATE = TAPS // 2 / RATE # s: the filter's delay
QUIET = 0.3             # m/s² RMS in a second: more is a body that moves, and its bed with it
SILENT = 1e-4           # m/s² RMS: less than any accelerometer's own noise is no signal
SETTLE = 2              # s after moving before the bed is still enough
FOLLOW = 0.03           # of each second in the spread of directions
SPAN = 8                # s in which the ringing must repeat
PERIODS = np.round(60 / RATES * RATE).astype(int)       # grid values
SLACK = 3               # grid values, 47 ms: intervals vary
BEYOND = np.zeros(PERIODS.max() + SLACK)
PLACES = PERIODS - SLACK        # of the greatest of 2·SLACK + 1 around each period
# A bed that rings twice a beat repeats worse after half a beat than after a whole one.
# Log likelihood a second: hearts asleep beyond 100 /min are rare, beds that ring twice are not.
RACING = 30.0 * np.clip((RATES - 90) / 20, 0, 1)
WORSE = 0.15            # when it repeats worse by this share than after two
SETTLING = 0.1          # of each look in that: a few looks that agree by chance change nothing
DOUBLE = np.minimum(2 * PERIODS, SPAN * RATE - 1)
REPEATS = 2.0           # log likelihood a second of ringing that repeats perfectly
WAITED = 20             # s before a still bed with no breath in it is empty
MACHINE = 4.0           # log likelihood a second that a rate of the empty bed's isn't the heart's
CAT = 75                # /min: more, with a cat's breath, is a cat's heart, or half of it
SAME = 2.0              # /min: within which it is such a rate


class Ballistocardiogram:
    """`empty`: what the bed does by itself."""

    def __init__(self, empty: EmptyBed = UNKNOWN) -> None:
        self.empty = empty
        self.filter = rows(bandpass(*BAND, RATE, TAPS), RATE) @ without(
            empty.ring, RATE + TAPS - 1)
        self.machine = MACHINE * sum(
            (np.exp(-0.5 * ((RATES - rate) / SAME) ** 2) for rate in empty.rates),
            start=np.zeros(len(RATES)))
        self.raw = np.zeros((RATE + TAPS - 1, 3))
        self.seconds = 0            # of readings in a row
        self.pulse = Pulse(skewed=False, late=LATE)
        self.spread = np.eye(3) * 1e-8   # of the ringing, (3, 3), over the last half minute
        self.axis = np.array([0.0, 0.0, 1.0])
        self.ring = deque([np.zeros(RATE)] * SPAN, SPAN)        # the last seconds of ringing
        self.still = 0              # s since the last movement
        self.looks = 0
        self.worse = np.zeros(len(RATES))       # how much worse each of RATES repeats than its half
        self.body = Body(empty.sway)
        self.loud = 0.0             # m/s² RMS of the last second's ringing
        self.felt = NOTHING         # whoever's rhythm it was
        self.present: bool | None = None

    def add(self, second: int, motion: np.ndarray | None, movement: float) -> Heart:
        """A second of `motion` (RATE, 3) m/s² whose RMS was `movement`; None is a gap."""
        ringing = None
        if motion is None:
            self.still = self.seconds = 0
        else:
            self.raw = np.concatenate([self.raw[RATE:], motion])
            self.seconds += 1
            self.still = self.still + 1 if movement < QUIET else 0
        if motion is not None and self.still > SETTLE and self.seconds > 1:
            axes = self.filter @ (self.raw - motion[-1])
            ringing = axes @ self.along(axes)
            self.ring.append(ringing)
            self.loud = math.sqrt(float(ringing @ ringing) / RATE)
            ringing = ringing[:, None] if self.loud >= SILENT else None
        loudness = None if ringing is None else np.abs(ringing)
        self.body.add(motion)
        self.felt = self.pulse.add(second, loudness, None, movement, ringing, self.repeats)
        self.present = self.occupied(motion)
        somebodys = self.present and not self.machines(self.felt) and not self.cats(self.felt)
        return self.felt if somebodys else NOTHING

    def cats(self, heart: Heart) -> bool:
        """Whether it is a cat's: 120 to 220 /min at rest, or seemingly half, and it breathes as
        one."""
        return heart.rate is not None and heart.rate.value > CAT and self.body.small()

    def machines(self, heart: Heart) -> bool:
        """Whether the empty bed has this rhythm, too, and isn't outdone."""
        rate = heart.rate
        if rate is None or all(abs(rate.value - known) > SAME for known in self.empty.rates):
            return False
        loud = sum(float(second @ second) for second in self.ring) / (SPAN * RATE)
        return loud <= (LOUDER * self.empty.loud) ** 2

    def occupied(self, motion: np.ndarray | None) -> bool | None:
        """Somebody lies there who breathes or has moved of late; a rhythm alone may be a pump's."""
        if self.body.there or self.body.swayed and self.living(self.felt):
            return True
        return False if motion is not None and self.body.seconds >= WAITED else None

    def living(self, heart: Heart) -> bool:
        """Somebody's heart, where a machine's sway may hide the breath."""
        sure = heart.rate is not None and heart.rate.quality >= TRUSTED
        return sure and not heart.even and not self.machines(heart)

    def repeats(self) -> np.ndarray:
        """How well the ringing repeats after each of RATES' periods: the loudness alone may rise
        twice a beat."""
        ring = np.concatenate([*self.ring, BEYOND])
        alike = np.correlate(ring, ring[:SPAN * RATE], "valid")
        pooled = alike
        for step in (1, 2, 3):      # the greatest of 2, 4 and 7
            pooled = np.maximum(pooled[step:], pooled[:-step])
        once, twice = pooled[PLACES], pooled[np.minimum(DOUBLE - SLACK, len(pooled) - 1)]
        worse = np.clip((twice - once) / np.maximum(WORSE * twice, 1e-300), 0.0, 1.0)
        self.looks += 1
        self.worse += max(SETTLING, 1 / self.looks) * (worse - self.worse)
        return once * (REPEATS / max(alike[0], 1e-300)) - RACING * self.worse - self.machine

    def along(self, axes: np.ndarray) -> np.ndarray:
        """The direction in which the bed rings most, (3,); it keeps its sign as it drifts."""
        self.spread = (1 - FOLLOW) * self.spread + FOLLOW / RATE * (axes.T @ axes)
        (xx, xy, xz), (_, yy, yz), (_, _, zz) = self.spread.tolist()
        x, y, z = self.axis.tolist()
        for _ in range(2):          # power iteration from the direction so far
            x, y, z = xx * x + xy * y + xz * z, xy * x + yy * y + yz * z, xz * x + yz * y + zz * z
            length = max(math.sqrt(x * x + y * y + z * z), 1e-300)
            x, y, z = x / length, y / length, z / length
        self.axis = np.array([x, y, z])
        return self.axis
