"""Twelve parts of a board, each missing, late, busy, or ending whoever imports it: the night begins
with its named fallback, and what comes later is found."""

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import mido
import pytest

from device.inference import runtimes
from kit import mosquitto

ROOT = Path(__file__).resolve().parents[2]

# A night of a second on a board without any hardware; what stands in for it is said before.
LIVED = """
import json, queue, sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
folder = Path(sys.argv[1])
{before}
from device.assembly import board
from device.config import Config, Diary, Home, Night
board.SPARE, board.SEARCH, board.SETTLED = folder / "spare", 0.5, 1.0
import device.hardware.sensors as sensors
from device.session import telling
sensors.SEARCH = 0.5
config = Config(diary=Diary(path=str(folder / {diary!r})), home=Home(**{home}),
                night=Night(motif={tune!r}))
with board.night(config, folder / "socket", queue.SimpleQueue()) as mine:
    began, mine.noted, note = mine.clock.now(), [], mine.note
    mine.note = lambda kind, detail: (mine.noted.append(detail), note(kind, detail))
    {acts}
    mine.run(until=began + {seconds})
    status = mine.state.status
    print(json.dumps({{
        "told": [*status.lacks, *status.trouble, mine.parts.world.home.trouble, status.disk,
                 telling.unheard(status)],
        "connected": getattr(mine.parts.world.home, "connected", False),
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


def lived(tmp_path, before="", acts="pass", modules=None, home=None, seconds=1.0, tune="",
          diary="diary.sqlite"):
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
                        home=json.dumps(home or {}), tune=str(tune), diary=diary)
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


# ---- all of them, each in every way --------------------------------------------------------------

REAL = """
import importlib, sys, time
{before}
sys.path[:] = [path for path in sys.path if not path.endswith("shadow")]
for name in [name for name in sys.modules if name.partition(".")[0] == {top!r}]:
    del sys.modules[name]
importlib.invalidate_caches()
sys.modules[__name__] = importlib.import_module(__name__)
"""
NO_MEMORY = "raise MemoryError('cannot allocate')\n"
CARD = """
import time
BEGAN = time.monotonic()
class PortAudioError(Exception):
    pass
def _terminate():
    pass
_initialize = _terminate
def query_devices():
    there = {how!r} == "busy" or {how!r} == "late" and time.monotonic() - BEGAN > 2.0
    return [dict(name="a card", max_output_channels=2)] if there else []
class OutputStream:
    latency = 0.04
    def __init__(self, **_):
        if {how!r} == "busy":
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")
    def start(self):
        pass
    def write(self, frames):
        time.sleep(len(frames) / 48000)
    stop = close = start
