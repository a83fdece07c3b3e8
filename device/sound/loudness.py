"""How loud it is to the sleeper's ear: A-weighting (IEC 61672-1), as a curve and as a filter."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from device.sound.filters import Section, butterworth_highpass, response
from device.sound.settings import RATE, Settings

# Poles of the A curve in Hz (IEC 61672-1, annex E): two at the first and the last, one at each of
# the others.
POLES = (20.598997, 107.65265, 737.86223, 12194.217)


def a_gain(frequencies: np.ndarray) -> np.ndarray:
    """Linear gain of the A curve at `frequencies` (Hz), 1 at 1 kHz."""
    return _a_curve(np.asarray(frequencies, float)) / _a_curve(np.array(1000.0))


Room = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class Ear:
    """What is heard of a tone. `room` tells the power of a tone with its room, re the tone alone:
    of one that lasts, and of one that soon fades."""
    settings: Settings
    room: Room

    def gain(self, frequencies: np.ndarray) -> np.ndarray:
        """Linear, without the room: the A curve, behind the speaker's high-pass."""
        return a_gain(frequencies) * passed(frequencies, self.settings.lowest)


def passed(frequencies: np.ndarray, lowest: float) -> np.ndarray:
    """Linear gain at `frequencies` (Hz) of a speaker's high-pass at `lowest`."""
    return np.abs(response([butterworth_highpass(lowest, RATE)], frequencies, RATE))


def _a_curve(f: np.ndarray) -> np.ndarray:
    squared = f * f
    low, second, third, high = (pole * pole for pole in POLES)
    return (
        squared
        * squared
        / ((squared + low) * np.sqrt((squared + second) * (squared + third)) * (squared + high))
    )


def a_sections() -> list[Section]:
    """A-weighting at 48 kHz. The low poles are bilinear; the two at 12.2 kHz, which the bilinear
    transform would bend by 5 dB at 16 kHz, are poles and zeros fitted to the curve up to 20 kHz:
    within 0.05 dB of it from 10 Hz on."""
    low, second, third = (_bilinear_pole(pole) for pole in POLES[:3])
    sections = [_highpass_pair(low, low), _highpass_pair(second, third)]
    p1, p2, z1, z2 = 0.3379272874777635, 0.5029215546435288, -0.3726814836799847, 0.5206605558045978
    sections.append((1.0, -(z1 + z2), z1 * z2, -(p1 + p2), p1 * p2))
    scale = 1.0 / abs(response(sections, np.array([1000.0]), RATE)[0])
    b0, b1, b2, a1, a2 = sections[-1]
    sections[-1] = (b0 * scale, b1 * scale, b2 * scale, a1, a2)
    return sections


def _bilinear_pole(frequency: float) -> float:
    w = 2.0 * np.pi * frequency
    return (2.0 * RATE - w) / (2.0 * RATE + w)


def _highpass_pair(p1: float, p2: float) -> Section:
    return (1.0, -2.0, 1.0, -(p1 + p2), p1 * p2)
