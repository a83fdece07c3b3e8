"""The choice itself, pure: a receipt's inputs, the network and the prior in, the same choice out,
today and whenever it is asked for again."""

import math
from collections.abc import Mapping, Set
from dataclasses import replace

import numpy as np

from device.programmes import DEFAULT as SAFE
from device.recommend import reasons
from device.recommend.bandit import Posterior, Prior, choose, posterior
from device.recommend.candidates import CANDIDATES, NAMES, QUIET
from device.recommend.features import context_features, recipe_features
from device.recommend.network import Network
from device.recommend.nights import unpack_context
from device.recommend.receipts import unpack, unpack_symmetric, unpack_told
from device.recommend.stranger import factors
from device.values import Choice, Reason

VERSION = 3         # of what a receipt holds and of how it is decided
MOMENTS = tuple(reasons.SENTENCES)
REACH = 4.0         # of an embedding; training scales it to 1
PLACES = {name: place for place, name in enumerate(NAMES)}
TABLE = np.array([recipe_features(candidate.recipe) for candidate in CANDIDATES])


def decide(network: Network, prior: Prior, inputs: Mapping,
           now: Posterior | None = None) -> Choice:
    """Pure: the same inputs, network and prior give the same choice. `now`: the inputs' posterior,
    if it is known already."""
    moment, seed = inputs["moment"], inputs["seed"]
    allowed = [PLACES[name] for name in inputs["allowed"]]
    best = PLACES[inputs["best"]]
    features = context_features(unpack_context(inputs["context"]))
    rows, _ = embed(network, features, TABLE)
    if now is None:
        mine = replace(prior, weights=unpack(inputs["kinds"]))
        now = posterior(mine, unpack_symmetric(inputs["gram"]), unpack(inputs["pull"]),
                        inputs["nights"], unpack_told(inputs["told"], len(prior.means[0])))
    generator = np.random.default_rng(seed)
    if inputs["trial"]:
        place, chances = int(generator.integers(2)), np.array([0.5, 0.5])
    elif moment == "bedtime":
        place, chances = choose(now, rows[allowed], generator, inputs["boldness"],
                                inputs["optimism"])
    else:
        place = int(np.argmax(rows[allowed] @ now.mean))
        chances = np.eye(len(allowed))[place]
    chosen, propensity = allowed[place], float(chances[place])
    reference = QUIET if chosen == best else best

    blends, _ = embed(network, features, reasons.blends(chosen, reference))
    parts = reasons.contributions(blends @ now.mean)
    why = Reason(reasons.sentence(inputs, chosen), parts)
    receipt = {**inputs, "candidate": NAMES[chosen], "propensity": propensity}
    return Choice(CANDIDATES[chosen].recipe, why, seed, propensity, chosen, receipt)


def embed(network: Network, context: np.ndarray,
          recipes: np.ndarray) -> tuple[np.ndarray, float | None]:
    """(n, d) of recipe features: the network's word, the plain factors, and 0 where an observation
    of wakings has a 1, for one's own usual number; and the onset latency to expect, min.

    Bounded: a broken model may rank wrongly, but it can't stop or steer the rest.
    """
    rows, expected = network.run(context, recipes)
    rows = np.nan_to_num(rows, nan=0.0, posinf=0.0, neginf=0.0).clip(-REACH, REACH)
    rows = np.hstack([rows, factors(recipes), np.zeros((len(rows), 1))])
    return rows, float(np.clip(expected, 0, 180)) if math.isfinite(expected) else None


def known(moment: str, best: int, playing: str, heard: Set[int]) -> list[int]:
    """What may be chosen once nothing new is tried, of what was `heard` on nights that taught;
    `playing`: the name of what plays."""
    proven = best if best in heard else QUIET
    if moment == "alarm":       # which silence doesn't wake by
        return [proven if proven != QUIET else PLACES[SAFE.name]]
    tonight = PLACES.get(playing, proven)
    if moment == "night":
        return [tonight]
    return sorted({proven if proven != QUIET else tonight, QUIET})
