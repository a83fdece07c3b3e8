"""The simulated sleeper: repeatable, plausible, and honest about what nobody feels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.sim.sleeper import STANDARD_GRAVITY, Sleeper
from device.sleep import features
from device.sleep.movement import Movement
from device.sleep.resampling import RATE
from device.values import EPOCH, Stage

SIGNALS = ("ppg", "wrist", "mattress")


@pytest.fixture(scope="module")
def sleeper():
    return Sleeper(7, start=1000.0)


def onset(hypnogram):
    return next(i for i, stage in enumerate(hypnogram) if stage is not Stage.WAKE) * EPOCH / 60


def longest_waking(hypnogram):
    asleep = round(onset(hypnogram) * 60 / EPOCH)
    runs = "".join("W" if stage is Stage.WAKE else "s" for stage in hypnogram[asleep:]).split("s")
    return max(map(len, runs)) * EPOCH / 60


@pytest.mark.parametrize("seed", range(8))
def test_falls_asleep_in_10_to_25_minutes_and_wakes_for_5_at_least_once(seed):
    hypnogram = Sleeper(seed).hypnogram
    assert 10 <= onset(hypnogram) <= 25.5
    assert longest_waking(hypnogram) >= 5
    assert len(hypnogram) == 960 and {*hypnogram} == {*Stage}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 5999), max_size=6, unique=True), st.sampled_from(SIGNALS))
def test_the_same_signal_however_it_is_cut(cuts, name):
    signal = getattr(Sleeper(3, hours=.1), name)
    t = np.arange(6000) / 50
    pieces = [signal(part) for part in np.split(t, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate(pieces), signal(t))


def test_same_seed_same_night_another_seed_another():
    t = np.arange(3000) / 50
    np.testing.assert_array_equal(Sleeper(5).ppg(t), Sleeper(5).ppg(t))
    assert Sleeper(5).hypnogram != Sleeper(6).hypnogram


def test_the_pulse_has_the_size_of_a_real_finger(sleeper):
    t = 1000 + 3600 + np.arange(0, 60, 1 / 50)
    counts = sleeper.ppg(t)
    level = counts[:, 1].mean()
    swing = np.percentile(counts[:, 1], 98) - np.percentile(counts[:, 1], 2)
    assert level == pytest.approx(143_000, rel=.12)
    assert .008 < swing / level < .035


def test_ppg_repeats_at_the_heart_rate_it_claims(sleeper):
    """Checked by a spectrum, which knows nothing of beats."""
    t = 1000 + 2 * 3600 + np.arange(0, 120, 1 / 50)
    ir = sleeper.ppg(t)[:, 1].astype(float)
    spectrum = np.abs(np.fft.rfft((ir - ir.mean()) * np.hanning(len(ir))))
    rate = 60 * np.fft.rfftfreq(len(ir), 1 / 50)
    band = (rate > 40) & (rate < 120)
    assert rate[band][spectrum[band].argmax()] == pytest.approx(sleeper.heart_rate(t).mean(), abs=2)


def test_beats_are_the_heart_rate(sleeper):
    beats = sleeper.beats
    assert (np.diff(beats) > .35).all()
    middle = (beats[1:] + beats[:-1]) / 2
    np.testing.assert_allclose(sleeper.heart_rate(middle), 60 / np.diff(beats))


def test_a_still_wrist_feels_one_g_and_the_mattress_milligrams():
    t = np.arange(0, 4 * 3600, 1 / 10)
    sleeper = Sleeper(2, hours=4)
    size = np.linalg.norm(sleeper.wrist(t), axis=1)
    assert np.median(size) == pytest.approx(STANDARD_GRAVITY, abs=.02)
    still = np.abs(size - STANDARD_GRAVITY) < .02
    assert .8 < still.mean() < 1
    strokes = np.diff(sleeper.mattress(t)[still][:600, 2])
    assert 1e-3 < np.percentile(np.abs(strokes), 95) < .1


def test_heart_and_movement_tell_sleep_from_wake():
    t = np.arange(0, 8 * 3600, 1.0)
    nights = [Sleeper(seed) for seed in range(4, 10)]
    stages = np.concatenate([[night.stage(x) for x in t] for night in nights])
    rate = np.concatenate([night.heart_rate(t) - night.rest for night in nights])
    assert rate[stages == Stage.WAKE].mean() > rate[stages == Stage.LIGHT].mean() + 3
    assert rate[stages == Stage.REM].mean() > rate[stages == Stage.DEEP].mean()
    moved = np.concatenate(
        [
            np.linalg.norm(np.diff(night.wrist(t), axis=0, append=0), axis=1) > 0.2
            for night in nights
        ]
    )
    assert moved[stages == Stage.WAKE].mean() > 4 * moved[stages == Stage.DEEP].mean()


def test_each_stage_stirs_as_often_as_on_the_real_nights():
    """Share of epochs with any activity count, beside those under data/sleep_accel_raw."""
    real = {Stage.WAKE: .312, Stage.LIGHT: .037, Stage.DEEP: .013, Stage.REM: .030}
    stirred = {stage: [] for stage in Stage}
    for seed in range(3):
        sleeper, movement = Sleeper(seed, hours=6), Movement()
        for epoch, stage in enumerate(sleeper.hypnogram):
            wrist = sleeper.wrist(30 * epoch + np.arange(30 * RATE) / RATE)
            seconds = [movement.add(second) for second in np.split(wrist, 30)]
            stirred[stage].append(sum(second.activity for second in seconds) > 1)
    for stage, share in real.items():
        assert share / 2 < np.mean(stirred[stage]) < share * 2, stage


def test_the_heart_varies_in_each_stage_as_on_the_real_nights():
    """Medians of the SD of epochs' heart rates over ten minutes in data/sleep_accel_raw, beside the
    same feature of the simulated heart."""
    real = {Stage.WAKE: 3.01, Stage.LIGHT: 2.01, Stage.DEEP: .94, Stage.REM: 2.86}     # /min
    place = features.INPUTS.index("heart_sd_20")
    shown = {stage: [] for stage in Stage}
    for seed in range(4):
        sleeper, memory = Sleeper(seed), features.Memory()
        rates = sleeper.heart_rate(np.arange(8 * 3600.0)).reshape(-1, 30).mean(1)
        for stage, rate in zip(sleeper.hypnogram, rates, strict=True):
            shown[stage].append(memory.add(None, float(rate), None, 0.0)[place])
    for stage, median in real.items():
        assert np.exp(np.nanmedian(shown[stage])) == pytest.approx(median, rel=.4), stage


def test_nobody_in_bed_has_no_pulse():
    sleeper, t = Sleeper(1, hours=1, nobody=True), np.arange(0, 60, 1 / 50)
    assert sleeper.ppg(t).max() < 5000
    assert len(sleeper.beats) == 0 and np.isnan(sleeper.heart_rate(t)).all()
    assert np.ptp(sleeper.mattress(t)[:, 2]) < .01 and not sleeper.in_bed(t).any()


def test_gets_up_and_returns():
    sleeper = Sleeper(1, hours=3, away=[(90, 8)])
    during, after = np.arange(5430, 5850, .1), np.arange(5890, 6200, .1)
    assert not sleeper.in_bed(during).any() and sleeper.in_bed(after).all()
    assert sleeper.stage(5500) is Stage.WAKE
    assert np.ptp(sleeper.mattress(during)[:, 2]) < .01
    assert sleeper.wrist(during).std() > 1


def test_the_sensor_comes_off():
    counts = Sleeper(1, hours=1, sensor_off=[(10, 5)]).ppg(np.array([595.0, 605.0, 895.0, 905.0]))
    assert (counts[:, 1] < 50_000).tolist() == [False, True, True, False]


def test_a_short_night_goes_on_awake():
    sleeper = Sleeper(1, hours=.25)
    assert len(sleeper.hypnogram) == 30
    late = np.arange(1000, 1010, 1 / 50)
    assert sleeper.stage(2000) is Stage.WAKE
    assert np.ptp(sleeper.ppg(late)[:, 1]) > 1000 and np.isfinite(sleeper.wrist(late)).all()
    assert sleeper.beats[-1] > 1500