"""

def slow(name: str) -> str:
    """A module that takes a while to come."""
    return REAL.format(before="time.sleep(1.5)", top=name.partition(".")[0])


def imports(names: tuple[str, ...], how: str) -> dict[str, str]:
    """The modules of a part, in one of the four ways."""
    return {name: {"missing": RAISES, "busy": NO_MEMORY, "crashing": KILLED}.get(how, slow(name))
            for name in names}


PARTS = ("bus", "accelerometer", "light sensor", "button and light", "sound process", "sound card",
         "hub", "disk", "onnxruntime", "TFLite", "lullaby", "watchdog")
WAYS = ("missing", "late", "busy", "crashing")


@pytest.mark.full
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("part", PARTS)
def test_every_part_in_every_way_costs_no_night_and_is_found_when_it_comes(tmp_path, part, how):
    GRID[part](tmp_path, how)


def bus(tmp_path, how):
    named = {"missing": "no bus", "late": "a late bus", "busy": "a busy bus"}
    modules = {"smbus2": ODD} if how == "crashing" else None
    before = FAKE_BUS.format(how=named[how]) if how in named else ""
    told = lived(tmp_path, before, modules=modules, seconds=3.0)
    assert (told["chips"] == ["LIS3DH", "MAX30102"]) is (how == "late")
    assert says(told, "no sensors, so a timer programme") is (how != "late")


def chip(role, other):
    def look(tmp_path, how):
        told = lived(tmp_path, FAKE_BUS.format(how=f"{how} {role}"), seconds=3.0)
        mine = {"motion": "LIS3DH", "ppg": "MAX30102"}[role]
        assert other in told["chips"] and (mine in told["chips"]) is (how == "late")
        assert how == "late" or any(role in words or "0x" in words for words in told["noted"])
    return look


def pins(tmp_path, how):
    if how == "crashing":
        told = lived(tmp_path, modules={"gpiozero": ODD})
    else:
        named = {"missing": "none", "late": "busy at first", "busy": "busy"}[how]
        told = lived(tmp_path, f"import fake_board as fake\nfake.pins({named!r})\n", seconds=3.0)
    assert told["panel"] is (how == "late")
    assert says(told, "no button and no light") is (how != "late")


@contextlib.contextmanager
def sounding(tmp_path, after=0.0, modules=None):
    """The sound process, begun after a while, and ended."""
    shadow, began = tmp_path / "speaker" / "shadow", []
    for name, source in {"sounddevice": CARD.format(how="there"), **(modules or {})}.items():
        shadow.mkdir(parents=True, exist_ok=True)
        (shadow / f"{name}.py").write_text(source)
    path = os.pathsep.join(map(str, (shadow, ROOT)))

    def begin():
        began.append(subprocess.Popen(
            [sys.executable, "-m", "device.sound", "--socket", str(tmp_path / "socket")],
            stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": path}, cwd=ROOT))
    timer = threading.Timer(after, begin)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        for process in began:
            process.kill()
            process.wait()


def sound_process(tmp_path, how):
    if how == "late":
        with sounding(tmp_path, 4.0, {"sounddevice": CARD.format(how="busy")}):
            assert lived(tmp_path, seconds=14.0)["beat"]
        return
    with contextlib.ExitStack() as stack:
        if how == "busy":                       # it listens, and says nothing
            link = stack.enter_context(socket.socket(socket.AF_UNIX))
            link.bind(str(tmp_path / "socket"))
            link.listen()
        elif how == "crashing":
            stack.enter_context(sounding(tmp_path, modules={"numpy": KILLED}))
        told = lived(tmp_path, seconds=2.0)
    assert not told["beat"] and says(told, "no sound: its process doesn't answer")


def sound_card(tmp_path, how):
    broken = ODD if how == "crashing" else CARD.format(how=how)
    with sounding(tmp_path, modules={"sounddevice": broken}):
        told = lived(tmp_path, seconds=16.0)
    assert told["beat"]
    assert says(told, "no sound card can be opened") is (how != "late")


def hub(tmp_path, how):
    if how == "crashing":
        modules = {"paho.mqtt.client": ODD, "paho.mqtt.packettypes": ""}
        assert says(lived(tmp_path, modules=modules, home={"host": "127.0.0.1"}), "no hub")
        return
    if how == "late":
        if mosquitto.find() is None:
            pytest.skip("mosquitto is not installed")
        broker = mosquitto.Mosquitto(tmp_path / "broker")
        timer = threading.Timer(3.0, broker.start)
        timer.start()
        try:
            told = lived(tmp_path, home={"host": "127.0.0.1", "port": broker.port}, seconds=12.0)
        finally:
            timer.join()
            broker.stop()
        assert told["connected"]
        return
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        if how == "busy":                       # it takes calls, and says nothing
            link.listen()
        home = {"host": "127.0.0.1", "port": link.getsockname()[1]}
        told = lived(tmp_path, home=home, seconds=18.0 if how == "busy" else 2.0)
    assert not told["connected"] and says(told, "127.0.0.1")


def disk(tmp_path, how):
    path = tmp_path / "diary.sqlite"
    if how == "missing":                        # a folder that can't be made
        (tmp_path / "file").touch()
        told = lived(tmp_path, diary="file/diary.sqlite")
        assert says(told, "nights are kept in memory")
    elif how == "late":                         # it takes seconds to answer
        told = lived(tmp_path, """
            import device.diary as diary
            begin = diary.Diary.__init__
            def late(self, path):
                import time
                time.sleep(3)
                begin(self, path)
            diary.Diary.__init__ = late
            """)
        assert path.exists() and not says(told, "kept in memory")
    elif how == "busy":                         # another writes to it, and goes
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA journal_mode = WAL")
            other.execute("BEGIN IMMEDIATE")
            told = lived(tmp_path, acts="board.PATIENCE = 2.0")
        assert says(told, "kept in memory")
    else:                                       # no page of it can be read
        path.write_bytes(os.urandom(50_000))
        told = lived(tmp_path)
        assert says(told, "diary") and list(tmp_path.glob("diary.*corrupt*"))


def runtime(names, key, works, fallback, said):
    def look(tmp_path, how):
        told = lived(tmp_path, modules=imports(names, how))
        assert told[key] == (works if how == "late" else fallback)
        assert says(told, said) is (how != "late")
    return look


def lullaby(tmp_path, how):
    tune = mido.MidiFile(type=0)
    notes = [note for pitch in (60, 64, 67, 64, 62, 60, 62, 64) for note in (
        mido.Message("note_on", note=pitch, velocity=60, time=0),
        mido.Message("note_off", note=pitch, velocity=0, time=480))]
    tune.tracks.append(mido.MidiTrack(notes))
    tune.save(tmp_path / "tune.mid")
    how = how.replace("crashing", "odd")        # plain Python: no instruction of its own ends it
    modules = {"mido": ODD} if how == "odd" else imports(("mido",), how)
    told = lived(tmp_path, modules=modules, tune=tmp_path / "tune.mid")
    assert says(told, "no lullaby of one's own") is (how != "late")


def watchdog(tmp_path, how):
    """What systemd hears of a night, whatever became of the library for that."""
    where = tmp_path / "notify"
    modules = {"sdnotify": ODD} if how == "crashing" else imports(("sdnotify",), how)
    for name, source in modules.items():
        (tmp_path / f"{name}.py").write_text(source)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(where))
        systemd.settimeout(20)
        ran = subprocess.run(
            [sys.executable, "-c", "from device.notifier import notifier as n\nn()('WATCHDOG=1')"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT))),
                 "NOTIFY_SOCKET": str(where)}, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        assert systemd.recv(99) == b"WATCHDOG=1"


TFLITE = ("tflite_runtime.interpreter", "ai_edge_litert.interpreter")
GRID = {
    "bus": bus, "accelerometer": chip("motion", "MAX30102"), "light sensor": chip("ppg", "LIS3DH"),
    "button and light": pins, "sound process": sound_process, "sound card": sound_card, "hub": hub,
    "disk": disk, "lullaby": lullaby, "watchdog": watchdog,
    "onnxruntime": runtime(("onnxruntime",), "composer", "rnn", "rules", "composing by rules"),
    "TFLite": runtime(TFLITE, "recommender", "Recommender", "SafeDefault", "no recommender"),
}
