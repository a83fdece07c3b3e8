"""Which pitches sound and which begin, and from them what a score would say: register and density.

One small network looks at each pitch of each frame through its harmonics (as Bittner et al. 2017
stack them), so that what it learned of one pitch holds for all. An instrument shifts its answers
alike throughout a piece: what is left of that, a rule takes back, which sees how strong the
harmonics are (kernel ridge regression over a linear one). Both are learned from renderings
(models/taste.json).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from device.taste.spectrum import CHUNK, FINE, FRAMES, HIGH, LOW

TONES = np.arange(LOW, HIGH + 1)
PLACES = FINE * (TONES - (LOW - 1))     # of each tone among BINS
HARMONICS = (0.5, 1, 2, 3, 4, 5, 6, 8)
STEPS = tuple(round(12 * math.log2(number) * FINE) for number in HARMONICS)     # bins
AROUND = 2                  # frames to either side
BESIDE = (-3, -2, -1, 1, 2, 3)          # semitones
WIDE = 6                    # semitones to either side: the mean there
BELOW, ABOVE = FINE * 12, FINE * 48     # bins that are added, so that every harmonic has a place
QUIET = 20                  # percentile of a bin's time: there it is noise, or nothing
SMOOTH = 6                  # semitones to either side whose median is the noise
FLOOR = 0.002               # of the loudest bin
NOW = len(HARMONICS) * AROUND           # where the inputs of the frame itself begin
INPUTS = len(HARMONICS) * (2 * AROUND + 1) + len(BESIDE) + 3


@dataclass(frozen=True, slots=True)
class Notes:
    register: float         # mean MIDI pitch
    density: float          # onsets/s


def notes(bins: np.ndarray, weights: Mapping[str, np.ndarray]) -> Notes:
    """`bins` (n, len(BINS)) amplitudes, FRAMES a second."""
    row = (summary(bins, weights) - weights["score_centre"]) / weights["score_scale"]
    register, density = np.append(row, 1.0) @ weights["score"] + (
        likeness(row[None], weights["score_rows"]) @ weights["score_pulls"])[0]
    return Notes(float(np.clip(register, LOW, HIGH)), float(np.exp(np.clip(density, -4, 3))))


def likeness(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n, m), 0..1: how like the rows (n, k) are to the others (m, k)."""
    apart = ((some[:, None] - others[None]) ** 2).mean(2)
    return np.exp(-apart / 2)


def summary(bins: np.ndarray, weights: Mapping[str, np.ndarray]) -> np.ndarray:
    """Of a piece: mean pitches, logarithms of how much sounds and begins, and how strong the
    harmonics of what sounds are."""
    found, seen, begun = [], np.zeros(INPUTS), np.zeros(INPUTS)
    for part in inputs(bins):
        some = answers(part, weights)
        found.append(some)
        seen += np.tensordot(some[..., 0], part, 2)
        begun += np.tensordot(some[..., 1], part, 2)
    sounds, begins = np.moveaxis(np.concatenate(found), 2, 0)
    seen, begun = seen / max(sounds.sum(), 1e-9), begun / max(begins.sum(), 1e-9)
    seconds = len(sounds) / FRAMES
    rates = [(1 - np.prod(1 - begins, 1)).sum(), begins.sum(), (begins ** 2).sum(),
             sounds.sum() / FRAMES, np.maximum(np.diff(sounds, axis=0), 0).sum()]
    harmonics = seen[NOW:NOW + len(HARMONICS)] - seen[NOW + 1]
    course = begun[1:NOW * 2 + len(HARMONICS):len(HARMONICS)]       # of the tone itself
    return np.concatenate([
        [pitch(begins), pitch(begins ** 2), pitch(sounds), pitch(sounds ** 2)],
        np.log(np.maximum(rates, 1e-6) / seconds), np.delete(harmonics, 1),
        course - course.mean(), seen[-3:-1], begun[-3:-2]])


def pitch(strength: np.ndarray) -> float:
    """Mean MIDI pitch of (n, tones)."""
    return float(strength.sum(0) @ TONES / max(float(strength.sum()), 1e-9))


def answers(seen: np.ndarray, weights: Mapping[str, np.ndarray]) -> np.ndarray:
    """(n, tones, 2): the chances that a pitch sounds and that it begins, of (n, tones, INPUTS).
    The last row of each layer is its bias."""
    now = seen
    for layer in ("notes_1", "notes_2"):
        now = np.maximum(now @ weights[layer][:-1] + weights[layer][-1], 0)
    return 1 / (1 + np.exp(-(now @ weights["notes_3"][:-1] + weights["notes_3"][-1])))


def inputs(bins: np.ndarray) -> list[np.ndarray]:
    """Parts (≤ CHUNK, tones, INPUTS) of a piece."""
    levels = above_noise(bins)
    peaks = np.pad(levels, ((0, 0), (1, 1)), mode="edge")
    peaks = np.maximum(np.maximum(peaks[:, :-2], peaks[:, 2:]), levels)
    peaks = np.pad(peaks, ((AROUND, AROUND), (BELOW, ABOVE)))
    return [part(levels[start:start + CHUNK], peaks[start:start + CHUNK + 2 * AROUND])
            for start in range(0, len(levels), CHUNK)]


def part(levels: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """(n, tones, INPUTS) of (n, bins) and (n + 2 AROUND, BELOW + bins + ABOVE)."""
    count, wide = len(levels), WIDE * FINE
    here = BELOW + PLACES
    columns = [peaks[frame:frame + count, here + step]
               for frame in range(2 * AROUND + 1) for step in STEPS]
    columns += [peaks[AROUND:AROUND + count, here + FINE * by] for by in BESIDE]
    sums = np.cumsum(np.pad(levels, ((0, 0), (wide + 1, wide))), axis=1)
    ends = wide + 1 + PLACES
    columns += [(sums[:, ends + wide] - sums[:, ends - wide - 1]) / (2 * wide + 1),
                np.repeat(levels.mean(1)[:, None], len(TONES), 1),
                np.tile(TONES / 100, (count, 1))]
    return np.stack(columns, 2).astype(np.float32)


def above_noise(bins: np.ndarray) -> np.ndarray:
    """(n, bins): logarithms of how far each stands above what is always there."""
    under, wide = np.percentile(bins, QUIET, axis=0), SMOOTH * FINE
    views = np.lib.stride_tricks.sliding_window_view(np.pad(under, wide, mode="edge"), 2 * wide + 1)
    floor = np.maximum(np.median(views, axis=1), FLOOR * bins.max() + 1e-9)
    return (0.5 * np.log1p(bins / floor)).astype(np.float32)

