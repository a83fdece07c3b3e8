"""Twelve parts of a board, each missing, late, busy, or ending whoever imports it: the night begins
with its named fallback, and what comes later is found."""

import contextlib
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from device.inference import runtimes

ROOT = Path(__file__).resolve().parents[2]

# A night of a second on a board without any hardware; what stands in for it is said before.
LIVED = """
import json, queue, sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
folder = Path(sys.argv[1])
{before}
from device.assembly import board
from device.config import Config, Diary, Home
board.SPARE, board.SEARCH, board.SETTLED = folder / "spare", 0.5, 1.0
import device.hardware.sensors as sensors
sensors.SEARCH = 0.5
config = Config(diary=Diary(path=str(folder / "diary.sqlite")), home=Home(**{home}))
with board.night(config, folder / "socket", queue.SimpleQueue()) as mine:
    began, mine.noted, note = mine.clock.now(), [], mine.note
    mine.note = lambda kind, detail: (mine.noted.append(detail), note(kind, detail))
    {acts}
    mine.run(until=began + {seconds})
    status = mine.state.status
    print(json.dumps({{
        "told": [*status.lacks, *status.trouble, mine.parts.world.home.trouble, status.disk],
        "composer": mine.parts.mind.composer.name,
        "recommender": type(mine.parts.mind.recommender).__name__,
        "chips": sorted(feed.chip.name for feed in mine.parts.body.sensors.feeds.values()),
        "panel": getattr(mine.parts.world.panel, "panel", None) is not None,
        "beat": status.beat is not None,
        "noted": mine.noted,
    }}))
"""
# Modules that shadow the real ones.
RAISES = "raise ImportError('cannot open shared object file')\n"
ODD = "raise RuntimeError('module compiled against ABI version 0x1000009')\n"
KILLED = "import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n"
LGPIO = """
class error(Exception):
    pass
SET_PULL_UP = SET_PULL_DOWN = SET_PULL_NONE = BOTH_EDGES = RISING_EDGE = FALLING_EDGE = 1
def gpiochip_open(chip):
    return 1
def __getattr__(name):
    def claim(*words):
        raise error("'GPIO busy'")
    return claim
"""
FAKE_BUS = """
import fake_board as fake
fake.install({how!r})
"""


def lived(tmp_path, before="", acts="pass", modules=None, home=None, seconds=1.0):
    """What a night on a board tells after `seconds`. `modules`: name → source, instead of the real
    ones."""
    shadow = tmp_path / "shadow"
    for name, source in (modules or {}).items():
        path = shadow / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        for parent in path.parents:
            if parent == shadow:
                break
            (parent / "__init__.py").touch()
        path.write_text(source)
    code = LIVED.format(before=textwrap.dedent(before), acts=acts, seconds=seconds,
                        home=json.dumps(home or {}))
    path = os.pathsep.join(map(str, (shadow, ROOT, Path(__file__).parent)))
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"})
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


def says(told, *words) -> bool:
    return any(all(word in each for word in words) for each in told["told"])


# ---- what is imported ----------------------------------------------------------------------------

BROKEN = {"missing": RAISES, "of another numpy": ODD, "ends by SIGILL": KILLED}
FALLBACKS = {
    "onnxruntime": ({"onnxruntime": ...}, {"composer": "rules"}, "composing by rules"),
    "TFLite": ({"tflite_runtime.interpreter": ..., "ai_edge_litert.interpreter": ...},
               {"recommender": "SafeDefault"}, "no recommender"),
    "lgpio and its kin": ({"lgpio": ..., "RPi": RAISES, "pigpio": RAISES}, {"panel": False},
                          "no button and no light"),
    "gpiozero": ({"gpiozero": ...}, {"panel": False}, "no button and no light"),
    "smbus2": ({"smbus2": ...}, {"chips": []}, "no sensors"),
    "paho": ({"paho.mqtt.client": ..., "paho.mqtt.packettypes": ""}, {"beat": False}, "no hub"),
    "mido": ({"mido": ...}, {"composer": "rnn"}, ""),
    "sdnotify": ({"sdnotify": ...}, {"composer": "rnn"}, ""),
}
LETHAL = ("onnxruntime", "TFLite")      # whose instructions are chosen at run time


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("part", [
    pytest.param(part, marks=() if part in LETHAL else pytest.mark.full) for part in FALLBACKS])
