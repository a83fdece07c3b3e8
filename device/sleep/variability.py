"""What the intervals between beats say: whether they support a heart rate, how even the rhythm is,
and RMSSD."""

import math
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from device.sleep.beats import Beat
from device.values import Measured

WINDOW = 300            # s of intervals in an RMSSD, the short-term standard (Task Force 1996)
LEAST = 120             # s of good intervals for one
SHORT, LONG = 0.25, 2.6  # s: intervals outside aren't hearts
ECTOPIC = 0.25          # of the usual interval: a greater deviation is an extra or a missed beat
ALIKE = 0.7             # correlation of both beats with the shape
RECENT = 6.0            # s in which beats must support a rate,
HELD = 5.0              # and after the last of which none does
SEEN = 7.7  # s of beats in a rate: those of 8 s, as they are felt some 0.3 s after the heart
COUNTED = 30.0          # s of beats in an uneven rhythm's rate: fewer don't average it out
JUDGED = 24.0           # s of beats whose rhythm is judged
ENOUGH = 2.0            # s of them that must be intervals
CONVINCING = 0.7        # correlation that noise doesn't reach
SURE = 0.8              # of beats whose rhythm is told
COVERED = 0.8           # share of a window that intervals must fill before they are all there are
LEAP = 0.2              # of the mean interval: from one to the next, no breathing does that,
LEAPS = 0.25            # to this share of them
PAUSES = 2              # intervals twice as long as usual with nothing in between: dropped beats
# of a rate: a bed's beats that come so near to it are all there, though faint, if
# this share of the steps leaps; an echo in a beat's place now and then makes fewer
AGREED, MOSTLY = 0.04, 0.45
CERTAIN = 0.72          # correlation of a beat that may make a leap: an echo of the beat has less
PASSED = 0.35           # of the usual beat: a louder match in between may be a beat missed
LOUDLY = 0.5            # the same where a bed doesn't ring in the middle of such intervals
STEPS = 0.1             # of an interval: most steps of an uneven rhythm are greater
SLOW = 45               # /min: a slower heart may be a faster one of whose beats half were seen
MISSED = 0.2            # share of the intervals in which one may have been
FEWEST = 8              # intervals in which a rhythm shows
# per s: times the mean interval squared, RMSSD of a rhythm more even than bodies' own: 5 ms at 60
# /min, where a lamp's flicker that folds down has 2, and 1 ms at 130
STEADY = 0.005


GRID, EVERY = 180.0, 20 # s of beats that may lie on an even grid, and between looks
MOST, FEWER = 0.6, 40   # of GRID that the first and last must be apart, and beats at least
UNSURE = 0.06           # of an interval that a time may be uncertain, for that to be seen
# times the spread that their steps explain, and s: a heart's beats wander more in two minutes
WANDERS, WITHIN = 1.5, 0.005
WHITE, ECHO = 5, 0.45   # lags and autocorrelation that breathing reaches and uncertain times don't


class Rhythm(NamedTuple):
    """Counted beats of a stretch without a hole in it."""
    rate: float             # /min
    sure: bool              # none seems to be missed, or an echo
    uneven: bool            # leaps that neither breathing nor a missed beat explains
    even: bool              # as even as no heart is that breathing reaches


