"""What a bed does with nobody in it, learnt once at home: the lines of its machines, by which they
are told from a body.

Three kinds: what sways as slowly as a chest, what rings as high as a heart's recoil, and how often
a minute that ringing rises and falls. Each is left out only while it is no louder than it was then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from device.sleep.resampling import RATE
from device.values import Between

MOST = 4                # of a kind: a filter with more holes hears no heart
LOUDER = 2.0            # times what was learnt, RMS: that much is more than the machine


class Line(NamedTuple):
    hertz: Annotated[float, Between(0.05, RATE / 2)]
    rms: Annotated[float, Between(0.0, 1.0)]            # m/s², over all axes


@dataclass(frozen=True)
class EmptyBed:
    sway: tuple[Line, ...] = ()         # as slow as breathing
    ring: tuple[Line, ...] = ()         # as high as a recoil
    # /min at which the rest of its ringing rises and falls
    rates: tuple[Annotated[float, Between(20.0, 260.0)], ...] = ()
    loud: Annotated[float, Between(0.0, 1.0)] = 0.0     # m/s² RMS of that in its louder seconds


    def few(self) -> "EmptyBed":
        """With the first MOST of each kind."""
        return EmptyBed(self.sway[:MOST], self.ring[:MOST], self.rates[:MOST], self.loud)


UNKNOWN = EmptyBed()
FILE = "empty_bed.json"     # beside the diary


def without(lines: Sequence[Line], count: int) -> np.ndarray:
    """(count, count): takes sines of the lines' frequencies out of `count` grid values."""
    if not lines:
        return np.eye(count)
    turn = 2 * np.pi / RATE * np.outer(np.arange(count), [line.hertz for line in lines])
    sines, _ = np.linalg.qr(np.concatenate([np.cos(turn), np.sin(turn)], axis=1))
    return np.eye(count) - sines @ sines.T
