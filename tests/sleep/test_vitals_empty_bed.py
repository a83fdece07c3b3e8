"""A home learns what its bed does with nobody in it."""

import json

import numpy as np
import pytest

from areas.vitals import beds, bodies
from areas.vitals.nights import ADXL355_NOISE, BCG_RATE
from desk.empty_bed import learn
from device.sleep.empty_bed import EmptyBed, Line
from device.sleep.movement import GRAVITY
from device.sleep.resampling import Grid
from device.sleep.vitals import VitalSigns
from device.stored import load_file, plain
from device.values import Readings, Signal

UPRIGHT = np.array([0.3, -0.2, GRAVITY])


def seconds_of(motion):
    """On the grid."""
    grid, seconds = Grid(), []
    for second in range(int(len(motion) / BCG_RATE)):
        part = slice(int(second * BCG_RATE), int((second + 1) * BCG_RATE))
        grid.add(Signal(motion[part], part.start / BCG_RATE, BCG_RATE))
        if second > 2:
            seconds.append(grid.take(second - 1))
    return seconds


def said(motion, empty=None):
    signs, vitals = VitalSigns(empty or EmptyBed()), []
    for second in range(0, int(len(motion) / BCG_RATE), 2):
        part = slice(int(second * BCG_RATE), int((second + 2) * BCG_RATE))
        vitals += signs.add(Readings(part.stop / BCG_RATE, None,
                                     Signal(motion[part], part.start / BCG_RATE, BCG_RATE)))
    return [v for v in vitals if v.time > 40]


def shares(vitals, rate):
    """Of the seconds with somebody there, and with a heart within 3 /min of `rate`."""
    near = [v.heart_rate is not None and abs(v.heart_rate.value - rate) < 3 for v in vitals]
    return np.mean([v.present is True for v in vitals]), np.mean(near)


@pytest.fixture(scope="module")
def still():
    noise = np.random.default_rng(1).standard_normal((int(600 * BCG_RATE), 3))
    return ADXL355_NOISE * noise + UPRIGHT


@pytest.fixture(scope="module")
def sleeper():
    """Heart 62, felt through a bed."""
    return next(recording.motion for kind, recording in bodies.bodies(1)
                if kind == "62" and recording.group == "bed")


def mattress_pump(still):
    """A mattress whose pump fills and empties it every four seconds."""
    sway = 2e-3 * np.sin(2 * np.pi * 0.25 * np.arange(len(still)) / BCG_RATE)
    return sway[:, None] * [1.0, 0.3, 0.0]


def test_a_machine_that_sways_the_bed_like_a_chest_is_known_once_it_was_learnt(still):
    machine = mattress_pump(still)
    learnt = learn(seconds_of(still + machine))
    (line,) = learnt.sway
    assert line.hertz == pytest.approx(0.25, abs=0.002)
    assert line.rms == pytest.approx(2e-3 * np.hypot(1, 0.3) / 2**0.5, rel=0.1)
    assert any(v.present for v in said(still + machine))
    assert not any(v.present or v.breathing for v in said(still + machine, learnt))


def test_a_sleeper_on_a_bed_that_sways_is_still_there_and_breathes_their_own_breath(still, sleeper):
    machine = mattress_pump(still)
    learnt = learn(seconds_of(still + machine))
    heard = said(sleeper + machine[:len(sleeper)], learnt)
    alone = [v.breathing.value for v in said(sleeper) if v.breathing]
    assert shares(heard, 62) >= (1.0, 0.95)
    breaths = [v.breathing.value for v in heard if v.breathing]
    assert len(breaths) > 0.8 * len(heard)
    assert np.median(breaths) == pytest.approx(np.median(alone), abs=0.5)


def test_fans_that_drowned_the_heart_no_longer_do(sleeper):
    before, after = [], []
    for draw in range(4):
        fans = next(beds.empty_bed("two fans", draw, 0.1))
        shaken = sleeper + fans[:len(sleeper)] - UPRIGHT
        before.append(shares(said(shaken), 62))
        after.append(shares(said(shaken, learn(seconds_of(fans))), 62))
    assert np.mean(before, axis=0)[1] < 0.6
    assert np.mean(after, axis=0) == pytest.approx((1.0, 1.0), abs=0.05)


