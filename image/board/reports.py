#!/usr/bin/python3
"""The last nights' reports on the drive called NOCTURNE, where any computer finds them: what lies
on the shelf beside the diary, and nothing else. `reports.py` runs as nocturne-reports.service.

The night, which wrote the shelf, isn't trusted with the drive: of it only regular files of these
names and this size are taken. Of encrypted data nothing goes there.
"""

import os
import re
import stat
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tryboot import BOOT, blank, listed, put, writable

SHELF, DRIVE = Path("/var/lib/nocturne/reports"), BOOT / "reports"
NAME = re.compile(r"(\d{4}-\d\d-\d\d|night-\d{1,9})\.html")
NIGHTS, LARGEST = 7, 2 << 20        # files, and bytes of one
MOUNTED = Path("/run/nocturne-data")        # by data.py


def taken(shelf: Path) -> dict[str, bytes]:
    """What may go onto the drive, by name: the newest."""
    found = {}
    names = sorted(os.listdir(shelf)) if shelf.is_dir() else []
    for name in names:
        if NAME.fullmatch(name) and (content := plain(shelf / name)) is not None:
            found[name] = content
    return dict(list(found.items())[-NIGHTS:])


def plain(path: Path) -> bytes | None:
    """A regular file's content, if it isn't too large; a link is none."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        about = os.fstat(file)
        fits = stat.S_ISREG(about.st_mode) and about.st_size <= LARGEST
        return os.read(file, LARGEST) if fits else None
    finally:
        os.close(file)


def encrypted(mounted: Path) -> bool:
    """Whether the nights are kept so that nobody reads them off the card."""
    return mounted.is_symlink() and mounted.readlink().parent.name == "mapper"


def differs(wanted: dict[str, bytes], drive: Path) -> bool:
    return wanted != {path.name: path.read_bytes() for path in listed(drive)}


def mirror(wanted: dict[str, bytes], drive: Path) -> None:
    """What is no longer wanted is overwritten before it goes."""
    if wanted:
        drive.mkdir(exist_ok=True)
    for path in listed(drive):
        if path.name not in wanted:
            blank(path)
            path.unlink()
    for name, content in wanted.items():
        path = drive / name
        if not path.exists() or path.read_bytes() != content:
            put(path, content)


def main() -> int:
    wanted = {} if encrypted(MOUNTED) else taken(SHELF)
    if differs(wanted, DRIVE):
        with writable():
            mirror(wanted, DRIVE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
