"""Gains only glide: points on the control grid and straight lines between them."""

import math
from functools import lru_cache

import numpy as np

from device.sound.settings import CONTROL, PERIOD, RATE

FASTEST_RISE = 2.0          # s from silence to full; nothing fades in quicker
FASTEST_FALL = 5.0          # s; a panic or mute is not a glide and lies behind the ring
# √amplitude, −37 dB: where a rise from silence begins; nobody hears it, and it saves 60 ms
INAUDIBLE = 0.12
_UP = {each: (np.arange(each, dtype=np.float32) / each)[None, :] for each in (CONTROL, PERIOD)}


class Glide:
    """An amplitude on its way. It moves evenly in √amplitude: smooth from silence, and near enough
    even to the ear."""

    def __init__(self, value: float = 0.0):
        self._from = self._to = math.sqrt(value)
        self._done, self._length = 0, 0         # control periods

    def to(self, value: float, seconds: float) -> None:
        """Go to `value` (0..) in `seconds`, or slower where that would be a jump."""
        now, target = self._at(self._done), math.sqrt(max(value, 0.0))
        if target == self._to and (self._done >= self._length or now == target):
            return
        slowest = FASTEST_RISE if target > now else FASTEST_FALL
        seconds = max(seconds, slowest * min(abs(target - now), 1.0), 0.25)
        self._from, self._to, self._done = now, target, 0
        self._length = math.ceil(seconds * RATE / CONTROL)

    def set(self, value: float) -> None:
        """Be there at once: only for what is silent."""
        self._from = self._to = math.sqrt(value)
        self._done = self._length = 0

    @property
    def value(self) -> float:
        return self._at(self._done) ** 2

    @property
    def target(self) -> float:
        return self._to ** 2

    @property
    def left(self) -> float:
        """s until it is there."""
        return max(self._length - self._done, 0) * CONTROL / RATE

    def points(self, periods: int) -> np.ndarray:
        """The next `periods` + 1 control points, float32; the last is the first of the next call.
        """
        if self._done >= self._length:
            return still(self._to * self._to, periods + 1)
        values = [self._at(self._done + i) ** 2 for i in range(periods + 1)]
        self._done = min(self._done + periods, self._length)
        return np.array(values, np.float32)

    def skip(self, periods: int) -> None:
        self._done = min(self._done + periods, self._length)

    def _at(self, done: int) -> float:
        if done >= self._length:
            return self._to
        at = self._from + (self._to - self._from) * done / self._length
        return max(at, min(INAUDIBLE, self._to)) if done and self._from == 0.0 else at


@lru_cache(maxsize=64)
def still(value: float, count: int) -> np.ndarray:
    """(count,) read-only points that don't move: most don't, block after block."""
    points = np.full(count, value, np.float32)
    points.flags.writeable = False
    return points


def line(points: np.ndarray, period: int = CONTROL) -> np.ndarray | np.float32:
    """Control points (k + 1,) → a gain for each of k × `period` frames; one number where nothing
    moves."""
    values = points.tolist()        # so few are compared sooner than an array's
    if values.count(values[0]) == len(values):
        return points[0]
    return (points[:-1, None] + (points[1:] - points[:-1])[:, None] * _UP[period]).ravel()
