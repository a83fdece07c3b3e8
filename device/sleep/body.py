"""Is somebody there?

A heart can be mistaken for a machine's rhythm; a body also breathes and moves, and no machine sways
a bed as slowly as a chest does.
"""

import math
from collections import deque

import numpy as np

from device.sleep.empty_bed import LOUDER, Line
from device.sleep.resampling import RATE

SLOW = 4                        # Hz: of the sway that is kept
SPAN = 20                       # s of it in which breathing must show
EVERY = 5                       # s between looks
LOOKS, FEWEST = 8, 4            # the last ones, of most of which, or of most of so many,
SAME = 0.25                     # somebody's breath must show, its rate the same but for that,
AGAIN = 2                       # or so many of somebody who is known to be there
TAPS = RATE                     # of the low-pass, Hann: a fan's line can't fold down to a breath
BREATHING = (0.1, 0.65)         # Hz
TREND = 0.08                    # Hz: slower than that is a drift
FLOOR = (0.8, 1.9)              # Hz: where neither breathing nor, much, a heart is
# Times the floor's power that a breath must have at its peak. The low-pass leaves the floor a ninth
# of its power: noise alone, as of an ADXL357, reaches 12.
ABOVE = 30.0
SWAY = 5e-4                     # m/s² RMS: less is no chest's, but a neighbour's or the house's
# of the slow power that must lie near the peak: of noise, steps and drifts that wander less does
GATHERED = 0.55
BOTH = 0.85                     # and near two peaks, half as wide
LOBE = 0.1                      # Hz to either side
STIR = 0.05                     # m/s² RMS of the sway in a second: a body that moves
# Hz, m/s² RMS: a cat breathes 20–40 times a minute and sways a mattress a tenth as far as a person
QUICK, FAINT = 0.3, 3e-3
LASTING, AGO = 5, 12            # s of such movement, of the last ones, that show a body anew
# times the mean square: two slams are no breath, nor, below, a step to another tilt; a sine has 2
CREST = 10.0
STEP = 15.0                     # and the same of its changes
AXES = np.ones(3)
PATIENCE = 90                   # s that a breath, or a movement, speaks for


