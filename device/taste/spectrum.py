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
CLEAR, LINES, BLOCK = 2048, 400, 25     # samples, lines of it, and lines that share a floor
BEHIND = 5                  # steps: a tone has risen by then
BANDS = 36                  # of an onset frame, evenly spaced in pitch
CHUNK = 2000                # frames at a time, lest an hour fill the memory


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Of one piece."""
    tones: np.ndarray       # (n, HIGH − LOW + 1) amplitude of each semitone, FRAMES a second
    noises: np.ndarray      # (n, len(NOISES)) amplitude of each broad noise
    bands: np.ndarray       # (m, BANDS) amplitude, STEPS a second
    under: np.ndarray       # (n, 2) power of the noise under the tones, and of everything
    rises: np.ndarray       # (m,) how much of tones begins, STEPS a second
    tuning: float           # semitones above A = 440 Hz, −0.5..0.5


def hertz(midi: np.ndarray | float) -> np.ndarray:
    return 440.0 * 2.0 ** ((np.asarray(midi) - 69) / 12)


def spectrum(sound: np.ndarray) -> Spectrum:
    """`sound` (n,) at RATE, at least a second of it."""
    bands = np.concatenate([frames @ band_table() for frames in magnitudes(sound, SHORT, STEP)])
    rises = rising(np.concatenate([above(frames) for frames in magnitudes(sound, CLEAR, STEP)]))
    peaks = np.concatenate([offsets(frames) for frames in magnitudes(sound, LONG, 8 * HOP)])
    tuning = tuning_of(peaks)
    table, templates = bin_table(tuning), tone_table()
    parts = [split(frames @ table, templates) for frames in magnitudes(sound, LONG, HOP)]
    whole, under = (np.concatenate(each) for each in zip(*parts, strict=True))
    tones = HIGH - LOW + 1
    return Spectrum(whole[:, :tones], whole[:, tones:], bands, under, rises, tuning)


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


def above(frames: np.ndarray) -> np.ndarray:
    """(n, LINES): the root of what stands above the noise around it."""
    frames = frames[:, 1:LINES + 1]
    medians = np.median(frames.reshape(len(frames), -1, BLOCK), axis=2)
    under = np.repeat(medians, BLOCK, axis=1)
    return np.sqrt(np.maximum(frames - OVER * under, 0))


def rising(lines: np.ndarray) -> np.ndarray:
    """(n,) how much rises at each step, against the loudest neighbour BEHIND (Böck & Widmer 2013: a
    vibrato isn't an onset)."""
    out = np.zeros(len(lines))
    for start in range(0, len(lines), CHUNK):
        some = lines[max(start - BEHIND, 0):start + CHUNK]
        around = np.maximum(some, np.maximum(np.roll(some, 1, 1), np.roll(some, -1, 1)))
        rise = np.maximum(some[BEHIND:] - around[:-BEHIND], 0).sum(1)
        out[max(start, BEHIND):start + CHUNK] = rise[:len(out[max(start, BEHIND):start + CHUNK])]
    return out


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
    """(n, tones + noises): what stands above the noise around it, as tones, and the rest; and
    (n, 2) the power of the noise and of everything."""
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
    """(n, 2): how far from the semitones of A = 440 Hz the highest peaks lie, and how high they
    are."""
    low, high = (round(float(hertz(midi)) * LONG / RATE) for midi in (48, 96))
    inner = frames[:, low:high]
    left, right = frames[:, low - 1:high - 1], frames[:, low + 1:high + 1]
    top = (inner > left) & (inner > right) & (inner > 0.1 * inner.max(1, keepdims=True))
    row, line = np.nonzero(top)
    a, b, c = left[row, line], inner[row, line], right[row, line]
    shift = 0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-12)
    midi = 69 + 12 * np.log2((line + low + shift) * RATE / LONG / 440)
    return np.column_stack([midi - np.round(midi), b])


def tuning_of(peaks: np.ndarray) -> float:
    """Semitones, the circular mean of the peaks' offsets."""
    if not len(peaks):
        return 0.0
    mean = (peaks[:, 1] * np.exp(2j * np.pi * peaks[:, 0])).sum()
    return float(np.angle(mean) / (2 * np.pi))
