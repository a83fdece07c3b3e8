"""Loudness of the programmes as the recommended build plays them, one small driver: all of
each, and its music and its textures each against their share."""

from dataclasses import replace

import numpy as np

from areas.sound.measures import integrated, mean_squares
from areas.sound.render import MONITOR, blocks, to_scene
from device.programmes import PROGRAMMES
from device.sound.engine import Engine
from device.sound.loudness import a_sections
from device.sound.settings import CONTROL, RATE, Settings
from device.values import Recipe

SETTLED = 60.0              # s
LENGTH = 180.0              # s
SMALL = Settings(monitor=MONITOR, speaker="mono")


def measure() -> dict[str, float]:
    figures, loudness = {}, {}
    for name, recipe in PROGRAMMES.items():
        sound, _ = settled(recipe)
        loudness[name] = figures[f"programme.{name}.lufs"] = integrated(sound)
        figures[f"programme.{name}.mono_loss_db"] = mono_loss(sound)
        for part, error in errors(recipe).items():
            figures[f"programme.{name}.{part}_error_db"] = error
    worst = {
        key: max(abs(value) for name, value in figures.items() if name.endswith(key))
        for key in ("music_error_db", "texture_error_db", "mono_loss_db")
    }
    return {
        **figures,
        **{f"programme.{key}": value for key, value in worst.items()},
        "programme.spread_lu": max(loudness.values()) - min(loudness.values()),
    }


class Silence:
    """Instead of a texture."""

    def __init__(self, name: str, seed: int, surface: str, channels: int, lowest: float):
        self._channels = channels

    def next(self, frames: int, *controls: np.ndarray) -> np.ndarray:
        return np.zeros((self._channels, frames), np.float32)


def errors(recipe: Recipe) -> dict[str, float]:
    """dB: of the music and of the textures, where the recipe has them, each rendered without the
    other, against the share of the level that the recipe asks for."""
    powers = {"music": recipe.music**2,
              "texture": sum(gain**2 for gain in recipe.textures.values())}
    levels = {
        "music": lambda: settled(recipe, Engine(SMALL, textures=Silence))[1],
        "texture": lambda: _textures(recipe),
    }
    return {
        part: levels[part]() - SMALL.settle - recipe.level
        - float(10.0 * np.log10(power / sum(powers.values())))
        for part, power in powers.items() if power
    }


def _textures(recipe: Recipe) -> float:
    """dBA at the pillow after a minute: the music keeps its share, but nothing is played, not even
    the swells that come with the breath."""
    engine = Engine(SMALL)
    engine.scene(replace(to_scene(recipe), breath=0.0))
    power = [engine.render().power for _ in range(int(LENGTH * RATE / engine.block))]
    return _level(np.concatenate(power))


def settled(recipe: Recipe, engine: Engine | None = None) -> tuple[np.ndarray, float]:
    """(2, n) after a minute, and its level, dBA at the pillow."""
    rendered = list(blocks(recipe, LENGTH, engine=engine or Engine(SMALL)))
    sound = np.concatenate([block.samples for block in rendered], axis=1)
    power = np.concatenate([block.power for block in rendered])
    return sound[:, int(SETTLED * RATE):], _level(power)


def _level(power: np.ndarray) -> float:
    mean = power[int(SETTLED * RATE / CONTROL):].mean()
    return float(10.0 * np.log10(mean)) + SMALL.calibration


def mono_loss(sound: np.ndarray) -> float:
    """dB of A-weighted level that an amplifier loses that plays the mean of both channels."""
    both = mean_squares(sound, a_sections()).mean()
    summed = np.repeat(sound.mean(axis=0, keepdims=True), 2, axis=0)
    return float(10.0 * np.log10(both / mean_squares(summed, a_sections()).mean()))
