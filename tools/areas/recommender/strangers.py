"""Sleepers by other models of taste and effect than tools/desk/sleepers.py, for judging only: the
prior is never trained on them. `families.py` says how such a file is read.

Every number is an assumption, of the size that the literature gives where sound helps (3–5 min of
onset latency; facts in tools/desk/sleepers.py); what differs is what the effect hangs on.
"""

import math

import numpy as np

from device.recommend.candidates import BESIDE_MUSIC, PULSES, TONES
from device.values import TEXTURES


def levels(recipe):
    """What of a recipe can be told apart by ear, in words."""
    heard = {name for name, loud in recipe.textures.items() if loud >= 0.15}
    if recipe.music:
        heard |= {"music", min(PULSES, key=lambda name: abs(PULSES[name][0] - recipe.pulse)),
                  min(TONES, key=lambda name: abs(TONES[name][0] - recipe.brightness))}
    return heard


class Sparse:
    """One to three things matter, whichever they are, and nothing else does."""

    def __init__(self, generator):
        matter = generator.choice(["music", *PULSES, *TONES, *TEXTURES], generator.integers(1, 4),
                                  replace=False)
        self._minutes = {name: generator.choice([1, 1, -1]) * generator.uniform(3, 7)
                         for name in matter}

    def effect(self, recipe, night):
        return sum(self._minutes.get(name, 0.0) for name in levels(recipe))

    def liking(self, recipe, night):
        return self.effect(recipe, night) / 4


class Interacting:
    """Nothing helps by itself: pairs of things do, and other pairs harm."""

    def __init__(self, generator):
        self._pairs = {
            **{(pulse, tone): generator.normal(0, 2.5) for pulse in PULSES for tone in TONES},
            **{(tone, texture): generator.normal(0, 2.5) for tone in TONES
               for texture in BESIDE_MUSIC},
            **{(texture, "music"): generator.normal(0, 2.5) for texture in TEXTURES},
        }
        self._alone = {texture: generator.normal(0, 2) for texture in TEXTURES}

    def effect(self, recipe, night):
        heard = levels(recipe)
        together = sum(minutes for pair, minutes in self._pairs.items() if heard.issuperset(pair))
        alone = sum(self._alone[texture] for texture in recipe.textures)
        return together if recipe.music else alone

    def liking(self, recipe, night):
        return self.effect(recipe, night) / 4


class Drifting:
    """Tastes with a season and a walk: what helps in a month isn't what helps now."""

    def __init__(self, generator):
        names = ["music", *PULSES, *TONES, *TEXTURES]
        self._season = {name: (generator.uniform(0, 2.5), generator.uniform(0, 2 * math.pi),
                               generator.uniform(60, 365)) for name in names}
        self._walk = {name: generator.normal(0, 1.5) + generator.normal(0, 0.15, 400).cumsum()
                      for name in names}

    def effect(self, recipe, night):
        def taste(name):
            height, phase, period = self._season[name]
            return (height * math.sin(2 * math.pi * night.number / period + phase)
                    + self._walk[name][night.number])
        return sum(taste(name) for name in levels(recipe))

    def liking(self, recipe, night):
        return self.effect(recipe, night) / 4


class Opposite:
    """What the literature says, the other way about: quick, bright, high and dense helps, and a
    texture keeps awake those whom it ought to help."""

    def __init__(self, generator):
        self._music = generator.normal(1.0, 2.5)
        self._quick, self._bright = generator.normal(1.5, 0.8), generator.normal(2.0, 1.0)
        self._high, self._dense = generator.normal(1.0, 0.5), generator.normal(0.5, 0.4)
        self._masking = generator.normal(-2.0, 2.0)
        self._taste = generator.normal(0, 1.2, len(TEXTURES))

    def effect(self, recipe, night):
        minutes = 0.0
        if recipe.music:
            minutes += recipe.music / 0.8 * (
                self._music + self._quick * (recipe.pulse - 54) / 10
                + self._bright * (recipe.brightness - 0.3) / 0.25
                + self._high * (recipe.register - 55) / 6
                + self._dense * (recipe.density - 0.3) / 0.1)
        loud = np.array([recipe.textures.get(name, 0.0) for name in TEXTURES])
        return minutes + float(loud @ (self._taste + self._masking)) / 0.5

    def liking(self, recipe, night):
        return self.effect(recipe, night) / 4


class Silence:
    """Nobody is helped but by silence; many like what keeps them awake."""

    def __init__(self, generator):
        self._costs = generator.gamma(4, 1, len(TEXTURES)), generator.gamma(4, 1)
        self._likes = dict(zip(("music", *TEXTURES), generator.normal(0.1, 0.5, 1 + len(TEXTURES)),
                               strict=True))

    def effect(self, recipe, night):
        textures, music = self._costs
        loud = np.array([recipe.textures.get(name, 0.0) for name in TEXTURES])
        return -float(loud @ textures) / 0.6 - music * recipe.music / 0.8

    def liking(self, recipe, night):
        heard = [name for name in self._likes if name in levels(recipe)]
        return sum(self._likes[name] for name in heard) / max(len(heard), 1)
