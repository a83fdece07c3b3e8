"""What `tools/calibrate --empty-bed` learns: the lines of a bed's machines, while nobody is in it.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from device import stored
from device.config import Config
from device.errors import NocturneError
from device.hardware.bus import Bus
from device.hardware.sensors import Sensors
from device.sleep.bcg import Ballistocardiogram
from device.sleep.empty_bed import FILE, MOST, EmptyBed, Line
from device.sleep.movement import Movement
from device.sleep.resampling import RATE, Grid
from kit.options import made
from kit.raw import chosen, wired

ENOUGH = 240            # s of readings that are enough to learn from
MOVED = 0.02            # share of them in which something moved: then it isn't empty
SLOW = 4                # Hz: of the sway that is kept
BREATHS = (0.1, 0.65)   # Hz
# Hz about a line: a machine keeps its pace within 1 %. Breaths that vary by 5 %, each by itself,
# are a line as narrow as .0024 Hz, so it is looked at as closely as its minutes allow.
STEADY, ABOUT = 0.003, 0.06
LOBE = 3.0              # over the s that were heard, Hz: as narrow as a line can be told
HEARTS = 0.2            # share of the seconds in which an uneven rhythm beside a sway is somebody's
GATHERED = 0.7          # of the power about it that a machine has so near
SWAYS = 4e-4            # m/s² RMS: less can't pass for a breath (device.sleep.body.SWAY)
RINGS = (2.5, 14.0)     # Hz
PIECE = 8               # s of a spectrum of the ringing
CLEAR = 20.0            # times the power of its surroundings that a line has
AROUND = 1.5            # Hz: those
DROWNS = 1.5e-3         # m/s² RMS: a softer line drowns no heart, while its hole takes some of it
SEEN = 0.05             # share of the seconds in which a rhythm must have been felt
SAME = 2.0              # /min: within which it is the same one


def learn(seconds: Sequence[np.ndarray | None]) -> EmptyBed:
    """Of seconds (RATE, 3) m/s², None where readings are missing.

    Raises ValueError where too little was heard, or somebody is in it.
    """
    heard = [block for block in seconds if block is not None]
    if len(heard) < ENOUGH:
        raise ValueError(f"only {len(heard)} s were heard, of {ENOUGH} at least")
    motion = np.concatenate(heard)
    ring = rings(motion)
    bed = Ballistocardiogram(EmptyBed(ring=ring))
    movement, felt, loud, moved, living = Movement(), [], [], 0, 0
    for second, block in enumerate(seconds):
        swing = movement.add(block)
        bed.add(second, block, swing.movement if swing else 0.0)
        moved += bool(bed.body.stirs) and bed.body.stirs[-1]
        loud.append(bed.loud)
        if bed.felt.rate is not None:
            felt.append(bed.felt.rate.value)
            living += not bed.felt.even
    if moved > MOVED * len(seconds):
        raise ValueError(f"something moved it in {moved} of {len(seconds)} s")
    swaying = sways(motion)
    if swaying and living > HEARTS * len(seconds):
        raise ValueError("it sways as if somebody breathed, beside a rhythm as a heart's")
    return EmptyBed(swaying, ring, rhythms(np.array(felt), SEEN * len(seconds)),
                    round(float(np.percentile(loud, 90)), 7))


def rhythms(felt: np.ndarray, least: float) -> tuple[float, ...]:
    """The rates, /min, that at least so many of the `felt` ones are, the commonest first."""
    found: list[float] = []
    while len(felt) >= least and len(found) < MOST:
        near = np.abs(felt[:, None] - felt) <= SAME
        common = felt[near[np.argmax(near.sum(axis=1))]]
        if len(common) < least:
            break
        found.append(round(float(np.median(common)), 2))
        felt = felt[np.abs(felt - found[-1]) > SAME]
    return tuple(found)


def sways(motion: np.ndarray) -> tuple[Line, ...]:
    """Lines of (n, 3) m/s² on the grid that are as slow as breathing.

    Raises ValueError where one of them isn't as steady as a machine: somebody breathes.
    """
    step = RATE // SLOW
    window = np.hanning(RATE + 2)[1:-1] / np.hanning(RATE + 2).sum()
    slow = np.stack([np.convolve(axis, window, "valid")[::step] for axis in motion.T], axis=1)
    power, hertz = spectrum(slow - slow.mean(axis=0), SLOW, len(slow))
    found: list[Line] = []
    while len(found) < MOST:
        inside = (hertz >= BREATHS[0]) & (hertz <= BREATHS[1])
        peak = float(hertz[np.argmax(np.where(inside, power, 0.0))])
        steady = max(STEADY, LOBE * SLOW / len(slow))
        near, about = (np.abs(hertz - peak) <= width for width in (steady, ABOUT))
        rms = float(np.sqrt(power[about].sum()))
        if rms < SWAYS:
            break
        if power[near].sum() < GATHERED * power[about].sum():
            raise ValueError(
                f"something sways it about {60 * peak:.0f} times a minute, as unsteadily as "
                "somebody who breathes"
            )
        found.append(Line(round(peak, 4), round(rms, 7)))
        power[about] = 0.0
    return tuple(found)


def rings(motion: np.ndarray) -> tuple[Line, ...]:
    """Lines of (n, 3) m/s² on the grid that are as high as a heart's recoil, the loudest first."""
    power, hertz = spectrum(motion - motion.mean(axis=0), RATE, PIECE * RATE)
    reach = int(AROUND * PIECE)
    found = []
    for place in range(int(RINGS[0] * PIECE), int(RINGS[1] * PIECE) + 1):
        around = power[place - reach:place + reach + 1]
        if power[place] == around[reach - 2:reach + 3].max() > CLEAR * np.median(around):
            rms = float(np.sqrt(power[place - 2:place + 3].sum()))
            if rms > DROWNS:
                found.append(Line(float(hertz[place]), round(rms, 7)))
    return tuple(sorted(found, key=lambda line: -line.rms)[:MOST])


