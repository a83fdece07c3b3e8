import numpy as np
import pytest
from scipy import stats

from device.recommend.bandit import Head, Prior


def test_the_posterior_is_that_of_bayesian_ridge_regression():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(40, 5)), generator.normal(size=40)
    head = Head(Prior.flat(5, spread=2.0, noise=0.7))
    for row, reward in zip(x, y, strict=True):
        head.update(row, reward)
    ridge = np.linalg.solve(x.T @ x + np.eye(5) * 0.7**2 / 2.0**2, x.T @ y)
    np.testing.assert_allclose(head.posterior().mean, ridge)
    covariance = np.linalg.inv(x.T @ x / 0.7**2 + np.eye(5) / 4)
    np.testing.assert_allclose(head.posterior().covariance(), covariance)


def test_kinds_are_weighed_by_the_evidence_that_scipy_gives():
    generator = np.random.default_rng(1)
    means, spreads = np.array([[1.0, 0.0], [-1.0, 0.5]]), (0.5, 1.0)
    prior = Prior(np.array([0.3, 0.7]), means, np.array([np.eye(2) / s**2 for s in spreads]),
                  noise=1.5)
    head = Head(prior)
    x = generator.normal(size=(6, 2))
    y = x @ [0.8, 0.1] + generator.normal(0, 1.5, 6)
    for row, reward in zip(x, y, strict=True):
        head.update(row, reward)
    evidence = [stats.multivariate_normal(x @ mean, x @ x.T * s**2 + np.eye(6) * 1.5**2).pdf(y)
                for mean, s in zip(means, spreads, strict=True)]
    expected = prior.weights * evidence
    np.testing.assert_allclose(head.posterior().weights, expected / expected.sum())


def test_draws_have_the_posteriors_mean_and_covariance():
    generator = np.random.default_rng(2)
    prior = Prior(
        np.array([0.4, 0.6]),
        np.array([[2.0, 0, 0], [-1, 1, 0]]),
        np.array([np.eye(3), np.eye(3) * 4]),
        1.0,
    )
    head = Head(prior)
    head.update(np.array([0.1, 0.2, 0.3]), 1.0)
    now = head.posterior()
    draws = now.draw(generator, 200_000)
    np.testing.assert_allclose(draws.mean(0), now.mean, atol=0.02)
    np.testing.assert_allclose(np.cov(draws.T), now.covariance(), atol=0.03)


def test_what_is_forgotten_falls_back_to_the_prior():
    head = Head(Prior.flat(2, 1.0, 1.0), forget=0.5)
    head.update(np.array([1.0, 0]), 5.0)
    near = head.posterior().mean[0]
    for _ in range(40):
        head.update(np.zeros(2), 0.0)
    assert near > 2 and abs(head.posterior().mean[0]) < 1e-6


def test_a_night_that_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        Head(Prior.flat(2, 1.0, 1.0)).update(np.array([np.nan, 0]), 1.0)


def test_the_logged_propensity_is_how_often_it_is_drawn():
    head = Head(Prior.flat(3, 1.0, 1.0))
    head.update(np.array([1.0, 0, 0]), 2.0)
    rows = np.eye(3)
    picks, chances = zip(
        *(head.choose(rows, np.random.default_rng(seed)) for seed in range(800)), strict=True
    )
    np.testing.assert_allclose(np.bincount(picks, minlength=3) / 800, np.mean(chances, axis=0),
                               atol=0.05)


def test_likes_that_tell_harm_or_nothing_are_weighed_by_the_evidence_that_scipy_gives():
    generator = np.random.default_rng(4)
    hears, spread, noise, about = np.array([1.0, 0.0, -1.0]), 1.3, 0.9, 1.6
    prior = Prior(np.array([0.5, 0.3, 0.2]), np.zeros((3, 2)),
                  np.array([np.eye(2) / spread**2] * 3), noise=1.0, hears=hears)
    head, x = Head(prior), generator.normal(size=(5, 2))
    nights, likes = x @ [0.7, -0.4] + generator.normal(0, 1, 5), x @ [-0.6, 0.5]
    for row, reward, like in zip(x, nights, likes, strict=True):
        head.update(row, reward)
        head.hear(row, like, noise, about)
    evidence = []
    for sign in hears:
        rows = np.vstack([x, sign * x])
        own = np.repeat([1.0, noise if sign else about], 5)
        evidence.append(stats.multivariate_normal(
            np.zeros(10), rows @ rows.T * spread**2 + np.diag(own**2)).pdf([*nights, *likes]))
    expected = prior.weights * evidence
    np.testing.assert_allclose(head.posterior().weights, expected / expected.sum())
