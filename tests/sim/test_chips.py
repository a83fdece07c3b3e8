"""The simulated chips against their data sheets, register by register. Nothing here comes from the
drivers."""

import errno

import numpy as np
import pytest
from smbus2 import i2c_msg

from device.clock import VirtualClock
from device.sim.bus import SimBus
from device.sim.chips_adxl355 import ADXL355
from device.sim.chips_lis3dh import LIS3DH
from device.sim.chips_max30102 import MAX30102

PPG, CHEAP, QUIET = 0x57, 0x18, 0x1D


class Counting:
    """Reading k of a 50 Hz chip is k and k + 100 000; of an accelerometer k mg, −k mg, 1 g."""

    smooth = True           # steps and wraps that a filter would round are what is counted here

    def __init__(self, rate: float, acceleration: bool = False):
        self.rate_of_time, self.acceleration = rate, acceleration

    def values(self, times):
        k = np.rint(times * self.rate_of_time) - 1
        if self.acceleration:
            return np.column_stack([k, -k, 1000 + 0 * k]) * 9.80665e-3
        return np.column_stack([k, k + 100_000])


def board(chip):
    bus = SimBus([chip], chip.clock)
    return bus, chip.clock


def max30102(average=2, rate=2, width=3, rollover=0, a_full=0, mode=3):
    bus, clock = board(MAX30102(VirtualClock(), Counting(50)))
    bus.write_byte_data(PPG, 0x08, average << 5 | rollover << 4 | a_full)
    bus.write_byte_data(PPG, 0x0A, 1 << 5 | rate << 2 | width)
    bus.write_i2c_block_data(PPG, 0x0C, [0x24, 0x24])
    bus.write_byte_data(PPG, 0x09, mode)
    return bus, clock


def lis3dh(rate=3, fifo=2, enable=0x40):
    bus, clock = board(LIS3DH(VirtualClock(), Counting(25, acceleration=True)))
    bus.write_byte_data(CHEAP, 0x23, 0x88)
    bus.write_byte_data(CHEAP, 0x24, enable)
    bus.write_byte_data(CHEAP, 0x2E, fifo << 6)
    bus.write_byte_data(CHEAP, 0x20, rate << 4 | 7)
    return bus, clock


def adxl355(source=None):
    bus, clock = board(ADXL355(VirtualClock(), source or Counting(62.5, acceleration=True)))
    bus.write_byte_data(QUIET, 0x28, 6)
    bus.write_byte_data(QUIET, 0x2D, 0)
    return bus, clock


def burst(bus, address, register, count):
    write, read = i2c_msg.write(address, [register]), i2c_msg.read(address, count)
    bus.i2c_rdwr(write, read)
    return bytes(read)


def ppg_word(data, index):
    return int.from_bytes(data[3 * index:3 * index + 3], "big")


# ---- MAX30102 (Maxim 19-7740)

def test_max30102_says_who_it_is_and_that_power_came_up_once():
    bus, _ = board(MAX30102(VirtualClock(), Counting(50)))
    assert bus.read_byte_data(PPG, 0xFF) == 0x15
    assert bus.read_byte_data(PPG, 0x00) == 0x01
    assert bus.read_byte_data(PPG, 0x00) == 0x00        # reading clears
    assert burst(bus, PPG, 0x02, 5) == bytes(5)         # everything else comes up as zero


def test_max30102_takes_nothing_until_it_has_a_mode():
    bus, clock = board(MAX30102(VirtualClock(), Counting(50)))
    clock.sleep(1)
    assert burst(bus, PPG, 0x04, 3) == bytes(3)


def test_max30102_fifo_gives_red_then_infrared_big_endian_and_does_not_move_its_register():
    bus, clock = max30102()
    clock.sleep(0.101)
    assert burst(bus, PPG, 0x04, 3) == bytes((5, 0, 0))
    data = burst(bus, PPG, 0x07, 12)
    assert [ppg_word(data, i) for i in range(4)] == [0, 100_000, 1, 100_001]
    assert burst(bus, PPG, 0x04, 3) == bytes((5, 0, 2))


def test_max30102_pops_a_reading_only_when_it_is_complete():
    bus, clock = max30102()
    clock.sleep(0.101)
    burst(bus, PPG, 0x07, 5)
    assert bus.read_byte_data(PPG, 0x06) == 0
    burst(bus, PPG, 0x07, 1)
    assert bus.read_byte_data(PPG, 0x06) == 1


