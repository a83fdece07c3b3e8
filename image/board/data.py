#!/usr/bin/python3
"""The data partition, before it is mounted: made at the first boot, erased while the button is held
at power-on.

It grows to half a gigabyte at most: that is years of nights, can be overwritten within a minute
(the slowest class of cards writes 10 MB/s), and leaves the rest of the card to its wear levelling.
What a person wrote on the boot partition goes with it. `data.py` runs as nocturne-data.service.
"""

import fcntl
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import written
from tryboot import BOOT, blank, put, writable

DISK_ID, NUMBER, LABEL = "4e6f6374", 4, "nocturne-data"
MOST = 512 << 20              # bytes
SECTOR = 512
HOLD = 5.0                  # s that the button must be held
CONFIG = BOOT / "nocturne.toml"
DEFAULTS = Path("/usr/lib/nocturne")
PERSONAL = ("nocturne.toml", "wifi.txt", "home.toml", "ca.crt", "seed.mid", "taste.json",
            "authorized_keys", "hostname.txt", "TROUBLE.txt", *written.IMAGERS)
BUTTON, LED = 17, 18


def main() -> int:
    partition = Path(f"/dev/disk/by-partuuid/{DISK_ID}-{NUMBER:02d}").resolve()
    name = partition.name
    disk = Path("/dev") / (Path("/sys/class/block") / name).resolve().parent.name
    erase = held()
    if erase:
        say("the button is held: erasing everything personal")
        start = time.monotonic()
        wipe(partition, blocks(partition))
        with writable():
            forget(BOOT, DEFAULTS)
        say(f"erased {blocks(partition) >> 20} MiB in {time.monotonic() - start:.0f} s")
    if erase or label(partition) != LABEL:
        # udev leaves a locked disk alone; looking meanwhile it would lose the partition's name, and
        # its mount with it.
        with open(disk, "rb") as whole:
            fcntl.flock(whole, fcntl.LOCK_EX)
            grow(disk, partition)
            subprocess.run(["mkfs.ext4", "-q", "-F", "-L", LABEL, partition], check=True)
        subprocess.run(["udevadm", "settle", "--timeout=120"], check=False)
        say(f"{partition}: made, {blocks(partition) >> 20} MiB")
    return 0


def blocks(device: Path) -> int:
    """Its size in bytes."""
    return int((Path("/sys/class/block") / device.name / "size").read_text()) * SECTOR


def label(device: Path) -> str:
    return subprocess.run(
        ["blkid", "-p", "-o", "value", "-s", "LABEL", device], capture_output=True, text=True
    ).stdout.strip()


def grow(disk: Path, partition: Path) -> None:
    """To the end of the disk, MOST at most."""
    start = int((Path("/sys/class/block") / partition.name / "start").read_text())
    size = min(MOST // SECTOR, blocks(disk) // SECTOR - start)
    if size * SECTOR > blocks(partition):
        subprocess.run(["sfdisk", "--quiet", "--no-reread", "--force", "-N", str(NUMBER), disk],
                       input=f"{start},{size}\n", text=True, check=True)
        subprocess.run(["partx", "--update", "--nr", str(NUMBER), disk], check=True)


def wipe(device: Path, size: int) -> None:
    """Overwrite all of it with zeros."""
    zeros = bytes(4 << 20)
    file = os.open(device, os.O_WRONLY)
    try:
        for at in range(0, size, len(zeros)):
            os.pwrite(file, zeros[:min(len(zeros), size - at)], at)
        os.fsync(file)
    finally:
        os.close(file)


def forget(boot: Path, defaults: Path) -> None:
    """What a person wrote there is as on a new card, or gone; the reports of nights are gone."""
    for name in (*PERSONAL, *(f"reports/{path.name}" for path in (boot / "reports").glob("*"))):
        if (boot / name).exists():
            blank(boot / name)
            (boot / name).unlink()
        if (defaults / name).exists():
            put(boot / name, (defaults / name).read_bytes())


def held(seconds: float = HOLD, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Whether the button is down for so long, from now on; the light blinks meanwhile. False
    without pins."""
    button, led = panel()
    try:
        import lgpio
        chip = lgpio.gpiochip_open(0)
    except Exception as trouble:  # lgpio.error, or no such module: then there is no button either
        say(f"can't look at the button ({trouble})")
        return False
    try:
        lgpio.gpio_claim_input(chip, button, lgpio.SET_PULL_UP)
        lgpio.gpio_claim_output(chip, led, 0)
        sleep(0.02)
        for turn in range(round(seconds / 0.1)):
            if lgpio.gpio_read(chip, button):
                return False
            lgpio.gpio_write(chip, led, turn % 2)
            sleep(0.1)
        return True
    except lgpio.error as trouble:
        say(f"can't look at the button ({trouble})")
        return False
    finally:
        lgpio.gpiochip_close(chip)


def panel(config: Path = CONFIG) -> tuple[int, int]:
    """Pins of button and light, from the person's own file; the defaults if it can't be read."""
    try:
        table = tomllib.loads(written.repaired(written.text(config.read_bytes()))).get("panel", {})
        return int(table.get("button", BUTTON)), int(table.get("led", LED))
    except (OSError, ValueError, AttributeError, TypeError, written.Unreadable):
        return BUTTON, LED


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.path.insert(0, "/usr/lib/nocturne/python")
    sys.exit(main())
