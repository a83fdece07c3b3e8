"""What the stager reads, epoch by epoch; training and the board both come through here.

Activity counts are te Lindert & Van Someren's (2013), a sum per epoch. The heart's variability is
that of Walch et al. 2019 (doi 10.1093/sleep/zsz180; code ojwalch/sleep_classifiers): the SD over
ten minutes of the heart rate after a difference of Gaussians (σ 120 s and 600 s, ± 142 s), as a
share of the 90th percentile of the filtered rate's size. Theirs is centred and scaled by the whole
night; here the window ends now, the filter is cut where the future would be, and the percentile is
that of the night so far.
"""

import math

import numpy as np

ACTIVITY_LATE = 10      # epochs until nothing of the training rows' activity lies ahead
HEART_LATE = 15         # the same for their heart
WINDOW_LATE = 10        # … if the filter's reach is left out: as late as the board's own window
RECENT = 44             # epochs of activity that are remembered one by one
WINDOW = 20             # epochs: the heart's ten minutes
SINGLES = 6             # epochs whose activity is an input of its own
SPANS = (3, 6, 10, 16, 28, 44)          # epochs over which activity is summed up
MOVED = (.5, 20.0, 60.0)                # counts: a stir, a movement, a large one
HEART_LAGS = (0, 2, 5, 10, 20)          # epochs
HEART_MEANS = (8, 30)                   # epochs
POWER_LAGS = (0, 1, 2, 4)               # epochs
POWER_MEANS = (3, 6, 12)                # epochs
FADE = .9               # what of an old power is believed when the window moves past it

ACTIVITY = (
    *(f"activity_{age}" for age in range(SINGLES)),
    *(f"activity_mean_{span}" for span in SPANS),
    *(f"activity_peak_{span}" for span in SPANS),
    *(f"still_since_{level:g}" for level in MOVED),
    "moves_20",
    "moves_44",
    "activity_tonight",
)
HEART = (
    *(f"heart_{lag}" for lag in HEART_LAGS),
    *(f"heart_mean_{span}" for span in HEART_MEANS),
    "heart_tonight",
    *(f"heart_power_{lag}" for lag in POWER_LAGS),
    *(f"heart_change_{lag}" for lag in POWER_LAGS),
    *(f"heart_power_mean_{span}" for span in POWER_MEANS),
)
INPUTS = ("minutes", "minutes_log", *ACTIVITY, *HEART)


class Memory:
    """What one night's activity and heart leave behind; `state` is JSON-able and of bounded size.
    """

    def __init__(self) -> None:
        self.state: dict = {
            "recent": [],
            "tonight": [0.0, 0],
            "heart": [],
            "power": [],
            "heart_tonight": [0.0, 0],
            "means": [None] * (len(HEART_MEANS) + len(POWER_MEANS)),
        }

    def add(self, counts: float | None, heart: float | None, minutes: float | None,
            recent: np.ndarray | None = None) -> np.ndarray:
        """The model's inputs, (len(INPUTS),), NaN where missing.

        counts: of the epoch.  heart: variability, a share.  minutes: since lights out.
        recent: (RECENT,) counts by age in place of those remembered, for rows whose past becomes
        clear only later.
        """
        state = self.state
        state["recent"] = [counts, *state["recent"][:RECENT - 1]]
        if recent is None:
            recent = np.full(RECENT, np.nan)
            recent[:len(state["recent"])] = [np.nan if c is None else c for c in state["recent"]]
        late = (
            [math.nan] * 2
            if minutes is None
            else [min(minutes, 600.0), math.log1p(min(max(minutes, 0.0), 600.0))]
        )
        return np.array(late + self._activity(recent) + self._heart(heart), float)

    def _activity(self, recent: np.ndarray) -> list[float]:
        size = np.log1p(recent)
        settled = size[SINGLES - 1]
        if not math.isnan(settled):
            total, n = self.state["tonight"]
            self.state["tonight"] = [total + float(settled), n + 1]
        total, n = self.state["tonight"]
        there = ~np.isnan(size)
        filled = np.where(there, size, 0.0)
        seen, sums = np.cumsum(there), np.cumsum(filled)
        peaks = np.maximum.accumulate(filled)
        out = list(size[:SINGLES])
        out += [sums[span - 1] / seen[span - 1] if seen[span - 1] else math.nan for span in SPANS]
        out += [peaks[span - 1] if seen[span - 1] else math.nan for span in SPANS]
        for level in MOVED:         # what was not seen may have been a movement
            moved = ~(recent <= level)
            out.append(math.log1p(moved.argmax() if moved.any() else RECENT))
        moves = np.nan_to_num(recent) > 1
        return [*out, moves[:20].sum(), moves.sum(), total / n if n else math.nan]

    def _heart(self, heart: float | None) -> list[float]:
        state = self.state
        if heart is None:
            state["heart"] = [None, *state["heart"][:WINDOW]]
            state["power"] = [None, *state["power"][:WINDOW]]
            return [math.nan] * len(HEART)
        before, old = at(state["heart"], 0), at(state["power"], WINDOW - 1)
        left = (
            heart**2
            if old is None
            else FADE * old + (1 - FADE) * (at(state["heart"], WINDOW - 1) or heart) ** 2
        )
        change = 0.0 if before is None else WINDOW * (heart ** 2 - before ** 2)
        # what the newest half minute brought to the window's variance
        power = max(left + change, 0.0)
        state["heart"] = [heart, *state["heart"][:WINDOW]]
        state["power"] = [power, *state["power"][:WINDOW]]
        level, root = math.log(heart + .01), math.sqrt(power)
        values = [level] * len(HEART_MEANS) + [root] * len(POWER_MEANS)
        state["means"] = [
            value if mean is None else mean + (value - mean) / span
            for mean, value, span in zip(
                state["means"], values, HEART_MEANS + POWER_MEANS, strict=True
            )
        ]
        total, n = state["heart_tonight"]
        state["heart_tonight"] = [total + level, n + 1]
        levels = [log_of(state["heart"], lag, .01) for lag in HEART_LAGS]
        powers = [log_of(state["power"], lag, .001) for lag in POWER_LAGS]
        changes = [self._change(lag) for lag in POWER_LAGS]
        slow, quick = state["means"][:len(HEART_MEANS)], state["means"][len(HEART_MEANS):]
        return [*levels, *slow, (total + level) / (n + 1), *powers, *changes, *quick]

    def _change(self, lag: int) -> float:
        now, before = at(self.state["heart"], lag), at(self.state["heart"], lag + 1)
        return math.nan if now is None or before is None else WINDOW * (now ** 2 - before ** 2)


def log_of(values: list, place: int, floor: float) -> float:
    value = at(values, place)
    return math.nan if value is None else math.log(value + floor)


def at(values: list, place: int) -> float | None:
    return values[place] if place < len(values) else None
