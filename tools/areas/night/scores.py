"""The figures of `tools/evaluate night`, from what was heard and what polysomnography scored.

*First sleep* is the first of three scored sleep epochs in a row. Sound from there until the first
fade has ended, at most 30 min, is onset sound; what is heard later while polysomnography says
asleep was heard asleep.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from areas.night.replay import SECONDS, Heard
from device.values import EPOCH, STAGES, Stage

ROW = 3                 # scored sleep epochs that make first sleep
AT_MOST = 30.0          # min of onset sound
LOUD, SOFT = 30.0, 20.0         # dBA
ANSWER = 25.0           # dBA that answer a waking,
IN_TIME = 240.0         # s after its start at most
LONG = 10               # epochs: 5 min
BEFORE, AFTER = 120.0, 60.0     # s around a masking's start in which a waking excuses it
WAKE, REM = STAGES.index(Stage.WAKE), STAGES.index(Stage.REM)
MINUTES = ("audible_asleep_min", "audible20_asleep_min", "audible_rem_min", "audible20_rem_min",
           "onset_sound_min", "audible20_from_first_sleep_min")


@dataclass(frozen=True)
class Counted:
    """One night."""
    minutes: dict[str, float]       # of MINUTES; none without first sleep
    maskings: int
    false_maskings: int
    wakings: int                    # of 5 min and more
    delays: tuple[float, ...]       # min from a waking's start to its answer, of those answered

    def plain(self) -> dict:
        """JSON-able."""
        return {**self.minutes, "maskings": self.maskings, "false_maskings": self.false_maskings,
                "wakings": self.wakings, "delays": list(self.delays)}


def counted(stage: np.ndarray, heard: Heard) -> Counted:
    """stage (n,): place in STAGES of each epoch, negative where nobody scored."""
    first = first_sleep(stage)
    false = sum(not excused(stage, time) for time in heard.maskings)
    if first is None:
        return Counted({}, len(heard.maskings), false, 0, ())
    faded = fade_end(heard.level, first * SECONDS)
    asleep, rem = np.repeat(stage > WAKE, SECONDS), np.repeat(stage == REM, SECONDS)
    second = np.arange(len(heard.level))
    later = second >= faded

    def minutes(least: float, when: np.ndarray) -> float:
        return float(np.sum((heard.level >= least) & when)) / 60

    long = [(a, b) for a, b in runs(stage == WAKE) if a > first and b - a >= LONG]
    delays = [delay(heard.level, a * SECONDS) for a, _ in long]
    return Counted(
        {
            "audible_asleep_min": minutes(LOUD, asleep & later),
            "audible20_asleep_min": minutes(SOFT, asleep & later),
            "audible_rem_min": minutes(LOUD, rem & later),
            "audible20_rem_min": minutes(SOFT, rem & later),
            "onset_sound_min": (faded - first * SECONDS) / 60,
            "audible20_from_first_sleep_min": minutes(SOFT, asleep & (second >= first * SECONDS)),
        },
        len(heard.maskings), false, len(long), tuple(d for d in delays if d is not None),
    )


def first_sleep(stage: np.ndarray) -> int | None:
    """Its epoch."""
    return next((a for a, b in runs(stage > WAKE) if b - a >= ROW), None)


def runs(there: np.ndarray) -> list[tuple[int, int]]:
    """(first, end) of each run of True."""
    edges = np.flatnonzero(np.diff(np.r_[0, there.astype(int), 0]))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def fade_end(level: np.ndarray, start: int) -> int:
    """The second from which there was silence for the first time since `start`, or AT_MOST."""
    silent = np.flatnonzero(np.isneginf(level[start:]))
    limit = min(start + int(60 * AT_MOST), len(level))
    return min(start + int(silent[0]), limit) if len(silent) else limit


def excused(stage: np.ndarray, time: float) -> bool:
    """Whether a scored epoch of wake lies near a masking that began at `time` s."""
    start = np.arange(len(stage)) * EPOCH
    near = (start + EPOCH > time - BEFORE) & (start < time + AFTER)
    return bool((stage[near] == WAKE).any())


def delay(level: np.ndarray, start: int) -> float | None:
    """min from a waking's start to its answer; None: too late or never."""
    heard = np.flatnonzero(level[start:start + int(IN_TIME)] >= ANSWER)
    return float(heard[0]) / 60 if len(heard) else None


def figures(nights: Sequence[Counted]) -> dict[str, float]:
    """Minutes as medians over nights, with means and p90 beside; false maskings a night; wakings
    pooled."""
    out: dict[str, float] = {}
    for key in MINUTES:
        values = [night.minutes[key] for night in nights if night.minutes]
        for name, statistic in (("", np.median), ("_mean", np.mean), ("_p90", p90)):
            out[key + name] = float(statistic(values)) if values else np.nan
    delays = [d for night in nights for d in night.delays]
    wakings = sum(night.wakings for night in nights)
    return out | {
        "maskings": float(np.mean([night.maskings for night in nights])),
        "false_maskings": float(np.mean([night.false_maskings for night in nights])),
        "wakings_answered": len(delays) / wakings if wakings else np.nan,
        "answer_delay_min": float(np.mean(delays)) if delays else np.nan,
    }


def p90(values: Sequence[float]) -> float:
    return float(np.percentile(values, 90))


def paired(ours: Sequence[Counted], theirs: Sequence[Counted], resamples: int = 2000) -> dict:
    """How many more wakings, as a share of all, we answer; nights are drawn with all that happened
    in them: 95 % interval."""
    more = np.array([len(a.delays) - len(b.delays) for a, b in zip(ours, theirs, strict=True)])
    wakings = np.array([night.wakings for night in ours])
    drawn = np.random.default_rng(0).integers(len(more), size=(resamples, len(more)))
    sums = wakings[drawn].sum(1)
    shares = more[drawn].sum(1)[sums > 0] / sums[sums > 0]
    if not len(shares):
        return {"difference": np.nan, "interval": [np.nan, np.nan]}
    return {"difference": float(more.sum() / wakings.sum()),
            "interval": [float(q) for q in np.percentile(shares, (2.5, 97.5))]}
