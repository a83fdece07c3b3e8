"""Beds with nobody in them: what an ADXL355 under the mattress feels of machines, streets and music
nearby. Synthetic; levels are those that users of open bed sensors report phantom sleepers at."""

from collections.abc import Iterator

import numpy as np
from scipy import signal

from areas.vitals.nights import ADXL355_NOISE, ADXL355_STEP, BCG_RATE
from device.sleep.epochs import Epochs
from device.sleep.movement import GRAVITY
from device.sleep.stager import Stager
from device.sleep.vitals import VitalSigns
from device.values import Readings, Signal

PIECE = 600.0           # s that are generated at once
TICK = 2.0              # s of readings at a time


def phase(t: np.ndarray, hertz: float, wander: float, rng: np.random.Generator) -> np.ndarray:
    """Cycles of a tone whose frequency wanders by a share `wander` over some ten seconds."""
    slow = np.convolve(rng.standard_normal(len(t) + 1250), np.hanning(1251), "valid")
    slow /= max(slow.std(), 1e-9)
    return np.cumsum(hertz * (1 + wander * slow[:len(t)])) / BCG_RATE


def ring(t: np.ndarray, begins: np.ndarray, sizes: np.ndarray, hertz: float,
         fade: float) -> np.ndarray:
    """Thumps that ring at `hertz` and fade within `fade` s."""
    out = np.zeros(len(t))
    for begin, size in zip(begins, sizes, strict=True):
        near = slice(*np.searchsorted(t, (begin, begin + 6 * fade)))
        since = t[near] - begin
        out[near] += size * np.exp(-since / fade) * np.sin(2 * np.pi * hertz * since)
    return out


