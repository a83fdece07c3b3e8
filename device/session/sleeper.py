"""What is known of a sleeper across nights."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from device.values import Count, Latency, Recipe, Rested, Taste, Wish


@dataclass(frozen=True, slots=True)
class Sleeper:
    """What is known of whoever sleeps here. The recommender and the composer keep their own."""
    sols: tuple[Latency, ...] = ()          # of the last nights
    wakings: tuple[Count, ...] = ()          # of 5 min and more, of the last nights
    baseline: Mapping[str, float] = field(default_factory=dict)     # heart_rate /min, rmssd ms
    mornings: tuple[Rested, ...] = ()       # the last answers
    favourites: tuple[Recipe, ...] = ()     # newest first
    always: tuple[Wish, ...] = ()           # wishes for every night
    last: Recipe | None = None              # what the last night played
    masked: tuple[bool, ...] = ()           # whether sleep came back with the last answers
    taste: Taste | None = None              # of one's own music, as a desk or the hub heard it
    forgot: float = 0.0     # s since 1970: what was measured until then isn't taken up again
