"""Hearts that aren't the plain one, and beds with nobody in them."""

import numpy as np
import pytest

from areas.vitals import beds, bodies
from areas.vitals.data import Recording, play
from device.sleep.contact import Contact
from device.sleep.epochs import summarise
from device.sleep.resampling import RATE
from device.sleep.variability import on_a_grid
from device.values import Measured, Vitals


def body(kind, by, draw=0):
    return next(recording for name, recording in bodies.bodies(draw + 1)
                if name == kind and recording.group == by and recording.name.endswith(f"_{draw}"))


@pytest.mark.parametrize("by", ["light", "bed"])
@pytest.mark.parametrize("kind", ["32", "36", "62", "115", "140", "paced60"])
def test_slow_fast_and_paced_hearts_are_told_and_somebody_is_there(kind, by):
    recording = body(kind, by)
    told, right, present = bodies.told(recording, play(recording))
    assert told >= 0.8 and right >= 0.98 and present == 1.0


@pytest.mark.parametrize("kind, rate", [("bigeminy", 70.6), ("trigeminy", 70.6)])
def test_extra_beats_are_named_uneven_and_counted_over_time(kind, rate):
    """Of a base of .85 s: .55 and 1.15 s, or one plain, one early and one late beat."""
    rng = np.random.default_rng(3)
    pattern = {"bigeminy": (0.55, 1.15), "trigeminy": (0.85, 0.55, 1.15)}[kind]
    intervals = np.resize(pattern, 400) * (1 + 0.01 * rng.standard_normal(400))
    beats = np.cumsum(intervals)
    strong = np.where(np.resize(pattern, 400) == 0.55, 0.5, 1.0)
    beats, strong = beats[beats < 239], strong[beats < 239]
    heard = play(Recording(kind, 50.0, bodies.by_light(beats, strong, rng)))
    later = [v for v in heard.vitals if v.time > 60]
    assert np.mean([v.uneven for v in later]) > 0.95
    assert all(v.rmssd is None for v in later if v.uneven)
    assert all(abs(v.heart_rate.value - rate) < 3 for v in later if v.heart_rate)


@pytest.mark.parametrize("kind", ["40", "75", "103", "paced72"])
def test_no_regular_heart_is_named_uneven(kind):
    for by in ("light", "bed"):
        assert not any(v.uneven for v in play(body(kind, by)).vitals)


@pytest.mark.parametrize("kind", ["32", "36"])
def test_no_breath_is_the_hearts_own_rate(kind):
    for by in ("light", "bed"):
        for vitals in play(body(kind, by)).vitals:
            assert not vitals.breathing or abs(vitals.breathing.value - float(kind)) > 2


def test_ways_that_disagree_tell_no_breath():
    """The light's level sways 12 times a minute, the beats' size 19 and their spacing 26 times."""
    rng = np.random.default_rng(2)
    level, size, spacing = (
        lambda at, each=each: np.sin(2 * np.pi * each / 60 * at) for each in (12, 19, 26))
    beats = [0.5]
    while beats[-1] < 238:
        beats.append(beats[-1] + 0.85 * (1 + 0.05 * spacing(beats[-1])))
    t = np.arange(240 * 50) / 50
    wave = 0.3 * level(t)
    for beat in beats:
        near = slice(*np.searchsorted(t, (beat - 0.4, beat + 0.4)))
        wave[near] += (1 + 0.2 * size(beat)) * np.exp(-(((t[near] - beat) / 0.08) ** 2))
    light = np.array([122500, 143000]) - np.array([900, 2000]) * wave[:, None]
    heard = play(Recording("ways", 50.0, np.round(light + rng.normal(0, 10, light.shape))))
    later = [v for v in heard.vitals if v.time > 60]
    assert np.mean([v.heart_rate is not None for v in later]) > 0.9
    assert np.mean([v.breathing is not None for v in later]) < 0.1


def test_a_cat_or_a_sleeper_on_the_other_side_is_somebody_and_never_an_uneven_heart():
    for _, recording in bodies.others(2):
        later = [v for v in play(recording).vitals if v.time > 40]
        assert not any(v.uneven for v in later)
        assert np.mean([v.present is True for v in later]) > 0.9