class Body:
    """Adds a second of an accelerometer at a time. `sways`: a machine's, which are no breath."""

    def __init__(self, sways: tuple[Line, ...] = ()) -> None:
        window = np.hanning(TAPS + 2)[1:-1]
        window /= window.sum()
        step = RATE // SLOW
        self.slowing = np.zeros((SLOW, RATE + TAPS - step))
        for row in range(SLOW):
            self.slowing[row, row * step:row * step + TAPS] = window
        self.before = np.zeros((TAPS - step, 3))
        count = SPAN * SLOW
        self.sway: deque[np.ndarray] = deque(maxlen=SPAN)       # (SLOW, 3) m/s²
        k = np.arange(1 + int(2 * TREND * SPAN))
        trends = np.cos(np.pi * k * (np.arange(count)[:, None] + 0.5) / count)
        trends /= np.sqrt((trends**2).sum(axis=0))
        taper = np.hanning(count + 2)[1:-1]
        size = 2 * count
        self.hertz = np.arange(size // 2 + 1) * SLOW / size
        waves = np.fft.rfft((np.eye(count) - trends @ trends.T) * taper[:, None], size, axis=0)
        self.waves = np.concatenate([waves.real, waves.imag])
        self.power = (taper @ taper) * count            # of a sine of RMS 1 over its bins, all told
        low, high = np.searchsorted(self.hertz, BREATHING)
        self.breaths = slice(low, high)
        self.floor = slice(*np.searchsorted(self.hertz, FLOOR))
        self.slow = slice(int(low) - 2, self.floor.start)
        self.near = int(LOBE / self.hertz[1])
        # where each machine sways it, and the power that is no more than its own
        self.machines = [(np.abs(self.hertz - line.hertz) <= LOBE,
                          self.power * (LOUDER * line.rms) ** 2) for line in sways]
        self.swayed = [line.hertz for line in sways]    # Hz: of those as loud as they were
        self.sways = sways
        self.seconds = 0                                # of readings in a row
        self.unseen = PATIENCE                          # s since somebody breathed or moved
        # Hz of the breath that showed, 0 when none did, newest last
        self.looks: deque[float] = deque(maxlen=LOOKS)
        self.breath = (0.0, 0.0)                        # Hz and m/s² RMS of the last that showed
        self.stirs: deque[bool] = deque(maxlen=AGO)     # whether it moved in the last seconds

    def add(self, block: np.ndarray | None) -> None:
        """`block` (RATE, 3) m/s²; None is a gap."""
        self.unseen += 1
        if block is None or block.shape[1] != 3:
            self.seconds = 0
            self.sway.clear()
            return
        if self.seconds == 0:
            self.before = np.repeat(block[:1], len(self.before), axis=0)
        joined = np.concatenate([self.before, block])
        self.before = joined[RATE:]
        self.sway.append(self.slowing @ (joined - block[0]) + block[0])
        self.seconds += 1
        if self.seconds < 3:
            return
        about = self.sway[-1] - self.sway[-2].sum(axis=0) / SLOW
        self.stirs.append(float(np.vdot(about, about)) > SLOW * STIR**2)
        if self.stirs[-1]:
            # whoever lies down moves for longer than a door that slams
            if self.there or sum(self.stirs) >= LASTING:
                self.unseen = 0
        elif self.seconds >= SPAN and self.seconds % EVERY == 0:
            self.looks.append(self.breathes())
            wanted = AGAIN if self.there else max(len(self.looks), FEWEST) // 2 + 1
            alike = sum(abs(hertz - self.looks[-1]) < SAME * hertz for hertz in self.looks)
            if self.looks[-1] and alike >= wanted:
                self.unseen = 0

    def small(self) -> bool:
        """Whether the last breath was as quick and as faint as a cat's."""
        hertz, swing = self.breath
        return hertz > QUICK and swing < FAINT

    def breathes(self) -> float:
        """Hz of a breath in the last SPAN seconds; 0 when there is none."""
        sway = np.concatenate(self.sway)
        swung = ((sway - sway.mean(axis=0)) ** 2).sum(axis=1)
        went = ((sway[1:] - sway[:-1]) ** 2).sum(axis=1)
        if swung.max() > CREST * swung.mean() or went.max() > STEP * went.mean():
            return 0.0
        parts = self.waves @ (sway - sway[0])
        power = ((parts * parts) @ AXES).reshape(2, -1).sum(axis=0)
        self.swayed = []
        for line, (at, most) in zip(self.sways, self.machines, strict=True):
            if power[at].sum() <= most:
                self.swayed.append(line.hertz)
                power[at] = 0.0
        peak = int(power[self.breaths].argmax()) + self.breaths.start
        floor = float(power[self.floor].sum()) / (self.floor.stop - self.floor.start)
        near = float(power[max(peak - self.near, 0):peak + self.near + 1].sum())
        slow = float(power[self.slow].sum())
        breath = (power[peak] > ABOVE * floor and near > self.power * SWAY**2
                  and (near > GATHERED * slow or self.two(power, peak) > BOTH * slow))
        if not breath:
            return 0.0
        self.breath = float(self.hertz[peak]), math.sqrt(near / self.power)
        return self.breath[0]

    def two(self, power: np.ndarray, peak: int) -> float:
        """Power near two lines, that at `peak` and the greatest of the others: two sleepers'."""
        narrow = self.near // 2
        left = power.copy()
        left[max(peak - narrow, 0):peak + narrow + 1] = 0.0
        other = int(left[self.breaths].argmax()) + self.breaths.start
        left[max(other - narrow, 0):other + narrow + 1] = 0.0
        return float((power - left)[self.slow].sum())

    @property
    def there(self) -> bool:
        """Whether somebody breathed or moved of late."""
        return self.unseen < PATIENCE
