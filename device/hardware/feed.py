"""One chip through a night: drained, timed, counted, and set up again whenever it has forgotten itself."""

import errno

import numpy as np

from device.clock import Clock
from device.errors import SensorError
from device.hardware.registers import Chip, Level
from device.hardware.timebase import Timebase
from device.values import Signal

PATIENCE = 4            # ticks that may fail in a row before we ask less often: a stuck bus takes 1 s to say so
RETRY = 1.0             # s between questions then
SILENCE = 1.0           # s without a reading before a chip is set up again
DOUBT = 8               # questions after an event that left the count in doubt


class Feed:
    """Never raises for what a chip does: `drain` gives None and the reason in `trouble`."""

    def __init__(self, chip: Chip, clock: Clock):
        self.chip, self.clock = chip, clock
        self.timebase = Timebase(chip.rate)
        self.running = False            # it has been set up, as far as we know
        self.failures = 0               # ticks failed in a row
        self.next_try = 0.0             # s
        self.index = 0                  # of the next reading to pop
        self.started = False            # it has ever run
        self.pending = 0                # readings lost since the last one that was handed over
        self.lost = 0                   # since the start
        self.restarts = 0
        self.doubt = 0                  # questions left in which the clock may still correct the count
        self.heard = 0.0                # s: when it last had readings
        self.trouble: list[str] = []

    def drain(self, now: float) -> Signal | None:
        """What the FIFO holds, or None if the chip failed; `trouble` says why in words."""
        self.trouble = []
        if self.failures and now < self.next_try:
            self.trouble.append(f"{self.chip}: still not answering; next try in {self.next_try - now:.1f} s")
            return None
        try:
            if not self.running or self.failures and not self.chip.intact():
                self.set_up()
            values = self.gather(now)
        except SensorError as trouble:
            self.trouble.append(str(trouble))
            self.failures += 1
            self.doubt = DOUBT
            self.next_try = now + (RETRY if self.failures > PATIENCE else 0.0)
            return None
        self.failures = 0
        start = self.timebase.time(self.index)
        self.index += len(values)
        lost = 0
        if len(values):
            lost, self.pending = self.pending, 0
        self.pending += self.after
        return Signal(values, start, self.timebase.rate, lost)

    def gather(self, now: float) -> np.ndarray:
        """Level, accounts, readings. A transfer that failed is tried once more, unless the bus is stuck."""
        self.after = 0
        for last in (False, True):
            try:
                before = self.clock.now()
                level = self.chip.level()
                after = self.clock.now()
                if level.restarted or self.silent(level, now):
                    self.set_up()
                    return np.zeros((0, self.chip.channels))
                self.count(level, before, after)
                values = self.chip.pop(level.waiting)
            except SensorError as trouble:
                self.doubt = DOUBT
                self.unsure = True
                if last or getattr(trouble.__cause__, "errno", None) == errno.ETIMEDOUT:
                    raise
                continue
            if level.waiting:
                self.heard = now
            return values
        raise AssertionError("unreachable")

    def silent(self, level: Level, now: float) -> bool:
        if level.waiting or now - self.heard < max(4 * self.timebase.period, 0.1):
            return False
        return now - self.heard > SILENCE or not self.chip.intact()

    def set_up(self) -> None:
        """Configure, and count what was not taken meanwhile."""
        self.running = False
        self.chip.configure()
        time = self.clock.now()
        if self.started:
            missed = max(self.timebase.taken(time) - self.index, 0)
            self.lose(missed)
            self.index += missed
            self.restarts += 1
            self.trouble.append(f"{self.chip}: had forgotten its settings; set up again, {missed} readings lost")
        self.timebase.restart(self.index, time)
        self.running = self.started = True
        self.unsure = False
        self.doubt = 0
        self.heard = time

    def count(self, level: Level, before: float, after: float) -> None:
        """Keep the index of the next reading true, whatever the FIFO lost."""
        clean = level.dropped == 0 and not self.unsure and not level.torn
        if clean:
            if self.doubt and self.timebase.trusted:
                self.doubt -= 1
                self.skip(self.timebase.taken(before) - (self.index + level.waiting))
            self.timebase.see(self.index + level.waiting, before, after)
            return
        self.doubt = DOUBT
        reliable = self.timebase.trusted
        if self.unsure or level.torn:
            # Part of the FIFO went into a transfer that broke off; how much, only time tells.
            if reliable and (level.dropped == 0 or level.newest_kept):
                self.skip(self.timebase.taken(after) - level.waiting - self.index)
            self.unsure = False
        elif level.newest_kept:
            self.skip(self.timebase.taken(after) - level.waiting - self.index if level.dropped is None
                      else level.dropped)
        if not level.newest_kept and level.dropped != 0:
            dropped = level.dropped
            if dropped is None:
                dropped = max(self.timebase.taken(after) - self.index - level.waiting, 0)
            self.after = dropped

    def skip(self, readings: int) -> None:
        if readings > 0:
            self.lose(readings)
            self.index += readings

    def lose(self, readings: int) -> None:
        self.pending += readings
        self.lost += readings

    unsure = False
    after = 0
