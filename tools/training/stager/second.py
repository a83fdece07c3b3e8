"""Fits the second opinion: the live stager's kind of model, upon inputs from both sides."""

from collections.abc import Sequence

import numpy as np

from device.sleep import features, second_opinion
from training.stager import fit as stager_fit
from training.stager.data import UNSCORED, Night

RIDGE = 300.0           # its inputs are twice as many
GROWTH = {**stager_fit.GROWTH, "feature_fraction": .15}
# See SecondOpinion.draw; chosen beforehand. How often their intervals hold the truth is measured:
# keys interval80_sol, …_tst, …_waso of tools/evaluate staging.
NEW = .3
BETWEEN = 1.0
MOTION = tuple(name for name in second_opinion.INPUTS
               if "heart" not in name and name != "around_restless")
RISING = frozenset({*features.RISING, *(f"back_{name}" for name in features.RISING),
                    "around_restless"})


def inputs_of(night: Night) -> np.ndarray:
    """(n, second_opinion.INPUTS) as the device computes them in the morning."""
    return second_opinion.inputs(night.epochs)


def fit(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]) -> dict:
    """The numbers of the second opinion's model file."""
    scored = np.concatenate(stages)
    scored = scored[scored != UNSCORED]
    known = second_opinion.INPUTS
    return {
        "changes": stager_fit.changes(stages).round(5).tolist(),
        "share": (np.bincount(scored, minlength=4) / len(scored)).round(5).tolist(),
        "new": NEW,
        "between": BETWEEN,
        **{part: stager_fit.fit_blend(inputs, stages, names, known, RISING, GROWTH, RIDGE).numbers()
           for part, names in (("whole", known), ("motion", MOTION))},
    }
