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
from device.sleep.estimates import estimates
from device.sleep.stager import HEARTS, LIMITS, within
from device.values import EPOCH, STAGES, Epoch, Staging, Sums

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
        """The night's sums by `judge`, and how sure they are."""
        opinion = self.judge(epochs, stagings)
        return replace(hypnogram.sums(opinion), estimates=estimates(opinion))


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
