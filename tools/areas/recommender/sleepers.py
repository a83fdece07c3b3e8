"""500 synthetic sleepers never seen: how much of the oracle's gain over random does each learner
reach?

Everyone meets the same sleepers, evenings and noise, and learns from the same mornings: minutes of
onset latency, wakings and what was said (which the device takes one by one; the peers take one
number, in which each weighs by what it tells). The score is the expected minutes saved by what was
chosen.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from areas.recommender.families import Night, Stranger, read
from desk.sleepers import Evening, Sleeper
from device.recommend import Recommender, Weights
from device.recommend.bandit import Head, Prior
from device.recommend.candidates import CANDIDATES, QUIET
from device.recommend.decision import TABLE, embed
from device.recommend.features import context_features
from device.recommend.network import Network
from device.recommend.recommender import BOLDNESS, FORGET, OPTIMISM, PATIENCE
from device.recommend.reward import WAKING_NOISE, reward, said, teach, undisturbed
from device.recommend.stranger import widened
from device.values import Outcome, Recipe

NIGHTS = (7, 30, 90)
UNSEEN = 987_654            # far from the training seeds; every sleeper has a stream of their own
# MABWiser's exploration in minutes and its ridge penalty: the best of a grid on 24 training
# sleepers (alpha 0.3–16, l2 10–150).
PEERS = {"lints": (1.0, 10.0), "linucb": (16.0, 50.0)}
RIVALS = (*PEERS, "popularity", "content")


class World:
    """One sleeper's nights, the same for every learner; of the family called so in a plug-in, or,
    without one, of those that the prior was trained on."""

    def __init__(self, seed: int, family: tuple[Path, str] | None = None):
        self.seed, generator = seed, np.random.default_rng(seed)
        self.saves = np.empty((max(NIGHTS), len(CANDIDATES)))
        self.evenings: list[Evening] = []
        self._outcomes: list[Callable[[Recipe, np.random.Generator], Outcome]] = []
        life = own(generator) if family is None else strange(*family, generator)
        for evening, saves, outcome in life:
            self.saves[len(self.evenings)] = saves
            self.evenings.append(evening)
            self._outcomes.append(outcome)

    def outcome(self, night: int, place: int) -> Outcome:
        return self._outcomes[night](CANDIDATES[place].recipe,
                                     np.random.default_rng([self.seed, night]))


def own(generator: np.random.Generator) -> Iterator[tuple]:
    """Per night its evening, the minutes that each candidate saves, and how a recipe goes."""
    sleeper = Sleeper.born(generator)
    for _ in range(max(NIGHTS)):
        evening = Evening.falls(sleeper, generator)
        saves = [sleeper.saves(evening, candidate.recipe) for candidate in CANDIDATES]
        yield evening, saves, partial(replace(sleeper).outcome, evening)
        sleeper.drift(generator)


def strange(path: Path, name: str, generator: np.random.Generator) -> Iterator[tuple]:
    """The same of a family's sleeper. Raises Torn."""
    stranger = Stranger.born(path, name, generator)
    for number in range(max(NIGHTS)):
        evening = Evening.falls(stranger, generator)
        night = Night(number, evening.fast_heart, evening.restless, evening.aroused)
        saves = [stranger.saves(night, candidate.recipe) for candidate in CANDIDATES]
        yield evening, saves, partial(stranger.outcome, night, evening)


def play_nocturne(world: World, network: Network) -> list[int]:
    """The device's own object, whole: safe set, one new factor a night, learning from outcomes."""
    device, places = Recommender(network), []
    for night, evening in enumerate(world.evenings):
        choice = device.choose(evening.context, seed=world.seed * 1000 + night)
        device.learn(choice.receipt, world.outcome(night, choice.candidate))
        places.append(choice.candidate)
    return places


def play_head(world: World, network: Network, prior: Prior, columns: np.ndarray) -> list[int]:
    """An ablation: the head alone with another prior over `columns`, every candidate allowed."""
    head, places, generator = (
        Head(prior, FORGET, BOLDNESS, PATIENCE, OPTIMISM),
        [],
        np.random.default_rng(world.seed),
    )
    for night, evening in enumerate(world.evenings):
        rows, expected = embed(network, context_features(evening.context), TABLE)
        rows = rows[:, columns]
        place, _ = head.choose(rows, generator)
        outcome = world.outcome(night, place)
        minutes = reward(outcome, expected, Weights())
        if minutes is not None:
            teach(head, rows[place], rows[QUIET], outcome, minutes, Weights())
        places.append(place)
    return places


