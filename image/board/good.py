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

from tryboot import BOOT, SEEN, Backend, writable

UNITS = ("nocturne.service", "nocturne-sound.service")
STEADY = 90.0               # s
UNTRIED = ("an update was installed, and this device went off before it was tried; "
           "if it lay on this drive, copy it here once more")


def main() -> int:
    booted = slot(Path("/proc/cmdline").read_text())
    backend = Backend()
    trying = backend.primary() == booted != backend.lasting()
    faults = [fault for unit in UNITS if (fault := unsteady(show(unit), time.monotonic()))]
    for fault in faults:
        tell(fault)
    if trying and faults:
        tell(f"slot {booted} was tried and isn't good: back to the other")
        with writable():
            backend.judge(booted, False)
        return subprocess.run(["systemctl", "reboot"]).returncode
    if not faults:
        match backend.give_up(booted):
            case waited, True:
                tell(f"slot {waited} was tried and didn't start; it is marked bad")
            case waited, False:
                # The hub's is fetched anew, by which few bytes travel.
                tell(f"slot {waited} waited: {UNTRIED}")
                SEEN.unlink(missing_ok=True)
                with writable(), open(BOOT / "TROUBLE.txt", "a") as file:
                    file.write(f"{UNTRIED}\r\n")
        return subprocess.run(["rauc", "status", "mark-good"]).returncode
    return 1


def tell(what: str) -> None:
    print(what, file=sys.stderr)


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
