"""Something to play."""

import numpy as np

from device.values import Note, Phrase, Scene


def song(seconds: float, seed: int = 1, density: float = 0.35) -> Phrase:
    random = np.random.default_rng(seed)
    notes, now = [], 0.0
    while (now := now + random.exponential(1.0 / density)) < seconds:
        notes.append(Note(now, int(random.choice([45, 48, 50, 52, 55, 57, 60, 62, 64, 67, 69])),
                          4.0 + 6.0 * random.random(), 0.3 + 0.6 * random.random(),
                          str(random.choice(["pad", "pad", "bell", "piano"]))))
    notes += [Note(20.0 * k, 38, 19.0, 0.6, "drone") for k in range(int(seconds // 20))]
    return Phrase(seconds, tuple(notes[:256]))


def scene(
    level: float = 0.0,
    glide: float = 2.0,
    music: float = 0.8,
    brightness: float = 0.35,
    waking: bool = False,
    **textures: float,
) -> Scene:
    return Scene(textures, music, brightness, level, glide, waking)
