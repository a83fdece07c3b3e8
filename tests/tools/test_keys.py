"""Keys of the terminal stand for the finger, at whatever speed the night goes."""

import os
import pty
import queue
import select
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from desk import desk
from device.clock import VirtualClock
from device.hardware.button import Presses
from device.values import Press

ROOT = Path(__file__).resolve().parents[2]


def typed(finger, clock, monkeypatch, keys):
    """What keys at those seconds of the desk mean to the device, whose own time doesn't move."""
    for at, key in keys:
        monkeypatch.setattr(desk.time, "monotonic", lambda at=at: at)
        finger.press(desk.HOLDS[key])
    presses, told = Presses(), []
    while not finger.inbox.empty():
        told += [each.press for each in presses.edge(finger.inbox.get())]
    return told


@pytest.mark.parametrize(("keys", "meant"), [
    ([(0.0, " ")], [Press.SHORT]),
    ([(0.0, " "), (0.3, " ")], [Press.SHORT, Press.SECOND]),
    ([(0.0, " "), (0.3, " "), (0.6, " ")], [Press.SHORT, Press.SECOND, Press.THIRD]),
    ([(0.0, "m")], [Press.HOLD]),
])
def test_keys_in_a_row_are_presses_in_a_row_however_fast_the_night_goes(monkeypatch, keys, meant):
    clock = VirtualClock(1000.0)
    night = SimpleNamespace(parts=SimpleNamespace(inbox=queue.SimpleQueue()), clock=clock)
    assert typed(desk.Finger(night), clock, monkeypatch, keys) == meant


def test_a_key_is_answered_on_the_screen_before_the_night_begins_by_itself(tmp_path):
    """At three times real time, without a sound card. By itself it begins at 22:01."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, str(ROOT / "tools" / "night"), "--speed", "3",
                                   "--audio-minutes", "0", "--out", str(tmp_path / "night")],
                  {**os.environ, "NOCTURNE_NO_SETUP": "1"})
    said, patience = "", time.monotonic() + 120
    wanted = iter([("keys:", b" "), ("settling", b"q"), ("Good morning.", b"")])
    sign, key = next(wanted)
    while sign and time.monotonic() < patience:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                said += os.read(terminal, 4096).decode(errors="replace")
            except OSError:
                break
        if sign in said:
            os.write(terminal, key)
            sign, key = next(wanted, ("", b""))
    os.waitpid(child, 0)
    os.close(terminal)
    begun = next(line for line in said.splitlines() if "settling" in line)
    assert not sign and ":01" not in begun, said
    assert (tmp_path / "night" / "report.html").exists()
