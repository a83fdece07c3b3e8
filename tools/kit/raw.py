"""Raw readings: recorded on a board or from simulated chips, and judged again from the tape.

`tools/record` stands in for the night on a board: two programs must not drain one FIFO.
`tools/replay` runs the whole night (vitals, stager, modes, recommender, composer) over the tape:
same readings, so same decisions.
"""

import argparse
import contextlib
import json
import os
import queue
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

# Before numpy: its BLAS would start a thread per core for the smallest product.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from device.assembly import build
from device.assembly.desk import BEDTIME, TOUCH, Desk, body
from device.clock import Clock, SystemClock, VirtualClock
from device.config import Config
from device.diary import Diary
from device.hardware.bus import open_bus
from device.hardware.bus_tape import PlayedSensors, Tape, TapedSensors
from device.hardware.panel import Panel, desk_pins, press
from device.hardware.sensors import Sensors
from device.home.mqtt import Home
from device.parts import Hooks
from device.sim.bus import SimBus
from device.sim.speaker import NoSpeaker
from device.values import TICK
from kit.options import made

TOLD = 60.0             # s of recording between two words


def wired(options: argparse.Namespace, hours: float) -> tuple[object, Clock, float, list]:
    """smbus, clock, tick and the simulated chips (none on a board). Raises SensorError without the
    bus."""
    if not options.simulated and options.recording is None:
        return open_bus(options.bus).smbus, SystemClock(), TICK, []
    clock = VirtualClock()
    chips, tick = body(
        Desk(Path(), hours, options.seed, recording=options.recording, build=options.build,
             skew=options.skew),
        clock,
    )
    return SimBus(chips, clock), clock, tick, chips


def chosen(options: argparse.Namespace) -> dict[str, str]:
    """The chips that the config names."""
    sensors = (Config.load(options.config) if options.config else Config()).sensors
    return {"ppg": sensors.ppg, "motion": sensors.motion}


def record(options: argparse.Namespace) -> int:
    """Raises NocturneError."""
    smbus, clock, tick, _ = wired(options, options.hours)
    sensors = TapedSensors(made(options.out), smbus, clock, chosen(options), tick=tick,
                           seed=options.seed)
    for note in sensors.notes:
        print(f"tools/record: {note}", file=sys.stderr)
    if not sensors.feeds:
        sensors.close()
        options.out.unlink()
        return 1
    print(
        f"{', '.join(str(feed.chip) for feed in sensors.feeds.values())} → {options.out}",
        flush=True,
    )
    began = told = due = clock.now()
    with contextlib.closing(sensors), contextlib.suppress(KeyboardInterrupt):
        while due < began + 3600 * options.hours and not sensors.taping.trouble:
            due = max(due + tick, clock.now())
            clock.sleep(due - clock.now())
            readings = sensors.drain(due)
            for trouble in readings.trouble:
                print(f"{due - began:9.1f} s  {trouble}", flush=True)
            if due - told >= TOLD and isinstance(clock, SystemClock):
                told = due
                print(
                    f"{due - began:9.1f} s  {megabytes(options.out)}, lost {losses(sensors)}",
                    flush=True,
                )
    if sensors.taping.trouble:
        print(f"tools/record: {sensors.taping.trouble}", file=sys.stderr)
    print(
        f"{options.out}: {(due - began) / 3600:.2f} h, {megabytes(options.out)}, lost "
        f"{losses(sensors)}"
    )
    return 0


def losses(sensors: Sensors) -> str:
    """For a person: readings lost, by role."""
    return ", ".join(
        f"{role} {counted(lost, sensors.uncertain[role])}" for role, lost in sensors.lost.items()
    )


def counted(lost: int, uncertain: int) -> str:
    return f"{lost} ± {uncertain}" if uncertain else str(lost)


def megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


