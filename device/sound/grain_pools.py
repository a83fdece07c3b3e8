"""Noise made beforehand: a few seconds of each texture, swept from its darkest at the start to its
brightest at the end. `textures.py` never plays a pool through; it takes short grains from anywhere
in it."""

import math
from functools import lru_cache

import numpy as np

from device.sound.filters import response
from device.sound.loudness import a_gain, passed
from device.sound.settings import RATE
from device.textures import ROWS, Layer, key

HOP = 4096                  # frames: half a grain
FRAMES = 1 << 18            # of a pool: 5.5 s
_RISE = np.sin(np.arange(HOP) / HOP * (math.pi / 2)).astype(np.float32)
_FALL = np.cos(np.arange(HOP) / HOP * (math.pi / 2)).astype(np.float32)
RISE, FALL = _RISE, _FALL   # their squares add up to one: uncorrelated grains keep an even power


def band(f: np.ndarray, centre: float, octaves: float) -> np.ndarray:
    """A bell on the octave axis."""
    return np.exp(-0.5 * (np.log2(np.maximum(f, 1.0) / centre) / octaves) ** 2)


def lowpass(f: np.ndarray, cutoff: float, order: float = 2.0) -> np.ndarray:
    return 1.0 / np.sqrt(1.0 + (f / cutoff) ** (2.0 * order))


def tilt(f: np.ndarray, power: float) -> np.ndarray:
    """Amplitude ∝ f^−power above 30 Hz: 0.5 is pink, 1 is brown."""
    return np.maximum(f, 30.0) ** -power


def spectrum(layer: Layer, f: np.ndarray, place: float) -> np.ndarray:
    """Amplitude at `f` (n,) Hz of one layer, `place` 0..1 of the way to its brightest."""
    if layer.band is not None:
        amplitude = band(f, swept(layer.band, place), layer.width)
    else:
        amplitude = tilt(f, layer.tilt + layer.brighter * place)
    amplitude = layer.gain * amplitude
    if layer.cutoff is not None:
        amplitude = amplitude * lowpass(f, swept(layer.cutoff, place), layer.order)
    return amplitude


def swept(frequency: tuple[float, float], place: float) -> float:
    start, factor = frequency
    return start * factor**place


@lru_cache(maxsize=3)       # half a MB each; making one takes 30 ms here, more on the board
def make_pool(
    name: str, seed: int, surface: str = "", lowest: float = 20.0
) -> tuple[np.ndarray, float, np.ndarray]:
    """(FRAMES,) int16 of texture `name`, the scale that makes its A-weighted RMS near 1 everywhere,
    and (FRAMES / HOP,) what `distant` makes of its spectrum all along."""
    row = ROWS[name].on(surface)
    random = np.random.default_rng([seed, key(name), 3])
    hops = FRAMES // HOP
    frequencies = np.fft.rfftfreq(2 * HOP, 1.0 / RATE)
    weights, rumble = a_gain(np.maximum(frequencies, 1.0)), 1.0 - lowpass(frequencies, 35.0, 2.0)
    pool = np.zeros(FRAMES + 2 * HOP, np.float32)
    left = np.empty((hops + 1, 3))
    for hop in range(hops + 1):
        if hop % 4 == 0:        # half of the cost is the shape, and it changes little
            first, *others = (spectrum(layer, frequencies, hop / hops) for layer in row.noise)
            gain = sum(others, first) * rumble
            # White noise of unit variance has an expected |X|² of 2 HOP in each bin.
            gain *= 1.0 / math.sqrt(2.0 * np.sum((gain * weights) ** 2) / (2 * HOP))
            left[hop:] = distant(frequencies, (gain * weights) ** 2, row.far, lowest)
        wave = np.fft.irfft(np.fft.rfft(random.standard_normal(2 * HOP)) * gain, 2 * HOP)
        start = hop * HOP
        pool[start:start + HOP] += wave[:HOP] * _RISE
        pool[start + HOP:start + 2 * HOP] += wave[HOP:] * _FALL
    pool = pool[HOP:HOP + FRAMES].copy()
    largest = float(np.abs(pool).max())
    pool *= 32_000.0 / largest
    return np.rint(pool, out=pool).astype(np.int16), largest / 32_000.0, left[:hops]


def distant(
    frequencies: np.ndarray, power: np.ndarray, far: float | None, lowest: float
) -> np.ndarray:
    """(3,): of a power spectrum, what a speaker's high-pass at `lowest` Hz leaves, and of that the
    means of Re L and |L|² behind the low-pass L that makes it distant. 1 − d + d L leaves (1 − d)²
    of the first, 2 d (1 − d) of the second and d² of the third."""
    power = power / power.sum() * passed(frequencies, lowest) ** 2
    keep = kept(far) if far is not None else 0.0
    low = response([(1.0 - keep, 0.0, 0.0, -keep, 0.0)], frequencies, RATE)
    return np.array([power.sum(), power @ low.real, power @ np.abs(low) ** 2])


def kept(cutoff: float) -> float:
    """From one frame to the next, by a one-pole low-pass at `cutoff` Hz."""
    return math.exp(-2.0 * math.pi * cutoff / RATE)
