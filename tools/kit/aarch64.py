"""`tools/bench --aarch64`: instructions that each room costs on the board's kind of processor,
counted by qemu-user.

The program is the one in the image (image/build must have run): its Python, its numpy, its models.
Each room does its work N times and M times, and the difference counts, so that start-up doesn't.
Counts don't depend on how busy the machine is; the share of a core is an estimate.
"""

import tempfile
from pathlib import Path

from kit import qemu
from kit.figures import Result
from kit.setup import ROOT as REPOSITORY

ROOT = REPOSITORY / "image" / "cache" / "root"
PYTHON = "usr/lib/nocturne/python"
BEFORE = f"import sys\nsys.path.insert(0, '{ROOT / PYTHON}')\n"
CORE = 1e9 * 0.7  # instructions a second: a Zero 2 W at 1 GHz, at 0.6 to 0.8 a cycle (an estimate)
# Room → (code that does the work `times` times, N, M, s of the night that one time stands for).
ROOMS = {
    "vitals": ("""
from device.sim.sleeper import Sleeper
from device.sleep.vitals import VitalSigns
from device.values import Readings, Signal
body, signs = Sleeper(1, 0.1), VitalSigns()
at = np.arange(most * 100) / 100
light, motion = body.ppg(at), body.wrist(at)
for second in range(times):
    part = slice(100 * second, 100 * second + 100)
    signals = [Signal(values[part], float(second), 100.0) for values in (light, motion)]
    signs.add(Readings(second + 1.0, *signals))
""", 20, 60, 1.0),
    "stager": ("""
from device.sleep.stager import Stager
from device.values import Epoch
stager = Stager.load()
for i in range(times):
    stager.judge(Epoch(i, 30.0 * i, 2.0, 0.01, 58.0 + i % 3, 2.0, 40.0, 14.0, 1.0, 1.0, True), 0.0)
""", 10, 60, 30.0),
    "recommender": ("""
from device.recommend import Recommender
from device.values import Context
recommender = Recommender.load(sleeper="ada")
for i in range(times):
    recommender.choose(Context(hour=22.5), seed=i)
""", 2, 10, 3600.0),
    "composer": ("""
from device import compose
from device.values import Recipe
composer, why = compose.load(1)
assert not why, why
for _ in range(times):
    composer.compose(Recipe(), None)
""", 20, 120, 2.0),
    "sound": ("""
from device.sound.engine import Engine
from device.sound.settings import BLOCK, RATE, Settings
from device.values import Note, Phrase, Scene
engine = Engine(Settings())
MUSIC = Phrase(2.0, (Note(0.0, 52, 2.0, 0.6, "pad"), Note(0.5, 64, 1.0, 0.5, "bell")))
engine.scene(Scene({"rain": 0.6, "ocean": 0.4}, 0.7, 0.4, 0.0, 1.0))
frame = 0
while frame < times * RATE:
    if frame % (2 * RATE) < BLOCK:
        engine.phrase(MUSIC, engine.frame)
    engine.render()
    frame += BLOCK
""", 4, 12, 1.0),
}


def main() -> Result:
    """Raises RuntimeError with what is missing."""
    if not (ROOT / PYTHON / "device").exists():
        raise RuntimeError("the image's root isn't there: run image/build first")
    figures, more = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        counter = qemu.plugin(Path(folder))
        for room, (_, _, _, seconds) in ROOMS.items():
            once = each(room, counter, ROOT, BEFORE, isolated=True)
            figures[f"{room}.instructions"] = once
            figures[f"{room}.core_share_estimate"] = once / seconds / CORE
            more[f"{room}.seconds_each"] = seconds
    figures["all.core_share_estimate"] = sum(
        value for key, value in figures.items() if key.endswith("share_estimate")
    )
    return Result(
        "aarch64",
        f"instructions under qemu-user; shares of one core at {CORE / 1e6:.0f} M/s are estimates",
        figures,
        more=more,
    )


def alone(room: str) -> float:
    """Instructions that one room's work costs once, in the root that `qemu` makes: for rooms that
    need nothing but numpy. Raises RuntimeError with what is missing."""
    if lacking := qemu.missing():
        raise RuntimeError(f"apt-get install {' '.join(lacking)} first")
    with tempfile.TemporaryDirectory() as folder:
        return each(room, qemu.plugin(Path(folder)), qemu.prepare(), qemu.BEFORE)


def each(room: str, counter: Path, root: Path, before: str, isolated: bool = False) -> float:
    """Instructions that a room's work costs once. `before`: what its Python does first."""
    code, few, many, _ = ROOMS[room]
    first, last = (
        qemu.count(counter, root, f"{before}import numpy as np\ntimes, most = {n}, {many}\n{code}",
                   isolated=isolated)
        for n in (few, many)
    )
    return (last - first) / (many - few)
