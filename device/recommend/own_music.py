"""One's own music as evidence: worth a few nights, since liking and effect differ.

Somebody who listens to slow, dark music to relax is likely, not certain, to sleep better by it than
other people do. So the nearest of the vetted set are taken to beat what is nearest to other
people's music by MORE than is known of people, give or take ERROR: the mean and the SD of synthetic
sleepers with tastes, whose liking and effect correlate by 0.5 (`beyond_people` of
tools/areas/taste/tasters.py). Taken as 1.8 ± 1.0 it misled those whose music keeps them awake.
"""

from functools import cache
from itertools import product
from types import MappingProxyType

import numpy as np

from device.recommend.bandit import Prior
from device.recommend.candidates import CANDIDATES, QUIET, TONES, Candidate
from device.values import Recipe, Taste

MORE = 0.55         # min
ERROR = 1.2         # min, SD among them
AGREED = 0.6        # of Taste.sure, for which these hold
# How far apart is different: /min, onsets/s, semitones, of brightness
NEAR = {"pulse": 5.0, "density": 0.08, "register": 3.0, "brightness": 0.12}
KEEN = 5.0          # nats for a texture that all of the music is beside
MODE = 0.7          # nats between a mode that all of the pieces have and one that none has
MANNER = 0.5        # nats for the style
MARKED = 0.25       # share of the pieces: a texture is one's own from here on
MINOR = {"dorian", "phrygian", "aeolian"}
# Other people's music, as evenly as it is found.
PACES, LIGHTS, PITCHES = (49.0, 58.0, 67.0), (0.2, 0.35, 0.5), (53.0, 57.0, 61.0)
BESIDE: tuple[dict[str, float], ...] = ({}, {}, {"rain": 0.2}, {"ocean": 0.2})


def evidence(taste: Taste | None, rows: np.ndarray, prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """gram (d, d) and pull (d,), as nights would leave them; `rows` (candidates, d) is every
    candidate's embedding."""
    size = rows.shape[1]
    if taste is None or not taste.heard:
        return np.zeros((size, size)), np.zeros(size)
    apart = (nearness(taste) - usual()) @ rows
    expected = float(apart @ (prior.weights @ prior.means))
    trust = taste.sure / AGREED / ERROR ** 2
    return trust * np.outer(apart, apart), trust * (expected + MORE) * apart


@cache
def usual() -> np.ndarray:
    """(candidates,) that sum to 1: the mean of `nearness` over other people's music."""
    each = [nearness(Taste(heard=1, music=0.75 if textures else 1.0, pulse=pulse, brightness=light,
                           register=pitch, textures=MappingProxyType(textures)))
            for pulse, light, pitch, textures in product(PACES, LIGHTS, PITCHES, BESIDE)]
    return np.mean(each, 0)


def nearness(taste: Taste) -> np.ndarray:
    """(candidates,) that sum to 1: how near each is to the music, silence not at all."""
    music = np.array([each.recipe.music > 0 for each in CANDIDATES])
    alone = ~music & (np.arange(len(CANDIDATES)) != QUIET)
    shares = np.zeros(len(CANDIDATES))
    for part, share in ((music, taste.music), (alone, 1 - taste.music)):
        scores = np.array([score(taste, each.recipe) for each in CANDIDATES])[part]
        chances = np.exp(scores - scores.max())
        shares[part] = share * chances / chances.sum()
    return shares


def score(taste: Taste, recipe: Recipe) -> float:
    """Nats, only comparable among recipes that have music, or among those that have none."""
    total = sum(KEEN * share * min(recipe.textures.get(name, 0.0) / 0.4, 1.0)
                for name, share in taste.textures.items())
    if not recipe.music:
        return total
    for name, near in NEAR.items():
        wanted = getattr(taste, name)
        if wanted is not None:
            total -= 0.5 * ((getattr(recipe, name) - wanted) / near) ** 2
    if taste.minor is not None:
        total += MODE * (taste.minor if recipe.scale in MINOR else 1 - taste.minor)
    return total + MANNER * (recipe.style == taste.style)


def levels(taste: Taste | None) -> dict[str, list[str]]:
    """factor → the levels of the vetted set that the music has, for the reason. Its pulse isn't
    told: quick music was folded by octaves into what is played here, and none of that is quick."""
    if taste is None or not taste.heard:
        return {}
    found = {"texture": [name for name, share in taste.textures.items() if share >= MARKED]}
    if taste.music and taste.brightness is not None:
        light = taste.brightness
        found["tone"] = [min(TONES, key=lambda name: abs(TONES[name][0] - light))]
    return {factor: names for factor, names in found.items() if names}


def shared(own: dict[str, list[str]], candidate: Candidate) -> tuple[str, ...]:
    """Those of `levels` that a candidate has, too."""
    return tuple(candidate.levels[factor] for factor in ("tone", "texture")
                 if candidate.levels.get(factor) in own.get(factor, ()))
