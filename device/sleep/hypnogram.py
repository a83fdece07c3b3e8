"""The night's sums, and a second opinion on each epoch two minutes later, for the report and never
for control.

Terms as in the AASM manual and YASA's `sleep_statistics` (Vallat & Walker 2021, doi
10.7554/eLife.70092).
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from device.values import EPOCH, STAGES, Stage, Staging, Sums

LATE = 4                    # epochs: two minutes
PER_MINUTE = 60 / EPOCH
LONG = 5.0                  # min: wakings from here on are counted apart


def sums(stagings: Sequence[Staging]) -> Sums:
    """The night from lights out to the end; an unknown epoch is neither sleep nor wake and joins
    what surrounds it."""
    stages = [staging.stage for staging in stagings]
    minutes = {stage: stages.count(stage) / PER_MINUTE for stage in (*STAGES, None)}
    sleep = [i for i, stage in enumerate(stages) if stage not in (Stage.WAKE, None)]
    tst = len(sleep) / PER_MINUTE
    judged = (len(stages) - stages.count(None)) / PER_MINUTE
    first, last = (sleep[0], sleep[-1] + 1) if sleep else (len(stages), len(stages))
    period = [stage for stage in stages[first:last] if stage is not None]
    runs = [
        len(list(run)) / PER_MINUTE
        for wake, run in groupby(period, lambda s: s is Stage.WAKE)
        if wake
    ]
    return Sums(
        tib=len(stages) / PER_MINUTE, tst=tst, sol=first / PER_MINUTE if sleep else None,
        spt=(last - first) / PER_MINUTE,
        waso=sum(runs), final_wake=stages[last:].count(Stage.WAKE) / PER_MINUTE,
        efficiency=tst / judged if judged else None,
        wakings=len(runs), long_wakings=sum(run >= LONG for run in runs), unknown=minutes[None],
        light=minutes[Stage.LIGHT], deep=minutes[Stage.DEEP], rem=minutes[Stage.REM])


def smoothed(filtered: np.ndarray, changes: np.ndarray, late: int = LATE) -> np.ndarray:
    """(n, 4) probabilities of each epoch's stage once `late` more epochs are known.

    filtered: (n, 4) causal probabilities, NaN where unknown.  changes: (4, 4), from stage to stage
    within one epoch. Backward recursion of Rauch, Tung & Striebel (1965) for a chain of stages, cut
    off after `late` steps; an unknown epoch ends it. The last epochs have less than `late` to look
    at.
    """
    ahead = filtered @ changes
    out = filtered.copy()
    for n in range(len(filtered)):
        end = n
        while end < min(n + late, len(filtered) - 1) and not np.isnan(filtered[end + 1]).any():
            end += 1
        later = filtered[end]
        for k in range(end - 1, n - 1, -1):
            later = filtered[k] * (changes @ (later / np.maximum(ahead[k], 1e-9)))
            later = later / later.sum()
        out[n] = later
    return out


def second_opinion(stagings: Sequence[Staging], changes: np.ndarray) -> list[Staging]:
    """The same night, each epoch judged again with the two minutes that followed it. `changes`:
    `Stager.changes`."""
    nothing = (np.nan,) * len(STAGES)
    filtered = np.array([s.probabilities or nothing for s in stagings], float).reshape(
        -1, len(STAGES)
    )
    opinions = smoothed(filtered, np.asarray(changes))
    return [again(staging, p) for staging, p in zip(stagings, opinions, strict=True)]


def again(staging: Staging, p: np.ndarray) -> Staging:
    """Judged by `p`, (4,); as it was where that is unknown."""
    if np.isnan(p).any():
        return staging
    chances = (float(p[0]), float(p[1]), float(p[2]), float(p[3]))
    return replace(staging, p_asleep=float(1 - p[0]), stage=STAGES[int(p.argmax())],
                   probabilities=chances)
