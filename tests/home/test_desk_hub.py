"""`tools/night --hub`: a simulated bed at one's own broker, in today's time."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from desk import desk
from device.config import Config
from tests.home.around import Listener, soon

ROOT = Path(__file__).resolve().parents[2]
NIGHT = ROOT / "tools/night"


def test_a_simulated_bed_lies_in_todays_time_and_obeys(broker, tmp_path):
    night = subprocess.Popen(
        [sys.executable, NIGHT, "--hub", f"127.0.0.1:{broker.port}", "--bed", "guestroom",
         "--hours", "0.1", "--speed", "30", "--build", "none", "--out", tmp_path / "night"],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}"}, stdout=subprocess.DEVNULL)
    listener = Listener(broker.port, "nocturne/guestroom/#")
    assert soon(lambda: listener.last("nocturne/guestroom/avail") == b"online", 60)
    assert soon(lambda: listener.last("nocturne/guestroom/state/session") == b"winding_down", 30)
    listener.send("nocturne/guestroom/cmd/stop", b'{"value": "", "id": "mine"}')
    assert soon(lambda: b'"mine"' in (listener.last("nocturne/guestroom/state/heard") or b""))
    assert soon(lambda: listener.last("nocturne/guestroom/state/sound") == b"OFF")
    listener.close()
    night.wait(120)
    with sqlite3.connect(tmp_path / "night" / "diary.sqlite") as diary:
        (began,), = diary.execute("SELECT began FROM nights")
    assert abs(began - time.time()) < 600


@pytest.mark.parametrize("words", [["--hub", "a b"], ["--hub", "hub:x"], ["--hub", "hub:70000"],
                                   ["--hub", "hub", "--bed", "hub"]])
def test_what_is_no_broker_or_bed_is_refused_in_words(words, tmp_path):
    ran = subprocess.run([sys.executable, NIGHT, *words, "--out", tmp_path / "night"],
                         capture_output=True, text=True)
    assert ran.returncode == 1 and ran.stderr.startswith("tools/night: ")
    assert not (tmp_path / "night").exists()


def test_without_a_hub_the_config_stays_as_it_is():
    from argparse import Namespace
    assert desk.at_hub(Config(), Namespace(hub=None, bed=None)) == Config()
