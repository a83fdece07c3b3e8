"""The night as a whole: what it costs, how quickly it answers, what it wears.

    tools/bench night [--hours H] [--presses N] [--growth-hours H]

CPU is of both processes, the simulated body and chips included, over a simulated night that keeps
playing for its first quarter. Memory is of both processes as systemd starts them (real board, no
sensors attached). A press goes through the mock pin, the night's loop and the sound process to a
virtual DAC, while the night reads its chips and composes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from areas.sound.live import SHORT_PIPE, Rig
from device.sound.settings import RATE
from kit import mosquitto
from kit.figures import Goal, Result
from kit.memory import peak, resident, shared_once
from kit.setup import PYTHONPATH, ROOT

GOALS = (
    Goal("cpu_percent", "<=", 4.0),
    Goal("rss_mb", "<=", 120.0),
    Goal("rss_hub_mb", "<=", 120.0),
    Goal("growth_mb_72h", "<", 1.0),
    Goal("press_to_sample_ms_p99", "<=", 150.0),
    Goal("written_mb_8h_playing", "<=", 20.0),
)
NIGHT = """
import json, resource, sys
from pathlib import Path
from dataclasses import replace
from device.config import Config
from device.session.modes import Event
from device.assembly.desk import Desk, night
from device.parts import Hooks
from device.session.things import Go
from kit.memory import resident

out, hours, audio = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
settings = Config()
settings = replace(settings, night=replace(settings.night, keep_playing=audio > 0))

def written():
    told = next(line for line in open("/proc/self/io") if line.startswith("write_bytes"))
    return int(told.split()[1])

sizes, day = [], round(float(sys.argv[4]) * 120)     # epochs: a third of each is a night

def watch(mine, epoch, staging):
    if epoch.index % 10 == 0:
        # the mock pin keeps every brightness; a real one doesn't
        pins.pin(settings.panel.led).clear_states()
        sizes.append(resident())
    if day and epoch.index % day == day // 3:
        mine.do(Go(Event.UP))
    if day and epoch.index and epoch.index % day == 0:
        mine.do(Go(Event.PRESS, by_hand=True))
desk = Desk(out, hours=hours, audio_minutes=audio, build="mattress")
with night(settings, desk, Hooks(watch=watch)) as (mine, pins):
    mine.run(until=3600 * hours)
    mine.diary.flush()
    disk = written()        # before the sound process is counted in: its night.wav is the desk's
own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = sum((own.ru_utime, own.ru_stime, others.ru_utime, others.ru_stime))
print(json.dumps({"cpu": cpu, "written": disk, "sizes": sizes}))
"""
# The alarm needs a clock that is known, which no desk has to have.
SERVICE = """
import sys
from device.clock import SystemClock
SystemClock.synced = lambda self: True
from device.__main__ import main
sys.exit(main())
"""
BUSY = """
import queue, sys, threading, time
from pathlib import Path
import numpy as np
from device.assembly import build
from device.values import Stop
from device.clock import SystemClock
from device.config import Config
from device.diary import Diary
from device.hardware.bus import Bus
from device.hardware.panel import Panel, desk_pins, press
from device.hardware.sensors import Sensors
from device.sim.bus import SimBus
from device.assembly.desk import Desk, body
from device.sound.client import SoundLink

folder, count = Path(sys.argv[1]), int(sys.argv[2])
clock, inbox, pins = SystemClock(), queue.SimpleQueue(), desk_pins()
chips, tick = body(Desk(folder, hours=1.0), clock)
diary, sound = Diary(folder / "diary.sqlite"), SoundLink(folder / "sound.socket")
with build.at_home(Config(), inbox, clock, diary, False) as (home, feedback):
    sensors = Sensors.find(Bus(SimBus(chips, clock)), clock)
    panel = Panel(clock, inbox.put, pin_factory=pins)
    around = build.Around(clock, inbox, diary, sensors, sound, panel, home)
    mine = build.brain(Config(), around, seed=1, tick=tick)

    def finger(held):
        press(pins, True)
        time.sleep(held)
        press(pins, False)
        return time.monotonic()

    def hand():
        rng = np.random.default_rng(1)
        time.sleep(3.0)
        finger(0.1)
        time.sleep(8.0)
        for _ in range(count):
            finger(1.0)                 # mute
            time.sleep(1.0)
            print(finger(0.05), flush=True)     # a short press acts on its release
            time.sleep(2.6 + rng.uniform(0, 0.3))
        inbox.put(Stop())
    threading.Thread(target=hand).start()
    mine.run()
