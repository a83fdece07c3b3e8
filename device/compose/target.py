"""Where the music is heading: the recipe, quietened by sleep, approached without a seam."""

import math
from dataclasses import dataclass

from device.values import Recipe

GLIDE = 18.0                # s time constant: nine tenths of a change in 41 s, and never past it
BOUNDS = {"pulse": (40.0, 80.0), "density": (0.0, 0.8), "register": (45.0, 67.0),
          "brightness": (0.0, 1.0), "tension": (0.0, 1.0), "music": (0.0, 1.0)}


@dataclass(frozen=True, slots=True)
class Aim:
    """What one tick is composed for; units as in `Recipe`."""
    pulse: float
    density: float
    register: float
    brightness: float
    tension: float
    music: float

    @property
    def length(self) -> float:
        """s: one tick, two pulses."""
        return 120.0 / self.pulse


def destination(recipe: Recipe, p_asleep: float | None) -> Aim:
    """What the recipe asks when sleep is this likely: sparser, lower, darker. Out of bounds is
    clipped."""
    asleep = 0.0
    if p_asleep is not None and math.isfinite(p_asleep):
        asleep = min(max(p_asleep, 0.0), 1.0)
    want = {name: bounded(getattr(recipe, name), bounds) for name, bounds in BOUNDS.items()}
    want["density"] *= 1 - 0.6 * asleep
    want["register"] = max(want["register"] - 6 * asleep, BOUNDS["register"][0])
    want["brightness"] *= 1 - 0.75 * asleep
    return Aim(**want)


def approach(now: Aim | None, goal: Aim) -> Aim:
    """One tick nearer; the first tick starts there."""
    if now is None:
        return goal
    share = 1 - math.exp(-now.length / GLIDE)
    return Aim(**{name: glided(getattr(now, name), getattr(goal, name), share)
                  for name in BOUNDS})


def glided(now: float, goal: float, share: float) -> float:
    return now + share * (goal - now)


def bounded(value: float, bounds: tuple[float, float]) -> float:
    """A NaN becomes the middle."""
    low, high = bounds
    return min(max(value, low), high) if math.isfinite(value) else (low + high) / 2
