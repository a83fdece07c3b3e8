"""Adding is local: one texture, accelerometer, entity and programme more in a copy of the device,
one row each, as device/README.md shows."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from device.sound.textures import Texture
from device.values import TEXTURES

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def copy(tmp_path):
    """The device and its models, to be changed."""
    for folder in ("device", "models"):
        shutil.copytree(ROOT / folder, tmp_path / folder,
                        ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    return tmp_path


def add(copy, path, before, row):
    """`row` on lines of its own before the line that begins with `before`."""
    file = copy / "device" / path
    text = file.read_text(encoding="utf-8")
    assert text.count(f"\n{before}") == 1
    file.write_text(text.replace(f"\n{before}", f"\n{row}\n{before}"), encoding="utf-8")


def run(copy, script):
    """What `script` prints last, as JSON, with the copy's device."""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=copy, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(copy), "NOCTURNE_NO_SETUP": "1"})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


NOISE = """
import hashlib
from device.sound.textures import Texture
def noise(name):
    return hashlib.sha256(Texture(name, 7).next(20_000, 0.4).tobytes()).hexdigest()
"""


def test_a_texture_is_a_row_and_the_noise_of_the_others_stays(copy):
    add(copy, "textures.py", '    "ocean": Texture(', '''\
    "crickets": Texture(
        (Layer(band=(700.0, 1.5), width=0.3, cutoff=(1500.0, 2.0), order=1.5),), "babble",
        Drops(20.0, (900.0, 1600.0), (0.01, 0.03), 0.0, 1.5), alone=0.4, beside=0.2),''')
    told = run(copy, NOISE + """
import json
from device.recommend.candidates import NAMES
from device.recommend.recommender import Recommender
from device.values import TEXTURES, Context, Scene
from device.wire import decode, encode
scene = Scene({"crickets": 0.5}, 0.0, 0.4, 0.0, 1.0)
recommender = Recommender.load()
choice = recommender.choose(Context(), seed=1, wishes={"require": ["crickets"]})
print(json.dumps({
    "noise": {name: noise(name) for name in TEXTURES},
    "vetted": [name for name in NAMES if "crickets" in name],
    "passes": decode(encode(scene)) == scene,
    "level": float(abs(Texture("crickets", 7).next(48_000, 0.4)).mean()),
    "expected": len(recommender.expect()[0]) == len(NAMES),
    "chosen": choice.recipe.name,
}))
""")
    before = {name: hashlib.sha256(Texture(name, 7).next(20_000, 0.4).tobytes()).hexdigest()
              for name in TEXTURES}
    new = told["noise"].pop("crickets")
    assert told["noise"] == before and new not in before.values()
    assert told["level"] > 0.1 and told["passes"] and told["expected"]
    assert "crickets alone" in told["vetted"] and "slow dark crickets" in told["vetted"]
    assert told["chosen"]


def test_the_vetted_set_may_outgrow_one_run_of_the_model(copy):
    for name in ("crickets", "leaves", "river"):
        add(copy, "textures.py", '    "ocean": Texture(',
            f'    "{name}": Texture((Layer(tilt=0.7),), alone=0.4, beside=0.2),')
    told = run(copy, """
import json
from device.recommend.candidates import NAMES
from device.recommend.network import SLOTS
from device.recommend.recommender import Recommender
mean, deviation = Recommender.load().expect()
print(json.dumps([len(NAMES) > SLOTS, len(mean) == len(NAMES), bool(abs(mean).max() > 0)]))
""")
    assert told == [True, True, True]


