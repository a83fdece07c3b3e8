"""Synthetic sleepers who own music: what they listen to is liked, and liking is related to what
helps them, but isn't it.

The sleeper (tools/desk/sleepers.py) is who the device is trained on; its folder is drawn here. A
sleeper's liking of each of the recipe's fields is its effect's slope, standardised, correlated by
AGREES; a harmed one's by minus that: its music is what keeps it awake. The correlation is an
assumption: nobody has measured it (Dickson & Schubert 2020 and Jespersen 2022 find that liking
helps, without a number).
"""

from types import MappingProxyType

import numpy as np

from desk import sleepers
from desk.sleepers import Evening, Sleeper
from device.recommend import Recommender, own_music
from device.recommend.candidates import CANDIDATES
from device.values import TEXTURES, Taste

AGREES = 0.5
NIGHTS = 14
COLLECTED = ("rain", "ocean")           # textures that the measuring tells apart
SURE = 0.6                              # a folder of a dozen files that mostly agree
SHARE_OF_TEXTURES = {"music": 0.1, "masking": 0.5, "either": 0.3, "silence": 0.2}


def folder_of(sleeper: Sleeper, generator: np.random.Generator, agrees: float) -> Taste:
    """What `nocturne taste` would measure of this sleeper's music."""
    def liking(effect: float, mean: float, spread: float) -> float:
        return float(agrees * (effect - mean) / spread
                     + np.sqrt(1 - agrees ** 2) * generator.standard_normal())
    pulse = 58 + 9 * liking(sleeper.favourite_pulse, *sleepers.FAVOURITE_PULSE)
    light = 0.35 - 0.15 * liking(sleeper.darker, *sleepers.DARKER)
    pitch = 57 - 4 * liking(sleeper.lower, *sleepers.LOWER)
    dense = 0.32 + 0.08 * liking(sleeper.denser, *sleepers.DENSER)
    owned = {name: liking(sleeper.taste[TEXTURES.index(name)], 0, sleepers.TEXTURE_TASTE)
             for name in COLLECTED}
    kind = sleeper.kind if agrees > 0 else str(generator.choice(list(sleepers.KINDS)))
    alone = float(np.clip(SHARE_OF_TEXTURES[kind] + 0.2 * generator.standard_normal(), 0, 1))
    shares = {name: alone * max(like, 0.0) for name, like in owned.items()}
    total = max(sum(shares.values()), 1e-9)
    shares = {name: min(1.0, alone * share / total) for name, share in shares.items() if share}
    return Taste(
        sleeper="", heard=12, sure=SURE, music=1 - alone if shares else 1.0,
        pulse=float(np.clip(pulse, 40, 80)), density=float(np.clip(dense, 0.2, 0.45)),
        register=float(np.clip(pitch, 45, 67)), brightness=float(np.clip(light, 0, 1)),
        minor=0.5, textures=MappingProxyType(shares))


def beyond_people(seeds: range) -> tuple[float, float]:
    """min: how much more than for people at large saves what is nearest to a sleeper's music, over
    what is nearest to other people's; mean and SD."""
    apart, saved = [], []
    for seed in seeds:
        birth = np.random.default_rng([911, seed])
        sleeper = Sleeper.born(birth)
        taste = folder_of(sleeper, np.random.default_rng([912, seed]), AGREES)
        apart.append(own_music.nearness(taste) - own_music.usual())
        evenings = [Evening.falls(sleeper, birth) for _ in range(4)]
        saved.append(np.mean([[sleeper.saves(evening, each.recipe) for each in CANDIDATES]
                              for evening in evenings], 0))
    more = (np.array(apart) * (np.array(saved) - np.mean(saved, 0))).sum(1)
    return float(more.mean()), float(more.std())


def life(seed: int, agrees: float, nights: int = NIGHTS) -> np.ndarray:
    """(nights, 4): minutes saved each night above chance with taste.json and without, and the
    best's; the last is the sleeper's own mean over the vetted set."""
    birth = np.random.default_rng([911, seed])
    sleeper = Sleeper.born(birth)
    taste = folder_of(sleeper, np.random.default_rng([912, seed]), agrees)
    with_it, without = Recommender.load(), Recommender.load()
    with_it.lean(taste)
    rows = []
    for night in range(nights):
        evening = Evening.falls(sleeper, birth)
        saves = np.array([sleeper.saves(evening, each.recipe) for each in CANDIDATES])
        gained = []
        for device in (with_it, without):
            choice = device.choose(evening.context, seed=seed * 1000 + night)
            recipe = CANDIDATES[choice.candidate].recipe
            device.learn(choice.receipt, sleeper.outcome(
                evening, recipe, np.random.default_rng([913, seed, night])))
            gained.append(saves[choice.candidate] - saves.mean())
        rows.append([*gained, saves.max() - saves.mean(), saves.mean()])
        sleeper.drift(birth)
    return np.array(rows)


def measure(seeds: range, agrees: float, nights: int) -> tuple[float, float, float, float, float]:
    """Gains with and without after so many nights, their difference and its 95 % interval (paired
    bootstrap over sleepers)."""
    lives = np.array([life(seed, agrees, nights).sum(0) for seed in seeds])
    draws = np.random.default_rng(0).integers(len(lives), size=(2000, len(lives)))

    def gains(some: np.ndarray) -> np.ndarray:
        sums = some.sum(-2)
        return sums[..., :2] / sums[..., 2:3]
    both, booted = gains(lives), gains(lives[draws])
    low, high = np.percentile(booted[:, 0] - booted[:, 1], [2.5, 97.5])
    return float(both[0]), float(both[1]), float(both[0] - both[1]), float(low), float(high)
