"""Raw readings on file: everything that the drivers heard, so that a night can be run again bit for
bit.

A tape holds, in order, each transfer with its answer or errno, each look at the clock, and each
drain. Played, it takes the place of bus and clock: real drivers ask the same questions and get the
same answers, faults included. A night of 8 h is 10 to 25 MB; the file grows by a block a minute,
each with a checksum, so a cut costs a minute at most.

Format: the line `nocturne tape 1`, a line of JSON (config, tick), then blocks: u32 size, u32
CRC-32, zlib of: a line of JSON (the kinds of transfer: address, bytes written, bytes to be read;
the counts of the arrays), operations u16, times f64, errnos u8, and the bytes read, those of each
kind together.
"""

import contextlib
import ctypes
import errno
import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from smbus2 import i2c_msg

from device.clock import Clock, VirtualClock
from device.errors import RecordingError
from device.hardware.bus import Bus, SMBusLike
from device.hardware.sensors import Sensors
from device.values import Readings

MAGIC = b"nocturne tape 1\n"
BLOCK = 60.0                    # s
LOOK, DRAIN, TRANSFER = 0, 1, 2     # operations; transfers are TRANSFER + their kind
READ = 0x0001
FRAME = struct.Struct("<II")


class Taping:
    """Stands between the drivers and the bus and clock they are given, and writes down what they
    hear."""

    def __init__(self, path: Path, smbus: SMBusLike, clock: Clock, facts: Mapping[str, object]):
        """Raises RecordingError if the file can't be written."""
        self.smbus, self.clock = smbus, clock
        try:
            self.file = path.open("wb")
            self.file.write(MAGIC + json.dumps(dict(facts)).encode() + b"\n")
        except OSError as trouble:
            raise RecordingError(
                f"{path}: can't be written ({trouble.strerror}); choose another place"
            ) from trouble
        self.path = path
        self.trouble = ""           # why writing stopped, if it did; the night goes on
        self.begin(clock.now())

    def begin(self, now: float) -> None:
        self.began = now
        self.kinds: dict[tuple[int, bytes, int], int] = {}
        self.operations: list[int] = []
        self.times: list[float] = []
        self.errnos: list[int] = []
        self.data: list[list[bytes]] = []

    def i2c_rdwr(self, *messages: i2c_msg) -> None:
        written = b"".join(bytes(m) for m in messages if not m.flags & READ)
        answer = messages[-1] if messages[-1].flags & READ else None
        kind = self.kinds.setdefault(
            (messages[0].addr, written, answer.len if answer else 0), len(self.kinds)
        )
        if kind == len(self.data):
            self.data.append([])
        self.operations.append(TRANSFER + kind)
        try:
            self.smbus.i2c_rdwr(*messages)
        except OSError as trouble:
            self.errnos.append(trouble.errno or errno.EIO)
            raise
        self.errnos.append(0)
        if answer is not None:
            self.data[kind].append(bytes(answer))

    def now(self) -> float:
        now = self.clock.now()
        self.operations.append(LOOK)
        self.times.append(now)
        return now

    def wall(self) -> float:
        return self.clock.wall()

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def drained(self, now: float) -> None:
        """A drain begins."""
        if now - self.began >= BLOCK:
            self.flush()
            self.begin(now)
        self.operations.append(DRAIN)
        self.times.append(now)

    def flush(self) -> None:
        """Write the block. A full disk ends the tape, never the night."""
        if self.trouble or not self.operations:
            return
        head = {
            "kinds": [[address, written.hex(), count] for address, written, count in self.kinds],
            "operations": len(self.operations),
            "times": len(self.times),
            "errnos": len(self.errnos),
        }
        packed = zlib.compress(
            b"".join(
                (
                    json.dumps(head).encode(),
                    b"\n",
                    np.array(self.operations, "<u2").tobytes(),
                    np.array(self.times, "<f8").tobytes(),
                    bytes(self.errnos),
                    *(b"".join(part) for part in self.data),
                )
            )
        )
        try:
            self.file.write(FRAME.pack(len(packed), zlib.crc32(packed)) + packed)
            self.file.flush()
        except OSError as trouble:
            self.trouble = f"{self.path}: the tape ends here ({trouble.strerror}); make room"

    def close(self) -> None:
        self.flush()
        with contextlib.suppress(OSError):
            os.fsync(self.file.fileno())
            self.file.close()


