"""Heart rate by spectrum and memory: which rate explains the last seconds, given the rates believed
before.

A forward filter on a grid of rates (a hidden Markov model). Each second, what the accelerometer
explains of the last 8 s is taken out by least squares; the spectrum of the rest says how much of
its energy the harmonics of each rate explain, R². For a periodic signal in noise the log likelihood
is −(n/2)·log(1 − R²) with n degrees of freedom, so noise gives a flat answer and a pulse a sharp
one. One more state is that no pulse is there; a faint pulse that stays where it was is believed
after some seconds, while noise, whose peaks leap, never pays for its rates. What the belief puts
near its own peak is the quality: a probability.
"""

import math
from collections import deque

import numpy as np

from device.sleep.resampling import RATE
from device.values import Measured

SPAN = 8                                # s of signal in each spectrum
FEWEST = 4                              # s that are enough to begin with
EVERY = 4                               # grid values averaged into one
SLOW = RATE // EVERY                    # Hz, 16: pulses and two harmonics fit below 8 Hz
SIZE = 480                              # FFT length: 2 /min a bin
STEP = 60 * SLOW // SIZE                # /min
RATES = np.arange(24, 242, STEP)        # /min: the grid of beliefs, wide of what may be told,
LEAST, MOST = 30, 220                   # /min
# their bins
FIRST, SECOND = (slice(RATES[0] * n // STEP, RATES[-1] * n // STEP + 1, n) for n in (1, 2))
THIRD = np.minimum(RATES * 3 // STEP, SIZE // 2)
BINS = np.arange(SIZE // 2 + 1)
PULSING = 1.0 * ((BINS >= 20) & (BINS <= 200))      # 0.67–6.7 Hz, pulse and harmonics
FREEDOM = 30.0                          # degrees of freedom in 8 s of the pulse's band
OVERLAP = 4  # s between spectra that share no more of their signal than counts
DRIFT = 2.0                             # /min per second, scale of a Laplace law
LOST = 0.001                            # chance per second that the belief is wrong altogether
BORN, DIES = 0.1, 0.01                  # chance per second that a pulse appears, and goes
PRICE = 0.6     # log likelihood a second that a pulse must pay for its rate and its harmonics
WANDER = 0.2                           # Hz: breathing and drift, taken out before the spectrum
LAGS = 6  # 0–0.31 s from a swing of the body to its trace in the light
RIDGE = 0.01
STILL = 0.04                            # m/s² RMS: the accelerometer's own noise explains nothing
SWAYING = 2.0  # m/s² RMS: someone moving like that has no resting heart rate,
BUSY = 75                               # /min,
STIRRING = 0.3                          # and someone moving like that none
RACING = 170                            # /min, which nobody who is at rest has
SLOW_RATE = 60                          # of less than this
UNUSUAL = 0.2   # of that doubt stays with a body at rest, whose slow breath sways its light
GONE = 0.03  # of the usual second's energy: no pulse reaches the sensor any more
CLEARER = 1.5                           # times the R² of the present channel
LOUD = 1.5                              # times the RMS of the window's median second
NEAR = 3                                # bins to either side that count as the same rate


AVERAGE = np.kron(np.eye(SLOW), np.full(EVERY, 1 / EVERY))      # (SLOW, RATE)


def transition() -> np.ndarray:
    """(n, n): rows from, columns to. Hearts drift; once in a while the belief was wrong and starts
    anew."""
    law = np.exp(-np.abs(RATES[:, None] - RATES[None, :]) / DRIFT)
    law /= law.sum(axis=1, keepdims=True)
    return (1 - LOST) * law + LOST / len(RATES)


def steepening(count: int) -> np.ndarray:
    """(count, count): takes a signal to its differences, less what of them wanders slower than any
    heart, WANDER."""
    k = np.arange(1 + int(2 * WANDER * count / SLOW))
    basis = np.cos(np.pi * k * (np.arange(count)[:, None] + 0.5) / count)
    basis /= np.sqrt((basis**2).sum(axis=0))
    differences = np.eye(count) - np.eye(count, k=-1)
    differences[0] = 0
    return differences - basis @ (basis.T @ differences)


class HeartRate:
    """`overtones`: how many times its fundamental a rate's overtones may count for; `unusual`:
    share of the doubt about slow hearts that stays with a body at rest."""

    def __init__(self, overtones: float = 1.0, unusual: float = UNUSUAL):
        self.overtones, self.unusual = overtones, unusual
        moves = transition()
        self.moves = [np.linalg.matrix_power(moves, seconds) for seconds in range(OVERLAP + 1)]
        self.steepenings: dict[int, np.ndarray] = {}                # by seconds of signal,
        self.windows: dict[int, tuple[np.ndarray, float]] = {}      # each with its gain
        for seconds in range(FEWEST, SPAN + 1):
            self.steepenings[seconds] = steepening(seconds * SLOW)
            window = np.hanning(seconds * SLOW + 2)[1:-1]
            gain = SIZE * float(window @ window) / float(window.sum()) ** 2
            self.windows[seconds] = window, gain
        # how unlike the heart of somebody who moves each rate is
        self.idle = np.maximum(BUSY - RATES, 0) / 30
        self.racing = 2 * np.clip((RATES - RACING) / 20, 0, 1)      # or who lies still
        self.slow = (np.maximum(SLOW_RATE - RATES, 0) / 10) ** 2
        self.tilt = 1 / np.maximum(BINS, 1)     # turns |derivative|² into f·|signal|²
        self.pulses: deque[np.ndarray] = deque(maxlen=SPAN)         # (SLOW, channels)
        self.motions: deque[np.ndarray] = deque(maxlen=SPAN + 1)    # (SLOW, 3)
        self.seconds = 0                                # of pulses in a row
        self.age = 0  # s since the belief was last brought up to date
        self.moved = 0                                  # s of motion in a row
        self.sway = 0.0  # m/s² RMS over the window; 0 when nobody measures it
        self.channel = 0                                # the one with the clearest pulse
        self.belief = np.full(len(RATES), 0.5 / len(RATES))
        self.nothing = 0.5                              # belief that there is no pulse
        self.beyond = False                             # what repeats does so as no heart does

    def take(self, pulse: np.ndarray | None, motion: np.ndarray | None) -> bool:
        """A second on the grid, (RATE, channels) and (RATE, 3) m/s²; None is a gap. True: enough to
        judge."""
        self.age += 1
        if motion is None or motion.shape[1] != 3:
            self.moved = 0
        else:
            self.moved = min(self.moved + 1, SPAN + 1)
            self.motions.append(AVERAGE @ motion)
        if pulse is None:
            self.seconds = 0
            return False
        if not self.pulses or pulse.shape[1] != self.pulses[0].shape[1]:
            self.pulses.clear()
            self.seconds = self.channel = 0
            self.evenly = np.full(pulse.shape[1], 1 / pulse.shape[1])
        self.pulses.append(AVERAGE @ pulse)
        self.seconds = min(self.seconds + 1, SPAN)
        return self.seconds >= FEWEST

    def judge(self, hint: np.ndarray | float) -> Measured | None:
        """The rate and how far it is believed. `hint` (rates,): log likelihood of each from
        elsewhere, a second."""
        count = self.seconds * SLOW
        pulses = np.concatenate(self.pulses)[-count:]
        steep = self.steepenings[self.seconds] @ (pulses - pulses[0])
        elapsed, self.age = min(self.age, self.seconds - FEWEST + 1, OVERLAP), 0
        lives, born = (1 - DIES) ** elapsed, (1 - BORN) ** elapsed
        prior = lives * (self.belief @ self.moves[elapsed]) + (1 - born) * self.nothing / len(RATES)
        nothing = born * self.nothing + (1 - lives) * (1 - self.nothing)
        freedom = FREEDOM / 2 * elapsed / OVERLAP * self.seconds / SPAN
        self.sway = 0.0
        if self.moved > self.seconds:
            steep, self.sway = unmoved(steep, np.concatenate(self.motions)[-count - LAGS:])
        parts = steep.reshape(self.seconds, SLOW, -1)
        energy = np.einsum("ijk,ijk->ki", parts, parts).tolist()        # of each second, by channel
        usual = [sorted(channel)[self.seconds // 2] for channel in energy]
        channels = list(zip(energy, usual, strict=True))
        if all(max(channel[-2:]) < GONE * each for channel, each in channels):
            self.seconds, self.belief, self.nothing = 0, prior, nothing
            return None
        # No second louder than LOUD times the usual one: a jolt must not outweigh its neighbours.
        if any(max(channel) > LOUD**2 * each for channel, each in channels):
            scales = [softened(channel, each) for channel, each in channels]
            steep = steep * np.repeat(scales, SLOW, axis=1).T
        shares = self.explained(steep)
        explained = self.evenly @ shares
        unlike = min(self.sway / SWAYING, 1.0) * self.idle
        unlike += max(1 - self.sway / STIRRING, 0.0) * self.racing
        unlike += min(self.unusual + self.sway / STIRRING, 1.0) * self.slow
        gain = elapsed * (hint - unlike - PRICE * self.seconds / SPAN)
        gain -= freedom * np.log1p(-explained)
        most = max(float(gain.max()), 0.0)
        belief, nothing = prior * np.exp(gain - most), nothing * math.exp(-most)
        total = float(belief.sum()) + nothing
        self.belief, self.nothing = belief / total, nothing / total
        peak = int(self.belief.argmax())
        low = max(peak - NEAR, 0)
        mass = sum(self.belief[low:peak + NEAR + 1].tolist())
        near = explained[low:peak + NEAR + 1].tolist()
        best = low + near.index(max(near))
        value = float(RATES[best])
        if 0 < best < len(RATES) - 1:
            left, top, right = explained[best - 1:best + 2].tolist()
            if top > left and top >= right:
                value += STEP * 0.5 * (left - right) / (left - 2 * top + right)
        if len(shares) > 1:
            clearest = int(shares[:, best].argmax())
            if shares[clearest, best] > CLEARER * shares[self.channel, best]:
                self.channel = clearest
        # what wanders slower than any heart spills over the edge of the grid
        self.beyond = not LEAST <= value <= MOST and mass > 0.5
        return Measured(value, mass) if LEAST <= value <= MOST else None

    def explained(self, steep: np.ndarray) -> np.ndarray:
        """R² of each rate's first three harmonics, (channels, rates); overtones need a fundamental.
        """
        window, gain = self.windows[self.seconds]
        spectrum = np.fft.rfft(steep.T * window, SIZE)
        power = (spectrum.real**2 + spectrum.imag**2) * self.tilt
        share = power * (gain / np.maximum(power @ PULSING, 1e-300))[:, None]
        first, second, third = share[:, FIRST], share[:, SECOND], share[:, THIRD]
        return np.minimum(first + np.minimum(second + third, self.overtones * first), 0.98)


def softened(energies: list[float], usual: float) -> list[float]:
    """What brings each second's RMS to at most LOUD times the usual one's, 0..1."""
    return [min(LOUD * math.sqrt(usual / max(energy, 1e-300)), 1.0) for energy in energies]


def unmoved(steep: np.ndarray, motion: np.ndarray) -> tuple[np.ndarray, float]:
    """What least squares on the last LAGS values of the accelerometer leaves, and the sway, m/s²
    RMS.

    `steep` (n, channels) are differences; `motion` (n + LAGS, 3) ends with them.
    """
    about = motion[LAGS:]
    total = np.ones(len(about)) @ about
    varied = float(np.vdot(about, about)) - float(total @ total) / len(about)
    sway = math.sqrt(max(varied, 0.0) / len(about))
    if sway < STILL:
        return steep, sway
    swing = motion[1:] - motion[:-1]
    rows, width = len(steep), 3 * LAGS
    # BLAS takes no overlapping rows
    lagged: np.ndarray = np.ndarray((rows, width), buffer=swing, strides=(24, 8)).copy()
    gram = lagged.T @ lagged
    diagonal = gram.ravel()[::width + 1]
    diagonal += RIDGE / width * diagonal.sum() + 1e-2
    weights = np.linalg.solve(gram, lagged.T @ steep)
    return steep - lagged @ weights, sway
