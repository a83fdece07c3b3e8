#!/usr/bin/python3
"""RAUC's custom bootloader backend: two systems behind the Raspberry Pi firmware's `tryboot`.

    config.txt   os_prefix=a/    what starts          The firmware reads tryboot.txt instead of
    config.txt for the one tryboot.txt  os_prefix=b/    what is tried        start after a restart
    with the argument "0 tryboot". a/  b/       kernel, initrd, device trees and command line of
    each slot

Installing never touches config.txt: a power cut or a new system that doesn't start leads back to
the old one. Only `set-state SLOT good`, said by the new system itself, makes it the one that
starts; config.txt and tryboot.txt are one sector each and overwritten in place, so the file
system's own tables don't change then.

    tryboot.py get-primary | set-primary SLOT | get-state SLOT | set-state SLOT good|bad
"""

import os
import subprocess
import sys
from pathlib import Path

BOOT = Path("/boot/firmware")
STATE = Path("/data/rauc")
# The ETag of the hub's update that was whole, trusted and fetched: it isn't fetched again. (Earlier
# firmware kept in /data/rauc/seen that of a file that was cut, too.)
SEEN = STATE / "fetched"
DEVICES = {"A": "/dev/disk/by-partuuid/4e6f6374-02", "B": "/dev/disk/by-partuuid/4e6f6374-03"}
OTHER = {"A": "B", "B": "A"}
SECTOR = 512
TEXT = """# Written by the device: which of its two systems starts.
# Your own settings belong into settings.txt.
[all]
os_prefix={}/
include common.txt
"""


class Backend:
    """`boot` is the mounted FAT partition, `state` a folder that outlives restarts."""

    def __init__(self, boot: Path = BOOT, state: Path = STATE):
        self.boot, self.state = boot, state

    def lasting(self) -> str:
        """The slot that an ordinary start takes."""
        text = (self.boot / "config.txt").read_text()
        return next(line for line in text.splitlines() if line.startswith("os_prefix="))[10].upper()

    def primary(self) -> str:
        """The slot that the next restart takes: one that waits to be tried, or the lasting one."""
        pending = self.state / "pending"
        return pending.read_text().strip() if pending.exists() else self.lasting()

    def bad(self, slot: str) -> Path:
        return self.state / f"bad-{slot}"

    def good(self, slot: str) -> bool:
        return not self.bad(slot).exists()

    def propose(self, slot: str, files: Path) -> None:
        """Have `slot` tried at the next restart; `files` are what its root brings for the boot
        partition."""
        if slot == self.lasting():
            (self.state / "pending").unlink(missing_ok=True)
            return
        self.fill(slot, files)
        write(self.boot / "tryboot.txt", text(slot))
        (self.state / "tried").unlink(missing_ok=True)
        put(self.state / "pending", slot.encode())

    def fill(self, slot: str, files: Path) -> None:
        folder = self.boot / slot.lower()
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            if not (files / old.name).exists():
                old.unlink()
        for file in sorted(files.iterdir()):
            data = file.read_bytes()
            if file.name == "cmdline.txt":
                data = command_line(data.decode(), slot).encode()
            put(folder / file.name, data)
            if (folder / file.name).read_bytes() != data:
                raise OSError(f"{folder / file.name}: reads back otherwise than written")

    def judge(self, slot: str, good: bool) -> None:
        """A slot marked good while it waits to be tried becomes the lasting one."""
        if not good:
            put(self.bad(slot), b"")
            self.begin(slot)
            return
        self.bad(slot).unlink(missing_ok=True)
        pending = self.state / "pending"
        if pending.exists() and pending.read_text().strip() == slot:
            write(self.boot / "config.txt", text(slot))
            write(self.boot / "tryboot.txt", text(OTHER[slot]))
            pending.unlink()
            sync(self.state)

    def begin(self, slot: str) -> None:
        """The next restart tries `slot`: if it waits, it was tried, whatever comes of it."""
        pending = self.state / "pending"
        if pending.exists() and pending.read_text().strip() == slot:
            put(self.state / "tried", slot.encode())

    def give_up(self, booted: str) -> tuple[str, bool] | None:
        """After a start: which slot waited, and whether it was tried, and didn't come up, which
        makes it bad. It waits no longer. None if none did."""
        pending, tried = self.state / "pending", (self.state / "tried").exists()
        if not pending.exists() or (slot := pending.read_text().strip()) == booted:
            return None
        if tried:
            self.judge(slot, False)
        pending.unlink()
        sync(self.state)
        return slot, tried


def text(slot: str) -> bytes:
    """One sector, whatever the slot."""
    return TEXT.format(slot.lower()).encode().ljust(SECTOR - 1) + b"\n"


def command_line(line: str, slot: str) -> str:
    words = [word for word in line.split() if not word.startswith("rauc.slot=")]
    return " ".join([*words, f"rauc.slot={slot}"]) + "\n"


def write(path: Path, data: bytes) -> None:
    """Overwrite one sector in place: old or new, never torn."""
    if path.stat().st_size != len(data) or len(data) != SECTOR:
        raise OSError(f"{path}: isn't one sector; flash the card again")
    file = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(file, data, 0)
        os.fsync(file)
    finally:
        os.close(file)


def put(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)


def blank(path: Path) -> None:
    """Overwrite it with zeros where it lies: what is written next may lie elsewhere, and leave the
    old words."""
    with open(path, "r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())


def listed(folder: Path) -> list[Path]:
    """Raises OSError for a folder that is there and can't be read, as Path.glob doesn't from Python
    3.13 on."""
    return list(folder.iterdir()) if folder.is_dir() else []


def sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def main(words: list[str]) -> int:
    backend = Backend()
    STATE.mkdir(parents=True, exist_ok=True)
    match words:
        case ["get-primary"]:
            print(backend.primary())
        case ["get-state", slot]:
            print("good" if backend.good(slot) else "bad")
        case ["set-primary", slot]:
            with writable(), mounted(DEVICES[slot]) as root:
                backend.propose(slot, root / "usr/lib/nocturne/boot")
        case ["set-state", slot, state]:
            with writable():
                backend.judge(slot, state == "good")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


class writable:
    """The boot partition is mounted to be read; written only in here."""

    def __enter__(self):
        subprocess.run(["mount", "-o", "remount,rw", BOOT], check=True)

    def __exit__(self, *trouble):
        subprocess.run(["mount", "-o", "remount,ro", BOOT], check=True)


class mounted:
    """A slot's root, to be read."""

    def __init__(self, device: str):
        self.device, self.place = device, Path("/run/nocturne-slot")

    def __enter__(self) -> Path:
        self.place.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "squashfs", "-o", "ro", self.device, self.place], check=True)
        return self.place

    def __exit__(self, *trouble):
        subprocess.run(["umount", self.place], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
