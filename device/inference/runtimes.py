"""Whether a model's runtime works on this processor: tried in a process of its own, for an illegal
instruction ends whoever meets it and can't be caught.

What works is remembered from start to start, for as long as model, runtime, Python and processor
stay as they are; what doesn't is tried anew at every start.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from device.safekeeping import file_whole

PATIENCE = 60.0         # s: a Zero 2 W takes a few
TRYING = "NOCTURNE_TRYING"
NAME = "works.json"     # beside the diary
# lines of /proc/cpuinfo that say what a processor can do; others change from start to start
PROCESSOR = ("Features", "flags", "CPU", "model name", "Model")
CPUINFO = Path("/proc/cpuinfo")

_known: dict[str, str] = {}
_believed: set[str] = set()
_works: set[str] = set()    # of what this process has asked


def recall(path: Path, starting: Path) -> None:
    """Believe what an earlier process found to work. `starting` stands, until `keep`, where only
    this boot sees it: a start that ended in between, whatever it met, is followed by one that
    believes nothing."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        starting.touch(exist_ok=False)
        found = json.loads(path.read_text())
        if isinstance(found, list):
            _believed.update(each for each in found if isinstance(each, str))


def keep(path: Path, starting: Path) -> None:
    """What works, for the next process, and nothing of firmware that is gone; where it can't be
    kept, that one asks again."""
    works = json.dumps(sorted(_works))
    with contextlib.suppress(OSError):
        starting.unlink()
    with contextlib.suppress(OSError, ValueError):
        if not path.exists() or path.read_text() != works:
            file_whole(path, works)


def once(what: str, model: bytes, ask: Callable[[], str]) -> str:
    """`ask`'s answer, which is "" when all is well, of this `model` on this machine. Where it is
    known that all was well, `ask` isn't asked; where it raises OSError, nothing is known."""
    mark = fingerprint(what, model)
    try:
        why = "" if mark in _believed | _works else ask()
    except OSError:         # no process to be had
        return ""
    if not why:
        _works.add(mark)
    return why


def fingerprint(what: str, model: bytes) -> str:
    """Of all that the answer may depend on; of the libraries their names and versions."""
    installed = sorted(
        found.name for folder in sys.path for found in Path(folder).glob("*.dist-info")
    )
    facts = (what, hashlib.sha256(model).hexdigest(), installed, sys.version, processor())
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def processor() -> list[str]:
    with contextlib.suppress(OSError):
        lines = set(CPUINFO.read_text().splitlines())
        return sorted(line for line in lines if line.startswith(PROCESSOR))
    return []


def dies(runtime: str, code: str, model: bytes) -> str:
    """Why running `code`, which is handed `model` on its standard input, ends a process by a
    signal; "" where it doesn't. What it raises is for the caller to meet. Asked once of each
    `runtime`."""
    if TRYING in os.environ:
        return ""
    if runtime not in _known:
        _known[runtime] = once(code, model, lambda: tried(runtime, code, model))
    return _known[runtime]


def tried(runtime: str, code: str, model: bytes) -> str:
    """Raises OSError."""
    environment = {**os.environ, TRYING: "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        ended = subprocess.run([sys.executable, "-c", code], input=model, env=environment,
                               capture_output=True, timeout=PATIENCE).returncode
    except subprocess.TimeoutExpired:
        return f"{runtime} hangs on this machine"
    if ended >= 0:
        return ""
    return f"{runtime} doesn't run on this processor ({signal.Signals(-ended).name})"
