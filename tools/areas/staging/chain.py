"""Whole nights through the judging chain: simulated chips on a simulated body or on one with a real
night's beats."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from device.sleep.stager import Stager
from device.sleep.vitals import VitalSigns
from device.values import EPOCH, STAGES, Epoch, Stage, Staging
from training.stager.data import Beats

PLAUSIBLE = (300.0, 2000.0)     # ms
JUMP = .3                       # share of the median around it by which an interval may differ
AROUND = 11                     # intervals
STIRRED = .3  # share of implausible intervals from which a half minute counts as moved
STIR = 8.0                      # s that such a movement lasts


@dataclass(frozen=True, eq=False)
class Judged:
    name: str
    stagings: list[Staging]
    truth: np.ndarray | None = None     # (n,) place in STAGES, of a simulated sleeper


def felt(desk: Desk) -> Iterator[Epoch]:
    """The epochs of a night on simulated chips: real drivers and vital signs."""
    clock = VirtualClock()
    chips, tick = body(desk, clock)
    sensors = Sensors.find(Bus(SimBus(chips, clock, None)), clock)
    vital_signs, epochs = VitalSigns(), Epochs(BEDTIME)
    while clock.now() < desk.hours * 3600:
        clock.sleep(tick)
        for vitals in vital_signs.add(sensors.drain(clock.now())):
            yield from epochs.add(vitals)


def judge(desk: Desk) -> list[Staging]:
    """The stagings of such a night."""
    stager = Stager.load()
    return [stager.judge(epoch, BEDTIME) for epoch in felt(desk)]


def of_beats(recording: Beats, build: str) -> list[Epoch]:
    """Somebody's scored beats as a pulse ("clip") or as recoil ("mattress"), felt by chips. Nobody
    recorded movement: where the intervals fall apart the signals are shaken, as they would be, but
    the counts of those made-up movements are not told to the stager."""
    beat = recording.beat
    _, moves = night_of(1000 * np.diff(beat))
    desk = Desk(out=Path(), hours=(beat[-1] + BEDTIME) / 3600, seed=1, build=build,
                sleeper={"real": (beat, moves)})
    return [replace(epoch, activity=None, movement=None, motion_quality=0.0)
            for epoch in felt(desk)]


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
            beats, moves = night_of(file[f"rr_ms_{name}"].astype(float))
            desk = Desk(
                out=Path(),
                hours=(beats[-1] + BEDTIME) / 3600,
                seed=int(person),
                build=build,
                sleeper={"real": (beats, moves)},
            )
            yield Judged(name.replace("_", ", "), judge(desk))


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
