"""What the sound process is told once, at its start, and the few units everyone here counts in."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from device.values import SOUND_BOUNDS

RATE = 48_000               # frames/s
# frames: gains are points on this grid and straight lines between; blocks are multiples
CONTROL = 1024
MUSIC_RATE = RATE // 2      # frames/s of the music and its room, with nothing above 10 kHz
PERIOD = CONTROL * MUSIC_RATE // RATE       # frames of the music in a control period
BLOCK = 4096                # frames: what is rendered at a time unless told otherwise
HARD_LIMIT = 70.0           # dBA at the pillow: not exceeded whatever fails
HIGHEST_CEILING = SOUND_BOUNDS["ceiling"][1]        # dBA LAmax: as far as the cap may be raised
LOUDEST_A = 1.3  # dB: the largest gain of A-weighting, near 2.5 kHz (IEC 61672-1 table 3)
NOMINAL = 85.0  # dBA at 0 dBFS RMS: the recommended build, as long as nobody has measured
UNMEASURED = 45.0           # dBA LAF,max: as loud as may be without a measurement


@dataclass(frozen=True, slots=True)
class Speaker:
    """What plays: what it can't play isn't sent there.

    `bass`: what notes have below it, Hz, is heard by their overtones instead: the ear finds a
    fundamental that isn't there (Terhardt 1974). The music is made that way, so nothing distorts.
    """
    highpass: float             # Hz: below it the cone only strains
    channels: int = 2           # 1: both carry the same, for an amplifier adds them up
    bass: float = 0.0


SPEAKERS: Mapping[str, Speaker] = MappingProxyType({
    "mono": Speaker(highpass=230.0, channels=1, bass=280.0),    # one driver of 4 to 8 cm
    "pair": Speaker(highpass=70.0, bass=90.0),
    "headphones": Speaker(highpass=30.0),
})


@dataclass(frozen=True, slots=True)
class Settings:
    """Levels are A-weighted, at the pillow, both channels playing."""
    calibration: float = NOMINAL    # dBA at 0 dBFS RMS: tools/calibrate's answer
    settle: float = 40.0            # dBA: what level 0 dB means
    cap: float = 45.0               # dBA LAF,max while not waking; at most HIGHEST_CEILING
    ceiling: float = 50.0           # dBA LAF,max of the alarm; at most HIGHEST_CEILING
    leq: float = 30.0               # dBA: LAeq of any eight hours, the alarm aside (WHO 1999)
    monitor: float = 0.0            # dB added for a desk's speakers or a file, behind the caps
    speaker: str = "mono"           # one of SPEAKERS
    highpass: float = 0.0           # Hz; 0: the speaker's own
    seed: int = 1
    block: int = BLOCK              # frames

    def __post_init__(self) -> None:
        bounds = {**SOUND_BOUNDS, "seed": (0, 2**63), "block": (CONTROL, 4 * CONTROL)}
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not (low <= value <= high or name == "highpass" and value == 0):    # nor is it NaN
                raise ValueError(f"{name} is {value}, outside {low:g}..{high:g}")
        if self.speaker not in SPEAKERS:
            raise ValueError(f"speaker is {self.speaker!r}, not one of {', '.join(SPEAKERS)}")
        if self.block not in (CONTROL, 2 * CONTROL, 4 * CONTROL):
            raise ValueError(f"block is {self.block}, not 1, 2 or 4 × {CONTROL}")

    @property
    def channels(self) -> int:
        return SPEAKERS[self.speaker].channels

    @property
    def lowest(self) -> float:
        """Hz: of the high-pass."""
        return max(self.highpass, 20.0) if self.highpass else SPEAKERS[self.speaker].highpass

    @property
    def clamp(self) -> float:
        """Largest sample before the monitor gain: even a square wave this tall, at the ear's most
        sensitive pitch, stays at HARD_LIMIT; and never above −6 dBFS."""
        return min(amplitude(HARD_LIMIT - self.calibration - LOUDEST_A), amplitude(-6.0))


def amplitude(db: float) -> float:
    return 10.0 ** (db / 20.0)


def decibels(value: float, floor: float = -200.0) -> float:
    """20 log10, but `floor` for silence."""
    return max(20.0 * math.log10(value), floor) if value > 0.0 else floor
