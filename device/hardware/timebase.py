"""A chip's clock fitted against ours: when each reading was taken, and how many there must have
been.

If reading i is taken at a + i·p, then a chip that has taken N readings when asked between `before`
and `after` tells a + (N − 1)·p ≤ after and a + N·p > before, however late the host was. The fit is
the line farthest from all bounds (a linear programme in a and p, as Moon, Skelly & Towsley estimate
clock skew, INFOCOM 1999): delays of the host, which least squares would follow, cannot move it. All
lines within the bounds together say how many readings a chip can have taken by some time; where
they disagree, the count stays in doubt until later answers rule the others out.
"""

from collections.abc import Callable

import numpy as np

# answers remembered (5 min at a tick of 0.25 s), and how many go when they are too many
POINTS, DROPPED = 1200, 240
REFIT = 64                      # answers between fits that only centre the line
ENOUGH = 8                      # answers that make a line
SETTLED = 256                   # answers after which the likeliest count is taken
PARTS = 0.06                    # of the nominal rate: how far parts differ
WANDER = 5e-4  # of the measured rate: how far an oscillator may have wandered while it was off
YOUNG = 45.0                    # s for which the moment of a start says more than the answers since
TOLERANCE = 0.05  # periods by which bounds may contradict each other: oscillators aren't rigid
WAKING = 0.01                   # s: a part may take this long to start (ADXL355's data sheet)
EARLY = 0.3  # periods by which its first reading may come sooner (an average of four: a quarter)
GOLDEN = (5 ** 0.5 - 1) / 2


