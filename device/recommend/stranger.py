"""Whoever isn't like the people that the shipped prior was trained on.

The shipped kinds of sleeper only know effects that the network's embedding can tell. So beside the
embedding a recipe gets plain factors, and beside the shipped kinds there is the stranger, of whom
nothing is known but the size that effects have. Each night's evidence weighs all kinds against each
other, and what the shipped ones say fades besides: one person's nights are too noisy (15 min
against 4) for evidence alone to let go of them in a month. A stranger whom any sound keeps awake
was tried as a kind too: it finds silence sooner, and lost others more.
"""

import numpy as np

from device.recommend.bandit import Prior
from device.recommend.features import RECIPE
from device.values import TEXTURES

STRANGE = 0.6           # of all sleepers, before any night
FADE = 6.0              # nights in which the shipped kinds' odds fall to 1/e
TELLING = 0.2           # of the embedding's covariance among people, that among strangers
KNOWN = 0.3             # of a stranger's plain factors, what the embedding misses of the others'
SCANT = 1e-4            # min²: a variance that is none, but can be inverted
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
    """The prior over [embedding, own level, factors]: the shipped kinds, then the stranger."""
    size, whole = shipped.means.shape[1], shipped.means.shape[1] + len(SPREADS)
    kinds = len(shipped.weights)
    spread = np.linalg.inv(shipped.precisions)
    mean = shipped.weights @ shipped.means
    apart = shipped.means - mean
    among = np.tensordot(shipped.weights, spread, 1) + (shipped.weights * apart.T) @ apart
    strange = TELLING * among
    strange[-1, -1] = among[-1, -1]         # their level is as unsure as anybody's

    means = np.zeros((kinds + 1, whole))
    means[:kinds, :size] = shipped.means
    means[kinds, size - 1] = mean[-1]
    covariances = np.zeros((kinds + 1, whole, whole))
    covariances[:kinds, :size, :size] = spread
    covariances[kinds, :size, :size] = strange + SCANT * np.eye(size)
    plain = np.arange(size, whole)
    covariances[:kinds, plain, plain] = (KNOWN * SPREADS)**2
    covariances[kinds, plain, plain] = SPREADS**2
    weights = np.append((1 - STRANGE) * shipped.weights, STRANGE)
    fading = np.append(np.full(kinds, 1 / FADE), 0.0)
    return Prior(weights, means, np.linalg.inv(covariances), shipped.noise, fading)
