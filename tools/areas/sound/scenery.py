"""What `tools/bench sound` and `tools/listen palette` tell of the textures: each beside recordings,
near and awake; how even it is beside somebody who may be asleep."""

from dataclasses import replace

import numpy as np

from areas.sound.measures import mean_squares
from areas.sound.render import scenery, to_scene
from areas.sound.texture import RECORDED, crackles, likeness, statistics, waves
from device.session.fade import scene
from device.session.modes import Mode
from device.session.settings import Rules
from device.sound.loudness import a_sections
from device.sound.settings import RATE, Settings
from device.textures import ROWS, SURFACES
from device.values import Recipe, Scene
from kit.figures import Goal

SEEDS = (1, 2, 3)
MINUTE = 60.0               # s, of each
WIDE = "headphones"         # what is beside recordings is beside all of their spectrum
NAMES = (*ROWS, *(f"rain_{surface}" for surface in SURFACES[1:]))
GOALS = {
    **{name: [("slope_db_oct", -7.0, -3.0), ("above_2k", 0.1, 0.4), ("kurt_2_9k", 6.0, 30.0)]
       for name in NAMES if name.startswith("rain")},
    "ocean": [("slope_db_oct", -6.0, -3.0), ("swing_400", 8.0, None), ("wave_period_s", 6.0, 14.0),
              ("wave_period_cv", 0.2, None)],
    "wind": [("slope_db_oct", -12.0, -8.0)],
    "stream": [("slope_db_oct", -5.0, -1.0)],
    "fire": [("crackles_per_s", 2.5, 8.0)],
}
EVEN = 4.0                  # dB: swing of the 1 s level beside somebody who may be asleep
LOUD = 1.0                  # dB: from the share that the recipe asks for


def recipe(name: str) -> Recipe:
    """`name` alone; rain may be on something: rain_roof."""
    surface = name.partition("_")[2] or SURFACES[0]
    return Recipe(textures={kind(name): 1.0}, music=0.0, density=0.0, surface=surface)


def kind(name: str) -> str:
    """The texture that `name` of `NAMES` is."""
    return name.partition("_")[0]


def figures() -> dict[str, float]:
    told: dict[str, float] = {}
    for name in NAMES:
        told |= {f"texture.{name}.{key}": value for key, value in texture(name).items()}
    return told


def texture(name: str) -> dict[str, float]:
    """Means over the seeds, but of the swing the largest, over a minute."""
    seeds = [one(name, seed) for seed in SEEDS]
    mean = {key: float(np.mean([each[key] for each in seeds])) for key in seeds[0]}
    levels = [loudness(scenery(asleep(name), MINUTE, seed)) for seed in SEEDS]
    mean["swing_asleep_db"] = max(float(np.ptp(level)) for level in levels)
    return mean


def asleep(name: str) -> Scene:
    """As the night has it for somebody who drifts off; already there."""
    return replace(scene(Mode.DRIFTING, recipe(name), 0.5, Rules()), glide=2.0)


def one(name: str, seed: int) -> dict[str, float]:
    samples = scenery(to_scene(recipe(name)), MINUTE, seed, WIDE)
    told = statistics(samples)
    if kind(name) in RECORDED:
        told["likeness"] = likeness(kind(name), told)
    if name == "ocean":
        samples = scenery(to_scene(recipe(name)), 5 * MINUTE, seed, WIDE)
        told["wave_period_s"], told["wave_period_cv"] = waves(samples)
    if name == "fire":
        told["crackles_per_s"] = crackles(samples)
    heard = mean_level(scenery(to_scene(recipe(name)), MINUTE, seed))
    told["level_err_db"] = heard - Settings().settle
    return told


def loudness(samples: np.ndarray) -> np.ndarray:
    """dBA at the pillow, each second."""
    return _dba(mean_squares(samples, a_sections(), RATE).mean(axis=0))


def mean_level(samples: np.ndarray) -> float:
    return float(_dba(mean_squares(samples, a_sections(), RATE).mean()))


def _dba(power):
    return 10.0 * np.log10(power + 1e-20) + Settings().calibration


def goals() -> list[Goal]:
    bounds = [
        (f"texture.{name}.{key}", op, bound)
        for name, wanted in GOALS.items()
        for key, low, high in wanted
        for op, bound in ((">=", low), ("<=", high))
        if bound is not None
    ]
    bounds += [(f"texture.{name}.likeness", ">=", 0.8) for name in RECORDED]
    bounds += [(f"texture.{name}.swing_asleep_db", "<=", EVEN) for name in NAMES]
    for name in NAMES:
        key = f"texture.{name}.level_err_db"
        bounds += [(key, ">=", -LOUD), (key, "<=", LOUD)]
    return [Goal(*bound) for bound in bounds]
