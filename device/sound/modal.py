"""Bells and the felt piano: struck tones as sums of decaying partials (modal synthesis).

A partial is a complex number that turns and shrinks, c·zⁿ. For a note, zⁿ over one control period
is a small matrix, made once; each period then is one matrix product of the partials' present c with
it.
"""

import math

import numpy as np

from device.sound.loudness import Ear
from device.sound.pads import PERIOD_RATE
from device.sound.settings import MUSIC_RATE, PERIOD
from device.sound.wavetables import HIGHEST, LEVELLING, pitch_to_hz

ATTACK = 2                  # control periods, 43 ms: felt, not steel
DAMPING = 0.9               # s: a damper falls on the string when the key is let go
INAUDIBLE = 1e-5            # −100 dB re the note's start
_UP = np.arange(PERIOD, dtype=np.float32) / PERIOD
_FRAMES = np.arange(PERIOD)

# frequencies (Hz), complex amplitudes, decay times to −60 dB (s)
Modes = tuple[np.ndarray, np.ndarray, np.ndarray]


def bell(pitch: int, brightness: float, random: np.random.Generator) -> Modes:
    """A soft bar, struck with yarn: partials 1 : 4 : 9.2 of a tuned vibraphone bar (Fletcher &
    Rossing 1998), the first two as slightly detuned pairs that start together, so that it is
    loudest when it is struck; and its first moment, before the bar's own sound has taken over."""
    f = pitch_to_hz(pitch)
    length = 7.0 * (440.0 / f) ** 0.4
    ratios = np.array([1.0, 1.0 + 0.35 / f, 1.0, 4.0, 4.0 + 0.9 / f, 9.2])
    levels = np.array(
        [0.4, 0.15, 0.7, 0.06 + 0.10 * brightness, 0.04 + 0.06 * brightness, 0.03 * brightness]
    )
    phases = np.exp(2j * np.pi * random.random(3))[[0, 0, 0, 1, 1, 2]]
    return f * ratios, levels * phases, length * np.array([1.0, 0.8, 0.09, 0.35, 0.3, 0.1])


def inharmonicity(pitch: int) -> float:
    """B of a string's partials, n f √(1 + B n²): stiffer the shorter it is, and again in the wound
    bass. The shape is Rigaud, David & Daudet's (2013), through a grand's C3 and C5."""
    return math.exp(0.1075 * pitch - 14.74) + math.exp(-0.085 * pitch - 7.6)


def piano(pitch: int, brightness: float, random: np.random.Generator) -> Modes:
    """A felted string: stiff, each partial with a quick and a slow decay (Weinreich 1977); and the
    knock of the hammer and the key in the soundboard: a few short modes, never the same."""
    f = pitch_to_hz(pitch)
    n = np.arange(1, 10)
    frequencies = n * f * np.sqrt(1.0 + inharmonicity(pitch) * n * n)
    levels = n**-1.1 * np.exp(-frequencies / (500.0 + 1500.0 * brightness))
    quick = 2.0 * (220.0 / f) ** 0.5 / n**0.5
    slow = 12.0 * (220.0 / f) ** 0.6 / n**0.6
    phases = np.exp(2j * np.pi * random.random(len(n)))
    board = KNOCK[0] * (KNOCK[1] / KNOCK[0]) ** ((np.arange(BOARD) + random.random(BOARD)) / BOARD)
    knock = KNOCK_LEVEL * math.sqrt(float(np.sum(levels**2)) / BOARD)
    return (
        np.concatenate([frequencies, frequencies * 1.0002, board]),
        np.concatenate([levels * phases, 0.25 * levels * phases,
                        knock * np.exp(2j * np.pi * random.random(BOARD))]),
        np.concatenate([quick, slow, 0.22 * (KNOCK[0] / board) ** 0.4]),
    )


KNOCK, BOARD = (90.0, 1800.0), 12   # Hz, and how many modes of the soundboard there are between
KNOCK_LEVEL = 3.0           # re the string
MODES = {"bell": bell, "piano": piano}


