"""What a start may believe of the one before: that a runtime works here, and nothing else."""

import json

import pytest

from device.clock import SystemClock
from device.compose import load
from device.compose.rnn import TRIAL
from device.inference import runtimes
from device.inference.model_card import MODELS


@pytest.fixture
def afresh(monkeypatch):
    """Begins as a new process does."""
    def begin() -> None:
        monkeypatch.setattr(runtimes, "_known", {})
        monkeypatch.setattr(runtimes, "_believed", set())
        monkeypatch.setattr(runtimes, "_works", set())
    begin()
    return begin


def kept(folder):
    return folder / runtimes.NAME, folder / "starting"


@pytest.fixture
def trials(monkeypatch):
    """How often a process was started."""
    counted = []
    really = runtimes.subprocess.run

    def run(*words, **options):
        counted.append(words)
        return really(*words, **options)
    monkeypatch.setattr(runtimes.subprocess, "run", run)
    return counted


def test_a_second_start_tries_no_process_and_measures_no_tick(tmp_path, afresh, trials):
    paths, clock = kept(tmp_path), Counting()
    for expected in (1, 1):
        afresh()
        runtimes.recall(*paths)
        composer, why = load(1, clock=clock)
        assert (composer.name, why) == ("rnn", "")
        runtimes.keep(*paths)
        assert len(trials) == expected
    assert clock.asked == 32        # two looks at each of 16 ticks, once


def test_a_start_that_ended_before_it_was_through_is_followed_by_one_that_asks_again(
        tmp_path, afresh, trials):
    paths = kept(tmp_path)
    load(1)
    runtimes.keep(*paths)
    afresh()
    runtimes.recall(*paths)         # and then the process was ended
    afresh()
    runtimes.recall(*paths)
    load(1)
    assert len(trials) == 2


def test_a_power_cut_while_starting_costs_the_next_start_nothing(tmp_path, afresh, trials):
    path, starting = kept(tmp_path)
    load(1)
    runtimes.keep(path, starting)
    afresh()
    runtimes.recall(path, starting)
    starting.unlink()               # it stands in memory
    afresh()
    runtimes.recall(path, starting)
    load(1)
    assert len(trials) == 1


@pytest.mark.parametrize("change", ["a processor", "a library", "a model"])
def test_what_changed_is_asked_again(tmp_path, afresh, trials, monkeypatch, change):
    paths, model = kept(tmp_path), (MODELS / "composer.onnx").read_bytes()
    runtimes.dies("it", "pass", model)
    runtimes.keep(*paths)
    afresh()
    runtimes.recall(*paths)
    if change == "a processor":
        (tmp_path / "cpuinfo").write_text("Features\t: fp asimd\n")
        monkeypatch.setattr(runtimes, "CPUINFO", tmp_path / "cpuinfo")
    if change == "a library":
        (tmp_path / "onnxruntime-9.9.dist-info").mkdir()
        monkeypatch.syspath_prepend(str(tmp_path))
    runtimes.dies("it", "pass", model + b"!" * (change == "a model"))
    assert len(trials) == 2


def test_what_worked_with_firmware_that_is_gone_is_kept_no_longer(tmp_path, afresh, trials):
    paths = kept(tmp_path)
    for model in (b"old", b"new", b"new"):
        afresh()
        runtimes.recall(*paths)
        runtimes.dies("it", "pass", model)
        runtimes.keep(*paths)
        assert len(json.loads(paths[0].read_text())) == 1
    assert len(trials) == 2


def test_a_runtime_that_dies_is_asked_again_at_each_start(tmp_path, afresh, trials):
    paths = kept(tmp_path)
    for _ in range(2):
        afresh()
        runtimes.recall(*paths)
        assert "SIGILL" in runtimes.dies("it", "import os; os.kill(os.getpid(), 4)", b"")
        runtimes.keep(*paths)
    assert len(trials) == 2


def test_where_no_process_is_to_be_had_nothing_is_believed(tmp_path, afresh, monkeypatch):
    def none(*words, **options):
        raise OSError("Cannot allocate memory")
    monkeypatch.setattr(runtimes.subprocess, "run", none)
    assert runtimes.dies("it", TRIAL, b"") == ""
    runtimes.keep(*kept(tmp_path))
    assert json.loads((tmp_path / runtimes.NAME).read_text()) == []


@pytest.mark.parametrize("torn", [b"", b"[", b"{}", b"7", b"null", b"\xff\xfe", b'[1, {"a": 2}]',
                                  b"[" * 100_000])
def test_a_torn_word_of_an_earlier_start_is_no_word(tmp_path, afresh, trials, torn):
    paths = kept(tmp_path)
    paths[0].write_bytes(torn)
    runtimes.recall(*paths)
    runtimes.dies("it", "pass", b"")
    assert len(trials) == 1


def test_a_disk_that_takes_nothing_keeps_no_start_from_its_work(tmp_path, afresh):
    paths = kept(tmp_path / "none")
    runtimes.recall(*paths)
    runtimes.keep(*paths)


class Counting(SystemClock):
    asked = 0

    def now(self) -> float:
        self.asked += 1
        return super().now()
