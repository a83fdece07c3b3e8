"""Rendering for measurements: a programme with its composer, a single note, a texture alone."""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from device.compose import load
from device.programmes import PROGRAMMES
from device.sound.engine import Engine
from device.sound.settings import RATE, Settings
from device.values import Note, Phrase, Recipe, Scene

BREATH = 6.0                # /min
MONITOR = 14.0              # dB: 40 dBA at the pillow lies at −31 dBFS; no peak meets the limiter


def to_scene(recipe: Recipe, glide: float = 2.0) -> Scene:
    return Scene(recipe.textures, recipe.music, recipe.brightness, recipe.level, glide,
                 breath=BREATH, surface=recipe.surface)


def blocks(recipe: Recipe, seconds: float, seed: int = 1, composer: str = "rnn",
           engine: Engine | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(samples, power per control period), block by block."""
    engine = engine or Engine(Settings(monitor=MONITOR, seed=seed))
    engine.scene(to_scene(recipe))
    player, _ = load(seed, prefer=composer)
    composed = 0.0
    while engine.frame < seconds * RATE:
        while composed * RATE < engine.frame + 2 * RATE:
            phrase = player.compose(recipe, None)
            engine.phrase(phrase, round(composed * RATE))
            composed += phrase.length
        yield engine.render()


def programme(name: str, seconds: float, seed: int = 1, composer: str = "rnn") -> np.ndarray:
    """(2, n) of the named programme, without its fade-in."""
    return played(PROGRAMMES[name], seconds, seed, composer)


def music(name: str, seconds: float) -> np.ndarray:
    """(2, n) of the named programme without its textures."""
    return played(replace(PROGRAMMES[name], textures=MappingProxyType({})), seconds)


def played(recipe: Recipe, seconds: float, seed: int = 1, composer: str = "rnn") -> np.ndarray:
    """(2, n) without the fade-in."""
    parts = [block.samples for block in blocks(recipe, seconds + 10.0, seed, composer)]
    return np.concatenate(parts, axis=1)[:, 10 * RATE:]


def texture(name: str, seconds: float, seed: int = 1, surface: str = "leaves",
            monitor: float = MONITOR) -> np.ndarray:
    recipe = Recipe(textures={name: 1.0}, music=0.0, density=0.0, surface=surface)
    engine = Engine(Settings(monitor=monitor, seed=seed))
    return np.concatenate(
        [block.samples for block in blocks(recipe, seconds, seed, engine=engine)], axis=1
    )


def scenery(scene: Scene, seconds: float, seed: int = 1, speaker: str = "mono") -> np.ndarray:
    """(2, n) of a scene without notes, as loud as at the pillow, without its first ten seconds."""
    engine = Engine(Settings(seed=seed, speaker=speaker))
    engine.scene(scene)
    count = int((10.0 + seconds) * RATE / engine.block)
    return np.concatenate([engine.render().samples for _ in range(count)], axis=1)[:, 10 * RATE:]


def note(voice: str, pitch: int = 60, seconds: float = 12.0) -> np.ndarray:
    """One note of 6 s after 4 s of silence, with the room."""
    engine = Engine(Settings(monitor=MONITOR))
    engine.scene(Scene({}, 1.0, 0.4, 0.0, 2.0))
    engine.phrase(Phrase(seconds, (Note(4.0, pitch, 6.0, 0.7, voice),)), 0)
    count = int((4.0 + seconds) * RATE / engine.block)
    return np.concatenate([engine.render().samples for _ in range(count)], axis=1)
