"""Do beds learn from each other? tools/swarm learn [--beds 200] [--new 200] [--json]

Synthetic sleepers (tools/desk/sleepers.py) of a home whose people differ from those that the
shipped prior was trained on. Each of --beds learns for 28 nights, says once, by its ledger and
randomised, which kind of sleeper it seems to be; a hub's own store holds, counts and debiases; the
signed prior comes back; and --new new beds play 7 nights, each twice: with the shipped prior and
with the blend. Printed: (reward − random) / (oracle − random) of both, and the difference with its
paired bootstrap interval; the same of those newcomers who don't sleep best in silence (unlike), and
where the people are those of the training. The newcomers share nothing.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


BEFORE, AFTER = 28, 7       # nights
# Shares of desk/sleepers.py's kinds of people: in "quiet" most sleep best in silence, in "mixed"
# half do; "trained" is what the shipped prior knows, so that nothing can be gained there, only
# lost.
HOMES = {
    "quiet": {"music": 0.05, "masking": 0.10, "either": 0.05, "silence": 0.80},
    "mixed": {"music": 0.10, "masking": 0.35, "either": 0.05, "silence": 0.50},
    "trained": None,
}


def run(options: argparse.Namespace) -> int:
    figures = {}
    with ProcessPoolExecutor() as pool:
        for home in HOMES:
            figures |= {
                f"{home}.{key}": value for key, value in together(pool, home, options).items()
            }
    print(json.dumps(figures, indent=1) if options.json
          else "\n".join(f"{key:32}{value:>10.4f}" for key, value in figures.items()))
    return 0


def together(pool: ProcessPoolExecutor, home: str, options: argparse.Namespace) -> dict[str, float]:
    import tempfile

    import numpy as np
    from nacl.signing import SigningKey

    from device.home.hub import population
    from device.home.hub.store import Store
    from device.home.population_prior import read, sign
    from device.home.privacy import EPSILON, Ledger
    key = bytes(range(32))
    first = options.seed * 100_000
    answers = pool.map(answer_of, [home] * options.beds, range(first, first + options.beds),
                       chunksize=10)
    said, truth = zip(*answers, strict=True)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "hub.sqlite")
        for bed, answer in enumerate(said):
            uniform = np.random.default_rng([77, options.seed, bed]).random
            report = Ledger(uniform=uniform).spend("quiet_v1", int(answer), 1_767_218_400.0)
            store.feedback(report.id, f"bed{bed}", report.payload())
        store.release()
        counts = store.counts("quiet_v1")
        estimated = population.estimate("quiet_v1", counts, EPSILON, 1)
        store.close()
    if estimated is None:
        sys.exit(
            f"{options.beds} beds are too few: the hub publishes nothing below {population.ENOUGH} "
            "reports"
        )
    prior = read(sign(estimated, key), SigningKey(key).verify_key.encode().hex())
    seeds = range(first + 50_000, first + 50_000 + options.new)
    gains = np.array(
        list(pool.map(newcomer, [home] * options.new, seeds, [prior] * options.new, chunksize=10))
    )
    said, truth, unlike = np.array(said), np.array(truth), gains[:, 3] == 0
    return {
        "reports": sum(counts),
        "quiet_truly": truth.mean(),
        "quiet_said": said.mean(),
        "quiet_heard": prior.shares[1],
        "said_yes_if_so": said[truth].mean(),
        "said_no_if_not": 1 - said[~truth].mean(),
        **compared(gains),
        **{f"unlike_{key}": value for key, value in compared(gains[unlike]).items()},
    }


def compared(rows) -> dict[str, float]:
    """Gains of a first week from `newcomer`'s rows (n, 4), and their difference with its paired
    bootstrap interval."""
    import numpy as np
    draws = np.random.default_rng(0).integers(len(rows), size=(4000, len(rows)))

    def ratio(some: np.ndarray) -> np.ndarray:
        sums = some.sum(-2)
        return sums[..., :2] / sums[..., 2:3]
    value, booted = ratio(rows), ratio(rows[draws])
    low, high = np.percentile(booted[:, 1] - booted[:, 0], [2.5, 97.5])
    return {
        "gain_7_alone": value[0],
        "gain_7_together": value[1],
        "difference": value[1] - value[0],
        "difference_low": low,
        "difference_high": high,
    }


def sleeper_of(home: str, seed: int):
    """A sleeper of that home, and the generator of its life."""
    import numpy as np

    from desk import sleepers
    generator = np.random.default_rng([4242, list(HOMES).index(home), seed])
    usual = dict(sleepers.KINDS)
    try:
        sleepers.KINDS.update(HOMES[home] or usual)
        return sleepers.Sleeper.born(generator), generator
    finally:
        sleepers.KINDS.update(usual)


def nights(device, home: str, seed: int, count: int, morning=lambda: None):
    """(minutes saved by the choice, by chance, by the best) of each night, while the device learns.
    """
    import numpy as np

    from desk.sleepers import Evening
    from device.recommend.candidates import CANDIDATES
    sleeper, generator = sleeper_of(home, seed)
    out = []
    for night in range(count):
        evening = Evening.falls(sleeper, generator)
        saves = np.array([sleeper.saves(evening, candidate.recipe) for candidate in CANDIDATES])
        choice = device.choose(evening.context, seed=seed * 1000 + night)
        outcome = sleeper.outcome(evening, CANDIDATES[choice.candidate].recipe,
                                  np.random.default_rng([seed, night]))
        device.learn(choice.receipt, outcome)
        morning()
        out.append((saves[choice.candidate], saves.mean(), saves.max()))
    return np.array(out)


def answer_of(home: str, seed: int) -> tuple[bool, bool]:
    """After a month: which kind of sleeper it seems to be, as the device would answer; and the
    truth."""
    from device.recommend import Recommender
    device = Recommender.load()
    nights(device, home, seed, BEFORE)
    return device.leans_to_silence(), sleeper_of(home, seed)[0].kind == "silence"


def newcomer(home: str, seed: int, prior) -> tuple[float, float, float, bool]:
    """Minutes above chance in a first week, alone and together, and the oracle's; and whether
    silence is its best. Together is as on the device: the gate judges when the prior comes, and
    every morning again."""
    from functools import partial

    from device.recommend import Recommender
    from device.recommend.population import blend
    heard = partial(blend, prior=prior)
    together = Recommender.load()
    together.weigh(heard)
    mine = nights(Recommender.load(), home, seed, AFTER)
    ours = nights(together, home, seed, AFTER, lambda: together.weigh(heard))
    return (float((mine[:, 0] - mine[:, 1]).sum()), float((ours[:, 0] - ours[:, 1]).sum()),
            float((mine[:, 2] - mine[:, 1]).sum()), sleeper_of(home, seed)[0].kind == "silence")
