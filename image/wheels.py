"""What the board gets from PyPI: the pinned, hashed wheels of its Python, and those made here of
sources that have none."""

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from image import recipe
from image.host import CACHE, HERE, run
from image.recipe import Suite

PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
PLATFORMS = (
    "manylinux_2_34_aarch64",
    "manylinux_2_28_aarch64",
    "manylinux_2_27_aarch64",
    "manylinux2014_aarch64",
    "manylinux_2_17_aarch64",
    "linux_aarch64",
)


def board(suite: Suite) -> list[str]:
    """Words that make pip choose for the board instead of for this machine."""
    return [f"--python-version={suite.python}", "--implementation=cp",
            *(f"--platform={name}" for name in PLATFORMS)]


def fetch(suite: Suite, compiler: Path, epoch: int) -> Path:
    """A folder of the suite's wheels, kept in the cache till its pins change."""
    pins = HERE / suite.pins
    folder = CACHE / f"wheels-{suite.python}-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"
    if folder.exists():
        return folder
    making = CACHE / "wheels.making"
    shutil.rmtree(making, ignore_errors=True)
    run(*PIP, "download", "--no-deps", "--require-hashes", *board(suite), "--dest", making,
        "--requirement", pins)
    for source in making.glob("*.tar.gz"):
        build(source, compiler, epoch)
        source.unlink()
    making.rename(folder)
    return folder


def build(source: Path, compiler: Path, epoch: int) -> None:
    """A wheel beside the archive, made by the emulated compiler and Python of `compiler`."""
    place = compiler / "wheel"
    subprocess.run(["rm", "-rf", "--one-file-system", place], check=True)
    with tarfile.open(source) as archive:
        archive.extractall(place, filter="data")
    inside = next(place.iterdir())
    # Without PYPI lgpio wants its C library from the system.
    words = ("PATH=/usr/bin:/bin", "PYPI=1", "CFLAGS=-g0", f"SOURCE_DATE_EPOCH={epoch}",
             "PYTHONHASHSEED=0")
    run("chroot", compiler, "/usr/bin/env", f"--chdir=/wheel/{inside.name}", *words,
        "python3", "setup.py", "-q", "bdist_wheel")
    shutil.copy(next(inside.glob("dist/*.whl")), source.parent)


def install(target: Path, wheels: Path, suite: Suite) -> None:
    run(*PIP, "install", "--no-deps", "--no-compile", "--no-index", "--only-binary=:all:",
        "--target", target, *board(suite), *sorted(wheels.glob("*.whl")))
    for pattern in recipe.UNUSED_PYTHON:
        for path in target.glob(pattern):
            subprocess.run(["rm", "-rf", "--one-file-system", path], check=True)
