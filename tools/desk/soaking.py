"""What `tools/soak` does: draw faults, sleep the night, look for what must never happen."""

import argparse
import gc
import json
import math
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
import wave
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from areas.sound.rises import SPAN, STEP, levels, rises
from desk.hostile import startled
from device.assembly.desk import BEDTIME, Desk, night
from device.config import Alarm, Config, Night
from device.diary import reading
from device.hardware.panel import press
from device.session.controls import KNOB
from device.session.fade import AUDIBLE, RISE, SILENT, Course, root
from device.session.modes import NEXT, Event, Mode
from device.sim.faults import Plan, Wanted
from device.sound.settings import NOMINAL
from device.values import TICK, Asleep, Command, Recipe, Scene, Volume
from kit.interrupt import stopping
from kit.options import STOPPED

HANG = 5.0              # s that one tick may take of real time
RISE_HEARD, WAVER = 0.5, 0.25       # dB/s: promised, and what pink noise does by itself
GROWTH = 20.0           # MB that many nights may add once everything is warm
WARM = 5                # nights
COMMANDS = (
    ("volume", 0.3),
    ("volume", 1.0),
    ("sound", False),
    ("sound", True),
    ("stop", None),
    ("timer", 5.0),
    ("programme", "slow tide"),
    ("programme", "auto"),
    ("programme", "no such thing"),
    ("volume_cap", 0.5),
    ("identify", None),
    ("message", "sleep well"),
    ("alarm", None),
)


class Told(NamedTuple):
    """What the sound process heard, when, and whether somebody had fallen asleep by then."""
    time: float             # s
    message: Scene | Volume
    slept: bool


class Watched:
    """A night's sound link that remembers what it was told, and may be away for a while."""

    def __init__(self, mine):
        self._mine, self._sound, self._clock = mine, mine.parts.world.sound, mine.clock
        self.away = False
        self.told: list[Told] = []
        self.slept: list[tuple[float, bool]] = []       # when it was told that somebody may sleep

    def __getattr__(self, name):
        return getattr(self._sound, name)

    def send(self, message) -> bool:
        if isinstance(message, Asleep):
            self.slept.append((self._clock.now(), message.maybe))
        if isinstance(message, Scene | Volume) and not self.away:
            self.told.append(Told(self._clock.now(), message, self._mine.state.tonight.slept))
        return False if self.away else self._sound.send(message)

    def heartbeat(self):
        return None if self.away else self._sound.heartbeat()


def run(options: argparse.Namespace) -> int:
    """Plays the sequences, sleeps the nights and prints what was found in them; 1 if anything was.
    """
    found: Counter = Counter({"lost rows": 0, "startles": 0, "wrong modes": 0, "hangs": 0})
    faults: Counter = Counter()
    began, nights, warm = time.monotonic(), 0, resident()
    with tempfile.TemporaryDirectory() as folder, stopping() as stopped:
        played, steepest = hostile(options, found, stopped)
        for number in range(options.nights):
            seed = options.seed * 100_003 + number
            troubles = soak(Path(folder) / "night", seed, options.night_minutes, faults,
                            options.heard)
            for kind, detail in troubles:
                print(f"night {number} (seed {seed}): {kind}: {detail}", file=sys.stderr)
                found[kind] += 1
            gc.collect()
            nights = number + 1
            if number == min(WARM, options.nights) - 1:
                warm = resident()
            if stopped.is_set():
                break
    growth = resident() - warm
    found["memory growth"] = int(growth > GROWTH)
    result = {"nights": nights, "sequences": played, "steepest": round(steepest, 2),
              "seconds": round(time.monotonic() - began, 1), **found,
              "growth_mb": round(growth, 1), "faults": dict(faults)}
    print(
        json.dumps(result, indent=1)
        if options.json
        else "  ".join(f"{k}: {v}" for k, v in result.items())
    )
    return STOPPED if stopped.is_set() else int(any(found.values()))


def hostile(options: argparse.Namespace, found: Counter, stopped: threading.Event
            ) -> tuple[int, float]:
    """How many sequences were played at the sound process, and the steepest rise heard, dB/s."""
    played, steepest, seed = 0, 0.0, options.seed * 100_003
    while played < options.hostile and not stopped.is_set():
        told, seed = startled(seed), seed + 1
        if told is None:
            continue
        played, steepest = played + 1, max(steepest, told[0])
        if told[0] > told[1]:
            print(f"sequence {seed - 1}: {told[0]:.2f} dB/s, not {told[1]:.2f}", file=sys.stderr)
            found["startles"] += 1
        if played % 50 == 0:
            print(f"{played} sequences, the steepest {steepest:.2f} dB/s", file=sys.stderr)
    return played, steepest


