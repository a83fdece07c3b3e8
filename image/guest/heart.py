#!/usr/bin/python3
"""Inside the emulated Pi: the sound process's next heartbeat, as it tells the night: one field a
line."""

import socket
import sys

sys.path.insert(0, "/usr/lib/nocturne/python")

from device.wire import decode


def beat(path: str = "/run/nocturne/sound.socket"):
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(path)
        return decode(link.makefile("rb").readline())


if __name__ == "__main__":
    heard = beat()
    for field in sys.argv[1:]:
        print(getattr(heard, field))
