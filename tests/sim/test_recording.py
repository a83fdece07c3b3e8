"""Recordings through the chips: exactly the integers put in, with their scale."""

import os
import zipfile
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
                  st.tuples(st.integers(1, 3), st.integers(3, 50)),
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
        ({"fs": 50.0, "ppg": np.zeros((10, 2))}, "transpose"),
        ({"fs": 50.0, "ppg": np.zeros((0, 9))}, "ppg"),
        ({"fs": 50.0, "ppg": np.zeros((1, 9), complex)}, "ppg is complex"),
        ({"fs": 50.0, "ppg": np.full((1, 9), np.nan)}, "no number"),
        ({"fs": 50.0, "acc_g": np.full((3, 9), np.inf)}, "no number"),
        ({"fs": 50.0, "acc_g": np.diag([np.nan] * 3) + 1}, "all three axes"),
        ({"fs": 50.0, "acc_g": np.ones((9, 3))}, r"acc_g.*\(3, n\)"),
        ({"fs": 50.0, "acc_g": np.outer([0, 0, G], np.ones(9))}, "9.807 g.*should be g"),
        ({"fs": 50.0, "acc_raw": np.outer([0, 0, 4096], np.ones(9, int))}, "uint16"),
        ({"fs": "50 Hz", "ppg": np.zeros((1, 9))}, "one number of Hz"),
        ({"fs": 50j, "ppg": np.zeros((1, 9))}, "one number of Hz"),
        ({"fs": True, "ppg": np.zeros((1, 9))}, "one number of Hz"),
        ({"fs": [50.0, 50.0], "ppg": np.zeros((1, 9))}, "one number of Hz"),
        ({"fs": np.timedelta64(20, "ms"), "ppg": np.zeros((1, 9))}, "one number of Hz"),
    ],
)
def test_a_file_of_another_format_is_refused_with_what_it_lacks(tmp_path, keys, remedy):
    with pytest.raises(RecordingError, match=remedy):
        Recording.load(write(tmp_path, **keys))


def test_a_bare_array_is_no_recording(tmp_path):
    np.save(tmp_path / "ppg.npy", np.zeros((1, 9)))
    with pytest.raises(RecordingError, match="of another kind"):
        Recording.load(tmp_path / "ppg.npy")


def with_member(folder, content):
    with zipfile.ZipFile(folder / "night.npz", "w") as file:
        file.writestr("fs.npy", content)
    return folder / "night.npz"


@pytest.mark.parametrize("header", [
    b"{'descr': '<f8', 'fortran_order': ((((",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }",
    b"{'descr': '<f8'}",
])
def test_a_torn_header_within_is_told_in_one_line(tmp_path, header):
    content = b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117) + b"\n" + bytes(8)
    with pytest.raises(RecordingError, match="can't be read"):
        Recording.load(with_member(tmp_path, content))


@pytest.mark.parametrize("place, value", [(8, 1), (10, 99)])        # encrypted; an unknown method
def test_a_zip_that_python_cant_open_is_told_in_one_line(tmp_path, place, value):
    path = write(tmp_path, fs=50.0, ppg=np.zeros((1, 9)))
    content = bytearray(path.read_bytes())
    entries = [at for at in range(len(content)) if content[at:at + 4] == b"PK\x01\x02"]
    for at in entries:                      # of the central directory (PKWARE's APPNOTE 4.3.12)
        content[at + place] = value
    path.write_bytes(content)
    assert entries
    with pytest.raises(RecordingError, match="can't be read"):
        Recording.load(path)


def test_a_recording_cut_anywhere_is_refused(tmp_path):
    whole = write(tmp_path, fs=50.0, ppg=np.arange(500.0)[None]).read_bytes()
    for end in range(0, len(whole), 37):
        (tmp_path / "cut.npz").write_bytes(whole[:end])
        with pytest.raises(RecordingError, match=r"cut\.npz"):
            Recording.load(tmp_path / "cut.npz")


def test_pickled_objects_beside_the_signals_are_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "bang"),)

    path = write(tmp_path, fs=50.0, ppg=np.zeros((1, 9)), notes=np.array(Bomb(), dtype=object))
    assert Recording.load(path).ppg is not None and not (tmp_path / "bang").exists()
    with pytest.raises(RecordingError, match="can't be read"):
        Recording.load(write(tmp_path, fs=50.0, ppg=np.array([Bomb()], dtype=object)))
    assert not (tmp_path / "bang").exists()


def test_a_gap_in_acceleration_is_no_movement(tmp_path):
    put = np.outer([0.1, 0.2, 0.97], np.ones(300))
    put[:, :20], put[1, 100:150], put[2, 200:210] = np.nan, np.inf, np.nan
    _, got, _ = replay(Recording.load(write(tmp_path, fs=50.0, acc_g=put)), motion=ADXL355)
    assert np.ptp(got, axis=0).max() == 0 and np.allclose(got[0], [0.1 * G, 0.2 * G, 0.97 * G],
                                                          atol=0.01)


def test_signals_of_different_lengths_are_told(tmp_path):
    still = np.outer([0, 0, 1], np.ones(50))
    told = Recording.load(write(tmp_path, fs=50.0, ppg=np.arange(3000)[None], acc_g=still)).lacking
    assert "60 s of ppg" in told and "1 s of acceleration" in told


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