class Tape:
    """A tape played: takes the place of smbus and clock. `trouble` says if its end is torn off."""

    def __init__(self, path: Path | str):
        """Raises RecordingError if it can't be read or isn't a tape."""
        self.path = Path(path)
        try:
            content = self.path.read_bytes()
        except OSError as trouble:
            raise RecordingError(
                f"{path}: can't be read ({trouble.strerror}); check the name"
            ) from trouble
        if not content.startswith(MAGIC):
            raise RecordingError(f"{path}: isn't a tape of tools/record (nor one of this version)")
        end = content.find(b"\n", len(MAGIC))
        try:
            self.facts = json.loads(content[len(MAGIC):end])
        except (ValueError, RecursionError) as trouble:
            raise RecordingError(
                f"{path}: its second line is damaged ({trouble}); record it again"
            ) from trouble
        self.trouble = ""
        self.blocks = list(self.whole(content, end + 1))
        self.events = self.unpacked()
        # s: when each drain was
        self.marks = [time for block in self.blocks for time in drains(block)]
        self.drained = 0
        self.time = 0.0

    def whole(self, content: bytes, at: int) -> Iterator[bytes]:
        """Blocks until the first that is torn."""
        while at < len(content):
            if at + FRAME.size > len(content):
                break
            size, crc = FRAME.unpack_from(content, at)
            packed = content[at + FRAME.size:at + FRAME.size + size]
            # A power cut may leave zeros at a file's end; the CRC of nothing is zero, too.
            if not size or len(packed) < size or zlib.crc32(packed) != crc:
                break
            yield zlib.decompress(packed)
            at += FRAME.size + size
        else:
            return
        self.trouble = f"{self.path}: its end is torn off or damaged; playing what is whole"

    def unpacked(self) -> Iterator[tuple[int, Any, Any]]:
        """(operation, time, None), or (TRANSFER, its kind, its bytes or errno), in order."""
        for block in self.blocks:
            head, operations, times, errnos, at = opened(block)
            kinds = [
                (address, bytes.fromhex(written), count)
                for address, written, count in head["kinds"]
            ]
            good = np.bincount(
                operations[operations >= TRANSFER][errnos == 0] - TRANSFER, minlength=len(kinds)
            )
            starts = at + np.concatenate(
                [[0], np.cumsum(good * [count for *_, count in kinds])]
            ).astype(int)
            places = starts.tolist()
            clock, failed = iter(times.tolist()), iter(errnos.tolist())
            for operation in operations.tolist():
                if operation < TRANSFER:
                    yield operation, next(clock), None
                    continue
                kind = kinds[operation - TRANSFER]
                number = next(failed)
                place = places[operation - TRANSFER]
                places[operation - TRANSFER] += 0 if number else kind[2]
                yield TRANSFER, kind, number or block[place:place + kind[2]]

    def expect(self, operation: int) -> tuple[Any, Any]:
        event = next(self.events, None)
        if event is None or event[0] != operation:
            raise RecordingError(
                f"{self.path}: the drivers do something else here than when it was recorded; "
                "play it with the version that recorded it"
            )
        return event[1:]

    def i2c_rdwr(self, *messages: i2c_msg) -> None:
        kind, answer = self.expect(TRANSFER)
        written = b"".join(bytes(m) for m in messages if not m.flags & READ)
        asked = (messages[0].addr, written, messages[-1].len if messages[-1].flags & READ else 0)
        if asked != kind:
            raise RecordingError(
                f"{self.path}: the drivers ask for {asked}, but {kind} was recorded; "
                "play it with the version that recorded it"
            )
        if isinstance(answer, int):
            raise OSError(answer, os.strerror(answer))
        ctypes.memmove(messages[-1].buf, answer, len(answer))

    def now(self) -> float:
        self.time, _ = self.expect(LOOK)
        return self.time

    def wall(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        """What it was waited for is on the tape."""

    def close(self) -> None:
        pass

    def next_drain(self) -> float | None:
        """When the next drain was, s; None at the tape's end."""
        if self.drained == len(self.marks):
            return None
        self.drained += 1
        return self.expect(DRAIN)[0]


def opened(block: bytes) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray, int]:
    """Head, operations, times, errnos, and where the bytes read begin."""
    at = block.index(b"\n") + 1
    head = json.loads(block[:at])
    arrays = []
    for dtype, name in (("<u2", "operations"), ("<f8", "times"), ("u1", "errnos")):
        arrays.append(np.frombuffer(block, dtype, head[name], at))
        at += arrays[-1].nbytes
    return head, *arrays, at


def drains(block: bytes) -> list[float]:
    _, operations, times, _, _ = opened(block)
    return times[operations[operations < TRANSFER] == DRAIN].tolist()


class TapedSensors:
    """Sensors whose every word is written to a tape."""

    def __init__(
        self, path: Path, smbus: SMBusLike, clock: Clock, config: Mapping[str, str] | None = None,
        **facts: object,
    ):
        self.taping = Taping(path, smbus, clock, {"config": dict(config or {}), **facts})
        self.sensors = Sensors.find(Bus(self.taping), self.taping, config)

    def drain(self, now: float) -> Readings:
        self.taping.drained(now)
        return self.sensors.drain(now)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sensors, name)

    def close(self) -> None:
        self.taping.close()


class PlayedSensors:
    """Sensors played from a tape, drain by drain; `clock` follows the tape's stalls."""

    def __init__(self, tape: Tape, clock: VirtualClock | None = None):
        self.tape, self.clock = tape, clock
        self.sensors = Sensors.find(Bus(tape), tape, tape.facts["config"])

    def drain(self, now: float) -> Readings:
        """The next drain on the tape, whatever the time is; nothing more after its end."""
        mark = self.tape.next_drain()
        if mark is None:
            return Readings(now, trouble=(f"{self.tape.path}: the tape is over",))
        if self.clock is not None and mark > self.clock.now():
            self.clock.sleep(mark - self.clock.now())
        return self.sensors.drain(mark)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sensors, name)
