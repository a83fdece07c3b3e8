"""Fits the second opinion: the live stager's kind of model, upon inputs from both sides."""

from collections.abc import Sequence

import numpy as np

from device.sleep import features, second_opinion
from training.stager import fit as stager_fit
from training.stager.data import Night

RIDGE = 300.0           # its inputs are twice as many
GROWTH = {**stager_fit.GROWTH, "feature_fraction": .15}
MOTION = tuple(name for name in second_opinion.INPUTS
               if "heart" not in name and name != "around_restless")
RISING = frozenset({*features.RISING, *(f"back_{name}" for name in features.RISING),
                    "around_restless"})


def inputs_of(night: Night) -> np.ndarray:
    """(n, second_opinion.INPUTS) as the device computes them in the morning."""
    return second_opinion.inputs(night.epochs)


def fit(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]) -> dict:
    """The numbers of the second opinion's model file."""
    def blend(names: Sequence[str]) -> dict:
        return stager_fit.fit_blend(inputs, stages, names, second_opinion.INPUTS, RISING, GROWTH,
                                    RIDGE).numbers()
    return {"whole": blend(second_opinion.INPUTS), "motion": blend(MOTION)}