def test_doors_that_slam_in_a_row_are_nobody():
    """Two and three slams of .5 m/s², 4 s apart."""
    t = np.arange(int(300 * 62.5)) / 62.5
    motion = np.zeros((len(t), 3))
    for begin in (60, 64, 120, 124, 128):
        since = np.maximum(t - begin, 0)
        ring = 0.5 * (t >= begin) * np.exp(-since / 0.2) * np.sin(2 * np.pi * 7 * since)
        motion += ring[:, None] * [0.3, 0.2, 0.9]
    motion += 0.0012 * np.random.default_rng(4).standard_normal(motion.shape) + [0.3, -0.2, 9.8]
    assert not any(v.present for v in play(Recording("doors", 62.5, None, motion)).vitals)


@pytest.mark.parametrize("kind", beds.KINDS)
def test_a_machine_beside_an_empty_bed_is_nobody(kind):
    told, present, asleep = beds.night(kind, 0, 0.17)
    assert told <= 0.005 and present <= 0.05 and not asleep


@pytest.mark.parametrize("rate", [35.5, 36.0, 36.5, 31.0, 34.0])
def test_a_rate_has_no_edge_at_36(rate):
    rng = np.random.default_rng(5)
    beats = np.cumsum(60 / rate * (1 + 0.01 * rng.standard_normal(200)))
    beats = beats[beats < 239]
    said = [v.heart_rate for v in play(
        Recording("slow", 50.0, bodies.by_light(beats, np.ones(len(beats)), rng))).vitals
        if v.time > 30]
    assert np.mean([one is not None for one in said]) > 0.8
    assert all(abs(one.value - rate) < 3 for one in said if one)


def test_a_sleeper_beyond_the_pillow_is_never_an_uneven_heart():
    recording = body("62", "bed")
    gravity = np.array([0.3, -0.2, 9.80665])
    for share in (0.1, 0.3):
        noise = np.random.default_rng(6).normal(0, 0.0012, recording.motion.shape)
        far = Recording("far", 62.5, None, gravity + share * (recording.motion - gravity) + noise)
        assert not any(v.uneven for v in play(far).vitals)


def test_an_uneven_rhythm_is_doubt_for_the_stager():
    seconds = [Vitals(k + 1.0, Measured(70.0, 0.7), movement=0.0, activity=0.0, uneven=True)
               for k in range(30)]
    epoch = summarise(0, 0.0, seconds)
    assert epoch.heart_rate == pytest.approx(70.0)
    assert epoch.uneven and epoch.heart_quality == 0.0


def test_a_finger_that_stays_is_there_though_its_pulse_is_lost_for_a_while():
    contact, rng = Contact(), np.random.default_rng(7)
    lit = 120_000 + rng.normal(0, 30, (RATE, 2))
    contact.add(lit)
    assert all(contact.present(lit, True) for _ in range(20))
    assert all(contact.present(lit, False) is True for _ in range(60))
    bare = 0.01 * lit
    assert contact.present(bare, False) is None


def test_one_second_of_a_pulse_holds_no_finger():
    contact, lit = Contact(), 120_000 + np.random.default_rng(8).normal(0, 30, (RATE, 2))
    contact.add(lit)
    assert contact.present(lit, True) is True
    assert [contact.present(lit, False) for _ in range(10)][-1] is None


def in_a_pattern(pattern, strong, base):
    """A bed's (n, 3) m/s² of beats in a pattern of `base` /min, and their times."""
    rng = np.random.default_rng(int(base))
    spacing = 60 / base * np.resize(pattern, 600) * (1 + 0.015 * rng.standard_normal(600))
    beats = np.cumsum(spacing)
    beats = beats[beats < 239]
    return bodies.by_bed(beats, np.resize(strong, len(beats)).astype(float), rng), beats


@pytest.mark.parametrize("base, early", [(90, 0.6), (98, 0.66), (104, 0.7)])
def test_fast_bigeminy_through_a_bed_is_not_told_at_half_its_rate(base, early):
    motion, _ = in_a_pattern((early, 2 - early), (0.6, 1.0), base)
    told = [v for v in play(Recording("fast", 62.5, None, motion)).vitals
            if v.time > 40 and v.heart_rate]
    assert not [v for v in told if abs(v.heart_rate.value - base / 2) < 4]


