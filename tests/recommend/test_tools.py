import numpy as np
import pytest

from areas.recommender import board, mushroom
from areas.recommender.ratings import ANSWERS, f1, fit_catalogue, generated, measure, ndcg, read


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


def test_a_table_of_ratings_is_read_with_or_without_a_header(tmp_path):
    rows = "u1,i1,5\nu1,i2,3\nu2,i1,4.5\n"
    for text in (rows, "user,item,value\n" + rows, rows.replace("\n", ",881250949\n")):
        (tmp_path / "ratings.csv").write_text(text)
        np.testing.assert_array_equal(read(tmp_path / "ratings.csv").values,
                                      [[5, 3], [4.5, np.nan]])
    (tmp_path / "ratings.csv").write_text(rows + "u2,i2,good\n")
    with pytest.raises(ValueError, match="line 4"):
        read(tmp_path / "ratings.csv")


def test_who_rated_many_items_counts_less_for_what_is_usually_rated():
    values = generated(1, users=40, items=30).values
    count = np.isfinite(values).sum(1)
    for busy in (0.0, 0.5, 1.0):
        offsets, _, _ = fit_catalogue(values, 8, 2.0, busy)
        expected = np.average(np.nan_to_num(values), axis=0, weights=count**-busy)
        np.testing.assert_allclose(offsets, expected)


def test_a_cold_start_is_judged_after_every_number_of_answers_with_every_peer():
    figures, peers, _ = measure(generated(1, users=90, items=60))
    keys = {f"{task}{metric}_k{k}" for task in ("", "catalogue.") for metric in ("ndcg10", "f1")
            for k in ANSWERS}
    assert figures.keys() == keys and peers.keys() == {"popularity", "ease", "ials", "cosine"}
    assert all(0 < value <= 1 for value in figures.values())
    assert all(figures[key] > peers["ials"][key] for key in ("ndcg10_k1", "catalogue.ndcg10_k1"))


def test_a_table_that_is_not_of_mushrooms_is_refused(tmp_path):
    (tmp_path / "agaricus-lepiota.data").write_text("1,2,3\n4,5,6\n")
    path = mushroom.find(tmp_path)
    with pytest.raises(ValueError, match="UCI Mushroom"):
        mushroom.read(path)


def test_the_shipped_head_learns_to_leave_the_mushrooms_that_smell_foul(tmp_path, monkeypatch):
    generator = np.random.default_rng(0)
    lines = []
    for poisonous, shape, ring in generator.integers(0, 2, (400, 3)):
        lines.append(
            f"{'p' if poisonous else 'e'},{'f' if poisonous else 'n'},{'xy'[shape]},{'or'[ring]}"
        )
    path = tmp_path / "agaricus-lepiota.data"
    path.write_text("\n".join(lines))
    monkeypatch.setattr(mushroom, "LOOKS", 6.0)     # three attributes must carry what twenty-two do
    regret = np.mean([mushroom.play(("nocturne", path, seed)) for seed in range(2)], axis=0)
    assert regret[-1] - regret[199] < 0.25 * 165 * 2.5      # always skipping loses 2.5 a round


@pytest.mark.parametrize("nights", [60, pytest.param(10_000, marks=pytest.mark.full)])
def test_no_network_however_wrong_makes_a_choice_unsafe(nights):
    assert board.unsafe((4, nights)) == 0


def test_every_constant_of_the_synthetic_sleepers_stays_out_of_the_device():
    from pathlib import Path
    device = Path(__file__).resolve().parents[2] / "device"
    assert not [path for path in device.rglob("*.py") if "desk.sleepers" in path.read_text()]
