"""Standard MIDI files as they are found: a walk over the bytes that keeps what a tune needs, so
that a strange key signature or a wrong count of tracks doesn't cost the whole file."""

KEPT = {0x51: 3, 0x03: None, 0x2F: 0}   # meta events: tempo, track name, end; bytes they must have
DATA = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}  # of channel messages
END = b"\xff\x2f\x00"


class Torn(Exception):
    """The bytes end within an event, or aren't events."""


def mended(data: bytes) -> tuple[bytes, bool]:
    """The file with its tracks counted anew, unread metadata left out and a torn track closed; and
    whether it was torn. `data` begins with MThd."""
    length = int.from_bytes(data[4:8], "big")
    header, at = data[8:8 + max(length, 6)], 8 + length
    tracks, torn = [], len(header) < 6
    while at + 8 <= len(data):
        name, size = data[at:at + 4], int.from_bytes(data[at + 4:at + 8], "big")
        if name == b"MTrk":
            body, short = track(data[at + 8:at + 8 + size])
            tracks.append(body)
            torn = torn or short or at + 8 + size > len(data)
        at += 8 + size
    kind = min(int.from_bytes(header[:2], "big"), 2) or int(len(tracks) > 1)
    head = kind.to_bytes(2, "big") + len(tracks).to_bytes(2, "big") + header[4:6].ljust(2, b"\0")
    chunks = [b"MTrk" + len(body).to_bytes(4, "big") + body for body in tracks]
    return b"MThd\0\0\0\6" + head + b"".join(chunks), torn or not tracks


def track(body: bytes) -> tuple[bytes, bool]:
    """A track's events as far as they can be read, with what was left out silent in its place; and
    whether they broke off."""
    out, at, status, waiting = bytearray(), 0, 0, 0
    try:
        while at < len(body):
            delta, at = number(body, at)
            waiting += delta
            event, at, status, kept = one(body, at, status)
            if event == END:
                break
            if kept:
                out += spelled(waiting) + event
                waiting = 0
    except Torn:
        return bytes(out + spelled(waiting) + END), True
    return bytes(out + spelled(waiting) + END), False


def one(body: bytes, at: int, status: int) -> tuple[bytes, int, int, bool]:
    """The event at `at`, where the next begins, the running status, and whether it is kept."""
    if at >= len(body):
        raise Torn
    first = body[at]
    if first == 0xFF:
        size, begins = number(body, at + 2)
        kind, ends = body[at + 1] if at + 1 < len(body) else 0, begins + size
        if ends > len(body):
            raise Torn
        wanted = KEPT.get(kind, -1)
        return body[at:ends], ends, status, wanted is None or wanted == size
    if first in (0xF0, 0xF7):
        size, begins = number(body, at + 1)
        if begins + size > len(body):
            raise Torn
        return body[at:begins + size], begins + size, status, False
    if first >= 0x80:
        status, at = first, at + 1
    many = DATA.get(status & 0xF0)
    if many is None or at + many > len(body):
        raise Torn
    values = bytes(min(value, 127) for value in body[at:at + many])
    return bytes([status]) + values, at + many, status, True


def number(body: bytes, at: int) -> tuple[int, int]:
    """A variable-length number of at most four bytes, and where it ends."""
    value = 0
    for place in range(at, min(at + 4, len(body))):
        value = value << 7 | body[place] & 0x7F
        if body[place] < 0x80:
            return value, place + 1
    raise Torn


def spelled(value: int) -> bytes:
    """A variable-length number; what is too long to be one is as long as one may be."""
    value = min(value, 2 ** 28 - 1)
    out = [value & 0x7F]
    while value := value >> 7:
        out.insert(0, value & 0x7F | 0x80)
    return bytes(out)
