import numpy as np
import pytest
from scipy import stats

from device.recommend import Recommender
from device.recommend.candidates import NAMES, QUIET
from device.recommend.n_of_1 import USUAL_EFFECT, USUAL_NOISE, effect
from device.values import Context, Outcome


def nights(sound, silence):
    return ([{"trial": True, "candidate": "slow dark rain", "reward": float(r)} for r in sound]
            + [{"trial": True, "candidate": NAMES[QUIET], "reward": float(r)} for r in silence])


def test_the_95_percent_interval_holds_the_truth_95_times_in_100():
    generator, inside = np.random.default_rng(0), 0
    for _ in range(2000):
        truth = generator.normal(0, USUAL_EFFECT)
        answer = effect(
            nights(truth + generator.normal(0, USUAL_NOISE, 20),
                   generator.normal(0, USUAL_NOISE, 20))
        )
        inside += answer.low <= truth <= answer.high
    low, high = stats.binomtest(inside, 2000).proportion_ci(0.999)
    assert low <= 0.95 <= high


def test_it_may_say_that_sound_is_not_helping():
    generator = np.random.default_rng(1)
    harmful = effect(nights(generator.normal(-6, 10, 60), generator.normal(0, 10, 60)))
    assert harmful.high < 1 and harmful.sentence.startswith("sound isn't helping you")
    helpful = effect(nights(generator.normal(6, 10, 60), generator.normal(0, 10, 60)))
    assert helpful.low > 0 and helpful.sentence.startswith("sound helps you")
    assert "not clear yet" in effect(nights([1, 2, 3], [1, 2, 3])).sentence


def test_a_trial_without_nights_claims_nothing():
    answer = effect([])
    assert answer.minutes == 0 and answer.helps == pytest.approx(0.5)
    assert "no nights" in answer.sentence


def test_the_coin_is_fair_and_the_trial_counts_only_its_own_nights():
    device, quiet = Recommender.load(), 0
    for seed in range(200):
        choice = device.choose(Context(), seed=seed, trial=True)
        assert choice.propensity == 0.5 and choice.candidate in (QUIET, device.best)
        assert device.replay(choice.receipt) == choice
        quiet += choice.candidate == QUIET
        if seed < 6:
            device.learn(choice.receipt, Outcome(sol=20.0, signal_quality=1.0))
    device.learn(device.choose(Context(), seed=1).receipt, Outcome(sol=20.0, signal_quality=1.0))
    assert stats.binomtest(quiet, 200).pvalue > 0.001
    assert sum(effect(device.nights).nights) == 6
