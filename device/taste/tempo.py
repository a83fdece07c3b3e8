"""The tempo, with the octave's ambiguity told.

The tempo is the one whose multiples and fractions the onset curve's autocorrelation fits best; how
much each counts was learned from renderings of known tempo (models/taste.json).
"""

from dataclasses import dataclass

import numpy as np

from device.taste.spectrum import STEPS

TEMPI = np.geomspace(40.0, 208.0, 240)      # /min
MULTIPLES = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 4 / 3, 3 / 2, 2, 3, 4, 6, 8)
MIDDLE = 75.0               # /min: calm music's own, of the prior
NEAR = 0.04                 # of a tempo: closer is the same one
BEHIND = 3                  # steps: a tone has risen by then
QUIET = 0.02                # of the loudest band: below it is silence


@dataclass(frozen=True, slots=True)
class Tempo:
    """bpm /min; confidence 0..1 that it is this one; `other`: the likeliest half, double, third or
    triple, with its own chance."""
    bpm: float
    confidence: float
    other: float | None
    other_chance: float


def onset_curve(bands: np.ndarray) -> np.ndarray:
    """(m,) how much rises in the `bands` (m, n) at each step, against the loudest neighbour BEHIND
    (Böck & Widmer 2013: a vibrato isn't an onset)."""
    floor = np.maximum(np.percentile(bands, 20, axis=0), QUIET * bands.max() + 1e-9)
    loud = np.log1p(bands / floor)
    around = np.maximum(loud, np.maximum(np.roll(loud, 1, 1), np.roll(loud, -1, 1)))
    rise = np.maximum(loud[BEHIND:] - around[:-BEHIND], 0).mean(1)
    return np.concatenate([np.zeros(BEHIND), rise])


def fits(curve: np.ndarray) -> np.ndarray:
    """(len(TEMPI), features): how the autocorrelation stands at each of MULTIPLES of a beat, and
    how far the tempo is from the usual."""
    varied = curve - np.convolve(curve, np.ones(51) / 51, "same")
    size = 2 ** int(np.ceil(np.log2(2 * len(varied))))
    power = np.abs(np.fft.rfft(varied, size)) ** 2
    whole = np.fft.irfft(power)[:len(varied)]
    whole = whole / max(whole[0], 1e-9) * len(varied) / np.arange(len(varied), 0, -1)
    lags = 60 / TEMPI[:, None] * MULTIPLES * STEPS
    rows = np.interp(lags, np.arange(len(whole)), np.convolve(whole, (0.25, 0.5, 0.25), "same"))
    spread = max(float(rows.std()), 1e-6)
    far = np.log2(TEMPI / MIDDLE)[:, None]
    return np.hstack([rows / spread, far, far ** 2])


def tempo(curve: np.ndarray, weights: np.ndarray) -> Tempo:
    scores = fits(curve) @ weights
    chances = np.exp(scores - scores.max())
    chances /= chances.sum()
    best = int(scores.argmax())
    bpm = float(TEMPI[best])
    near = np.abs(np.log(TEMPI / bpm)) <= NEAR
    bpm = float(np.exp((chances[near] * np.log(TEMPI[near])).sum() / chances[near].sum()))
    others = {bpm * ratio: around(chances, bpm * ratio) for ratio in (0.5, 2.0, 1 / 3, 3.0)}
    other = max(others, key=lambda each: others[each])
    return Tempo(bpm, float(chances[near].sum()), other if others[other] > 0.05 else None,
                 others[other])


def around(chances: np.ndarray, bpm: float) -> float:
    return float(chances[np.abs(np.log(TEMPI / bpm)) <= NEAR].sum())
