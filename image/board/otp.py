#!/usr/bin/python3
"""The board's one-time memory: eight words for its owner, each bit written once and for ever. From
them comes the key of an encrypted data partition.

    nocturne-otp            says what is in it
    nocturne-otp --write    writes a random key into it, if it is empty

image/module gives it to root, as 32 bytes.
"""

import hashlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

DEVICE = Path("/dev/nocturne-otp")
ROWS, ROW = 8, 4                # bytes a row
PURPOSE = b"nocturne: data partition"
PATIENCE = 10.0                 # s until the module is there


class NoKey(Exception):
    """Why there is no key in it, in words with a remedy."""


def rows(device: Path = DEVICE, sleep: Callable[[float], None] = time.sleep) -> bytes:
    for _ in range(round(PATIENCE / 0.1)):
        if device.exists():
            break
        sleep(0.1)
    try:
        with open(device, "rb") as file:
            found = file.read(ROWS * ROW)
    except OSError as trouble:
        raise NoKey("the board's one-time memory can't be read") from trouble
    if len(found) != ROWS * ROW:
        raise NoKey("the board's one-time memory can't be read")
    return found


def key(found: bytes) -> bytes:
    """32 bytes. A key of ours fills every row; a serial number that somebody wrote doesn't."""
    if not any(found):
        raise NoKey("the board's one-time memory is empty; nocturne-otp --write, by SSH, writes a "
                    "key into it, once and for ever")
    if not all(any(found[at:at + ROW]) for at in range(0, len(found), ROW)):
        raise NoKey("the board's one-time memory holds something else, so that no key fits in")
    return hashlib.sha256(PURPOSE + found).digest()


def write(device: Path = DEVICE) -> None:
    """Raises NoKey where something is in it already, or it reads back otherwise."""
    if any(rows(device)):
        raise NoKey("the board's one-time memory isn't empty; nothing was written")
    fresh = b""
    while not fresh or not all(any(fresh[at:at + ROW]) for at in range(0, len(fresh), ROW)):
        fresh = os.urandom(ROWS * ROW)
    try:
        with open(device, "r+b", buffering=0) as file:
            file.write(fresh)
    except OSError as trouble:
        raise NoKey(f"the board's one-time memory couldn't be written ({trouble.strerror}); "
                    "nocturne-otp says what is in it now") from trouble
    if rows(device) != fresh:
        raise NoKey("the board's one-time memory reads back otherwise than it was written: it may "
                    "be locked, or damaged")


def main(arguments: list[str], ask: Callable[[str], str] = input) -> int:
    try:
        if arguments == ["--write"]:
            if not any(rows()) and ask("A random key goes into this board's one-time memory; it "
                                       "can never be changed. Type yes: ") != "yes":
                return 1
            write()
            print("written. Take the # off data_encrypted=1 in settings.txt, and reset the device")
        elif arguments:
            print(__doc__, file=sys.stderr)
            return 2
        else:
            key(rows())
            print("a key is in this board's one-time memory")
    except NoKey as why:
        print(why, file=sys.stderr)
        return 1
    except EOFError:                    # nobody is there to be asked
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
