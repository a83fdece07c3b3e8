"""`nocturne …` as a person types it."""

import csv
import json
import os
import queue
import subprocess
import sys
from pathlib import Path

import pytest

from device import __main__ as nocturne_main
from device.assembly import own_taste
from device.compose.taste import Taste
from device.config import Config
from device.diary import Diary
from device.home.say_socket import NAME, Door
from device.values import Taste as Values

ROOT = Path(__file__).resolve().parent.parent


def nocturne(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "device", *map(str, words)], cwd=ROOT,
                          capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60)


def kept(tmp_path: Path) -> Path:
    diary = Diary(tmp_path / "diary.sqlite")
    diary.add("nights", id=1, began=1.8e9, lights_out=10.0, seed=1, sleeper="ada", software="0")
    diary.add("events", night=1, time=20.0, kind="message", detail="schlaf gut, \"Ada\"")
    diary.close()
    return diary.path


def test_the_config_that_is_printed_is_the_one_that_is_supplied():
    printed = nocturne("config").stdout
    assert printed == (ROOT / "systemd" / "nocturne.toml").read_text()
    assert Config.parse(printed) == Config()


def test_a_torn_config_is_named_with_its_remedy(tmp_path):
    torn = tmp_path / "nocturne.toml"
    torn.write_text("[sound]\nvolumme = 1")
    said = nocturne("config", "--config", torn)
    assert said.returncode == 1
    assert said.stderr.strip().endswith("unknown key sound.volumme (did you mean sound.volume?)")


def test_the_diary_goes_out_as_json_and_as_csv(tmp_path):
    path = kept(tmp_path)
    assert json.loads(nocturne("export", "--diary", path).stdout)["nights"][0]["sleeper"] == "ada"
    assert nocturne("export", "--diary", path, "--csv", tmp_path / "csv").returncode == 0
    with open(tmp_path / "csv" / "events.csv", newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["detail"] == "schlaf gut, \"Ada\""


def test_erasing_asks_first_and_then_forgets(tmp_path):
    path = kept(tmp_path)
    assert nocturne("erase", "--diary", path, "--yes").returncode == 0
    assert not any(json.loads(nocturne("export", "--diary", path).stdout).values())


def test_a_night_without_sums_has_a_report_all_the_same(tmp_path):
    said = nocturne("report", "--diary", kept(tmp_path), "--out", tmp_path / "report.html")
    assert said.returncode == 0, said.stderr
    assert "no sums yet" in (tmp_path / "report.html").read_text()


def test_no_diary_is_a_clear_message(tmp_path):
    said = nocturne("report", "--diary", tmp_path / "none.sqlite")
    assert said.returncode == 2 and "none.sqlite" in said.stderr and "Traceback" not in said.stderr


def test_what_was_learned_is_printed_and_forgotten_by_one_command(tmp_path):
    diary = Diary(tmp_path / "diary.sqlite")
    diary.remember("learner:sleeper", {"nights": [1]})
    diary.remember("taste:sleeper", {"style": [0.1] * 8, "biases": [0.1] * 3})
    diary.close()
    assert json.loads(nocturne("learner", "--diary", diary.path).stdout) == {"nights": [1]}
    assert nocturne("learner", "--diary", diary.path, "--reset").returncode == 0
    assert json.loads(nocturne("learner", "--diary", diary.path).stdout) is None
    assert Taste.recall(Diary(diary.path).recall("taste:sleeper")) == Taste()


@pytest.mark.parametrize("words", [["taste", "--forget"], ["learner", "--reset"]])
def test_nothing_is_forgotten_under_a_night_that_would_bring_it_back(
        tmp_path, monkeypatch, capsys, words):
    monkeypatch.setattr(nocturne_main, "give_memory_back", lambda: None)
    monkeypatch.setattr(nocturne_main, "SOCKET", tmp_path / "sound.socket")
    config = tmp_path / "nocturne.toml"
    config.write_text(f'[diary]\npath = "{tmp_path / "diary.sqlite"}"\n'
                      f'[night]\ntaste = "{tmp_path / "taste.json"}"\n')
    kept(tmp_path)
    door = Door(tmp_path / NAME, queue.SimpleQueue())
    assert nocturne_main.main([*words, "--config", str(config)]) == 1
    assert "a night runs here" in capsys.readouterr().err
    door.close()
    assert nocturne_main.main([*words, "--config", str(config)]) == 0


def test_an_own_taste_is_written_where_there_was_no_folder_yet(tmp_path):
    own_taste.save(Values(pulse=50.0), tmp_path / "new" / "taste.json")
    assert own_taste.load(tmp_path / "new" / "taste.json") == (Values(pulse=50.0), "")
    assert own_taste.load(tmp_path / "none.json") == (None, "")
    assert "too long" in own_taste.load(tmp_path / ("x" * 300))[1]
