import numpy as np
import pytest

from tools.areas.recommender_ratings import f1, ndcg


def test_ndcg_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(0)
    for size in (3, 12, 40):
        gains, scores = generator.integers(1, 6, size).astype(float), generator.normal(size=size)
        assert ndcg(scores, gains) == pytest.approx(metrics.ndcg_score([gains], [scores], k=10))


def test_f1_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(1)
    relevant, scores = generator.random(30) < 0.4, generator.normal(size=30)
    top = np.isin(np.arange(30), np.argsort(-scores)[:10])
    assert f1(scores, relevant) == pytest.approx(metrics.f1_score(relevant, top))
