"""Has fallen asleep; was aroused: two thresholds with patience on P(asleep)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """When the detectors speak."""
    asleep: float           # P(asleep) that counts as sleep
    asleep_epochs: int      # that many in a row: fallen asleep
    awake: float            # P(asleep) below which the sleeper is awake again
    awake_epochs: int       # that many in a row: awake again


SETTINGS = {
    "quick": Setting(asleep=.7, asleep_epochs=3, awake=.75, awake_epochs=1),
    "cautious": Setting(asleep=.9, asleep_epochs=3, awake=.85, awake_epochs=2),
}


class Detector:
    """Onset and arousal, one epoch at a time."""

    def __init__(self, setting: Setting):
        self._setting = setting
        self._asleep = False
        self._high = self._low = 0

    def step(self, p_asleep: float | None) -> tuple[bool, bool]:
        """(asleep, aroused) after an epoch; an unknown epoch changes neither count nor verdict, and
        arouses nobody."""
        if p_asleep is None:
            self._high = self._low = 0
            return self._asleep, False
        self._high = self._high + 1 if p_asleep >= self._setting.asleep else 0
        self._low = self._low + 1 if p_asleep < self._setting.awake else 0
        aroused = self._asleep and self._low >= self._setting.awake_epochs
        if aroused:
            self._asleep = False
        elif self._high >= self._setting.asleep_epochs:
            self._asleep = True
        return self._asleep, aroused

    def snapshot(self) -> dict:
        return {"asleep": self._asleep, "high": self._high, "low": self._low}

    def restore(self, snapshot: Mapping) -> None:
        """Raises KeyError or ValueError, and changes nothing, when it isn't whole."""
        asleep, high, low = snapshot["asleep"], snapshot["high"], snapshot["low"]
        if (type(asleep), type(high), type(low)) != (bool, int, int):
            raise ValueError("the onset detector's counts are torn")
        self._asleep, self._high, self._low = asleep, high, low
