"""What stands between whatever was composed and the sleeper's ear. Nothing learned can reach past
it.

In order: non-finite samples become silence, a high-pass takes out DC and what a small speaker can't
play, the A-weighted level of every 21 ms is held under the present cap, a look-ahead limiter holds
the peaks, a clamp holds what is left. Everything works on whole blocks and looks one control period
and 4 ms ahead.
"""

import math

import numpy as np

from device.sound.filters import BlockFilter, butterworth_highpass
from device.sound.glide import line
from device.sound.loudness import a_sections
from device.sound.settings import CONTROL, RATE, Settings, amplitude, decibels

HEADROOM = 6.0              # dB: how far above the scene's level a moment may rise
REST = 10.0                 # dBA: the cap after silence
QUICKEST_RISE = 12.0        # dB/s: of the cap itself, whatever scenes are asked for
RELEASE = 12.0              # dB/s: of the level cap
PEAK_RELEASE = 30.0         # dB/s: of the peak limiter, about 200 ms for the usual few dB
FLOOR = -80.0               # dB re the settling level: silence
CELL = 64                   # frames: what the peak limiter sees at once
AHEAD = 3                   # cells, 4 ms
WILD = 64.0  # no voice is ever this tall; beyond it filters would lose their precision
CEILING = amplitude(-7.5)  # dBFS: a programme stays under −6 dBTP, and whatever else comes under −1