def play_mabwiser(world: World, network: Network, name: str, alpha: float, l2: float) -> list[int]:
    """One arm whose expectation is asked for each candidate's row: MABWiser's arms have no features
    of their own."""
    from mabwiser.mab import MAB, LearningPolicy

    policy = {"lints": LearningPolicy.LinTS, "linucb": LearningPolicy.LinUCB}[name](
        alpha=alpha, l2_lambda=l2
    )
    bandit, places = MAB([0], policy, seed=world.seed % 2**31), []
    bandit.fit([0], [0.0], np.zeros((1, network.size)))
    for night, evening in enumerate(world.evenings):
        rows, expected = network.run(context_features(evening.context), TABLE)
        place = int(np.argmax([row[0] for row in bandit.predict_expectations(rows)]))
        outcome = world.outcome(night, place)
        minutes = one_number(outcome, reward(outcome, expected, Weights()), network.prior.noise)
        if minutes is not None:
            bandit.partial_fit([0], [minutes], rows[[place]])
        places.append(place)
    return places


def one_number(outcome: Outcome, minutes: float | None, noise: float) -> float | None:
    """All that a night tells as one number: its worth in minutes and its wakings by their precision
    (which the peers gain .02 by), and what was said."""
    told, calm = said(outcome, Weights()), undisturbed(outcome)
    if minutes is None or calm is None:
        return minutes
    share = WAKING_NOISE**-2 / (WAKING_NOISE**-2 + noise**-2)
    return (1 - share) * (minutes - told) + share * calm + told


def play_content(world: World, network: Network) -> list[int]:
    """The network alone: context and recipe, the population's mean weights, nothing of the
    sleeper's own."""
    mean = network.prior.weights @ network.prior.means
    return [int(np.argmax(network.run(context_features(evening.context), TABLE)[0] @ mean))
            for evening in world.evenings]


def popular(seed: int = 7, sleepers: int = 500) -> int:
    """The candidate that saves most on average over training sleepers."""
    generator = np.random.default_rng(seed)
    total = np.zeros(len(CANDIDATES))
    for _ in range(sleepers):
        sleeper = Sleeper.born(generator)
        evening = Evening.falls(sleeper, generator)
        total += [sleeper.saves(evening, candidate.recipe) for candidate in CANDIDATES]
    return int(total.argmax())


def play(seed: int, hit: int, ablate: bool,
         family: tuple[Path, str] | None = None) -> dict[str, np.ndarray]:
    """(3, 2) per learner: minutes above random, and the oracle's above random, summed up to each of
    NIGHTS. Raises Torn."""
    world, network = World(seed, family), _network()
    places = {"nocturne": play_nocturne(world, network), "content": play_content(world, network),
              "popularity": [hit] * max(NIGHTS)}
    for name, (alpha, l2) in PEERS.items():
        places[name] = play_mabwiser(world, network, name, alpha, l2)
    if ablate:
        prior, wide = network.prior, widened(network.prior)
        inner, whole = np.arange(network.size), np.arange(wide.means.shape[1])
        places["ablation.flat_prior"] = play_head(
            world, network, Prior.flat(network.size, 3.0, prior.noise), inner)
        places["ablation.one_kind"] = play_head(world, network, one_kind(prior), inner)
        places["ablation.no_stranger"] = play_head(world, network, prior, inner)
        places["ablation.free_of_safety"] = play_head(world, network, wide, whole)
    nights = np.arange(max(NIGHTS))
    random = world.saves.mean(1)
    best = (world.saves.max(1) - random).cumsum()
    return {
        name: np.array(
            [[(world.saves[nights, chosen] - random).cumsum()[n - 1], best[n - 1]] for n in NIGHTS]
        )
        for name, chosen in {**places, "ablation.silence": [QUIET] * max(NIGHTS)}.items()
    }


