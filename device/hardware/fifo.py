"""One chip through a night: drained, timed, counted, and set up again whenever it has forgotten
itself."""

import errno
from typing import Protocol

import numpy as np

from device.errors import SensorError
from device.hardware.registers import Chip, Level
from device.hardware.timebase import Timebase
from device.values import Signal

# ticks that may fail in a row before we ask less often: a stuck bus takes 1 s to say so
PATIENCE = 4
RETRY = 1.0             # s between questions then
SILENCE = 1.0           # s without a reading before a chip is set up again
QUIET = 0.1             # s without a reading before it is asked for its settings


class Now(Protocol):
    """All that is needed of a clock here; a tape has it too."""

    def now(self) -> float: ...


class Feed:
    """Never raises for what a chip does: `drain` gives None, and the reason in `trouble`."""

    def __init__(self, chip: Chip, clock: Now):
        self.chip, self.clock = chip, clock
        self.timebase = Timebase(chip.rate)
        self.running = False            # it has been set up, as far as we know
        self.started = False            # it has run at some time
        self.index = 0                  # of the next reading to pop, lost ones counted
        self.unsure = False  # a transfer broke off: part of the FIFO may have gone into it
        self.pending = 0                # readings lost since the last one that was handed over
        self.after = 0                  # readings lost after those being handed over
        self.lost = 0                   # since the start
        self.restarts = 0
        self.failures = 0               # ticks failed in a row
        self.next_try = 0.0             # s
        self.heard = 0.0                # s: when it last had readings
        self.complaint = ""             # why it failed last
        self.trouble: list[str] = []

    def drain(self, now: float) -> Signal | None:
        """What the FIFO holds, or None if the chip failed; `trouble` says why in words."""
        self.trouble = []
        if self.failures and now < self.next_try:
            self.trouble.append(self.complaint)
            return None
        try:
            if not self.running or (self.failures and not self.chip.intact()):
                self.set_up()
            values = self.gather(now)
        except SensorError as trouble:
            self.complaint = str(trouble)
            self.trouble.append(self.complaint)
            self.failures += 1
            self.unsure = True
            self.next_try = now + (RETRY if self.failures > PATIENCE else 0.0)
            return None
        self.failures = 0
        start = self.timebase.time(self.index)
        lost = 0
        if len(values):
            lost, self.pending = self.pending, 0
        self.index += len(values) + self.after
        self.lose(self.after)
        self.after = 0
        return Signal(values, start, self.timebase.rate, lost)

    def gather(self, now: float) -> np.ndarray:
        """Level, accounts, readings. A transfer that failed is tried once more, unless the bus is
        stuck."""
        try:
            return self.attempt(now)
        except SensorError as trouble:
            self.unsure = True
            if getattr(trouble.__cause__, "errno", None) == errno.ETIMEDOUT:
                raise
            return self.attempt(now)

    def attempt(self, now: float) -> np.ndarray:
        self.after = 0
        before = self.clock.now()
        level = self.chip.level()
        after = self.clock.now()
        if level.waiting:
            self.heard = now
        if level.restarted or self.silent(now):
            self.set_up()
            return np.zeros((0, self.chip.channels))
        self.count(level, before, after)
        return self.chip.pop(level.waiting)

    def silent(self, now: float) -> bool:
        """Whether it has stopped: at once if it has lost its settings, after a while in any case.
        """
        quiet = now - self.heard
        return quiet > max(4 * self.timebase.period, QUIET) and (
            quiet > SILENCE or not self.chip.intact()
        )

    def set_up(self) -> None:
        """Configure, and count what was not taken meanwhile."""
        self.running = False
        self.chip.configure()
        time = self.clock.now()
        if self.started:
            taken, certain = self.timebase.end(time)
            missed = max(taken - self.index, 0)
            self.skip(missed)
            self.restarts += 1
            # By the clock alone: a reset chip no longer tells what it held.
            self.trouble.append(
                f"{self.chip}: had lost its settings; set up again, {'' if certain else 'about '}"
                f"{missed} readings lost"
            )
        self.timebase.restart(self.index, time)
        self.running = self.started = True
        self.unsure = False
        self.heard = time

    def count(self, level: Level, before: float, after: float) -> None:
        """Keep the index of the next reading true, whatever the FIFO has lost."""
        if level.broken is not None:
            self.skip(level.broken)
            self.unsure = False
        if not level.complete and level.dropped is not None:
            # How many there are in all will be asked when the rest is popped.
            if level.newest_kept:
                self.skip(level.dropped)
            else:
                self.after = level.dropped
            return
        waiting = level.waiting + level.later
        if self.unsure or level.torn or level.dropped is None:
            fewest, most = self.timebase.between(before, after)
            if fewest < most:
                self.skip(self.timebase.settle())
                fewest, most = self.timebase.between(before, after)
            fewest = max(fewest, self.index + waiting + (level.dropped or 0))
        else:
            fewest = most = self.index + waiting + level.dropped
        gone = fewest - self.index - waiting
        if fewest < most:
            self.timebase.doubt(fewest, most, before, after)
        else:
            self.skip(self.timebase.see(fewest, before, after))
        if not level.newest_kept:
            self.after = gone if level.dropped is None else level.dropped
            gone -= self.after
        self.skip(gone)
        self.unsure = False

    def skip(self, readings: int) -> None:
        """So many readings before the next one to pop are gone."""
        self.index += readings
        self.lose(readings)

    def lose(self, readings: int) -> None:
        self.pending += readings
        self.lost += readings
