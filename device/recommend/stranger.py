"""Whoever isn't like the people that the shipped prior was trained on.

The shipped kinds of sleeper only know effects that the network's embedding can tell. So beside the
embedding a recipe gets plain factors, and beside the shipped kinds there are others: the stranger,
of whom nothing is known but the size that effects have; the contrary, whom the opposite of what
helps people helps; and the quiet, whom any sound keeps awake. Some of them like what helps, as the
shipped kinds do, some what harms, and of some a like tells nothing. Each night's evidence weighs
all kinds against each other, and the word of all but the stranger fades besides: one person's
nights are too noisy (15 min against 4) for evidence alone to let go of them in a month.

Shares, fading and sizes were chosen on sleepers made for it: the trained ones, their reverse,
random levels and pairs of them, half of each, and sound that costs, whatever they like. Without
the contrary and the quiet, the first week among the reverse lost .15 of what was to be gained.
"""

import numpy as np

from device.recommend.bandit import Prior
from device.recommend.features import RECIPE
from device.values import TEXTURES

# Of all sleepers, before any night: and of them by what their likes tell (helps, nothing, harms)
SHIPPED, CONTRARY = 0.35, 0.12
STRANGE = {1.0: 0.30, 0.0: 0.06, -1.0: 0.06}
QUIET = {1.0: 0.08, 0.0: 0.03}
# nights in which the odds of the shipped kinds, and of the contrary and the quiet, fall to 1/e
FADE, WANE = 8.0, 24.0
TELLING = 0.2           # of the embedding's covariance among people, that among strangers
KNOWN = 0.3             # of a stranger's plain factors, what the embedding misses of the others'
SCANT = 1e-4            # min²: a variance that is none, but can be inverted
# min that any sound costs the quiet, its SD between them, their share of a stranger's other factors
# and of the embedding's covariance
COST, COSTS, CALM, DEAF = 4.0, 2.0, 0.5, 0.1
WAKEFUL = 10.0          # min: SD between people of their usual wakings
# min: SD between people of what each factor does, of the size of published effects (3–5 min)
SOUND, MUSIC, TEXTURE, PULSE, EXTREME, TONE, PAIR = 2.5, 2.0, 2.0, 1.5, 0.7, 1.5, 1.25
LOUD = 0.4              # of a texture: as loud as beside music

COLUMNS = [RECIPE.index(name) for name in ("sound", "music", "pulse", "brightness")]
TEXTURE_COLUMNS = [RECIPE.index(name) for name in TEXTURES]


def factors(recipes: np.ndarray) -> np.ndarray:
    """(n, len(SPREADS)) of recipe features (n, len(RECIPE)): what of a recipe can be told by ear,
    each about −1..1 and 0 in silence."""
    texture = np.minimum(recipes[:, TEXTURE_COLUMNS] / LOUD, 1)
    sound, music, pulse, brightness = recipes[:, COLUMNS, None].transpose(1, 0, 2)
    music = (music > 0).astype(float)
    pulse = music * (pulse * 1.6 + 0.2)             # per 10 /min about 54
    extreme = music * (np.abs(pulse) - 0.66) * 1.5
    tone = music * (brightness + 0.35) * 4          # ±1 at dark and mellow
    return np.hstack([sound, music, pulse, extreme, tone, texture, music * texture, tone * texture,
                      pulse * tone, extreme * tone])


SPREADS = np.array([SOUND, MUSIC, PULSE, EXTREME, TONE, *[TEXTURE] * len(TEXTURES),
                    *[PAIR] * (2 * len(TEXTURES) + 1), 0.7 * PAIR])


def widened(shipped: Prior) -> Prior:
    """The prior over [embedding, own level, factors, own wakings]: the shipped kinds, then the
    contrary, the strangers and the quiet."""
    size = shipped.means.shape[1]
    spread = np.linalg.inv(shipped.precisions)
    mean = shipped.weights @ shipped.means
    apart = shipped.means - mean
    among = np.tensordot(shipped.weights, spread, 1) + (shipped.weights * apart.T) @ apart
    level = np.append(np.zeros(size - 1), mean[-1])         # is nobody's effect
    costs = np.where(np.arange(len(SPREADS)) == 0, -COST, 0.0)
    calm = np.where(np.arange(len(SPREADS)) == 0, COSTS, CALM * SPREADS)

    def share(part: float) -> np.ndarray:
        """Of what is among people; their level is as unsure as anybody's."""
        some = part * among + SCANT * np.eye(size)
        some[-1, -1] = among[-1, -1]
        return some

    known, none = KNOWN * SPREADS, np.zeros(len(SPREADS))
    kinds = [(SHIPPED * weight, 1.0, 1 / FADE, middle, covariance, none, known)
             for weight, middle, covariance
             in zip(shipped.weights, shipped.means, spread, strict=True)]
    kinds += [(CONTRARY, 1.0, 1 / WANE, 2 * level - mean, among, none, known)]
    kinds += [(weight, hears, 0.0, level, share(TELLING), none, SPREADS)
              for hears, weight in STRANGE.items()]
    kinds += [(weight, hears, 1 / WANE, level, share(DEAF), costs, calm)
              for hears, weight in QUIET.items()]
    weights, hears, fading, *parts = zip(*kinds, strict=True)
    means, precisions = zip(*(joined(*part) for part in zip(*parts, strict=True)), strict=True)
    return Prior(np.array(weights), np.array(means), np.array(precisions), shipped.noise,
                 np.array(fading), np.array(hears))


def joined(mean: np.ndarray, covariance: np.ndarray, effects: np.ndarray,
           spreads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and precision over all columns: of the embedding, of the factors' mean and SD, and of
    the wakings."""
    size, plain = len(mean), np.append(spreads, WAKEFUL)
    precision = np.diag(np.append(np.zeros(size), plain**-2.0))
    precision[:size, :size] = np.linalg.inv(covariance)
    return np.concatenate([mean, effects, [0.0]]), precision
