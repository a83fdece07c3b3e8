"""What the sound process is told once, at its start, and the few units everyone here counts in."""

import math
from dataclasses import dataclass

RATE = 48_000               # frames/s
# frames: gains are points on this grid and straight lines between; blocks are multiples
CONTROL = 1024
BLOCK = 4096                # frames: what is rendered at a time unless told otherwise
HARD_LIMIT = 70.0           # dBA at the pillow: not exceeded whatever fails
HIGHEST_CEILING = 60.0      # dBA LAmax: as far as a sleeper may raise the cap
LOUDEST_A = 1.3  # dB: the largest gain of A-weighting, near 2.5 kHz (IEC 61672-1 table 3)
NOMINAL = 85.0  # dBA at 0 dBFS RMS: the recommended build, as long as nobody has measured
UNMEASURED = 45.0           # dBA LAF,max: as loud as may be without a measurement


@dataclass(frozen=True, slots=True)
class Settings:
    """Levels are A-weighted, at the pillow, both channels playing."""
    calibration: float = NOMINAL    # dBA at 0 dBFS RMS: tools/calibrate's answer
    settle: float = 40.0            # dBA: what level 0 dB means
    cap: float = 45.0               # dBA LAF,max while not waking; at most HIGHEST_CEILING
    ceiling: float = 50.0           # dBA LAF,max of the alarm; at most HIGHEST_CEILING
    leq: float = 30.0               # dBA: LAeq of any eight hours, the alarm aside (WHO 1999)
    monitor: float = 0.0            # dB added for a desk's speakers or a file, behind the caps
    highpass: float = 70.0          # Hz: 60–80 for a small speaker, 30 for a good one
    seed: int = 1
    block: int = BLOCK              # frames

    def __post_init__(self) -> None:
        bounds = {
            "calibration": (50, 120),
            "settle": (20, HIGHEST_CEILING),
            "cap": (20, HIGHEST_CEILING),
            "ceiling": (20, HIGHEST_CEILING),
            "leq": (10, HIGHEST_CEILING),
            "monitor": (0, 60),
            "highpass": (20, 300),
            "seed": (0, 2**63),
            "block": (CONTROL, 4 * CONTROL),
        }
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise ValueError(f"{name} is {value}, outside {low}..{high}")
        if self.block not in (CONTROL, 2 * CONTROL, 4 * CONTROL):
            raise ValueError(f"block is {self.block}, not 1, 2 or 4 × {CONTROL}")

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
