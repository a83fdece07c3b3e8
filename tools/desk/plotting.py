"""What `tools/plot` draws: a stretch of signal with the beats that were found, and how far to trust
them."""

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

# Before numpy: its BLAS would start a thread per core for the smallest product.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import resvg_py

from device.hardware.bus import Bus
from device.hardware.bus_tape import PlayedSensors, Tape
from device.hardware.sensors import Sensors
from device.sleep.vitals import VitalSigns
from device.values import Readings, Signal, Vitals
from kit.options import made
from kit.raw import chosen, wired

WIDTH, LEFT, RIGHT, HEIGHT, GAP = 1200, 120, 20, 110, 26
INK, FAINT, TRACE, BEAT, TRUST, LOST = (
    "#1c2430",
    "#8a94a3",
    "#1f4e8c",
    "#c0392b",
    "#3a7d44",
    "#d9822b",
)
NAMES = {"ppg": ("red", "infrared"), "motion": ("x", "y", "z")}
SWAY = 2.0              # s: slower than this is taken out of a trace, so that beats can be seen
CLIP = 2.0              # × the middle 90 % of a trace: what moves more is cut off


@dataclass
class Stretch:
    """What was heard and judged in it, s from its start."""
    signals: dict[str, list[Signal]] = field(default_factory=lambda: {"ppg": [], "motion": []})
    vitals: list[Vitals] = field(default_factory=list)


def draw(options: argparse.Namespace) -> int:
    """Writes the picture; 1 where no chip gave a reading. Raises NocturneError."""
    stretch, start = listen(readings(options), options.start, options.seconds)
    if start is None:
        print("tools/plot: no chip gave a reading; tools/doctor says why", file=sys.stderr)
        return 1
    svg = drawn(stretch, start, options.seconds)
    if options.out.suffix == ".svg":
        made(options.out).write_text(svg)
    else:
        made(options.out).write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=svg)))
    print(options.out)
    return 0


def readings(options: argparse.Namespace) -> Iterator[Readings]:
    """From the tape, the board, or simulated chips, drain by drain. Raises NocturneError."""
    if options.tape is not None:
        tape = Tape(options.tape)
        sensors = PlayedSensors(tape)
        for mark in tape.marks:
            yield sensors.drain(mark)
        return
    smbus, clock, tick, _ = wired(options, 1.0)
    sensors = Sensors.find(Bus(smbus), clock, chosen(options))
    due = clock.now()
    while sensors.feeds:
        due = max(due + tick, clock.now())
        clock.sleep(due - clock.now())
        yield sensors.drain(due)


def listen(source: Iterator[Readings], start: float,
           seconds: float) -> tuple[Stretch, float | None]:
    """What was heard in `seconds` after `start`, and when that began; None if nothing was."""
    stretch, signs, first = Stretch(), VitalSigns(), None
    for reading in source:
        first = reading.time if first is None else first
        for role, signals in stretch.signals.items():
            signal = getattr(reading, role)
            if signal is not None and len(signal.values) and reading.time >= first + start:
                signals.append(signal)
        stretch.vitals += signs.add(reading)
        if reading.time >= first + start + seconds + 3:     # beats are told a little later
            break
    heard = any(stretch.signals.values())
    return stretch, first + start if heard else None


def drawn(stretch: Stretch, start: float, seconds: float) -> str:
    """SVG."""
    rows = [(role, channel) for role, signals in stretch.signals.items() if signals
            for channel in range(signals[0].values.shape[1])]
    height = GAP + (HEIGHT + GAP) * len(rows) + 30

    def x(time):
        return LEFT + (WIDTH - LEFT - RIGHT) * (time - start) / seconds

    parts = [f'<rect width="{WIDTH}" height="{height}" fill="white"/>']
    inside = [v for v in stretch.vitals if start < v.time <= start + seconds]
    for vitals in inside:
        quality = vitals.heart_rate.quality if vitals.heart_rate else 0.0
        left = x(max(vitals.time - 1, start))
        parts.append(
            f'<rect x="{left:.1f}" y="{GAP}" width="{x(vitals.time) - left:.1f}" '
            f'height="{height - 30 - GAP}" fill="{TRUST}" fill-opacity="{0.25 * quality:.3f}"/>'
        )
        if vitals.heart_rate and round(vitals.time) % 5 == 0:
            parts.append(
                text(x(vitals.time), GAP - 6, f"{vitals.heart_rate.value:.0f}/min", TRUST, "middle")
            )
    beats = [
        beat
        for vitals in stretch.vitals
        for beat in vitals.beats
        if start <= beat <= start + seconds
    ]
    for beat in beats:
        parts.append(
            f'<line x1="{x(beat):.1f}" x2="{x(beat):.1f}" y1="{GAP}" y2="{height - 30}" '
            f'stroke="{BEAT}" stroke-opacity="0.45"/>'
        )
    for number, (role, channel) in enumerate(rows):
        top = GAP + number * (HEIGHT + GAP)
        parts += trace(stretch.signals[role], role, channel, start, seconds, x, top)
    for second in range(0, int(seconds) + 1, 5):
        parts.append(text(x(start + second), height - 10, f"{second} s", FAINT, "middle"))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'font-family="DejaVu Sans, sans-serif" font-size="12">{"".join(parts)}</svg>')


def trace(signals: list[Signal], role: str, channel: int, start: float, seconds: float, x,
          top: float) -> list[str]:
    """One channel, its slow sway taken out; lost readings leave a gap."""
    times = [signal.start + np.arange(len(signal.values)) / signal.rate for signal in signals]
    values = np.concatenate([signal.values[:, channel] for signal in signals]).astype(float)
    width = max(round(SWAY * signals[0].rate), 1) | 1
    padded = np.pad(values, width // 2, mode="edge")
    flat = values - np.convolve(padded, np.ones(width) / width, mode="valid")
    low, high = np.percentile(flat, [5, 95])
    reach = CLIP * max(high - low, 1e-9) / 2
    middle = top + HEIGHT / 2
    y = middle - np.clip(flat, -reach, reach) / reach * HEIGHT / 2
    unit = "counts" if role == "ppg" else "m/s²"
    parts = [
        text(6, middle - 4, f"{NAMES[role][channel]}", INK),
        text(6, middle + 12, f"±{reach:.3g} {unit}", FAINT),
    ]
    at, line = 0, []
    for signal, taken in zip(signals, times, strict=True):
        if signal.lost and line:
            parts.append(path(line))
            parts.append(
                f'<rect x="{x(taken[0]) - 3:.1f}" y="{top}" width="3" height="{HEIGHT}" '
                f'fill="{LOST}"/>'
            )
            line = []
        for time, height in zip(taken, y[at:at + len(taken)], strict=True):
            if start <= time <= start + seconds:
                line.append(f"{x(time):.1f},{height:.1f}")
        at += len(taken)
    return [*parts, path(line)] if line else parts


def path(points: list[str]) -> str:
    return (
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{TRACE}" stroke-width="1.2"/>'
    )


def text(x: float, y: float, words: str, colour: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{words}</text>'
