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
from sklearn.metrics import brier_score_loss, cohen_kappa_score

from areas.staging import scores
from device.sleep.onset import SETTINGS
from training.stager import data as stager_data
from training.stager import fit as stager_fit
from training.stager.data import HAT, Night, known, recovered

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("NOCTURNE_DATA", ROOT.parent / "shared" / "data")) / "sleep_accel"


def night_of(counts, seed=0, n=None):
    """A night as the published features have it: smoothed second by second, from counts every 15.01
    s."""
    rng = np.random.default_rng(seed)
    at = .4 + 15.01 * np.arange(len(counts))
    n = n or int(at[-1] // 30) - 11
    seconds = np.arange(int(at[-1]))
    drawn = np.interp(seconds, at, counts)
    smooth = []
    for row in range(n):
        window = drawn[(seconds > 30 * row - 285) & (seconds < 30 * row + 315)]
        weight = np.exp(-.5 * ((np.arange(len(window)) - len(window) // 2) / 50) ** 2)
        smooth.append((window * weight).sum() / weight.sum())
    return Night(
        "made",
        30.0 * np.arange(n),
        np.round(smooth, 6),
        rng.uniform(0.1, 1, n),
        rng.integers(0, 4, n),
    )


def made_counts(n=400, seed=1):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n) < .04, 3.07 * rng.integers(1, 60, n), 0.0)


def test_counts_come_back_from_their_smoothed_column():
    counts = made_counts()
    night = night_of(counts)
    true = np.bincount(((.4 + 15.01 * np.arange(400)) / 30).astype(int), counts)[:len(night.time)]
    got = recovered(night)
    inside = slice(12, len(true) - 12)
    assert (np.abs(got - true)[inside] < .05 * true[inside] + 1).mean() > .95


@pytest.mark.parametrize("now", [40, 90, 150])
def test_what_is_known_of_the_past_uses_rows_ten_epochs_old_alone(now):
    night = night_of(made_counts())
    changed = Night("changed", night.time, night.activity.copy(), night.heart.copy(), night.stage)
    changed.activity[now - 9:] = 77.0
    changed.heart[now - 14:] = 9.0
    np.testing.assert_array_equal(known(changed)[:now + 1], known(night)[:now + 1])
    before, after = stager_fit.inputs_of(night, "rows"), stager_fit.inputs_of(changed, "rows")
    np.testing.assert_array_equal(after[:now + 1], before[:now + 1])
    assert not np.array_equal(after[now + 1], before[now + 1], equal_nan=True)  # the test can fail


def test_the_hat_reaches_as_far_as_counts_are_apart():
    assert HAT[0] <= -15 and HAT[-1] >= 15.05


def test_figures_agree_with_scikit_learn():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 4, 500)
    p = rng.dirichlet(np.ones(4), 500)
    p[np.arange(500), truth] += .5
    p /= p.sum(1, keepdims=True)
    night = Night("n", 30.0 * np.arange(500), np.zeros(500), np.zeros(500), truth)
    got = scores.figures([night], [scores.Verdict(p, p.argmax(1))], SETTINGS["cautious"])
    assert got["kappa4"] == pytest.approx(cohen_kappa_score(truth, p.argmax(1)))
    assert got["kappa2"] == pytest.approx(cohen_kappa_score(truth == 0, p.argmax(1) == 0))
    wake = truth == 0
    skill = 1 - brier_score_loss(wake, p[:, 0]) / brier_score_loss(wake, np.full(500, wake.mean()))
    assert got["brier_skill"] == pytest.approx(skill)


def test_a_constant_probability_separates_nothing():
    wake = np.arange(1000) % 10 == 0
    assert scores.spec_at(np.full(1000, .1), wake) == pytest.approx(.07)
    assert scores.calibration_error(np.full(1000, .9), ~wake) == pytest.approx(0)


def test_the_fit_finds_the_best_point_of_a_convex_problem():
    """Against scikit-learn's logistic regression on the same basis."""
    from sklearn.linear_model import LogisticRegression
    rng = np.random.default_rng(2)
    x = rng.standard_normal((600, 3))
    y = np.where(x[:, 0] + rng.standard_normal(600) > 0, np.where(x[:, 1] > 0, 1, 2),
                 np.where(x[:, 2] > 0, 3, 0))
    ours = stager_fit.fit_additive([x], [y])
    basis = ours.basis(x)
    other = LogisticRegression(C=1 / stager_fit.RIDGE, max_iter=5000).fit(basis[:, :-1], y)
    np.testing.assert_allclose(ours.probabilities(x), other.predict_proba(basis[:, :-1]), atol=2e-3)


def test_the_trees_answer_as_lightgbm_does():
    """Numpy's heaps against LightGBM's own prediction; small nights, so that some branches end
    early."""
    import lightgbm
    rng = np.random.default_rng(4)
    z = np.clip(rng.standard_normal((900, 6)), -3, 3).round(3)
    z[::3, 2] = 0.0                             # missing ones
    wake = z[:, 0] * z[:, 1] + z[:, 2] + .5 * rng.standard_normal(900) > .6
    theirs = lightgbm.train(stager_fit.GROWTH, lightgbm.Dataset(z, wake.astype(float)),
                            stager_fit.ROUNDS)
    ours = stager_fit.fit_trees(z, wake)
    assert min(tree["num_leaves"] for tree in theirs.dump_model()["tree_info"]) < 8
    np.testing.assert_allclose(ours.score(z), theirs.predict(z, raw_score=True), atol=2e-3)


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
        nights.append(Night("n", 30.0 * np.arange(len(stage)), p, p, stage))
        verdicts.append(scores.Verdict(np.c_[p, 1 - p, 0 * p, 0 * p], stage))
    got = scores.figures(nights, verdicts, SETTINGS["cautious"])
    for key, (low, high) in scores.detector_intervals(nights, verdicts, SETTINGS["cautious"],
                                                      300).items():
        assert low <= got[key] <= high and (key != "onset_median_min" or high > low)


@pytest.mark.full
@pytest.mark.skipif(not DATA.exists(), reason=f"no nights at {DATA}: set NOCTURNE_DATA")
def test_training_again_gives_the_committed_model_bit_for_bit(tmp_path):
    subprocess.run(
        [sys.executable, ROOT / "tools" / "train", "stager", "--data", DATA, "--out", tmp_path],
        check=True)
    assert (tmp_path / "stager.weights.json").read_bytes() == (
        ROOT / "models" / "stager.weights.json"
    ).read_bytes()


def test_shapes_of_a_night_are_checked_at_the_door(tmp_path):
    with pytest.raises(FileNotFoundError, match="csv.gz"):
        stager_data.load(tmp_path)
