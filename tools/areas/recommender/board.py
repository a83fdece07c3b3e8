"""What the board sees: time and memory of a choice, int8 against float, and 10,000 nights with a
lying network."""

import json
import os
import subprocess
import sys

import numpy as np

from desk.sleepers import Evening, Sleeper
from device.inference import model_card
from device.recommend import Recommender
from device.recommend.candidates import CANDIDATES, DEFAULT, NAMES, QUIET
from device.recommend.decision import TABLE
from device.recommend.features import context_features
from device.recommend.network import Network
from device.values import SILENCE, Context, Outcome
from training.recommender.net import Towers

NIGHTS = 10_000
MEASURE = """
import json, resource, sys, time
import numpy as np
from device.inference.tflite import Model
from device.values import Context, Outcome
def rss():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6
before = rss()
from device.recommend import Recommender
device = Recommender.load()
for night in range(90):
    receipt = device.choose(Context(hour=23.0), seed=night).receipt
    device.learn(receipt, Outcome(sol=15.0, signal_quality=1.0))
spent = []
for night in range(300):
    start = time.process_time()
    device.choose(Context(heart_rate=1.1, hour=23.0), seed=night)
    spent.append(time.process_time() - start)
print(json.dumps({"rss_mb": rss() - before, "ms_per_choice": 1e3 * sorted(spent)[len(spent) // 2]}))
"""


def footprint() -> dict[str, float]:
    """`rss_mb`: what the recommender adds to a process with numpy and the TFLite runtime;
    `ms_per_choice`: CPU, median.

    After 90 nights, in a process of its own with BLAS kept to one thread, as the units set it.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", MEASURE], cwd=model_card.MODELS.parent,
                          env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def agreement(sleepers: int = 300, seed: int = 11) -> float:
    """Share of pairs of candidates that int8 and float rank alike, for random sleepers of the
    mixture and evenings."""
    network, generator = Network(), np.random.default_rng(seed)
    towers = Towers.load(model_card.MODELS / "recommender_float.npz")
    upper = np.triu_indices(len(CANDIDATES), 1)
    alike = []
    for _ in range(sleepers):
        kind = generator.choice(len(network.prior.weights), p=network.prior.weights)
        own = generator.multivariate_normal(network.prior.means[kind],
                                            np.linalg.inv(network.prior.precisions[kind]))
        x = context_features(Evening.falls(Sleeper.born(generator), generator).context)
        int8 = network.run(x, TABLE)[0] @ own
        real = towers.embed(x, TABLE) @ own[:-1]
        one, other = (np.subtract.outer(score, score)[upper] for score in (int8, real))
        alike.append(np.mean(np.sign(one) == np.sign(other)))
    return float(np.mean(alike))


def news(place: int, heard: set[int]) -> int:
    """New factors, counted here again: levels that the default and all that was heard lack."""
    return sum(all(CANDIDATES[other].levels.get(factor) != level for other in heard | {DEFAULT})
               for factor, level in CANDIDATES[place].levels.items())


class Liar:
    """A network whose outputs are the worst that a broken model could give."""

    def __init__(self, network: Network, generator: np.random.Generator):
        self.prior, self.size, self.sha256, self._generator = (
            network.prior,
            network.size,
            network.sha256,
            generator,
        )

    def run(self, context: np.ndarray, recipes: np.ndarray) -> tuple[np.ndarray, float]:
        lie = self._generator.integers(5)
        rows = self._generator.normal(0, 10.0 ** self._generator.integers(-3, 12),
                                      (len(recipes), self.size))
        if lie == 0:
            rows[self._generator.random(rows.shape) < 0.3] = np.nan
        elif lie == 1:
            rows[self._generator.random(rows.shape) < 0.3] = np.inf
        elif lie == 2:
            rows[:] = 0
        return rows, float(self._generator.choice([np.nan, np.inf, -np.inf, 1e300, 0.0, 20.0]))


def unsafe(job: tuple[int, int]) -> int:
    """Choices outside the vetted set, two new factors from the proven best, or new after sleep
    onset."""
    seed, nights = job
    generator, honest, wrong, device = np.random.default_rng(seed), Network(), 0, None
    for night in range(nights):
        if device is None or generator.random() < 0.05:
            device, heard = Recommender(Liar(honest, generator)), {QUIET}
        proven = {NAMES.index(n["candidate"]) for n in device.nights if n["reward"] is not None}
        evening = device.choose(wild_context(generator), moment="bedtime", seed=night)
        # the liar changes its mind between two questions
        best = NAMES.index(evening.receipt["best"])
        wrong += best not in proven | {DEFAULT}
        wrong += CANDIDATES[evening.candidate].recipe != evening.recipe
        wrong += not (evening.candidate == QUIET or evening.candidate in proven
                      or news(evening.candidate, proven) <= 1)
        heard.add(evening.candidate)
        for moment in generator.choice(["night", "arousal"], 2):
            later = device.choose(wild_context(generator), moment=str(moment), seed=night)
            wrong += later.candidate not in heard or (
                later.recipe != SILENCE and later.recipe != CANDIDATES[later.candidate].recipe
            )
        device.learn(
            evening.receipt,
            Outcome(
                sol=float(generator.choice([np.nan, np.inf, -5.0, 1e9, 10.0, 30.0])),
                wakings=int(generator.integers(0, 99)),
                liked=int(generator.integers(-9, 9)),
                turned_down=int(generator.integers(0, 9)),
                signal_quality=float(generator.choice([np.nan, 0.2, 0.9, 1.0])),
            ),
        )
    return int(wrong)


def wild_context(generator: np.random.Generator) -> Context:
    def wild():
        return (None, float("nan"), float("inf"), -1e9, float(generator.normal(0, 100)))[
            generator.integers(5)
        ]

    return Context(
        None, wild(), wild(), wild(), wild(), 0.0, wild(), wild(), wild(), wild(), wild()
    )


def unsafe_jobs(parts: int = 20) -> list[tuple[int, int]]:
    return [(seed, NIGHTS // parts) for seed in range(parts)]
