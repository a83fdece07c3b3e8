"""Recursive filters without a loop over samples: an IIR filter as matrix products.

A block is cut into rows of 64 frames. Within a row the filter is a triangular (64, 64) Toeplitz
matrix of its impulse response; what a row leaves behind is its state, and the states at the rows'
starts are one more triangular product (Burrus 1972, "Block realization of digital filters"). numpy
then needs three matrix products instead of `lfilter`.
"""

from collections.abc import Sequence

import numpy as np

ROW = 64                    # frames

Section = tuple[float, float, float, float, float]      # b0, b1, b2, a1, a2 of a biquad, a0 = 1


class BlockFilter:
    """A cascade of biquads over blocks of two channels; the state carries over from block to block.
    """

    def __init__(self, sections: Sequence[Section], frames: int, taps: Sequence[int] = ()):
        """`frames`: length of every block, a multiple of 64; `taps`: after how many sections an
        output is taken, by default after the last. Several outputs cost one product, not several.
        """
        if frames % ROW:
            raise ValueError(f"{frames} frames are not a multiple of {ROW}")
        taps = tuple(taps) or (len(sections),)
        a, b, _, _ = state_space(sections)
        order, rows = len(a), frames // ROW
        powers = [np.eye(order)]
        for _ in range(ROW):
            powers.append(a @ powers[-1])
        lag = np.arange(ROW)[None, :] - np.arange(ROW)[:, None]
        inside, free = [], []
        for tap in taps:
            _, _, c, d = state_space(sections[:tap])
            c = np.concatenate([c, np.zeros(order - len(c))])
            impulse = np.concatenate([[d], [float(c @ powers[i] @ b) for i in range(ROW - 1)]])
            inside.append(np.where(lag >= 0, impulse[np.maximum(lag, 0)], 0.0))     # (in, out)
            free.append(np.stack([c @ powers[i] for i in range(ROW)], axis=1))      # (order, out)
        left = np.stack([powers[ROW - 1 - j] @ b for j in range(ROW)])              # (in, order)
        self._rows = settled(np.hstack([*inside, left]))
        self._free = settled(np.hstack(free))
        step, chain = powers[ROW], [np.eye(order)]
        for _ in range(rows):
            chain.append(step @ chain[-1])
        # states[k] = step^k s0 + sum over j < k of step^(k-1-j) left_j; the last one is the next
        # block's s0.
        scan = np.zeros((rows + 1, order, rows + 1, order), np.float32)      # (from, to)
        chain = [settled(power.T) for power in chain]
        for k in range(rows + 1):
            scan[0, :, k] = chain[k]
            for j in range(k):
                scan[j + 1, :, k] = chain[k - 1 - j]
        self._scan = scan.reshape((rows + 1) * order, -1)
        self._order, self._count, self._outputs = order, rows, len(taps)
        self._drive = np.zeros((2, rows + 1, order), np.float32)    # [:, 0] is the state

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """(2, frames) float32 → (2, frames) filtered; with several taps (2, rows of 64, taps, 64).
        """
        both = block.reshape(-1, ROW) @ self._rows
        drive, wide = self._drive, ROW * self._outputs
        drive[:, 1:] = both[:, wide:].reshape(2, self._count, self._order)
        states = (drive.reshape(2, -1) @ self._scan).reshape(2, self._count + 1, self._order)
        drive[:, 0] = states[:, -1]
        out = states[:, :-1].reshape(-1, self._order) @ self._free
        out += both[:, :wide]
        return (
            out.reshape(2, -1)
            if self._outputs == 1
            else out.reshape(2, self._count, self._outputs, ROW)
        )

    def reset(self) -> None:
        self._drive[:] = 0.0


def settled(matrix: np.ndarray) -> np.ndarray:
    """As float32, without what has died away: denormal numbers take a processor a hundred times as
    long."""
    return np.where(np.abs(matrix) < 1e-20, 0.0, matrix).astype(np.float32)


def state_space(sections: Sequence[Section]) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """A cascade as x' = A x + B u, y = C x + D u; each biquad in transposed direct form II."""
    a, b, c, d = np.zeros((0, 0)), np.zeros(0), np.zeros(0), 1.0
    for b0, b1, b2, a1, a2 in sections:
        own = np.array([[-a1, 1.0], [-a2, 0.0]])
        into = np.array([b1 - a1 * b0, b2 - a2 * b0])
        size = len(a)
        whole = np.zeros((size + 2, size + 2))
        whole[:size, :size] = a
        whole[size:, :size] = np.outer(into, c)
        whole[size:, size:] = own
        a, b, c, d = (
            whole,
            np.concatenate([b, into * d]),
            np.concatenate([b0 * c, [1.0, 0.0]]),
            b0 * d,
        )
    return a, b, c, d


def response(sections: Sequence[Section], frequencies: np.ndarray, rate: float) -> np.ndarray:
    """Complex gain at `frequencies` (Hz)."""
    z = np.exp(-2j * np.pi * np.asarray(frequencies, float) / rate)
    gain = np.ones_like(z)
    for b0, b1, b2, a1, a2 in sections:
        gain = gain * (b0 + b1 * z + b2 * z * z) / (1.0 + a1 * z + a2 * z * z)
    return gain


def butterworth_highpass(cutoff: float, rate: float) -> Section:
    """Second order, −3 dB at `cutoff` Hz; its double zero at 0 Hz also removes DC. (RBJ cookbook, Q
    = 1/√2.)"""
    w = 2.0 * np.pi * cutoff / rate
    alpha, cosine = np.sin(w) / np.sqrt(2.0), np.cos(w)
    a0 = 1.0 + alpha
    half = (1.0 + cosine) / 2.0 / a0
    return (half, -2.0 * half, half, -2.0 * cosine / a0, (1.0 - alpha) / a0)
