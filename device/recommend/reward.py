"""A night's outcome in one number: minutes of onset latency saved, with what was said added at
fixed weights."""

import math
from dataclasses import dataclass

from device.values import Outcome

TYPICAL_WAKINGS = 2.0       # a night: adults of AASM norms wake 1–3 times
ENOUGH_SIGNAL = 0.5         # share of epochs that could be judged; below it nothing is learned
WILD = 45.0                 # min: a night further from expectation teaches no more than this


@dataclass(frozen=True, slots=True)
class Weights:
    """Minutes of onset latency that each part is worth; from the config. Listening time is worth
    none."""
    sol: float = 1.0            # per min sooner than expected
    wakings: float = 1.5        # per waking fewer than typical
    liked: float = 6.0          # per like; a skip counts against
    turned_down: float = 4.0    # per lowering of the volume, against
    rested: float = 2.0         # for a good morning; a poor one counts against


def reward(outcome: Outcome, expected: float, weights: Weights) -> float | None:
    """Minutes; `expected` is the onset latency in silence, min. None: a night that teaches nothing.
    """
    if not outcome.signal_quality >= ENOUGH_SIGNAL:
        return None
    total, told = 0.0, False
    if outcome.sol is not None and math.isfinite(outcome.sol):
        total += weights.sol * max(-WILD, min(WILD, expected - outcome.sol))
        told = True
    if outcome.wakings is not None:
        total += weights.wakings * (TYPICAL_WAKINGS - min(outcome.wakings, 10))
        told = True
    if outcome.rested is not None:
        total += weights.rested * outcome.rested
        told = True
    told = told or bool(outcome.liked or outcome.turned_down)
    total += (weights.liked * max(-2, min(2, outcome.liked))
              - weights.turned_down * min(outcome.turned_down, 2))
    return total if told else None