def test_an_accelerometer_is_a_driver_and_a_row(copy):
    driver = copy / "device/hardware/lis2dw.py"
    driver.write_text('''\
from device.hardware.lis3dh import LIS3DH


class LIS2DW(LIS3DH):
    name = "LIS2DW"
    addresses = (0x1A,)

    def identify(self) -> str:
        if self.who_am_i != 0x44:
            raise self.wrong("another chip")
        return "LIS2DW"
''')
    add(copy, "hardware/parts.py", "from device.hardware.lis3dh",
        "from device.hardware.lis2dw import LIS2DW")
    add(copy, "hardware/parts.py", "    Part(LIS3DH",
        "    Part(LIS2DW, density=90e-6 * GRAVITY, mattress=True),")
    told = run(copy, """
import json
import numpy as np
from device.clock import VirtualClock
from device.hardware.bus import Bus
from device.hardware.sensors import Sensors
from device.sim.bus import SimBus
from device.sim.chips_lis3dh import LIS3DH

class Still:
    def values(self, times):
        return np.tile([0.0, 0.0, 9.80665], (len(times), 1))

class Chip(LIS3DH):
    address = 0x1A
    def power_on(self):
        super().power_on()
        self.registers[0x0F] = 0x44

def found(config):
    clock = VirtualClock()
    sensors = Sensors.find(Bus(SimBus([Chip(clock, Still())], clock)), clock, config)
    sensors.drain(clock.now())
    clock.sleep(0.5)
    return sensors, sensors.drain(clock.now()).motion.values

sensors, readings = found({})
named, _ = found({"motion": "lis2dw"})
print(json.dumps({
    "chip": sensors.feeds["motion"].chip.name, "named": named.feeds["motion"].chip.name,
    "mattress": sensors.mattress, "readings": readings.shape[0], "z": readings[:, 2].mean(),
    "notes": sensors.notes}))
""")
    assert told["chip"] == told["named"] == "LIS2DW" and told["mattress"] and not told["notes"]
    assert told["readings"] >= 12 and told["z"] == pytest.approx(9.807, abs=0.02)


def test_an_entity_is_a_row(copy):
    add(copy, "home/entities.py", '    "stop": entity(', '''\
    "warmth": entity("number", "Bed warmth", p.PERCENT, personal=True, icon="mdi:heat-wave",
                     min=0, max=100, step=1, unit_of_measurement="%"),''')
    told = run(copy, """
import json
from device.clock import VirtualClock
from device.errors import Refused
from device.home import discovery, topics
from device.home.commands import parse
from device.home.mqtt import Home
from device.home.settings import DeviceFacts, Settings

def asked(payload):
    try:
        return parse("nocturne/bed1/cmd/warmth", payload, False, None).value
    except Refused as trouble:
        return str(trouble)

home = Home(Settings(), None, VirtualClock())
home.tell({"warmth": 0.3})
home._refresh()
shown = dict(home.teller.due(0.0))
home.tell({"privacy": True})
home._refresh()
print(json.dumps({
    "component": discovery.payload("bed1", DeviceFacts())["cmps"]["warmth"],
    "schema": topics.document()["topics"]["nocturne/+/state/warmth"],
    "asked": asked(b"45"), "too much": asked(b"101"),
    "shown": shown["warmth"], "hidden": dict(home.teller.due(1.0))["warmth"],
    "trouble": home.trouble}))
""")
    component = told["component"]
    assert component["p"] == "number" and component["max"] == 100
    assert component["command_topic"] == "nocturne/bed1/cmd/warmth"
    assert component["state_topic"] == "nocturne/bed1/state/warmth"
    assert told["schema"] == {"json": False, "schema": {"$ref": "#/$defs/percent"}}
    assert told["asked"] == 0.45 and "no number from 0 to 100" in told["too much"]
    assert (told["shown"], told["hidden"], told["trouble"]) == ("30", "None", "")


def test_a_programme_is_a_row(copy):
    file = copy / "device/programmes.py"
    file.write_text(file.read_text(encoding="utf-8").replace(
        "\nROWS = (\n", '\nROWS = (\n    _programme("night train", {"brown": 0.4}, pulse=50),\n'))
    told = run(copy, """
import json
from device.home.commands import parse
from device.programmes import NAMES, PROGRAMMES
from device.recommend.candidates import NAMES as VETTED
command = parse("nocturne/bed1/cmd/programme", b"night train", False, None, NAMES)
print(json.dumps([command.value, PROGRAMMES[command.value].pulse, "night train" in VETTED]))
""")
    assert told == ["night train", 50, True]
