"""Recordings in the format of `data/ppg` (its README), and playing them to the device's vital
signs."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from device.sleep.movement import GRAVITY
from device.sleep.vitals import VitalSigns
from device.values import TICK, Readings, Signal, Vitals

CALM = 0.05             # g: SD of |a| under which a window of bami and spc counts as quiet
COUNTS_PER_G = 4096     # acc_raw: g = (raw − 32768) / 4096


@dataclass(frozen=True, eq=False)
class Recording:
    name: str
    fs: float                               # Hz
    ppg: np.ndarray | None = None           # (n, channels)
    motion: np.ndarray | None = None        # (n, 3) m/s²
    motion_fs: float | None = None          # Hz, where it differs
    start_s: np.ndarray = field(default_factory=lambda: np.empty(0))    # reference windows
    bpm: np.ndarray = field(default_factory=lambda: np.empty(0))        # their ECG heart rate
    paper_bpm: np.ndarray | None = None     # the published estimate for them
    win_s: float = 8.0
    beats_s: np.ndarray | None = None       # R peaks
    doubtful: np.ndarray | None = None  # (k, 2) s: stretches where two R-peak detectors disagree
    resp: np.ndarray | None = None          # breathing waveform at fs
    group: str = ""                         # rest, bami, spc, night, night_bcg

    @property
    def seconds(self) -> float:
        if self.ppg is not None:
            return len(self.ppg) / self.fs
        return len(self.motion) / (self.motion_fs or self.fs)


def load(path: Path) -> Recording | None:
    """A recording with PPG; None for a file of another kind (templates, overnight intervals, music
    ...)."""
    with np.load(path, allow_pickle=False) as npz:
        if "ppg" not in npz.files or "fs" not in npz.files:
            return None
        data = {key: npz[key] for key in npz.files}
    group = next((name for name in ("bami", "spc") if path.stem.startswith(name)),
                 "rest" if "ecg" in data else "other")
    motion = None
    if "acc_g" in data:
        motion = data["acc_g"].T.astype(float) * GRAVITY
    elif "acc_raw" in data:
        motion = (data["acc_raw"].T.astype(float) - 32768) / COUNTS_PER_G * GRAVITY
    beats, other = (
        data[key].astype(float) if key in data else None for key in ("rpeak_nk_s", "rpeak_xqrs_s")
    )
    return Recording(
        path.stem,
        float(data["fs"]),
        data["ppg"].T.astype(float),
        motion,
        start_s=data.get("ref_start_s", np.empty(0)).astype(float),
        bpm=data.get("ref_bpm", np.empty(0)).astype(float),
        paper_bpm=data["paper_bpm"].astype(float) if "paper_bpm" in data else None,
        win_s=float(data.get("ref_win_s", 8.0)),
        beats_s=beats,
        doubtful=disagreement(beats, other) if beats is not None and other is not None else None,
        resp=data["resp"].astype(float) if "resp" in data else None,
        group=group,
    )


def disagreement(one: np.ndarray, other: np.ndarray, within: float = 0.1) -> np.ndarray:
    """Stretches (k, 2) s around peaks that only one of two R-peak detectors found."""
    def lonely(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if not len(a) or not len(b):
            return a
        place = (
            np.clip(np.searchsorted(b, a), 1, len(b) - 1) if len(b) > 1 else np.zeros(len(a), int)
        )
        nearest = np.minimum(np.abs(b[place] - a), np.abs(b[np.maximum(place - 1, 0)] - a))
        return a[nearest > within]
    times = np.sort(np.concatenate((lonely(one, other), lonely(other, one))))
    return np.stack((times - 1.0, times + 1.0), axis=1)


@dataclass(frozen=True, eq=False)
class Heard:
    """What the device said of a recording, and what it cost."""
    vitals: list[Vitals]
    told: np.ndarray            # s: when each was told
    cpu: float                  # s


def play(recording: Recording, tick: float = TICK) -> Heard:
    """Feed a recording to fresh vital signs, tick by tick as the night's loop does."""
    streams = [
        (recording.ppg, recording.fs),
        (recording.motion, recording.motion_fs or recording.fs),
    ]
    ticks = int(np.ceil(recording.seconds / tick))
    edges = [np.minimum((np.arange(ticks + 1) * tick * fs + 1e-6).astype(int), len(values)).tolist()
             if values is not None else None for values, fs in streams]
    fed = [Readings((i + 1) * tick, *(None if values is None else
                                      Signal(values[edge[i]:edge[i + 1]], edge[i] / fs, fs)
                                      for (values, fs), edge in zip(streams, edges, strict=True)))
           for i in range(ticks)]
    signs = VitalSigns()
    told_at, vitals = [], []
    begin = time.process_time()
    for readings in fed:
        said = signs.add(readings)
        if said:
            vitals += said
            told_at += [readings.time] * len(said)
    return Heard(vitals, np.array(told_at), time.process_time() - begin)


def quiet_windows(recording: Recording) -> np.ndarray:
    """Which reference windows have an SD of |a| below 0.05 g, (windows,) bool."""
    if recording.motion is None:
        return np.zeros(len(recording.start_s), bool)
    fs = recording.motion_fs or recording.fs
    size = np.linalg.norm(recording.motion, axis=1) / GRAVITY
    return np.array(
        [
            size[int(s * fs) : int((s + recording.win_s) * fs)].std() < CALM
            for s in recording.start_s
        ],
        bool,
    )
