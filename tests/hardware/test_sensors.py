"""Finding chips, timing their readings, and what a tick hands over."""

import numpy as np
import pytest

from device.errors import ConfigError
from device.sim.chips_adxl355 import ADXL355
from device.sim.chips_lis3dh import LIS3DH
from device.sim.chips_max30102 import MAX30102
from tests.hardware.parts import Ramp, Still, device


def finger(clock, **options):
    return MAX30102(clock, Still(122_500, 143_000), **options)


def mattress(clock, **options):
    return ADXL355(clock, Still(0, 0, 9.80665), **options)


def wrist(clock, **options):
    return LIS3DH(clock, Still(0, 0, 9.80665), **options)


def run(sensors, clock, seconds, tick=0.25):
    readings = []
    for _ in range(round(seconds / tick)):
        clock.sleep(tick)
        readings.append(sensors.drain(clock.now()))
    return readings


def test_the_recommended_build_is_found_by_itself():
    sensors, _, _ = device([finger, mattress])
    assert {role: feed.chip.name for role, feed in sensors.feeds.items()} == {
        "ppg": "MAX30102",
        "motion": "ADXL355",
    }


def test_a_lis3dh_at_its_other_address_is_found():
    sensors, _, _ = device([lambda clock: wrist(clock, address=0x19)])
    assert repr(sensors.feeds["motion"].chip) == "LIS3DH at 0x19"


def test_two_of_a_kind_are_one_sensor_that_stays_where_it_was():
    sensors, chips, clock = device([lambda clock: wrist(clock, address=0x19), wrist])
    assert repr(sensors.feeds["motion"].chip) == "LIS3DH at 0x18"
    readings = run(sensors, clock, 20)
    assert len([r for r in readings if r.motion]) > 70 and not any(r.trouble for r in readings)
    chips[1].unplug(clock.now())
    assert any("0x18" in text for r in run(sensors, clock, 30) for text in r.trouble)


def test_the_quieter_accelerometer_wins_unless_the_config_names_the_other():
    assert device([wrist, mattress])[0].feeds["motion"].chip.name == "ADXL355"
    assert (
        device([wrist, mattress], config={"motion": "LIS3DH"})[0].feeds["motion"].chip.name
        == "LIS3DH"
    )
    assert "motion" not in device([wrist, mattress], config={"motion": "none"})[0].feeds


def test_an_unknown_chip_name_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="sensors.motion.*ADXL355.*LIS3DH"):
        device([wrist], config={"motion": "ADXL535"})


def test_without_any_chip_a_night_goes_on_and_says_what_to_do():
    sensors, _, clock = device([])
    assert all(
        r.ppg is None and r.motion is None and not r.trouble for r in run(sensors, clock, 30)
    )
    assert any("wiring" in note for note in sensors.notes)


def test_a_chip_plugged_in_later_is_found_within_ten_seconds():
    sensors, (chip,), clock = device([finger])
    sensors.feeds.clear()
    chip.unplug(clock.now())
    run(sensors, clock, 12)
    chip.plug(clock.now())
    assert run(sensors, clock, 12)[-1].ppg is not None


@pytest.mark.parametrize("skew", [-0.05, 0.0, 0.013, 0.05])
def test_chip_time_is_fitted_so_that_epochs_are_thirty_seconds_long(skew):
    """Every reading says when it was taken; the time that the driver gives it must agree."""
    def clockface(clock):
        return MAX30102(clock, Ramp(2, 1000.0, 0, modulus=200_000), skew=skew)

    sensors, _, clock = device([clockface])
    run(sensors, clock, 60)
    for reading in run(sensors, clock, 120):
        signal = reading.ppg
        assert signal.rate == pytest.approx(50 * (1 + skew), rel=1e-4)
        times = signal.start + np.arange(len(signal.values)) / signal.rate
        # An offset within one period can't be told when the tick is a multiple of it.
        np.testing.assert_allclose(
            times * 1000 % 200_000, signal.values[:, 0], atol=0.51 * 1000 * 0.02
        )


def test_nothing_is_lost_on_a_quiet_bus():
    sensors, chips, clock = device([finger, mattress])
    readings = run(sensors, clock, 120)
    assert not any(reading.trouble for reading in readings)
    assert [chip.lost for chip in chips] == [0, 0] == list(sensors.lost.values())
    assert sum(len(r.motion.values) for r in readings) == chips[1].taken
