"""Cold start on a table of ratings: half the users estimate the prior, each other user gives k
answers.

Two rankings of the same users: `ndcg10_k*` and `f1_k*` rank the user's remaining *rated* items;
`catalogue.*` rank every item but the answered ones, unrated items counting 0 (the harder task, and
the one whose figures are published for ML-100k). Gain is the value, relevant is a value ≥ 4.
Everyone gets the same answers.
"""

import csv
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from areas.recommender import peers
from device.recommend.bandit import Head, Prior

ANSWERS = (1, 3, 5, 10)
TOP, RELEVANT = 10, 4.0
# the most active and most rated are kept of a larger table, to end in minutes
MOST_USERS, MOST_ITEMS = 6000, 3000
JUDGED = 300                            # users at most
ROUNDS = 15             # of the prior's EM
CATALOGUE = tuple(product((16, 48), (1.2, 3.5, 8.0), (0.0, 0.5, 1.0)))


@dataclass(frozen=True, eq=False)
class Table:
    """values (users, items), NaN where not rated."""
    values: np.ndarray
    name: str


def read(path: Path) -> Table:
    """`user,item,value` with or without a header; extra columns are ignored."""
    triples = []
    with open(path, newline="") as file:
        for number, row in enumerate(csv.reader(file), 1):
            if not row:
                continue
            try:
                triples.append((row[0], row[1], float(row[2])))
            except (IndexError, ValueError) as trouble:
                if number > 1:
                    raise ValueError(f"{path}, line {number}: not user,item,value") from trouble
    users, items = (np.unique([t[i] for t in triples], return_inverse=True)[1] for i in (0, 1))
    values = np.array([t[2] for t in triples])
    keep_users = np.isin(users, np.argsort(-np.bincount(users))[:MOST_USERS])
    keep_items = np.isin(items, np.argsort(-np.bincount(items))[:MOST_ITEMS])
    kept = keep_users & keep_items & np.isfinite(values)
    users, items = (np.unique(x[kept], return_inverse=True)[1] for x in (users, items))
    table = np.full((users.max() + 1, items.max() + 1), np.nan)
    table[users, items] = values[kept]
    return Table(table, str(path))


