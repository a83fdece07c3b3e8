"""Scores of what was said against what was true."""

from collections.abc import Iterable

import numpy as np
from scipy import signal

WITHIN, WRONG = 5.0, 10.0       # bpm
AVAILABLE = 0.8                 # of all windows, best quality first


def heart_scores(true: np.ndarray, said: np.ndarray, quality: np.ndarray) -> dict[str, float]:
    """Keys `hr_…` over windows; `said` NaN where no number was shown, `within5` counts those as missed."""
    known = np.isfinite(true)
    true, said, quality = true[known], said[known], quality[known]
    if not len(true):
        return {}
    error = np.abs(said - true)
    shown = np.isfinite(error)
    best = ranked(error, quality)[:int(np.ceil(AVAILABLE * len(true)))]
    return {
        "hr_mae_bpm": mean(error[shown]), "hr_within5": float(np.mean(error <= WITHIN)),
        "hr_availability": float(shown.mean()),
        "hr_at80_mae_bpm": mean(best) if len(best) >= AVAILABLE * len(true) else float("nan"),
        "hr_wrong10": float(np.mean(error[shown] > WRONG)) if shown.any() else float("nan"),
    }


def ranked(error: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Errors of the shown windows, best quality first."""
    shown = np.flatnonzero(np.isfinite(error))
    return error[shown[np.argsort(-quality[shown], kind="stable")]]


def risk_coverage(true: np.ndarray, said: np.ndarray, quality: np.ndarray) -> list[dict[str, float]]:
    """MAE and share off by > 10 bpm of the best-quality windows, at each tenth of coverage that was reached."""
    known = np.isfinite(true)
    error = ranked(np.abs(said - true)[known], quality[known])
    rows = []
    for tenth in range(1, 11):
        count = int(np.ceil(tenth / 10 * known.sum()))
        if 0 < count <= len(error):
            rows.append({"coverage": tenth / 10, "mae_bpm": float(error[:count].mean()),
                         "wrong10": float(np.mean(error[:count] > WRONG))})
    return rows


def mean(values: Iterable[float]) -> float:
    values = np.asarray(list(values), float)
    return float(values.mean()) if len(values) else float("nan")


def breath_reference(resp: np.ndarray, fs: float, width: float = 60.0, step: float = 5.0
                     ) -> tuple[np.ndarray, np.ndarray]:
    """Ends (s) of windows of a breathing waveform and their rate, /min: 60 over the mean interval between breaths.

    NaN where the count and the spectrum's peak are more than 2 /min apart: there nobody knows.
    """
    x = signal.sosfiltfilt(signal.butter(2, [0.08, 0.7], "bandpass", fs=fs, output="sos"), resp - np.mean(resp))
    ends = np.arange(width, len(x) / fs, step)
    rates = np.full(len(ends), np.nan)
    for i, end in enumerate(ends):
        piece = x[int((end - width) * fs):int(end * fs)]
        peaks, _ = signal.find_peaks(piece, prominence=0.5 * piece.std(), distance=int(1.5 * fs))
        if len(peaks) < 4:
            continue
        counted = 60 * fs * (len(peaks) - 1) / (peaks[-1] - peaks[0])
        frequencies, power = signal.periodogram(piece, fs, "hann", nfft=int(600 * fs))
        if abs(counted - 60 * frequencies[np.argmax(power)]) <= 2:
            rates[i] = counted
    return ends, rates
