"""Finding the hub on the home network: one DNS-SD question by multicast (RFC 6762, 6763)."""

import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from device.clock import Clock

GROUP, PORT = "224.0.0.251", 5353
SERVICE = "_nocturne._tcp.local"
A, PTR, SRV = 1, 12, 33
UNICAST = 0x8000        # of the class: answer me alone
WAIT = 2.0              # s


class Hub(NamedTuple):
    name: str               # as its certificate has it
    port: int
    address: str = ""       # in numbers; "" wasn't told


def hubs(clock: Clock, wait: float = WAIT, group: str = GROUP, port: int = PORT) -> list[Hub]:
    """Those that answer within `wait` s; none where nothing can be asked."""
    found: dict[Hub, None] = {}
    with contextlib.suppress(OSError), \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.sendto(question(), (group, port))
        until = clock.now() + wait
        while (left := until - clock.now()) > 0:
            asking.settimeout(left)
            answer, _ = asking.recvfrom(9000)
            found |= dict.fromkeys(hubs_in(answer))
    return list(found)


def question() -> bytes:
    return struct.pack(">6H", 0, 0, 1, 0, 0, 0) + encoded(SERVICE) + struct.pack(
        ">2H", PTR, UNICAST | 1)


def encoded(name: str) -> bytes:
    labels = (label.encode() for label in name.split("."))
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def hubs_in(packet: bytes) -> list[Hub]:
    """What a DNS message says of our service; a torn one says nothing."""
    try:
        records = list(records_of(packet))
    except (IndexError, ValueError, struct.error):
        return []
    mine = {data for name, kind, data in records if kind == PTR and name.lower() == SERVICE}
    addresses = {name.lower(): data for name, kind, data in records if kind == A}
    return [
        Hub(target, port, str(addresses.get(target.lower(), "")))
        for name, kind, data in records if kind == SRV and name in mine
        for target, port in [data]
    ]


def records_of(packet: bytes) -> Iterator[tuple[str, int, Any]]:
    """Name, type and data of each answer. Raises what a torn one brings."""
    _, _, questions, *counts = struct.unpack(">6H", packet[:12])
    at = 12
    for _ in range(questions):
        _, at = name_at(packet, at)
        at += 4
    for _ in range(sum(counts)):
        name, at = name_at(packet, at)
        kind, _, _, length = struct.unpack(">2HIH", packet[at:at + 10])
        at += 10
        yield name, kind, data_of(packet, at, kind, length)
        at += length


def data_of(packet: bytes, at: int, kind: int, length: int) -> Any:
    if kind == PTR:
        return name_at(packet, at)[0]
    if kind == SRV:
        return name_at(packet, at + 6)[0], struct.unpack(">H", packet[at + 4:at + 6])[0]
    if kind == A and length == 4:
        return socket.inet_ntoa(packet[at:at + 4])
    return None


def name_at(packet: bytes, at: int) -> tuple[str, int]:
    """A name, which may point back to another (RFC 1035 4.1.4), and where the next thing begins.
    Raises ValueError for one that points in a ring."""
    labels: list[str] = []
    end = None
    for _ in range(128):
        length = packet[at]
        if length >= 0xC0:
            end = end or at + 2
            at = (length & 0x3F) << 8 | packet[at + 1]
        elif length == 0:
            return ".".join(labels), end or at + 1
        else:
            labels.append(packet[at + 1:at + 1 + length].decode("utf-8", "replace"))
            at += 1 + length
    raise ValueError("a ring")
