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
    """A cascade of biquads over blocks of some channels; the state carries over from block to
    block."""

    def __init__(self, sections: Sequence[Section], frames: int, taps: Sequence[int] = (),
                 channels: int = 2):
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
        self._inside, self._free = [settled(m) for m in inside], [settled(m) for m in free]
        self._left = settled(left)
        # States at rows' starts: within a group of rows, and from group to group.
        step = powers[ROW]
        group = next(size for size in (8, 4, 2, 1) if rows % size == 0)
        self._scan = scan(step, group)
        self._leap = scan(np.linalg.matrix_power(step, group), rows // group)
        self._order, self._group, self._outputs = order, group, len(taps)
        self._state = np.zeros((channels, order), np.float32)

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """(channels, frames) float32 → the same, filtered; several taps: (taps, channels, frames).
        """
        channels, order, group = len(block), self._order, self._group
        rows = block.reshape(-1, ROW)
        left = (rows @ self._left).reshape(channels, -1, group * order)
        groups = left.shape[1]
        starts = np.empty((channels, groups, group + 1, order), np.float32)
        # what each group leaves behind, were it begun at rest
        starts[:, :, 0] = 0.0
        starts[:, :, 1:] = left.reshape(channels, groups, group, order)
        rest = starts.reshape(-1, (group + 1) * order) @ self._scan[:, -order:]
        rest = rest.reshape(channels, groups, order)
        drive = np.concatenate([self._state[:, None], rest], axis=1)
        begun = (drive.reshape(channels, -1) @ self._leap).reshape(channels, groups + 1, order)
        self._state = begun[:, -1].copy()
        starts[:, :, 0] = begun[:, :-1]
        states = starts.reshape(-1, (group + 1) * order) @ self._scan[:, :-order]
        states = states.reshape(-1, order)
        out = np.empty((self._outputs, *block.shape), np.float32)
        for wave, inside, free in zip(out, self._inside, self._free, strict=True):
            np.matmul(rows, inside, out=wave.reshape(-1, ROW))
            wave.reshape(-1, ROW)[:] += states @ free
        return out[0] if self._outputs == 1 else out

    def reset(self) -> None:
        self._state[:] = 0.0


def scan(step: np.ndarray, count: int) -> np.ndarray:
    """((count + 1) order, (count + 1) order): (s0, left_0, left_1, …) in, states at the starts of
    `count` steps and after the last out: state[k] = step^k s0 + sum over j < k of
    step^(k−1−j) left_j."""
    order = len(step)
    chain = [np.eye(order)]
    for _ in range(count):
        chain.append(step @ chain[-1])
    chain = [settled(power.T) for power in chain]
    whole = np.zeros((count + 1, order, count + 1, order), np.float32)      # (from, to)
    for k in range(count + 1):
        whole[0, :, k] = chain[k]
        for j in range(k):
            whole[j + 1, :, k] = chain[k - 1 - j]
    return whole.reshape((count + 1) * order, -1)


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
