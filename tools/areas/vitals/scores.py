"""Scores of what was said against what was true."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import signal

from areas.vitals.data import Heard, Recording

WITHIN, WRONG = 5.0, 10.0       # bpm
HALF = 0.06             # of the true rate about its half that counts as half
SURE, ALIKE = 0.8, 0.2  # quality of an RMSSD that should be right, and how far it may be off
AVAILABLE = 0.8                 # of all windows, best quality first


def heart_scores(true: np.ndarray, said: np.ndarray, quality: np.ndarray) -> dict[str, float]:
    """Keys `hr_…` over windows; `said` NaN where no number was shown, `within5` counts those as
    missed."""
    known = np.isfinite(true)
    true, said, quality = true[known], said[known], quality[known]
    if not len(true):
        return {}
    error = np.abs(said - true)
    shown = np.isfinite(error)
    best = ranked(error, quality)[:int(np.ceil(AVAILABLE * len(true)))]
    share = said[shown] / true[shown]
    return {
        "hr_mae_bpm": mean(error[shown]), "hr_within5": float(np.mean(error <= WITHIN)),
        "hr_within5_all": float(np.mean(error <= WITHIN)),
        "hr_within5_shown": mean(error[shown] <= WITHIN),
        "half_rate": mean(np.abs(share - 0.5) <= HALF), "double_rate": mean(
            np.abs(share - 2) <= 4 * HALF),
        "hr_availability": float(shown.mean()),
        "hr_at80_mae_bpm": mean(best) if len(best) >= AVAILABLE * len(true) else float("nan"),
        "hr_wrong10": float(np.mean(error[shown] > WRONG)) if shown.any() else float("nan"),
    }


def ranked(error: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Errors of the shown windows, best quality first."""
    shown = np.flatnonzero(np.isfinite(error))
    return error[shown[np.argsort(-quality[shown], kind="stable")]]


def risk_coverage(true: np.ndarray, said: np.ndarray,
                  quality: np.ndarray) -> list[dict[str, float]]:
    """MAE and share off by > 10 bpm of the best-quality windows, at each tenth of coverage that was
    reached."""
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


@dataclass(frozen=True)
class Body:
    """Counts and errors of one recording, to be pooled."""
    found: int = 0              # true beats found
    true: int = 0
    told: int = 0               # beats told
    intervals: tuple[float, ...] = ()  # ms: errors of intervals between neighbouring found beats
    # relative errors and qualities of RMSSD, NaN where none was shown
    rmssd: tuple[tuple[float, float], ...] = ()
    breathing: tuple[float, ...] = ()       # /min: errors, NaN where no number was shown


def body_scores(recording: Recording, heard: Heard) -> Body:
    body = Body()
    if recording.beats_s is not None and len(recording.beats_s) > 10:
        told = np.array([beat for vitals in heard.vitals for beat in vitals.beats])
        body = replace(beat_scores(recording, told),
                       rmssd=tuple(rmssd_errors(recording.beats_s, heard)))
    if recording.resp is not None:
        ends, rates = breath_reference(recording.resp, recording.fs)
        said = {vitals.time: vitals.breathing for vitals in heard.vitals}
        errors = [abs(said[end].value - rate) if said.get(end) else float("nan")
                  for end, rate in zip(ends, rates, strict=True) if np.isfinite(rate)]
        body = replace(body, breathing=tuple(errors))
    return body


def pool(bodies: list[Body]) -> dict[str, float]:
    """Keys `beats_…`, `ibi_mae_ms`, `rmssd_err` and `breathing_…`, those that were measured."""
    figures = {}
    true, told, found = (
        sum(getattr(body, name) for body in bodies) for name in ("true", "told", "found")
    )
    if true:
        figures |= {"beats_se": found / true, "beats_ppv": found / told if told else float("nan"),
                    "beats_f1": 2 * found / (true + told)}
        figures["ibi_mae_ms"] = mean(error for body in bodies for error in body.intervals)
        rmssd = np.array([pair for body in bodies for pair in body.rmssd]).reshape(-1, 2)
        if len(rmssd):
            known = np.isfinite(rmssd[:, 0])
            sure = rmssd[known & (rmssd[:, 1] >= SURE), 0]
            figures |= {"rmssd_err": mean(np.abs(rmssd[known, 0])),
                        "rmssd_bias": mean(rmssd[known, 0]),
                        "rmssd_sure": len(sure) / len(rmssd),
                        "rmssd_within20": mean(np.abs(sure) <= ALIKE)}
    errors = np.array([error for body in bodies for error in body.breathing])
    if len(errors):
        shown = np.isfinite(errors)
        figures |= {
            "breathing_mae_brpm": mean(errors[shown]),
            "breathing_availability": float(shown.mean()),
        }
    return figures


