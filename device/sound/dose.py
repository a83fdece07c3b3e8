"""How much was heard in the last eight hours, and how loud it may still be: LAeq,8h is kept, whatever is asked for.

A floor of `RESERVE` dB below the limit may be played on for ever. What is louder draws on the rest of the budget, and
may draw only so fast that it never ends: the more is gone, the nearer the sound comes to the floor, over minutes.
"""

import math
from collections import deque

from device.sound.settings import Settings

WINDOW = 480                # min: WHO's eight hours
RESERVE = 6.0               # dB
SPENDING = 15.0             # min: the time constant of that approach
ASIDE = 0.1                 # dB kept aside, since scenes follow a minute late and hit their level to a dB or two


class Dose:
    """Everything in minutes × mean square re 0 dBA."""

    def __init__(self, settings: Settings):
        limit = 10.0 ** ((settings.leq - ASIDE) / 10.0)
        self._floor = limit * 10.0 ** (-RESERVE / 10.0)
        self._spare = WINDOW * (limit - self._floor)
        self._unit = 10.0 ** (settings.calibration / 10.0) / 60.0
        self._above = deque([0.0] * WINDOW, maxlen=WINDOW)      # of each minute: what lay above the floor
        self._minute, self._heard, self._energy = 0, 0.0, 0.0

    @property
    def allowed(self) -> float:
        """dBA that a scene may have now."""
        left = self._spare - sum(self._above)
        return 10.0 * math.log10(max(self._floor + left / SPENDING, 1.0))

    def add(self, energy: float, seconds: float, free: bool) -> bool:
        """`energy`: all that was heard so far, A-weighted mean square × s, at `seconds` of the process's life; `free`:
        none of it since the last call counts, for it was meant to wake. True when a minute is over."""
        self._heard += 0.0 if free else (energy - self._energy) * self._unit
        self._energy = energy
        minutes = int(seconds // 60.0) - self._minute
        if minutes <= 0:
            return False
        each = max(self._heard / minutes - self._floor, 0.0)
        self._above.extend([each] * min(minutes, WINDOW))
        self._minute, self._heard = self._minute + minutes, 0.0
        return True
