"""Checks over what is remembered, and the small places beside the diary that take what hands and
hub set when the diary's disk takes nothing more.

A place is a file of two slots, of which the older one is overwritten where it lies: that needs no
room on a full disk, and a power cut tears only what is about to be replaced.
"""

import contextlib
import json
import os
import queue
import threading
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

CHECK, TURN = "check", "turn"
SLOT = 4096             # bytes; what is set takes about a quarter
SLOTS = 2
NAME = "set.slots"
PATIENCE = 5.0          # s for a disk that is slow, at the end


# ---- a mapping that knows when it is torn --------------------------------------------------------

def sealed(value: Mapping) -> dict:
    """With a check over all the rest; firmware that knows none overlooks it."""
    return {**value, CHECK: checked(value)}


def whole(value: object) -> bool | None:
    """Whether it is as it was sealed; None: nobody sealed it."""
    if not isinstance(value, Mapping):
        return False
    if CHECK not in value:
        return None
    return value[CHECK] == checked({key: each for key, each in value.items() if key != CHECK})


def checked(value: Mapping) -> str:
    return f"{zlib.crc32(json.dumps(value).encode()):08x}"


def turn_of(value: object) -> int:
    """The newer of two has the higher one; −1 has none."""
    turn = value.get(TURN) if isinstance(value, Mapping) else None
    return turn if isinstance(turn, int) else -1


def file_whole(path: Path, text: str) -> None:
    """A file that no other user can read: whole or not at all, and there after a power cut. Raises
    OSError."""
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# ---- the places ----------------------------------------------------------------------------------

class Place:
    """One file. Never raises: what a disk refuses is tried again with the next value."""

    def __init__(self, path: Path):
        self.path = path

    def read(self) -> Mapping | None:
        """The newest value that is whole."""
        found = [value for value in self._slots() if value is not None]
        return max(found, key=turn_of, default=None)

    def write(self, value: Mapping) -> bool:
        """Sealed, over the older slot; whether it is there now."""
        text = json.dumps(sealed(value)).encode()
        if len(text) > SLOT:
            return False
        with contextlib.suppress(OSError):
            turns = [turn_of(each) for each in self._slots()]
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if os.fstat(file).st_size < SLOTS * SLOT:
                    put(file, 0, b" " * SLOTS * SLOT)
                    turns = [-1] * SLOTS
                put(file, SLOT * turns.index(min(turns)), text.ljust(SLOT))
            finally:
                os.close(file)
            return True
        return False

    def _slots(self) -> list[Mapping | None]:
        content = b""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            content = file.read(SLOTS * SLOT)
        return [slot(content[n * SLOT:(n + 1) * SLOT]) for n in range(SLOTS)]


def put(file: int, at: int, content: bytes) -> None:
    """On the disk once it returns. Raises OSError."""
    if os.pwrite(file, content, at) != len(content):
        raise OSError("the disk is full")
    os.fsync(file)


def slot(content: bytes) -> Mapping | None:
    with contextlib.suppress(ValueError, RecursionError):
        value = json.loads(content)
        return value if whole(value) else None
    return None


class Places:
    """The first is memory and written at once; the others are disks, for which nobody waits."""

    def __init__(self, paths: Sequence[Path]):
        self._places = [Place(path) for path in dict.fromkeys(paths)]
        self._waiting: queue.SimpleQueue = queue.SimpleQueue()
        if self._places[1:]:
            threading.Thread(target=self._write, name="places", daemon=True).start()

    def read(self) -> list[Mapping | None]:
        """What each of them holds."""
        return [place.read() for place in self._places]

    def write(self, value: Mapping) -> None:
        for place in self._places[:1]:
            place.write(value)
        if self._places[1:]:
            self._waiting.put(value)

    def flush(self) -> None:
        """Wait until the disks have it, or for PATIENCE."""
        done = threading.Event()
        if self._places[1:]:
            self._waiting.put(done)
            done.wait(PATIENCE)

    def _write(self) -> None:
        while True:
            waiting = self._waiting.get()
            if isinstance(waiting, threading.Event):
                waiting.set()
                continue
            for place in self._places[1:]:
                place.write(waiting)


def of_the_unit() -> tuple[Path, ...]:
    """As systemd names them: a tmpfs that outlives the process, and the disk. Elsewhere there are
    none."""
    folders = (os.environ.get(name, "").partition(":")[0]
               for name in ("RUNTIME_DIRECTORY", "STATE_DIRECTORY"))
    return tuple(Path(folder) / NAME for folder in folders if folder)
