"""The host's side of the commands in this folder: say, run, and install what is missing, as far as
may be."""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "tools"))

from device.arguments import ended
from device.errors import NocturneError
from kit import setup

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
CACHE = HERE / "cache"
OUT = HERE / "out"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Command (the few that live in /usr/sbin are found there too) or file → Debian package.
PACKAGES = {
    KEYRING: "debian-archive-keyring",
    "mmdebstrap": "mmdebstrap",
    "arch-test": "arch-test",            # mmdebstrap asks it of another processor's root
    "gpg": "gpg",                        # by it mmdebstrap finds out which keys are Debian's
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
MODULES = {"pip": "python3-pip"}
# The kernel's register of foreign programs, and the header of aarch64's (QEMU's
# scripts/qemu-binfmt-conf.sh): F has it opened once, so that a chroot needs no copy.
FOREIGN = Path("/proc/sys/fs/binfmt_misc")
MAGIC = "7f454c460201010000000000000000000200b700"
MASK = "ffffffffffffff00fffffffffffffffffeffffff"
os.environ["PATH"] += ":/usr/sbin:/sbin"
# Root by su or in a container, in a person's clone: git refuses what isn't root's or sudo's.
os.environ |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
               "GIT_CONFIG_VALUE_0": str(REPOSITORY)}


class Trouble(NocturneError):
    """What can't be done, and the remedy, in words for a person."""


def missing(tools: Sequence[str]) -> list[str]:
    """The Debian packages that bring those of `tools` that aren't here."""
    return sorted({PACKAGES[tool] for tool in tools if not setup.present(tool)})


def need(*tools: str, module: str = "") -> None:
    """Installs what is missing with apt, and says so. Raises Trouble naming every package that
    couldn't be, or all where there is no apt."""
    def lacking() -> list[str]:
        no_module = module and importlib.util.find_spec(module) is None
        return [*missing(tools), *([MODULES[module]] if no_module else ())]
    if not (packages := lacking()):
        return
    if os.environ.get("NOCTURNE_NO_SETUP") != "1" and shutil.which("apt-get"):
        setup.install_debian({package: "" for package in packages})
        importlib.invalidate_caches()
    if packages := lacking():
        raise Trouble(f"missing on this machine: {', '.join(packages)} (Debian's names); there  "
                      f"sudo apt-get install {' '.join(packages)}  brings them")


def need_arm() -> None:
    """Has this kernel start aarch64 programs, by QEMU where it is another kind. Raises Trouble."""
    if platform.machine() == "aarch64" or understood(FOREIGN):
        return
    need("qemu-aarch64-static")
    qemu = shutil.which("qemu-aarch64-static")
    say("· having this kernel start aarch64 programs by QEMU (binfmt_misc), until it restarts")
    if not (FOREIGN / "register").exists():
        subprocess.run(["modprobe", "--quiet", "binfmt_misc"], check=False, capture_output=True)
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", FOREIGN], check=False,
                       capture_output=True)
    if shutil.which("update-binfmts"):
        subprocess.run(["update-binfmts", "--enable", "qemu-aarch64"], check=False,
                       capture_output=True)
    if not understood(FOREIGN):
        with suppress(OSError):
            (FOREIGN / "register").write_text(entry(str(qemu)))
    if not understood(FOREIGN):
        raise Trouble(
            "this kernel may not be told here how to start aarch64 programs (a container without "
            "the right to?); on the machine itself  sudo apt-get install qemu-user-static "
            "binfmt-support  does it, and  sudo update-binfmts --enable qemu-aarch64"
        )


def understood(room: Path) -> bool:
    """Whether some entry for aarch64's programs is enabled, and reaches into a chroot."""
    return any(
        text.startswith("enabled") and f"magic {MAGIC}" in text
        and "F" in text.partition("flags: ")[2].partition("\n")[0]
        for text in (file.read_text() for file in room.glob("qemu-aarch64*"))
    )


def entry(interpreter: str) -> str:
    """A line for binfmt_misc's `register`."""
    def escaped(digits: str) -> str:
        return "".join(f"\\x{digits[at:at + 2]}" for at in range(0, len(digits), 2))
    return f":qemu-aarch64:M::{escaped(MAGIC)}:{escaped(MASK)}:{interpreter}:F"


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


def commits(clone: Path) -> int:
    """How many lead to the last one, for a version. Raises Trouble where that isn't known: devices
    would refuse the update as older than it is."""
    if run("git", "rev-parse", "--is-shallow-repository", cwd=clone).strip() == "true":
        raise Trouble("this clone lacks its earlier commits, whose number is part of the version: "
                      "git fetch --unshallow  brings them")
    return int(run("git", "rev-list", "--count", "HEAD", cwd=clone))


def unpack(archive: Path, folder: Path) -> None:
    """By tar: the tarfile of bookworm's Python 3.11.2 has no filters."""
    run("tar", "--extract", "--no-same-owner", "--no-same-permissions", f"--file={archive}",
        f"--directory={folder}")


def complain(main) -> int:
    """Run `main`, and say its trouble."""
    return ended(Path(sys.argv[0]).name, main)
