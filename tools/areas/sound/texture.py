"""What a natural texture is measured by: its spectrum, how its level moves, and the statistics of
its bands' envelopes by which listeners know it (McDermott & Simoncelli 2011, "Sound texture
perception via statistics of the auditory periphery").

Mono is the mean of both channels. Figures are named and defined as in the table of recordings that
`RANGES` comes from.
"""

import numpy as np

from device.sound.loudness import a_gain
from device.sound.settings import RATE

OCTAVES = (250, 500, 1000, 2000, 4000)                  # Hz: lower edges of the ear-like bands
TOLD = (500, 2000, 4000)                                # those whose moments are figures
MODULATIONS = (0.5, 1, 2, 4, 8, 16, 32)                 # Hz: lower edges of octaves
FINE = 400                                              # /s: of the envelopes
LEVEL = RATE // 2                                       # frames a step of the level's swing
CRACKLE = 3.0               # × the median of the 2–9 kHz envelope: stands out
APART = 0.05                # s: what comes sooner is the same crackle


def statistics(samples: np.ndarray) -> dict[str, float]:
    """The 20 figures of (2, n) samples."""
    from scipy import signal

    x = samples.mean(axis=0).astype(float)
    f, p = signal.welch(x, RATE, nperseg=8192)
    figures = {"slope_db_oct": slope(f, p), "above_2k": above(f, p, 2000.0)}
    figures["kurt_2_9k"] = moment(envelope(x, 2000.0, 9000.0), 4)
    levels = swing_levels(x)
    figures["swing_400"] = float(np.percentile(levels, 95) - np.percentile(levels, 5))
    modulations = []
    for low in OCTAVES:
        heard = envelope(x, low, 2 * low) ** 0.3
        if low in TOLD:
            figures[f"env_cv_{low}"] = float(heard.std() / heard.mean())
            figures[f"env_skew_{low}"] = moment(heard, 3)
            figures[f"env_kurt_{low}"] = moment(heard, 4)
        modulations.append(modulation(heard))
    for rate, value in zip(MODULATIONS, np.mean(modulations, axis=0), strict=True):
        figures[f"mod_{rate:g}"] = float(value)
    return figures


def slope(f: np.ndarray, p: np.ndarray) -> float:
    """dB per octave, least squares through third-octave densities from 200 Hz to 8 kHz."""
    centres = 200.0 * 2.0 ** (np.arange(17) / 3)
    third = 2.0 ** (1 / 6)
    density = [p[(f >= c / third) & (f < c * third)].mean() for c in centres]
    return float(np.polyfit(np.log2(centres), 10 * np.log10(np.array(density) + 1e-20), 1)[0])


def above(f: np.ndarray, p: np.ndarray, cutoff: float) -> float:
    """Share of the A-weighted power."""
    weighted = p * a_gain(np.maximum(f, 1e-3)) ** 2
    return float(weighted[f >= cutoff].sum() / weighted.sum())


def envelope(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Of a band, by Hilbert's transform, 400 a second, half a second off each end."""
    from scipy import signal

    band = signal.sosfiltfilt(
        signal.butter(4, [low, high], "bandpass", fs=RATE, output="sos"), x
    )
    fine = signal.resample_poly(np.abs(signal.hilbert(band)), FINE, RATE)
    return np.maximum(fine[FINE // 2:-FINE // 2], 0.0)


def moment(values: np.ndarray, order: int) -> float:
    """Standardised; of order 4 a Gaussian has 3."""
    away = values - values.mean()
    return float((away**order).mean() / away.std() ** order)


def modulation(heard: np.ndarray) -> list[float]:
    """Power in each octave of `MODULATIONS` as a share of the variance."""
    from scipy import signal

    away = heard - heard.mean()
    f, p = signal.welch(away, FINE, nperseg=min(4096, len(away)))
    return [
        float(p[(f >= low) & (f < 2 * low)].sum() * (f[1] - f[0]) / away.var())
        for low in MODULATIONS
    ]


def swing_levels(x: np.ndarray) -> np.ndarray:
    """dB above 400 Hz, every half second."""
    from scipy import signal

    high = signal.sosfiltfilt(signal.butter(4, 400, "highpass", fs=RATE, output="sos"), x)
    steps = high[:len(high) // LEVEL * LEVEL].reshape(-1, LEVEL)
    return 10 * np.log10((steps**2).mean(axis=1) + 1e-15)


def crackles(samples: np.ndarray) -> float:
    """A second: how often the envelope of 2–9 kHz comes to stand out from its median."""
    from scipy import signal

    heard = envelope(samples.mean(axis=0).astype(float), 2000.0, 9000.0)
    peaks, _ = signal.find_peaks(
        heard, height=CRACKLE * np.median(heard), distance=int(APART * FINE)
    )
    return len(peaks) * FINE / len(heard)
