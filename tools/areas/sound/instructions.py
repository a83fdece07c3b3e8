"""aarch64 instructions per second of REF16 and of each texture, counted under qemu-user: they don't
depend on how busy the machine is.

Makes an arm64 root with Python and numpy once, in `build/arm64` (Debian's mmdebstrap, unpacked
only; numpy's wheel by pip), and counts with the plug-in `insn.c` that lies beside the graphs. Two
durations are run and subtracted, so that start-up and table making don't count.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from kit.setup import PYTHONPATH, ROOT

FOLDER = ROOT / "build" / "arm64"
PACKAGES = (
    "python3-minimal,python3.11-minimal,libpython3.11-stdlib,libc6,libgcc-s1,libstdc++6,zlib1g"
)
NUMPY = "numpy==1.26.4"
FIRST, LAST = 26, 32        # s: all voices have come in
CODE = """
import sys
sys.modules["_hashlib"] = None
from pathlib import Path
from device.sound.settings import RATE
from areas.sound.ref16 import engine
graphs, block, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
playing = engine(graphs, block)
for _ in range(int(seconds * RATE / block)):
    playing.render()
"""

TEXTURE = """
import sys
sys.modules["_hashlib"] = None
from device.sound.settings import RATE
from device.sound.textures import Texture
name, distance, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
playing = Texture(name, 1)
for _ in range(int(seconds * RATE / 4096)):
    playing.next(4096, 0.35, distance, 1.0)
"""


def missing() -> list[str]:
    """Debian packages to install first."""
    proofs = {"qemu-user": "qemu-aarch64", "mmdebstrap": "mmdebstrap", "gcc": "gcc"}
    return [package for package, proof in proofs.items() if not shutil.which(proof)]


def measure(graphs: Path, block: int = 4096) -> float:
    """Instructions per audio-second."""
    prepare(graphs)
    first, last = (count(CODE, str(graphs), str(block), str(s)) for s in (FIRST, LAST))
    return (last - first) / (LAST - FIRST)


def texture(graphs: Path, name: str, distance: float = 0.0) -> float:
    """Instructions per audio-second of a texture alone, without the engine."""
    prepare(graphs)
    first, last = (count(TEXTURE, name, str(distance), str(s)) for s in (2, 12))
    return (last - first) / 10


def prepare(graphs: Path) -> None:
    root, site, plugin = FOLDER / "root", FOLDER / "site", FOLDER / "libinsn.so"
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not (root / "usr/bin/python3.11").exists():
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(
            [
                "mmdebstrap",
                "--arch=arm64",
                "--variant=extract",
                f"--include={PACKAGES}",
                "bookworm",
                str(root),
            ],
            check=True,
            capture_output=True,
        )
    if not (site / "numpy").exists():
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "--platform",
                "manylinux2014_aarch64",
                "--python-version",
                "3.11",
                "--target",
                str(site),
                NUMPY,
            ],
            check=True,
        )
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", str(plugin), str(graphs / "insn.c")],
                   check=True)


def count(code: str, *arguments: str) -> int:
    root = FOLDER / "root"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{FOLDER / 'site'}:{PYTHONPATH}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": "CORTEXA53",
    }
    ran = subprocess.run(
        [
            "qemu-aarch64",
            "-cpu",
            "cortex-a53",
            "-plugin",
            str(FOLDER / "libinsn.so"),
            "-L",
            str(root),
            str(root / "usr/bin/python3.11"),
            "-c",
            code,
            *arguments,
        ],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    told = [line for line in ran.stderr.splitlines() if line.startswith("INSNS")]
    if ran.returncode or not told:
        raise RuntimeError(f"qemu-aarch64 failed: {ran.stderr[-300:]}")
    return int(told[0].split()[1])
