"""`nocturne erase` under faults: nothing personal is left, or what is left is named and the exit is
non-zero."""

import os
import sqlite3

import pytest

from device import __main__ as nocturne
from device.diary import Diary
from device.home.privacy import LIFETIME, Ledger
from tests.session.test_second_place import card, fill

__all__ = ["card"]

SECRET = b"ada-slept-badly"
PLANTED = ("set.slots", "last-good.part", "report.html", "report.html.part", "report.png",
           "report.png.part", "outbox.sqlite", "outbox.sqlite-wal", "diary.sqlite.corrupt-1",
           "outbox.torn-1", "last-good.toml", "repeats/one")


@pytest.fixture
def lived(tmp_path, monkeypatch):
    return life(tmp_path, monkeypatch)


def life(tmp_path, monkeypatch):
    """A folder in which somebody slept."""
    monkeypatch.setattr(nocturne, "give_memory_back", lambda: None)
    monkeypatch.setattr(nocturne, "SPARE", tmp_path / "run" / "spare")
    for folder in (tmp_path / "data", tmp_path / "run" / "spare"):
        folder.mkdir(parents=True)
        kept = Diary(folder / "diary.sqlite")
        kept.add("nights", id=1, began=1.0, lights_out=1.0, seed=1, sleeper=SECRET.decode(),
                 software="0")
        kept.close()
    for name in PLANTED:
        path = tmp_path / "data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(SECRET)
    ledger = Ledger(tmp_path / "data" / "ledger.sqlite")
    ledger.spend("comfort_v1", 4, 1.8e9)
    ledger.close()
    return tmp_path / "data"


def erase(data, capsys):
    """(exit status, what it said was left, what is left: its files, and the folder that goes as a
    whole)."""
    code = nocturne.main(["erase", "--config", os.devnull, "--diary", str(data / "diary.sqlite"),
                          "--yes"])
    left = {"repeats" if path.parent.name == "repeats" else path.name
            for path in data.parent.rglob("*")
            if path.is_file() and SECRET in path.read_bytes()}
    return code, capsys.readouterr().err, left


def test_nothing_personal_is_left_whatever_lay_there(lived, capsys):
    assert erase(lived, capsys) == (0, "", set())


@pytest.mark.parametrize("torn", [b"", b"rubbish" * 999, b"SQLite format 3\0" + bytes(2000)])
def test_a_diary_and_a_ledger_that_are_torn_go_all_the_same(lived, capsys, torn):
    for name in ("diary.sqlite", "ledger.sqlite"):
        for file in lived.glob(f"{name}*"):
            if "corrupt" not in file.name:
                file.unlink()
        (lived / name).write_bytes(torn + (SECRET if torn else b""))
    code, said, left = erase(lived, capsys)
    assert code == 0 and not left, said
    if torn:
        again = Ledger(lived / "ledger.sqlite")
        assert again.total() == LIFETIME, "what was spent isn't known: all of it"


@pytest.mark.parametrize("name", ["diary.sqlite", "ledger.sqlite"])
def test_what_is_in_use_is_named_and_all_else_goes(lived, capsys, name):
    other = sqlite3.connect(lived / name, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    code, said, left = erase(lived, capsys)
    other.close()
    assert code == 1 and name in said and "Traceback" not in said
    assert left <= {name, f"{name}-wal"}


@pytest.mark.parametrize("name", PLANTED[:-1])
def test_what_cannot_go_is_named_and_all_else_goes(lived, capsys, name, monkeypatch):
    unlink = type(lived).unlink

    def refusing(path, missing_ok=False):
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok=missing_ok)
    monkeypatch.setattr(type(lived), "unlink", refusing)
    code, said, left = erase(lived, capsys)
    assert code == 1 and f"{name} ([Errno 13]" in said and left == {name}


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_on_a_card_that_takes_nothing_all_goes_or_is_named(card, monkeypatch, capsys, how):
    folder, mounted = card
    data = life(folder, monkeypatch)
    if how == "full":
        fill(folder)
    else:
        mounted("remount,ro")
    code, said, left = erase(data, capsys)
    assert "Traceback" not in said
    assert all(name in said for name in left) and code == (1 if said else 0)
    if how == "full":           # what goes makes room; answers that can't be let go are named
        assert not left and said.count("not erased") <= 1
        (folder / "full").unlink()
    else:
        assert len(left) > len(PLANTED)
        mounted("remount,rw")
    if (data / "diary.sqlite").exists():
        assert erase(data, capsys) == (0, "", set())


@pytest.mark.parametrize("folder", [".", "reports"])
def test_a_folder_that_cannot_be_listed_is_named(lived, capsys, monkeypatch, folder):
    unlistable = os.path.normpath(lived / folder)

    def refusing(usual):
        def call(path="."):
            if path in (unlistable, lived / folder):
                raise OSError(5, "Input/output error")
            return usual(path)
        return call
    with monkeypatch.context() as failing:
        for name in ("listdir", "scandir"):
            failing.setattr(os, name, refusing(getattr(os, name)))
        code = nocturne.main(["erase", "--config", os.devnull, "--yes",
                              "--diary", str(lived / "diary.sqlite")])
    said = capsys.readouterr().err
    assert code == 1 and "Input/output error" in said and unlistable in said
