"""Updates, as far as the night has to do with them: what is installed, what waits, and the wish for
it.

All else is done by root, in image/board/update.py, which trusts nothing but the bundle's signature.
"""

import contextlib
from pathlib import Path

INSTALLED = Path("/usr/lib/nocturne/version")
WAITING = Path("/run/nocturne-update/version")
ASKED = Path("/run/nocturne/install")


def versions(software: str) -> tuple[str, str | None]:
    """(installed, waiting if any); `software` is the version where there is no image."""
    return read(INSTALLED) or software, read(WAITING)


def install() -> None:
    """Ask for the one that waits; without an image nobody hears it."""
    with contextlib.suppress(OSError):
        ASKED.touch()


def read(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None
