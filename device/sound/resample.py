"""From the music's rate to the speaker's, twice as high: a half-band filter as matrix products.

It leaves every other sample as it is and finds those between from 32 around.
"""

import numpy as np

TAPS = 32                   # frames at the lower rate; also the length of a row
DELAY = TAPS // 2           # frames at the lower rate
BETA = 9.6                  # Kaiser's: what is mirrored lies 98 dB lower


def between() -> np.ndarray:
    """(TAPS,) weights of the samples around the one between."""
    at = np.arange(TAPS) - (TAPS - 1) / 2
    taps = np.sinc(at) * np.kaiser(2 * TAPS + 1, BETA)[1::2]
    return taps / taps.sum()


class Between:
    """Finds the samples between those that come in, `DELAY` − ½ frames late."""

    def __init__(self, channels: int):
        lag = np.arange(TAPS)[None, :] - np.arange(TAPS)[:, None]       # (in, out)
        taps = between()
        self._now = np.where(lag >= 0, taps[lag % TAPS], 0.0).astype(np.float32)
        self._before = np.where(lag < 0, taps[lag % TAPS], 0.0).astype(np.float32)
        self._held = np.zeros((channels, TAPS), np.float32)

    def __call__(self, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(channels, n), n a multiple of `TAPS` → the same `DELAY` late, and those between."""
        channels, frames = block.shape
        whole = np.empty((channels, frames + TAPS), np.float32)
        whole[:, :TAPS] = self._held
        whole[:, TAPS:] = block
        self._held = whole[:, -TAPS:].copy()
        rows = whole.reshape(channels, -1, TAPS)
        found = rows[:, 1:] @ self._now
        found += rows[:, :-1] @ self._before
        return whole[:, DELAY:DELAY + frames], found.reshape(channels, frames)

    def clear(self) -> None:
        self._held[:] = 0.0


class Doubler:
    """(channels, n) at the music's rate → (channels, 2 n) at the speaker's, and `clear`."""

    def __init__(self, channels: int):
        self._between = Between(channels)
        self.clear = self._between.clear

    def __call__(self, block: np.ndarray) -> np.ndarray:
        out = np.empty((*block.shape, 2), np.float32)
        out[..., 0], out[..., 1] = self._between(block)
        return out.reshape(len(block), -1)
