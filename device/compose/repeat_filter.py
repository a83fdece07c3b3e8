"""The repeat filter: certifies that no 16-tick window with at least 6 onsets returns within 1,000
nights.

A Bloom filter over every window of every night, in layers that are added as they fill (after
Almeida et al. 2007, "Scalable Bloom filters", here with layers of one size): it never misses a
return, and now and then mistakes a new window for an old one, which only costs a varied note. A
layer is 1 MiB and holds 400,000 windows; 1,000 nights of 8 h (13.7 million ticks of 2.1 s) fill 35
of them and end with 0.8 % such mistakes. Nights that fall silent take a quarter of that, and a new
device has one layer in memory and writes one a night.
"""

import contextlib
import hashlib
import math
from collections import deque
from pathlib import Path

import numpy as np

WINDOW, ONSETS = 16, 6
BITS, HASHES = 23, 6            # 2^23 bits a layer
CAPACITY = 400_000              # windows a layer
MAGIC = b"nocturne repeats 2\n"


def error_rate(windows: float, bits: int = BITS, capacity: int = CAPACITY) -> float:
    """Chance that a new window is taken for an old one after so many (Bloom 1970, for each layer).
    """
    full, rest = divmod(windows, capacity)

    def missed(count: float) -> float:
        return 1 - (1 - math.exp(-HASHES * count / 2 ** bits)) ** HASHES
    return 1 - missed(capacity) ** full * missed(rest)


class Repeats:
    """`bits` and `capacity` are of one layer."""

    def __init__(self, bits: int = BITS, capacity: int = CAPACITY):
        self.bits, self.capacity = bits, capacity
        self.layers = [np.zeros(2 ** bits // 8, np.uint8)]
        self.count = 0                                      # windows in the newest layer
        self.window: deque[bytes] = deque(maxlen=WINDOW - 1)
        self.onsets: deque[int] = deque(maxlen=WINDOW - 1)
        self.found = 0

    def places(self, tick: bytes) -> list[int]:
        digest = hashlib.blake2b(b"|".join([*self.window, tick]), digest_size=16).digest()
        a, b = int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little") | 1
        return [(a + i * b) % 2 ** self.bits for i in range(HASHES)]

    def full(self, onsets: int) -> bool:
        return len(self.window) == WINDOW - 1 and sum(self.onsets) + onsets >= ONSETS

    def returns(self, tick: bytes, onsets: int) -> bool:
        """Whether the window that this tick would end may have been heard before."""
        if not self.full(onsets):
            return False
        places = self.places(tick)
        seen = any(holds(layer, places) for layer in self.layers)
        self.found += seen
        return seen

    def add(self, tick: bytes, onsets: int) -> None:
        if self.full(onsets):
            if self.count >= self.capacity:
                self.layers.append(np.zeros_like(self.layers[0]))
                self.count = 0
            for place in self.places(tick):
                self.layers[-1][place >> 3] |= 1 << (place & 7)
            self.count += 1
        self.window.append(tick)
        self.onsets.append(onsets)

    def save(self, folder: Path) -> None:
        """A file a layer; each is written whole or not at all, and only those that changed since.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for number, layer in enumerate(self.layers):
            newest = number == len(self.layers) - 1
            file = folder / f"{number:03}"
            if newest or not file.exists():
                count = self.count if newest else self.capacity
                part = file.with_suffix(".part")
                part.write_bytes(MAGIC + count.to_bytes(8, "little") + layer.tobytes())
                part.replace(file)

    @classmethod
    def load(cls, folder: Path, bits: int = BITS, capacity: int = CAPACITY) -> "Repeats":
        """What `save` left; layers that are missing, torn or can't be read are left out."""
        mine = cls(bits, capacity)
        layers = []
        for file in sorted(folder.glob("[0-9][0-9][0-9]")):
            with contextlib.suppress(OSError, ValueError):
                mine.count, layer = read(file, len(mine.layers[0]))
                layers.append(layer)
        mine.layers = layers or mine.layers
        return mine


def holds(layer: np.ndarray, places: list[int]) -> bool:
    return all(layer[place >> 3] >> (place & 7) & 1 for place in places)


def read(file: Path, size: int) -> tuple[int, np.ndarray]:
    """A layer's count of windows and its bits, (size,) bytes. Raises OSError, or ValueError for
    anything that `save` didn't write."""
    head = len(MAGIC) + 8
    if file.stat().st_size != head + size:
        raise ValueError("torn")
    data = file.read_bytes()
    if not data.startswith(MAGIC):
        raise ValueError("not a layer")
    count = int.from_bytes(data[len(MAGIC):head], "little")
    return count, np.frombuffer(data[head:], np.uint8).copy()
