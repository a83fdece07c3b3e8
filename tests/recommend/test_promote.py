import numpy as np
import pytest

from device.recommend import Recommender
from device.recommend.candidates import QUIET
from device.values import Context, Outcome
from training.recommender.promote import better, compare, doubly_robust, estimate, snips

TRUE = np.array([0.0, 2.0, -1.0])       # a bandit of three arms whose values are known
LOGGING = np.array([0.5, 0.2, 0.3])
TARGET = np.array([0.1, 0.8, 0.1])


def log(generator, nights):
    played = generator.choice(3, size=nights, p=LOGGING)
    return played, LOGGING[played], TRUE[played] + generator.normal(0, 3, nights)


def test_both_estimates_find_a_known_value_and_their_lower_bounds_hold():
    generator, held, values = np.random.default_rng(0), [], []
    wrong_model = np.tile([5.0, -5.0, 0.0], (300, 1))       # DR must survive a bad reward model
    for _ in range(400):
        played, propensity, rewards = log(generator, 300)
        found = estimate(np.tile(TARGET, (300, 1)), wrong_model, played, propensity, rewards)
        values.append((found.snips, found.dr))
        held.append((found.snips_low <= TARGET @ TRUE, found.dr_low <= TARGET @ TRUE))
    np.testing.assert_allclose(np.mean(values, 0), TARGET @ TRUE, atol=0.1)
    assert (np.mean(held, 0) > 0.86).all() and (np.mean(held, 0) < 0.95).all()


def test_the_policy_that_was_logged_is_worth_its_mean():
    generator = np.random.default_rng(1)
    _, _, rewards = log(generator, 50)
    assert snips(np.ones(50), rewards)[0] == pytest.approx(rewards.mean())
    assert doubly_robust(np.ones(50), rewards, np.zeros(50), np.zeros(50))[0] == pytest.approx(
        rewards.mean()
    )


def test_a_policy_that_never_plays_what_was_logged_is_not_promoted():
    played, propensity, rewards = np.zeros(40, int), np.full(40, 0.5), np.full(40, 3.0)
    never = estimate(np.tile([0.0, 1.0, 0.0], (40, 1)), np.zeros((40, 3)), played, propensity,
                     rewards)
    same = estimate(np.tile([0.5, 0.5, 0.0], (40, 1)), np.zeros((40, 3)), played, propensity,
                    rewards)
    assert not better(never, same)


def test_a_prior_is_no_worse_than_itself_on_a_devices_own_log():
    from device.inference.model_card import MODELS
    device, generator = Recommender.load(), np.random.default_rng(3)
    for night in range(35):
        choice = device.choose(Context(), seed=night)
        sol = generator.normal(15 if choice.candidate == QUIET else 22, 8)
        device.learn(choice.receipt, Outcome(sol=max(sol, 1.0), wakings=1, signal_quality=0.9))
    new, incumbent = compare([device.state()], MODELS, MODELS)
    assert new == incumbent and better(new, incumbent)
    assert incumbent.snips == pytest.approx(np.mean([night["reward"] for night in device.nights]),
                                            abs=5)
