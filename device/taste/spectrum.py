"""Sound → pitches and bands over time: what every measure of a piece is made from.

A frame's spectrum is explained as a sum of harmonic tones, one a semitone, and of broad noises, by
non-negative matrix factorisation with fixed templates (Lee & Seung 2001; Smaragdis & Brown 2003).
So rain, which is under many a calm piece, falls to the noises and leaves the tones alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

RATE = 22050                # Hz: of all sound here
LONG, HOP = 8192, 4410      # samples: a frame for pitches, five a second
SHORT, STEP = 1024, 441     # samples: a frame for onsets, fifty a second
FRAMES = RATE / HOP         # a second
STEPS = RATE / STEP         # a second
LOW, HIGH = 28, 98          # MIDI: the tones that are told apart
FINE = 3                    # bins a semitone
BINS = np.arange(LOW - 1, 121, 1 / FINE)        # MIDI
NOISES = np.arange(30, 124, 12.0)               # MIDI: centres of the broad noises
BROAD = 8.0                 # semitones: their width
HARMONICS = 10
AROUND = 9              # bins to either side whose median is the noise under a bin
OVER = 2.0              # times that median: what is higher is a tone's
DECAY = 1.1                 # a harmonic is as strong as its number to the minus this
ROUNDS = 25
CLEAR = 0.5                 # of a frame's highest peak: what is higher is no noise's
STEADY, KEPT = 0.3, 600     # share of the time in which a line is noise, by so many frames
COARSE = np.geomspace(30.0, RATE / 2, 60)       # Hz: edges within which noise is even
BANDS = 36                  # of an onset frame, evenly spaced in pitch
CHUNK = 200                 # frames at a time, lest a long piece fill the memory


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Of one piece."""
    tones: np.ndarray       # (n, HIGH − LOW + 1) amplitude of each semitone, FRAMES a second
    noises: np.ndarray      # (n, len(NOISES)) amplitude of each broad noise
    bands: np.ndarray       # (m, BANDS) amplitude, STEPS a second
    under: np.ndarray       # (n, 2) power of the noise under the tones, and of everything
    bins: np.ndarray        # (n, len(BINS)) amplitude of everything
    power: np.ndarray       # (LONG // 2 + 1,) mean of the music, without the steady noise under it
    tuning: float           # semitones above A = 440 Hz, −0.5..0.5
    scale: float            # 0..1: how far the tones lie on semitones of that tuning


def hertz(midi: np.ndarray | float) -> np.ndarray:
    return 440.0 * 2.0 ** ((np.asarray(midi) - 69) / 12)


