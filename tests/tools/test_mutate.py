"""tools/mutate: every kind of small change is made, and only good tests notice."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.mutants import mutants
from kit.mutation import drawn, set_aside, targets

ROOT = Path(__file__).resolve().parents[2]


def changes(text: str) -> set[tuple[str, str]]:
    return {(mutant.before, mutant.after) for mutant in mutants(text.encode())}


@pytest.mark.parametrize(("text", "change"), [
    ("a = b < c", ("<", "<=")),
    ("a = b is not None", ("is not", "is")),
    ("a = b in c", ("in", "not in")),
    ("a = b + c", ("+", "-")),
    ("a = b and c", ("and", "or")),
    ("a = not b", ("not b", "(b)")),
    ("a = -b", ("-b", "(b)")),
    ("A = 0.5", ("0.5", "1.5")),
    ("A = 60", ("60", "30")),
    ("a = True", ("True", "False")),
    ("if a:\n    b()", ("a", "not (a)")),
    ("a = b if c else d", ("b if c else d", "d if c else b")),
    ("a = min(b, c)", ("min", "max")),
    ("a = replace(b, c=d, e=f)", ("c=d,", "")),
    ("a()", ("a()", "pass")),
    ("a += b", ("a += b", "pass")),
    ("a.b = c", ("a.b = c", "pass")),
    ("a = b == 'start'", ("'start'", "'start?'")),
    ("a = b in ('on', 'off')", ("'off'", "'off?'")),
    ("match a:\n    case 'up':\n        b()", ("'up'", "'up?'")),
])
def test_each_kind_of_change_is_made(text, change):
    assert change in changes(text)


def test_an_operator_s_word_in_a_comment_is_no_operator():
    source = b"a = (b  # this and that\n     and c)\n"
    assert [m.applied(source) for m in mutants(source)] == [
        b"a = (b  # this and that\n     or c)\n"]


def test_texts_annotations_and_imports_stay():
    text = '"""A doc of 3."""\nfrom a import b\nc: Between[0, 1]\nd = f"{1 + 2}"\n'
    text += 'e = "on"\n__all__ = ["a"]\n'
    assert not changes(text)


def test_a_change_touches_its_span_alone_also_after_what_takes_more_than_a_byte():
    source = "a = 'é'; b = c < 5  # ≤ bound\n".encode()
    made = {mutant.applied(source).decode() for mutant in mutants(source)}
    assert "a = 'é'; b = c <= 5  # ≤ bound\n" in made


@pytest.fixture
def tree(tmp_path) -> Path:
    """A room with two functions, of which only the first one's test would notice anything."""
    (tmp_path / "device" / "toy").mkdir(parents=True)
    (tmp_path / "tests" / "toy").mkdir(parents=True)
    (tmp_path / "device" / "__init__.py").write_text("")
    (tmp_path / "device" / "toy" / "__init__.py").write_text("")
    (tmp_path / "device" / "toy" / "sums.py").write_text(
        "def good(a, b):\n    return a + 2 * b\n\n\ndef bad(a, b):\n    return a - 3 * b\n")
    (tmp_path / "tests" / "toy" / "test_sums.py").write_text(
        "from device.toy.sums import bad, good\n\n\ndef test_good():\n"
        "    assert good(1, 2) == 5 and good(0, 0) == 0\n\n\ndef test_bad():\n    bad(1, 2)\n")
    return tmp_path


def mutate(
    tree: Path, patience: float = 20.0, file: str | None = None
) -> subprocess.CompletedProcess:
    options = {"room": "toy", "count": 100, "seed": 1, "file": file, "workers": 1,
               "patience": patience, "json": True}
    code = ("import sys; from argparse import Namespace; from pathlib import Path; "
            "from kit.mutation import run; "
            f"sys.exit(run(Namespace(**{options!r}), Path({str(tree)!r})))")
    paths = os.pathsep.join([str(ROOT / "tools"), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": paths})


def test_what_nobody_would_notice_is_listed_and_the_tree_is_as_it_was(tree):
    before = {path: path.read_bytes() for path in tree.rglob("*.py")}
    done = mutate(tree)
    figures = json.loads(done.stdout)
    assert done.returncode == 1 and figures["mutants"] == 6
    assert len(figures["survivors"]) == 3 and all("bad" in told for told in figures["survivors"])
    assert {path: path.read_bytes() for path in tree.rglob("*.py")} == before


def test_what_is_equivalent_is_set_aside_with_its_reason_but_not_by_the_dozen(tree):
    (tree / "tests" / "equivalent_mutants.toml").write_text(
        '[[mutant]]\nfile = "device/toy/sums.py"\nfunction = "bad"\nbefore = "-"\nafter = "+"\n'
        'reason = "nobody reads it"\n')
    figures = json.loads(mutate(tree).stdout)
    assert len(figures["survivors"]) == 2 and len(figures["set_aside"]) == 1
    aside = tree / "tests" / "equivalent_mutants.toml"
    aside.write_text(aside.read_text().replace("nobody reads it", " "))
    assert "has no reason" in mutate(tree).stderr


def test_what_never_ends_counts_as_caught_and_is_told(tree):
    (tree / "device" / "toy" / "sums.py").write_text(
        "def good(n):\n    while n > 0:\n        n -= 1\n    return n\n")
    (tree / "tests" / "toy" / "test_sums.py").write_text(
        "from device.toy.sums import good\n\n\ndef test_good():\n    assert good(3) == 0\n")
    figures = json.loads(mutate(tree, patience=2.0).stdout)
    assert any("'n -= 1' → 'pass'" in told for told in figures["too_slow"])
    assert not any("'n -= 1'" in told for told in figures["survivors"])


def test_tests_that_fail_unchanged_and_a_file_that_is_not_there_are_said(tree):
    assert "nothing to change in device/toy/none.py" in mutate(
        tree, file="device/toy/none.py").stderr
    (tree / "tests" / "toy" / "test_sums.py").write_text("def test_good():\n    assert False\n")
    done = mutate(tree)
    assert done.returncode == 1 and "fails without any change" in done.stderr
    assert "test_good" in done.stderr and "1 failed" in done.stderr


def test_a_room_without_quick_tests_is_said_to_have_none_and_not_to_fail(tree):
    (tree / "tests" / "toy" / "test_sums.py").write_text("")
    told = mutate(tree).stderr
    assert "has no test" in told and "fails" not in told


def test_tests_that_pass_unchanged_say_nothing_of_their_own(tree):
    told = mutate(tree).stderr
    assert "toy passes unchanged in" in told
    assert "2 passed" not in told and "[100%]" not in told


def test_of_the_diary_only_what_loads_is_the_core_s():
    places = drawn(ROOT, [Path("device/diary.py")], 1000, 1)
    assert {place.mutant.function for place in places} == {"recalled"}


def test_the_same_seed_draws_the_same_mutants():
    files, _ = targets(ROOT, "core")
    assert drawn(ROOT, files, 20, 3) == drawn(ROOT, files, 20, 3) != drawn(ROOT, files, 20, 4)


def test_whatever_is_set_aside_still_exists_in_the_code():
    for file, function, before, after in set_aside(ROOT):
        found = mutants((ROOT / file).read_bytes())
        assert any((m.function, m.before, m.after) == (function, before, after) for m in found)