def test_every_third_beat_early_is_told_through_a_bed():
    motion, beats = in_a_pattern((1.0, 0.64, 1.36), (1.0, 0.6, 1.0), 74)
    later = [v for v in play(Recording("third", 62.5, None, motion)).vitals if v.time > 60]
    told = [v for v in later if v.heart_rate]
    assert len(told) > 0.6 * len(later)
    near = [abs(v.heart_rate.value - bodies.rate_at(beats, v.time, 30)) < 3 for v in told]
    assert np.mean(near) > 0.95


def test_beats_that_are_dropped_are_counted_as_they_come():
    motion, beats = in_a_pattern((1.0,) * 6 + (2.0,), (1.0,), 79)
    told = [v for v in play(Recording("dropped", 62.5, None, motion)).vitals
            if v.time > 60 and v.heart_rate]
    near = [abs(v.heart_rate.value - bodies.rate_at(beats, v.time, 30)) < 3 for v in told]
    assert len(told) > 100 and np.mean(near) > 0.95


def test_a_clocks_beats_are_known_by_their_grid_and_a_hearts_are_not():
    """Times of a clock that are 15 ms uncertain; and intervals that vary by 2 %, as uncertain."""
    rng = np.random.default_rng(11)
    unsure = 0.015 * rng.standard_normal(180)
    assert on_a_grid(0.9 * np.arange(180) + unsure)
    assert not on_a_grid(np.cumsum(0.9 * (1 + 0.02 * rng.standard_normal(180))) + unsure)


def test_a_lamps_flicker_on_an_empty_clip_is_soon_no_heart():
    """Noise that passes for a breath vouches for one now and then."""
    rng, t, told = np.random.default_rng(12), np.arange(400 * 50) / 50, []
    for hertz in (0.8, 1.1, 1.4, 1.7, 2.2):
        swing = np.outer(600 * np.sin(2 * np.pi * hertz * t), [1, 1.2])
        light = np.round([20_000, 30_000] + swing + rng.normal(0, 12, swing.shape))
        told += [v.heart_rate is not None for v in play(Recording("lamp", 50.0, light)).vitals
                 if v.time > 240]
    assert np.mean(told) < 0.3


@pytest.mark.parametrize("every", [15, 30, 60])
def test_a_floor_that_tilts_the_bed_now_and_then_does_not_breathe(every):
    rng, t = np.random.default_rng(every), np.arange(int(400 * 62.5)) / 62.5
    motion = np.outer(0.02 * ((t // every) % 2), [0.35, 0.2, 1.0])
    motion += 0.0012 * rng.standard_normal(motion.shape) + [0.3, -0.2, 9.8]
    assert not any(v.present or v.breathing for v in play(
        Recording("steps", 62.5, None, motion)).vitals)


def test_two_sleepers_breaths_are_somebodys():
    one, other = (body(kind, "bed", draw).motion for kind, draw in (("62", 0), ("75", 1)))
    heard = play(Recording("two", 62.5, None, one + other - [0.3, -0.2, 9.80665]))
    assert all(v.present for v in heard.vitals if v.time > 45)


@pytest.mark.parametrize("rate", [124, 138, 149, 190])
def test_a_cats_heart_is_nobodys_rate(rate):
    rng, t = np.random.default_rng(rate), np.arange(int(240 * 62.5)) / 62.5
    wave = np.zeros(len(t))
    for beat in np.cumsum(60 / rate * (1 + 0.03 * rng.standard_normal(4 * rate))):
        near = slice(*np.searchsorted(t, (beat - 0.2, beat + 0.2)))
        wave[near] += np.exp(-(((t[near] - beat) / 0.05) ** 2)) * np.cos(40 * (t[near] - beat))
    motion = np.outer(3e-3 * wave, [0.35, 0.2, 1.0])
    motion += np.outer(2e-3 * np.sin(2 * np.pi * 0.42 * t), [1, 0.5, 0.1])
    motion += 0.0012 * rng.standard_normal(motion.shape) + bodies.REST
    later = [v for v in play(Recording("cat", 62.5, None, motion)).vitals if v.time > 40]
    assert all(v.present for v in later) and not any(v.heart_rate for v in later)