def spectrum(sound: np.ndarray) -> Spectrum:
    """`sound` (n,) at RATE, at least a second of it."""
    bands = np.concatenate([frames @ band_table() for frames in magnitudes(sound, SHORT, STEP)])
    few, many = (np.concatenate([offsets(frames) for frames in magnitudes(sound, LONG, hop)])
                 for hop in (8 * HOP, 2 * HOP))
    tuning, _ = tuning_of(few)
    _, scale = tuning_of(many[many[:, 2] > CLEAR])
    table, templates = bin_table(tuning), tone_table()
    parts, bins, total, kept = [], [], np.zeros(LONG // 2 + 1), []
    every = max(1, len(sound) // HOP // KEPT)
    for frames in magnitudes(sound, LONG, HOP):
        bins.append(frames @ table)
        parts.append(split(bins[-1], templates))
        total += (frames ** 2).sum(0, dtype=float)
        kept.append(frames[::every])
    whole, under = (np.concatenate(each) for each in zip(*parts, strict=True))
    power = np.maximum(total / len(whole) - steady(np.concatenate(kept)), 0)
    tones = HIGH - LOW + 1
    return Spectrum(whole[:, :tones], whole[:, tones:], bands, under, np.concatenate(bins), power,
                    tuning, scale)


def steady(frames: np.ndarray) -> np.ndarray:
    """(lines,): mean power of the noise that is always there, of (n, lines) amplitudes: what a line
    stays under for a share of the time (Martin 2001), if its power is exponential as noise's is."""
    still = np.quantile(frames, STEADY, axis=0) ** 2 / -np.log1p(-STEADY)
    lines = np.fft.rfftfreq(LONG, 1 / RATE)
    where = np.digitize(lines, COARSE)
    places = np.unique(where)
    return np.interp(lines, [lines[where == place].mean() for place in places],
                     [np.median(still[where == place]) for place in places])


def magnitudes(sound: np.ndarray, size: int, hop: int) -> Iterator[np.ndarray]:
    """Chunks (≤ CHUNK, size // 2 + 1) of the spectrum's amplitudes, frame by frame."""
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    window *= 2 / window.sum()
    padded = np.pad(sound.astype(np.float32), (size // 2, size // 2))
    count = max(1, 1 + (len(padded) - size) // hop)
    views = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:count]
    for start in range(0, count, CHUNK):
        yield np.abs(np.fft.rfft(views[start:start + CHUNK] * window, axis=1)).astype(np.float32)


@cache
def band_table() -> np.ndarray:
    """(SHORT // 2 + 1, BANDS): triangles of equal height."""
    edges = hertz(np.linspace(36, 120, BANDS + 2))
    lines = np.fft.rfftfreq(SHORT, 1 / RATE)[:, None]
    up = (lines - edges[:-2]) / (edges[1:-1] - edges[:-2])
    down = (edges[2:] - lines) / (edges[2:] - edges[1:-1])
    table = np.maximum(np.minimum(up, down), 0)
    for band in np.flatnonzero(table.sum(0) < 0.5):         # narrower than a line
        table[np.argmin(np.abs(lines[:, 0] - edges[band + 1])), band] = 1
    return table.astype(np.float32)


def bin_table(tuning: float) -> np.ndarray:
    """(LONG // 2 + 1, len(BINS)): each bin takes its share of the lines around it."""
    lines = np.fft.rfftfreq(LONG, 1 / RATE)
    place = 69 + 12 * np.log2(np.maximum(lines, 1) / 440) - tuning
    wide = np.maximum(0.5 / FINE, 12 / np.log(2) * (RATE / LONG) / np.maximum(lines, 1) / 2)
    table = np.exp(-0.5 * ((BINS - place[:, None]) / wide[:, None]) ** 2)
    return (table / np.maximum(table.sum(0), 1e-9)).astype(np.float32)


@cache
def tone_table() -> np.ndarray:
    """(len(BINS), tones + noises), each column summing to 1."""
    columns = []
    for tone in range(LOW, HIGH + 1):
        number = np.arange(1, HARMONICS + 1)
        places = tone + 12 * np.log2(number)
        # a line of the window is two bins of the transform wide, so that low tones are blurred
        wide = np.maximum(0.35, 12 / np.log(2) * (RATE / LONG) / hertz(places))
        shape = np.exp(-0.5 * ((BINS[:, None] - places) / wide) ** 2)
        columns.append(shape @ number ** -DECAY)
    columns += [np.exp(-0.5 * ((BINS - centre) / BROAD) ** 2) for centre in NOISES]
    table = np.array(columns).T
    return (table / table.sum(0)).astype(np.float32)


def split(seen: np.ndarray, templates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, tones + noises): what stands above the noise around it, as tones, and the rest; (n, 2)
    the power of the noise and of everything."""
    padded = np.pad(seen, ((0, 0), (AROUND, AROUND)), mode="edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1, axis=1)
    middle = np.median(views, axis=2)
    power = np.column_stack([(np.minimum(middle, seen) ** 2).sum(1), (seen ** 2).sum(1)])
    under = OVER * middle
    above = np.maximum(seen - under, 0)
    tones = HIGH - LOW + 1
    high = explained(above, templates)
    low = explained(np.minimum(seen, under), templates[:, tones:])
    return np.hstack([high[:, :tones], high[:, tones:] + low]), power


def explained(seen: np.ndarray, templates: np.ndarray) -> np.ndarray:
    """(n, templates): how much of each is in the rows of `seen` (n, bins), by the multiplicative
    rule for the Kullback–Leibler divergence."""
    loud = np.maximum(seen.max(), 1e-9)
    seen = seen / loud + 1e-7
    amounts = np.full((len(seen), templates.shape[1]), seen.mean(), np.float32)
    for _ in range(ROUNDS):
        amounts *= (seen / np.maximum(amounts @ templates.T, 1e-9)) @ templates
    return amounts * loud


def offsets(frames: np.ndarray) -> np.ndarray:
    """(n, 3): how far from the semitones of A = 440 Hz the highest peaks lie, how high they are,
    and how high beside the highest of their frame."""
    low, high = (round(float(hertz(midi)) * LONG / RATE) for midi in (48, 96))
    inner = frames[:, low:high]
    left, right = frames[:, low - 1:high - 1], frames[:, low + 1:high + 1]
    top = (inner > left) & (inner > right) & (inner > 0.1 * inner.max(1, keepdims=True))
    row, line = np.nonzero(top)
    a, b, c = left[row, line], inner[row, line], right[row, line]
    shift = 0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-12)
    midi = 69 + 12 * np.log2((line + low + shift) * RATE / LONG / 440)
    return np.column_stack([midi - np.round(midi), b, b / inner.max(1)[row]])


def tuning_of(peaks: np.ndarray) -> tuple[float, float]:
    """The circular mean of the peaks' offsets, semitones, and its length, 0..1."""
    if not len(peaks):
        return 0.0, 0.0
    mean = (peaks[:, 1] * np.exp(2j * np.pi * peaks[:, 0])).sum() / peaks[:, 1].sum()
    return float(np.angle(mean) / (2 * np.pi)), float(abs(mean))
