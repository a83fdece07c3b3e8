"""`tools/bench --aarch64`: instructions that each room costs on the board's kind of processor,
counted by qemu-user.

The program is the one in the image (image/build must have run): its Python, its numpy, its models.
Each room does its work N times and M times, and the difference counts, so that start-up doesn't.
Counts don't depend on how busy the machine is; the share of a core is an estimate.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from kit.figures import Result

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1] / "image" / "cache" / "root"
PYTHON = "usr/lib/nocturne/python"
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
    "words": ("""
from device.words import Words
words = Words()
for _ in range(times):
    words.understand("hey, it's late, could you do the rain again and please no bells")
""", 4, 24, 3600.0),
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
        plugin = Path(folder) / "aarch64.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", plugin, HERE / "aarch64.c"],
                       check=True)
        for room, (code, few, many, seconds) in ROOMS.items():
            once = (count(plugin, code, many, many) - count(plugin, code, few, many)) / (many - few)
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


def count(plugin: Path, code: str, times: int, most: int) -> int:
    whole = (
        f"import sys; sys.path.insert(0, '{ROOT / PYTHON}')\nimport numpy as np\n"
        f"times, most = {times}, {most}\n{code}"
    )
    environment = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": "CORTEXA53",
        "PYTHONHASHSEED": "0",
    }
    command = [
        "qemu-aarch64",
        "-cpu",
        "cortex-a53",
        "-plugin",
        plugin,
        "-L",
        ROOT,
        ROOT / "usr/bin/python3.11",
        "-I",
        "-c",
        whole,
    ]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    told = [line for line in ran.stderr.splitlines() if line.startswith("INSTRUCTIONS")]
    if ran.returncode or not told:
        raise RuntimeError(f"qemu-aarch64 failed: {ran.stderr[-400:]}")
    return int(told[0].split()[1])
