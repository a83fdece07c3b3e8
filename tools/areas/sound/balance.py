"""Loudness of the programmes as the recommended build plays them: one small driver."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np

from areas.sound.measures import integrated, mean_squares
from areas.sound.render import MONITOR, blocks
from device.programmes import PROGRAMMES
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
        if recipe.music:
            _, level = settled(without_textures(recipe))
            figures[f"programme.{name}.music_error_db"] = level - SMALL.settle - recipe.level
    worst = {
        key: max(abs(value) for name, value in figures.items() if name.endswith(key))
        for key in ("music_error_db", "mono_loss_db")
    }
    return {
        **figures,
        "programme.music_error_db": worst["music_error_db"],
        "programme.mono_loss_db": worst["mono_loss_db"],
        "programme.spread_lu": max(loudness.values()) - min(loudness.values()),
    }


def without_textures(recipe: Recipe) -> Recipe:
    return replace(recipe, textures=MappingProxyType({}))


def alone(name: str) -> np.ndarray:
    """(2, n): a programme's music."""
    return settled(without_textures(PROGRAMMES[name]))[0]


def settled(recipe: Recipe) -> tuple[np.ndarray, float]:
    """(2, n) after a minute, and its level, dBA at the pillow."""
    rendered = list(blocks(recipe, LENGTH, settings=SMALL))
    sound = np.concatenate([block.samples for block in rendered], axis=1)
    power = np.concatenate([block.power for block in rendered])
    mean = power[int(SETTLED * RATE / CONTROL):].mean()
    return sound[:, int(SETTLED * RATE):], 10.0 * np.log10(mean) + SMALL.calibration


def mono_loss(sound: np.ndarray) -> float:
    """dB of A-weighted level that an amplifier loses that plays the mean of both channels."""
    both = mean_squares(sound, a_sections()).mean()
    summed = np.repeat(sound.mean(axis=0, keepdims=True), 2, axis=0)
    return float(10.0 * np.log10(both / mean_squares(summed, a_sections()).mean()))
