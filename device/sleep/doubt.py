"""How far to believe a probability: less when signals are poor, and of bodies unlike those that
taught the model."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from device.sleep import features

# How fast the heart beats and how far it goes from one epoch to the next: apnoea makes it restless,
# some medicines make it even. Range and spreads beside them only hide that.
PERSON = ("heart_tonight", "step_tonight")
STRANGE = .2            # doubt in somebody FAR from the training nights
FAR = 2.0               # times the distance within which nine in ten of their epochs lie
POOR = .1               # doubt in an epoch whose heart was never trusted,
UNSEEN = .05            # and in a night whose movement nobody measures
GAPPY = 1.0             # doubt in a night whose movement is never seen over AROUND epochs
AROUND = 40
EVEN = .05              # /min, over LOOKED: half the least that any heart of 22 nights varied,
LOOKED = 10             # epochs
BREATHS = 10            # epochs of breathing that are compared,
NIGHT = 120             # with that many before
IMPOSSIBLE = 200.0      # /min: nothing breathes as fast
LEAST = .3              # /min: nobody breathes more regularly from epoch to epoch
IRREGULAR = 2.0         # times tonight's usual spread, from which breathing speaks for wake
MOST = 1.5              # odds ratio: REM breathes irregularly too, and no training night had breath


@dataclass(frozen=True, eq=False)
class Likeness:
    """Mahalanobis distance from the training nights, each one point. mean (k,), whiten (k, k);
    near: the distance within which nine in ten of their epochs lie."""
    mean: np.ndarray
    whiten: np.ndarray
    near: float

    @classmethod
    def of(cls, numbers: Mapping) -> "Likeness":
        """From a model file's numbers. Raises KeyError, TypeError, OverflowError or ValueError."""
        mean, whiten = np.array(numbers["mean"], float), np.array(numbers["whiten"], float)
        near, k = float(numbers["near"]), len(PERSON)
        if mean.shape != (k,) or whiten.shape != (k, k) or not near > 0 or not all(
                np.isfinite(part).all() for part in (mean, whiten, near)):
            raise ValueError("likeness doesn't fit")
        return cls(mean, whiten, near)

    def numbers(self) -> dict:
        """What `of` reads."""
        return {"mean": self.mean.tolist(), "whiten": self.whiten.tolist(), "near": self.near}

    def distance(self, x: np.ndarray) -> float:
        """Of one epoch's INPUTS, in units of `near`; what is missing adds nothing."""
        away = x[PLACES] - self.mean
        away = self.whiten @ np.where(np.isnan(away), 0.0, away)
        return math.sqrt(float(away @ away)) / self.near

    def doubt(self, x: np.ndarray) -> float:
        """0 within the training nights, STRANGE from FAR times their distance on."""
        return STRANGE * min(max((self.distance(x) - 1.0) / (FAR - 1.0), 0.0), 1.0)


PLACES = features.places(PERSON)


def gaps(activity: np.ndarray) -> float:
    """Doubt in movement that is seen now and then: what shakes a loose wire isn't seen. activity:
    of each epoch, newest first, NaN where unknown."""
    return GAPPY * float(np.isnan(activity[:AROUND]).mean())


def lively(heart: np.ndarray) -> bool:
    """Not a rate that doesn't vary: a paced heart or a machine's line says nothing of sleep.
    heart: /min, of each epoch, newest first, NaN where unknown."""
    known = heart[:LOOKED]
    known = known[~np.isnan(known)]
    return len(known) < LOOKED // 2 or bool(known.std() >= EVEN)


def doubted(p: np.ndarray, doubt: float) -> np.ndarray:
    """(4,): as if with probability `doubt` nothing were known of awake or asleep."""
    awake = (1 - doubt) * p[0] + doubt / 2
    return np.r_[awake, p[1:] * ((1 - awake) / max(1 - p[0], 1e-12))]


class Breath:
    """Whether breathing is less regular than it has been tonight. Evidence for wake that no
    training night could weigh, so it is bounded, and never speaks for sleep."""

    def __init__(self) -> None:
        self.rates: deque[float | None] = deque(maxlen=BREATHS)
        self.spreads: deque[float] = deque(maxlen=NIGHT)

    def add(self, rate: float | None) -> float:
        """Odds ratio of wake, 1..MOST. rate: /min, of the epoch."""
        self.rates.append(rate)
        known = [r for r in self.rates if r is not None]
        if rate is None or len(known) < BREATHS // 2:
            return 1.0
        spread = max(float(np.std(known)), LEAST)
        usual = sorted(self.spreads)[len(self.spreads) // 2] if self.spreads else math.inf
        learnt = len(self.spreads) >= 2 * BREATHS
        self.spreads.append(spread)
        return min(max(spread / (IRREGULAR * usual), 1.0), MOST) if learnt else 1.0

    def snapshot(self) -> list:
        return [list(self.rates), list(self.spreads)]

    def restore(self, kept: Sequence) -> None:
        """Raises TypeError or ValueError at what `snapshot` didn't write."""
        rates, spreads = ([None if x is None else float(x) for x in each] for each in kept)
        possible = all(r is None or 0 < r < IMPOSSIBLE for r in rates)
        if not (possible and all(s is not None and LEAST <= s < IMPOSSIBLE for s in spreads)):
            raise ValueError("no breathing")
        self.rates = deque(rates, BREATHS)
        self.spreads = deque((s for s in spreads if s is not None), NIGHT)


def waker(p: np.ndarray, ratio: float) -> np.ndarray:
    """(4,) with the odds of wake times `ratio`."""
    awake = p[0] * ratio / (p[0] * ratio + 1 - p[0])
    return np.r_[awake, p[1:] * ((1 - awake) / max(1 - p[0], 1e-12))]