def one_kind(prior: Prior) -> Prior:
    """The mixture's first two moments as one Gaussian."""
    mean = prior.weights @ prior.means
    apart = prior.means - mean
    covariance = (np.einsum("k,kij->ij", prior.weights, np.linalg.inv(prior.precisions))
                  + (prior.weights * apart.T) @ apart)
    return Prior(np.ones(1), mean[None], np.linalg.inv(covariance)[None], prior.noise)


def measure(pool, sleepers: int, ablate: int = 60) -> tuple[dict, dict, dict]:
    """figures, peers, more: gain_7/30/90 each, with paired bootstrap intervals of the differences.
    """
    hit = popular()
    rows = played(pool, sleepers, hit, ablate)
    figures, peers, difference = compared(rows)
    ablations = {}
    for name in (name for name in rows[0] if name.startswith("ablation.")):
        some = [row for row in rows if name in row]
        value = gain(np.array([row[name] for row in some]))
        whole = gain(np.array([row["nocturne"] for row in some]))
        ablations[name.removeprefix("ablation.")] = {
            f"gain_{n}": [value[i], whole[i]] for i, n in enumerate(NIGHTS)}
    return figures, peers, {"ablations": ablations, "difference_95": difference,
                            "unseen_sleepers": sleepers,
                            "popular": CANDIDATES[hit].recipe.name}


def measure_families(pool, path: Path, sleepers: int) -> tuple[dict, dict, dict]:
    """figures, peers, more of each family in `path`: family.NAME.gain_7/30/90; the popular peer is
    popular among the prior's own people, for nobody knows of the family. Raises Torn."""
    hit, figures, peers, more = popular(), {}, {}, {}
    for name in read(path):
        mine, theirs, difference = compared(played(pool, sleepers, hit, 0, (path, name)))
        figures |= {f"family.{name}.{key}": value for key, value in mine.items()}
        for peer, keys in theirs.items():
            peers.setdefault(peer, {}).update(
                {f"family.{name}.{key}": value for key, value in keys.items()})
        more[name] = {"difference_95": difference, "sleepers": sleepers}
    return figures, peers, {"families": more}


def played(pool, sleepers: int, hit: int, ablate: int,
           family: tuple[Path, str] | None = None) -> list[dict[str, np.ndarray]]:
    """What `play` answers for each sleeper; the first `ablate` of them with the ablations."""
    seeds = [UNSEEN + i for i in range(sleepers)]
    return list(pool.map(play, seeds, [hit] * sleepers, [i < ablate for i in range(sleepers)],
                         [family] * sleepers, chunksize=5))


def gain(pairs: np.ndarray) -> np.ndarray:
    """(3,) of (sleepers, 3, 2): minutes above random, of the oracle's; NaN where nothing can be
    gained."""
    sums = pairs.sum(-3)
    return np.divide(sums[..., 0], sums[..., 1], where=sums[..., 1] > 1e-9,
                     out=np.full(sums.shape[:-1], np.nan))


def compared(rows: list[dict[str, np.ndarray]]) -> tuple[dict, dict, dict]:
    """The learner's gain_7/30/90, and how far each is ahead of the peer that is best there
    (`_difference`, with the 95 % interval `_low` to `_high`); each peer's; and the intervals of the
    differences to every peer. By a bootstrap over the sleepers that is paired."""
    pairs = {name: np.array([row[name] for row in rows]) for name in ("nocturne", *RIVALS)}
    draws = np.random.default_rng(0).integers(len(rows), size=(2000, len(rows)))
    booted = {name: np.array([gain(some[draw]) for draw in draws]) for name, some in pairs.items()}
    difference = {}
    for name in RIVALS:
        low, high = np.percentile(booted["nocturne"] - booted[name], [2.5, 97.5], axis=0)
        difference[name] = {f"gain_{n}": [low[i], high[i]] for i, n in enumerate(NIGHTS)}
    figures = {name: {f"gain_{n}": float(gain(some)[i]) for i, n in enumerate(NIGHTS)}
               for name, some in pairs.items()}
    mine = figures.pop("nocturne")
    for key, value in tuple(mine.items()):
        best = max(figures, key=lambda name: figures[name][key])
        low, high = difference[best][key]
        mine |= {f"{key}_difference": value - figures[best][key],
                 f"{key}_difference_low": low, f"{key}_difference_high": high}
    return mine, figures, difference


_cache: list[Network] = []


def _network() -> Network:
    if not _cache:
        _cache.append(Network())
    return _cache[0]
