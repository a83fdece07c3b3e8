"""Awake or asleep: causal, honest, and the same after a restart."""

import json
from dataclasses import replace

import numpy as np
import pytest

from device.sleep.stager import Stager
from device.values import Epoch


def night(seed=0, n=240):
    """A restless half hour, then stillness; every value as a board would have it."""
    rng = np.random.default_rng(seed)
    return [Epoch(i, 30.0 * i, float(rng.exponential(300) if i < 50 else 0.0), .1,
                  float((70 if i < 50 else 56) + rng.normal(0, 2)), 1.5, 40.0, 14.0, 1.0, 1.0, True) for i in range(n)]


def judge(epochs, stager=None):
    stager = stager or Stager.load()
    return [stager.judge(epoch, 0.0) for epoch in epochs]


def test_stillness_and_a_calm_heart_become_sleep():
    stagings = judge(night())
    known = np.array([s.p_asleep for s in stagings], float)
    assert np.nanmean(known[100:]) > max(.9, np.nanmean(known[20:50]) + .1)
    assert stagings[-1].asleep and not any(s.asleep for s in stagings[:40])


@pytest.mark.parametrize("cut", [30, 60, 150])
def test_the_past_does_not_know_the_future(cut):
    whole = judge(night())
    assert judge(night()[:cut]) == whole[:cut]
    changed = night()[:cut] + [replace(e, activity=500.0, heart_rate=120.0) for e in night()[cut:]]
    assert judge(changed)[:cut] == whole[:cut]


@pytest.mark.parametrize("at", [1, 40, 120])
def test_a_restart_in_mid_night_changes_nothing(at):
    whole = judge(night())
    first = Stager.load()
    judge(night()[:at], first)
    second = Stager.load()
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert judge(night()[at:], second) == whole[at:]


def test_probabilities_are_probabilities():
    for staging in judge(night()):
        if staging.probabilities is not None:
            assert sum(staging.probabilities) == pytest.approx(1)
            assert staging.p_asleep == pytest.approx(1 - staging.probabilities[0])
