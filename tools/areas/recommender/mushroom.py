"""UCI Mushroom as a bandit (Blundell et al. 2015): eat or skip, by the shipped learner and by
MABWiser's."""

import csv
from pathlib import Path

import numpy as np

from device.recommend.bandit import Head, Prior
from device.recommend.recommender import PATIENCE

FILES = (
    "bandit/uci_mushroom/agaricus-lepiota.data",
    "uci_mushroom/agaricus-lepiota.data",
    "agaricus-lepiota.data",
)
ROUNDS, SEEDS = 365, 20
EDIBLE, POISON, SKIP = 5.0, (5.0, -35.0), 0.0       # the game's rules
REGRET_POISON, REGRET_SKIPPED = 15.0, 5.0  # expected: eating poison is worth −15, an edible one 5
# The head's prior, from the rules alone: at even odds a bite is worth −5; a bite's reward spreads
# by some 5 around what looks can tell; looks matter by a few points each. Patient like at the
# bedside: skipping is the safe programme.
EVEN_ODDS, NOISE, LOOKS, LEVEL = -5.0, 5.0, 2.1, 3.0


def find(data: Path | None) -> Path | None:
    return next((data / name for name in FILES if (data / name).is_file()), None) if data else None


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """One-hot attributes (n, d) and poisonous (n,) bool."""
    with open(path, newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) > 1]
    if not rows or {row[0] for row in rows} - {"e", "p"} or len({len(row) for row in rows}) != 1:
        raise ValueError(
            f"{path} isn't the UCI Mushroom table: rows of e or p and the same number of letters"
        )
    table = np.array(rows)
    columns = [table[:, [j]] == np.unique(table[:, j])[None] for j in range(1, table.shape[1])]
    return np.concatenate(columns, 1).astype(float), table[:, 0] == "p"


def play(job: tuple[str, Path, int]) -> np.ndarray:
    """Cumulative expected regret (ROUNDS,) of one learner on one seed; everyone meets the same
    mushrooms and coins."""
    learner, path, seed = job
    looks, poisonous = read(path)
    generator = np.random.default_rng(seed)
    met, coins = generator.integers(len(looks), size=ROUNDS), generator.random(ROUNDS) < 0.5
    eats = {"nocturne": nocturne, "lints": mabwiser, "linucb": mabwiser}[learner](
        learner, looks.shape[1], seed
    )
    next(eats)
    regret = np.empty(ROUNDS)
    for n, (row, coin) in enumerate(zip(met, coins, strict=True)):
        eaten = eats.send(looks[row])
        outcome = (POISON[int(coin)] if poisonous[row] else EDIBLE) if eaten else SKIP
        regret[n] = (
            (REGRET_POISON if poisonous[row] else 0.0)
            if eaten
            else (0.0 if poisonous[row] else REGRET_SKIPPED)
        )
        eats.send(outcome)
    return regret.cumsum()


def nocturne(_: str, size: int, seed: int):
    """A generator: looks in, whether it eats out; reward in, nothing out. The head of
    device/recommend, unchanged."""
    mean, spread = np.zeros(size + 1), np.full(size + 1, LOOKS)
    mean[-1], spread[-1] = EVEN_ODDS, LEVEL
    head = Head(Prior(np.ones(1), mean[None], np.diag(1 / spread**2)[None], NOISE), boldness=1.0,
                patience=PATIENCE)
    generator = np.random.default_rng([seed, 1])
    reward = yield
    while True:
        looks = reward
        eat = np.append(looks, 1.0)
        rows = np.array([np.zeros(size + 1), eat])
        place, _ = head.choose(rows, generator)
        reward = yield bool(place)
        head.update(rows[place], reward)
        reward = yield


def mabwiser(learner: str, size: int, seed: int):
    """MABWiser 2.7's two disjoint arms with its default exploration and penalty."""
    from mabwiser.mab import MAB, LearningPolicy
    policy = {"lints": LearningPolicy.LinTS, "linucb": LearningPolicy.LinUCB}[learner]()
    bandit = MAB([0, 1], policy, seed=seed)
    bandit.fit([0, 1], [0.0, 0.0], np.zeros((2, size)))
    looks = yield
    while True:
        arm = bandit.predict(looks[None])
        reward = yield bool(arm)
        bandit.partial_fit([arm], [reward], looks[None])
        looks = yield


def figures(path: Path, pool) -> tuple[dict, dict, dict]:
    """figures, peers, more: regret after 30 and 365 rounds, means over SEEDS, and standard errors.
    """
    todo = [
        (learner, path, seed)
        for learner in ("lints", "nocturne", "linucb")
        for seed in range(SEEDS)
    ]
    curves: dict[str, list] = {}
    for (learner, *_), curve in zip(todo, pool.map(play, todo, chunksize=2), strict=True):
        curves.setdefault(learner, []).append(curve)
    means = {
        learner: {
            f"mushroom_regret_{n}": float(np.mean([c[n - 1] for c in rows])) for n in (30, 365)
        }
        for learner, rows in curves.items()
    }
    errors = {learner: {f"mushroom_regret_{n}": float(np.std([c[n - 1] for c in rows]) / SEEDS**0.5)
                        for n in (30, 365)} for learner, rows in curves.items()}
    return means.pop("nocturne"), means, {"mushroom_standard_error": errors}
