"""The night as an arc: the music follows the sleeper down, and doesn't come up again by itself."""

from dataclasses import replace

import numpy as np

from device.compose.target import BOUNDS, Aim

NIGHT = 8 * 3600.0          # s until the deepest, if nothing is known of sleep
DESCENT = 5400.0            # s of sleep until the deepest
SPARSER, LOWER, DARKER = 0.16, 2.0, 0.35        # at the deepest: share, semitones, share
SLOWER = 0.5                # longer chords, share
FLATWARDS = 0.8             # how often the key walks down a fifth rather than up
# how a theme comes back, every other time; else it is as it was
FATES = ("ornamented", "sequenced", "augmented")


class Arc:
    """`depth` 0..1; a new night begins at 0. A waking or a masking doesn't bring it up: what was
    before goes on there."""

    def __init__(self) -> None:
        self.depth = 0.0

    def go(self, seconds: float, p_asleep: float | None) -> None:
        asleep = p_asleep if p_asleep is not None and 0 <= p_asleep <= 1 else 0.0
        self.depth = min(self.depth + seconds * (1 / NIGHT + asleep / DESCENT), 1.0)

    def bent(self, aim: Aim) -> Aim:
        """What the recipe asks, here: sparser, lower, darker."""
        return replace(
            aim, density=aim.density * (1 - SPARSER * self.depth),
            register=max(aim.register - LOWER * self.depth, BOUNDS["register"][0]),
            brightness=aim.brightness * (1 - DARKER * self.depth))

    def dwell(self) -> float:
        """× of how long chords stay."""
        return 1 + SLOWER * self.depth

    def walk(self, rng: np.random.Generator) -> int:
        """Semitones to the next key."""
        return 5 if rng.random() < FLATWARDS else 7

    def fate(self) -> str:
        """How a theme comes back that doesn't come as it was."""
        return FATES[min(int(self.depth * len(FATES)), len(FATES) - 1)]
