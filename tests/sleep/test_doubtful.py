"""A heart that says nothing and movement that is seen now and then: neither is a sign of sleep."""

from dataclasses import replace

import numpy as np
import pytest

from device.sleep import doubt
from device.sleep.onset import SETTINGS, Detector
from device.values import EPOCH, Epoch
from tests.sleep.test_stager import judge, night, p_asleep

AWAKE = 120         # epochs


def restless(seed, n=AWAKE + 50):
    """An hour awake, every third half-minute moving, and then sleep."""
    rng = np.random.default_rng(seed)
    moves = (np.arange(n) < AWAKE) & (rng.random(n) < .35)
    counts = np.where(moves, rng.exponential(90, n), 0.0)
    rates = np.where(np.arange(n) < AWAKE, rng.normal(73, 3, n), rng.normal(57, 1, n))
    return [Epoch(i, EPOCH * i, float(counts[i]), .1, float(rates[i]), 1.5, 40.0, 14.0, 1.0, 1.0,
                  True) for i in range(n)]


def onset(epochs):
    """min, or inf."""
    return next((s.epoch * EPOCH / 60 for s in judge(epochs) if s.asleep), np.inf)


@pytest.mark.parametrize("rate", [44.0, 58.0, 72.0, 95.0])
def test_a_rate_that_never_varies_says_no_more_of_sleep_than_no_heart(rate):
    even = [replace(e, heart_rate=rate, heart_sd=0.0) for e in restless(31)]
    without = [replace(e, heart_rate=None, heart_sd=None) for e in restless(31)]
    after = slice(doubt.LOOKED, AWAKE)
    assert np.all(p_asleep(judge(even))[after] <= np.maximum(p_asleep(judge(without))[after], .5))
    assert onset(even) >= onset(without)


def test_a_heart_as_even_as_any_that_was_recorded_is_heard():
    """The evenest of 22 nights' hearts varied by .097 /min over five minutes."""
    rng = np.random.default_rng(5)
    rates = 52 + rng.normal(0, 1, doubt.LOOKED)
    steady = 52 + (rates - rates.mean()) / rates.std() * .097
    assert doubt.lively(steady) == 1.0 and doubt.lively(np.full(20, 52.0)) == 0.0
    assert doubt.lively(np.r_[52.0, 52.0, np.full(18, np.nan)]) == 1.0      # too few to say


@pytest.mark.parametrize("seed", [41, 42, 43])
def test_a_heart_that_is_no_longer_trusted_raises_nothing_but_doubt(seed):
    still = [replace(e, activity=0.0) for e in restless(seed)[:AWAKE]]
    whole = p_asleep(judge(still))
    worse = p_asleep(judge([replace(e, heart_quality=0.0) if e.index >= 60 else e for e in still]))
    flapping = p_asleep(judge([replace(e, heart_quality=float(e.index % 2)) for e in still]))
    for told in (worse, flapping):
        assert np.max(told - whole) <= doubt.POOR / 2 + 1e-9


@pytest.mark.parametrize("lost", [.1, .2])
def test_movement_that_is_lost_now_and_then_neither_hastens_nor_hinders_sleep(lost):
    away = []
    for seed in range(50, 58):
        gone = np.random.default_rng(seed + 100).random(160) < lost
        gappy = [replace(e, activity=None) if gone[e.index] else e for e in night(seed)]
        away.append(onset(gappy) - onset(night(seed)))
    assert np.median(np.abs(away)) <= 5.0 and min(away) >= -2.0 and max(away) <= 10.0


def test_movement_that_is_lost_whenever_there_is_some_hardly_hastens_sleep():
    """As by a loose wire."""
    early = []
    for seed in range(60, 68):
        shaken = [replace(e, activity=None) if e.activity else e for e in restless(seed)]
        early.append(min(onset(restless(seed)), AWAKE / 2) - onset(shaken))
    assert np.median(early) <= 0.0


def test_the_more_a_sleeper_is_doubted_the_more_has_to_agree():
    def fallen(p_asleep, doubt):
        detector = Detector(SETTINGS["cautious"])
        return [detector.step(p_asleep, .99, doubt)[0] for _ in range(3)][-1]
    assert fallen(.55, 0.0) and not fallen(.55, .2)
    assert fallen(.76, .2) and fallen(.76, .9)


def test_an_epoch_without_movement_is_no_sign_of_sleep_and_none_against_it():
    detector = Detector(SETTINGS["cautious"])
    movement = (True, False, True, False, False, True)
    told = [detector.step(.9, .99, seen=seen)[0] for seen in movement]
    assert told == [False] * 5 + [True]