def test_what_cannot_be_imported_has_a_named_fallback(tmp_path, part, how):
    if how == "ends by SIGILL" and part not in LETHAL:
        pytest.skip("plain Python: it has no instructions of its own")
    modules, expected, said = FALLBACKS[part]
    sources = {name: BROKEN[how] if source is ... else source for name, source in modules.items()}
    home = {"host": "127.0.0.1"} if part == "paho" else None
    told = lived(tmp_path, modules=sources, home=home)
    assert {key: told[key] for key in expected} == expected
    assert says(told, said)
    assert how != "ends by SIGILL" or says(told, "SIGILL")


def test_a_runtime_that_hangs_is_left_alone(monkeypatch):
    assert runtimes.tried("it", "raise ImportError", b"") == ""     # for the caller to meet
    monkeypatch.setattr(runtimes, "PATIENCE", 0.3)
    assert "hangs" in runtimes.tried("it", "import time; time.sleep(9)", b"")


# ---- what is wired -------------------------------------------------------------------------------

@pytest.mark.parametrize(("how", "found"), [
    ("a late bus", True), *(pytest.param(*each, marks=pytest.mark.full) for each in (
        ("no bus", False), ("nobody may", False), ("no chip", False), ("late chips", True),
        ("busy", False), ("stuck", False))),
])
def test_the_bus_and_its_chips_are_searched_for_until_they_come(tmp_path, how, found):
    told = lived(tmp_path, before=FAKE_BUS.format(how=how), seconds=3.0)
    assert told["chips"] == (["LIS3DH", "MAX30102"] if found else []) or how == "stuck"
    if how in ("no bus", "nobody may"):
        assert says(told, "no sensors, so a timer programme")
    assert not found or not says(told, "no sensors")
    assert any(words.startswith("looked around: ") for words in told["noted"])


@pytest.mark.parametrize(("how", "there"), [
    ("busy at first", True), pytest.param("busy", False, marks=pytest.mark.full)])
def test_pins_that_are_busy_are_tried_again(tmp_path, how, there):
    told = lived(tmp_path, before=f"""
        import fake_board as fake
        fake.pins({how!r})
        """, seconds=3.0)
    assert told["panel"] is there
    assert says(told, "no button and no light", "busy") is not there


def test_lgpios_own_exception_is_no_end_of_the_night(tmp_path):
    told = lived(tmp_path, modules={"lgpio": LGPIO, "RPi": RAISES, "pigpio": RAISES})
    assert not told["panel"] and says(told, "no button and no light")


# ---- what is reached -----------------------------------------------------------------------------

@pytest.mark.full
def test_a_hub_that_is_not_there_is_told_and_tried_again(tmp_path):
    told = lived(tmp_path, home={"host": "127.0.0.1", "port": 9}, seconds=2.0)
    assert says(told, "can't be reached")


@pytest.mark.full
def test_a_sound_process_that_comes_late_is_found(tmp_path):
    late = f"""
        import subprocess, threading, sys
        def begin():
            subprocess.Popen([sys.executable, "-m", "device.sound", "--socket",
                              str(folder / "socket")], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, cwd={str(ROOT)!r})
        threading.Timer(1.0, begin).start()
        """
    with contextlib.suppress(subprocess.TimeoutExpired):
        told = lived(tmp_path, before=late, seconds=12.0, acts="""
    import atexit, os, signal
    def end():
        import subprocess
        for line in subprocess.run(["pgrep", "-f", str(folder / "socket")], capture_output=True,
                                   text=True).stdout.split():
            if int(line) != os.getpid():
                os.kill(int(line), signal.SIGTERM)
    atexit.register(end)
""")
        assert told["beat"]


def test_a_disk_that_refuses_costs_one_night_in_memory(tmp_path):
    (tmp_path / "diary.sqlite").mkdir()
    assert says(lived(tmp_path), "nights are kept in memory")
