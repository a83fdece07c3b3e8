"""Finite impulse responses, designed once at start in plain numpy.

Recursive filters are out: one needs a Python step per reading. A second's convolution, written as a
matrix, costs microseconds.
"""

from functools import lru_cache

import numpy as np


def lowpass(cutoff: float, rate: float, taps: int) -> np.ndarray:
    """Hann-windowed sinc, (taps,), unit gain at 0 Hz; `cutoff` (−6 dB) and `rate` in Hz, `taps`
    odd."""
    n = np.arange(taps) - (taps - 1) / 2
    h = np.sinc(2 * cutoff / rate * n) * np.hanning(taps + 2)[1:-1]
    return h / h.sum()


def bandpass(low: float, high: float, rate: float, taps: int) -> np.ndarray:
    """Linear-phase band-pass, (taps,), no gain at 0 Hz and unit gain mid-band; Hz, `taps` odd."""
    h = lowpass(high, rate, taps) - lowpass(low, rate, taps)
    middle = np.sqrt(low * high) / rate
    return h / np.abs(np.sum(h * np.exp(-2j * np.pi * middle * np.arange(taps))))


def butterworth_bandpass(low: float, high: float, order: int, rate: float, taps: int) -> np.ndarray:
    """The zero-phase magnitude of a digital Butterworth band-pass run forth and back (filtfilt), as
    an FIR of (taps,).

    The bilinear transform of |H|² = 1 / (1 + Ω^2N), Ω = (w² − w0²) / (w·B) with prewarped w,
    sampled in frequency.
    """
    size = 4096
    w = np.tan(np.pi * np.arange(size // 2 + 1) / size)
    w1, w2 = np.tan(np.pi * low / rate), np.tan(np.pi * high / rate)
    with np.errstate(divide="ignore", over="ignore"):
        squared = 1 / (1 + ((w**2 - w1 * w2) / (w * (w2 - w1))) ** (2 * order))
    h = np.fft.irfft(np.nan_to_num(squared), size)
    return np.roll(h, taps // 2)[:taps] * np.hanning(taps + 2)[1:-1]


def rows(taps: np.ndarray, count: int) -> np.ndarray:
    """The matrix (count, count + taps − 1) that convolves: np.convolve(x, taps, "valid") for x of
    that many values."""
    matrix = np.zeros((count, count + len(taps) - 1))
    for row in range(count):
        matrix[row, row:row + len(taps)] = taps[::-1]
    return matrix


@lru_cache(maxsize=64)
def resampling(rate_in: float, rate_out: float, phase: float, count: int, half: float,
               cutoff: float) -> np.ndarray:
    """Weights (count, m) that take m readings at `rate_in` to `count` values at `rate_out`, both in
    Hz.

    The first value lies `phase` readings after the first reading's place plus `half` seconds; the
    kernel is a Hann-windowed sinc reaching `half` s to either side, with each row summing to 1.
    """
    reach = half * rate_in
    where = reach + phase + np.arange(count) * (rate_in / rate_out)
    size = int(np.ceil(where[-1] + reach)) + 1
    distance = (where[:, None] - np.arange(size)[None, :]) / rate_in
    inside = np.abs(distance) < half
    weights = np.where(
        inside, np.sinc(2 * cutoff * distance) * np.cos(np.pi / 2 * distance / half) ** 2, 0.0
    )
    weights /= weights.sum(axis=1, keepdims=True)
    weights.flags.writeable = False
    return weights