def test_max30102_blocks_that_split_a_reading_go_on_where_they_ended():
    """As drivers that read 32 bytes at a time rely on: 10 readings are 60 bytes."""
    bus, clock = max30102()
    clock.sleep(0.201)
    data = burst(bus, PPG, 0x07, 32) + burst(bus, PPG, 0x07, 28)
    assert [ppg_word(data, 2 * k) for k in range(10)] == list(range(10))
    assert [ppg_word(data, 2 * k + 1) for k in range(10)] == list(range(100_000, 100_010))


class Tone:
    """One frequency on every channel, about 100 000 counts or 0 m/s²."""

    def __init__(self, hertz: float, size: float, channels: int, level: float = 0.0):
        self.hertz, self.size, self.channels, self.level = hertz, size, channels, level

    def values(self, times):
        wave = self.level + self.size * np.sin(2 * np.pi * self.hertz * times)
        return np.repeat(wave[:, None], self.channels, axis=1)


@pytest.mark.parametrize("hertz, left", [(1.0, 1.0), (50.9, 0.020), (99.1, 0.014)])
def test_max30102_averaging_takes_lamps_away(hertz, left):
    """Four conversions at 200/s: |sin(4x) / (4 sin x)| with x = π f / 200."""
    bus, clock = board(MAX30102(VirtualClock(), Tone(hertz, 10_000.0, 2, 100_000.0)))
    bus.write_byte_data(PPG, 0x08, 2 << 5)
    bus.write_byte_data(PPG, 0x0A, 1 << 5 | 2 << 2 | 3)
    bus.write_i2c_block_data(PPG, 0x0C, [0x24, 0x24])
    bus.write_byte_data(PPG, 0x09, 3)
    words = []
    for _ in range(20):
        clock.sleep(0.5)
        data = burst(bus, PPG, 0x07, 6 * 25)
        words += [ppg_word(data, 2 * k) for k in range(25)]
    assert np.std(words) * np.sqrt(2) / 10_000 == pytest.approx(left, abs=0.003)


def test_max30102_temperature_enable_clears_at_once_on_some_parts():
    bus, clock = max30102()
    bus.chips[PPG].hasty, bus.chips[PPG].conversion = True, 0.031
    bus.write_byte_data(PPG, 0x21, 1)
    assert bus.read_byte_data(PPG, 0x21) == 0
    clock.sleep(0.030)
    assert not bus.read_byte_data(PPG, 0x01) & 0x02
    clock.sleep(0.002)
    assert bus.read_byte_data(PPG, 0x01) & 0x02


