"""REF16, the fixed reference workload, with our engine and with the peers that are installed.

`ref.py` (the workload), `ref.osc` (scsynth's graph) and `ref.csd` (Csound's) are given, in one
folder. What differs: scsynth and Csound run 64 band-limited saw oscillators with a filter each;
ours reads sixteen PADsynth tables of the same 24 harmonics, spread as four detuned oscillators
are, with two layers cross-fading for the moving low-pass, and never loops them. Our music and room
run at 24 kHz and are brought up: what 24 harmonics have above 10 kHz lies behind the low-pass.
Their reverbs are FreeVerb2 and reverbsc, ours reflections and a feedback delay network of eight
lines.
Their limiter is a limiter; ours is all of `safety.py`, A-weighted cap included. Ours is told its
notes when they start and lets them go, theirs run on.
"""

import importlib.util
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from device.sound.engine import Engine
from device.sound.settings import RATE, Settings
from device.sound.wavetables import Timbre
from device.values import Note, Phrase, Scene


def workload(graphs: Path):
    """The module `ref.py`."""
    spec = importlib.util.spec_from_file_location("ref16", graphs / "ref.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def engine(graphs: Path, block: int) -> Engine:
    """Ours, its tables made, about to play the workload."""
    ref = workload(graphs)
    ours = Engine(Settings(block=block, speaker="pair"), pads=(timbre(ref),))
    ours.scene(Scene({"wind": 0.25}, 1.0, 0.4, 0.0, 2.0))
    ours.phrase(Phrase(60.0, tuple(notes(ref))), 0)
    for pitch in {note.pitch for note in notes(ref)}:
        ours._tables.get(timbre(ref), pitch)
    return ours


def timbre(ref) -> Timbre:
    cents = 1200.0 * math.log2(ref.DET[-1] / ref.DET[0])
    return Timbre(tuple(1.0 / n for n in range(1, 25)), spread=cents, steady=0.0, attack=ref.ATT,
                  decay=ref.DEC, sustain=ref.SUS, release=ref.REL)


def notes(ref) -> list[Note]:
    pitches = [round(69 + 12 * math.log2(hertz / 440.0)) for hertz in ref.CHORD]
    return [
        Note(1.5 * voice + ref.PER * turn, pitch, ref.GATE, 1.0, "pad")
        for voice, pitch in enumerate(pitches)
        for turn in range(3)
        if 1.5 * voice + ref.PER * turn < 60.0
    ]


def ours(graphs: Path, block: int, seconds: float = 60.0) -> float:
    """CPU-s per audio-s."""
    playing = engine(graphs, block)
    count = int(seconds * RATE / block)
    before = time.process_time()
    for _ in range(count):
        playing.render()
    return (time.process_time() - before) / (count * block / RATE)


def peer(command: list[str]) -> float:
    """CPU-s per audio-s of a renderer of 60 s, start-up included (it is small)."""
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 60.0


def race(graphs: Path, turns: int = 3) -> tuple[dict[str, float], dict[str, float]]:
    """(ours, peers), each the best of `turns` that take turns with each other, so that all meet the
    same machine."""
    peers = {}
    if shutil.which("scsynth"):
        peers["scsynth"] = [
            "scsynth",
            "-N",
            str(graphs / "ref.osc"),
            "_",
            "out.wav",
            str(RATE),
            "WAV",
            "int16",
            "-o",
            "2",
        ]
    if shutil.which("csound"):
        peers["csound"] = ["csound", str(graphs / "ref.csd")]
    best: dict[str, float] = {}
    for _ in range(turns):
        for name, command in peers.items():
            best[name] = min(best.get(name, math.inf), peer(command))
        for key, block in (("ref16_cpu_s_per_s", 4096), ("ref16_1024", 1024)):
            best[key] = min(best.get(key, math.inf), alone(graphs, block))
    return (
        {key: best[key] for key in ("ref16_cpu_s_per_s", "ref16_1024")},
        {key: best[key] for key in peers},
    )


def alone(graphs: Path, block: int) -> float:
    """`ours` in a process of its own, as the peers are, on one thread."""
    from kit.setup import (  # here: under qemu-user there is no libffi to import it with
        PYTHONPATH,
        ROOT,
    )
    code = ("from pathlib import Path; from areas.sound.ref16 import ours; "
            f"print(ours(Path({str(graphs)!r}), {block}))")
    environment = {
        **os.environ,
        "PYTHONPATH": PYTHONPATH,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True,
                            capture_output=True, text=True)
    return float(answer.stdout)
