"""The last gain, behind the ring of rendered blocks, so that a press is heard at once: volume, mute
and panic."""

import math

import numpy as np

from device.sound.settings import RATE, amplitude
from device.values import Volume

MUTE = 0.06                 # s to silence, for a mute or a panic
TURN = 0.5                  # s for the whole way of the knob
RETURN = 2.0                # s from silence to full: never a jump back in
QUIETEST = -40.0            # dB at volume 0


class Fader:
    """One gain; a straight line to where it should be. What it should be is one tuple, replaced
    whole."""

    def __init__(self, volume: Volume | None = None):
        self._gain = self._from = 0.0
        self._want = self._seen = (0.0, False)
        self.set(volume or Volume(1.0))

    def set(self, volume: Volume) -> None:
        self._want = (amplitude(QUIETEST * (1.0 - volume.volume)), volume.muted)

    def cut(self) -> None:
        """Down, as for a mute, whatever the volume; until it is set again."""
        self._want = (self._want[0], True)

    @property
    def silent(self) -> bool:
        return self._gain == 0.0

    @property
    def gain(self) -> float:
        return self._gain

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """(2, n) → (2, n)."""
        want = self._want
        if want != self._seen:
            self._seen, self._from = want, self._gain
        volume, muted = want
        target = 0.0 if muted else volume
        gain, frames = self._gain, block.shape[1]
        if gain == target:
            return block if gain == 1.0 else block * np.float32(gain)
        if target > gain:
            step = 1.0 / (RETURN * RATE)
        elif muted:
            step = self._from / (MUTE * RATE)       # all the way in that time
        else:
            step = 1.0 / (TURN * RATE)
        ramp = gain + math.copysign(step, target - gain) * np.arange(1, frames + 1)
        ramp = np.minimum(ramp, target) if target > gain else np.maximum(ramp, target)
        self._gain = float(ramp[-1])
        return block * ramp.astype(np.float32)
