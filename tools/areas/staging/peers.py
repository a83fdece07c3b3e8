"""Who the stager is compared with: boosted trees on lagged rows, rules without any signal, and
other models."""

import warnings
from collections.abc import Sequence
from functools import partial

import numpy as np

from areas.staging.scores import Verdict
from device.sleep import features
from device.values import STAGES
from training.stager import fit as stager_fit
from training.stager.data import Night

FALL_ASLEEP = 10.5      # min: the constant time of facts/sleep.md
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
STAYS = .2  # how much of each epoch's evidence is new to the one before: the HMM's filter


def lagged(column: np.ndarray, late: int) -> np.ndarray:
    out = np.full(len(column), np.nan)
    out[late:] = column[:len(column) - late]
    return out


def rows(night: Night) -> np.ndarray:
    """(n, 11) the usual way: the two columns as they are, late, with some of their past, and the
    time."""
    return np.stack(
        [
            night.time / 3600,
            *(lagged(night.activity, features.ACTIVITY_LATE + k) for k in (0, 2, 4, 8, 14)),
            *(lagged(night.heart, features.HEART_LATE + k) for k in (0, 2, 5, 10, 20)),
        ],
        1,
    )


def boosted(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]):
    import lightgbm
    y = np.concatenate(stages)
    model = lightgbm.train(TREES, lightgbm.Dataset(np.concatenate(inputs), y), ROUNDS)

    def predict(x: np.ndarray, night: Night) -> Verdict:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            p = model.predict(x, num_threads=1)
        return Verdict(p, p.argmax(1))
    return predict


def additive(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]):
    """The stager without its trees."""
    model = stager_fit.fit_additive(inputs, stages)
    return lambda x, night: Verdict.of(model, x)


def share(stages: Sequence[np.ndarray]) -> np.ndarray:
    return np.bincount(np.concatenate(stages), minlength=len(STAGES)) / sum(map(len, stages))


def constant_time(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]):
    """Awake until 10.5 min after lights out, then asleep; probabilities are the learnt shares of
    each part."""
    early = [np.arange(len(y)) < FALL_ASLEEP * 2 for y in stages]
    before = share([y[e] for y, e in zip(stages, early, strict=True)])
    after = share([y[~e] for y, e in zip(stages, early, strict=True)])

    def predict(x: np.ndarray, night: Night) -> Verdict:
        awake = night.time < FALL_ASLEEP * 60
        return Verdict(np.where(awake[:, None], before, after), np.where(awake, 0, after.argmax()),
                       onset=FALL_ASLEEP)

    return predict


def constant_probability(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]):
    """The learnt share of each stage, always."""
    p = share(stages)
    return lambda x, night: Verdict(np.tile(p, (len(x), 1)), np.full(len(x), p.argmax()), onset=0.0)


def majority(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]):
    """The commonest stage, always, and sure of it."""
    p = np.eye(len(STAGES))[share(stages).argmax()]
    return lambda x, night: Verdict(np.tile(p, (len(x), 1)), np.full(len(x), p.argmax()), onset=0.0)


def hidden_markov(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]):
    """Forward filter of a chain of stages; evidence: the additive model's odds, discounted for
    being much the same."""
    model, chain, prior = (
        stager_fit.fit_additive(inputs, stages),
        stager_fit.changes(stages),
        share(stages),
    )

    def predict(x: np.ndarray, night: Night) -> Verdict:
        evidence = (model.probabilities(x) / prior) ** STAYS
        out = np.empty_like(evidence)
        p = np.array([.97, .03, 0, 0])
        for n, seen in enumerate(evidence):
            p = (p @ chain if n else p) * seen
            p = p / p.sum()
            out[n] = p
        return Verdict(out, out.argmax(1))
    return predict


def recurrent(inputs: Sequence[np.ndarray], stages: Sequence[np.ndarray]):
    """A GRU of 16 units beside a linear path, on the stager's own inputs; needs torch (extra
    `train`)."""
    import torch
    torch.manual_seed(0)
    torch.set_num_threads(1)
    stacked = np.concatenate(inputs)
    mean, scale = np.nanmean(stacked, 0), np.nanstd(stacked, 0) + 1e-6

    def ready(x: np.ndarray) -> "torch.Tensor":
        return torch.tensor(np.nan_to_num(np.clip((x - mean) / scale, -3, 3)), dtype=torch.float32)

    size, span = stacked.shape[1], 150
    gru, out = torch.nn.GRU(size, 16, batch_first=True), torch.nn.Linear(16 + size, len(STAGES))
    drop = torch.nn.Dropout(.4)
    parts = [
        (ready(x[a : a + span]), torch.tensor(y[a : a + span]))
        for x, y in zip(inputs, stages, strict=True)
        for a in range(0, len(y) - span + 1, span // 2)
    ]
    xs, ys = torch.stack([x for x, _ in parts]), torch.stack([y for _, y in parts])
    fitting = torch.optim.AdamW([*gru.parameters(), *out.parameters()], lr=4e-3, weight_decay=.02)
    for _ in range(14):
        for batch in torch.randperm(len(xs)).split(32):
            noisy = xs[batch] + .2 * torch.randn_like(xs[batch])
            scores = out(torch.cat([drop(gru(noisy)[0]), noisy], 2))
            loss = torch.nn.functional.cross_entropy(scores[:, 20:].reshape(-1, 4),
                                                     ys[batch][:, 20:].reshape(-1))
            fitting.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(gru.parameters(), 1.0)
            fitting.step()

    def predict(x: np.ndarray, night: Night) -> Verdict:
        with torch.no_grad():
            known = ready(x)[None]
            p = torch.softmax(out(torch.cat([gru(known)[0], known], 2)), -1)[0].double().numpy()
        return Verdict(p, p.argmax(1))
    return predict


INPUTS = {"lagged": rows, "own": partial(stager_fit.inputs_of, way="rows")}
FITS = {"lightgbm": (boosted, "lagged"), "constant_time": (constant_time, "lagged"),
        "constant_probability": (constant_probability, "lagged"), "majority": (majority, "lagged")}
COMPARED = {"additive": (additive, "own"), "lightgbm_own_inputs": (boosted, "own"),
            "hidden_markov": (hidden_markov, "own"), "gru": (recurrent, "own")}
