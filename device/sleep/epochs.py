"""Vitals once a second → epochs of 30 s, on a grid of monotonic time: no clock on the wall can move
it."""

import math
from collections.abc import Sequence

from device.values import EPOCH, Epoch, Measured, Vitals

TRUSTED = 0.5       # quality from which a vital sign counts
ENOUGH = 8          # seconds of an epoch that must be trusted before it has a heart rate
SECONDS = round(EPOCH)


class Epochs:
    """Collects vitals; an epoch is given out with the vitals of its last second, an empty one for
    each that was missed.

    start: s, monotonic, of the first epoch; `index`: its number.
    """

    def __init__(self, start: float, index: int = 0):
        self.restart(start, index)

    def restart(self, start: float, index: int) -> None:
        """Begin epoch `index` at `start` s; what was collected of another is let go."""
        self._start = start - index * EPOCH
        self._index = index
        self._seconds: list[Vitals] = []

    def add(self, vitals: Vitals) -> list[Epoch]:
        """The epochs that are complete now, oldest first: mostly none. Vitals from before are
        dropped."""
        second = vitals.time - self._start  # vitals speak of the second that ends at their time
        belongs = math.floor((second - .5) / EPOCH)
        done = []
        while self._index < belongs:
            done.append(self._close())
        if vitals.time > self._start + self._index * EPOCH:
            self._seconds.append(vitals)
        if second + .5 >= (self._index + 1) * EPOCH:
            done.append(self._close())
        return done

    def _close(self) -> Epoch:
        epoch = summarise(self._index, self._start + self._index * EPOCH, self._seconds)
        self._index += 1
        self._seconds = []
        return epoch


def summarise(index: int, start: float, seconds: Sequence[Vitals]) -> Epoch:
    """One epoch of at most 30 vitals. What less than half of the seconds know is missing, not
    small."""
    hearts = trusted([v.heart_rate for v in seconds])
    heart, heart_sd = weighted(hearts) if len(hearts) >= ENOUGH else (None, None)
    breaths = trusted([v.breathing for v in seconds])
    counts = [v.activity for v in seconds if v.activity is not None]
    moves = [v.movement for v in seconds if v.movement is not None]
    rmssd = trusted([v.rmssd for v in seconds])
    present = [v.present for v in seconds if v.present is not None]
    uneven = sum(v.uneven for v in seconds)
    return Epoch(
        index=index,
        start=start,
        activity=sum(counts) * SECONDS / len(counts) if 2 * len(counts) >= SECONDS else None,
        movement=math.sqrt(sum(m * m for m in moves) / len(moves))
        if 2 * len(moves) >= SECONDS
        else None,
        heart_rate=heart,
        heart_sd=heart_sd,
        rmssd=rmssd[-1].value if rmssd else None,
        breathing=weighted(breaths)[0] if len(breaths) >= ENOUGH else None,
        heart_quality=min(max(len(hearts) - uneven, 0) / SECONDS, 1.0),
        motion_quality=min(max(len(moves), len(counts)) / SECONDS, 1.0),
        present=2 * sum(present) >= len(present) if present else None,
        uneven=2 * uneven > len(hearts),
    )


def trusted(readings: Sequence[Measured | None]) -> list[Measured]:
    return [
        r for r in readings if r is not None and r.quality >= TRUSTED and math.isfinite(r.value)
    ]


def weighted(readings: Sequence[Measured]) -> tuple[float, float]:
    """Mean and SD, weighted by quality."""
    total = sum(r.quality for r in readings)
    mean = sum(r.value * r.quality for r in readings) / total
    return mean, math.sqrt(sum(r.quality * (r.value - mean) ** 2 for r in readings) / total)