def soak(out: Path, seed: int, minutes: float, faults: Counter,
         heard: bool = False) -> list[tuple[str, str]]:
    """One night with faults drawn from `seed`; what went wrong, as (kind, detail). `heard`: its
    sound is rendered and measured."""
    rng = np.random.default_rng(seed)
    shutil.rmtree(out, ignore_errors=True)
    build = str(rng.choice(["clip", "clip", "mattress", "none"]))
    addresses = {"clip": [0x57, 0x18], "mattress": [0x1D], "none": []}[build]
    plan = (
        Plan.drawn(rng, 60 * minutes, addresses,
                   Wanted(float(rng.choice([0, 0.002, 0.02])), resets=int(rng.integers(2)),
                          unplugged=int(rng.integers(2)), stuck=int(rng.integers(2))), start=30.0)
        if addresses and rng.random() < 0.7
        else None
    )
    body = {"latency": float(rng.uniform(2, 8)), "nobody": bool(rng.random() < 0.1)}
    if rng.random() < 0.2:
        body["sensor_off"] = [(minutes / 3, minutes / 5)]
    config = Config(
        night=Night(
            fade=float(rng.uniform(2, 6)),
            timer=5.0,
            masking=float(rng.choice([0, 3])),
            keep_playing=bool(rng.random() < 0.2),
        ),
        alarm=Alarm(time=f"22:{min(round(minutes), 60) - 1:02d}" if rng.random() < 0.2 else ""),
    )
    faults.update({build: 1, "bus faults": plan is not None, "nobody": body["nobody"]})
    slowest = 0.0
    desk = Desk(out, hours=minutes / 60, seed=seed % 2**31, build=build,
                audio_minutes=minutes + 1 if heard else 0, faults=plan, sleeper=body)
    with night(config, desk) as (mine, pins):
        watched = Watched(mine)
        mine.parts = mine.parts.having(sound=watched)
        if heard:
            play_steadily(mine)
        disturb(rng, mine, pins, watched, minutes, faults)
        tick = mine.on_tick

        def timed(now: float) -> None:
            nonlocal slowest
            before = time.monotonic()
            tick(now)
            slowest = max(slowest, time.monotonic() - before)
        mine.on_tick = timed
        mine.run(until=60 * minutes)
        mine.diary.flush()
    troubles = judge(out / "diary.sqlite", watched, mine, slowest)
    return [*troubles, *heard_startles(out / "night.wav", watched)] if heard else troubles


def play_steadily(mine) -> None:
    """What wavers little by itself, so that a rise can be told from it."""
    choose = mine.parts.mind.recommender.choose
    steady = Recipe(textures={"pink": 1.0}, music=0.0)
    mine.parts.mind.recommender.choose = lambda *args, **more: replace(
        choose(*args, **more), recipe=steady)


def heard_startles(wav: Path, watched: Watched) -> list[tuple[str, str]]:
    """Rises of what left the sound process while somebody may have been asleep; but for the
    alarm."""
    with wave.open(str(wav)) as file:
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).T / 32768
    found = rises(levels(heard, NOMINAL)) / SPAN
    starts = STEP * np.arange(len(found))
    watches = np.zeros(len(found), bool)
    told = [(0.0, False), *watched.slept, (math.inf, False)]
    for (from_, maybe), (to, _) in pairwise(told):
        if maybe:
            watches |= (starts > from_ + 1) & (starts + 1 + SPAN < to)
    for told_ in watched.told:
        if isinstance(told_.message, Scene) and told_.message.waking:
            watches &= starts + 1 + SPAN < told_.time
    if not watches.any() or found[watches].max() <= RISE_HEARD + WAVER:
        return []
    at = int(np.flatnonzero(watches)[found[watches].argmax()])
    return [("startles", f"what left rose by {found[at]:.2f} dB/s at {starts[at]:.0f} s")]


