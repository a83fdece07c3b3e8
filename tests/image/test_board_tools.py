"""The tools that lie on the board do with what lies there: no clone, nothing to install."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from image import root

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def board(tmp_path):
    root.copy_tools(ROOT / "tools", tmp_path / "tools")
    code = ("import os, runpy, sys; os.environ['NOCTURNE_NO_SETUP'] = '1'; "
            f"sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path / 'tools')!r}]; "
            f"runpy.run_path({str(tmp_path / 'tools')!r} + '/' + sys.argv[1], "
            "run_name='__main__')")

    def run(name, *words):
        start = f"import sys; sys.argv = {[name, name, *words]!r}; {code}".replace(
            "sys.argv[1], ", "sys.argv.pop(1), ")
        return subprocess.run([sys.executable, "-c", start], cwd=tmp_path, capture_output=True,
                              text=True, timeout=120,
                              env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"})
    return run


def test_the_doctor_looks_at_a_bus(board):
    done = board("doctor", "--simulated", "--seconds", "2")
    assert done.returncode == 0 and "ADXL355" in done.stdout, done.stderr


def test_the_loudspeaker_is_calibrated_there(board):
    done = board("calibrate", "--reading", "52", "--level", "-30")
    assert done.returncode == 0 and "calibration = " in done.stdout, done.stderr


def test_an_empty_bed_is_listened_to_there(board):
    done = board("calibrate", "--empty-bed", "--simulated", "--minutes", "5", "--out", "bed.json")
    assert done.returncode == 1 and "nothing was stored" in done.stderr
