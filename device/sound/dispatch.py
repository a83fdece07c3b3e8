"""Who is told what: the engine, the last fader, the guard, and the few messages that move them."""

import math
from pathlib import Path

import numpy as np

from device.sound.engine import Engine
from device.sound.fader import Fader
from device.sound.guard import Guard
from device.sound.settings import RATE, Settings
from device.values import Asleep, Panic, Phrase, Scene, Volume
from device.wire import Message


class Console:
    """What both ways of running share."""

    def __init__(self, settings: Settings, kept: Path | None = None):
        """`kept`: where the guard keeps what it was told."""
        self.settings = settings
        self.engine = Engine(settings)
        self.fader, self.guard = Fader(), Guard(settings, kept)
        self._volume = Volume(1.0)
        self._cut = False       # a panic holds the fader down
        self._back = False      # a scene has come since

    def take(self, message: Message, origin: float | None) -> None:
        """`origin`: the time of frame 0, if it is known."""
        match message:
            case Scene():
                self._back = self._cut
                self.engine.scene(message)
            case Phrase():
                start = self.engine.frame
                if message.start is not None and origin is not None:
                    start = round((message.start - origin) * RATE)
                self.engine.phrase(message, start)
            case Volume():
                self._volume = message
                if not self._cut:
                    self.fader.set(message)
            case Asleep(maybe):
                self.guard.tell(maybe)
            case Panic():
                self._cut, self._back = True, False
                self.fader.cut()
                self.engine.panic()

    def leave(
        self, chunk: np.ndarray, power: float, meant: float, waking: bool
    ) -> tuple[np.ndarray, float]:
        """(2, n) → the same as it leaves, and at most that much A-weighted mean square."""
        gain, held = self.fader.gain, self.guard.gain
        chunk = self.guard(self.fader(chunk), power, meant, self.fader.gain, waking)
        most = max(gain, self.fader.gain) * max(held, self.guard.gain)
        return chunk, power * most * most

    def restore(self) -> None:
        """The old sound is gone: a scene that came after a panic may be heard."""
        if self._back:
            self._cut = self._back = False
            self.fader.set(self._volume)


def level_of(mean_square: float, settings: Settings) -> float:
    """dBA at the pillow."""
    return (
        max(10.0 * math.log10(mean_square) + settings.calibration, -100.0)
        if mean_square > 1e-20
        else -100.0
    )


def dose_of(energy: float, settings: Settings) -> float:
    """Pressure-squared hours re 0 dBA."""
    return energy * 10.0 ** (settings.calibration / 10.0) / 3600.0
