"""Whether a model's runtime works on this processor: tried in a process of its own, for an illegal
instruction ends whoever meets it and can't be caught."""

import os
import signal
import subprocess
import sys

PATIENCE = 60.0         # s: a Zero 2 W takes a few
TRYING = "NOCTURNE_TRYING"
_known: dict[str, str] = {}


def dies(runtime: str, code: str, model: bytes) -> str:
    """Why running `code`, which is handed `model` on its standard input, ends a process by a
    signal; "" where it doesn't. What it raises is for the caller to meet. Asked once of each
    `runtime`."""
    if TRYING in os.environ:
        return ""
    if runtime not in _known:
        _known[runtime] = tried(runtime, code, model)
    return _known[runtime]


def tried(runtime: str, code: str, model: bytes) -> str:
    environment = {**os.environ, TRYING: "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        ended = subprocess.run([sys.executable, "-c", code], input=model, env=environment,
                               capture_output=True, timeout=PATIENCE).returncode
    except subprocess.TimeoutExpired:
        return f"{runtime} hangs on this machine"
    except OSError:
        return ""               # no process to be had: nothing is known of it
    if ended >= 0:
        return ""
    return f"{runtime} doesn't run on this processor ({signal.Signals(-ended).name})"
