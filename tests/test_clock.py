"""What the machine's own files say of its clock."""

import queue
import time
from pathlib import Path

import pytest

from device.clock import PacedClock, SystemClock


def machine(tmp_path: Path, **files: str) -> SystemClock:
    for name, text in files.items():
        path = tmp_path / {
            "network": "run/systemd/timesync/synchronized",
            "saved": "var/lib/systemd/timesync/clock",
            "taken": "sys/class/rtc/rtc0/hctosys",
            "battery": "sys/class/rtc/rtc0/since_epoch",
        }[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return SystemClock(tmp_path)


def test_a_clock_that_nobody_set_in_this_boot_is_not_known(tmp_path):
    assert not machine(tmp_path).synced()
    assert not machine(tmp_path, saved="").synced()     # timesyncd's, of another boot


def test_what_timesyncd_calls_synchronised_is_known_until_the_next_boot(tmp_path):
    clock = machine(tmp_path, network="")
    assert clock.synced()
    (tmp_path / "run/systemd/timesync/synchronized").unlink()
    assert clock.synced()


@pytest.mark.parametrize(("taken", "behind", "known"), [
    ("1", 0, True), ("1", 8e8, False), ("0", 0, False), ("", 0, False)])
def test_a_clock_with_a_battery_is_one_unless_it_was_empty(tmp_path, taken, behind, known):
    shown = f"{time.time() - behind:.0f}"
    assert machine(tmp_path, taken=taken, battery=shown).synced() is known


def test_a_clock_that_is_paced_loses_no_message():
    clock, inbox = PacedClock(1000.0), queue.SimpleQueue()
    clock.at(2.0, lambda: inbox.put("pressed"))
    heard = []
    for _ in range(20):
        heard += clock.wait(inbox, 0.25)
    assert heard == ["pressed"] and clock.now() >= 4.5
    inbox.put("at once")
    assert clock.wait(inbox, 1.0) == ["at once"]
