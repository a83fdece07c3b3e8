"""Time is handed in: only this file asks the machine for it."""

import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

AGREES = 5.0                # s that a clock with a battery may differ from the system's


class Clock(Protocol):
    def now(self) -> float:
        """Monotonic seconds: never jumps, means nothing outside this boot."""

    def wall(self) -> float:
        """Seconds since 1970, as far as this machine knows; for the alarm, `home/` and the diary's
        header only."""

    def synced(self) -> bool:
        """Whether `wall` is the time: set in this boot by the network or a clock with a battery."""

    def sleep(self, seconds: float) -> None: ...

    def wait(self, inbox: queue.SimpleQueue, seconds: float) -> list:
        """What came into the inbox: at once if something is there, else after at most `seconds`."""


class SystemClock:
    """`root`: where the machine's own files are."""

    def __init__(self, root: Path = Path("/")):
        self._root, self._synced = root, False

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def synced(self) -> bool:
        """Once it was, it stays so until the next boot. What PID 1 sets at start (its own build's
        date) and what timesyncd saved before are later than 1970, and not the time."""
        if not self._synced:
            by_network = (self._root / "run/systemd/timesync/synchronized").exists()
            self._synced = by_network or self._by_battery()
        return self._synced

    def _by_battery(self) -> bool:
        """The kernel took the time from this RTC as it started, and both still agree: PID 1 turns
        a clock on that an empty battery has left in the past."""
        rtc = self._root / "sys/class/rtc/rtc0"
        try:
            taken = (rtc / "hctosys").read_text().strip() == "1"
            return taken and abs(int((rtc / "since_epoch").read_text()) - self.wall()) < AGREES
        except (OSError, ValueError):
            return False

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)

    def wait(self, inbox: queue.SimpleQueue, seconds: float) -> list:
        try:
            return [inbox.get(timeout=max(seconds, 0.0)), *drained(inbox)]
        except queue.Empty:
            return []


class VirtualClock:
    """Sleeping just adds, so that a night takes seconds."""

    def __init__(self, start: float = 0.0, wall: float = 1_767_218_400.0):  # 2025-12-31 22:00 UTC
        self._now = start
        self._wall = wall - start
        self.known = True                   # what `synced` answers
        self._planned: list[tuple[float, int, Callable[[], object]]] = []

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._now + self._wall

    def sleep(self, seconds: float) -> None:
        self._pass(self._now + max(seconds, 0.0))

    def wait(self, inbox: queue.SimpleQueue, seconds: float) -> list:
        end = self._now + max(seconds, 0.0)
        while inbox.empty() and self._now < end:
            self._pass(min([end, *(when for when, _, _ in self._planned)]))
        return drained(inbox)

    def at(self, when: float, act: Callable[[], object]) -> None:
        """Have something happen at `when` s: a finger on the button, a fault."""
        self._planned.append((when, len(self._planned), act))

    def synced(self) -> bool:
        return self.known

    def set_wall(self, wall: float) -> None:
        """Somebody set the clock; monotonic time doesn't care."""
        self._wall = wall - self._now

    def _pass(self, until: float) -> None:
        due = [item for item in self._planned if item[0] <= until]
        for item in sorted(due, key=lambda item: item[:2]):
            when, _, act = item
            self._planned.remove(item)
            self._now = max(self._now, when)
            act()
        self._now = max(self._now, until)


class PacedClock(VirtualClock):
    """Virtual time that passes `speed` times as fast as real time; `tools/night --speed`."""

    def __init__(self, speed: float, start: float = 0.0, **wall: float):
        super().__init__(start, **wall)
        self._speed = speed
        self._began = time.monotonic() - start / speed

    def _pass(self, until: float) -> None:
        ahead = self._began + until / self._speed - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        super()._pass(until)

    def wait(self, inbox: queue.SimpleQueue, seconds: float) -> list:
        """In slices, so that a key of the terminal is heard between ticks."""
        end, heard = self._now + seconds, drained(inbox)
        while not heard and self._now < end:
            heard = super().wait(inbox, min(0.02 * self._speed, end - self._now))
        return heard


def drained(inbox: queue.SimpleQueue) -> list:
    found = []
    while not inbox.empty():
        found.append(inbox.get())
    return found
