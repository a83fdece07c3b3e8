"""Whole nights through the judging chain: a simulated sleeper through the chips, and real beats from the beats on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.clock import VirtualClock
from device.hardware.bus import Bus
from device.hardware.sensors import Sensors
from device.sim.bus import SimBus
from device.sim.parts import BEDTIME, Desk, body
from device.sim.sleeper import Sleeper
from device.sleep.epochs import Epochs
from device.sleep.features import WINDOW
from device.sleep.heart_variability import FILTERS, REACH, HeartVariability
from device.sleep.stager import Stager
from device.sleep.vitals import VitalSigns
from device.values import EPOCH, STAGES, Measured, Staging, Vitals

PLAUSIBLE = (300.0, 2000.0)     # ms
JUMP = .3                       # share of the median around it by which an interval may differ
STIRRED = .3                    # share of implausible intervals from which a half minute counts as moved
COUNTS = 150.0                  # activity of a half minute without one plausible interval
AROUND = 11                     # intervals


@dataclass(frozen=True, eq=False)
class Judged:
    name: str
    stagings: list[Staging]
    truth: np.ndarray | None        # (n,) place in STAGES, of a simulated sleeper
    heart: tuple[float, float] | None = None    # see `heart_difference`


def simulated(seed: int, hours: float, build: str = "clip") -> Judged:
    """A simulated night through simulated chips, real drivers, vital signs and stager. `build`: as in tools/night."""
    clock = VirtualClock()
    desk = Desk(out=Path(), hours=hours, seed=seed, build=build)
    chips, tick = body(desk, clock)
    sensors = Sensors.find(Bus(SimBus(chips, clock, None)), clock)
    vital_signs, epochs, stager = VitalSigns(), Epochs(BEDTIME), Stager.load()
    stagings = []
    while clock.now() < hours * 3600:
        clock.sleep(tick)
        for vitals in vital_signs.add(sensors.drain(clock.now())):
            stagings += [stager.judge(epoch, BEDTIME) for epoch in epochs.add(vitals)]
    slept = Sleeper(seed, max(hours - BEDTIME / 3600, .1), BEDTIME)
    truth = np.array([STAGES.index(stage) for stage in slept.hypnogram])
    n = min(len(stagings), len(truth))
    return Judged(f"sleeper {seed}, {build}", stagings[:n], truth[:n])


def real_nights(data: Path) -> Iterator[Judged]:
    """Each night of night_rr_bcgsleep.npz from its beats on. Nobody recorded movement: it is taken to be where the
    intervals fall apart, since a moving body is what spoils them."""
    with np.load(data / "night_rr_bcgsleep.npz") as file:
        for key in sorted(key for key in file.files if key.startswith("rr_ms_")):
            name = key.removeprefix("rr_ms_")
            interval, time = file[key].astype(float), file[f"t_s_{name}"]
            yield Judged(name.replace("_", ", "), judge_beats(interval, time), None, heart_difference(interval, time))


def judge_beats(interval: np.ndarray, time: np.ndarray) -> list[Staging]:
    """The stagings of a night from its beat-to-beat intervals (n,) ms and their times (n,) s."""
    padded = np.pad(interval, AROUND // 2, mode="edge")
    median = np.median(np.lib.stride_tricks.sliding_window_view(padded, AROUND), axis=1)
    good = (interval > PLAUSIBLE[0]) & (interval < PLAUSIBLE[1]) & (np.abs(interval - median) < JUMP * median)
    half_minute = (time / EPOCH).astype(int)
    bad = np.bincount(half_minute, ~good) / np.maximum(np.bincount(half_minute), 1)
    counts = np.where(bad >= STIRRED, COUNTS * bad, 0.0)
    epochs, stager, out = Epochs(0.0), Stager.load(), []
    for second in range(1, int(time[-1])):
        first, last = np.searchsorted(time, [second - 8, second])
        steady = good[first:last]
        rate = None
        if steady.sum() >= 4:
            rate = Measured(float(60_000 / interval[first:last][steady].mean()), float(steady.mean()))
        vitals = Vitals(float(second), rate, movement=.01, present=True,
                        activity=float(counts[min(int((second - 1) / EPOCH), len(counts) - 1)] / EPOCH))
        out += [stager.judge(epoch, 0.0) for epoch in epochs.add(vitals)]
    return out


def heart_difference(interval: np.ndarray, time: np.ndarray) -> tuple[float, float]:
    """What being causal costs: the board's heart variability beside the training data's kind, whose filter looks ahead
    and whose scale is the whole night's: correlation of the logarithms, and ratio of the medians."""
    half_minute = (time / EPOCH).astype(int)
    good = (interval > PLAUSIBLE[0]) & (interval < PLAUSIBLE[1])
    rate = np.full(half_minute[-1] + 1, np.nan)
    for epoch in range(len(rate)):
        beats = interval[good & (half_minute == epoch)]
        if len(beats) > 10:
            rate[epoch] = 60_000 / np.median(beats)
    known = ~np.isnan(rate)
    rate = np.interp(np.arange(len(rate)), np.flatnonzero(known), rate[known])
    centred = FILTERS[WINDOW // 2][WINDOW // 2 + REACH:][:2 * REACH + 1]       # a row whose filter is whole
    filtered = np.convolve(rate - rate.mean(), centred[::-1], "same")
    scale = np.percentile(np.abs(filtered), 90)
    theirs = np.array([filtered[max(n - WINDOW + 1, 0):n + 1].std() / scale for n in range(len(rate))])
    board = HeartVariability()
    ours = np.array([np.nan if (value := board.add(float(r))) is None else value for r in rate])
    settled = slice(2 * WINDOW, len(rate) - REACH)
    a, b = np.log(ours[settled]), np.log(theirs[settled])
    return float(np.corrcoef(a, b)[0, 1]), float(np.exp(np.median(a) - np.median(b)))