def test_the_rate_of_a_pump_is_no_hearts(sleeper):
    pump = next(beds.empty_bed("air pump", 1, 0.1))
    learnt = learn(seconds_of(pump))
    assert learnt.rates and not any(abs(rate - 62) < 3 for rate in learnt.rates)
    heard = said(sleeper + pump[:len(sleeper)] - UPRIGHT, learnt)
    assert shares(heard, 62) >= (1.0, 0.9)
    assert not any(v.heart_rate and abs(v.heart_rate.value - learnt.rates[0]) < 3 for v in heard)


def test_a_bed_that_somebody_lies_in_teaches_nothing(still, sleeper):
    with pytest.raises(ValueError, match="breathes"):
        learn(seconds_of(np.concatenate([sleeper, sleeper])))
    tossing = still + (np.arange(len(still)) // BCG_RATE % 20 == 0)[:, None] * (
        np.random.default_rng(2).normal(0, 0.5, still.shape))
    with pytest.raises(ValueError, match="moved it"):
        learn(seconds_of(tossing))
    with pytest.raises(ValueError, match="only"):
        learn(seconds_of(still[:3000]))


def test_a_still_bed_has_no_lines(still):
    learnt = learn(seconds_of(still))
    assert (learnt.sway, learnt.ring, learnt.rates) == ((), (), ())


def test_what_was_learnt_is_stored_and_a_damaged_file_named(tmp_path):
    path = tmp_path / "empty_bed.json"
    assert load_file(EmptyBed, path) == (EmptyBed(), ())
    learnt = EmptyBed((Line(0.25, 2e-3),), (Line(4.75, 6e-3),), (60.0,), 1e-3)
    path.write_text(json.dumps(plain(learnt)))
    assert load_file(EmptyBed, path) == (learnt, ())
    path.write_text(json.dumps({"ring": [[1e9, 1.0], [7.0, 1e-3]], "rates": "many"}))
    found, troubles = load_file(EmptyBed, path)
    assert found == EmptyBed(ring=(Line(7.0, 1e-3),))
    assert "rates" in " ".join(troubles) and "outside" in " ".join(troubles)
    path.write_text("{torn")
    found, (trouble,) = load_file(EmptyBed, path)
    assert found == EmptyBed() and "can't be read" in trouble


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_the_noise_of_a_coarser_accelerometer_is_nobody(seed):
    """The ADXL357's 75 µg/√Hz (its data sheet, rev. C, table 1) over the band of the readings."""
    sigma = 75e-6 * GRAVITY * np.sqrt(BCG_RATE / 2)
    noise = np.random.default_rng(seed).standard_normal((int(900 * BCG_RATE), 3))
    there = [v.present is True for v in said(sigma * noise + UPRIGHT)]
    assert np.mean(there) < 0.25


def test_who_breathes_where_a_machine_swayed_is_there_by_the_heart(sleeper):
    """The machine is off, and its line lies on the breath."""
    slow = sleeper[:, :] - sleeper.mean(axis=0)
    power = (np.abs(np.fft.rfft(slow, axis=0)) ** 2).sum(axis=1)
    hertz = np.fft.rfftfreq(len(slow), 1 / BCG_RATE)
    breath = hertz[np.argmax(np.where((hertz > .1) & (hertz < .65), power, 0))]
    present, near = shares(said(sleeper, EmptyBed(sway=(Line(float(breath), 0.02),))), 62)
    assert present > 0.9 and near > 0.8


@pytest.mark.parametrize("torn", [
    '{"sway": [[0.25, 1e200]]}', '{"loud": 1e200}', '{"rates": [-62, 1e9]}',
    '{"ring": [[NaN, 0.01]]}', "[" * 100_000 + "]" * 100_000])
def test_a_damaged_file_is_told_and_no_part_of_it_is_believed(torn, tmp_path, still):
    path = tmp_path / "empty_bed.json"
    path.write_text(torn)
    empty, troubles = load_file(EmptyBed, path)
    assert troubles and empty == EmptyBed()
    assert not any(v.present for v in said(still[:int(60 * BCG_RATE)], empty.few()))


def test_of_more_lines_than_a_filter_bears_the_first_are_left_out():
    many = EmptyBed(ring=tuple(Line(3.0 + n, 0.01) for n in range(12)))
    assert many.few().ring == many.ring[:4]
