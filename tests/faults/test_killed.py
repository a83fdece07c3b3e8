"""The whole device, killed in mid-night: no acknowledged epoch is lost, and the next process goes
on."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.diary import reading

ROOT = Path(__file__).resolve().parent.parent.parent
DEVICE = """
import sys
from pathlib import Path
from device.config import Config
from device.parts import Hooks
from device.session.modes import NIGHT
from device.assembly.desk import Desk, night

def watch(mine, epoch, staging):
    if mine.mode in NIGHT and mine.diary.flush():
        print(mine.state.tonight.number, epoch.index, flush=True)

wall = float(sys.argv[2])
desk = Desk(Path(sys.argv[1]), hours=8, audio_minutes=0, build="clip", wall=wall,
            sleeper={"latency": 5.0})
with night(Config(), desk, Hooks(watch=watch)) as (mine, pins):
    mine.run(until=8 * 3600)
"""


def kill_one(folder: Path, wall: float, after: float) -> tuple[list[tuple[int, int]], float]:
    """The epochs that a device acknowledged before kill -9, and the wall time it had reached."""
    process = subprocess.Popen([sys.executable, "-c", DEVICE, str(folder), str(wall)],
                               stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": str(ROOT)})
    lines = [process.stdout.readline() for _ in range(7)]       # a snapshot is among them
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().splitlines()
    process.wait()
    told = [tuple(map(int, line.split())) for line in lines if len(line.split()) == 2]
    return told, wall + 30 * len(told)


@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=pytest.mark.full)])
def test_a_device_that_is_killed_again_and_again_loses_no_acknowledged_epoch(tmp_path, kills):
    rng, wall, acknowledged = random.Random(8), 1_767_218_400.0, set()
    for _ in range(kills):
        told, wall = kill_one(tmp_path, wall, rng.uniform(0.05, 0.6))
        assert told
        acknowledged |= set(told)
        with reading(tmp_path / "diary.sqlite") as diary:
            assert diary.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            kept = {
                (row["night"], row["number"])
                for row in diary.execute("SELECT night, number FROM epochs")
            }
        assert acknowledged <= kept
    with reading(tmp_path / "diary.sqlite") as diary:
        assert (
            diary.execute("SELECT count(*) FROM events WHERE kind = 'resumed'").fetchone()[0]
            >= kills - 1
        )
