"""Beats, breathing, the bed's recoil and honesty, against signals whose truth is known."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import signal

from device.sleep.beats import Beat
from device.sleep.breathing import Breathing
from device.sleep.filters import butterworth_bandpass
from device.sleep.movement import FACTOR, OFFSET, Movement
from device.sleep.resampling import LAG, RATE, Grid
from device.sleep.variability import Intervals
from device.sleep.vitals import VitalSigns
from device.values import Readings, Signal


def beat_train(rate, seconds, rng, bpm=60.0, spread=0.03, breath=0.25):
    """Pulses at known times, whose spacing and level breathe; (n, 1) counts and the times, s."""
    t = np.arange(int(seconds * rate)) / rate
    steps = 60 / bpm * (1 + spread * rng.standard_normal(int(seconds * bpm / 60 * 1.3)))
    at = np.cumsum(steps)
    at = at[at < seconds - 1] + 0.02 * np.sin(2 * np.pi * breath * at[at < seconds - 1])
    wave = 0.25 * np.sin(2 * np.pi * breath * t)
    for beat in at:
        wave += np.exp(-((t - beat) / 0.07) ** 2) + 0.4 * np.exp(-((t - beat - 0.25) / 0.1) ** 2)
    return np.round(1e5 + 2000 * wave[:, None] + rng.normal(0, 8, (len(t), 1))), at


def hear(ppg=None, motion=None, rate=50.0, tick=0.25):
    signs, said = VitalSigns(), []
    whole = ppg if ppg is not None else motion
    for i in range(int(len(whole) / rate / tick)):
        a, b = int(i * tick * rate + 1e-6), int((i + 1) * tick * rate + 1e-6)
        light, swing = (
            None if x is None else Signal(x[a:b], a / rate, rate) for x in (ppg, motion)
        )
        said += signs.add(Readings((i + 1) * tick, light, swing))
    return said


def bed(rate, seconds, rng, bpm=60.0):
    """Recoils of 0.02 m/s² twice a beat, as a bed rings, in an ADXL355's noise; (n, 3) m/s² and the
    times."""
    t = np.arange(int(seconds * rate)) / rate
    at = np.cumsum(60 / bpm * (1 + 0.03 * rng.standard_normal(int(seconds * bpm / 60))))
    at = at[at < seconds - 1]
    wave = np.zeros(len(t))
    for beat in at:
        for late, size in ((0.12, 1.0), (0.42, 0.6)):
            wave += (
                size
                * np.exp(-(((t - beat - late) / 0.07) ** 2))
                * np.cos(2 * np.pi * 6 * (t - beat - late))
            )
    motion = (
        np.outer(0.02 * wave, [0.3, 0.1, 1.0])
        + rng.normal(0, 0.0012, (len(t), 3))
        + [0.2, 0.1, 9.8]
    )
    motion += np.outer(0.02 * np.sin(2 * np.pi * 0.22 * t), [1.0, 0.3, 0.1])
    return motion, at


def test_beats_are_where_they_were_put_and_told_within_two_seconds():
    ppg, at = beat_train(50.0, 90, np.random.default_rng(1))
    said = hear(ppg)
    beats = np.array([b for v in said for b in v.beats])
    assert all(v.time - b <= 2.0 for v in said for b in v.beats)
    late = np.median(beats[10] - at[np.argmin(np.abs(at - beats[10]))])
    true = at[(at > 12) & (at < 85)]
    missed = [t for t in true if np.abs(beats - late - t).min() > 0.05]
    assert len(missed) <= 0.02 * len(true)
    told = beats[(beats > 12) & (beats < 85)]
    assert len(told) <= 1.02 * len(true)
    assert np.mean(np.abs(np.diff(told) - np.diff(true)[: len(told) - 1])) < 0.006 or len(
        told
    ) != len(true)


def test_rmssd_is_that_of_the_beats():
    ppg, at = beat_train(50.0, 200, np.random.default_rng(2), bpm=64)
    last = hear(ppg)[-3]
    true = 1000 * np.sqrt(np.mean(np.diff(at[at < 198], 2) ** 2))
    assert last.rmssd.value == pytest.approx(true, rel=0.1)


@pytest.mark.parametrize("per_minute", [10.0, 20.0])
def test_breathing_is_read_from_a_finger(per_minute):
    ppg, _ = beat_train(50.0, 120, np.random.default_rng(3), breath=per_minute / 60)
    rates = [v.breathing.value for v in hear(ppg) if v.time > 70 and v.breathing]
    assert len(rates) > 40
    assert np.median(rates) == pytest.approx(per_minute, abs=0.7)


def test_a_bed_tells_heart_and_breath_without_being_worn():
    motion, at = bed(62.5, 120, np.random.default_rng(4), bpm=62)
    said = [v for v in hear(motion=motion, rate=62.5) if v.time > 60]
    rates = [v.heart_rate.value for v in said if v.heart_rate]
    assert len(rates) > 45 and np.median(rates) == pytest.approx(62, abs=1.5)
    breaths = [v.breathing.value for v in said if v.breathing]
    assert len(breaths) > 45 and np.median(breaths) == pytest.approx(13.2, abs=0.7)
    assert said[-1].present is True


@pytest.mark.parametrize("bpm", [48, 79, 92])
def test_a_bed_that_rings_twice_a_beat_is_not_read_as_twice_the_rate(bpm):
    motion, _ = bed(62.5, 120, np.random.default_rng(bpm), bpm=bpm)
    rates = [
        v.heart_rate.value for v in hear(motion=motion, rate=62.5) if v.time > 60 and v.heart_rate
    ]
    assert len(rates) > 40 and np.abs(np.array(rates) - bpm).max() < 8


def test_a_rate_is_that_of_the_intervals_though_a_beat_was_missed():
    intervals = Intervals()
    for second, times in enumerate(([0.1], [1.0], [1.9], [], [3.7], [4.6], [5.5], [6.4]), 1):
        intervals.add([Beat(time, 0.95, 0.0, 1.0) for time in times], second)
    assert intervals.rate(8.0, 0.9) == pytest.approx(60 / 0.9)
    assert intervals.rate(8.0, 1.4) is None


def test_a_pulse_that_comes_back_after_a_jolt_has_a_rate_again_within_seven_seconds():
    ppg, _ = beat_train(50.0, 60, np.random.default_rng(12), bpm=70)
    ppg[30 * 50 : 34 * 50] = np.linspace(2.5e5, 0.2e5, 200)[:, None] + np.random.default_rng(
        13
    ).normal(0, 8, (200, 1))
    told = [v for v in hear(ppg) if v.heart_rate]
    assert any(34 < v.time <= 41 for v in told)
    assert all(abs(v.heart_rate.value - 70) < 6 for v in told if v.time > 12)


def test_an_empty_bed_has_no_heart():
    rng = np.random.default_rng(5)
    said = hear(motion=rng.normal(0, 0.0012, (int(62.5 * 120), 3)) + [0, 0, 9.8], rate=62.5)
    assert not any(v.heart_rate or v.beats or v.breathing for v in said if v.time > 5)
    assert said[-1].present is False


@pytest.mark.parametrize("body", ["constant", "rail", "noise", "lamp"])
def test_nothing_has_no_pulse(body):
    rng = np.random.default_rng(6)
    n = 60 * 50
    t = np.arange(n) / 50 / 1.006
    ppg = {
        "constant": np.full(n, 1234.0),
        "rail": np.full(n, 262143.0),
        "noise": rng.normal(900, 30, n),
        "lamp": 900 + 200 * np.abs(np.sin(np.pi * 100.01 * t)),
    }[body]
    said = hear(np.round(ppg)[:, None])
    answered = [
        v for v in said if v.time > 5 and (v.heart_rate or v.beats or v.rmssd or v.breathing)
    ]
    assert len(answered) <= 0.01 * len(said)
    assert said[-1].present is not True


def test_walking_is_not_taken_for_a_pulse():
    rng = np.random.default_rng(7)
    ppg, _ = beat_train(50.0, 90, rng, bpm=70)
    t = np.arange(len(ppg)) / 50
    swing = np.sin(2 * np.pi * 1.75 * t + 0.5 * np.sin(2 * np.pi * 0.07 * t))
    motion = np.outer(4 * swing, [1, 0.5, 0.2]) + rng.normal(0, 0.05, (len(t), 3)) + [0, 0, 9.8]
    said = hear(ppg + 4000 * swing[:, None], motion)
    rates = np.array([v.heart_rate.value for v in said if v.time > 15 and v.heart_rate])
    assert np.all(np.abs(rates - 105) > 10)
    assert len(rates) == 0 or np.abs(np.median(rates) - 70) < 5


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from([0.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 262143.0, 1e-300]),
             min_size=1, max_size=40),
    st.integers(0, 2**32 - 1),
    st.sampled_from([25.0, 50.0, 62.5, 125.0]),
)
def test_garbage_never_gives_a_number(wild, seed, rate):
    rng = np.random.default_rng(seed)
    n = int(20 * rate)
    ppg, motion = rng.choice(wild, (n, 2)), rng.choice(wild, (n, 3))
    with np.errstate(all="raise", under="ignore"):
        said = hear(ppg, motion, rate)
    for vitals in said:
        assert (
            vitals.heart_rate is None
            and vitals.breathing is None
            and vitals.rmssd is None
            and not vitals.beats
        )
        assert vitals.movement is None or np.isfinite(vitals.movement)


@settings(max_examples=4, deadline=None)
@given(st.integers(9, 39), st.integers(0, 2**32 - 1))
def test_what_was_said_never_depends_on_what_comes_after(cut, seed):
    rng = np.random.default_rng(seed)
    ppg, _ = beat_train(50.0, 40, np.random.default_rng(8))
    motion, _ = bed(50.0, 40, np.random.default_rng(9))
    other, moved = ppg.copy(), motion.copy()
    other[cut * 50:] = rng.normal(0, 10 ** rng.uniform(0, 6), other[cut * 50:].shape)
    moved[cut * 50:] = rng.choice([np.nan, 0.0, 50.0])
    for first, second in ((hear(ppg, motion), hear(other, moved)),
                          (hear(motion=motion), hear(motion=moved))):
        assert [v for v in first if v.time <= cut] == [v for v in second if v.time <= cut]


@pytest.mark.parametrize("rate", [25.0, 50.0, 62.5, 125.0, 250.0])
def test_the_grid_keeps_what_a_pulse_is_made_of(rate):
    grid, out = Grid(), []
    t = np.arange(int(12 * rate)) / rate
    step = int(rate / 4)
    for a in range(0, len(t), step):
        grid.add(Signal(np.sin(2 * np.pi * 3 * t[a:a + step, None]), t[a], rate))
        while grid.end >= len(out) + 1 - 1e-3:
            out.append(grid.take(len(out) + 1))
    y = np.concatenate(out[2:])[:, 0]
    when = 2 - LAG + np.arange(len(y)) / RATE
    assert np.abs(y - np.sin(2 * np.pi * 3 * when)).max() < 0.05


def test_activity_counts_are_te_lindert_and_van_somerens():
    rng = np.random.default_rng(10)
    z = 9.80665 * (
        1
        + signal.sosfilt(signal.butter(2, 8, fs=RATE, output="sos"), rng.normal(0, 0.8, 60 * RATE))
    )
    movement = Movement()
    ours = [movement.add(np.column_stack((0 * z[k:k + RATE], 0 * z[k:k + RATE], z[k:k + RATE])))
            for k in range(0, len(z), RATE)]
    b, a = signal.butter(5, [3 / (RATE / 2), 11 / (RATE / 2)], "bandpass")
    steps = np.digitize(np.abs(signal.filtfilt(b, a, z)), np.linspace(0, 5 * 9.80665, 129))
    # the FIR is half a second late
    shifted = steps[RATE // 2:-RATE // 2].reshape(-1, RATE).max(axis=1)
    theirs = (shifted - OFFSET) * FACTOR
    np.testing.assert_allclose([m.activity for m in ours[3:]], theirs[2:], atol=2.5 * FACTOR)


def test_the_activity_filter_is_butterworths_forth_and_back():
    taps = butterworth_bandpass(3, 11, 5, RATE, RATE + 1)
    b, a = signal.butter(5, [3 / (RATE / 2), 11 / (RATE / 2)], "bandpass")
    f, theirs = signal.freqz(b, a, np.arange(0.5, 30, 0.5), fs=RATE)
    ours = np.abs(np.exp(-2j * np.pi * np.outer(f, np.arange(len(taps))) / RATE) @ taps)
    # a second of FIR can't be as steep there
    slopes = (np.abs(f - 3) < 0.8) | (np.abs(f - 11) < 1.1)
    np.testing.assert_allclose(ours[~slopes], np.abs(theirs[~slopes]) ** 2, atol=0.12)


def test_nothing_breathes_in_noise():
    rng, breathing = np.random.default_rng(11), Breathing()
    said = [breathing.add(None, rng.normal(0, 0.001, (RATE, 3)), (), 0.0) for _ in range(200)]
    assert sum(rate is not None for rate in said) <= 2
