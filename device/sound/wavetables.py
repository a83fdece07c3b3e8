"""Wave tables made by PADsynth (Nasca 2005): every harmonic is a little band of random-phase bins,
so that one table sounds like many slightly detuned oscillators. Made at a note's exact pitch, it is
read a frame at a time, without interpolation, and its end meets its beginning."""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from device.sound.loudness import a_gain
from device.sound.settings import CONTROL, RATE

FRAMES = 1 << 16            # 1.37 s
LONG_FRAMES = 1 << 17       # for the lowest notes: a low harmonic's band needs bins closer together
LOW = 48                    # MIDI: below this a table is long
OVERLAP = 4 * CONTROL       # frames repeated at the end, so that any block is one slice
LEVELLING = 0.45            # 0: equal power at all pitches, 1: equal A-weighted power


@dataclass(frozen=True, slots=True)
class Timbre:
    """What a pad is made of."""
    harmonics: tuple[float, ...]        # amplitudes from the fundamental on
    spread: float = 14.0                # cents: width of the fundamental's band
    growth: float = 0.9                 # the band of harmonic n is n ** growth as wide, in Hz
    # share of a harmonic's power in one line: bands alone beat, and the beat loops
    steady: float = 0.75
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
    Timbre(_falling(9, 1.5, even=0.25), spread=10.0),  # hollow, like a clarinet choir
    # organ-like glass
    Timbre((1.0, 0.55, 0.12, 0.3, 0.05, 0.06, 0.02, 0.1), spread=18.0, attack=3.0),
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
    frames: int
    scale: float                # × layers gives unit level
    power: float                # A-weighted mean square of the half-bright mix at unit level


def pitch_to_hz(pitch: float) -> float:
    return 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)


def make_table(timbre: Timbre, pitch: int, random: np.random.Generator) -> Table:
    """A table of `timbre` at MIDI `pitch`. int16 halves the memory and costs no time: the gather
    converts."""
    fundamental = pitch_to_hz(pitch)
    frames = LONG_FRAMES if pitch < LOW else FRAMES
    resolution = RATE / frames
    spectrum = np.zeros(frames // 2 + 1)
    for number, level in enumerate(timbre.harmonics, 1):
        centre = number * fundamental
        width = max(
            (2.0 ** (timbre.spread / 1200.0) - 1.0) * fundamental * number**timbre.growth,
            0.6 * resolution,
        )
        first = max(int((centre - 4 * width) / resolution), 1)
        last = int((centre + 4 * width) / resolution) + 2
        if last >= len(spectrum) or centre > 16_000.0:
            break
        bins = np.arange(first, last) * resolution
        profile = np.exp(-(((bins - centre) / width) ** 2))
        profile *= np.sqrt((1.0 - timbre.steady) / np.sum(profile**2))
        profile[round(centre / resolution) - first] += np.sqrt(timbre.steady)
        spectrum[first:last] += level * profile
    used = np.flatnonzero(spectrum)
    hertz = used * resolution
    phases = np.exp(2j * np.pi * random.random(len(used)))
    cutoffs = [max(ratio * fundamental, least) for ratio, least in (timbre.dark, timbre.bright)]
    shapes = [spectrum[used] / (1.0 + (hertz / cutoff) ** 2) for cutoff in cutoffs]
    mixed = (shapes[0] + shapes[1]) / 2.0
    plain, weighted = (float(np.sum((mixed * gain) ** 2)) for gain in (1.0, a_gain(hertz)))
    unit = 1.0 / np.sqrt(plain ** (1.0 - LEVELLING) * weighted**LEVELLING)
    layers, whole = np.empty((2, frames + OVERLAP), np.int16), np.zeros(frames // 2 + 1, complex)
    waves = []
    for shape in shapes:
        whole[used] = shape * phases
        waves.append(
            np.fft.irfft(whole, frames).astype(np.float32) * np.float32(frames / np.sqrt(2.0))
        )
    largest = max(float(np.abs(wave).max()) for wave in waves)
    for layer, wave in zip(layers, waves, strict=True):
        layer[:frames] = np.rint(wave * (32_000.0 / largest))
        layer[frames:] = layer[:OVERLAP]
    return Table(layers, frames, largest / 32_000.0 * unit, weighted * unit * unit)


class Tables:
    """The tables in use and a few of the last: made at need, the longest unused is dropped. As many
    as notes may sound: with four fewer REF16 costs a quarter more, for tables made again."""

    def __init__(self, seed: int, most: int = 16):
        self._seed, self._most = seed, most
        self._tables: OrderedDict[tuple[Timbre, int], Table] = OrderedDict()

    def get(self, timbre: Timbre, pitch: int) -> Table:
        key = (timbre, pitch)
        table = self._tables.pop(key, None)
        if table is None:
            # Seeded by what it is, not by when it was made: the same note has the same table all
            # night.
            table = make_table(
                timbre, pitch, np.random.default_rng([self._seed, pitch, len(timbre.harmonics)])
            )
        self._tables[key] = table
        while len(self._tables) > self._most:
            self._tables.popitem(last=False)
        return table