class Intervals:
    """Keeps the last WINDOW seconds. `echoes`: a bed's, in which more may ring than the beats."""

    def __init__(self, echoes: bool = False) -> None:
        self.echoes = echoes
        # beat s, interval s, alike, whether it may make a leap, the beats it seems to hold
        self.recent: deque[tuple[float, float, float, bool, int]] = deque()
        self.missed: deque[bool] = deque(maxlen=2 * FEWEST)     # in the last intervals, a beat
        self.hidden: deque[bool] = deque(maxlen=2 * FEWEST)     # and a bed rang of another
        self.usual: deque[float] = deque(maxlen=9)                          # s, the last intervals
        # beat s, interval s, difference² s², and what of it the beats' uncertain times account for
        self.squares: deque[tuple[float, float, float, float]] = deque()
        self.sum = self.noise = self.covered = 0.0
        self.times: deque[float] = deque()      # s: of convincing beats
        self.clockwork = False            # an even grid, but for how uncertain each time is
        self.last: Beat | None = None
        self.before: float | None = None  # s, the good interval before this one
        self.uneven = False               # the rhythm of late: half as many leaps keep it so

    def add(self, beats: list[Beat], second: int) -> None:
        for beat in beats:
            if beat.alike > CONVINCING:
                self.times.append(beat.time)
            interval = beat.time - self.last.time if self.last else math.inf
            alike = min(beat.alike, self.last.alike) if self.last else 0.0
            self.last = beat
            if not SHORT < interval < LONG:
                self.before = None
                continue
            passed = beat.hidden or beat.between >= (PASSED if beat.hidden is None else LOUDLY)
            self.recent.append((beat.time, interval, beat.alike,
                                alike > CERTAIN and not passed, 2 if passed else 1))
            self.missed.append(beat.between >= PASSED)
            self.hidden.append(beat.hidden is True)
            self.usual.append(interval)
            usual = self.period() or interval
            good = alike > ALIKE and abs(interval - usual) < ECTOPIC * usual
            if good and self.before is not None:
                # A difference of intervals holds three times: t2 − 2·t1 + t0, so six times a time's
                # variance.
                square, noise = (interval - self.before) ** 2, 6 * beat.jitter**2
                self.squares.append((beat.time, interval, square, noise))
                self.sum += square
                self.noise += noise
                self.covered += interval
            self.before = interval if good else None
        while self.recent and self.recent[0][0] < second - COUNTED:
            self.recent.popleft()
        while self.times and self.times[0] < second - GRID:
            self.times.popleft()
        if second % EVERY == 0:
            self.clockwork = not self.uneven and on_a_grid(np.array(self.times))
        while self.squares and self.squares[0][0] < second - WINDOW:
            _, interval, square, noise = self.squares.popleft()
            self.sum -= square
            self.noise -= noise
            self.covered -= interval

    def rmssd(self) -> Measured | None:
        """ms, its quality the share of the window whose intervals were good (lost, extra and
        uncertain beats take both their intervals out), times the share of what was measured that
        isn't the uncertainty of the beats' times. None where that is less than half."""
        if self.covered < LEAST or self.sum < 2 * self.noise:
            return None
        return Measured(1000 * math.sqrt((self.sum - self.noise) / len(self.squares)),
                        min(self.covered / WINDOW, 1.0) * (1 - self.noise / max(self.sum, 1e-12)))

    def period(self) -> float | None:
        """s: the usual interval of late."""
        return sorted(self.usual)[len(self.usual) // 2] if self.usual else None

    def usual_rate(self) -> float:
        """/min: of the usual interval; 0 before there is one."""
        period = self.period()
        return 60 / period if period else 0.0

    def shortest(self) -> float | None:
        """s: an interval that is not rare of late, though longer ones may be as frequent."""
        return sorted(self.usual)[len(self.usual) // 4] if self.usual else None

    def forget(self) -> None:
        """What was counted was no beat."""
        self.recent.clear()
        self.usual.clear()
        self.missed.clear()
        self.hidden.clear()
        self.times.clear()
        self.last = self.before = None

    def rhythm(self, now: float, expected: float = math.inf) -> tuple[Rhythm | None, bool]:
        """What the last JUDGED seconds of beats are, when they are sure and leave no hole; and
        whether they are doubtful: missed, or leaping as no even rhythm does, so that no rate is
        made of them. `expected` /min: another way's rate; beats that come to it are believed."""
        latest = [part for part in self.recent if part[0] > now - JUDGED]
        if len(latest) < FEWEST:
            return None, False
        times, intervals, alikes, certain, held = zip(*latest, strict=True)
        total = sum(intervals)
        mean = total / len(latest)
        steps = [abs(b - a) for a, b in pairwise(intervals)]
        doubtful = self.doubtful(intervals, steps, mean)
        end = now - 1.7         # when beats are certain
        span = max(times[-1] - times[0] + intervals[0], min(JUDGED, end - times[0]))
        if times[-1] < now - HELD or total < COVERED * span or sum(alikes) < SURE * len(latest):
            return None, doubtful
        leap = LEAP * mean
        leaps = sum(step > leap and one and other
                    for step, (one, other) in zip(steps, pairwise(certain), strict=True))
        unsure = sum(step > leap for step in steps) - leaps
        agreed = (self.echoes and abs(60 * sum(held) / total / expected - 1) < AGREED
                  and leaps + unsure > MOSTLY * len(steps))
        if agreed:
            leaps, unsure = leaps + unsure, 0
        wanted = max(LEAPS * len(steps), 3) / (2 if self.uneven else 1)
        usual = sorted(intervals)[len(intervals) // 2]
        pauses = sum(one and abs(interval - 2 * usual) < ECTOPIC * usual
                     for interval, one in zip(intervals, certain, strict=True))
        uneven = (leaps >= wanted or pauses >= PAUSES) and unsure <= max(leaps / 3, 1)
        self.uneven = uneven
        even = math.sqrt(sum(step * step for step in steps) / len(steps)) < STEADY * mean**2
        if not uneven:
            longer = latest[-max(round(SEEN / mean), FEWEST // 2):]
        else:
            longer = latest if agreed else list(self.recent)
        # a bed's echoes can pass for beats
        missing = uneven and (agreed or not self.echoes)
        beats = sum(part[4] for part in longer) if missing else len(longer)
        rate = 60 * beats / sum(part[1] for part in longer)
        return Rhythm(rate, unsure <= 1 or uneven, uneven, even), doubtful

    def doubtful(self, intervals: Sequence[float], steps: list[float], mean: float) -> bool:
        if sum(self.hidden) > MISSED * len(self.hidden):
            return True
        missed = sum(self.missed)
        if missed > MISSED * len(self.missed) and self.usual_rate() < SLOW:
            return True
        if sorted(steps)[len(steps) // 2] < STEPS * mean:
            return False                # a few beats found in the wrong place
        # twice as long as its neighbour: a beat that isn't there, or one that wasn't seen
        ratios = [b / a if b > a else a / b for a, b in pairwise(intervals)]
        leaps = sum(ratio > 1 + LEAP and (missed > 1 or abs(ratio - 2) > LEAP) for ratio in ratios)
        return leaps > LEAPS * len(ratios)

    def rate(self, now: float, period: float) -> float | None:
        """/min over the window that spectra see, when enough of it is intervals of `period` s, or
        of two such."""
        beats, total = 0, 0.0
        for time, interval, alike, _, _ in reversed(self.recent):
            if time <= now - SEEN:
                break
            times = 1 if interval < 1.5 * period else 2
            if (alike > CONVINCING and time > now - SEEN + interval
                    and abs(interval - times * period) < ECTOPIC * period):
                beats, total = beats + times, total + interval
        return 60 * beats / total if total > ENOUGH else None

    def support(self, now: float, period: float) -> float:
        """Share, 0..1, of the last seconds whose intervals fit `period` s."""
        if not self.recent or self.recent[-1][0] < now - HELD:
            return 0.0
        single = double = 0.0
        for time, interval, alike, _, _ in reversed(self.recent):
            if time <= now - RECENT:
                break
            if alike <= CONVINCING:
                continue
            if abs(interval - period) < 0.3 * period:
                single += interval
            elif abs(interval - 2 * period) < 0.3 * period:
                double += interval
        return min((single + min(double, single)) / (RECENT - 2.0), 1.0)


def on_a_grid(times: np.ndarray) -> bool:
    """Whether beats (n,) s come as evenly as a clock's, whose times are uncertain: their distance
    from an even grid is no more than what one step to the next says. What a heart's intervals
    vary by adds up."""
    if len(times) < FEWER or times[-1] - times[0] < MOST * GRID:
        return False
    steps = np.diff(times)
    period = float(np.median(steps))
    counts = np.rint(steps / period)
    neighbours = (counts[1:] == 1) & (counts[:-1] == 1)
    places = np.concatenate([[0.0], np.cumsum(counts)])
    places, away = places - places.mean(), times - times.mean()
    away -= (places @ away) / (places @ places) * places
    if neighbours.sum() < FEWER / 2:
        return False
    white = np.diff(away, 2)[neighbours]
    each = float(white @ white) / len(white) / 6
    spread = float(away @ away) / len(away)
    echoes = max(abs(float(away[:-lag] @ away[lag:])) for lag in range(1, WHITE)) / len(away)
    return spread < WITHIN**2 or (
        spread < WANDERS**2 * each < (WANDERS * UNSURE * period) ** 2 and echoes < ECHO * spread)
