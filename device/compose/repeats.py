"""The repeat filter: certifies that no 16-tick window with at least 6 onsets returns within 1,000 nights.

A Bloom filter over every window of every night: it never misses a return, and now and then mistakes a new window for an
old one, which only costs a varied note. 16 MiB and 6 hashes hold 1,000 nights of 8 h (13.7 million ticks of 2.1 s) with
0.9 % such mistakes in the last night; less before.
"""

import hashlib
import math
from collections import deque
from pathlib import Path

import numpy as np

WINDOW, ONSETS = 16, 6
BITS, HASHES = 27, 6            # 2^27 bits
MAGIC = b"nocturne repeats 1\n"


def error_rate(windows: float, bits: int = BITS) -> float:
    """Chance that a new window is taken for an old one after so many (Bloom 1970)."""
    return (1 - math.exp(-HASHES * windows / 2 ** bits)) ** HASHES


class Repeats:
    def __init__(self, bits: int = BITS):
        self.bits = bits
        self.table = np.zeros(2 ** bits // 8, np.uint8)     # pages come into memory as they are touched
        self.window: deque[bytes] = deque(maxlen=WINDOW)
        self.onsets: deque[int] = deque(maxlen=WINDOW)
        self.found = 0

    def places(self, tick: bytes) -> list[int]:
        digest = hashlib.blake2b(b"|".join([*list(self.window)[-WINDOW + 1:], tick]), digest_size=16).digest()
        a, b = int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little") | 1
        return [(a + i * b) % 2 ** self.bits for i in range(HASHES)]

    def full(self, onsets: int) -> bool:
        return len(self.window) >= WINDOW - 1 and sum(list(self.onsets)[-WINDOW + 1:]) + onsets >= ONSETS

    def returns(self, tick: bytes, onsets: int) -> bool:
        """Whether the window that this tick would end may have been heard before."""
        seen = self.full(onsets) and all(self.table[place >> 3] >> (place & 7) & 1 for place in self.places(tick))
        self.found += seen
        return bool(seen)

    def add(self, tick: bytes, onsets: int) -> None:
        if self.full(onsets):
            for place in self.places(tick):
                self.table[place >> 3] |= 1 << (place & 7)
        self.window.append(tick)
        self.onsets.append(onsets)

    def save(self, path: Path) -> None:
        """Whole or not at all."""
        part = path.with_suffix(".part")
        part.write_bytes(MAGIC + self.table.tobytes())
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Repeats":
        """A fresh filter when the file is missing or torn."""
        fresh = cls()
        try:
            data = path.read_bytes()
        except OSError:
            return fresh
        if data.startswith(MAGIC) and len(data) == len(MAGIC) + len(fresh.table):
            fresh.table = np.frombuffer(data[len(MAGIC):], np.uint8).copy()
        return fresh
