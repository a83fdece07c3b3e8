"""What the network is fed, used to train and to run. The card lists these names in this order; of
the textures it lists those that there were when it was trained (see network.py)."""

import math
from typing import TypeGuard

import numpy as np

from device.values import SCALES, STAGES, STYLES, TEXTURES, Context, Recipe

CONTEXT = (
    *(f"p_{stage.value}" for stage in STAGES),
    "heart_rate",
    "rmssd",
    "movement",
    "breathing",
    "since_lights_out",
    "hour_sin",
    "hour_cos",
    "last_sol",
    "last_wakings",
    "valence",
    "arousal",
    "has_stage",
    "has_heart",
    "has_movement",
    "has_hour",
    "has_history",
    "has_mood",
)
RECIPE = ("pulse", "density", "register", "brightness", "tension", "music", "level",
          *TEXTURES, "sound", *SCALES, *STYLES)
INPUTS = (*(f"context.{name}" for name in CONTEXT), *(f"recipe.{name}" for name in RECIPE))


def context_features(context: Context) -> np.ndarray:
    """(len(CONTEXT),) in −1..1; whatever is missing, NaN or infinite is 0 with its `has_` flag 0.
    """
    stages = context.probabilities or ()
    known = len(stages) == len(STAGES) and all(map(_finite, stages))
    row = [max(0.0, min(1.0, p)) for p in stages] if known else [0.0] * len(STAGES)
    hour = context.hour % 24 if _finite(context.hour) else None
    angle = 0.0 if hour is None else 2 * math.pi * hour / 24
    row += [
        _scaled(context.heart_rate, 1.0, 0.2),
        _scaled(_log2(context.rmssd), 0.0, 1.0),
        _scaled(_log2(context.movement), math.log2(0.02), 4.0),  # 0.02 m/s²: a body lying still
        _scaled(context.breathing, 14.0, 6.0),  # /min: adult rest
        _scaled(context.since_lights_out, 0.0, 60.0),
        0.0 if hour is None else math.sin(angle),
        0.0 if hour is None else math.cos(angle),
        _scaled(context.last_sol, 20.0, 30.0),
        _scaled(context.last_wakings, 2.0, 4.0),
        _scaled(context.valence, 0.0, 1.0),
        _scaled(context.arousal, 0.0, 1.0),
        float(known),
        float(_finite(context.heart_rate)),
        float(_finite(context.movement)),
        float(hour is not None),
        float(_finite(context.last_sol)),
        float(_finite(context.valence)),
    ]
    return np.array(row)


def recipe_features(recipe: Recipe) -> np.ndarray:
    """(len(RECIPE),) in −1..1; what can't be heard (the pulse of no music) is 0."""
    music = recipe.music > 0
    row = [(recipe.pulse - 56) / 16, (recipe.density - 0.3) / 0.3, (recipe.register - 56) / 11,
           2 * recipe.brightness - 1, 2 * recipe.tension - 1, recipe.music] if music else [0.0] * 6
    row.append(1 + recipe.level / 20)
    row += [recipe.textures.get(texture, 0.0) for texture in TEXTURES]
    row.append(float(music or any(recipe.textures.values())))
    row += [float(music and recipe.scale == scale) for scale in SCALES]
    row += [float(music and recipe.style == style) for style in STYLES]
    return np.array([max(-1.0, min(1.0, value)) for value in row])


def _finite(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _log2(value: float | None) -> float | None:
    return math.log2(max(value, 1e-4)) if _finite(value) else None


def _scaled(value: float | None, middle: float, reach: float) -> float:
    return max(-1.0, min(1.0, (value - middle) / reach)) if _finite(value) else 0.0
