"""Nights like data/sleep_accel, and the activity counts inside their smoothed column.

`count_smooth` of a row is the Gaussian mean (σ 50 s) of counts taken every 15 s, joined by lines
and read every second, over the 285 s before the row's epoch and the 285 s after it
(ojwalch/sleep_classifiers). Counts are whole multiples of 3.07 and mostly 0, so a least-squares fit
without negative counts undoes the smoothing: what comes out of 21 of the 22 nights is whole numbers
to within 0.01. `recovered` does so for a whole night: what a board would have measured itself.
`known` does so for each epoch from rows at least ten epochs old alone, as causality demands of
these rows: then counts are certain from about two minutes back.
"""

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from device.sleep import features
from device.values import EPOCH

CODES = {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3}        # W, N1, N2, N3, N4, REM → place in STAGES
SIGMA, REACH = 50.0, 285.0      # s
UNIT = 3.07                     # counts
# s between counts and to the first one, before a night has shown its own
SPACING, PHASE = 15.011, .3
ROUNDING, MISFIT = 6e-7, 3e-5   # of the column; share by which the fit may miss
PAST = 26                       # rows that one fit looks at
HAT = np.arange(-15, 17)        # s around a count that its two lines reach


@dataclass(frozen=True, eq=False)
class Night:
    name: str
    time: np.ndarray            # (n,) s since lights out, start of the epoch; some are missing
    activity: np.ndarray        # (n,) counts, smoothed; looks 285 s ahead
    heart: np.ndarray           # (n,) share of the night's 90th percentile; looks 427 s ahead
    stage: np.ndarray           # (n,) place in STAGES


def load(folder: Path) -> list[Night]:
    """Every night of a folder. Raises FileNotFoundError if there is none."""
    nights = []
    for path in sorted(folder.glob("*.csv.gz")):
        with gzip.open(path, "rt") as file:
            rows = np.genfromtxt(file, delimiter=",", names=True)
        scored = np.isin(rows["stage"], list(CODES))
        rows = rows[scored]
        nights.append(
            Night(
                path.name.removesuffix(".csv.gz"),
                np.round(rows["time_h"] * 3600 / EPOCH) * EPOCH,
                rows["count_smooth"],
                rows["hr_std_smooth"],
                np.array([CODES[int(code)] for code in rows["stage"]]),
            )
        )
    if not nights:
        raise FileNotFoundError(f"{folder}: no *.csv.gz like those of data/sleep_accel")
    return nights