@pytest.mark.parametrize("width, step", [(0, 8), (1, 4), (2, 2), (3, 1)])
def test_max30102_narrower_conversions_are_left_justified(width, step):
    bus, clock = max30102(width=width)
    clock.sleep(0.64)
    infrared = [ppg_word(burst(bus, PPG, 0x07, 6), 1) for _ in range(32)]
    assert infrared == [(100_000 + k) // step * step for k in range(32)]


def test_max30102_equal_pointers_mean_empty_or_full():
    bus, clock = max30102()
    assert burst(bus, PPG, 0x04, 3) == bytes((0, 0, 0))
    clock.sleep(0.6401)
    assert burst(bus, PPG, 0x04, 3) == bytes((0, 0, 0))
    assert ppg_word(burst(bus, PPG, 0x07, 192), 62) == 31


def test_max30102_without_rollover_refuses_the_new_and_counts_them():
    bus, clock = max30102()
    clock.sleep(0.7401)
    assert burst(bus, PPG, 0x04, 3) == bytes((0, 5, 0))
    data = burst(bus, PPG, 0x07, 192)
    assert [ppg_word(data, 2 * i) for i in range(32)] == list(range(32))
    assert bus.read_byte_data(PPG, 0x05) == 0           # popping resets the count
    clock.sleep(0.02)
    assert ppg_word(burst(bus, PPG, 0x07, 3), 0) == 37


def test_max30102_with_rollover_overwrites_the_oldest():
    bus, clock = max30102(rollover=1)
    clock.sleep(0.7401)
    assert bus.read_byte_data(PPG, 0x05) == 5
    data = burst(bus, PPG, 0x07, 192)
    assert [ppg_word(data, 2 * i) for i in range(32)] == list(range(5, 37))


def test_max30102_overflow_count_stops_at_31():
    bus, clock = max30102()
    clock.sleep(5)
    assert bus.read_byte_data(PPG, 0x05) == 0x1F


@pytest.mark.parametrize("a_full, readings", [(0, 32), (15, 17)])
def test_max30102_almost_full_flag_counts_the_empty_slots_and_clears_on_read(a_full, readings):
    bus, clock = max30102(a_full=a_full)
    bus.read_byte_data(PPG, 0x00)
    clock.sleep((readings - 1) / 50 + 0.0101)
    assert not bus.read_byte_data(PPG, 0x00) & 0x80
    clock.sleep(0.02)
    assert bus.read_byte_data(PPG, 0x00) & 0x80
    assert not bus.read_byte_data(PPG, 0x00) & 0x80


@pytest.mark.parametrize(
    "rate, width, accepted", [(5, 3, 3), (5, 2, 4), (4, 2, 4), (7, 0, 6), (6, 1, 5), (3, 3, 3)]
)
def test_max30102_clamps_rates_too_fast_for_the_pulse_width(rate, width, accepted):
    """Data sheet table 11: SpO2 mode allows 400/s at 411 µs, 800 at 215, 1000 at 118, 1600 at 69.
    """
    bus, _ = max30102(rate=rate, width=width)
    assert bus.read_byte_data(PPG, 0x0A) >> 2 & 7 == accepted


@pytest.mark.parametrize("average, readings", [(0, 200), (1, 100), (2, 50), (5, 6), (7, 6)])
def test_max30102_averages_before_the_fifo(average, readings):
    bus, clock = max30102(average=average, rollover=1)
    taken = 0
    for _ in range(20):
        clock.sleep(0.05)
        write, _, read = burst(bus, PPG, 0x04, 3)
        waiting = (write - read) & 31
        burst(bus, PPG, 0x07, 6 * waiting) if waiting else None
        taken += waiting
    assert taken == readings


def test_max30102_heart_rate_mode_has_red_only_and_multi_led_mode_follows_its_slots():
    bus, clock = max30102(mode=2)
    clock.sleep(0.06)
    data = burst(bus, PPG, 0x07, 6)
    assert [ppg_word(data, i) for i in range(2)] == [0, 1]
    bus, clock = max30102()
    bus.write_i2c_block_data(PPG, 0x11, [0x12, 0x00])   # slot 1 infrared, slot 2 red
    bus.write_byte_data(PPG, 0x09, 7)
    clock.sleep(0.03)
    data = burst(bus, PPG, 0x07, 6)
    assert ppg_word(data, 0) - ppg_word(data, 1) == 100_000


def test_max30102_shut_down_keeps_registers_but_takes_nothing():
    bus, clock = max30102()
    bus.write_byte_data(PPG, 0x09, 0x83)
    clock.sleep(1)
    assert bus.read_byte_data(PPG, 0x04) == 0
    assert bus.read_byte_data(PPG, 0x0C) == 0x24


def test_max30102_reset_bit_clears_itself_and_everything():
    bus, clock = max30102()
    clock.sleep(0.2)
    bus.write_byte_data(PPG, 0x09, 0x40)
    assert bus.read_byte_data(PPG, 0x09) == 0
    assert bus.read_byte_data(PPG, 0x0A) == 0
    assert burst(bus, PPG, 0x04, 3) == bytes(3)


def test_max30102_temperature_takes_29_ms_and_its_flag_clears_with_the_fraction():
    bus, clock = max30102()
    bus.chips[PPG].celsius = -3.1875
    bus.write_byte_data(PPG, 0x21, 1)
    clock.sleep(0.028)
    assert bus.read_byte_data(PPG, 0x21) == 1
    clock.sleep(0.002)
    assert bus.read_byte_data(PPG, 0x21) == 0
    whole, sixteenths = burst(bus, PPG, 0x1F, 2)
    assert (whole, sixteenths) == (0x100 - 4, 13)       # −4 + 13/16
    assert not bus.read_byte_data(PPG, 0x01) & 0x02


def test_max30102_reserved_registers_read_zero_and_ignore_writes():
    bus, _ = max30102()
    bus.write_byte_data(PPG, 0x10, 0x55)
    bus.write_byte_data(PPG, 0xFF, 0x55)
    assert (bus.read_byte_data(PPG, 0x10), bus.read_byte_data(PPG, 0xFF)) == (0, 0x15)


# ---- LIS3DH (ST DocID17530)

def test_lis3dh_comes_up_powered_down_with_all_axes_enabled():
    bus, clock = board(LIS3DH(VirtualClock(), Counting(25, acceleration=True)))
    assert (bus.read_byte_data(CHEAP, 0x0F), bus.read_byte_data(CHEAP, 0x20)) == (0x33, 0x07)
    clock.sleep(1)
    assert bus.read_byte_data(CHEAP, 0x27) == 0


def test_lis3dh_repeats_a_register_without_the_increment_bit():
    bus, _ = lis3dh()
    assert burst(bus, CHEAP, 0x20, 2) == bytes((0x37, 0x37))
    assert burst(bus, CHEAP, 0xA3, 2) == bytes((0x88, 0x40))


def test_lis3dh_bursts_wrap_over_the_outputs_and_pop_whole_sets():
    bus, clock = lis3dh()
    clock.sleep(0.2001)
    assert bus.read_byte_data(CHEAP, 0x2F) & 0x3F == 5
    data = np.frombuffer(burst(bus, CHEAP, 0xA8, 18), "<i2").reshape(3, 3)
    assert (data >> 4).tolist() == [[0, 0, 1000], [1, -1, 1000], [2, -2, 1000]]
    assert not (data & 15).any()                        # left-justified
    assert bus.read_byte_data(CHEAP, 0x2F) & 0x3F == 2


def test_lis3dh_a_set_read_in_part_stays():
    bus, clock = lis3dh()
    clock.sleep(0.1001)
    burst(bus, CHEAP, 0xA8, 5)
    assert bus.read_byte_data(CHEAP, 0x2F) & 31 == 2


@pytest.mark.parametrize(
    "seconds, source",
    [(0.0, 0x20), (0.0401, 1 | 0x80), (1.2401, 31 | 0x80), (1.2801, 31 | 0xC0), (3.0, 31 | 0xC0)],
)
def test_lis3dh_fifo_source_tells_level_watermark_overrun_and_empty(seconds, source):
    bus, clock = lis3dh()
    clock.sleep(seconds)
    assert bus.read_byte_data(CHEAP, 0x2F) == source


def test_lis3dh_stream_keeps_the_newest_and_fifo_mode_the_oldest():
    bus, clock = lis3dh(fifo=2)
    clock.sleep(2.0001)
    assert np.frombuffer(burst(bus, CHEAP, 0xA8, 6), "<i2")[0] >> 4 == 18
    bus, clock = lis3dh(fifo=1)
    clock.sleep(2.0001)
    assert np.frombuffer(burst(bus, CHEAP, 0xA8, 6), "<i2")[0] >> 4 == 0


def test_lis3dh_bypass_empties_the_fifo_and_shows_the_latest():
    bus, clock = lis3dh()
    clock.sleep(0.2001)
    bus.write_byte_data(CHEAP, 0x2E, 0)
    assert bus.read_byte_data(CHEAP, 0x2F) == 0x20
    clock.sleep(0.2)
    assert np.frombuffer(burst(bus, CHEAP, 0xA8, 6), "<i2")[0] >> 4 == 9


def test_lis3dh_status_tells_new_data_and_overrun_and_clears_with_the_data():
    bus, clock = lis3dh()
    clock.sleep(0.0401)
    assert bus.read_byte_data(CHEAP, 0x27) == 0x0F
    clock.sleep(0.04)
    assert bus.read_byte_data(CHEAP, 0x27) == 0xFF
    burst(bus, CHEAP, 0xA8, 6)
    assert bus.read_byte_data(CHEAP, 0x27) == 0


@pytest.mark.parametrize(
    "control1, control4, step", [(0x37, 0x88, 16), (0x37, 0x80, 64), (0x3F, 0x80, 256)]
)
def test_lis3dh_resolution_follows_the_power_mode(control1, control4, step):
    bus, clock = lis3dh()
    bus.write_byte_data(CHEAP, 0x23, control4)
    bus.write_byte_data(CHEAP, 0x20, control1)
    clock.sleep(1.2)
    words = np.frombuffer(burst(bus, CHEAP, 0xA8, 180), "<i2").astype(int)
    assert np.gcd.reduce(words) == step


# ---- ADXL355 (Analog Devices, rev. D)

def test_adxl355_ids_and_standby_after_power_on():
    bus, clock = board(ADXL355(VirtualClock(), Counting(62.5, acceleration=True)))
    assert burst(bus, QUIET, 0x00, 4) == bytes((0xAD, 0x1D, 0xED, 0x01))
    assert (bus.read_byte_data(QUIET, 0x2C), bus.read_byte_data(QUIET, 0x2D)) == (0x81, 0x01)
    clock.sleep(1)
    assert bus.read_byte_data(QUIET, 0x05) == 0


def test_adxl355_fifo_counts_axes_and_marks_the_x():
    bus, clock = adxl355()
    clock.sleep(0.0321)
    assert bus.read_byte_data(QUIET, 0x05) == 6
    data = burst(bus, QUIET, 0x11, 21)
    entries = [int.from_bytes(data[i:i + 3], "big", signed=True) for i in range(0, 21, 3)]
    assert [entry & 3 for entry in entries] == [1, 0, 0, 1, 0, 0, 2]  # the seventh says: empty
    assert [entry >> 4 for entry in entries[:6]] == [
        round(mg * 1e-3 / 3.9e-6) for mg in (0, 0, 1000, 1, -1, 1000)
    ]


def test_adxl355_a_torn_triple_starts_with_its_next_axis():
    bus, clock = adxl355()
    clock.sleep(0.0321)
    burst(bus, QUIET, 0x11, 3)
    assert bus.read_byte_data(QUIET, 0x05) == 5
    assert burst(bus, QUIET, 0x11, 3)[2] & 3 == 0


def test_adxl355_full_and_overrun_flags_clear_on_read_and_the_oldest_go():
    bus, clock = adxl355()
    clock.sleep(0.5121)
    assert bus.read_byte_data(QUIET, 0x04) == 0x03
    assert bus.read_byte_data(QUIET, 0x05) == 96
    clock.sleep(0.016)
    assert bus.read_byte_data(QUIET, 0x04) & 0x04
    assert not bus.read_byte_data(QUIET, 0x04) & 0x04
    x = int.from_bytes(burst(bus, QUIET, 0x11, 3), "big", signed=True) >> 4
    assert x == round(1e-3 / 3.9e-6)


def test_adxl355_watermark_is_counted_in_axes():
    bus, clock = adxl355()
    bus.write_byte_data(QUIET, 0x29, 9)
    clock.sleep(0.0321)
    assert not bus.read_byte_data(QUIET, 0x04) & 2
    clock.sleep(0.016)
    assert bus.read_byte_data(QUIET, 0x04) & 2


def test_adxl355_rate_and_range_change_in_standby_only():
    bus, _ = adxl355()
    bus.write_byte_data(QUIET, 0x28, 3)
    bus.write_byte_data(QUIET, 0x2C, 0x83)
    assert (bus.read_byte_data(QUIET, 0x28), bus.read_byte_data(QUIET, 0x2C)) == (6, 0x81)
    bus.write_byte_data(QUIET, 0x2D, 1)
    bus.write_byte_data(QUIET, 0x28, 3)
    assert bus.read_byte_data(QUIET, 0x28) == 3


@pytest.mark.parametrize("code, rate", [(5, 125), (6, 62.5), (7, 31.25), (8, 15.625)])
def test_adxl355_output_rates(code, rate):
    bus, clock = adxl355()
    bus.write_byte_data(QUIET, 0x2D, 1)
    bus.write_byte_data(QUIET, 0x28, code)
    bus.write_byte_data(QUIET, 0x2D, 0)
    clock.sleep(0.2)
    assert bus.read_byte_data(QUIET, 0x05) == 3 * int(0.2 * rate)


def test_adxl355_offset_adds_to_bits_19_to_4():
    bus, clock = adxl355()
    bus.write_byte_data(QUIET, 0x2D, 1)
    bus.write_i2c_block_data(QUIET, 0x1E, [0x00, 0x10])
    bus.write_byte_data(QUIET, 0x2D, 0)
    clock.sleep(0.0161)
    assert int.from_bytes(burst(bus, QUIET, 0x11, 3), "big", signed=True) >> 4 == 0x10 * 16


def test_adxl355_reset_needs_its_code_and_shadow_registers_come_back():
    bus, _ = adxl355()
    shadow = burst(bus, QUIET, 0x50, 5)
    bus.write_byte_data(QUIET, 0x2F, 0x25)
    assert bus.read_byte_data(QUIET, 0x2D) == 0
    bus.write_byte_data(QUIET, 0x2F, 0x52)
    assert bus.read_byte_data(QUIET, 0x2D) == 1
    assert burst(bus, QUIET, 0x50, 5) == shadow


@pytest.mark.parametrize("hertz, least, most", [
    (5.0, 0.97, 1.03), (15.625, 0.66, 0.75), (25.0, 0.0, 0.15), (45.0, 0.0, 0.01),
    (100.7, 0.0, 0.01)])
def test_adxl355_low_pass_is_3_db_down_at_a_quarter_of_its_rate(hertz, least, most):
    bus, clock = adxl355(Tone(hertz, 1.0, 3))
    swings = []
    for _ in range(20):
        clock.sleep(0.4)
        data = burst(bus, QUIET, 0x11, 9 * 24)
        swings += [int.from_bytes(data[9 * k:9 * k + 3], "big", signed=True) >> 4
                   for k in range(24)]
    assert least <= np.std(swings) * np.sqrt(2) * 3.9e-6 * 9.80665 <= most


def test_adxl355_self_test_pushes_the_axes_by_what_the_sheet_allows():
    bus, clock = adxl355()
    def level():
        clock.sleep(0.1)
        data = burst(bus, QUIET, 0x08, 9)
        return np.array([int.from_bytes(data[3 * k:3 * k + 3], "big", signed=True) >> 4
                         for k in range(3)]) * 3.9e-6
    before = level()
    bus.write_byte_data(QUIET, 0x2E, 0x03)
    pushed = level() - before
    assert 0.1 <= pushed[2] <= 3.0
    assert np.all(np.abs(pushed[:2]) >= 0.1 - 0.02) and np.all(np.abs(pushed) <= 3.0)


def test_adxl355_temperature_word():
    bus, _ = adxl355()
    bus.chips[QUIET].celsius = 25.0
    assert int.from_bytes(burst(bus, QUIET, 0x06, 2), "big") == 1885


# ---- the Pi's controller

def test_nobody_at_the_address_is_errno_121():
    bus, _ = lis3dh()
    with pytest.raises(OSError) as trouble:
        bus.read_byte_data(0x42, 0)
    assert trouble.value.errno == errno.EREMOTEIO == 121


def test_a_read_that_is_not_last_is_errno_95():
    bus, _ = lis3dh()
    with pytest.raises(OSError) as trouble:
        bus.i2c_rdwr(i2c_msg.read(CHEAP, 1), i2c_msg.write(CHEAP, [0x0F]))
    assert trouble.value.errno == errno.EOPNOTSUPP == 95


def test_block_reads_stop_at_32_bytes_as_smbus2_does():
    bus, _ = lis3dh()
    with pytest.raises(ValueError):
        bus.read_i2c_block_data(CHEAP, 0xA8, 33)


def test_the_pointer_stays_between_transfers():
    bus, _ = lis3dh()
    bus.write_byte(CHEAP, 0x0F)
    assert bus.read_byte(CHEAP) == 0x33
    bus.i2c_rdwr(i2c_msg.write(CHEAP, [0x0F]))
    read = i2c_msg.read(CHEAP, 1)
    bus.i2c_rdwr(read)
    assert bytes(read) == b"\x33"
    assert bus.read_word_data(CHEAP, 0xA3) == 0x4088


def test_a_fast_clock_takes_more_readings():
    for skew, expected in ((0.05, 52), (-0.05, 47)):
        chip = MAX30102(VirtualClock(), Counting(50), skew=skew)
        bus, clock = board(chip)
        for register, value in ((0x08, 0x50), (0x0A, 0x2B), (0x09, 3)):
            bus.write_byte_data(PPG, register, value)
        clock.sleep(1)
        chip.sync(clock.now())
        assert chip.taken == expected
