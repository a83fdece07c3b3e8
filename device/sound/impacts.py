"""Drops, bubbles and crackles: what each sounds like, after its physics, and how they are strewn
over a texture, each at its own moment and from its own place."""

import math
from collections.abc import Callable, Iterable

import numpy as np

from device.sound.grain_pools import HOP
from device.sound.loudness import a_gain
from device.sound.settings import RATE
from device.textures import Bubbles, Crackles, Drops, Events, Impacts

KINDS = 64                  # different ones, made beforehand
LENGTH = 5.0                # decays
RISE = 0.0005               # s
SHORTEST = 20               # frames: of anything that hits
SPRAY = 2.0                 # × the time of the tap: how long its spray hisses
SIZE = 4096                 # frames: longest, and of the transform that weighs them
MINNAERT = 3.26             # m·Hz: a bubble's pitch × its radius, in water (Minnaert 1933)
BUNCHED = 0.06              # s: mean time from a bunch's first crackle to another of it


def tone(event: Drops, place: float, random: np.random.Generator) -> np.ndarray:
    """(n,) of a damped tone."""
    decay = spread(event.decays, random.random())
    rise = event.chirp / (LENGTH * decay)
    return trimmed(damped(spread(event.pitches, place), decay, 0.001, rise))


def impact(event: Impacts, place: float, random: np.random.Generator) -> np.ndarray:
    """(n,) of the drop that a share `place` of all are smaller than. Diameters are gamma-
    distributed, as rain's are; the tap lasts as long as the drop takes to flatten, and is as strong
    as the pressure over its area, ∝ d² v²."""
    sizes = np.sort(random.gamma(4.0, event.size / 4.0, 1000))
    millimetres = min(float(sizes[int(1000 * place)]), 1.7 * event.size)
    speed = 9.65 - 10.3 * math.exp(-0.6 * max(millimetres, 0.3))    # m/s (Atlas et al. 1973)
    length = event.soft * millimetres * 1e-3 / speed                # s
    tap = np.diff(np.hanning(max(int(length * RATE), SHORTEST)) ** 2, append=0.0)
    splash = noise(SPRAY * length, random)
    out = np.zeros(SIZE)
    out[:len(tap)] = tap * math.sqrt((1.0 - event.spray) / float(tap @ tap))
    out += splash * math.sqrt(event.spray / float(splash @ splash))
    out *= math.sqrt(1.0 - event.rung)
    if event.rung:
        ring = sum(
            (damped(spread(event.modes, high), spread(event.ring, long), RISE)
             for high, long in random.random((3, 2)).tolist()),
            np.zeros(SIZE))
        out += ring * math.sqrt(event.rung / float(ring @ ring))
    return trimmed(out * (millimetres * speed) ** 2)


def bubble(event: Bubbles, place: float, random: np.random.Generator) -> np.ndarray:
    """(n,) of one bubble: the smaller the higher and the sooner gone, and the pitch rises as it
    nears the surface (van den Doel 2005, "Physically based models for liquid sounds"). What sets it
    ringing is the surface that closes, ∝ r², of which the radiated part of the damping is heard:
    with his damping that makes the amplitude ∝ √r, not the r^1.5 of his examples."""
    radius = spread(event.radii, place) * 1e-3                      # m
    damping = 0.13 / radius + 0.0072 * radius**-1.5                 # /s
    rise = 0.1 * damping * float(random.random())                   # /s
    return trimmed(damped(MINNAERT / radius, 1.0 / damping, RISE, rise) * math.sqrt(radius))


def crackle(event: Crackles, place: float, random: np.random.Generator) -> np.ndarray:
    """(n,) of one snap: a burst of noise around a pitch."""
    pitch = spread(event.pitches, place)
    decay = spread(event.decays, random.random())
    t = np.arange(SIZE) / RATE
    f = np.maximum(np.fft.rfftfreq(SIZE, 1.0 / RATE), 1.0)
    coloured = np.fft.rfft(noise(decay, random)) / np.hypot(1.0, (f / pitch - pitch / f) / 1.5)
    out = np.fft.irfft(coloured, SIZE) * onset(RISE) * np.exp(-t / (2.0 * decay))
    return trimmed(out / math.sqrt(float(out @ out)))


