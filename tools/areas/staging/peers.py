"""Who the stager is compared with: boosted trees, a hidden Markov smoother, a small recurrent
network, and rules without any signal. All are fitted on the same nights as ours, from the same
inputs of the same epochs; all but the constant ones are causal too."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np

from areas.staging import scores
from areas.staging.scores import Verdict
from device.sleep import features
from device.values import STAGES
from training.stager import fit as stager_fit
from training.stager.data import UNSCORED, Night

EARLY = .1              # share of the training nights on which a constant time may come too soon
ROUNDS = 150
TREES = {
    "objective": "multiclass",
    "num_class": 4,
    "learning_rate": 0.05,
    "num_leaves": 7,
    "min_data_in_leaf": 100,
    "lambda_l2": 5,
    "feature_fraction": 0.5,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
NEW = .2  # how much of each epoch's evidence is new to the one before: the HMM's filter
PLAIN = features.places((
    "minutes", *(f"activity_{age}" for age in range(5)), "activity_mean_10", "activity_mean_40",
    "heart_0", "heart_mean_8", "heart_mean_20", "heart_change_1", "heart_change_3",
    "heart_sd_10", "heart_sd_20", "heart_tonight"))

Inputs = Sequence[np.ndarray]
Predict = Callable[[np.ndarray, Night], Verdict]


def boosted(inputs: Inputs, stages: Inputs, places: np.ndarray | None = None) -> Predict:
    """LightGBM of all four stages, the likeliest shown."""
    import lightgbm

    places = np.arange(len(features.INPUTS)) if places is None else places
    x, y = stager_fit.chosen(inputs, stages, places)
    model = lightgbm.train(TREES, lightgbm.Dataset(x, y), ROUNDS)

    def predict(x: np.ndarray, night: Night) -> Verdict:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            p = model.predict(x[:, places], num_threads=1)
        return Verdict(p, p.argmax(1))

    return predict


def plain(inputs: Inputs, stages: Inputs) -> Predict:
    """The same with the usual columns: rates, counts, their means and spreads, the time."""
    return boosted(inputs, stages, PLAIN)


def additive(inputs: Inputs, stages: Inputs) -> Predict:
    """The stager without its trees."""
    places = features.places(features.STAGING)
    model = stager_fit.fit_additive(*stager_fit.chosen(inputs, stages, places))

    def predict(x: np.ndarray, night: Night) -> Verdict:
        p = model.probabilities(x[:, places])
        return Verdict(p, p.argmax(1))

    return predict


def hidden_markov(inputs: Inputs, stages: Inputs) -> Predict:
    """Forward filter of a chain of stages; evidence: the additive model's odds, discounted for
    being much the same."""
    inner, chain, prior = additive(inputs, stages), stager_fit.changes(stages), share(stages)

    def predict(x: np.ndarray, night: Night) -> Verdict:
        evidence = (inner(x, night).probabilities / prior) ** NEW
        out = np.empty_like(evidence)
        p = np.array([.97, .03, 0, 0])
        for n, seen in enumerate(evidence):
            p = (p @ chain if n else p) * seen
            p = p / p.sum()
            out[n] = p
        return Verdict(out, out.argmax(1))

    return predict


def recurrent(inputs: Inputs, stages: Inputs) -> Predict:
    """A GRU of 24 units beside a linear path; needs torch (extra `train`)."""
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1)
    stacked = np.concatenate(inputs)
    mean, scale = np.nanmean(stacked, 0), np.nanstd(stacked, 0) + 1e-3

    def ready(x: np.ndarray) -> "torch.Tensor":
        return torch.tensor(
            np.nan_to_num(np.clip((x - mean) / scale, -3, 3)), dtype=torch.float32
        )

    units, span, warming = 24, 200, 20
    first = torch.nn.Linear(stacked.shape[1], units)
    gru = torch.nn.GRU(units, units, batch_first=True)
    last, drop = torch.nn.Linear(2 * units, len(STAGES)), torch.nn.Dropout(.4)
    parts = [(ready(x[a:a + span]), torch.tensor(y[a:a + span]))
             for x, y in zip(inputs, stages, strict=True)
             for a in range(0, len(y) - span + 1, span // 2)]
    xs, ys = torch.stack([x for x, _ in parts]), torch.stack([y for _, y in parts])
    weights = [*first.parameters(), *gru.parameters(), *last.parameters()]
    fitting = torch.optim.AdamW(weights, lr=4e-3, weight_decay=.02)

    def scored(x: "torch.Tensor") -> "torch.Tensor":
        hidden = drop(torch.tanh(first(drop(x))))
        return last(torch.cat([drop(gru(hidden)[0]), hidden], 2))

    for _ in range(14):
        for batch in torch.randperm(len(xs)).split(32):
            out = scored(xs[batch] + .2 * torch.randn_like(xs[batch]))[:, warming:]
            loss = torch.nn.functional.cross_entropy(
                out.reshape(-1, 4), ys[batch][:, warming:].reshape(-1), ignore_index=UNSCORED)
            fitting.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            fitting.step()
    drop.eval()

    def predict(x: np.ndarray, night: Night) -> Verdict:
        with torch.no_grad():
            p = torch.softmax(scored(ready(x)[None]), -1)[0].double().numpy()
        return Verdict(p, p.argmax(1))

    return predict


def share(stages: Inputs) -> np.ndarray:
    scored = np.concatenate(stages)
    return np.bincount(scored[scored != UNSCORED], minlength=len(STAGES)) / (
        scored != UNSCORED).sum()


def constant_time(inputs: Inputs, stages: Inputs) -> Predict:
    """Awake until a time after lights out, then asleep: the soonest that comes too early on at most
    a tenth of the training nights. Probabilities are the learnt shares of each part."""
    minutes = scores.constant_time(stages, EARLY)
    place = round(minutes / scores.MINUTES)
    before = share([y[:place] for y in stages]) if place else np.eye(4)[0]
    after = share([y[place:] for y in stages])

    def predict(x: np.ndarray, night: Night) -> Verdict:
        awake = np.arange(len(x)) < place
        return Verdict(
            np.where(awake[:, None], before, after),
            np.where(awake, 0, after.argmax()),
            onset=minutes,
        )

    return predict


def constant_probability(inputs: Inputs, stages: Inputs) -> Predict:
    """The learnt share of each stage, always."""
    p = share(stages)
    return lambda x, night: Verdict(
        np.tile(p, (len(x), 1)), np.full(len(x), p.argmax()), onset=0.0
    )


def majority(inputs: Inputs, stages: Inputs) -> Predict:
    """The commonest stage, always, and sure of it."""
    p = np.eye(len(STAGES))[share(stages).argmax()]
    return lambda x, night: Verdict(
        np.tile(p, (len(x), 1)), np.full(len(x), p.argmax()), onset=0.0
    )


FITS = {"lightgbm": boosted, "hidden_markov": hidden_markov, "constant_time": constant_time,
        "constant_probability": constant_probability, "majority": majority}
COMPARED = {"lightgbm_plain": plain, "additive": additive, "gru": recurrent}
