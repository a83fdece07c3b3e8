"""A WAV that is written while it is rendered: 48 kHz stereo 16 bit, RF64 (EBU Tech 3306) once it
passes 4 GiB."""

import struct
from pathlib import Path

import numpy as np

from device.sound.settings import RATE

FRAME = 4                   # bytes: two channels of 16 bits
HEADER = 80  # bytes before the samples: RIFF, a JUNK chunk that may become ds64, fmt, data
LARGEST_RIFF = 2**32 - 1


class WavWriter:
    """Takes float blocks; the dither is triangular, 2 LSB wide, and seeded so that a file is
    repeatable."""

    def __init__(self, path: Path, seed: int):
        self.path = path
        self.frames = 0
        self._random = np.random.default_rng([seed, 0xD17E])
        self._file = path.open("wb")
        self._file.write(self._header())

    def write(self, block: np.ndarray) -> None:
        """`block` (2, n) float, full scale ±1; clipped, dithered, written."""
        self._file.write(to_int16(block, self._random).tobytes())
        self.frames += block.shape[1]

    def close(self) -> None:
        if not self._file.closed:
            self._file.seek(0)
            self._file.write(self._header())
            self._file.close()

    def _header(self) -> bytes:
        size = self.frames * FRAME
        whole = HEADER + size - 8
        large = whole > LARGEST_RIFF
        sizes = struct.pack(
            "<4sIQQQI", b"ds64" if large else b"JUNK", 28, whole, size, self.frames, 0
        )
        return b"".join(
            [
                struct.pack(
                    "<4sI4s",
                    b"RF64" if large else b"RIFF",
                    LARGEST_RIFF if large else whole,
                    b"WAVE",
                ),
                sizes,
                struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, RATE, RATE * FRAME, FRAME, 16),
                struct.pack("<4sI", b"data", LARGEST_RIFF if large else size),
            ]
        )


def to_int16(block: np.ndarray, random: np.random.Generator | None = None) -> np.ndarray:
    """(2, n) float → (n, 2) little-endian 16 bit. Exact silence stays silent: dither only where
    there is sound."""
    scaled = block.T * np.float32(32767)
    if random is not None and block.any():
        noise = random.random((2, *scaled.shape), dtype=np.float32)
        scaled = scaled + (noise[0] - noise[1])
    return np.clip(np.rint(scaled), -32768, 32767).astype("<i2")