def beat_scores(recording: Recording, told: np.ndarray, tolerance: float = 0.15) -> Body:
    """Beats within 150 ms of an R peak after the constant delay; where R peaks are in doubt nothing
    counts."""
    true = recording.beats_s
    told = told - pulse_delay(true, told)
    if recording.doubtful is not None:
        true, told = (times[~inside(times, recording.doubtful)] for times in (true, told))
    pairs, i, j = [], 0, 0
    while i < len(true) and j < len(told):
        if abs(true[i] - told[j]) <= tolerance:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif true[i] < told[j]:
            i += 1
        else:
            j += 1
    errors = [1000 * abs((told[d] - told[b]) - (true[c] - true[a]))
              for (a, b), (c, d) in zip(pairs, pairs[1:], strict=False)
              if c == a + 1 and d == b + 1 and true[c] - true[a] < 3]
    return Body(len(pairs), len(true), len(told), tuple(errors))


def pulse_delay(true: np.ndarray, told: np.ndarray) -> float:
    """s: the lag between R peaks and told beats that most of them share."""
    if not len(told):
        return 0.0
    lags = (
        told[:, None]
        - true[np.clip(np.searchsorted(true, told)[:, None] + [-2, -1, 0], 0, len(true) - 1)]
    ).ravel()
    lags = lags[(lags > -0.3) & (lags < 0.9)]
    if not len(lags):
        return 0.0
    counts, edges = np.histogram(lags, np.arange(-0.3, 0.91, 0.04))
    middle = edges[np.argmax(counts)] + 0.02
    return float(np.median(lags[np.abs(lags - middle) < 0.06]))


def inside(times: np.ndarray, stretches: np.ndarray) -> np.ndarray:
    out = np.zeros(len(times), bool)
    for begin, end in stretches:
        out |= (times >= begin) & (times <= end)
    return out


def rmssd_errors(true: np.ndarray, heard: Heard, step: int = 30,
                 width: float = 300.0) -> list[tuple[float, float]]:
    """Relative errors and qualities of the RMSSD said every `step` s, of the true beats of the 5
    min before.

    True intervals more than a quarter off the median of the eleven around them, ectopic or doubtful
    beats, are left out together with the differences they are in, as HRV software does.
    """
    errors = []
    for vitals in heard.vitals:
        if vitals.time >= width and vitals.time % step == 0:
            beats = true[(true > vitals.time - width) & (true <= vitals.time)]
            if len(beats) > 100:
                intervals = np.diff(beats)
                usual = signal.medfilt(intervals, 11)
                normal = np.abs(intervals - usual) <= 0.25 * usual
                steps = np.diff(intervals)[normal[1:] & normal[:-1]]
                said = vitals.rmssd or (float("nan"), float("nan"))
                errors.append((said[0] / (1000 * np.sqrt(np.mean(steps**2))) - 1, said[1]))
    return errors


def breath_reference(resp: np.ndarray, fs: float, width: float = 60.0, step: float = 5.0
                     ) -> tuple[np.ndarray, np.ndarray]:
    """Ends (s) of windows of a breathing waveform and their rate, /min: 60 over the mean interval
    between breaths.

    NaN where the count and the spectrum's peak are more than 2 /min apart: there nobody knows.
    """
    x = signal.sosfiltfilt(signal.butter(2, [0.08, 0.7], "bandpass", fs=fs, output="sos"),
                           resp - np.mean(resp))
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
