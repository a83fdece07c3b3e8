"""The last gain, behind the ring of rendered blocks, so that a press is heard at once: volume, mute and panic."""

import math

import numpy as np

from device.sound.settings import RATE, amplitude
from device.values import Volume

MUTE = 0.06                 # s to silence, for a mute or a panic
TURN = 0.5                  # s for the whole way of the knob
RETURN = 2.0                # s from silence to full: never a jump back in
QUIETEST = -40.0            # dB at volume 0


class Fader:
    """One gain; a straight line to where it should be. What it should be is one tuple, replaced whole."""

    def __init__(self, volume: Volume | None = None):
        self._gain = 0.0
        self._want = (0.0, False)
        self.set(volume or Volume(1.0))

    def set(self, volume: Volume) -> None:
        self._want = (amplitude(QUIETEST * (1.0 - volume.volume)), volume.muted)

    def cut(self) -> None:
        """Panic: the samples after this are to be thrown away; `restore` lets sound back in."""
        self._want = (self._want[0], True)

    @property
    def silent(self) -> bool:
        return self._gain == 0.0

    @property
    def gain(self) -> float:
        return self._gain

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """(2, n) → (2, n)."""
        volume, muted = self._want
        target = 0.0 if muted else volume
        gain, frames = self._gain, block.shape[1]
        if gain == target:
            return block if gain == 1.0 else block * np.float32(gain)
        if target > gain:
            rate = 1.0 / RETURN
        else:
            rate = gain / MUTE if muted and gain < 1.0 else 1.0 / (MUTE if muted else TURN)
        steps = min(max(math.ceil(abs(target - gain) / rate * RATE), 1), frames)
        reached = target if abs(target - gain) <= rate * frames / RATE else gain + math.copysign(
            rate * frames / RATE, target - gain)
        ramp = np.full(frames, reached, np.float32)
        ramp[:steps] = gain + (reached - gain) * np.arange(1, steps + 1, dtype=np.float32) / steps
        self._gain = reached
        return block * ramp
