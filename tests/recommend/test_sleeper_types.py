"""Other weights for the kinds of sleeper: the gate is the nights' own evidence."""

import numpy as np
import pytest

from device.errors import Refused
from device.recommend import Recommender, SafeDefault
from device.recommend.bandit import Head
from device.recommend.candidates import CANDIDATES, NAMES, QUIET
from device.recommend.decision import TABLE
from device.recommend.features import context_features
from device.recommend.network import Network
from device.recommend.sleeper_types import bayes_factor
from device.values import Context, Outcome


def towards_silence(shipped, quiet):
    weights = np.where(quiet, shipped * 6, shipped)
    return weights / weights.sum()


def lived(quiet_helps: bool, nights: int) -> Recommender:
    """A sleeper who falls asleep at once in silence and never with sound, or the other way round.
    """
    device = Recommender.load()
    for night in range(nights):
        place = QUIET if night % 2 else next(n for n, c in enumerate(CANDIDATES) if c.recipe.music)
        receipt = {**device.choose(Context(), seed=night).receipt, "candidate": NAMES[place]}
        good = (place == QUIET) == quiet_helps
        device.learn(receipt, Outcome(sol=4.0 if good else 55.0, wakings=1, signal_quality=0.9))
    return device


def test_the_evidence_is_what_scipy_says_of_the_same_nights():
    normal = pytest.importorskip("scipy.stats").multivariate_normal
    network, rng = Network(), np.random.default_rng(2)
    rows = network.run(context_features(Context()), TABLE)[0][rng.integers(len(TABLE), size=9)]
    rewards, prior, head = rng.normal(2, 10, 9), network.prior, Head(network.prior)
    for row, reward in zip(rows, rewards, strict=True):
        head.update(row, reward)
    each = [
        normal.pdf(rewards, rows @ mean,
                   rows @ np.linalg.inv(precision) @ rows.T + prior.noise**2 * np.eye(9))
        for mean, precision in zip(prior.means, prior.precisions, strict=True)
    ]
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    expected = (weights @ each) / (prior.weights / prior.weights.sum() @ each)
    assert bayes_factor(prior, weights, head) == pytest.approx(expected, rel=1e-6)


def test_a_newcomer_begins_from_what_others_said_and_a_receipt_replays_it():
    device, before = Recommender.load(), Recommender.load()
    assert device.weigh(towards_silence) == 1
    assert device.expect()[0].max() < before.expect()[0].max(), "less is hoped for from sound"
    choice = device.choose(Context(), seed=7)
    assert before.replay(choice.receipt) == choice


@pytest.mark.parametrize("quiet_helps", [True, False])
def test_own_nights_decide_whether_it_is_used(quiet_helps):
    device, before = lived(quiet_helps, 12), lived(quiet_helps, 12)
    factor = device.weigh(towards_silence)
    assert (factor >= 1) == quiet_helps == device.leans_to_silence()
    assert np.array_equal(device.expect()[0], before.expect()[0]) != quiet_helps


def test_what_others_said_never_comes_back_as_an_answer_and_a_reset_removes_it():
    device, before = lived(False, 6), lived(False, 6)
    device.weigh(lambda shipped, quiet: np.where(quiet, 0.97 / quiet.sum(), 0.03 / (~quiet).sum()))
    assert device.leans_to_silence() == before.leans_to_silence()
    device.reset()
    assert np.array_equal(device.expect()[0], Recommender.load().expect()[0])


def test_without_the_network_nothing_is_adopted():
    with pytest.raises(Refused, match="model"):
        SafeDefault().adopt(None)
