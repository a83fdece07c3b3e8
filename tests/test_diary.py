import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.diary import Diary, erase, everything, reading
from device.errors import DiaryError

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
