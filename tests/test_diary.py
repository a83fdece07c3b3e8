import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import salvage
from device.diary import Diary, erase, everything, reading
from device.errors import DiaryError
from device.memory import Memory
from device.session.settings import Owner

ROOT = Path(__file__).resolve().parent.parent
WRITER = """
import sys
from device.diary import Diary
diary = Diary(sys.argv[1])
for number in range(100_000):
    diary.add("events", night=1, time=float(number), kind="count", detail=sys.argv[2])
    if diary.flush():
        print(number, flush=True)
"""


def killed(path: Path, run: str, after: float) -> int:
    """Rows that a writer acknowledged before kill -9."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path), run],
                               stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": str(ROOT)})
    first = process.stdout.readline()
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().splitlines()
    process.wait()
    return len([first, *rest])


@pytest.mark.parametrize("runs", [3, pytest.param(60, marks=pytest.mark.full)])
def test_no_acknowledged_row_is_lost_to_kill_9(tmp_path, runs):
    path, rng = tmp_path / "diary.sqlite", random.Random(4)
    for run in range(runs):
        acknowledged = killed(path, str(run), rng.uniform(0, 0.1))
        with reading(path) as diary:
            kept = diary.execute("SELECT count(*) FROM events WHERE detail = ?",
                                 (str(run),)).fetchone()[0]
            assert diary.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert kept >= acknowledged > 0


def test_a_row_that_sqlite_cannot_hold_is_counted_and_keeps_no_other_from_the_disk(tmp_path):
    diary = Diary(tmp_path / "diary.sqlite")
    for detail in ("before", "a lone surrogate \ud800", "after"):
        diary.add("events", night=1, time=0.0, kind="said", detail=detail)
    diary.add("events", night=2**63, time=0.0, kind="said", detail="too large")
    assert diary.flush() and diary.writing(0.0) and diary.lost == 2
    diary.close()
    assert not diary.writing(0.0)
    assert [row["detail"] for row in everything(tmp_path / "diary.sqlite")["events"]] == [
        "before",
        "after",
    ]


def test_what_is_remembered_is_recalled_after_a_restart(tmp_path):
    diary = Diary(tmp_path / "diary.sqlite")
    diary.remember("learner", {"nights": [1, 2]})
    diary.close()
    assert Diary(tmp_path / "diary.sqlite").recall("learner") == {"nights": [1, 2]}


def test_what_is_torn_of_it_is_not_taken_for_nothing(tmp_path):
    path = tmp_path / "diary.sqlite"
    diary = Diary(path)
    diary.remember("remote", {"muted": True})
    diary.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE memory SET value = substr(value, 1, length(value) - 1)")
    assert Diary(path).recall("remote") == '{"muted": true'
    _, troubles = Memory(Diary(path), Owner(), []).load(0.0)
    assert troubles and "can't be read in full" in troubles[0]


def test_a_corrupt_diary_is_set_aside_and_named(tmp_path):
    path = tmp_path / "diary.sqlite"
    path.write_bytes(b"this was a diary once" * 500)
    diary = Diary(path)
    assert "kept as diary.sqlite.corrupt-1" in diary.trouble
    assert (tmp_path / "diary.sqlite.corrupt-1").read_bytes().startswith(b"this was")
    diary.remember("a", 1)
    assert diary.flush() and diary.recall("a") == 1


def test_a_diary_that_cannot_be_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DiaryError, match="check the disk"):
        Diary(tmp_path / "file" / "diary.sqlite")


def test_a_newer_diary_is_left_alone(tmp_path):
    path = tmp_path / "diary.sqlite"
    Diary(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(DiaryError, match="newer"):
        Diary(path)
    assert not list(tmp_path.glob("*corrupt*"))


def test_rows_wait_in_memory_while_another_holds_the_disk(tmp_path):
    path = tmp_path / "diary.sqlite"
    diary = Diary(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    diary.add("events", night=1, time=0.0, kind="a", detail="b")
    assert not diary.flush() and "1 rows wait" in diary.trouble
    other.execute("ROLLBACK")
    assert diary.flush() and not diary.trouble
    with reading(path) as rows:
        assert rows.execute("SELECT count(*) FROM events").fetchone()[0] == 1


def test_erasing_leaves_no_byte_of_it_on_the_disk(tmp_path):
    path = tmp_path / "diary.sqlite"
    diary = Diary(path)
    diary.add("events", night=1, time=0.0, kind="message", detail="a very personal word")
    diary.close()
    assert everything(path)["events"]
    erase(path)
    assert not any(everything(path).values())
    assert not any(b"very personal" in file.read_bytes() for file in tmp_path.iterdir())


# ---- damage --------------------------------------------------------------------------------------

LEARNED = {"learner:sleeper": {"nights": [[n, n / 7] for n in range(900)]},
           "known:sleeper": {"favourites": list(range(40))}, "remote": {"alarm": 420},
           "bell": {"seen": 1.5e9}}


def lived_in(path: Path, nights: int = 4) -> dict[str, list[dict]]:
    """A diary of some nights, closed; every row of it."""
    diary = Diary(path)
    for night in range(1, nights + 1):
        diary.add("nights", id=night, began=1e9, lights_out=5.0, seed=1, sleeper="a", software="1")
        for number in range(120):
            diary.add("epochs", night=night, number=number, time=30.0 * number, mode="asleep",
                      p_asleep=0.5, heart_rate=60.0)
            diary.add("events", night=night, time=30.0 * number, kind="mode", detail=f"{number}")
        diary.add("phrases", night=night, start=1.0, length=6.0, notes=[[0.0, 60, 1.0]] * 200)
        for key, value in LEARNED.items():
            diary.remember(key, {**value, "night": night})
        diary.commit()
    diary.close()
    return everything(path)


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("what", ["zeros", "noise"])
def test_one_damaged_page_loses_what_stood_on_it_and_nothing_that_was_learned_elsewhere(
    tmp_path, what
):
    whole = lived_in(tmp_path / "whole.sqlite")
    image = (tmp_path / "whole.sqlite").read_bytes()
    rng = random.Random(3)
    pages = len(image) // 1024
    places = sorted({1, 2, *(rng.randrange(1, pages + 1) for _ in range(53))})
    readable = lost = 0
    for place in places:
        path = tmp_path / f"{place}" / "diary.sqlite"
        path.parent.mkdir()
        bad = bytes(1024) if what == "zeros" else rng.randbytes(1024)
        path.write_bytes(image[:1024 * (place - 1)] + bad + image[1024 * place:])
        diary = Diary(path)
        diary.add("events", night=9, time=1.0, kind="after", detail="it goes on")
        assert diary.flush()
        diary.close()
        kept = everything(path)
        assert any(row["kind"] == "after" for row in kept["events"])
        before = {row["key"]: row["value"] for row in whole["memory"]}
        # SQLite itself doesn't see what the last page of a long value has become; `recall` does.
        now = {row["key"]: row["value"] for row in kept["memory"] if is_json(row["value"])}
        assert all(now[key] == before[key] for key in now)
        readable, lost = readable + len(now), lost + len(before) - len(now)
        for table in ("nights", "epochs", "events", "phrases"):
            rows = {str(row) for row in kept[table]
                    if row.get("kind") != "after" and is_json(row.get("notes", "0"))}
            assert rows <= {str(row) for row in whole[table]}, (place, table)
            assert len(rows) >= 0.8 * len(whole[table]) - 8, (place, table)
    # Values that reach over many pages are lost with one of them, and only these.
    memory_pages = sum(len(row["value"]) for row in whole["memory"]) / 1024 + 4
    assert lost <= memory_pages


def test_salvage_reads_page_by_page_what_sqlite_does(tmp_path):
    whole = lived_in(tmp_path / "whole.sqlite")
    with sqlite3.connect(tmp_path / "whole.sqlite") as diary:
        shapes = salvage.shapes_of(diary)
    for table, rows in whole.items():
        found = salvage.by_pages((tmp_path / "whole.sqlite").read_bytes(), table, shapes)
        assert sorted(found, key=str) == sorted((tuple(row.values()) for row in rows), key=str)


def test_what_was_forgotten_is_not_brought_back(tmp_path):
    path = tmp_path / "diary.sqlite"
    lived_in(path)
    diary = Diary(path)
    diary.forget(1)
    assert diary.flush()
    diary.close()
    with sqlite3.connect(path) as kept:
        shapes = salvage.shapes_of(kept)
    nights = {row[1] for row in salvage.by_pages(path.read_bytes(), "events", shapes)}
    assert nights == {4}


ACCIDENTS = {
    "pages overwritten": lambda path: overwritten(path),
    "emptied": lambda path: os.truncate(path, 0),
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "removed": lambda path: path.unlink(),
    "removed with its log": lambda path: [file.unlink() for file in path.parent.glob("diary*")],
    "removed with its folder": lambda path: shutil.rmtree(path.parent),
    "a folder in its place": lambda path: (path.unlink(), path.mkdir()),
    "a link to nowhere": lambda path: (path.unlink(),
                                       path.symlink_to(path.parent / "no" / "where")),
    "half of a page overwritten": lambda path: overwritten(path, 7 * 1024, 512),
    "its header overwritten": lambda path: overwritten(path, 16, 84),
    "its log overwritten": lambda path: overwritten(path.with_name(path.name + "-wal"), 0, 4096),
    "its log removed": lambda path: path.with_name(path.name + "-wal").unlink(),
    "its index overwritten": lambda path: overwritten(path.with_name(path.name + "-shm"), 0, 4096),
    "exchanged": lambda path: (path.unlink(), path.write_bytes(b"something else" * 900)),
}


def overwritten(path: Path, start: int = 0, length: int | None = None) -> None:
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(os.urandom(path.stat().st_size if length is None else length))


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_rows_go_on_after_an_accident_while_it_is_written(tmp_path, accident):
    path = tmp_path / "diary.sqlite"
    lived_in(path)
    diary = Diary(path)
    diary.remember("learner:sleeper", {"nights": [1, 2, 3]})
    diary.add("events", night=5, time=0.0, kind="before", detail="")
    assert diary.flush()
    with contextlib.closing(sqlite3.connect(path)) as log:
        log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ACCIDENTS[accident](path)
    for number in range(3):
        diary.remember("remote", {"alarm": number})
        diary.add("events", night=5, time=float(number), kind="after", detail=f"{number}")
        diary.flush()
    assert diary.writing(0.0)
    diary.close()
    kept = Diary(path)
    assert [row["detail"] for row in everything(path)["events"] if row["kind"] == "after"] == [
        "0", "1", "2"]
    assert kept.recall("learner:sleeper") == {"nights": [1, 2, 3]}
    assert kept.recall("remote") == {"alarm": 2}
    kept.close()


@given(st.binary(max_size=4096), st.sampled_from(["memory", "events", "epochs"]))
def test_whatever_lies_in_a_file_no_page_ends_the_salvage(data, table):
    shapes = {"memory": [("key", "TEXT"), ("value", "TEXT")],
              "events": [("id", "INTEGER"), ("night", "INTEGER"), ("time", "REAL"),
                         ("kind", "TEXT"), ("detail", "TEXT")], "epochs": [("night", "INTEGER")]}
    list(salvage.by_pages(data, table, shapes))
