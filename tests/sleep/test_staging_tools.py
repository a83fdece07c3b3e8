"""Training data and figures of the stager: causal where they say so, and right where others can
tell."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy")
pytest.importorskip("sklearn")
from sklearn.metrics import brier_score_loss, cohen_kappa_score, roc_auc_score

from areas.staging import chain_scores, scores
from device.sleep.onset import SETTINGS
from training.stager import data as stager_data
from training.stager import fit as stager_fit
from training.stager.data import UNSCORED, Night

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("NOCTURNE_DATA", ROOT.parent / "shared" / "data")) / "sleep_accel_raw"


def night_of(stage, seed=0):
    rng = np.random.default_rng(seed)
    n = 30 * len(stage)
    return stager_data.night_of("made", np.repeat(rng.normal(60, 3, n // 5), 5),
                                np.where(rng.random(n) < .01, 9.0, 0.0), np.asarray(stage))


def test_a_watchs_readings_stand_for_six_seconds_and_never_for_those_before_them():
    rates = stager_data.held(np.array([2.0, 7.0, 30.0]), np.array([50, 60, 70]), 40)
    assert np.isnan(rates[:2]).all() and (rates[2:7] == 50).all() and (rates[7:13] == 60).all()
    assert np.isnan(rates[13:30]).all() and rates[30] == 70


def test_counts_keep_their_sum_and_a_late_start_is_missing_not_still():
    counts = stager_data.spread(np.array([60.0, 75.0]), np.array([30.0, 0.0]), 120)
    assert np.isnan(counts[:60]).all() and np.nansum(counts) == pytest.approx(30)
    assert (counts[75:90] == 0).all() and np.isnan(counts[90:]).all()


@pytest.mark.parametrize("now", [5, 40, 90])
def test_training_inputs_know_nothing_of_what_comes_later(now):
    stage = np.ones(120, int)
    whole, changed = stager_fit.inputs_of(night_of(stage)), night_of(stage, seed=1)
    mixed = Night("mixed", night_of(stage).epochs[:now] + changed.epochs[now:], stage)
    other = stager_fit.inputs_of(mixed)
    np.testing.assert_array_equal(other[:now], whole[:now])
    assert not np.array_equal(other[now], whole[now], equal_nan=True)     # the test can fail


def test_a_wake_is_brief_below_five_minutes_and_sleep_never_is():
    stage = np.repeat([0, 1, 0, 2, 0], [9, 3, 10, 1, 2])
    assert stager_fit.brief(stage).tolist() == np.repeat([1, 0, 0, 0, 1], [9, 3, 10, 1, 2]).tolist()


def test_figures_agree_with_scikit_learn_and_leave_unscored_epochs_out():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 4, 500)
    p = rng.dirichlet(np.ones(4), 500)
    p[np.arange(500), truth] += .5
    p /= p.sum(1, keepdims=True)
    stage = np.r_[truth, np.full(20, UNSCORED)]
    night = Night("n", (), stage)
    odd = np.r_[p, rng.dirichlet(np.ones(4), 20)]
    got = scores.figures([night], [scores.Verdict(odd, odd.argmax(1))], SETTINGS["cautious"])
    assert got["kappa4"] == pytest.approx(cohen_kappa_score(truth, p.argmax(1)))
    assert got["kappa2"] == pytest.approx(cohen_kappa_score(truth == 0, p.argmax(1) == 0))
    wake = truth == 0
    skill = 1 - brier_score_loss(wake, p[:, 0]) / brier_score_loss(wake, np.full(500, wake.mean()))
    assert got["brier_skill"] == pytest.approx(skill)
    tied = p[:, 0].round(1)
    assert chain_scores.auc(tied, wake) == pytest.approx(roc_auc_score(wake, tied))


def test_a_constant_probability_separates_nothing():
    wake = np.arange(1000) % 10 == 0
    assert scores.spec_at(np.full(1000, .1), wake) == pytest.approx(.07)
    assert scores.calibration_error(np.full(1000, .9), ~wake) == pytest.approx(0)


def test_a_clock_has_no_correlation_with_onset():
    said, true = np.full(5, 12.0), np.array([5.0, 9, 20, 31, 40])
    assert scores.onsets(said, true)["onset_r"] == 0
    assert scores.onsets(true + 4, true)["onset_r"] == pytest.approx(1)
    stages = [np.r_[np.zeros(int(2 * t), int), 1] for t in true]
    assert scores.constant_time(stages, .2) == 31.0


def test_the_fit_finds_the_best_point_of_a_convex_problem():
    """Against scikit-learn's logistic regression on the same basis."""
    from sklearn.linear_model import LogisticRegression
    rng = np.random.default_rng(2)
    x = rng.standard_normal((600, 3))
    y = np.where(
        x[:, 0] + rng.standard_normal(600) > 0,
        np.where(x[:, 1] > 0, 1, 2),
        np.where(x[:, 2] > 0, 3, 0),
    )
    ours = stager_fit.fit_additive(x, y, 10.0)
    basis = ours.basis(x)
    other = LogisticRegression(C=1 / 10.0, max_iter=5000).fit(basis[:, :-1], y)
    np.testing.assert_allclose(ours.probabilities(x), other.predict_proba(basis[:, :-1]), atol=2e-3)