def disturb(rng: np.random.Generator, mine, pins, watched: Watched, minutes: float,
            faults: Counter) -> None:
    """Plan fingers, commands, clocks that jump, a disk that refuses and a sound process that goes.
    """
    clock = mine.clock

    def moment() -> float:
        return BEDTIME + float(rng.uniform(5, 60 * minutes - BEDTIME - 70))
    for _ in range(rng.integers(5)):
        when, held = moment(), float(rng.choice([0.1, 0.1, 1.2]))
        clock.at(when, lambda: press(pins, True))
        clock.at(when + held, lambda: press(pins, False))
        faults["presses"] += 1
    for _ in range(rng.integers(6)):
        kind, value = COMMANDS[rng.integers(len(COMMANDS))]
        clock.at(
            moment(), lambda kind=kind, value=value: mine.parts.inbox.put(Command(kind, value))
        )
        faults["commands"] += 1
    if rng.random() < 0.3:
        clock.at(moment(),
                 lambda: clock.set_wall(clock.wall() + float(rng.choice([-86_400, 3600, 86_400]))))
        faults["clock jumps"] += 1
    if rng.random() < 0.3:
        when = moment()
        other = sqlite3.connect(mine.diary.path, isolation_level=None, check_same_thread=False)
        clock.at(when, lambda: other.execute("BEGIN IMMEDIATE"))
        clock.at(when + 40, lambda: other.execute("ROLLBACK"))
        faults["disk refused"] += 1
    if rng.random() < 0.3:
        when = moment()
        clock.at(when, lambda: setattr(watched, "away", True))
        clock.at(when + 25, lambda: setattr(watched, "away", False))
        faults["sound away"] += 1


def judge(diary: Path, watched: Watched, mine, slowest: float) -> list[tuple[str, str]]:
    """Everything that must never happen and did."""
    troubles = []
    with reading(diary) as rows:
        numbers = {}
        for row in rows.execute("SELECT night, number FROM epochs ORDER BY night, number"):
            numbers.setdefault(row["night"], []).append(row["number"])
        changes = [
            row["detail"]
            for row in rows.execute("SELECT detail FROM events WHERE kind = 'mode' ORDER BY id")
        ]
        hands = [(row["time"], row["kind"] == "press") for row in
                 rows.execute("SELECT time, kind FROM events WHERE kind IN ('press', 'command')")]
        if rows.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            troubles.append(("lost rows", "the diary is corrupt"))
    for found in numbers.values():
        if found != list(range(found[0], found[0] + len(found))):
            troubles.append(
                ("lost rows", f"epochs {found[0]} to {found[-1]} are only {len(found)}")
            )
    if mine.state.tonight.number and not numbers:
        troubles.append(("lost rows", "a night without epochs"))
    if mine.diary.lost or mine.diary.trouble:
        troubles.append(("lost rows", mine.diary.trouble or f"{mine.diary.lost} dropped"))
    mode = Mode.IDLE
    for change in changes:
        before, rest = change.split(" → ")
        then, event = rest.split(": ")
        if Mode(before) is not mode or NEXT.get((mode, Event(event))) is not Mode(then):
            troubles.append(("wrong modes", change))
        mode = Mode(then)
    troubles += [("startles", detail) for detail in startles(watched.told, hands)]
    if slowest > HANG:
        troubles.append(("hangs", f"a tick took {slowest:.1f} s"))
    return troubles


def startles(told: list[Told], hands: list[tuple[float, bool]]) -> list[str]:
    """Rises above RISE where they can be heard, of the soundscape or of the knob. `hands`: when
    somebody did something, and whether at the bed. Until somebody sleeps, what is asked from afar
    may rise quickly too."""
    found = []
    course, knob = None, None
    for time_, message, slept in told:
        excused = any(0 <= time_ - hand <= 1.0 and (there or not slept) for hand, there in hands)
        if isinstance(message, Volume):
            rise = KNOB * (message.volume - knob) if knob is not None else 0.0
            if slept and rise > RISE * TICK + 1e-6:
                found.append(f"the knob rose by {rise:.1f} dB at once at {time_:.0f} s")
            knob = message.volume
            continue
        low = course.at(time_) if course else SILENT
        steepest = (
            40 / math.log(10) * (root(message.level) - root(low)) / max(root(low), root(AUDIBLE))
        )
        if steepest / max(message.glide, 1e-3) > RISE + 1e-6 and not excused:
            found.append(
                f"{low:.0f} → {message.level:.0f} dB in {message.glide:.0f} s at {time_:.0f} s"
            )
        course = Course(low, message, time_)
    return found


def resident() -> float:
    """MB of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