def spectrum(values: np.ndarray, rate: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean square by frequency (Welch, Hann, halves overlap) summed over axes, and Hz."""
    window = np.hanning(size + 2)[1:-1, None]
    pieces = [values[start:start + size] for start in range(0, len(values) - size + 1, size // 2)]
    power = np.mean([np.abs(np.fft.rfft(piece * window, axis=0)) ** 2 for piece in pieces], axis=0)
    return 2 * power.sum(axis=1) / (size * float((window**2).sum())), np.arange(
        size // 2 + 1) * rate / size


def calibrate(options: argparse.Namespace) -> int:
    """Listen to the bed for options.minutes and store what it does; 1 where that can't be told."""
    config = Config.load(options.config) if options.config else Config()
    path = options.out or Path(config.diary.path).with_name(FILE)
    try:
        smbus, clock, tick, _ = wired(options, 1.0)
        sensors = Sensors.find(Bus(smbus), clock, chosen(options))
        feed = sensors.feeds.get("motion")
        if feed is None:
            raise ValueError("no accelerometer answers; tools/doctor says what to check")
        print(f"listening to {feed.chip} for {options.minutes:g} min: nobody in the bed, its "
              "machines on as at night", flush=True)
        found = learn(listened(sensors, clock, tick, 60 * options.minutes))
        made(path).write_text(json.dumps(stored.plain(found), indent=1) + "\n", encoding="utf-8")
    except (NocturneError, ValueError, OSError) as trouble:
        print(f"calibrate: {trouble}; nothing was stored", file=sys.stderr)
        return 1
    print(described(found))
    print(f"stored in {path}; the next start of nocturne.service knows it")
    return 0


def listened(sensors: Sensors, clock, tick: float, seconds: float) -> list[np.ndarray | None]:
    """The accelerometer's next seconds on the grid."""
    grid, blocks = Grid(), []
    start = due = clock.now()
    second = int(start) + 2
    while due < start + seconds:
        due = max(due + tick, clock.now())
        clock.sleep(due - clock.now())
        motion = sensors.drain(due).motion
        if motion is not None:
            grid.add(motion)
        while second < due - 1:
            blocks.append(grid.take(second))
            second += 1
    return blocks


def described(found: EmptyBed) -> str:
    """For a person."""
    def lines(of: Sequence[Line]) -> str:
        return ", ".join(f"{line.hertz:.3g} Hz at {1000 * line.rms:.2g} mm/s²" for line in of)
    told = [f"{what} {lines(of)}" for what, of in (
        ("sways at", found.sway), ("rings at", found.ring)) if of]
    if found.rates:
        told.append("throbs " + ", ".join(f"{rate:.0f}" for rate in found.rates) + " times a min")
    return "the empty bed " + ("; ".join(told) if told else "is still: there is nothing to learn")
