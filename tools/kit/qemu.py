"""Counting a program's instructions on aarch64 under qemu-user: they don't depend on how busy the
machine is.

Where no image has been built, an arm64 root with Python and numpy is made once in `build/arm64`
(Debian's mmdebstrap, unpacked only; numpy's wheel by pip).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kit.setup import PYTHONPATH, ROOT

FOLDER = ROOT / "build" / "arm64"
PACKAGES = (
    "python3-minimal,python3.11-minimal,libpython3.11-stdlib,libc6,libgcc-s1,libstdc++6,zlib1g"
)
NUMPY = "numpy==1.26.4"
# The made root lacks OpenSSL, which hashlib can do without.
BEFORE = "import sys\nsys.modules['_hashlib'] = None\n"


def missing() -> list[str]:
    """Debian packages to install first."""
    proofs = {"qemu-user": "qemu-aarch64", "mmdebstrap": "mmdebstrap", "gcc": "gcc"}
    return [package for package, proof in proofs.items() if not shutil.which(proof)]


def prepare() -> Path:
    """Makes the root, if it isn't there; its place."""
    root, site = FOLDER / "root", FOLDER / "site"
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not (root / "usr/bin/python3.11").exists():
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(
            ["mmdebstrap", "--arch=arm64", "--variant=extract", f"--include={PACKAGES}", "bookworm",
             root],
            check=True,
            capture_output=True,
        )
    if not (site / "numpy").exists():
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
             "--only-binary=:all:", "--platform", "manylinux2014_aarch64", "--python-version",
             "3.11", "--target", site, NUMPY],
            check=True,
        )
    return root


def plugin(folder: Path) -> Path:
    """The counting plug-in, compiled into `folder`."""
    made = folder / "aarch64.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", made,
                    Path(__file__).with_name("aarch64.c")], check=True)
    return made


def count(counter: Path, root: Path, code: str, words: Sequence[str] = (), isolated: bool = False
          ) -> int:
    """Instructions of a Python program from start to end. `isolated`: it sees nothing but the
    root's own Python. Raises RuntimeError if it fails."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{FOLDER / 'site'}:{PYTHONPATH}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": "CORTEXA53",
        "PYTHONHASHSEED": "0",
    }
    ran = subprocess.run(
        ["qemu-aarch64", "-cpu", "cortex-a53", "-plugin", counter, "-L", root,
         root / "usr/bin/python3.11", *(["-I"] if isolated else []), "-c", code, *words],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    told = [line for line in ran.stderr.splitlines() if line.startswith("INSTRUCTIONS")]
    if ran.returncode or not told:
        raise RuntimeError(f"qemu-aarch64 failed: {ran.stderr[-400:]}")
    return int(told[0].split()[1])