class Timebase:
    """Index of readings ↔ our monotonic time; indices run on through gaps."""

    def __init__(self, nominal: float):
        """`nominal` Hz: believed until measured."""
        self.period = 1.0 / nominal
        # what earlier answers said of the period, give or take
        self.known, self.reach = self.period, PARTS
        self.sure: int | None = None  # how many of the answers have a count beyond doubt; None: all
        self.uncertain = 0                      # by how many all counts so far may be off, for good
        # readings taken, before, after; relative to index and origin
        self.points = np.zeros((3, POINTS))
        self.seen = 0
        self.restart(0, 0.0)

    @property
    def rate(self) -> float:
        """Hz."""
        return 1.0 / self.period

    def restart(self, index: int, time: float) -> None:
        """Conversions start at `time`: reading `index` comes one period later, give or take EARLY
        and WAKING."""
        self.learn(slice(0, self.seen if self.sure is None else self.sure))
        self.index = index
        self.origin = time
        self.offset = self.period               # s from the origin to reading `index`
        self.points[:, :2] = (-1, 0), (-EARLY * self.period, 0.0), (np.inf, WAKING)
        self.seen = 2
        self.sure = None
        self.extras: list[int] = [0]            # what may have to be added to the others' counts
        self.strange = 0                        # answers in a row that fit no line

    def time(self, index: int) -> float:
        """When reading `index` was (or will be) taken."""
        return self.origin + self.offset + (index - self.index) * self.period

    def end(self, time: float) -> tuple[int, bool]:
        """Readings taken by `time`, when conversions ended for good, and whether the answers leave
        no other count."""
        if self.sure is not None:
            self.reconsider(decide=True)
        self.period, self.offset, _ = self.fit(*self.points[:, :self.seen])
        time -= self.origin
        taken = max(int((time - self.offset) / self.period + 1), 0)
        fewest, most = self.lines(time, time, slice(0, self.seen))
        self.uncertain += max(most, taken) - min(max(fewest, 0), taken)
        return self.index + taken, fewest == most

    def between(self, before: float, after: float) -> tuple[int, int]:
        """The fewest and the most readings that can have been taken at a moment between `before`
        and `after`. Where the count is in doubt anyway but nothing new is, they are equal: as many
        as the caller goes on with."""
        before, after = before - self.origin, after - self.origin
        count, last_before, last_after = self.points[:, self.seen - 1]
        slow, fast = self.known * (1 + self.reach), self.known * (1 - self.reach)
        low = count + max(int((before - last_after) / slow), 0)
        high = count + (int((after - last_before) / fast) + 1 if after > last_before else 0)
        since = 0 if self.sure is None else self.sure
        if low < high:
            low, high = overlap((low, high), self.lines(before, after, slice(since, self.seen)))
        if low < high and since:
            low, high = low + self.extras[0], high + self.extras[-1]
            low, high = overlap((low, high), self.lines(before, after, slice(0, since)))
        return self.index + int(low), self.index + int(high)

    def see(self, taken: int, before: float, after: float) -> int:
        """The chip, asked between `before` and `after`, had taken `taken` readings. Returns how
        many must be added to that and to every later count: readings lost earlier, of which this
        answer is the proof; mostly 0."""
        self.append(taken, before, after)
        if self.sure is not None:
            return self.reconsider()
        count, before, after = self.points[:, self.seen - 1]
        edge = self.offset + count * self.period
        if before >= edge or after < edge - self.period:
            return self.bend()
        self.strange = 0
        if self.seen % REFIT == 0:
            self.period, self.offset, _ = self.fit(*self.points[:, :self.seen])
        return 0

    def doubt(self, fewest: int, most: int, before: float, after: float) -> None:
        """An answer whose count is only known to be from `fewest` to `most`; the caller goes on
        with `fewest`."""
        if self.sure is not None:
            self.learn(slice(self.sure, self.seen))
            self.seen = self.sure  # what was in doubt before is contained in what is in doubt now
        self.sure = None
        self.extras = list(range(most - fewest + 1))
        if fewest < most:
            self.sure = self.seen
        self.append(fewest, before, after)

    # ---- the answers

    def append(self, taken: int, before: float, after: float) -> None:
        if self.seen == POINTS:
            self.points[:, :POINTS - DROPPED] = self.points[:, DROPPED:].copy()
            self.seen -= DROPPED
            if self.sure is not None:
                self.sure = max(self.sure - DROPPED, 1)
        self.points[:, self.seen] = taken - self.index, before - self.origin, after - self.origin
        self.seen += 1

    def bend(self) -> int:
        """The last answer isn't on the line: another line, or a wrong answer, or readings that
        vanished silently."""
        period, offset, room = self.fit(*self.points[:, :self.seen])
        if room >= -TOLERANCE * period:
            self.period, self.offset, self.strange = period, offset, 0
            return 0
        self.seen -= 1
        self.strange += 1
        if self.strange < 8:
            return 0
        count, before, after = self.points[:, self.seen]
        fewest, _ = self.between(before + self.origin, after + self.origin)
        missing = fewest - self.index - int(count)
        if missing > 0:
            self.strange = 0
            return missing
        self.seen, self.reach = 0, PARTS  # its clock has jumped: begin again
        self.restart(self.index + int(count), after + self.origin)
        return 0

    def settle(self) -> int:
        """Something new is about to be in doubt: decide what was, if there have been answers
        enough. Returns as `see` does."""
        return (
            self.reconsider(decide=True)
            if self.sure is not None and self.seen - self.sure >= 2 * ENOUGH
            else 0
        )

    def learn(self, answers: slice) -> None:
        """Keep what answers about to be dropped say about the rate: that needs no count."""
        count, before, after = self.points[:, answers]
        if count.size < 2 * ENOUGH:
            return
        low, high = self.periods(count, before, after)
        self.known = min(max(self.known, (3 * low + high) / 4), (low + 3 * high) / 4)
        self.reach = min(max(1.5 * (high - low) / (high + low), WANDER), self.reach)

    def reconsider(self, decide: bool = False) -> int:
        """Rule out what the answers since contradict. Looks after 1, 2, 4, 8 … answers."""
        if self.sure is None:
            return 0
        since = self.seen - self.sure
        if since & since - 1 and not decide and since < SETTLED:
            return 0
        fits = []
        for extra in self.extras:
            counts = self.points[0, :self.seen].copy()
            counts[self.sure:] += extra
            fits.append((extra, *self.fit(counts, *self.points[1:, :self.seen])))
        possible = [fit for fit in fits if fit[3] >= -TOLERANCE * fit[1]]
        if decide or since >= SETTLED or not possible:
            if len(possible) > 1:
                self.uncertain += possible[-1][0] - possible[0][0]
            possible = [max(fits, key=lambda fit: fit[3])]
        least, self.period, self.offset, _ = possible[0]
        self.points[0, self.sure:self.seen] += least
        self.extras = [extra - least for extra, *_ in possible]
        if len(possible) == 1:
            self.sure, self.extras = None, [0]
        return least

    # ---- the linear programme

    def bracket(self, count: np.ndarray, before: np.ndarray) -> tuple[float, float]:
        """Periods worth looking at: what first and last answer allow, and the part is known to do.
        """
        first, last = count.argmin(), count.argmax()
        readings = count[last] - count[first]
        low, high = self.known * (1 - self.reach), self.known * (1 + self.reach)
        if readings < 4:
            return low, high
        slope = (before[last] - before[first]) / readings
        by_slope = slope * (1 - 2 / readings), slope * (1 + 2 / readings)
        if max(low, by_slope[0]) < min(high, by_slope[1]):
            return max(low, by_slope[0]), min(high, by_slope[1])
        return by_slope  # boards are known to run at half the rate asked (SparkFun_MAX3010x #2)

    def fit(
        self, count: np.ndarray, before: np.ndarray, after: np.ndarray
    ) -> tuple[float, float, float]:
        """Period, offset and room (s): soon after a start of a line from there if one fits, else of
        the line farthest from all bounds. Without room they contradict."""
        def room(period: float) -> float:
            return (after - count * period).min() - (before - count * period).max() + period

        if count[0] < 0 < count[-1] and before[-1] < YOUNG:
            later = count > 0
            low = max((before[later] / (count[later] + 1)).max(), self.known * (1 - self.reach))
            high = min((after[later] / count[later]).min(), self.known * (1 + self.reach))
            if low < high:
                period = (low + high) / 2
                return period, period, room(period)
        period = widest(room, *self.bracket(count, before))
        top, bottom = (after - count * period).min() + period, (before - count * period).max()
        return period, (top + bottom) / 2, top - bottom

    def periods(
        self, count: np.ndarray, before: np.ndarray, after: np.ndarray
    ) -> tuple[float, float]:
        """The shortest and the longest of all lines within the bounds."""
        period, _, room = self.fit(count, before, after)
        if room <= 0:
            return period, period

        def possible(period: float) -> bool:
            top, bottom = (after - count * period).min() + period, (before - count * period).max()
            return bool(top > bottom)

        low, high = self.bracket(count, before)
        return frontier(possible, period, low), frontier(possible, period, high)

    def lines(self, before: float, after: float, answers: slice) -> tuple[int, int]:
        """Fewest and most readings taken at a moment between `before` and `after`, over all lines
        within the bounds."""
        count, earliest, latest = self.points[:, answers]
        period, offset, room = self.fit(count, earliest, latest)
        if room <= 0:                           # not rigid: the line, give or take
            slack = TOLERANCE * period - room
            return int((before - offset - slack) / period + 1), int(
                (after - offset + slack) / period + 1
            )
        periods = np.linspace(*self.periods(count, earliest, latest), 9)
        slope = count[:, None] * periods
        tops, bottoms = (
            (latest[:, None] - slope).min(0) + periods,
            (earliest[:, None] - slope).max(0),
        )
        return (
            int(((before - tops) / periods + 1 - 1e-6).min()),
            int(((after - bottoms) / periods + 1 + 1e-6).max()),
        )


def widest(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a concave function is largest, by golden section, to a millionth of the bracket."""
    a, b = low, high
    c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
    at_c, at_d = function(c), function(d)
    for _ in range(29):
        if at_c > at_d:
            b, d, at_d = d, c, at_c
            c = b - GOLDEN * (b - a)
            at_c = function(c)
        else:
            a, c, at_c = c, d, at_d
            d = a + GOLDEN * (b - a)
            at_d = function(d)
    return (a + b) / 2


def overlap(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """What both intervals allow; the first if they contradict each other."""
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return (low, high) if low <= high else one


def frontier(possible: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where `possible` ends on the way from `inside` to `outside`, by bisection."""
    if possible(outside):
        return outside
    for _ in range(24):
        middle = (inside + outside) / 2
        if possible(middle):
            inside = middle
        else:
            outside = middle
    return outside
