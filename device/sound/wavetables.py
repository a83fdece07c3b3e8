"""Wave tables made by PADsynth (Nasca 2005): every harmonic is a little band of random-phase bins,
so that one table sounds like many slightly detuned oscillators. Made at a note's exact pitch, it is
read a frame at a time, without interpolation, and its end meets its beginning.

The lines in the middle of the bands are harmonics, so a table can also be left for another place of
itself, whole periods away, and nothing is heard but other random phases (`pads.py`)."""

import math
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from device.sound.loudness import Ear
from device.sound.settings import MUSIC_RATE, PERIOD, SPEAKERS

SECONDS = 2.7               # of a table
LONG_SECONDS = 5.4          # of the lowest notes': a low harmonic's band needs bins closer together
LOW = 48                    # MIDI: below this a table is long
OVERLAP = 4 * PERIOD        # frames repeated at the end, so that any block is one slice
EVENED = 9                  # × PERIOD, 0.2 s: slower beats are taken out of a table's level
HIGHEST = 0.4 * MUSIC_RATE  # Hz
LEVELLING = 0.45            # 0: equal power at all pitches, 1: equal A-weighted power


@dataclass(frozen=True, slots=True)
class Timbre:
    """What a pad is made of."""
    harmonics: tuple[float, ...]        # amplitudes from the fundamental on
    spread: float = 24.0                # cents: width of the fundamental's band
    growth: float = 0.9                 # the band of harmonic n is n ** growth as wide, in Hz
    # share of a harmonic's power in one line: bands alone beat, and the beat loops
    steady: float = 0.96
    dark: tuple[float, float] = (1.5, 260.0)  # low-pass of the dark layer: × pitch, but at least Hz
    bright: tuple[float, float] = (4.0, 1500.0)   # and of the bright one
    attack: float = 2.5                 # s
    decay: float = 2.0                  # s
    sustain: float = 0.75
    release: float = 5.0                # s
    inhaled: float = 0.0  # share of a note that it rises for, to fall for the rest; 0: as above


def _falling(count: int, power: float, even: float = 1.0) -> tuple[float, ...]:
    return tuple((even if n % 2 == 0 else 1.0) / n**power for n in range(1, count + 1))


PADS = (
    Timbre(_falling(12, 1.3)),                                          # warm strings
    Timbre(_falling(9, 1.5, even=0.25), spread=17.0),  # hollow, like a clarinet choir
    # organ-like glass
    Timbre((1.0, 0.55, 0.12, 0.3, 0.05, 0.06, 0.02, 0.1), spread=30.0, attack=3.0),
)
DRONE = Timbre(
    (1.0, 0.6, 0.45, 0.2, 0.12, 0.1, 0.05, 0.05),
    spread=9.0,
    dark=(2.0, 180.0),
    bright=(5.0, 700.0),
    attack=6.0,
    decay=1.0,
    sustain=1.0,
    release=8.0,
)
SWELL = Timbre((1.0, 0.3, 0.22, 0.08, 0.05, 0.03), steady=0.9, inhaled=0.4)


@dataclass(frozen=True, slots=True)
class Table:
    # (2, frames + OVERLAP) int16: dark, bright; the same phases, so they cross-fade
    layers: np.ndarray
    frames: int                 # a multiple of PERIOD
    periods: int                # of the fundamental in it
    scale: float                # × layers gives unit level
    power: float                # heard mean square at unit level, with the room


def pitch_to_hz(pitch: float) -> float:
    return 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)


def fitted(hertz: float, seconds: float) -> tuple[int, int]:
    """Frames, a multiple of PERIOD, and how many periods of `hertz` they hold: near `seconds`, and
    as nearly whole as can be, within a third of a cent."""
    blocks = round(seconds * MUSIC_RATE / PERIOD) - np.arange(24)
    periods = np.round(blocks * PERIOD / MUSIC_RATE * hertz)
    best = int(np.argmin(np.abs(periods / (blocks * PERIOD / MUSIC_RATE * hertz) - 1.0)))
    return int(blocks[best]) * PERIOD, int(periods[best])


