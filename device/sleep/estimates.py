"""How sure the morning may be of a whole night.

Each epoch's probabilities are right on average, but their errors come in runs: who is misjudged now
is misjudged a minute later, and some people all night. Hypnograms that the night may have had are
drawn so that every epoch keeps its probabilities while neighbours err alike: thresholds on Gaussian
noise, a share of which is the night's own and a share drifts. Quantiles of their sums are the
intervals.

The shares were chosen so that 90 % intervals held the truth in about nine of ten of 22 labelled
nights, judged by models that never saw the sleeper: `tools/evaluate night`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from device.values import EPOCH, STAGES, Estimate, Estimates, Stage, Staging

TIMES = 200             # hypnograms
INTERVAL = (0.05, 0.95)
DRIFT = 0.97            # of the drifting noise is left an epoch later, a third after 16 min
FIRST = 3               # epochs of sleep in a row begin the night's sleep; a shorter doze is wake
LONG = 10               # epochs of a long waking
SLEPT = 20              # epochs of sleep to speak of
NEAR = 1e-5             # no probability counts as nearer to 0 or 1
WAKE, LIGHT, DEEP, REM = range(len(STAGES))
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Errors:
    """Shares of the variance of what is misjudged; the rest is each epoch's own."""
    night: float            # the same all night
    drift: float            # changing within it


AWAKE = Errors(night=0.35, drift=0.60)
IN_DEEP = Errors(night=0.50, drift=0.40)        # of sleep
IN_REM = Errors(night=0.25, drift=0.70)         # of sleep that isn't deep


def estimates(opinion: Sequence[Staging], seed: int = 0) -> Estimates | None:
    """Of a night as the second opinion judged it, from lights out; None: nothing was judged."""
    place = np.array([n for n, s in enumerate(opinion) if s.probabilities is not None], int)
    if not len(place):
        return None
    chances = np.array([opinion[n].probabilities for n in place], float)
    drawn = settled(draw(chances, TIMES, np.random.default_rng(seed)))
    sums = {name: estimate(values) for name, values in totals(drawn, place, len(opinion)).items()}
    asleep = (drawn != WAKE).sum(1)
    long = [any(b - a >= LONG for a, b in wakings(row)) for row in drawn]
    return Estimates(**sums, slept=float(np.mean(asleep >= SLEPT)),
                     long_waking=float(np.mean(long)))


def estimate(values: np.ndarray) -> Estimate:
    low, high = np.quantile(values, INTERVAL)
    return Estimate(float(min(max(values.mean(), low), high)), float(low), float(high))


def draw(chances: np.ndarray, times: int, rng: np.random.Generator) -> np.ndarray:
    """(times, n) places in STAGES, of probabilities (n, 4)."""
    wake, light, deep, rem = np.maximum(chances, NEAR).T
    stages = np.where(below(rem / (light + rem), IN_REM, times, rng), REM, LIGHT)
    stages[below(deep / (light + deep + rem), IN_DEEP, times, rng)] = DEEP
    stages[below(wake, AWAKE, times, rng)] = WAKE
    return stages


def below(chance: np.ndarray, errors: Errors, times: int, rng: np.random.Generator) -> np.ndarray:
    """(times, n) events that each have their own chance (n,), and err together."""
    limits = np.array([NORMAL.inv_cdf(p) for p in np.clip(chance, NEAR, 1 - NEAR).tolist()])
    drift = rng.standard_normal((len(chance), times))
    fresh = (1 - DRIFT ** 2) ** 0.5
    for n in range(1, len(drift)):
        drift[n] = DRIFT * drift[n - 1] + fresh * drift[n]
    noise = errors.night ** 0.5 * rng.standard_normal(times) + errors.drift ** 0.5 * drift
    own = (1 - errors.night - errors.drift) ** 0.5
    noise += own * rng.standard_normal(drift.shape)
    return np.less(noise.T, limits)


def settled(drawn: np.ndarray) -> np.ndarray:
    """The same, awake until sleep has begun."""
    asleep = drawn != WAKE
    begun = np.zeros_like(asleep)
    if asleep.shape[1] >= FIRST:
        begun[:, :1 - FIRST] = asleep[:, :1 - FIRST]
        for later in range(1, FIRST):
            begun[:, :1 - FIRST] &= asleep[:, later:asleep.shape[1] - FIRST + 1 + later]
    return np.where(np.logical_or.accumulate(begun, axis=1), drawn, WAKE)


def totals(drawn: np.ndarray, place: np.ndarray, epochs: int) -> dict[str, np.ndarray]:
    """Of each row of stages (times, n) the sums of `hypnogram.sums`. `place` (n,): which epochs of
    the night those are that could be judged."""
    minutes = EPOCH / 60
    found = [wakings(row) for row in drawn]
    asleep = drawn != WAKE
    first = np.where(asleep.any(1), place[asleep.argmax(1)], epochs)
    return {
        "sol": first * minutes,
        "tst": asleep.sum(1) * minutes,
        "waso": np.array([sum(b - a for a, b in runs) for runs in found]) * minutes,
        "wakings": np.array([len(runs) for runs in found], float),
        "long_wakings": np.array([sum(b - a >= LONG for a, b in runs) for runs in found], float),
        **{stage.value: (drawn == STAGES.index(stage)).sum(1) * minutes
           for stage in (Stage.LIGHT, Stage.DEEP, Stage.REM)},
    }


def wakings(stages: np.ndarray) -> list[tuple[int, int]]:
    """(first, end) of each run of wake between the first and the last sleep."""
    edges = np.flatnonzero(np.diff(np.r_[0, (stages == WAKE).astype(int), 0]))
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(a, b) for a, b in runs if a > 0 and b < len(stages)]