def even_fan(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    turn = phase(t, rng.uniform(8, 24), 0.002, rng)
    return rng.uniform(2e-3, 1e-2) * (np.sin(2 * np.pi * turn) + 0.3 * np.sin(np.pi * turn))


def uneven_fan(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    turn, wobble = phase(t, rng.uniform(3, 9), 0.003, rng), phase(
        t, rng.uniform(0.7, 1.8), rng.uniform(0.002, 0.03), rng)
    deep = rng.uniform(0.3, 0.9)
    return rng.uniform(2e-3, 1e-2) * np.sin(2 * np.pi * turn) * (
        1 + deep * np.sin(2 * np.pi * wobble))


def two_fans(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    first = rng.uniform(5, 13)
    other = first + rng.uniform(0.7, 2.0)
    return rng.uniform(2e-3, 8e-3) * (np.sin(2 * np.pi * phase(t, first, 0.002, rng))
                                      + rng.uniform(0.5, 1) * np.sin(
                                          2 * np.pi * phase(t, other, 0.002, rng)))


def air_pump(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    each = rng.uniform(0.7, 1.6)
    begins = t[0] + np.cumsum(each * (1 + rng.uniform(0, 0.004) * rng.standard_normal(
        int(len(t) / BCG_RATE / each))))
    sizes = rng.uniform(5e-3, 2.5e-2) * (1 + 0.03 * rng.standard_normal(len(begins)))
    return ring(t, begins, sizes, rng.uniform(4, 9), rng.uniform(0.05, 0.15))


def aquarium_pump(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    hum = np.sin(2 * np.pi * phase(t, 50.0, 2e-4, rng))
    bubbles = rng.poisson(rng.uniform(1, 4) / BCG_RATE, len(t)) * rng.exponential(1, len(t))
    return rng.uniform(1e-3, 5e-3) * hum + 1e-3 * np.convolve(bubbles, np.hanning(9), "same")


def spin(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    top = rng.uniform(12, 22)
    speed = top * np.clip(np.interp(t - t[0], [0, 120, 240, 480, 540, 600],
                                    [0.05, 0.4, 1, 1, 0.1, 0.05]), 0, 1)
    turn = np.cumsum(speed) / BCG_RATE
    return rng.uniform(1e-2, 6e-2) * (speed / top) ** 2 * np.sin(2 * np.pi * turn)


def unbalanced_spin(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    drum = rng.uniform(8, 16)
    return rng.uniform(5e-3, 3e-2) * (np.sin(2 * np.pi * phase(t, drum, 0.002, rng))
                                      + 0.7 * np.sin(2 * np.pi * phase(
                                          t, drum + rng.uniform(0.7, 1.6), 0.002, rng)))


def lorry(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sos = signal.butter(2, (5, 15), "bandpass", fs=BCG_RATE, output="sos")
    rumble = signal.sosfilt(sos, rng.standard_normal(len(t)))
    loud, at = np.zeros(len(t)), t[0] + rng.exponential(60)
    while at < t[-1]:
        loud += rng.uniform(5e-3, 4e-2) * np.exp(-(((t - at) / rng.uniform(2, 6)) ** 2))
        at += rng.exponential(90)
    return loud * rumble / rumble.std()


def bass_music(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    each = 60 / rng.uniform(70, 135)
    beats = t[0] + each * np.arange(int(len(t) / BCG_RATE / each))
    played = np.repeat(rng.random(len(beats) // 16 + 1) < 0.85, 16)[:len(beats)]
    accents = np.resize([1.0, 0.6, 0.8, 0.6], len(beats))
    return ring(t, beats[played], rng.uniform(3e-3, 1.5e-2) * accents[played],
                rng.uniform(12, 28), 0.08)


def hum(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(1e-3, 1e-2) * np.sin(2 * np.pi * phase(t, 50.0, 2e-4, rng))


def clock_tick(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    seconds = np.arange(np.ceil(t[0]), t[-1])
    return ring(t, seconds, rng.uniform(2e-3, 8e-3) * np.resize([1.0, 0.8], len(seconds)),
                rng.uniform(8, 20), 0.03)


def door(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    begins = rng.uniform(t[0], t[-1], rng.poisson((t[-1] - t[0]) / 400))
    return ring(t, begins, rng.uniform(0.05, 0.5, len(begins)), rng.uniform(6, 18), 0.2)


KINDS = {
    "even fan": even_fan, "uneven fan": uneven_fan, "two fans": two_fans, "air pump": air_pump,
    "aquarium pump": aquarium_pump, "spin": spin, "unbalanced spin": unbalanced_spin,
    "lorry": lorry, "bass music": bass_music, "hum": hum, "clock tick": clock_tick, "door": door,
}


PASSING = ("lorry", "door")             # come by chance; machines are the same all night


def empty_bed(kind: str, draw: int, hours: float, seed: int = 40,
              stride: int = 1) -> Iterator[np.ndarray]:
    """(n, 3) m/s² at BCG_RATE, every `stride`-th PIECE s of the night."""
    steps = int(PIECE * BCG_RATE)
    key = [seed, draw, *map(ord, kind)]
    about = np.random.default_rng(key)
    direction = about.normal(0, 1, 3)
    direction /= np.linalg.norm(direction)
    for piece in range(0, int(np.ceil(hours * 3600 / PIECE)), stride):
        rng = np.random.default_rng([*key, piece, 1] if kind in PASSING else key)
        t = (np.arange(steps) + piece * steps) / BCG_RATE
        noise = np.random.default_rng([*key, piece])
        motion = np.outer(KINDS[kind](t, rng), direction)
        motion += ADXL355_NOISE * noise.standard_normal((steps, 3)) + [0.3, -0.2, GRAVITY]
        yield np.round(motion / ADXL355_STEP) * ADXL355_STEP


def night(kind: str, draw: int, hours: float, stride: int = 1) -> tuple[float, float, bool]:
    """Shares of its seconds with a heart rate told and with somebody there, and whether sleep was
    told. What the stride leaves out is as if it had never been: the night goes on without a gap."""
    signs, epochs, stager = VitalSigns(), Epochs(0.0), Stager.load()
    told, present, seconds, asleep, count = 0, 0, 0, False, 0
    step = int(TICK * BCG_RATE)
    for motion in empty_bed(kind, draw, hours, stride=stride):
        for first in range(0, len(motion), step):
            part = motion[first:first + step]
            start, count = count / BCG_RATE, count + len(part)
            for vitals in signs.add(
                    Readings(count / BCG_RATE, None, Signal(part, start, BCG_RATE))):
                seconds += 1
                told += vitals.heart_rate is not None
                present += vitals.present is True
                for epoch in epochs.add(vitals):
                    asleep |= stager.judge(epoch, 0.0).asleep
    return told / seconds, present / seconds, asleep


def figures(draws: int, hours: float,
            stride: int = 1) -> tuple[dict[str, float], list[dict[str, object]]]:
    """Share of seconds with a heart rate, with somebody there, and of beds with sleep told; by
    kind."""
    rows = [(kind, *night(kind, draw, hours, stride)) for kind in KINDS for draw in range(draws)]
    names = ("told", "present", "asleep")
    kinds = [{"kind": kind, **dict(zip(names, np.mean(
        [row[1:] for row in rows if row[0] == kind], axis=0).tolist(), strict=True))}
        for kind in KINDS]
    whole = np.mean([row[1:] for row in rows], axis=0).tolist()
    return dict(zip(names, whole, strict=True)), kinds
