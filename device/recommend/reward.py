"""A night's outcome: minutes of onset latency saved, and one number that adds what was said at
fixed weights. Only the first is sleep."""

import math
from dataclasses import dataclass

import numpy as np

from device.recommend.bandit import Head
from device.values import Outcome

TYPICAL_WAKINGS = 2.0       # a night: adults of AASM norms wake 1–3 times
ENOUGH_SIGNAL = 0.5         # share of epochs that could be judged; below it nothing is learned
# min: SD of what a like, a skip or a lowering of the volume says of the effect, and of one that
# hangs on something else; a night's onset latency has 15
SAID_NOISE, SAID_IDLY = 4.0, 6.8
# What a night's wakings tell of the effect: min for each, their SD, and how many there are usually.
# Of the prior's sleepers a minute saved goes with 0.08 wakings fewer; they'd have an SD of 18.
WAKING, WAKING_NOISE, USUAL_WAKINGS = 14.0, 22.0, 1.6
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


def sooner(outcome: Outcome, expected: float) -> float | None:
    """Minutes that sleep came sooner than `expected`, the onset latency in silence; None: it wasn't
    seen to come, or too little was."""
    asleep = outcome.sol is not None and math.isfinite(outcome.sol)
    if not asleep or not outcome.signal_quality >= ENOUGH_SIGNAL:
        return None
    assert outcome.sol is not None
    return max(-WILD, min(WILD, expected - outcome.sol))


def reward(outcome: Outcome, expected: float, weights: Weights) -> float | None:
    """Minutes; `expected` is the onset latency in silence, min. None: a night that teaches nothing.
    """
    if not outcome.signal_quality >= ENOUGH_SIGNAL:
        return None
    total, told = 0.0, False
    minutes = sooner(outcome, expected)
    if minutes is not None:
        total += weights.sol * minutes
        told = True
        if outcome.wakings is not None:     # without sleep there is nothing to wake from
            total += weights.wakings * (TYPICAL_WAKINGS - min(outcome.wakings, 10))
    if outcome.rested is not None:
        total += weights.rested * outcome.rested
        told = True
    told = told or bool(outcome.liked or outcome.turned_down)
    return total + said(outcome, weights) if told else None


def undisturbed(outcome: Outcome) -> float | None:
    """Minutes that the night's wakings tell of the effect, beside one's usual number; None: sleep
    wasn't seen to come."""
    if outcome.sol is None or not math.isfinite(outcome.sol) or outcome.wakings is None:
        return None
    return max(-WILD, WAKING * (USUAL_WAKINGS - outcome.wakings))


def said(outcome: Outcome, weights: Weights) -> float:
    """Minutes that what was said while awake is worth, of `reward`."""
    return (weights.liked * max(-2, min(2, outcome.liked))
            - weights.turned_down * min(outcome.turned_down, 2))


def teach(head: Head, row: np.ndarray, quiet: np.ndarray, outcome: Outcome, minutes: float,
          weights: Weights) -> None:
    """One night of what has the embedding `row` (d,), worth `minutes`; `quiet`: that of silence.

    Sleep, wakings and what was said are observations of their own: together they tell one sleeper's
    effects in half the nights that the sum of their worth needs.
    """
    told, calm = said(outcome, weights), undisturbed(outcome)
    head.update(row, minutes - told)
    beyond = row - quiet
    if calm is not None:
        head.see(np.append(beyond[:-1], 1.0), calm, WAKING_NOISE)
    if told:
        head.hear(beyond, told, SAID_NOISE, SAID_IDLY)
