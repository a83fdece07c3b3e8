"""HeartPy and NeuroKit2 on the windows that the device is scored on, in the same run.

Each peer gets what it asks for: a window's first PPG channel, turned so that pulses point up, with
its own filtering; whatever it raises on is no answer. Neither looks at the accelerometer or at the
past.
"""

import time
import warnings
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import signal

from areas.vitals import scores
from areas.vitals.data import Recording, load, play
from areas.vitals.evaluate import GROUPS, keyed, window_table
from kit.figures import Goal, Result

MOST = 20               # windows of each recording: peers are slow
DOWN = ("bami",)        # groups whose pulses point down


def bench(data: Path | None, options: Namespace) -> Result:
    if data is None:
        raise SystemExit("vitals needs --data DIR")
    import heartpy
    import neurokit2

    def heartpy_rate(x: np.ndarray, fs: float) -> float:
        clean = heartpy.filter_signal(x, [0.7, 3.5], fs, order=3, filtertype="bandpass")
        return float(heartpy.process(heartpy.scale_data(clean), fs)[1]["bpm"])

    def heartpy_beats(x: np.ndarray, fs: float) -> np.ndarray:
        clean = heartpy.filter_signal(x, [0.7, 8.0], fs, order=3, filtertype="bandpass")
        working, _ = heartpy.process(heartpy.scale_data(clean), fs)
        removed = set(working["removed_beats"])
        return np.array([peak for peak in working["peaklist"] if peak not in removed]) / fs

    def neurokit_rate(x: np.ndarray, fs: float) -> float:
        return float(np.nanmean(neurokit2.ppg_process(x, sampling_rate=int(fs))[0]["PPG_Rate"]))

    def neurokit_beats(x: np.ndarray, fs: float) -> np.ndarray:
        return np.asarray(neurokit2.ppg_process(x, sampling_rate=int(fs))[1]["PPG_Peaks"]) / fs

    recordings = [
        r for r in map(load, sorted(data.glob("*.npz"))) if r is not None and r.group != "other"
    ]
    heard = [play(recording) for recording in recordings]
    seconds = sum(r.seconds for r in recordings)
    tables = [thin(window_table(r, h)) for r, h in zip(recordings, heard, strict=True)]
    figures = heart_figures(tables)
    rest = [
        (r, h)
        for r, h in zip(recordings, heard, strict=True)
        if r.group == "rest" and r.beats_s is not None
    ]
    figures |= keyed("rest", scores.pool([scores.body_scores(r, h) for r, h in rest]))
    figures["cpu_s_per_hour"] = 3600 * sum(h.cpu for h in heard) / seconds
    peers = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, rate, beats in (("heartpy", heartpy_rate, heartpy_beats),
                                  ("neurokit2", neurokit_rate, neurokit_beats)):
            peers[name] = peer_figures(recordings, tables, rate) | keyed("rest", scores.pool(
                [scores.beat_scores(r, peer_beats(r, beats)) for r, _ in rest]))
    return Result(
        "vitals",
        f"up to {MOST} windows of 8 s from each of {len(recordings)} recordings of {data}",
        figures,
        peers,
        (Goal("cpu_s_per_hour", "<", peers["heartpy"]["cpu_s_per_hour"]),),
    )


def thin(table: np.ndarray) -> np.ndarray:
    """Every k-th window, with its place in a sixth column."""
    table = np.column_stack((table, np.arange(len(table))))
    return table[:: max(len(table) // MOST, 1)]


def heart_figures(tables: list[np.ndarray]) -> dict[str, float]:
    figures = {}
    together = np.concatenate(tables)
    for name in GROUPS:
        part = together[together[:, 4] == GROUPS.index(name)]
        if len(part):
            figures |= keyed(name, scores.heart_scores(*part.T[:3]))
    return figures


def peer_figures(recordings: list[Recording], tables: list[np.ndarray],
                 rate: Callable[[np.ndarray, float], float]) -> dict[str, float]:
    said, begin = [], time.process_time()
    for recording, table in zip(recordings, tables, strict=True):
        x, answers = upward(recording), np.full(len(table), np.nan)
        for i, place in enumerate(table[:, 5].astype(int)):
            start = recording.start_s[place]
            try:
                answers[i] = rate(
                    x[int(start * recording.fs) : int((start + recording.win_s) * recording.fs)],
                    recording.fs)
            except Exception:       # peers raise whatever numpy or scipy raised inside: no answer
                continue
        said.append(answers)
    cpu = time.process_time() - begin
    scored = [np.column_stack((table[:, 0], answers, np.ones(len(table)), table[:, 3:]))
              for table, answers in zip(tables, said, strict=True)]
    count = sum(map(len, tables))
    return heart_figures(scored) | {"cpu_s_per_hour": cpu * 3600 / (8 * count)}


def peer_beats(recording: Recording,
               beats: Callable[[np.ndarray, float], np.ndarray]) -> np.ndarray:
    try:
        return beats(upward(recording), recording.fs)
    except Exception:               # as above
        return np.empty(0)


def upward(recording: Recording) -> np.ndarray:
    x = signal.detrend(recording.ppg[:, 0])
    return -x if recording.group in DOWN else x
