"""What a natural texture is measured by: its spectrum, how its level moves, and the statistics of
its bands' envelopes by which listeners know it (McDermott & Simoncelli 2011, "Sound texture
perception via statistics of the auditory periphery").

Mono is the mean of both channels. Figures are named and defined as in the table of recordings that
`RECORDED` comes from.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from device.sound.loudness import a_gain
from device.sound.settings import RATE

OCTAVES = (250, 500, 1000, 2000, 4000)                  # Hz: lower edges of the ear-like bands
TOLD = (500, 2000, 4000)                                # those whose moments are figures
MODULATIONS = (0.5, 1, 2, 4, 8, 16, 32)                 # Hz: lower edges of octaves
FINE = 400                                              # /s: of the envelopes
LEVEL = RATE // 2                                       # frames a step of the level's swing
# Of recordings of each (7, 2, 2, 1 and 2 of them): the lowest and the highest.
RECORDED = MappingProxyType({
    "rain": {
        "slope_db_oct": (-5.94, 1.45), "above_2k": (0.0914, 0.818), "kurt_2_9k": (7.28, 189),
        "swing_400": (1.33, 6.76), "env_cv_500": (0.137, 0.317), "env_skew_500": (-0.583, 0.662),
        "env_kurt_500": (3.64, 6.81), "env_cv_2000": (0.0952, 0.201), "env_skew_2000": (0.181, 1.5),
        "env_kurt_2000": (3.34, 15.8), "env_cv_4000": (0.0816, 0.178),
        "env_skew_4000": (0.624, 1.57), "env_kurt_4000": (3.98, 13.3), "mod_0.5": (0.0035, 0.0296),
        "mod_1": (0.0091, 0.0369), "mod_2": (0.0139, 0.119), "mod_4": (0.0251, 0.129),
        "mod_8": (0.0431, 0.158), "mod_16": (0.0722, 0.134), "mod_32": (0.121, 0.185),
    },
    "ocean": {
        "slope_db_oct": (-3.7, -2.99), "above_2k": (0.353, 0.392), "kurt_2_9k": (8.73, 12.5),
        "swing_400": (14.3, 16.4), "env_cv_500": (0.24, 0.252), "env_skew_500": (0.684, 0.691),
        "env_kurt_500": (3.47, 3.71), "env_cv_2000": (0.223, 0.236), "env_skew_2000": (0.68, 0.77),
        "env_kurt_2000": (3.05, 3.35), "env_cv_4000": (0.23, 0.24), "env_skew_4000": (0.83, 1.03),
        "env_kurt_4000": (3.39, 3.95), "mod_0.5": (0.0587, 0.0793), "mod_1": (0.0138, 0.0155),
        "mod_2": (0.0111, 0.0114), "mod_4": (0.0168, 0.018), "mod_8": (0.0251, 0.0279),
        "mod_16": (0.0394, 0.0447), "mod_32": (0.0571, 0.0633),
    },
    "wind": {
        "slope_db_oct": (-10.6, -9.54), "above_2k": (0.0178, 0.0257), "kurt_2_9k": (2.98, 10.4),
        "swing_400": (7.05, 11.8), "env_cv_500": (0.175, 0.206), "env_skew_500": (0.0333, 0.522),
        "env_kurt_500": (3.07, 3.85), "env_cv_2000": (0.103, 0.133),
        "env_skew_2000": (0.0975, 0.741), "env_kurt_2000": (2.74, 4),
        "env_cv_4000": (0.0806, 0.0963), "env_skew_4000": (0.0747, 1.04),
        "env_kurt_4000": (2.54, 4.99), "mod_0.5": (0.0131, 0.0164), "mod_1": (0.0053, 0.0103),
        "mod_2": (0.0104, 0.0107), "mod_4": (0.0168, 0.0184), "mod_8": (0.0289, 0.0381),
        "mod_16": (0.0539, 0.072), "mod_32": (0.096, 0.128),
    },
    "stream": {
        "slope_db_oct": (-0.424, -0.424), "above_2k": (0.431, 0.431), "kurt_2_9k": (15.6, 15.6),
        "swing_400": (1.59, 1.59), "env_cv_500": (0.161, 0.161), "env_skew_500": (0.006, 0.006),
        "env_kurt_500": (4.58, 4.58), "env_cv_2000": (0.128, 0.128),
        "env_skew_2000": (0.634, 0.634), "env_kurt_2000": (6.38, 6.38),
        "env_cv_4000": (0.138, 0.138), "env_skew_4000": (0.589, 0.589),
        "env_kurt_4000": (4.57, 4.57), "mod_0.5": (0.0072, 0.0072), "mod_1": (0.0175, 0.0175),
        "mod_2": (0.0296, 0.0296), "mod_4": (0.0448, 0.0448), "mod_8": (0.0889, 0.0889),
        "mod_16": (0.134, 0.134), "mod_32": (0.2, 0.2),
    },
    "fire": {
        "slope_db_oct": (-2.47, -1.02), "above_2k": (0.675, 0.933), "kurt_2_9k": (52.1, 1200),
        "swing_400": (3.06, 17), "env_cv_500": (0.18, 0.191), "env_skew_500": (0.133, 3.56),
        "env_kurt_500": (4.1, 48.7), "env_cv_2000": (0.133, 0.227), "env_skew_2000": (0.922, 5.12),
        "env_kurt_2000": (7.03, 53.3), "env_cv_4000": (0.109, 0.239),
        "env_skew_4000": (0.978, 3.55), "env_kurt_4000": (6.35, 27.1), "mod_0.5": (0.0197, 0.052),
        "mod_1": (0.0259, 0.0784), "mod_2": (0.0444, 0.115), "mod_4": (0.0647, 0.124),
        "mod_8": (0.0861, 0.116), "mod_16": (0.121, 0.123), "mod_32": (0.134, 0.164),
    },
})
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


def waves(samples: np.ndarray) -> tuple[float, float]:
    """Mean period (s) of the crests of the level above 400 Hz, and its coefficient of variation."""
    from scipy import signal

    levels = swing_levels(samples.mean(axis=0).astype(float))
    smooth = np.convolve(levels, [0.25, 0.5, 0.25], "valid")
    crests, _ = signal.find_peaks(smooth, prominence=3.0)
    periods = np.diff(crests) * LEVEL / RATE
    return float(periods.mean()), float(periods.std() / periods.mean())


def likeness(name: str, figures: Mapping[str, float]) -> float:
    """Share of the 16 figures of envelopes and modulation that lie in the recordings' range, or
    beyond its ends by at most a quarter or 0.2, whichever is more."""
    ranges = {key: ends for key, ends in RECORDED[name].items() if key.startswith(("env", "mod"))}
    return float(np.mean([
        low - max(0.25 * abs(low), 0.2) <= figures[key] <= high + max(0.25 * abs(high), 0.2)
        for key, (low, high) in ranges.items()
    ]))
