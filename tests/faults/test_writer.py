"""The diary's writer, alone: killed, cut off from power, and with a disk that refuses."""

import errno
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.diary import STUCK, Diary, prepare, reading
from tests.faults.disk import WITNESS

ROOT = Path(__file__).resolve().parents[2]
KILLER = """
import os, random, select, signal, sys, time
from pathlib import Path
from device.diary import Diary, reading

folder, kills, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))

def write(path, run, pipe):
    diary = Diary(path)
    for number in range(1_000_000):
        diary.add("events", night=run, time=float(number), kind="count",
                  detail="x" * rng.randrange(400))
        if diary.flush():
            os.write(pipe, b".")

def judge(path, acknowledged):
    with reading(path) as diary:
        assert diary.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        kept = {run: (count, last) for run, count, last in
                diary.execute("SELECT night, count(*), max(time) FROM events GROUP BY night")}
    for run, count in acknowledged.items():
        rows, last = kept.get(run, (0, -1))
        assert rows >= count and rows == last + 1, (run, count, rows, last)
    return sum(acknowledged.values())

rows, acknowledged = 0, {}
for run in range(kills):
    path = folder / f"diary-{run // 100}.sqlite"
    out, pipe = os.pipe()
    child = os.fork()
    if child == 0:
        write(path, run, pipe)
    os.close(pipe)
    if rng.random() < 0.7:          # the rest are killed while they open, or make, the file
        select.select([out], [], [], 5.0)
    time.sleep(rng.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    acknowledged[run] = len(os.read(out, 65536))
    os.close(out)
    if run % 10 == 9 and path.exists():
        rows += judge(path, acknowledged)
        acknowledged = {}
print(rows)
"""
WRITER = """
import os, sys
from pathlib import Path
from device.diary import Diary
folder = Path(sys.argv[1])
diary = Diary(folder / "diary.sqlite")
acknowledged = os.open(folder / "acknowledged", os.O_WRONLY | os.O_CREAT)
for number in range(int(sys.argv[2])):
    diary.add("events", night=1, time=float(number), kind="count", detail="x" * (number * 37 % 900))
    if diary.flush():
        os.write(acknowledged, b".")
diary.close()
"""
REFUSED = """
import json, sys
from pathlib import Path
from device.diary import Diary
folder, trouble = Path(sys.argv[1]), Path(sys.argv[2])
diary = Diary(folder / "diary.sqlite")
said = []
for number in range(30):
    if number == 10:
        trouble.write_text(sys.argv[3])
    if number == 20:
        trouble.unlink()
    diary.add("events", night=1, time=float(number), kind="count", detail="x" * 900)
    said.append((diary.flush(), diary.trouble))
print(json.dumps(said))
"""


@pytest.mark.parametrize("kills", [100, pytest.param(10_000, marks=pytest.mark.full)])
def test_a_writer_killed_at_any_moment_loses_no_acknowledged_row(tmp_path, kills):
    done = subprocess.run([sys.executable, "-c", KILLER, str(tmp_path), str(kills), "8"],
                          capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > kills / 2


@pytest.mark.parametrize(("rows", "cuts"),
                         [(300, 40), pytest.param(3000, 3000, marks=pytest.mark.full)])
def test_a_power_cut_that_drops_whatever_was_not_synced_loses_no_acknowledged_row(
    disk, tmp_path, rows, cuts
):
    outcomes = list(after_cuts(disk, tmp_path / "left", WRITER, rows, cuts))
    assert len(outcomes) > cuts / 2 and not any(outcomes)


def test_the_same_cuts_do_lose_rows_of_a_writer_that_does_not_sync(disk, tmp_path):
    careless = "import device.diary as d\nreal = d.connect\n" \
        "d.connect = lambda path: (c := real(path), c.execute('PRAGMA synchronous = OFF'))[0]\n"
    assert any(after_cuts(disk, tmp_path / "left", careless + WRITER, 300, 40))


def after_cuts(disk, folder: Path, writer: str, rows: int, cuts: int) -> Iterator[str]:
    """What is wrong after each cut that came after something was acknowledged; "" for nothing."""
    subprocess.run([sys.executable, "-c", writer, str(disk.folder), str(rows)], check=True,
                   env=disk.environment)
    folder.mkdir()
    for left in disk.cuts(random.Random(1), cuts):
        for file in folder.iterdir():
            file.unlink()
        acknowledged = left.pop(WITNESS, b"")
        for name, content in left.items():
            (folder / name).write_bytes(content)
        if acknowledged:
            yield verdict(folder / "diary.sqlite", len(acknowledged))


def verdict(path: Path, acknowledged: int) -> str:
    try:
        prepare(path)
        with reading(path) as diary:
            found = diary.execute("PRAGMA integrity_check").fetchone()[0]
            kept = [row[0] for row in diary.execute("SELECT time FROM events ORDER BY time")]
    except sqlite3.Error as trouble:
        return str(trouble)
    if kept != list(range(len(kept))) or len(kept) < acknowledged:
        return f"{acknowledged} rows were acknowledged, {len(kept)} are there"
    return "" if found == "ok" else found


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_refuses_for_a_while_loses_nothing_and_is_told(disk, number):
    done = subprocess.run(
        [sys.executable, "-c", REFUSED, str(disk.folder), str(disk.trouble), str(number)],
        capture_output=True, text=True, env=disk.environment)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert all(kept for kept, _ in said[:10]) and all(kept for kept, _ in said[21:])
    assert all("rows wait in memory" in trouble for _, trouble in said[10:20])
    with reading(disk.folder / "diary.sqlite") as diary:
        assert [row[0] for row in diary.execute("SELECT time FROM events ORDER BY time")] == list(
            range(30)
        )


def test_a_writer_that_hangs_is_told_from_one_that_works_long(tmp_path):
    diary, hung, gate = Diary(tmp_path / "diary.sqlite"), threading.Event(), threading.Event()
    long = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000000) "
            "SELECT max(i) FROM n")
    diary._batches.put(lambda connection: (hung.set(), connection.execute(long).fetchone()))
    hung.wait()
    began, seen = time.monotonic(), []
    while diary._busy:
        seen.append(diary.writing(10 * (time.monotonic() - began)))
        time.sleep(0.02)
    assert 10 * (time.monotonic() - began) > STUCK and all(seen)
    hung.clear()
    diary._batches.put(lambda connection: (hung.set(), gate.wait()))
    hung.wait()
    assert (
        diary.writing(1000.0)
        and diary.writing(1000.0 + STUCK - 1)
        and not diary.writing(1000.0 + STUCK)
    )
    gate.set()
    diary.close()
