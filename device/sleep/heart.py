"""Heart rate by spectrum and memory: which rate explains the last seconds, given the rates believed before.

A forward filter on a grid of rates (a hidden Markov model). Each second, what the accelerometer explains of the last
8 s is taken out by least squares; the spectrum of the rest says how much of its energy the harmonics of each rate
explain, R². For a periodic signal in noise the log likelihood is −(n/2)·log(1 − R²) with n degrees of freedom, so noise
gives a flat answer and a pulse a sharp one. What the belief puts near its own peak is the quality: a probability.
"""

import math

import numpy as np

from device.sleep.grid import RATE
from device.values import Measured

SPAN = 8                                # s of signal in each spectrum
FEWEST = 4                              # s that are enough to begin with
EVERY = 4                               # grid values averaged into one
SLOW = RATE // EVERY                    # Hz, 16: pulses and two harmonics fit below 8 Hz
SIZE = 480                              # FFT length: 2 /min a bin
STEP = 60 * SLOW // SIZE                # /min
RATES = np.arange(36, 222, STEP)        # /min: the grid of beliefs
FIRST, SECOND = (slice(RATES[0] * n // STEP, RATES[-1] * n // STEP + 1, n) for n in (1, 2))     # their bins
THIRD = np.minimum(RATES * 3 // STEP, SIZE // 2)
BAND = slice(20, 201)                   # bins: 0.67–6.7 Hz, pulse and harmonics
FREEDOM = 30.0                          # degrees of freedom in 8 s of the pulse's band
OVERLAP = 4                             # s between spectra that share no more of their signal than counts
DRIFT = 2.0                             # /min per second, scale of a Laplace law
LOST = 0.001                            # chance per second that the belief is wrong altogether
WANDER = 0.2                           # Hz: breathing and drift, taken out before the spectrum
LAGS = 6                                # 0–0.31 s from a swing of the body to its trace in the light
RIDGE = 0.01
STILL = 0.04                            # m/s² RMS: the accelerometer's own noise explains nothing
SWAYING = 2.0                           # m/s² RMS: someone moving like that has no resting heart rate
BUSY = 75                               # /min
GONE = 0.03                             # of the usual second's energy: no pulse reaches the sensor any more
CLEARER = 1.5                           # times the R² of the present channel
FAINT, CLEAR = 0.22, 0.38               # R²: what noise reaches by chance, and what it never does
FRESH = 0.2                             # share of the newest R², a second; one poor window doesn't end what was clear
LOUD = 1.5                              # times the RMS of the window's median second
NEAR = 3                                # bins to either side that count as the same rate


AVERAGE = np.kron(np.eye(SLOW), np.full(EVERY, 1 / EVERY))      # (SLOW, RATE)


def transition() -> np.ndarray:
    """(n, n): rows from, columns to. Hearts drift; once in a while the belief was wrong and starts anew."""
    law = np.exp(-np.abs(RATES[:, None] - RATES[None, :]) / DRIFT)
    law /= law.sum(axis=1, keepdims=True)
    return (1 - LOST) * law + LOST / len(RATES)


def trends(count: int) -> np.ndarray:
    """Orthonormal cosines below WANDER, (count, k), of what wanders slower than any heart."""
    k = np.arange(1 + int(2 * WANDER * count / SLOW))
    basis = np.cos(np.pi * k * (np.arange(count)[:, None] + 0.5) / max(count, 1))
    return basis / np.sqrt(np.maximum((basis**2).sum(axis=0), 1e-300))


class HeartRate:
    """`overtones`: how many times its fundamental a rate's overtones may count for."""

    def __init__(self, overtones: float = 1.0):
        self.overtones = overtones
        moves = transition()
        self.moves = [np.linalg.matrix_power(moves, seconds) for seconds in range(OVERLAP + 1)]
        windows = [np.hanning(max(seconds, 1) * SLOW + 2)[1:-1, None] for seconds in range(SPAN + 1)]
        self.windows = [(window, SIZE * float(np.vdot(window, window)) / float(window.sum()) ** 2)
                        for window in windows]
        self.trends = [trends(seconds * SLOW) for seconds in range(SPAN + 1)]
        self.slow = np.maximum(75 - RATES, 0) / 30      # how unlike an active heart each rate is
        self.tilt = 1 / np.maximum(np.arange(SIZE // 2 + 1), 1)[:, None]    # turns |derivative|² into f·|signal|²
        self.pulses = np.empty((0, 1))                  # (SPAN·SLOW, channels)
        self.motions = np.zeros((SPAN * SLOW + LAGS, 3))
        self.seconds = 0                                # of pulses in a row
        self.age = 0                                    # s since the belief was last brought up to date
        self.moved = 0                                  # s of motion in a row
        self.sway = 0.0                                 # m/s² RMS over the window; 0 when nobody measures it
        self.r2 = 0.0                                   # of the last seconds' best rates
        self.channel = 0                                # the one with the clearest pulse
        self.belief = np.full(len(RATES), 1 / len(RATES))

    def take(self, pulse: np.ndarray | None, motion: np.ndarray | None) -> bool:
        """A second on the grid, (RATE, channels) and (RATE, 3) m/s²; None is a gap. True: enough to judge."""
        self.age += 1
        if motion is None or motion.shape[1] != 3:
            self.moved = 0
        else:
            self.moved = min(self.moved + 1, SPAN + 1)
            shift(self.motions, motion)
        if pulse is None:
            self.seconds = 0
            return False
        if pulse.shape[1] != self.pulses.shape[1] or len(self.pulses) == 0:
            self.pulses = np.zeros((SPAN * SLOW, pulse.shape[1]))
            self.channel = 0
            self.evenly = np.full(pulse.shape[1], 1 / pulse.shape[1])
        shift(self.pulses, pulse)
        self.seconds = min(self.seconds + 1, SPAN)
        return self.seconds >= FEWEST

    def judge(self, hint: np.ndarray | float) -> Measured | None:
        """The rate and how far it is believed. `hint` (rates,): log likelihood of each from elsewhere, a second."""
        count = self.seconds * SLOW
        pulses = self.pulses[-count:]
        steep = np.empty_like(pulses)
        steep[0] = 0
        np.subtract(pulses[1:], pulses[:-1], out=steep[1:])
        steep -= self.trends[self.seconds] @ (self.trends[self.seconds].T @ steep)
        elapsed, self.age = min(self.age, self.seconds - FEWEST + 1, OVERLAP), 0
        prior = self.belief @ self.moves[elapsed]
        freedom = FREEDOM / 2 * elapsed / OVERLAP * self.seconds / SPAN
        self.sway = 0.0
        if self.moved > self.seconds:
            steep, self.sway = unmoved(steep, self.motions[-count - LAGS:])
        parts = steep.reshape(self.seconds, SLOW, -1)
        energy = np.einsum("ijk,ijk->ik", parts, parts)
        usual = np.sort(energy, axis=0)[self.seconds // 2]
        if (energy[-2:] < GONE * usual).all():
            self.seconds, self.belief = 0, prior
            return None
        shares = self.explained(even(parts, energy, usual))
        explained = shares @ self.evenly
        gain = elapsed * (hint - min(self.sway / SWAYING, 1.0) * self.slow) - freedom * np.log1p(-explained)
        belief = prior * np.exp(gain - gain.max())
        self.belief = belief / belief.sum()
        peak = int(np.argmax(self.belief))
        low = max(peak - NEAR, 0)
        mass = float(self.belief[low:peak + NEAR + 1].sum())
        best = low + int(np.argmax(explained[low:peak + NEAR + 1]))
        value = float(RATES[best])
        if 0 < best < len(RATES) - 1:
            left, top, right = explained[best - 1:best + 2]
            if top > left and top >= right:
                value += STEP * 0.5 * float((left - right) / (left - 2 * top + right))
        if len(self.pulses[0]) > 1:
            clearest = int(np.argmax(shares[best]))
            if shares[best, clearest] > CLEARER * shares[best, self.channel]:
                self.channel = clearest
        if best == 0:
            return None         # what wanders slower than any heart spills over the edge of the grid
        newest = float(explained[best])
        self.r2 = max(newest, newest + (1 - FRESH) ** elapsed * (self.r2 - newest))
        evidence = (self.r2 - FAINT) / (CLEAR - FAINT)
        return Measured(value, mass * min(max(evidence, 0.0), 1.0))

    def explained(self, steep: np.ndarray) -> np.ndarray:
        """R² of each rate's first three harmonics, (rates, channels); overtones need a fundamental."""
        window, gain = self.windows[self.seconds]
        spectrum = np.fft.rfft(steep * window, SIZE, axis=0)
        power = (spectrum.real**2 + spectrum.imag**2) * self.tilt
        share = power * (gain / np.maximum(power[BAND].sum(axis=0), 1e-300))
        first = share[FIRST]
        return np.minimum(first + np.minimum(share[SECOND] + share[THIRD], self.overtones * first), 0.98)


def unmoved(steep: np.ndarray, motion: np.ndarray) -> tuple[np.ndarray, float]:
    """What least squares on the last LAGS values of the accelerometer leaves, and the sway, m/s² RMS.

    `steep` (n, channels) are differences; `motion` (n + LAGS, 3) ends with them.
    """
    about = motion[LAGS:]
    about = about - np.full(len(about), 1 / len(about)) @ about
    sway = math.sqrt(float(np.vdot(about, about)) / len(about))
    if sway < STILL:
        return steep, sway
    swing = motion[1:] - motion[:-1]
    rows, width = len(steep), 3 * LAGS
    lagged = np.ndarray((rows, width), buffer=swing, strides=(24, 8)).copy()     # BLAS takes no overlapping rows
    gram = lagged.T @ lagged
    spread = gram.trace() / width
    gram.flat[::width + 1] += RIDGE * spread + 1e-2
    weights = np.linalg.solve(gram, lagged.T @ steep)
    return steep - lagged @ weights, sway


def even(parts: np.ndarray, energy: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """No second louder than LOUD times the usual one: a jolt must not outweigh the pulses around it.

    `parts` (seconds, SLOW, channels), its `energy` (seconds, channels) and that of a `usual` second (channels,).
    """
    most = LOUD**2 * usual
    if (energy > most).any():
        parts = parts * np.sqrt(np.minimum(most / np.maximum(energy, 1e-300), 1))[:, None, :]
    return parts.reshape(-1, parts.shape[2])


def shift(history: np.ndarray, block: np.ndarray) -> None:
    """Put a second more at the history's end, EVERY values averaged into one, and drop one at its beginning."""
    history[:-SLOW] = history[SLOW:]
    np.matmul(AVERAGE, block, out=history[-SLOW:])
