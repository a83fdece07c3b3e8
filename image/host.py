"""The host's side of the commands in this folder: say, run, and name what is missing with its
package."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from device.arguments import ended
from device.errors import NocturneError

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
CACHE = HERE / "cache"
OUT = HERE / "out"
# Command → Debian package. The few that live in /usr/sbin are found there too.
PACKAGES = {
    "mmdebstrap": "mmdebstrap",
    "qemu-aarch64-static": "qemu-user-static",
    "mksquashfs": "squashfs-tools",
    "zstd": "zstd",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
    "sfdisk": "fdisk",
    "depmod": "kmod",
    "dtc": "device-tree-compiler",
    "fdtoverlay": "device-tree-compiler",
    "fdtput": "device-tree-compiler",
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "swig": "swig",
    "git": "git",
    "rauc": "rauc",
    "openssl": "openssl",
    "qemu-system-aarch64": "qemu-system-arm",
    "lsblk": "util-linux",
}
os.environ["PATH"] += ":/usr/sbin:/sbin"


class Trouble(NocturneError):
    """What can't be done, and the remedy, in words for a person."""


def missing(tools: Sequence[str]) -> list[str]:
    """The Debian packages that bring those of `tools` that aren't here."""
    return sorted({PACKAGES[tool] for tool in tools if shutil.which(tool) is None})


def need(*tools: str) -> None:
    """Raises Trouble naming every package that is missing."""
    if packages := missing(tools):
        raise Trouble(f"missing on this machine; please run  apt-get install {' '.join(packages)}")


def need_root() -> None:
    if os.geteuid():
        raise Trouble("needs root, for the owners of the files inside the image: run it with sudo")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Says what begins and how long it took."""
    say(f"· {what} …")
    start = time.monotonic()
    yield
    say(f"  {what}: {time.monotonic() - start:.0f} s")


def run(*command: object, log: Path | None = None, **more) -> str:
    """Standard output of the command. Raises Trouble with the end of what it said, on failure."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", **more)
    if log is not None:
        log.write_text(done.stdout + done.stderr)
    if done.returncode:
        end = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise Trouble(f"{words[0]} failed ({done.returncode}): {end}")
    return done.stdout


def complain(main) -> int:
    """Run `main`, and say its trouble."""
    return ended(Path(sys.argv[0]).name, main)
