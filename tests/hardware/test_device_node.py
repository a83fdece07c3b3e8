"""The chip models behind a /dev/i2c-1: unmodified smbus2 opens it, and so do the drivers."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from device.clock import SystemClock
from device.sim.bus import SimBus
from device.sim.chips_adxl355 import ADXL355
from device.sim.chips_max30102 import MAX30102
from kit.i2c_shim import Served, build
from tests.hardware.parts import Still

ROOT = Path(__file__).resolve().parents[2]

SMBUS2 = """
import json
from smbus2 import SMBus, i2c_msg
with SMBus(1) as bus:
    told = {"funcs": int(bus.funcs), "id": bus.read_byte_data(0x57, 0xFF)}
    bus.write_byte_data(0x57, 0x0A, 0x27)
    told["byte"] = bus.read_byte_data(0x57, 0x0A)
    told["word"] = bus.read_word_data(0x1D, 0x00)
    told["block"] = bus.read_i2c_block_data(0x1D, 0x00, 4)
    bus.write_i2c_block_data(0x57, 0x0C, [1, 2])
    write, read = i2c_msg.write(0x57, [0x0C]), i2c_msg.read(0x57, 2)
    bus.i2c_rdwr(write, read)
    told["rdwr"] = list(read)
    bus.write_byte(0x1D, 0x02)
    told["pointer"] = bus.read_byte(0x1D)
    told["errnos"] = []
    for attempt in (lambda: bus.read_byte_data(0x42, 0), lambda: bus.i2c_rdwr(read, write),
                    lambda: bus.write_block_data(0x57, 0, [1])):
        try:
            attempt()
        except OSError as trouble:
            told["errnos"].append(trouble.errno)
print(json.dumps(told))
"""

DRIVERS = """
import json
from device.clock import SystemClock
from device.hardware.bus import open_bus
from device.hardware.sensors import Sensors
clock = SystemClock()
sensors = Sensors.find(open_bus(1), clock)
ppg, motion, trouble = [], [], []
start = clock.now()
while clock.now() < start + 1.5:
    readings = sensors.drain(clock.now())
    ppg += readings.ppg.values.tolist()
    motion += readings.motion.values.tolist()
    trouble += readings.trouble
    clock.sleep(0.25)
print(json.dumps({"ppg": ppg, "motion": motion, "trouble": trouble}))
"""


def run(script):
    try:
        clock = SystemClock()
        chips = [MAX30102(clock, Still(122_500, 143_000)), ADXL355(clock, Still(0, 0, 9.80665))]
        with Served(SimBus(chips, clock)) as served:
            done = subprocess.run(
                [sys.executable, "-c", script],
                env=served.environment,
                cwd=ROOT,
                text=True,
                capture_output=True,
                timeout=30,
            )
    except RuntimeError as missing:
        pytest.skip(f"/dev/i2c-1 NOT TESTED: {missing}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_unmodified_smbus2_opens_the_simulated_chips():
    told = run(SMBUS2)
    assert told["funcs"] == 0x0EFF0009
    assert (told["id"], told["byte"]) == (0x15, 0x27)
    assert told["word"] == 0x1DAD and told["block"] == [0xAD, 0x1D, 0xED, 0x01]
    assert told["rdwr"] == [1, 2] and told["pointer"] == 0xED
    assert told["errnos"] == [121, 95, 95]


def test_the_drivers_read_physics_through_the_device_node():
    told = run(DRIVERS)
    assert told["trouble"] == []
    assert 50 <= len(told["ppg"]) <= 110 and set(map(tuple, told["ppg"])) == {(122_500, 143_000)}
    assert 60 <= len(told["motion"]) <= 140
    assert all(abs(z - 9.80665) < 1e-4 and x == y == 0 for x, y, z in told["motion"])


def test_without_a_compiler_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="apt-get install gcc"):
        build(tmp_path)
