"""Loudness by ITU-R BS.1770-4 and its range by EBU Tech 3342, of mono sound.

The K-weighting is applied to the spectrum of each 100 ms instead of sample by sample: within 0.1 LU
of the filters, and hundreds of times faster than filters in Python.
"""

from functools import cache

import numpy as np

from device.taste.spectrum import RATE

PART = RATE // 10           # samples: 100 ms
GATE, BELOW, BELOW_RANGE = -70.0, -10.0, -20.0      # LUFS, and LU


def measured(sound: np.ndarray) -> tuple[float, float]:
    """LUFS and LU. Silence is −70 LUFS."""
    parts = sound[:len(sound) // PART * PART].reshape(-1, PART)
    power = np.array([(np.abs(np.fft.rfft(part)) ** 2 @ k_weights()) for part in parts])
    momentary = spans(power, 4, 1)
    return gated(momentary), span(spans(power, 30, 10))


@cache
def k_weights() -> np.ndarray:
    """(PART // 2 + 1,): what each line of the transform adds to the weighted mean square."""
    hertz = np.fft.rfftfreq(PART, 1 / RATE)
    s = 2j * np.pi * np.maximum(hertz, 1e-3)
    # the analogue prototypes of the standard's two filters (De Man 2014)
    w0, q, gain = 2 * np.pi * 1681.97, 0.7072, 10 ** (4.0 / 20)
    band = gain ** 0.4997
    shelf = (gain * s ** 2 + band * w0 / q * s + w0 ** 2) / (s ** 2 + w0 / q * s + w0 ** 2)
    w1, q1 = 2 * np.pi * 38.1355, 0.5003
    high = s ** 2 / (s ** 2 + w1 / q1 * s + w1 ** 2)
    weights = np.abs(shelf * high) ** 2 * 2 / PART ** 2
    weights[[0, -1]] /= 2
    return weights


def spans(power: np.ndarray, parts: int, step: int) -> np.ndarray:
    """Mean square over `parts` of 100 ms each, every `step`."""
    if len(power) < parts:
        return power.mean(keepdims=True)
    return np.convolve(power, np.ones(parts) / parts, "valid")[::step]


def lufs(power: np.ndarray | float) -> np.ndarray:
    return -0.691 + 10 * np.log10(np.maximum(power, 1e-12))


def gated(power: np.ndarray) -> float:
    loud = power[lufs(power) > GATE]
    if not len(loud):
        return GATE
    loud = loud[lufs(loud) > float(lufs(loud.mean())) + BELOW]
    return float(lufs(loud.mean()))


def span(power: np.ndarray) -> float:
    loud = power[lufs(power) > GATE]
    if not len(loud):
        return 0.0
    loud = loud[lufs(loud) > float(lufs(loud.mean())) + BELOW_RANGE]
    low, high = np.percentile(lufs(loud), [10, 95])
    return float(high - low)
