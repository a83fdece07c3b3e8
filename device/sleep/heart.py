"""Heart rate by spectrum and memory: which rate explains the last seconds, given the rates believed before.

A forward filter on a grid of rates (a hidden Markov model). Each second the spectrum of the last 8 s says how much of
the signal's energy the harmonics of each rate explain, R². For a periodic signal in white noise the log likelihood is
−(n/2)·log(1 − R²) with n degrees of freedom, so noise gives a flat answer and a pulse a sharp one. What the belief
puts near its own peak is the quality: a probability, not a score.
"""

import numpy as np

from device.sleep.grid import RATE
from device.values import Measured

SPAN = 8                                # s of signal in each spectrum
DECIMATED = RATE // 2                   # Hz
SIZE = 1500                             # FFT length: 25 Hz / 1500 = 1 /min a bin
RATES = np.arange(36, 221)              # /min: the grid of beliefs
BINS = 60 * DECIMATED // SIZE           # /min per bin
BAND = slice(40, 400)                   # bins: 0.67–6.7 Hz, pulse and harmonics
FREEDOM = 30.0                          # degrees of freedom of 8 s of pulse band
OVERLAP = 4.0                           # successive spectra share 7 of 8 s: each counts this much less
DRIFT = 2.0                             # /min per second, scale of a Laplace law
LOST = 0.004                            # chance per second that the belief is wrong altogether


def transition() -> np.ndarray:
    """(n, n): rows from, columns to. Hearts drift; once in a while the belief was wrong and starts anew."""
    law = np.exp(-np.abs(RATES[:, None] - RATES[None, :]) / DRIFT)
    law /= law.sum(axis=1, keepdims=True)
    return (1 - LOST) * law + LOST / len(RATES)


class HeartRate:
    def __init__(self):
        self.moves = transition()
        self.window = np.hanning(SPAN * DECIMATED + 2)[1:-1, None]
        self.gain = 2 * np.sum(self.window**2) / np.sum(self.window) ** 2
        self.forget()

    def forget(self) -> None:
        self.belief = np.full(len(RATES), 1 / len(RATES))

    def step(self, pulse: np.ndarray, motion: np.ndarray | None) -> Measured | None:
        """`pulse` (SPAN·RATE, channels) and `motion` (SPAN·RATE, 3), the last 8 s on the grid; no NaN in either."""
        explained = self.explained(pulse)
        gain = FREEDOM / 2 / OVERLAP * -np.log1p(-explained)
        if motion is not None:
            gain = gain - FREEDOM / 2 / OVERLAP * self.swayed(motion)
        belief = (self.belief @ self.moves) * np.exp(gain - gain.max())
        self.belief = belief / belief.sum()
        peak = int(np.argmax(self.belief))
        near = slice(max(peak - 5, 0), peak + 6)
        mass = float(self.belief[near].sum())
        value = float(self.belief[near] @ RATES[near]) / mass
        return Measured(value, mass * float(np.clip((explained[peak] - 0.35) / 0.3, 0, 1)))

    def spectrum(self, signal: np.ndarray) -> np.ndarray:
        """Share of each channel's energy in BAND that a sine at each bin would explain, (bins, channels)."""
        halved = signal.reshape(-1, 2, signal.shape[1]).mean(axis=1)
        halved = (halved - halved.mean(axis=0)) * self.window
        power = np.abs(np.fft.rfft(halved, SIZE, axis=0)) ** 2 * np.arange(SIZE // 2 + 1)[:, None]
        energy = power[BAND].sum(axis=0) * 2 / SIZE
        return self.gain * power / np.maximum(energy, 1e-300)

    def explained(self, pulse: np.ndarray) -> np.ndarray:
        """R² of each rate's first three harmonics, the mean of the channels; overtones need a fundamental."""
        share = self.spectrum(pulse).mean(axis=1)
        first = share[RATES]
        return np.minimum(first + np.minimum(share[2 * RATES] + share[3 * RATES], 2 * first), 0.98)

    def swayed(self, motion: np.ndarray) -> np.ndarray:
        """How much each rate looks like the body's own swinging, 0..1."""
        swing = motion - motion.mean(axis=0)
        strength = min(float(np.sqrt((swing**2).sum(axis=1).mean())) / 2.0, 1.0)
        share = self.spectrum(motion).mean(axis=1)
        return strength * np.minimum(share[RATES] * 2, 1.0)
