"""`nocturne erase` asks before it forgets."""

import pytest

from device import __main__ as nocturne
from device.diary import Diary, everything

ASIDE = ("report.html", "report.png", "outbox.sqlite", "outbox.sqlite-wal",
         "outbox.sqlite-shm", "diary.sqlite.corrupt-1", "outbox.torn-1", "repeats/one")


@pytest.fixture
def erase(tmp_path, monkeypatch):
    """`erase(answer)`: its exit status, how many nights and which files beside the diary are left,
    and what it asked."""
    diary = tmp_path / "data" / "diary.sqlite"
    config = tmp_path / "nocturne.toml"
    config.write_text("")
    monkeypatch.setattr(nocturne, "give_memory_back", lambda: None)

    def run(answer: str | None, *options: str):
        asked = []
        kept = Diary(diary)
        kept.add("nights", id=1, began=1.0, lights_out=1.0, seed=1, sleeper="ada", software="0")
        kept.close()
        for name in ASIDE:
            path = diary.parent / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")

        def hear(question):
            asked.append(question)
            if answer is None:
                raise AssertionError("it asked, though it was told not to")
            return answer
        monkeypatch.setattr("builtins.input", hear)
        argv = ["erase", "--config", str(config), "--diary", str(diary), *options]
        code = nocturne.main(argv)
        left = {name for name in ASIDE if (diary.parent / name).exists()}
        return code, len(everything(diary)["nights"]), left, asked
    return run


@pytest.mark.parametrize("answer", ["", "y", "no", "Yes please", "YES"])
def test_nothing_is_erased_unless_somebody_types_yes(erase, answer):
    code, nights, left, asked = erase(answer)
    assert (code, nights, left) == (1, 1, set(ASIDE))
    [question] = asked
    assert "Erase every night in" in question and "diary.sqlite" in question


def test_who_types_yes_loses_it_all(erase):
    assert erase("yes")[:3] == (0, 0, set())


def test_who_says_so_beforehand_is_not_asked(erase):
    assert erase(None, "--yes") == (0, 0, set(), [])
