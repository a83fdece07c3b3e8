"""Beats and the intervals between them, by matching the signal's slope with the body's own beat shape.

The upstroke alone gives intervals 6–16 ms off an ECG's; the shape of the whole beat, learnt and followed, 5–6 ms
(measured on two finger recordings). Works for whatever repeats with each beat: a pulse of light or a recoil.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from device.sleep.filters import lowpass
from device.sleep.grid import LAG, RATE

SPAN = 8                            # s of slope kept to learn a shape from
ENOUGH = 5                          # s of signal that are enough to learn from
STALE = 2.0                         # s: a beat that becomes certain later than this is not told
BEFORE, AFTER = 10, 32              # grid values of the shape around its steepest point: 0.16 and 0.5 s
RINGING = 32                        # the same before a recoil's: both of its complexes must be in the shape
HIGH = 14.0                         # Hz up to which beats have a shape
ALIKE = 0.6                         # correlation with the shape that makes a beat
LOUD = 0.4                          # of the usual height that makes a beat
FOLLOW = 0.08                       # share of each good beat that enters the shape
REFRACTORY = 0.55                   # of the period
WAIT = 0.05                         # s in which a better match may still come
TAPS = 33                           # of the filter that makes the slope: 0.25 s of delay
PATIENT = 6                         # s without a beat after which the shape is learnt anew


@dataclass(frozen=True, slots=True)
class Beat:
    time: float                     # s: of the shape's steepest point
    alike: float                    # correlation with the shape, −1..1
    jitter: float                   # s: how uncertain the time is, from what the shape leaves unexplained
    size: float                     # of its match with the shape, in the signal's unit squared


class Beats:
    """`skewed`: upstrokes are the steepest (a pulse); else beats ring (a recoil), and more than once."""

    def __init__(self, skewed: bool = True):
        self.taps = np.gradient(lowpass(HIGH, RATE, TAPS)) * RATE
        self.before = BEFORE if skewed else RINGING
        self.length = self.before + AFTER
        self.delay = LAG + TAPS // 2 / RATE     # s: of the grid and of the filter
        self.skewed = skewed
        self.raw = np.zeros(RATE + TAPS - 1)
        self.slope = np.zeros(SPAN * RATE)
        self.match = np.full((2, 4 * RATE), -np.inf)    # height and correlation at each place of the last seconds
        self.shape = None
        self.forget()

    def forget(self) -> None:
        self.seconds = 0                    # of signal in a row
        self.since = 0                      # s since the last beat
        self.last = None                    # s
        self.height = 0.0

    def add(self, second: int, block: np.ndarray | None, period: float | None) -> list[Beat]:
        """Beats that became certain with this second's (RATE,) values; `period` s is about how far apart they are."""
        if block is None:
            self.forget()
            return []
        self.raw[:-RATE] = self.raw[RATE:]
        self.raw[-RATE:] = block
        self.slope[:-RATE] = self.slope[RATE:]
        self.slope[-RATE:] = np.convolve(self.raw - block[0], self.taps, "valid")
        self.seconds += 1
        self.since += 1
        if self.seconds == 1:
            return []
        if self.shape is None or self.since > PATIENT:
            if period is None or self.seconds < ENOUGH or not self.learn(period):
                return []
            self.search(self.slope)
        else:
            self.search(self.slope[-RATE - self.length + 1:])
        return self.pick(second - self.delay, period or 60 / 75)

    def learn(self, period: float) -> bool:
        """A first shape from the last SPAN seconds: where the slope is greatest, once a period.

        A shape learnt anew is laid over the old one, so that the times of beats don't jump.
        """
        slope = self.slope[-min(self.seconds - 1, SPAN) * RATE:]
        known = slope
        if self.skewed and np.sum(slope**3) < 0:
            slope = -slope
        middle = slope[self.before:len(slope) - AFTER]
        apart = int(0.6 * period * RATE)
        places, left = [], middle.copy()
        while len(places) < len(slope) / RATE / period:
            top = int(np.argmax(left))
            if left[top] < 0.3 * middle.max():
                break
            places.append(top + self.before)
            left[max(top - apart, 0):top + apart] = -np.inf
        if len(places) < 3:
            return False
        if self.shape is not None:
            shape = np.median([known[p - self.before:p + AFTER] for p in places], axis=0)
            late = int(np.argmax(np.correlate(shape, self.shape, "full"))) - (self.length - 1)
            places = [p + late for p in places if self.before <= p + late <= len(known) - AFTER]
            if len(places) < 3:
                return False
        for _ in range(2):
            shape = np.median([known[p - self.before:p + AFTER] for p in places], axis=0)
            match = np.correlate(known, shape, "valid")
            places = [low + int(np.argmax(match[low:low + 13])) + self.before
                      for low in (max(p - self.before - 6, 0) for p in places) if low < len(match)]
            places = [p for p in places if self.before <= p <= len(known) - AFTER]
            if not places:
                return False
        self.shape = shape - shape.mean()
        self.height = float(np.median(match[np.array(places) - self.before]))
        self.since = 0
        return self.height > 0

    def search(self, slope: np.ndarray) -> None:
        """Height and correlation of the shape at each place that the newest slope completes."""
        height = np.correlate(slope, self.shape, "valid")[-self.match.shape[1]:]
        sums = np.zeros((2, len(slope) + 1))
        np.cumsum((slope, slope * slope), axis=1, out=sums[:, 1:])
        total, energy = (sums[:, self.length:] - sums[:, :-self.length])[:, -self.match.shape[1]:]
        energy -= total * total / self.length
        size = len(height)
        self.match[:, :-size] = self.match[:, size:]
        self.match[0, -size:] = height
        self.match[1, -size:] = height / np.sqrt(np.maximum(energy * np.vdot(self.shape, self.shape), 1e-300))

    def pick(self, now: float, period: float) -> list[Beat]:
        """Local maxima that are alike and loud enough, none too near; `now` is the time after the newest slope."""
        height, alike = self.match
        begin = now - (AFTER - 1) / RATE - len(height) / RATE       # the time of place 0's steepest point
        inner = height[1:-1]
        tops = np.flatnonzero((inner > height[:-2]) & (inner >= height[2:]) & (alike[1:-1] > ALIKE)
                              & (inner > LOUD * self.height)) + 1
        beats = []
        places = deque(tops)
        while places:
            place = places.popleft()
            time = begin + place / RATE
            if self.last is not None and time < self.last + REFRACTORY * period:
                continue
            if (len(height) - 1 - place) / RATE < WAIT:
                break
            if places and places[0] <= place + WAIT * RATE and height[places[0]] > height[place]:
                continue
            left, top, right = height[place - 1:place + 2]
            time += 0.5 * (left - right) / (left - 2 * top + right) / RATE
            if now + self.delay - time <= STALE:
                beats.append(Beat(float(time), float(alike[place]), self.jitter(float(alike[place])), float(top)))
            self.last, self.since = time, 0
            self.follow(place, float(top), float(alike[place]))
        return beats

    def jitter(self, alike: float) -> float:
        """s: the Cramér–Rao bound of a known shape's delay in noise, even up to HIGH, of the energy that is left."""
        if not self.skewed:
            return 0.0      # a recoil's neighbours ring into its shape: what the match leaves is no noise
        turning = np.diff(self.shape) * RATE
        noise = (1 / alike**2 - 1) * np.vdot(self.shape, self.shape) / self.length * (RATE / 2 / HIGH)
        return float(np.sqrt(noise / max(float(np.vdot(turning, turning)), 1e-300)))

    def follow(self, place: int, height: float, alike: float) -> None:
        """Let a good beat into the shape."""
        at = len(self.slope) - (self.match.shape[1] - place) - self.length + 1
        if alike > 0.8 and at >= 0 and height < 2.5 * self.height:
            segment = self.slope[at:at + self.length]
            self.shape = self.shape + FOLLOW * (segment - segment.mean() - self.shape)
            self.height += FOLLOW * 2 * (height - self.height)
