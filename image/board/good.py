#!/usr/bin/python3
"""Two minutes after the start: is this system good?

Both processes must have run for these two minutes without a restart; their watchdogs see to it that
they really work. A slot that is being tried and isn't good restarts the board, which leads back to
the old one.
"""

import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, "/usr/lib/nocturne/board")

from tryboot import Backend, writable

UNITS = ("nocturne.service", "nocturne-sound.service")
STEADY = 90.0               # s


def main() -> int:
    booted = slot(Path("/proc/cmdline").read_text())
    backend = Backend()
    trying = backend.primary() == booted != backend.lasting()
    faults = [fault for unit in UNITS if (fault := unsteady(show(unit), time.monotonic()))]
    for fault in faults:
        print(fault, file=sys.stderr)
    if trying and faults:
        print(f"slot {booted} was tried and isn't good: back to the other", file=sys.stderr)
        with writable():
            backend.judge(booted, False)
        return subprocess.run(["systemctl", "reboot"]).returncode
    if not faults:
        failed = backend.give_up(booted)
        if failed:
            print(f"slot {failed} was tried and didn't start; it is marked bad", file=sys.stderr)
        return subprocess.run(["rauc", "status", "mark-good"]).returncode
    return 1


def slot(command_line: str) -> str:
    return next(word[10:] for word in command_line.split() if word.startswith("rauc.slot="))


def show(unit: str) -> dict[str, str]:
    command = ["systemctl", "show", unit, "--property=Id,ActiveState,ActiveEnterTimestampMonotonic"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(line.split("=", 1) for line in said.stdout.splitlines())


def unsteady(facts: dict[str, str], now: float) -> str | None:
    """Why the unit with these properties can't be relied on; None if it can."""
    if facts["ActiveState"] != "active":
        return f"{facts['Id']} is {facts['ActiveState']}"
    since = now - int(facts["ActiveEnterTimestampMonotonic"]) / 1e6
    return f"{facts['Id']} started only {since:.0f} s ago" if since < STEADY else None


if __name__ == "__main__":
    sys.exit(main())
