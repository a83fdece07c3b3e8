"""Time is handed in: only this file asks the machine for it."""

import time
from collections.abc import Iterator
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Monotonic seconds: never jumps, means nothing outside this boot."""

    def wall(self) -> float:
        """Seconds since 1970, as far as this machine knows; for the alarm, `home/` and the diary's header only."""

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


class VirtualClock:
    """Sleeping just adds, so that a night takes seconds."""

    def __init__(self, start: float = 0.0, wall: float = 1_767_218_400.0):     # 2025-12-31 22:00 UTC
        self._now = start
        self._wall = wall - start

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._now + self._wall

    def sleep(self, seconds: float) -> None:
        self._now += max(seconds, 0.0)

    def set_wall(self, wall: float) -> None:
        """Somebody set the clock; monotonic time doesn't care."""
        self._wall = wall - self._now


def ticks(clock: Clock, period: float) -> Iterator[float]:
    """The time of each tick, `period` s apart without drift; ticks that were slept through are not caught up."""
    due = clock.now()
    while True:
        yield clock.now()
        due = max(due + period, clock.now())
        clock.sleep(due - clock.now())
