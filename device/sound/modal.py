"""Bells and the felt piano: struck tones as sums of decaying partials (modal synthesis).

A partial is a complex number that turns and shrinks, c·zⁿ. For a note, zⁿ over one control period
is a small matrix, made once; each period then is one matrix product of the partials' present c with
it.
"""

import math

import numpy as np

from device.sound.loudness import a_gain
from device.sound.pads import PERIOD_RATE
from device.sound.settings import CONTROL, RATE
from device.sound.wavetables import LEVELLING, pitch_to_hz

ATTACK = 2                  # control periods, 43 ms: felt, not hammer
DAMPING = 0.9               # s: a damper falls on the string when the key is let go
INAUDIBLE = 1e-5            # −100 dB re the note's start
_UP = (np.arange(CONTROL, dtype=np.float32) / CONTROL)[None, None, :]
_FRAMES = np.arange(CONTROL)


def bell(pitch: int, brightness: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A soft bar, struck with yarn: partials 1 : 4 : 9.2 of a tuned vibraphone bar (Fletcher &
    Rossing 1998), the first two as slightly detuned pairs. Returns frequencies (Hz), amplitudes,
    decay times to −60 dB (s)."""
    f = pitch_to_hz(pitch)
    length = 7.0 * (440.0 / f) ** 0.4
    ratios = np.array([1.0, 1.0 + 0.35 / f, 4.0, 4.0 + 0.9 / f, 9.2])
    levels = np.array(
        [0.7, 0.5, 0.06 + 0.10 * brightness, 0.04 + 0.06 * brightness, 0.03 * brightness]
    )
    return f * ratios, levels, length * np.array([1.0, 0.8, 0.35, 0.3, 0.1])


def piano(pitch: int, brightness: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A felted string: stiff (B = 3e-4), each partial with a quick and a slow decay (Weinreich
    1977), and two short low modes for the thump of the key."""
    f = pitch_to_hz(pitch)
    n = np.arange(1, 10)
    frequencies = n * f * np.sqrt(1.0 + 3e-4 * n * n)
    levels = n**-1.1 * np.exp(-frequencies / (500.0 + 1500.0 * brightness))
    quick = 3.2 * (220.0 / f) ** 0.5 / n**0.5
    slow = 12.0 * (220.0 / f) ** 0.6 / n**0.6
    thump = levels.sum() * np.array([0.08, 0.05])
    return (
        np.concatenate([frequencies, frequencies + 0.25 + 0.05 * n, [95.0, 167.0]]),
        np.concatenate([levels, 0.35 * levels, thump]),
        np.concatenate([quick, slow, [0.18, 0.12]]),
    )


MODES = {"bell": bell, "piano": piano}


class Struck:
    """One sounding note."""

    def __init__(self, voice: str, pitch: int, start: int, duration: float, gain: float, pan: float,
                 brightness: float, random: np.random.Generator):
        frequencies, levels, decays = MODES[voice](pitch, brightness)
        keep = frequencies < 0.4 * RATE
        frequencies, levels, decays = frequencies[keep], levels[keep], decays[keep]
        plain, weighted = (
            float(np.sum((levels * a) ** 2)) / 2.0 for a in (1.0, a_gain(frequencies))
        )
        unit = 1.0 / math.sqrt(plain ** (1.0 - LEVELLING) * weighted**LEVELLING)
        exponent = 2j * np.pi * frequencies / RATE - math.log(1000.0) / (decays * RATE)
        turns = np.exp(exponent[:, None] * _FRAMES)
        # (2 partials, CONTROL)
        self._turns = np.concatenate([turns.real, turns.imag]).astype(np.float32)
        self._exponent = exponent * CONTROL
        self._state = levels * unit * np.exp(2j * np.pi * random.random(len(levels)))
        self._first = math.sqrt(float(np.sum(np.abs(self._state) ** 2)))
        self._power = weighted * unit * unit
        self._start = start
        self._release = start + max(duration, 0.2) * PERIOD_RATE if voice == "piano" else math.inf
        angle = (min(max(pan, -1.0), 1.0) + 1.0) * math.pi / 4
        self._sides = gain * math.sqrt(2.0) * np.array([math.cos(angle), math.sin(angle)])
        self._gain = gain

    def power(self, now: int) -> float:
        left = float(np.sum(np.abs(self._states(now, 1)) ** 2)) / self._first**2
        return self._power * self._gain**2 * left * float(self._envelope(np.array([now]))[0]) ** 2

    def add(self, out: np.ndarray, now: int) -> None:
        periods = out.shape[1] // CONTROL
        states = self._states(now, periods)
        parts = np.concatenate([states.real, -states.imag], axis=1)         # (periods, 2 partials)
        gains = self._envelope(np.arange(now, now + periods + 1))
        # (2, periods, 2 partials)
        gains = np.stack([gains[:-1], gains[1:] - gains[:-1]])[:, :, None] * parts
        waves = (gains.reshape(2 * periods, -1).astype(np.float32) @ self._turns).reshape(
            2, periods, CONTROL
        )
        wave = (waves[0] + waves[1] * _UP[0]).ravel()
        out[0] += wave * np.float32(self._sides[0])
        out[1] += wave * np.float32(self._sides[1])

    def over(self, now: int) -> bool:
        return (now > self._release + DAMPING * PERIOD_RATE
                or float(np.max(np.abs(self._states(now, 1)))) < INAUDIBLE * self._first)

    def _states(self, now: int, periods: int) -> np.ndarray:
        """(periods, partials): each partial at the start of each control period; waiting until the
        note starts."""
        ages = np.maximum(np.arange(now, now + periods) - self._start, 0)
        return self._state * np.exp(self._exponent * ages[:, None])

    def _envelope(self, times: np.ndarray) -> np.ndarray:
        rise = np.clip((times - self._start) / ATTACK, 0.0, 1.0)
        fall = 1.0 - np.clip((times - self._release) / (DAMPING * PERIOD_RATE), 0.0, 1.0)
        return np.sin(rise * (math.pi / 2)) ** 2 * fall * fall


class StruckNotes:
    """All bells and piano notes that sound."""

    def __init__(self, most: int = 16):
        self._most = most
        self._notes: list[Struck] = []

    def __len__(self) -> int:
        return len(self._notes)

    def play(self, note: Struck) -> bool:
        """False: all voices are busy, and the note is let go."""
        if len(self._notes) >= self._most:
            return False
        self._notes.append(note)
        return True

    def power(self, now: int) -> float:
        return sum(note.power(now) for note in self._notes)

    def add(self, out: np.ndarray, now: int) -> None:
        periods = out.shape[1] // CONTROL
        for note in self._notes:
            note.add(out, now)
        self._notes = [note for note in self._notes if not note.over(now + periods)]

    def skip(self, now: int) -> None:
        """Time has passed unheard until `now`."""
        self._notes = [note for note in self._notes if not note.over(now)]

    def clear(self) -> None:
        self._notes = []