"""


def bench(data: Path | None, options: Namespace) -> Result:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        cost = slept(Path(folder) / "cost", options.hours, 60 * options.hours / 4)
        figures["cpu_percent"] = 100 * cost["cpu"] / (3600 * options.hours)
        figures["written_mb_8h_playing"] = cost["written"] / 1e6 * 8 / options.hours
    with tempfile.TemporaryDirectory() as folder:
        figures |= memory(Path(folder))
    if mosquitto.find():
        with tempfile.TemporaryDirectory() as folder:
            hub = mosquitto.Mosquitto(Path(folder) / "hub").start()
            try:
                there = f'[home]\nhost = "127.0.0.1"\nport = {hub.port}\n'
                figures["rss_hub_mb"] = memory(Path(folder), there)["rss_mb"]
            finally:
                hub.stop()
    with tempfile.TemporaryDirectory() as folder:
        long = slept(Path(folder) / "long", options.growth_hours, 0.0, options.growth_hours / 3)
        sizes = long["sizes"]
        figures["growth_mb_72h"] = growth(sizes)
        figures["written_mb_a_day"] = long["written"] / 1e6 * 24 / options.growth_hours
    with tempfile.TemporaryDirectory() as folder:
        delays = presses(Path(folder), options.presses)
        figures["press_to_sample_ms_p50"], figures["press_to_sample_ms_p99"] = np.percentile(
            delays, [50, 99]
        )
    what = (f"simulated nights of {options.hours:g} and {options.growth_hours:g} h, "
            f"{len(delays)} presses")
    return Result("night", what, figures, goals=GOALS, more={"resident_mb": sizes})


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": PYTHONPATH,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def slept(out: Path, hours: float, audio: float, day: float = 0.0) -> dict:
    """`audio`: minutes of sound.  `day`: hours after which the next night begins; 0 is one night.
    """
    command = [sys.executable, "-c", NIGHT, str(out), str(hours), str(audio), str(day)]
    done = subprocess.run(command, env=environment(), cwd=ROOT, check=True, capture_output=True,
                          text=True)
    return json.loads(done.stdout.splitlines()[-1])


def growth(sizes: list[float]) -> float:
    """MB in three days: how much higher the third day's peak lies than the second's, thrice. In the
    first everything is used for the first time."""
    third = len(sizes) // 3
    return 3 * (max(sizes[2 * third:]) - max(sizes[third:2 * third]))


def memory(folder: Path, more: str = "") -> dict[str, float]:
    """Of both services, MB: resident after a minute of the alarm's sound, and at most from their
    start. `more` of the config."""
    rig = Rig(folder)
    config = folder / "nocturne.toml"
    soon = datetime.now() + timedelta(minutes=1 + (datetime.now().second > 40))
    config.write_text(
        f'[diary]\npath = "{folder}/diary.sqlite"\n[sensors]\nppg = "none"\nmotion = "none"\n'
        f'[alarm]\ntime = "{soon:%H:%M}"\n{more}'
    )
    words = ["--config", str(config), "--socket", str(folder / "sound.socket")]
    processes = {
        name: subprocess.Popen([sys.executable, "-c", SERVICE, name, *words], env=rig.environment,
                               cwd=ROOT, stderr=subprocess.DEVNULL)
        for name in ("sound", "run")
    }
    try:
        time.sleep((soon.replace(second=0) - datetime.now()).total_seconds() + 60.0)
        pids = [str(process.pid) for process in processes.values()]
        peaks, held = (sum(map(look, pids)) for look in (peak, resident))
        once = shared_once(pids)
        playing = any(rig.samples()[-RATE:].any(axis=1))
    finally:
        for process in processes.values():
            process.terminate()
            process.wait(20)
        rig.starved()           # the DAC's last word: nobody writes here any more
    if not playing:
        raise RuntimeError("nothing sounded: this isn't the memory of a night that plays")
    return {"rss_mb": held, "rss_peak_mb": peaks, "rss_shared_once_mb": once}


def presses(folder: Path, count: int) -> list[float]:
    """ms from the edge that makes a press to the first sample at the DAC."""
    rig = Rig(folder, SHORT_PIPE)
    sound = subprocess.Popen(
        [sys.executable, "-m", "device.sound", "--socket", str(folder / "sound.socket")],
        env=rig.environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        done = subprocess.run([sys.executable, "-c", BUSY, str(folder), str(count)],
                              env=environment(), cwd=ROOT, check=True, capture_output=True,
                              text=True)
        heard, begun = rig.samples(), rig.begun()
    finally:
        sound.terminate()
        sound.wait(10)
        rig.starved()
    delays = []
    for line in done.stdout.split():
        start = round((float(line) - begun) * RATE)
        sounding = np.flatnonzero(heard[start:].any(axis=1))
        delays.append(1000.0 * sounding[0] / RATE)
    return delays
