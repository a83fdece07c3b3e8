"""What systemd wants to hear of a service, and goes without where it can't be told."""

import contextlib
import os
import socket
from collections.abc import Callable


def notifier() -> Callable[[str], object]:
    """sd_notify(3). Without its library systemd would end us for our silence: said to its socket
    by hand."""
    try:
        import sdnotify
        notify: Callable[[str], object] = sdnotify.SystemdNotifier().notify
        return notify
    except Exception:           # a broken library raises what it likes
        return by_hand


def by_hand(words: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        if address:
            speaker.sendto(words.encode(), address.replace("@", "\0", 1))
