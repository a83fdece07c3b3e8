#!/usr/bin/python3
"""RAUC's pre-install handler: a bundle older than the running system is refused."""

import os
import re
import sys
from pathlib import Path

VERSION = Path("/usr/lib/nocturne/version")


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def refusal(manifest: str, running: str) -> str | None:
    """Why the bundle with this manifest may not be installed; None if it may."""
    found = re.search(r"(?m)^version\s*=\s*(\S+)", manifest)
    if found is None:
        return "the update doesn't say its version"
    if numbers(found[1]) < numbers(running):
        return f"the update is {found[1]}, older than {running} that runs"
    return None


def main() -> int:
    manifest = (Path(os.environ["RAUC_UPDATE_SOURCE"]) / "manifest.raucm").read_text()
    why = refusal(manifest, VERSION.read_text())
    if why:
        print(why, file=sys.stderr)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
