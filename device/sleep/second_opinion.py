"""The night judged once more in the morning, each epoch with all that came before and after it; for
the report, never for control.

It needs of each epoch what the diary keeps: `activity`, `heart_rate`, `present` and whether the
live stager knew anything. Its inputs are those of the live one, the same of the night read
backwards, and means about each epoch beside the whole night's own.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from device.errors import ModelMismatch
from device.inference import model_card
from device.sleep import features, hypnogram
from device.sleep.blend import Blend
from device.sleep.stager import HEARTS, LIMITS, within
from device.values import EPOCH, STAGES, Epoch, Stage, Staging, Sums

AROUND = (2, 5, 12, 30)     # epochs: widths (σ) of the means about an epoch
LONGEST = 2880              # epochs that are looked at together: a day
CONTEXT = (
    *(f"around_{what}_{width}" for width in AROUND for what in ("activity", "heart")),
    "around_restless",
    "share_of_night",
    "hours_left",
)
ONE_WAY = tuple(name for name in features.STAGING if not name.startswith("spread"))
INPUTS = (*ONE_WAY, *(f"back_{name}" for name in ONE_WAY), *CONTEXT)


class SecondOpinion:
    """Judges a whole night. Raises ModelMismatch if the model isn't what its card and this file
    say."""

    def __init__(self, model: bytes, card: model_card.Card):
        try:
            numbers = json.loads(model)
            self._whole, self._motion = (Blend.of(numbers[part], INPUTS)
                                         for part in ("whole", "motion"))
            self.changes = np.array(numbers["changes"], float).reshape(len(STAGES), len(STAGES))
            self.share = np.array(numbers["share"], float).reshape(len(STAGES))
            self.new, self.between = float(numbers["new"]), float(numbers["between"])
            if not (np.isfinite(self.changes).all() and (self.share > 0).all()
                    and 0 < self.new <= 1 and 0 <= self.between < 10):
                raise ValueError("no chain of stages")
        except (ValueError, KeyError, TypeError, OverflowError) as trouble:
            raise ModelMismatch(
                f"models/second_opinion: unreadable ({trouble}); install Nocturne again"
            ) from trouble
        self.card = card

    @classmethod
    def load(cls) -> "SecondOpinion":
        """The model that came with this firmware."""
        return cls(*model_card.read("second_opinion", INPUTS))

    def judge(self, epochs: Sequence[Epoch], stagings: Sequence[Staging]) -> list[Staging]:
        """The same night again. `stagings`: what was said live, one for each epoch, from lights out
        on; whatever was unknown then stays so, and so do `asleep` and `aroused`."""
        if not epochs:
            return []
        x = inputs(epochs[:LONGEST])
        heard = np.array([known(epoch)[1] is not None for epoch in epochs[:LONGEST]])
        out = []
        whole, motion = (part.probabilities(x[:, [INPUTS.index(name) for name in part.inputs]])
                         for part in (self._whole, self._motion))
        for n, (epoch, staging) in enumerate(zip(epochs, stagings, strict=True)):
            if n >= LONGEST or staging.p_asleep is None or epoch.present is False:
                out.append(staging)
                continue
            part, p = (self._whole, whole[n]) if heard[n] else (self._motion, motion[n])
            stage = STAGES[int(part.decide(p[None])[0])]
            wake, light, deep, rem = map(float, p)
            out.append(replace(staging, p_asleep=1 - wake, stage=stage,
                               probabilities=(wake, light, deep, rem)))
        return out

    def review(self, epochs: Sequence[Epoch], stagings: Sequence[Staging]) -> Sums:
        """The night's sums by `judge`."""
        return hypnogram.sums(self.judge(epochs, stagings))

    def draw(self, opinion: Sequence[Staging], times: int, seed: int) -> list[list[Stage | None]]:
        """Hypnograms that this night may have had, to sum up one by one: quantiles of their SOL,
        TST and WASO are intervals. `opinion`: of `judge`.

        Backward sampling from a chain of stages whose evidence is each epoch's odds to the power of
        `new` (neighbours say much the same); what is wrong with a whole night at once, as being
        somebody else, is a shift of its log odds of wake, SD `between`.
        """
        rng = np.random.default_rng(seed)
        p = np.array([s.probabilities or self.share for s in opinion], float).reshape(-1, 4)
        p = np.maximum(p, 1e-6)
        drawn = []
        for _ in range(times):
            shifted = p.copy()
            shifted[:, 0] *= np.exp(self.between * rng.standard_normal())
            shifted /= shifted.sum(1, keepdims=True)
            drawn.append([None if s.stage is None else STAGES[stage] for s, stage in zip(
                opinion, path((shifted / self.share) ** self.new, self.changes, rng), strict=True)])
        return drawn