def weights(time: np.ndarray, counts: np.ndarray, spacing: float) -> np.ndarray:
    """(rows, counts) of the smoothing: what one count at `counts` s adds to the row at `time` s."""
    first = np.maximum(time - REACH + 1, 0)                     # the first windows are cut short
    length = time + EPOCH + REACH - first
    centre = first + length // 2
    whole = np.exp(-.5 * ((np.arange(600) - 300) / SIGMA) ** 2).sum()
    norm = np.array(
        [
            whole if n == 599 else np.exp(-0.5 * ((np.arange(n) - n // 2) / SIGMA) ** 2).sum()
            for n in length
        ]
    )
    second = np.floor(counts)[:, None] + HAT  # (counts, 32)
    hat = np.maximum(1 - np.abs(second - counts[:, None]) / spacing, 0)
    inside = (second >= first[:, None, None]) & (second < (first + length)[:, None, None])
    gauss = np.exp(-.5 * ((second - centre[:, None, None]) / SIGMA) ** 2) * inside
    return (gauss * hat).sum(2) / norm[:, None]


def unsmooth(time: np.ndarray, activity: np.ndarray, grid: tuple[float, float], late: float = 0.0
             ) -> tuple[np.ndarray, np.ndarray]:
    """Counts under the rows: their times (s, the end of what each sums) and sizes. `grid`: (phase,
    spacing) s."""
    phase, spacing = grid
    begin = max(np.ceil((time[0] - REACH + 45 - phase) / spacing), 0)
    at = phase + spacing * np.arange(
        begin, np.ceil((time[-1] + EPOCH + REACH + spacing - late - phase) / spacing)
    )
    noise = ROUNDING + MISFIT * activity
    size = np.zeros(len(at))
    mixing = weights(time, at, spacing)
    possible = (mixing * .8 * UNIT <= (activity + 4 * noise)[:, None]).all(0)
    if possible.any() and activity.max() > 0:
        try:
            size[possible], _ = nnls(mixing[:, possible] / noise[:, None], activity / noise,
                                     maxiter=3000)
        except (
            RuntimeError
        ):  # no convergence: leave the smoothed curve's mean, which loses only sharpness
            size[:] = activity.mean()
    return at, np.where(size > UNIT / 3, size, 0.0)


def lone_count(night: Night, middle: int) -> float | None:
    """Time (s) of a count with none beside it, seen as a pure Gaussian in the five rows around
    `middle`."""
    part = slice(middle - 2, middle + 3)
    height = night.activity[part]
    if (
        middle < 12
        or height.min() < 2e-3
        or height.argmax() != 2
        or (np.diff(night.time[part]) != EPOCH).any()
    ):
        return None
    bend = np.diff(np.log(height), 2)
    if np.ptp(bend) > .003 or abs(bend.mean() + .3547) > .0006:         # −30²/(50² + 15²/6)
        return None
    a, b, _ = np.polyfit(night.time[part] - night.time[middle], np.log(height), 2)
    return night.time[middle] - b / (2 * a) + EPOCH / 2


def grid_of(lone: list[float]) -> tuple[float, float]:
    """(phase, spacing) s of the counts, from those that stand alone; the usual one until there are
    three."""
    if len(lone) < 3:
        return PHASE, SPACING
    times = np.array(lone)
    tries = np.arange(15.0, 15.05, .0002)
    turns = np.exp(2j * np.pi * times / tries[:, None]).sum(1)
    spacing = tries[np.abs(turns).argmax()]
    phase = np.angle(turns[np.abs(turns).argmax()]) / (2 * np.pi) * spacing
    for _ in range(3):
        place = np.round((times - phase) / spacing)
        (phase, spacing), *_ = np.linalg.lstsq(np.c_[np.ones(len(times)), place], times, rcond=None)
    return float(phase % spacing if phase < -1 else phase), float(spacing)


@cache
def recovered(night: Night) -> np.ndarray:
    """(n,) activity counts of each epoch, from all its rows: not a causal computation, but causal
    counts."""
    lone = [lone_count(night, middle) for middle in range(len(night.time) - 2)]
    grid = grid_of([time for time in lone if time is not None])
    counts = np.zeros(int(night.time[-1] / EPOCH) + 30)
    for begin in np.arange(0, night.time[-1], 1800):
        rows = (night.time >= begin - 400) & (night.time < begin + 2200)
        if rows.sum() < 5:
            continue
        at, size = unsmooth(night.time[rows], night.activity[rows], grid)
        mine = (at >= begin) & (at < begin + 1800)
        np.add.at(counts, (at[mine] / EPOCH).astype(int), size[mine])
    return counts[(night.time / EPOCH).astype(int)]


@cache
def known(night: Night, late: int = features.ACTIVITY_LATE) -> np.ndarray:
    """(n, RECENT) counts of this epoch, the one before …, as far as rows at least `late` epochs old
    tell."""
    out = np.full((len(night.time), features.RECENT), np.nan)
    lone: list[float] = []
    for now in range(late, len(night.time)):
        last = now - late
        new = lone_count(night, last - 2)
        if new is not None:
            lone.append(new)
        rows = slice(max(last - PAST + 1, 0), last + 1)
        at, size = unsmooth(night.time[rows], night.activity[rows], grid_of(lone), late=45.0)
        age = np.floor((night.time[now] + EPOCH - at) / EPOCH).astype(int)
        oldest = min(int((night.time[now] - at[0]) / EPOCH), features.RECENT)
        out[now, :oldest] = 0
        inside = (age >= 0) & (age < oldest)
        np.add.at(out[now], age[inside], size[inside])
    return out
