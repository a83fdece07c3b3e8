"""Sleepers who come by a plug-in, and what the learner makes of people unlike the prior's."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from areas.recommender import evaluate, families, options
from areas.recommender.sleepers import NIGHTS, RIVALS, World, compared, gain
from device.recommend import Recommender
from device.recommend.candidates import CANDIDATES, DEFAULT, NAMES, QUIET
from device.recommend.decision import TABLE
from device.recommend.features import recipe_features
from device.recommend.network import Network
from device.recommend.stranger import SPREADS, factors, widened
from device.values import Context, Outcome

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = tuple(families.read(options.SHIPPED))
WHOLE = """
class Bright:
    def __init__(self, generator):
        self.gain = generator.normal(4, 1)
    def effect(self, recipe, night):
        return {effect}
    def liking(self, recipe, night):
        return {liking}
{more}
"""


def written(folder: Path, effect: str = "self.gain * recipe.music", liking: str = "0.5",
            more: str = "") -> Path:
    path = folder / "mine.py"
    path.write_text(WHOLE.format(effect=effect, liking=liking, more=more))
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_family_answers_the_same_again_and_silence_saves_nothing(name):
    one, again = (World(5, (options.SHIPPED, name)) for _ in range(2))
    np.testing.assert_array_equal(one.saves, again.saves)
    assert not one.saves[:, QUIET].any()
    assert one.outcome(3, DEFAULT) == again.outcome(3, DEFAULT) == one.outcome(3, DEFAULT)


def test_the_shipped_families_differ_in_what_the_effect_hangs_on():
    worlds = {name: [World(seed, (options.SHIPPED, name)) for seed in range(8)]
              for name in SHIPPED}
    saves = {name: np.array([world.saves for world in mine]) for name, mine in worlds.items()}
    assert saves["silence"].max() == 0, "nobody is helped by a sound"
    moved = {name: np.abs(each[:, -1] - each[:, 0]).mean() for name, each in saves.items()}
    assert max(moved, key=moved.get) == "drifting"
    slow_dark, easy_mellow = NAMES.index("slow dark bare"), NAMES.index("easy mellow bare")
    better = saves["opposite"][:, 0, easy_mellow] - saves["opposite"][:, 0, slow_dark]
    assert better.mean() > 3
    some = saves["sparse"][:, 0]
    assert np.mean([len(np.unique(np.round(each, 9))) for each in some]) < 10, "few things matter"


def test_the_prior_is_trained_on_none_of_them():
    trained = [*(ROOT / "tools" / "training" / "recommender").glob("*.py"),
               ROOT / "tools" / "desk" / "sleepers.py"]
    assert not [path for path in trained
                if "strangers" in path.read_text() or "families" in path.read_text()]


def test_a_plug_in_is_read_by_its_public_classes_that_have_both_answers(tmp_path):
    path = written(tmp_path, more="class Half:\n    def effect(self, recipe, night): return 0\n"
                                  "class _Hidden(Bright): pass\nclass Twin(Bright): pass")
    assert tuple(families.read(path)) == ("bright", "twin")
    world = World(1, (path, "bright"))
    assert len({*world.saves[0, [NAMES.index("slow dark bare"), DEFAULT]]}) == 1
    assert world.saves[0, DEFAULT] != World(2, (path, "bright")).saves[0, DEFAULT]


@pytest.mark.parametrize(("effect", "liking", "more", "says"), [
    ("1 / 0", "0", "", "bright.effect, night 0, 'silence': ZeroDivisionError"),
    ("0", "float('nan')", "", "bright.liking, night 0, 'silence': answers nan"),
    ("'much'", "0", "", "ValueError: could not convert"),
    ("0", "0", "    usual_sol = -3", "usual_sol is -3.0"),
    ("0", "0", "    def __init__(self): pass", "TypeError"),
    ("0 if night.number < 50 else self.gone", "0", "", "night 89, 'silence': AttributeError"),
    ("(", "0", "", "SyntaxError"),
    ("0", "0", "raise SystemExit", "SystemExit"),
])
def test_a_torn_plug_in_gets_one_clear_line(tmp_path, effect, liking, more, says):
    path = written(tmp_path, effect, liking, more)
    with pytest.raises(SystemExit) as stopped:
        evaluate.rehearsed(path)
    line = str(stopped.value)
    assert says in line and str(path) in line and "\n" not in line


def test_no_file_and_a_file_without_a_family_are_told(tmp_path):
    (tmp_path / "empty.py").write_text("class Half:\n    def effect(self, r, n): return 0\n")
    for name, says in (("none.py", "no such Python file"), ("empty.py", "no class in it")):
        with pytest.raises(SystemExit, match=says):
            evaluate.rehearsed(tmp_path / name)


def test_the_tool_says_the_line_and_nothing_else(tmp_path):
    done = subprocess.run([sys.executable, ROOT / "tools" / "evaluate", "recommender", "--families",
                           written(tmp_path, "1 / 0")], capture_output=True, text=True,
                          env={**os.environ, "NOCTURNE_NO_SETUP": "1"})
    assert done.returncode == 1 and not done.stdout
    assert len(done.stderr.splitlines()) == 1 and "ZeroDivisionError" in done.stderr


def test_where_nothing_can_be_gained_there_is_no_gain():
    assert np.isnan(gain(np.zeros((4, len(NIGHTS), 2)))).all()


def test_how_far_ahead_of_the_best_peer_is_told_with_the_interval_that_scipy_gives():
    stats = pytest.importorskip("scipy.stats")
    generator = np.random.default_rng(0)
    best = generator.uniform(3, 9, (60, len(NIGHTS)))
    got = {name: share * best + generator.normal(0, 1, best.shape)
           for name, share in zip(("nocturne", *RIVALS), (0.6, 0.3, 0.55, 0.1, 0.2), strict=True)}
    figures, _, _ = compared([{name: np.stack([each[i], best[i]], -1)
                               for name, each in got.items()} for i in range(60)])

    def ahead(mine, theirs, most):
        return (mine.sum() - theirs.sum()) / most.sum()
    for column, nights in enumerate(NIGHTS):
        data = [each[:, column] for each in (got["nocturne"], got[RIVALS[1]], best)]
        key, interval = f"gain_{nights}_difference", stats.bootstrap(
            data, ahead, paired=True, method="percentile", vectorized=False,
            rng=np.random.default_rng(1)).confidence_interval
        assert figures[key] == pytest.approx(ahead(*data))
        assert (figures[f"{key}_low"], figures[f"{key}_high"]) == pytest.approx(interval, abs=0.01)


def test_the_plain_factors_are_nothing_in_silence_and_tell_what_is_heard():
    rows = factors(TABLE)
    assert rows.shape == (len(CANDIDATES), len(SPREADS))
    assert not rows[QUIET].any() and np.abs(rows).max() <= 1.5
    slow, easy = (factors(recipe_features(CANDIDATES[NAMES.index(name)].recipe)[None])[0]
                  for name in ("slow dark rain", "easy mellow rain"))
    assert slow[2] == pytest.approx(-1) and easy[2] == pytest.approx(1), "per 10 /min about 54"
    assert slow[4] == pytest.approx(-1) and easy[4] == pytest.approx(1), "dark and mellow"


def test_the_shipped_kinds_stay_as_they_are_within_the_widened_prior():
    shipped = Network().prior
    wide = widened(shipped)
    size, kinds = shipped.means.shape[1], len(shipped.weights)
    inside = np.linalg.inv(wide.precisions)[:kinds, :size, :size]
    np.testing.assert_allclose(inside, np.linalg.inv(shipped.precisions), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(wide.weights[:kinds] / wide.weights[:kinds].sum(),
                               shipped.weights / shipped.weights.sum())


def lived(effect, nights: int) -> Recommender:
    """Somebody whose nights differ by `effect` of a recipe, min."""
    device, generator = Recommender.load(), np.random.default_rng(3)
    for night in range(nights):
        choice = device.choose(Context(), seed=night)
        sol = float(np.clip(30 - effect(choice.recipe) + generator.normal(0, 8), 1, 180))
        device.learn(choice.receipt, Outcome(sol=sol, wakings=2, signal_quality=0.9))
    return device


def test_somebody_whom_the_literature_is_wrong_about_is_believed():
    def quick_and_bright(recipe):
        return 5 * ((recipe.pulse - 54) / 10 + (recipe.brightness - 0.325) / 0.125) * recipe.music

    bright, slow = NAMES.index("easy mellow bare"), NAMES.index("slow dark bare")
    before, _ = Recommender.load().expect()
    after, _ = lived(quick_and_bright, 60).expect()
    assert before[bright] < before[slow]
    assert after[bright] > after[slow]


def test_what_the_shipped_kinds_say_fades():
    device = lived(lambda recipe: 0.0, 40)
    shipped = len(Network().prior.weights)
    left = device._head.posterior().weights[:shipped].sum()
    assert left < 0.1 < Recommender.load()._head.posterior().weights[:shipped].sum()


def test_the_options_name_a_file_and_how_many_of_each(tmp_path):
    parser = argparse.ArgumentParser()
    options.add_options(parser)
    mine = tmp_path / "mine.py"
    mine.write_text("")
    given = parser.parse_args(["--families", str(mine), "--of-each", "40"])
    assert (given.families, given.of_each) == (mine, 40)
