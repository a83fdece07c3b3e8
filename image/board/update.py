#!/usr/bin/python3
"""Looks for a signed update, has RAUC check and install it, and restarts into it to try it.

It lies on the boot partition (*.raucb), and is installed at once; or at the hub, at
https://HOST:8443/nocturne.raucb, whose certificate must be signed by the CA of `home.ca`. The hub's
waits until somebody asks for it (the night, for Home Assistant, makes the file ASKED), or for the
noon after a day. RAUC refuses what isn't signed, isn't for this board, or is older.
"""

import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, "/usr/lib/nocturne/board")
sys.path.insert(0, "/usr/lib/nocturne/python")

from newer import VERSION, refusal
from tryboot import BOOT, Backend, writable

CONFIG = Path("/etc/nocturne.toml")
FETCHED = Path("/data/update.raucb")
SEEN = Path("/data/rauc/seen")
WAITING = Path("/run/nocturne-update/version")  # for the night to tell
ASKED = Path("/run/nocturne/install")           # by the night
LARGEST = 300 << 20         # bytes: it fits on the data partition
PORT = 8443
PATIENCE = 20 * 3600.0      # s that it waits to be asked for
NOON = 12                   # o'clock, when it installs itself


def main() -> int:
    bundle = next(iter(sorted(BOOT.glob("*.raucb"))), None) or from_hub() or FETCHED
    if not bundle.exists():
        ASKED.unlink(missing_ok=True)
        return 0
    if bundle == FETCHED and not due(time.time()):
        return tell()
    ASKED.unlink(missing_ok=True)
    done = subprocess.run(
        ["rauc", "install", str(bundle)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    print(done.stdout, file=sys.stderr)
    why = reason(bundle, done.stdout) if done.returncode else ""
    if bundle == FETCHED:
        FETCHED.unlink()
        WAITING.unlink(missing_ok=True)
    else:
        with writable():
            bundle.unlink()
            if why:
                (BOOT / "TROUBLE.txt").write_text(f"{bundle.name}: not installed: {why}\r\n")
    if done.returncode:
        return 1
    backend = Backend()
    if backend.primary() != backend.lasting():
        return subprocess.run(["systemctl", "reboot", "--reboot-argument=0 tryboot"]).returncode
    return 0


def due(now: float) -> bool:
    """Whether the hub's bundle may be installed at `now` (s since 1970): nobody is woken by it."""
    aged = now - FETCHED.stat().st_mtime > PATIENCE and time.localtime(now).tm_hour == NOON
    return ASKED.exists() or aged


def offered(bundle: Path) -> str:
    """The version of a bundle that RAUC trusts; "" of any other."""
    done = subprocess.run(
        ["rauc", "info", "--output-format=json", str(bundle)], stdout=subprocess.PIPE, text=True
    )
    return "" if done.returncode else json.loads(done.stdout)["version"]


def reason(bundle: Path, said: str) -> str:
    """Why RAUC, which said so, didn't install it. What our own pre-install handler says stays in
    RAUC's log."""
    version = offered(bundle)
    older = refusal(f"version={version}", VERSION.read_text().strip()) if version else None
    return older or said.strip().splitlines()[-1]


def tell() -> int:
    """Let the night know which version waits; a bundle that RAUC doesn't trust is thrown away."""
    version = offered(FETCHED)
    if not version:
        FETCHED.unlink()
        return 1
    WAITING.parent.mkdir(exist_ok=True)
    WAITING.write_text(version + "\n")
    return 0


def from_hub() -> Path | None:
    """The hub's bundle, if it has one that this device hasn't seen (HTTP's ETag); None otherwise.
    """
    from device.config import Config
    home = Config.load(CONFIG).home
    if not home.host or not home.ca:
        return None
    request = urllib.request.Request(f"https://{home.host}:{PORT}/nocturne.raucb")
    if SEEN.exists():
        request.add_header("If-None-Match", SEEN.read_text())
    try:
        with urllib.request.urlopen(
            request, timeout=30, context=ssl.create_default_context(cafile=home.ca)
        ) as answer:
            size = int(answer.headers.get("Content-Length", 0))
            if not 0 < size <= LARGEST:
                print(f"the hub's bundle has {size} bytes: refused", file=sys.stderr)
                return None
            with open(FETCHED, "wb") as file:
                while chunk := answer.read(1 << 16):
                    file.write(chunk)
            SEEN.write_text(answer.headers.get("ETag", ""))
    except (OSError, urllib.error.URLError) as trouble:
        if getattr(trouble, "code", None) != 304:
            print(f"no update from the hub: {trouble}", file=sys.stderr)
        return None
    return FETCHED


if __name__ == "__main__":
    sys.exit(main())
