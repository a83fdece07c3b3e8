"""What is known of a sleeper across nights."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from device.values import Recipe, Wish


@dataclass(frozen=True, slots=True)
class Sleeper:
    """What is known of whoever sleeps here. The recommender and the composer keep their own."""
    sols: tuple[float, ...] = ()            # min, of the last nights
    wakings: tuple[int, ...] = ()           # of 5 min and more, of the last nights
    baseline: Mapping[str, float] = field(default_factory=dict)     # heart_rate /min, rmssd ms
    mornings: tuple[int, ...] = ()          # the last answers: +1 good, −1 poor
    favourites: tuple[Recipe, ...] = ()     # newest first
    always: tuple[Wish, ...] = ()           # wishes for every night
    last: Recipe | None = None              # what the last night played
