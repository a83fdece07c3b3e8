"""How much was heard in the last eight hours, and how loud it may still be: LAeq,8h is kept,
whatever is asked for.

A floor of `RESERVE` dB below the limit may be played on for ever. What is louder draws on the rest
of the budget, and may draw only so fast that it never ends: the more is gone, the nearer the sound
comes to the floor, over minutes.
"""

import contextlib
import json
import math
from collections import deque
from pathlib import Path

from device.sound.settings import Settings

WINDOW = 480                # min: WHO's eight hours
RESERVE = 6.0               # dB
SPENDING = 15.0             # min: the time constant of that approach
ASIDE = 0.1  # dB kept aside, since scenes follow a minute late and hit their level to a dB or two


class Dose:
    """Everything in minutes × mean square re 0 dBA."""

    def __init__(self, settings: Settings):
        limit = 10.0 ** ((settings.leq - ASIDE) / 10.0)
        self._floor = limit * 10.0 ** (-RESERVE / 10.0)
        self._spare = WINDOW * (limit - self._floor)
        self._unit = 10.0 ** (settings.calibration / 10.0) / 60.0
        # of each minute: what lay above the floor
        self._above = deque([0.0] * WINDOW, maxlen=WINDOW)
        self._minute, self._heard, self._energy = 0, 0.0, 0.0

    @property
    def allowed(self) -> float:
        """dBA that a scene may have now."""
        left = self._spare - sum(self._above)
        return 10.0 * math.log10(max(self._floor + left / SPENDING, 1.0))

    def add(self, energy: float, seconds: float, free: bool) -> bool:
        """`energy`: all that was heard so far, A-weighted mean square × s, at `seconds` of a steady
        clock; `free`: none of it since the last call counts, for it was meant to wake. True when a
        minute is over."""
        self._heard += 0.0 if free else (energy - self._energy) * self._unit
        self._energy = energy
        minutes = int(seconds // 60.0) - self._minute
        if minutes <= 0:
            self._minute += minutes         # below 0 only where another boot's dose was recalled
            return False
        each = max(self._heard / minutes - self._floor, 0.0)
        self._above.extend([each] * min(minutes, WINDOW))
        self._minute, self._heard = self._minute + minutes, 0.0
        return True

    def keep(self, path: Path) -> None:
        """For the process that follows this one, should it die: it may not begin the night's budget
        anew."""
        with contextlib.suppress(OSError):
            path.write_text(json.dumps([self._minute, *self._above]))

    def recall(self, path: Path) -> None:
        """What an earlier process of this boot kept; nothing, or rubbish, is no dose."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            minute, *above = json.loads(path.read_text())
            self._above.extend(min(max(0.0, float(each)), self._spare) for each in above[-WINDOW:])
            self._minute = int(minute)
