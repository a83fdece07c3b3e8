"""A long, dense room: a feedback delay network of sixteen lines (Jot & Chaigne 1991), a control
period at a time.

Every line is longer than a control period, so a whole period comes out before any of it is needed
again, and the network is one (18, 18) matrix product. Lines are written ahead at their own length,
so that all are read at one place.
"""

import numpy as np

from device.sound.settings import CONTROL, RATE

# Frames: 23–105 ms, spread evenly on a log axis and prime, so that echoes rarely coincide.
LENGTHS = (1097, 1213, 1361, 1499, 1657, 1831, 2039, 2243,
           2473, 2731, 3019, 3331, 3677, 4057, 4481, 5039)
LINES = len(LENGTHS)
ROOM = 8 * CONTROL          # frames written before the buffer is moved back
SILENCE = 1e-9              # peak below which the room is asleep


class Reverb:
    def __init__(self, seconds: float = 5.5, damping: float = 0.12):
        """`seconds`: RT60 of the lows; `damping`: the loop's low-pass, a FIR of weights (1 − d, d):
        highs fade sooner, as in air."""
        hadamard = np.ones((1, 1))
        while len(hadamard) < LINES:
            hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
        decay = 10.0 ** (-3.0 * np.array(LENGTHS) / (seconds * RATE))
        order = np.random.default_rng(16).permutation(LINES)
        feedback = (hadamard / np.sqrt(LINES))[order] * decay
        into = np.zeros((LINES, 2))
        into[0::2, 0], into[1::2, 1] = hadamard[3, 0::2], hadamard[5, 1::2]
        tap = np.stack([hadamard[9], hadamard[6]]) / np.sqrt(LINES)
        self._matrix = np.zeros((LINES + 2, LINES + 2), np.float32)
        self._matrix[:LINES, :LINES] = feedback
        self._matrix[:LINES, LINES:] = into
        self._matrix[LINES:, :LINES] = tap
        self._matrix[:, :LINES] *= 1.0 - damping
        self._ratio = np.float32(damping / (1.0 - damping))
        self._lines = np.zeros((LINES, max(LENGTHS) + ROOM + CONTROL), np.float32)
        self._work = np.zeros((LINES + 2, CONTROL), np.float32)
        self._at = 1
        self.quiet = True

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """(2, frames) in → (2, frames) of reverberation alone."""
        out = np.empty_like(block)
        for start in range(0, block.shape[1], CONTROL):
            out[:, start:start + CONTROL] = self._period(block[:, start:start + CONTROL])
        self.quiet = not block.any() and float(np.abs(out).max()) < SILENCE
        return out

    def clear(self) -> None:
        self._lines[:] = 0.0
        self.quiet = True

    def _period(self, block: np.ndarray) -> np.ndarray:
        lines, work, at = self._lines, self._work, self._at
        read = work[:LINES]
        np.multiply(lines[:, at - 1:at + CONTROL - 1], self._ratio, out=read)
        read += lines[:, at:at + CONTROL]
        work[LINES:] = block
        mixed = self._matrix @ work
        for line, length, fresh in zip(lines, LENGTHS, mixed, strict=False):
            line[at + length:at + length + CONTROL] = fresh
        self._at = at + CONTROL
        if self._at > ROOM:
            back = self._at - 1
            lines[:, :max(LENGTHS) + 1] = lines[:, back:back + max(LENGTHS) + 1]
            self._at = 1
        return mixed[LINES:]
