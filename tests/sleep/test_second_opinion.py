"""The morning's judgement: whole night, honest about what it doesn't know."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import ModelMismatch
from device.inference import model_card
from device.sleep import second_opinion
from device.sleep.second_opinion import SecondOpinion, path
from device.sleep.stager import Stager
from device.values import Epoch, Stage


def night(n=200, restless=40, seed=0):
    rng = np.random.default_rng(seed)
    return [Epoch(i, 30.0 * i, float(rng.exponential(60)) if i < restless else 0.0, None,
                  float(rng.normal(70, 4) if i < restless else rng.normal(56, 1)), None, None, None,
                  1.0, 1.0, True) for i in range(n)]


def judged(epochs):
    stager = Stager.load()
    live = [stager.judge(epoch, 0.0) for epoch in epochs]
    return live, SecondOpinion.load().judge(epochs, live)


def test_restless_is_awake_and_still_is_asleep():
    _, morning = judged(night())
    assert np.mean([s.p_asleep for s in morning[:35]]) < .4
    assert np.mean([s.p_asleep for s in morning[80:180]]) > .9


def test_what_was_unknown_stays_so_and_the_detectors_words_too():
    epochs = [replace(e, present=False) if 90 <= e.index < 120 else e for e in night()]
    live, morning = judged(epochs)
    assert all(s.p_asleep is None and s.stage is None for s in morning[90:120])
    assert [s.asleep for s in morning] == [s.asleep for s in live]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.one_of(st.none(), st.floats()), st.one_of(st.none(), st.floats()),
                          st.sampled_from([None, True, False])), max_size=25))
def test_wild_nights_are_answered(wild):
    epochs = [Epoch(i, 30.0 * i, a, None, h, None, None, None, 0.0, 0.0, there)
              for i, (a, h, there) in enumerate(wild)]
    for staging in judged(epochs)[1]:
        assert staging.p_asleep is None or (
            sum(staging.probabilities) == pytest.approx(1) and min(staging.probabilities) >= 0)


def test_drawn_hypnograms_agree_with_the_opinion_and_repeat_with_their_seed():
    _, morning = judged(night())
    opinion = SecondOpinion.load()
    drawn = opinion.draw(morning, 30, seed=1)
    assert drawn == opinion.draw(morning, 30, seed=1) != opinion.draw(morning, 30, seed=2)
    awake = np.mean([[stage is Stage.WAKE for stage in one] for one in drawn], axis=0)
    assert awake[:30].mean() > .5 and awake[80:180].mean() < .15


def test_a_path_is_drawn_from_the_exact_posterior():
    """Against the sum over all paths of a short chain."""
    rng = np.random.default_rng(3)
    changes, evidence = rng.dirichlet(np.ones(4), 4), rng.random((3, 4))
    exact, start = np.zeros((3, 4)), [.97, .03, 1e-4, 1e-4]
    for steps in np.ndindex(4, 4, 4):
        weight = start[steps[0]] * evidence[0, steps[0]]
        for n in (1, 2):
            weight *= changes[steps[n - 1], steps[n]] * evidence[n, steps[n]]
        for n in range(3):
            exact[n, steps[n]] += weight
    exact /= exact.sum(1, keepdims=True)
    drawn = np.array([path(evidence, changes, rng) for _ in range(4000)])
    shares = np.array([[np.mean(drawn[:, n] == k) for k in range(4)] for n in range(3)])
    np.testing.assert_allclose(shares, exact, atol=.03)


def test_a_torn_model_is_refused():
    model, card = model_card.read("second_opinion", second_opinion.INPUTS)
    torn = json.loads(model)
    torn["whole"]["weights"].pop()
    for broken in (b"{", b"{}", json.dumps(torn).encode()):
        with pytest.raises(ModelMismatch):
            SecondOpinion(broken, card)
