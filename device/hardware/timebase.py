"""A chip's clock fitted against ours: when each reading was taken, and how many there should have been.

A chip says how many readings it has taken, we know when we asked. If reading i is taken at a + i·p, then a chip that
has taken N by a question between `before` and `after` tells a + (N − 1)·p ≤ after and a + N·p > before, however late
the host was. The line farthest from all these bounds is the fit (a linear programme in p and a, as for skew estimation
by Moon, Skelly & Towsley, INFOCOM 1999); least squares would follow the host's delays instead.
"""

import numpy as np

POINTS = 1920                   # questions remembered: 8 min at a tick of 0.25 s
REFIT = 64                      # questions between fits, once there are that many
GOLDEN = (5 ** 0.5 - 1) / 2
TRUSTED = 8                     # questions before a fit replaces the nominal rate
RANGE = 5e-4                    # of the period: how far a known oscillator may have wandered while it was off


class Timebase:
    """Index of readings ↔ our monotonic time; indices run on through gaps."""

    def __init__(self, nominal: float):
        """`nominal` Hz: believed until measured."""
        self.period = 1.0 / nominal
        self.slack = self.period / 2            # s: how far the fitted line may be off
        self.known = False                      # the rate has been measured, in this run or an earlier one
        self.points = np.zeros((3, POINTS))     # readings taken, before, after; relative to the origin
        self.restart(0, 0.0)

    @property
    def rate(self) -> float:
        """Hz."""
        return 1.0 / self.period

    @property
    def trusted(self) -> bool:
        """Whether the line is fitted well enough to count by."""
        return self.known and self.seen >= TRUSTED

    def restart(self, index: int, time: float) -> None:
        """Conversions start at `time`: reading `index` comes one period later."""
        self.index = index
        self.origin = time
        self.offset = self.period               # s from the origin to reading `index`
        self.seen = 0
        if self.known:
            self.slack = self.period / 4

    def time(self, index: int) -> float:
        """When reading `index` was (or will be) taken."""
        return self.origin + self.offset + (index - self.index) * self.period

    def taken(self, time: float) -> int:
        """Readings taken by `time`; when it is too close to call, the lesser."""
        margin = min(max(2 * self.slack / self.period, 1e-3), 0.25)
        return self.index + max(int((time - self.origin - self.offset) / self.period + 1 - margin), 0)

    def see(self, taken: int, before: float, after: float) -> None:
        """The chip, asked between `before` and `after`, had taken `taken` readings since the first."""
        self.points[:, self.seen % POINTS] = taken - self.index, before - self.origin, after - self.origin
        self.seen += 1
        if self.seen % REFIT == 0 or (self.seen >= TRUSTED and self.seen < REFIT and self.seen & self.seen - 1 == 0):
            self.fit()

    def fit(self) -> None:
        taken, before, after = self.points[:, :min(self.seen, POINTS)]
        first, last = taken.argmin(), taken.argmax()
        span = taken[last] - taken[first]
        if span < 4:
            return
        guess = (before[last] - before[first]) / span
        reach = 2 * guess / span
        low, high = guess - reach, guess + reach
        if self.known:
            low = max(low, self.period * (1 - RANGE))
            high = min(high, self.period * (1 + RANGE))
        if low >= high:
            low, high = guess - reach, guess + reach        # it runs at another rate than before

        def room(period: float) -> tuple[float, float]:
            bottom = (before - taken * period).max()
            top = (after - taken * period).min() + period
            return top - bottom, (top + bottom) / 2

        period = widest(lambda p: room(p)[0], low, high)
        width, self.offset = room(period)
        self.period = period
        self.slack = abs(width) / 2
        self.known = self.known or self.seen >= 2 * REFIT


def widest(function, low: float, high: float, tolerance: float = 1e-9) -> float:
    """Where a concave function is largest, by golden section."""
    a, b = low, high
    c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
    at_c, at_d = function(c), function(d)
    while b - a > tolerance * high:
        if at_c > at_d:
            b, d, at_d = d, c, at_c
            c = b - GOLDEN * (b - a)
            at_c = function(c)
        else:
            a, c, at_c = c, d, at_d
            d = a + GOLDEN * (b - a)
            at_d = function(d)
    return (a + b) / 2
