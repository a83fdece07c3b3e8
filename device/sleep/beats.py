"""Beats and the intervals between them, by matching the signal's slope with the body's own beat
shape.

The upstroke alone gives intervals 6–16 ms off an ECG's; the shape of the whole beat, learnt and
followed, 5–6 ms (measured on two finger recordings). Works for whatever repeats with each beat: a
pulse of light or a recoil.
"""

import math
from typing import NamedTuple

import numpy as np

from device.sleep.filters import lowpass, rows
from device.sleep.resampling import LAG, RATE

SPAN = 8                            # s of slope kept to learn a shape from
ENOUGH = 4                          # s of signal that are enough to learn from
STALE = 2.0                         # s: a beat that becomes certain later than this is not told
BEFORE, AFTER = 10, 32  # grid values of the shape around its steepest point: 0.16 and 0.5 s
RINGING = 32  # the same before a recoil's: both of its complexes must be in the shape
HIGH = 14.0                         # Hz up to which beats have a shape
ALIKE = 0.6                         # correlation with the shape that makes a beat
LOUD = 0.25                         # of the usual height that makes a beat
FIT = 0.8                           # correlation of a beat that enters the shape,
FOLLOW, RINGING_FOLLOWS = 0.12, 0.08    # its share; a recoil's echoes may be in it
REFRACTORY = 0.55                   # of the usual interval
RUNG_OUT = 0.42                     # s after which a bed no longer answers a beat
LATER = 0.75                        # of it, after which what is no echo of a beat may be the next
RECENT = 4 * RATE                   # grid values in which beats are looked for with a new shape
HOLD = 4                            # grid values, 0.06 s, in which a better match may still come
TAPS = 33                           # of the filter that makes the slope: 0.25 s of delay
SILENT, FAINTER = 2, 0.8  # s without a beat after which softer ones will do, each second more
PATIENT = 6                         # s without a beat after which the shape is learnt anew
FINE = 16                           # Hz: of the loudness that is kept
# at FINE: after its loudest a bed still rings so long, and may ring already before the next loudest
DECAY, ONSET = 7, 8
LONG, LONGEST = 1.0, 2.6            # s: an interval that has room for another beat in between
RINGS = 0.015                       # of the loudest energy: it rings there, too
FOLDED = 24                         # long intervals that are kept for that,
SIMILAR, FEW = 0.15, 4              # of their length that those to compare may differ, at least


class Beat(NamedTuple):
    time: float                     # s: of the shape's steepest point
    alike: float                    # correlation with the shape, −1..1
    jitter: float  # s: how uncertain the time is, from what the shape leaves unexplained
    size: float                     # of its match with the shape, in the signal's unit squared
    between: float = 0.0    # the best match since the last beat that was none, share of the usual
    hidden: bool | None = None  # since the last beat a bed rang once more than one makes it


