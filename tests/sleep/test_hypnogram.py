"""The night's sums against their published definitions."""

import numpy as np
import pytest

from device.sleep.hypnogram import second_opinion, smoothed, sums
from device.values import STAGES, Stage, Staging

LETTERS = {"W": Stage.WAKE, "L": Stage.LIGHT, "D": Stage.DEEP, "R": Stage.REM, "?": None}


def stagings(letters):
    return [Staging(i, 30.0 * (i + 1), None, LETTERS[c], None) for i, c in enumerate(letters)]


def test_a_night_by_hand():
    """10 min awake, 30 asleep, 6 awake, 10 asleep, 4 awake."""
    night = sums(
        stagings("W" * 20 + "L" * 30 + "D" * 20 + "R" * 10 + "W" * 12 + "L" * 20 + "W" * 8)
    )
    assert (night.tib, night.tst, night.sol, night.spt) == (60, 40, 10, 46)
    assert (night.waso, night.final_wake, night.wakings, night.long_wakings) == (6, 4, 1, 1)
    assert night.efficiency == pytest.approx(40 / 60)
    assert (night.light, night.deep, night.rem, night.unknown) == (25, 10, 5, 0)


def test_a_night_as_yasa_sums_it():
    """The example in the docstring of YASA's `sleep_statistics`; its SE is over the sleep period,
    ours over the bed."""
    stages = [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 2, 3, 3, 4, 4, 4, 4, 0, 0]
    night = sums(stagings("".join("WLLDR"[stage] for stage in stages)))
    assert (night.tib, night.spt, night.waso, night.tst) == (10.0, 8.0, 0.0, 8.0)
    assert (night.sol, night.light, night.deep, night.rem) == (1.0, 1.5 + 2.0, 2.5, 2.0)


def test_time_in_bed_is_latency_sleep_period_and_final_wake():
    rng = np.random.default_rng(1)
    for _ in range(50):
        night = sums(stagings("".join(rng.choice(list("WWLDR"), 200)) + "L"))
        assert night.tib == night.sol + night.spt + night.final_wake
        assert night.spt == night.tst + night.waso


def test_no_sleep_has_no_latency():
    night = sums(stagings("W" * 10))
    assert night.sol is None and night.tst == 0 and night.efficiency == 0
    assert sums([]).efficiency is None


def test_unknown_is_neither_sleep_nor_wake():
    night = sums(stagings("WWLL????LLWW"))
    assert (night.tst, night.unknown, night.waso, night.wakings) == (2, 2, 0, 0)
    assert night.efficiency == pytest.approx(4 / 8)


def test_the_second_opinion_equals_exact_smoothing_of_a_hidden_markov_model():
    """Against the sum over all paths of a short chain."""
    rng = np.random.default_rng(3)
    changes = rng.dirichlet(np.ones(4), 4)
    emissions = rng.random((4, 4))
    filtered, p = [], np.full(4, .25)
    for n in range(4):
        p = (p @ changes if n else p) * emissions[n]
        p = p / p.sum()
        filtered.append(p)
    paths = np.zeros((4, 4))
    for path in np.ndindex(4, 4, 4, 4):
        weight = .25 * emissions[0, path[0]]
        for n in range(1, 4):
            weight *= changes[path[n - 1], path[n]] * emissions[n, path[n]]
        for n in range(4):
            paths[n, path[n]] += weight
    np.testing.assert_allclose(smoothed(np.array(filtered), changes),
                               paths / paths.sum(1, keepdims=True), rtol=1e-9)


def test_the_second_opinion_leaves_the_unknown_alone():
    known = (.1, .6, .2, .1)
    night = [Staging(i, 30.0, .9, Stage.LIGHT, known) for i in range(3)] + stagings("?")
    opinion = second_opinion(night, np.full((4, 4), .25))
    assert opinion[3].stage is None and opinion[3].probabilities is None
    assert all(o.stage in STAGES for o in opinion[:3])
