"""Has fallen asleep; was aroused: thresholds with patience.

The night's first sleep has a model of its own: P(has slept tonight), which knows how the heart has
come down since lights out and how long nothing has moved, but no clock. After an arousal P(asleep)
alone decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """When the detectors speak."""
    fallen: float           # P(has slept tonight) that counts,
    fallen_epochs: int      # that many in a row: fallen asleep for the first time
    asleep: float           # P(asleep) that counts as sleep
    asleep_epochs: int      # that many in a row: fallen asleep again
    awake: float            # P(asleep) below which the sleeper is awake again
    awake_epochs: int       # that many in a row: awake again
    alone_epochs: int  # of P(asleep) that counts: fallen asleep for the first time, no heart heard


SETTINGS = {
    "quick": Setting(fallen=.85, fallen_epochs=3, asleep=.7, asleep_epochs=3,
                     awake=.75, awake_epochs=1, alone_epochs=6),
    "cautious": Setting(fallen=.97, fallen_epochs=3, asleep=.75, asleep_epochs=3,
                        awake=.7, awake_epochs=2, alone_epochs=10),
}
LIKELY = .5             # P(asleep) without which nobody has fallen asleep,
DOUBTED = .2            # and the doubt from which it must be what counts as sleep later on


class Detector:
    """Onset and arousal, one epoch at a time."""

    def __init__(self, setting: Setting):
        self._setting = setting
        self._asleep = self._slept = False
        self._high = self._low = 0

    def step(self, p_asleep: float | None, p_fallen: float | None = None, doubt: float = 0.0,
             seen: bool = True) -> tuple[bool, bool]:
        """(asleep, aroused) after an epoch; an unknown one begins the counts anew, changes no
        verdict and arouses nobody. `p_fallen` None: P(asleep) decides of the first sleep too; the
        greater the `doubt` of what is said of this sleeper, the more it has to agree. Without
        `seen` movement nothing is counted towards sleep, nor forgotten."""
        if p_asleep is None:
            self._high = self._low = 0
            return self._asleep, False
        setting = self._setting
        if self._slept or p_fallen is None:
            high = p_asleep >= setting.asleep
            enough = setting.asleep_epochs if self._slept else setting.alone_epochs
        else:
            likely = LIKELY + (setting.asleep - LIKELY) * min(doubt / DOUBTED, 1.0)
            high = p_fallen >= setting.fallen and p_asleep >= likely
            enough = setting.fallen_epochs
        if seen:
            self._high = self._high + 1 if high else 0
        self._low = self._low + 1 if p_asleep < setting.awake else 0
        aroused = self._asleep and self._low >= setting.awake_epochs
        if aroused:
            self._asleep = False
        elif self._high >= enough:
            self._asleep = self._slept = True
        return self._asleep, aroused

    def snapshot(self) -> dict:
        return {"asleep": self._asleep, "slept": self._slept, "high": self._high, "low": self._low}

    def restore(self, snapshot: Mapping) -> None:
        """Raises KeyError, TypeError or ValueError at what `snapshot` didn't write."""
        self._asleep, self._slept = bool(snapshot["asleep"]), bool(snapshot["slept"])
        self._high, self._low = int(snapshot["high"]), int(snapshot["low"])
