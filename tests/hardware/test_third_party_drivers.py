"""Drivers that others wrote for the real parts, unchanged, on the simulated ones behind /dev/i2c-1:
they never saw our registers, nor we theirs."""

import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from device.clock import SystemClock
from device.sim.bus import SimBus
from device.sim.chips_lis3dh import LIS3DH
from device.sim.chips_max30102 import MAX30102
from kit.i2c_shim import Served
from tests.hardware.parts import Still

pytestmark = pytest.mark.full

GRAVITY = 9.80665
RED, INFRARED = 122_500, 143_000        # counts of 18 bit
TILTED = (0.6 * GRAVITY, 0.0, 0.8 * GRAVITY)

PIMORONI = """
import json, time
from max30105 import MAX30105
chip = MAX30105()
chip.setup(leds_enable=2, pulse_width=411, sample_rate=400, sample_average=4)
samples, until = [], time.monotonic() + 1.5
while time.monotonic() < until:
    samples += chip.get_samples() or []
    time.sleep(0.02)
print(json.dumps({"id": chip.get_chip_id(), "celsius": [chip.get_temperature() for _ in range(3)],
                  "samples": samples}))
"""

SPARKFUN = """
import json, sys, time
from qwiic_max3010x import qwiic_max3010x as module
chip = module.QwiicMax3010x()
begun = chip.begin()
chip.setup(ledMode=2)
pairs, until = [], time.monotonic() + 1.5
while time.monotonic() < until:
    if chip.safeCheck(100):
        pairs.append((chip.getFIFORed(), chip.getFIFOIR()))
        chip.nextSample()
print(json.dumps({"begun": begun, "id": chip.readPartID(), "celsius": chip.readTemperature(),
                  "pairs": pairs}))
"""

ADAFRUIT = """
import json, time
import adafruit_lis3dh
from smbus2 import SMBus, i2c_msg

class Bus:
    # CircuitPython's I2C, by i2c_rdwr: Blinka's own writes to the file, which nobody serves
    def __init__(self, number):
        self.bus = SMBus(number)
    def try_lock(self):
        return True
    def unlock(self):
        pass
    def writeto(self, address, buffer, start=0, end=None):
        self.bus.i2c_rdwr(i2c_msg.write(address, bytes(buffer[start:end])))
    def readfrom_into(self, address, buffer, start=0, end=None):
        read = i2c_msg.read(address, len(buffer[start:end]))
        self.bus.i2c_rdwr(read)
        buffer[start:end] = bytes(read)

chip = adafruit_lis3dh.LIS3DH_I2C(Bus(1), address=0x18)
told = []
for scale in (adafruit_lis3dh.RANGE_2_G, adafruit_lis3dh.RANGE_4_G, adafruit_lis3dh.RANGE_8_G,
              adafruit_lis3dh.RANGE_16_G):
    chip.range = scale
    time.sleep(0.1)
    told.append(list(chip.acceleration))
print(json.dumps({"told": told}))
"""

LIS3DH_PACKAGE = """
import json, time
from lis3dh import LIS3DH, device
chip = LIS3DH(1, device.CTRL_REG4.SCALE_2G, device.CTRL_REG1.ODR_100Hz)
chip.enable_axes(7)
chip.write_register(device.CTRL_REG2.ADDR, 0)   # its high-pass would take gravity out
time.sleep(0.2)
print(json.dumps({"ready": chip.read_data_ready_register(), "axes": chip.read_all_axes()}))
"""


def run(script, package, *chips):
    if find_spec(package) is None:
        pytest.skip(f"NOT TESTED: {package} isn't installed (pip install '.[drivers]')")
    clock = SystemClock()
    try:
        with Served(SimBus([chip(clock) for chip in chips], clock)) as served:
            done = subprocess.run([sys.executable, "-c", script], env=served.environment, text=True,
                                  capture_output=True, timeout=60)
    except RuntimeError as missing:
        pytest.skip(f"/dev/i2c-1 NOT TESTED: {missing}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def finger(clock):
    chip = MAX30102(clock, Still(RED, INFRARED))
    chip.celsius = 33.5
    return chip


def tilted(clock):
    return LIS3DH(clock, Still(*TILTED))


def in_order(pairs):
    """Share of the pairs, red first, whose ratio is the finger's at equal currents. A pair that a
    transfer split wrongly, or that is out of step, has another."""
    red, infrared = np.array(pairs, float).T
    return np.mean(np.abs(red / infrared - RED / INFRARED) < 1e-3)


def test_pimoronis_max30105_reads_both_colours_and_the_temperature():
    """In blocks of 32 bytes, which split readings of six."""
    told = run(PIMORONI, "max30105", finger)
    assert told["id"][1] == 0x15
    assert told["celsius"] == [33.5] * 3
    assert len(told["samples"]) > 100
    assert in_order(np.reshape(told["samples"], (-1, 2))) == 1.0


def test_sparkfuns_max3010x_reads_both_colours_and_the_temperature():
    told = run(SPARKFUN, "qwiic_max3010x", finger)
    assert told["begun"] and told["id"] == 0x15
    assert told["celsius"] == pytest.approx(33.5, abs=0.1)
    assert len(told["pairs"]) > 50
    assert in_order(told["pairs"][1:]) == 1.0       # the first is its store's empty place


def test_adafruits_lis3dh_feels_gravity_at_every_range():
    told = run(ADAFRUIT, "adafruit_lis3dh", tilted)["told"]
    for axes, step in zip(told, (1, 2, 4, 12), strict=True):
        np.testing.assert_allclose(axes, TILTED, atol=step * 1.5e-3 * GRAVITY + 0.02 * GRAVITY)


def test_the_lis3dh_package_finds_the_tilt():
    """Its scale is 0.061 for 1/16 mg; the direction needs none."""
    told = run(LIS3DH_PACKAGE, "lis3dh", tilted)
    assert told["ready"] == 0
    axes = np.array(told["axes"])
    np.testing.assert_allclose(axes / np.linalg.norm(axes), np.array(TILTED) / GRAVITY, atol=0.01)