def replay(options: argparse.Namespace) -> int:
    """Raises NocturneError."""
    began = time.monotonic()
    tape = Tape(options.tape)
    if not tape.marks:
        print(f"tools/replay: {options.tape}: nothing on it; record for more than a minute",
              file=sys.stderr)
        return 1
    seed = tape.facts.get("seed", 1) if options.seed is None else options.seed
    count = 0
    for decision in played(tape, seed, options.lights_out):
        count += 1
        print(json.dumps(decision) if options.json else sentence(decision))
    if tape.trouble:
        print(f"tools/replay: {tape.trouble}", file=sys.stderr)
    hours = (tape.marks[-1] - tape.marks[0]) / 3600
    print(
        f"{options.tape}: {hours:.2f} h, {count} epochs, in {time.monotonic() - began:.1f} s",
        file=sys.stderr,
    )
    return 0


def receipts(diary: Path) -> int:
    """Each decision again, from its receipt alone; 1 if one comes out otherwise. Raises
    NocturneError."""
    from device.diary import everything
    from device.recommend import Recommender
    from device.session.own_music import OF_IT
    differ = 0
    recommender = Recommender.load()
    for row in everything(diary)["decisions"]:
        receipt = json.loads(row["receipt"])
        if receipt["network"] is None:
            print(f"{row['moment']:8} {receipt['candidate']}: the safe programme: nothing drawn")
            continue
        if OF_IT - receipt.keys():
            print(f"{row['moment']:8} {receipt['candidate']}: what it came from was forgotten")
            continue
        choice = recommender.replay(receipt)
        again = {"candidate": choice.candidate, "propensity": choice.propensity,
                 "seed": choice.seed}
        same = all(row[key] == value for key, value in again.items())
        differ += not same
        print(f"{row['moment']:8} {choice.reason.sentence}: {'the same' if same else 'DIFFERS'}")
    return int(differ > 0)


def played(tape: Tape, seed: int, lights_out: float = BEDTIME) -> list[dict]:
    """The decisions of a night over a tape."""
    tick = tape.facts.get("tick", TICK)
    clock = VirtualClock(tape.marks[0] - tick)
    return judged(PlayedSensors(tape, clock), clock, tick, tape.marks[-1] - tick / 2, seed,
                  lights_out)


def judged(sensors, clock: VirtualClock, tick: float, until: float, seed: int,
           lights_out: float = BEDTIME) -> list[dict]:
    """A silent night over any sensors, without a home: what was decided at each epoch."""
    config, inbox, pins, decisions = Config(), queue.SimpleQueue(), desk_pins(), []

    def watch(night, epoch, staging) -> None:
        choice = night.state.tonight.choice
        decisions.append(
            {
                "time": round(staging.time, 3),
                "stage": staging.stage and str(staging.stage),
                "asleep": staging.asleep,
                "p_asleep": staging.p_asleep,
                "heart_rate": epoch.heart_rate,
                "activity": epoch.activity,
                "mode": str(night.mode),
                "candidate": choice.candidate if choice else None,
            }
        )

    with quiet_home(config, inbox) as home, tempfile.TemporaryDirectory() as folder:
        diary = Diary(Path(folder) / "diary.sqlite")
        panel = Panel(clock, inbox.put, config.panel.button, config.panel.led, pins)
        around = build.Around(
            clock, inbox, diary, sensors, NoSpeaker(clock, config.sound.settle), panel, home
        )
        night = build.brain(config, around, seed=seed, tick=tick, hooks=Hooks(watch=watch))
        start = clock.now()
        clock.at(start + lights_out, lambda: press(pins, True, config.panel.button))
        clock.at(start + lights_out + TOUCH, lambda: press(pins, False, config.panel.button))
        night.run(until)
        panel.close()
        diary.close()
    return decisions


@contextlib.contextmanager
def quiet_home(config: Config, inbox: queue.SimpleQueue) -> Iterator[Home]:
    """No broker."""
    home = Home(build.home_settings(config), inbox, SystemClock())
    home.start()
    try:
        yield home
    finally:
        home.stop()


def sentence(decision: dict) -> str:
    heart = "–" if decision["heart_rate"] is None else f"{decision['heart_rate']:.0f}/min"
    asleep = "unknown" if decision["p_asleep"] is None else f"{decision['p_asleep']:.2f}"
    return (
        f"{decision['time']:9.1f} s  {decision['stage'] or 'unknown':7s} p(asleep) {asleep:7s} "
        f"heart {heart:8s} {decision['mode']}, candidate {decision['candidate']}"
    )
