"""What the stager reads, epoch by epoch; training and the board both come through here.

Causal by construction: each call sees one more epoch and what the earlier ones left behind. An
epoch's heart rate is a mean over 30 s, so a watch that tells one every 5 s and a board that tells
one every second give the same; how much the rate spreads within an epoch depends on the sensor, so
it enters only beside its own mean of tonight. Activity counts are te Lindert & Van Someren's
(2013), a sum per epoch. What is missing is NaN and stays so.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

KEPT = 120              # epochs that are remembered one by one: an hour
SINGLES = 5             # epochs whose activity is an input of its own
ACTIVITY_SPANS = (3, 6, 10, 20, 40, 90)     # epochs
PEAK_SPANS = (6, 20, 60)                    # epochs
MOVED = (.5, 20.0, 60.0)                    # counts: a stir, a movement, a large one
HEART_SPANS = (3, 8, 20, 50)                # epochs
SPREAD_SPANS = (4, 10, 20, 40)              # epochs
FADES = (10, 40, 120)                       # epochs: time constants of the heart's faded means
RATES = np.arange(30.0, 150.0)              # /min: bins of tonight's heart rates
ENOUGH = 10             # epochs with a heart before tonight has a low, a middle and a high
STILL_HEART = .5        # /min: a step from epoch to epoch smaller than that tells no more
SOME = .3               # share of a span that must be known before it has a mean,
MORE = .4               # and before it has a spread
FIRST = 6               # epochs that say where the heart began tonight
TOP, BOTTOM = 5, 3      # epochs in a mean that may be tonight's highest, or lowest

TIME = ("minutes", "minutes_log")
ACTIVITY = (
    *(f"activity_{age}" for age in range(SINGLES)),
    *(f"activity_mean_{span}" for span in ACTIVITY_SPANS),
    *(f"activity_peak_{span}" for span in PEAK_SPANS),
    *(f"still_since_{level:g}" for level in MOVED),
    "moves_20",
    "moves_60",
    "activity_tonight",
)
LEVEL = (
    "heart_0",
    *(f"heart_mean_{span}" for span in HEART_SPANS),
    "heart_low",
    "heart_mid",
    "heart_place",
    "heart_mean_20_low",
    "heart_range",
    "heart_fade_10",
    "heart_fade_120",
)
CHANGE = (
    "heart_change_1",
    "heart_change_3",
    "heart_change_6",
    *(f"heart_sd_{span}" for span in SPREAD_SPANS),
    "heart_step_10",
    "heart_step_20",
    "heart_peak_20",
    "heart_peak_6",
    "heart_trend_10",
    "heart_trend_20",
    "spread_8",
    "spread_20",
)
SINCE = ("heart_top", "heart_first", "heart_bottom", "heart_ratio", "heart_sd_30")
PERSON = ("heart_tonight", "step_tonight", "spread_tonight")
INPUTS = (*TIME, *ACTIVITY, *LEVEL, *CHANGE, *SINCE, *PERSON)

STAGING = (*TIME, *ACTIVITY, *LEVEL, *CHANGE)       # what stages are judged by,
ONSET = (*ACTIVITY, *LEVEL, *CHANGE, *SINCE)        # and the first sleep: no clock among it
MOTION = (*TIME, *ACTIVITY)
HEART = (*TIME, *LEVEL, *CHANGE)
# A heart above its own low of tonight, or restless, never speaks for sleep: trees of wake obey.
RISING = frozenset({
    "heart_low", "heart_mid", "heart_place", "heart_mean_20_low", "heart_step_10", "heart_step_20",
    "heart_peak_6", "heart_peak_20", *(f"heart_sd_{span}" for span in SPREAD_SPANS)})


def places(names: Sequence[str]) -> np.ndarray:
    """Where these inputs stand among INPUTS."""
    return np.array([INPUTS.index(name) for name in names], np.intp)


class Memory:
    """What one night's activity and heart leave behind: arrays of a fixed size."""

    def __init__(self) -> None:
        self.activity = np.full(KEPT, np.nan)       # log1p counts, newest first
        self.heart = np.full(KEPT, np.nan)          # /min
        self.spread = np.full(KEPT, np.nan)         # log /min, within each epoch
        self.epochs = 0
        self.moved = np.zeros(2)                    # sum and number of tonight's activity,
        self.spreads = np.zeros(2)                  # of its spreads,
        self.steps = np.zeros(2)                    # of its heart's steps from epoch to epoch,
        self.rates = np.zeros(2)                    # of its heart rates,
        self.begun = np.zeros(2)                    # and of the first FIRST of those
        self.tonight = np.zeros(len(RATES))         # epochs in each bin
        self.faded = np.full(len(FADES), np.nan)
        self.extremes = np.full(2, np.nan)          # highest and lowest mean so far

    def add(self, counts: float | None, rate: float | None, sd: float | None, minutes: float
            ) -> np.ndarray:
        """The model's inputs after one more epoch, (len(INPUTS),), NaN where missing.

        counts: of the epoch.  rate: /min, its mean.  sd: /min, within it.  minutes: since lights
        out.
        """
        self.epochs += 1
        size = math.nan if counts is None else math.log1p(counts)
        spread = math.nan if rate is None or sd is None else math.log(sd + .3)
        for kept, new in ((self.activity, size), (self.heart, rate), (self.spread, spread)):
            kept[1:] = kept[:-1]
            kept[0] = math.nan if new is None else new
        if counts is not None:
            self.moved += size, 1
        if rate is not None:
            self._heard(rate)
            if not math.isnan(self.heart[1]):
                self.steps += math.log(abs(rate - self.heart[1]) + STILL_HEART), 1
        if not math.isnan(spread):
            self.spreads += spread, 1
        minutes = min(max(minutes, 0.0), 600.0)
        return np.array([minutes, math.log1p(minutes), *self._activity(), *self._heart()])

    def _heard(self, rate: float) -> None:
        self.rates += rate, 1
        if self.begun[1] < FIRST:
            self.begun += rate, 1
        self.tonight[int(min(max(rate - RATES[0], 0.0), len(RATES) - 1.0))] += 1
        for place, epochs in enumerate(FADES):
            old = self.faded[place]
            self.faded[place] = rate if math.isnan(old) else old + (rate - old) / epochs
        high, low = mean(self.heart[:TOP]), mean(self.heart[:BOTTOM])
        self.extremes = np.array([np.fmax(self.extremes[0], high), np.fmin(self.extremes[1], low)])

    def _activity(self) -> list[float]:
        size = self.activity
        there = ~np.isnan(size)
        filled = np.where(there, size, 0.0)
        seen, sums, peaks = there.cumsum(), filled.cumsum(), np.maximum.accumulate(filled)
        out = size[:SINGLES].tolist()
        out += [sums[n - 1] / seen[n - 1] if seen[n - 1] else math.nan for n in ACTIVITY_SPANS]
        out += [peaks[n - 1] if seen[n - 1] else math.nan for n in PEAK_SPANS]
        for level in MOVED:         # what was not seen may have been a movement
            moved = ~(size <= math.log1p(level))
            out.append(math.log1p(int(moved.argmax()) if moved.any() else KEPT))
        moves = filled > math.log1p(1.0)
        total, n = self.moved
        return [*out, float(moves[:20].sum()), float(moves[:60].sum()),
                total / n if n else math.nan]

    def _heart(self) -> list[float]:
        heart, span = self.heart, min(self.epochs, KEPT)
        quick, usual, slow = self.faded.tolist()        # `usual` is taken off, so sums stay small
        there = ~np.isnan(heart)
        away = np.where(there, heart - usual, 0.0)
        seen, sums, squares = there.cumsum(), away.cumsum(), (away * away).cumsum()

        def level(n: int) -> float:
            known = seen[n - 1]
            return sums[n - 1] / known if known >= max(1, SOME * n * (n <= span)) else math.nan

        def deviation(n: int) -> float:
            known = seen[n - 1]
            if known < max(3, MORE * n * (n <= span)):
                return math.nan
            return .5 * math.log(max(squares[n - 1] / known - (sums[n - 1] / known)**2, 0.0) + .1)

        now = level(3)
        low, middle, high = self._quantiles()
        steps = np.diff(heart[:20])
        total, n = self.rates
        first, firsts = self.begun
        top, bottom = self.extremes.tolist()
        step, spread = (total / n if n else math.nan for total, n in (self.steps, self.spreads))
        return [
            float(heart[0] - usual), *(level(n) for n in HEART_SPANS),
            now + usual - low, now + usual - middle, (now + usual - low) / (high - low + 2),
            level(20) + usual - low, high - low, quick - usual, slow - usual,
            *(float(heart[0] - heart[age]) for age in (1, 3, 6)),
            *(deviation(n) for n in SPREAD_SPANS), rough(steps[:9]), rough(steps),
            peak(heart[:20], 4, None), peak(heart[:6], 3, now + usual),
            trend(heart[:10], heart[10:20]), trend(heart[:20], heart[20:40]),
            mean(self.spread[:8]) - spread, mean(self.spread[:20]) - spread,
            top - now - usual, first / firsts - now - usual if firsts else math.nan,
            now + usual - bottom, (now + usual) * n / total if n else math.nan,
            deviation_of(heart[:30]), total / n if n else math.nan, step, spread,
        ]

    def _quantiles(self) -> tuple[float, float, float]:
        """Tonight's low, middle and high heart rate, /min: the 10th, 50th and 90th percentile."""
        share = self.tonight.cumsum()
        if share[-1] < ENOUGH:
            return math.nan, math.nan, math.nan
        low, middle, high = RATES[0] + 1 + np.searchsorted(share, np.multiply(share[-1],
                                                                              (.1, .5, .9)))
        return float(low), float(middle), float(high)

    def snapshot(self) -> dict:
        """JSON-able, of bounded size."""
        return {name: [None if math.isnan(x) else x for x in np.ravel(value).tolist()]
                for name, value in vars(self).items()}

    def restore(self, kept: Mapping) -> None:
        """Raises KeyError, TypeError or ValueError at what `snapshot` didn't write."""
        new = {}
        for name, value in vars(self).items():
            array = np.array([math.nan if x is None else float(x) for x in kept[name]])
            if array.shape != np.ravel(value).shape or np.isinf(array).any():
                raise ValueError(f"{name}: {array.shape}")
            new[name] = array
        count = new.pop("epochs")[0]
        sums = [new[name] for name in (
            "moved", "spreads", "steps", "rates", "begun", "tonight")]
        finite = bool(np.isfinite(np.concatenate(sums)).all())
        if not (count >= 0 and finite and new["tonight"].min() >= 0):
            raise ValueError("no counts")
        vars(self).update(new, epochs=int(count))


def mean(values: np.ndarray) -> float:
    """Of what is known."""
    known = values[~np.isnan(values)]
    return float(known.sum() / len(known)) if len(known) else math.nan


def deviation_of(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.std()) if len(known) else math.nan


def rough(steps: np.ndarray) -> float:
    """Log size of the steps from epoch to epoch."""
    known = steps[~np.isnan(steps)]
    return .5 * math.log(float(known @ known) / len(known) + .1) if len(known) >= 3 else math.nan


def peak(rates: np.ndarray, least: int, usual: float | None) -> float:
    """How far the highest rate stands above the usual one, None: their median."""
    known = rates[~np.isnan(rates)]
    if len(known) < least:
        return math.nan
    return float(known.max() - (np.sort(known)[len(known) // 2] if usual is None else usual))


def trend(late: np.ndarray, early: np.ndarray) -> float:
    """Mean of the later minus that of the earlier."""
    enough = min((~np.isnan(late)).sum(), (~np.isnan(early)).sum()) >= 3
    return mean(late) - mean(early) if enough else math.nan
