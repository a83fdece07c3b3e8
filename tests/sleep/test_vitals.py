"""What the device says of a body, once a second."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from device.sleep.vitals import VitalSigns
from device.values import Readings, Signal

DATA = (
    Path(os.environ.get("NOCTURNE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    / "ppg"
)


def pulse_wave(rate, seconds, bpm, rng, noise=0.01):
    """A PPG of steady-ish beats: a systolic and a dicrotic bump (McSharry's idea), counts, pointing
    up."""
    t = np.arange(int(seconds * rate)) / rate
    beats = np.cumsum(60 / bpm * (1 + 0.03 * rng.standard_normal(int(seconds * bpm / 60) + 3)))
    wave = np.zeros(len(t))
    for beat in beats:
        wave += np.exp(-((t - beat) / 0.08) ** 2) + 0.35 * np.exp(-((t - beat - 0.28) / 0.1) ** 2)
    wave += noise * rng.standard_normal(len(t)) + 0.3 * np.sin(2 * np.pi * 0.22 * t)
    return np.column_stack((100000 + 2000 * wave, 120000 + 1500 * wave)), beats


def play(values, rate, signs=None, motion=None, tick=0.25, start=0.0):
    signs = signs or VitalSigns()
    said = []
    for i in range(int(len(values) / rate / tick)):
        a, b = int(i * tick * rate + 1e-6), int((i + 1) * tick * rate + 1e-6)
        moved = None if motion is None else Signal(motion[a:b], start + a / rate, rate)
        said += signs.add(
            Readings(start + (i + 1) * tick, Signal(values[a:b], start + a / rate, rate), moved)
        )
    return said


@pytest.mark.parametrize("rate", [25.0, 50.0, 62.5, 97.7, 125.0])
@pytest.mark.parametrize("polarity", [1, -1])
def test_a_steady_pulse_is_read_at_any_rate_and_polarity(rate, polarity):
    wave, _ = pulse_wave(rate, 40, 63, np.random.default_rng(1))
    said = play(polarity * wave, rate)
    rates = [v.heart_rate.value for v in said if v.time > 12 and v.heart_rate]
    assert len(rates) > 25
    assert np.abs(np.array(rates) - 63).max() < 4


def test_every_whole_second_is_told_once_and_at_once():
    wave, _ = pulse_wave(50.0, 30, 60, np.random.default_rng(2))
    signs, told = VitalSigns(), []
    for i in range(120):
        part = slice(int(i * 12.5), int((i + 1) * 12.5))
        now = (i + 1) * 0.25
        told += [
            (v.time, now)
            for v in signs.add(Readings(now, Signal(wave[part], part.start / 50.0, 50.0)))
        ]
    assert [t for t, _ in told] == list(range(1, 31))
    assert max(now - t for t, now in told) <= 0.25


def test_the_future_changes_nothing_of_the_past():
    rng = np.random.default_rng(3)
    wave, _ = pulse_wave(62.5, 40, 70, rng)
    motion = rng.normal(0, 0.02, (len(wave), 3)) + [0, 0, 9.81]
    other, moved = wave.copy(), motion.copy()
    cut = int(25 * 62.5)
    other[cut:] = rng.normal(0, 1e5, other[cut:].shape)
    moved[cut:] *= -3
    first, second = play(wave, 62.5, motion=motion), play(other, 62.5, motion=moved)
    assert [v for v in first if v.time <= 25] == [v for v in second if v.time <= 25]


@pytest.mark.parametrize("bpm", [44, 65, 100])
def test_a_finger_taken_off_ends_the_heart_rate_within_five_seconds(bpm):
    wave, _ = pulse_wave(50.0, 40, bpm, np.random.default_rng(4))
    rng = np.random.default_rng(5)
    wave[20 * 50:] = np.round(700 + rng.normal(0, 4, (len(wave) - 1000, 2)))
    said = play(wave, 50.0)
    assert any(v.heart_rate for v in said if 12 < v.time < 20)
    assert not any(v.heart_rate for v in said if v.time >= 25)


def test_a_gap_is_a_gap_and_the_seconds_go_on():
    wave, _ = pulse_wave(50.0, 60, 65, np.random.default_rng(6))
    signs = VitalSigns()
    said = play(wave[:1000], 50.0, signs)
    for i in range(40):
        said += signs.add(Readings(20 + (i + 1) * 0.25, None, None, ("ppg: errno 121",)))
    said += play(wave[1500:], 50.0, signs, start=30.0)
    assert [v.time for v in said] == list(range(1, int(said[-1].time) + 1))
    assert not any(v.heart_rate or v.beats for v in said if 25 <= v.time <= 30)
    assert any(v.heart_rate for v in said if v.time > 42)


def test_missing_readings_that_are_counted_are_never_joined_over():
    wave, _ = pulse_wave(50.0, 20, 65, np.random.default_rng(7))
    signs = VitalSigns()
    said = []
    for i in range(0, 1000, 50):
        if i == 500:
            continue
        lost = 50 if i == 550 else 0
        said += signs.add(Readings((i + 50) / 50, Signal(wave[i:i + 50], i / 50, 50.0, lost)))
    assert said[10].heart_rate is None and said[10].time == 11.0


def test_a_snapshot_goes_on_as_if_nothing_had_happened():
    wave, _ = pulse_wave(50.0, 40, 60, np.random.default_rng(8))
    signs = VitalSigns()
    play(wave[:1000], 50.0, signs)
    copy = pickle.loads(pickle.dumps(signs))
    assert play(wave[1000:], 50.0, signs, start=20.0) == play(wave[1000:], 50.0, copy, start=20.0)


def test_movement_is_the_rms_and_turning_is_told_once():
    rate = 50.0
    t = np.arange(int(40 * rate)) / rate
    motion = np.zeros((len(t), 3))
    motion[:, 2] = 9.80665
    motion[t >= 20] = [9.80665, 0, 0]
    motion[(t >= 5) & (t < 10), 0] += 0.5 * np.sin(2 * np.pi * 2 * t[(t >= 5) & (t < 10)])
    signs, said = VitalSigns(), []
    for i in range(0, len(t), 25):
        said += signs.add(Readings((i + 25) / rate, None, Signal(motion[i:i + 25], i / rate, rate)))
    assert [v.movement for v in said if 6.5 < v.time < 10] == pytest.approx(
        [0.5 / np.sqrt(2)] * 3, rel=0.02
    )
    assert [v.movement for v in said if 12 < v.time < 20] == pytest.approx([0] * 7, abs=1e-6)
    assert sum(v.turned for v in said) == 1
    assert all(v.heart_rate is None for v in said)


@pytest.mark.skipif(not DATA.exists(), reason=f"no recordings at {DATA}: set NOCTURNE_DATA")
def test_a_finger_at_rest_is_within_a_beat_or_two_of_its_ecg():
    data = np.load(DATA / "bidmc01.npz")
    rate = float(data["fs"])
    said = {v.time: v.heart_rate for v in play(data["ppg"].T[:int(120 * rate)].astype(float), rate)}
    errors = [
        abs(said[s + 8].value - bpm)
        for s, bpm in zip(data["ref_start_s"], data["ref_bpm"], strict=True)
        if s + 8 in said and said[s + 8]
    ]
    assert len(errors) > 45
    assert np.median(errors) < 0.5
