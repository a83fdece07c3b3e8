"""What a hub counts of itself while it runs; who looks at it, and how, is metrics.py's."""

from bisect import bisect_left
from dataclasses import dataclass, field

from device.home.hub.store import AGAIN, APPLIED, LATER, REFUSED

# s from a message's coming to its acknowledgement; upper ends of the histogram's classes
CLASSES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, float("inf"))


@dataclass(slots=True)
class Tally:
    """Messages by what became of them; `failed` met no store."""
    kinds: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys((APPLIED, AGAIN, REFUSED, LATER), 0))
    failed: int = 0
    acknowledged: list[int] = field(default_factory=lambda: [0] * len(CLASSES))
    seconds: float = 0.0            # sum over all acknowledgements
    connected: bool = False         # to the broker
    elected: bool = False
    version: int = 0                # of the prior, as last seen by this hub while elected
    turned: float = 0.0             # s, monotonic: when it last looked

    applied = property(lambda self: self.kinds[APPLIED])
    refused = property(lambda self: self.kinds[REFUSED])

    def count(self, kind: str) -> None:
        self.kinds[kind] += 1

    def took(self, seconds: float) -> None:
        self.acknowledged[bisect_left(CLASSES, seconds)] += 1
        self.seconds += seconds
