"""Set-up for every tool: a virtual environment in `.venv`, the packages a tool needs, and saying
so.

Runs on a bare Python ≥ 3.11. Debian packages (PortAudio) are installed with apt when root or sudo
allows it; else the command to type is printed. `ensure` returns inside the right interpreter, or
never (it starts the tool again there).
"""

import ctypes.util
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# of a child that runs a piece of Python, not a tool
PYTHONPATH = os.pathsep.join((str(ROOT), str(ROOT / "tools")))
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST, NEWEST = (3, 11), (3, 13)
# the words in report.png
FONTS = {"fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"}


def ensure(extras: Sequence[str] = (), debian: dict[str, str] | None = None) -> None:
    """Have this distribution with `extras` in `.venv` and `debian` (package → the file that proves
    it) on the machine.

    Set NOCTURNE_NO_SETUP=1 to use the running interpreter as it is.
    """
    if os.environ.get("NOCTURNE_NO_SETUP") == "1":
        return
    install_debian({"libportaudio2": "libportaudio.so.2", **(debian or {})})
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / "nocturne-extras"
    have = set(stamp.read_text().split()) if stamp.exists() else set()
    missing = [extra for extra in ("base", *extras) if f"{extra}:{wanted}" not in have]
    if missing:
        if not PYTHON.exists():
            say(f"making a virtual environment in {VENV.relative_to(ROOT)}/")
            make_venv()
        names = ",".join(extra for extra in missing if extra != "base")
        say(
            f"installing Nocturne's packages {f'({names}) ' if names else ''}with pip; this "
            "happens once"
        )
        target = f"{ROOT}[{names}]" if names else str(ROOT)
        # pip's torch would bring gigabytes of CUDA packages; a CPU build is all that training
        # needs.
        run(
            [
                str(PYTHON),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--editable",
                target,
            ]
        )
        stamp.write_text("\n".join(sorted(have | {f"{extra}:{wanted}" for extra in missing})))
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(PYTHON, [str(PYTHON), *sys.argv])


def make_venv() -> None:
    """The newest Python that fits; Debian keeps ensurepip in a package of its own."""
    names = [f"python3.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)]
    python = (sys.executable if OLDEST <= sys.version_info[:2] <= NEWEST
              else next(filter(None, map(shutil.which, names)), None))
    if python is None:
        sys.exit("Nocturne needs Python 3.11, 3.12 or 3.13; none was found on this machine")
    if subprocess.run([python, "-c", "import ensurepip"], capture_output=True).returncode:
        install_debian({"python3-venv": ""})
    run([python, "-m", "venv", str(VENV)])


def install_debian(packages: dict[str, str]) -> None:
    missing = [name for name, proof in packages.items() if not present(proof)]
    if not missing:
        return
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    # Whoever else installs something, such as a second of our commands, is waited for.
    command = ["apt-get", "install", "--yes", "--no-install-recommends",
               "-o", "DPkg::Lock::Timeout=300", *missing]
    if not shutil.which("apt-get"):
        say(f"please install {', '.join(missing)}; going on without")
        return
    say(f"installing {', '.join(missing)} with apt")
    quiet = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "stdin": subprocess.DEVNULL,
        "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    }
    may = not sudo or shutil.which("sudo") is not None

    def done(words: list[str]) -> bool:
        return may and subprocess.run([*sudo, *words], **quiet).returncode == 0

    if done(command):
        return
    done(["apt-get", "update"])
    if not done(command):
        say(f"couldn't: please run  sudo {' '.join(command)}  – going on without")


def present(proof: str) -> bool:
    """Whether a library (`libx.so.N`), a command or an absolute path is there."""
    if proof.startswith("/"):
        return Path(proof).exists()
    if ".so" in proof:
        return ctypes.util.find_library(proof.removeprefix("lib").split(".so")[0]) is not None
    return bool(proof) and shutil.which(proof) is not None


def run(command: list[str]) -> None:
    if subprocess.run(command).returncode:
        sys.exit(f"set-up failed at: {' '.join(command)}")


def say(text: str) -> None:
    print(f"set-up: {text}", file=sys.stderr, flush=True)
