"""Awake or asleep: causal, honest, and the same after a restart."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import ModelMismatch
from device.inference import model_card
from device.sleep import doubt, features
from device.sleep.stager import Stager
from device.values import Epoch

RESTLESS = 40       # epochs


def night(seed=0, n=160, start=0.0):
    """A restless half hour, then stillness; every value as a board would have it."""
    rng = np.random.default_rng(seed)
    early = np.arange(n) < RESTLESS
    counts = np.where(early, rng.exponential(60, n), rng.choice([0.0, 3.0], n, p=[.97, .03]))
    rates = np.where(early, rng.normal(70, 4, n), rng.normal(56, 1, n))
    return [
        Epoch(i, start + 30.0 * i, float(counts[i]), 0.1, float(rates[i]), 1.5, 40.0, 14.0, 1.0,
              1.0, True)
        for i in range(n)
    ]


def judge(epochs, stager=None, lights_out=0.0):
    stager = stager or Stager.load()
    return [stager.judge(epoch, lights_out) for epoch in epochs]


def p_asleep(stagings):
    return np.array([s.p_asleep for s in stagings], float)


def test_stillness_and_a_calm_heart_become_sleep():
    stagings = judge(night())
    assert np.nanmean(p_asleep(stagings)[10:RESTLESS]) < .5
    assert np.mean(p_asleep(stagings)[100:]) > .95
    assert stagings[-1].asleep and not any(s.asleep for s in stagings[:RESTLESS])


def test_a_waking_with_movement_is_noticed_within_three_minutes():
    epochs = night()
    epochs[110:125] = [replace(e, activity=120.0, heart_rate=75.0) for e in epochs[110:125]]
    stagings = judge(epochs)
    assert any(s.aroused for s in stagings[110:116])
    assert not stagings[120].asleep and stagings[-1].asleep


@settings(max_examples=6, deadline=None)
@given(cut=st.integers(1, 159), activity=st.floats(0, 4000), rate=st.floats(30, 200))
def test_the_past_does_not_know_the_future(cut, activity, rate):
    whole = judge(night())
    assert judge(night()[:cut]) == whole[:cut]
    changed = night()[:cut] + [
        replace(e, activity=activity, heart_rate=rate) for e in night()[cut:]
    ]
    assert judge(changed)[:cut] == whole[:cut]


@pytest.mark.parametrize("at", [1, 40, 100])
def test_a_restart_in_mid_night_changes_nothing(at):
    whole = judge(night())
    first = Stager.load()
    judge(night()[:at], first)
    second = Stager.load()
    second.restore(json.loads(json.dumps(first.snapshot())))
    judge(night(1), first)                      # the snapshot is a copy
    assert judge(night()[at:], second) == whole[at:]


@settings(max_examples=12, deadline=None)
@given(
    first=st.integers(8, 140), length=st.integers(1, 30), motion=st.booleans(), heart=st.booleans()
)
def test_what_is_missing_never_raises_p_asleep(first, length, motion, heart):
    """Above what it was before the gap, that is. Beside the same night without the gap it can be
    higher: with nothing to see, somebody who lay awake looks like somebody asleep."""
    epochs = night()
    for i in range(first, min(first + length, len(epochs))):
        epochs[i] = replace(epochs[i], activity=None if motion else 50.0,
                            heart_rate=None if heart else 70.0)
    p = p_asleep(judge(epochs))
    gap = p[first:first + length]
    if motion:
        assert (gap[~np.isnan(gap)] <= p[first - 1] + 1e-12).all()
    elif heart:
        assert gap[0] <= p[first - 1] + 1e-12


def test_an_awake_sleeper_whose_sensor_fails_is_unknown_not_asleep():
    """The complaint: missing motion read as stillness, onset an hour early."""
    epochs = [replace(e, activity=None) if i > 30 else e for i, e in enumerate(night())]
    stagings = judge(epochs)
    assert not any(s.asleep for s in stagings)
    assert all(s.p_asleep is None and s.stage is None for s in stagings[60:])


def test_without_a_heart_movement_alone_still_finds_sleep():
    stagings = judge([replace(e, heart_rate=None) for e in night()])
    assert stagings[-1].asleep and stagings[20].p_asleep < .6


def test_an_empty_bed_is_unknown():
    assert all(
        s.p_asleep is None and not s.asleep
        for s in judge([replace(e, present=False) for e in night()])
    )


@pytest.mark.parametrize("start", [0.0, 3.6e5])
def test_a_night_at_any_hour_is_judged_the_same(start):
    """Only time since lights out counts: naps, nights from 4 am, DST and set clocks make no
    difference."""
    there = judge(night(start=start), lights_out=start)
    assert [s.p_asleep for s in there] == [s.p_asleep for s in judge(night())]


def test_a_nap_is_found_and_its_end_too():
    """Five restless minutes, half an hour of stillness, then up again: no threshold needs a whole
    night."""
    still, restless = night()[RESTLESS:], night()[:RESTLESS]
    nap = [
        replace(e, index=i, start=30.0 * i)
        for i, e in enumerate([*restless[:10], *still[:60], *restless[10:20]])
    ]
    stagings = judge(nap)
    assert not any(s.asleep for s in stagings[:10])
    assert stagings[65].asleep and not stagings[-1].asleep


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.one_of(st.none(), st.floats()), st.one_of(st.none(), st.floats()),
                          st.sampled_from([None, True, False])), max_size=40))
def test_wild_epochs_give_probabilities_or_unknown(wild):
    epochs = [
        Epoch(i, 30.0 * i, a, None, h, None, None, None, 0.0, 0.0, there)
        for i, (a, h, there) in enumerate(wild)
    ]
    for staging in judge(epochs):
        if staging.p_asleep is None:
            assert staging.stage is None and staging.probabilities is None
        else:
            assert (
                sum(staging.probabilities) == pytest.approx(1) and min(staging.probabilities) >= 0
            )
            assert staging.p_asleep == pytest.approx(1 - staging.probabilities[0])


def test_what_is_remembered_does_not_grow():
    stager = Stager.load()
    judge(night(n=120), stager)
    size = len(json.dumps(stager.snapshot()))
    judge([replace(e, index=e.index + 120, start=e.start + 3600) for e in night(n=600)], stager)
    assert len(json.dumps(stager.snapshot())) < 1.3 * size


def test_a_model_with_other_inputs_or_torn_numbers_is_refused():
    model, card = model_card.read("stager", features.INPUTS)
    torn = json.loads(model)
    torn["whole"]["weights"].pop()
    odd = json.loads(model)
    odd["motion"]["feature"][3][0] = len(features.INPUTS)
    endless = json.loads(model)
    endless["heart"]["left"][0][0] = 0
    for broken in (b"{", b"{}", *(json.dumps(one).encode() for one in (torn, odd, endless))):
        with pytest.raises(ModelMismatch):
            Stager(broken, card)


def test_an_hour_awake_in_bed_is_not_sleep():
    """Now and then a movement, a heart that stays up; then it comes down and nothing moves."""
    rng = np.random.default_rng(4)
    base = night(n=240)
    epochs = [replace(e, activity=float(rng.exponential(80)) if e.index % 6 < 2 else 0.0,
                      heart_rate=float(rng.normal(70, 3)), heart_sd=2.0)
              if e.index < 120 else
              replace(e, activity=0.0, heart_rate=float(rng.normal(56, .7)), heart_sd=.8)
              for e in base]
    stagings = judge(epochs)
    assert not any(s.asleep for s in stagings[:120])
    assert stagings[190].asleep


def test_who_falls_asleep_within_five_minutes_is_asleep_long_before_a_clock_would_say():
    rng = np.random.default_rng(4)
    epochs = [replace(e, activity=90.0 if e.index < 6 else 0.0,
                      heart_rate=float(78 - 2.5 * min(e.index, 8) + rng.normal(0, .7)),
                      heart_sd=2.5 if e.index < 6 else .7) for e in night(n=80)]
    stagings = judge(epochs)
    first = next(s.epoch for s in stagings if s.asleep)
    assert 8 <= first <= 50


def test_a_worse_signal_makes_p_asleep_less_sure():
    sure = p_asleep(judge(night()))[100:].mean()
    poor = p_asleep(judge([replace(e, heart_quality=.2) for e in night()]))[100:].mean()
    assert poor < sure - .01


def test_a_heart_unlike_those_that_taught_is_doubted():
    usual = p_asleep(judge(night()))[120:].mean()
    fast = [replace(e, heart_rate=e.heart_rate + 90) for e in night()]
    assert p_asleep(judge(fast))[120:].mean() < usual - .05


def test_breathing_can_only_speak_for_wake_and_only_so_far():
    rng = np.random.default_rng(2)
    calm = [replace(e, breathing=14.0 + .1 * (e.index % 2)) for e in night()]
    uneven = [replace(e, breathing=float(rng.normal(15, 5))) if e.index >= 120 else e for e in calm]
    a, b = p_asleep(judge(calm)), p_asleep(judge(uneven))
    assert (b <= a + 1e-12).all() and (b < a - 1e-6).any()
    odds = (1 - b[130:]) / b[130:] / ((1 - a[130:]) / a[130:])
    assert (odds < 1.51).all()


def test_the_heart_alone_is_judged_with_doubt_where_nobody_measures_movement():
    p = p_asleep(judge([replace(e, activity=None, movement=None) for e in night()]))
    assert not np.isnan(p).any()
    assert p[100:].mean() < p_asleep(judge(night()))[100:].mean() - .01


def test_a_calm_heart_alone_is_no_sleep_in_the_first_minutes_of_the_night():
    calm = [replace(e, activity=None, movement=None) for e in night()[RESTLESS:]]
    early = p_asleep(judge([replace(e, index=i, start=30.0 * i) for i, e in enumerate(calm)]))
    assert early[:4].max() < .5 < early[60:].min()


def test_a_heart_that_swings_as_with_apnoea_is_doubted():
    """Cyclic variation: the rate goes up and down by 10 /min within a minute, all night."""
    swings = [replace(e, heart_rate=e.heart_rate + (10.0 if e.index % 2 else 0.0))
              for e in night()]
    model = json.loads(model_card.read("stager", features.INPUTS)[0])
    likeness = doubt.Likeness.of(model["likeness"])

    def told(epochs):
        memory = features.Memory()
        rows = [memory.add(e.activity, e.heart_rate, e.heart_sd, .5 * i)
                for i, e in enumerate(epochs)]
        return likeness.doubt(rows[-1])

    assert told(night()) < .02 and told(swings) > .1


@pytest.mark.parametrize("torn", [
    {}, {"memory": 3}, {"blind": "x"}, {"memory": {"activity": [1]}, "blind": 0}, {"blind": None},
    {"board": [1.0], "detector": {}}])
def test_a_torn_or_foreign_snapshot_begins_the_night_anew(torn):
    stager = Stager.load()
    judge(night()[:50], stager)
    stager.restore(torn)
    assert judge(night(), stager) == judge(night())


@pytest.mark.parametrize("number", [0.0, -1.0, float("nan"), float("inf"), 1e308, "x"])
@pytest.mark.parametrize("part", [0, 1])
def test_breathing_that_nobody_has_in_a_snapshot_begins_the_night_anew(part, number):
    """A spread of nothing would divide by it, and one that is no number would end as sure sleep."""
    breathing = [replace(e, breathing=14.0 + e.index % 3) for e in night()]
    stager = Stager.load()
    judge(breathing[:80], stager)
    torn = stager.snapshot()
    assert len(torn["breath"][part]) >= 10
    torn["breath"][part][-1] = number
    stager.restore(torn)
    assert judge(breathing, stager) == judge(breathing)


def test_a_snapshot_with_one_part_missing_or_odd_never_raises():
    first = Stager.load()
    judge(night()[:50], first)
    whole = json.loads(json.dumps(first.snapshot()))
    for key in whole:
        for value in (None, [], {}, "x", -1, 1e400, [[1], ["x"]]):
            second = Stager.load()
            second.restore({**whole, key: value})
            judge(night()[50:52], second)
    for key in whole["memory"]:
        second = Stager.load()
        second.restore({**whole, "memory": {**whole["memory"], key: [None] * 3}})
        judge(night()[50:52], second)