def make_table(timbre: Timbre, pitch: int, ear: Ear, random: np.random.Generator) -> Table:
    """A table of `timbre` at MIDI `pitch`. int16 halves the memory and costs no time: the gather
    converts."""
    frames, periods = fitted(pitch_to_hz(pitch), LONG_SECONDS if pitch < LOW else SECONDS)
    resolution = MUSIC_RATE / frames
    fundamental = periods * resolution
    spectrum = np.zeros(frames // 2 + 1)
    levels = lifted(timbre.harmonics, fundamental, SPEAKERS[ear.settings.speaker].bass)
    for number, level in enumerate(levels, 1):
        centre = number * fundamental
        width = max(
            (2.0 ** (timbre.spread / 1200.0) - 1.0) * fundamental * number**timbre.growth,
            0.6 * resolution,
        )
        first = max(int((centre - 4 * width) / resolution), 1)
        last = int((centre + 4 * width) / resolution) + 2
        if last >= len(spectrum) or centre > HIGHEST:
            break
        bins = np.arange(first, last) * resolution
        profile = np.exp(-(((bins - centre) / width) ** 2))
        profile[number * periods - first] = 0.0
        profile *= np.sqrt((1.0 - timbre.steady) / np.sum(profile**2))
        profile[number * periods - first] = np.sqrt(timbre.steady)
        spectrum[first:last] += level * profile
    used = np.flatnonzero(spectrum)
    hertz = used * resolution
    phases = np.exp(2j * np.pi * random.random(len(used)))
    heard = ear.gain(hertz)
    layers, whole = np.empty((2, frames + OVERLAP), np.int16), np.zeros(frames // 2 + 1, complex)
    waves, powers = [], []
    lines = np.arange(1, len(levels) + 1) * fundamental
    roomed = np.array(levels) * ear.gain(lines) * np.sqrt(ear.room(lines)[0])
    for ratio, least in (timbre.dark, timbre.bright):
        cutoff = max(ratio * fundamental, least)
        shape = spectrum[used] / (1.0 + (hertz / cutoff) ** 2)
        plain, weighted = (float(np.sum((shape * gain) ** 2)) for gain in (1.0, heard))
        unit = (plain ** (1.0 - LEVELLING) * weighted**LEVELLING) ** -0.5
        whole[used] = shape * phases * unit
        waves.append(np.fft.irfft(whole, frames).astype(np.float32) * (frames / math.sqrt(2.0)))
        powers.append(float(np.sum((roomed / (1.0 + (lines / cutoff) ** 2) * unit) ** 2)))
    even = evened(waves[0] + waves[1])
    waves = [wave * even for wave in waves]
    largest = max(float(np.abs(wave).max()) for wave in waves)
    for layer, wave in zip(layers, waves, strict=True):
        layer[:frames] = np.rint(wave * (32_000.0 / largest))
        layer[frames:] = layer[:OVERLAP]
    return Table(layers, frames, periods, largest / 32_000.0, sum(powers) / 2.0)


def lifted(levels: tuple[float, ...], fundamental: float, bass: float) -> tuple[float, ...]:
    """Amplitudes of the harmonics, where the power of those below `bass` Hz is given to the next
    four above it."""
    lost = sum(level * level for number, level in enumerate(levels, 1)
               if number * fundamental < bass)
    if not lost:
        return levels
    first = int(np.ceil(bass / fundamental))
    kept = np.zeros(max(len(levels), first + 3))
    kept[first - 1:len(levels)] = levels[first - 1:]
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    kept[first - 1:first + 3] = np.sqrt(kept[first - 1:first + 3] ** 2 + lost * shares)
    return tuple(kept.tolist())


def evened(wave: np.ndarray) -> np.ndarray:
    """(frames,) float32 gain that takes the beats out of a table's level, as it is every 21 ms, and
    leaves those of single harmonics: what breathes, breathes in colour."""
    power = (wave.reshape(-1, PERIOD) ** 2).mean(axis=1)
    weights = np.hanning(EVENED + 2)[1:-1]
    around = np.concatenate([power[-EVENED:], power, power[:EVENED]])
    smooth = np.convolve(around, weights / weights.sum(), "same")[EVENED:-EVENED]
    gain = np.clip(np.sqrt(power.mean() / np.maximum(smooth, 1e-9)), 0.4, 2.5)
    middles = (np.arange(-1, len(gain) + 1) + 0.5) * PERIOD
    around = np.concatenate([gain[-1:], gain, gain[:1]])
    return np.interp(np.arange(len(wave)), middles, around).astype(np.float32)


class Tables:
    """The tables in use and a few of the last: made at need, the longest unused is dropped. As many
    as notes may sound: with four fewer REF16 costs a quarter more, for tables made again."""

    def __init__(self, ear: Ear, most: int = 16):
        self._ear, self._most = ear, most
        self._tables: OrderedDict[tuple[Timbre, int], Table] = OrderedDict()

    def get(self, timbre: Timbre, pitch: int) -> Table:
        key = (timbre, pitch)
        table = self._tables.pop(key, None)
        if table is None:
            # Seeded by what it is, not by when it was made: the same note has the same table all
            # night.
            seed = [self._ear.settings.seed, pitch, len(timbre.harmonics)]
            table = make_table(timbre, pitch, self._ear, np.random.default_rng(seed))
        self._tables[key] = table
        while len(self._tables) > self._most:
            self._tables.popitem(last=False)
        return table
