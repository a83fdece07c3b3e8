"""What happens in the simulated sleeper's night: stages, trips out of bed, movements, breathing and
heart beats.

Stage changes follow the 22 polysomnography nights of Walch et al. 2019 (doi 10.1093/sleep/zsz180;
PhysioNet sleep-accel 1.0.0, ODC-By), counted from the first sleep to the last; what the body does
in each stage is set so that activity counts and heart-rate variability of the simulated wrist
resemble theirs (`tests/sim/test_sleeper.py` compares them).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from device.values import EPOCH, STAGES, Stage

THIRD = 150 * 60.0  # s: the stage changes of the first 2.5 h, the next 2.5 h and the rest differ
# [part of the night][from][to], in the order of STAGES: wake, light, deep, REM
CHANGES = np.array(
    [
        [
            [0.590, 0.407, 0.000, 0.003],
            [0.027, 0.940, 0.024, 0.009],
            [0.012, 0.031, 0.957, 0.000],
            [0.010, 0.036, 0.000, 0.954],
        ],
        [
            [0.771, 0.224, 0.000, 0.005],
            [0.020, 0.959, 0.007, 0.014],
            [0.019, 0.043, 0.938, 0.000],
            [0.006, 0.031, 0.000, 0.963],
        ],
        [
            [0.598, 0.371, 0.000, 0.031],
            [0.023, 0.954, 0.003, 0.020],
            [0.012, 0.039, 0.949, 0.000],
            [0.012, 0.029, 0.000, 0.959],
        ],
    ]
)
# per 8 h, of 5 min and more; they do not fit a chain without memory (19 in the 22 nights)
LONG_WAKINGS = 1.0


@dataclass(frozen=True, slots=True)
class Habit:
    """What a body does in one stage."""
    heart: float        # /min above the sleeper's own resting rate
    drift: float        # /min: SD of slow changes of the heart rate
    sinus: float        # /min: amplitude of respiratory sinus arrhythmia
    breathing: float    # /min
    irregular: float    # share: SD of the breathing rate
    bouts: float        # movements per hour
    force: float        # m/s²: median amplitude of a movement at the wrist


HABITS = {
    Stage.WAKE: Habit(
        heart=7.0, drift=4.0, sinus=1.6, breathing=15.5, irregular=0.12, bouts=34, force=2.6
    ),
    Stage.LIGHT: Habit(
        heart=0.5, drift=1.7, sinus=2.2, breathing=14.2, irregular=0.05, bouts=3.6, force=1.4
    ),
    Stage.DEEP: Habit(
        heart=0.0, drift=0.8, sinus=2.4, breathing=13.8, irregular=0.025, bouts=1.6, force=1.2
    ),
    Stage.REM: Habit(
        heart=2.5, drift=3.4, sinus=1.4, breathing=15.0, irregular=0.11, bouts=3.0, force=1.3
    ),
}
TURNS = 0.25            # share of movements that end in another posture
AFOOT = 2.5             # m/s²: out of bed
GRID = 4.0              # Hz: of everything that is drawn for the whole night
# Gravity as the wrist sees it lying on the back, sides and belly; unit vectors, m/s² after scaling.
POSTURES = np.array(
    [
        [0.10, 0.15, 0.98],
        [0.85, 0.20, 0.48],
        [-0.80, 0.25, 0.54],
        [0.15, -0.35, -0.92],
        [0.35, 0.88, 0.32],
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Bout:
    start: float        # s
    length: float       # s
    force: float        # m/s²
    posture: int        # at its end


def hypnogram(rng: np.random.Generator, epochs: int, latency: float) -> list[Stage]:
    """Stages of `epochs` epochs of 30 s: awake for `latency` minutes, then a chain; long wakings
    are put in apart."""
    awake = min(round(latency * 60 / EPOCH), epochs)
    states = [0] * awake
    state = 1
    while len(states) < epochs:
        states.append(state)
        part = min(int((len(states) - awake) * EPOCH / THIRD), len(CHANGES) - 1)
        state = int(np.searchsorted(np.cumsum(CHANGES[part, state])[:-1], rng.random(), "right"))
    hours = (epochs - awake) * EPOCH / 3600
    wanted = max(rng.poisson(LONG_WAKINGS * hours / 8), int(hours >= 6))
    for _ in range(wanted):
        length = int(rng.integers(10, 40))
        first = awake + int(rng.uniform(.15, .9) * (epochs - awake))
        for epoch in range(first, min(first + length, epochs)):
            states[epoch] = 0
        if first + length < epochs:
            states[first + length] = 1
    return [STAGES[state] for state in states]


def bouts(
    rng: np.random.Generator, stages: Sequence[Stage], away: Sequence[tuple[float, float]]
) -> list[Bout]:
    """Movements of the whole night in order, none overlapping; getting up is one long movement."""
    wanted = [(start, length, AFOOT) for start, length in away]
    for epoch, stage in enumerate(stages):
        habit = HABITS[stage]
        woke = stage is Stage.WAKE and epoch > 0 and stages[epoch - 1] is not Stage.WAKE
        for _ in range(
            max(rng.poisson(habit.bouts * EPOCH / 3600), int(woke and rng.random() < 0.6))
        ):
            length = float(np.clip(rng.lognormal(np.log(6), .7), 1.5, 40))
            force = float(np.clip(habit.force * rng.lognormal(0, .6), .1, 4))
            wanted.append(((epoch + rng.random()) * EPOCH, length, force))
    posture = int(rng.integers(len(POSTURES)))
    moves = [Bout(0.0, 1.0, .5, posture)]
    end = 1.0
    for start, length, force in sorted(wanted):
        if start < end:
            continue
        if rng.random() < TURNS or force == AFOOT:
            posture = int((posture + rng.integers(1, len(POSTURES))) % len(POSTURES))
        moves.append(Bout(start, length, force, posture))
        end = start + length
    return moves


def smooth(noise: np.ndarray, seconds: float) -> np.ndarray:
    """Noise (n,) on GRID low-passed by a Hann window, SD 1 again."""
    window = np.hanning(2 * round(seconds * GRID) + 1)
    return np.convolve(noise, window / np.sqrt((window ** 2).sum()), "same")


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """Breathing and heart of the whole night."""
    breath: np.ndarray      # (n,) cycles since the start, on GRID
    breathing: np.ndarray   # (n,) /min, on GRID
    beats: np.ndarray       # (m,) s: R peaks
    rate: np.ndarray        # (m − 1,) /min: of each interval


def rhythm(
    rng: np.random.Generator, stages: Sequence[Stage], moves: Sequence[Bout], rest: float
) -> Rhythm:
    """An integral pulse frequency model: the heart beats whenever the integral of its rate passes a
    whole number."""
    each = round(EPOCH * GRID)
    n = len(stages) * each + 1
    ease = np.hanning(round(60 * GRID))
    ease /= ease.sum()

    def course(name: str) -> np.ndarray:
        steps = np.repeat([getattr(HABITS[stage], name) for stage in stages], each)
        padded = np.r_[np.full(len(ease), steps[0]), steps, np.full(len(ease) + 1, steps[-1])]
        return np.convolve(padded, ease, "same")[len(ease):len(ease) + n]

    breathing = course("breathing") * np.exp(
        course("irregular") * smooth(rng.standard_normal(n), 8)
    )
    breath = np.r_[0.0, np.cumsum(breathing[:-1])] / 60 / GRID
    time = np.arange(n) / GRID
    rate = rest + course("heart") - 3.0 * np.minimum(time / 18000, 1.0)
    rate += course("drift") * (
        0.9 * smooth(rng.standard_normal(n), 150) + 0.5 * smooth(rng.standard_normal(n), 15)
    )
    rate += course("sinus") * np.sin(2 * np.pi * breath)
    # a movement is an arousal: the heart speeds up and falls back within half a minute
    for move in moves:
        first, last = int(move.start * GRID), min(int((move.start + move.length + 30) * GRID), n)
        since = np.arange(last - first) / GRID
        rate[first:last] += min(3 + 5 * move.force, 14) * (since / 4) * np.exp(1 - since / 4)
        if move.force == AFOOT:
            rate[first:int((move.start + move.length) * GRID)] += 14
    phase = np.r_[0.0, np.cumsum(np.clip(rate, 38, 150)[:-1])] / 60 / GRID
    beats = np.interp(np.arange(1, int(phase[-1])), phase, time)
    beats += .004 * np.clip(rng.standard_normal(len(beats)), -3, 3)
    return Rhythm(breath, breathing, beats, 60 / np.diff(beats))
