"""Recordings through the chips: exactly the integers put in, with their scale."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from device.clock import VirtualClock
from device.errors import RecordingError
from device.hardware import adxl355, lis3dh
from device.hardware.bus import Bus
from device.hardware.sensors import Sensors
from device.sim.bus import SimBus
from device.sim.chips_adxl355 import ADXL355
from device.sim.chips_lis3dh import LIS3DH
from device.sim.chips_max30102 import MAX30102
from device.sim.recording import Recording

G = 9.80665
DATA = Path(
    os.environ.get("NOCTURNE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
)


def write(folder, **keys):
    np.savez(folder / "night.npz", **keys)
    return folder / "night.npz"


def replay(recording, motion=LIS3DH, seconds=None, skew=0.0):
    """Everything the drivers gave, (ppg counts, acceleration m/s²), and the sensors."""
    clock = VirtualClock()
    chips = [MAX30102(clock, recording.ppg, skew=skew)] if recording.ppg else []
    chips += [motion(clock, recording.motion, skew=skew)] if recording.motion else []
    sensors = Sensors.find(Bus(SimBus(chips, clock)), clock)
    ppg, acceleration = [], []
    while clock.now() < (seconds or recording.seconds):
        clock.sleep(min(0.25, recording.tick))
        readings = sensors.drain(clock.now())
        ppg += [readings.ppg.values] if readings.ppg else []
        acceleration += [readings.motion.values] if readings.motion else []
    return (
        np.concatenate(ppg) if ppg else None,
        np.concatenate(acceleration) if acceleration else None,
        sensors,
    )


@pytest.mark.parametrize("fs", [25.0, 50.0, 125.0, 250.0])
@pytest.mark.parametrize(
    "dtype, low, high", [(np.uint16, 0, 65535), (np.int16, -32768, 32767), (np.int16, -300, 290)]
)
def test_sixteen_bit_ppg_comes_back_exactly(tmp_path, fs, dtype, low, high):
    rng = np.random.default_rng(3)
    put = rng.integers(low, high, (2, int(20 * fs)), endpoint=True).astype(dtype)
    recording = Recording.load(write(tmp_path, fs=fs, ppg=put))
    got, _, sensors = replay(recording)
    assert len(got) >= 19 * fs and sensors.lost == {"ppg": 0}
    back = got * recording.scale + recording.offset
    np.testing.assert_array_equal(back, put.T[:len(back)])
    assert sensors.feeds["ppg"].timebase.rate == pytest.approx(fs, rel=1e-3)


def test_a_ppg_without_a_unit_comes_back_to_its_scale(tmp_path):
    put = np.random.default_rng(4).uniform(0.22, 0.70, (1, 1000)).astype(np.float32)
    recording = Recording.load(write(tmp_path, fs=100.0, ppg=put))
    got, _, _ = replay(recording)
    both = np.repeat(recording.ppg.rows[:len(got)], 2, axis=1)      # one channel plays on both
    np.testing.assert_array_equal(got, both)
    np.testing.assert_allclose(got[:, 0] * recording.scale + recording.offset, put[0, :len(got)],
                               atol=0.51 * recording.scale)


def test_three_channels_play_on_the_two_that_the_chip_has(tmp_path):
    put = np.arange(3 * 500, dtype=np.uint16).reshape(3, 500)
    recording = Recording.load(write(tmp_path, fs=50.0, ppg=put))
    got, _, _ = replay(recording)
    np.testing.assert_array_equal(got // 4, put.T[:len(got), :2])


def test_raw_acceleration_comes_back_exactly_through_the_finer_chip(tmp_path):
    raw = np.random.default_rng(5).integers(32768 - 8000, 32768 + 8000, (3, 2000)).astype(np.uint16)
    recording = Recording.load(write(tmp_path, fs=50.0, acc_raw=raw))
    _, got, _ = replay(recording, motion=ADXL355)
    back = np.rint(got / G * 4096) + 32768
    np.testing.assert_array_equal(back, raw.T[:len(back)])


@pytest.mark.parametrize("motion, step", [(LIS3DH, lis3dh.STEPS[2]), (ADXL355, adxl355.STEP)])
def test_acceleration_in_g_comes_back_as_the_chips_own_integers(tmp_path, motion, step):
    put = np.random.default_rng(6).uniform(-1.9, 1.9, (3, 1000))
    recording = Recording.load(write(tmp_path, fs=50.0, acc_g=put))
    _, got, _ = replay(recording, motion=motion)
    np.testing.assert_array_equal(np.rint(got / G / step), np.rint(put.T[:len(got)] / step))


def test_it_starts_over_at_its_end_or_the_finger_is_gone(tmp_path):
    path = write(tmp_path, fs=50.0, ppg=np.arange(1000, 1100, dtype=np.uint16)[None])
    got, _, _ = replay(Recording.load(path), seconds=4)
    assert (got[100:150] == got[:50]).all()
    got, _, _ = replay(Recording.load(path, repeat=False), seconds=4)
    assert not got[100:].any()


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(st.sampled_from([np.int8, np.uint16, np.int16, np.int32, np.float32, np.float64]),
                  st.tuples(st.integers(1, 3), st.integers(1, 50)),
                  elements=None))
def test_whatever_numbers_a_file_holds_the_chip_gets_whole_counts(tmp_path_factory, put):
    recording = Recording.load(write(tmp_path_factory.mktemp("wild"), fs=50.0, ppg=put))
    rows = recording.ppg.rows
    assert rows.dtype.kind == "i" and rows.min() >= 0 and rows.max() < 1 << 18
    if put.dtype.itemsize <= 2:
        np.testing.assert_array_equal(rows * recording.scale + recording.offset, put.T)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 torn"])
def test_an_unreadable_file_is_named_with_a_remedy(tmp_path, content):
    (tmp_path / "torn.npz").write_bytes(content)
    with pytest.raises(RecordingError, match=r"torn\.npz.*\.npz with fs"):
        Recording.load(tmp_path / "torn.npz")


@pytest.mark.parametrize(
    "keys, remedy",
    [
        ({"ppg": np.zeros((1, 9))}, "fs"),
        ({"fs": 0.0, "ppg": np.zeros((1, 9))}, "fs"),
        ({"fs": 50.0}, "nothing to play"),
        ({"fs": 50.0, "ppg": np.zeros((1, 0))}, "ppg"),
        ({"fs": 50.0, "acc_g": np.zeros((2, 9))}, "acc_g"),
        ({"fs": 50.0, "ppg": np.zeros((6000, 2))}, "transpose"),
        ({"fs": 50.0, "ppg": np.array([["a"]])}, "ppg"),
        ({"fs": 50.0, "ppg": np.array([None])}, "can't be read"),
    ],
)
def test_a_file_of_another_format_is_refused_with_what_it_lacks(tmp_path, keys, remedy):
    with pytest.raises(RecordingError, match=remedy):
        Recording.load(write(tmp_path, **keys))


def test_a_missing_file_is_refused():
    with pytest.raises(RecordingError, match="nowhere.npz"):
        Recording.load("nowhere.npz")


@pytest.mark.parametrize("name", ["bami_s01", "bidmc01", "spc_train_01_TYPE01", "c15_a103l"])
def test_real_recordings_play_without_loss(name):
    path = DATA / "ppg" / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"NO RECORDING at {path}: set NOCTURNE_DATA to the data folder")
    recording = Recording.load(path)
    got, _, sensors = replay(recording, seconds=60)
    assert set(sensors.lost.values()) == {0}
    np.testing.assert_array_equal(got[:, 0], recording.ppg.rows[:len(got), 0])
    put = np.load(path)["ppg"]
    if put.dtype.kind in "iu":
        np.testing.assert_array_equal(
            got[:, 0] * recording.scale + recording.offset, put[0, : len(got)]
        )
