"""May a new prior replace the shipped one? Only if the logged nights say, at the lower bound, that
it is no worse.

    tools/train recommender promote --nights STATE.json [STATE.json …] --new DIR [--incumbent
    models]

STATE.json is what the device exports (`Recommender.state()`): each night with its context, choice,
propensity and reward. Two estimates of the new prior's value on those nights, both without playing
it: self-normalised importance sampling (SNIPS; Swaminathan & Joachims 2015) and doubly robust (DR;
Dudík et al. 2011), with 90 % one-sided lower bounds. Nights of a coin (the trial) count too: their
propensity is exactly 1/2. Exit code 0: promote; 1: keep.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.recommend.candidates import CANDIDATES
from device.recommend.recommender import Recommender

ONE_SIDED = 1.2816      # 90 % of the normal distribution
LEAST = 30              # logged nights


@dataclass(frozen=True)
class Estimate:
    """A policy's value, minutes a night."""
    snips: float
    snips_low: float
    dr: float
    dr_low: float


def snips(weights: np.ndarray, rewards: np.ndarray) -> tuple[float, float]:
    """Value and its standard error (delta method) from importance weights (n,) and rewards (n,)."""
    value = float(weights @ rewards / weights.sum())
    spread = np.sqrt(np.sum(weights**2 * (rewards - value)**2)) / weights.sum()
    return value, float(spread)


def doubly_robust(weights: np.ndarray, rewards: np.ndarray, logged: np.ndarray,
                  expected: np.ndarray) -> tuple[float, float]:
    """Value and standard error; `logged` (n,) is the reward model's word on what was played,
    `expected` (n,) its mean under the new policy. The model may only know earlier nights.
    """
    terms = expected + weights * (rewards - logged)
    return float(terms.mean()), float(terms.std(ddof=1) / np.sqrt(len(terms)))


def estimate(chances: np.ndarray, model: np.ndarray, played: np.ndarray, propensity: np.ndarray,
             rewards: np.ndarray) -> Estimate:
    """`chances`, `model` (n, candidates): the policy's probabilities and the reward model; the rest
    (n,)."""
    rows = np.arange(len(played))
    weights = chances[rows, played] / propensity
    if not weights.any():
        return Estimate(*[float("-inf")] * 4)
    s, s_error = snips(weights, rewards)
    d, d_error = doubly_robust(weights, rewards, model[rows, played], (chances * model).sum(1))
    return Estimate(s, s - ONE_SIDED * s_error, d, d - ONE_SIDED * d_error)


def policy(folder: Path, state: dict, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(n, candidates) twice: what the prior in `folder` would have chosen each night, knowing the
    nights before, and the minutes it expected of each candidate.
    """
    device = Recommender.load(sleeper=state["sleeper"], folder=folder)
    chances, model = np.zeros((2, len(state["nights"]), len(CANDIDATES)))
    for n, night in enumerate(state["nights"]):
        chances[n] = device.chances(night["context"], seed=seed + n)
        model[n] = device.predict(night["context"])
        device.relive(night)
    return chances, model


def compare(states: Sequence[dict], new: Path, incumbent: Path) -> tuple[Estimate, Estimate]:
    """(new, incumbent) over all logged nights that taught something."""
    gathered = {
        "new": [],
        "incumbent": [],
        "model": [],
        "played": [],
        "propensity": [],
        "rewards": [],
    }
    names = [candidate.recipe.name for candidate in CANDIDATES]
    for state in states:
        keep = [n for n, night in enumerate(state["nights"]) if night["reward"] is not None]
        ours, model = policy(incumbent, state)
        gathered["new"].append(policy(new, state)[0][keep])
        gathered["incumbent"].append(ours[keep])
        gathered["model"].append(model[keep])
        nights = [state["nights"][n] for n in keep]
        gathered["played"].append(
            np.array([names.index(night["candidate"]) for night in nights], int)
        )
        gathered["propensity"].append(np.array([night["propensity"] for night in nights]))
        gathered["rewards"].append(np.array([night["reward"] for night in nights]))
    whole = {key: np.concatenate(parts) for key, parts in gathered.items()}
    log = (whole["model"], whole["played"], whole["propensity"], whole["rewards"])
    if len(whole["rewards"]) < LEAST:
        raise ValueError(
            f"{len(whole['rewards'])} nights taught something; {LEAST} are needed to compare priors"
        )
    return estimate(whole["new"], *log), estimate(whole["incumbent"], *log)


def better(new: Estimate, incumbent: Estimate) -> bool:
    return new.snips_low >= incumbent.snips_low and new.dr_low >= incumbent.dr_low


def main(options: argparse.Namespace) -> int:
    try:
        new, incumbent = compare([json.loads(path.read_text()) for path in options.nights],
                                 options.new, options.incumbent)
    except ValueError as trouble:
        print(f"keep: {trouble}")
        return 1
    for name, value in (("incumbent", incumbent), ("new", new)):
        print(f"{name:10}  SNIPS {value.snips:+.2f} min (≥ {value.snips_low:+.2f})   "
              f"DR {value.dr:+.2f} min (≥ {value.dr_low:+.2f})")
    print("promote" if better(new, incumbent) else "keep")
    return 0 if better(new, incumbent) else 1