class Beats:
    """`skewed`: upstrokes are the steepest (a pulse); else beats ring (a recoil), and more than
    once.

    A recoil comes band-passed, `late` s later for it, and is matched as it is; of a pulse the slope
    is.
    """

    def __init__(self, skewed: bool = True, late: float = 0.0):
        self.filter = rows(np.gradient(lowpass(HIGH, RATE, TAPS)) * RATE, RATE)
        self.before = BEFORE if skewed else RINGING
        self.length = self.before + AFTER
        self.follow = FOLLOW if skewed else RINGING_FOLLOWS
        # s: of the grid and of the filters
        self.delay = LAG + late + (TAPS // 2 / RATE if skewed else 0.0)
        self.skewed = skewed
        self.raw = np.zeros(RATE + TAPS - 1)
        self.slope = np.zeros(SPAN * RATE)
        self.evenly = np.full(self.length, 1 / self.length)
        self.shape = np.zeros(0)            # (length,); empty until it is learnt
        self.energy = 0.0                   # of the shape
        self.turning: float | None = None   # of its derivative, per s²; None: not known yet
        self.folds = 0                  # long intervals so far; the last ones, s, and how loud
        self.longs = np.zeros(FOLDED)
        self.loud = np.zeros((FOLDED, int(LONGEST * FINE)))
        self.forget()

    def forget(self) -> None:
        self.seconds = 0                    # of signal in a row
        self.since = 0                      # s since the last beat
        self.last: float | None = None      # s
        self.passed: list[tuple[float, float]] = []     # s, match: too unlike a beat
        self.height = 0.0

    def add(self, second: int, block: np.ndarray | None, period: float | None,
            apart: float) -> list[Beat]:
        """Beats that became certain with this second's (RATE,) values.

        `period` s to learn a shape with, None when it isn't sure; beats are found about `apart` s
        from each other.
        """
        if block is None:
            self.forget()
            return []
        self.slope[:-RATE] = self.slope[RATE:]
        if self.skewed:
            self.raw = np.concatenate([self.raw[RATE:], block])
            self.slope[-RATE:] = self.filter @ (self.raw - block[0])
        else:
            self.slope[-RATE:] = block
        self.seconds += 1
        self.since += 1
        if self.seconds == 1:
            return []
        places = RATE + HOLD + 2
        if self.since > SILENT:
            self.height *= FAINTER
        if not len(self.shape) or self.since > PATIENT:
            if period is not None and self.seconds >= ENOUGH and self.learn(period):
                places = RECENT
            elif not len(self.shape):
                return []
        return self.pick(self.slope[1 - places - self.length:], second - self.delay, apart)

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
        places: list[int] = []
        left = middle.copy()
        while len(places) < len(slope) / RATE / period:
            top = int(np.argmax(left))
            if left[top] < 0.3 * middle.max():
                break
            places.append(top + self.before)
            left[max(top - apart, 0):top + apart] = -np.inf
        if len(places) < 3:
            return False
        if len(self.shape):
            shape = np.median([known[p - self.before:p + AFTER] for p in places], axis=0)
            late = int(np.argmax(np.correlate(shape, self.shape, "full"))) - (self.length - 1)
            places = [p + late for p in places if self.before <= p + late <= len(known) - AFTER]
            if len(places) < 3:
                return False
        for _ in range(2):
            shape = np.median([known[p - self.before:p + AFTER] for p in places], axis=0)
            match = np.correlate(known, shape, "valid")
            lows = [max(p - self.before - 6, 0) for p in places]
            places = [low + int(np.argmax(match[low:low + 13])) + self.before
                      for low in lows if low < len(match)]
            places = [p for p in places if self.before <= p <= len(known) - AFTER]
            if not places:
                return False
        self.keep(shape - self.evenly @ shape)
        self.height = float(np.median(match[np.array(places) - self.before]))
        self.since = 0
        return self.height > 0

    def keep(self, shape: np.ndarray) -> None:
        """`shape` (length,), mean 0."""
        self.shape = shape
        self.energy = max(float(shape @ shape), 1e-300)
        self.turning = None

    def pick(self, slope: np.ndarray, now: float, apart: float) -> list[Beat]:
        """Places that match the shape better than their neighbours, loud and alike enough, none too
        near the last.

        `now` is the time after the newest slope.
        """
        match = np.correlate(slope, self.shape, "valid")
        height = match.tolist()
        # the time of the first place's steepest point
        begin = now - (AFTER - 1 + len(height)) / RATE
        floor = LOUD * self.height
        inner = match[1:-1]
        tops = (np.flatnonzero((inner > floor) & (match[:-2] < inner) & (inner >= match[2:]))
                + 1).tolist()
        beats = []
        for following, place in enumerate(tops, 1):
            time = begin + place / RATE
            if self.last is not None and time < self.last + REFRACTORY * apart:
                if not self.skewed and time > self.last + RUNG_OUT:
                    self.passed.append((time, height[place]))
                continue
            if len(height) - 1 - place < HOLD:
                break
            left, top, right = height[place - 1:place + 2]
            after = tops[following] if following < len(tops) else len(height)
            if after < place + HOLD and height[after] > top:
                continue
            piece = slope[place:place + self.length]
            level = float(self.evenly @ piece)
            energy = float(piece @ piece) - self.length * level**2
            alike = min(top / math.sqrt(max(energy * self.energy, 1e-300)), 1.0)
            if alike < ALIKE:
                late = LATER * apart if self.skewed else min(LATER * apart, RUNG_OUT)
                if self.last is not None and time > self.last + late:
                    self.passed.append((time, top))
                continue
            time += 0.5 * (left - right) / (left - 2 * top + right) / RATE
            if now + self.delay - time <= STALE:
                hidden = None
                if not self.skewed and self.last is not None:
                    hidden = self.rings_between(now - self.last, now - time)
                beats.append(Beat(time, alike, self.jitter(alike), top,
                                  self.between(time - REFRACTORY * apart), hidden))
            self.passed.clear()
            self.last, self.since = time, 0
            if alike > FIT and top < 2.5 * self.height:
                self.keep((1 - self.follow) * self.shape + self.follow * (piece - level))
                self.height += self.follow * 2 * (top - self.height)
        return beats

    def between(self, end: float) -> float:
        """The loudest match up to `end` s that was passed over, as a share of the usual height."""
        loudest = max((top for time, top in self.passed if time < end), default=0.0)
        return min(loudest / max(self.height, 1e-300), 1.0)

    def rings_between(self, first: float, second: float) -> bool | None:
        """Whether the bed rings in the middle of intervals as long as that between beats `first`
        and `second` s ago, where one beat leaves it silent; None: too few are known."""
        long = first - second
        if not LONG <= long <= LONGEST:
            return None
        begin, end = (len(self.slope) - round(ago * RATE) for ago in (first, second))
        place = self.folds % FOLDED
        self.longs[place] = long
        self.loud[place] = loudness(self.slope[max(begin, 0):end])
        self.folds += 1
        count = int(long * FINE)
        similar = self.loud[np.abs(self.longs - long) < SIMILAR * long, :count]
        if len(similar) < FEW:
            return None
        folded = np.partition(similar, len(similar) // 2, axis=0)[len(similar) // 2]
        folded -= np.partition(folded, count // 5)[count // 5]
        folded = np.roll(folded, -int(folded.argmax()))
        middle = folded[DECAY:count - ONSET]
        return bool(len(middle) and middle.mean() > RINGS * folded[0])

    def jitter(self, alike: float) -> float:
        """s: the Cramér–Rao bound of a known shape's delay in noise, even up to HIGH, of the energy
        that is left."""
        if not self.skewed:
            # a recoil's neighbours ring into its shape: what the match leaves is no noise
            return 0.0
        if self.turning is None:
            bends = self.shape[1:] - self.shape[:-1]
            self.turning = max(float(bends @ bends) * RATE**2, 1e-300)
        noise = (1 / alike**2 - 1) * self.energy / self.length * (RATE / 2 / HIGH)
        return math.sqrt(noise / self.turning)


def loudness(ringing: np.ndarray) -> np.ndarray:
    """(LONGEST · FINE,): its energy, 1 at its greatest; what it is too short for is nothing."""
    step = RATE // FINE
    energy = np.zeros(int(LONGEST * FINE))
    known = (ringing[:len(ringing) // step * step] ** 2).reshape(-1, step).sum(axis=1)
    energy[:len(known)] = known / max(known.max(), 1e-300)
    return energy
