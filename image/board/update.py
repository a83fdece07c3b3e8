#!/usr/bin/python3
"""Looks for a signed update, has RAUC check and install it, and restarts into it to try it.

It lies on the boot partition (*.raucb), and is installed at once; or at the hub, at
https://HOST:8443/nocturne.raucb, whose certificate must be signed by the CA of `home.ca`. The hub's
is fetched (fetch.py) and waits until somebody asks for it (the night, for Home Assistant, makes the
file ASKED), or for the noon after a day. RAUC refuses what isn't signed, isn't for this board, or
is older. What was cut is tried again in a quarter of an hour, anything else at its next time.
"""

import configparser
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, "/usr/lib/nocturne/board")
sys.path.insert(0, "/usr/lib/nocturne/python")

from fetch import Manifest, Refused, Server, Soon, fetch, parts
from good import slot
from newer import VERSION, refusal
from tryboot import BOOT, DEVICES, SEEN, Backend, put, sync, writable

CONFIG = Path("/etc/nocturne.toml")
SYSTEM = Path("/etc/rauc/system.conf")
COMMAND_LINE = Path("/proc/cmdline")
FETCHED = Path("/data/update.raucb")
# Its ETag, like SEEN.
UNWANTED = Path("/run/nocturne-update/unwanted")    # of the hub's that was whole and refused
WAITING = Path("/run/nocturne-update/version")  # for the night to tell
ASKED = Path("/run/nocturne/install")           # by the night
PORT, NAME = 8443, "/nocturne.raucb"
PATIENCE = 20 * 3600.0      # s that it waits to be asked for
NOON = 12                   # o'clock, when it installs itself
AGAIN = 75                  # EX_TEMPFAIL of sysexits.h: nocturne-update.service starts it again


def main() -> int:
    # A Mac lays its own file ._NAME beside each.
    bundle = next((path for path in sorted(BOOT.glob("*.raucb")) if path.name[0] != "."), None)
    if bundle is not None:
        return installed(bundle)
    again = 0 if waits() and due(time.time()) else from_hub()
    if not waits():
        WAITING.unlink(missing_ok=True)
        ASKED.unlink(missing_ok=True)
        return again
    return installed(FETCHED) if due(time.time()) else tell() or again


def waits() -> bool:
    return FETCHED.exists()


def due(now: float) -> bool:
    """Whether the hub's bundle may be installed at `now` (s since 1970): nobody is woken by it."""
    age = now - FETCHED.stat().st_mtime     # less than none: the clock was ahead when it came
    aged = not 0 <= age <= PATIENCE and time.localtime(now).tm_hour == NOON
    return ASKED.exists() or aged


def installed(bundle: Path) -> int:
    """Have RAUC install it, and restart into it."""
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
        if why:
            print(f"the hub's update isn't installed: {why}", file=sys.stderr)
            SEEN.unlink(missing_ok=True)        # it was trusted: the card or the way spoiled it
    else:
        with writable():
            bundle.unlink()
            if why:
                (BOOT / "TROUBLE.txt").write_text(f"{bundle.name}: not installed: {why}\r\n")
    if done.returncode:
        return 1
    backend = Backend()
    if (new := backend.primary()) != backend.lasting():
        backend.begin(new)
        return subprocess.run(["systemctl", "reboot", "--reboot-argument=0 tryboot"]).returncode
    return 0


def manifest(bundle: Path) -> Manifest:
    """What a bundle's signature vouches for. Raises Refused for one that may not be installed here.
    """
    done = subprocess.run(
        ["rauc", "info", f"--conf={SYSTEM}", "--output-format=json", str(bundle)],
        capture_output=True, text=True,
    )
    if done.returncode:
        raise Refused(last_line(done.stderr) or "RAUC doesn't trust it")
    said = json.loads(done.stdout)
    if why := refusal(f"version={said['version']}", VERSION.read_text().strip()):
        raise Refused(why)
    system = configparser.ConfigParser()
    system.read(SYSTEM)
    if said["compatible"] != (mine := system["system"]["compatible"]):
        raise Refused(f"it is for {said['compatible']}, and this is {mine}")
    image = next((image["rootfs"] for image in said["images"] if "rootfs" in image), None)
    if image is None:
        raise Refused("there is no root in it")
    indexed = "block-hash-index" in (image.get("adaptive") or ())
    return Manifest(said["version"], image["size"], image["checksum"], indexed)


def other(bundle: Path) -> Manifest:
    """Of the hub's, which isn't fetched if it is what runs. Raises Refused."""
    found = manifest(bundle)
    if found.version == VERSION.read_text().strip():
        raise Refused(f"{found.version} runs already")
    return found


def reason(bundle: Path, said: str) -> str:
    """Why RAUC, which said so, didn't install it. What our own pre-install handler says stays in
    RAUC's log."""
    try:
        manifest(bundle)
    except Refused as trouble:
        return str(trouble)
    return last_line(said)


def sound(etag: str) -> bool:
    """Not empty, nor what a card makes of a file that it loses: no server could answer to that."""
    return etag.isascii() and etag.isprintable() and etag != ""


def last_line(said: str) -> str:
    return said.strip().splitlines()[-1] if said.strip() else ""


def tell() -> int:
    """Let the night know which version waits; a bundle that RAUC no longer trusts is thrown away.
    """
    try:
        version = manifest(FETCHED).version
    except Refused as trouble:
        print(f"the hub's update is thrown away: {trouble}", file=sys.stderr)
        FETCHED.unlink()
        SEEN.unlink(missing_ok=True)
        WAITING.unlink(missing_ok=True)
        return 1
    WAITING.parent.mkdir(exist_ok=True)
    WAITING.write_text(version + "\n")
    return 0


def from_hub() -> int:
    """Fetch the hub's bundle, if it has one that isn't known here; 0, or AGAIN if it was cut."""
    from device.config import Config
    from device.errors import NocturneError
    try:
        home = Config.load(CONFIG).home
    except NocturneError as trouble:
        print(f"no hub is asked: {trouble}", file=sys.stderr)
        return 0
    if not home.host or not home.ca:
        return 0
    known = [path.read_text(errors="replace") for path in (SEEN, UNWANTED) if path.exists()]
    running = Path(DEVICES[slot(COMMAND_LINE.read_text())])
    try:
        hub = Server(home.host, PORT, NAME, Path(home.ca))
        etag = fetch(hub, FETCHED, running, other, [etag for etag in known if sound(etag)])
    except Refused as trouble:
        print(f"no update from the hub: {trouble}", file=sys.stderr)
        if trouble.etag:
            UNWANTED.parent.mkdir(exist_ok=True)
            UNWANTED.write_text(trouble.etag)
        return 0
    except Soon as trouble:
        print(f"the hub's update isn't fetched yet: {trouble}", file=sys.stderr)
        return AGAIN
    except OSError as trouble:
        print(f"the hub's update can't be kept: {trouble}", file=sys.stderr)
        for part in parts(FETCHED):
            part.unlink()
        return 0
    if etag is not None:
        sync(FETCHED.parent)
        put(SEEN, etag.encode())
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(f"fetched {hub.received / 1e6:.1f} of {FETCHED.stat().st_size / 1e6:.1f} MB, "
              f"in {most} MiB of memory", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
