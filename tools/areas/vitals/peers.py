"""What others make of the same windows: HeartPy, NeuroKit2, MSPTDfast and a naive tracker.

Each gets what it asks for: a recording's first PPG channel, turned so that pulses point up, with
its own filtering; whatever it raises on is no answer. The packages look at one window at a time and
neither at the accelerometer nor at the past; the tracker does at both.
"""

from collections.abc import Callable

import numpy as np
from scipy import signal

from areas.vitals.data import Recording

DOWN = ("bami",)        # groups whose pulses point down
TRACKED = (40.0, 200.0)         # /min: where the tracker looks
LEAP = 15.0             # /min: from one window to the next it goes no further
SIZE = 8192             # of its FFT

Window = Callable[[np.ndarray, float], float]
Beats = Callable[[np.ndarray, float], np.ndarray]


def upward(recording: Recording) -> np.ndarray:
    x = signal.detrend(recording.ppg[:, 0])
    return -x if recording.group in DOWN else x


def windows(recording: Recording, places: np.ndarray, rate: Window) -> np.ndarray:
    """/min that `rate` says of the windows at `places`, NaN where it raises."""
    x, answers = upward(recording), np.full(len(places), np.nan)
    for i, start in enumerate(recording.start_s[places]):
        first, last = (int(at * recording.fs) for at in (start, start + recording.win_s))
        try:
            answers[i] = rate(x[first:last], recording.fs)
        except Exception:       # peers raise whatever numpy or scipy raised inside: no answer
            continue
    return answers


def beats(recording: Recording, find: Beats) -> np.ndarray:
    """s: times of the beats that `find` finds in the whole recording."""
    try:
        return find(upward(recording), recording.fs)
    except Exception:               # as above
        return np.empty(0)


def heartpy_rate(x: np.ndarray, fs: float) -> float:
    import heartpy
    clean = heartpy.filter_signal(x, [0.7, 3.5], fs, order=3, filtertype="bandpass")
    return float(heartpy.process(heartpy.scale_data(clean), fs)[1]["bpm"])


def heartpy_beats(x: np.ndarray, fs: float) -> np.ndarray:
    import heartpy
    clean = heartpy.filter_signal(x, [0.7, 8.0], fs, order=3, filtertype="bandpass")
    working, _ = heartpy.process(heartpy.scale_data(clean), fs)
    removed = set(working["removed_beats"])
    return np.array([peak for peak in working["peaklist"] if peak not in removed]) / fs


def neurokit_rate(x: np.ndarray, fs: float) -> float:
    import neurokit2
    return float(np.nanmean(neurokit2.ppg_process(x, sampling_rate=int(fs))[0]["PPG_Rate"]))


def neurokit_beats(x: np.ndarray, fs: float) -> np.ndarray:
    import neurokit2
    return np.asarray(neurokit2.ppg_process(x, sampling_rate=int(fs))[1]["PPG_Peaks"]) / fs


def msptdfast_beats(x: np.ndarray, fs: float) -> np.ndarray:
    """MSPTDfast v2 (Charlton 2025, Physiol Meas), as NeuroKit2 has it."""
    import neurokit2
    clean = neurokit2.ppg_clean(x, sampling_rate=int(fs), method="elgendi")
    found = neurokit2.ppg_findpeaks(clean, sampling_rate=int(fs), method="charlton")
    return np.asarray(found["PPG_Peaks"]) / fs


def msptdfast_rate(x: np.ndarray, fs: float) -> float:
    return 60 / float(np.mean(np.diff(msptdfast_beats(x, fs))))


def tracked(recording: Recording) -> np.ndarray:
    """/min of every window: the spectrum's highest peak, less the accelerometer's own spectrum as
    high as the light's, not far from the last window's. It always answers."""
    x, fs = upward(recording), recording.fs
    said = np.full(len(recording.start_s), np.nan)
    last: float | None = None
    for i, start in enumerate(recording.start_s):
        light = power(x[int(start * fs):int((start + recording.win_s) * fs)])
        per_minute = 60 * fs * np.arange(len(light)) / SIZE
        inside = (per_minute >= TRACKED[0]) & (per_minute <= TRACKED[1])
        if recording.motion is not None:
            at = recording.motion_fs or fs
            moved = recording.motion[int(start * at):int((start + recording.win_s) * at)]
            swing = sum(power(axis) for axis in moved.T)
            swing = np.interp(per_minute, 60 * at * np.arange(len(swing)) / SIZE, swing)
            light = light - swing * light[inside].max() / max(swing[inside].max(), 1e-300)
        near = inside if last is None else inside & (np.abs(per_minute - last) <= LEAP)
        last = float(per_minute[np.argmax(np.where(near, light, -np.inf))])
        said[i] = last
    return said


def power(x: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(signal.detrend(x) * np.hanning(len(x)), SIZE)) ** 2
