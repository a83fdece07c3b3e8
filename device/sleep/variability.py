"""What the intervals between beats say: whether they support a heart rate, and RMSSD."""

import math
from collections import deque

from device.sleep.beats import Beat
from device.values import Measured

WINDOW = 300            # s of intervals in an RMSSD, the short-term standard (Task Force 1996)
LEAST = 120             # s of good intervals for one
SHORT, LONG = 0.3, 2.2  # s: intervals outside aren't hearts
ECTOPIC = 0.25          # of the usual interval: a greater deviation is an extra or a missed beat
ALIKE = 0.7             # correlation of both beats with the shape
RECENT = 6.0            # s in which beats must support a rate,
HELD = 5.0              # and after the last of which none does
SEEN = 7.7  # s of beats in a rate: those of 8 s, as they are felt some 0.3 s after the heart
ENOUGH = 2.0            # s of them that must be intervals
CONVINCING = 0.7        # correlation that noise doesn't reach
STEADY = 0.002          # s: no heart keeps time better than this; a lamp does
SAME = 0.998            # correlation: nor are its beats more alike than this


class Intervals:
    """Keeps the last WINDOW seconds."""

    def __init__(self) -> None:
        self.recent: deque[tuple[float, float, float]] = deque()  # beat s, interval s, alike
        self.usual: deque[float] = deque(maxlen=9)                          # s, the last intervals
        # beat s, interval s, difference² s²
        self.squares: deque[tuple[float, float, float]] = deque()
        self.sum = self.covered = 0.0
        self.last: Beat | None = None
        self.before: float | None = None  # s, the good interval before this one

    def add(self, beats: list[Beat], second: int) -> None:
        for beat in beats:
            interval = beat.time - self.last.time if self.last else math.inf
            alike = min(beat.alike, self.last.alike) if self.last else 0.0
            self.last = beat
            if not SHORT < interval < LONG:
                self.before = None
                continue
            self.recent.append((beat.time, interval, beat.alike))
            self.usual.append(interval)
            usual = self.period() or interval
            good = alike > ALIKE and abs(interval - usual) < ECTOPIC * usual
            if good and self.before is not None:
                # A difference of intervals holds three times: t2 − 2·t1 + t0, so six times a time's
                # variance.
                square = (interval - self.before) ** 2 - 6 * beat.jitter**2
                self.squares.append((beat.time, interval, square))
                self.sum += square
                self.covered += interval
            self.before = interval if good else None
        while self.recent and self.recent[0][0] < second - SEEN:
            self.recent.popleft()
        while self.squares and self.squares[0][0] < second - WINDOW:
            _, interval, square = self.squares.popleft()
            self.sum -= square
            self.covered -= interval

    def rmssd(self) -> Measured | None:
        """ms, its quality the share of the window whose intervals were good."""
        if self.covered < LEAST:
            return None
        return Measured(
            1000 * math.sqrt(max(self.sum, 0.0) / len(self.squares)),
            min(self.covered / WINDOW, 1.0),
        )

    def period(self) -> float | None:
        """s: the usual interval of late."""
        return sorted(self.usual)[len(self.usual) // 2] if self.usual else None

    def rate(self, now: float, period: float) -> float | None:
        """/min over the window that spectra see, when enough of it is intervals of `period` s, or
        of two such."""
        beats, total = 0, 0.0
        for time, interval, alike in self.recent:
            times = 1 if interval < 1.5 * period else 2
            if (alike > CONVINCING and time > now - SEEN + interval
                    and abs(interval - times * period) < ECTOPIC * period):
                beats, total = beats + times, total + interval
        return 60 * beats / total if total > ENOUGH else None

    def support(self, now: float, period: float) -> float:
        """Share, 0..1, of the last seconds whose intervals fit `period` s; 0 for what is too
        regular to live."""
        if not self.recent or self.recent[-1][0] < now - HELD:
            return 0.0
        latest = [(interval, alike) for time, interval, alike in self.recent
                  if time > now - RECENT and alike > CONVINCING]
        single = sum(interval for interval, _ in latest if abs(interval - period) < 0.3 * period)
        double = sum(
            interval for interval, _ in latest if abs(interval - 2 * period) < 0.3 * period
        )
        if len(latest) >= 5 and sum(alike for _, alike in latest) > SAME * len(latest):
            mean = sum(interval for interval, _ in latest) / len(latest)
            if sum((interval - mean) ** 2 for interval, _ in latest) < STEADY**2 * len(latest):
                return 0.0
        return min((single + min(double, single)) / (RECENT - 2.0), 1.0)
