"""Drivers against simulated registers: physics in, physics out."""

import numpy as np
import pytest

from device.clock import VirtualClock
from device.errors import SensorError, WrongChip
from device.hardware.adxl355 import ADXL355
from device.hardware.bus import Bus
from device.hardware.lis3dh import LIS3DH
from device.hardware.max3010x import MAX30102
from device.sim import chips_adxl355, chips_lis3dh, chips_max30102
from device.sim.bus import SimBus
from tests.hardware.parts import Ramp, Still, bench

PARTS = {
    MAX30102: chips_max30102.MAX30102,
    LIS3DH: chips_lis3dh.LIS3DH,
    ADXL355: chips_adxl355.ADXL355,
}
every_part = pytest.mark.parametrize("driver", PARTS, ids=lambda driver: driver.name)


@pytest.mark.parametrize(
    "driver, step", [(LIS3DH, 0.001), (ADXL355, 3.9e-6)], ids=["LIS3DH", "ADXL355"]
)
@pytest.mark.parametrize("g", [(0, 0, 1), (0, -1, 0), (0.5, -0.25, -0.125)])
def test_gravity_comes_out_in_metres_per_second_squared(driver, step, g):
    device, _, clock = bench(PARTS[driver], driver, Still(*(9.80665 * np.array(g))))
    clock.sleep(0.4)
    drained = device.drain()
    assert len(drained) == int(0.4 * device.rate)
    np.testing.assert_allclose(
        drained, np.tile(9.80665 * np.array(g), (len(drained), 1)), atol=0.51 * step * 9.80665
    )


@pytest.mark.parametrize("full_scale, step", [(2, 0.001), (4, 0.002), (8, 0.004), (16, 0.012)])
def test_lis3dh_ranges_keep_the_scale(full_scale, step):
    clock = VirtualClock()
    bus = SimBus([chips_lis3dh.LIS3DH(clock, Still(9.80665, -9.80665, 4.9))], clock)
    device = LIS3DH(Bus(bus), full_scale=full_scale)
    device.configure()
    clock.sleep(0.5)
    np.testing.assert_allclose(
        device.drain()[-1], [9.80665, -9.80665, 4.9], atol=0.51 * step * 9.80665
    )


def test_red_comes_first_then_infrared():
    device, _, clock = bench(PARTS[MAX30102], MAX30102, Still(122_500, 143_000))
    clock.sleep(0.25)
    assert device.drain().tolist() == [[122_500, 143_000]] * 12


@every_part
def test_readings_come_oldest_first_and_only_once(driver):
    step = 700.0 if driver is MAX30102 else 0.5
    device, _, clock = bench(PARTS[driver], driver, Ramp(driver.channels, step, 0))
    seen = []
    for _ in range(20):
        clock.sleep(0.25)
        seen.append(device.drain())
    seen = np.concatenate(seen)
    assert abs(len(seen) - 5 * device.rate) <= 1
    np.testing.assert_allclose(np.diff(seen[:, 0]).mean(), step / device.rate, rtol=0.01)
    assert np.diff(seen[:, 0]).min() > 0


@every_part
def test_an_empty_fifo_gives_no_rows(driver):
    device, _, _ = bench(PARTS[driver], driver, Still(*[1.0] * driver.channels))
    assert device.drain().shape == (0, driver.channels)


@every_part
def test_a_missing_chip_is_named_with_its_address_and_a_remedy(driver):
    with pytest.raises(
        SensorError, match=rf"{driver.name} at 0x{driver.addresses[0]:02x}.*wiring.*errno 121"
    ):
        driver(Bus(SimBus([], VirtualClock()))).identify()


@every_part
def test_a_stranger_at_the_address_is_not_taken_for_the_chip(driver):
    clock = VirtualClock()
    stranger = PARTS[MAX30102 if driver is not MAX30102 else LIS3DH](
        clock, Still(0, 0, 0), address=driver.addresses[0]
    )
    with pytest.raises(WrongChip, match="config"):
        driver(Bus(SimBus([stranger], clock))).identify()


@pytest.mark.parametrize("celsius", [-12.5, -0.0625, 0.0, 0.9375, 31.0, 84.5])
def test_max30102_temperature_has_no_sign_bug(celsius):
    clock = VirtualClock()
    chip = chips_max30102.MAX30102(clock, Still(0, 0))
    chip.celsius = celsius
    assert MAX30102(Bus(SimBus([chip], clock))).temperature(clock.sleep) == celsius


@pytest.mark.parametrize("conversion", [0.029, 0.031, 0.06])
def test_max30102_temperature_is_waited_for_on_parts_that_clear_its_bit_at_once(conversion):
    clock = VirtualClock()
    chip = chips_max30102.MAX30102(clock, Still(0, 0))
    chip.hasty, chip.conversion, chip.celsius = True, conversion, 33.5
    device = MAX30102(Bus(SimBus([chip], clock)))
    assert [device.temperature(clock.sleep) for _ in range(3)] == [33.5] * 3


@pytest.mark.parametrize("full_scale", [2, 4, 8])
@pytest.mark.parametrize("pose", [(0, 0, 1), (0.6, 0, -0.8), (0.3, -0.2, 0.9327)])
def test_an_adxl357_is_known_by_gravity_and_read_at_its_own_scale(full_scale, pose):
    clock = VirtualClock()
    chip = chips_adxl355.ADXL357(clock, Still(*(9.80665 * np.array(pose))))
    device = ADXL355(Bus(SimBus([chip], clock)), full_scale=full_scale)
    device.configure()
    clock.sleep(0.5)
    np.testing.assert_allclose(device.drain().mean(axis=0), 9.80665 * np.array(pose), atol=0.01)
    assert device.name == "ADXL357"


def test_a_copy_of_a_lis3dh_at_an_adxl355s_address_is_named_for_what_it_is():
    clock = VirtualClock()
    copy = PARTS[LIS3DH](clock, Still(0, 0, 9.8), address=0x1D)
    copy.registers[0x0F] = 0x3F
    with pytest.raises(WrongChip, match="LIS family.*0x3f") as wrong:
        ADXL355(Bus(SimBus([copy], clock)), 0x1D).identify()
    assert "ADXL355 at" not in str(wrong.value)


def test_adxl355_temperature():
    device, chip, clock = bench(PARTS[ADXL355], ADXL355, Still(0, 0, 0))
    chip.celsius = 36.6
    assert device.temperature(clock.sleep) == pytest.approx(36.6, abs=0.06)