def generated(seed: int = 5, users: int = 700, items: int = 900) -> Table:
    """Like a film table: popularity follows a power law, people rate what they expect to like, 1–5
    in steps of 1."""
    generator = np.random.default_rng(seed)
    taste, kind = generator.normal(size=(users, 8)), generator.normal(size=(items, 8))
    quality, mood = generator.normal(0, 0.45, items), generator.normal(0, 0.4, users)
    liking = 3.5 + mood[:, None] + quality + 0.22 * taste @ kind.T
    fame = -0.9 * np.log(np.arange(1, items + 1))[generator.permutation(items)] + 0.5 * quality
    pull = fame + 0.8 * (liking - liking.mean(0)) + generator.gumbel(size=liking.shape)
    count = np.clip(generator.lognormal(4.2, 0.8, users), 20, items // 2).astype(int)
    chosen = (-pull).argsort(1).argsort(1) < count[:, None]
    values = np.clip(np.round(liking + generator.normal(0, 0.75, liking.shape)), 1, 5)
    return Table(np.where(chosen, values, np.nan), "a generated table")


# offsets (items,), features (items, d), and the prior over weights
Fit = tuple[np.ndarray, np.ndarray, Prior]


def fit_rated(values: np.ndarray, size: int, pseudo: float, seed: int = 0) -> Fit:
    """A prior for *how much* somebody likes what they rated: probabilistic PCA of the known values.

    By EM (Tipping & Bishop 1999); `pseudo` users without taste keep what few have rated near the
    average. The last feature is constant: how generous somebody is, which ranks nothing but mustn't
    be taken for taste.
    """
    known = np.isfinite(values)
    weight = known.astype(float)
    offsets = item_means(values)
    rest = np.where(known, values - offsets, 0.0)
    generous = max(float(np.std(rest.sum(1) / (known.sum(1) + 3.0))), 0.05)
    loads = np.random.default_rng(seed).normal(0, 0.1, (values.shape[1], size))
    noise, eye = 0.9, np.eye(size + 1)
    for _ in range(ROUNDS):
        features = np.column_stack([loads, np.full(len(loads), generous)])
        pairs = (features[:, :, None] * features[:, None]).reshape(len(loads), -1)
        spread = np.linalg.inv(eye + (weight @ pairs / noise**2).reshape(-1, size + 1, size + 1))
        mean = np.einsum("ude,ue->ud", spread, rest @ features / noise**2)
        second = spread + mean[:, :, None] * mean[:, None]
        gram = (weight.T @ second.reshape(len(second), -1)).reshape(-1, size + 1, size + 1)
        pull = rest.T @ mean[:, :size] - generous * gram[:, :size, size]
        loads = np.linalg.solve(gram[:, :size, :size] + pseudo * np.eye(size), pull[..., None])[
            ..., 0
        ]
        error = (rest - np.column_stack([loads, np.full(len(loads), generous)]).dot(mean.T).T)[
            known
        ]
        noise = float(np.sqrt(np.mean(error**2))) + 0.05
    return (
        offsets,
        np.column_stack([loads, np.full(len(loads), generous)]),
        Prior.flat(size + 1, 1.0, noise),
    )


def item_means(values: np.ndarray) -> np.ndarray:
    """(items,): means shrunk towards what items rated as often get; often-rated items are liked
    more."""
    known = np.isfinite(values)
    count = known.sum(0)
    fame = np.column_stack([np.ones(len(count)), np.log1p(count)])
    sums = np.where(known, values, 0).sum(0)
    line = np.linalg.solve(fame.T @ (fame * count[:, None]) + 1e-6 * np.eye(2), fame.T @ sums)
    return (sums + 5.0 * fame @ line) / (count + 5.0)


def fit_catalogue(values: np.ndarray, size: int, noise: float, busy: float) -> Fit:
    """A prior for *which* items somebody rates and how: PCA of the values with 0 where not rated.

    `noise` is an answer's: large, since an answered item was picked for being rated and says that
    much less. `busy`: whoever rated many items is the less likely to be asked for any one of them,
    and counts as their number to the power −`busy`.
    """
    filled = np.nan_to_num(values)
    weight = np.maximum(np.isfinite(values).sum(1), 1.0)**-busy
    weight /= weight.mean()
    offsets = weight @ filled / len(filled)
    _, scale, right = np.linalg.svd(np.sqrt(weight)[:, None] * (filled - offsets),
                                    full_matrices=False)
    size = min(size, len(scale) - 1)
    rest = (scale[size:]**2).sum() / max(filled.size - size * sum(filled.shape), 1)
    loads = right[:size].T * np.sqrt(np.maximum(scale[:size]**2 / len(filled) - rest, 1e-6))
    return offsets, loads, Prior.flat(size, 1.0, noise)


def tuned(known: np.ndarray, fit, choices: tuple, rated: bool) -> dict[int, Fit]:
    """For each number of answers, `fit` with the choice that ranks best inside the known half:
    fitted on half of it, asked of the other half."""
    half, generator = len(known) // 2, np.random.default_rng(0)
    users = [row for row in known[half:half + 150] if np.isfinite(row).sum() > max(ANSWERS)]
    asked = [generator.permutation(np.flatnonzero(np.isfinite(row))) for row in users]

    def scores(choice: tuple) -> list[float]:
        fitted, total = fit(known[:half], *choice), [0.0] * len(ANSWERS)
        for row, order in zip(users, asked, strict=True):
            for place, k in enumerate(ANSWERS):
                ranked = order[k:] if rated else np.setdiff1d(np.arange(len(row)), order[:k])
                total[place] += ndcg(answer(*fitted, order[:k], row[order[:k]])[ranked],
                                     np.nan_to_num(row[ranked]))
        return total

    best = [choices[place] for place in np.argmax([scores(choice) for choice in choices], axis=0)]
    fits = {choice: fit(known, *choice) for choice in set(best)}
    return {k: fits[choice] for k, choice in zip(ANSWERS, best, strict=True)}


def answer(offsets: np.ndarray, loads: np.ndarray, prior: Prior, items: np.ndarray,
           values: np.ndarray) -> np.ndarray:
    """Expected value of every item after the answers, by the device's own head."""
    head = Head(prior)
    for item, value in zip(items, values, strict=True):
        head.update(loads[item], value - offsets[item])
    return offsets + loads @ head.posterior().mean


def top(scores: np.ndarray) -> np.ndarray:
    """Places of the TOP highest scores, highest first."""
    some = np.argpartition(-scores, TOP)[:TOP] if len(scores) > TOP else np.arange(len(scores))
    return some[np.argsort(-scores[some], kind="stable")]


def ndcg(scores: np.ndarray, gains: np.ndarray) -> float:
    """nDCG@10 with linear gain (Järvelin & Kekäläinen 2002)."""
    discount = 1 / np.log2(np.arange(2, TOP + 2))
    got = gains[top(scores)]
    best = np.sort(gains)[::-1][:TOP]
    return float(got @ discount[:len(got)] / (best @ discount[:len(best)]))


def f1(scores: np.ndarray, relevant: np.ndarray) -> float:
    hits = relevant[top(scores)].sum()
    return float(2 * hits / (min(TOP, len(scores)) + relevant.sum()))


def measure(table: Table, seed: int = 0) -> tuple[dict, dict, dict]:
    """figures, peers, more."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(table.values))
    half = len(order) // 2
    known, others = table.values[order[:half]], table.values[order[half:]]
    judged = [u for u in range(len(others)) if np.isfinite(others[u]).sum() > max(ANSWERS)][:JUDGED]
    if half < 20 or len(judged) < 20:
        raise ValueError(
            f"{table.name}: needs at least 40 users, half of them with more than {max(ANSWERS)} "
            "ratings"
        )
    rated = tuned(known, fit_rated, ((2, 10.0), (5, 10.0), (5, 30.0), (12, 30.0)), rated=True)
    catalogue = tuned(known, fit_catalogue, CATALOGUE, rated=False)
    teams = peers.fit(known)
    sums: dict[tuple[str, str], list[float]] = {}
    for user in judged:
        row = others[user]
        asked = generator.permutation(np.flatnonzero(np.isfinite(row)))
        for k in ANSWERS:
            items, values = asked[:k], row[asked[:k]]
            ours = {
                "rated": answer(*rated[k], items, values),
                "catalogue": answer(*catalogue[k], items, values),
            }
            scores = {("nocturne", task): ours[task] for task in ours}
            for name, predict in teams.items():
                scores[(name, "rated")] = scores[(name, "catalogue")] = predict(items, values)
            rest = asked[k:]
            everything = np.setdiff1d(np.arange(len(row)), items)
            for (name, task), score in scores.items():
                ranked = rest if task == "rated" else everything
                gains = np.nan_to_num(row[ranked])
                prefix = "" if task == "rated" else "catalogue."
                sums.setdefault((name, f"{prefix}ndcg10_k{k}"), []).append(
                    ndcg(score[ranked], gains)
                )
                if (gains >= RELEVANT).any():
                    sums.setdefault((name, f"{prefix}f1_k{k}"), []).append(
                        f1(score[ranked], gains >= RELEVANT)
                    )
    means: dict[str, dict[str, float]] = {}
    for (name, key), values in sums.items():
        means.setdefault(name, {})[key] = float(np.mean(values))
    return (
        means.pop("nocturne"),
        best_of(means),
        {
            "ratings": {
                "table": table.name,
                "users": table.values.shape[0],
                "items": table.values.shape[1],
                "judged": len(judged),
                "peer_variants": means,
            }
        },
    )


def best_of(variants: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Each peer at its best: for each key the better of its variants (`ials:values`, `ials:binary`
    → `ials`)."""
    best: dict[str, dict[str, float]] = {}
    for name, keys in variants.items():
        mine = best.setdefault(name.split(":")[0], {})
        for key, value in keys.items():
            mine[key] = max(value, mine.get(key, 0.0))
    return best
