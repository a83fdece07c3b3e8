"""The peers of the cold start, each in the variants that people use: on values, on centred values,
on rated or not.

Each is a function (items, values) → a score for every item, after fitting on the known half of the
users.
"""

from collections.abc import Callable

import numpy as np

Predict = Callable[[np.ndarray, np.ndarray], np.ndarray]


def fit(values: np.ndarray) -> dict[str, Predict]:
    """`values` (users, items), NaN where not rated."""
    known = np.isfinite(values)
    filled, binary = np.nan_to_num(values), known.astype(float)
    middle = values[known].mean()
    means = np.where(known, values - middle, 0).sum(0) / (known.sum(0) + 3.0) + middle
    count = binary.sum(0)
    return {
        "popularity:count": lambda items, got: count,
        "popularity:mean": lambda items, got: means,
        "ease:values": ease(filled),
        "ease:binary": on_ones(ease(binary)),
        "ials:values": ials(filled),
        "ials:binary": on_ones(ials(binary)),
        "cosine:values": cosine(filled),
        "cosine:binary": on_ones(cosine(binary)),
        "cosine:centred": resnick(np.where(known, values - means, 0.0), binary, means),
    }


def on_ones(predict: Predict) -> Predict:
    return lambda items, got: predict(items, np.ones(len(items)))


def ease(matrix: np.ndarray, penalty: float = 200.0) -> Predict:
    """Steck 2019: the closed form."""
    inverse = np.linalg.inv(matrix.T @ matrix + penalty * np.eye(matrix.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return lambda items, got: got @ weights[items]


ALPHA, PENALTY, SIZE = 4.0, 10.0, 32


def ials(matrix: np.ndarray, rounds: int = 8, seed: int = 0) -> Predict:
    """Hu, Koren & Volinsky 2008; confidence 1 + α · value."""
    items = np.random.default_rng(seed).normal(0, 0.1, (matrix.shape[1], SIZE))
    for _ in range(rounds):
        users = ials_side(items, matrix)
        items = ials_side(users, matrix.T)
    return lambda asked, got: items @ ials_row(items, items.T @ items, asked, got)


def ials_side(factors: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    gram = factors.T @ factors
    return np.array([ials_row(factors, gram, np.flatnonzero(row), row[row > 0]) for row in matrix])


def ials_row(factors: np.ndarray, gram: np.ndarray, items: np.ndarray,
             values: np.ndarray) -> np.ndarray:
    mine, sure = factors[items], ALPHA * values
    return np.linalg.solve(gram + (mine * sure[:, None]).T @ mine + PENALTY * np.eye(SIZE),
                           mine.T @ (1 + sure))


def cosine(matrix: np.ndarray) -> Predict:
    """User–user: everyone's rows, weighed by their cosine with the answers."""
    lengths = np.sqrt((matrix**2).sum(1)) + 1e-9
    return lambda items, got: ((matrix[:, items] @ got) / lengths) @ matrix


def resnick(centred: np.ndarray, binary: np.ndarray, means: np.ndarray) -> Predict:
    """Resnick et al. 1994: the weighted mean of neighbours' deviations, shrunk where few have
    rated."""
    lengths = np.sqrt((centred**2).sum(1)) + 1e-9

    def predict(items: np.ndarray, got: np.ndarray) -> np.ndarray:
        mine = got - means[items]
        alike = (centred[:, items] @ mine) / lengths / (np.sqrt(mine @ mine) + 1e-9)
        return means + (alike @ centred) / (np.abs(alike) @ binary + 0.5)
    return predict