class Struck:
    """One sounding note, in as many channels as `sides` has gains."""

    def __init__(self, voice: str, pitch: int, start: int, duration: float, brightness: float,
                 sides: np.ndarray, ear: Ear, random: np.random.Generator):
        frequencies, levels, decays = MODES[voice](pitch, brightness, random)
        keep = frequencies < HIGHEST
        frequencies, levels, decays = frequencies[keep], levels[keep], decays[keep]
        lasting = decays > 0.05 * decays.max()
        heard = ear.gain(frequencies)
        plain, weighted = (
            float(np.sum(np.abs(levels * gain)[lasting] ** 2)) / 2.0 for gain in (1.0, heard)
        )
        unit = 1.0 / math.sqrt(plain ** (1.0 - LEVELLING) * weighted**LEVELLING)
        self._exponent = 2j * np.pi * frequencies / MUSIC_RATE - math.log(1000.0) / (
            decays * MUSIC_RATE
        )
        self._ear = heard * heard / 2.0 * ear.room(frequencies)[1]
        self._state = levels * unit
        self._first = math.sqrt(float(np.sum(np.abs(self._state) ** 2)))
        self._turn()
        self._start = start
        self._release = start + max(duration, 0.2) * PERIOD_RATE if voice == "piano" else math.inf
        self._sides = sides.astype(np.float32)[:, None]
        self._gain = float(np.mean(sides**2))

    def power(self, now: int) -> float:
        """Expected heard mean square at control period `now`."""
        left = float(np.sum(np.abs(self._states(now, 1)) ** 2 * self._ear))
        return left * self._gain * float(self._envelope(np.array([now]))[0]) ** 2

    def add(self, out: np.ndarray, now: int) -> None:
        periods = out.shape[1] // PERIOD
        states = self._states(now, periods)
        parts = np.concatenate([states.real, -states.imag], axis=1)         # (periods, 2 partials)
        gains = self._envelope(np.arange(now, now + periods + 1))
        moving = gains[1:] - gains[:-1]
        if moving.any():
            gains = (np.stack([gains[:-1], moving])[:, :, None] * parts).reshape(2 * periods, -1)
            waves = (gains.astype(np.float32) @ self._turns).reshape(2, periods, PERIOD)
            wave = (waves[0] + waves[1] * _UP).ravel()
        else:
            wave = ((gains[0] * parts).astype(np.float32) @ self._turns).ravel()
        out += wave * self._sides

    def over(self, now: int) -> bool:
        """Whether nothing of it is left. Partials that are over are let go."""
        if now > self._release + DAMPING * PERIOD_RATE:
            return True
        left = np.abs(self._states(now, 1)[0]) > INAUDIBLE * self._first
        count = int(np.count_nonzero(left))
        if count < 0.75 * len(left):
            self._exponent, self._state = self._exponent[left], self._state[left]
            self._ear = self._ear[left]
            if count:
                self._turn()
        return count == 0

    def _turn(self) -> None:
        turns = np.exp(self._exponent[:, None] * _FRAMES)
        # (2 partials, PERIOD)
        self._turns = np.concatenate([turns.real, turns.imag]).astype(np.float32)

    def _states(self, now: int, periods: int) -> np.ndarray:
        """(periods, partials): each partial at the start of each control period; waiting until the
        note starts."""
        ages = np.maximum(np.arange(now, now + periods) - self._start, 0)
        return self._state * np.exp(self._exponent * PERIOD * ages[:, None])

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
        periods = out.shape[1] // PERIOD
        for note in self._notes:
            note.add(out, now)
        self._notes = [note for note in self._notes if not note.over(now + periods)]

    def skip(self, now: int) -> None:
        """Time has passed unheard until `now`."""
        self._notes = [note for note in self._notes if not note.over(now)]

    def clear(self) -> None:
        self._notes = []
