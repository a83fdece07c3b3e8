"""A night's raw readings, taped and played again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import RecordingError
from device.hardware.bus_tape import MAGIC, PlayedSensors, Tape, TapedSensors
from device.sim.bus import SimBus
from device.sim.chips_adxl355 import ADXL355
from device.sim.chips_max30102 import MAX30102
from device.sim.faults import FaultyBus, Plan, StallingClock, Wanted
from tests.hardware.parts import Still


def night(path, seconds=150.0, seed=4, **faults):
    """What the sensors said, while everything was taped."""
    rng = np.random.default_rng(seed)
    plan = Plan.drawn(rng, seconds, (0x57, 0x1D), Wanted(**faults))
    clock = StallingClock(plan.stalls, start=1000.123)
    chips = [MAX30102(clock, Still(122_500, 143_000), skew=0.03, rng=rng),
             ADXL355(clock, Still(0.1, 0, 9.8), skew=-0.02, rng=rng)]
    sensors = TapedSensors(
        path, SimBus(chips, clock, FaultyBus(plan, chips, rng)), clock, tick=0.25
    )
    said = []
    while clock.now() < 1000 + seconds:
        clock.sleep(0.25)
        said.append(sensors.drain(clock.now()))
    sensors.close()
    return said


def same(one, other):
    assert (one.time, one.trouble) == (other.time, other.trouble)
    for a, b in ((one.ppg, other.ppg), (one.motion, other.motion)):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a.values, b.values)
            assert (a.start, a.rate, a.lost) == (b.start, b.rate, b.lost)


@pytest.mark.parametrize(
    "faults",
    [{}, {"transfers": 0.02, "stalls": 3, "resets": 3, "unplugged": 1, "stuck": 1}],
    ids=["quiet", "faulty"],
)
def test_a_tape_played_is_the_same_night_bit_for_bit(tmp_path, faults):
    said = night(tmp_path / "night.tape", **faults)
    tape = Tape(tmp_path / "night.tape")
    played = PlayedSensors(tape)
    for reading in said:
        same(reading, played.drain(0.0))
    assert tape.trouble == "" and "over" in played.drain(7.0).trouble[0]


def test_eight_hours_fit_in_60_megabytes(tmp_path):
    night(tmp_path / "night.tape", seconds=300)
    assert (tmp_path / "night.tape").stat().st_size * 8 * 12 < 60e6


def test_a_tape_cut_off_anywhere_plays_what_is_whole(tmp_path):
    said = night(tmp_path / "night.tape")
    content = (tmp_path / "night.tape").read_bytes()
    (tmp_path / "cut.tape").write_bytes(content[:len(content) * 2 // 3])
    tape = Tape(tmp_path / "cut.tape")
    assert "torn" in tape.trouble and 200 < len(tape.marks) < len(said)
    played = PlayedSensors(tape)
    for reading, _ in zip(said, tape.marks, strict=False):
        same(reading, played.drain(0.0))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_other_file_is_refused_or_played_empty(tmp_path_factory, content, tape):
    path = tmp_path_factory.mktemp("wild") / "wild.tape"
    path.write_bytes((MAGIC + b'{"config": {}}\n' if tape else b"") + content)
    try:
        assert Tape(path).marks == [] and tape
    except RecordingError as refused:
        assert "wild.tape" in str(refused)


def test_a_tape_whose_end_is_zeros_after_a_power_cut_plays_what_is_whole(tmp_path):
    night(tmp_path / "night.tape", seconds=60)
    whole = Tape(tmp_path / "night.tape")
    with (tmp_path / "night.tape").open("ab") as file:
        file.write(bytes(4096))
    cut = Tape(tmp_path / "night.tape")
    assert "torn" in cut.trouble and cut.marks == whole.marks


def test_drivers_that_ask_otherwise_are_told_to_use_the_version_that_recorded(tmp_path):
    night(tmp_path / "night.tape", seconds=5)
    tape = Tape(tmp_path / "night.tape")
    tape.facts["config"] = {"motion": "none"}
    with pytest.raises(RecordingError, match="version that recorded"):
        played = PlayedSensors(tape)
        while True:
            played.drain(0.0)


def test_a_full_disk_ends_the_tape_and_not_the_night(tmp_path, monkeypatch):
    sensors_said = night(tmp_path / "night.tape", seconds=20)
    path = tmp_path / "full.tape"
    clock = StallingClock(())
    sensors = TapedSensors(path, SimBus([MAX30102(clock, Still(1, 2))], clock), clock)

    def full(data):
        raise OSError(28, "No space left on device")

    sensors.taping.file = type("Full", (), {"write": staticmethod(full), "flush": lambda self: None,
                                            "fileno": lambda self: 0, "close": lambda self: None})()
    while clock.now() < 130:
        clock.sleep(0.25)
        assert sensors.drain(clock.now()).ppg is not None
    assert "make room" in sensors.taping.trouble and sensors_said


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    clock = StallingClock(())
    with pytest.raises(RecordingError, match="choose another place"):
        TapedSensors(tmp_path / "no" / "night.tape", SimBus([], clock), clock)