def path(evidence: np.ndarray, changes: np.ndarray, rng: np.random.Generator) -> list[int]:
    """One sequence of stages, drawn from the posterior of a chain that begins awake.

    evidence (n, 4); changes (4, 4).
    """
    forward = np.empty_like(evidence)
    state = np.array([.97, .03, 1e-4, 1e-4])
    for n, seen in enumerate(evidence):
        state = (state @ changes if n else state) * seen
        state /= state.sum()
        forward[n] = state
    uniform = rng.random(len(evidence))
    out: list[int] = []
    for n in range(len(evidence) - 1, -1, -1):
        weights = forward[n] * changes[:, out[-1]] if out else forward[n]
        cumulated = weights.cumsum()
        out.append(min(int(np.searchsorted(cumulated, uniform[n] * cumulated[-1])), 3))
    return out[::-1]


def known(epoch: Epoch) -> tuple[float | None, float | None]:
    """Counts and heart rate, where a body in the bed can have them."""
    if epoch.present is False:
        return None, None
    return within(epoch.activity, LIMITS), within(epoch.heart_rate, HEARTS)


def inputs(epochs: Sequence[Epoch]) -> np.ndarray:
    """(n, INPUTS) of a whole night from lights out."""
    pairs = [known(epoch) for epoch in epochs]
    places = features.places(ONE_WAY)
    there = one_way(pairs)[:, places]
    back = one_way(pairs[::-1])[::-1, places]
    return np.concatenate([there, back, context(pairs)], 1)


def one_way(pairs: Sequence[tuple[float | None, float | None]]) -> np.ndarray:
    memory = features.Memory()
    return np.array([memory.add(counts, rate, None, (n + 1) * EPOCH / 60)
                     for n, (counts, rate) in enumerate(pairs)])


def context(pairs: Sequence[tuple[float | None, float | None]]) -> np.ndarray:
    """(n, CONTEXT): means about each epoch; the heart's beside the night's median, in its own
    range."""
    activity, heart = (np.array([np.nan if v is None else v for v in column], float)
                       for column in zip(*pairs, strict=True))
    size = np.log1p(activity)
    if np.isnan(heart).all():
        away = heart
    else:
        low, middle, high = np.nanpercentile(heart, (10, 50, 90))
        away = (heart - middle) / (high - low + 2)
    columns = [smooth(column, width) for width in AROUND for column in (size, away)]
    restless = smooth((away - smooth(away, 20)) ** 2, 6)
    place = np.arange(len(pairs))
    return np.stack([*columns, np.sqrt(np.maximum(restless, 0.0)), place / len(pairs),
                     (len(pairs) - 1 - place) * EPOCH / 3600], 1)


def smooth(values: np.ndarray, width: int) -> np.ndarray:
    """(n,) Gaussian means, σ `width` epochs, over what is known; NaN where nothing near is."""
    kernel = np.exp(-.5 * (np.arange(-4 * width, 4 * width + 1) / width) ** 2)
    there = ~np.isnan(values)
    reach = 4 * width
    sums, weights = (np.convolve(column, kernel)[reach:reach + len(values)]
                     for column in (np.where(there, values, 0.0), there.astype(float)))
    return np.where(weights > .5, sums / np.maximum(weights, 1e-9), np.nan)
