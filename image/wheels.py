"""What the board gets from PyPI: the pinned, hashed wheels of its Python, and lgpio, which has none
for some."""

import hashlib
import os
import shutil
import sys
import tempfile
from email.parser import HeaderParser
from pathlib import Path

from image import recipe
from image.host import CACHE, HERE, run, unpack
from image.recipe import Suite

PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
PLATFORMS = (
    "manylinux_2_34_aarch64",
    "manylinux_2_28_aarch64",
    "manylinux_2_27_aarch64",
    "manylinux2014_aarch64",
    "manylinux_2_17_aarch64",
)
COMPILED = "compiled"
TRIPLET = "aarch64-linux-gnu"


def board(suite: Suite) -> list[str]:
    """Words that make pip choose for the board instead of for this machine."""
    return [f"--python-version={suite.python}", "--implementation=cp",
            *(f"--platform={name}" for name in PLATFORMS)]


def fetch(suite: Suite, compiler: Path) -> Path:
    """A folder of the suite's packages, kept in the cache till its pins change."""
    pins = HERE / suite.pins
    folder = CACHE / f"wheels-{suite.python}-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"
    if folder.exists():
        return folder
    making = CACHE / "wheels.making"
    shutil.rmtree(making, ignore_errors=True)
    run(*PIP, "download", "--no-deps", "--require-hashes", *board(suite), "--dest", making,
        "--requirement", pins)
    for source in making.glob("lgpio-*.tar.gz"):
        compile_lgpio(source, compiler, suite.python, making / COMPILED)
        source.unlink()
    making.rename(folder)
    return folder


def compile_lgpio(source: Path, compiler: Path, python: str, out: Path) -> None:
    """The module with its C library inside, as its own setup.py makes it for PyPI, by this
    machine's cross-compiler: the emulated one takes forty times as long."""
    with tempfile.TemporaryDirectory() as temporary:
        unpack(source, Path(temporary))
        place = next(Path(temporary).iterdir())
        facts = place / "PKG-INFO"
        name = HeaderParser().parsestr(facts.read_text())
        record = out / f"{name['Name']}-{name['Version']}.dist-info"
        record.mkdir(parents=True)
        shutil.copy(facts, record / "METADATA")
        run("swig", "-python", "-outdir", out, "lgpio.i", cwd=place)
        headers = compiler / "usr/include"
        code = sorted(file.relative_to(place) for file in place.glob("src/lg*.c"))
        run("aarch64-linux-gnu-gcc", f"--sysroot={compiler}", "-shared", "-fPIC", "-O2", "-pthread",
            "-Isrc", f"-I{headers}/python{python}", f"-I{headers}", *code, "src/rgpiod.c",
            "lgpio_wrap.c", "-o", out / f"_lgpio.cpython-{python.replace('.', '')}-{TRIPLET}.so",
            cwd=place)


def install(target: Path, folder: Path, suite: Suite, epoch: int) -> None:
    """Into `target`, less what Nocturne doesn't import."""
    pip = (*PIP, "install", "--no-deps", "--no-compile", "--target", target)
    # pip asks them whether they like the Python that it runs on itself.
    run(*pip, "--ignore-requires-python", "--only-binary=:all:", *board(suite),
        *sorted(folder.glob("*.whl")))
    for source in sorted(folder.glob("*.tar.gz")):      # of Python alone
        run(*pip, source, env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)})
    if (folder / COMPILED).exists():
        shutil.copytree(folder / COMPILED, target, dirs_exist_ok=True)
    for pattern in recipe.UNUSED_PYTHON:
        for path in target.glob(pattern):
            run("rm", "-rf", "--one-file-system", path)
