"""models/FIGURES.md is written from what was measured, and what else stands there stays."""

import json
import os
import subprocess
import sys
from pathlib import Path

from kit import figures_page
from kit.figures import Goal, Measured, Result

ROOT = Path(__file__).resolve().parents[2]
RESULT = Result(
    "vitals", "two people", {"a.mae": 0.3, "a.share": 96.8, "plain": 1.0, "nan": None},
    {"HeartPy": {"a.mae": 0.4}}, (Goal("a.mae", "<=", 0.35), Goal("a.share", ">=", 97.5)))
MEASURED = Measured("tools/evaluate vitals --data ppg", "2026-11-29", "abc1234")


def result(measured=MEASURED) -> dict:
    return json.loads(RESULT.to_json(measured))


def test_each_figure_stands_beside_its_goal_its_peers_date_commit_and_command():
    page = figures_page.put("", [result()])
    assert "Measured 2026-11-29 at `abc1234` by `tools/evaluate vitals --data ppg`" in page
    assert "| figure | goal | reached | HeartPy |" in page
    assert "| `a.mae` | ≤ 0.35 | 0.3 | 0.4 |" in page
    assert "| `a.share` | ≥ 97.5 | 96.8 ✗ |  |" in page, "a goal that isn't met is marked"
    assert page.index("<details>") < page.index("`plain`")


def test_a_section_is_replaced_by_its_own_kind_and_others_stay():
    first = figures_page.put("# Figures\n\n## Stated earlier\n\nby hand\n", [result()])
    race = figures_page.put(first, [result(Measured("tools/bench vitals", "2026-11-30", "b"))])
    again = figures_page.put(race, [result(Measured("tools/evaluate vitals", "2026-12-01", "c"))])
    assert [line for line in again.splitlines() if line.startswith("## ")] == [
        "## vitals", "## vitals, raced", "## Stated earlier"]
    assert "2026-12-01" in again and "2026-11-30" in again and "2026-11-29" not in again
    assert "by hand" in again and figures_page.put(again, []) == again


def test_the_command_is_told_without_the_machine_s_own_folders():
    told = Measured.here(["/home/ada/nocturne/tools/evaluate", "vitals", "--data", "/data/x/ppg"])
    assert told.command == "tools/evaluate vitals --data ppg"


def test_what_was_not_measured_is_refused_and_the_page_is_as_it_was(tmp_path):
    (tmp_path / "FIGURES.md").write_text("as it was")
    (tmp_path / "x.json").write_text('{"a": 1}')
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "figures", "page", tmp_path / "x.json", "--out",
         tmp_path],
        capture_output=True, text=True, env={**os.environ, "NOCTURNE_NO_SETUP": "1"})
    assert done.returncode == 1 and "isn't what tools/evaluate" in done.stderr
    assert (tmp_path / "FIGURES.md").read_text() == "as it was"


def test_the_page_of_the_repository_is_as_the_command_writes_it():
    page = (ROOT / "models" / "FIGURES.md").read_text()
    assert figures_page.put(page, []) == page
