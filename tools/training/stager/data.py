"""Nights as they were measured: data/sleep_accel_raw (a watch, scored) and data/slpdb_rr (beats,
scored). Watch readings become epochs by the device's own `Epochs`, second by second."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from device.sleep.epochs import Epochs
from device.values import EPOCH, Epoch, Measured, Vitals

PLACE = {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3}        # W, N1, N2, N3, N4, REM → place in STAGES
UNSCORED = -1
HELD = 6.0              # s that a watch's reading stands for: it tells one about every five
COUNTED = 15.0          # s that each activity count is the sum of
SECONDS = round(EPOCH)


@dataclass(frozen=True, eq=False)
class Night:
    """From lights out, taken to be the first scored epoch as scoring begins there (AASM)."""
    name: str
    epochs: tuple[Epoch, ...]
    stage: np.ndarray           # (n,) place in STAGES, or UNSCORED


@dataclass(frozen=True, eq=False)
class Beats:
    """A recording of beats with scored stages; nobody recorded movement."""
    name: str
    person: str                 # slp01a and slp01b are one
    beat: np.ndarray            # (m,) s, R peaks
    stage: np.ndarray           # (n,) place in STAGES of each 30 s from 0 s, or UNSCORED


def load(folder: Path) -> list[Night]:
    """Every watch night of a folder, or of its sleep_accel_raw. Raises FileNotFoundError."""
    paths = files(folder, "sleep_accel_raw", "hr_bpm")
    if not paths:
        raise FileNotFoundError(f"{folder}: no *.npz like those of data/sleep_accel_raw")
    return [watch_night(path) for path in paths]


def load_beats(folder: Path) -> list[Beats]:
    """Every recording of beats of a folder, of its slpdb_rr, or of the slpdb_rr beside it; none is
    no error."""
    return [beats_of(path) for path in files(folder, "slpdb_rr", "beat_t")]


def files(folder: Path, name: str, key: str) -> list[Path]:
    for place in (folder, folder / name, folder.parent / name):
        found = [path for path in sorted(place.glob("*.npz")) if key in keys(path)]
        if found:
            return found
    return []


def keys(path: Path) -> set[str]:
    with np.load(path) as file:
        return set(file.files)


def watch_night(path: Path) -> Night:
    with np.load(path) as file:
        start, stage = float(file["stage_t"][0]), placed(file["stage_t"], file["stage"])
        rates = held(file["hr_t"] - start, file["hr_bpm"], len(stage) * SECONDS)
        counts = spread(file["count_t"] - start, file["count"], len(stage) * SECONDS)
    return night_of(path.stem, rates, counts, stage)


def night_of(name: str, rates: np.ndarray, counts: np.ndarray, stage: np.ndarray) -> Night:
    """rates (30 n,) /min and counts (30 n,) of each second, NaN where nothing was measured."""
    first = int((stage != UNSCORED).argmax())
    epochs = Epochs(0.0)
    out: list[Epoch] = []
    for second in range(first * SECONDS, len(stage) * SECONDS):
        rate, count = float(rates[second]), float(counts[second])
        out += epochs.add(Vitals(
            time=second + 1.0 - first * SECONDS,
            heart_rate=None if np.isnan(rate) else Measured(rate, 1.0),
            activity=None if np.isnan(count) else count))
    return Night(name, tuple(out), stage[first:])


def placed(time: np.ndarray, stage: np.ndarray) -> np.ndarray:
    """(n,) places of STAGES on the grid of 30 s from the first score."""
    index = np.round((time - time[0]) / EPOCH).astype(int)
    out = np.full(int(index[-1]) + 1, UNSCORED)
    out[index] = [PLACE.get(int(code), UNSCORED) for code in stage]
    return out


def held(time: np.ndarray, rate: np.ndarray, seconds: int) -> np.ndarray:
    """(seconds,) /min: the latest reading at each second's end, for as long as it stands."""
    order = np.argsort(time, kind="stable")
    time, rate = np.asarray(time, float)[order], np.asarray(rate, float)[order]
    now = np.arange(1.0, seconds + 1)
    latest = np.searchsorted(time, now) - 1
    known = (latest >= 0) & (now - time[np.maximum(latest, 0)] <= HELD)
    return np.where(known, rate[np.maximum(latest, 0)], np.nan)


def spread(time: np.ndarray, count: np.ndarray, seconds: int) -> np.ndarray:
    """(seconds,) counts: each count is the sum of the 15 s that it ends. The source's times are
    drawn evenly from its first reading to its last (numpy.linspace in ojwalch/sleep_classifiers),
    so only the first is a time and the others follow by 15 s."""
    place = np.floor((np.arange(seconds) - float(time[0])) / COUNTED + 1e-6).astype(int)
    known = (place >= 0) & (place < len(count))
    return np.where(known, np.asarray(count, float)[np.clip(place, 0, len(count) - 1)] / COUNTED,
                    np.nan)


def beats_of(path: Path) -> Beats:
    with np.load(path) as file:
        index = np.round(file["stage_t"] / EPOCH).astype(int)
        stage = np.full(int(index[-1]) + 1, UNSCORED)
        inside = index >= 0
        stage[index[inside]] = [PLACE.get(int(code), UNSCORED) for code in file["stage"][inside]]
        return Beats(path.stem, path.stem[:5], file["beat_t"].astype(float), stage)


def altered(night: Night, counts: float | None = 1.0, quality: float = 1.0,
            partner: Night | None = None) -> Night:
    """The same night with other sensors: `counts` times the activity, None: none at all; `quality`
    times the heart's; the stirs of a `partner` added, half as strong."""
    beside: Sequence[Epoch] = partner.epochs if partner else ()
    out = []
    for n, epoch in enumerate(night.epochs):
        activity = None if counts is None or epoch.activity is None else counts * epoch.activity
        if activity is not None and beside:
            activity += .5 * (beside[n % len(beside)].activity or 0.0)
        out.append(replace(epoch, activity=activity, heart_quality=quality * epoch.heart_quality,
                           motion_quality=0.0 if activity is None else epoch.motion_quality))
    return replace(night, epochs=tuple(out))
