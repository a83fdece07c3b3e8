"""Whole nights through the judging chain: simulated chips on a simulated body or on one with a real
night's beats."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.assembly.desk import BEDTIME, Desk, body
from device.clock import VirtualClock
from device.hardware.bus import Bus
from device.hardware.sensors import Sensors
from device.sim.bus import SimBus
from device.sim.sleeper import Sleeper
from device.sim.sleeper_night import HABITS, POSTURES, Bout
from device.sleep.epochs import Epochs
from device.sleep.features import WINDOW
from device.sleep.heart_variability import FILTERS, REACH, HeartVariability
from device.sleep.stager import Stager
from device.sleep.vitals import VitalSigns
from device.values import EPOCH, STAGES, Stage, Staging

PLAUSIBLE = (300.0, 2000.0)     # ms
JUMP = .3                       # share of the median around it by which an interval may differ
AROUND = 11                     # intervals
STIRRED = .3  # share of implausible intervals from which a half minute counts as moved
STIR = 8.0                      # s that such a movement lasts


@dataclass(frozen=True, eq=False)
class Judged:
    name: str
    stagings: list[Staging]
    truth: np.ndarray | None = None             # (n,) place in STAGES, of a simulated sleeper
    heart: tuple[float, float] | None = None    # see `heart_difference`


def judge(desk: Desk) -> list[Staging]:
    """The stagings of a night on simulated chips: real drivers, vital signs, features and stager.
    """
    clock = VirtualClock()
    chips, tick = body(desk, clock)
    sensors = Sensors.find(Bus(SimBus(chips, clock, None)), clock)
    vital_signs, epochs, stager, out = VitalSigns(), Epochs(BEDTIME), Stager.load(), []
    while clock.now() < desk.hours * 3600:
        clock.sleep(tick)
        for vitals in vital_signs.add(sensors.drain(clock.now())):
            out += [stager.judge(epoch, BEDTIME) for epoch in epochs.add(vitals)]
    return out


def simulated(seed: int, hours: float, build: str = "clip") -> Judged:
    """A simulated sleeper's night. `build`: as in tools/night."""
    stagings = judge(Desk(out=Path(), hours=hours, seed=seed, build=build))
    slept = Sleeper(seed, max(hours - BEDTIME / 3600, .1), BEDTIME)
    truth = np.array([STAGES.index(stage) for stage in slept.hypnogram])
    n = min(len(stagings), len(truth))
    return Judged(f"sleeper {seed}, {build}", stagings[:n], truth[:n])


def real_nights(data: Path, build: str = "clip") -> Iterator[Judged]:
    """The first night of each person in night_rr_bcgsleep.npz, felt by chips. Nobody recorded
    movement: it is taken to be where the intervals fall apart, since a moving body is what spoils
    them; breathing is drawn."""
    with np.load(data / "night_rr_bcgsleep.npz") as file:
        people = {}
        for key in sorted(key for key in file.files if key.startswith("rr_ms_")):
            people.setdefault(key.split("_")[2], key.removeprefix("rr_ms_"))
        for person, name in people.items():
            interval, time = file[f"rr_ms_{name}"].astype(float), file[f"t_s_{name}"]
            beats, moves = night_of(interval)
            desk = Desk(
                out=Path(),
                hours=(beats[-1] + BEDTIME) / 3600,
                seed=int(person),
                build=build,
                sleeper={"real": (beats, moves)},
            )
            yield Judged(name.replace("_", ", "), judge(desk),
                         heart=heart_difference(interval, time))


def night_of(interval: np.ndarray) -> tuple[np.ndarray, list[Bout]]:
    """R peaks (s) and movements from beat-to-beat intervals (n,) ms; implausible ones become the
    median around them."""
    padded = np.pad(interval, AROUND // 2, mode="edge")
    median = np.median(np.lib.stride_tricks.sliding_window_view(padded, AROUND), axis=1)
    good = (
        (interval > PLAUSIBLE[0])
        & (interval < PLAUSIBLE[1])
        & (np.abs(interval - median) < JUMP * median)
    )
    beats = np.cumsum(np.where(good, interval, np.clip(median, *PLAUSIBLE))) / 1000
    half_minute = (beats / EPOCH).astype(int)
    spoilt = np.bincount(half_minute, ~good) / np.maximum(np.bincount(half_minute), 1)
    force = HABITS[Stage.LIGHT].force
    moves = [Bout(0.0, 1.0, .5, 0)]
    for place in np.flatnonzero(spoilt >= STIRRED):
        moves.append(Bout(place * EPOCH + STIR, STIR, force, len(moves) % len(POSTURES)))
    return beats, moves


def heart_difference(interval: np.ndarray, time: np.ndarray) -> tuple[float, float]:
    """What being causal costs: the board's heart variability beside the training data's kind, whose
    filter looks ahead and whose scale is the whole night's: correlation of the logarithms, and
    ratio of the medians."""
    half_minute = (time / EPOCH).astype(int)
    good = (interval > PLAUSIBLE[0]) & (interval < PLAUSIBLE[1])
    rate = np.full(half_minute[-1] + 1, np.nan)
    for epoch in range(len(rate)):
        beats = interval[good & (half_minute == epoch)]
        if len(beats) > 10:
            rate[epoch] = 60_000 / np.median(beats)
    known = ~np.isnan(rate)
    rate = np.interp(np.arange(len(rate)), np.flatnonzero(known), rate[known])
    # a row whose filter is whole
    centred = FILTERS[WINDOW // 2][WINDOW // 2 + REACH:][:2 * REACH + 1]
    filtered = np.convolve(rate - rate.mean(), centred[::-1], "same")
    scale = np.percentile(np.abs(filtered), 90)
    theirs = np.array(
        [filtered[max(n - WINDOW + 1, 0) : n + 1].std() / scale for n in range(len(rate))]
    )
    board = HeartVariability()
    ours = np.array([np.nan if (value := board.add(float(r))) is None else value for r in rate])
    settled = slice(2 * WINDOW, len(rate) - REACH)
    a, b = np.log(ours[settled]), np.log(theirs[settled])
    return float(np.corrcoef(a, b)[0, 1]), float(np.exp(np.median(a) - np.median(b)))
