"""The last gain of all, behind scenes, phrases, knob, restarts and cards: while somebody may be
asleep, what leaves rises no faster than `RISE` where it can be heard.

It follows what the scene and the knob mean, and so stays out of a sound's own swing; what swings
further than `SWING` above its usual, or by more than `LEAP` within two seconds, is held, too: a
note after a rest, a wave after a calm. The night says only whether somebody may be
asleep, and that is kept beside the socket for a process that follows this one.
"""

import contextlib
import math
from collections import deque
from pathlib import Path

import numpy as np

from device.sound.settings import RATE, Settings

RISE = 0.4                  # dB/s; half a decibel is promised, and a sound wavers
DAWN = 1.0                  # dB/s while the alarm wakes: above the steepest of its own rise
HEARD = 16.0                # dBA: below it a rise is free; SWING under the 20 dBA that are heard
SWING = 10.0 ** 0.4         # × its usual power, 4 dB: as far as a sound may swing by itself
SHORT, LONG = 0.25, 20.0    # s: over which a swing is measured, and its usual
LEAST = 0.1                 # × what was meant: a gap in the music is not its usual
LEAP = 2.2                  # dB: as far as it may swing up in SPAN; 4 is promised
WINDOW, SPAN = 1.0, 2.0     # s: what a level is taken over, and how far it is looked back
UNHEARD = 19.5              # dBA: what swings up to here is below what is heard
STEEPEST = 60.0             # dB/s: of what a swing is held by
RETURN = 2.0                # s from nothing to all, once a hand says that nobody sleeps
SILENT = -100.0             # dBA


class Guard:
    """One gain, never above 1."""

    def __init__(self, settings: Settings, kept: Path | None = None):
        self._calibration = settings.calibration
        self._kept = kept
        self.asleep = recalled(kept)
        self._gain = 1.0                # at the end of what went out
        self._level = SILENT            # dBA that was meant to go out
        self._swing = self._usual = 1.0     # power re what was meant: lately, and in the long run
        self._held = 0.0                # dB: what is taken off a swing
        self._left: deque[float] = deque()      # power that left, re what was meant, for WINDOW
        self._levels: deque[float] = deque()    # its means over WINDOW, for SPAN

    def tell(self, asleep: bool) -> None:
        """Somebody may be asleep; or a hand or the morning says otherwise."""
        if asleep is self.asleep:
            return
        self.asleep = asleep
        if self._kept is not None:
            with contextlib.suppress(OSError):
                self._kept.write_text("asleep" if asleep else "awake")

    @property
    def gain(self) -> float:
        return self._gain

    def __call__(
        self, chunk: np.ndarray, power: float, meant: float, knob: float, waking: bool
    ) -> np.ndarray:
        """(2, n) → (2, n). `power`: its A-weighted mean square before the knob; `meant`: what that
        should be by the scene; `knob`: linear gain at its end; `waking`: it is the alarm's."""
        frames = chunk.shape[1]
        seconds = frames / RATE
        ratio = min(power / meant, 100.0) if meant > 0.0 else 0.0
        if meant > 0.0:
            self._follow(ratio, seconds)
        wanted = self._wanted(self._dba(meant * knob * knob), seconds, waking)
        self._remember(ratio * 10.0 ** (-self._held / 10.0), seconds)
        if not self.asleep:
            wanted = min(wanted, self._gain + seconds / RETURN)
        before, self._gain = self._gain, wanted
        if before == wanted:
            return chunk if wanted == 1.0 else chunk * np.float32(wanted)
        ramp = np.linspace(before, wanted, frames + 1, dtype=np.float32)[1:]
        return chunk * ramp

    def skip(self, seconds: float, meant: float, knob: float, waking: bool) -> None:
        """Time passes unheard."""
        self._gain = self._wanted(self._dba(meant * knob * knob), seconds, waking)

    def _wanted(self, meant: float, seconds: float, waking: bool) -> float:
        """The linear gain that `meant` dBA may have at the end of the next `seconds`."""
        if not self.asleep:
            self._level, self._held = meant, 0.0
            self._levels.clear()        # what swung while somebody was awake is no measure
            return 1.0
        most = max(self._level, HEARD) + (DAWN if waking else RISE) * seconds
        self._level = min(meant, most)
        if meant <= SILENT:
            return 0.0                  # what follows begins there
        excess = 0.0 if waking else max(10.0 * math.log10(self._swing / self._most()), 0.0)
        step = STEEPEST * seconds
        self._held = min(max(excess, self._held - step), self._held + step)
        return 10.0 ** ((self._level - meant - self._held) / 20.0)

    def _most(self) -> float:
        """Power re what was meant: as far as it may swing now."""
        unheard = 10.0 ** ((UNHEARD - self._level) / 10.0)
        lowest = max(min(self._levels, default=1.0), unheard)
        return min(SWING * self._usual, lowest * 10.0 ** (LEAP / 10.0))

    def _remember(self, left: float, seconds: float) -> None:
        self._left.append(left)
        if len(self._left) > round(WINDOW / seconds):
            self._left.popleft()
            self._levels.append(sum(self._left) / len(self._left))
        if len(self._levels) > round(SPAN / seconds):
            self._levels.popleft()

    def _follow(self, ratio: float, seconds: float) -> None:
        self._swing += (ratio - self._swing) * min(seconds / SHORT, 1.0)
        self._swing = max(self._swing, 1e-9)
        usual = min(self._swing, SWING * self._usual) - self._usual
        self._usual = max(self._usual + usual * min(seconds / LONG, 1.0), LEAST)

    def _dba(self, power: float) -> float:
        return max(10.0 * math.log10(max(power, 1e-20)) + self._calibration, SILENT)


def recalled(kept: Path | None) -> bool:
    """What an earlier process of this boot was told; without a word nobody is asleep."""
    with contextlib.suppress(OSError, ValueError):
        return kept is not None and kept.read_text() == "asleep"
    return False