class Safety:
    """`faults` counts blocks that weren't numbers; `power` is the A-weighted mean square of the
    last block that went out, before the monitor gain, per control period."""

    def __init__(self, settings: Settings):
        self._settings = settings
        # One filter with two outputs: what is played, and the same as the ear weighs it.
        self._filter = BlockFilter(
            [butterworth_highpass(settings.lowest, RATE), *a_sections()],
            settings.block,
            (1, 4),
            settings.channels,
        )
        self._limiter = PeakLimiter(
            min(settings.clamp * amplitude(settings.monitor), CEILING), settings.channels
        )
        self._monitor = np.float32(amplitude(settings.monitor))
        self._held = np.zeros((settings.channels, CONTROL), np.float32)
        self._held_power = 0.0
        self._needed = 0.0                      # dB: gain that the held period needs
        self._gain = 0.0                        # dB: level gain at the held period's start
        self._cap = REST                        # dBA
        self.power = np.zeros(settings.block // CONTROL)
        self.faults = 0

    def __call__(self, block: np.ndarray, level: float, waking: bool = False) -> np.ndarray:
        """(1 or 2, frames) → (2, frames), one control period and 4 ms later. For one speaker both
        channels are their mean.

        `level`: where the scene is now, dB re the settling level.
        """
        channels = self._settings.channels
        block = self._numbers(block)
        if len(block) > channels:
            block = block.mean(axis=0, keepdims=True)
        passed, weighted = self._filter(block)
        weighted = weighted.reshape(channels, len(self.power), -1)
        power = np.einsum("cki,cki->k", weighted, weighted).astype(float) / (channels * CONTROL)
        points = self._level_gains(self._wanted(power, level, waking))
        whole = np.empty((channels, CONTROL + block.shape[1]), np.float32)
        whole[:, :CONTROL] = self._held
        whole[:, CONTROL:] = passed
        self._held, out = whole[:, -CONTROL:].copy(), whole[:, :-CONTROL]
        self.power = np.concatenate([[self._held_power], power[:-1]])
        self._held_power = float(power[-1])
        gain: np.ndarray | np.floating = self._monitor
        if points.any():
            linear = 10.0 ** (points / 20.0)
            self.power *= linear[:-1] * linear[1:]
            gain = line(linear.astype(np.float32)) * gain
        out *= gain
        out = self._limiter(out)
        return out if channels == 2 else np.concatenate([out, out])

    def _level_gains(self, needed: np.ndarray) -> np.ndarray:
        """(periods + 1,) dB at the borders of the periods that go out now, from what those that
        came in need."""
        if self._gain == self._needed == 0.0 and not needed.any():
            return np.zeros(len(needed) + 1)
        needed = np.concatenate([[self._needed], needed])
        self._needed = float(needed[-1])
        # The gain at a border may not exceed what either neighbour needs; it falls at once and
        # rises slowly.
        borders = np.minimum(needed[:-1], needed[1:])
        climb = RELEASE * CONTROL / RATE * np.arange(1, len(needed))
        gains = np.minimum(np.minimum.accumulate(borders - climb) + climb, self._gain + climb)
        points = np.concatenate([[self._gain], np.minimum(gains, 0.0)])
        self._gain = float(points[-1])
        return points

    def skip(self, seconds: float, level: float, waking: bool = False) -> None:
        """Time passes unheard: the cap follows the scene, everything else falls silent."""
        self._cap = self._target(level, waking) if seconds > 10.0 else min(
            self._cap + QUICKEST_RISE * seconds, self._target(level, waking))
        self.clear()

    def clear(self) -> None:
        self._filter.reset()
        self._limiter.clear()
        self._held = np.zeros_like(self._held)
        self._held_power = self._needed = self._gain = 0.0

    def silence(self) -> None:
        """After a panic: nothing is held, and what comes next rises from silence."""
        self.clear()
        self._cap = REST

    def _target(self, level: float, waking: bool) -> float:
        ceiling = self._settings.ceiling if waking else self._settings.cap
        return min(max(self._settings.settle + level + HEADROOM, REST), ceiling)

    def _wanted(self, power: np.ndarray, level: float, waking: bool) -> np.ndarray:
        """dB of gain, never above 0, that brings each control period under the cap of its moment.
        """
        target, rise = self._target(level, waking), QUICKEST_RISE * CONTROL / RATE
        before, self._cap = self._cap, min(self._cap + rise * len(power), target)
        loudest = 10.0 * math.log10(max(float(power.max()), 1e-20)) + self._settings.calibration
        if loudest <= min(before + rise, target):
            return np.zeros(len(power))
        caps = np.minimum(before + rise * np.arange(1, len(power) + 1), target)
        loud = 10.0 * np.log10(np.maximum(power, 1e-20)) + self._settings.calibration
        return np.minimum(caps - loud, 0.0)

    def _numbers(self, block: np.ndarray) -> np.ndarray:
        if np.vdot(block, block) <= WILD:       # false for NaN, too
            return block
        if max(float(block.max()), -float(block.min())) <= WILD:
            return block
        self.faults += 1
        # 10 ms of fade up to the first bad sample, then nothing: the engine starts its voices anew.
        bad = ~(np.abs(block) <= WILD).all(axis=0)
        first = int(np.argmax(bad))
        clean = np.zeros_like(block)
        clean[:, :first] = block[:, :first]
        length = min(RATE // 100, first)
        clean[:, first - length:first] *= np.linspace(1.0, 0.0, length, dtype=np.float32)
        return clean


class PeakLimiter:
    """No sample above the ceiling, nor, to a few tenths of a dB, the wave half-way between two
    samples. The gain falls over 4 ms before a peak and rises evenly in dB after it."""

    def __init__(self, ceiling: float, channels: int = 2):
        self._ceiling = ceiling
        self._held = np.zeros((channels, AHEAD * CELL), np.float32)
        self._held_needs = np.zeros(AHEAD)
        self._last = np.zeros((channels, len(_HALFWAY) - 1), np.float32)
        self._gain = 0.0                        # dB, at the last border

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """(channels, frames) → the same shape, 4 ms later."""
        whole = np.concatenate([self._held, block], axis=1)
        out, self._held = whole[:, :-AHEAD * CELL], whole[:, -AHEAD * CELL:]
        last, self._last = self._last, block[:, 1 - len(_HALFWAY):].copy()
        top = max(float(block.max()), -float(block.min()))
        # Between samples only full scale matters; the ceiling may be far below it, for the pillow's
        # sake.
        if (
            top <= min(self._ceiling, CEILING / _OVERSHOOT)
            and self._gain == 0.0
            and not self._held_needs.any()
        ):
            return out
        cells = block.shape[1] // CELL
        between = [
            np.convolve(channel, _HALFWAY, "valid")
            for channel in np.concatenate([last, block], axis=1)
        ]
        peaks = np.maximum(np.abs(block), np.abs(between)).reshape(-1, cells, CELL).max(axis=(0, 2))
        needs = np.minimum(decibels(self._ceiling) - 20.0 * np.log10(np.maximum(peaks, 1e-10)), 0.0)
        needs = np.concatenate([self._held_needs, needs])
        # Border k is the end of out's cell k: both its neighbours' needs are met, those further on
        # by degrees.
        borders = (np.lib.stride_tricks.sliding_window_view(needs, AHEAD + 1) * _APPROACH).min(
            axis=1
        )
        climb = PEAK_RELEASE * CELL / RATE * np.arange(1, cells + 1)
        gains = np.minimum(np.minimum.accumulate(borders - climb) + climb, self._gain + climb)
        gains = np.minimum(gains, 0.0)
        points = np.concatenate([[self._gain], gains])
        self._gain, self._held_needs = float(points[-1]), needs[-AHEAD:]
        linear = (10.0 ** (points / 20.0)).astype(np.float32)
        ramp = (linear[:-1, None] + (linear[1:] - linear[:-1])[:, None] * _STEPS).ravel()
        return np.clip(out * ramp, -self._ceiling, self._ceiling)

    def clear(self) -> None:
        self._held = np.zeros_like(self._held)
        self._held_needs = np.zeros(AHEAD)
        self._last = np.zeros_like(self._last)
        self._gain = 0.0


# Half-way between samples: a sinc of eight taps under a Hann window; no block between can overshoot
# by more than 2.5.
_HALFWAY = (np.sinc(np.arange(8) - 3.5) * np.hanning(10)[1:-1]).astype(np.float32)
_OVERSHOOT = 2.5
_APPROACH = np.array([1.0, 1.0, 2 / 3, 1 / 3])
_STEPS = (np.arange(CELL, dtype=np.float32) / CELL)[None, :]
