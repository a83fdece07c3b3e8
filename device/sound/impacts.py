"""Drops, bubbles and crackles: little damped tones strewn over a texture, each at its own moment,
from its own side."""

import math

import numpy as np

from device.sound.grain_pools import HOP
from device.sound.settings import RATE
from device.textures import Drops

KINDS = 32                  # different ones, made beforehand
LENGTH = 5.0                # decays
RISE = 0.001                # s


class Strewn:
    """The drops of one texture, at their moments."""

    def __init__(self, event: Drops, random: np.random.Generator):
        self._event, self._random = event, random
        places = (np.arange(KINDS) + 0.5) / KINDS
        pitches = event.pitches[0] * (event.pitches[1] / event.pitches[0]) ** places
        decays = event.decays[0] * (event.decays[1] / event.decays[0]) ** random.random(KINDS)
        self._kinds = [
            tone(*facts, event.chirp)
            for facts in zip(pitches.tolist(), decays.tolist(), strict=True)
        ]
        longest = max(map(len, self._kinds))
        self._ahead = np.zeros((2, 2 * HOP + longest), np.float32)

    def add(self, hop: np.ndarray, amplitude: float, place: float) -> None:
        """Add the next `HOP` frames to `hop` (2, HOP); `place` 0..1 moves the pitches up."""
        ahead, level = self._ahead, amplitude * self._event.level
        for at, kind, tall, side in self._random.random(
            (self._random.poisson(self._event.rate * HOP / RATE), 4)
        ):
            wave = self._kinds[int((0.7 * kind + 0.3 * place) * KINDS)]
            start, angle, gain = int(at * HOP), side * (math.pi / 2), level * tall * tall
            ahead[0, start:start + len(wave)] += wave * np.float32(gain * math.cos(angle))
            ahead[1, start:start + len(wave)] += wave * np.float32(gain * math.sin(angle))
        hop += ahead[:, :HOP]
        ahead[:, :-HOP] = ahead[:, HOP:]
        ahead[:, -HOP:] = 0.0


def tone(pitch: float, decay: float, chirp: float) -> np.ndarray:
    """(n,) float32: a damped sine, from and to silence."""
    length = LENGTH * decay
    t = np.arange(int(length * RATE)) / RATE
    wave = np.sin(2 * np.pi * pitch * t * (1.0 + chirp * t / length)) * (
        np.exp(-t / decay) - math.exp(-LENGTH)
    )
    return (wave * np.minimum(t / RISE, 1.0)).astype(np.float32)