def noise(decay: float, random: np.random.Generator) -> np.ndarray:
    """(SIZE,) of noise below some 6 kHz that dies away: sharper, one snap would be a click."""
    soft = np.convolve(random.standard_normal(SIZE), np.hanning(SHORTEST // 2 + 2), "same")
    t = np.arange(SIZE) / RATE
    return soft * np.exp(-t / decay) * onset(RISE)


def damped(pitch: float, decay: float, attack: float, rise: float = 0.0) -> np.ndarray:
    """(SIZE,): a sine that dies away and whose pitch grows by `rise` of it a second."""
    t = np.arange(SIZE) / RATE
    return (
        np.sin(2 * np.pi * pitch * t * (1.0 + 0.5 * rise * t))
        * np.exp(-t / decay)
        * onset(attack)
    )


def onset(seconds: float) -> np.ndarray:
    """(SIZE,): from silence to 1 without a kink, which would be heard as a click."""
    t = np.arange(SIZE) / RATE
    return np.sin(np.minimum(t / seconds, 1.0) * (np.pi / 2)) ** 2


def spread(ends: tuple[float, float], place: float) -> float:
    """`place` 0..1 of the way, on a logarithmic scale."""
    return ends[0] * (ends[1] / ends[0]) ** place


def trimmed(wave: np.ndarray) -> np.ndarray:
    """float32, ending in silence where nothing is left of it."""
    heard = np.flatnonzero(np.abs(wave) > 1e-3 * np.abs(wave).max())
    wave = wave[:heard[-1] + 1].copy()
    tail = min(len(wave), RATE // 1000)
    wave[-tail:] *= np.linspace(1.0, 0.0, tail)
    return np.pad(wave, (0, -len(wave) % 4)).astype(np.float32)


MAKERS: dict[type, Callable[..., np.ndarray]] = {
    Drops: tone, Impacts: impact, Bubbles: bubble, Crackles: crackle
}


class Strewn:
    """The events of one kind, at their moments; a mean A-weighted power of 1 in each channel at
    full intensity."""

    def __init__(self, event: Events, random: np.random.Generator, channels: int):
        self._event, self._random = event, random
        kinds = [MAKERS[type(event)](event, (i + 0.5) / KINDS, random) for i in range(KINDS)]
        # The nearest is at 1, the farthest at `reach`, as many on each piece of the ground: the
        # mean of gain² = 1/distance² is this.
        self._area = event.reach**2 - 1.0
        near = math.log(event.reach**2) / self._area
        spectra = np.abs(np.fft.rfft([np.pad(kind, (0, SIZE - len(kind))) for kind in kinds])) ** 2
        frequencies = np.fft.rfftfreq(SIZE, 1.0 / RATE)
        weighted = spectra.mean(axis=0) * a_gain(np.maximum(frequencies, 1.0)) ** 2
        self.spectrum = frequencies, weighted       # Hz, and the A-weighted power there
        power = 2.0 * weighted.sum() / SIZE * event.rate / RATE * near / 2.0
        self._kinds = [kind * np.float32(1.0 / math.sqrt(power)) for kind in kinds]
        self._bunch = event.bunch if isinstance(event, Crackles) else 1.0
        longest = max(map(len, self._kinds))
        self._ahead = np.zeros((channels, 2 * HOP + longest), np.float32)

    def add(self, hop: np.ndarray, level: float, intensity: float) -> None:
        """Add the next `HOP` frames to `hop` (channels, HOP)."""
        ahead = self._ahead
        starts, kind, far, side = self._moments(intensity)
        gains = level / np.sqrt(1.0 + far * self._area)
        angles = side * (np.pi / 2) if len(ahead) == 2 else np.full_like(side, np.pi / 4)
        for start, which, *sides in zip(
            starts.tolist(), (kind * KINDS).astype(int).tolist(),
            (gains * np.cos(angles)).tolist(), (gains * np.sin(angles)).tolist(), strict=True,
        ):
            wave = self._kinds[which]
            for part, gain in zip(ahead[:, start:start + len(wave)], sides, strict=False):
                part += np.float32(gain) * wave
        hop += ahead[:, :HOP]
        ahead[:, :-HOP] = ahead[:, HOP:]
        ahead[:, -HOP:] = 0.0

    def _moments(self, intensity: float) -> Iterable[np.ndarray]:
        """Of all that begins in the next hop: frames (by fours, which add up in half of the time),
        and three numbers 0..1 each."""
        random, rate = self._random, intensity * self._event.rate / self._bunch * HOP / RATE
        at = random.random(random.poisson(rate)) * HOP
        if self._bunch > 1.0:
            later = np.repeat(at, random.poisson(self._bunch - 1.0, len(at)))
            later += np.minimum(random.exponential(BUNCHED * RATE, len(later)), HOP)
            at = np.concatenate([at, later])
        return at.astype(int) & ~3, *random.random((3, len(at)))