@pytest.mark.parametrize("absent", [0.0, .3])
def test_the_trees_answer_as_lightgbm_does(absent):
    """Numpy's nodes against LightGBM's own prediction, missing inputs too, seen in training or not.
    """
    import lightgbm
    rng = np.random.default_rng(4)
    x = rng.standard_normal((900, 6)).round(3)
    x[rng.random(x.shape) < absent] = np.nan
    wake = np.nan_to_num(x[:, 0] * x[:, 1] + x[:, 2]) + .5 * rng.standard_normal(900) > .6
    theirs = lightgbm.train(
        stager_fit.GROWTH, lightgbm.Dataset(x, wake.astype(float)), stager_fit.ROUNDS
    )
    ours = stager_fit.fit_trees(x, wake, stager_fit.GROWTH, stager_fit.ROUNDS, [0] * 6)
    asked = x.copy()
    asked[::7, 1] = np.nan
    np.testing.assert_allclose(ours.score(asked), theirs.predict(asked, raw_score=True), atol=2e-3)


def test_detectors_intervals_hold_what_they_are_of():
    rng = np.random.default_rng(8)
    nights, verdicts = [], []
    for _ in range(8):
        stage = np.r_[
            np.zeros(int(rng.integers(10, 40)), int),
            np.ones(300, int),
            np.zeros(12, int),
            np.ones(60, int),
        ]
        p = np.where(np.roll(stage, int(rng.integers(1, 12))) == 0, .9, .02)
        nights.append(Night("n", (), stage))
        verdicts.append(scores.Verdict(np.c_[p, 1 - p, 0 * p, 0 * p], stage))
    got = scores.figures(nights, verdicts, SETTINGS["cautious"])
    for key, (low, high) in scores.detector_intervals(
        nights, verdicts, SETTINGS["cautious"], 300
    ).items():
        assert low <= got[key] <= high and (key != "onset_median_min" or high > low)


@pytest.mark.full
@pytest.mark.skipif(not DATA.exists(), reason=f"no nights at {DATA}: set NOCTURNE_DATA")
def test_training_again_gives_the_committed_models_bit_for_bit(tmp_path):
    subprocess.run(
        [sys.executable, ROOT / "tools" / "train", "stager", "--data", DATA, "--out", tmp_path],
        check=True,
    )
    for name in ("stager", "second_opinion"):
        file = f"{name}.weights.json"
        assert (tmp_path / file).read_bytes() == (ROOT / "models" / file).read_bytes()


def test_shapes_of_a_night_are_checked_at_the_door(tmp_path):
    with pytest.raises(FileNotFoundError, match="npz"):
        stager_data.load(tmp_path)
