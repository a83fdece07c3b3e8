"""What the LED shows: brightness as a pure function of time. Dim: it stands beside a sleeper."""

import math
from collections.abc import Callable

from device.values import Light

BREATH = 10.0           # s: six a minute, the pace of slow breathing
DIM = 0.06              # of full brightness, at the top of a breath
FLOOR = 0.005           # at its bottom
FLASH = 0.08            # s


def brightness(light: Light, time: float, quiet: bool = False) -> float:
    """0..1 at `time` s. In quiet hours everything is dark but the answer to a press."""
    if quiet and light is not Light.THANKS:
        return 0.0
    return PATTERNS[light](time)


def breathing(time: float) -> float:
    return FLOOR + (DIM - FLOOR) * (0.5 - 0.5 * math.cos(2 * math.pi * time / BREATH)) ** 2


def blinks(count: int, period: float, level: float) -> Callable[[float], float]:
    def pattern(time: float) -> float:
        phase = time % period
        return level if phase < count * 3 * FLASH and phase % (3 * FLASH) < FLASH else 0.0
    return pattern


def constant(level: float) -> Callable[[float], float]:
    def pattern(_: float) -> float:
        return level
    return pattern


PATTERNS: dict[Light, Callable[[float], float]] = {
    Light.OFF: constant(0.0),
    Light.BREATHING: breathing,
    Light.STEADY: constant(2 * FLOOR),
    Light.MUTED: blinks(1, 4.0, DIM),
    Light.TROUBLE: blinks(2, 4.0, DIM),
    Light.THANKS: blinks(1, 0.5, 2 * DIM),
}
