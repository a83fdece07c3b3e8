"""How fast what leaves the sound process rises, by means that share nothing with it."""

import math

import numpy as np
from scipy import signal

RATE = 48_000
AUDIBLE = 20.0              # dBA
SPAN = 2                    # s
STEP = 0.1                  # s
# IEC 61672-1, annex E: the poles of A-weighting, Hz, and its gain at 1 kHz, dB
F1, F2, F3, F4 = 20.598997, 107.65265, 737.86223, 12194.217
A1000 = 1.9997


def a_weighting() -> np.ndarray:
    """Second-order sections at RATE, bilinear: near enough below 8 kHz."""
    poles = [-2 * math.pi * f for f in (F1, F1, F2, F3, F4, F4)]
    gain = 10 ** (A1000 / 20) * (2 * math.pi * F4) ** 2
    return signal.zpk2sos(*signal.bilinear_zpk([0, 0, 0, 0], poles, gain, RATE))


def levels(sound: np.ndarray, full_scale: float) -> np.ndarray:
    """dBA over 1 s, every STEP s. `sound`: (2, n), full scale ±1; `full_scale`: dBA of 0 dBFS
    RMS."""
    weighted = signal.sosfilt(a_weighting(), np.asarray(sound, float), axis=1)
    step = round(STEP * RATE)
    count = weighted.shape[1] // step
    power = (weighted[:, :count * step] ** 2).reshape(len(sound), count, step).mean(axis=(0, 2))
    second = np.convolve(power, np.full(round(1 / STEP), STEP), "valid")
    return 10 * np.log10(second + 1e-20) + full_scale


def rises(level: np.ndarray) -> np.ndarray:
    """dB over SPAN, of what can be heard, at each STEP."""
    span = round(SPAN / STEP)
    return np.maximum(level[span:], AUDIBLE) - np.maximum(level[:-span], AUDIBLE)
