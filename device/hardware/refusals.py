"""The account of a FIFO that refuses new readings while it is full (MAX3010x with rollover off).

Read and write pointer are modulo 32, so that 0 and 32 waiting readings look alike; refused readings
leave no trace but a counter that stops at 31 and is cleared by popping. From these, look by look,
follows where in the run of readings some are missing, and how many. Pure: no chip, no bus.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from device.hardware.registers import Level

DEPTH = 32          # readings
MOST = 31           # readings popped at once: the read pointer couldn't tell 32 from none
SATURATED = 0x1F    # the overflow counter stops here


class Gap(NamedTuple):
    """Readings that were refused."""
    before: int             # readings in the FIFO that are older than they
    refused: int | None     # how many; None: the counter had stopped


@dataclass(frozen=True, slots=True)
class Refusals:
    """What is known of the FIFO after the last look or pop; as it begins: empty."""
    next_read: int = 0              # where the read pointer should be
    full: bool = False              # 32 readings wait, though the pointers are equal
    gaps: tuple[Gap, ...] = ()      # oldest first

    def look(self, *, write: int, read: int, overflow: int, flagged: bool
             ) -> tuple["Refusals", Level]:
        """`write`, `read`: the pointers; `overflow`: the counter; `flagged`: the FIFO has become
        full since the last look. Answers the account now, and what to pop."""
        broken = (read - self.next_read) & 31       # went into a transfer that broke off
        waiting = (write - read) & 31
        still_full = self.full and broken == 0
        full = waiting == 0 and (still_full or flagged or overflow > 0)
        if full:
            waiting = DEPTH
        gaps = tuple(Gap(max(gap.before - broken, 0), gap.refused) for gap in self.gaps)
        if overflow:
            gaps = with_newest(gaps, overflow)
        # Refused readings at the front: those before them went into a broken transfer.
        front: int | None = 0
        if gaps and gaps[0].before == 0:
            front, gaps = gaps[0].refused, gaps[1:]
        return Refusals(read, full, gaps), level(waiting, broken, front, gaps)

    def popped(self, count: int) -> "Refusals":
        """The account once `count` readings, 1 or more, have been popped."""
        left = tuple(Gap(gap.before - count, gap.refused)
                     for gap in self.gaps if gap.before > count)
        return replace(self, next_read=(self.next_read + count) & 31, full=False, gaps=left)


def with_newest(gaps: tuple[Gap, ...], overflow: int) -> tuple[Gap, ...]:
    """`gaps` and what the counter says of the newest, behind a full FIFO."""
    if gaps and gaps[-1].before == DEPTH:       # the same one, counted on
        gaps = gaps[:-1]
    return *gaps, Gap(DEPTH, overflow if overflow < SATURATED else None)


def level(waiting: int, broken: int, front: int | None, gaps: tuple[Gap, ...]) -> Level:
    """What can be popped in one unbroken run, with the gap at its front or the one behind it."""
    run = gaps[0].before if gaps else waiting
    ready = min(run, MOST)
    gap_behind = bool(gaps) and front == 0 and ready == run
    dropped, later_gaps = (gaps[0].refused, gaps[1:]) if gap_behind else (front, gaps)
    refused_later = [gap.refused for gap in later_gaps]
    return Level(
        ready,
        dropped,
        newest_kept=not gap_behind,
        later=waiting - ready + sum(refused or 0 for refused in refused_later),
        broken=broken,
        complete=None not in refused_later,
    )
